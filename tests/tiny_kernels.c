/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A few nonces through every kernel, for checkers that interpret OpenCL (tests/oclgrind.sh).
 * usage: tiny_kernels real|tiny|variables.  Real kernels are held against the reference; tiny
 * ones are reduced (-DTINY), under more plans, and only run; variables: real ones without
 * scratch, since Oclgrind's --uninitialized does not see kernels' stores to global memory.
 */
#include "tests/device.h"
#include "tests/scan.h"

static struct bed bed = {0};
static bool tiny, variables;

static bool device_scan(void *ctx, const struct algo *algo, const struct work *work, uint64_t first,
			uint32_t count, struct abi_results *out)
{
	struct err err = {0};
	uint32_t took;

	(void)ctx;
	(void)algo;
	return CHECK_OK(bed_run(&bed, work, first, count, out, &took, &err), &err);
}

static void run(const struct algo *algo, struct algo_plan *plan)
{
	static struct abi_results res;
	uint32_t count = algo->n_steps > 1 ? 3 : 65;
	size_t len = strlen(plan->options);
	struct err err = {0};
	uint64_t state = 5;
	struct work work;

	if (tiny)
		snprintf(plan->options + len, sizeof plan->options - len, " -DTINY=1");
	printf("%s %s\n", algo->name, plan->options);
	random_work(&work, algo, &state);
	work.target = target_one_in(2);
	if (!CHECK_OK(bed_make(&bed, algo, plan, count, &err), &err))
		return;
	if (tiny)
		device_scan(NULL, algo, &work, 0xfffffff0u, count, &res);
	else
		scan_agrees(device_scan, NULL, algo, &work, 0xfffffff0u, count);
	bed_clear(&bed);
}

static void every_kernel_runs(void)
{
	static const uint32_t widths[] = {1, 4};
	uint64_t set[ALGO_SETTINGS_MAX];
	struct algo_plan plan[ALGO_PLANS_MAX];
	struct algo_device dev;
	int i, k, n;
	size_t w;

	for (i = 0; algos[i]; i++)
		for (w = 0; w < sizeof widths / sizeof *widths; w++) {
			dev = bed_device(&bed.info, widths[w]);
			dev.cpu = widths[w] > 1;
			dev.mem_free = dev.mem_alloc = 1ULL << 32; /* no plan needs it here */
			algo_settings(algos[i], set, NULL, 0, NULL);
			n = algo_plans(algos[i], &dev, set, plan, ALGO_PLANS_MAX, NULL);
			CHECK(n > 0);
			for (k = 0; k < n && k < (tiny ? 2 : 1); k++)
				if (!variables || !plan[k].scratch_per_nonce)
					run(algos[i], &plan[k]);
		}
}

int main(int argc, char **argv)
{
	struct device_info found[DEVICES_MAX];
	struct err err = {0};

	tiny = argc > 1 && !strcmp(argv[1], "tiny");
	variables = argc > 1 && !strcmp(argv[1], "variables");
	bed.backend = backend_find("opencl");
	if (!bed.backend || bed.backend->probe(found, DEVICES_MAX, &err) < 1)
		T_SKIP_ALL("no OpenCL device");
	if (!CHECK_OK(bed.backend->open(0, NULL, &bed.dev, &bed.info, &err), &err))
		return t_done();
	printf("%s\n", bed.info.name);
	T_RUN(every_kernel_runs);
	bed.backend->close(bed.dev);
	return t_done();
}
