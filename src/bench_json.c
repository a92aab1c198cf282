/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Results of `adit bench` for programs; doc/bench.md describes every member. */
#include <string.h>

#include "config.h"
#include "src/bench.h"

/* What is not known is null, never a number. */
static json_t *real(double v, bool known)
{
	return known ? json_real(v) : json_null();
}

static json_t *whole(int64_t v, bool known)
{
	return known ? json_integer((json_int_t)v) : json_null();
}

static json_t *text(const char *s)
{
	return s && *s ? json_string(s) : json_null();
}

static json_t *rate_json(const struct bench_result *r)
{
	json_t *o = json_object(), *windows = json_array();
	unsigned i;

	for (i = 0; i < r->n; i++)
		json_array_append_new(windows, json_real(r->windows[i]));
	json_object_set_new(o, "median", json_real(r->rate.median));
	json_object_set_new(o, "mad", json_real(r->rate.mad));
	json_object_set_new(o, "min", json_real(r->rate.min));
	json_object_set_new(o, "max", json_real(r->rate.max));
	json_object_set_new(o, "windows", windows);
	json_object_set_new(o, "steady", json_boolean(r->steady));
	json_object_set_new(o, "hashes", json_real(r->hashes));
	json_object_set_new(o, "seconds", json_real(r->seconds));
	json_object_set_new(o, "batch_ms", real(r->batch_us / 1000, r->batch_us > 0));
	return o;
}

static json_t *proof_json(const struct bench_result *r)
{
	json_t *o = json_object();

	json_object_set_new(o, "found", whole((int64_t)r->found, true));
	json_object_set_new(o, "wrong", whole((int64_t)r->wrong, true));
	json_object_set_new(o, "planted", whole((int64_t)r->planted, true));
	json_object_set_new(o, "missed", whole((int64_t)r->missed, true));
	json_object_set_new(o, "expected", json_real(r->expected));
	json_object_set_new(o, "lucky", whole((int64_t)r->lucky, true));
	return o;
}

static json_t *seconds_json(const struct bench_result *r)
{
	json_t *o = json_object();

	json_object_set_new(o, "open", real(r->open_s, r->open_s >= 0));
	json_object_set_new(o, "build", real(r->build_s, r->build_s >= 0));
	json_object_set_new(o, "selftest", real(r->selftest_s, r->selftest_s >= 0));
	json_object_set_new(o, "choose", real(r->measure_s, r->measure_s >= 0));
	json_object_set_new(o, "ready", real(r->ready_s, r->ready_s >= 0));
	json_object_set_new(o, "cache", real(r->cache_s, r->cache_s >= 0));
	json_object_set_new(o, "dataset", real(r->dataset_s, r->dataset_s >= 0));
	return o;
}

/* What the host has to do with it, while measured. */
static json_t *host_json(const struct bench_result *r)
{
	bool timed = r->batches > 0 && r->seconds > 0;
	json_t *o = json_object();

	json_object_set_new(o, "idle_percent", real(r->idle_percent, r->idle_percent >= 0));
	json_object_set_new(o, "wakeups_per_s", real(r->wakeups, r->wakeups >= 0));
	json_object_set_new(o, "preemptions_per_s", real(r->preemptions, r->preemptions >= 0));
	json_object_set_new(o, "batches_per_s",
			    timed ? json_real(r->batches / r->seconds) : json_null());
	json_object_set_new(o, "to_device_bytes", whole(r->to_device, r->to_device));
	json_object_set_new(o, "from_device_bytes", whole(r->from_device, r->from_device));
	return o;
}

static json_t *limit_json(const struct bench_result *r)
{
	json_t *o;

	if (!(r->limit.hps > 0))
		return json_null();
	o = json_object();
	json_object_set_new(o, "rate", json_real(r->limit.hps));
	json_object_set_new(o, "by", json_string(r->limit.by));
	json_object_set_new(o, "percent", json_real(100 * r->rate.median / r->limit.hps));
	json_object_set_new(o, "operations", json_real(r->limit.ops));
	json_object_set_new(o, "bytes", json_real(r->limit.bytes));
	return o;
}

static json_t *profile_json(const struct bench_result *r)
{
	json_t *o;

	if (!r->tuned)
		return json_null();
	o = json_object();
	json_object_set_new(o, "metric", json_string(r->tuned));
	json_object_set_new(o, "power_limit_w", real((double)r->tuned_mw / 1000, r->tuned_mw > 0));
	return o;
}

