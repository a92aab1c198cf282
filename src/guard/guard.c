/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One device's guardian: what its machines say becomes actions, each with its reason. */
#include <stdio.h>
#include <string.h>

#include "src/guard/guard.h"
#include "src/guard/xid.h"
#include "src/str.h"

#define DAY_MS         (24LL * 3600 * 1000)
#define LEAST_PERMILLE 200 /* wrong results never take more than this leaves */

void guard_defaults(struct guard_settings *s)
{
	*s = (struct guard_settings){
		.wrong = wrong_limits_default,
		.lowrate = lowrate_limits_default,
		.honest = honest_limits_default,
		.slower_permille = 150,
		.restart_on_zero = true,
		.day_restarts = 32,
		.xid_wait_ms = 15000,
		.quiet_ms = 300000,
	};
}

/* What a step works with. */
struct step {
	struct guard *g;
	const struct guard_settings *s;
	const struct guard_in *in;
	int64_t now_ms;
	struct guard_out *out;
};

void guard_init(struct guard *g, const struct guard_settings *s)
{
	memset(g, 0, sizeof *g);
	wrong_init(&g->wrong, &s->wrong);
	lowrate_init(&g->lowrate);
	honest_init(&g->honest);
	g->duty = 1000;
	g->limit_mw = SENSOR_LEAVE;
}

void guard_unpark(struct guard *g, const struct guard_settings *s)
{
	g->parked = g->asked = g->told = g->down = g->lost = false;
	g->n_restarts = 0;
	g->xid_until_ms = 0;
	g->verdict = WRONG_NONE;
	wrong_forgive(&g->wrong, &s->wrong);
}

/* One action; an alarm that was said lately is kept back, other actions are done quietly. */
static void act(struct step *st, enum guard_what what, int64_t value, enum alarm_event event,
		const char *reason)
{
	struct guard_action *a = &st->out->a[st->out->n];
	uint32_t held = 0;
	bool said = event != ALARM_NONE &&
		    alarm_say(&st->g->alarms, event, st->now_ms, st->s->quiet_ms, &held);

	if (event != ALARM_NONE)
		str_copy(st->g->last[event], sizeof st->g->last[event], reason);
	if ((what == GUARD_ALARM && !said) || st->out->n == GUARD_ACTIONS)
		return;
	st->out->n++;
	a->what = what;
	a->value = what == GUARD_ALARM ? held : value;
	a->event = event;
	a->quiet = event != ALARM_NONE && !said;
	if (held)
		snprintf(a->reason, sizeof a->reason, "%.200s (and %u times more before)", reason,
			 held);
	else
		str_copy(a->reason, sizeof a->reason, reason);
}

static void alarm_only(struct step *st, enum alarm_event event, const char *reason)
{
	act(st, GUARD_ALARM, 0, event, reason);
}

static bool is_up(enum guard_life life)
{
	return life == GUARD_RUNNING || life == GUARD_PREPARING;
}

void guard_restarting(struct guard *g)
{
	if (is_up(g->life))
		g->asked = g->told = true;
}

/* Restart its worker, unless that is under way already. */
static void restart(struct step *st, enum alarm_event event, const char *reason)
{
	struct guard *g = st->g;

	if (!is_up(g->life) || g->asked || g->parked) {
		alarm_only(st, event, reason);
		return;
	}
	g->asked = true;
	act(st, GUARD_RESTART, 0, event, reason);
}

static void park(struct step *st, enum alarm_event event, const char *reason)
{
	struct guard *g = st->g;

	if (g->parked) {
		alarm_only(st, event, reason);
		return;
	}
	g->parked = true;
	g->asked = g->life != GUARD_PARKED;
	act(st, GUARD_PARK, 0, event, reason);
}

/* One more start that nobody wanted; too many in a day are given up. */
static void count_restart(struct step *st)
{
	struct guard *g = st->g;
	unsigned i, recent = 0, most = st->s->day_restarts;
	char why[ERR_TEXT_MAX];

	if (g->n_restarts < GUARD_DAY_RESTARTS)
		g->n_restarts++;
	memmove(g->restarts + 1, g->restarts, (g->n_restarts - 1) * sizeof g->restarts[0]);
	g->restarts[0] = st->now_ms;
	for (i = 0; i < g->n_restarts; i++)
		recent += st->now_ms - g->restarts[i] < DAY_MS;
	if (most > GUARD_DAY_RESTARTS)
		most = GUARD_DAY_RESTARTS;
	if (!most || recent < most)
		return;
	snprintf(why, sizeof why, "restarted %u times within a day, last: %.160s", recent,
		 st->in->life_reason ? st->in->life_reason : "unknown");
	park(st, ALARM_NONE, why);
}

