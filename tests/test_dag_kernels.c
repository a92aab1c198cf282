/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Kernels that make and search datasets, on a real OpenCL device (PoCL at least) against the
 * references: whole small datasets under a CPU's and a GPU's plans, those of the family's first
 * split over 2 and 4 buffers too, and one hash of a real epoch, of whose dataset only the rows it
 * reads exist.
 * FAMILY: which algorithms.  Skips where OpenCL has no device.
 */
#include "algos/ethash.h"
#include "algos/progpow.h"
#include "tests/dag_rows.h"
#include "tests/device.h"

static struct bed bed;
static struct algo_epoch *ep;
static const struct algo *algo;
static json_t *rows;
static size_t most;        /* rows of each kind: more for the first of a family */
static char generated[64]; /* under these options nodes were held against the reference */

static bool device_scan(void *ctx, const struct algo *what, const struct work *work, uint64_t first,
			uint32_t count, struct abi_results *out)
{
	struct err err = {0};
	uint32_t took;

	(void)ctx;
	(void)what;
	return CHECK_OK(bed_run(&bed, work, first, count, out, &took, &err), &err);
}

static uint32_t nodes_of(const struct algo_epoch *e)
{
	return (uint32_t)(e->facts.dataset_bytes / 64);
}

/* --- a dataset ------------------------------------------------------------------ */

static void node_on_device(uint32_t n, uint32_t out[16])
{
	uint32_t unit = n / 4, parts = bed.plan.parts, took;
	uint64_t at = (uint64_t)(unit / parts) * 256 + n % 4 * 64;
	struct err err = {0};

	CHECK_OK(bed.backend->read(bed.part[unit % parts], at, out, 64, &err), &err);
	CHECK_OK(bed.backend->mark(bed.dev, 0, &err), &err);
	CHECK_OK(bed.backend->wait(bed.dev, 0, &took, &err), &err);
}

/* What no kernel should write beyond the dataset's end. */
static void fill_rest(uint32_t parts, uint8_t byte)
{
	uint8_t *fill = malloc(bed.part_bytes);
	struct err err = {0};
	uint32_t i;

	memset(fill, byte, bed.part_bytes);
	for (i = 0; i < parts; i++)
		CHECK_OK(bed.backend->write(bed.part[i], 0, fill, bed.part_bytes, &err), &err);
	free(fill);
}

/* In three slices, one of them odd, the last beyond the end; each is read back whole. */
static void check_generation(void)
{
	uint32_t nodes = nodes_of(ep), parts = bed.plan.parts, i, n, k, took, wrong = 0;
	uint32_t *whole[ALGO_PARTS_MAX] = {NULL}, want[16];
	struct err err = {0};

	fill_rest(parts, 0xee);
	CHECK_OK(bed_generate(&bed, 0, 37, &took, &err), &err);
	CHECK_OK(bed_generate(&bed, 37, nodes / 2, &took, &err), &err);
	CHECK_OK(bed_generate(&bed, 37 + nodes / 2, nodes, &took, &err), &err);
	for (i = 0; i < parts; i++) {
		whole[i] = malloc(bed.part_bytes);
		CHECK_OK(bed.backend->read(bed.part[i], 0, whole[i], bed.part_bytes, &err), &err);
	}
	CHECK_OK(bed.backend->mark(bed.dev, 0, &err), &err);
	CHECK_OK(bed.backend->wait(bed.dev, 0, &took, &err), &err);
	for (n = 0; n < bed.part_bytes / 64 * parts; n++) {
		uint32_t *got = whole[n / 4 % parts] + n / 4 / parts * 64 + n % 4 * 16;

		if (n < nodes)
			dag_nodes(ep, n, 1, want);
		else
			memset(want, 0xee, sizeof want);
		for (k = 0; k < 16; k++)
			wrong += got[k] != want[k];
	}
	CHECK_U64(wrong, 0);
	for (i = 0; i < parts; i++)
		free(whole[i]);
}

/* --- a small dataset searched ------------------------------------------------------ */

static bool row_is_small(const json_t *row, const char *kind)
{
	uint64_t set[ALGO_SETTINGS_MAX];

	return row_is(row, kind) && row_set(row, set) && set[DAG_SET_CACHE] > 16;
}

static void check_hits(const json_t *row, const struct work *work)
{
	static struct abi_results res;
	static struct found want, got;
	const json_t *hits = json_object_get(row, "hits"), *hit;
	uint64_t first = hex_number(row_text(row, "start")), i;
	struct digest digest;
	size_t k;

	want.n = 0;
	json_array_foreach(hits, k, hit) want.nonce[want.n++] = hex_number(row_text(hit, "nonce"));
	want.total = want.n;
	if (!device_scan(NULL, algo, work, first, (uint32_t)row_number(row, "count"), &res) ||
	    !CHECK(res.count <= ABI_SLOTS))
		return;
	for (got.n = i = 0; i < res.count; i++)
		if (CHECK_OK(algo->hash(ep, work, res.nonce[i], &digest), NULL) &&
		    u256_cmp(&digest.hash, &work->target) <= 0)
			got.nonce[got.n++] = res.nonce[i];
	memset(&res, 0, sizeof res);
	res.count = (u32)got.n;
	memcpy(res.nonce, got.nonce, got.n * sizeof *got.nonce);
	same_nonces(&res, &want);
}

