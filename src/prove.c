/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Holding a kernel's answers against the reference before it may mine. */
#include <stdio.h>
#include <string.h>

#include "src/bytes.h"
#include "src/clock.h"
#include "src/prove.h"

#define REFERENCE_US 150000 /* CPU time for the reference in one self-test, about */
#define CHECKED_MIN  48
#define CHECKED_MAX  2048
#define HIT_SHARE    8  /* one nonce in so many hits where hashes are compared */
#define LARGE_HITS   64 /* expected of a batch of the size that mines */
#define LARGE_MIN    16 /* six standard deviations below */

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

void prove_work(struct work *out, const struct algo *algo, const struct algo_epoch *ep,
		uint64_t seed)
{
	uint64_t state = seed;
	size_t i;

	memset(out, 0, sizeof *out);
	memset(&out->target, 0xff, sizeof out->target);
	out->header_len = algo->header_len;
	for (i = 0; i < algo->header_len; i++)
		out->header[i] = (uint8_t)random_next(&state);
	out->nonce_count = UINT64_MAX;
	if (ep) {
		uint64_t last;

		out->epoch = ep->facts.epoch;
		algo->dataset->heights(algo, out->epoch, &out->height, &last);
	}
}

static uint64_t last_nonce(const struct algo *algo)
{
	return algo->nonce_len == 4 ? UINT32_MAX : UINT64_MAX;
}

/* How many nonces the reference can check within its time. */
static int affordable(const struct prover *p, uint32_t *out, struct err *err)
{
	const struct algo *algo = p->algo;
	struct digest digest;
	struct work work;
	int64_t start, took;
	uint32_t i;

	prove_work(&work, algo, p->ep, 1);
	start = clock_us();
	for (i = 0; i < 8; i++)
		if (algo->hash(p->ep, &work, i, &digest))
			return err_set(err, ERR_SELFTEST, "the reference of %s fails", algo->name);
	took = clock_us() - start;
	*out = took > 0 ? (uint32_t)(REFERENCE_US * 8 / took) : CHECKED_MAX;
	if (*out < CHECKED_MIN)
		*out = CHECKED_MIN;
	if (*out > CHECKED_MAX)
		*out = CHECKED_MAX;
	return 0;
}

static bool has(const struct engine_result *r, uint64_t nonce)
{
	uint32_t i;

	for (i = 0; i < r->n; i++)
		if (r->nonce[i] == nonce)
			return true;
	return false;
}

static int differs(struct err *err, const struct algo *algo, uint64_t nonce, const char *what)
{
	return err_set(err, ERR_SELFTEST,
		       "self-test: the kernel of %s %s nonce 0x%llx, the CPU reference disagrees "
		       "(lower clocks or another driver may help)",
		       algo->name, what, (unsigned long long)nonce);
}

/* The device's answer for [first, first + count) against the reference's. */
static int compare_range(const struct prover *p, const struct work *work, uint64_t first,
			 uint32_t count, struct err *err)
{
	struct engine_result res;
	struct digest digest;
	uint32_t i, hits = 0;
	int rc = p->run(p->arg, work, first, count, &res, err);

	if (rc)
		return rc;
	for (i = 0; i < count; i++) {
		bool hit;

		if (p->algo->hash(p->ep, work, first + i, &digest))
			return err_set(err, ERR_SELFTEST, "the reference of %s fails",
				       p->algo->name);
		hit = digest.hash.w[3] <= work->target.w[3];
		hits += hit;
		if (hit && !has(&res, first + i))
			return differs(err, p->algo, first + i, "missed");
		if (!hit && has(&res, first + i))
			return differs(err, p->algo, first + i, "reported");
	}
	if (hits != res.hits || hits != res.n)
		return err_set(err, ERR_SELFTEST,
			       "self-test: the kernel of %s reported %u nonces of which %u are "
			       "right, %u hits exist",
			       p->algo->name, res.hits, res.n, hits);
	return 0;
}

