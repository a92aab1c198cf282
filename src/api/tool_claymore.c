/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * JSON-RPC of ethminer and Claymore's miner.  Shapes: ethminer's docs/API_DOCUMENTATION.md and
 * the remote monitoring section of Claymore's Readme (miner_getstat1, miner_getstat2).
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "src/api/tool.h"
#include "src/str.h"

enum {
	BAD_ENVELOPE = -32600,
	NOT_AVAILABLE = -32601,
	BAD_PARAMS = -32602,
	NOT_AUTHORISED = -403,
	REFUSED = -422
};

struct line {
	char text[DEVICES_MAX * 24];
	size_t len;
};

/* The next one of a list of numbers joined by ';'. */
static void join(struct line *l, int64_t v)
{
	int n = snprintf(l->text + l->len, sizeof l->text - l->len, "%s%" PRId64, l->len ? ";" : "",
			 v);

	if (n > 0 && (size_t)n < sizeof l->text - l->len)
		l->len += (size_t)n;
}

static void add_text(json_t *list, const char *text)
{
	json_array_append_new(list, json_string(text));
}

static void add_numbers(json_t *list, const int64_t *v, unsigned n)
{
	struct line l = {.len = 0};
	unsigned i;

	for (i = 0; i < n; i++)
		join(&l, v[i]);
	add_text(list, l.text);
}

/* A number of every card. */
static void add_cards(json_t *list, const struct tool_rig *r,
		      int64_t (*get)(const struct tool_card *))
{
	struct line l = {.len = 0};
	unsigned i;

	for (i = 0; i < r->n; i++)
		join(&l, get(&r->card[i]));
	add_text(list, l.text);
}

static int64_t khs_of(const struct tool_card *c)
{
	return tool_whole(c->rate / 1e3);
}

static int64_t accepted_of(const struct tool_card *c)
{
	return (int64_t)c->s->shares.accepted;
}

static int64_t rejected_of(const struct tool_card *c)
{
	return (int64_t)c->rejected;
}

static int64_t invalid_of(const struct tool_card *c)
{
	return (int64_t)c->s->shares.invalid;
}

static int64_t none_of(const struct tool_card *c)
{
	(void)c;
	return 0;
}

static int64_t bus_of(const struct tool_card *c)
{
	return c->bus;
}

static void add_off(json_t *list, const struct tool_rig *r)
{
	char text[DEVICES_MAX * 4 + 1] = "";
	unsigned i;

	for (i = 0; i < r->n; i++)
		memcpy(text + i * 4, "off;", 5);
	if (r->n)
		text[r->n * 4 - 1] = '\0';
	add_text(list, text);
}

static void add_climate(json_t *list, const struct tool_rig *r)
{
	struct line l = {.len = 0};
	unsigned i;

	for (i = 0; i < r->n; i++) {
		join(&l, r->card[i].temperature);
		join(&l, r->card[i].fan);
	}
	add_text(list, l.text);
}

/* Rates in whole kH/s. */
static json_t *getstat1(const struct api_call *call, const struct tool_rig *r)
{
	const struct share_counts *shares = &call->view->rig->shares;
	json_t *list = json_array();
	int64_t sum = 0;
	unsigned i;

	for (i = 0; i < r->n; i++)
		sum += khs_of(&r->card[i]);
	add_text(list, r->program);
	add_numbers(list, (int64_t[]){r->up_s / 60}, 1);
	add_numbers(list, (int64_t[]){sum, (int64_t)shares->accepted, (int64_t)r->rejected}, 3);
	add_cards(list, r, khs_of);
	add_numbers(list, (int64_t[]){0, 0, 0}, 3);
	add_off(list, r);
	add_climate(list, r);
	add_text(list, r->place);
	add_numbers(list, (int64_t[]){(int64_t)shares->invalid, (int64_t)r->switches, 0, 0}, 4);
	return list;
}

