/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kernels that measure a device, embedded like those of algorithms. */
#include "src/roofline.h"
#include "kernels/roofline.cl.h" /* the kernel as text */

static const struct algo_step steps[] = {
	{.entry = "roof_add", .when = STEP_BATCH},
	{.entry = "roof_logic", .when = STEP_BATCH},
	{.entry = "roof_turn", .when = STEP_BATCH},
	{.entry = "roof_mul32", .when = STEP_BATCH},
	{.entry = "roof_mul64", .when = STEP_BATCH},
	{.entry = "roof_mixed", .when = STEP_BATCH},
	{.entry = "roof_local_walk", .when = STEP_BATCH},
	{.entry = "roof_fill", .when = STEP_BATCH},
	{.entry = "roof_copy", .when = STEP_BATCH},
	{.entry = "roof_read32", .when = STEP_BATCH},
	{.entry = "roof_read64", .when = STEP_BATCH},
	{.entry = "roof_read128", .when = STEP_BATCH},
	{.entry = "roof_read256", .when = STEP_BATCH},
	{.entry = "roof_nothing", .when = STEP_BATCH},
};

static const char *const prebuilt[] = {"-DGROUP=256 -DLANES=1", NULL};

const struct algo roofline_kernel = {
	.name = "roofline",
	.title = "what a device can do",
	.kernel = kernel_roofline,
	.steps = steps,
	.n_steps = sizeof steps / sizeof *steps,
	.prebuilt = prebuilt,
};