/* Everything hits: each nonce of the range must be reported once, or as overflow. */
static int compare_full(const struct prover *p, uint64_t first, uint32_t count, struct err *err)
{
	struct engine_result res;
	struct work work;
	uint32_t i, kept = count < ABI_SLOTS ? count : ABI_SLOTS;
	int rc;

	prove_work(&work, p->algo, p->ep, first ^ count);
	rc = p->run(p->arg, &work, first, count, &res, err);
	if (rc)
		return rc;
	if (res.hits != count || res.n != kept)
		return err_set(err, ERR_SELFTEST,
			       "self-test: of %u hits at nonce 0x%llx the kernel of %s counted %u "
			       "and kept %u instead of %u",
			       count, (unsigned long long)first, p->algo->name, res.hits, res.n,
			       kept);
	for (i = 0; i < res.n; i++)
		if (res.nonce[i] - first >= count ||
		    (count <= ABI_SLOTS && res.nonce[i] != first + i))
			return differs(err, p->algo, res.nonce[i], "reported");
	return 0;
}

static uint32_t at_most(const struct prover *p, uint32_t count)
{
	return p->nonces_max && p->nonces_max < count ? (uint32_t)p->nonces_max : count;
}

static int compare_hashes(const struct prover *p, struct err *err)
{
	static const uint64_t seeds[] = {2, 3, 5};
	const uint64_t last = last_nonce(p->algo);
	uint64_t first[] = {0, 0x7fffffc1, 0};
	uint32_t budget = 0, count, i;
	int rc = affordable(p, &budget, err);

	first[2] = last > UINT32_MAX ? 0xffffffd0 : 0x12345678;
	count = at_most(p, budget / 3);
	for (i = 0; i < 3 && !rc; i++) {
		struct work work;

		prove_work(&work, p->algo, p->ep, seeds[i]);
		work.target.w[3] = UINT64_MAX / HIT_SHARE;
		rc = compare_range(p, &work, first[i], count, err);
	}
	return rc;
}

/* A batch as large as those that mine: every claim is right, and about as many as due. */
static int compare_large(const struct prover *p, struct err *err)
{
	uint32_t count = at_most(p, p->nonces_large), i;
	struct engine_result res;
	struct digest digest;
	struct work work;
	int rc;

	if (count < 4 * LARGE_HITS)
		return 0;
	prove_work(&work, p->algo, p->ep, 11);
	work.target.w[3] = UINT64_MAX / count * LARGE_HITS;
	rc = p->run(p->arg, &work, 0x10000000, count, &res, err);
	if (rc)
		return rc;
	for (i = 0; i < res.n; i++)
		if (res.nonce[i] - 0x10000000 >= count ||
		    p->algo->hash(p->ep, &work, res.nonce[i], &digest) ||
		    digest.hash.w[3] > work.target.w[3])
			return differs(err, p->algo, res.nonce[i], "reported");
	if (res.n != res.hits || res.n < LARGE_MIN)
		return err_set(err, ERR_SELFTEST,
			       "self-test: a batch of %u nonces of %s gave %u hits where about %d "
			       "are due",
			       count, p->algo->name, res.hits, LARGE_HITS);
	return 0;
}

int prove(const struct prover *p, struct err *err)
{
	const uint64_t last = last_nonce(p->algo);
	uint32_t slots = at_most(p, ABI_SLOTS), over = at_most(p, 2 * ABI_SLOTS + 7);
	uint32_t odd = at_most(p, 77);
	int rc;

	rc = compare_full(p, 0, 1, err);
	if (!rc)
		rc = compare_full(p, last - odd + 1, odd, err);
	if (!rc)
		rc = compare_full(p, last, 1, err);
	if (!rc)
		rc = compare_full(p, 1000, slots, err);
	if (!rc)
		rc = compare_full(p, 5000, over, err);
	if (!rc)
		rc = compare_large(p, err);
	return rc ? rc : compare_hashes(p, err);
}
