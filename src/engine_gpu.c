/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine over a compute backend: builds an algorithm's kernels, proves them
 * against the reference, takes the fastest plan, and keeps two batches queued.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/engine_gpu.h"
#include "src/plan_cache.h"
#include "src/prove.h"
#include "src/str.h"

#define PROVE_LIMIT_S 120 /* PoCL and rusticl really compile at the first launch */
#define LARGE_BATCH   (1u << 22)
#define MEASURE_STEPS 12
#define MEASURE_RUNS  3
#define SHRINKS       4 /* times the scratch is halved when the card has less than it says */

static void gpu_close(struct engine *e)
{
	unsigned i;

	if (!e)
		return;
	gpu_ahead_stop(e);
	for (i = 0; i < GPU_SLOTS; i++) {
		e->api->mem_free(e->job[i]);
		e->api->mem_free(e->results[i]);
	}
	e->api->mem_free(e->scratch);
	gpu_dataset_free(e, &e->small);
	gpu_dataset_free(e, &e->real);
	gpu_programs_drop(e, &e->programs);
	e->api->close(e->dev);
	algo_epoch_free(e->small_ep);
	free(e);
}

int gpu_named(const struct engine *e, int rc, struct err *err)
{
	char id[32];

	snprintf(id, sizeof id, "%s:%u: ", e->config.backend, e->config.index);
	if (rc && strncmp(err->text, id, strlen(id)) != 0)
		err_prefix(err, "%s:%u", e->config.backend, e->config.index);
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
	e->chosen = -1;
	for (i = 0; i < GPU_SLOTS && !rc; i++) {
		rc = e->api->mem_new(e->dev, sizeof(struct abi_job), &e->job[i], err);
		if (!rc)
			rc = e->api->mem_new(e->dev, sizeof(struct abi_results), &e->results[i],
					     err);
	}
	if (rc) {
		gpu_named(e, rc, err);
		gpu_close(e);
		return rc;
	}
	*info = e->info;
	*out = e;
	return 0;
}

/* --- one batch ---------------------------------------------------------------- */

/* Of the results: what is zeroed before a batch. */
#define RESULTS_HEAD offsetof(struct abi_results, nonce)

static int launch_steps(struct engine *e, struct program *program, unsigned slot, uint64_t first,
			uint32_t count, struct err *err)
{
	const struct algo *algo = e->config.algo;
	uint32_t lanes = e->plan.lanes ? e->plan.lanes : 1;
	uint32_t shared = e->plan.items_per_nonce ? e->plan.items_per_nonce : 1;
	struct launch l = {.items = ((uint64_t)count + lanes - 1) / lanes * shared,
			   .local = e->plan.local,
			   .local_bytes = e->plan.local_bytes,
			   .job = e->job[slot],
			   .results = e->results[slot],
			   .scratch = e->scratch,
			   .first = first,
			   .count = count};
	unsigned i;
	int rc = 0;

	if (e->data) {
		l.dataset = e->data->part[0];
		memcpy(l.more, e->data->part + 1, sizeof l.more);
		l.parts = e->data->parts;
	}
	for (i = 0; i < algo->n_steps && !rc; i++) {
		if (algo->steps[i].when != STEP_BATCH)
			continue;
		l.entry = algo->steps[i].entry;
		rc = e->api->launch(program, &l, err);
	}
	return rc;
}

/* With the program given: queue a batch and what brings its results back. */
static int queue(struct engine *e, struct program *program, unsigned slot, const struct work *work,
		 uint64_t first, uint32_t count, struct err *err)
{
	static const struct abi_results none; /* its first 8 bytes: count and abort */
	struct abi_job job = {0};
	int rc;

	e->config.algo->prepare(e->data ? e->data->ep : NULL, work, &job);
	job.target = work->target.w[3];
	rc = e->api->write(e->job[slot], 0, &job, sizeof job, err);
	if (!rc)
		rc = e->api->write(e->results[slot], 0, &none, RESULTS_HEAD, err);
	if (!rc)
		rc = launch_steps(e, program, slot, first, count, err);
	if (!rc)
		rc = e->api->read(e->results[slot], 0, &e->host[slot], sizeof e->host[slot], err);
	if (!rc)
		rc = e->api->mark(e->dev, slot, err);
	return rc;
}

