/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every algorithm on the CUDA backend, as a worker runs it: kernels built, proved against the
 * reference, and finding what the vectors list; and what becomes of a card that lies or dies.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "src/engine.h"
#include "src/gpu/cuda_api.h"
#include "src/gpu/embedded.h"
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

static void on_note(void *arg, int code, const char *text)
{
	(void)arg;
	(void)code;
	snprintf(last_note, sizeof last_note, "%s", text);
}

static const struct engine_host host = {.stage = on_stage, .note = on_note};

static uint64_t settings[ALGO_SETTINGS_MAX];

static int start(struct engine **e, const struct algo *algo, struct engine_plan *plan,
		 struct err *err)
{
	struct engine_config config = {.backend = "cuda",
				       .algo = algo,
				       .set = settings,
				       .cache_dir = cache_dir,
				       .sim = "",
				       .batch_us = 1000,
				       .host = &host};
	struct device_info info;
	int rc = algo_settings(algo, settings, NULL, 0, err);

	if (!rc)
		rc = engine_gpu.open(e, &config, &info, err);
	if (!rc)
		rc = engine_gpu.prepare(*e, plan, err);
	return rc;
}

struct rig {
	struct engine *e;
	struct engine_plan plan;
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

		last_note[0] = '\0';
		if (CHECK_OK(start(&r.e, algos[i], &r.plan, &err), &err))
			scan_all(&r, algos[i]);
		CHECK(!strncmp(last_note, "cuda:0: kernels: ", 17) && last_note[17]);
		engine_gpu.close(r.e);
	}
}

static void lying_body(void)
{
	struct engine *e = NULL;
	struct engine_plan plan;
	struct err err = {0};

	setenv("FAKECUDA_FAULT", "flip", 1);
	CHECK_ERR(start(&e, algos[0], &plan, &err), ERR_SELFTEST, &err);
	CHECK(!strncmp(err.text, "cuda:0: ", 8) && !strstr(err.text + 8, "cuda:0"));
	engine_gpu.close(e);
}

static void dying_body(void)
{
	struct engine *e = NULL;
	struct engine_plan plan;
	struct err err = {0};

	setenv("FAKECUDA_FAULT", "launch@4=719", 1);
	CHECK_ERR(start(&e, algos[0], &plan, &err), ERR_DEVICE, &err);
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
	T_RUN(a_card_that_lies_fails_its_self_test);
	T_RUN(a_card_that_dies_says_so);
	tree_remove(cache_dir);
	return t_done();
}
