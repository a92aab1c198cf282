/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The device side of Ethash and of datasets: kernels as text, and how they are laid out. */
#include <stdio.h>

#include "algos/ethash.h"
#include "src/str.h"
#include "kernels/dag.cl.h"
#include "kernels/ethash.cl.h"

const struct algo_step ethash_steps[ETHASH_STEPS] = {
	{.entry = "dag", .when = STEP_EPOCH},
	{.entry = "ethash", .when = STEP_BATCH},
};

const char *const dag_prebuilt_256[] = {"-DGROUP=64 -DPARENTS=256 -DPARTS=1", NULL};
const char *const dag_prebuilt_512[] = {"-DGROUP=64 -DPARENTS=512 -DPARTS=1", NULL};
const char *const ethash_prebuilt[] = {"-DFLY=4 -DGROUP=64 -DPARTS=1",
				       "-DFLY=8 -DGROUP=64 -DPARTS=1",
				       "-DFLY=2 -DGROUP=128 -DPARTS=1", NULL};

int ethash_plans(const struct algo *algo, const struct algo_device *dev, const uint64_t *set,
		 struct algo_plan *out, int max, struct err *err)
{
	static const struct {
		unsigned fly, group;
	} forms[] = {{4, 64}, {8, 64}, {2, 128}};
	const struct dag_params *p = algo->params;
	int parts = dag_parts(dev, set, err), n = 0;
	unsigned i;

	if (parts < 0)
		return parts;
	if (dev->cpu) {
		*out = (struct algo_plan){
			.lanes = 8, .nonces_start = 1u << 10, .parts = (uint32_t)parts};
		snprintf(out->options, sizeof out->options, "-DPARTS=%d -DWIDE=1", parts);
		snprintf(out->options_epoch, sizeof out->options_epoch,
			 "-DPARENTS=%u -DPARTS=%d -DWIDE=1", p->parents, parts);
		return 1;
	}
	for (i = 0; i < sizeof forms / sizeof *forms && n < max; i++) {
		if (forms[i].group > dev->group_max)
			continue;
		out[n] = (struct algo_plan){.lanes = 1,
					    .local = forms[i].group,
					    .nonces_start = 1u << 15,
					    .parts = (uint32_t)parts};
		snprintf(out[n].options, sizeof out[n].options, "-DFLY=%u -DGROUP=%u -DPARTS=%d",
			 forms[i].fly, forms[i].group, parts);
		snprintf(out[n].options_epoch, sizeof out[n].options_epoch,
			 "-DGROUP=64 -DPARENTS=%u -DPARTS=%d", p->parents, parts);
		snprintf(out[n].label, sizeof out[n].label, "%u hashes in flight, groups of %u",
			 forms[i].fly, forms[i].group);
		n++;
	}
	return n;
}
