/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can be asked and told about the rig as a whole, over JSON-RPC. */
#include "src/api/rpc_methods.h"
#include "src/api/rpc_value.h"

#define EVENTS_AT_ONCE 100

static json_t *shares(const struct share_counts *s)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "accepted", rpc_count(s->accepted),
			 "rejected", rpc_count(s->rejected), "stale", rpc_count(s->stale),
			 "invalid", rpc_count(s->invalid), "lost", rpc_count(s->lost),
			 "accepted_difficulty", rpc_number(s->accepted_difficulty));
}

static json_t *rates(double s10, double s60, double m15)
{
	return json_pack("{s:o, s:o, s:o}", "10s", rpc_number(s10), "60s", rpc_number(s60), "15m",
			 rpc_number(m15));
}

/* ---- reads ---- */

json_t *rpc_miner_version(const struct rpc_args *a, struct err *err)
{
	(void)err;
	return json_pack("{s:s, s:s, s:i}", "name", "adit", "version", a->call->view->version,
			 "api", 1);
}

json_t *rpc_miner_summary(const struct rpc_args *a, struct err *err)
{
	const struct api_view *v = a->call->view;
	const struct rig_stats *r = v->rig;
	json_t *pool = v->active_pool < 0 ? json_null()
					  : json_pack("{s:i, s:o}", "index", v->active_pool, "url",
						      rpc_string(r->pool));

	(void)err;
	return json_pack("{s:s, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
			 "s:o, s:o, s:o, s:o, s:o}",
			 "version", v->version, "algo", rpc_string(r->algo), "started_ms",
			 json_integer(v->started_ms), "uptime_s", json_integer(r->uptime_ms / 1000),
			 "paused", v->paused, "devices", json_integer(r->n_devices), "pool", pool,
			 "pool_state", rpc_string(r->pool_state), "difficulty",
			 rpc_positive(r->difficulty), "height", rpc_counted(r->height), "jobs",
			 rpc_count(r->jobs), "blocks", rpc_count(r->blocks), "rate",
			 rates(r->rate_10s, r->rate_60s, r->rate_15m), "shares", shares(&r->shares),
			 "best_difficulty", rpc_positive(r->best_difficulty), "latency_ms",
			 rpc_number(r->latency_ms), "turnaround_ms", rpc_number(r->turnaround_ms),
			 "submit_ms", rpc_number(r->submit_ms), "now_ms", json_integer(v->now_ms));
}

static json_t *device_sensors(const struct device_stats *d)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "temperature_c",
			 rpc_reading(d->temperature_c), "hotspot_c", rpc_reading(d->hotspot_c),
			 "memory_c", rpc_reading(d->memory_c), "fan_percent",
			 rpc_reading(d->fan_percent), "power_w", rpc_reading(d->power_w), "limit_w",
			 rpc_reading(d->limit_w), "core_mhz", rpc_reading(d->core_mhz),
			 "memory_mhz", rpc_reading(d->memory_mhz), "util_percent",
			 rpc_reading(d->util_percent), "energy_j", rpc_counted(d->energy_j));
}

static json_t *share_rate(const struct device_stats *d)
{
	if (d->share_rate <= 0)
		return json_null();
	return json_pack("{s:f, s:f, s:f}", "rate", d->share_rate, "low", d->share_low, "high",
			 d->share_high);
}

/* Of a thousand; 0: not known. */
static json_t *part(uint32_t permille)
{
	return rpc_positive(permille / 1000.0);
}

static json_t *one_device(const struct device_stats *d, const struct device_info *info,
			  unsigned index)
{
	return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
			 "s:o, s:o, s:o, s:o}",
			 "index", (int)index, "id", rpc_string(d->id), "pci", rpc_string(d->pci),
			 "name", rpc_string(d->name), "label", rpc_string(d->label), "memory_bytes",
			 rpc_counted(info ? info->mem_total : 0), "state",
			 device_state_name(d->state), "reason", rpc_string(d->reason), "progress",
			 part(d->permille), "left_s", rpc_counted(d->left_s), "rate",
			 rates(d->rate_10s, d->rate_60s, d->rate_15m), "shares", shares(&d->shares),
			 "hashes", rpc_count(d->hashes), "restarts", rpc_count(d->restarts),
			 "sensors", device_sensors(d), "duty", part(d->duty_permille), "intensity",
			 rpc_counted(d->intensity), "share_rate", share_rate(d));
}

