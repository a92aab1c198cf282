/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What tools get by HTTP.  Shapes: xmrig's doc/api (/2/summary, /1/summary and the older
 * /api.json) and mmpOS's custom miner documentation (/mmpos).
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

static const struct {
	const char *path;
	json_t *(*answer)(const struct api_view *view, const struct tool_rig *r);
} paths[] = {{"/2/summary", xmrig_2},
	     {"/1/summary", xmrig_1},
	     {"/api.json", xmrig_1},
	     {"/mmpos", mmpos}};

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
