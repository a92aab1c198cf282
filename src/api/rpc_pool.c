/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can be told about pools over JSON-RPC. */
#include <string.h>

#include "src/api/rpc_methods.h"
#include "src/api/rpc_value.h"

json_t *rpc_pool_switch(const struct rpc_args *a, struct err *err)
{
	const struct api_call *c = a->call;

	return c->actions->pool_switch ? rpc_done(c->actions->pool_switch(c->arg, a->pool, err))
				       : rpc_nobody(err);
}

static json_t *enable(const struct rpc_args *a, bool on, struct err *err)
{
	const struct api_call *c = a->call;

	return c->actions->pool_enable ? rpc_done(c->actions->pool_enable(c->arg, a->pool, on, err))
				       : rpc_nobody(err);
}

json_t *rpc_pool_enable(const struct rpc_args *a, struct err *err)
{
	return enable(a, true, err);
}

json_t *rpc_pool_disable(const struct rpc_args *a, struct err *err)
{
	return enable(a, false, err);
}

json_t *rpc_pool_remove(const struct rpc_args *a, struct err *err)
{
	const struct api_call *c = a->call;

	return c->actions->pool_remove ? rpc_done(c->actions->pool_remove(c->arg, a->pool, err))
				       : rpc_nobody(err);
}

json_t *rpc_pool_priority(const struct rpc_args *a, struct err *err)
{
	const struct api_call *c = a->call;
	json_int_t place = json_integer_value(a->value[1]);

	if (!json_is_integer(a->value[1]) || place < 0 ||
	    place >= (json_int_t)a->call->view->n_pools) {
		err_set(err, ERR_RANGE, "place must be a whole number from 0 (tried first) to %u",
			a->call->view->n_pools - 1);
		return NULL;
	}
	return c->actions->pool_priority
		       ? rpc_done(c->actions->pool_priority(c->arg, a->pool, (unsigned)place, err))
		       : rpc_nobody(err);
}

/* Text without a 0 in it. */
static int take_text(const char **out, const json_t *value, const char *name, struct err *err)
{
	*out = json_string_value(value);
	if (!value || (*out && strlen(*out) == json_string_length(value)))
		return 0;
	return err_set(err, ERR_PARSE, "%s must be text", name);
}

json_t *rpc_pool_add(const struct rpc_args *a, struct err *err)
{
	const struct api_call *c = a->call;
	const char *url, *user, *pass;
	unsigned pool;

	if (take_text(&url, a->value[0], "url", err) ||
	    take_text(&user, a->value[1], "user", err) ||
	    take_text(&pass, a->value[2], "pass", err))
		return NULL;
	if (!c->actions->pool_add)
		return rpc_nobody(err);
	if (c->actions->pool_add(c->arg, url, user, pass, &pool, err))
		return NULL;
	return json_pack("{s:i}", "pool", (int)pool);
}
