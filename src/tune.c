/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `adit tune`: measures settings of devices in real worker processes, one device after the
 * other, and keeps the best for `adit mine`.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "src/clock.h"
#include "src/engine.h"
#include "src/epoch.h"
#include "src/guard/tune.h"
#include "src/measure.h"
#include "src/paths.h"
#include "src/profile.h"
#include "src/request.h"
#include "src/rig.h"
#include "src/settings.h"
#include "src/stats.h"
#include "src/str.h"
#include "src/tui_devices.h"
#include "src/tune_power.h"
#include "src/tune_session.h"

#define SHORTEST_S      0.001 /* of a batch, where the search begins when nobody says */
#define SENSOR_FIRST_MS 200
#define SENSOR_LAST_MS  1000

struct tuning {
	const struct settings *settings;
	const struct algo *algo;
	enum tune_metric metric;
	int64_t floor_mw;
	uint64_t intensity_min, intensity_max; /* max 0: not said */
	uint64_t watts_min, watts_max;         /* max 0: not said */
	struct work block;
	struct epoch *epoch; /* NULL: the algorithm has none */
	struct rig_list devices;
	struct measure m;
	struct tune_session_config config;
};

/* One device. */
struct run {
	struct tuning *tn;
	unsigned device;
	char id[32];
	struct tune_session *session;
	struct tune *sweep;
	int64_t limit_mw; /* in force by our doing, or TUNE_LEAVE */
	double auto_rate; /* what batches of the worker's own size gave */
};

/* --- what is asked for -------------------------------------------------------- */

static int read_request(struct tuning *tn, struct err *err)
{
	const struct settings *s = tn->settings;
	const struct settings_guard *g = &s->guard;
	struct ipc_open *open = &tn->config.open;
	int rc = request_algo(&tn->algo, s, err);

	if (!rc)
		rc = tune_metric_parse(&tn->metric, &tn->floor_mw, g->metric, err);
	if (!rc && g->tune_intensity)
		rc = tune_range_parse(&tn->intensity_min, &tn->intensity_max, g->tune_intensity, 1,
				      TUNE_INTENSITY_MAX, err);
	if (!rc && g->tune_power)
		rc = tune_range_parse(&tn->watts_min, &tn->watts_max, g->tune_power, 1,
				      TUNE_WATTS_MAX, err);
	if (!rc && g->tune_power && !g->allow_power)
		rc = err_set(err, ERR_USAGE,
			     "--tune-power: power limits are set with --allow-power only: add it");
	if (!rc)
		rc = request_block(tn->algo, s, &tn->block, open->set, &tn->epoch, err);
	if (rc)
		return rc;
	str_copy(open->algo, sizeof open->algo, tn->algo->name);
	paths_cache(open->cache_dir, sizeof open->cache_dir, s->cache_dir);
	str_copy(open->sim, sizeof open->sim, s->sim ? s->sim : "");
	open->batch_ms = s->batch_ms;
	open->threads = s->cpu_threads;
	open->no_selftest = s->no_selftest;
	return 0;
}

/* Ten readings in the time of a setting, within reason. */
static int sensor_ms(const struct settings *s)
{
	int interval = (int)s->guard.tune_time_s * 100;

	return interval < SENSOR_FIRST_MS  ? SENSOR_FIRST_MS
	       : interval > SENSOR_LAST_MS ? SENSOR_LAST_MS
					   : interval;
}

/* --- the table ---------------------------------------------------------------- */

static void print_head(const struct run *r, const struct device_info *info)
{
	const struct tuning *tn = r->tn;

	printf("%s (%s, driver %s): %s, metric %s, %u s a setting\n", r->id, info->name,
	       info->driver, tn->algo->name, tn->settings->guard.metric,
	       (unsigned)tn->settings->guard.tune_time_s);
	printf("%11s %9s %10s %14s %9s %14s %7s\n", "intensity", "limit W", "batch ms", "rate",
	       "power W", "a joule", "finds");
}

/* "12.34 MH" of a rate: what a joule gives. */
static void print_efficiency(char *out, size_t size, double v)
{
	rate_print(out, size, v);
	out[strcspn(out, "/")] = '\0';
}

