/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON-RPC 2.0: envelopes, batches, parameters, errors. */
#include <stdlib.h>
#include <string.h>

#include "src/api/rpc.h"

/* jansson's own limit is 2048; brackets within strings do not count. */
static bool too_deep(const char *text, size_t len)
{
	unsigned depth = 0;
	bool quoted = false;
	size_t i;

	for (i = 0; i < len; i++) {
		char c = text[i];

		if (quoted) {
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
			continue;
		}
		if (c == '"')
			quoted = true;
		else if ((c == '{' || c == '[') && ++depth > RPC_DEPTH_MAX)
			return true;
		else if ((c == '}' || c == ']') && depth)
			depth--;
	}
	return false;
}

json_t *rpc_parse(const char *text, size_t len)
{
	if (len > RPC_TEXT_MAX || too_deep(text, len))
		return NULL;
	return json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
}

static const struct rpc_method *find(const char *name)
{
	const struct rpc_method *m = rpc_methods;

	while (m->name && strcmp(m->name, name))
		m++;
	return m->name ? m : NULL;
}

bool rpc_is_ours(const json_t *request)
{
	const char *name = json_string_value(json_object_get(request, "method"));

	if (!json_is_object(request))
		return true;
	return json_object_get(request, "jsonrpc") && (!name || find(name));
}

/* Steals value and, of id, nothing. */
static json_t *envelope(const json_t *id, const char *what, json_t *value)
{
	json_t *copy = id ? json_deep_copy(id) : json_null();

	return json_pack("{s:s, s:o, s:o}", "jsonrpc", "2.0", "id", copy, what, value);
}

static json_t *failure(const json_t *id, int code, const char *text)
{
	return envelope(id, "error", json_pack("{s:i, s:s}", "code", code, "message", text));
}

static bool is_id(const json_t *id)
{
	return json_is_string(id) || json_is_number(id) || json_is_null(id);
}

/* ---- parameters ---- */

static int bad(struct err *err, const char *what, const char *name)
{
	return err_set(err, ERR_PARSE, "%s '%.60s'", what, name);
}

static int by_name(struct rpc_args *a, const struct rpc_method *m, json_t *params, struct err *err)
{
	const char *key;
	json_t *value;
	unsigned i;

	json_object_foreach(params, key, value)
	{
		if (!strcmp(key, "token"))
			continue;
		for (i = 0; i < RPC_PARAMS && m->params[i]; i++)
			if (!strcmp(key, m->params[i]))
				break;
		if (i == RPC_PARAMS || !m->params[i])
			return bad(err, "unknown parameter", key);
		a->value[i] = value;
	}
	return 0;
}

static int by_place(struct rpc_args *a, const struct rpc_method *m, const json_t *params,
		    struct err *err)
{
	size_t i;

	for (i = 0; i < json_array_size(params); i++) {
		if (i == RPC_PARAMS || !m->params[i])
			return err_set(err, ERR_PARSE, "too many parameters");
		a->value[i] = json_array_get(params, i);
	}
	return 0;
}

/* A number or a name of a device. */
static int find_device(struct rpc_args *a, struct err *err)
{
	const struct rig_stats *rig = a->call->view->rig;
	const char *name = json_string_value(a->value[0]);
	json_int_t number = json_integer_value(a->value[0]);
	unsigned i;

	for (i = 0; i < rig->n_devices; i++)
		if (name ? !strcmp(rig->devices[i].id, name)
			 : json_is_integer(a->value[0]) && number == (json_int_t)i) {
			a->device = (int)i;
			return 0;
		}
	return err_set(err, ERR_RANGE, "there is no such device; miner.devices lists them");
}

static int find_pool(struct rpc_args *a, struct err *err)
{
	json_int_t number = json_integer_value(a->value[0]);

	if (!json_is_integer(a->value[0]) || number < 0 ||
	    number >= (json_int_t)a->call->view->n_pools)
		return err_set(err, ERR_RANGE, "there is no such pool; miner.pools lists them");
	a->pool = (unsigned)number;
	return 0;
}

static unsigned needed(const struct rpc_method *m)
{
	unsigned n = 0;

	while (n < RPC_PARAMS && m->params[n])
		n++;
	return n - m->optional;
}

static int take_params(struct rpc_args *a, const struct rpc_method *m, json_t *params,
		       struct err *err)
{
	unsigned i;
	int rc = 0;

	if (params && !json_is_object(params) && !json_is_array(params))
		return err_set(err, ERR_PARSE, "params must be an object or an array");
	if (params)
		rc = json_is_object(params) ? by_name(a, m, params, err)
					    : by_place(a, m, params, err);
	for (i = 0; !rc && i < needed(m); i++)
		if (!a->value[i])
			rc = bad(err, "missing parameter", m->params[i]);
	if (!rc && m->params[0] && !strcmp(m->params[0], "device"))
		rc = find_device(a, err);
	else if (!rc && m->params[0] && !strcmp(m->params[0], "pool"))
		rc = find_pool(a, err);
	return rc;
}

