/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `adit bench`: measures algorithms on devices in real worker processes, one after the other,
 * holds every find against the reference, and the rates against what the devices can do.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "src/bench_run.h"
#include "src/clock.h"
#include "src/epoch.h"
#include "src/paths.h"
#include "src/request.h"
#include "src/rig.h"
#include "src/roofline_probe.h"
#include "src/settings.h"
#include "src/str.h"
#include "src/stats.h"
#include "src/tune_power.h"

#define SILENCE_MS  60000 /* of a worker before it counts as hung */
#define SENSOR_MS   500
#define PROGRESS_MS 200

struct bench {
	const struct settings *settings;
	const struct algo *algo[BENCH_ALGOS_MAX];
	unsigned n_algos;
	struct rig_list devices;
	struct event_base *base;
	struct event *signals[2];
	struct tune_power *power; /* NULL: no sensors */
	struct bench_run_config config;
	struct bench_report report;
	struct bench_result *now; /* being measured */
	json_t *then;             /* what is compared with, or NULL */
	bool stop, terminal, painted;
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

static bool knows(const struct algo *algo, const char *pair)
{
	const struct algo_setting *at = algo->settings;
	size_t len = strcspn(pair, "="), i;

	for (; at && at->name; at++) {
		for (i = 0; i < len && at->name[i]; i++)
			if (at->name[i] != (pair[i] == '-' ? '_' : pair[i]))
				break;
		if (i == len && !at->name[i])
			return true;
	}
	return false;
}

/* A setting is for the algorithms that have it; one that none has is a mistake. */
static int check_set(const struct bench *b, struct err *err)
{
	const struct settings *s = b->settings;
	unsigned i, k;

	for (i = 0; i < s->n_set; i++) {
		for (k = 0; k < b->n_algos && !knows(b->algo[k], s->set[i]); k++)
			;
		if (k == b->n_algos)
			return err_set(err, ERR_UNKNOWN,
				       "--set %s: none of these algorithms has such a setting "
				       "(see 'adit algos')",
				       s->set[i]);
	}
	return 0;
}

/* The settings as this algorithm wants them: its own, and a block where nobody names one. */
static int place(const struct bench *b, const struct algo *algo, struct work *work, uint64_t *set,
		 struct err *err)
{
	struct settings s = *b->settings;
	uint64_t first, last;
	unsigned i;
	int rc;

	s.set = calloc(s.n_set + 1, sizeof *s.set);
	if (!s.set)
		return err_set(err, ERR_NOMEM, "no memory for settings");
	for (i = s.n_set = 0; i < b->settings->n_set; i++)
		if (knows(algo, b->settings->set[i]))
			s.set[s.n_set++] = b->settings->set[i];
	if (s.height < 0 && s.epoch < 0 && algo->dataset)
		s.height = (int64_t)algo->height;
	if (s.height < 0 && algo->program) {
		algo->dataset->heights(algo, (uint32_t)s.epoch, &first, &last);
		s.height = (int64_t)first;
	}
	s.seed = NULL;
	rc = request_place(algo, &s, work, set, err);
	free(s.set);
	return rc;
}

static int read_intensity(struct bench *b, struct err *err)
{
	const char *text = b->settings->intensity;
	uint64_t v = 0;

	if (text && strcmp(text, "auto") && str_to_u64(&v, text, 1, 32))
		return err_set(err, ERR_USAGE,
			       "intensity '%s': give 'auto' or a number from 1 to 32", text);
	b->config.open.intensity = (uint32_t)v;
	return 0;
}

static int read_request(struct bench *b, struct err *err)
{
	const struct settings *s = b->settings;
	struct ipc_open *open = &b->config.open;
	int rc = bench_algos(b->algo, &b->n_algos, s->algo, err);

	if (s->bench.probe && !s->algo && !s->bench.svg)
		b->n_algos = 0; /* the probe alone */
	else if (!rc)
		rc = check_set(b, err);
	if (!rc)
		rc = read_intensity(b, err);
	if (!rc && s->bench.fail_below > 0 && !s->bench.compare)
		rc = err_set(err, ERR_USAGE,
			     "--fail-below: compares with saved results: add --compare FILE");
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
	b->config.silence_ms = s->hang_timeout_s ? (int64_t)s->hang_timeout_s * 1000 : SILENCE_MS;
	b->config.stop = &b->stop;
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
	r->devices = calloc(r->n_devices, sizeof *r->devices);
	r->results = calloc(r->n ? r->n : 1, sizeof *r->results);
	if (!r->devices || !r->results)
		return err_set(err, ERR_NOMEM, "no memory for results");
	for (i = 0; i < r->n_devices; i++) {
		r->devices[i].info = b->devices.dev[i];
		rig_id(r->devices[i].id, sizeof r->devices[i].id, &b->devices.dev[i]);
	}
	return 0;
}

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
	struct bench *b = arg;

