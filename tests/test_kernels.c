/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Kernels on a real OpenCL device (PoCL at least) against the references, under every plan and
 * vector width.  Skips where OpenCL has no device.
 */
#include "tests/device.h"
#include "tests/scan.h"

static struct bed bed = {0};

static bool device_scan(void *ctx, const struct algo *algo, const struct work *work, uint64_t first,
			uint32_t count, struct abi_results *out)
{
	struct err err = {0};
	uint32_t took;

	(void)ctx;
	if (!CHECK(algo == bed.algo && (!bed.scratch || count <= bed.room)))
		return false;
	return CHECK_OK(bed_run(&bed, work, first, count, out, &took, &err), &err);
}

/* Larger than one batch: in pieces, as a worker would. */
static bool device_scan_pieces(void *ctx, const struct algo *algo, const struct work *work,
			       uint64_t first, uint32_t count, struct abi_results *out)
{
	static struct abi_results part;
	uint32_t at, n, i;

	memset(out, 0, sizeof *out);
	for (at = 0; at < count; at += n) {
		n = count - at < 4096 ? count - at : 4096;
		if (!device_scan(ctx, algo, work, first + at, n, &part) ||
		    !CHECK(part.count <= ABI_SLOTS && out->count + part.count <= ABI_SLOTS))
			return false;
		for (i = 0; i < part.count; i++)
			out->nonce[out->count++] = part.nonce[i];
	}
	return true;
}

static void check_vectors(const json_t *rows, bool all)
{
	json_t *row;
	size_t i, n = 0;

	json_array_foreach(rows, i, row) if (row_is(row, "scan") && (all || !n)) n +=
		scan_row(device_scan_pieces, NULL, bed.algo, row);
	CHECK(n >= (all ? 3 : 1));
}

/* First, last and wrapping nonces, and counts around a work-item's and a work-group's. */
static void check_ranges(void)
{
	uint32_t lanes = bed.plan.lanes, counts[] = {1, lanes, lanes + 1, 3 * lanes - 1, 129};
	uint64_t firsts[] = {0, 0xffffffffu, 0x100000000u - lanes / 2 - 1, 0x7ffffff9u, 12345};
	uint64_t state = 0x1234567 + lanes;
	struct work work;
	size_t i;

	for (i = 0; i < sizeof counts / sizeof *counts; i++) {
		random_work(&work, bed.algo, &state);
		work.target = target_one_in(i == 1 ? 1 : 3);
		scan_agrees(device_scan, NULL, bed.algo, &work, firsts[i],
			    counts[i] ? counts[i] : 1);
		scan_agrees(device_scan, NULL, bed.algo, &work, firsts[4 - i], 2);
	}
}

static void check_slots(void)
{
	uint64_t state = 42;
	struct work work;

	random_work(&work, bed.algo, &state);
	work.target = target_one_in(1);
	scan_agrees(device_scan, NULL, bed.algo, &work, 0xffffff80u, ABI_SLOTS);
	scan_agrees(device_scan, NULL, bed.algo, &work, 1, 2 * ABI_SLOTS + 1);
}

static void check_plan(const struct algo *algo, const struct algo_plan *plan, bool all)
{
	struct err err = {0};
	json_t *rows;

	printf("%s %s\n", algo->name, plan->options);
	fflush(stdout);
	if (!CHECK_OK(bed_make(&bed, algo, plan, 4096, &err), &err))
		return;
	rows = vectors_load(algo);
	check_vectors(rows, all);
	check_ranges();
	check_slots();
	json_decref(rows);
	bed_clear(&bed);
}

/*
 * The device's own plans get every check; those of other vector widths the first scan only, and
 * not every one of a GPU's: a compiler that makes vectors takes its time for each, and the rest
 * run as C (tests/test_algos.c) and as PTX.
 */
static void check_width(uint32_t lanes, bool all)
{
	uint64_t set[ALGO_SETTINGS_MAX];
	struct algo_plan plan[ALGO_PLANS_MAX];
	struct algo_device dev = bed_device(&bed.info, lanes);
	struct err err = {0};
	int i, k, n;

	for (i = 0; algos[i]; i++) {
		if (algos[i]->dataset) /* tests/test_dag_kernels.c */
			continue;
		CHECK_OK(algo_settings(algos[i], set, NULL, 0, &err), &err);
		n = algo_plans(algos[i], &dev, set, plan, ALGO_PLANS_MAX, &err);
		if (!CHECK(n > 0))
			printf("\t%s\n", err.text);
		for (k = 0; k < n && (all || k < (lanes == 1 ? 2 : 1)); k++)
			check_plan(algos[i], &plan[k], all && !k);
	}
}

