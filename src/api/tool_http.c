/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What tools get by HTTP: which path is whose.  Here mmpOS's own (its custom miner
 * documentation), for which there is no miner.
 */
#include <inttypes.h>
#include <string.h>

#include "src/api/tool_json.h"

json_int_t tool_count(uint64_t v)
{
	return v < INT64_MAX ? (json_int_t)v : INT64_MAX;
}

void tool_add_int(json_t *list, int64_t v)
{
	json_array_append_new(list, json_integer(v));
}

void tool_add_real(json_t *list, double v)
{
	json_array_append_new(list, json_real(tool_real(v)));
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
		tool_add_real(hash, c->rate);
		tool_add_int(accepted, tool_count(c->s->shares.accepted));
		tool_add_int(rejected, tool_count(c->rejected));
		tool_add_int(invalid, tool_count(c->s->shares.invalid));
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
} paths[] = {
	{"/", tool_lolminer},
	{"/summary", tool_summary},
	{"/stat", tool_stat},
	{"/api/v1/status", tool_nbminer},
	{"/2/summary", tool_xmrig_2},
	{"/1/summary", tool_xmrig_1},
	{"/api.json", tool_xmrig_1},
	{"/2/backends", tool_xmrig_backends},
	{"/mmpos", mmpos},
};

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
