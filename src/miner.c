/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor: pools on one side, devices on the other, shares in between.  The only file
 * that sees them all; it never calls a driver.
 */
#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool/pools.h"
#include "src/clock.h"
#include "src/epoch.h"
#include "src/fleet.h"
#include "src/intake.h"
#include "src/log.h"
#include "src/paths.h"
#include "src/settings.h"
#include "src/sharelog.h"
#include "src/sharequeue.h"
#include "src/str.h"
#include "src/ui.h"
#include "src/verify.h"
#include "src/work.h"

#define LEASE_SECONDS 5.0        /* a device asks about this often */
#define LEASE_FIRST   (1u << 20) /* nonces, before its rate is known */
#define FLUSH_MS      2000       /* at the end: for answers of shares already sent */
#define ORPHAN_MS     60000      /* without a pool, devices go on with the last job for so long */

struct miner {
	const struct settings *settings;
	struct settings *reloaded; /* ours, unlike the first ones; NULL before a reload */
	const struct algo *algo;
	struct event_base *base;
	struct event *signals[3];
	struct event *second, *status, *flush, *limit;
	struct pools *pools;
	struct fleet *fleet;
	struct intake *intake;
	uint64_t set[ALGO_SETTINGS_MAX];
	struct verify *verify;
	struct sharequeue *queue;
	struct sharelog *sharelog;
	struct work_source work;
	uint64_t session[256]; /* the ready session of each pool; 0: none */
	struct rig_stats stats;
	struct samples latency, turnaround, submitted; /* milliseconds */
	int64_t start_ms, orphan_ms; /* orphan_ms: since when no pool is active; 0: one is */
	struct device_gaps {
		struct log_gap invalid, lost, flood;
	} gaps[DEVICES_MAX];
	bool stopping, stopped;
	int exit_code;
	char failure[ERR_TEXT_MAX]; /* why it ended by itself: the last line */
};

