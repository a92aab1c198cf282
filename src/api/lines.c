/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of JSON on a connection: JSON-RPC, and what tools of other miners send instead. */
#include <stdlib.h>
#include <string.h>

#include "src/api/conn.h"
#include "src/api/rpc.h"

#define LINES_AT_ONCE 32   /* then it is others' turn */
#define UNENDED_MAX   4096 /* a request without a line end */

/* {"auth": TOKEN}: for all lines to come.  false: no such line. */
static bool take_auth(struct conn *c, const json_t *request)
{
	struct evbuffer *out = bufferevent_get_output(c->bev);
	const char *token = json_string_value(json_object_get(request, "auth"));
	enum api_right right;
	int rc;

	if (!token || json_object_size(request) != 1)
		return false;
	rc = conn_judge(c, token, &right);
	if (!rc) {
		c->right = right;
		access_key(&c->key, token);
		evbuffer_add_printf(out, "{\"auth\":\"%s\"}\n",
				    right == API_WRITE ? "write" : "read");
		return true;
	}
	evbuffer_add_printf(out, "{\"auth\":null,\"error\":\"%s\"}\n",
			    rc == -ERR_BUSY ? "too many wrong tokens: wait" : "wrong token");
	conn_finish(c);
	return true;
}

/* Of one request, as Claymore's managers have it, or of all to come, as ethminer's. */
static const char *find_password(const json_t *request, bool *stays)
{
	const char *method = json_string_value(json_object_get(request, "method"));
	const json_t *params = json_object_get(request, "params");

	*stays = method && !strcmp(method, "api_authorize");
	return json_string_value(json_object_get(*stays ? params : request, "psw"));
}

/* {"method": "api_authorize", "params": {"psw": TOKEN}}, or "psw" besides any method. */
static bool take_password(struct conn *c, struct api_call *call, const json_t *request)
{
	struct evbuffer *out = bufferevent_get_output(c->bev);
	bool stays;
	const char *token = find_password(request, &stays);
	enum api_right right = API_NOTHING;
	json_t *id;

	if (!token)
		return false;
	if (!conn_judge(c, token, &right)) {
		call->right = right;
		if (!stays)
			return false;
		c->right = right;
		access_key(&c->key, token);
	}
	id = json_object_get(request, "id");
	id = id ? json_deep_copy(id) : json_null();
	id = right ? json_pack("{s:o, s:s, s:b}", "id", id, "jsonrpc", "2.0", "result", 1)
		   : json_pack("{s:o, s:s, s:{s:i, s:s}}", "id", id, "jsonrpc", "2.0", "error",
			       "code", -401, "message", "wrong password");
	if (id && !rpc_print(id, out))
		evbuffer_add(out, "\n", 1);
	if (!right)
		conn_finish(c);
	return true;
}

/* Somebody else's habits.  false: none that is known. */
static bool take_object(struct conn *c, struct api_call *call, const json_t *request)
{
	const struct api_hooks *h = &c->api->source.hooks;
	int rc;

	if (!h->object || rpc_is_ours(request))
		return false;
	if (take_password(c, call, request))
		return true;
	if (call->right < API_READ)
		return false;
	rc = h->object(call, request, bufferevent_get_output(c->bev));
	if (rc == 1)
		conn_finish(c);
	return rc >= 0;
}

static void take_line(struct conn *c, const char *line, size_t len)
{
	struct evbuffer *out = bufferevent_get_output(c->bev);
	json_t *request = rpc_parse(line, len), *reply;
	struct api_view view;
	struct api_call call;

	if (!request || !take_auth(c, request)) {
		const struct rpc rpc = {.call = &call, .judge = conn_judge, .arg = c};

		conn_call(c, &view, &call, c->right);
		if (!request || !take_object(c, &call, request)) {
			reply = rpc_answer(&rpc, request);
			if (reply && !rpc_print(reply, out))
				evbuffer_add(out, "\n", 1);
		}
	}
	if (!request) /* who knows where the next one begins */
		conn_finish(c);
	json_decref(request);
}

/* Tools that end a request with nothing send it whole: {"command": ...} */
static void take_unended(struct conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	size_t len = evbuffer_get_length(in);
	char *text;
	json_t *request;
	bool whole = c->last;

	if (!len || c->talk == TALK_OVER ||
	    (!c->last && (len > UNENDED_MAX || !c->api->source.hooks.object)))
		return;
	text = (char *)evbuffer_pullup(in, -1);
	if (!c->last && text[len - 1] == '}') {
		request = rpc_parse(text, len);
		whole = request && !rpc_is_ours(request) && !json_object_get(request, "auth");
		json_decref(request);
	}
	if (!whole)
		return;
	take_line(c, text, len);
	evbuffer_drain(in, len);
}

/* They can be answered now. */
static bool goes(const struct conn *c)
{
	return c->talk == TALK_LINES &&
	       evbuffer_get_length(bufferevent_get_output(c->bev)) < CONN_OUTPUT_MAX;
}

void lines_take(struct conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	bool whole = true;
	unsigned n;
	size_t len;
	char *line;

	for (n = 0; n < LINES_AT_ONCE && goes(c); n++) {
		line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF);
		whole = line != NULL;
		if (!whole)
			break;
		c->half = false;
		if (len && line[len - 1] == '\r')
			len--;
		if (len)
			take_line(c, line, len);
		free(line);
	}
	c->more = whole && evbuffer_get_length(in) > 0;
	if (c->more || !goes(c))
		return;
	take_unended(c);
	if (goes(c) && evbuffer_get_length(in) > RPC_TEXT_MAX)
		take_line(c, "", 0); /* malformed: too long */
}
