/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One card's temperature: held, limited, lost and found. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/guard/thermal.h"

#define COLDEST_MC     (-40000)
#define HOTTEST_MC     150000
#define SPOT_OVER_C    20.0      /* a hot spot may be so much hotter than its core */
#define RESUME_BELOW_C 10.0      /* the limit, where nothing usable is said */
#define AIM_BELOW_C    5.0       /* the limit, once it was reached, where there is no target */
#define POWER_MOST_MW  100000000 /* no card draws that */
#define PAUSE_MS       10000     /* at least; twice as long each time it comes again */
#define PAUSE_MAX_MS   600000    /* soon, */
#define SOON_MS        1800000
#define FULL_MS        60000 /* at full heat: no longer hot */
#define HEAT_FULL      1000.0
#define HEAT_HOT       980.0
#define NEAR_C         5.0   /* the target */
#define SOFT_MS        5000  /* if its temperature is told that soon: */
#define HEAT_START     400.0 /* a card not seen hot yet comes up from here */
#define DUTY_LEAST     10
#define DUTY_GRAIN     5     /* permille; smaller changes are not worth telling */
#define DRAW_OVER      1.02  /* a limit begins to bite so far above the draw */
#define LIMIT_GRAIN    0.005 /* likewise, of the greatest power limit */

static uint32_t within(uint32_t v, uint32_t min, uint32_t max)
{
	return v < min ? min : v > max ? max : v;
}

static double clamp(double v, double min, double max)
{
	return v > max ? max : v < min ? min : v;
}

void thermal_init(struct thermal *t)
{
	memset(t, 0, sizeof *t);
	t->now_ms = t->read_ms = INT64_MIN;
	t->heat = t->wanted = HEAT_FULL;
	t->duty = 1000;
	t->limit_mw = SENSOR_LEAVE;
	t->full_ms = -1;
}

const char *thermal_event_name(enum thermal_event event)
{
	static const char *const names[] = {"none",    "hot",         "cool",       "overheat",
					    "resumed", "sensor-lost", "sensor-back"};

	return (unsigned)event < sizeof names / sizeof *names ? names[event] : names[0];
}

/* The owner's wishes for one place, in degrees; 0: none. */
struct aim {
	double target, limit, resume;
};

/* The owner's wishes, made usable. */
struct wish {
	struct aim aim[THERMAL_PLACES];
	double step, floor, safe;     /* permille of duty */
	int64_t lost_ms, interval_ms; /* */
	bool power;
	double min_mw, max_mw;
};

static struct aim aim_of(int32_t target_mc, int32_t limit_mc, int32_t resume_mc, bool burnt)
{
	struct aim a = {0};

	a.target = target_mc > 0 ? target_mc / 1000.0 : 0;
	a.limit = limit_mc > 0 ? limit_mc / 1000.0 : 0;
	a.resume = resume_mc > 0 && resume_mc < limit_mc ? resume_mc / 1000.0
							 : a.limit - RESUME_BELOW_C;
	if (a.limit > 0 && a.target <= 0 && burnt)
		a.target = a.limit - AIM_BELOW_C;
	return a;
}

static struct wish wish_of(const struct thermal_limits *l, bool burnt)
{
	struct wish w = {
		.step = l->step_permille ? within(l->step_permille, 1, 1000) : 50,
		.floor = within(l->duty_floor_permille, DUTY_LEAST, 1000),
		.safe = within(l->safe_permille, DUTY_LEAST, 1000),
		.lost_ms = l->lost_ms > 0 ? l->lost_ms : 30000,
		.interval_ms = l->interval_ms > 0 ? l->interval_ms : 1000,
		.power = l->may_power && l->power_min_mw > 0 && l->power_max_mw > l->power_min_mw,
		.min_mw = (double)l->power_min_mw,
		.max_mw = (double)l->power_max_mw,
	};

	w.aim[THERMAL_CORE] = aim_of(l->target_mc, l->limit_mc, l->resume_mc, burnt);
	w.aim[THERMAL_MEMORY] =
		aim_of(l->memory_target_mc, l->memory_limit_mc, l->memory_resume_mc, burnt);
	return w;
}

static bool watched(const struct aim *a)
{
	return a->target > 0 || a->limit > 0;
}

/* Time may stand still or go back: what was remembered of the future did not happen. */
static void clock_step(struct thermal *t, int64_t now_ms)
{
	int64_t *const past[] = {&t->begun_ms,       &t->read_ms,       &t->excess_ms,
				 &t->paused_ms,      &t->resumed_ms,    &t->full_ms,
				 &t->place[0].at_ms, &t->place[1].at_ms};
	unsigned i;

	for (i = 0; now_ms < t->now_ms && i < sizeof past / sizeof *past; i++)
		if (*past[i] > now_ms)
			*past[i] = now_ms;
	if (t->now_ms == INT64_MIN)
		t->begun_ms = now_ms;
	t->now_ms = now_ms;
}

