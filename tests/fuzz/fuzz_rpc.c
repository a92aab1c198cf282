/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A JSON-RPC client gone mad: whatever the text, the answer is a response or a batch of them, or
 * nothing, and nothing is done for whom may not.  The first byte chooses who asks.
 */
#include <stdlib.h>
#include <string.h>

#include "src/api/rpc.h"
#include "tests/api_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TOKEN "0123456789abcdef"

static void must(bool claim)
{
	if (!claim)
		abort();
}

static bool gave; /* a token was right */

static int judge(void *arg, const char *token, enum api_right *right)
{
	(void)arg;
	*right = !strcmp(token, TOKEN) ? API_WRITE : API_NOTHING;
	gave |= *right == API_WRITE;
	return *right ? 0 : strlen(token) % 2 ? -ERR_AUTH : -ERR_BUSY;
}

static void check_response(const json_t *v)
{
	const json_t *error = json_object_get(v, "error"), *result = json_object_get(v, "result");

	must(json_is_object(v) && json_object_get(v, "id"));
	must(!strcmp(json_string_value(json_object_get(v, "jsonrpc")), "2.0"));
	must(!error != !result && json_object_size(v) == 3);
	if (error) {
		must(json_is_integer(json_object_get(error, "code")));
		must(json_string_length(json_object_get(error, "message")) > 0);
	}
}

static void check_answer(struct evbuffer *out, bool may_write)
{
	size_t len = evbuffer_get_length(out), i;
	json_t *v = json_loadb((const char *)evbuffer_pullup(out, -1), len, 0, NULL);

	must(v != NULL);
	if (json_is_array(v)) {
		must(json_array_size(v) > 0 && json_array_size(v) <= RPC_BATCH_MAX);
		for (i = 0; i < json_array_size(v); i++)
			check_response(json_array_get(v, i));
	} else {
		check_response(v);
	}
	if (!may_write)
		must(rig_done[0] == '\0');
	json_decref(v);
}

static void ask(const struct rpc *rpc, const uint8_t *data, size_t size)
{
	struct evbuffer *out = evbuffer_new();
	int rc;

	must(out != NULL);
	rig_done[0] = '\0';
	gave = false;
	rc = rpc_text(rpc, (const char *)data, size, out);
	must(rc == 0 || rc == 1);
	must(rc == 1 || evbuffer_get_length(out) == 0);
	if (rc)
		check_answer(out, gave || rpc->call->right == API_WRITE);
	if (rpc->call->right == API_NOTHING && !gave)
		must(rig_done[0] == '\0');
	evbuffer_free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct api_actions nothing;
	struct api_call call = {.view = &rig_view};
	struct rpc rpc = {.call = &call};

	if (!size)
		return 0;
	call.right = data[0] % 3; /* API_NOTHING, API_READ, API_WRITE */
	call.actions = data[0] / 3 % 2 ? &nothing : &rig_actions;
	rpc.judge = data[0] / 6 % 2 ? NULL : judge;
	ask(&rpc, data + 1, size - 1);
	return 0;
}
