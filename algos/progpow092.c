/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ProgPoW 0.9.2: a row of constants. */
#include "algos/progpow.h"

static const struct progpow_params progpow092_params = {
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
	.absorb = ABSORB_PLAIN,
};

const struct algo algo_progpow092 = {
	.name = "progpow092",
	.aliases = NULL,
	.title = "ProgPoW 0.9.2",
	PROGPOW_MEMBERS(progpow092_params, progpow_prebuilt_32a, dag_prebuilt_256),
};
