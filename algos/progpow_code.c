/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The device side of ProgPoW: kernels as text, and how they are laid out. */
#include "algos/progpow.h"

const char kernel_progpow[] = "";
const struct algo_step progpow_steps[PROGPOW_STEPS] = {
	{.entry = "dag", .when = STEP_EPOCH},
	{.entry = "progpow", .when = STEP_BATCH},
};
const char *const progpow_prebuilt_32a[] = {NULL};
const char *const progpow_prebuilt_32b[] = {NULL};
const char *const progpow_prebuilt_32c[] = {NULL};
const char *const progpow_prebuilt_16c[] = {NULL};

static uint64_t of_height(const struct algo *algo, uint64_t height)
{
	const struct progpow_params *p = algo->params;

	return height / p->period;
}

const struct algo_program progpow_programs = {.of_height = of_height};

int progpow_plans(const struct algo *algo, const struct algo_device *dev, const uint64_t *set,
		  struct algo_plan *out, int max, struct err *err)
{
	(void)dev;
	(void)set;
	(void)out;
	(void)max;
	return err_set(err, ERR_RANGE, "%s has no kernel yet", algo->name);
}
