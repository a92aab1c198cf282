/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The device side of Ethash and of datasets: kernels as text, and how they are laid out. */
#include <stdio.h>

#include "algos/ethash.h"
#include "kernels/dag.cl.h"
#include "kernels/ethash.cl.h"

const struct algo_step ethash_steps[ETHASH_STEPS] = {
	{.entry = "dag", .when = STEP_EPOCH},
	{.entry = "ethash", .when = STEP_BATCH},
};

/*
 * The groups of kernels/dag.cl: whoever launches it leaves their size to the backend, which takes
 * what the kernel requires where it is told (OpenCL) and 128 otherwise (CUDA).
 */
#define CUDA_GROUP   128u
#define OPENCL_GROUP 64u
#define CPU_NODES    32u /* K_NODES there */

const char *const dag_prebuilt_256[] = {"-DGROUP=128 -DPARENTS=256 -DPARTS=1", NULL};
const char *const dag_prebuilt_512[] = {"-DGROUP=128 -DPARENTS=512 -DPARTS=1", NULL};
const char *const ethash_prebuilt[] = {
	"-DFLY=4 -DGROUP=128 -DPARTS=1", "-DFLY=8 -DGROUP=128 -DPARTS=1",
	"-DFLY=2 -DGROUP=128 -DPARTS=1", "-DFLY=4 -DGROUP=64 -DPARTS=1", NULL};

void dag_options(struct algo_plan *plan, const struct dag_params *p, const struct algo_device *dev,
		 int parts)
{
	plan->lanes_epoch = dev->cpu ? CPU_NODES : 1;
	if (dev->cpu)
		snprintf(plan->options_epoch, sizeof plan->options_epoch,
			 "-DPARENTS=%u -DPARTS=%d -DWIDE=1", p->parents, parts);
	else
		snprintf(plan->options_epoch, sizeof plan->options_epoch,
			 "-DGROUP=%u -DPARENTS=%u -DPARTS=%d",
			 dev->cuda ? CUDA_GROUP : OPENCL_GROUP, p->parents, parts);
}

static const struct {
	unsigned fly, group;
} forms[] = {{4, 128}, {8, 128}, {2, 128}, {4, 64}};

int ethash_plans(const struct algo *algo, const struct algo_device *dev, const uint64_t *set,
		 struct algo_plan *out, int max, struct err *err)
{
	int parts = dag_parts(dev, set, err), n = 0;
	struct algo_plan plan = {.lanes = 1, .parts = (uint32_t)parts, .nonces_start = 1u << 15};
	unsigned i;

	if (parts < 0)
		return parts;
	dag_options(&plan, algo->params, dev, parts);
	if (dev->cpu) {
		plan.lanes = 16; /* nonces a work-item tries */
		plan.nonces_start = 1u << 12;
		snprintf(plan.options, sizeof plan.options, "-DPARTS=%d -DWIDE=1", parts);
		*out = plan;
		return 1;
	}
	for (i = 0; i < sizeof forms / sizeof *forms && n < max; i++) {
		if (dev->group_max && forms[i].group > dev->group_max)
			continue;
		plan.local = forms[i].group;
		snprintf(plan.options, sizeof plan.options, "-DFLY=%u -DGROUP=%u -DPARTS=%d",
			 forms[i].fly, forms[i].group, parts);
		snprintf(plan.label, sizeof plan.label, "%u hashes in flight, groups of %u",
			 forms[i].fly, forms[i].group);
		out[n++] = plan;
	}
	return n;
}
