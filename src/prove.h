/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Holding a kernel's answers against the reference before it may mine. */
#ifndef ADIT_PROVE_H
#define ADIT_PROVE_H

#include "src/engine.h"

struct prover {
	const struct algo *algo;
	const struct algo_epoch *ep; /* of what run() searches; NULL without datasets */
	uint64_t nonces_max;         /* in one batch; 0: no limit */
	uint32_t nonces_large;       /* about what a batch will have when mining */
	int (*run)(void *arg, const struct work *work, uint64_t first, uint32_t count,
		   struct engine_result *out, struct err *err);
	void *arg;
};

/*
 * Run a handful of ranges (random headers; first and last nonce; word boundaries; every
 * result slot; overflow) and compare.  0, -ERR_SELFTEST saying what differed, or run's error.
 */
int prove(const struct prover *p, struct err *err);

/*
 * A header like any other, the same for the same seed; target: everything.  ep: as above, its
 * first height is taken.
 */
void prove_work(struct work *out, const struct algo *algo, const struct algo_epoch *ep,
		uint64_t seed);

#endif
