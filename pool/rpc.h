/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON-RPC over HTTP, as dialects that talk to a node use it. */
#ifndef ADIT_RPC_H
#define ADIT_RPC_H

#include <jansson.h>

#include "pool/dialect.h"

/* client_post() of {"jsonrpc": version, "id", "method", "params"}; params is taken. */
int rpc_post(struct client *c, unsigned channel, uint32_t id, const char *version,
	     const char *method, json_t *params, int timeout_ms);

/* HTTP says that we may not: -ERR_AUTH with the cure.  0 for any other status. */
int rpc_forbidden(int status, struct err *err);

#endif
