/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The API's description of itself: src/api/openrpc.json as built in, with this release's version.
 * Every reply fits it; tests/test_api_schema.c and tests/e2e/api_schema.sh see to that.
 */
#ifndef ADIT_API_SCHEMA_H
#define ADIT_API_SCHEMA_H

#include <event2/buffer.h>
#include <jansson.h>

#include "src/api/rpc.h"

/* Append what GET /schema answers.  0 or -ERR_NOMEM. */
int api_schema(struct evbuffer *out);
/* rpc.discover: the same as a value, new; NULL: no memory. */
json_t *api_discover(const struct rpc_args *args, struct err *err);

#endif
