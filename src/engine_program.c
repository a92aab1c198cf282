/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Kernels, one for each period of blocks where the algorithm wants that.  While one is mined
 * with, a thread builds the next: a card that compiles at the change of a block stands still.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "src/clock.h"
#include "src/engine_gpu.h"
#include "src/prove.h"

#define CHECK_NONCES 16 /* of every new program, against the reference */
#define CHECK_SHARE  4  /* one in so many hits */

/* What is compiled, as texts of our own: the thread may outlive the plan they came from. */
struct recipe {
	uint64_t number;
	char options[sizeof((struct algo_plan *)0)->options];
	char *body, *ptx; /* ALGO_PROGRAM_MAX each, or NULL */
	bool has_ptx;
};

struct ahead {
	struct engine *engine;
	pthread_t thread;
	bool running; /* to be joined */
	atomic_bool done;
	struct recipe recipe;
	struct program *program;
	struct err why;
};

static int write_recipe(struct recipe *r, const struct engine *e, uint64_t number, struct err *err)
{
	const struct algo *algo = e->config.algo;

	r->number = number;
	memcpy(r->options, e->plan.options, sizeof r->options);
	r->has_ptx = false;
	if (!algo->program)
		return 0;
	if (!r->body)
		r->body = malloc(ALGO_PROGRAM_MAX);
	if (!r->ptx)
		r->ptx = malloc(ALGO_PROGRAM_MAX);
	if (!r->body || !r->ptx)
		return err_set(err, ERR_NOMEM, "no memory for the text of a program");
	if (algo->program->text(algo, number, e->plan.form, r->body, ALGO_PROGRAM_MAX) < 0)
		return err_set(err, ERR_RANGE, "program %llu of %s is too long",
			       (unsigned long long)number, algo->name);
	r->has_ptx = algo->program->text(algo, number, FORM_PTX, r->ptx, ALGO_PROGRAM_MAX) >= 0;
	return 0;
}

static void recipe_done(struct recipe *r)
{
	free(r->body);
	free(r->ptx);
	r->body = r->ptx = NULL;
}

static int build(struct engine *e, const struct recipe *r, struct program **out, char **log,
		 struct err *err)
{
	const struct code code = {
		.source = e->config.algo->kernel,
		.options = r->options,
		.body = r->body,
		.body_ptx = r->has_ptx ? r->ptx : NULL,
	};

	return e->api->build(e->dev, &code, out, log, err);
}

/* ---- ahead of need ---- */

static void *run(void *arg)
{
	struct ahead *a = arg;

	build(a->engine, &a->recipe, &a->program, NULL, &a->why);
	atomic_store(&a->done, true);
	return NULL;
}

/* Join the thread and keep what it made, if it is for the present plan. */
static void collect(struct engine *e)
{
	struct ahead *a = e->ahead;

	if (!a || !a->running)
		return;
	pthread_join(a->thread, NULL);
	a->running = false;
}

static void start_ahead(struct engine *e, uint64_t number)
{
	struct ahead *a = e->ahead;
	struct err ignored;
	unsigned i;

	for (i = 0; i < e->programs.n; i++)
		if (e->programs.kept[i].number == number)
			return;
	if (!a)
		a = e->ahead = calloc(1, sizeof *a);
	if (!a || (a->running && !atomic_load(&a->done)))
		return;
	collect(e);
	if (a->recipe.number == number && !strcmp(a->recipe.options, e->plan.options))
		return; /* waits to be taken, or does not build: told when it is needed */
	e->api->discard(a->program);
	a->program = NULL;
	a->engine = e;
	atomic_store(&a->done, false);
	if (!write_recipe(&a->recipe, e, number, &ignored))
		a->running = !pthread_create(&a->thread, NULL, run, a);
}

/* What the thread built, if it is this; waits for it when it is at it. */
static struct program *take_ahead(struct engine *e, uint64_t number)
{
	struct ahead *a = e->ahead;
	struct program *made;

	if (!a || a->recipe.number != number || strcmp(a->recipe.options, e->plan.options))
		return NULL;
	collect(e);
	made = a->program;
	a->program = NULL;
	return made;
}

void gpu_ahead_stop(struct engine *e)
{
	if (!e->ahead)
		return;
	collect(e);
	e->api->discard(e->ahead->program);
	recipe_done(&e->ahead->recipe);
	free(e->ahead);
	e->ahead = NULL;
}

/* ---- the programs at hand ---- */

void gpu_programs_drop(struct engine *e, struct programs *p)
{
	while (p->n)
		e->api->discard(p->kept[--p->n].program);
}

static struct program *find(struct programs *p, uint64_t number)
{
	unsigned i;

