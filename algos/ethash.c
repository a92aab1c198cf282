/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ethash: EthereumPoW and kin: a row of constants. */
#include "algos/dag.h"
#include "algos/ethash.h"

static const struct dag_params ethash_params = {
	.parents = 256,
	.epoch_length = 30000,
	.cache_init = 16 * DAG_MIB,
	.cache_growth = DAG_MIB / 8,
	.data_init = DAG_GIB,
	.data_growth = 8 * DAG_MIB,
};

const struct algo algo_ethash = {
	.name = "ethash",
	.aliases = "eth ethw",
	.title = "Ethash: EthereumPoW and kin",
	.height = 25600000,
	ETHASH_MEMBERS(ethash_params),
};
