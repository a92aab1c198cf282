/* SPDX-License-Identifier: GPL-3.0-or-later */
/* EvrProgPoW: Evrmore: a row of constants. */
#include "algos/progpow.h"

static const struct progpow_params evrprogpow_params = {
	.dag =
		{
			.parents = 512,
			.epoch_length = 12000,
			.cache_init = 16 * DAG_MIB,
			.cache_growth = DAG_MIB / 8,
			.data_init = 3 * DAG_GIB,
			.data_growth = 8 * DAG_MIB,
			.l1_words = PROGPOW_L1_WORDS,
		},
	.period = 3,
	.regs = 32,
	.cache_ops = 11,
	.math_ops = 18,
	.absorb = ABSORB_TEXT,
	.text = "EVRMORE-PROGPOW",
};

/*
 * Height: the first block was on 2022-10-29, one is made in 60 s; 1484 days later, on 2026-11-21,
 * it is about 2,137,000 (epoch 178).
 */
const struct algo algo_evrprogpow = {
	.name = "evrprogpow",
	.aliases = "evr evrmore",
	.title = "EvrProgPoW: Evrmore",
	.height = 2137000,
	PROGPOW_MEMBERS(evrprogpow_params, progpow_prebuilt_32c, dag_prebuilt_512),
};
