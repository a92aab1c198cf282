/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ProgPoW 0.9.4: a row of constants. */
#include "algos/progpow.h"

static const struct progpow_params progpow094_params = {
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
	.period = 10,
	.regs = 32,
	.cache_ops = 11,
	.math_ops = 18,
	.absorb = ABSORB_PADDED,
};

const struct algo algo_progpow094 = {
	.name = "progpow094",
	.aliases = NULL,
	.title = "ProgPoW 0.9.4",
	PROGPOW_MEMBERS(progpow094_params, progpow_prebuilt_32b, dag_prebuilt_512),
};
