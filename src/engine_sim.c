/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine that only pretends: batches last as long as its rate says, and bring as many
 * shares as luck would.  Shares are real ones, found by the reference within a small
 * budget of CPU time; where the target is too hard for that there are none.
 * Uses Linux calls (timerfd).
 */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "src/clock.h"
#include "src/engine.h"
#include "src/sim_script.h"
#include "src/str.h"

#define CPU_SHARE     0.03   /* of a core, to look for shares with */
#define CPU_SAVED_US  100000 /* budget that may pile up meanwhile */
#define OWED_MAX      64
#define SLICE_US      200000 /* of a dataset */
#define SLICE_LIMIT_S 60
#define TRIES_AT_ONCE 64 /* between looks at the budget */
#define DRAWN_MAX     (ABI_SLOTS - 1)

struct batch {
	struct work work;
	uint64_t first;
	uint32_t count;
	int64_t start_us, end_us;
	uint32_t idle_us;
};

struct engine {
	struct sim_script script;
	const struct algo *algo;
	const struct algo_epoch *ep;
	const struct engine_host *host;
	uint32_t index;
	int timer;
	uint64_t luck; /* state of the generator */
	int64_t ready_us, busy_until_us;
	double budget_us;
	int64_t budget_at_us;
	uint32_t owed;  /* shares drawn for which no nonce was found yet */
	double hash_us; /* what one try costs */
	struct batch batch[ENGINE_SLOTS];
};

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint64_t draw(struct engine *e)
{
	uint64_t z = e->luck += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* In (0, 1]. */
static double draw_unit(struct engine *e)
{
	return ((double)(draw(e) >> 11) + 1) * 0x1p-53;
}

/* Poisson: by multiplication for small means (Knuth), the normal limit for large. */
static uint32_t draw_poisson(struct engine *e, double mean)
{
	double limit, product = 1;
	uint32_t n = 0;

	if (mean > 60) {
		double normal = sqrt(-2 * log(draw_unit(e))) * cos(2 * M_PI * draw_unit(e));
		double v = mean + sqrt(mean) * normal;

		return v < 0 ? 0 : v > DRAWN_MAX ? DRAWN_MAX : (uint32_t)v;
	}
	limit = exp(-mean);
	while ((product *= draw_unit(e)) > limit)
		n++;
	return n < DRAWN_MAX ? n : DRAWN_MAX;
}

int engine_sim_check(const char *script, struct err *err)
{
	struct sim_script unused;

	return sim_script_parse(&unused, script, 0, err);
}

void engine_sim_info(struct device_info *out, uint32_t index)
{
	memset(out, 0, sizeof *out);
	str_copy(out->backend, sizeof out->backend, "sim");
	out->index = index;
	snprintf(out->name, sizeof out->name, "Simulated device %u", index);
	str_copy(out->vendor, sizeof out->vendor, "Adit");
	str_copy(out->driver, sizeof out->driver, "built in");
	out->mem_total = out->mem_free = out->mem_alloc = (uint64_t)8 << 30;
	out->units = out->lanes = 1;
	out->group_max = 256;
}

static int sim_open(struct engine **out, const struct engine_config *config,
		    struct device_info *info, struct err *err)
{
	struct engine *e = calloc(1, sizeof *e);
	int rc;

	if (!e)
		return err_set(err, ERR_NOMEM, "no memory for a device");
	rc = sim_script_parse(&e->script, config->sim, config->index, err);
	if (rc) {
		free(e);
		return rc;
	}
	e->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (e->timer < 0) {
		free(e);
		return err_set(err, ERR_IO, "no timer: %s", strerror(errno));
	}
	e->algo = config->algo;
	e->host = config->host;
	e->index = config->index;
	e->luck = e->script.seed * 0x2545f4914f6cdd1du + config->index;
	engine_sim_info(info, config->index);
	*out = e;
	return 0;
}

static void sim_close(struct engine *e)
{
	if (!e)
		return;
	close(e->timer);
	free(e);
}

/* --- faults ------------------------------------------------------------------- */

static void hang(void)
{
	for (;;)
		pause();
}

static int fail_early(struct engine *e, struct err *err)
{
	const struct sim_script *s = &e->script;

	if (sim_script_fault(s, SIM_HANG_BUILD, INT64_MAX))
		hang();
	if (sim_script_fault(s, SIM_CRASH_BUILD, INT64_MAX))
		raise(SIGKILL);
	if (sim_script_fault(s, SIM_FAIL_BUILD, INT64_MAX))
		return err_set(err, ERR_BUILD, "sim:%u: kernel does not build (scripted)",
			       e->index);
	if (sim_script_fault(s, SIM_FAIL_SELFTEST, INT64_MAX))
		return err_set(err, ERR_SELFTEST, "sim:%u: self-test failed (scripted)", e->index);
	if (sim_script_fault(s, SIM_FAIL_MEMORY, INT64_MAX))
		return err_set(err, ERR_MEMORY,
			       "sim:%u: no room for a buffer of 16384 MiB (memory 8192 MiB; "
			       "scripted)",
			       e->index);
	return 0;
}

/* Whatever is due at this time after ready. */
static int fail_now(struct engine *e, int64_t at_us, struct err *err)
{
	const struct sim_script *s = &e->script;

	if (sim_script_fault(s, SIM_CRASH, at_us))
		raise(SIGKILL);
	if (sim_script_fault(s, SIM_FAIL, at_us))
		return err_set(err, ERR_DEVICE, "sim:%u: device lost (scripted)", e->index);
	if (sim_script_fault(s, SIM_STUCK, at_us)) {
		signal(SIGTERM, SIG_IGN);
		hang();
	}
	if (sim_script_fault(s, SIM_HANG, at_us))
		hang();
	return 0;
}

/* --- work --------------------------------------------------------------------- */

/* What a hash costs here: the best of a few, for with many devices starting most are interrupted.
 */
static void measure(struct engine *e)
{
	struct work work = {.header_len = e->algo->header_len,
			    .epoch = e->ep ? e->ep->facts.epoch : 0};
	struct digest digest;
	int64_t start;
	int i, round;

	e->hash_us = 1e9;
	for (round = 0; round < 8; round++) {
		start = clock_us();
		for (i = 0; i < 8; i++)
			e->algo->hash(e->ep, &work, (uint64_t)i, &digest);
		if ((double)(clock_us() - start) / 8 < e->hash_us)
			e->hash_us = (double)(clock_us() - start) / 8;
	}
	if (e->hash_us < 0.05)
		e->hash_us = 0.05;
}

static void fill_plan(const struct engine *e, struct engine_plan *out)
{
	memset(out, 0, sizeof *out);
	snprintf(out->label, sizeof out->label, "simulated %.4g H/s", e->script.rate);
	out->nonces_start = e->script.rate / 40 < 1 ? 1 : (uint64_t)(e->script.rate / 40);
	out->granule = 1;
}

static int sim_prepare(struct engine *e, struct engine_plan *out, struct err *err)
{
	int rc = fail_early(e, err);

	if (rc)
		return rc;
	if (!e->algo->dataset)
		measure(e);
	fill_plan(e, out);
	e->ready_us = e->budget_at_us = clock_us();
	e->budget_us = CPU_SAVED_US;
	return 0;
}

static int sim_submit(struct engine *e, unsigned slot, const struct work *work, uint64_t first,
		      uint32_t count, struct err *err)
{
	struct batch *b = &e->batch[slot];
	int64_t now = clock_us();
	const struct sim_fault *slow = sim_script_fault(&e->script, SIM_SLOW, now - e->ready_us);
	double rate = e->script.rate * (slow ? slow->value : 1);

	(void)err;
	b->work = *work;
	b->first = first;
	b->count = count;
	b->start_us = now > e->busy_until_us ? now : e->busy_until_us;
	b->idle_us = BACKEND_UNKNOWN;
	if (e->busy_until_us && b->start_us - e->busy_until_us < BACKEND_UNKNOWN)
		b->idle_us = (uint32_t)(b->start_us - e->busy_until_us);
	b->end_us = b->start_us + (int64_t)((double)count / rate * 1e6);
	e->busy_until_us = b->end_us;
	return 0;
}

/* Shares the CPU time spent so far among the time that passed. */
static void refill(struct engine *e)
{
	int64_t now = clock_us();

	e->budget_us += (double)(now - e->budget_at_us) * CPU_SHARE;
	if (e->budget_us > CPU_SAVED_US)
		e->budget_us = CPU_SAVED_US;
	e->budget_at_us = now;
}

static bool hits(const struct engine *e, const struct batch *b, uint64_t nonce)
{
	struct digest digest;

	return !e->algo->hash(e->ep, &b->work, nonce, &digest) &&
	       u256_cmp(&digest.hash, &b->work.target) <= 0;
}

static bool has(const struct engine_result *r, uint64_t nonce)
{
	uint32_t i;

	for (i = 0; i < r->n; i++)
		if (r->nonce[i] == nonce)
			return true;
	return false;
}

/*
 * The first nonce at or after a random place that is a share (or is none, when wanted) and was
 * not found yet.
 */
static bool look_for(struct engine *e, const struct batch *b, bool share,
		     const struct engine_result *found, uint64_t *out)
{
	uint32_t at = (uint32_t)(draw(e) % b->count), tried;

	for (tried = 0; tried < b->count; tried++) {
		if (tried % TRIES_AT_ONCE == 0 && e->budget_us <= 0)
			return false;
		e->budget_us -= e->hash_us;
		if (hits(e, b, b->first + at) == share && !has(found, b->first + at)) {
			*out = b->first + at;
			return true;
		}
		at = at + 1 == b->count ? 0 : at + 1;
	}
	return false;
}

static void add(struct engine_result *out, uint64_t nonce)
{
	uint32_t i, at = 0;

	while (at < out->n && out->nonce[at] < nonce)
		at++;
	if (at < out->n && out->nonce[at] == nonce)
		return;
	for (i = out->n++; i > at; i--)
		out->nonce[i] = out->nonce[i - 1];
	out->nonce[at] = nonce;
}

static void find_shares(struct engine *e, const struct batch *b, struct engine_result *out)
{
	const struct sim_fault *invalid =
		sim_script_fault(&e->script, SIM_INVALID, b->end_us - e->ready_us);
	double share = (u256_double(&b->work.target) + 1) * 0x1p-256;
	uint32_t drawn = draw_poisson(e, share * b->count);
	uint64_t nonce;

	/* A range may hold fewer hits than were drawn for it: the next ones make up for it. */
	drawn += e->owed;
	e->owed = 0;

	refill(e);
	while (drawn--) {
		bool wrong = invalid && draw_unit(e) <= invalid->value;

		/* Too hard to find one within the budget of many seconds: do not try. */
		if (!wrong && e->hash_us / share > 4 * CPU_SAVED_US)
			continue;
		if (look_for(e, b, !wrong, out, &nonce))
			add(out, nonce);
		else if (!wrong && e->owed < OWED_MAX)
			e->owed++;
	}
	out->hits = out->n;
}

/* Is this one of the batches said to have more hits than there are slots? */
static bool floods(struct engine *e, const struct batch *b)
{
	const struct sim_fault *flood =
		sim_script_fault(&e->script, SIM_FLOOD, b->end_us - e->ready_us);

	return flood && b->count > ABI_SLOTS && draw_unit(e) <= flood->value;
}

/* Sleep until our clock shows this time. */
static void await_time(struct engine *e, int64_t at_us)
{
	const struct itimerspec at = {
		.it_value = {.tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000 + 1}};
	uint64_t expired;

	timerfd_settime(e->timer, TFD_TIMER_ABSTIME, &at, NULL);
	while (read(e->timer, &expired, sizeof expired) < 0 && errno == EINTR)
		;
}

/* Generating takes as long as the script says, in slices like a real one. */
static int pretend_dataset(struct engine *e)
{
	struct engine_stage stage = {.name = "generating the dataset", .limit_s = SLICE_LIMIT_S};
	int64_t total = e->script.dataset_us, start = clock_us(), spent = 0;

	for (; spent < total; spent = clock_us() - start) {
		int64_t left = total - spent;

		stage.permille = (unsigned)(spent * 1000 / total);
		stage.left_s = (unsigned)(left / 1000000) + 1;
		e->host->stage(e->host->arg, &stage);
		if (e->host->go_on && !e->host->go_on(e->host->arg))
			return -ERR_STALE;
		await_time(e, clock_us() + (left < SLICE_US ? left : SLICE_US));
	}
	return 0;
}

static int sim_epoch(struct engine *e, const struct algo_epoch *ep, struct engine_plan *out,
		     struct engine_fit *fit, struct err *err)
{
	int rc;

	fit->need = ep->facts.dataset_bytes + (uint64_t)ep->facts.cache_items * 64;
	fit->left = (uint64_t)e->script.mem;
	if (fit->need > fit->left)
		return err_set(err, ERR_MEMORY, "sim:%u: a dataset of %llu MiB does not fit",
			       e->index, (unsigned long long)(fit->need >> 20));
	rc = pretend_dataset(e);
	if (rc)
		return rc;
	e->ep = ep;
	measure(e);
	fill_plan(e, out);
	return 0;
}

static int sim_collect(struct engine *e, unsigned slot, struct engine_result *out, struct err *err)
{
	const struct batch *b = &e->batch[slot];
	int rc = fail_now(e, clock_us() - e->ready_us, err);

	if (rc)
		return rc;
	await_time(e, b->end_us);
	rc = fail_now(e, clock_us() - e->ready_us, err);
	if (rc)
		return rc;
	out->n = out->hits = 0;
	out->took_us = (uint32_t)(b->end_us - b->start_us);
	out->idle_us = b->idle_us;
	if (floods(e, b))
		out->hits = ABI_SLOTS + 1;
	else
		find_shares(e, b, out);
	return 0;
}

const struct engine_ops engine_sim = {
	.name = "sim",
	.open = sim_open,
	.prepare = sim_prepare,
	.epoch = sim_epoch,
	.submit = sim_submit,
	.collect = sim_collect,
	.close = sim_close,
};