/* A hash is found with itself as the target and not with anything less. */
static void check_hash(const json_t *row, struct work *work)
{
	uint64_t nonce = hex_number(row_text(row, "nonce"));
	static struct abi_results res;

	row_u256(&work->target, row, "final_hash");
	if (!device_scan(NULL, algo, work, nonce, 1, &res) || !CHECK_U64(res.count, 1) ||
	    !CHECK_U64(res.nonce[0], nonce))
		printf("\t%s: %s\n", algo->name, row_text(row, "comment"));
	work->target.w[3]--;
	if (device_scan(NULL, algo, work, nonce, 1, &res))
		CHECK_U64(res.count, 0);
}

/*
 * Ranges that end within a work-item or a group, and at the last of all nonces; more hits than
 * there is room for, which is nothing of a plan's, with the first.
 */
static void check_ranges(struct work *work, bool overflow)
{
	static const uint32_t counts[] = {1, 7, 8, 9, 15, 17, 129, 2 * ABI_SLOTS + 1};
	static const uint64_t firsts[] = {0, 0xfffffff8u, UINT64_MAX, UINT64_MAX - 64, 12345};
	size_t i;

	for (i = 0; i < sizeof counts / sizeof *counts - !overflow; i++) {
		work->target = target_one_in(counts[i] > ABI_SLOTS ? 1 : 3);
		scan_agrees(device_scan, NULL, algo, work, firsts[i % 5], counts[i]);
	}
}

/* A fresh bed for the plan, ep and the height's program. */
static bool lay(const struct algo_plan *plan, uint64_t height)
{
	struct err err = {0};

	bed.height = height;
	if (!CHECK_OK(bed_make(&bed, algo, plan, 4096, &err), &err))
		return false;
	if (CHECK_OK(bed_dataset(&bed, ep, &err), &err))
		return true;
	bed_clear(&bed);
	return false;
}

static void strip(void)
{
	bed_dataset_clear(&bed);
	bed_clear(&bed);
}

static bool small_epoch(const json_t *row)
{
	uint64_t set[ALGO_SETTINGS_MAX];
	struct err err = {0};
	uint32_t number;

	algo_epoch_free(ep);
	ep = NULL;
	row_set(row, set);
	CHECK_OK(algo->dataset->of_height(algo, row_number(row, "height"), &number, &err), &err);
	CHECK_OK(algo_epoch_new(&ep, algo, number, set, &err), &err);
	scan_epoch = ep;
	return ep != NULL;
}

/*
 * Everything a row of a small dataset says; with all other ranges too, and the dataset itself when
 * no other plan has made it in this way.
 */
static void check_row(const struct algo_plan *plan, const json_t *row, bool all)
{
	struct err err = {0};
	bool first = strcmp(generated, plan->options_epoch) != 0;
	struct work work;
	uint32_t took;

	if (!small_epoch(row) || !lay(plan, row_number(row, "height")))
		return;
	dag_work(&work, row, ep);
	if (all && first) {
		check_generation();
		snprintf(generated, sizeof generated, "%s", plan->options_epoch);
	} else {
		CHECK_OK(bed_generate(&bed, 0, nodes_of(ep), &took, &err), &err);
	}
	if (row_is(row, "hash")) {
		check_hash(row, &work);
	} else {
		row_u256(&work.target, row, "target");
		check_hits(row, &work);
	}
	if (all)
		check_ranges(&work, first);
	strip();
}

/* limit: how many rows of each kind. */
static void check_plan(const struct algo_plan *plan, size_t limit)
{
	size_t i, scans = 0, hashes = 0;
	json_t *row;

	printf("%s %s, %s\n", algo->name, plan->options, plan->options_epoch);
	fflush(stdout);
	json_array_foreach(rows, i, row)
	{
		if (row_is_small(row, "scan") && scans < limit)
			check_row(plan, row, !scans++);
		else if (row_is_small(row, "hash") && hashes < limit && hashes++ < limit)
			check_row(plan, row, false);
	}
	CHECK(scans && hashes);
}

/* As if the device were a GPU, or with so many parts. */
static int plans(struct algo_plan *out, uint32_t lanes, uint64_t parts)
{
	struct algo_device dev = bed_device(&bed.info, lanes);
	uint64_t set[ALGO_SETTINGS_MAX] = {0};
	struct err err = {0};
	int n;

	set[DAG_SET_PARTS] = parts;
	dev.dataset_bytes = 1u << 21;
	n = algo_plans(algo, &dev, set, out, ALGO_PLANS_MAX, &err);
	if (!CHECK(n > 0))
		printf("\t%s\n", err.text);
	return n;
}

static void small_datasets_under_the_devices_own_plan(void)
{
	struct algo_plan plan[ALGO_PLANS_MAX];

	if (plans(plan, bed.info.lanes, 1) > 0)
		check_plan(plan, most);
}

