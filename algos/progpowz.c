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

const struct algo algo_progpowz = {
	.name = "progpowz",
	.aliases = "zano",
	.title = "ProgPoWZ: Zano",
	.height = 3500000,
	PROGPOW_MEMBERS(progpowz_params, progpow_prebuilt_32a, dag_prebuilt_256),
};