static void kernels_agree_under_the_devices_own_plans(void)
{
	check_width(bed.info.lanes, true);
}

static void kernels_agree_under_a_gpus_plans(void)
{
	if (bed.info.lanes == 1)
		T_SKIP("the device is one with single lanes: done already");
	check_width(1, false);
}

static void kernels_agree_at_other_vector_widths(void)
{
	uint32_t lanes;

	if (!bed.info.cpu)
		T_SKIP("vectors are for CPU devices");
	for (lanes = 4; lanes <= 16; lanes *= 2)
		if (lanes != bed.info.lanes)
			check_width(lanes, false);
}

/* Any gap works, not just those that divide N. */
static void an_odd_lookup_gap_agrees(void)
{
	const char *pair = "lookup_gap=3";
	const struct algo *algo = NULL;
	uint64_t set[ALGO_SETTINGS_MAX];
	struct algo_plan plan[ALGO_PLANS_MAX];
	struct algo_device dev = bed_device(&bed.info, bed.info.lanes);
	int i;

	for (i = 0; algos[i]; i++) {
		if (algo_settings(algos[i], set, &pair, 1, NULL))
			continue;
		algo = algos[i];
		if (CHECK_INT(algo_plans(algo, &dev, set, plan, ALGO_PLANS_MAX, NULL), 1))
			check_plan(algo, plan, false);
	}
	CHECK(algo != NULL);
}

/* What ends a batch early reaches a CPU's memory at once, whatever its cores are at. */
static void a_poke_is_a_store_on_cpus(void)
{
	const uint32_t none[2] = {0, 0};
	uint32_t back[2] = {7, 7}, took;
	const struct backend *b = bed.backend;
	struct mem *mem = NULL;
	struct err err = {0};

	if (!bed.info.cpu)
		T_SKIP("this device is no CPU");
	if (!CHECK_OK(b->mem_new(bed.dev, sizeof back, &mem, &err), &err))
		return;
	CHECK_OK(b->write(mem, 0, none, sizeof none, &err), &err);
	CHECK_OK(b->mark(bed.dev, 0, &err), &err);
	CHECK_OK(b->wait(bed.dev, 0, &took, &err), &err);
	CHECK_U64(b->idle_us(bed.dev), BACKEND_UNKNOWN); /* nothing was launched */
	b->poke(bed.dev, mem, 4, 5);
	b->poke(bed.dev, mem, sizeof back, 6); /* beyond its end: nothing happens */
	b->poke(bed.dev, mem, UINT64_MAX - 1, 6);
	CHECK_OK(b->read(mem, 0, back, sizeof back, &err), &err);
	CHECK_OK(b->mark(bed.dev, 0, &err), &err);
	CHECK_OK(b->wait(bed.dev, 0, &took, &err), &err);
	CHECK_U64(back[0], 0);
	CHECK_U64(back[1], 5);
	b->mem_free(mem);
}

int main(void)
{
	struct device_info found[DEVICES_MAX];
	struct err err = {0};
	int n;

	bed.backend = backend_find("opencl");
	if (!bed.backend)
		T_GIVE_UP("no such backend: opencl");
	n = bed.backend->probe(found, DEVICES_MAX, &err);
	if (n <= 0)
		T_SKIP_ALL("no OpenCL device (apt-get install pocl-opencl-icd for one)");
	CHECK_OK(bed.backend->open(0, NULL, &bed.dev, &bed.info, &err), &err);
	if (!bed.dev)
		return t_done();
	printf("%s, %u lanes\n", bed.info.name, (unsigned)bed.info.lanes);
	T_RUN(kernels_agree_under_the_devices_own_plans);
	T_RUN(kernels_agree_under_a_gpus_plans);
	T_RUN(kernels_agree_at_other_vector_widths);
	T_RUN(an_odd_lookup_gap_agrees);
	T_RUN(a_poke_is_a_store_on_cpus);
	bed.backend->close(bed.dev);
	return t_done();
}