static json_t *getstat2(const struct api_call *call, const struct tool_rig *r)
{
	json_t *list = getstat1(call, r);

	add_cards(list, r, accepted_of);
	add_cards(list, r, rejected_of);
	add_cards(list, r, invalid_of);
	add_cards(list, r, none_of);
	add_cards(list, r, none_of);
	add_cards(list, r, none_of);
	add_cards(list, r, bus_of);
	return list;
}

/* 64 bits: ethminer's 32 wrap at 4.29 GH/s. */
static json_t *hex_rate(double rate)
{
	return json_sprintf("0x%016" PRIx64, (uint64_t)tool_whole(rate));
}

static json_t *shares_of(const struct share_counts *s, uint64_t rejected, int64_t quiet_s)
{
	return json_pack("[I, I, I, I]", (json_int_t)s->accepted, (json_int_t)rejected,
			 (json_int_t)s->invalid, (json_int_t)quiet_s);
}

/* Seconds since the last share, or since the start. */
static int64_t quiet_s(const struct api_view *view, const struct tool_rig *r,
		       const struct tool_card *c)
{
	int64_t at = tool_last_share_ms(view, c), quiet = (view->now_ms - at) / 1000;

	return !at || quiet > r->up_s ? r->up_s : quiet < 0 ? 0 : quiet;
}

static const char *mode_of(const struct device_info *info)
{
	return !strcmp(info->backend, "cuda")     ? "CUDA"
	       : !strcmp(info->backend, "opencl") ? "OpenCL"
						  : "CPU";
}

static json_t *hardware_of(const struct tool_card *c)
{
	char pci[24] = "";

	if (c->bus >= 0)
		snprintf(pci, sizeof pci, "%02x:%02x.%x", (unsigned)c->bus, (unsigned)c->slot,
			 (unsigned)c->function);
	return json_pack("{s:s, s:s, s:s, s:[i, i, f]}", "name", c->name, "pci", pci, "type",
			 c->info->cpu ? "CPU" : "GPU", "sensors", c->temperature, c->fan,
			 (double)c->power);
}

static json_t *detail_of(const struct api_view *view, const struct tool_rig *r, unsigned i)
{
	const struct tool_card *c = &r->card[i];
	const char *zero = "0x0000000000000000"; /* the interval of nonces is not shown */
	char reason[ERR_TEXT_MAX];
	json_t *mining;

	tool_reason(reason, sizeof reason, c);
	mining = json_pack("{s:o, s:b, s:o, s:[s, s], s:o}", "hashrate", hex_rate(c->rate),
			   "paused", tool_paused(c), "pause_reason",
			   reason[0] ? json_string(reason) : json_null(), "segment", zero, zero,
			   "shares", shares_of(&c->s->shares, c->rejected, quiet_s(view, r, c)));
	return json_pack("{s:i, s:s, s:o, s:o}", "_index", (int)i, "_mode", mode_of(c->info),
			 "hardware", hardware_of(c), "mining", mining);
}

static json_t *getstatdetail(const struct api_call *call, const struct tool_rig *r)
{
	const struct api_view *view = call->view;
	json_t *devices = json_array(), *connection, *host, *mining;
	unsigned i;

	for (i = 0; i < r->n; i++)
		json_array_append_new(devices, detail_of(view, r, i));
	connection =
		json_pack("{s:b, s:I, s:s}", "connected", r->pool && r->pool->state == POOL_ACTIVE,
			  "switches", (json_int_t)r->switches, "uri", r->url);
	host = json_pack("{s:s, s:I, s:s}", "name", "", "runtime", (json_int_t)r->up_s, "version",
			 r->program);
	mining = json_pack("{s:f, s:i, s:i, s:o, s:o}", "difficulty",
			   tool_real(view->rig->difficulty), "epoch", -1, "epoch_changes", -1,
			   "hashrate", hex_rate(r->rate), "shares",
			   shares_of(&view->rig->shares, r->rejected, quiet_s(view, r, NULL)));
	return json_pack("{s:o, s:o, s:o, s:o, s:n}", "connection", connection, "devices", devices,
			 "host", host, "mining", mining, "monitors");
}

