/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every algorithm on the CUDA backend, as a worker runs it: kernels built, proved against the
 * reference, and finding what the vectors list; and what becomes of a card that lies or dies.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "algos/dag.h"
#include "src/engine.h"
#include "src/gpu/cuda_api.h"
#include "src/gpu/embedded.h"
#include "tests/device.h"
#include "tests/scan.h"
#include "tests/tree.h"

static char cache_dir[300];
static char last_note[ERR_TEXT_MAX];

const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libnvrtc\nleak:libcuda.so\n";
}

static void on_stage(void *arg, const struct engine_stage *stage)
{
	(void)arg;
	(void)stage;
}

static bool may_go_on = true;

static bool on_go_on(void *arg)
{
	(void)arg;
	return may_go_on;
}

static void on_note(void *arg, int code, const char *text)
{
	(void)arg;
	(void)code;
	snprintf(last_note, sizeof last_note, "%s", text);
}

static const struct engine_host host = {.stage = on_stage, .go_on = on_go_on, .note = on_note};

static uint64_t settings[ALGO_SETTINGS_MAX];
static bool no_selftest;

static int start(struct engine **e, const struct algo *algo, struct engine_plan *plan,
		 struct err *err)
{
	struct engine_config config = {.backend = "cuda",
				       .algo = algo,
				       .set = settings,
				       .cache_dir = cache_dir,
				       .sim = "",
				       .batch_us = 1000,
				       .no_selftest = no_selftest,
				       .host = &host};
	struct device_info info;
	int rc;

	rc = engine_gpu.open(e, &config, &info, err);
	if (!rc)
		rc = engine_gpu.prepare(*e, plan, err);
	return rc;
}

struct rig {
	struct engine *e;
	struct engine_plan plan;
	struct algo_epoch *ep;
	struct engine_fit fit;
};

/* One range, both slots in turn, in pieces no larger than the plan allows. */
static bool engine_scan(void *ctx, const struct algo *algo, const struct work *work, uint64_t first,
			uint32_t count, struct abi_results *out)
{
	static struct engine_result res;
	const struct rig *r = ctx;
	struct err err = {0};
	unsigned slot = 0;

	(void)algo;
	while (count) {
		uint32_t part = count;

		if (r->plan.nonces_max && part > r->plan.nonces_max)
			part = (uint32_t)r->plan.nonces_max;
		if (!CHECK_OK(engine_gpu.submit(r->e, slot, work, first, part, &err), &err) ||
		    !CHECK_OK(engine_gpu.collect(r->e, slot, &res, &err), &err) ||
		    !CHECK(out->count + res.n <= ABI_SLOTS))
			return false;
		memcpy(out->nonce + out->count, res.nonce, res.n * sizeof *res.nonce);
		out->count += res.n;
		first += part;
		count -= part;
		slot ^= 1;
	}
	return true;
}

static void scan_all(struct rig *r, const struct algo *algo)
{
	json_t *rows = vectors_load(algo), *row;
	size_t i;

	json_array_foreach(rows, i, row) if (row_is(row, "scan"))
		scan_row(engine_scan, r, algo, row);
	json_decref(rows);
}

static void all_body(void)
{
	int i;

	for (i = 0; algos[i]; i++) {
		struct rig r = {0};
		struct err err = {0};

		if (algos[i]->dataset)
			continue;
		algo_settings(algos[i], settings, NULL, 0, NULL);
		last_note[0] = '\0';
		if (CHECK_OK(start(&r.e, algos[i], &r.plan, &err), &err))
			scan_all(&r, algos[i]);
		CHECK(!strncmp(last_note, "cuda:0: kernels: ", 17) && last_note[17]);
		engine_gpu.close(r.e);
	}
}

/* ---- datasets ---- */

#define CACHE 16
#define ROWS  256

/* The fake card has programs spliced into templates only: NVRTC would make code of its own. */
static bool has_dataset(const struct algo *algo)
{
	return algo->dataset && (!algo->program || embedded_table.n);
}

static const struct algo *first_with_dataset(void)
{
	int i;

	for (i = 0; algos[i] && !has_dataset(algos[i]); i++)
		;
	return algos[i];
}

/* Have the dataset of this epoch, with the settings as they are. */
static int hold(struct rig *r, const struct algo *algo, uint32_t number, struct err *err)
{
	struct algo_epoch *ep = NULL;
	int rc = algo_epoch_new(&ep, algo, number, settings, err);

	if (!rc)
		rc = engine_gpu.epoch(r->e, ep, &r->plan, &r->fit, err);
	if (rc) {
		algo_epoch_free(ep);
		return rc;
	}
	algo_epoch_free(r->ep);
	r->ep = ep;
	return 0;
}

