/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * GET /stat, which GMiner and Rigel both have.  Both have the algorithm, the seconds since the
 * start and a list of devices by the same names and in the same form, and no other name in
 * common, so that one object serves the readers of either.
 */
#include <string.h>

#include "src/api/tool_json.h"
#include "src/str.h"

/* {algorithm: value}, as Rigel has it; steals value. */
static json_t *by_algo(const struct tool_rig *r, json_t *value)
{
	json_t *v = json_object();

	json_object_set_new(v, r->algo, value);
	return v;
}

static json_t *solutions(uint64_t accepted, uint64_t rejected, uint64_t invalid)
{
	return json_pack("{s:I, s:I, s:I}", "accepted", tool_count(accepted), "rejected",
			 tool_count(rejected), "invalid", tool_count(invalid));
}

/* GMiner's names. */
static json_t *gminer_card(const struct tool_card *c, unsigned i)
{
	const struct share_counts *s = &c->s->shares;
	char bus[24];

	str_printable(bus, sizeof bus, c->s->pci, strnlen(c->s->pci, sizeof c->s->pci));
	return json_pack(
		"{s:i, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:i, s:i, s:i, s:i, s:i}",
		"gpu_id", (int)i, "bus_id", bus, "name", c->name, "speed",
		(json_int_t)tool_whole(c->rate), "speed2", (json_int_t)0, "accepted_shares",
		tool_count(s->accepted), "rejected_shares", tool_count(s->rejected), "stale_shares",
		tool_count(s->stale), "invalid_shares", tool_count(s->invalid), "fan", c->fan,
		"temperature", c->temperature, "memory_temperature", c->memory, "core_clock",
		c->core_mhz, "memory_clock", c->memory_mhz, "power_usage", c->power);
}

/* Rigel's, beside them. */
static void add_rigel_card(json_t *v, const struct tool_rig *r, const struct tool_card *c,
			   unsigned i)
{
	json_t *sensors = json_pack("{s:i, s:i, s:i, s:i, s:i, s:i}", "core_temperature",
				    c->temperature, "core_clock", c->core_mhz, "memory_clock",
				    c->memory_mhz, "memory_temperature", c->memory, "fan_speed",
				    c->fan, "power_usage", c->power);

	json_object_set_new(v, "id", json_integer(i));
	json_object_set_new(v, "selected", json_true());
	json_object_set_new(v, "total_mem", json_integer(tool_count(c->info->mem_total)));
	json_object_set(v, "pci_address", json_object_get(v, "bus_id"));
	json_object_set_new(v, "monitoring_info", sensors);
	json_object_set_new(v, "hashrate", by_algo(r, json_integer(tool_whole(c->rate))));
	json_object_set_new(
		v, "solution_stat",
		by_algo(r, solutions(c->s->shares.accepted, c->rejected, c->s->shares.invalid)));
}

json_t *tool_stat(const struct api_view *view, const struct tool_rig *r)
{
	const struct share_counts *s = &view->rig->shares;
	json_t *v, *devices = json_array();
	unsigned i;

	for (i = 0; i < r->n; i++) {
		json_t *card = gminer_card(&r->card[i], i);

		add_rigel_card(card, r, &r->card[i], i);
		json_array_append_new(devices, card);
	}
	v = json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:s}", "miner", r->program, "name",
		      "adit", "version", r->version, "uptime", (json_int_t)r->up_s, "server",
		      r->url, "user", r->user, "algorithm", r->algo, "speed_unit", "H/s",
		      "power_unit", "H/W");
	json_object_set_new(v, "total_accepted_shares", json_integer(tool_count(s->accepted)));
	json_object_set_new(v, "total_rejected_shares", json_integer(tool_count(s->rejected)));
	json_object_set_new(v, "total_stale_shares", json_integer(tool_count(s->stale)));
	json_object_set_new(v, "total_invalid_shares", json_integer(tool_count(s->invalid)));
	json_object_set_new(v, "hashrate", by_algo(r, json_integer(tool_whole(r->rate))));
	json_object_set_new(v, "solution_stat",
			    by_algo(r, solutions(s->accepted, r->rejected, s->invalid)));
	json_object_set_new(v, "power_usage", json_integer(r->power));
	json_object_set_new(v, "devices", devices);
	return v;
}
