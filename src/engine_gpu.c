/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine over a compute backend: builds an algorithm's kernels, proves them
 * against the reference, takes the fastest plan, and keeps two batches queued.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/engine.h"
#include "src/plan_cache.h"
#include "src/prove.h"
#include "src/str.h"

#define BUILD_LIMIT_S 300 /* compilers of some drivers take minutes */
#define PROVE_LIMIT_S 120 /* PoCL and rusticl really compile at the first launch */
#define LARGE_BATCH   (1u << 22)
#define MEASURE_STEPS 12
#define MEASURE_RUNS  3
#define SHRINKS       4 /* times the scratch is halved when the card has less than it says */

struct engine {
	struct engine_config config;
	const struct backend *api;
	struct device *dev;
	struct device_info info;
	struct algo_plan plan;
	struct program *program;
	struct mem *job[ENGINE_SLOTS], *results[ENGINE_SLOTS], *scratch;
	struct abi_results host[ENGINE_SLOTS];
};

static void gpu_close(struct engine *e)
{
	unsigned i;

	if (!e)
		return;
	for (i = 0; i < ENGINE_SLOTS; i++) {
		e->api->mem_free(e->job[i]);
		e->api->mem_free(e->results[i]);
	}
	e->api->mem_free(e->scratch);
	e->api->discard(e->program);
	e->api->close(e->dev);
	free(e);
}

/* Every text that leaves here begins with the device, whether the backend said it or not. */
static int named(const struct engine_config *config, int rc, struct err *err)
{
	char id[32];

	snprintf(id, sizeof id, "%s:%u: ", config->backend, config->index);
	if (rc && strncmp(err->text, id, strlen(id)) != 0)
		err_prefix(err, "%s:%u", config->backend, config->index);
	return rc;
}

static int gpu_open(struct engine **out, const struct engine_config *config,
		    struct device_info *info, struct err *err)
{
	struct engine *e = calloc(1, sizeof *e);
	unsigned i;
	int rc;

	if (!e)
		return err_set(err, ERR_NOMEM, "no memory for a device");
	e->config = *config;
	e->api = backend_find(config->backend);
	rc = e->api->open(config->index, config->cache_dir[0] ? config->cache_dir : NULL, &e->dev,
			  &e->info, err);
	for (i = 0; i < ENGINE_SLOTS && !rc; i++) {
		rc = e->api->mem_new(e->dev, sizeof(struct abi_job), &e->job[i], err);
		if (!rc)
			rc = e->api->mem_new(e->dev, sizeof(struct abi_results), &e->results[i],
					     err);
	}
	if (rc) {
		gpu_close(e);
		return named(config, rc, err);
	}
	*info = e->info;
	*out = e;
	return 0;
}

/* --- one batch ---------------------------------------------------------------- */

static int launch_steps(struct engine *e, unsigned slot, uint64_t first, uint32_t count,
			struct err *err)
{
	const struct algo *algo = e->config.algo;
	uint32_t lanes = e->plan.lanes ? e->plan.lanes : 1;
	struct launch l = {.items = ((uint64_t)count + lanes - 1) / lanes,
			   .local = e->plan.local,
			   .job = e->job[slot],
			   .results = e->results[slot],
			   .scratch = e->scratch,
			   .first = first,
			   .count = count};
	unsigned i;
	int rc = 0;

	for (i = 0; i < algo->n_steps && !rc; i++) {
		if (algo->steps[i].when != STEP_BATCH)
			continue;
		l.entry = algo->steps[i].entry;
		rc = e->api->launch(e->program, &l, err);
	}
	return rc;
}

