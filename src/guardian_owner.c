/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the owner orders while the rig runs: settings of one device, and restarts. */
#include <string.h>

#include "src/clock.h"
#include "src/guardian_parts.h"
#include "src/log.h"

/* As for --temp-target and --temp-limit. */
#define CELSIUS_MIN 30
#define CELSIUS_MAX 130

static int unseen(const struct guardian *g, unsigned device, const char *what, struct err *err)
{
	return err_set(err, ERR_NODEV, "%s: its %s cannot be set: %s", fleet_id(g->fleet, device),
		       what,
		       g->settings->guard.no_sensors ? "--no-sensors is given"
						     : "nothing can be read from the card");
}

/* ---- power ---- */

/* A write token is an order of the owner's, where the owner lets power be changed at all. */
static int may_power(const struct guardian *g, unsigned device, uint32_t watts, struct err *err)
{
	const struct settings_guard *s = &g->settings->guard;
	uint32_t most = settings_of_device(s->power_limit, device);

	if (!s->allow_power && !most)
		return err_set(err, ERR_PERM,
			       "%s: its power limit must not be changed; start with --allow-power "
			       "or --power-limit",
			       fleet_id(g->fleet, device));
	if (most && watts > most)
		return err_set(err, ERR_RANGE, "%s: %u W is more than its --power-limit, %u W",
			       fleet_id(g->fleet, device), (unsigned)watts, (unsigned)most);
	return 0;
}

static int check_card(const struct guardian *g, unsigned device, uint32_t watts, struct err *err)
{
	const struct sensor_reading *r = &g->wards[device].reading;
	int64_t min, max;

	if (!g->sensors || !sensor_has(r, SENSOR_LIMIT_MIN_MW) ||
	    !sensor_has(r, SENSOR_LIMIT_MAX_MW))
		return unseen(g, device, "power limit", err);
	min = (r->v[SENSOR_LIMIT_MIN_MW] + 999) / 1000;
	max = r->v[SENSOR_LIMIT_MAX_MW] / 1000;
	if (watts < min || watts > max)
		return err_set(err, ERR_RANGE, "%s: its power limit must be from %lld to %lld W",
			       fleet_id(g->fleet, device), (long long)min, (long long)max);
	return 0;
}

int guardian_set_power_limit(struct guardian *g, unsigned device, uint32_t watts, struct err *err)
{
	int rc = may_power(g, device, watts, err);

	if (!rc && watts)
		rc = check_card(g, device, watts, err);
	if (rc)
		return rc;
	g->wards[device].ordered_w = watts;
	g->power_ms = 0; /* the rig's is shared anew */
	ward_rules(g, device);
	guardian_life(g, device);
	return 0;
}

/* ---- temperature ---- */

static int check_target(const struct guardian *g, unsigned device, uint32_t celsius,
			struct err *err)
{
	uint32_t limit = settings_of_device(g->settings->guard.temp_limit, device);

	if (celsius < CELSIUS_MIN || celsius > CELSIUS_MAX)
		return err_set(err, ERR_RANGE,
			       "%s: a temperature target must be from %d to %d C, or 0",
			       fleet_id(g->fleet, device), CELSIUS_MIN, CELSIUS_MAX);
	if (limit && celsius >= limit)
		return err_set(err, ERR_RANGE,
			       "%s: a temperature target of %u C is not below its --temp-limit, "
			       "%u C",
			       fleet_id(g->fleet, device), (unsigned)celsius, (unsigned)limit);
	return 0;
}

int guardian_set_temp_target(struct guardian *g, unsigned device, uint32_t celsius, struct err *err)
{
	const struct sensor_reading *r = &g->wards[device].reading;
	int rc = celsius ? check_target(g, device, celsius, err) : 0;

	if (!rc && celsius &&
	    (!g->sensors || !(sensor_has(r, SENSOR_CORE_MC) || sensor_has(r, SENSOR_HOTSPOT_MC))))
		rc = unseen(g, device, "temperature target", err);
	if (rc)
		return rc;
	g->wards[device].ordered_c = celsius;
	ward_rules(g, device);
	guardian_life(g, device);
	return 0;
}

/* ---- the others ---- */

uint32_t guardian_ordered(const struct guardian *g, unsigned device, enum guardian_order what)
{
	const struct ward *w = &g->wards[device];

	switch (what) {
	case ORDER_INTENSITY:
		return w->ordered_log2;
	case ORDER_POWER_LIMIT:
		return w->ordered_w;
	case ORDER_TEMP_TARGET:
		return w->ordered_c;
	}
	return 0;
}

int guardian_set_intensity(struct guardian *g, unsigned device, uint32_t log2, struct err *err)
{
	if (log2 > INTENSITY_MAX)
		return err_set(
			err, ERR_RANGE,
			"%s: an intensity must be from 1 to %d (log2 of nonces a batch), or 0",
			fleet_id(g->fleet, device), INTENSITY_MAX);
	g->wards[device].ordered_log2 = log2;
	fleet_intensity(g->fleet, device, log2);
	return 0;
}

int guardian_restart(struct guardian *g, unsigned device, const char *why, struct err *err)
{
	enum slot_state state = fleet_slot(g->fleet, device)->state;

	if (state == SLOT_STUCK)
		return err_set(err, ERR_BUSY,
			       "%s: its worker is held by the driver and cannot be ended; reboot",
			       fleet_id(g->fleet, device));
	if (state == SLOT_PARKED) {
		guardian_unpark(g, device);
		return 0;
	}
	guard_restarting(&g->wards[device].guard);
	fleet_renew(g->fleet, device, why);
	return 0;
}

/* ---- and a reload ---- */

/* A setting that the owner changed says more than an order from before; nor may one outlive it. */
void ward_orders(struct guardian *g, unsigned device)
{
	const struct settings_guard *s = &g->settings->guard;
	uint32_t set_w = settings_of_device(s->power_limit, device);
	uint32_t set_c = settings_of_device(s->temp_target, device);
	struct ward *w = &g->wards[device];
	struct err err = {0};

	if (w->ordered_w && (set_w != w->set_w || may_power(g, device, w->ordered_w, &err))) {
		log_info(LOG_API, "%s: the power limit that was ordered, %u W, is over",
			 fleet_id(g->fleet, device), (unsigned)w->ordered_w);
		w->ordered_w = 0;
	}
	if (w->ordered_c && (set_c != w->set_c || check_target(g, device, w->ordered_c, &err))) {
		log_info(LOG_API, "%s: the temperature target that was ordered, %u C, is over",
			 fleet_id(g->fleet, device), (unsigned)w->ordered_c);
		w->ordered_c = 0;
	}
	w->set_w = set_w;
	w->set_c = set_c;
	if (w->ordered_w)
		w->owner_mw = (int64_t)w->ordered_w * 1000;
	if (w->ordered_c)
		w->limits.target_mc = (int32_t)w->ordered_c * 1000;
}
