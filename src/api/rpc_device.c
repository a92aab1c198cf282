/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can be told to one device over JSON-RPC. */
#include "src/api/rpc_methods.h"
#include "src/api/rpc_value.h"

json_t *rpc_device_restart(const struct rpc_args *a, struct err *err)
{
	const struct api_call *c = a->call;

	return c->actions->restart ? rpc_done(c->actions->restart(c->arg, (unsigned)a->device, err))
				   : rpc_nobody(err);
}

static json_t *set(const struct rpc_args *a,
		   int (*fn)(void *arg, unsigned device, uint32_t value, struct err *err),
		   const char *what, uint32_t most, struct err *err)
{
	json_int_t v = json_integer_value(a->value[1]);

	if (!json_is_integer(a->value[1]) || v < 0 || v > (json_int_t)most) {
		err_set(err, ERR_RANGE, "%s must be a whole number from 0 to %u", what, most);
		return NULL;
	}
	return fn ? rpc_done(fn(a->call->arg, (unsigned)a->device, (uint32_t)v, err))
		  : rpc_nobody(err);
}

json_t *rpc_set_intensity(const struct rpc_args *a, struct err *err)
{
	return set(a, a->call->actions->set_intensity, "intensity", 40, err);
}

json_t *rpc_set_power_limit(const struct rpc_args *a, struct err *err)
{
	return set(a, a->call->actions->set_power_limit, "watts", 5000, err);
}

json_t *rpc_set_temp_target(const struct rpc_args *a, struct err *err)
{
	return set(a, a->call->actions->set_temp_target, "celsius", 130, err);
}
