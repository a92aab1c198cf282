/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MeowPoW: Meowcoin: a row of constants. */
#include "algos/progpow.h"

static const struct progpow_params meowpow_params = {
	.dag =
		{
			.parents = 512,
			.epoch_length = 7500,
			.cache_init = 16 * DAG_MIB,
			.cache_growth = DAG_MIB / 8,
			.data_init = DAG_GIB,
			.data_growth = 8 * DAG_MIB,
			.size_factor = 4,
			.size_from = 110,
			.l1_words = PROGPOW_L1_WORDS,
		},
	.period = 6,
	.regs = 16,
	.cache_ops = 6,
	.math_ops = 9,
	.absorb = ABSORB_TEXT,
	.text = "MEOWCOINMEOWPOW",
};

const struct algo algo_meowpow = {
	.name = "meowpow",
	.aliases = "mewc meowcoin",
	.title = "MeowPoW: Meowcoin",
	.height = 2175000,
	PROGPOW_MEMBERS(meowpow_params, progpow_prebuilt_16c, dag_prebuilt_512),
};
