/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `adit bench`: measures algorithms on devices in real worker processes, one after the other,
 * holds every find against the reference, and the rates against what the devices can do.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "src/bench_run.h"
#include "src/clock.h"
#include "src/epoch.h"
#include "src/fleet.h"
#include "src/measure.h"
#include "src/paths.h"
#include "src/profile.h"
#include "src/rig.h"
#include "src/roofline_probe.h"
#include "src/settings.h"
#include "src/str.h"
#include "src/stats.h"

#define SENSOR_MS   500
#define PROGRESS_MS 200
#define PREPARE_S   2.0  /* that a run takes beside measuring, before any was seen ... */
#define DATASET_S   15.0 /* ... and with a dataset */

struct bench {
	const struct settings *settings;
	const struct algo *algo[BENCH_ALGOS_MAX];
	unsigned n_algos;
	struct rig_list devices;
	struct measure m;
	uint32_t intensity; /* asked for; 0: none */
	struct bench_run_config config;
	struct bench_report report;
	struct bench_result *now; /* being measured */
	json_t *then;             /* what is compared with, or NULL */
	bool terminal, painted;
	bool too_late; /* the time is up */
	int unheard;   /* why nobody reads what we print, an errno; 0: somebody does */
	int64_t began_ms;
	double prepare_s[2]; /* the most that a run took beside measuring; [1]: with a dataset */
	struct event *alarm; /* of the time limit, or NULL */
	int64_t painted_ms;
	/* the epoch that is waited for: */
	struct epoch *epoch;
	bool arrived;
	struct err late;
};

/* --- the line on the terminal ------------------------------------------------- */

static void wipe(struct bench *b)
{
	if (b->painted)
		fputs("\r\033[K", stderr);
	b->painted = false;
}

/* Seconds to the end of everything, about. */
static double left(const struct bench *b, double of_this)
{
	unsigned done = (unsigned)(b->now - b->report.results) + 1;

	return of_this + (b->report.n - done) * bench_run_seconds(&b->config);
}

static void paint(void *arg, const struct bench_progress *p)
{
	struct bench *b = arg;
	char part[32] = "", rate[32] = "";
	unsigned s = (unsigned)(left(b, p->left_s) + 0.5);
	int64_t now = clock_ms();

	if (!b->terminal || (b->painted && now - b->painted_ms < PROGRESS_MS))
		return;
	b->painted_ms = now;
	if (p->window)
		snprintf(part, sizeof part, " %u/%u", p->window, b->report.repeat);
	else if (p->permille)
		snprintf(part, sizeof part, " %u %%", p->permille / 10);
	if (p->rate > 0)
		rate_print(rate, sizeof rate, p->rate);
	fprintf(stderr, "\r\033[K[%u/%u] %s on %s: %s%s%s%s, about %u:%02u left",
		(unsigned)(b->now - b->report.results) + 1, b->report.n, b->now->algo->name,
		b->report.devices[b->now->device].id, p->stage, part, *rate ? ", " : "", rate,
		s / 60, s % 60);
	fflush(stderr);
	b->painted = true;
}

/* --- what is asked for -------------------------------------------------------- */

static int read_intensity(struct bench *b, struct err *err)
{
	const char *text = b->settings->intensity;
	uint64_t v = 0;

	if (text && strcmp(text, "auto") && str_to_u64(&v, text, 1, INTENSITY_MAX))
		return err_set(err, ERR_USAGE,
			       "intensity '%s': give 'auto' or a number from 1 to %d", text,
			       INTENSITY_MAX);
	b->intensity = (uint32_t)v;
	return 0;
}

/* Not after an hour of the algorithms before it. */
static int check_places(const struct bench *b, struct err *err)
{
	uint64_t set[ALGO_SETTINGS_MAX];
	struct algo_facts facts;
	struct work work;
	unsigned i;
	int rc = 0;

	for (i = 0; i < b->n_algos && !rc; i++) {
		rc = bench_place(b->settings, b->algo[i], &work, set, err);
		if (!rc && b->algo[i]->dataset)
			rc = b->algo[i]->dataset->facts(b->algo[i], work.epoch, set, &facts, err);
		if (rc)
			err_prefix(err, "%s", b->algo[i]->name);
	}
	return rc;
}