static int gpu_submit(struct engine *e, unsigned slot, const struct work *work, uint64_t first,
		      uint32_t count, struct err *err)
{
	struct program *program = NULL;
	int rc = gpu_program(e, work->height, &program, err);

	if (!rc)
		rc = queue(e, program, slot, work, first, count, err);
	e->mining = !rc;
	return gpu_named(e, rc, err);
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
		return gpu_named(e, rc, err);
	out->idle_us = e->api->idle_us ? e->api->idle_us(e->dev) : BACKEND_UNKNOWN;
	out->hits = res->count;
	out->aborted = res->abort != 0;
	n = res->count < ABI_SLOTS ? res->count : ABI_SLOTS;
	memcpy(out->nonce, res->nonce, n * sizeof out->nonce[0]);
	qsort(out->nonce, n, sizeof out->nonce[0], compare);
	for (i = out->n = 0; i < n; i++)
		if (!i || out->nonce[i] != out->nonce[i - 1])
			out->nonce[out->n++] = out->nonce[i];
	return 0;
}

static void gpu_abort(struct engine *e)
{
	unsigned i;

	for (i = 0; i < ENGINE_SLOTS && e->api->poke; i++)
		e->api->poke(e->dev, e->results[i], offsetof(struct abi_results, abort), 1);
}

int gpu_run_alone(void *arg, const struct work *work, uint64_t first, uint32_t count,
		  struct engine_result *out, struct err *err)
{
	struct engine *e = arg;
	struct program *program = NULL;
	int rc = gpu_program(e, work->height, &program, err);

	if (!rc)
		rc = queue(e, program, GPU_CHECK_SLOT, work, first, count, err);
	return rc ? gpu_named(e, rc, err) : gpu_collect(e, GPU_CHECK_SLOT, out, err);
}

/* --- plans -------------------------------------------------------------------- */

void gpu_say(struct engine *e, const struct engine_stage *stage)
{
	e->config.host->stage(e->config.host->arg, stage);
}

static void say(struct engine *e, const char *name, unsigned permille, unsigned limit_s)
{
	const struct engine_stage stage = {name, permille, 0, limit_s};

	gpu_say(e, &stage);
}

void gpu_note(struct engine *e, int code, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	struct err err;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	err_set(&err, code, "%s", text);
	gpu_named(e, 1, &err);
	e->config.host->note(e->config.host->arg, code, err.text);
}

static void note(struct engine *e, const struct err *err)
{
	e->config.host->note(e->config.host->arg, err->code, err->text);
}

/* Where the kernels come from: what a report of a wrong or slow device needs to say. */
static void note_origin(struct engine *e)
{
	char how[200] = "";

	if (!e->api->describe || !e->programs.n)
		return;
	e->api->describe(e->programs.kept[0].program, NULL, how, sizeof how);
	gpu_note(e, 0, "kernels: %s", how);
}

void gpu_keep_log(struct engine *e, const char *log, struct err *err)
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

/* The dataset proofs are made on: tiny, in the layout of the plan. */
static int make_small(struct engine *e, struct err *err)
{
	struct engine_fit fit;
	int rc = 0;

	if (!e->config.algo->dataset)
		return 0;
	if (!e->small_ep)
		rc = algo_epoch_small(&e->small_ep, e->config.algo, err);
	return rc ? rc : gpu_dataset_make(e, &e->small, e->small_ep, false, &fit, err);
}

static int load_plan(struct engine *e, const struct algo_plan *plan, struct err *err)
{
	struct program *program;
	struct work work;
	int rc;

	gpu_programs_drop(e, &e->programs);
	e->plan = *plan;
	rc = make_scratch(e, &e->plan, err);
	if (!rc)
		rc = make_small(e, err);
	if (rc)
		return rc;
	e->data = e->config.algo->dataset ? &e->small : NULL;
	prove_work(&work, e->config.algo, e->small_ep, 1);
	return gpu_program(e, work.height, &program, err);
}

