/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can be asked and told over JSON-RPC.  What is not known is null, never 0. */
#include <math.h>
#include <string.h>

#include "src/api/rpc.h"
#include "src/str.h"

#define EVENTS_AT_ONCE 100

static const char *const states[DEVICE_STATES] = {
	[DEVICE_STARTING] = "starting", [DEVICE_PREPARING] = "preparing",
	[DEVICE_IDLE] = "idle",         [DEVICE_MINING] = "mining",
	[DEVICE_PAUSED] = "paused",     [DEVICE_RESTARTING] = "restarting",
	[DEVICE_PARKED] = "parked",     [DEVICE_STOPPING] = "stopping",
	[DEVICE_STOPPED] = "stopped",
};

static const char *const pool_states[] = {
	[POOL_DISABLED] = "disabled", [POOL_DOWN] = "down",     [POOL_CONNECTING] = "connecting",
	[POOL_STANDBY] = "standby",   [POOL_ACTIVE] = "active",
};

/* ---- values ---- */

static json_t *number(double v)
{
	return isfinite(v) && v >= 0 ? json_real(v) : json_null();
}

/* 0: not known. */
static json_t *positive(double v)
{
	return v > 0 ? number(v) : json_null();
}

static json_t *count(uint64_t n)
{
	return json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n);
}

static json_t *reading(int32_t v)
{
	return v == STAT_UNKNOWN ? json_null() : json_integer(v);
}

/* "": not known.  Drivers and pools do not always speak UTF-8. */
static json_t *text(const char *s)
{
	char clean[ERR_TEXT_MAX];
	json_t *v = *s ? json_string(s) : json_null();

	return v ? v : json_string(str_printable(clean, sizeof clean, s, strlen(s)));
}

static json_t *shares(const struct share_counts *s)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "accepted", count(s->accepted),
			 "rejected", count(s->rejected), "stale", count(s->stale), "invalid",
			 count(s->invalid), "lost", count(s->lost), "accepted_difficulty",
			 number(s->accepted_difficulty));
}

static json_t *rates(double s10, double s60, double m15)
{
	return json_pack("{s:o, s:o, s:o}", "10s", number(s10), "60s", number(s60), "15m",
			 number(m15));
}

/* ---- reads ---- */

static json_t *miner_version(const struct rpc_args *a, struct err *err)
{
	(void)err;
	return json_pack("{s:s, s:s, s:i}", "name", "adit", "version", a->call->view->version,
			 "api", 1);
}

static json_t *miner_summary(const struct rpc_args *a, struct err *err)
{
	const struct api_view *v = a->call->view;
	const struct rig_stats *r = v->rig;
	json_t *pool = v->active_pool < 0 ? json_null()
					  : json_pack("{s:i, s:o}", "index", v->active_pool, "url",
						      text(r->pool));

	(void)err;
	return json_pack("{s:s, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
			 "s:o, s:o, s:o, s:o, s:o}",
			 "version", v->version, "algo", text(r->algo), "started_ms",
			 json_integer(v->started_ms), "uptime_s", json_integer(r->uptime_ms / 1000),
			 "paused", v->paused, "devices", json_integer(r->n_devices), "pool", pool,
			 "pool_state", text(r->pool_state), "difficulty", positive(r->difficulty),
			 "height", r->height ? count(r->height) : json_null(), "jobs",
			 count(r->jobs), "blocks", count(r->blocks), "rate",
			 rates(r->rate_10s, r->rate_60s, r->rate_15m), "shares", shares(&r->shares),
			 "best_difficulty", positive(r->best_difficulty), "latency_ms",
			 number(r->latency_ms), "turnaround_ms", number(r->turnaround_ms),
			 "submit_ms", number(r->submit_ms), "now_ms", json_integer(v->now_ms));
}

static json_t *device_sensors(const struct device_stats *d)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "temperature_c", reading(d->temperature_c),
			 "memory_c", reading(d->memory_c), "fan_percent", reading(d->fan_percent),
			 "power_w", reading(d->power_w), "limit_w", reading(d->limit_w));
}