static int begin(struct rig *r, const struct algo *algo, struct err *err)
{
	memset(r, 0, sizeof *r);
	algo_settings(algo, settings, NULL, 0, NULL);
	settings[DAG_SET_CACHE] = CACHE;
	settings[DAG_SET_ROWS] = ROWS;
	/* one plan, so that none is measured; what is interpreted is not proved at length */
	setenv("FAKECUDA_THREADS", algo->program ? "128" : "64", 1);
	no_selftest = algo->program != NULL;
	/* from its PTX, where that is embedded: host C with its coroutines takes longer */
	setenv("FAKECUDA_PTX", "1", 1);
	return start(&r->e, algo, &r->plan, err);
}

static void end(struct rig *r)
{
	engine_gpu.close(r->e);
	algo_epoch_free(r->ep);
}

static void scan_dag_row(struct rig *r, const struct algo *algo, const json_t *row)
{
	static struct abi_results res;
	struct work work = {.header_len = algo->header_len};
	const json_t *hits = json_object_get(row, "hits");
	uint64_t first = strtoull(row_text(row, "start"), NULL, 16), nonce;
	uint32_t count = (uint32_t)row_number(row, "count"), number = 0;
	size_t i, n = 0;
	struct err err = {0};

	if (algo->program && count > 96)
		count = 96;
	work.height = row_number(row, "height");
	row_u256(&work.target, row, "target");
	if (!CHECK_OK(algo->dataset->of_height(algo, work.height, &number, &err), &err) ||
	    !CHECK(!hex_decode(work.header, 32, row_text(row, "header_hash"), 64)))
		return;
	if ((!r->ep || r->ep->facts.epoch != number) &&
	    !CHECK_OK(hold(r, algo, number, &err), &err))
		return;
	work.epoch = number;
	memset(&res, 0, sizeof res);
	if (!CHECK(engine_scan(r, algo, &work, first, count, &res)))
		return;
	for (i = 0; i < json_array_size(hits); i++) {
		nonce = strtoull(row_text(json_array_get(hits, i), "nonce"), NULL, 16);
		if (nonce - first < count && !CHECK_U64(res.nonce[n++], nonce))
			return;
	}
	CHECK_U64(res.count, n);
}

static bool is_small_scan(const json_t *row)
{
	const json_t *dag = json_object_get(row, "dag");

	return row_is(row, "scan") && json_is_object(dag) &&
	       row_number(dag, "light_cache_items") == CACHE;
}

static void scan_dag_rows(struct rig *r, const struct algo *algo)
{
	json_t *rows = vectors_load(algo), *row;
	size_t i, n = 0;

	json_array_foreach(rows, i, row) if (is_small_scan(row))
	{
		scan_dag_row(r, algo, row);
		n++;
	}
	CHECK(n >= 2);
	json_decref(rows);
}

/* One work of this height, on whatever the rig holds, against the reference. */
static void check_height(struct rig *r, const struct algo *algo, uint64_t height)
{
	static struct abi_results res;
	uint64_t state = height + 1, i, first = 0xffffffe0u;
	struct digest digest;
	struct work work;
	unsigned n = 0;

	random_work(&work, algo, &state);
	work.height = height;
	work.epoch = r->ep->facts.epoch;
	work.target = target_one_in(4);
	memset(&res, 0, sizeof res);
	if (!CHECK(engine_scan(r, algo, &work, first, 64, &res)))
		return;
	for (i = first; i < first + 64; i++)
		if (CHECK(!algo->hash(r->ep, &work, i, &digest)) &&
		    digest.hash.w[3] <= work.target.w[3] && !CHECK_U64(res.nonce[n++], i))
			return;
	CHECK_U64(res.count, n);
}

static void dag_body(void)
{
	int i, n = 0;

	for (i = 0; algos[i]; i++) {
		struct err err = {0};
		struct rig r;

		if (!has_dataset(algos[i]))
			continue;
		last_note[0] = '\0';
		if (CHECK_OK(begin(&r, algos[i], &err), &err))
			scan_dag_rows(&r, algos[i]);
		CHECK(!strncmp(last_note, "cuda:0: ", 8));
		end(&r);
		n++;
	}
	CHECK(n > 0);
}

