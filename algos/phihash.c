/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PhiHash: Phicoin: a row of constants. */
#include "algos/progpow.h"

static const struct progpow_params phihash_params = {
	.dag =
		{
			.parents = 512,
			.epoch_length = 30000,
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
	.text = "ILOVEPOWPHICOIN",
};

/*
 * Height: the first block was on 2025-06-04, one is made in 15 s; 535 days later, on 2026-11-21, it
 * is about 3,080,000 (epoch 102).
 */
const struct algo algo_phihash = {
	.name = "phihash",
	.aliases = "phi phicoin",
	.title = "PhiHash: Phicoin",
	.height = 3080000,
	PROGPOW_MEMBERS(phihash_params, progpow_prebuilt_32c, dag_prebuilt_512),
};
