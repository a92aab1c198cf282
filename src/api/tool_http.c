/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What tools get by HTTP.  Shapes: xmrig's doc/api (/2/summary, /1/summary and the older
 * /api.json) and mmpOS's custom miner documentation (/mmpos), T-Rex's API page (/summary).
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "src/api/tool.h"
#include "src/str.h"

static json_int_t whole(uint64_t v)
{
	return v < INT64_MAX ? (json_int_t)v : INT64_MAX;
}

/* A number into an array. */
static void add_int(json_t *list, int64_t v)
{
	json_array_append_new(list, json_integer(v));
}

static void add_real(json_t *list, double v)
{
	json_array_append_new(list, json_real(tool_real(v)));
}

/* Over 10 s, a minute and 15 minutes; null until there is one. */
static json_t *three_rates(double a, double b, double c)
{
	double v[3] = {a, b, c};
	json_t *list = json_array();
	int i;

	for (i = 0; i < 3; i++)
		json_array_append_new(list, v[i] > 0 ? json_real(tool_real(v[i])) : json_null());
	return list;
}

static json_t *xmrig_connection(const struct api_view *view, const struct tool_rig *r)
{
	const struct rig_stats *rig = view->rig;
	int64_t up_ms = r->pool && r->pool->since_ms > 0 && r->pool->since_ms <= view->now_ms
				? view->now_ms - r->pool->since_ms
				: 0;

	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:n, s:s, s:I, s:I, s:I}", "pool", r->place,
			 "uptime", (json_int_t)(up_ms / 1000), "uptime_ms", (json_int_t)up_ms,
			 "ping", (json_int_t)tool_whole(rig->latency_ms), "failures",
			 whole(r->pool ? r->pool->drops : 0), "tls", "algo", r->algo, "diff",
			 (json_int_t)tool_whole(rig->difficulty), "accepted",
			 whole(rig->shares.accepted), "rejected", whole(r->rejected));
}

static json_t *xmrig(const struct api_view *view, const struct tool_rig *r, bool first)
{
	const struct rig_stats *rig = view->rig;
	json_t *threads = json_array(), *results, *rates, *v;
	double now = 0, quarter = 0;
	uint64_t hashes = 0;
	unsigned i;

	for (i = 0; i < r->n; i++) {
		const struct tool_card *c = &r->card[i];
		bool live = c->rate > 0;

		now += live ? c->s->rate_10s : 0;
		quarter += live ? c->s->rate_15m : 0;
		hashes += c->s->hashes;
		json_array_append_new(threads, three_rates(live ? c->s->rate_10s : 0, c->rate,
							   live ? c->s->rate_15m : 0));
	}
	results = json_pack(
		"{s:I, s:I, s:I, s:I}", "diff_current", (json_int_t)tool_whole(rig->difficulty),
		"shares_good", whole(rig->shares.accepted), "shares_total",
		whole(rig->shares.accepted + r->rejected), "hashes_total", whole(hashes));
	rates = json_pack("{s:o, s:n}", "total", three_rates(now, r->rate, quarter), "highest");
	if (first)
		json_object_set(rates, "threads", threads);
	json_decref(threads);
	v = json_pack("{s:s, s:s, s:I, s:b, s:o, s:s, s:o}", "id", "", "worker_id", "", "uptime",
		      (json_int_t)r->up_s, "restricted", true, "results", results, "algo", r->algo,
		      "connection", xmrig_connection(view, r));
	json_object_set_new(v, "version", json_string(r->version));
	json_object_set_new(v, "kind", json_string("miner"));
	json_object_set_new(v, "ua", json_sprintf("adit/%s", r->version));
	json_object_set_new(v, "donate_level", json_integer(0));
	json_object_set_new(v, "paused", json_boolean(view->paused));
	json_object_set_new(v, "algorithms", json_pack("[s]", r->algo));
	json_object_set_new(v, "hashrate", rates);
	return v;
}

static json_t *xmrig_2(const struct api_view *view, const struct tool_rig *r)
{
	return xmrig(view, r, false);
}

static json_t *xmrig_1(const struct api_view *view, const struct tool_rig *r)
{
	return xmrig(view, r, true);
}

/* The order is accepted, invalid, rejected: not Hive's. */
static json_t *mmpos(const struct api_view *view, const struct tool_rig *r)
{
	const struct share_counts *s = &view->rig->shares;
	json_t *bus = json_array(), *hash = json_array(), *air;
	json_t *accepted = json_array(), *rejected = json_array(), *invalid = json_array();
	unsigned i;

	for (i = 0; i < r->n; i++) {
		const struct tool_card *c = &r->card[i];

		json_array_append_new(bus,
				      c->info->cpu ? json_string("cpu") : json_integer(c->bus));
		add_real(hash, c->rate);
		add_int(accepted, whole(c->s->shares.accepted));
		add_int(rejected, whole(c->rejected));
		add_int(invalid, whole(c->s->shares.invalid));
	}
	air = json_pack("[o, o, o]", json_sprintf("%" PRIu64, s->accepted),
			json_sprintf("%" PRIu64, s->invalid),
			json_sprintf("%" PRIu64, r->rejected));
	return json_pack("{s:o, s:o, s:s, s:o, s:{s:o, s:o, s:o}, s:s, s:s}", "busid", bus, "hash",
			 hash, "units", "hs", "air", air, "shares", "accepted", accepted,
			 "rejected", rejected, "invalid", invalid, "miner_name", "adit",
			 "miner_version", r->version);
}

