/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A device being measured by `adit bench`: its worker, its work, its clock. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/bench_proof.h"
#include "src/bench_run.h"
#include "src/bench_usage.h"
#include "src/clock.h"
#include "src/epoch.h"
#include "src/errand.h"
#include "src/str.h"
#include "src/tune_power.h"

#define HELD_MAX 2

#define FINDS_A_S   20.0 /* wanted while the clock runs: all are checked afterwards */
#define FINDS_BATCH 16.0 /* at most: the worker must not have to cut batches for them */
#define SHARE_FIRST 0x1p-24

#define WARM_PART   0.25 /* of a window: rates that have to agree before the clock runs */
#define WARM_LEAST  0.05
#define WARM_MOST   1.0
#define WARM_WINDOW 3.0  /* windows' time for them to, at most, ... */
#define WARM_MAX_S  20.0 /* ... or so long */
#define WARM_RATES  512
#define SETTLE      3 /* batches before the clock runs */

enum phase { PHASE_IDLE, PHASE_PLANTS, PHASE_WARM, PHASE_CLOCK };

struct run {
	struct bench_run_config config;
	struct bench_result *out;
	struct bench_proof *proof;
	struct bench_usage usage;
	struct errand worker;
	bool ready;
	int64_t opened_us, staged_us;
	unsigned readies;
	double *stage_s; /* of what it is at, NULL: nobody asks */

	enum phase phase;
	uint64_t serial, roll, lease;
	unsigned held;
	double share;
	/* plants: */
	uint64_t left;
	bool reaped;
	/* a window: */
	int64_t phase_us, start_us; /* 0: not yet */
	double length_s, hashes;
	unsigned settle, n, most;
	double *rates; /* most of them */
	double took_us, batches;
	double idle_us; /* < 0: some batch did not tell */
	uint64_t finds;
	bool over;
};

/* --- what people see ---------------------------------------------------------- */

static double warm_length(const struct bench_run_config *c)
{
	return fmin(fmax(c->seconds * WARM_PART, WARM_LEAST), WARM_MOST);
}

double bench_run_seconds(const struct bench_run_config *config)
{
	return config->seconds * config->repeat + 2 * BENCH_STEADY * warm_length(config);
}

static void show(struct run *r, const char *stage, unsigned permille)
{
	const struct bench_run_config *c = &r->config;
	struct bench_progress p = {.stage = stage, .permille = permille};
	double elapsed = r->start_us ? (double)(clock_us() - r->start_us) / 1e6 : 0;

	p.left_s = bench_run_seconds(c);
	if (r->phase == PHASE_CLOCK) {
		p.window = r->n < c->repeat ? r->n + 1 : c->repeat;
		p.left_s = fmax(0, c->seconds * (c->repeat - r->n) - elapsed);
	}
	if (r->n && r->rates)
		p.rate = r->rates[r->n - 1];
	if (c->progress)
		c->progress(c->arg, &p);
}

/* --- its work ----------------------------------------------------------------- */

static uint64_t target_of(double share)
{
	return share >= 1 ? UINT64_MAX : (uint64_t)(share * 0x1p64);
}

static void send_work(struct run *r, const struct work *work)
{
	struct ipc_work w;

	memset(&w, 0, sizeof w);
	w.work = *work;
	w.work.serial = r->serial;
	w.lease = ++r->lease;
	errand_tell(&r->worker, IPC_WORK, &w);
	r->held++;
}

static void give(struct run *r)
{
	struct work work;

	while ((r->phase == PHASE_WARM || r->phase == PHASE_CLOCK) && r->held < HELD_MAX &&
	       !r->worker.broken.code) {
		bench_proof_work(r->proof, ++r->roll, target_of(r->share), &work);
		send_work(r, &work);
	}
}

/* What was given before is not wanted any more. */
static void begin_phase(struct run *r, enum phase phase)
{
	struct ipc_number forget;

	r->phase = phase;
	r->phase_us = clock_us();
	forget.n = ++r->serial;
	errand_tell(&r->worker, IPC_FORGET, &forget);
}

/* --- what it says ------------------------------------------------------------- */