static bool temperature(const struct sensor_reading *r, enum sensor_field f, double *c)
{
	if (!sensor_has(r, f) || r->v[f] < COLDEST_MC || r->v[f] > HOTTEST_MC)
		return false;
	*c = (double)r->v[f] / 1000;
	return true;
}

/* What counts as the core's temperature: its own, or the hot spot's less what that may have. */
static bool core_of(struct thermal *t, const struct wish *w, const struct sensor_reading *r,
		    double *c)
{
	double spot = 0;
	bool has_spot = temperature(r, SENSOR_HOTSPOT_MC, &spot);

	if (!temperature(r, SENSOR_CORE_MC, c)) {
		if (has_spot && !t->place[THERMAL_CORE].seen)
			t->only_spot = t->by_spot = true;
		*c = spot;
		return has_spot && t->only_spot;
	}
	t->only_spot = false;
	if (has_spot) {
		t->excess_c = fmax(spot - SPOT_OVER_C - *c, 0);
		t->excess_ms = t->now_ms;
	} else if (t->now_ms - t->excess_ms > w->lost_ms) {
		t->excess_c = 0;
	}
	t->by_spot = t->excess_c > 0;
	*c += t->excess_c;
	return true;
}

/* At which limit of power the card begins to feel it: a little above what it draws freely. */
static void see_power(struct thermal *t, const struct wish *w, const struct sensor_reading *r)
{
	if (!sensor_has(r, SENSOR_POWER_MW) || r->v[SENSOR_POWER_MW] <= 0 ||
	    r->v[SENSOR_POWER_MW] > POWER_MOST_MW)
		return;
	t->watts = (double)r->v[SENSOR_POWER_MW];
	if (!w->power || t->paused || t->heat < HEAT_FULL)
		return;
	t->draw_mw += (t->watts - t->draw_mw) * (t->draw_mw > 0 ? 0.2 : 1);
	t->top_mw = t->draw_mw * DRAW_OVER;
}

/*
 * How fast this card heats is not known yet, and a small one could be past its limit before it
 * is: it begins with less.  Learning takes seconds.
 */
static void soft_start(struct thermal *t, const struct wish *w)
{
	double late_ms = (double)(t->now_ms - t->begun_ms);

	if (late_ms > fmax(SOFT_MS, 4 * (double)w->interval_ms) ||
	    (w->aim[THERMAL_CORE].target <= 0 && w->aim[THERMAL_MEMORY].target <= 0))
		return;
	t->heat = t->wanted = fmax(HEAT_START, w->floor);
	t->leap = true;
}

static void take(struct thermal *t, const struct wish *w, const struct sensor_reading *r)
{
	int64_t at = r->at_ms < t->now_ms ? r->at_ms : t->now_ms;
	bool first = !t->place[THERMAL_CORE].seen && !t->place[THERMAL_MEMORY].seen;
	double c, dt, input = t->watts > 0 ? t->watts : t->paused ? 0 : t->heat;

	if (at < 0)
		return;
	if (t->read_ms == INT64_MIN)
		t->read_ms = at - w->interval_ms, t->interval_s = (double)w->interval_ms / 1000;
	if (at <= t->read_ms)
		return;
	dt = (double)(at - t->read_ms) / 1000;
	t->interval_s += (clamp(dt, 0, 60) - t->interval_s) * 0.2;
	t->age_s += (clamp((double)(t->now_ms - at) / 1000, 0, 60) - t->age_s) * 0.2;
	t->read_ms = at;
	t->gone = r->lost != 0;
	see_power(t, w, r);
	if (core_of(t, w, r, &c))
		thermal_place_take(&t->place[THERMAL_CORE], at, c, input, t->interval_s);
	if (temperature(r, SENSOR_MEMORY_MC, &c))
		thermal_place_take(&t->place[THERMAL_MEMORY], at, c, input, t->interval_s);
	if (first && (t->place[THERMAL_CORE].seen || t->place[THERMAL_MEMORY].seen))
		soft_start(t, w);
}

/* Whether a watched temperature that once was there is not known any more. */
static bool is_lost(struct thermal *t, const struct wish *w)
{
	int i;

	for (i = 0; i < THERMAL_PLACES; i++) {
		const struct thermal_place *p = &t->place[i];

		if (!p->seen || !watched(&w->aim[i]))
			continue;
		if (t->gone || t->now_ms - p->at_ms > w->lost_ms) {
			if (!t->paused)
				t->cause = (enum thermal_where)i;
			return true;
		}
	}
	return false;
}

