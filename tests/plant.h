/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A graphics card as a thermal plant: core and memory of first or second order, in a room, heated
 * by duty and power limit, cooled by a fan; and the sensor through which it is seen, noisy,
 * quantised, late, with readings missing.  Simulated seconds, the same from run to run.
 */
#ifndef ADIT_PLANT_H
#define ADIT_PLANT_H

#include <math.h>

#include "src/sensor/sensor.h"
#include "tests/t.h"

#define PLANT_STEP_S 0.5
#define PLANT_LATE   32 /* readings under way at most */

struct plant_body {
	double rise_c;        /* over the room at full power; 0: the card has none */
	double tau_s, tau2_s; /* heat, and the sensor's lag behind it (0: first order) */
	double inner_c, c;    /* heated directly; what its sensor is at */
};

struct plant {
	struct plant_body core, memory;
	double room_c, idle_share; /* of full power, when nothing is done */
	double full_mw, limit_mw;  /* limit 0: none */
	double power_mw, fan;      /* fan: 1 as in rise_c, more cools better */
	/* How it is seen. */
	double noise_c;    /* uniform, either way */
	double quantum_c;  /* 0: none */
	double drop;       /* share of readings that do not come */
	double delay_s;    /* every reading comes so late */
	double interval_s; /* of readings */
	uint64_t seed;
	double t_s, next_s;
	double hashes; /* done, in seconds at full intensity */
	struct sensor_reading late[PLANT_LATE];
	unsigned late_n;
};

/* 0 <= x < 1 (splitmix64). */
T_FN double plant_random(struct plant *p)
{
	uint64_t z = p->seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

/* Power drawn at a duty (0..1): the limit binds while it works. */
T_FN double plant_power(const struct plant *p, double duty)
{
	double work = p->full_mw;

	if (p->limit_mw > 0 && work > p->limit_mw)
		work = p->limit_mw;
	return p->full_mw * p->idle_share * (1 - duty) + work * duty;
}

/* Where a body ends at a duty. */
T_FN double plant_end(const struct plant *p, const struct plant_body *b, double duty)
{
	return p->room_c + b->rise_c / p->fan * plant_power(p, duty) / p->full_mw;
}

/* The duty that holds a body at a temperature (may be over 1 or below 0). */
T_FN double plant_duty_for(const struct plant *p, const struct plant_body *b, double c)
{
	double none = plant_end(p, b, 0), full = plant_end(p, b, 1);

	return (c - none) / (full - none);
}

T_FN void plant_begin(struct plant *p)
{
	p->fan = p->fan > 0 ? p->fan : 1;
	p->core.inner_c = p->core.c = plant_end(p, &p->core, 0);
	p->memory.inner_c = p->memory.c = plant_end(p, &p->memory, 0);
}

T_FN void plant_body_step(struct plant *p, struct plant_body *b, double duty)
{
	b->inner_c += (plant_end(p, b, duty) - b->inner_c) * (1 - exp(-PLANT_STEP_S / b->tau_s));
	if (b->tau2_s > 0)
		b->c += (b->inner_c - b->c) * (1 - exp(-PLANT_STEP_S / b->tau2_s));
	else
		b->c = b->inner_c;
}

/* PLANT_STEP_S go by.  A card at a part of its power computes more than that part. */
T_FN void plant_step(struct plant *p, double duty)
{
	double work;

	p->power_mw = plant_power(p, duty);
	work = p->limit_mw > 0 && p->limit_mw < p->full_mw ? sqrt(p->limit_mw / p->full_mw) : 1;
	p->hashes += duty * work * PLANT_STEP_S;
	plant_body_step(p, &p->core, duty);
	if (p->memory.rise_c > 0)
		plant_body_step(p, &p->memory, duty);
	p->t_s += PLANT_STEP_S;
}

T_FN int64_t plant_seen_mc(struct plant *p, const struct plant_body *b)
{
	double c = b->c + (2 * plant_random(p) - 1) * p->noise_c;

	if (p->quantum_c > 0)
		c = floor(c / p->quantum_c) * p->quantum_c;
	return (int64_t)(c * 1000);
}

T_FN void plant_measure(struct plant *p)
{
	struct sensor_reading r = {.at_ms = (int64_t)(p->t_s * 1000)};
	bool comes = plant_random(p) >= p->drop;

	if (p->t_s < p->next_s)
		return;
	p->next_s += p->interval_s;
	sensor_put(&r, SENSOR_CORE_MC, plant_seen_mc(p, &p->core));
	if (p->memory.rise_c > 0)
		sensor_put(&r, SENSOR_MEMORY_MC, plant_seen_mc(p, &p->memory));
	sensor_put(&r, SENSOR_POWER_MW, (int64_t)p->power_mw);
	if (comes && p->late_n < PLANT_LATE)
		p->late[p->late_n++] = r;
}

/* Whether a reading arrived; at most one a step. */
T_FN bool plant_read(struct plant *p, struct sensor_reading *r)
{
	plant_measure(p);
	if (!p->late_n || (double)p->late[0].at_ms / 1000 + p->delay_s > p->t_s)
		return false;
	*r = p->late[0];
	memmove(p->late, p->late + 1, --p->late_n * sizeof *p->late);
	return true;
}

#endif