static json_t *trex_card(const struct api_view *view, const struct tool_card *c, unsigned i)
{
	const struct share_counts *s = &c->s->shares;
	int64_t rate = tool_whole(c->rate), last = tool_last_share_ms(view, c) / 1000;
	char vendor[48], uuid[48];
	json_t *v, *shares;

	str_printable(vendor, sizeof vendor, c->info->vendor, strlen(c->info->vendor));
	str_printable(uuid, sizeof uuid, c->info->uuid, strlen(c->info->uuid));
	shares = json_pack("{s:I, s:I, s:I, s:I}", "accepted_count", whole(s->accepted),
			   "rejected_count", whole(c->rejected), "invalid_count", whole(s->invalid),
			   "last_share_submit_ts", (json_int_t)last);
	v = json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:s, s:s, s:s}", "device_id", (int)i,
		      "gpu_id", (int)i, "gpu_user_id", (int)i, "pci_bus", c->bus, "pci_domain",
		      c->domain, "pci_id", c->slot, "name", c->name, "vendor", vendor, "uuid",
		      uuid);
	json_object_set_new(v, "hashrate", json_integer(rate));
	json_object_set_new(v, "hashrate_instant",
			    json_integer(rate ? tool_whole(c->s->rate_10s) : 0));
	json_object_set_new(v, "hashrate_minute", json_integer(rate));
	json_object_set_new(v, "paused", json_boolean(tool_paused(c)));
	json_object_set_new(v, "disabled", json_boolean(c->s->state == DEVICE_PARKED));
	json_object_set_new(v, "power", json_integer(c->power));
	json_object_set_new(v, "fan_speed", json_integer(c->fan));
	json_object_set_new(v, "temperature", json_integer(c->temperature));
	if (c->memory >= 0)
		json_object_set_new(v, "memory_temperature", json_integer(c->memory));
	json_object_set_new(v, "shares", shares);
	return v;
}

/* Rates in H/s; a sensor nobody reads is -1, but the memory's is left out as T-Rex does. */
static json_t *trex(const struct api_view *view, const struct tool_rig *r)
{
	const struct rig_stats *rig = view->rig;
	json_t *v, *pool, *gpus = json_array();
	unsigned i;

	for (i = 0; i < r->n; i++)
		json_array_append_new(gpus, trex_card(view, &r->card[i], i));
	pool = json_pack("{s:o, s:I, s:I, s:s, s:s, s:s}", "difficulty",
			 json_sprintf("%.6g", tool_real(rig->difficulty)), "ping",
			 (json_int_t)tool_whole(rig->latency_ms), "retries",
			 whole(r->pool ? r->pool->drops : 0), "url", r->url, "user", r->user,
			 "worker", "");
	v = json_pack("{s:I, s:I, s:I, s:I, s:o, s:s, s:s, s:i}", "accepted_count",
		      whole(rig->shares.accepted), "rejected_count", whole(r->rejected),
		      "invalid_count", whole(rig->shares.invalid), "solved_count",
		      whole(rig->blocks), "active_pool", pool, "algorithm", r->algo, "api", "4.1",
		      "gpu_total", (int)r->n);
	json_object_set_new(v, "hashrate", json_integer(tool_whole(r->rate)));
	json_object_set_new(v, "hashrate_minute", json_integer(tool_whole(r->rate)));
	json_object_set_new(v, "name", json_string("adit"));
	json_object_set_new(v, "os", json_string("linux"));
	json_object_set_new(v, "paused", json_boolean(view->paused));
	json_object_set_new(v, "success", json_integer(1));
	json_object_set_new(v, "time", json_integer(view->now_ms / 1000));
	json_object_set_new(v, "uptime", json_integer(r->up_s));
	json_object_set_new(v, "validate_shares", json_true());
	json_object_set_new(v, "version", json_string(r->version));
	json_object_set_new(v, "gpus", gpus);
	return v;
}

static const struct {
	const char *path;
	json_t *(*answer)(const struct api_view *view, const struct tool_rig *r);
} paths[] = {{"/2/summary", xmrig_2},
	     {"/1/summary", xmrig_1},
	     {"/api.json", xmrig_1},
	     {"/mmpos", mmpos},
	     {"/summary", trex}};

int api_tool_http(const struct api_call *call, const char *path, struct evbuffer *out)
{
	size_t len = strcspn(path, "?"), i;
	struct tool_rig r;

	for (i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		if (len != strlen(paths[i].path) || memcmp(path, paths[i].path, len) != 0)
			continue;
		if (call->right == API_NOTHING)
			return -ERR_PERM;
		tool_rig(&r, call->view);
		return tool_put(out, paths[i].answer(call->view, &r), false);
	}
	return -ERR_UNKNOWN;
}