static void print_row(const char *name, int64_t limit_mw, const struct tune_result *m,
		      const char *why)
{
	char limit[16] = "-", power[16] = "-", rate[32] = "-", joule[32] = "-";
	double mw = m->joules > 0 && m->seconds > 0 ? m->joules / m->seconds * 1000 : m->power_mw;

	if (limit_mw > 0)
		snprintf(limit, sizeof limit, "%.0f", (double)limit_mw / 1000);
	if (!m->failed || m->rate_hps > 0)
		rate_print(rate, sizeof rate, m->rate_hps);
	if (mw > 0) {
		snprintf(power, sizeof power, "%.1f", mw / 1000);
		print_efficiency(joule, sizeof joule, m->rate_hps / mw * 1000);
	}
	printf("%11s %9s %10.3g %14s %9s %14s %7" PRIu64, name, limit, m->batch_us / 1e3, rate,
	       power, joule, m->found);
	if (m->invalid)
		printf("  %" PRIu64 " wrong", m->invalid);
	printf("%s%s\n", why[0] ? "  " : "", why);
	fflush(stdout);
}

/* --- one device --------------------------------------------------------------- */

/* Log2 of the batch that takes so long at this rate, within what can be asked for. */
static uint32_t intensity_of(double rate, double seconds)
{
	double v = floor(log2(rate * seconds));

	return v < 1 ? 1 : v > 32 ? 32 : (uint32_t)v;
}

/*
 * Batches from a millisecond to the latency, and a bit: the rate is not known well yet.  None so
 * long that it could not be measured, whoever asks for it.
 */
static void batch_bounds(const struct run *r, struct tune_bounds *b)
{
	const struct tuning *tn = r->tn;
	double seconds = tn->settings->guard.tune_time_s;
	uint32_t most = intensity_of(r->auto_rate, seconds / 3);

	b->latency_us = tn->settings->batch_ms * 1000 / ENGINE_SLOTS;
	b->intensity_start = intensity_of(tune_session_batch(r->session), 1);
	b->intensity_min = intensity_of(r->auto_rate, SHORTEST_S);
	b->intensity_max = intensity_of(r->auto_rate, b->latency_us / 1e6) + 2;
	if (tn->intensity_max) {
		b->intensity_min = (uint32_t)tn->intensity_min;
		b->intensity_max = (uint32_t)tn->intensity_max;
	}
	b->intensity_max = b->intensity_max < most ? b->intensity_max : most;
	if (b->intensity_min > b->intensity_max)
		b->intensity_min = b->intensity_max;
}

/* The owner's limits within the card's; without the owner's, up to what it came with. */
static int power_bounds(const struct run *r, struct tune_bounds *b, struct err *err)
{
	const struct tuning *tn = r->tn;
	const struct sensor_reading *now = NULL;
	int64_t least, most;

	if (tn->m.power)
		now = tune_power_reading(tn->m.power, r->device);
	if (!now && tn->metric != TUNE_HASHRATE)
		return err_set(err, ERR_USAGE,
			       "the metric '%s' needs its power, and no sensor tells it: tune "
			       "for hashrate",
			       tune_metric_word(tn->metric));
	b->floor_mw = tn->floor_mw;
	if (!tn->settings->guard.allow_power)
		return 0;
	if (!now || !sensor_has(now, SENSOR_LIMIT_MIN_MW) || !sensor_has(now, SENSOR_LIMIT_MAX_MW))
		return tn->watts_max ? err_set(err, ERR_USAGE,
					       "--tune-power: its power limit cannot be set")
				     : 0;
	least = now->v[SENSOR_LIMIT_MIN_MW];
	most = now->v[SENSOR_LIMIT_MAX_MW];
	if (tn->watts_max) {
		int64_t low = (int64_t)tn->watts_min * 1000, high = (int64_t)tn->watts_max * 1000;

		if (low > most || high < least)
			return err_set(err, ERR_RANGE,
				       "--tune-power: its limits are from %lld to %lld W",
				       (long long)least / 1000, (long long)most / 1000);
		least = low > least ? low : least;
		most = high < most ? high : most;
	} else if (sensor_has(now, SENSOR_LIMIT_DEFAULT_MW) &&
		   now->v[SENSOR_LIMIT_DEFAULT_MW] >= least) {
		most = now->v[SENSOR_LIMIT_DEFAULT_MW];
	}
	b->limit_min_mw = least > 0 ? least : 1;
	b->limit_max_mw = most;
	return 0;
}