static json_t *result_json(const struct bench_report *report, const struct bench_result *r)
{
	json_t *o = json_object();

	json_object_set_new(o, "device", json_string(report->devices[r->device].id));
	json_object_set_new(o, "algorithm", json_string(r->algo->name));
	json_object_set_new(o, "state", json_string(bench_state_word(r->state)));
	json_object_set_new(o, "why", text(r->why));
	json_object_set_new(o, "simulated", json_boolean(r->simulated));
	json_object_set_new(o, "plan", text(r->label));
	json_object_set_new(o, "intensity", whole(r->intensity, r->intensity));
	json_object_set_new(o, "profile", profile_json(r));
	json_object_set_new(o, "epoch", whole(r->epoch, r->epoch != BENCH_UNKNOWN));
	json_object_set_new(o, "height", whole(r->height, r->height != BENCH_UNKNOWN));
	json_object_set_new(o, "rate", r->n ? rate_json(r) : json_null());
	json_object_set_new(o, "proof", proof_json(r));
	json_object_set_new(o, "took_s", seconds_json(r));
	json_object_set_new(o, "host", host_json(r));
	json_object_set_new(o, "cpu_percent", real(r->cpu_percent, r->cpu_percent >= 0));
	json_object_set_new(o, "memory_bytes", whole((int64_t)r->memory_bytes, r->memory_bytes));
	json_object_set_new(o, "dataset_bytes", whole((int64_t)r->dataset_bytes, r->dataset_bytes));
	json_object_set_new(o, "power_w", real(r->power_mw / 1000, r->power_mw >= 0));
	json_object_set_new(o, "joules_per_mh", real(r->joules_per_mh, r->joules_per_mh >= 0));
	json_object_set_new(o, "core_c",
			    real((double)r->core_mc / 1000, r->core_mc != BENCH_UNKNOWN));
	json_object_set_new(o, "memory_c",
			    real((double)r->memory_mc / 1000, r->memory_mc != BENCH_UNKNOWN));
	json_object_set_new(o, "limit", limit_json(r));
	return o;
}

static json_t *figure_json(const struct roof_figure *f)
{
	json_t *o = json_object();

	json_object_set_new(o, "kind", text(roof_word(f->kind)));
	json_object_set_new(o, "grain", whole(f->grain, f->grain));
	json_object_set_new(o, "set_bytes", whole((int64_t)f->set_bytes, f->set_bytes));
	json_object_set_new(o, "value", json_real(f->value));
	json_object_set_new(o, "mad", json_real(f->mad));
	json_object_set_new(o, "best", json_real(f->best));
	json_object_set_new(o, "n", whole(f->n, true));
	json_object_set_new(o, "wrong", json_boolean(f->wrong));
	return o;
}

static json_t *device_json(const struct bench_device *d)
{
	json_t *o = json_object(), *probe = json_array();
	unsigned i;

	for (i = 0; i < d->roof.n; i++)
		json_array_append_new(probe, figure_json(&d->roof.figure[i]));
	json_object_set_new(o, "id", json_string(d->id));
	json_object_set_new(o, "name", json_string(d->info.name));
	json_object_set_new(o, "driver", json_string(d->info.driver));
	json_object_set_new(o, "pci", text(d->info.pci));
	json_object_set_new(o, "units", whole(d->info.units, d->info.units));
	json_object_set_new(o, "clock_mhz", whole(d->info.clock_mhz, d->info.clock_mhz));
	json_object_set_new(o, "memory_total",
			    whole((int64_t)d->info.mem_total, d->info.mem_total));
	json_object_set_new(o, "probe", d->roof.n ? json_incref(probe) : json_null());
	json_object_set_new(o, "probe_why", text(d->roof_why));
	json_decref(probe);
	return o;
}

json_t *bench_json(const struct bench_report *r)
{
	json_t *root = json_object(), *devices = json_array(), *results = json_array();
	unsigned i;

	for (i = 0; i < r->n_devices; i++)
		json_array_append_new(devices, device_json(&r->devices[i]));
	for (i = 0; i < r->n; i++)
		json_array_append_new(results, result_json(r, &r->results[i]));
	if (!root || !devices || !results)
		return NULL;
	json_object_set_new(root, "schema", json_string(BENCH_SCHEMA));
	json_object_set_new(root, "version", json_integer(BENCH_SCHEMA_NUMBER));
	json_object_set_new(root, "adit", json_string(PACKAGE_VERSION));
	json_object_set_new(root, "started", whole(r->started_s, true));
	json_object_set_new(root, "window_s", json_real(r->seconds));
	json_object_set_new(root, "repeat", whole(r->repeat, true));
	json_object_set_new(root, "interrupted", json_boolean(r->interrupted));
	json_object_set_new(root, "devices", devices);
	json_object_set_new(root, "results", results);
	return root;
}
