/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One device's second under the guardian: what its machines are told, and what they want done. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "src/clock.h"
#include "src/guardian_parts.h"
#include "src/log.h"

#define LOW_LOAD_DUTY 800 /* permille of full speed that --low-load allows */
#define LOW_LOAD_MS   8   /* of a batch: shorter than a frame of a screen */
#define OTHERS_MS     5000
#define FAN_STEP      20 /* permille; smaller changes of a fan are not worth an order */

static int32_t degrees(const char *list, unsigned device)
{
	return (int32_t)settings_of_device(list, device) * 1000;
}

void ward_rules(struct guardian *g, unsigned device)
{
	const struct settings_guard *s = &g->settings->guard;
	struct ward *w = &g->wards[device];

	w->limits = (struct thermal_limits){
		.target_mc = degrees(s->temp_target, device),
		.memory_target_mc = degrees(s->temp_target_mem, device),
		.limit_mc = degrees(s->temp_limit, device),
		.memory_limit_mc = degrees(s->temp_limit_mem, device),
		.resume_mc = (int32_t)settings_resume(s, device, false) * 1000,
		.memory_resume_mc = (int32_t)settings_resume(s, device, true) * 1000,
		.step_permille = s->temp_step * 10,
		.duty_floor_permille = s->duty_min * 10,
		.safe_permille = s->duty_blind * 10,
		.interval_ms = (int32_t)s->sensor_interval_ms,
	};
	w->owner_mw = (int64_t)settings_of_device(s->power_limit, device) * 1000;
	if (!w->owner_mw && s->allow_power)
		w->owner_mw = fleet_tuned_mw(g->fleet, device);
	ward_orders(g, device);
}

/* ---- saying ---- */

static const char *who_is(const struct guardian *g, int device, char *out, size_t size)
{
	const struct device_info *info;

	if (device < 0)
		return "rig";
	info = fleet_info(g->fleet, (unsigned)device);
	snprintf(out, size, "%s (%s)", fleet_id(g->fleet, (unsigned)device),
		 info->pci[0] ? info->pci : info->name);
	return out;
}

/* What fleet.c has told already, when it happened. */
static bool told_by_fleet(enum alarm_event event)
{
	return event == ALARM_HANG || event == ALARM_CRASH || event == ALARM_STUCK ||
	       event == ALARM_PARKED || event == ALARM_RESTARTED;
}

static int32_t whole(const struct sensor_reading *r, enum sensor_field f, int64_t unit)
{
	return sensor_has(r, f) ? (int32_t)(r->v[f] / unit) : HOOK_UNKNOWN;
}

static void run_hook(struct guardian *g, int device, enum alarm_event event, const char *reason)
{
	struct hook_facts facts = HOOK_FACTS;

	facts.event = alarm_name(event);
	facts.reason = reason;
	if (device >= 0) {
		const struct device_info *info = fleet_info(g->fleet, (unsigned)device);
		const struct sensor_reading *r = &g->wards[device].reading;
		struct device_stats stats;

		fleet_stats(g->fleet, (unsigned)device, &stats, clock_ms());
		facts.device = fleet_id(g->fleet, (unsigned)device);
		facts.pci = info->pci;
		facts.uuid = info->uuid;
		facts.name = info->name;
		facts.temperature_c = whole(r, SENSOR_CORE_MC, 1000);
		facts.memory_c = whole(r, SENSOR_MEMORY_MC, 1000);
		facts.power_w = whole(r, SENSOR_POWER_MW, 1000);
		facts.rate = stats.rate_60s;
		facts.restarts = (int64_t)stats.restarts;
	} else if (event == ALARM_POOL_UP) {
		facts.pool = reason;
	}
	hook_run(g->hooks, &facts);
}

void guardian_say(struct guardian *g, int device, enum alarm_event event, int64_t held,
		  const char *reason, bool quiet)
{
	static const enum log_level levels[] = {
		[ALARM_INFO] = LOG_NOTICE, [ALARM_WARNING] = LOG_WARN, [ALARM_ERROR] = LOG_ERROR};
	enum log_level level = levels[alarm_severity(event)];
	char who[128], more[48] = "";

	if (held > 0)
		snprintf(more, sizeof more, " (%" PRId64 " more like it)", held);
	if (device >= 0 && told_by_fleet(event))
		level = LOG_DEBUG;
	log_line(level, LOG_DEVICE, "%s: %s: %s%s", who_is(g, device, who, sizeof who),
		 alarm_name(event), reason, more);
	if (g->events.alarm)
		g->events.alarm(g->arg, device, event, reason);
	if (!quiet)
		run_hook(g, device, event, reason);
}