static json_t *one_device(const struct device_stats *d, const struct device_info *info,
			  unsigned index)
{
	json_t *share_rate = d->share_rate > 0
				     ? json_pack("{s:f, s:f, s:f}", "rate", d->share_rate, "low",
						 d->share_low, "high", d->share_high)
				     : json_null();

	return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
			 "s:o, s:o, s:o}",
			 "index", (int)index, "id", text(d->id), "pci", text(d->pci), "name",
			 text(d->name), "label", text(d->label), "memory_bytes",
			 info && info->mem_total ? count(info->mem_total) : json_null(), "state",
			 d->state < DEVICE_STATES ? states[d->state] : "stopped", "reason",
			 text(d->reason), "progress",
			 d->permille ? json_real(d->permille / 1000.0) : json_null(), "left_s",
			 d->left_s ? count(d->left_s) : json_null(), "rate",
			 rates(d->rate_10s, d->rate_60s, d->rate_15m), "shares", shares(&d->shares),
			 "hashes", count(d->hashes), "restarts", count(d->restarts), "sensors",
			 device_sensors(d), "duty",
			 d->duty_permille ? json_real(d->duty_permille / 1000.0) : json_null(),
			 "share_rate", share_rate);
}

static json_t *miner_devices(const struct rpc_args *a, struct err *err)
{
	const struct api_view *v = a->call->view;
	json_t *all = json_array();
	unsigned i;

	(void)err;
	for (i = 0; i < v->rig->n_devices; i++)
		json_array_append_new(
			all, one_device(&v->rig->devices[i], v->info ? v->info[i] : NULL, i));
	return all;
}

static json_t *miner_pools(const struct rpc_args *a, struct err *err)
{
	const struct api_view *v = a->call->view;
	json_t *all = json_array();
	unsigned i;

	(void)err;
	for (i = 0; i < v->n_pools; i++) {
		const struct pool_status *p = &v->pools[i];

		json_array_append_new(
			all,
			json_pack("{s:i, s:o, s:o, s:o, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o}",
				  "index", (int)i, "url", text(p->url), "user", text(p->user),
				  "where", text(p->where), "state", pool_states[p->state], "active",
				  (int)i == v->active_pool, "difficulty", positive(p->difficulty),
				  "height", p->height ? count(p->height) : json_null(), "connects",
				  count(p->connects), "drops", count(p->drops), "jobs",
				  count(p->jobs), "last_error", text(p->last_error)));
	}
	return all;
}

static json_t *miner_shares(const struct rpc_args *a, struct err *err)
{
	const struct rig_stats *r = a->call->view->rig;
	json_t *all = shares(&r->shares), *reasons = json_array();
	unsigned i;

	(void)err;
	for (i = 0; i < r->n_reasons && i < REJECT_REASONS_MAX; i++)
		json_array_append_new(reasons,
				      json_pack("{s:o, s:o}", "text", text(r->reasons[i].text),
						"count", count(r->reasons[i].count)));
	json_object_set_new(all, "reasons", reasons);
	json_object_set_new(all, "best_difficulty", positive(r->best_difficulty));
	json_object_set_new(all, "blocks", count(r->blocks));
	return all;
}

json_t *rpc_event(const struct api_event *e)
{
	const char *severity = e->severity == 'e'   ? "error"
			       : e->severity == 'w' ? "warning"
						    : "info";

	return json_pack("{s:o, s:I, s:o, s:s, s:s, s:o}", "id", count(e->id), "at_ms",
			 (json_int_t)e->at_ms, "device", text(e->device), "name", e->name,
			 "severity", severity, "text", text(e->text));
}

