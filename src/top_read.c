/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What rigs say of themselves, which may be anything. */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "src/str.h"
#include "src/top.h"
#include "src/tui_devices.h"

enum { ASK_SUMMARY = 1, ASK_DEVICES, ASK_EVENTS };

char *top_ask(char *out, size_t size, const struct top_rig *r)
{
	snprintf(out, size,
		 "[{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"miner.summary\"},"
		 "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"miner.devices\"},"
		 "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"miner.events\",\"params\":[%" PRIu64
		 "]}]",
		 ASK_SUMMARY, ASK_DEVICES, ASK_EVENTS, r->last_event);
	return out;
}

void top_rig_done(struct top_rig *r)
{
	free(r->stats.devices);
	r->stats.devices = NULL;
	r->stats.n_devices = 0;
}

unsigned top_mining(const struct top_rig *r)
{
	unsigned i, n = 0;

	for (i = 0; i < r->stats.n_devices; i++)
		n += r->stats.devices[i].state == DEVICE_MINING;
	return n;
}

bool top_is_well(const struct top_rig *r)
{
	return r->state == TOP_UP && r->stats.n_devices && top_mining(r) == r->stats.n_devices;
}

/* ---- values ---- */

static void text(char *out, size_t size, const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	str_printable(out, size, json_is_string(v) ? json_string_value(v) : "",
		      json_string_length(v));
}

static double number(const json_t *o, const char *key)
{
	double v = json_number_value(json_object_get(o, key));

	return isfinite(v) && v > 0 ? v : 0;
}

/* Of what may be null: -1 is not known. */
static double or_unknown(const json_t *o, const char *key)
{
	return json_is_number(json_object_get(o, key)) ? number(o, key) : -1;
}

static uint64_t count(const json_t *o, const char *key)
{
	json_int_t v = json_integer_value(json_object_get(o, key));

	return v > 0 ? (uint64_t)v : 0;
}

static int32_t reading(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);
	json_int_t n = json_integer_value(v);

	return json_is_integer(v) && n > -1000 && n < 1000000 ? (int32_t)n : STAT_UNKNOWN;
}

static void shares(struct share_counts *out, const json_t *o)
{
	out->accepted = count(o, "accepted");
	out->rejected = count(o, "rejected");
	out->stale = count(o, "stale");
	out->invalid = count(o, "invalid");
	out->lost = count(o, "lost");
	out->accepted_difficulty = number(o, "accepted_difficulty");
}

/* ---- parts ---- */

static void summary(struct top_rig *r, const json_t *o)
{
	struct rig_stats *s = &r->stats;
	const json_t *rate = json_object_get(o, "rate");
	int64_t started = json_integer_value(json_object_get(o, "started_ms"));

	text(r->version, sizeof r->version, o, "version");
	text(s->algo, sizeof s->algo, o, "algo");
	text(s->pool_state, sizeof s->pool_state, o, "pool_state");
	text(s->pool, sizeof s->pool, json_object_get(o, "pool"), "url");
	r->paused = json_is_true(json_object_get(o, "paused"));
	if (started != r->started_ms)
		r->last_event = 0; /* another run counts anew */
	r->started_ms = started;
	s->uptime_ms = (int64_t)(number(o, "uptime_s") < 1e12 ? number(o, "uptime_s") * 1000 : 0);
	s->difficulty = number(o, "difficulty");
	s->best_difficulty = number(o, "best_difficulty");
	s->height = count(o, "height");
	s->jobs = count(o, "jobs");
	s->blocks = count(o, "blocks");
	s->latency_ms = or_unknown(o, "latency_ms");
	s->turnaround_ms = or_unknown(o, "turnaround_ms");
	s->submit_ms = or_unknown(o, "submit_ms");
	s->rate_10s = number(rate, "10s");
	s->rate_60s = number(rate, "60s");
	s->rate_15m = number(rate, "15m");
	shares(&s->shares, json_object_get(o, "shares"));
}

static enum device_state state_of(const json_t *o)
{
	const char *word = json_string_value(json_object_get(o, "state"));
	unsigned i;

	for (i = 0; word && i < DEVICE_STATES; i++)
		if (!strcmp(word, device_state_name(i)))
			return i;
	return DEVICE_STATES;
}

