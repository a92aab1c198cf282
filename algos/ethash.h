/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ethash's family: one hash, one kernel; coins differ in epochs and light caches.
 * Source: the Ethash specification (Ethereum wiki).
 */
#ifndef ADIT_ETHASH_H
#define ADIT_ETHASH_H

#include "algos/dag.h"

#define ETHASH_LOOPS 64

int ethash_hash(const struct algo_epoch *ep, const struct work *work, uint64_t nonce,
		struct digest *out);
void ethash_prepare(const struct algo_epoch *ep, const struct work *work, struct abi_job *out);
int ethash_plans(const struct algo *algo, const struct algo_device *dev, const uint64_t *set,
		 struct algo_plan *out, int max, struct err *err);
void ethash_cost(const struct algo *algo, const struct algo_facts *facts, const uint64_t *set,
		 const char *label, struct algo_cost *out); /* algos/dag_cost.c */
extern const struct algo_step ethash_steps[]; /* "dag" of kernels/dag.cl, "ethash" of ethash.cl */
extern const char *const ethash_prebuilt[];
extern const char kernel_ethash[];
#define ETHASH_STEPS 2

/* The rows of 128 bytes a hash reads, in order: for tests that fill only these. */
int ethash_rows(const struct algo_epoch *ep, const struct work *work, uint64_t nonce,
		uint32_t rows[ETHASH_LOOPS]);

/* What all rows have in common: a member's struct algo is its names and this. */
#define ETHASH_MEMBERS(row)                                                                        \
 .kernel = kernel_ethash, .kernel_epoch = kernel_dag, .header_len = 40, .nonce_off = 32,           \
 .nonce_len = 8, .diff_mult = 1, .steps = ethash_steps, .n_steps = ETHASH_STEPS,                   \
 .settings = dag_settings, .prebuilt = ethash_prebuilt, .prebuilt_epoch = dag_prebuilt_256,        \
 .dataset = &dag_dataset, .params = &(row), .hash = ethash_hash, .prepare = ethash_prepare,        \
 .plans = ethash_plans, .cost = ethash_cost

#endif