/* Programs come and go, most of them built ahead; datasets stay. */
static void programs_body(void)
{
	int i, n = 0;

	for (i = 0; algos[i] && n < 2; i++) {
		struct err err = {0};
		uint64_t k;
		struct rig r;

		if (!has_dataset(algos[i]) || !algos[i]->program)
			continue;
		n++;
		if (CHECK_OK(begin(&r, algos[i], &err), &err) &&
		    CHECK_OK(hold(&r, algos[i], 0, &err), &err))
			for (k = 0; k < 8; k++)
				check_height(&r, algos[i], 25 * k % 200);
		end(&r);
	}
}

/* The plan in use under that label, on an open device. */
static bool find_plan(const struct bed *bed, const struct algo *algo, const char *label,
		      struct algo_plan *out)
{
	struct algo_device dev = bed_device(&bed->info, 1);
	struct algo_plan plans[ALGO_PLANS_MAX];
	struct err err = {0};
	int i, n = algo_plans(algo, &dev, settings, plans, ALGO_PLANS_MAX, &err);

	for (i = 0; i < n; i++)
		if (!strncmp(plans[i].label, label, strlen(label))) {
			*out = plans[i];
			return true;
		}
	return false;
}

/* As far as shared memory goes: eight copies, four, or two of 16 KiB. */
static void copies_body(void)
{
	static const struct {
		const char *kib, *has, *lacks;
		uint32_t brought;
	} cards[] = {{"227", "8 caches", "9 caches", 131072},
		     {"64", "4 caches", "8 caches", 65536},
		     {"48", "2 caches", "4 caches", 0}};
	const struct algo *algo = algo_find("kawpow");
	struct bed bed = {.backend = &backend_cuda};
	struct algo_plan plan;
	struct err err = {0};
	size_t i;

	algo_settings(algo, settings, NULL, 0, NULL);
	for (i = 0; i < sizeof cards / sizeof *cards; i++) {
		setenv("FAKECUDA_SHARED", cards[i].kib, 1);
		if (!CHECK_OK(bed.backend->open(0, NULL, &bed.dev, &bed.info, &err), &err))
			return;
		CHECK(!find_plan(&bed, algo, cards[i].lacks, &plan));
		if (CHECK(find_plan(&bed, algo, cards[i].has, &plan)))
			CHECK_U64(plan.local_bytes, cards[i].brought);
		bed.backend->close(bed.dev);
	}
}

static void room_body(void)
{
	const struct algo *algo = first_with_dataset();
	struct err err = {0};
	struct rig r;

	setenv("FAKECUDA_MEM", "80", 1);
	if (CHECK_OK(begin(&r, algo, &err), &err) && CHECK_OK(hold(&r, algo, 0, &err), &err)) {
		settings[DAG_SET_ROWS] = 1u << 19; /* 64 MiB */
		CHECK_ERR(hold(&r, algo, 0, &err), ERR_MEMORY, &err);
		CHECK(r.fit.need > r.fit.left && r.fit.left < 80u << 20);
		CHECK(!strncmp(err.text, "cuda:0: ", 8));
		/* nothing is lost but the dataset */
		settings[DAG_SET_ROWS] = ROWS;
		setenv("FAKECUDA_FAULT", "alloc=2", 1);
		CHECK_ERR(hold(&r, algo, 0, &err), ERR_MEMORY, &err);
		CHECK(r.fit.need > r.fit.left);
		unsetenv("FAKECUDA_FAULT");
		may_go_on = false;
		CHECK_ERR(hold(&r, algo, 1, &err), ERR_STALE, &err);
		may_go_on = true;
		if (CHECK_OK(hold(&r, algo, 0, &err), &err))
			check_height(&r, algo, 2);
		setenv("FAKECUDA_FAULT", "launch=719", 1);
		CHECK_ERR(hold(&r, algo, 1, &err), ERR_DEVICE, &err);
		CHECK_HAS(err.text, "CUDA_ERROR_LAUNCH_FAILED (719)");
	}
	end(&r);
}

