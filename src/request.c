/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `adit hash` and `adit scan` are asked. */
#include <string.h>

#include "src/epoch.h"
#include "src/hex.h"
#include "src/request.h"

int request_algo(const struct algo **out, const struct settings *s, struct err *err)
{
	const char *near;

	if (!s->algo)
		return err_set(err, ERR_USAGE, "no algorithm: name one with -a (see 'adit algos')");
	*out = algo_find(s->algo);
	if (*out)
		return 0;
	near = algo_nearest(s->algo);
	return err_set(err, ERR_USAGE, "unknown algorithm '%s'%s%s%s (see 'adit algos')", s->algo,
		       near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static const char *digits_of(const char *text)
{
	return text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? text + 2 : text;
}

static int read_header(const struct algo *algo, const char *text, struct work *work,
		       struct err *err)
{
	unsigned len = algo->header_len, less = len;

	if (algo->nonce_off + algo->nonce_len == len)
		less = algo->nonce_off;
	if (!text)
		return err_set(err, ERR_USAGE,
			       "no header: give %u bytes in hexadecimal with --header", len);
	text = digits_of(text);
	work->header_len = (uint16_t)len;
	if (!hex_decode(work->header, len, text, strlen(text)) ||
	    !hex_decode(work->header, less, text, strlen(text)))
		return 0;
	return err_set(err, ERR_USAGE,
		       "--header: %s takes %u hexadecimal digits (%u bytes), or %u without the "
		       "nonce, not %zu characters",
		       algo->name, 2 * len, len, 2 * less, strlen(text));
}

static int epoch_of_seed(const struct algo *algo, const char *text, uint32_t *epoch,
			 struct err *err)
{
	uint8_t seed[32];

	text = digits_of(text);
	if (hex_decode(seed, sizeof seed, text, strlen(text)))
		return err_set(err, ERR_USAGE, "--seed: give 64 hexadecimal digits");
	return algo->dataset->of_seed(algo, seed, epoch, err);
}

/*
 * The epoch that is meant.  One that is named, or its seed, outdoes the height: test networks
 * count in other steps.
 */
static int read_epoch(const struct algo *algo, const struct settings *s, struct work *work,
		      struct err *err)
{
	int rc;

	if (algo->program && s->height < 0)
		return err_set(err, ERR_USAGE,
			       "no height: %s has a program for every few blocks; "
			       "give the block's number with --height",
			       algo->name);
	if (s->seed) {
		rc = epoch_of_seed(algo, s->seed, &work->epoch, err);
		if (!rc && s->epoch >= 0 && (uint32_t)s->epoch != (ALGO_EPOCH_SHOWN(work->epoch)))
			rc = err_set(err, ERR_USAGE,
				     "--seed is that of epoch %u, not %lld: give one of them",
				     ALGO_EPOCH_SHOWN(work->epoch), (long long)s->epoch);
		return rc;
	}
	if (s->height < 0 && s->epoch < 0)
		return err_set(err, ERR_USAGE,
			       "no epoch: %s needs one; give --height, --epoch or --seed",
			       algo->name);
	if (s->height < 0) {
		work->epoch = (uint32_t)s->epoch;
		return 0;
	}
	/* The height may know which of two epochs of the same number is meant. */
	rc = algo->dataset->of_height(algo, work->height, &work->epoch, err);
	if (s->epoch >= 0 && (rc || (uint32_t)s->epoch != ALGO_EPOCH_SHOWN(work->epoch))) {
		work->epoch = (uint32_t)s->epoch;
		return 0;
	}
	return rc;
}

int request_place(const struct algo *algo, const struct settings *s, struct work *work,
		  uint64_t *set, struct err *err)
{
	int rc;

	memset(work, 0, sizeof *work);
	work->height = s->height > 0 ? (uint64_t)s->height : 0;
	rc = algo_settings(algo, set, (const char *const *)s->set, s->n_set, err);
	if (!rc && !algo->dataset && s->seed)
		rc = err_set(err, ERR_USAGE, "--seed: %s has no epochs", algo->name);
	return rc || !algo->dataset ? rc : read_epoch(algo, s, work, err);
}

int request_block(const struct algo *algo, const struct settings *s, struct work *work,
		  uint64_t *set, struct epoch **epoch, struct err *err)
{
	int rc = request_place(algo, s, work, set, err);

	*epoch = NULL;
	return rc || !algo->dataset ? rc : epoch_make(epoch, algo, work->epoch, set, NULL, err);
}

int request_work(const struct algo *algo, const struct settings *s, struct work *work,
		 uint64_t *set, struct epoch **epoch, struct err *err)
{
	struct work header = {0};
	int rc = read_header(algo, s->header, &header, err);

	memset(work, 0, sizeof *work);
	*epoch = NULL;
	if (!rc)
		rc = request_block(algo, s, work, set, epoch, err);
	memcpy(work->header, header.header, sizeof work->header);
	work->header_len = header.header_len;
	return rc;
}
