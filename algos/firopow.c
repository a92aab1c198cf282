/* SPDX-License-Identifier: GPL-3.0-or-later */
/* FiroPoW: Firo: a row of constants. */
#include "algos/progpow.h"

static const struct progpow_params firopow_params = {
	.dag =
		{
			.parents = 512,
			.epoch_length = 1300,
			.cache_init = 16 * DAG_MIB,
			.cache_growth = DAG_MIB / 8,
			.data_init = 3 * DAG_GIB / 2,
			.data_growth = 8 * DAG_MIB,
			.clamp_above = 926,
			.clamp_to = 650,
			.l1_words = PROGPOW_L1_WORDS,
		},
	.period = 1,
	.regs = 32,
	.cache_ops = 11,
	.math_ops = 18,
	.absorb = ABSORB_PADDED,
};

/*
 * Height: block 1,205,100 was about 2025-11-19, one is made in 150 s; 367 days later, on
 * 2026-11-21, it is about 1,416,500 (epoch 650, as for good).
 */
const struct algo algo_firopow = {
	.name = "firopow",
	.aliases = "firo",
	.title = "FiroPoW: Firo",
	.height = 1416500,
	PROGPOW_MEMBERS(firopow_params, progpow_prebuilt_32b, dag_prebuilt_512),
};
