/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A device being measured: its worker, its work, its finds. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/clock.h"
#include "src/epoch.h"
#include "src/errand.h"
#include "src/prove.h"
#include "src/str.h"
#include "src/tune_power.h"
#include "src/tune_session.h"

#define SILENCE_MS     60000 /* of a worker before it counts as hung */
#define HELD_MAX       2
#define LEASES_KEPT    8
#define BREAKDOWNS_MAX 4

#define FINDS_A_S    10.0 /* wanted: enough to see wrong ones, few enough to check */
#define FINDS_BATCH  16.0 /* at most: the worker must not have to cut batches for them */
#define SHARE_FIRST  0x1p-24
#define CHECKS_A_S   40 /* and no more are checked */
#define CHECKS_FIRST 50
#define EXPECTED_MIN 50 /* finds, before having none says something */

#define SETTLE_PART  0.1 /* of the time, for clocks and temperatures to follow */
#define SETTLE_MAX_S 2.0

/* One measurement. */
struct window {
	bool settling, done;
	int64_t first_us, start_us, end_us; /* of batches */
	uint64_t hashes, batches;           /* between start and end */
	uint64_t most, full;                /* nonces of a full batch, how many there were */
	uint64_t took_us;                   /* by these */
	double expected;                    /* finds */
	uint64_t found, checked, invalid;
};

struct tune_session {
	struct tune_session_config config;
	struct device_info info;
	struct errand worker; /* its fd < 0: none was started yet */
	bool ready;
	unsigned breakdowns;
	unsigned held;
	uint64_t serial, lease, job;
	struct ipc_work given[LEASES_KEPT];
	double rate, share, seconds;
	uint32_t intensity;
	struct window w;
};

/* --- its work ----------------------------------------------------------------- */

/* The part of all hashes that makes a find. */
static double pick_share(const struct tune_session *s)
{
	double share = s->rate > 0 ? FINDS_A_S / s->rate : SHARE_FIRST;
	double most = s->intensity ? FINDS_BATCH / exp2(s->intensity) : 1;

	share = share < most ? share : most;
	return share < 1.0 / FINDS_BATCH ? share : 1.0 / FINDS_BATCH;
}

static void give(struct tune_session *s)
{
	const struct algo *algo = s->config.algo;
	const struct algo_epoch *ep = s->config.epoch ? &s->config.epoch->view : NULL;
	struct ipc_work *w;

	while (s->ready && s->held < HELD_MAX && !s->worker.broken.code) {
		w = &s->given[++s->lease % LEASES_KEPT];
		memset(w, 0, sizeof *w);
		prove_work(&w->work, algo, ep, ++s->job);
		if (s->config.height)
			w->work.height = s->config.height;
		w->lease = s->lease;
		w->work.serial = s->serial;
		w->work.roll = s->job;
		w->work.nonce_count = algo->nonce_len == 8 ? UINT64_MAX : (uint64_t)1 << 32;
		w->work.target.w[3] = (uint64_t)(s->share * 0x1p64);
		errand_tell(&s->worker, IPC_WORK, w);
		s->held++;
	}
}

/* --- what it says ------------------------------------------------------------- */

static void on_found(struct tune_session *s, const struct ipc_found *f)
{
	const struct ipc_work *w = &s->given[f->lease % LEASES_KEPT];
	const struct algo_epoch *ep = s->config.epoch ? &s->config.epoch->view : NULL;
	double elapsed = (double)(clock_us() - s->w.first_us) / 1e6;
	struct digest digest;

	if (f->serial != s->serial || s->w.done)
		return;
	s->w.found++;
	if (w->lease != f->lease || f->roll != w->work.roll ||
	    f->nonce - w->work.nonce_first >= w->work.nonce_count) {
		s->w.invalid++;
		return;
	}
	if (s->w.checked >= CHECKS_FIRST + (s->w.first_us ? elapsed * CHECKS_A_S : 0))
		return;
	s->w.checked++;
	/* Kernels look at the top 64 bits. */
	if (s->config.algo->hash(ep, &w->work, f->nonce, &digest) ||
	    digest.hash.w[3] > w->work.target.w[3])
		s->w.invalid++;
}

static void begin_window(struct tune_session *s, int64_t now)
{
	s->w.settling = false;
	s->w.start_us = s->w.end_us = now;
	if (s->config.power)
		tune_power_begin(s->config.power, s->config.device);
}

static void on_batch(struct tune_session *s, const struct ipc_batch *b)
{
	double settle = s->seconds * SETTLE_PART;
	struct window *w = &s->w;
	int64_t now = clock_us();

	if (b->serial != s->serial || w->done)
		return;
	w->expected += (double)b->hashes * s->share;
	if (!w->first_us)
		w->first_us = now;
	if (w->settling) {
		settle = settle < SETTLE_MAX_S ? settle : SETTLE_MAX_S;
		if ((double)(now - w->first_us) >= settle * 1e6)
			begin_window(s, now);
		return;
	}
	w->hashes += b->hashes;
	w->batches++;
	w->end_us = now;
	if (b->hashes > w->most) {
		w->most = b->hashes;
		w->took_us = w->full = 0;
	}
	if (b->hashes == w->most) {
		w->took_us += b->took_us;
		w->full++;
	}
	w->done = (double)(now - w->start_us) >= s->seconds * 1e6;
}

static void on_message(void *arg, const struct ipc_msg *m)
{
	struct tune_session *s = arg;

	switch (m->head.type) {
	case IPC_HELLO:
		s->info = m->u.hello.info;
		break;
	case IPC_READY:
		s->ready = true;
		break;
	case IPC_HUNGRY:
		if (m->u.number.n > s->held) {
			errand_breaks(&s->worker, ERR_PROTO,
				      "it returned more works than it was given");
			return;
		}
		s->held -= (unsigned)m->u.number.n;
		if (s->serial)
			give(s);
		break;
	case IPC_BATCH:
		on_batch(s, &m->u.batch);
		break;
	case IPC_FOUND:
		on_found(s, &m->u.found);
		break;
	default:
		break;
	}
}

