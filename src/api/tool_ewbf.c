/* SPDX-License-Identifier: GPL-3.0-or-later */
/* EWBF's and miniZ's line {"id": ..., "method": "getstat"}. */
#include <string.h>

#include "src/api/tool_json.h"
#include "src/str.h"

static json_t *card(const struct api_view *view, const struct tool_card *c, unsigned i)
{
	char bus[24];

	str_printable(bus, sizeof bus, c->s->pci, strnlen(c->s->pci, sizeof c->s->pci));
	return json_pack(
		"{s:i, s:i, s:s, s:s, s:i, s:i, s:i, s:i, s:I, s:I, s:I, s:I}", "gpuid", (int)i,
		"cudaid", (int)i, "busid", bus, "name", c->name, "gpu_status",
		tool_paused(c) ? 0 : 2, "temperature", c->temperature, "gpu_fan_speed", c->fan,
		"gpu_power_usage", c->power, "speed_sps", (json_int_t)tool_whole(c->rate),
		"accepted_shares", tool_count(c->s->shares.accepted), "rejected_shares",
		tool_count(c->rejected), "start_time", (json_int_t)(view->started_ms / 1000));
}

int api_ewbf(const struct api_call *call, const json_t *request, struct evbuffer *out)
{
	const char *name = json_string_value(json_object_get(request, "method"));
	json_t *id = json_object_get(request, "id"), *cards, *v;
	struct tool_rig r;
	unsigned i;

	if (!name || strcmp(name, "getstat") != 0)
		return -ERR_UNKNOWN;
	if (call->right == API_NOTHING)
		return -ERR_PERM;
	tool_rig(&r, call->view);
	cards = json_array();
	for (i = 0; i < r.n; i++)
		json_array_append_new(cards, card(call->view, &r.card[i], i));
	v = json_pack("{s:o, s:s, s:n, s:I, s:s, s:s, s:s, s:o}", "id",
		      json_is_string(id) || json_is_integer(id) ? json_incref(id) : json_null(),
		      "method", "getstat", "error", "start_time",
		      (json_int_t)(call->view->started_ms / 1000), "current_server", r.place,
		      "algorithm", r.algo, "version", r.version, "result", cards);
	return tool_put(out, v, true);
}