static int read_request(struct bench *b, struct err *err)
{
	const struct settings *s = b->settings;
	struct ipc_open *open = &b->config.open;
	int rc = bench_algos(b->algo, &b->n_algos, s->algo, err);

	if (s->bench.probe && !s->algo && !s->bench.svg)
		b->n_algos = 0; /* the probe alone */
	else if (!rc)
		rc = bench_check_set(s, b->algo, b->n_algos, err);
	if (!rc)
		rc = check_places(b, err);
	if (!rc)
		rc = read_intensity(b, err);
	if (!rc && s->bench.fail_below > 0 && !s->bench.compare)
		rc = err_set(err, ERR_USAGE,
			     "--fail-below: compares with saved results: add --compare FILE");
	if (!rc && s->bench.svg)
		rc = bench_svg_check(s->bench.svg, err);
	if (!rc && s->bench.compare && !(b->then = bench_compare_load(s->bench.compare, err)))
		rc = -err->code;
	if (rc)
		return rc;
	paths_cache(open->cache_dir, sizeof open->cache_dir, s->cache_dir);
	str_copy(open->sim, sizeof open->sim, s->sim ? s->sim : "");
	open->batch_ms = s->batch_ms;
	open->threads = s->cpu_threads;
	open->no_selftest = s->no_selftest;
	b->config.seconds = b->report.seconds = s->bench.seconds;
	b->config.repeat = b->report.repeat = s->bench.repeat;
	b->config.silence_ms = measure_silence_ms(s);
	b->config.stop = &b->m.stop;
	b->config.progress = paint;
	b->config.arg = b;
	b->report.probed = s->bench.probe || s->bench.svg;
	b->report.started_s = clock_wall_ms() / 1000;
	b->terminal = isatty(STDERR_FILENO) && !s->log.quiet;
	return 0;
}

static int find_devices(struct bench *b, struct err *err)
{
	struct bench_report *r = &b->report;
	unsigned i;
	int rc = rig_find(&b->devices, b->settings->devices, err);

	if (rc)
		return rc;
	r->n_devices = b->devices.n;
	r->n = b->n_algos * r->n_devices;
	b->prepare_s[0] = PREPARE_S;
	b->prepare_s[1] = DATASET_S;
	r->devices = calloc(r->n_devices, sizeof *r->devices);
	r->results = calloc(r->n ? r->n : 1, sizeof *r->results);
	if (!r->devices || !r->results)
		return err_set(err, ERR_NOMEM, "no memory for results");
	for (i = 0; i < r->n_devices; i++) {
		r->devices[i].info = b->devices.dev[i];
		rig_id(r->devices[i].id, sizeof r->devices[i].id, &b->devices.dev[i]);
	}
	for (i = 0; i < r->n; i++) {
		r->results[i].algo = b->algo[i / r->n_devices];
		r->results[i].device = i % r->n_devices;
		r->results[i].epoch = r->results[i].height = BENCH_UNKNOWN;
		bench_run_none(&r->results[i]);
	}
	return 0;
}

/* --- the time there is -------------------------------------------------------- */

static void on_alarm(evutil_socket_t fd, short what, void *arg)
{
	struct bench *b = arg;

	(void)fd;
	(void)what;
	b->too_late = b->m.stop = true;
}

static int start_clock(struct bench *b, struct err *err)
{
	const struct timeval tv = {.tv_sec = b->settings->time_limit_s};

	b->began_ms = clock_ms();
	if (!tv.tv_sec)
		return 0;
	b->alarm = evtimer_new(b->m.base, on_alarm, b);
	if (!b->alarm || event_add(b->alarm, &tv))
		return err_set(err, ERR_NOMEM, "no memory for a timer");
	return 0;
}

/* Would this algorithm, as others went, take longer than there is? */
static bool no_time_for(const struct bench *b, const struct algo *algo)
{
	double left = b->settings->time_limit_s - (double)(clock_ms() - b->began_ms) / 1000;
	double needs = b->prepare_s[algo->dataset != NULL] + bench_run_seconds(&b->config);

	return b->settings->time_limit_s && needs > left;
}