static void small_datasets_under_a_gpus_plans(void)
{
	struct algo_plan plan[ALGO_PLANS_MAX];
	int i, n = plans(plan, 1, 1);

	/* copies of ProgPoW's cache are the same kernel in all of a family */
	for (i = 0; i < n; i++)
		if (most > 1 || !strstr(plan[i].label, "caches"))
			check_plan(&plan[i], 1);
}

static void split_datasets(void)
{
	struct algo_plan plan[ALGO_PLANS_MAX];
	uint64_t parts;

	for (parts = 2; parts <= 4; parts += 2) {
		if (plans(plan, bed.info.lanes, parts) > 0 && CHECK_U64(plan->parts, parts))
			check_plan(plan, 1);
		if (plans(plan, 1, parts) > 0 && CHECK_U64(plan->parts, parts))
			check_plan(plan, 1);
	}
}

/* --- a real epoch -------------------------------------------------------------------- */

static bool put_unit(uint32_t unit)
{
	uint32_t words[64], parts = bed.plan.parts;
	uint64_t at = (uint64_t)(unit / parts) * 256;
	struct err err = {0};

	dag_nodes(ep, unit * 4, 4, words);
	return CHECK_OK(bed.backend->write(bed.part[unit % parts], at, words, 256, &err), &err);
}

static void put_rows(const struct work *work, uint64_t nonce)
{
	uint32_t row[64], i, loops = algo->program ? PROGPOW_LOOPS : ETHASH_LOOPS;

	for (i = 0; algo->program && i < PROGPOW_L1_WORDS / 64; i++)
		put_unit(i);
	if (algo->program)
		CHECK_OK(progpow_rows(ep, work, nonce, row), NULL);
	else
		CHECK_OK(ethash_rows(ep, work, nonce, row), NULL);
	for (i = 0; i < loops; i++)
		put_unit(algo->program ? row[i] : row[i] / 2);
}

/* The last nodes of all, made by the device among those put there. */
static void check_end(void)
{
	uint32_t nodes = nodes_of(ep), n, took, got[16], want[16];
	struct err err = {0};

	CHECK_OK(bed_generate(&bed, nodes - 21, 64, &took, &err), &err);
	for (n = nodes - 21; n < nodes; n += 4) {
		node_on_device(n, got);
		dag_nodes(ep, n, 1, want);
		CHECK_MEM(got, want, sizeof want);
	}
}

static void check_real(const json_t *row)
{
	struct algo_device dev = bed_device(&bed.info, bed.info.lanes);
	uint64_t set[ALGO_SETTINGS_MAX] = {0};
	struct algo_plan plan[ALGO_PLANS_MAX];
	struct err err = {0};
	struct work work;

	dev.dataset_bytes = ep->facts.dataset_bytes;
	dev.mem_free = UINT64_MAX; /* nearly all of it stays untouched */
	if (!CHECK(algo_plans(algo, &dev, set, plan, ALGO_PLANS_MAX, &err) > 0)) {
		printf("\t%s\n", err.text);
		return;
	}
	bed.height = row_number(row, "height");
	if (!CHECK_OK(bed_make(&bed, algo, plan, 4096, &err), &err))
		return;
	if (bed_dataset(&bed, ep, &err)) {
		printf("\tleft out: %s\n", err.text);
	} else {
		dag_work(&work, row, ep);
		put_rows(&work, hex_number(row_text(row, "nonce")));
		check_hash(row, &work);
		check_end();
	}
	strip();
}

static void one_hash_of_a_real_epoch(void)
{
	uint64_t set[ALGO_SETTINGS_MAX];
	size_t i;
	json_t *row;

	json_array_foreach(rows, i, row)
	{
		if (!row_is(row, "hash") || row_set(row, set))
			continue;
		if (small_epoch(row)) /* row_set() asked for the real sizes */
			check_real(row);
		return;
	}
	CHECK(!"there is such a row");
}

int main(void)
{
	static const char *const names[] = {FAMILY};
	struct device_info found[DEVICES_MAX];
	struct err err = {0};
	size_t i;

	bed.backend = backend_find("opencl");
	if (!bed.backend || bed.backend->probe(found, DEVICES_MAX, &err) <= 0)
		T_SKIP_ALL("no OpenCL device (apt-get install pocl-opencl-icd for one)");
	CHECK_OK(bed.backend->open(0, NULL, &bed.dev, &bed.info, &err), &err);
	if (!bed.dev)
		return t_done();
	for (i = 0; i < sizeof names / sizeof *names; i++) {
		algo = algo_find(names[i]);
		if (!CHECK(algo != NULL))
			continue;
		rows = vectors_load(algo);
		most = i ? 1 : 2;
		generated[0] = '\0';
		T_RUN(small_datasets_under_the_devices_own_plan);
		T_RUN(small_datasets_under_a_gpus_plans);
		if (i == 0) { /* all of a family share the words that tell parts, and sizes */
			T_RUN(split_datasets);
			T_RUN(one_hash_of_a_real_epoch);
		}
		json_decref(rows);
	}
	algo_epoch_free(ep);
	bed.backend->close(bed.dev);
	return t_done();
}