static void on_found(struct run *r, const struct ipc_found *f)
{
	bool planted = r->phase == PHASE_PLANTS;

	if (f->serial != r->serial || r->phase == PHASE_IDLE)
		return;
	r->finds += !r->over;
	/* A work it was never given: checked as one of a header that nobody has. */
	if (bench_proof_found(r->proof, planted,
			      planted || f->roll <= r->roll ? f->roll : UINT64_MAX, f->nonce,
			      target_of(r->share)))
		errand_breaks(&r->worker, ERR_DEVICE, "it finds absurdly much");
}

static void end_window(struct run *r, int64_t now)
{
	r->rates[r->n++] = r->hashes * 1e6 / (double)(now - r->start_us);
	r->start_us = now;
	r->hashes = 0;
	if (r->phase == PHASE_WARM) {
		r->out->steady = bench_steady(r->rates, r->n);
		r->over = r->out->steady || r->n == r->most ||
			  (double)(now - r->phase_us) / 1e6 >=
				  fmin(WARM_MAX_S, r->config.seconds * WARM_WINDOW);
	} else {
		r->over = r->n == r->most;
	}
	if (r->over && r->phase == PHASE_CLOCK)
		bench_usage_end(&r->usage, r->worker.pid);
}

static void on_clocked(struct run *r, const struct ipc_batch *b)
{
	int64_t now = clock_us();

	if (r->over)
		return;
	if (r->phase == PHASE_CLOCK)
		r->out->expected += (double)b->hashes * r->share;
	if (r->settle) {
		if (!--r->settle) {
			r->start_us = now;
			if (r->phase == PHASE_CLOCK)
				bench_usage_begin(&r->usage, r->worker.pid);
		}
		return;
	}
	r->hashes += (double)b->hashes;
	r->took_us += b->took_us;
	r->batches++;
	if (b->idle_us == BACKEND_UNKNOWN)
		r->idle_us = -1;
	else if (r->idle_us >= 0)
		r->idle_us += b->idle_us;
	if (r->phase == PHASE_CLOCK) {
		r->out->hashes += (double)b->hashes;
		r->out->seconds = (double)(now - r->usage.start_us) / 1e6;
	}
	if ((double)(now - r->start_us) >= r->length_s * 1e6)
		end_window(r, now);
	show(r, r->phase == PHASE_WARM ? "warming up" : "measuring", 0);
}

static void on_batch(struct run *r, const struct ipc_batch *b)
{
	if (b->serial != r->serial)
		return;
	if (r->phase != PHASE_PLANTS) {
		on_clocked(r, b);
		return;
	}
	if (b->hashes > r->left) {
		errand_breaks(&r->worker, ERR_PROTO, "it searched more than it was given");
		return;
	}
	r->left -= b->hashes;
	r->reaped = !r->left;
}

/* Stages before it is ready are timed by their names. */
static double *stage_clock(struct run *r, const char *name)
{
	const struct {
		const char *name;
		double *at;
	} all[] = {{"opening the device", &r->out->open_s},
		   {"building kernels", &r->out->build_s},
		   {"self-test", &r->out->selftest_s},
		   {"measuring", &r->out->measure_s}};
	size_t i;

	for (i = 0; i < sizeof all / sizeof all[0]; i++)
		if (!strcmp(all[i].name, name))
			return all[i].at;
	return NULL;
}

static void change_stage(struct run *r, double *to)
{
	int64_t now = clock_us();

	if (r->stage_s)
		*r->stage_s =
			(*r->stage_s < 0 ? 0 : *r->stage_s) + (double)(now - r->staged_us) / 1e6;
	r->stage_s = to;
	r->staged_us = now;
}

static void on_progress(struct run *r, const struct ipc_progress *p)
{
	change_stage(r, r->readies ? NULL : stage_clock(r, p->stage));
	show(r, p->stage, p->permille);
}

static void on_ready(struct run *r, const struct ipc_ready *m)
{
	int64_t now = clock_us();

	change_stage(r, NULL);
	str_copy(r->out->label, sizeof r->out->label, m->label);
	r->out->to_device = m->to_device;
	r->out->from_device = m->from_device;
	if (!r->readies++)
		r->out->ready_s = (double)(now - r->opened_us) / 1e6;
	else if (r->phase_us)
		r->out->dataset_s = (double)(now - r->phase_us) / 1e6;
	r->ready = true;
}

