/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Several rigs as one table for people, or one JSON array for programs. */
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "src/top.h"
#include "src/tui_devices.h"

static void reading(char *out, size_t size, int32_t v, const char *unit)
{
	snprintf(out, size, v == STAT_UNKNOWN ? "-" : "%d%s", (int)v, unit);
}

static void print_device(FILE *out, const struct device_stats *d)
{
	char rate[24], core[24], power[24], why[ERR_TEXT_MAX + 64] = "";

	reading(core, sizeof core, d->temperature_c, "C");
	reading(power, sizeof power, d->power_w, "W");
	if (d->state == DEVICE_PREPARING)
		tui_progress(why, sizeof why, 60, d);
	else if (d->state != DEVICE_MINING)
		snprintf(why, sizeof why, "%s", d->reason);
	fprintf(out,
		"  %-24.24s %-10s %12s %8" PRIu64 " %6" PRIu64 " %6" PRIu64 " %6" PRIu64
		" %5s %6s%s%s\n",
		d->id, device_state_name(d->state), rate_print(rate, sizeof rate, d->rate_60s),
		d->shares.accepted, d->shares.rejected, d->shares.stale, d->shares.invalid, core,
		power, why[0] ? "  " : "", why);
}

static void print_rig(FILE *out, const struct top_rig *r)
{
	const struct share_counts *c = &r->stats.shares;
	char rate[24], mining[24];
	unsigned i;

	if (r->state != TOP_UP) {
		fprintf(out, "%-26.40s %-10s %s\n", r->name, "down", r->error);
		return;
	}
	snprintf(mining, sizeof mining, "%u/%u", top_mining(r), r->stats.n_devices);
	fprintf(out,
		"%-26.40s %-10s %12s %8" PRIu64 " %6" PRIu64 " %6" PRIu64 " %6" PRIu64
		"               %s, %s%s%s\n",
		r->name, mining, rate_print(rate, sizeof rate, r->stats.rate_60s), c->accepted,
		c->rejected, c->stale, c->invalid, r->stats.algo, r->stats.pool_state,
		r->stats.pool[0] ? " to " : "", r->stats.pool);
	for (i = 0; i < r->stats.n_devices; i++)
		print_device(out, &r->stats.devices[i]);
}

void top_print(FILE *out, const struct top_rig *rigs, unsigned n)
{
	unsigned i, well = 0;

	fprintf(out, "%-26s %-10s %12s %8s %6s %6s %6s %5s %6s\n", "RIG", "MINING", "60 S",
		"ACCEPTED", "REJECT", "STALE", "WRONG", "CORE", "POWER");
	for (i = 0; i < n; i++) {
		print_rig(out, &rigs[i]);
		well += top_is_well(&rigs[i]);
	}
	fprintf(out, "%u of %u rig%s well\n", well, n, n == 1 ? " is" : "s are");
}

static json_t *value(int32_t v)
{
	return v == STAT_UNKNOWN ? json_null() : json_integer(v);
}

static json_t *count(uint64_t n)
{
	return json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n);
}

static json_t *counts(const struct share_counts *c)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "accepted", count(c->accepted), "rejected",
			 count(c->rejected), "stale", count(c->stale), "invalid", count(c->invalid),
			 "lost", count(c->lost));
}

static json_t *device(const struct device_stats *d)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:f, s:f, s:o, s:o, s:o, s:o}", "id", d->id, "name",
			 d->name, "state", device_state_name(d->state), "reason", d->reason,
			 "rate_10s", d->rate_10s, "rate_60s", d->rate_60s, "shares",
			 counts(&d->shares), "temperature_c", value(d->temperature_c),
			 "fan_percent", value(d->fan_percent), "power_w", value(d->power_w));
}

static json_t *rig(const struct top_rig *r)
{
	json_t *devices = json_array();
	unsigned i;

	if (r->state != TOP_UP) {
		json_decref(devices);
		return json_pack("{s:s, s:b, s:b, s:s}", "rig", r->name, "up", 0, "well", 0,
				 "error", r->error);
	}
	for (i = 0; i < r->stats.n_devices; i++)
		json_array_append_new(devices, device(&r->stats.devices[i]));
	return json_pack("{s:s, s:b, s:b, s:s, s:s, s:s, s:s, s:I, s:b, s:f, s:f, s:o, s:i, s:o}",
			 "rig", r->name, "up", 1, "well", top_is_well(r), "version", r->version,
			 "algo", r->stats.algo, "pool", r->stats.pool, "pool_state",
			 r->stats.pool_state, "uptime_s", (json_int_t)(r->stats.uptime_ms / 1000),
			 "paused", r->paused, "rate_10s", r->stats.rate_10s, "rate_60s",
			 r->stats.rate_60s, "shares", counts(&r->stats.shares), "mining",
			 (int)top_mining(r), "devices", devices);
}

int top_print_json(FILE *out, const struct top_rig *rigs, unsigned n)
{
	json_t *all = json_array();
	int rc = all ? 0 : -ERR_NOMEM;
	unsigned i;

	for (i = 0; !rc && i < n; i++)
		if (json_array_append_new(all, rig(&rigs[i])))
			rc = -ERR_NOMEM;
	if (!rc && json_dumpf(all, out, JSON_INDENT(1)))
		rc = -ERR_NOMEM;
	fputc('\n', out);
	json_decref(all);
	return rc;
}