/* Those after `since`, the oldest first; again with the last id for the rest. */
static json_t *miner_events(const struct rpc_args *a, struct err *err)
{
	const struct api_view *v = a->call->view;
	json_int_t since = json_integer_value(a->value[0]);
	json_t *all;
	unsigned i;

	if (a->value[0] && (!json_is_integer(a->value[0]) || since < 0)) {
		err_set(err, ERR_PARSE, "since must be the id of an event, or 0");
		return NULL;
	}
	all = json_array();
	for (i = 0; i < v->n_events && json_array_size(all) < EVENTS_AT_ONCE; i++)
		if (v->events[i].id > (uint64_t)since)
			json_array_append_new(all, rpc_event(&v->events[i]));
	return all;
}

/* ---- writes ---- */

static json_t *not_here(struct err *err)
{
	err_set(err, ERR_UNKNOWN, "not possible on this rig");
	return NULL;
}

static json_t *done(int rc)
{
	return rc ? NULL : json_true();
}

static json_t *pause_it(const struct rpc_args *a, bool on, struct err *err)
{
	const struct api_call *c = a->call;

	return c->actions->pause ? done(c->actions->pause(c->arg, a->device, on, err))
				 : not_here(err);
}

static json_t *do_pause(const struct rpc_args *a, struct err *err)
{
	return pause_it(a, true, err);
}

static json_t *do_resume(const struct rpc_args *a, struct err *err)
{
	return pause_it(a, false, err);
}

static json_t *plain(const struct rpc_args *a, int (*fn)(void *arg, struct err *err),
		     struct err *err)
{
	return fn ? done(fn(a->call->arg, err)) : not_here(err);
}

static json_t *miner_quit(const struct rpc_args *a, struct err *err)
{
	return plain(a, a->call->actions->quit, err);
}

static json_t *miner_reload(const struct rpc_args *a, struct err *err)
{
	return plain(a, a->call->actions->reload, err);
}

static json_t *device_restart(const struct rpc_args *a, struct err *err)
{
	const struct api_call *c = a->call;

	return c->actions->restart ? done(c->actions->restart(c->arg, (unsigned)a->device, err))
				   : not_here(err);
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
	return fn ? done(fn(a->call->arg, (unsigned)a->device, (uint32_t)v, err)) : not_here(err);
}

static json_t *set_intensity(const struct rpc_args *a, struct err *err)
{
	return set(a, a->call->actions->set_intensity, "intensity", 40, err);
}

static json_t *set_power_limit(const struct rpc_args *a, struct err *err)
{
	return set(a, a->call->actions->set_power_limit, "watts", 5000, err);
}

static json_t *set_temp_target(const struct rpc_args *a, struct err *err)
{
	return set(a, a->call->actions->set_temp_target, "celsius", 130, err);
}

const struct rpc_method rpc_methods[] = {
	{.name = "miner.summary", .run = miner_summary},
	{.name = "miner.devices", .run = miner_devices},
	{.name = "miner.pools", .run = miner_pools},
	{.name = "miner.shares", .run = miner_shares},
	{.name = "miner.events", .params = {"since"}, .optional = true, .run = miner_events},
	{.name = "miner.version", .run = miner_version},
	{.name = "miner.pause", .write = true, .run = do_pause},
	{.name = "miner.resume", .write = true, .run = do_resume},
	{.name = "miner.reload", .write = true, .run = miner_reload},
	{.name = "miner.quit", .write = true, .run = miner_quit},
	{.name = "device.pause", .params = {"device"}, .write = true, .run = do_pause},
	{.name = "device.resume", .params = {"device"}, .write = true, .run = do_resume},
	{.name = "device.restart", .params = {"device"}, .write = true, .run = device_restart},
	{.name = "device.set_intensity",
	 .params = {"device", "log2"},
	 .write = true,
	 .run = set_intensity},
	{.name = "device.set_power_limit",
	 .params = {"device", "watts"},
	 .write = true,
	 .run = set_power_limit},
	{.name = "device.set_temp_target",
	 .params = {"device", "celsius"},
	 .write = true,
	 .run = set_temp_target},
	{0},
};
