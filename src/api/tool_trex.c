/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * GET /summary, which T-Rex and lolMiner both have: T-Rex's keys (its API page) and lolMiner's in
 * one object, since no name of the one is a name of the other, in whatever case.
 */
#include <string.h>

#include "src/api/tool_json.h"
#include "src/str.h"

static json_t *trex_card(const struct api_view *view, const struct tool_card *c, unsigned i)
{
	const struct share_counts *s = &c->s->shares;
	int64_t rate = tool_whole(c->rate), last = tool_last_share_ms(view, c) / 1000;
	char vendor[48], uuid[48];
	json_t *v, *shares;

	str_printable(vendor, sizeof vendor, c->info->vendor, strlen(c->info->vendor));
	str_printable(uuid, sizeof uuid, c->info->uuid, strlen(c->info->uuid));
	shares = json_pack("{s:I, s:I, s:I, s:I}", "accepted_count", tool_count(s->accepted),
			   "rejected_count", tool_count(c->rejected), "invalid_count",
			   tool_count(s->invalid), "last_share_submit_ts", (json_int_t)last);
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
	json_object_set_new(v, "cclock", json_integer(c->core_mhz));
	json_object_set_new(v, "mclock", json_integer(c->memory_mhz));
	if (c->memory >= 0)
		json_object_set_new(v, "memory_temperature", json_integer(c->memory));
	json_object_set_new(v, "shares", shares);
	return v;
}

/* Rates in H/s; a sensor nobody reads is -1, but the memory's is left out as T-Rex does. */
json_t *tool_summary(const struct api_view *view, const struct tool_rig *r)
{
	const struct rig_stats *rig = view->rig;
	json_t *v, *pool, *gpus = json_array();
	unsigned i;

	for (i = 0; i < r->n; i++)
		json_array_append_new(gpus, trex_card(view, &r->card[i], i));
	pool = json_pack("{s:o, s:I, s:I, s:s, s:s, s:s}", "difficulty",
			 json_sprintf("%.6g", tool_real(rig->difficulty)), "ping",
			 (json_int_t)tool_whole(rig->latency_ms), "retries",
			 tool_count(r->pool ? r->pool->drops : 0), "url", r->url, "user", r->user,
			 "worker", "");
	v = json_pack("{s:I, s:I, s:I, s:I, s:o, s:s, s:s, s:i}", "accepted_count",
		      tool_count(rig->shares.accepted), "rejected_count", tool_count(r->rejected),
		      "invalid_count", tool_count(rig->shares.invalid), "solved_count",
		      tool_count(rig->blocks), "active_pool", pool, "algorithm", r->algo, "api",
		      "4.1", "gpu_total", (int)r->n);
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
	tool_add_lolminer(v, view, r);
	return v;
}
