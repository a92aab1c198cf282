/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cgminer's API, text and JSON.  Shapes: API-README of cgminer and of sgminer; joined commands
 * as an object of replies, which is how TeamRedMiner answers and HiveOS reads.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "src/api/cgminer.h"
#include "src/str.h"

static void check(struct cg_reply *r, const char *param);

/* What cgminer has but is not to be done from outside, or not yet: refused, never unknown. */
static void not_here(struct cg_reply *r, const char *param)
{
	(void)param;
	cg_status(r, 'E', CG_INVALID_COMMAND, "Invalid command");
}

static const struct verb {
	const char *name;
	void (*answer)(struct cg_reply *r, const char *param);
	bool write, alone; /* alone: cannot be joined */
} verbs[] = {
	{"version", cg_version, false, false},
	{"config", cg_config, false, false},
	{"summary", cg_summary, false, false},
	{"devs", cg_devs, false, false},
	{"gpu", cg_gpu, false, true},
	{"gpucount", cg_gpucount, false, false},
	{"pools", cg_pools, false, false},
	{"coin", cg_coin, false, false},
	{"stats", cg_stats, false, false},
	{"notify", cg_notify, false, false},
	{"devdetails", cg_devdetails, false, false},
	{"check", check, false, true},
	{"privileged", cg_privileged, true, true},
	{"gpuenable", cg_gpuenable, true, true},
	{"gpudisable", cg_gpudisable, true, true},
	{"gpurestart", cg_gpurestart, true, true},
	{"gpuintensity", cg_gpuintensity, true, true},
	{"quit", cg_quit, true, true},
	{"restart", not_here, true, true},
	{"switchpool", cg_switchpool, true, true},
	{"enablepool", cg_enablepool, true, true},
	{"disablepool", cg_disablepool, true, true},
	{"addpool", cg_addpool, true, true},
	{"removepool", cg_removepool, true, true},
	{"poolpriority", cg_poolpriority, true, true},
	{"poolquota", not_here, true, true},
	{"failover-only", not_here, true, true},
	{"gpumem", not_here, true, true},
	{"gpuengine", not_here, true, true},
	{"gpufan", not_here, true, true},
	{"gpuvddc", not_here, true, true},
	{"save", not_here, true, true},
	{"setconfig", not_here, true, true},
	{"zero", not_here, true, true},
	{"debug", not_here, true, true},
};

static const struct verb *verb_of(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

static bool allowed(const struct cg_reply *r, const struct verb *v)
{
	return r->call->right == API_WRITE || (r->call->right == API_READ && !v->write);
}

static void check(struct cg_reply *r, const char *param)
{
	const struct verb *v = verb_of(param);

	if (!param[0]) {
		cg_status(r, 'E', CG_MISSING_CHECK, "Missing check cmd");
		return;
	}
	v = v && v->answer == not_here ? NULL : v;
	cg_status(r, 'S', CG_CHECK, "Check command");
	cg_begin(r, "COMMAND");
	cg_row(r, "COMMAND");
	cg_text(r, "Exists", v ? "Y" : "N");
	cg_text(r, "Access", v && allowed(r, v) ? "Y" : "N");
	cg_end_row(r);
	cg_end(r);
}

static void answer(struct cg_reply *r, const char *name, const char *param)
{
	const struct verb *v = verb_of(name);

	cg_put(r, r->json ? "{" : "");
	if (v ? !allowed(r, v) || (r->joined && v->alone) : r->call->right == API_NOTHING)
		cg_status(r, 'E', CG_DENIED, "Access denied to '%.40s' command", name);
	else if (!v)
		cg_status(r, 'E', CG_INVALID_COMMAND, "Invalid command");
	else
		v->answer(r, param);
	cg_put(r, r->json ? ",\"id\":1}" : "");
}

/* An answer to each of the verbs that '+' joins, by the name of the verb; a name once. */
static void answer_joined(struct cg_reply *r, const char *names)
{
	const struct verb *done[CGMINER_JOINED_MAX];
	unsigned n = 0, i;

	r->joined = true;
	cg_put(r, r->json ? "{" : "");
	while (n < CGMINER_JOINED_MAX) {
		size_t len = strcspn(names, "+");
		char name[48];

		str_printable(name, sizeof name, names, len);
		done[n] = verb_of(name);
		for (i = 0; done[n] && i < n && done[i] != done[n]; i++)
			;
		if (done[n] && i == n) {
			evbuffer_add_printf(r->out, r->json ? "%s\"%s\":" : "%sCMD=%s|",
					    r->json && n ? "," : "", name);
			answer(r, name, "");
			n++;
		}
		names += len;
		if (!*names++)
			break;
	}
	if (!n)
		cg_status(r, 'E', CG_INVALID_COMMAND, "Invalid command");
	cg_put(r, r->json ? ",\"id\":1}" : "");
}

static void refuse(struct cg_reply *r, enum cg_code code, const char *why)
{
	cg_put(r, r->json ? "{" : "");
	cg_status(r, 'E', code, "%s", why);
	cg_put(r, r->json ? ",\"id\":1}" : "");
}

static void answer_text(struct cg_reply *r, char *request)
{
	char *bar = strchr(request, '|');

	if (!bar && strchr(request, '+')) {
		answer_joined(r, request);
		return;
	}
	if (bar)
		*bar = '\0';
	answer(r, request, bar ? bar + 1 : "");
}

static void answer_json(struct cg_reply *r, const char *request, size_t len)
{
	json_t *v = json_loadb(request, len, 0, NULL), *param;
	const char *name = json_string_value(json_object_get(v, "command"));
	char digits[40] = "";

	param = json_object_get(v, "parameter");
	if (json_is_integer(param))
		snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, json_integer_value(param));
	else if (json_is_real(param))
		snprintf(digits, sizeof digits, "%.0f", tool_real(json_real_value(param)));
	if (!v)
		refuse(r, CG_INVALID_JSON, "Invalid JSON");
	else if (!name)
		refuse(r, CG_MISSING_COMMAND, "Missing JSON 'command'");
	else if (strchr(name, '+'))
		answer_joined(r, name);
	else
		answer(r, name, json_is_string(param) ? json_string_value(param) : digits);
	json_decref(v);
}

int api_cgminer(const struct api_call *call, const char *request, size_t len, struct evbuffer *out)
{
	struct cg_reply r = {.call = call, .out = out, .json = len && request[0] == '{'};
	char line[CGMINER_REQUEST_MAX];

	tool_rig(&r.rig, call->view);
	while (len && strchr("\r\n", request[len - 1])) /* also a NUL */
		len--;
	if (len >= sizeof line || (!r.json && len && memchr(request, '\0', len))) {
		refuse(&r, CG_INVALID_COMMAND, "Invalid command");
	} else if (r.json) {
		answer_json(&r, request, len);
	} else {
		memcpy(line, request, len);
		line[len] = '\0';
		answer_text(&r, line);
	}
	return evbuffer_add(out, "", 1) ? -ERR_NOMEM : 0;
}