static void went_down(struct step *st)
{
	if (!st->g->down)
		st->g->down_ms = st->now_ms;
	st->g->down = true;
}

static void runs_again(struct step *st)
{
	struct guard *g = st->g;
	char why[ERR_TEXT_MAX];

	if (!g->down)
		return;
	g->down = false;
	snprintf(why, sizeof why, "mines again after %lld s",
		 (long long)((st->now_ms - g->down_ms) / 1000));
	alarm_only(st, ALARM_RESTARTED, why);
}

/* Its life changed since the last step. */
static void see_change(struct step *st, enum guard_life was, const char *why)
{
	struct guard *g = st->g;
	bool asked = g->asked, told = g->told;

	if (g->life != GUARD_ENDING)
		g->asked = g->told = false;
	switch (g->life) {
	case GUARD_RUNNING:
		runs_again(st);
		break;
	case GUARD_ENDING:
		went_down(st);
		if (!asked)
			alarm_only(st, ALARM_HANG, why);
		break;
	case GUARD_BACKOFF:
		went_down(st);
		if (!asked && is_up(was))
			alarm_only(st, ALARM_CRASH, why);
		if (!told)
			count_restart(st);
		break;
	case GUARD_STUCK:
		alarm_only(st, ALARM_STUCK, why);
		break;
	case GUARD_PARKED:
		g->parked = true;
		alarm_only(st, ALARM_PARKED, why);
		break;
	default:
		break;
	}
}

static void see_life(struct step *st)
{
	struct guard *g = st->g;
	const char *why = st->in->life_reason;
	enum guard_life was = g->life;

	g->life = st->in->life;
	if (st->in->stopping)
		return;
	if (g->life != was)
		see_change(st, was, why && *why ? why : "no reason is known");
	/* Parked means parked, whatever happens to its process. */
	if (g->parked && !g->asked && (is_up(g->life) || g->life == GUARD_BACKOFF)) {
		g->asked = true;
		act(st, GUARD_PARK, 0, ALARM_NONE, "it was parked and nobody said otherwise");
	}
}

static void see_xid(struct step *st, int64_t number, int64_t times)
{
	const struct xid *x = xid_find(number);
	struct guard *g = st->g;
	char why[ERR_TEXT_MAX];

	snprintf(why, sizeof why, "Xid %lld%s: %s; %s", (long long)number,
		 times > 1 ? " (the last of several)" : "", x->what, x->advice);
	if (x->cure == XID_PARK || x->cure == XID_REBOOT) {
		if (x->number == 79)
			g->lost = true;
		park(st, x->number == 79 ? ALARM_OFF_BUS : ALARM_XID, why);
		return;
	}
	alarm_only(st, ALARM_XID, why);
	if (x->cure == XID_RESTART) {
		g->xid_number = number;
		g->xid_until_ms = st->now_ms + st->s->xid_wait_ms;
	}
}

static void see_reading(struct step *st)
{
	const struct sensor_reading *r = st->in->reading;
	struct guard *g = st->g;

	if (!r)
		return;
	if (r->lost && !g->lost) {
		g->lost = true;
		park(st, ALARM_OFF_BUS,
		     "the driver has lost the card (fallen off the bus): reboot; check riser, "
		     "power cables and power supply");
	}
	g->throttle = sensor_has(r, SENSOR_THROTTLE) ? r->v[SENSOR_THROTTLE] : 0;
	if (!sensor_has(r, SENSOR_XID) || !sensor_has(r, SENSOR_XID_COUNT))
		return;
	/* A new sensor process counts from 0 again. */
	if (r->v[SENSOR_XID_COUNT] < g->xid_count)
		g->xid_count = 0;
	if (r->v[SENSOR_XID_COUNT] > g->xid_count)
		see_xid(st, r->v[SENSOR_XID], r->v[SENSOR_XID_COUNT] - g->xid_count);
	g->xid_count = r->v[SENSOR_XID_COUNT];
}

static bool works(const struct step *st)
{
	return st->g->life == GUARD_RUNNING && st->in->has_work && !st->g->pauses &&
	       !st->g->asked && !st->in->stopping;
}

/* An error that another program may have made: ours is hit when it completes nothing any more. */
static void wait_for_xid(struct step *st)
{
	struct guard *g = st->g;
	char why[ERR_TEXT_MAX];

	if (!g->xid_until_ms)
		return;
	if (st->in->hashes > 0 || !works(st)) {
		g->xid_until_ms = 0;
		return;
	}
	if (st->now_ms < g->xid_until_ms)
		return;
	g->xid_until_ms = 0;
	snprintf(why, sizeof why, "nothing completed for %lld s after Xid %lld: %s",
		 (long long)(st->s->xid_wait_ms / 1000), (long long)g->xid_number,
		 xid_find(g->xid_number)->what);
	restart(st, ALARM_XID, why);
}

