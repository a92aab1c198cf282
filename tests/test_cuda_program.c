/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The CUDA backend and what algorithms with datasets ask of it: programs that change, groups,
 * datasets in parts, kernels built by a second thread, batches ended early.
 */
#include <pthread.h>

#include "tests/cuda_rig.h"

/* ---- programs of periods, groups, split datasets ---- */

#define TEAM_WORD 77u

static const uint32_t team_data[2] = {0x12345, 0x777};
static const struct code team_codes[] = {
	{kernel_team, TEAM_OPTIONS, TEAM_C_0, TEAM_PTX_0},
	{kernel_team, TEAM_OPTIONS, TEAM_C_1, TEAM_PTX_1},
};

struct team {
	struct device *dev;
	struct device_info info;
	struct program *prog[2];
	struct mem *job, *results, *part[2];
	struct abi_results got;
	uint32_t leaves; /* the work-item that ends early, from 1 */
	uint32_t bytes;  /* of shared memory that launches bring */
};

static int team_open(struct team *team, struct err *err)
{
	int rc, i;

	memset(team, 0, sizeof *team);
	team->bytes = TEAM_BYTES;
	rc = b->open(0, cache_dir, &team->dev, &team->info, err);
	for (i = 0; i < 2 && !rc; i++) {
		rc = b->build(team->dev, &team_codes[i], &team->prog[i], NULL, err);
		if (!rc)
			rc = b->mem_new(team->dev, 4, &team->part[i], err);
		if (!rc)
			rc = b->write(team->part[i], 0, &team_data[i], 4, err);
	}
	if (!rc)
		rc = b->mem_new(team->dev, sizeof(struct abi_job), &team->job, err);
	if (!rc)
		rc = b->mem_new(team->dev, sizeof team->got, &team->results, err);
	return rc;
}

static void team_close(struct team *team)
{
	int i;

	for (i = 0; i < 2; i++) {
		b->mem_free(team->part[i]);
		b->discard(team->prog[i]);
	}
	b->mem_free(team->job);
	b->mem_free(team->results);
	b->close(team->dev);
}

static int team_queue(struct team *team, struct program *prog, uint64_t first, uint32_t count,
		      struct err *err)
{
	struct abi_job job = {.words = {TEAM_WORD, team->leaves}};
	struct launch l = {.entry = "team",
			   .items = count,
			   .local = 64,
			   .local_bytes = team->bytes,
			   .job = team->job,
			   .results = team->results,
			   .dataset = team->part[0],
			   .more = {team->part[1]},
			   .parts = 2,
			   .first = first,
			   .count = count};
	const uint8_t zero[8] = {0};
	int rc = b->write(team->job, 0, &job, sizeof job, err);

	if (!rc)
		rc = b->write(team->results, 0, zero, sizeof zero, err);
	if (!rc)
		rc = b->launch(prog, &l, err);
	if (!rc)
		rc = b->read(team->results, 0, &team->got, sizeof team->got, err);
	return rc ? rc : b->mark(team->dev, 0, err);
}

static int team_batch(struct team *team, int program, uint64_t first, uint32_t count,
		      struct err *err)
{
	uint32_t took;
	int rc = team_queue(team, team->prog[program], first, count, err);

	return rc ? rc : b->wait(team->dev, 0, &took, err);
}

/* What TEAM_C_n says. */
static uint32_t team_value(int program, uint32_t item)
{
	uint32_t id = item % 64, v = TEAM_WORD + 3 * (63 - id);

	if (program)
		return (v << 7 | v >> 25) + item;
	return (v * 33 + team_data[0]) ^ (TEAM_WORD + 3 * (item & 63) + team_data[1]);
}

static int by_value(const void *left, const void *right)
{
	const uint64_t *x = left, *y = right;

	return (*x > *y) - (*x < *y);
}

static void check_team(struct team *team, int program, uint64_t first, uint32_t count)
{
	uint32_t i, n = 0;

	if (CHECK(team->got.count <= ABI_SLOTS)) /* in whatever order */
		qsort(team->got.nonce, team->got.count, sizeof team->got.nonce[0], by_value);
	for (i = 0; i < count; i++) {
		uint32_t next = (i & ~7u) | ((i + 1) & 7);

		if ((team_value(program, i) ^ team_value(program, next)) % 7 == 0 &&
		    !CHECK_U64(team->got.nonce[n++], first + i))
			return;
	}
	CHECK(n > 0);
	CHECK_U64(team->got.count, n);
}