json_t *rpc_miner_devices(const struct rpc_args *a, struct err *err)
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

json_t *rpc_miner_pools(const struct rpc_args *a, struct err *err)
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
				  "index", (int)i, "url", rpc_string(p->url), "user",
				  rpc_string(p->user), "where", rpc_string(p->where), "state",
				  pool_state_name(p->state), "active", (int)i == v->active_pool,
				  "difficulty", rpc_positive(p->difficulty), "height",
				  rpc_counted(p->height), "connects", rpc_count(p->connects),
				  "drops", rpc_count(p->drops), "jobs", rpc_count(p->jobs),
				  "last_error", rpc_string(p->last_error)));
	}
	return all;
}

json_t *rpc_miner_shares(const struct rpc_args *a, struct err *err)
{
	const struct rig_stats *r = a->call->view->rig;
	json_t *all = shares(&r->shares), *reasons = json_array();
	unsigned i;

	(void)err;
	for (i = 0; i < r->n_reasons && i < REJECT_REASONS_MAX; i++)
		json_array_append_new(reasons, json_pack("{s:o, s:o}", "text",
							 rpc_string(r->reasons[i].text), "count",
							 rpc_count(r->reasons[i].count)));
	json_object_set_new(all, "reasons", reasons);
	json_object_set_new(all, "best_difficulty", rpc_positive(r->best_difficulty));
	json_object_set_new(all, "blocks", rpc_count(r->blocks));
	return all;
}

json_t *rpc_event(const struct api_event *e)
{
	const char *severity = e->severity == 'e'   ? "error"
			       : e->severity == 'w' ? "warning"
						    : "info";

	return json_pack("{s:o, s:I, s:o, s:s, s:s, s:o}", "id", rpc_count(e->id), "at_ms",
			 (json_int_t)e->at_ms, "device", rpc_string(e->device), "name", e->name,
			 "severity", severity, "text", rpc_string(e->text));
}

/* Those after `since`, the oldest first; again with the last id for the rest. */
json_t *rpc_miner_events(const struct rpc_args *a, struct err *err)
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

json_t *rpc_miner_config(const struct rpc_args *a, struct err *err)
{
	const struct api_call *c = a->call;

	return c->actions->config ? c->actions->config(c->arg, c->right == API_WRITE)
				  : rpc_nobody(err);
}

json_t *rpc_miner_algorithms(const struct rpc_args *a, struct err *err)
{
	const struct api_call *c = a->call;

	return c->actions->algorithms ? c->actions->algorithms(c->arg) : rpc_nobody(err);
}

/* ---- writes ---- */

json_t *rpc_pause(const struct rpc_args *a, struct err *err)
{
	const struct api_call *c = a->call;

	return c->actions->pause ? rpc_done(c->actions->pause(c->arg, a->device, true, err))
				 : rpc_nobody(err);
}

json_t *rpc_resume(const struct rpc_args *a, struct err *err)
{
	const struct api_call *c = a->call;

	return c->actions->pause ? rpc_done(c->actions->pause(c->arg, a->device, false, err))
				 : rpc_nobody(err);
}

static json_t *plain(const struct rpc_args *a, int (*fn)(void *arg, struct err *err),
		     struct err *err)
{
	return fn ? rpc_done(fn(a->call->arg, err)) : rpc_nobody(err);
}

json_t *rpc_miner_quit(const struct rpc_args *a, struct err *err)
{
	return plain(a, a->call->actions->quit, err);
}

json_t *rpc_miner_reload(const struct rpc_args *a, struct err *err)
{
	return plain(a, a->call->actions->reload, err);
}
