/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A few nonces through every kernel, for checkers that interpret OpenCL (tests/oclgrind.sh).
 * usage: tiny_kernels real|tiny|variables.  Real kernels are held against the reference; tiny
 * ones are reduced (-DTINY), under more plans, and only run; variables: real ones without
 * scratch, since Oclgrind's --uninitialized does not see kernels' stores to global memory.
 */
#include "algos/dag.h"
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
		for (w = 0; w < sizeof widths / sizeof *widths && !algos[i]->dataset; w++) {
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

/* The dataset made and searched, both as on a GPU and as on a CPU. */
static void run_dataset(const struct algo *algo, const struct algo_plan *plan,
			const struct algo_epoch *ep)
{
	uint32_t nodes = (uint32_t)(ep->facts.dataset_bytes / 64), took, node[16], want[16];
	struct err err = {0};
	uint64_t state = 6;
	struct work work;

	printf("%s %s, %s\n", algo->name, plan->options, plan->options_epoch);
	random_work(&work, algo, &state);
	work.target = target_one_in(2);
	scan_epoch = ep;
	if (!CHECK_OK(bed_make(&bed, algo, plan, 64, &err), &err))
		return;
	if (CHECK_OK(bed_dataset(&bed, ep, &err), &err)) {
		CHECK_OK(bed_generate(&bed, 0, 3, &took, &err), &err);
		CHECK_OK(bed_generate(&bed, 3, nodes, &took, &err), &err);
		CHECK_OK(bed.backend->read(bed.part[0], 64, node, 64, &err), &err);
		scan_agrees(device_scan, NULL, algo, &work, UINT64_MAX - 3, 17);
		algo->dataset->node(ep, 1, want);
		if (plan->parts < 2)
			CHECK_MEM(node, want, sizeof want);
	}
	bed_dataset_clear(&bed);
	bed_clear(&bed);
	scan_epoch = NULL;
}

/* Groups of 16, as few as any kernel can do with: work-items take their time here. */
static void small_groups(struct algo_plan *plan)
{
	char *at = strstr(plan->options, "-DGROUP=");

	if (!at || !CHECK(strspn(at + 8, "0123456789") >= 2))
		return;
	at += 8;
	memcpy(at, "16", 2);
	memset(at + 2, ' ', strspn(at + 2, "0123456789"));
	plan->local = 16;
}

/* Of each kind of kernel one member, on the tiniest dataset. */
static void every_dataset_kernel_runs(void)
{
	static const char *const names[] = {"ethash", "kawpow", "meowpow"};
	uint64_t set[ALGO_SETTINGS_MAX] = {0};
	struct algo_plan plan[ALGO_PLANS_MAX];
	struct algo_epoch *ep = NULL;
	struct algo_device dev;
	struct err err = {0};
	size_t i, w;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		for (w = 1; w <= 4; w += 3) {
			const struct algo *algo = algo_find(names[i]);

			dev = bed_device(&bed.info, (uint32_t)w);
			dev.cpu = w > 1;
			dev.mem_free = dev.mem_alloc = 1ULL << 32;
			set[DAG_SET_CACHE] = 16;
			set[DAG_SET_ROWS] = 131;
			set[DAG_SET_PARTS] = i < 2 ? 1 : 2;
			if (CHECK_OK(algo_epoch_new(&ep, algo, 0, set, &err), &err) &&
			    CHECK(algo_plans(algo, &dev, set, plan, ALGO_PLANS_MAX, &err) > 0)) {
				small_groups(plan);
				run_dataset(algo, plan, ep);
			}
			algo_epoch_free(ep);
			ep = NULL;
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
	if (!tiny && !variables) /* no reduced form; datasets are stored by a kernel */
		T_RUN(every_dataset_kernel_runs);
	bed.backend->close(bed.dev);
	return t_done();
}
