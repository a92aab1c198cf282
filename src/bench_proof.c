/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Planted solutions, and finds to check. */
#include <stdlib.h>
#include <string.h>

#include "src/bench_proof.h"
#include "src/clock.h"
#include "src/prove.h"

#define PLANT_S     0.010 /* of CPU time for one */
#define TRIES_LEAST 4
#define TRIES_MOST  4096
#define RANGE_TIMES 8 /* nonces of its range for each tried: it has about so many solutions */
#define PLANT_SEED  UINT64_C(0x706c616e74) /* headers of plants are nobody else's */
#define FINDS_MOST  (1u << 20)

struct find {
	uint64_t roll, nonce, target;
	bool planted;
};

struct bench_proof {
	const struct algo *algo;
	const struct algo_epoch *ep;
	uint64_t height, luck;
	double cost_s;
	struct plant {
		struct work work;
		uint64_t nonce;
		bool found;
	} plant[BENCH_PLANTS];
	uint64_t planted, missed;
	struct find *finds;
	size_t n, room;
};

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint64_t draw(struct bench_proof *p)
{
	uint64_t z = p->luck += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static void make_work(const struct bench_proof *p, uint64_t seed, struct work *out)
{
	prove_work(out, p->algo, p->ep, seed);
	if (p->height)
		out->height = p->height;
	out->nonce_first = 0;
	out->nonce_count = p->algo->nonce_len == 8 ? UINT64_MAX : (uint64_t)1 << 32;
}

static int hash_top(const struct bench_proof *p, const struct work *work, uint64_t nonce,
		    uint64_t *top)
{
	struct digest digest;
	int rc = p->algo->hash(p->ep, work, nonce, &digest);

	*top = digest.hash.w[3];
	return rc;
}

/* The best of a few nonces of a range becomes the target that just it and better ones meet. */
static int plant(struct bench_proof *p, unsigned i, uint64_t tries)
{
	const uint64_t last = p->algo->nonce_len == 8 ? UINT64_MAX : UINT32_MAX;
	uint64_t count = tries * RANGE_TIMES, k, top, best = UINT64_MAX;
	struct plant *at = &p->plant[i];
	int rc = 0;

	make_work(p, PLANT_SEED + i, &at->work);
	at->work.roll = i;
	at->work.nonce_count = count;
	at->work.nonce_first = i == 0 ? 0 : i == 1 ? last - count + 1 : draw(p) % (last - count);
	for (k = 0; k < tries && !rc; k++) {
		uint64_t nonce = at->work.nonce_first + draw(p) % count;

		rc = hash_top(p, &at->work, nonce, &top);
		if (!rc && top <= best) {
			best = top;
			at->nonce = nonce;
		}
	}
	at->work.target = (struct u256){{UINT64_MAX, UINT64_MAX, UINT64_MAX, best}};
	return rc;
}

static int measure(struct bench_proof *p)
{
	int64_t start = clock_us(), spent;
	struct work work;
	uint64_t top, n = 0;
	int rc = 0;

	make_work(p, 1, &work);
	do
		rc = hash_top(p, &work, n++, &top);
	while (!rc && (spent = clock_us() - start) < 1000);
	p->cost_s = (double)(clock_us() - start) / 1e6 / (double)n;
	return rc;
}

int bench_proof_new(struct bench_proof **out, const struct algo *algo, const struct algo_epoch *ep,
		    uint64_t height, struct err *err)
{
	struct bench_proof *p = calloc(1, sizeof *p);
	double tries;
	unsigned i;
	int rc;

	if (!p)
		return err_set(err, ERR_NOMEM, "no memory for planted solutions");
	p->algo = algo;
	p->ep = ep;
	p->height = height;
	p->luck = 20;
	rc = measure(p);
	tries = PLANT_S / p->cost_s;
	tries = tries < TRIES_LEAST ? TRIES_LEAST : tries > TRIES_MOST ? TRIES_MOST : tries;
	for (i = 0; i < BENCH_PLANTS && !rc; i++)
		rc = plant(p, i, (uint64_t)tries);
	if (rc) {
		bench_proof_free(p);
		return err_set(err, -rc, "%s: the reference failed", algo->name);
	}
	*out = p;
	return 0;
}

void bench_proof_free(struct bench_proof *p)
{
	if (!p)
		return;
	free(p->finds);
	free(p);
}

void bench_proof_plant(const struct bench_proof *p, unsigned number, struct work *out)
{
	*out = p->plant[number].work;
}

void bench_proof_work(const struct bench_proof *p, uint64_t roll, uint64_t top_target,
		      struct work *out)
{
	make_work(p, roll, out);
	out->roll = roll;
	out->target = (struct u256){{UINT64_MAX, UINT64_MAX, UINT64_MAX, top_target}};
}

double bench_proof_cost(const struct bench_proof *p)
{
	return p->cost_s;
}

void bench_proof_sown(struct bench_proof *p)
{
	unsigned i;

	for (i = 0; i < BENCH_PLANTS; i++)
		p->plant[i].found = false;
}

void bench_proof_reaped(struct bench_proof *p)
{
	unsigned i;

	p->planted += BENCH_PLANTS;
	for (i = 0; i < BENCH_PLANTS; i++)
		p->missed += !p->plant[i].found;
}

int bench_proof_found(struct bench_proof *p, bool planted, uint64_t roll, uint64_t nonce,
		      uint64_t top_target)
{
	if (p->n == p->room) {
		size_t room = p->room ? 2 * p->room : 256;
		struct find *more =
			room <= FINDS_MOST ? realloc(p->finds, room * sizeof *more) : NULL;

		if (!more)
			return -ERR_RANGE;
		p->finds = more;
		p->room = room;
	}
	p->finds[p->n++] = (struct find){roll, nonce, top_target, planted};
	if (planted && roll < BENCH_PLANTS && nonce == p->plant[roll].nonce)
		p->plant[roll].found = true;
	return 0;
}

static bool is_right(const struct bench_proof *p, const struct find *f)
{
	struct work work;
	uint64_t top;

	if (f->planted && f->roll >= BENCH_PLANTS)
		return false;
	if (f->planted)
		work = p->plant[f->roll].work;
	else
		bench_proof_work(p, f->roll, f->target, &work);
	/* Kernels look at the top 64 bits. */
	return f->nonce - work.nonce_first < work.nonce_count &&
	       !hash_top(p, &work, f->nonce, &top) && top <= work.target.w[3];
}

void bench_proof_judge(struct bench_proof *p, struct bench_result *out)
{
	size_t i;

	out->planted = p->planted;
	out->missed = p->missed;
	out->found = p->n;
	for (i = 0; i < p->n; i++)
		out->wrong += !is_right(p, &p->finds[i]);
}
