/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One place of a card whose temperature counts: where it goes, and what heat would hold it. */
#ifndef ADIT_THERMAL_PLACE_H
#define ADIT_THERMAL_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#define THERMAL_MODELS 6

/* Degrees Celsius, seconds, heat in permille (or watts: only its shape counts for the models). */
struct thermal_place {
	bool seen;     /* had a temperature once */
	bool fresh;    /* had one in this step's reading */
	int64_t at_ms; /* of the last one */
	double dt_s;   /* between the last two */
	double now_c, smooth_c;
	double slope;         /* degrees a second, of smooth_c */
	double final_c;       /* where it goes if nothing changes */
	double tau_s;         /* time constant, 0: not measured yet */
	double mean_c, var_c; /* of the temperatures; the past is forgotten slowly */
	/* Each model: heat followed with its time constant; mean, variance, covariance. */
	double z[THERMAL_MODELS], mean[THERMAL_MODELS], var[THERMAL_MODELS], with[THERMAL_MODELS];
};

/* A temperature; input is the heat since the one before, interval_s their usual distance. */
void thermal_place_take(struct thermal_place *p, int64_t at_ms, double temp_c, double input,
			double interval_s);

/* By how much heat (permille) has to change after that one.  lag_s: age of readings. */
double thermal_place_pull(const struct thermal_place *p, double target_c, double heat,
			  double interval_s, double lag_s);

#endif