/* Ready to mine with this plan, and right.  Leaves the small dataset in place. */
static int try_plan(struct engine *e, const struct algo_plan *plan, struct err *err)
{
	struct prover prover = {.algo = e->config.algo, .run = gpu_run_alone, .arg = e};
	int rc;

	say(e, "building kernels", 0, BUILD_LIMIT_S);
	rc = load_plan(e, plan, err);
	if (rc || e->config.no_selftest)
		return gpu_named(e, rc, err);
	say(e, "self-test", 0, PROVE_LIMIT_S);
	prover.ep = e->small_ep;
	prover.nonces_max = e->plan.nonces_max;
	prover.nonces_large =
		e->plan.nonces_start < LARGE_BATCH ? (uint32_t)e->plan.nonces_start : LARGE_BATCH;
	rc = prove(&prover, err);
	if (rc == -ERR_SELFTEST && plan->label[0])
		err_prefix(err, "%s:%u: %s", e->config.backend, e->config.index, plan->label);
	return gpu_named(e, rc, err);
}

/* Nonces a second in batches of about the wanted length; *nonces is that batch. */
static int measure(struct engine *e, double *rate, uint64_t *nonces, struct err *err)
{
	uint64_t max = e->plan.nonces_max ? e->plan.nonces_max : UINT32_MAX;
	uint64_t count = e->plan.nonces_start ? e->plan.nonces_start : 1024;
	struct engine_result res;
	struct work work;
	int i, runs = 0, rc;

	prove_work(&work, e->config.algo, e->data ? e->data->ep : NULL, 7);
	work.target = (struct u256){{0}};
	*rate = 0;
	for (i = 0; i < MEASURE_STEPS && runs < MEASURE_RUNS; i++) {
		double factor;

		if (count > max)
			count = max;
		rc = gpu_run_alone(e, &work, 0, (uint32_t)count, &res, err);
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
	struct programs programs; /* of the best so far */
};

/* The best plan stays built while others are tried; scratch does not, it may fill the card. */
static void keep_best(struct engine *e, struct choice *c, int i, double rate, uint64_t nonces)
{
	if (c->best >= 0 && rate <= c->rate)
		return;
	gpu_programs_drop(e, &c->programs);
	*c = (struct choice){.best = i, .rate = rate, .nonces = nonces, .programs = e->programs};
	memset(&e->programs, 0, sizeof e->programs);
}

/* Prove a plan, and measure it on whatever will be searched. */
static int try_and_measure(struct engine *e, struct algo_plan *plan, bool alone, double *rate,
			   uint64_t *nonces, struct err *err)
{
	int rc = try_plan(e, plan, err);

	if (rc)
		return rc;
	*plan = e->plan;
	*nonces = plan->nonces_start;
	*rate = 0;
	if (alone)
		return 0;
	if (e->real.ep)
		e->data = &e->real;
	return measure(e, rate, nonces, err);
}

static int choose(struct engine *e, struct algo_plan *plans, int n, struct choice *c,
		  struct err *err)
{
	struct err last = {0};
	uint64_t nonces = 0;
	double rate = 0;
	int i, rc, worst = 0;

	for (i = 0; i < n; i++) {
		if (n > 1)
			say(e, "measuring", (unsigned)(1000 * i / n), PROVE_LIMIT_S);
		rc = try_and_measure(e, &plans[i], n == 1, &rate, &nonces, &last);
		if (!rc) {
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
	gpu_programs_drop(e, &e->programs);
	e->programs = c->programs;
	memset(&c->programs, 0, sizeof c->programs);
	e->plan = plans[c->best];
	e->chosen = c->best;
	return gpu_named(e, make_scratch(e, &e->plan, err), err);
}

static void fill_plan(const struct engine *e, uint64_t nonces, struct engine_plan *out)
{
	memset(out, 0, sizeof *out);
	str_copy(out->label, sizeof out->label, e->plan.label);
	out->nonces_start = nonces ? nonces : e->plan.nonces_start;
	out->nonces_max = e->plan.nonces_max;
	out->granule = (e->plan.lanes ? e->plan.lanes : 1) * (e->plan.local ? e->plan.local : 64);
	/* A core without a last group waits for those that have one: milliseconds, of scrypt. */
	if (e->info.cpu && e->info.units)
		out->granule *= e->info.units;
	out->to_device = sizeof(struct abi_job) + RESULTS_HEAD;
	out->from_device = sizeof(struct abi_results);
}

static int list_plans(struct engine *e, uint64_t dataset_bytes, struct algo_plan *plans,
		      struct err *err)
{
	const struct algo_device facts = {
		.mem_free = e->info.mem_free,
		.mem_alloc = e->info.mem_alloc,
		.units = e->info.units,
		.lanes = e->info.lanes,
		.group_max = e->info.group_max,
		.local_max = e->info.local_max,
		.cpu = e->info.cpu,
		.cuda = e->info.arch != 0,
		.dataset_bytes = dataset_bytes,
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

/* The plan that was best when this was measured before, else the best of all now. */
static int settle_plan(struct engine *e, struct algo_plan *plans, int n, uint64_t *nonces,
		       struct err *err)
{
	struct choice c = {.best = -1};
	struct plan_key key;
	int known, rc;

	plan_cache_key(&key, &e->info, e->config.algo, e->config.set, plans, n);
	known = n > 1 ? plan_cache_load(e->config.cache_dir, &key, n, nonces) : -1;
	if (known >= 0 && !try_plan(e, &plans[known], err)) {
		e->chosen = known;
		return 0;
	}
	rc = choose(e, plans, n, &c, err);
	if (!rc)
		rc = take_choice(e, plans, &c, err);
	gpu_programs_drop(e, &c.programs);
	if (rc)
		return rc;
	*nonces = c.nonces;
	if (n > 1)
		plan_cache_store(e->config.cache_dir, &key, c.best, c.nonces);
	return 0;
}

/* Kernels are proved on a tiny dataset here; which plan is best shows on a real one only. */
static int prepare_dataset_algo(struct engine *e, struct engine_plan *out, struct err *err)
{
	struct algo_plan plans[ALGO_PLANS_MAX];
	struct err last;
	int i, n, rc = algo_epoch_small(&e->small_ep, e->config.algo, err);

	if (rc)
		return rc;
	n = list_plans(e, e->small_ep->facts.dataset_bytes, plans, err);
	if (n < 0)
		return n;
	for (i = 0; i < n; i++) {
		rc = try_plan(e, &plans[i], &last);
		if (!rc)
			break;
		if (!i || rc == -ERR_SELFTEST)
			*err = last;
		if (i + 1 < n)
			note(e, &last);
	}
	if (i == n)
		return -err->code;
	e->proved = i;
	note_origin(e);
	fill_plan(e, 0, out);
	return 0;
}

static int gpu_prepare(struct engine *e, struct engine_plan *out, struct err *err)
{
	struct algo_plan plans[ALGO_PLANS_MAX];
	uint64_t nonces = 0;
	int n, rc;

	if (e->config.algo->dataset)
		return prepare_dataset_algo(e, out, err);
	n = list_plans(e, 0, plans, err);
	if (n < 0)
		return n;
	rc = settle_plan(e, plans, n, &nonces, err);
	if (rc)
		return rc;
	note_origin(e);
	fill_plan(e, nonces, out);
	return 0;
}

/* Would the plan build other kernels than those at hand? */
static bool differs(const struct engine *e, const struct algo_plan *plan)
{
	return strcmp(plan->options, e->plan.options) ||
	       strcmp(plan->options_epoch, e->plan.options_epoch) || plan->parts != e->plan.parts;
}

static int gpu_epoch(struct engine *e, const struct algo_epoch *ep, struct engine_plan *out,
		     struct engine_fit *fit, struct err *err)
{
	struct algo_plan plans[ALGO_PLANS_MAX];
	uint64_t nonces = 0;
	int n, at, rc;

	e->data = &e->small;
	gpu_dataset_free(e, &e->real);
	rc = e->api->mem_left(e->dev, &fit->left, err);
	if (rc)
		return gpu_named(e, rc, err);
	fit->need = ep->facts.dataset_bytes;
	n = list_plans(e, ep->facts.dataset_bytes, plans, err);
	if (n < 0)
		return n;
	at = e->chosen >= 0 ? e->chosen : e->proved;
	if (at >= n)
		at = 0;
	if (differs(e, &plans[at]))
		rc = try_plan(e, &plans[at], err);
	if (!rc)
		rc = gpu_dataset_make(e, &e->real, ep, true, fit, err);
	if (!rc && e->chosen < 0)
		rc = settle_plan(e, plans, n, &nonces, err);
	if (rc)
		return rc;
	e->data = &e->real;
	fill_plan(e, nonces, out);
	return 0;
}

const struct engine_ops engine_gpu = {
	.name = "gpu",
	.open = gpu_open,
	.prepare = gpu_prepare,
	.epoch = gpu_epoch,
	.submit = gpu_submit,
	.collect = gpu_collect,
	.abort = gpu_abort,
	.close = gpu_close,
};