static void leave_out(struct bench *b, struct bench_result *out)
{
	wipe(b);
	out->state = BENCH_LEFT;
	str_copy(out->why, sizeof out->why, "no time left");
	fprintf(stderr, "adit: %s: %s: %s\n", b->report.devices[out->device].id, out->algo->name,
		out->why);
}

static void learn(struct bench *b, const struct algo *algo, int64_t began_ms)
{
	double took = (double)(clock_ms() - began_ms) / 1000 - bench_run_seconds(&b->config);
	double *most = &b->prepare_s[algo->dataset != NULL];

	*most = took > *most ? took : *most;
}

/* --- epochs ------------------------------------------------------------------- */

static void on_epoch(void *arg, uint32_t number, struct epoch *epoch, const struct err *err)
{
	struct bench *b = arg;

	(void)number;
	b->epoch = epoch_ref(epoch);
	b->arrived = true;
	if (!epoch)
		b->late = *err;
}

/* Built by a thread, so that signals are heard meanwhile.  b->epoch gets the reference. */
static int await_epoch(struct bench *b, const struct algo *algo, const uint64_t *set,
		       uint32_t number, double *took_s, struct err *err)
{
	const struct bench_progress p = {.stage = "making the light cache",
					 .left_s = bench_run_seconds(&b->config)};
	int64_t start = clock_us();
	struct epochs *all = NULL;
	struct epoch *there = NULL;
	int rc = epochs_new(&all, b->m.base, algo, set, on_epoch, b, err);

	b->epoch = NULL;
	b->arrived = false;
	if (!rc)
		rc = epochs_get(all, number, &there, err);
	paint(b, &p);
	while (!rc && !there && !b->arrived && !b->m.stop)
		if (event_base_loop(b->m.base, EVLOOP_ONCE) < 0)
			rc = err_set(err, ERR_IO, "the event loop fails");
	if (there)
		b->epoch = epoch_ref(there);
	if (!rc && !b->epoch) {
		*err = b->late;
		rc = b->m.stop ? 0 : -err->code;
	}
	epochs_free(all);
	*took_s = (double)(clock_us() - start) / 1e6;
	return rc;
}

/* --- measuring ---------------------------------------------------------------- */

static void find_limit(struct bench *b, struct bench_result *out)
{
	const struct algo *algo = out->algo;
	const struct roofline *roof = &b->report.devices[out->device].roof;
	struct algo_cost cost;

	if (!roof->n || !algo->cost || out->simulated)
		return;
	memset(&cost, 0, sizeof cost);
	algo->cost(algo, b->epoch ? &b->epoch->view.facts : NULL, b->config.open.set, out->label,
		   &cost);
	roofline_limit(&out->limit, roof, &cost);
}

/* What is asked for, or else what `adit tune` has found, as for mining. */
static void pick_intensity(struct bench *b, struct bench_result *out)
{
	const struct device_info *info = &b->devices.dev[out->device];
	struct ipc_open *open = &b->config.open;
	char note[ERR_TEXT_MAX] = "";
	struct profile p;
	uint32_t tuned = 0;

	open->intensity = out->intensity = b->intensity;
	if (b->intensity || b->settings->guard.no_profile)
		return;
	tuned = profile_intensity(open->cache_dir, info, out->algo, open->set, open->batch_ms, note,
				  sizeof note);
	wipe(b);
	if (!tuned && note[0])
		fprintf(stderr, "adit: %s: %s: %s\n", b->report.devices[out->device].id,
			out->algo->name, note);
	if (!tuned || profile_find(open->cache_dir, info, out->algo, open->set, &p, NULL))
		return;
	open->intensity = out->intensity = tuned;
	out->tuned = tune_metric_word(p.metric);
	out->tuned_mw = p.limit_mw;
}

/* Nobody reads it any more: what for should it go on? */
static void printed(struct bench *b)
{
	if (!fflush(stdout) && !ferror(stdout))
		return;
	b->unheard = b->unheard ? b->unheard : errno;
	b->m.stop = true;
}