	for (i = 0; i < p->n; i++)
		if (p->kept[i].number == number) {
			p->kept[i].used = ++p->uses;
			return p->kept[i].program;
		}
	return NULL;
}

/*
 * The one longest unused gives way.  It cannot be in flight: those that are were used within the
 * last ENGINE_SLOTS calls, and more than that are kept.
 */
static void keep(struct engine *e, uint64_t number, struct program *program)
{
	struct programs *p = &e->programs;
	unsigned i, at = 0;

	if (p->n < PROGRAMS_KEPT) {
		at = p->n++;
	} else {
		for (i = 1; i < p->n; i++)
			if (p->kept[i].used < p->kept[at].used)
				at = i;
		e->api->discard(p->kept[at].program);
	}
	p->kept[at] = (struct built){.number = number, .used = ++p->uses, .program = program};
}

static void forget(struct engine *e, uint64_t number)
{
	struct programs *p = &e->programs;
	unsigned i;

	for (i = 0; i < p->n; i++)
		if (p->kept[i].number == number) {
			e->api->discard(p->kept[i].program);
			p->kept[i] = p->kept[--p->n];
			return;
		}
}

static int build_now(struct engine *e, uint64_t number, struct program **out, struct err *err)
{
	struct recipe recipe = {.body = NULL};
	char *log = NULL;
	int rc = write_recipe(&recipe, e, number, err);

	if (!rc)
		rc = build(e, &recipe, out, &log, err);
	gpu_named(e, rc, err); /* before keep_log(), which fills the text to its end */
	if (rc == -ERR_BUILD)
		gpu_keep_log(e, log, err);
	free(log);
	recipe_done(&recipe);
	return rc;
}

/* A few nonces with the program that was just kept.  Its heights are those of `height`. */
static int check(struct engine *e, uint64_t height, struct err *err)
{
	const struct algo *algo = e->config.algo;
	struct engine_result res;
	struct digest digest;
	struct work work;
	uint32_t i, hits = 0;
	int rc;

	prove_work(&work, algo, e->data->ep, height);
	work.height = height;
	work.target.w[3] = UINT64_MAX / CHECK_SHARE;
	rc = gpu_run_alone(e, &work, height, CHECK_NONCES, &res, err);
	if (rc)
		return rc;
	for (i = 0; i < CHECK_NONCES; i++) {
		bool hit, told = false;
		uint32_t k;

		if (algo->hash(e->data->ep, &work, height + i, &digest))
			return err_set(err, ERR_SELFTEST, "the reference of %s fails", algo->name);
		hit = digest.hash.w[3] <= work.target.w[3];
		hits += hit;
		for (k = 0; k < res.n; k++)
			told |= res.nonce[k] == height + i;
		if (hit != told)
			break;
	}
	if (i == CHECK_NONCES && hits == res.hits)
		return 0;
	return err_set(err, ERR_SELFTEST,
		       "the program for block %llu of %s computes wrong hashes on this device",
		       (unsigned long long)height, algo->name);
}

static int make(struct engine *e, uint64_t height, uint64_t number, struct program **out,
		struct err *err)
{
	const struct engine_stage stage = {.name = "building kernels", .limit_s = BUILD_LIMIT_S};
	int64_t start = clock_ms();
	int rc;

	*out = take_ahead(e, number);
	if (!*out) {
		gpu_say(e, &stage);
		rc = build_now(e, number, out, err);
		if (rc)
			return rc;
		if (e->mining)
			gpu_note(e, 0,
				 "built the kernels for block %llu in %lld ms, not ahead of need",
				 (unsigned long long)height, (long long)(clock_ms() - start));
	}
	keep(e, number, *out);
	if (!e->config.algo->program || !e->data || e->config.no_selftest)
		return 0;
	rc = check(e, height, err);
	if (rc)
		forget(e, number);
	return rc;
}

int gpu_program(struct engine *e, uint64_t height, struct program **out, struct err *err)
{
	const struct algo *algo = e->config.algo;
	uint64_t number = algo->program ? algo->program->of_height(algo, height) : 0;
	int rc = 0;

	*out = find(&e->programs, number);
	if (!*out)
		rc = make(e, height, number, out, err);
	if (rc == -ERR_SELFTEST) { /* once is chance; a card that keeps on is restarted */
		gpu_note(e, ERR_SELFTEST, "%s; building it again", err->text);
		rc = make(e, height, number, out, err);
		if (rc == -ERR_SELFTEST)
			rc = -(err->code = ERR_DEVICE);
	}
	if (!rc && algo->program && e->data == &e->real)
		start_ahead(e, number + 1);
	return rc;
}