static json_t *ping(const struct api_call *call, const struct tool_rig *r)
{
	(void)call;
	(void)r;
	return json_string("pong");
}

static json_t *getconnections(const struct api_call *call, const struct tool_rig *r)
{
	json_t *list = json_array();
	unsigned i;

	(void)r;
	for (i = 0; i < call->view->n_pools; i++) {
		const struct pool_status *p = &call->view->pools[i];
		char url[sizeof p->url];

		str_printable(url, sizeof url, p->url, strnlen(p->url, sizeof p->url));
		json_array_append_new(list,
				      json_pack("{s:i, s:b, s:s}", "index", (int)i, "active",
						(int)i == call->view->active_pool, "uri", url));
	}
	return list;
}

static json_t *failure(int code, const char *text)
{
	char line[ERR_TEXT_MAX];

	str_printable(line, sizeof line, text, strlen(text));
	return json_pack("{s:i, s:s}", "code", code, "message", line);
}

/* NULL: done; or the error. */
static json_t *pausegpu(const struct api_call *call, const struct tool_rig *r, const json_t *params)
{
	const json_t *index = json_object_get(params, "index"),
		     *on = json_object_get(params, "pause");
	struct err err = {0};
	json_int_t n;

	if (call->right != API_WRITE || !call->actions || !call->actions->pause)
		return failure(NOT_AVAILABLE, "Method not available");
	if (!json_is_integer(index) || !json_is_boolean(on))
		return failure(BAD_PARAMS, "Missing 'index' or 'pause'");
	n = json_integer_value(index);
	if (n < 0 || n >= (json_int_t)r->n)
		return failure(REFUSED, "Index out of bounds");
	if (call->actions->pause(call->arg, (int)r->card[n].number, json_is_true(on), &err))
		return failure(REFUSED, err.text);
	return NULL;
}

static const struct {
	const char *name;
	json_t *(*result)(const struct api_call *call, const struct tool_rig *r);
} methods[] = {
	{"miner_ping", ping},
	{"miner_getstat1", getstat1},
	{"miner_getstat2", getstat2},
	{"miner_getstatdetail", getstatdetail},
	{"miner_getconnections", getconnections},
	{"miner_pausegpu", NULL}, /* the one that does something */
};

static bool good_envelope(const json_t *request, const json_t *id)
{
	const char *version = json_string_value(json_object_get(request, "jsonrpc"));

	return version && !strcmp(version, "2.0") &&
	       (json_is_string(id) || (json_is_integer(id) && json_integer_value(id) >= 0));
}

int api_claymore(const struct api_call *call, const json_t *request, struct evbuffer *out)
{
	const char *name = json_string_value(json_object_get(request, "method"));
	json_t *id = json_object_get(request, "id"), *result = NULL, *error = NULL;
	const size_t n = sizeof methods / sizeof methods[0];
	struct tool_rig r;
	size_t m;

	for (m = 0; m < n && (!name || strcmp(methods[m].name, name)); m++)
		;
	if (m == n)
		return -ERR_UNKNOWN;
	tool_rig(&r, call->view);
	if (!good_envelope(request, id)) {
		error = failure(BAD_ENVELOPE, "Invalid Request");
		id = NULL;
	} else if (call->right == API_NOTHING) {
		error = failure(NOT_AUTHORISED, "Authorization needed");
	} else if (methods[m].result) {
		result = methods[m].result(call, &r);
	} else {
		error = pausegpu(call, &r, json_object_get(request, "params"));
		result = error ? NULL : json_true();
	}
	return tool_put(out,
			json_pack("{s:o, s:s, s:o}", "id", id ? json_incref(id) : json_null(),
				  "jsonrpc", "2.0", error ? "error" : "result",
				  error ? error : result),
			true);
}