static void stop(struct miner *m, int code);
static void stop_when_flushed(struct miner *m);
static void fail(struct miner *m, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- shares ---- */

static void count_reason(struct miner *m, const char *text)
{
	struct rig_stats *s = &m->stats;
	unsigned i;

	if (!*text)
		text = "no reason given";
	for (i = 0; i < s->n_reasons && strcmp(s->reasons[i].text, text); i++)
		;
	if (i == s->n_reasons) {
		if (i == REJECT_REASONS_MAX)
			return;
		s->n_reasons++;
		str_copy(s->reasons[i].text, sizeof s->reasons[i].text, text);
	}
	s->reasons[i].count++;
}

static void count_final(struct share_counts *c, const struct share *share)
{
	switch (share->state) {
	case SHARE_ACCEPTED:
		c->accepted++;
		c->accepted_difficulty += share->job->difficulty;
		break;
	case SHARE_REJECTED:
		c->rejected++;
		break;
	case SHARE_STALE:
		c->stale++;
		break;
	case SHARE_INVALID:
		c->invalid++;
		break;
	default:
		c->lost++;
	}
}

/* A warning that thousands of shares may cause: a line now and then, with a count. */
static void warn_seldom(struct log_gap *gap, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void warn_seldom(struct log_gap *gap, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX], more[64] = "";
	uint64_t held;
	va_list ap;

	if (!log_gap(gap, clock_ms(), &held))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (held)
		snprintf(more, sizeof more, " (and %" PRIu64 " more since the last such line)",
			 held);
	log_warn(LOG_SHARE, "%s%s", text, more);
}

static void say_final(struct miner *m, const struct share *s)
{
	const char *device = fleet_id(m->fleet, s->device);
	struct device_gaps *gaps = &m->gaps[s->device % DEVICES_MAX];
	double ms = (double)(s->answered_us - s->sent_us) / 1000;

	switch (s->state) {
	case SHARE_ACCEPTED:
		log_info(LOG_SHARE, "accepted: %s, difficulty %.4g of %.4g, %.1f ms%s", device,
			 s->difficulty, s->job->difficulty, ms, s->block ? ", BLOCK" : "");
		break;
	case SHARE_REJECTED:
		log_warn(LOG_SHARE, "rejected: %s: %s (job %s)", device,
			 s->reason[0] ? s->reason : "no reason given", s->job->id);
		break;
	case SHARE_STALE: /* the pool's word is news; our own would flood at easy targets */
		log_line(s->sent_us ? LOG_NOTICE : LOG_DEBUG, LOG_SHARE, "stale: %s: %s (job %s)",
			 device, s->reason, s->job->id);
		break;
	case SHARE_INVALID:
		warn_seldom(&gaps->invalid,
			    "invalid: %s computed nonce %" PRIx64
			    " wrongly; the CPU check kept it from the pool",
			    device, s->nonce);
		break;
	default:
		warn_seldom(&gaps->lost, "lost: %s: %s (job %s)", device, s->reason, s->job->id);
	}
}

/* One share less on its way; the last one ends a program that waits for it. */
static void give_back(struct miner *m, struct share *s)
{
	sharequeue_recycle(m->queue, s);
	stop_when_flushed(m);
}

/* A share has reached its last state: count, log, give it back. */
static void on_final(void *arg, struct share *s)
{
	struct miner *m = arg;

	count_final(&m->stats.shares, s);
	count_final(fleet_shares(m->fleet, s->device), s);
	m->stats.blocks += s->state == SHARE_ACCEPTED && s->block;
	if (s->state == SHARE_REJECTED)
		count_reason(m, s->reason);
	if (s->answered_us && s->sent_us)
		samples_add(&m->latency, (double)(s->answered_us - s->sent_us) / 1000);
	say_final(m, s);
	sharelog_put(m->sharelog, s, fleet_id(m->fleet, s->device),
		     s->job->pool < m->settings->n_pools ? m->settings->pools[s->job->pool].url
							 : "",
		     clock_wall_ms());
	give_back(m, s);
}

static void finish(struct miner *m, struct share *s, enum share_state state, const char *reason)
{
	s->state = state;
	str_copy(s->reason, sizeof s->reason, reason);
	on_final(m, s);
}

static void submit(struct miner *m, struct share *s)
{
	struct err err = {0};
	int rc = pools_submit(m->pools, s, &s->request, &err);

	if (rc == 0) {
		s->session_sent = m->session[s->job->pool];
		sharequeue_sent(m->queue, s, clock_us());
		samples_add(&m->submitted, (double)(s->sent_us - s->found_us) / 1000);
	} else if (rc == -ERR_NET) {
		sharequeue_wait(m->queue, s);
	} else if (rc == -ERR_STALE) {
		finish(m, s, SHARE_STALE, err.text);
	} else {
		finish(m, s, SHARE_LOST, err.text);
	}
}

/* The reference has spoken. */
static void on_verified(void *arg, struct share *s, int rc)
{
	struct miner *m = arg;

	if (rc == -ERR_STALE) {
		finish(m, s, SHARE_STALE, "found for a job that is over");
		return;
	}
	if (rc) {
		finish(m, s, SHARE_LOST, "the reference could not check it");
		return;
	}
	if (u256_cmp(&s->digest.hash, &s->job->target) > 0) {
		/* Kernels compare the upper 64 bits only: equal there is no fault of theirs. */
		if (s->digest.hash.w[3] > s->job->target.w[3])
			finish(m, s, SHARE_INVALID, "the CPU disagrees");
		else
			give_back(m, s);
		return;
	}
	if (!sharequeue_is_new(m->queue, &s->digest)) {
		log_debug(LOG_SHARE, "duplicate from %s dropped", fleet_id(m->fleet, s->device));
		give_back(m, s);
		return;
	}
	s->difficulty = algo_difficulty(m->algo, &s->digest.hash);
	if (s->difficulty > m->stats.best_difficulty)
		m->stats.best_difficulty = s->difficulty;
	s->block = s->job->dialect->is_block && s->job->dialect->is_block(s->job, &s->digest);
	if (!work_find(&m->work, s->job->serial) && !s->block) {
		finish(m, s, SHARE_STALE, "found for a job that is over");
		return;
	}
	submit(m, s);
}

/* More candidates than the CPU can check: nothing is gained by piling them up. */
static void overrun(struct miner *m, struct share *s)
{
	struct share_counts *c = fleet_shares(m->fleet, s->device);

	c->lost++;
	m->stats.shares.lost++;
	warn_seldom(&m->gaps[s->device % DEVICES_MAX].flood,
		    "lost: %s finds shares faster than the CPU checks them (%u wait): ask the pool "
		    "for a higher difficulty or raise --verify-threads",
		    fleet_id(m->fleet, s->device), verify_pending(m->verify));
	sharequeue_recycle(m->queue, s);
}

static void on_found(void *arg, unsigned device, const struct ipc_found *f)
{
	struct miner *m = arg;
	struct job *job = work_find(&m->work, f->serial);
	struct share_counts *c = fleet_shares(m->fleet, device);
	struct share *s;

	if (!job) {
		c->stale++;
		m->stats.shares.stale++;
		log_debug(LOG_SHARE, "stale: %s found a nonce for a job that is over",
			  fleet_id(m->fleet, device));
		return;
	}
	s = sharequeue_blank(m->queue);
	if (!s || work_roll(job, f->roll, &s->work)) {
		c->lost++;
		m->stats.shares.lost++;
		free(s);
		return;
	}
	s->job = job_ref(job);
	s->device = device;
	s->nonce = f->nonce;
	s->state = SHARE_FOUND;
	s->found_us = f->at_us;
	if (verify_put(m->verify, s))
		overrun(m, s);
}

static void drop_share(void *arg, struct share *s)
{
	struct miner *m = arg;

	sharequeue_recycle(m->queue, s);
}

/* ---- work ---- */

static bool on_work(void *arg, unsigned device, double rate, struct ipc_work *out)
{
	struct miner *m = arg;
	double wanted = rate * LEASE_SECONDS;
	int rc;

	(void)device;
	if (m->stopping)
		return false;
	if (wanted < 1)
		wanted = LEASE_FIRST;
	if (wanted > 1e18)
		wanted = 1e18;
	rc = work_lease(&m->work, (uint64_t)wanted, &out->work);
	if (rc == -ERR_RANGE)
		log_debug(LOG_JOB, "the job's whole space is searched, waiting for the next");
	return rc == 0;
}

static struct epoch *on_epoch(void *arg)
{
	struct miner *m = arg;
	const struct job *job = work_current(&m->work);

	return job ? job->caches : NULL;
}

static void on_dead(void *arg)
{
	struct miner *m = arg;
	struct device_stats d;
	unsigned n = fleet_count(m->fleet);

	fleet_stats(m->fleet, 0, &d, clock_ms());
	fail(m, EXIT_DEVICE, "every device is parked: %s: %.230s%s", d.id, d.reason,
	     n > 1 ? "; the others: see above" : "");
}

/* ---- pools ---- */

static void idle_if_void(struct miner *m)
{
	if (!work_current(&m->work))
		fleet_idle(m->fleet, m->work.last_serial + 1);
}

/* Its epoch needs a light cache first; what a clean job outdates is not mined on meanwhile. */
static void on_waits(void *arg, const struct job *job)
{
	struct miner *m = arg;

	if (!job->clean && work_current(&m->work))
		return;
	log_info(LOG_JOB, "job %s is of epoch %u: building its light cache", job->id,
		 ALGO_EPOCH_SHOWN(job->epoch));
	work_pause(&m->work);
	idle_if_void(m);
}

static void on_publish(void *arg, struct job *take)
{
	struct miner *m = arg;
	struct err err = {0};
	bool clean = take->clean || !work_current(&m->work);
	uint64_t height = take->height;
	char id[JOB_ID_MAX];
	double difficulty = take->difficulty;
	int64_t received_us = take->received_us;

	str_copy(id, sizeof id, take->id);
	if (work_publish(&m->work, take, &err)) {
		log_warn(LOG_JOB, "%s; keeping the old job", err.text);
		return;
	}
	m->stats.jobs++;
	m->stats.height = height;
	m->stats.difficulty = difficulty;
	/*
	 * A job that is not clean outdates the leases of its forerunners all the same: it has
	 * newer transactions, and the difficulty that counts now.
	 */
	fleet_offer(m->fleet, m->work.last_serial);
	if (received_us)
		samples_add(&m->turnaround, (double)(clock_us() - received_us) / 1000);
	log_debug(LOG_JOB, "job %s%s, difficulty %.6g", id, clean ? ", clean" : "", difficulty);
}

static void on_job(void *arg, struct job *take)
{
	struct miner *m = arg;

	intake_put(m->intake, take);
}

static void on_flush(void *arg, unsigned pool, uint64_t session)
{
	struct miner *m = arg;

	intake_drop(m->intake, pool, session);
	work_void(&m->work, pool, session);
	idle_if_void(m);
}

static void on_answer(void *arg, unsigned pool, uint64_t session, uint32_t request,
		      enum client_verdict verdict, const char *reason)
{
	static const enum share_state states[] = {
		[VERDICT_ACCEPTED] = SHARE_ACCEPTED,
		[VERDICT_REJECTED] = SHARE_REJECTED,
		[VERDICT_STALE] = SHARE_STALE,
	};
	struct miner *m = arg;

	if (!sharequeue_answer(m->queue, pool, session, request, states[verdict], reason,
			       clock_us()))
		log_debug(LOG_POOL, "answer to an unknown request %u", (unsigned)request);
}

static void on_ready(void *arg, unsigned pool, uint64_t session, bool resumed, uint64_t old)
{
	struct miner *m = arg;
	struct share *s;

	if (pool >= sizeof m->session / sizeof m->session[0])
		return;
	m->session[pool] = session;
	while ((s = sharequeue_next(m->queue, pool, session)) != NULL)
		submit(m, s);
	while (resumed && (s = sharequeue_next(m->queue, pool, old)) != NULL)
		submit(m, s);
	sharequeue_forget(m->queue, pool, session);
	if (!resumed && old) {
		work_void(&m->work, pool, old);
		idle_if_void(m);
	}
}

static void on_down(void *arg, unsigned pool, uint64_t session)
{
	struct miner *m = arg;

	if (pool < sizeof m->session / sizeof m->session[0] && m->session[pool] == session)
		m->session[pool] = 0;
	intake_drop(m->intake, pool, session);
	sharequeue_down(m->queue, pool, session);
}

static void on_active(void *arg, int pool)
{
	struct miner *m = arg;

	m->orphan_ms = pool < 0 ? clock_ms() : 0;
	if (pool < 0)
		log_warn(LOG_POOL, "no pool is reachable; devices go on with the last job for %d s",
			 ORPHAN_MS / 1000);
}

static void on_gave_up(void *arg)
{
	struct miner *m = arg;

	struct pool_status s = {.last_error = ""};
	unsigned i, n = pools_count(m->pools);

	for (i = 0; i < n && !s.last_error[0]; i++)
		pools_status(m->pools, i, &s);
	fail(m, EXIT_POOL, "no pool could be used within --retries attempts: %.80s: %.160s%s",
	     s.url, s.last_error, n > 1 ? "; the others: see above" : "");
}

/* ---- display ---- */

static void snapshot(struct miner *m)
{
	struct rig_stats *s = &m->stats;
	int64_t now = clock_ms();
	int active = pools_active(m->pools);
	struct pool_status pool;
	unsigned i;

	s->uptime_ms = now - m->start_ms;
	s->rate_10s = fleet_rate(m->fleet, 10, now);
	s->rate_60s = fleet_rate(m->fleet, 60, now);
	s->rate_15m = fleet_rate(m->fleet, 900, now);
	s->latency_ms = samples_median(&m->latency);
	s->turnaround_ms = samples_median(&m->turnaround);
	s->submit_ms = samples_median(&m->submitted);
	s->pool[0] = '\0';
	str_copy(s->pool_state, sizeof s->pool_state, active < 0 ? "no pool" : "connected");
	if (active >= 0) {
		pools_status(m->pools, (unsigned)active, &pool);
		str_copy(s->pool, sizeof s->pool, pool.url);
	}
	for (i = 0; i < s->n_devices; i++)
		fleet_stats(m->fleet, i, &s->devices[i], now);
}

static void on_status(evutil_socket_t fd, short what, void *arg)
{
	struct miner *m = arg;

	(void)fd;
	(void)what;
	snapshot(m);
	ui_status(&m->stats);
}

static void on_second(evutil_socket_t fd, short what, void *arg)
{
	struct miner *m = arg;

	(void)fd;
	(void)what;
	sharequeue_expire(m->queue, clock_us());
	pools_set_hashrate(m->pools, fleet_rate(m->fleet, 60, clock_ms()));
	if (m->orphan_ms && clock_ms() - m->orphan_ms > ORPHAN_MS && work_current(&m->work)) {
		log_warn(LOG_POOL, "still no pool; devices idle until one is back");
		work_pause(&m->work);
		idle_if_void(m);
	}
}

/* ---- beginning and end ---- */

static void on_ended(void *arg)
{
	struct miner *m = arg;

	event_base_loopbreak(m->base);
}

/* Every answer is in, or time is up: now the devices. */
static void stop_devices(struct miner *m)
{
	if (m->stopped)
		return;
	m->stopped = true;
	event_del(m->flush);
	pools_stop(m->pools);
	fleet_stop(m->fleet, on_ended);
}

static void on_flush_timer(evutil_socket_t fd, short what, void *arg)
{
	struct miner *m = arg;

	(void)fd;
	(void)what;
	stop_devices(m);
}

/*
 * Called from within callbacks of the parts that are about to be stopped, so it only
 * wakes the timer.
 */
static void stop_when_flushed(struct miner *m)
{
	if (m->stopping && !m->stopped && !verify_pending(m->verify) &&
	    !sharequeue_in_flight(m->queue))
		event_active(m->flush, EV_TIMEOUT, 0);
}

static void stop(struct miner *m, int code)
{
	const struct timeval tv = {.tv_sec = FLUSH_MS / 1000};

	if (m->stopping)
		return;
	m->stopping = true;
	m->exit_code = code;
	fleet_idle(m->fleet, m->work.last_serial + 1);
	event_add(m->flush, &tv);
	stop_when_flushed(m);
}

/* End because of this; said now, and again where people look: at the end. */
static void fail(struct miner *m, int code, const char *fmt, ...)
{
	va_list ap;

	if (m->stopping)
		return;
	va_start(ap, fmt);
	vsnprintf(m->failure, sizeof m->failure, fmt, ap);
	va_end(ap);
	log_info(LOG_MINER, "stopping: %s", m->failure);
	stop(m, code);
}

static void on_time_limit(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	log_info(LOG_MINER, "time limit reached");
	stop(arg, EXIT_OK);
}

static void reload(struct miner *m)
{
	struct settings *fresh = NULL;
	struct err err = {0};

	log_reopen();
	sharelog_reopen(m->sharelog);
	if (settings_reload(&fresh, m->settings, &err) ||
	    pools_reload(m->pools, fresh->pools, fresh->n_pools, &err)) {
		log_error(LOG_MINER, "reload: %s; nothing was changed", err.text);
		settings_free(fresh);
		return;
	}
	log_info(LOG_MINER, "configuration reloaded: %u pool%s", fresh->n_pools,
		 fresh->n_pools == 1 ? "" : "s");
	settings_free(m->reloaded);
	m->settings = m->reloaded = fresh;
}

static void on_signal(evutil_socket_t signum, short what, void *arg)
{
	struct miner *m = arg;

	(void)what;
	if (signum == SIGHUP) {
		reload(m);
		return;
	}
	if (m->stopping) { /* asked twice: at once */
		stop_devices(m);
		return;
	}
	log_info(LOG_MINER, "%s: stopping", signum == SIGINT ? "interrupted" : "told to end");
	stop(m, EXIT_OK);
}

static int add_timer(struct miner *m, struct event **out, event_callback_fn fn, short flags,
		     unsigned seconds)
{
	const struct timeval tv = {.tv_sec = seconds};

	*out = event_new(m->base, -1, flags, fn, m);
	return !*out || (seconds && event_add(*out, &tv)) ? -ERR_NOMEM : 0;
}

static int set_up_events(struct miner *m, struct err *err)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	const struct settings *s = m->settings;
	unsigned i;
	int rc = 0;

	m->base = event_base_new();
	if (!m->base)
		return err_set(err, ERR_NOMEM, "cannot create the event loop");
	for (i = 0; i < 3; i++) {
		m->signals[i] = evsignal_new(m->base, signals[i], on_signal, m);
		if (!m->signals[i] || event_add(m->signals[i], NULL))
			rc = -ERR_NOMEM;
	}
	rc |= add_timer(m, &m->second, on_second, EV_PERSIST, 1);
	rc |= add_timer(m, &m->status, on_status, EV_PERSIST, s->stats_interval_s);
	rc |= add_timer(m, &m->flush, on_flush_timer, 0, 0);
	rc |= add_timer(m, &m->limit, on_time_limit, 0, s->time_limit_s);
	return rc ? err_set(err, ERR_NOMEM, "cannot create the event loop") : 0;
}