	(void)fd;
	(void)what;
	b->stop = b->report.interrupted = true;
}

static void on_hot(void *arg, const char *line)
{
	struct bench *b = arg;

	wipe(b);
	fprintf(stderr, "adit: too hot to go on: %s\n", line);
	b->stop = b->report.interrupted = true;
}

static int start_loop(struct bench *b, struct err *err)
{
	static const int numbers[] = {SIGINT, SIGTERM};
	int i;

	b->base = event_base_new();
	for (i = 0; b->base && i < 2; i++) {
		b->signals[i] = evsignal_new(b->base, numbers[i], on_signal, b);
		if (!b->signals[i] || event_add(b->signals[i], NULL))
			return err_set(err, ERR_NOMEM, "no memory for the event loop");
	}
	if (!b->base)
		return err_set(err, ERR_NOMEM, "no memory for the event loop");
	b->config.base = b->base;
	if (b->settings->guard.no_sensors)
		return 0;
	return tune_power_new(&b->power, b->base, &b->devices, SENSOR_MS, b->config.open.cache_dir,
			      &b->stop, &b->settings->guard, on_hot, b, err);
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
	int rc = epochs_new(&all, b->base, algo, set, on_epoch, b, err);

	b->epoch = NULL;
	b->arrived = false;
	if (!rc)
		rc = epochs_get(all, number, &there, err);
	paint(b, &p);
	while (!rc && !there && !b->arrived && !b->stop)
		if (event_base_loop(b->base, EVLOOP_ONCE) < 0)
			rc = err_set(err, ERR_IO, "the event loop fails");
	if (there)
		b->epoch = epoch_ref(there);
	if (!rc && !b->epoch) {
		*err = b->late;
		rc = b->stop ? 0 : -err->code;
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

static int run_device(struct bench *b, struct bench_result *out, struct err *err)
{
	int rc;

	b->config.info = &b->devices.dev[out->device];
	b->config.device = out->device;
	b->config.algo = out->algo;
	b->config.epoch = b->epoch;
	b->config.power = b->power;
	rc = bench_run(&b->config, out, err);
	if (rc)
		return rc;
	find_limit(b, out);
	wipe(b);
	if (out->why[0] && out->state != BENCH_STOPPED)
		fprintf(stderr, "adit: %s: %s: %s\n", b->report.devices[out->device].id,
			out->algo->name, out->why);
	if (!b->settings->json && !b->settings->bench.markdown)
		bench_print_row(stdout, &b->report, out);
	fflush(stdout);
	return 0;
}

static int run_algo(struct bench *b, unsigned a, struct err *err)
{
	struct bench_result *first = &b->report.results[a * b->report.n_devices];
	struct ipc_open *open = &b->config.open;
	const struct algo *algo = b->algo[a];
	double cache_s = -1;
	struct work work;
	unsigned d;
	int rc = place(b, algo, &work, open->set, err);

	b->now = first;
	for (d = 0; d < b->report.n_devices; d++) {
		first[d].algo = algo;
		first[d].device = d;
	}
	if (!rc && algo->dataset)
		rc = await_epoch(b, algo, open->set, work.epoch, &cache_s, err);
	str_copy(open->algo, sizeof open->algo, algo->name);
	b->config.height = work.height;
	for (d = 0; d < b->report.n_devices && !rc && !b->stop; d++) {
		b->now = &first[d];
		b->now->epoch =
			algo->dataset ? (int64_t)ALGO_EPOCH_SHOWN(work.epoch) : BENCH_UNKNOWN;
		b->now->height = algo->program ? (int64_t)work.height : BENCH_UNKNOWN;
		b->now->cache_s = cache_s;
		rc = run_device(b, b->now, err);
	}
	epoch_unref(b->epoch);
	b->epoch = NULL;
	if (rc)
		err_prefix(err, "%s", algo->name);
	return rc;
}

static int probe_all(struct bench *b, struct err *err)
{
	unsigned d;
	int rc = 0;

	for (d = 0; d < b->report.n_devices && !rc && !b->stop; d++) {
		struct bench_device *dev = &b->report.devices[d];
		const struct roofline_probe_config config = {
			.base = b->base,
			.info = &dev->info,
			.cache_dir = b->config.open.cache_dir,
			.silence_ms = b->config.silence_ms,
			.stop = &b->stop,
			.terminal = b->terminal,
		};

		rc = roofline_probe(&config, &dev->roof, dev->roof_why, err);
		if (dev->roof_why[0])
			fprintf(stderr, "adit: %s: not probed: %s\n", dev->id, dev->roof_why);
		if (!b->settings->json && !b->settings->bench.markdown)
			bench_print_probe(stdout, dev);
		fflush(stdout);
	}
	return rc;
}

static int run_all(struct bench *b, struct err *err)
{
	unsigned a;
	int rc = b->report.probed ? probe_all(b, err) : 0;

	if (b->n_algos && !rc && !b->stop && !b->settings->json && !b->settings->bench.markdown)
		bench_print_head(stdout, &b->report);
	for (a = 0; a < b->n_algos && !rc && !b->stop; a++)
		rc = run_algo(b, a, err);
	wipe(b);
	return rc;
}

/* --- the end ------------------------------------------------------------------ */

/* Those not begun are not told of. */
static void drop_unmeasured(struct bench_report *r)
{
	unsigned i, kept = 0;

	for (i = 0; i < r->n; i++)
		if (r->results[i].algo && r->results[i].windows)
			r->results[kept++] = r->results[i];
	r->n = kept;
}

static int conclude(struct bench *b, unsigned *below, struct err *err)
{
	const struct settings_bench *s = &b->settings->bench;
	json_t *root = b->settings->json ? bench_json(&b->report) : NULL;
	FILE *out = b->settings->json ? NULL : stdout;
	int rc = 0;

	if (b->settings->json && !root)
		return err_set(err, ERR_NOMEM, "no memory for JSON");
	if (s->markdown)
		bench_print_markdown(stdout, &b->report);
	if (b->then)
		*below = bench_compare_results(out, root, b->then, &b->report, s->fail_below);
	if (root && json_dumpf(root, stdout, JSON_INDENT(2)))
		rc = err_set(err, ERR_IO, "cannot write to standard output");
	if (root)
		putchar('\n');
	json_decref(root);
	if (!rc && s->svg)
		rc = bench_svg(s->svg, &b->report, err);
	return rc;
}

static int exit_of_results(const struct bench_report *r, unsigned below)
{
	unsigned i, failed = 0, unfit = 0, wrong = 0;

	for (i = 0; i < r->n; i++) {
		failed += r->results[i].state == BENCH_FAILED;
		unfit += r->results[i].state == BENCH_UNFIT;
		wrong += r->results[i].state == BENCH_WRONG;
	}
	for (i = 0; i < r->n_devices; i++) {
		unsigned k;

		for (k = 0; k < r->devices[i].roof.n; k++)
			wrong += r->devices[i].roof.figure[k].wrong;
	}
	if (wrong)
		return EXIT_MISMATCH;
	if (r->interrupted)
		return EXIT_INTERRUPTED;
	if (failed || (r->n && unfit == r->n))
		return EXIT_DEVICE;
	return below ? EXIT_FAIL : EXIT_OK;
}

static int exit_of_error(int rc)
{
	switch (-rc) {
	case ERR_USAGE:
	case ERR_PARSE:
	case ERR_RANGE:
	case ERR_UNKNOWN:
		return EXIT_USAGE;
	case ERR_NODEV:
		return EXIT_NO_DEVICE;
	default:
		return EXIT_SYSTEM;
	}
}

static void bench_free(struct bench *b)
{
	unsigned i;
	int s;

	tune_power_free(b->power);
	for (s = 0; s < 2; s++)
		if (b->signals[s])
			event_free(b->signals[s]);
	if (b->base)
		event_base_free(b->base);
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
	int rc;

	if (!b)
		return EXIT_SYSTEM;
	b->settings = s;
	rc = read_request(b, &err);
	if (!rc)
		rc = find_devices(b, &err);
	if (!rc)
		rc = start_loop(b, &err);
	if (!rc)
		rc = run_all(b, &err);
	if (!rc) {
		drop_unmeasured(&b->report);
		rc = conclude(b, &below, &err);
	}
	if (b->report.interrupted)
		fputs("adit: interrupted\n", stderr);
	if (rc) {
		fprintf(stderr, "adit: %s\n", err.text);
		rc = exit_of_error(rc);
	} else {
		rc = exit_of_results(&b->report, below);
	}
	bench_free(b);
	return rc;
}
