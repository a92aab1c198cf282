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

const struct algo algo_etchash = {
	.name = "etchash",
	.aliases = "etc",
	.title = "Etchash: Ethereum Classic",
	.height = 25000000,
	ETHASH_MEMBERS(etchash_params),
};