static int set_up_fleet(struct miner *m, const struct rig_list *devices, struct err *err)
{
	static const struct fleet_events events = {
		.work = on_work, .epoch = on_epoch, .found = on_found, .dead = on_dead};
	const struct settings *s = m->settings;
	struct fleet_config config = {
		.intensity = s->intensity,
		.sim = s->sim,
		.batch_ms = s->batch_ms,
		.cpu_threads = s->cpu_threads,
		.no_selftest = s->no_selftest,
		.limits = slot_limits_default,
	};
	char cache[512];

	str_copy(config.algo, sizeof config.algo, m->algo->name);
	memcpy(config.set, m->set, sizeof config.set);
	if (s->hang_timeout_s)
		config.limits.batch_floor_ms = (int32_t)s->hang_timeout_s * 1000;
	config.cache_dir = paths_cache(cache, sizeof cache, s->cache_dir);
	m->stats.devices = calloc(devices->n, sizeof *m->stats.devices);
	if (!m->stats.devices)
		return err_set(err, ERR_NOMEM, "no memory for %u devices", devices->n);
	m->stats.n_devices = devices->n;
	return fleet_new(&m->fleet, m->base, devices, &config, &events, m, err);
}

static int set_up_pools(struct miner *m, struct err *err)
{
	static const struct pools_events events = {
		.job = on_job,
		.flush = on_flush,
		.answer = on_answer,
		.ready = on_ready,
		.down = on_down,
		.active = on_active,
		.gave_up = on_gave_up,
	};
	const struct settings *s = m->settings;
	struct client_timeouts timeouts = client_timeouts_default;

	client_timeouts_bound(&timeouts, s->timeout_s);
	timeouts.dump = s->protocol_dump;
	return pools_new(&m->pools, m->base, s->pools, s->n_pools, m->algo, &timeouts, s->retries,
			 s->retry_pause_s, &events, m, err);
}

