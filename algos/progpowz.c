/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ProgPoWZ: Zano: a row of constants. */
#include "algos/progpow.h"

static const struct progpow_params progpowz_params = {
	.dag =
		{
			.parents = 256,
			.epoch_length = 30000,
			.cache_init = 16 * DAG_MIB,
			.cache_growth = DAG_MIB / 8,
			.data_init = DAG_GIB,
			.data_growth = 8 * DAG_MIB,
			.l1_words = PROGPOW_L1_WORDS,
		},
	.period = 50,
	.regs = 32,
	.cache_ops = 12,
	.math_ops = 20,
	.math_first = MATH_CLZ,
	.absorb = ABSORB_PLAIN,
};

/*
 * Height: block 2,555,000 was on 2024-03-21, 3,076,400 on 2025-03-18, 60 s each; 613 days later, on
 * 2026-11-21, it is about 3,959,000 (epoch 131).
 */
const struct algo algo_progpowz = {
	.name = "progpowz",
	.aliases = "zano",
	.title = "ProgPoWZ: Zano",
	.height = 3959000,
	PROGPOW_MEMBERS(progpowz_params, progpow_prebuilt_32a, dag_prebuilt_256),
};
