/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Etchash: Ethereum Classic: a row of constants. */
#include "algos/dag.h"
#include "algos/ethash.h"

static const struct dag_params etchash_params = {
	.parents = 256,
	.epoch_length = 30000,
	.cache_init = 16 * DAG_MIB,
	.cache_growth = DAG_MIB / 8,
	.data_init = DAG_GIB,
	.data_growth = 8 * DAG_MIB,
	.double_from = 11700000,
};

/*
 * Height: block 11,700,000 (Thanos) was on 2020-11-28, 19,250,000 (Spiral) on 2024-02-04, 13.3 s
 * each; 1021 days later, on 2026-11-21, it is about 25,880,000 (epoch 431).
 */
const struct algo algo_etchash = {
	.name = "etchash",
	.aliases = "etc",
	.title = "Etchash: Ethereum Classic",
	.height = 25880000,
	ETHASH_MEMBERS(etchash_params),
};
