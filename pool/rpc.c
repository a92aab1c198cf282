/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON-RPC over HTTP, as dialects that talk to a node use it. */
#include <stdlib.h>
#include <string.h>

#include "pool/rpc.h"

int rpc_post(struct client *c, unsigned channel, uint32_t id, const char *version,
	     const char *method, json_t *params, int timeout_ms)
{
	json_t *call = json_pack("{s:s, s:I, s:s, s:o}", "jsonrpc", version, "id", (json_int_t)id,
				 "method", method, "params", params);
	char *text = call ? json_dumps(call, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	int rc = text ? client_post(c, channel, id, text, strlen(text), timeout_ms) : -ERR_NOMEM;

	free(text);
	json_decref(call);
	return rc;
}

int rpc_forbidden(int status, struct err *err)
{
	if (status == 401)
		return err_set(err, ERR_AUTH,
			       "the node refuses the RPC user or password (HTTP 401): "
			       "give them in the address or with -u and -p");
	if (status == 403)
		return err_set(err, ERR_AUTH,
			       "the node does not allow this address (HTTP 403): see "
			       "its rpcallowip");
	return 0;
}