static void check_programs(const char *want)
{
	struct err err = {0};
	char how[200] = "";
	struct team team;

	if (CHECK_OK(team_open(&team, &err), &err)) {
		b->describe(team.prog[0], NULL, how, sizeof how);
		CHECK_HAS(how, want);
		CHECK_OK(team_batch(&team, 0, 1000, 500, &err), &err);
		check_team(&team, 0, 1000, 500);
		CHECK_OK(team_batch(&team, 1, 0xfffffff0u, 777, &err), &err);
		check_team(&team, 1, 0xfffffff0u, 777);
		CHECK_OK(team_batch(&team, 0, 0, 64, &err), &err);
		check_team(&team, 0, 0, 64);
	}
	team_close(&team);
}

static void spliced_body(void)
{
	check_programs("embedded PTX with the period's program, compiled by the driver");
	setenv("FAKECUDA_ARCH", "50", 1);
	setenv("FAKECUDA_DRIVER", "11000", 1);
	check_programs("embedded PTX with the period's program");
}

static void a_rig_with_only_the_driver_changes_programs(void)
{
	alone(spliced_body);
}

/* What NVRTC really makes of a template, spliced. */
static void real_template_body(void)
{
	struct nvrtc rtc = {0};
	struct err err = {0};
	char *ptx = NULL;
	size_t len = 0;

	if (!with_nvrtc() || nvrtc_open(&rtc, 0, &err))
		T_SKIP("no NVRTC on this machine");
	if (CHECK_OK(nvrtc_compile(&rtc, kernel_team, TEAM_OPTIONS CODE_TEMPLATE,
				   nvrtc_oldest(&rtc), 1, &ptx, &len, NULL, &err),
		     &err) &&
	    CHECK(!ptx_lower(ptx))) {
		rows[1].code = ptx;
		check_programs("embedded PTX with the period's program");
	}
	free(ptx);
	nvrtc_close(&rtc);
}

static void nvrtcs_own_template_takes_programs(void)
{
	alone(real_template_body);
}

static void program_nvrtc_body(void)
{
	if (!with_nvrtc())
		T_SKIP("no NVRTC on this machine");
	empty_cache();
	rows[1].key[0] ^= 1; /* no template in this build */
	check_programs("NVRTC ");
	check_programs("kernel cache (NVRTC ");
	CHECK_INT(tree_each(cache_dir, NULL), 2); /* a program each */
}

static void without_a_template_nvrtc_compiles_programs(void)
{
	alone(program_nvrtc_body);
}

static void program_refused_body(void)
{
	struct code code = team_codes[0];
	struct program *prog = NULL;
	struct err err = {0};
	struct team team;

	if (CHECK_OK(team_open(&team, &err), &err)) {
		code.body_ptx = "mov.b32 m0, nowhere;";
		CHECK_ERR(b->build(team.dev, &code, &prog, NULL, &err), ERR_BUILD, &err);
		CHECK_HAS(err.text, "fake complaint");
		code.body_ptx = "{ mov.b32 m0, m1;";
		CHECK_ERR(b->build(team.dev, &code, &prog, NULL, &err), ERR_BUILD, &err);
		CHECK_HAS(err.text, "block");
		code.body_ptx = NULL;
		CHECK_ERR(b->build(team.dev, &code, &prog, NULL, &err), ERR_BUILD, &err);
		CHECK_HAS(err.text, "no template for -DPARTS=2");
		CHECK_HAS(err.text, "install NVRTC");
		code = (struct code){kernel_toy, TOY_OPTIONS, ";", ";"};
		CHECK_ERR(b->build(team.dev, &code, &prog, NULL, &err), ERR_BUILD, &err);
		CHECK_HAS(err.text, "no place for a program");
		CHECK(prog == NULL);
		fault("load=719");
		CHECK_ERR(b->build(team.dev, &team_codes[0], &prog, NULL, &err), ERR_DEVICE, &err);
	}
	team_close(&team);
}

static void a_program_that_does_not_fit_is_refused(void)
{
	alone(program_refused_body);
}

static void brought_body(void)
{
	struct err err = {0};
	struct team team;
	char how[200];

	setenv("FAKECUDA_SHARED", "64", 1);
	if (CHECK_OK(team_open(&team, &err), &err)) {
		CHECK_U64(team.info.local_max, TEAM_BYTES);
		CHECK_OK(team_batch(&team, 0, 0, 640, &err), &err);
		check_team(&team, 0, 0, 640);
		b->describe(team.prog[0], "team", how, sizeof how);
		CHECK_HAS(how, "65536 bytes shared, 24 blocks of 64 resident");
		team.bytes++;
		CHECK_ERR(team_batch(&team, 0, 0, 64, &err), ERR_RANGE, &err);
		CHECK_STR(err.text, "kernel team: 65537 bytes of shared memory a group, this card "
				    "has 65536");
		fault("shared=1");
		team.bytes = TEAM_BYTES - 4;
		CHECK_ERR(team_batch(&team, 0, 0, 64, &err), ERR_DEVICE, &err);
		CHECK_HAS(err.text,
			  "kernel team: 65532 bytes of shared memory: cuFuncSetAttribute");
		fault("none");
		/* less than the kernel looks at, which no driver notices */
		CHECK_ERR(team_batch(&team, 0, 0, 64, &err), ERR_DEVICE, &err);
		CHECK_HAS(err.text, "CUDA_ERROR_ILLEGAL_ADDRESS (700)");
	}
	team_close(&team);
}

