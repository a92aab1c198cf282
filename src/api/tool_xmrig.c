/* SPDX-License-Identifier: GPL-3.0-or-later */
/* xmrig's summaries.  Shapes: its doc/api (/2/summary, /1/summary and the older /api.json). */
#include <string.h>

#include "src/api/tool_json.h"

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

static json_t *card_rates(const struct tool_card *c)
{
	bool live = c->rate > 0;

	return three_rates(live ? c->s->rate_10s : 0, c->rate, live ? c->s->rate_15m : 0);
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
			 tool_count(r->pool ? r->pool->drops : 0), "tls", "algo", r->algo, "diff",
			 (json_int_t)tool_whole(rig->difficulty), "accepted",
			 tool_count(rig->shares.accepted), "rejected", tool_count(r->rejected));
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
		json_array_append_new(threads, card_rates(c));
	}
	results = json_pack(
		"{s:I, s:I, s:I, s:I}", "diff_current", (json_int_t)tool_whole(rig->difficulty),
		"shares_good", tool_count(rig->shares.accepted), "shares_total",
		tool_count(rig->shares.accepted + r->rejected), "hashes_total", tool_count(hashes));
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

json_t *tool_xmrig_2(const struct api_view *view, const struct tool_rig *r)
{
	return xmrig(view, r, false);
}

json_t *tool_xmrig_1(const struct api_view *view, const struct tool_rig *r)
{
	return xmrig(view, r, true);
}

static json_t *backend_card(const struct tool_card *c, unsigned i)
{
	json_t *place = c->bus < 0 ? json_null()
				   : json_sprintf("%02x:%02x.%x", (unsigned)c->bus,
						  (unsigned)c->slot, (unsigned)c->function);
	json_t *health = json_pack("{s:i, s:i, s:i, s:i, s:[i]}", "temperature", c->temperature,
				   "power", c->power, "clock", c->core_mhz, "mem_clock",
				   c->memory_mhz, "fan_speed", c->fan);

	return json_pack("{s:i, s:s, s:o, s:I, s:o, s:o}", "index", (int)i, "name", c->name,
			 "bus_id", place, "global_mem", tool_count(c->info->mem_total), "hashrate",
			 card_rates(c), "health", health);
}

/* One of xmrig's kinds, with the cards that are of it. */
static json_t *backend(const struct tool_rig *r, const char *type)
{
	json_t *threads = json_array();
	double now = 0, minute = 0, quarter = 0;
	unsigned i;

	for (i = 0; i < r->n; i++) {
		const struct tool_card *c = &r->card[i];

		if (strcmp(c->info->backend, type) != 0)
			continue;
		minute += c->rate;
		now += c->rate > 0 ? c->s->rate_10s : 0;
		quarter += c->rate > 0 ? c->s->rate_15m : 0;
		json_array_append_new(threads, backend_card(c, i));
	}
	return json_pack("{s:s, s:b, s:s, s:n, s:o, s:o}", "type", type, "enabled",
			 json_array_size(threads) > 0, "algo", r->algo, "profile", "hashrate",
			 three_rates(now, minute, quarter), "threads", threads);
}

json_t *tool_xmrig_backends(const struct api_view *view, const struct tool_rig *r)
{
	(void)view;
	return json_pack("[o, o, o]", backend(r, "cpu"), backend(r, "opencl"), backend(r, "cuda"));
}