/* ---- doing ---- */

static void order(struct guardian *g, unsigned device, int64_t limit_mw, int64_t fan_permille)
{
	const struct sensor_setting set = {.limit_mw = limit_mw, .fan_permille = fan_permille};

	if (g->sensors)
		sensors_set(g->sensors, device, &set);
}

static void set_duty(struct guardian *g, unsigned device, uint32_t permille)
{
	const struct settings *s = g->settings;
	bool low = s->guard.low_load;
	uint32_t ms = low && s->batch_ms > LOW_LOAD_MS ? LOW_LOAD_MS : s->batch_ms;
	struct ward *w = &g->wards[device];

	w->duty = low ? permille * LOW_LOAD_DUTY / 1000 : permille;
	if (!w->duty)
		w->duty = 1;
	fleet_limit(g->fleet, device, w->duty, ms);
}

void ward_init(struct guardian *g, unsigned device)
{
	struct ward *w = &g->wards[device];

	ward_rules(g, device);
	w->share_mw = SENSOR_LEAVE;
	thermal_init(&w->thermal);
	guard_init(&w->guard, &g->rules);
	w->duty = 1000;
	if (g->settings->guard.low_load)
		set_duty(g, device, 1000);
}

static void set_limit(struct guardian *g, unsigned device, int64_t mw)
{
	g->wards[device].ordered_mw = mw > 0 ? mw : 0;
	order(g, device, mw, SENSOR_LEAVE);
}

static void act(struct guardian *g, unsigned device, const struct guard_action *a)
{
	struct ward *w = &g->wards[device];

	switch (a->what) {
	case GUARD_DUTY:
		set_duty(g, device, (uint32_t)a->value);
		break;
	case GUARD_LIMIT:
		set_limit(g, device, a->value);
		break;
	case GUARD_PAUSE:
		w->pauses = (uint32_t)a->value;
		g->power_ms = 0; /* its part is for the others now */
		fleet_pause(g->fleet, device, true);
		break;
	case GUARD_RESUME:
		w->pauses = 0;
		g->power_ms = 0;
		fleet_pause(g->fleet, device, false);
		break;
	case GUARD_RESTART:
		fleet_restart(g->fleet, device, a->reason);
		break;
	case GUARD_PARK:
		fleet_park(g->fleet, device, a->reason);
		break;
	case GUARD_ALARM:
		break;
	}
	if (a->event == ALARM_NONE)
		log_debug(LOG_DEVICE, "%s: %s", fleet_id(g->fleet, device), a->reason);
	else
		guardian_say(g, (int)device, a->event, a->what == GUARD_ALARM ? a->value : 0,
			     a->reason, a->quiet);
	if ((a->event == ALARM_STUCK || a->event == ALARM_OFF_BUS) && g->events.stuck)
		g->events.stuck(g->arg, device, a->reason);
}

/* ---- telling ---- */

static enum guard_life life_of(enum slot_state state)
{
	switch (state) {
	case SLOT_OFF:
		return GUARD_OFF;
	case SLOT_STARTING:
	case SLOT_PREPARING:
		return GUARD_PREPARING;
	case SLOT_RUNNING:
		return GUARD_RUNNING;
	case SLOT_ENDING:
	case SLOT_KILLED:
		return GUARD_ENDING;
	case SLOT_STUCK:
		return GUARD_STUCK;
	case SLOT_BACKOFF:
		return GUARD_BACKOFF;
	case SLOT_PARKED:
		break;
	}
	return GUARD_PARKED;
}