/* Batches of the worker's own size: where to begin, and what to compare with. */
static int measure_auto(struct run *r, struct err *err)
{
	double seconds = r->tn->settings->guard.tune_time_s;
	char why[ERR_TEXT_MAX];
	struct tune_result m;
	int rc = tune_session_measure(r->session, 0, seconds, &m, why, err);

	if (rc)
		return rc;
	print_row("auto", TUNE_LEAVE, &m, why);
	if (m.failed && m.rate_hps <= 0)
		return err_set(err, ERR_DEVICE, "%s", why);
	r->auto_rate = m.rate_hps;
	return m.rate_hps > 0 ? 0 : err_set(err, ERR_DEVICE, "finishes no batch");
}

static int apply_limit(struct run *r, int64_t mw, struct err *err)
{
	int rc;

	if (mw == TUNE_LEAVE || mw == r->limit_mw)
		return 0;
	rc = tune_power_limit(r->tn->m.power, r->device, mw, err);
	if (!rc)
		r->limit_mw = mw;
	return rc;
}

/*
 * How many measurements are still to come, if what is not known yet falls off gently from the best
 * so far: the search is pure, so a copy of it can be asked.  0: nobody knows.
 */
static unsigned still_to_come(const struct tune *now)
{
	const struct tune_trial *best = NULL, *known;
	struct tune ahead = *now;
	struct tune_setting at;
	unsigned i, n = 0, far;

	for (i = 0; i < now->n; i++)
		if (now->trial[i].verdict == TUNE_FINE &&
		    (!best || tune_rate(&now->trial[i]) > tune_rate(best)))
			best = &now->trial[i];
	while (best && n < TUNE_MEASUREMENTS && tune_next(&ahead, &at)) {
		struct tune_result m = {.seconds = 1, .joules = -1, .found = 1000, .batch_us = 1};

		known = tune_trial_of(&ahead, &at);
		far = at.intensity > best->at.intensity ? at.intensity - best->at.intensity
							: best->at.intensity - at.intensity;
		m.rate_hps = known ? tune_rate(known) : tune_rate(best) / (1 + 0.05 * far);
		m.power_mw = at.limit_mw > 0 ? (double)at.limit_mw : tune_power_mw(best);
		tune_result(&ahead, &at, &m);
		n++;
	}
	return n;
}

/* On a terminal only; the row that follows takes its place. */
static void say_measuring(const struct run *r, const struct tune_setting *at)
{
	unsigned n = still_to_come(r->sweep), each = r->tn->settings->guard.tune_time_s + 1;
	char left[32], about[48] = "";

	if (!isatty(STDERR_FILENO))
		return;
	if (n)
		snprintf(about, sizeof about, ", about %s left",
			 tui_duration(left, sizeof left, (int64_t)n * each));
	fprintf(stderr, "\r%s: measurement %u, intensity %u%s ... \r", r->id,
		r->sweep->measured + 1, (unsigned)at->intensity, about);
}

static void forget_measuring(void)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%78s\r", "");
}

static int sweep(struct run *r, struct err *err)
{
	const struct tune_trial *tried;
	struct tune_setting at;
	struct tune_result m;
	char why[ERR_TEXT_MAX], name[16];
	int rc = 0;

	while (!rc && tune_next(r->sweep, &at)) {
		rc = apply_limit(r, at.limit_mw, err);
		if (!rc)
			say_measuring(r, &at);
		if (!rc)
			rc = tune_session_measure(r->session, at.intensity,
						  r->tn->settings->guard.tune_time_s, &m, why, err);
		forget_measuring();
		if (rc)
			break;
		tune_result(r->sweep, &at, &m);
		tried = tune_trial_of(r->sweep, &at);
		if (!why[0] && tried && !m.invalid)
			str_copy(why, sizeof why, tune_verdict_word(tried->verdict));
		snprintf(name, sizeof name, "%u", (unsigned)at.intensity);
		print_row(name, at.limit_mw, &m, why);
	}
	return rc;
}

static int keep(const struct run *r, const struct tune_trial *best, struct err *err)
{
	const struct tuning *tn = r->tn;
	const char *dir = tn->config.open.cache_dir;
	struct profile p;
	int rc;

	/* What mining asks for it with is what the probe told. */
	profile_init(&p, &tn->devices.dev[r->device], tn->algo, tn->config.open.set);
	p.metric = tn->metric;
	p.intensity = best->at.intensity;
	p.limit_mw = best->at.limit_mw;
	p.batch_us = best->batch_us;
	p.rate_hps = tune_rate(best);
	p.power_mw = tune_power_mw(best);
	p.at_s = clock_wall_ms() / 1000;
	if (!dir[0]) {
		printf("%s: not kept: there is no cache directory\n", r->id);
		return 0;
	}
	rc = profile_store(dir, &p, err);
	if (!rc)
		printf("%s: kept in %s; 'adit mine' uses it unless -i says otherwise\n", r->id,
		       dir);
	return rc;
}

