/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ubqhash: Ubiq: a row of constants. */
#include "algos/dag.h"
#include "algos/ethash.h"

static const struct dag_params ubqhash_params = {
	.parents = 256,
	.epoch_length = 30000,
	.cache_init = 16 * DAG_MIB,
	.cache_growth = DAG_MIB / 8,
	.data_init = DAG_GIB,
	.data_growth = 8 * DAG_MIB,
	.blake2_from = 22,
};

const struct algo algo_ubqhash = {
	.name = "ubqhash",
	.aliases = "ubq",
	.title = "Ubqhash: Ubiq",
	ETHASH_MEMBERS(ubqhash_params),
};