void guard_candidate(struct guard *g, const struct guard_settings *s, bool good, double difficulty,
		     int64_t now_ms)
{
	enum wrong_verdict verdict = wrong_add(&g->wrong, &s->wrong, good, now_ms);

	if (verdict != WRONG_NONE)
		g->verdict = verdict;
	if (good)
		honest_share(&g->honest, difficulty, now_ms);
}

static void see_wrong(struct step *st)
{
	struct guard *g = st->g;
	enum wrong_verdict verdict = g->verdict;
	char why[ERR_TEXT_MAX];

	g->verdict = WRONG_NONE;
	switch (verdict) {
	case WRONG_SLOWER:
		snprintf(why, sizeof why, "%s: slowed down by %u %%", g->wrong.reason,
			 wrong_slower(&g->wrong, &st->s->wrong) * st->s->slower_permille / 10);
		alarm_only(st, ALARM_WRONG_RESULTS, why);
		break;
	case WRONG_RESTART:
		restart(st, ALARM_WRONG_RESULTS, g->wrong.reason);
		break;
	case WRONG_PARK:
		park(st, ALARM_WRONG_RESULTS, g->wrong.reason);
		break;
	case WRONG_FASTER:
		alarm_only(st, ALARM_RESULTS_RIGHT, g->wrong.reason);
		break;
	case WRONG_NONE:
		break;
	}
}

static const char *throttle_text(int64_t bits)
{
	if (bits & THROTTLE_BRAKE)
		return "; the power supply makes the card slow down";
	if (bits & THROTTLE_THERMAL)
		return "; the card slows itself down for heat";
	return "";
}

static void see_rate(struct step *st)
{
	struct lowrate_in in = {.hashes = st->in->hashes,
				.duty_permille = st->in->duty_permille,
				.working = works(st),
				.setting = st->in->setting};
	struct guard *g = st->g;
	enum lowrate_event event = lowrate_step(&g->lowrate, &st->s->lowrate, &in, st->now_ms);
	char why[ERR_TEXT_MAX];

	snprintf(why, sizeof why, "%s%s", g->lowrate.reason,
		 event == LOWRATE_BACK ? "" : throttle_text(g->throttle));
	if (event == LOWRATE_BACK)
		alarm_only(st, ALARM_RATE_BACK, why);
	else if (event == LOWRATE_LOW && st->s->restart_on_low)
		restart(st, ALARM_LOW_RATE, why);
	else if (event == LOWRATE_LOW)
		alarm_only(st, ALARM_LOW_RATE, why);
	else if (event == LOWRATE_ZERO && st->s->restart_on_zero)
		restart(st, ALARM_NO_HASHES, why);
	else if (event == LOWRATE_ZERO)
		alarm_only(st, ALARM_NO_HASHES, why);
}

static void see_honesty(struct step *st)
{
	struct honest *h = &st->g->honest;

	switch (honest_hashes(h, &st->s->honest, st->in->hashes, st->in->difficulty, st->now_ms)) {
	case HONEST_DISAGREES:
		alarm_only(st, ALARM_RATE_DISAGREES, h->reason);
		break;
	case HONEST_AGREES:
		alarm_only(st, ALARM_RATE_AGREES, h->reason);
		break;
	case HONEST_NONE:
		break;
	}
}

static void see_heat(struct step *st)
{
	static const enum alarm_event events[] = {
		[THERMAL_NONE] = ALARM_NONE,
		[THERMAL_HOT] = ALARM_HOT,
		[THERMAL_COOL] = ALARM_COOL,
		[THERMAL_OVERHEAT] = ALARM_OVERHEAT,
		[THERMAL_RESUMED] = ALARM_OVERHEAT_OVER,
		[THERMAL_LOST] = ALARM_SENSOR_LOST,
		[THERMAL_FOUND] = ALARM_SENSOR_BACK,
	};
	const struct thermal_out *heat = st->in->thermal;

	if (heat && heat->event != THERMAL_NONE)
		alarm_only(st, events[heat->event],
			   heat->reason[0] ? heat->reason : "the temperature allows it");
}

