/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor's beginning, display and end. */
#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/clock.h"
#include "src/miner.h"
#include "src/paths.h"
#include "src/str.h"
#include "src/ui.h"

#define FLUSH_MS 2000 /* at the end: for answers of shares already sent */

static void stop(struct miner *m, int code);

static void on_dead(void *arg)
{
	struct miner *m = arg;
	struct device_stats d;
	unsigned n = fleet_count(m->fleet);

	fleet_stats(m->fleet, 0, &d, clock_ms());
	miner_fail(m, EXIT_DEVICE, "every device is parked: %s: %.230s%s", d.id, d.reason,
		   n > 1 ? "; the others: see above" : "");
}

/* ---- display ---- */

void miner_snapshot(struct miner *m)
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
	s->begun_ms = samples_median(&m->begun);
	s->submit_ms = samples_median(&m->submitted);
	s->pool[0] = '\0';
	str_copy(s->pool_state, sizeof s->pool_state, active < 0 ? "no pool" : "connected");
	if (active >= 0) {
		pools_status(m->pools, (unsigned)active, &pool);
		str_copy(s->pool, sizeof s->pool, pool.url);
	}
	for (i = 0; i < s->n_devices; i++) {
		fleet_stats(m->fleet, i, &s->devices[i], now);
		guardian_stats(m->guardian, i, &s->devices[i]);
	}
}

void miner_status(struct miner *m)
{
	miner_snapshot(m);
	miner_screen_mute(m, true);
	ui_status(&m->stats);
	miner_screen_mute(m, false);
	miner_service_status(m);
}

static void on_status(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	miner_status(arg);
}

static void say_steps(struct miner *m)
{
	int64_t now = clock_ms();
	struct device_stats d;
	unsigned i;

	miner_screen_mute(m, true); /* which shows them anyway */
	for (i = 0; i < fleet_count(m->fleet); i++) {
		fleet_stats(m->fleet, i, &d, now);
		ui_step(&m->steps[i], &d, now);
	}
	miner_screen_mute(m, false);
}

static void on_second(evutil_socket_t fd, short what, void *arg)
{
	struct miner *m = arg;
	struct guardian_job job;

	(void)fd;
	(void)what;
	miner_describe_job(m, &job);
	guardian_second(m->guardian, &job);
	sharequeue_expire(m->queue, clock_us());
	pools_set_hashrate(m->pools, fleet_rate(m->fleet, 60, clock_ms()));
	if (m->orphan_ms && clock_ms() - m->orphan_ms > MINER_ORPHAN_MS && work_current(&m->work)) {
		log_warn(LOG_POOL, "still no pool; devices idle until one is back");
		work_pause(&m->work);
		miner_idle_if_void(m);
	}
	say_steps(m);
	miner_service_second(m);
}

/* ---- beginning and end ---- */

static void on_ended(void *arg)
{
	struct miner *m = arg;

	event_base_loopbreak(m->base);
}

/* The devices are at rest: what was changed on the cards goes back to what it was. */
static void on_fleet_ended(void *arg)
{
	struct miner *m = arg;

	guardian_stop(m->guardian, on_ended, m);
}

static void on_life(void *arg, unsigned device)
{
	struct miner *m = arg;

	if (m->guardian)
		guardian_life(m->guardian, device);
}

static void on_stuck(void *arg, unsigned device, const char *why)
{
	struct miner *m = arg;

	if (m->settings->guard.exit_on_stuck)
		miner_fail(m, EXIT_STUCK, "%s: %.250s", fleet_id(m->fleet, device), why);
}

/* Every answer is in, or time is up: now the devices. */
static void stop_devices(struct miner *m)
{
	if (m->stopped)
		return;
	m->stopped = true;
	event_del(m->flush);
	pools_stop(m->pools);
	fleet_stop(m->fleet, on_fleet_ended);
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
void miner_stop_when_flushed(struct miner *m)
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
	miner_service_stopping(m);
	fleet_idle(m->fleet, m->work.last_serial + 1);
	event_add(m->flush, &tv);
	miner_stop_when_flushed(m);
}

/* End because of this; said now, and again where people look: at the end. */
void miner_fail(struct miner *m, int code, const char *fmt, ...)
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

static bool reload(struct miner *m)
{
	struct settings *fresh = NULL;
	struct err err = {0};

	miner_service_reload(m, false);
	log_reopen();
	sharelog_reopen(m->sharelog);
	if (settings_reload(&fresh, m->settings, &err) || miner_api_prepare(m, fresh, &err) ||
	    pools_reload(m->pools, fresh->pools, fresh->n_pools, &err)) {
		log_error(LOG_MINER, "reload: %s; nothing was changed", err.text);
		miner_api_use(m, NULL);
		settings_free(fresh);
		return false;
	}
	log_info(LOG_MINER, "configuration reloaded: %u pool%s", fresh->n_pools,
		 fresh->n_pools == 1 ? "" : "s");
	miner_api_use(m, fresh);
	if (guardian_reload(m->guardian, fresh, &err)) /* it was checked: out of memory */
		log_error(LOG_MINER, "reload: %s", err.text);
	settings_free(m->reloaded);
	m->settings = m->reloaded = fresh;
	return true;
}

