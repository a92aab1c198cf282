/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which of several plans was fastest on a device, remembered between runs. */
#ifndef ADIT_PLAN_CACHE_H
#define ADIT_PLAN_CACHE_H

#include <stdint.h>

#include "algos/algo.h"
#include "src/gpu/backend.h"
#include "src/gpu/kernel_cache.h"

struct plan_key {
	struct kernel_key key;
};

/* Over everything that decides the answer: device, driver, kernel, settings, the plans. */
void plan_cache_key(struct plan_key *out, const struct device_info *info, const struct algo *algo,
		    const uint64_t *set, const struct algo_plan *plans, int n);

/* The index of the plan (below n) and a good batch for it; -1 when not known. */
int plan_cache_load(const char *dir, const struct plan_key *key, int n, uint64_t *nonces);

/* Failure costs only measuring again, so none is reported. */
void plan_cache_store(const char *dir, const struct plan_key *key, int best, uint64_t nonces);

#endif