/* Heat at the least duty that the owner allows, or at any other. */
static double heat_at(const struct thermal *t, const struct wish *w, double duty)
{
	return w->power ? duty * w->min_mw / t->top_mw : duty;
}

/* Where heat should go: the place that wants less decides. */
static void steer(struct thermal *t, const struct wish *w)
{
	double least = INFINITY;
	bool any = false;
	int i;

	for (i = 0; i < THERMAL_PLACES; i++) {
		const struct thermal_place *p = &t->place[i];
		double d;

		if (!p->seen || w->aim[i].target <= 0)
			continue;
		d = p->fresh ? thermal_place_pull(p, w->aim[i].target, t->heat, t->interval_s,
						  t->age_s)
			     : 0;
		any |= p->fresh;
		if (d < least && !t->lost)
			t->cause = (enum thermal_where)i;
		least = fmin(least, d);
	}
	if (any)
		t->wanted = t->heat + least;
	else if (least == INFINITY)
		t->wanted = HEAT_FULL;
}

static void start_pause(struct thermal *t, enum thermal_where i)
{
	bool again = t->pause_ms && t->now_ms - t->resumed_ms < SOON_MS;

	t->pause_ms = again ? t->pause_ms * 2 : PAUSE_MS;
	if (t->pause_ms > PAUSE_MAX_MS)
		t->pause_ms = PAUSE_MAX_MS;
	t->paused = true;
	t->paused_ms = t->now_ms;
	t->before = t->heat;
	t->cause = i;
}

/* Whether a temperature just read is at its hard limit. */
static bool overheats(struct thermal *t, const struct wish *w)
{
	int i;

	for (i = 0; i < THERMAL_PLACES; i++)
		if (t->place[i].fresh && w->aim[i].limit > 0 &&
		    t->place[i].now_c >= w->aim[i].limit) {
			start_pause(t, (enum thermal_where)i);
			return true;
		}
	return false;
}

/* Cool enough everywhere: what was too hot stays so until a reading says otherwise. */
static bool may_resume(const struct thermal *t, const struct wish *w)
{
	int i;

	if (t->now_ms - t->paused_ms < t->pause_ms)
		return false;
	for (i = 0; i < THERMAL_PLACES; i++) {
		const struct thermal_place *p = &t->place[i];

		if (p->seen && w->aim[i].limit > 0 && p->now_c > w->aim[i].resume)
			return false;
	}
	return true;
}

/* From what is wanted to what a step may do. */
static void move(struct thermal *t, const struct wish *w)
{
	double low = heat_at(t, w, w->floor), high = HEAT_FULL;

	if (t->lost)
		high = fmax(heat_at(t, w, w->safe), low);
	t->wanted = clamp(t->wanted, low, high);
	t->heat = clamp(t->wanted, t->heat - w->step, t->heat + w->step);
	if (t->heat < HEAT_FULL)
		t->full_ms = -1;
	else if (t->full_ms < 0)
		t->full_ms = t->now_ms;
}

/* The limit of power for the heat wanted; what remains of it for the duty to do, in permille. */
static double power_first(struct thermal *t, const struct wish *w)
{
	double limit = w->max_mw, grain = w->max_mw * LIMIT_GRAIN;

	if (!w->power) {
		t->limit_mw = SENSOR_LEAVE;
		return t->heat;
	}
	if (t->heat < HEAT_FULL)
		limit = clamp(t->heat * t->top_mw / 1000, w->min_mw, w->max_mw);
	if (t->limit_mw == SENSOR_LEAVE ? t->heat < HEAT_FULL
					: fabs(limit - (double)t->limit_mw) >= grain ||
						  limit <= w->min_mw || limit >= w->max_mw)
		t->limit_mw = (int64_t)limit;
	return clamp(t->heat * t->top_mw / fmin(limit, t->top_mw), 0, 1000);
}

/* Heat as a limit of power and a duty; where a step of the duty bounds it, heat follows. */
static void tell(struct thermal *t, const struct wish *w, struct thermal_out *out)
{
	double want = power_first(t, w), duty = want;

	if (!t->leap)
		duty = clamp(want, t->duty - w->step, t->duty + w->step);
	t->leap = false;
	if (duty > want || duty < want)
		t->heat = w->power ? heat_at(t, w, duty) : duty;
	if (fabs(duty - t->duty) >= DUTY_GRAIN || duty >= 1000 || duty <= w->floor)
		t->duty = within((uint32_t)lrint(duty), DUTY_LEAST, 1000);
	out->limit_mw = t->limit_mw;
	out->duty_permille = t->duty;
	out->pause = t->paused;
}