static int run_device(struct bench *b, struct bench_result *out, struct err *err)
{
	int rc;

	b->config.info = &b->devices.dev[out->device];
	b->config.device = out->device;
	b->config.algo = out->algo;
	b->config.epoch = b->epoch;
	b->config.base = b->m.base;
	b->config.power = b->m.power;
	pick_intensity(b, out);
	rc = bench_run(&b->config, out, err);
	if (rc)
		return rc;
	find_limit(b, out);
	if (out->state == BENCH_STOPPED && b->too_late)
		str_copy(out->why, sizeof out->why, "the time is up");
	wipe(b);
	if (out->why[0] && (out->state != BENCH_STOPPED || b->too_late))
		fprintf(stderr, "adit: %s: %s: %s\n", b->report.devices[out->device].id,
			out->algo->name, out->why);
	if (!b->settings->json && !b->settings->bench.markdown)
		bench_print_row(stdout, &b->report, out);
	printed(b);
	return 0;
}

static int run_algo_on(struct bench *b, struct bench_result *out, const struct work *work,
		       int64_t began_ms, struct err *err)
{
	const struct algo *algo = out->algo;
	int rc;

	b->now = out;
	out->epoch = algo->dataset ? (int64_t)ALGO_EPOCH_SHOWN(work->epoch) : BENCH_UNKNOWN;
	out->height = algo->program ? (int64_t)work->height : BENCH_UNKNOWN;
	b->config.height = work->height;
	rc = run_device(b, out, err);
	if (out->state == BENCH_DONE)
		learn(b, algo, began_ms);
	return rc;
}

static int run_algo(struct bench *b, unsigned a, struct err *err)
{
	struct bench_result *first = &b->report.results[a * b->report.n_devices];
	struct ipc_open *open = &b->config.open;
	const struct algo *algo = b->algo[a];
	int64_t began_ms = clock_ms();
	bool none = no_time_for(b, algo);
	double cache_s = -1;
	struct work work;
	unsigned d;
	int rc = bench_place(b->settings, algo, &work, open->set, err);

	b->now = first;
	if (!rc && algo->dataset && !none)
		rc = await_epoch(b, algo, open->set, work.epoch, &cache_s, err);
	str_copy(open->algo, sizeof open->algo, algo->name);
	for (d = 0; d < b->report.n_devices && !rc && !b->m.stop; d++) {
		first[d].cache_s = cache_s;
		if (none || (d && no_time_for(b, algo)))
			leave_out(b, &first[d]);
		else
			rc = run_algo_on(b, &first[d], &work, d ? clock_ms() : began_ms, err);
	}
	epoch_unref(b->epoch);
	b->epoch = NULL;
	if (rc)
		err_prefix(err, "%s", algo->name);
	return rc;
}

static void probe_all(struct bench *b)
{
	unsigned d;

	for (d = 0; d < b->report.n_devices && !b->m.stop; d++) {
		struct bench_device *dev = &b->report.devices[d];
		const struct roofline_probe_config config = {
			.base = b->m.base,
			.info = &dev->info,
			.cache_dir = b->config.open.cache_dir,
			.silence_ms = b->config.silence_ms,
			.stop = &b->m.stop,
			.terminal = b->terminal,
		};

		dev->roof_broken = roofline_probe(&config, &dev->roof, dev->roof_why) != 0;
		if (dev->roof_why[0])
			fprintf(stderr, "adit: %s: not probed: %s\n", dev->id, dev->roof_why);
		if (!b->settings->json && !b->settings->bench.markdown)
			bench_print_probe(stdout, dev);
		printed(b);
	}
}

static int run_all(struct bench *b, struct err *err)
{
	unsigned a, i;
	int rc = 0;

	if (b->report.probed)
		probe_all(b);
	if (b->n_algos && !b->m.stop && !b->settings->json && !b->settings->bench.markdown)
		bench_print_head(stdout, &b->report);
	printed(b);
	for (a = 0; a < b->n_algos && !rc && !b->m.stop; a++)
		rc = run_algo(b, a, err);
	for (i = 0; i < b->report.n && b->too_late; i++)
		if (!b->report.results[i].windows && b->report.results[i].state != BENCH_LEFT)
			leave_out(b, &b->report.results[i]);
	wipe(b);
	return rc;
}

