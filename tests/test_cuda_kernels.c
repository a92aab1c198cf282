/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What NVIDIA's compiler made of every kernel, run and held against the references: the PTX that
 * is embedded in this build, with a period's program spliced in where there is one, is given to
 * the fake driver, which interprets it (tests/ptx).  Shuffles, funnel shifts and the
 * like, which only the CUDA form of the kernels has, are run here; what ptxas makes of them is not.
 */
#include "algos/dag.h"
#include "tests/device.h"
#include "tests/scan.h"

static struct bed bed;

static bool device_scan(void *ctx, const struct algo *algo, const struct work *work, uint64_t first,
			uint32_t count, struct abi_results *out)
{
	struct err err = {0};
	uint32_t took;

	(void)ctx;
	(void)algo;
	return CHECK_OK(bed_run(&bed, work, first, count, out, &took, &err), &err);
}

static int plans_of(const struct algo *algo, const uint64_t *set, uint64_t dataset,
		    struct algo_plan *plan)
{
	struct algo_device dev = bed_device(&bed.info, 1);
	struct err err = {0};
	int n;

	dev.dataset_bytes = dataset;
	n = algo_plans(algo, &dev, set, plan, ALGO_PLANS_MAX, &err);
	if (!CHECK(n > 0))
		printf("\t%s\n", err.text);
	return n;
}

static bool is_prebuilt(const char *const *prebuilt, const char *options)
{
	for (; prebuilt && *prebuilt; prebuilt++)
		if (!strcmp(*prebuilt, options))
			return true;
	return false;
}

/* --- without a dataset -------------------------------------------------------------- */

static void run_plan(const struct algo *algo, const struct algo_plan *plan)
{
	uint32_t count = algo->n_steps > 1 ? 33 : 3001;
	uint64_t state = 7;
	struct err err = {0};
	struct work work;

	printf("\t%s %s\n", algo->name, plan->options);
	if (!CHECK_OK(bed_make(&bed, algo, plan, count, &err), &err))
		return;
	random_work(&work, algo, &state);
	work.target = target_one_in(count / 20 + 2);
	scan_agrees(device_scan, NULL, algo, &work, 0xffffffffu - count / 2, count);
	work.target = target_one_in(1); /* more hits than there is room for */
	if (algo->n_steps == 1)
		scan_agrees(device_scan, NULL, algo, &work, 0, 2 * ABI_SLOTS + 1);
	bed_clear(&bed);
}

static void kernels_find_what_the_reference_finds(void)
{
	uint64_t set[ALGO_SETTINGS_MAX];
	struct algo_plan plan[ALGO_PLANS_MAX];
	int i, k, n, ran;

	for (i = 0; algos[i]; i++) {
		if (algos[i]->dataset)
			continue;
		algo_settings(algos[i], set, NULL, 0, NULL);
		n = plans_of(algos[i], set, 0, plan);
		for (ran = k = 0; k < n; k++) {
			if (!is_prebuilt(algos[i]->prebuilt, plan[k].options))
				continue;
			run_plan(algos[i], &plan[k]);
			ran++;
		}
		CHECK(ran > 0);
	}
}

/* --- with one ----------------------------------------------------------------------- */

static void check_dataset(const struct algo_epoch *ep)
{
	uint32_t nodes = (uint32_t)(ep->facts.dataset_bytes / 64), n, took, got[16], want[16];
	struct err err = {0};

	CHECK_OK(bed_generate(&bed, 0, 37, &took, &err), &err);
	CHECK_OK(bed_generate(&bed, 37, nodes, &took, &err), &err);
	for (n = 0; n < nodes; n++) {
		uint64_t at = (uint64_t)(n / 4 / bed.plan.parts) * 256 + n % 4 * 64;

		CHECK_OK(bed.backend->read(bed.part[n / 4 % bed.plan.parts], at, got, 64, &err),
			 &err);
		CHECK_OK(bed.backend->mark(bed.dev, 0, &err), &err);
		CHECK_OK(bed.backend->wait(bed.dev, 0, &took, &err), &err);
		ep->algo->dataset->node(ep, n, want);
		if (!CHECK_MEM(got, want, sizeof want))
			return;
	}
}

