/* SPDX-License-Identifier: GPL-3.0-or-later */
/* KawPoW: Ravencoin, Neurai, Clore, Quai: a row of constants. */
#include "algos/progpow.h"

static const struct progpow_params kawpow_params = {
	.dag =
		{
			.parents = 512,
			.epoch_length = 7500,
			.cache_init = 16 * DAG_MIB,
			.cache_growth = DAG_MIB / 8,
			.data_init = DAG_GIB,
			.data_growth = 8 * DAG_MIB,
			.l1_words = PROGPOW_L1_WORDS,
		},
	.period = 3,
	.regs = 32,
	.cache_ops = 11,
	.math_ops = 18,
	.absorb = ABSORB_TEXT,
	.text = "rAVENCOINKAWPOW",
};

const struct algo algo_kawpow = {
	.name = "kawpow",
	.aliases = "raven rvn",
	.title = "KawPoW: Ravencoin, Neurai, Clore, Quai",
	.height = 4642500,
	PROGPOW_MEMBERS(kawpow_params, progpow_prebuilt_32c, dag_prebuilt_512),
};
