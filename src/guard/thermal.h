/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Holds a card at its wanted temperature by giving it less to do.  Pure: fed with readings and
 * the time, it answers with a duty, a power limit and, at the hard limit, a pause.
 *
 * What is steered is heat, in permille of what the card makes when nobody restrains it.  Where
 * the power limit may be set, it is lowered first and the duty only once the limit is at its
 * least: a card at 80 % of its power still computes more than 90 % of its hashes (voltage falls
 * with the clock), but at a duty of 80 % it computes 80 %.
 *
 * The law is PI in its incremental form, so that nothing can wind up at either end:
 *
 *	final = T + tau * dT/dt           where the temperature goes if nothing changes
 *	heat += (target - final) / K * dt / lambda
 *
 * With tau the card's own time constant, the zero of the controller cancels the pole of the
 * card, and it approaches its target without overshoot.  tau is measured: six models of the
 * card, 5 to 160 s, each follow the heat; the one that explains the temperatures seen best
 * counts, when it explains them well.  K (degrees a permille) follows from the operating point:
 * so much heat keeps the card so far above a room of 30 C.  lambda, the wanted time constant of
 * the whole, is 0.7 tau, and never shorter than what the interval and the age of the readings
 * allow.  Within three degrees of the target the pull is weaker, and within half a degree none,
 * so that noise and steps of whole degrees do not move the duty; a card at full intensity is left
 * there for up to one degree.  Of core and memory the one that asks for less heat wins.
 *
 * A card whose temperature is told within seconds of the first step comes up from 40 %: until its
 * time constant is known a small one could be past its limit.  After a pause it comes up from half
 * of what it did before.  A pause lasts 10 s at least, and twice as long each time that the limit
 * is reached again within half an hour, up to ten minutes.  A card that is paused when its
 * temperature is lost stays paused until it is told again.
 */
#ifndef ADIT_THERMAL_H
#define ADIT_THERMAL_H

#include <stdbool.h>
#include <stdint.h>

#include "src/guard/thermal_place.h"
#include "src/sensor/sensor.h"

/* As the owner wants it; may change from step to step.  Out of range members are clamped. */
struct thermal_limits {
	int32_t target_mc, memory_target_mc; /* to be held; 0: none */
	int32_t limit_mc, memory_limit_mc;   /* pause at or above; 0: none */
	/* Go on at or below; 0, or not below the limit: ten degrees under the limit. */
	int32_t resume_mc, memory_resume_mc;
	uint32_t step_permille; /* the most by which a step changes the duty; 0: 50 */
	uint32_t duty_floor_permille;
	uint32_t safe_permille; /* at most so much while the temperature is not known */
	int32_t lost_ms,
		interval_ms; /* of readings: gone when older, usual distance; 0: 30 s, 1 s */
	bool may_power;      /* and min < max: the power limit is ours to set */
	int64_t power_min_mw, power_max_mw;
};

enum thermal_event {
	THERMAL_NONE,
	THERMAL_HOT,      /* holds the card back to keep the target */
	THERMAL_COOL,     /* does no more */
	THERMAL_OVERHEAT, /* hard limit: paused */
	THERMAL_RESUMED,
	THERMAL_LOST, /* a temperature that was there is not known any more */
	THERMAL_FOUND /* it is again */
};

struct thermal_out {
	uint32_t duty_permille; /* 1..1000, also while paused: where it would go on */
	/* What should be in force, the same until it should change; SENSOR_LEAVE: none asked. */
	int64_t limit_mw;
	bool pause;
	enum thermal_event event; /* each is told once; at most one a step */
	char reason[160];         /* why it is as it is; "" at full intensity */
};

enum thermal_where { THERMAL_CORE, THERMAL_MEMORY, THERMAL_PLACES };

/* One card.  Private; a zeroed one is not valid: thermal_init(). */
struct thermal {
	struct thermal_place place[THERMAL_PLACES];
	int64_t begun_ms;            /* first step */
	int64_t now_ms, read_ms;     /* last step; at_ms of the last reading taken */
	double interval_s, age_s;    /* of readings, as seen */
	double excess_c;             /* of the hot spot over what its core allows it */
	int64_t excess_ms;           /* when that was seen */
	bool only_spot, by_spot;     /* no core is told; the hot spot is what counts */
	double heat, wanted;         /* permille: in force, and where the steps lead */
	double watts;                /* seen last, milliwatts; 0: never */
	double draw_mw, top_mw;      /* at full intensity; the power limit that begins to bite */
	int64_t limit_mw;            /* as told last */
	uint32_t duty;               /* as told last */
	bool paused, lost, hot;      /* as told last */
	bool leap;                   /* this duty is not bound by the one before */
	bool gone;                   /* the driver says so */
	double before;               /* heat when it was paused */
	int64_t paused_ms, pause_ms; /* when, and how long at least; 0: never was */
	int64_t resumed_ms, full_ms; /* when; at full heat since, or -1 */
	enum thermal_where cause;    /* of the pause, of being held back, of being lost */
};

/* A card that idled until now, of which nothing is known yet. */
void thermal_init(struct thermal *t);

/*
 * Once an interval, or more often.  r is NULL when there is no new reading; one that was given
 * before, or is older, counts as none.  Temperatures under -40 C or over 150 C are not known.
 * now_ms is CLOCK_MONOTONIC; should it go back, nothing happens but a step without time.
 * The target and limit of the core hold for the hot spot too where no core is told, and 20 C
 * higher where both are.  Call thermal_init() again when the card begins another algorithm.
 */
void thermal_step(struct thermal *t, const struct thermal_limits *l, const struct sensor_reading *r,
		  int64_t now_ms, struct thermal_out *out);

/* "hot", "cool", "overheat", "resumed", "sensor-lost", "sensor-back"; "none". */
const char *thermal_event_name(enum thermal_event event);

#endif