static void run_dataset(const struct algo *algo, const struct algo_plan *plan,
			const struct algo_epoch *ep, uint64_t height)
{
	struct err err = {0};
	uint64_t state = 6 + height;
	struct work work;

	printf("\t%s %s, %s, block %u\n", algo->name, plan->options, plan->options_epoch,
	       (unsigned)height);
	random_work(&work, algo, &state);
	work.height = height;
	work.target = target_one_in(2);
	bed.height = height;
	if (!CHECK_OK(bed_make(&bed, algo, plan, 64, &err), &err))
		return;
	if (CHECK_OK(bed_dataset(&bed, ep, &err), &err)) {
		check_dataset(ep);
		scan_agrees(device_scan, NULL, algo, &work, UINT64_MAX - 3, 21);
	}
	bed_dataset_clear(&bed);
	bed_clear(&bed);
}

/* Has another algorithm run the same kernel? */
static bool is_known(const struct algo *algo, const struct algo_plan *plan)
{
	static const char *known[64];
	static char options[64][sizeof plan->options];
	static int n;
	int i;

	for (i = 0; i < n; i++)
		if (known[i] == algo->kernel && !strcmp(options[i], plan->options))
			return true;
	if (CHECK(n < 64)) {
		known[n] = algo->kernel;
		memcpy(options[n++], plan->options, sizeof plan->options);
	}
	return false;
}

/* Every embedded plan once, and of each algorithm two programs on the first. */
static void run_epoch(const struct algo *algo, const struct algo_epoch *ep, const uint64_t *set)
{
	struct algo_plan plan[ALGO_PLANS_MAX];
	int k, n = plans_of(algo, set, ep->facts.dataset_bytes, plan), ran = 0;

	for (k = 0; k < n; k++) {
		if (!is_prebuilt(algo->prebuilt, plan[k].options) ||
		    !is_prebuilt(algo->prebuilt_epoch, plan[k].options_epoch))
			continue;
		if (!ran++ && algo->program)
			run_dataset(algo, &plan[k], ep, 1000);
		if (!is_known(algo, &plan[k]) || !k)
			run_dataset(algo, &plan[k], ep, (uint64_t)k);
	}
	CHECK(ran > 0);
}

static void datasets_and_programs_agree_with_the_reference(void)
{
	uint64_t set[ALGO_SETTINGS_MAX] = {0};
	struct algo_epoch *ep = NULL;
	struct err err = {0};
	int i;

	set[DAG_SET_CACHE] = 16;
	set[DAG_SET_ROWS] = 131;
	for (i = 0; algos[i]; i++) {
		if (!algos[i]->dataset)
			continue;
		if (CHECK_OK(algo_epoch_new(&ep, algos[i], 0, set, &err), &err)) {
			scan_epoch = ep;
			run_epoch(algos[i], ep, set);
		}
		algo_epoch_free(ep);
		ep = NULL;
		scan_epoch = NULL;
	}
}

/* NVRTC and the driver keep things for the process's life; only our own leaks count. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libcuda.so\n";
}

int main(void)
{
	const char *build = getenv("top_builddir");
	struct device_info found[DEVICES_MAX];
	struct err err = {0};
	char fake[400];

	snprintf(fake, sizeof fake, "%s/tests/fakecuda/libcuda.so.1", build ? build : ".");
	setenv("ADIT_LIBCUDA", fake, 1);
	setenv("ADIT_NVRTC", "none", 1);
	setenv("FAKECUDA_STRICT", "0", 1);
	setenv("FAKECUDA_PTX", "1", 1);
	setenv("FAKECUDA_ARCH", "999", 1); /* no cubin is for it */
	bed.backend = backend_find("cuda");
	if (!bed.backend || bed.backend->probe(found, DEVICES_MAX, &err) < 1)
		T_GIVE_UP("the fake driver tests/fakecuda/libcuda.so.1 is not built");
	if (!CHECK_OK(bed.backend->open(0, NULL, &bed.dev, &bed.info, &err), &err))
		return t_done();
	T_RUN(kernels_find_what_the_reference_finds);
	T_RUN(datasets_and_programs_agree_with_the_reference);
	bed.backend->close(bed.dev);
	return t_done();
}