static int gpu_submit(struct engine *e, unsigned slot, const struct work *work, uint64_t first,
		      uint32_t count, struct err *err)
{
	static const struct abi_results none; /* its first 8 bytes: count and abort */
	struct abi_job job = {0};
	int rc;

	e->config.algo->prepare(NULL, work, &job);
	job.target = work->target.w[3];
	rc = e->api->write(e->job[slot], 0, &job, sizeof job, err);
	if (!rc)
		rc = e->api->write(e->results[slot], 0, &none, offsetof(struct abi_results, nonce),
				   err);
	if (!rc)
		rc = launch_steps(e, slot, first, count, err);
	if (!rc)
		rc = e->api->read(e->results[slot], 0, &e->host[slot], sizeof e->host[slot], err);
	if (!rc)
		rc = e->api->mark(e->dev, slot, err);
	return named(&e->config, rc, err);
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int gpu_collect(struct engine *e, unsigned slot, struct engine_result *out, struct err *err)
{
	const struct abi_results *res = &e->host[slot];
	uint32_t i, n;
	int rc = e->api->wait(e->dev, slot, &out->took_us, err);

	if (rc)
		return named(&e->config, rc, err);
	out->hits = res->count;
	n = res->count < ABI_SLOTS ? res->count : ABI_SLOTS;
	memcpy(out->nonce, res->nonce, n * sizeof out->nonce[0]);
	qsort(out->nonce, n, sizeof out->nonce[0], compare);
	for (i = out->n = 0; i < n; i++)
		if (!i || out->nonce[i] != out->nonce[i - 1])
			out->nonce[out->n++] = out->nonce[i];
	return 0;
}

/* A batch on its own, as proving and measuring want it. */
static int run_alone(void *arg, const struct work *work, uint64_t first, uint32_t count,
		     struct engine_result *out, struct err *err)
{
	struct engine *e = arg;
	int rc = gpu_submit(e, 0, work, first, count, err);

	return rc ? rc : gpu_collect(e, 0, out, err);
}

/* --- plans -------------------------------------------------------------------- */

static void say(struct engine *e, const char *stage, unsigned permille, unsigned limit_s)
{
	e->config.host->stage(e->config.host->arg, stage, permille, limit_s);
}

static void note(struct engine *e, const struct err *err)
{
	e->config.host->note(e->config.host->arg, err->code, err->text);
}

/* Where the kernels come from: what a report of a wrong or slow device needs to say. */
static void note_origin(struct engine *e)
{
	char how[200] = "", text[256];

	if (!e->api->describe)
		return;
	e->api->describe(e->program, NULL, how, sizeof how);
	snprintf(text, sizeof text, "%s:%u: kernels: %s", e->config.backend, e->config.index, how);
	e->config.host->note(e->config.host->arg, 0, text);
}

/* Keep the compiler's whole text where people can find it, and say where. */
static void keep_log(struct engine *e, const char *log, struct err *err)
{
	char path[600], tail[ERR_TEXT_MAX];
	size_t used;
	FILE *f;

	if (!log || !*log || !e->config.cache_dir[0])
		return;
	snprintf(path, sizeof path, "%s/build-%s%u-%s.log", e->config.cache_dir, e->config.backend,
		 e->config.index, e->config.algo->name);
	f = fopen(path, "we");
	if (!f)
		return;
	fputs(log, f);
	if (fclose(f))
		return;
	if (snprintf(tail, sizeof tail, " (whole log: %s)", path) >= ERR_TEXT_MAX * 3 / 4)
		return;
	/* Of a long first error the end is cut, never the place. */
	used = strlen(err->text);
	if (used > sizeof err->text - 1 - strlen(tail))
		used = sizeof err->text - 1 - strlen(tail);
	memcpy(err->text + used, tail, strlen(tail) + 1);
}

static int build(struct engine *e, const struct algo_plan *plan, struct err *err)
{
	char *log = NULL;
	int rc;

	e->api->discard(e->program);
	e->program = NULL;
	rc = e->api->build(e->dev,
			   &(struct code){e->config.algo->kernel, plan->options, NULL, NULL},
			   &e->program, &log, err);
	named(&e->config, rc, err); /* before keep_log(), which fills the text to its end */
	if (rc == -ERR_BUILD)
		keep_log(e, log, err);
	free(log);
	return rc;
}

/* Scratch for the plan, smaller when the card has less room than it told. */
static int make_scratch(struct engine *e, struct algo_plan *plan, struct err *err)
{
	int tries, rc = 0;

	e->api->mem_free(e->scratch);
	e->scratch = NULL;
	if (!plan->scratch_per_nonce)
		return 0;
	if (!plan->nonces_max)
		plan->nonces_max = plan->nonces_start;
	for (tries = 0; tries < SHRINKS; tries++) {
		rc = e->api->mem_new(e->dev, plan->nonces_max * plan->scratch_per_nonce,
				     &e->scratch, err);
		if (rc != -ERR_MEMORY)
			break;
		plan->nonces_max /= 2;
		plan->nonces_max -= plan->nonces_max % (plan->lanes ? plan->lanes : 1);
		if (!plan->nonces_max)
			break;
	}
	if (!rc && plan->nonces_start > plan->nonces_max)
		plan->nonces_start = plan->nonces_max;
	return rc;
}

static int load_plan(struct engine *e, const struct algo_plan *plan, struct err *err)
{
	int rc;

	e->plan = *plan;
	rc = make_scratch(e, &e->plan, err);
	return rc ? rc : build(e, &e->plan, err);
}

/* Ready to mine with this plan, and right. */
static int try_plan(struct engine *e, const struct algo_plan *plan, struct err *err)
{
	struct prover prover = {.algo = e->config.algo, .run = run_alone, .arg = e};
	int rc;

	say(e, "building kernels", 0, BUILD_LIMIT_S);
	rc = load_plan(e, plan, err);
	if (rc || e->config.no_selftest)
		return named(&e->config, rc, err);
	say(e, "self-test", 0, PROVE_LIMIT_S);
	prover.nonces_max = e->plan.nonces_max;
	prover.nonces_large =
		e->plan.nonces_start < LARGE_BATCH ? (uint32_t)e->plan.nonces_start : LARGE_BATCH;
	rc = prove(&prover, err);
	if (rc == -ERR_SELFTEST && plan->label[0])
		err_prefix(err, "%s:%u: %s", e->config.backend, e->config.index, plan->label);
	return named(&e->config, rc, err);
}

/* Nonces a second in batches of about the wanted length; *nonces is that batch. */
static int measure(struct engine *e, double *rate, uint64_t *nonces, struct err *err)
{
	uint64_t max = e->plan.nonces_max ? e->plan.nonces_max : UINT32_MAX;
	uint64_t count = e->plan.nonces_start ? e->plan.nonces_start : 1024;
	struct engine_result res;
	struct work work;
	int i, runs = 0, rc;

	prove_work(&work, e->config.algo, 7);
	work.target = (struct u256){{0}};
	*rate = 0;
	for (i = 0; i < MEASURE_STEPS && runs < MEASURE_RUNS; i++) {
		double factor;

		if (count > max)
			count = max;
		rc = run_alone(e, &work, 0, (uint32_t)count, &res, err);
		if (rc)
			return rc;
		if (!res.took_us)
			res.took_us = 1;
		factor = (double)e->config.batch_us / res.took_us;
		if (i && (factor < 2 || count == max)) {
			runs++;
			if ((double)count / res.took_us > *rate)
				*rate = (double)count / res.took_us;
			continue;
		}
		if (i) /* the first run may have compiled */
			count = (uint64_t)((double)count * (factor > 16 ? 16 : factor));
	}
	*nonces = *rate > 0 ? (uint64_t)(*rate * e->config.batch_us) : count;
	return 0;
}

struct choice {
	int best; /* -1: none works */
	double rate;
	uint64_t nonces;
	struct program *program; /* of the best so far */
};

/* The best plan stays built while others are tried; scratch does not, it may fill the card. */
static void keep_best(struct engine *e, struct choice *c, int i, double rate, uint64_t nonces)
{
	if (c->best >= 0 && rate <= c->rate)
		return;
	e->api->discard(c->program);
	*c = (struct choice){.best = i, .rate = rate, .nonces = nonces, .program = e->program};
	e->program = NULL;
}

static int choose(struct engine *e, struct algo_plan *plans, int n, struct choice *c,
		  struct err *err)
{
	struct err last = {0};
	double rate = 0;
	uint64_t nonces;
	int i, rc, worst = 0;

	for (i = 0; i < n; i++) {
		nonces = plans[i].nonces_start;
		rc = try_plan(e, &plans[i], &last);
		if (!rc && n > 1) {
			say(e, "measuring", (unsigned)(1000 * i / n), PROVE_LIMIT_S);
			rc = measure(e, &rate, &nonces, &last);
		}
		if (!rc) {
			plans[i] = e->plan;
			keep_best(e, c, i, rate, nonces);
			continue;
		}
		if (rc == -ERR_DEVICE) { /* lost: nothing else will work either */
			worst = rc;
			*err = last;
			break;
		}
		if (n > 1)
			note(e, &last);
		/* Wrong results are the gravest news, whatever came after. */
		if (worst != -ERR_SELFTEST) {
			worst = rc;
			*err = last;
		}
	}
	return c->best >= 0 && worst != -ERR_DEVICE ? 0 : worst;
}

static int take_choice(struct engine *e, const struct algo_plan *plans, struct choice *c,
		       struct err *err)
{
	e->api->discard(e->program);
	e->program = c->program;
	c->program = NULL;
	e->plan = plans[c->best];
	return named(&e->config, make_scratch(e, &e->plan, err), err);
}

static void fill_plan(const struct engine *e, uint64_t nonces, struct engine_plan *out)
{
	memset(out, 0, sizeof *out);
	str_copy(out->label, sizeof out->label, e->plan.label);
	out->nonces_start = nonces ? nonces : e->plan.nonces_start;
	out->nonces_max = e->plan.nonces_max;
	out->granule = (e->plan.lanes ? e->plan.lanes : 1) * (e->plan.local ? e->plan.local : 64);
}

static int list_plans(struct engine *e, struct algo_plan *plans, struct err *err)
{
	const struct algo_device facts = {
		.mem_free = e->info.mem_free,
		.mem_alloc = e->info.mem_alloc,
		.units = e->info.units,
		.lanes = e->info.lanes,
		.group_max = e->info.group_max,
		.cpu = e->info.cpu,
	};
	int n = algo_plans(e->config.algo, &facts, e->config.set, plans, ALGO_PLANS_MAX, err);

	if (n > 0)
		return n;
	if (!n)
		err_set(err, ERR_RANGE, "%s has no way to run on %s", e->config.algo->name,
			e->info.name);
	err_prefix(err, "%s:%u", e->config.backend, e->config.index);
	return n ? n : -ERR_RANGE;
}

static int gpu_prepare(struct engine *e, struct engine_plan *out, struct err *err)
{
	struct algo_plan plans[ALGO_PLANS_MAX];
	struct choice c = {.best = -1};
	struct plan_key key;
	int n = list_plans(e, plans, err), known, rc;

	if (n < 0)
		return n;
	plan_cache_key(&key, &e->info, e->config.algo, e->config.set, plans, n);
	known = n > 1 ? plan_cache_load(e->config.cache_dir, &key, n, &c.nonces) : -1;
	if (known >= 0) {
		rc = try_plan(e, &plans[known], err);
		if (!rc) {
			note_origin(e);
			fill_plan(e, c.nonces, out);
			return 0;
		}
	}
	rc = choose(e, plans, n, &c, err);
	if (!rc)
		rc = take_choice(e, plans, &c, err);
	e->api->discard(c.program);
	if (rc)
		return rc;
	if (n > 1)
		plan_cache_store(e->config.cache_dir, &key, c.best, c.nonces);
	note_origin(e);
	fill_plan(e, c.nonces, out);
	return 0;
}

const struct engine_ops engine_gpu = {
	.name = "gpu",
	.open = gpu_open,
	.prepare = gpu_prepare,
	.submit = gpu_submit,
	.collect = gpu_collect,
	.close = gpu_close,
};