bool miner_reload(struct miner *m)
{
	bool changed = reload(m);

	miner_service_reload(m, true);
	return changed;
}

void miner_end(struct miner *m, const char *how)
{
	if (m->stopping) { /* asked twice: at once */
		stop_devices(m);
		return;
	}
	log_info(LOG_MINER, "%s: stopping", how);
	stop(m, EXIT_OK);
}

static void on_signal(evutil_socket_t signum, short what, void *arg)
{
	struct miner *m = arg;

	(void)what;
	if (signum == SIGHUP) {
		miner_reload(m);
		return;
	}
	miner_end(m, signum == SIGINT ? "interrupted" : "told to end");
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
	static const struct fleet_events events = {.work = miner_work,
						   .epoch = miner_epoch,
						   .found = miner_found,
						   .begun = miner_begun,
						   .dead = on_dead,
						   .life = on_life};
	static const struct guardian_events guardian_events = {.stuck = on_stuck,
							       .alarm = miner_api_alarm};
	const struct settings *s = m->settings;
	struct fleet_config config = {
		.intensity = s->intensity,
		.sim = s->sim,
		.batch_ms = s->batch_ms,
		.cpu_threads = s->cpu_threads,
		.no_selftest = s->no_selftest,
		/* Fixed batches do not become as short as a desktop wants them. */
		.no_profile = s->guard.no_profile || s->guard.low_load,
		.limits = slot_limits_default,
	};
	char cache[512];
	int rc;

	str_copy(config.algo, sizeof config.algo, m->algo->name);
	memcpy(config.set, m->set, sizeof config.set);
	if (s->hang_timeout_s)
		config.limits.batch_floor_ms = (int32_t)s->hang_timeout_s * 1000;
	config.limits.budget = s->guard.restart_budget;
	config.cache_dir = paths_cache(cache, sizeof cache, s->cache_dir);
	m->stats.devices = calloc(devices->n, sizeof *m->stats.devices);
	if (!m->stats.devices)
		return err_set(err, ERR_NOMEM, "no memory for %u devices", devices->n);
	m->stats.n_devices = devices->n;
	rc = fleet_new(&m->fleet, m->base, devices, &config, &events, m, err);
	if (rc)
		return rc;
	return guardian_new(&m->guardian, m->base, s, m->fleet, config.cache_dir, &guardian_events,
			    m, err);
}

static int set_up_pools(struct miner *m, struct err *err)
{
	const struct settings *s = m->settings;
	struct client_timeouts timeouts = client_timeouts_default;

	client_timeouts_bound(&timeouts, s->timeout_s);
	timeouts.dump = s->protocol_dump;
	return pools_new(&m->pools, m->base, s->pools, s->n_pools, m->algo, &timeouts, s->retries,
			 s->retry_pause_s, &miner_pools_events, m, err);
}

static void miner_done(struct miner *m)
{
	unsigned i;

	miner_api_done(m);
	miner_owner_done(m);
	guardian_free(m->guardian);
	fleet_free(m->fleet);
	verify_free(m->verify, miner_drop_share);
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

static void announce(struct miner *m, const struct rig_list *devices)
{
	char id[32];
	unsigned i;

	miner_screen_mute(m, true);
	ui_legend();
	miner_screen_mute(m, false);
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
	int rc;

	rc = find_devices(m->settings, devices, err);
	if (!rc && m->settings->share_log)
		rc = sharelog_open(&m->sharelog, m->settings->share_log, err);
	if (!rc)
		rc = set_up_events(m, err);
	if (!rc)
		rc = sharequeue_new(&m->queue, miner_final, m, err);
	if (!rc)
		rc = verify_new(&m->verify, m->base, m->settings->verify_threads, miner_verified, m,
				err);
	if (!rc)
		rc = algo_settings(m->algo, m->set, (const char *const *)m->settings->set,
				   m->settings->n_set, err);
	if (!rc)
		rc = intake_new(&m->intake, m->base, m->algo, m->set, &miner_intake_events, m, err);
	if (!rc)
		rc = set_up_fleet(m, devices, err);
	if (!rc)
		rc = set_up_pools(m, err);
	if (!rc)
		rc = miner_api_begin(m, err);
	if (!rc)
		rc = miner_screen_begin(m, err);
	if (!rc)
		rc = guardian_start(m->guardian, err);
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
	miner_service_begin(&m);
	if (set_up(&m, devices, &err)) {
		miner_screen_done(&m);
		log_error(LOG_MINER, "%s", err.text);
		m.exit_code = exit_code(&err);
	} else {
		announce(&m, devices);
		miner_keys_begin(&m);
		fleet_start(m.fleet);
		pools_start(m.pools);
		event_base_dispatch(m.base);
		miner_screen_done(&m);
		miner_snapshot(&m);
		ui_summary(&m.stats);
		if (m.failure[0])
			log_error(LOG_MINER, "%s", m.failure);
	}
	miner_done(&m);
	free(devices);
	return m.exit_code;
}
