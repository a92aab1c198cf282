/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The guardian's beginning and end, and what others ask of it. */
#include <stdlib.h>
#include <string.h>

#include "src/clock.h"
#include "src/guardian_parts.h"
#include "src/log.h"
#include "src/str.h"

#define ENERGY_GAP_INTERVALS 5 /* power is taken to have gone on for so long, no longer */

/* ---- the sensor process speaks ---- */

static void on_reading(void *arg, unsigned device, const struct sensor_reading *r)
{
	struct guardian *g = arg;

	energy_read(&g->wards[device].energy, r,
		    (int64_t)g->settings->guard.sensor_interval_ms * ENERGY_GAP_INTERVALS);
	g->wards[device].reading = *r;
	g->wards[device].fresh = true;
	ward_step(g, device, clock_ms());
}

static void on_lost(void *arg, unsigned device)
{
	struct guardian *g = arg;

	memset(&g->wards[device].reading, 0, sizeof g->wards[device].reading);
	g->wards[device].fresh = false;
}

static void on_presence(void *arg, const struct presence *p)
{
	struct guardian *g = arg;

	g->presence = *p;
}

static void on_set_done(void *arg, unsigned device, int code, const char *text)
{
	struct guardian *g = arg;
	uint32_t held;

	if (code && alarm_say(&g->wards[device].guard.alarms, ALARM_LIMIT_FAILED, clock_ms(),
			      g->rules.quiet_ms, &held))
		guardian_say(g, (int)device, ALARM_LIMIT_FAILED, held, text, false);
}

static const struct sensors_events sensors_events = {
	.reading = on_reading, .lost = on_lost, .presence = on_presence, .set_done = on_set_done};

/* ---- beginning and end ---- */

int guardian_new(struct guardian **out, struct event_base *base, const struct settings *s,
		 struct fleet *fleet, const char *cache_dir, const struct guardian_events *events,
		 void *arg, struct err *err)
{
	struct guardian *g = calloc(1, sizeof *g);
	unsigned i;
	int rc;

	if (!g)
		return err_set(err, ERR_NOMEM, "no memory for the guardian");
	g->settings = s;
	g->base = base;
	g->fleet = fleet;
	g->events = *events;
	g->arg = arg;
	str_copy(g->cache_dir, sizeof g->cache_dir, cache_dir ? cache_dir : "");
	g->n = fleet_count(fleet);
	g->wards = calloc(g->n ? g->n : 1, sizeof *g->wards);
	rc = g->wards ? rig_rules(g, err)
		      : err_set(err, ERR_NOMEM, "no memory for %u devices", g->n);
	if (!rc)
		rc = hook_new(&g->hooks, base, &s->guard, err);
	if (rc) {
		guardian_free(g);
		return rc;
	}
	for (i = 0; i < g->n; i++)
		ward_init(g, i);
	*out = g;
	return 0;
}

void guardian_free(struct guardian *g)
{
	if (!g)
		return;
	sensors_free(g->sensors);
	hook_free(g->hooks);
	free(g->wards);
	free(g);
}

int guardian_reload(struct guardian *g, const struct settings *s, struct err *err)
{
	unsigned i;
	int rc;

	g->settings = s; /* the old ones go away, whatever happens */
	rc = hook_change(g->hooks, &s->guard, err);
	if (!rc)
		rc = rig_rules(g, err);
	for (i = 0; i < g->n; i++)
		ward_rules(g, i);
	return rc;
}

/* Nothing to read: no card, nor anything of the machine that matters. */
static bool sees_nothing(const struct guardian *g)
{
	const struct settings_guard *s = &g->settings->guard;
	unsigned i;

	if (s->pause_on_active || s->pause_on_user || s->pause_on_battery || s->pause_on_others)
		return false;
	for (i = 0; i < g->n; i++)
		if (fleet_info(g->fleet, i)->pci[0] || getenv("ADIT_SIM_SENSORS"))
			return false;
	return true;
}

int guardian_start(struct guardian *g, struct err *err)
{
	struct sensor_target targets[DEVICES_MAX] = {0};
	unsigned i;

	if (g->settings->guard.no_sensors || sees_nothing(g))
		return 0;
	for (i = 0; i < g->n && i < DEVICES_MAX; i++) {
		const struct device_info *info = fleet_info(g->fleet, i);

		str_copy(targets[i].pci, sizeof targets[i].pci, info->pci);
		str_copy(targets[i].uuid, sizeof targets[i].uuid, info->uuid);
	}
	return sensors_new(&g->sensors, g->base, targets, i,
			   (int)g->settings->guard.sensor_interval_ms, g->cache_dir,
			   &sensors_events, g, err);
}

static void on_ended(void *arg)
{
	struct guardian *g = arg;
	void (*ended)(void *arg) = g->ended;

	g->ended = NULL;
	if (ended)
		ended(g->ended_arg);
}