static void abort_one(const struct algo *algo)
{
	static struct engine_result res;
	uint64_t state = 5;
	struct err err = {0};
	struct work work;
	struct rig r;

	if (CHECK_OK(begin(&r, algo, &err), &err) && CHECK_OK(hold(&r, algo, 0, &err), &err)) {
		random_work(&work, algo, &state);
		work.epoch = r.ep->facts.epoch;
		work.target = target_one_in(2);
		check_height(&r, algo, 0);
		CHECK_OK(engine_gpu.submit(r.e, 0, &work, 0, 256, &err), &err);
		engine_gpu.abort(r.e);
		CHECK_OK(engine_gpu.collect(r.e, 0, &res, &err), &err);
		CHECK(res.aborted);
		CHECK_U64(res.hits, 0);
		check_height(&r, algo, 0);
	}
	end(&r);
}

static void abort_body(void)
{
	const struct algo *program = NULL;
	int i;

	for (i = 0; algos[i] && !program; i++)
		if (has_dataset(algos[i]) && algos[i]->program)
			program = algos[i];
	setenv("FAKECUDA_LATE_POKES", "2", 1); /* they land when the batch runs */
	abort_one(first_with_dataset());
	if (program)
		abort_one(program);
}

/* ---- faults ---- */

static void lying_body(void)
{
	struct engine *e = NULL;
	struct engine_plan plan;
	struct err err = {0};

	setenv("FAKECUDA_FAULT", "flip", 1);
	CHECK_ERR(start(&e, algo_find("sha256d"), &plan, &err), ERR_SELFTEST, &err);
	CHECK(!strncmp(err.text, "cuda:0: ", 8) && !strstr(err.text + 8, "cuda:0"));
	engine_gpu.close(e);
}

static void dying_body(void)
{
	struct engine *e = NULL;
	struct engine_plan plan;
	struct err err = {0};

	setenv("FAKECUDA_FAULT", "launch@4=719", 1);
	CHECK_ERR(start(&e, algo_find("sha256d"), &plan, &err), ERR_DEVICE, &err);
	CHECK(!strncmp(err.text, "cuda:0: ", 8) && !strstr(err.text + 8, "cuda:0"));
	CHECK_HAS(err.text, "CUDA_ERROR_LAUNCH_FAILED (719)");
	engine_gpu.close(e);
}

/* Run body in a child; every check in it must hold. */
static void alone(void (*body)(void))
{
	int status = -1;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		t.failed = 0;
		body();
		fflush(stdout);
		exit(t.failed ? 1 : 0);
	}
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK_INT(status, 0);
}

static void every_algorithm_is_proved_and_finds_its_vectors(void)
{
	alone(all_body);
}

static void every_dataset_is_made_and_its_vectors_found(void)
{
	alone(dag_body);
}

static void programs_change_with_the_height(void)
{
	if (!embedded_table.n)
		T_SKIP("no templates are embedded in this build");
	alone(programs_body);
}

static void caches_are_copied_as_far_as_shared_memory_goes(void)
{
	alone(copies_body);
}

static void a_dataset_that_does_not_fit_costs_only_itself(void)
{
	alone(room_body);
}

static void a_batch_that_is_not_wanted_ends_early_and_alone(void)
{
	alone(abort_body);
}

static void a_card_that_lies_fails_its_self_test(void)
{
	alone(lying_body);
}

static void a_card_that_dies_says_so(void)
{
	alone(dying_body);
}

int main(void)
{
	const char *build = getenv("top_builddir");
	struct nvrtc rtc = {0};
	char fake[300];

	if (!build)
		build = ".";
	snprintf(fake, sizeof fake, "%s/tests/fakecuda/libcuda.so.1", build);
	snprintf(cache_dir, sizeof cache_dir, "%s/tests/engine-cache-%ld", build, (long)getpid());
	setenv("ADIT_LIBCUDA", fake, 1);
	setenv("FAKECUDA_STRICT", "1", 1);
	if (!embedded_table.n && nvrtc_open(&rtc, 0, NULL))
		T_SKIP_ALL("neither embedded kernels in this build nor NVRTC on this machine");
	if (embedded_table.n) /* a rig with only the driver */
		setenv("ADIT_NVRTC", "none", 1);
	T_RUN(every_algorithm_is_proved_and_finds_its_vectors);
	T_RUN(every_dataset_is_made_and_its_vectors_found);
	T_RUN(programs_change_with_the_height);
	T_RUN(caches_are_copied_as_far_as_shared_memory_goes);
	T_RUN(a_dataset_that_does_not_fit_costs_only_itself);
	T_RUN(a_batch_that_is_not_wanted_ends_early_and_alone);
	T_RUN(a_card_that_lies_fails_its_self_test);
	T_RUN(a_card_that_dies_says_so);
	tree_remove(cache_dir);
	return t_done();
}