static void on_message(void *arg, const struct ipc_msg *m)
{
	struct run *r = arg;

	switch (m->head.type) {
	case IPC_PROGRESS:
		on_progress(r, &m->u.progress);
		break;
	case IPC_READY:
		on_ready(r, &m->u.ready);
		break;
	case IPC_HUNGRY:
		if (m->u.number.n > r->held) {
			errand_breaks(&r->worker, ERR_PROTO,
				      "it returned more works than it was given");
			return;
		}
		r->held -= (unsigned)m->u.number.n;
		give(r);
		break;
	case IPC_BATCH:
		on_batch(r, &m->u.batch);
		break;
	case IPC_FOUND:
		on_found(r, &m->u.found);
		break;
	default:
		break;
	}
}

/* One that cannot be started is broken from the beginning. */
static void start_worker(struct run *r)
{
	const struct bench_run_config *c = &r->config;
	const struct errand_config worker = {.base = c->base,
					     .info = c->info,
					     .epoch = c->epoch,
					     .silence_ms = c->silence_ms,
					     .stop = c->stop,
					     .algo = c->algo,
					     .set = c->open.set,
					     .on_message = on_message,
					     .arg = r};
	struct err err = {0};

	r->opened_us = r->staged_us = clock_us();
	r->stage_s = &r->out->open_s;
	if (errand_begin(&r->worker, &worker, IPC_OPEN, &c->open, &err))
		errand_breaks(&r->worker, err.code, err.text);
}

/* --- measuring ---------------------------------------------------------------- */

/* Simulated devices search nothing. */
static bool plants(struct run *r)
{
	struct work work;
	unsigned i;

	if (r->out->simulated)
		return true;
	r->left = 0;
	r->reaped = false;
	bench_proof_sown(r->proof);
	begin_phase(r, PHASE_PLANTS);
	for (i = 0; i < BENCH_PLANTS; i++) {
		bench_proof_plant(r->proof, i, &work);
		r->left += work.nonce_count;
		send_work(r, &work);
	}
	show(r, "finding what was planted", 0);
	if (!errand_await(&r->worker, &r->reaped))
		return false;
	bench_proof_reaped(r->proof);
	return true;
}

static bool windows(struct run *r, enum phase phase, double length_s, double *rates, unsigned most)
{
	r->rates = rates;
	r->n = 0;
	r->most = most;
	r->length_s = length_s;
	r->hashes = r->took_us = r->batches = r->idle_us = 0;
	r->finds = 0;
	r->settle = SETTLE;
	r->start_us = 0;
	r->over = false;
	begin_phase(r, phase);
	give(r);
	return errand_await(&r->worker, &r->over);
}

/* The part of all hashes that makes a find. */
static double pick_share(const struct run *r)
{
	double rate = r->n ? r->rates[r->n - 1] : 0;
	double batch = r->batches > 0 && rate > 0 ? rate * r->took_us / 1e6 / r->batches : 1e9;
	double share = rate > 0 ? FINDS_A_S / rate : SHARE_FIRST;
	double most = FINDS_BATCH / fmax(batch, FINDS_BATCH * FINDS_BATCH);

	return fmin(share, most);
}

static bool measure(struct run *r, double *warm)
{
	struct bench_result *out = r->out;
	const struct bench_run_config *c = &r->config;
	bool went;

	r->share = SHARE_FIRST;
	if (!windows(r, PHASE_WARM, warm_length(c), warm, WARM_RATES))
		return false;
	r->share = pick_share(r);
	if (c->power)
		tune_power_begin(c->power, c->device);
	went = windows(r, PHASE_CLOCK, c->seconds, out->windows, c->repeat);
	out->n = r->n;
	out->lucky = r->finds;
	out->batches = r->batches;
	out->batch_us = r->batches > 0 ? r->took_us / r->batches : 0;
	if (r->batches > 0 && r->idle_us >= 0 && out->seconds > 0)
		out->idle_percent = r->idle_us / (out->seconds * 1e4);
	return went;
}