static void miner_done(struct miner *m)
{
	unsigned i;

	fleet_free(m->fleet);
	verify_free(m->verify, drop_share);
	intake_free(m->intake);
	pools_free(m->pools);
	work_done(&m->work);
	sharequeue_free(m->queue);
	sharelog_close(m->sharelog);
	for (i = 0; i < 3; i++)
		if (m->signals[i])
			event_free(m->signals[i]);
	if (m->second)
		event_free(m->second);
	if (m->status)
		event_free(m->status);
	if (m->flush)
		event_free(m->flush);
	if (m->limit)
		event_free(m->limit);
	if (m->base)
		event_base_free(m->base);
	free(m->stats.devices);
	settings_free(m->reloaded);
}

/* Whatever is wrong with the devices asked for, it is the devices: ERR_NODEV. */
static int find_devices(const struct settings *s, struct rig_list *out, struct err *err)
{
	struct rig_list *all = calloc(1, sizeof *all);
	unsigned i;
	int rc;

	if (!all)
		return err_set(err, ERR_NOMEM, "no memory for the device list");
	rc = rig_probe(all, PROBE_TIMEOUT_MS, err);
	if (!rc)
		rc = rig_pick(out, all, s->devices, err);
	if (rc)
		for (i = 0; i < all->n_notes; i++)
			log_info(LOG_DEVICE, "%s", all->notes[i]);
	free(all);
	if (rc == -ERR_RANGE || rc == -ERR_UNKNOWN)
		rc = -(err->code = ERR_NODEV);
	return rc;
}

