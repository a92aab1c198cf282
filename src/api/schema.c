/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The document is text in the program; nobody pays for it but who asks. */
#include "config.h"
#include "src/api/openrpc.h"
#include "src/api/schema.h"

int api_schema(struct evbuffer *out)
{
	return evbuffer_add_reference(out, openrpc, sizeof openrpc - 1, NULL, NULL) ? -ERR_NOMEM
										    : 0;
}

json_t *api_discover(const struct rpc_args *args, struct err *err)
{
	(void)args;
	(void)err; /* 0: no memory */
	return json_loadb(openrpc, sizeof openrpc - 1, 0, NULL);
}
