/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Temperature of one place: filtered, foreseen, and the law that holds it. */
#include <math.h>

#include "src/guard/thermal_place.h"

#define FORGET_S    300.0
#define TAU_UNKNOWN 30.0 /* holds 5 to 120 s stable, if not swift */
#define TELLING_C2  4.0  /* less variance of temperature tells nothing of the card */
#define UNEXPLAINED 0.1  /* most that a model may leave of it */
#define ROOM_C      30.0
#define RISE_MIN_C  10.0
#define HEAT_MIN    250.0 /* a gain does not grow for ever as heat falls */
#define DEAD_C      0.5   /* half a step of the usual sensor */
#define NEAR_C      3.0   /* nearer than this noise counts for more than haste */
#define DEAD_FULL_C 1.0   /* a card at full intensity is not disturbed for less */

static const double model_tau[THERMAL_MODELS] = {5, 10, 20, 40, 80, 160};

static double tau_of(const struct thermal_place *p)
{
	return p->tau_s > 0 ? p->tau_s : TAU_UNKNOWN;
}

/* What model i cannot explain of the variance of the temperature. */
static double residue(const struct thermal_place *p, unsigned i)
{
	if (p->with[i] <= 0 || p->var[i] < 1e-6)
		return p->var_c;
	return p->var_c - p->with[i] * p->with[i] / p->var[i];
}

static void choose(struct thermal_place *p)
{
	unsigned i, best = 0;

	if (p->var_c < TELLING_C2)
		return;
	for (i = 1; i < THERMAL_MODELS; i++)
		if (residue(p, i) < residue(p, best))
			best = i;
	if (residue(p, best) < UNEXPLAINED * p->var_c)
		p->tau_s = model_tau[best];
}

static void learn(struct thermal_place *p, double temp_c, double input)
{
	double w = 1 - exp(-p->dt_s / FORGET_S), dc = temp_c - p->mean_c, dz;
	unsigned i;

	for (i = 0; i < THERMAL_MODELS; i++) {
		p->z[i] += (input - p->z[i]) * (1 - exp(-p->dt_s / model_tau[i]));
		dz = p->z[i] - p->mean[i];
		p->mean[i] += w * dz;
		p->var[i] = (1 - w) * (p->var[i] + w * dz * dz);
		p->with[i] = (1 - w) * (p->with[i] + w * dz * dc);
	}
	p->mean_c += w * dc;
	p->var_c = (1 - w) * (p->var_c + w * dc * dc);
	choose(p);
}

void thermal_place_take(struct thermal_place *p, int64_t at_ms, double temp_c, double input,
			double interval_s)
{
	double filter;

	if (!p->seen)
		p->smooth_c = p->mean_c = temp_c;
	p->dt_s = p->seen ? fmax((double)(at_ms - p->at_ms) / 1000, 0) : 0;
	p->seen = p->fresh = true;
	p->at_ms = at_ms;
	p->now_c = temp_c;
	learn(p, temp_c, input);
	filter = fmax(fmax(tau_of(p) / 4, 2 * interval_s), 1.5);
	p->smooth_c += (temp_c - p->smooth_c) * (1 - exp(-p->dt_s / filter));
	p->slope = (temp_c - p->smooth_c) / filter;
	p->final_c = p->smooth_c + tau_of(p) * p->slope;
}

double thermal_place_pull(const struct thermal_place *p, double target_c, double heat,
			  double interval_s, double lag_s)
{
	double off = target_c - p->final_c, dead = heat >= 1000 ? DEAD_FULL_C : DEAD_C;
	double gain = fmax(heat, HEAT_MIN) / fmax(target_c - ROOM_C, RISE_MIN_C);
	double lambda = fmax(0.7 * tau_of(p), 2.5 * (interval_s + lag_s));
	double far = fmax(fabs(off) - dead, 0);

	return copysign(far, off) * fmin(far / NEAR_C, 1) * gain * fmin(p->dt_s / lambda, 0.5);
}