static void take_sensors(struct run *r)
{
	const struct bench_run_config *c = &r->config;
	const struct sensor_reading *now;
	struct bench_result *out = r->out;
	bool counted;

	if (!c->power || !out->n)
		return;
	out->power_mw = tune_power_end(c->power, &counted);
	if (out->power_mw > 0 && out->rate.median > 0) /* a milliwatt at 1 H/s: 1000 J a MH */
		out->joules_per_mh = out->power_mw * 1000 / out->rate.median;
	now = tune_power_last(c->power, c->device);
	if (now && sensor_has(now, SENSOR_CORE_MC))
		out->core_mc = now->v[SENSOR_CORE_MC];
	if (now && sensor_has(now, SENSOR_MEMORY_MC))
		out->memory_mc = now->v[SENSOR_MEMORY_MC];
}

/* Worst news first. */
static void conclude(struct run *r)
{
	struct bench_result *out = r->out;

	bench_spread(&out->rate, out->windows, out->n);
	take_sensors(r);
	bench_proof_judge(r->proof, out);
	out->cpu_percent = r->usage.cpu_percent;
	out->wakeups = r->usage.wakeups;
	out->preemptions = r->usage.preemptions;
	out->memory_bytes = r->usage.memory_bytes;
	if (out->wrong || out->missed || r->worker.broken.code == ERR_SELFTEST) {
		out->state = BENCH_WRONG;
		snprintf(out->why, sizeof out->why,
			 "%llu of %llu finds are wrong, %llu of %llu planted solutions were missed",
			 (unsigned long long)out->wrong, (unsigned long long)out->found,
			 (unsigned long long)out->missed, (unsigned long long)out->planted);
		if (r->worker.broken.code == ERR_SELFTEST)
			str_copy(out->why, sizeof out->why, r->worker.broken.text);
	} else if (r->worker.broken.code) {
		out->state = r->worker.unfit || r->worker.broken.code == ERR_MEMORY ? BENCH_UNFIT
										    : BENCH_FAILED;
		str_copy(out->why, sizeof out->why, r->worker.broken.text);
	} else if (!out->simulated && bench_too_few(out->lucky, out->expected)) {
		out->state = BENCH_WRONG;
		snprintf(out->why, sizeof out->why,
			 "it found %llu where about %.0f were to be expected",
			 (unsigned long long)out->lucky, out->expected);
	} else if (*r->config.stop) {
		out->state = BENCH_STOPPED;
		str_copy(out->why, sizeof out->why, "interrupted");
	}
}

void bench_run_none(struct bench_result *out)
{
	out->open_s = out->build_s = out->selftest_s = out->measure_s = out->ready_s = -1;
	out->dataset_s = out->cpu_percent = out->power_mw = out->joules_per_mh = -1;
	out->idle_percent = out->wakeups = out->preemptions = -1;
	out->core_mc = out->memory_mc = BENCH_UNKNOWN;
}

int bench_run(const struct bench_run_config *config, struct bench_result *out, struct err *err)
{
	struct run *r = calloc(1, sizeof *r);
	double *warm = calloc(WARM_RATES, sizeof *warm);
	const struct algo_epoch *ep = config->epoch ? &config->epoch->view : NULL;
	int rc = 0;

	bench_run_none(out);
	out->simulated = !strcmp(config->info->backend, "sim");
	out->windows = calloc(config->repeat, sizeof *out->windows);
	if (!r || !warm || !out->windows) {
		rc = err_set(err, ERR_NOMEM, "no memory to measure with");
		goto out;
	}
	r->config = *config;
	r->out = out;
	r->usage.cpu_percent = r->usage.wakeups = r->usage.preemptions = -1;
	str_copy(r->config.open.backend, sizeof r->config.open.backend, config->info->backend);
	r->config.open.index = config->info->index;
	if (ep)
		out->dataset_bytes = ep->facts.dataset_bytes;
	rc = bench_proof_new(&r->proof, config->algo, ep, config->height, err);
	if (!rc) {
		start_worker(r);
		if (errand_await(&r->worker, &r->ready) && plants(r) && measure(r, warm))
			plants(r);
		r->phase = PHASE_IDLE;
		errand_end(&r->worker);
		conclude(r);
	}
out:
	if (r) {
		errand_end(&r->worker);
		bench_proof_free(r->proof);
	}
	free(warm);
	free(r);
	return rc;
}