/* --- measuring ---------------------------------------------------------------- */

static int start_worker(struct tune_session *s, struct err *err)
{
	const struct tune_session_config *c = &s->config;
	const struct errand_config worker = {.base = c->base,
					     .info = c->info,
					     .epoch = c->epoch,
					     .silence_ms = SILENCE_MS,
					     .stop = c->stop,
					     .algo = c->algo,
					     .set = c->open.set,
					     .on_message = on_message,
					     .arg = s};

	s->held = 0;
	s->ready = false;
	return errand_begin(&s->worker, &worker, IPC_OPEN, &c->open, err);
}

/* A worker that is ready; another one when the last broke down. */
static int get_worker(struct tune_session *s, struct err *err)
{
	int rc;

	if (s->worker.fd >= 0 && !s->worker.broken.code)
		return 0;
	errand_end(&s->worker);
	rc = start_worker(s, err);
	if (!rc && !errand_await(&s->worker, &s->ready)) {
		if (s->worker.broken.code)
			*err = s->worker.broken;
		else
			err_set(err, ERR_BUSY, "interrupted");
		rc = -err->code;
	}
	return rc;
}

int tune_session_new(struct tune_session **out, const struct tune_session_config *config,
		     struct err *err)
{
	struct tune_session *s = calloc(1, sizeof *s);
	int rc;

	if (!s)
		return err_set(err, ERR_NOMEM, "no memory for a device");
	s->config = *config;
	s->info = *config->info;
	s->worker.fd = -1;
	str_copy(s->config.open.backend, sizeof s->config.open.backend, s->info.backend);
	s->config.open.index = s->info.index;
	s->config.open.intensity = 0;
	rc = get_worker(s, err);
	if (rc) {
		tune_session_free(s);
		return rc;
	}
	*out = s;
	return 0;
}

void tune_session_free(struct tune_session *s)
{
	if (!s)
		return;
	errand_end(&s->worker);
	free(s);
}

const struct device_info *tune_session_info(const struct tune_session *s)
{
	return &s->info;
}

double tune_session_batch(const struct tune_session *s)
{
	return s->w.batches ? (double)s->w.hashes / (double)s->w.batches : 0;
}

/* Does it find nothing where it should?  Simulated devices find what their CPU budget allows. */
static bool finds_too_little(const struct tune_session *s)
{
	return strcmp(s->info.backend, "sim") != 0 && s->w.expected >= EXPECTED_MIN &&
	       (double)s->w.found < s->w.expected / 4;
}

static void fill_result(struct tune_session *s, struct tune_result *r, char *why)
{
	const struct window *w = &s->w;
	bool counted = false;
	double nonces = exp2(s->intensity);

	r->seconds = (double)(w->end_us - w->start_us) / 1e6;
	r->rate_hps = r->seconds > 0 ? (double)w->hashes / r->seconds : 0;
	r->found = w->found;
	r->invalid = w->invalid;
	r->batch_us = w->full ? (uint32_t)(w->took_us / w->full) : 0;
	if (s->intensity && w->most && (double)w->most < nonces * 0.6)
		r->intensity_top = (uint32_t)log2((double)w->most);
	if (s->config.power)
		r->power_mw = tune_power_end(s->config.power, &counted);
	if (counted)
		r->joules = r->power_mw / 1000 * r->seconds;
	if (!finds_too_little(s))
		return;
	r->failed = true;
	snprintf(why, ERR_TEXT_MAX, "it found %llu where about %.0f were to be expected",
		 (unsigned long long)w->found, w->expected);
}

/* Would another worker do no better? */
static bool is_useless(const struct tune_session *s)
{
	int code = s->worker.broken.code;

	return s->worker.unfit || code == ERR_SELFTEST || code == ERR_BUILD || code == ERR_NODEV;
}

/* The worker broke down while it was measured: the setting's fault, for the first few times. */
static int broke_down(struct tune_session *s, struct tune_result *r, char *why, struct err *err)
{
	if (s->config.power) {
		bool unused;

		tune_power_end(s->config.power, &unused);
	}
	if (is_useless(s) || ++s->breakdowns > BREAKDOWNS_MAX) {
		*err = s->worker.broken;
		return -err->code;
	}
	r->failed = true;
	str_copy(why, ERR_TEXT_MAX, s->worker.broken.text);
	return 0;
}

int tune_session_measure(struct tune_session *s, uint32_t intensity, double seconds,
			 struct tune_result *r, char *why, struct err *err)
{
	const struct ipc_limit limit = {
		.batch_ms = s->config.open.batch_ms, .duty_permille = 1000, .intensity = intensity};
	struct ipc_number forget;
	int rc;

	*r = (struct tune_result){.joules = -1, .power_mw = -1};
	why[0] = '\0';
	rc = get_worker(s, err);
	if (rc)
		return rc;
	s->w = (struct window){.settling = true};
	s->intensity = intensity;
	s->seconds = seconds;
	s->share = pick_share(s);
	forget.n = ++s->serial;
	errand_tell(&s->worker, IPC_LIMIT, &limit);
	errand_tell(&s->worker, IPC_FORGET, &forget);
	give(s);
	if (errand_await(&s->worker, &s->w.done)) {
		fill_result(s, r, why);
		if (r->rate_hps > 0)
			s->rate = r->rate_hps;
		return 0;
	}
	if (*s->config.stop)
		return err_set(err, ERR_BUSY, "interrupted");
	return broke_down(s, r, why, err);
}