/* Bounds of the power limit: what the card allows, and the owner within it. */
static void bound_power(const struct guardian *g, struct ward *w)
{
	const struct sensor_reading *r = &w->reading;
	int64_t most;

	w->limits.may_power = false;
	if (!g->settings->guard.allow_power || !sensor_has(r, SENSOR_LIMIT_MIN_MW) ||
	    !sensor_has(r, SENSOR_LIMIT_MAX_MW))
		return;
	most = r->v[SENSOR_LIMIT_MAX_MW];
	if (sensor_has(r, SENSOR_LIMIT_DEFAULT_MW) && !w->owner_mw)
		most = r->v[SENSOR_LIMIT_DEFAULT_MW];
	if (w->owner_mw && w->owner_mw < most)
		most = w->owner_mw;
	if (w->share_mw > 0 && w->share_mw < most)
		most = w->share_mw;
	w->limits.power_min_mw = r->v[SENSOR_LIMIT_MIN_MW];
	w->limits.power_max_mw = most;
	w->limits.may_power = w->limits.power_min_mw < most;
}

static int64_t own_limit(const struct ward *w)
{
	if (w->share_mw > 0 && (!w->owner_mw || w->share_mw < w->owner_mw))
		return w->share_mw;
	return w->owner_mw ? w->owner_mw : SENSOR_LEAVE;
}

static uint32_t pauses_of(struct guardian *g, struct ward *w, int64_t now_ms)
{
	const struct settings_guard *s = &g->settings->guard;
	uint32_t bits = g->pauses | w->user;
	bool others = sensor_has(&w->reading, SENSOR_OTHERS) && w->reading.v[SENSOR_OTHERS] > 0;

	if ((s->pause_on_active || s->pause_on_others) &&
	    quiet_step(&w->others, others, OTHERS_MS, (int64_t)s->pause_quiet_s * 1000, now_ms))
		bits |= PAUSE_BIT(PAUSE_OTHERS);
	if (!w->share_mw)
		bits |= PAUSE_BIT(PAUSE_POWER);
	return bits;
}

static void turn_fan(struct guardian *g, unsigned device)
{
	struct ward *w = &g->wards[device];
	uint32_t now;

	if (!g->curve.n || !sensor_has(&w->reading, SENSOR_CORE_MC))
		return;
	now = fan_step(&w->fan, &g->curve, (int32_t)w->reading.v[SENSOR_CORE_MC]);
	if (w->fan_permille && now + FAN_STEP > w->fan_permille && now < w->fan_permille + FAN_STEP)
		return;
	w->fan_permille = now ? now : 1;
	order(g, device, SENSOR_LEAVE, now);
}

static int64_t read_or_0(const struct sensor_reading *r, enum sensor_field f)
{
	return sensor_has(r, f) ? r->v[f] : 0;
}

/* What changes a device's rate by design: the job's, and what its owner has ordered. */
static uint64_t setting_of(const struct guardian *g, const struct ward *w)
{
	uint64_t orders = (uint64_t)w->ordered_log2 << 32 | w->ordered_w << 8 | w->ordered_c;

	return g->job.setting ^ orders * 0x9e3779b97f4a7c15u;
}

void ward_step(struct guardian *g, unsigned device, int64_t now_ms)
{
	const struct slot *slot = fleet_slot(g->fleet, device);
	struct ward *w = &g->wards[device];
	const struct sensor_reading *fresh = w->fresh ? &w->reading : NULL;
	uint64_t hashes = fleet_hashes(g->fleet, device);
	struct guard_out out = {0};
	struct guard_in in;
	unsigned i;

	bound_power(g, w);
	thermal_step(&w->thermal, &w->limits, fresh, now_ms, &w->heat);
	in = (struct guard_in){
		.reading = fresh,
		.thermal = &w->heat,
		.power_limit_mw = own_limit(w),
		.power_min_mw = read_or_0(&w->reading, SENSOR_LIMIT_MIN_MW),
		.power_default_mw = read_or_0(&w->reading, SENSOR_LIMIT_DEFAULT_MW),
		/* an order for this card is permission enough to carry it out */
		.may_power = g->settings->guard.allow_power || w->owner_mw > 0,
		.pauses = pauses_of(g, w, now_ms),
		.life = life_of(slot->state),
		.life_reason = slot->reason,
		.stopping = slot->stopping || g->ending,
		.has_work = g->job.has_work,
		.hashes = (double)(hashes - w->hashes),
		.difficulty = g->job.difficulty,
		.duty_permille = w->duty,
		.setting = setting_of(g, w),
	};
	w->hashes = hashes;
	if (fresh)
		turn_fan(g, device);
	w->fresh = false;
	guard_step(&w->guard, &g->rules, &in, now_ms, &out);
	for (i = 0; i < out.n; i++)
		act(g, device, &out.a[i]);
}
