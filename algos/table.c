/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of algorithms, and what follows from their descriptions alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "algos/algo.h"
#include "src/bytes.h"
#include "src/str.h"
#include "lists.h"

#define HUGE_PAGE ((size_t)2 << 20)

#define X(name) extern const struct algo algo_##name;
ALGO_LIST(X)
#undef X

const struct algo *const algos[] = {
#define X(name) &algo_##name,
	ALGO_LIST(X)
#undef X
		NULL};

static bool listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	while (list && *list) {
		size_t word = strcspn(list, " ");

		if (word == len && !strncmp(list, name, len))
			return true;
		list += word + strspn(list + word, " ");
	}
	return false;
}

const struct algo *algo_find(const char *name)
{
	int i;

	if (!*name)
		return NULL;
	for (i = 0; algos[i]; i++)
		if (!strcmp(algos[i]->name, name) || listed(algos[i]->aliases, name))
			return algos[i];
	return NULL;
}

const char *algo_nearest(const char *name)
{
	const char *best = NULL;
	unsigned least = 5;
	int i;

	for (i = 0; algos[i]; i++) {
		unsigned d = str_distance(algos[i]->name, name);

		if (d < least) {
			least = d;
			best = algos[i]->name;
		}
	}
	return best;
}

static struct u256 diff1(const struct algo *algo)
{
	return u256_mul_u32(&u256_diff1, algo->diff_mult ? algo->diff_mult : 1);
}

struct u256 algo_target(const struct algo *algo, double difficulty)
{
	struct u256 one = diff1(algo);

	return u256_div_double(&one, difficulty);
}

double algo_difficulty(const struct algo *algo, const struct u256 *hash)
{
	struct u256 one = diff1(algo);
	double h = u256_double(hash);

	return u256_double(&one) / (h > 0 ? h : 1);
}

double algo_hashes(const struct u256 *target)
{
	return 0x1p256 / (u256_double(target) + 1);
}

void algo_put_nonce(const struct algo *algo, uint8_t *header, uint64_t nonce)
{
	uint8_t *at = header + algo->nonce_off;

	if (algo->nonce_len == 4 && algo->nonce_be)
		be32_put(at, (uint32_t)nonce);
	else if (algo->nonce_len == 4)
		le32_put(at, (uint32_t)nonce);
	else if (algo->nonce_be)
		be64_put(at, nonce);
	else
		le64_put(at, nonce);
}

static int set_one(const struct algo *algo, uint64_t *out, const char *pair, struct err *err)
{
	const char *equals = strchr(pair, '=');
	size_t len = equals ? (size_t)(equals - pair) : strlen(pair);
	int i;

	for (i = 0; algo->settings && algo->settings[i].name; i++) {
		const struct algo_setting *s = &algo->settings[i];

		if (strlen(s->name) != len || strncmp(s->name, pair, len))
			continue;
		if (!equals || str_to_u64(&out[i], equals + 1, s->min, s->max))
			return err_set(err, ERR_RANGE,
				       "--set %s: %s takes a number from %llu to %llu", pair,
				       s->name, (unsigned long long)s->min,
				       (unsigned long long)s->max);
		return 0;
	}
	return err_set(err, ERR_UNKNOWN, "--set %s: %s has no setting '%.*s' (see 'adit algos')",
		       pair, algo->name, (int)len, pair);
}

int algo_settings(const struct algo *algo, uint64_t *out, const char *const *pairs, size_t n,
		  struct err *err)
{
	size_t i;
	int rc;

	memset(out, 0, ALGO_SETTINGS_MAX * sizeof *out);
	for (i = 0; algo->settings && algo->settings[i].name; i++)
		out[i] = algo->settings[i].def;
	for (i = 0; i < n; i++) {
		rc = set_one(algo, out, pairs[i], err);
		if (rc)
			return rc;
	}
	return 0;
}

int algo_plans(const struct algo *algo, const struct algo_device *dev, const uint64_t *set,
	       struct algo_plan *out, int max, struct err *err)
{
	uint32_t lanes = dev->lanes ? dev->lanes : 1;

	if (algo->plans)
		return algo->plans(algo, dev, set, out, max, err);
	*out = (struct algo_plan){.lanes = lanes, .nonces_start = 1u << 16};
	snprintf(out->options, sizeof out->options, "-DLANES=%u", (unsigned)lanes);
	return 1;
}

int algo_epoch_new(struct algo_epoch **out, const struct algo *algo, uint32_t epoch,
		   const uint64_t *set, struct err *err)
{
	struct algo_epoch *ep = calloc(1, sizeof *ep);
	uint32_t *data = NULL;
	int rc;

	if (!ep)
		return err_set(err, ERR_NOMEM, "no memory for an epoch");
	ep->algo = algo;
	rc = algo->dataset->facts(algo, epoch, set, &ep->facts, err);
	if (!rc && posix_memalign((void **)&data, HUGE_PAGE, ep->facts.shared_bytes))
		rc = err_set(err, ERR_NOMEM, "no memory for the light cache of epoch %u (%llu MiB)",
			     epoch, (unsigned long long)(ep->facts.shared_bytes >> 20));
	ep->data = data;
	if (!rc) /* reads all over it: a quarter faster */
		(void)madvise(data, ep->facts.shared_bytes, MADV_HUGEPAGE);
	if (!rc)
		rc = algo->dataset->fill(algo, &ep->facts, data, NULL);
	if (rc)
		algo_epoch_free(ep);
	else
		*out = ep;
	return rc;
}

int algo_epoch_small(struct algo_epoch **out, const struct algo *algo, struct err *err)
{
	uint64_t set[ALGO_SETTINGS_MAX];
	int rc = algo_settings(algo, set, NULL, 0, err);

	if (rc)
		return rc;
	algo->dataset->small(set);
	return algo_epoch_new(out, algo, 0, set, err);
}

void algo_epoch_free(struct algo_epoch *ep)
{
	if (!ep)
		return;
	free((void *)(uintptr_t)ep->data);
	free(ep);
}
