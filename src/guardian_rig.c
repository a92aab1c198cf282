/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What concerns the whole rig: hours, the machine's user and battery, the price of power. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "src/clock.h"
#include "src/guard/power.h"
#include "src/guardian_parts.h"
#include "src/log.h"

#define USER_MS    2000  /* somebody there for so long counts */
#define BATTERY_MS 1000  /* as does the battery */
#define POWER_MS   10000 /* the rig's power is shared anew so often */
#define STEADY     0.05  /* of a rate: no more between its short and its long mean */
#define SMOOTH     0.2

static int parse_hours(struct guardian *g, struct err *err)
{
	const struct settings_guard *s = &g->settings->guard;

	if (!s->schedule)
		return 0;
	return schedule_parse(s->schedule_is == SCHEDULE_MINES ? &g->mine : &g->rest, s->schedule,
			      err);
}

int rig_rules(struct guardian *g, struct err *err)
{
	const struct settings_guard *s = &g->settings->guard;
	int rc;

	g->mine.set = g->rest.set = false;
	g->curve.n = 0;
	rc = parse_hours(g, err);
	if (rc)
		return rc;
	guard_defaults(&g->rules);
	g->rules.wrong.limit_permille = (uint32_t)(s->max_invalid * 10);
	g->rules.lowrate.ratio_permille = s->low_rate * 10;
	g->rules.lowrate.for_ms = (int64_t)s->low_rate_time_s * 1000;
	if (!s->fan_curve || !strcmp(s->fan_curve, "auto"))
		return 0;
	return fan_curve_parse(&g->curve, s->fan_curve, err);
}

/* ---- pauses of all devices ---- */

static bool outside_hours(const struct guardian *g)
{
	time_t now = time(NULL);
	struct tm tm;

	if ((!g->mine.set && !g->rest.set) || !localtime_r(&now, &tm))
		return false;
	return hours_pause(&g->mine, &g->rest, (unsigned)tm.tm_wday,
			   (unsigned)(tm.tm_hour * 60 + tm.tm_min));
}

static bool present(const struct guardian *g, uint32_t bit)
{
	return g->presence.known & g->presence.value & bit;
}

static void on_price(void *arg, int status)
{
	struct guardian *g = arg;

	if (status != 0 && status != 1) {
		log_warn(LOG_MINER, "--price-hook: %s; mining goes on as before",
			 status < 0 ? "did not end as it should"
				    : "an exit status other than 0 (mine) or 1 (pause)");
		return;
	}
	g->dear = status == 1;
}

static void ask_price(struct guardian *g, int64_t now_ms)
{
	const struct settings_guard *s = &g->settings->guard;

	if (!s->price_hook || now_ms < g->price_ms)
		return;
	g->price_ms = now_ms + (int64_t)s->price_interval_s * 1000;
	hook_ask(g->hooks, on_price, g);
}

static uint32_t rig_pauses(struct guardian *g, int64_t now_ms)
{
	const struct settings_guard *s = &g->settings->guard;
	int64_t leave_ms = (int64_t)s->pause_quiet_s * 1000;
	uint32_t bits = 0;

	if (outside_hours(g))
		bits |= PAUSE_BIT(PAUSE_SCHEDULE);
	if ((s->pause_on_active || s->pause_on_user) &&
	    quiet_step(&g->active, present(g, PRESENCE_USER), USER_MS, leave_ms, now_ms))
		bits |= PAUSE_BIT(PAUSE_ACTIVE);
	if (s->pause_on_battery &&
	    quiet_step(&g->battery, present(g, PRESENCE_BATTERY), BATTERY_MS, BATTERY_MS, now_ms))
		bits |= PAUSE_BIT(PAUSE_BATTERY);
	if (g->dear)
		bits |= PAUSE_BIT(PAUSE_PRICE);
	return bits;
}

/* ---- the rig's power ---- */

/* Only a steady rate says how efficient a card is; a smooth one, or limits would dance. */
static void measure(struct ward *w, const struct device_stats *stats)
{
	const struct sensor_reading *r = &w->reading;
	double now;

	if (stats->state != DEVICE_MINING || !sensor_has(r, SENSOR_POWER_MW) ||
	    r->v[SENSOR_POWER_MW] <= 0 || stats->rate_60s <= 0 ||
	    fabs(stats->rate_10s - stats->rate_60s) > STEADY * stats->rate_60s)
		return;
	now = stats->rate_60s * 1000 / (double)r->v[SENSOR_POWER_MW];
	w->per_joule = w->per_joule > 0 ? w->per_joule + SMOOTH * (now - w->per_joule) : now;
	w->measured_mw = r->v[SENSOR_POWER_MW];
}

static void power_facts(struct guardian *g, unsigned i, struct power_device *out)
{
	struct ward *w = &g->wards[i];
	const struct sensor_reading *r = &w->reading;
	struct device_stats stats;
	bool paused = w->pauses & ~PAUSE_BIT(PAUSE_POWER);

	fleet_stats(g->fleet, i, &stats, clock_ms());
	measure(w, &stats);
	*out = (struct power_device){.idle = stats.state == DEVICE_PARKED || paused ||
					     !sensor_has(r, SENSOR_LIMIT_MIN_MW) ||
					     !sensor_has(r, SENSOR_LIMIT_MAX_MW)};
	if (out->idle)
		return;
	out->min_mw = r->v[SENSOR_LIMIT_MIN_MW];
	out->max_mw = r->v[SENSOR_LIMIT_MAX_MW];
	if (w->owner_mw && w->owner_mw < out->max_mw)
		out->max_mw = w->owner_mw > out->min_mw ? w->owner_mw : out->min_mw;
	if (!g->settings->guard.allow_power)
		out->min_mw = out->max_mw =
			sensor_has(r, SENSOR_LIMIT_MW) ? r->v[SENSOR_LIMIT_MW] : out->max_mw;
	out->in_force_mw = w->ordered_mw;
	out->hashes_per_joule = w->per_joule;
	out->measured_mw = w->measured_mw;
}

static void share_power(struct guardian *g, int64_t now_ms)
{
	struct power_device in[POWER_DEVICES_MAX] = {0};
	int64_t out[POWER_DEVICES_MAX] = {0};
	unsigned i, n = g->n < POWER_DEVICES_MAX ? g->n : POWER_DEVICES_MAX;
	int64_t limit_mw = (int64_t)g->settings->guard.rig_power_limit_w * 1000;

	if (!limit_mw || now_ms < g->power_ms)
		return;
	g->power_ms = now_ms + POWER_MS;
	for (i = 0; i < n; i++)
		power_facts(g, i, &in[i]);
	power_share(limit_mw, in, n, out);
	for (i = 0; i < n; i++)
		g->wards[i].share_mw = in[i].idle ? SENSOR_LEAVE : out[i];
}

void rig_step(struct guardian *g, int64_t now_ms)
{
	enum alarm_event event;
	uint32_t held;

	ask_price(g, now_ms);
	share_power(g, now_ms);
	g->pauses = rig_pauses(g, now_ms);
	while ((event = alarm_due(&g->alarms, now_ms, g->rules.quiet_ms, &held)) != ALARM_NONE)
		guardian_say(g, -1, event, held, "again", false);
}