/* --- the end ------------------------------------------------------------------ */

/* Those not begun are not told of. */
static void drop_unmeasured(struct bench_report *r)
{
	unsigned i, kept = 0;

	for (i = 0; i < r->n; i++)
		if (r->results[i].windows || r->results[i].state == BENCH_LEFT)
			r->results[kept++] = r->results[i];
	r->n = kept;
}

static int conclude(struct bench *b, unsigned *below, struct err *err)
{
	const struct settings_bench *s = &b->settings->bench;
	json_t *root = b->settings->json ? bench_json(&b->report) : NULL;
	FILE *out = b->settings->json ? NULL : stdout;
	unsigned compared = 0;
	int rc = 0;

	if (b->settings->json && !root)
		return err_set(err, ERR_NOMEM, "no memory for JSON");
	if (s->markdown)
		bench_print_markdown(stdout, &b->report);
	if (b->then)
		*below = bench_compare_results(out, root, b->then, &b->report, s->fail_below,
					       &compared);
	if (root && !json_dumpf(root, stdout, JSON_INDENT(2)))
		putchar('\n');
	json_decref(root);
	if (s->fail_below > 0 && !compared && !b->report.interrupted)
		rc = err_set(err, ERR_STALE, "--fail-below: nothing of %s was measured now",
			     s->compare);
	if (s->svg) {
		int drawn = bench_svg(s->svg, &b->report, rc ? NULL : err);

		rc = rc ? rc : drawn;
	}
	return rc;
}

static int exit_of_results(const struct bench_report *r, unsigned below)
{
	unsigned i, k, failed = 0, unfit = 0, wrong = 0, probed = 0;

	for (i = 0; i < r->n; i++) {
		failed += r->results[i].state == BENCH_FAILED;
		unfit += r->results[i].state == BENCH_UNFIT;
		wrong += r->results[i].state == BENCH_WRONG;
	}
	for (i = 0; i < r->n_devices; i++) {
		failed += r->devices[i].roof_broken;
		probed += r->devices[i].roof.n > 0;
		for (k = 0; k < r->devices[i].roof.n; k++)
			wrong += r->devices[i].roof.figure[k].wrong;
	}
	if (wrong)
		return EXIT_MISMATCH;
	if (r->interrupted)
		return EXIT_INTERRUPTED;
	if (failed || (r->n ? unfit == r->n : !probed))
		return EXIT_DEVICE;
	return below ? EXIT_FAIL : EXIT_OK;
}

static void bench_free(struct bench *b)
{
	unsigned i;

	if (b->alarm)
		event_free(b->alarm);
	measure_done(&b->m);
	for (i = 0; i < b->report.n; i++)
		free(b->report.results[i].windows);
	json_decref(b->then);
	free(b->report.results);
	free(b->report.devices);
	free(b);
}

int cmd_bench(struct settings *s)
{
	struct bench *b = calloc(1, sizeof *b);
	struct err err = {0};
	unsigned below = 0;
	int rc, unheard;

	if (!b)
		return EXIT_SYSTEM;
	b->settings = s;
	rc = read_request(b, &err);
	if (!rc)
		rc = find_devices(b, &err);
	if (!rc)
		rc = measure_init(&b->m, s, &b->devices, SENSOR_MS, b->config.open.cache_dir, &err);
	if (!rc)
		rc = start_clock(b, &err);
	if (!rc)
		rc = run_all(b, &err);
	b->report.interrupted = b->m.stop && !b->too_late && !b->unheard;
	if (!rc && !b->unheard) {
		drop_unmeasured(&b->report);
		rc = conclude(b, &below, &err);
	}
	if (b->report.interrupted)
		fputs("adit: interrupted\n", stderr);
	if (rc) {
		fprintf(stderr, "adit: %s\n", err.text);
		rc = measure_exit(rc);
	} else if (b->unheard) {
		rc = EXIT_SYSTEM; /* main() says so, by errno */
	} else {
		rc = exit_of_results(&b->report, below);
	}
	unheard = b->unheard;
	bench_free(b);
	if (unheard)
		errno = unheard;
	return rc;
}
