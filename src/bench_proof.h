/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Holding a measured device to the truth: solutions planted with the CPU reference that it has to
 * find, and every find of its own checked.  Checks are made when the device rests, so that they
 * do not slow it down.
 */
#ifndef ADIT_BENCH_PROOF_H
#define ADIT_BENCH_PROOF_H

#include "src/bench.h"

#define BENCH_PLANTS 8

struct bench_proof;

/* Plants solutions, a tenth of a second's work.  ep (borrowed): NULL without datasets. */
int bench_proof_new(struct bench_proof **out, const struct algo *algo, const struct algo_epoch *ep,
		    uint64_t height, struct err *err);
void bench_proof_free(struct bench_proof *p); /* NULL is fine */

/* The work with the plant of this number (below BENCH_PLANTS); its roll is its number. */
void bench_proof_plant(const struct bench_proof *p, unsigned plant, struct work *out);

/* A work to search: the whole nonce space of a header; its roll is this number. */
void bench_proof_work(const struct bench_proof *p, uint64_t roll, uint64_t top_target,
		      struct work *out);

/* What a hash costs the CPU, seconds. */
double bench_proof_cost(const struct bench_proof *p);

/* The device reports a plant's work as searched: every one not found by now is missed. */
void bench_proof_sown(struct bench_proof *p); /* before: nothing of it was found yet */
void bench_proof_reaped(struct bench_proof *p);

/* A find, to be checked later.  -ERR_RANGE: absurdly many. */
int bench_proof_found(struct bench_proof *p, bool planted, uint64_t roll, uint64_t nonce,
		      uint64_t top_target);

/* Check everything found; fills in found, wrong, planted, missed. */
void bench_proof_judge(struct bench_proof *p, struct bench_result *out);

#endif