static void a_group_gets_the_shared_memory_it_brings(void)
{
	alone(brought_body);
}

static void diverging_body(void)
{
	struct err err = {0};
	struct team team;

	if (CHECK_OK(team_open(&team, &err), &err)) {
		team.leaves = 5;
		CHECK_ERR(team_batch(&team, 0, 0, 128, &err), ERR_DEVICE, &err);
		CHECK_HAS(err.text, "CUDA_ERROR_LAUNCH_FAILED (719)");
	}
	team_close(&team);
}

static void a_group_that_diverges_fails(void)
{
	alone(diverging_body);
}

#define BUILDS 40

struct builder {
	struct device *dev;
	struct program *made[BUILDS];
	int rc;
	struct err err;
};

static void *build_many(void *arg)
{
	struct builder *x = arg;
	int i;

	for (i = 0; i < BUILDS && !x->rc; i++)
		x->rc = b->build(x->dev, &team_codes[i % 2], &x->made[i], NULL, &x->err);
	return NULL;
}

static void second_thread_body(void)
{
	struct builder x = {0};
	struct err err = {0};
	pthread_t thread;
	struct team team;
	int i;

	if (CHECK_OK(team_open(&team, &err), &err)) {
		x.dev = team.dev;
		if (pthread_create(&thread, NULL, build_many, &x))
			exit(T_BROKEN);
		for (i = 0; i < 20; i++)
			if (CHECK_OK(team_batch(&team, i % 2, 0, 640, &err), &err))
				check_team(&team, i % 2, 0, 640);
		pthread_join(thread, NULL);
		CHECK_OK(x.rc, &x.err);
		for (i = 0; i < BUILDS; i++)
			b->discard(x.made[i]);
	}
	team_close(&team);
}

static void programs_are_built_by_a_second_thread_while_batches_run(void)
{
	alone(second_thread_body);
}

static void *poke_seven(void *arg)
{
	struct team *team = arg;

	b->poke(team->dev, team->results, 4, 7);
	b->poke(team->dev, team->results, sizeof team->got - 3, 7); /* beyond the end: nothing */
	return NULL;
}

static void poke_body(void)
{
	uint32_t took, zero = 0, got[2] = {9, 9};
	struct err err = {0};
	pthread_t thread;
	struct team team;

	if (CHECK_OK(team_open(&team, &err), &err)) {
		CHECK_OK(team_batch(&team, 0, 0, 64, &err), &err);
		if (pthread_create(&thread, NULL, poke_seven, &team))
			exit(T_BROKEN);
		pthread_join(thread, NULL);
		/* the next batch in the same place */
		CHECK_OK(b->write(team.results, 0, &zero, sizeof zero, &err), &err);
		CHECK_OK(b->read(team.results, 4, &got[0], 4, &err), &err);
		CHECK_OK(b->write(team.results, 4, &zero, sizeof zero, &err), &err);
		CHECK_OK(b->read(team.results, 4, &got[1], 4, &err), &err);
		CHECK_OK(b->mark(team.dev, 1, &err), &err);
		CHECK_OK(b->wait(team.dev, 1, &took, &err), &err);
		CHECK_U64(got[0], 7);
		CHECK_U64(got[1], 0);
	}
	team_close(&team);
}

static void late_poke_body(void)
{
	setenv("FAKECUDA_LATE_POKES", "1", 1);
	poke_body();
}

static void a_poke_never_lands_in_the_next_batch(void)
{
	alone(poke_body);
	alone(late_poke_body);
}

int main(void)
{
	if (!cuda_rig())
		T_GIVE_UP("the fake driver tests/fakecuda/libcuda.so.1 is not built");
	T_RUN(a_rig_with_only_the_driver_changes_programs);
	T_RUN(nvrtcs_own_template_takes_programs);
	T_RUN(without_a_template_nvrtc_compiles_programs);
	T_RUN(a_program_that_does_not_fit_is_refused);
	T_RUN(a_group_gets_the_shared_memory_it_brings);
	T_RUN(a_group_that_diverges_fails);
	T_RUN(programs_are_built_by_a_second_thread_while_batches_run);
	T_RUN(a_poke_never_lands_in_the_next_batch);
	empty_cache();
	return t_done();
}
