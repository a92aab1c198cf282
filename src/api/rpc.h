/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON-RPC 2.0 over one text: a request or a batch in, the reply appended.  Pure. */
#ifndef ADIT_API_RPC_H
#define ADIT_API_RPC_H

#include <jansson.h>

#include "src/api/api.h"

#define RPC_TEXT_MAX  65536
#define RPC_BATCH_MAX 32
#define RPC_DEPTH_MAX 16
#define RPC_PARAMS    3

enum rpc_code {
	RPC_PARSE = -32700,
	RPC_REQUEST = -32600,
	RPC_METHOD = -32601,
	RPC_PARAMETERS = -32602,
	RPC_INTERNAL = -32603,
	RPC_FAILED = -32000, /* it was tried */
	RPC_DENIED = -32001,
	RPC_BUSY = -32002 /* too many wrong tokens */
};

/* Whoever asks.  judge: params.token; 0 with *right, -ERR_AUTH or -ERR_BUSY; NULL: not taken. */
struct rpc {
	const struct api_call *call;
	int (*judge)(void *arg, const char *token, enum api_right *right);
	void *arg;
};

struct rpc_args {
	const struct api_call *call;
	json_t *value[RPC_PARAMS]; /* borrowed, in the method's order; NULL: not given */
	int device;                /* of a method whose first parameter is "device"; else -1 */
	unsigned pool;             /* of one whose first parameter is "pool" */
};

struct rpc_method {
	const char *name;
	const char *params[RPC_PARAMS];
	unsigned optional; /* how many of the last ones may be left out */
	bool write;
	/* A new value, or NULL with err (ERR_PARSE, ERR_RANGE: of the parameters). */
	json_t *(*run)(const struct rpc_args *args, struct err *err);
};
extern const struct rpc_method rpc_methods[]; /* ended by name NULL */

/* One event as miner.events and GET /events have it; new. */
json_t *rpc_event(const struct api_event *e);

/* Bounded in size and depth, no duplicate keys; NULL: malformed. */
json_t *rpc_parse(const char *text, size_t len);
/* Is it for us?  false: an object without "jsonrpc", or with a method that we do not have. */
bool rpc_is_ours(const json_t *request);
/* The whole reply, new; NULL: nothing is to be said.  request NULL: it was malformed. */
json_t *rpc_answer(const struct rpc *rpc, const json_t *request);
/* All three: appends the reply, without a line end.  1: it did, 0: nothing to say, -ERR_NOMEM. */
int rpc_text(const struct rpc *rpc, const char *text, size_t len, struct evbuffer *out);
int rpc_print(json_t *reply, struct evbuffer *out); /* steals it */

#endif