static int conclude(const struct run *r, struct err *err)
{
	const struct tune_trial *best;
	char why[160], rate[32], own[32], limit[40] = "", late[48] = "";
	int rc = tune_best(r->sweep, &best, why, sizeof why, err);

	if (rc)
		return rc;
	if (best->at.limit_mw > 0)
		snprintf(limit, sizeof limit, ", power limit %.0f W",
			 (double)best->at.limit_mw / 1000);
	if (r->sweep->bounds.latency_us)
		snprintf(late, sizeof late, ", batches of %.3g ms", best->batch_us / 1e3);
	printf("%s: best is intensity %u%s%s: %s (automatic: %s), %s\n", r->id,
	       (unsigned)best->at.intensity, limit, late,
	       rate_print(rate, sizeof rate, tune_rate(best)),
	       rate_print(own, sizeof own, r->auto_rate), why);
	return keep(r, best, err);
}

static int run_device(struct run *r, struct err *err)
{
	struct tuning *tn = r->tn;
	struct tune_bounds bounds = {0};
	int rc;

	tn->config.info = &tn->devices.dev[r->device];
	tn->config.device = r->device;
	rc = power_bounds(r, &bounds, err);
	if (!rc) {
		rc = tune_session_new(&r->session, &tn->config, err);
		if (!rc)
			print_head(r, tune_session_info(r->session));
	}
	if (!rc)
		rc = measure_auto(r, err);
	if (rc)
		return rc;
	batch_bounds(r, &bounds);
	rc = tune_init(r->sweep, &bounds, tn->metric, err);
	if (!rc)
		rc = sweep(r, err);
	return rc ? rc : conclude(r, err);
}

static int tune_device(struct tuning *tn, unsigned device, struct err *err)
{
	struct run r = {.tn = tn, .device = device, .limit_mw = TUNE_LEAVE};
	struct err ignored;
	int rc;

	rig_id(r.id, sizeof r.id, &tn->devices.dev[device]);
	r.sweep = calloc(1, sizeof *r.sweep);
	rc = r.sweep ? run_device(&r, err) : err_set(err, ERR_NOMEM, "no memory for a sweep");
	if (rc)
		err_prefix(err, "%s", r.id);
	if (r.limit_mw != TUNE_LEAVE)
		tune_power_limit(tn->m.power, device, SENSOR_RESTORE, &ignored);
	tune_session_free(r.session);
	free(r.sweep);
	return rc;
}

/* --- the command -------------------------------------------------------------- */

/* One that fails does not keep the others from being tuned; the first failure is the code. */
static int tune_all(struct tuning *tn)
{
	struct err err = {0};
	unsigned i;
	int rc, code = EXIT_OK;

	for (i = 0; i < tn->devices.n && !tn->m.stop; i++) {
		rc = tune_device(tn, i, &err);
		if (rc && !tn->m.stop)
			fprintf(stderr, "adit: %s\n", err.text);
		if (rc && code == EXIT_OK)
			code = measure_exit(rc);
	}
	if (tn->m.hot)
		return EXIT_DEVICE;
	if (tn->m.stop) {
		fprintf(stderr, "adit: interrupted: what was not finished is not kept\n");
		return EXIT_FAIL;
	}
	return code;
}

static void tuning_done(struct tuning *tn)
{
	measure_done(&tn->m);
	epoch_unref(tn->epoch);
	free(tn);
}

int cmd_tune(struct settings *s)
{
	struct tuning *tn = calloc(1, sizeof *tn);
	struct err err = {0};
	int rc;

	if (!tn)
		return EXIT_SYSTEM;
	tn->settings = s;
	rc = read_request(tn, &err);
	if (!rc)
		rc = rig_find(&tn->devices, tn->settings->devices, &err);
	if (!rc)
		rc = measure_init(&tn->m, s, &tn->devices, sensor_ms(s), tn->config.open.cache_dir,
				  &err);
	if (rc) {
		fprintf(stderr, "adit: %s\n", err.text);
		rc = measure_exit(rc);
	} else {
		tn->config.base = tn->m.base;
		tn->config.algo = tn->algo;
		tn->config.epoch = tn->epoch;
		tn->config.height = tn->block.height;
		tn->config.power = tn->m.power;
		tn->config.stop = &tn->m.stop;
		rc = tune_all(tn);
	}
	tuning_done(tn);
	return rc;
}