static const char *name_of(const struct thermal *t)
{
	if (t->cause == THERMAL_MEMORY)
		return "memory";
	return t->by_spot ? "hot spot" : "core";
}

/* A temperature of the place as its own sensor shows it. */
static double shown(const struct thermal *t, double c)
{
	return t->cause == THERMAL_CORE && t->by_spot && !t->only_spot ? c + SPOT_OVER_C : c;
}

static void held_text(const struct thermal *t, char *out, size_t size)
{
	int n = 0;

	if (t->limit_mw != SENSOR_LEAVE)
		n = snprintf(out, size, "power limit %.0f W", (double)t->limit_mw / 1000);
	if (t->duty < 1000 || !n)
		snprintf(out + n, size - (size_t)n, "%sduty %.0f %%", n ? ", " : "",
			 t->duty / 10.0);
}

static void say(const struct thermal *t, const struct wish *w, struct thermal_out *out)
{
	const struct thermal_place *p = &t->place[t->cause];
	const struct aim *a = &w->aim[t->cause];
	char held[64];
	double now = shown(t, p->now_c);

	held_text(t, held, sizeof held);
	out->reason[0] = '\0';
	if (t->paused && t->lost)
		snprintf(out->reason, sizeof out->reason,
			 "%s was %.0f C and is not known any more: paused until it is back and "
			 "%.0f C",
			 name_of(t), now, shown(t, a->resume));
	else if (t->paused)
		snprintf(out->reason, sizeof out->reason,
			 "%s %.0f C, limit %.0f C: paused until %.0f C", name_of(t), now,
			 shown(t, a->limit), shown(t, a->resume));
	else if (t->lost)
		snprintf(out->reason, sizeof out->reason,
			 "%s temperature %s: at most %s until it is back", name_of(t),
			 t->gone ? "lost with the card" : "not known any more", held);
	else if (t->heat < HEAT_FULL && a->target > 0)
		snprintf(out->reason, sizeof out->reason, "%s %.0f C, target %.0f C: %s%s",
			 name_of(t), now, shown(t, a->target), t->hot ? "" : "coming up, ", held);
}

/* Pauses and losses, as they begin and end. */
static enum thermal_event change(struct thermal *t, const struct wish *w)
{
	bool lost;

	if (!t->paused && overheats(t, w))
		return THERMAL_OVERHEAT;
	lost = is_lost(t, w);
	if (lost != t->lost) {
		t->lost = lost;
		return lost ? THERMAL_LOST : THERMAL_FOUND;
	}
	if (t->paused && !lost && may_resume(t, w)) {
		t->paused = false;
		t->leap = true;
		t->resumed_ms = t->now_ms;
		t->heat = t->wanted = fmax(t->before / 2, heat_at(t, w, w->floor));
		return THERMAL_RESUMED;
	}
	return THERMAL_NONE;
}

/* A card that only comes up from a soft start is not hot. */
static enum thermal_event warmth(struct thermal *t, const struct wish *w)
{
	const struct thermal_place *p = &t->place[t->cause];

	if (!t->hot && !t->lost && t->heat < HEAT_HOT && w->aim[t->cause].target > 0 &&
	    p->now_c >= w->aim[t->cause].target - NEAR_C) {
		t->hot = true;
		return THERMAL_HOT;
	}
	if (t->hot && t->full_ms >= 0 && t->now_ms - t->full_ms >= FULL_MS) {
		t->hot = false;
		return THERMAL_COOL;
	}
	return THERMAL_NONE;
}

void thermal_step(struct thermal *t, const struct thermal_limits *l, const struct sensor_reading *r,
		  int64_t now_ms, struct thermal_out *out)
{
	struct wish w = wish_of(l, t->pause_ms > 0);

	clock_step(t, now_ms);
	t->place[THERMAL_CORE].fresh = t->place[THERMAL_MEMORY].fresh = false;
	if (r)
		take(t, &w, r);
	t->top_mw = w.power ? clamp(t->top_mw > 0 ? t->top_mw : w.max_mw, w.min_mw, w.max_mw) : 0;
	out->event = change(t, &w);
	if (!t->paused && out->event != THERMAL_RESUMED) {
		steer(t, &w);
		move(t, &w);
	}
	tell(t, &w, out);
	if (out->event == THERMAL_NONE && !t->paused)
		out->event = warmth(t, &w);
	say(t, &w, out);
}