static void announce(const struct miner *m, const struct rig_list *devices)
{
	char id[32];
	unsigned i;

	ui_legend();
	log_info(LOG_MINER, "mining %s on %u device%s, %u pool%s", m->algo->name, devices->n,
		 devices->n == 1 ? "" : "s", m->settings->n_pools,
		 m->settings->n_pools == 1 ? "" : "s");
	for (i = 0; i < devices->n; i++)
		log_info(LOG_DEVICE, "%s: %s%s%s", rig_id(id, sizeof id, &devices->dev[i]),
			 devices->dev[i].name, devices->dev[i].pci[0] ? ", " : "",
			 devices->dev[i].pci);
}

static int exit_code(const struct err *err)
{
	switch (err->code) {
	case ERR_NODEV:
		return EXIT_NO_DEVICE;
	case ERR_RANGE:
	case ERR_USAGE:
	case ERR_UNKNOWN:
	case ERR_PARSE:
		return EXIT_USAGE;
	default:
		return EXIT_SYSTEM;
	}
}

static int set_up(struct miner *m, struct rig_list *devices, struct err *err)
{
	static const struct intake_events intake = {.publish = on_publish, .waits = on_waits};
	int rc;

	rc = find_devices(m->settings, devices, err);
	if (!rc && m->settings->share_log)
		rc = sharelog_open(&m->sharelog, m->settings->share_log, err);
	if (!rc)
		rc = set_up_events(m, err);
	if (!rc)
		rc = sharequeue_new(&m->queue, on_final, m, err);
	if (!rc)
		rc = verify_new(&m->verify, m->base, m->settings->verify_threads, on_verified, m,
				err);
	if (!rc)
		rc = algo_settings(m->algo, m->set, (const char *const *)m->settings->set,
				   m->settings->n_set, err);
	if (!rc)
		rc = intake_new(&m->intake, m->base, m->algo, m->set, &intake, m, err);
	if (!rc)
		rc = set_up_fleet(m, devices, err);
	if (!rc)
		rc = set_up_pools(m, err);
	return rc;
}

int cmd_mine(struct settings *s)
{
	struct rig_list *devices = calloc(1, sizeof *devices);
	struct miner m = {.settings = s};
	struct err err = {0};

	if (!devices)
		return EXIT_SYSTEM;
	m.algo = algo_find(s->algo);
	m.start_ms = clock_ms();
	str_copy(m.stats.algo, sizeof m.stats.algo, m.algo->name);
	work_init(&m.work);
	if (set_up(&m, devices, &err)) {
		log_error(LOG_MINER, "%s", err.text);
		m.exit_code = exit_code(&err);
	} else {
		announce(&m, devices);
		fleet_start(m.fleet);
		pools_start(m.pools);
		event_base_dispatch(m.base);
		snapshot(&m);
		ui_summary(&m.stats);
		if (m.failure[0])
			log_error(LOG_MINER, "%s", m.failure);
	}
	miner_done(&m);
	free(devices);
	return m.exit_code;
}