static void device(struct device_stats *d, const json_t *o)
{
	const json_t *rate = json_object_get(o, "rate"), *sensors = json_object_get(o, "sensors");
	double done = number(o, "progress"), duty = number(o, "duty"), left = number(o, "left_s");

	memset(d, 0, sizeof *d);
	text(d->id, sizeof d->id, o, "id");
	text(d->pci, sizeof d->pci, o, "pci");
	text(d->name, sizeof d->name, o, "name");
	text(d->reason, sizeof d->reason, o, "reason");
	d->state = state_of(o);
	d->permille = done < 1 ? (uint32_t)(done * 1000) : 1000;
	d->left_s = left < 1e9 ? (uint32_t)left : 0;
	d->duty_permille = duty < 1 ? (uint32_t)(duty * 1000) : 1000;
	d->rate_10s = number(rate, "10s");
	d->rate_60s = number(rate, "60s");
	d->rate_15m = number(rate, "15m");
	shares(&d->shares, json_object_get(o, "shares"));
	d->hashes = count(o, "hashes");
	d->restarts = count(o, "restarts");
	d->temperature_c = reading(sensors, "temperature_c");
	d->memory_c = reading(sensors, "memory_c");
	d->fan_percent = reading(sensors, "fan_percent");
	d->power_w = reading(sensors, "power_w");
	d->limit_w = reading(sensors, "limit_w");
}

static int devices(struct top_rig *r, const json_t *all, struct err *err)
{
	size_t n = json_array_size(all), i;
	struct device_stats *d;

	n = n < TOP_DEVICES_MAX ? n : TOP_DEVICES_MAX;
	d = calloc(n ? n : 1, sizeof *d);
	if (!d)
		return err_set(err, ERR_NOMEM, "no memory for %zu devices", n);
	for (i = 0; i < n; i++)
		device(&d[i], json_array_get(all, i));
	free(r->stats.devices);
	r->stats.devices = d;
	r->stats.n_devices = (unsigned)n;
	return 0;
}

static void alarm_line(const struct top_rig *r, const json_t *e, struct tui_log *alarms)
{
	const char *severity = json_string_value(json_object_get(e, "severity"));
	json_int_t at = json_integer_value(json_object_get(e, "at_ms"));
	char id[32], name[24], what[120], when[16], line[TUI_LOG_TEXT];
	time_t seconds = (time_t)(at / 1000);
	struct tm tm;

	if (!severity || !strcmp(severity, "info") || at < 0 || !localtime_r(&seconds, &tm))
		return;
	strftime(when, sizeof when, "%H:%M:%S", &tm);
	text(id, sizeof id, e, "device");
	text(name, sizeof name, e, "name");
	text(what, sizeof what, e, "text");
	snprintf(line, sizeof line, "%s %.40s %s%s%s: %s", when, r->name, id, id[0] ? " " : "",
		 name, what);
	tui_log_add(alarms, strcmp(severity, "error") ? LOG_WARN : LOG_ERROR, line);
}

static void events(struct top_rig *r, const json_t *all, struct tui_log *alarms)
{
	uint64_t last = r->last_event;
	size_t i;

	for (i = 0; i < json_array_size(all); i++) {
		const json_t *e = json_array_get(all, i);
		uint64_t id = count(e, "id");

		if (id <= last)
			continue;
		last = id;
		if (alarms)
			alarm_line(r, e, alarms);
	}
	r->last_event = last;
}

/* ---- the whole ---- */

static const json_t *answer_to(const json_t *all, int id)
{
	size_t i;

	for (i = 0; i < json_array_size(all); i++) {
		const json_t *one = json_array_get(all, i);
		const json_t *its = json_object_get(one, "id");

		if (json_is_integer(its) && json_integer_value(its) == id)
			return one;
	}
	return NULL;
}

/* Why this is no list of answers. */
static int refused(const json_t *answer, struct err *err)
{
	const json_t *error = json_object_get(answer, "error");
	char why[120];

	text(why, sizeof why, error, "message");
	if (!json_is_object(error))
		return err_set(err, ERR_PROTO, "its answer is not one of an adit's API");
	return err_set(err, ERR_AUTH, "it refuses: %s", why[0] ? why : "no reason given");
}

int top_read(struct top_rig *r, const char *body, size_t len, struct tui_log *alarms,
	     struct err *err)
{
	json_t *all =
		len <= TOP_ANSWER_MAX ? json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL) : NULL;
	const json_t *one = answer_to(all, ASK_SUMMARY), *two = answer_to(all, ASK_DEVICES);
	const json_t *sum = json_object_get(one, "result"), *list = json_object_get(two, "result");
	int rc;

	if (!json_is_object(sum) || !json_is_array(list)) {
		rc = refused(json_is_object(all) ? all : one ? one : two, err);
	} else {
		rc = devices(r, list, err);
		if (!rc) {
			summary(r, sum);
			events(r, json_object_get(answer_to(all, ASK_EVENTS), "result"), alarms);
		}
	}
	json_decref(all);
	return rc;
}
