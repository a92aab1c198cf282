/* SPDX-License-Identifier: GPL-3.0-or-later */
/* NBMiner's GET /api/v1/status. */
#include <stdio.h>
#include <string.h>

#include "src/api/tool_json.h"

/* "30.70 M" */
static json_t *short_rate(double rate)
{
	static const char *const letters[] = {"", "K", "M", "G", "T", "P"};
	unsigned i = 0;

	for (rate = tool_real(rate); rate >= 1000 && i < 5; i++)
		rate /= 1000;
	return json_sprintf("%.2f %s", rate, letters[i]);
}

static json_t *card(const struct tool_card *c, unsigned i)
{
	const struct share_counts *s = &c->s->shares;

	return json_pack("{s:i, s:s, s:o, s:I, s:I, s:I, s:I, s:i, s:i, s:i, s:i, s:i, s:i, s:i}",
			 "id", (int)i, "info", c->name, "hashrate", short_rate(c->rate),
			 "hashrate_raw", (json_int_t)tool_whole(c->rate), "accepted_shares",
			 tool_count(s->accepted), "rejected_shares", tool_count(c->rejected),
			 "invalid_shares", tool_count(s->invalid), "fan", c->fan, "temperature",
			 c->temperature, "memTemperature", c->memory, "power", c->power,
			 "core_clock", c->core_mhz, "mem_clock", c->memory_mhz, "pci_bus_id",
			 c->bus);
}

static json_t *stratum(const struct api_view *view, const struct tool_rig *r)
{
	const struct rig_stats *rig = view->rig;
	bool tls = strstr(r->url, "ssl://") || strstr(r->url, "tls://");

	return json_pack("{s:s, s:s, s:s, s:o, s:I, s:I, s:I, s:I, s:b}", "url", r->place, "user",
			 r->user, "algorithm", r->algo, "difficulty", short_rate(rig->difficulty),
			 "accepted_shares", tool_count(rig->shares.accepted), "rejected_shares",
			 tool_count(r->rejected), "invalid_shares", tool_count(rig->shares.invalid),
			 "latency", (json_int_t)tool_whole(rig->latency_ms), "use_ssl", tls);
}

json_t *tool_nbminer(const struct api_view *view, const struct tool_rig *r)
{
	json_t *devices = json_array(), *miner;
	unsigned i;

	for (i = 0; i < r->n; i++)
		json_array_append_new(devices, card(&r->card[i], i));
	miner = json_pack("{s:o, s:o, s:I, s:i}", "devices", devices, "total_hashrate",
			  short_rate(r->rate), "total_hashrate_raw",
			  (json_int_t)tool_whole(r->rate), "total_power_consume", r->power);
	return json_pack("{s:o, s:o, s:I, s:s, s:i}", "miner", miner, "stratum", stratum(view, r),
			 "start_time", (json_int_t)(view->started_ms / 1000), "version", r->version,
			 "reboot_times", 0);
}