void guardian_stop(struct guardian *g, void (*ended)(void *arg), void *arg)
{
	g->ending = true;
	g->ended = ended;
	g->ended_arg = arg;
	if (g->sensors)
		sensors_stop(g->sensors, on_ended);
	else
		on_ended(g);
}

/* ---- what others tell ---- */

void guardian_second(struct guardian *g, const struct guardian_job *job)
{
	int64_t now = clock_ms();
	unsigned i;

	g->job = *job;
	if (g->ending)
		return;
	rig_step(g, now);
	for (i = 0; i < g->n; i++)
		ward_step(g, i, now);
}

void guardian_life(struct guardian *g, unsigned device)
{
	if (!g->ending)
		ward_step(g, device, clock_ms());
}

void guardian_candidate(struct guardian *g, unsigned device, bool good, double difficulty)
{
	guard_candidate(&g->wards[device].guard, &g->rules, good, difficulty, clock_ms());
}

void guardian_pause(struct guardian *g, int device, enum pause_reason why, bool on)
{
	unsigned i;

	for (i = 0; i < g->n; i++) {
		if (device >= 0 && i != (unsigned)device)
			continue;
		if (on)
			g->wards[i].user |= PAUSE_BIT(why);
		else
			g->wards[i].user &= ~PAUSE_BIT(why);
		if (!g->ending)
			ward_step(g, i, clock_ms());
	}
}

bool guardian_paused(const struct guardian *g, int device, enum pause_reason why)
{
	unsigned i;

	for (i = 0; i < g->n; i++)
		if ((device < 0 || i == (unsigned)device) && !(g->wards[i].user & PAUSE_BIT(why)))
			return false;
	return true;
}

void guardian_unpark(struct guardian *g, unsigned device)
{
	guard_unpark(&g->wards[device].guard, &g->rules);
	fleet_unpark(g->fleet, device);
}

void guardian_pool(struct guardian *g, bool up, const char *where)
{
	uint32_t held;
	enum alarm_event event = up ? ALARM_POOL_UP : ALARM_POOL_DOWN;

	if (up && !g->pool_down) /* the first one ever, or another one */
		return;
	g->pool_down = !up;
	if (alarm_say(&g->alarms, event, clock_ms(), g->rules.quiet_ms, &held))
		guardian_say(g, -1, event, held, where, false);
}

bool guardian_rests(const struct guardian *g)
{
	unsigned i;

	for (i = 0; i < g->n; i++)
		if (!g->wards[i].pauses && fleet_slot(g->fleet, i)->state != SLOT_PARKED)
			return false;
	return g->n > 0;
}

/* ---- what others ask ---- */

static int32_t stat(const struct sensor_reading *r, enum sensor_field f, int64_t unit)
{
	return sensor_has(r, f) ? (int32_t)(r->v[f] / unit) : STAT_UNKNOWN;
}

void guardian_stats(const struct guardian *g, unsigned device, struct device_stats *out)
{
	const struct ward *w = &g->wards[device];
	const struct sensor_reading *r = &w->reading;
	const struct honest_sum *sum = &w->guard.honest.total;
	struct honest_view view;

	out->temperature_c = stat(r, SENSOR_CORE_MC, 1000);
	out->hotspot_c = stat(r, SENSOR_HOTSPOT_MC, 1000);
	out->memory_c = stat(r, SENSOR_MEMORY_MC, 1000);
	out->fan_percent = stat(r, SENSOR_FAN_PERMILLE, 10);
	out->power_w = stat(r, SENSOR_POWER_MW, 1000);
	out->limit_w = stat(r, SENSOR_LIMIT_MW, 1000);
	out->core_mhz = stat(r, SENSOR_CORE_MHZ, 1);
	out->memory_mhz = stat(r, SENSOR_MEMORY_MHZ, 1);
	out->util_percent = stat(r, SENSOR_BUSY_PERMILLE, 10);
	out->energy_j = (uint64_t)w->energy.joules;
	out->energy_counted = w->energy.counted;
	out->duty_permille = w->duty;
	if (out->state == DEVICE_PAUSED && w->pauses)
		pauses_text(w->pauses, out->reason, sizeof out->reason);
	honest_view(sum, sum->to_ms - sum->from_ms, &view);
	if (view.known) {
		out->share_rate = view.share_rate;
		out->share_low = view.low;
		out->share_high = view.high;
	}
}

void guardian_alarms(const struct guardian *g, uint64_t out[ALARM_EVENTS])
{
	unsigned i, e;

	for (e = 0; e < ALARM_EVENTS; e++) {
		out[e] = g->alarms.of[e].total;
		for (i = 0; i < g->n; i++)
			out[e] += g->wards[i].guard.alarms.of[e].total;
	}
}