/* ---- requests ---- */

/* The right this request has; its token counts for itself only. */
static int right_of(const struct rpc *rpc, const json_t *params, enum api_right *right)
{
	const json_t *token = json_is_object(params) ? json_object_get(params, "token") : NULL;
	enum api_right more;
	int rc;

	*right = rpc->call->right;
	if (!token)
		return 0;
	if (!json_is_string(token) || !rpc->judge)
		return -ERR_AUTH;
	rc = rpc->judge(rpc->arg, json_string_value(token), &more);
	if (!rc && more > *right)
		*right = more;
	return rc;
}

static json_t *run(const struct rpc *rpc, const struct rpc_method *m, json_t *params,
		   const json_t *id)
{
	struct api_call call = *rpc->call;
	struct rpc_args args = {.call = &call, .device = -1};
	struct err err = {0};
	json_t *result;
	int rc = right_of(rpc, params, &call.right);

	if (rc == -ERR_BUSY)
		return failure(id, RPC_BUSY, "too many wrong tokens: wait");
	if (rc)
		return failure(id, RPC_DENIED, "wrong token");
	if (call.right < (m->write ? API_WRITE : API_READ))
		return failure(id, RPC_DENIED,
			       m->write ? "needs the write token (--api-token-file)"
					: "needs a token");
	if (take_params(&args, m, params, &err))
		return failure(id, RPC_PARAMETERS, err.text);
	result = m->run(&args, &err);
	if (result)
		return envelope(id, "result", result);
	if (err.code == ERR_RANGE || err.code == ERR_PARSE)
		return failure(id, RPC_PARAMETERS, err.text);
	if (!err.code || err.code == ERR_NOMEM)
		return failure(id, RPC_INTERNAL, "out of memory");
	return failure(id, RPC_FAILED, err.text);
}

static json_t *answer_one(const struct rpc *rpc, const json_t *request)
{
	const json_t *id = json_object_get(request, "id");
	const char *version = json_string_value(json_object_get(request, "jsonrpc"));
	const char *name = json_string_value(json_object_get(request, "method"));
	json_t *params = json_object_get(request, "params"), *reply;
	const struct rpc_method *m;

	if (id && !is_id(id))
		return failure(NULL, RPC_REQUEST, "id must be a string, a number or null");
	if (!version || strcmp(version, "2.0") || !name)
		return failure(id, RPC_REQUEST,
			       "a request is {\"jsonrpc\": \"2.0\", \"method\": ..., \"id\": ...}");
	if (params && !json_is_object(params) && !json_is_array(params))
		return failure(id, RPC_REQUEST, "params must be an object or an array");
	m = find(name);
	reply = m ? run(rpc, m, params, id) : failure(id, RPC_METHOD, "there is no such method");
	if (id)
		return reply;
	json_decref(reply); /* a notification */
	return NULL;
}

static json_t *answer_batch(const struct rpc *rpc, const json_t *batch)
{
	size_t i, n = json_array_size(batch);
	json_t *replies;

	if (!n || n > RPC_BATCH_MAX)
		return failure(NULL, RPC_REQUEST,
			       n ? "too many requests in a batch (32 at most)" : "an empty batch");
	replies = json_array();
	for (i = 0; i < n; i++) {
		json_t *one = answer_one(rpc, json_array_get(batch, i));

		if (one)
			json_array_append_new(replies, one);
	}
	if (json_array_size(replies))
		return replies;
	json_decref(replies);
	return NULL;
}

json_t *rpc_answer(const struct rpc *rpc, const json_t *request)
{
	if (!request)
		return failure(NULL, RPC_PARSE, "malformed JSON, too long or too deep");
	if (json_is_array(request))
		return answer_batch(rpc, request);
	return answer_one(rpc, request);
}

int rpc_print(json_t *reply, struct evbuffer *out)
{
	char *text = json_dumps(reply, JSON_COMPACT | JSON_REAL_PRECISION(15));
	int rc = text && !evbuffer_add(out, text, strlen(text)) ? 0 : -ERR_NOMEM;

	free(text);
	json_decref(reply);
	return rc;
}

int rpc_text(const struct rpc *rpc, const char *text, size_t len, struct evbuffer *out)
{
	json_t *request = rpc_parse(text, len);
	json_t *reply = rpc_answer(rpc, request);
	int rc;

	json_decref(request);
	if (!reply)
		return 0;
	rc = rpc_print(reply, out);
	return rc ? rc : 1;
}