static void set_pauses(struct step *st)
{
	struct guard *g = st->g;
	uint32_t bits = st->in->pauses & ~PAUSE_BIT(PAUSE_HOT);
	char why[ERR_TEXT_MAX], text[ERR_TEXT_MAX];

	if (st->in->thermal && st->in->thermal->pause)
		bits |= PAUSE_BIT(PAUSE_HOT);
	if (bits == g->pauses)
		return;
	pauses_text(bits ? bits : g->pauses, text, sizeof text);
	snprintf(why, sizeof why, "%s%.280s", bits ? "" : "no longer: ", text);
	if (!bits)
		act(st, GUARD_RESUME, 0, ALARM_RESUMED, why);
	else
		act(st, GUARD_PAUSE, bits, g->pauses ? ALARM_NONE : ALARM_PAUSED, why);
	g->pauses = bits;
}

/* What wrong results leave of duty and power. */
static uint32_t trusted(const struct step *st)
{
	uint32_t off = wrong_slower(&st->g->wrong, &st->s->wrong) * st->s->slower_permille;

	return off < 1000 - LEAST_PERMILLE ? 1000 - off : LEAST_PERMILLE;
}

static void set_duty(struct step *st)
{
	const struct thermal_out *heat = st->in->thermal;
	uint32_t duty = trusted(st);
	const char *why = duty < 1000 ? "wrong results" : "at full intensity again";

	if (heat && heat->duty_permille < duty) {
		duty = heat->duty_permille;
		why = heat->reason[0] ? heat->reason : "temperature";
	}
	if (duty == st->g->duty)
		return;
	st->g->duty = duty;
	act(st, GUARD_DUTY, duty, ALARM_NONE, why);
}

/* The lowest of those that ask for one. */
static void lower(int64_t *limit_mw, int64_t asked_mw, const char **why, const char *reason)
{
	if (asked_mw < 0 || (*limit_mw >= 0 && *limit_mw <= asked_mw))
		return;
	*limit_mw = asked_mw;
	*why = reason;
}

/* SENSOR_LEAVE: no limit of ours is needed, or none is permitted (any more). */
static int64_t wanted_limit(const struct step *st, const char **why)
{
	const struct guard_in *in = st->in;
	int64_t limit = SENSOR_LEAVE, slower = SENSOR_LEAVE;
	uint32_t left = trusted(st);

	*why = "no limit of ours is needed any more";
	if (!in->may_power)
		return SENSOR_LEAVE;
	if (left < 1000 && in->power_default_mw > 0)
		slower = in->power_default_mw * left / 1000;
	lower(&limit, slower, why, "wrong results");
	lower(&limit, in->power_limit_mw, why, "power limit");
	if (in->thermal)
		lower(&limit, in->thermal->limit_mw, why,
		      in->thermal->reason[0] ? in->thermal->reason : "temperature");
	return limit >= 0 && limit < in->power_min_mw ? in->power_min_mw : limit;
}

static void set_limit(struct step *st)
{
	const char *why;
	int64_t limit = wanted_limit(st, &why);

	if (limit < 0)
		limit = st->g->limit_mw == SENSOR_LEAVE ? SENSOR_LEAVE : SENSOR_RESTORE;
	if (limit == st->g->limit_mw)
		return;
	st->g->limit_mw = limit;
	act(st, GUARD_LIMIT, limit, ALARM_NONE, why);
}

/* Repeats that were kept back long enough. */
static void say_repeats(struct step *st)
{
	struct guard *g = st->g;

	while (st->out->n < GUARD_ACTIONS) {
		struct guard_action *a = &st->out->a[st->out->n];
		uint32_t held;
		enum alarm_event e = alarm_due(&g->alarms, st->now_ms, st->s->quiet_ms, &held);

		if (e == ALARM_NONE)
			return;
		st->out->n++;
		a->what = GUARD_ALARM;
		a->value = held;
		a->event = e;
		a->quiet = false;
		snprintf(a->reason, sizeof a->reason, "%u time%s more, last: %s", held,
			 held == 1 ? "" : "s", g->last[e]);
	}
}

void guard_step(struct guard *g, const struct guard_settings *s, const struct guard_in *in,
		int64_t now_ms, struct guard_out *out)
{
	struct step st = {.g = g, .s = s, .in = in, .now_ms = now_ms, .out = out};

	out->n = 0;
	see_life(&st);
	see_heat(&st);
	set_pauses(&st); /* before anything that could take time: heat does not wait */
	see_reading(&st);
	see_wrong(&st);
	wait_for_xid(&st);
	see_rate(&st);
	see_honesty(&st);
	set_duty(&st);
	set_limit(&st);
	say_repeats(&st);
}

int64_t guard_next(const struct guard *g, const struct guard_settings *s)
{
	int64_t next = alarm_next(&g->alarms, s->quiet_ms);

	return g->xid_until_ms && g->xid_until_ms < next ? g->xid_until_ms : next;
}
