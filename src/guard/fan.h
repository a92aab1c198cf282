/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fan speed by temperature, as a curve of the owner's: "40:30,60:55,75:90" (degrees C:percent). */
#ifndef ADIT_FAN_H
#define ADIT_FAN_H

#include <stdbool.h>
#include <stdint.h>

#include "src/err.h"

#define FAN_POINTS_MAX    16
#define FAN_HYSTERESIS_MC 4000 /* a fan slows down only when it is so much cooler */

/* Temperatures grow from point to point, speeds never fall; straight lines between. */
struct fan_curve {
	uint32_t n; /* 0: no curve */
	int32_t mc[FAN_POINTS_MAX];
	uint32_t permille[FAN_POINTS_MAX];
};

/* 0, or -ERR_PARSE, -ERR_RANGE naming the point and what to write instead. */
int fan_curve_parse(struct fan_curve *c, const char *text, struct err *err);

/* The speed for a temperature, in permille; level before the first and after the last point. */
uint32_t fan_curve_at(const struct fan_curve *c, int32_t mc);

/* One card's fans; zeroed is valid. */
struct fan {
	bool begun;
	int32_t held_mc; /* the temperature that the speed is for */
};

/*
 * The speed now, in permille.  Rises at once; falls only after the temperature has fallen by
 * FAN_HYSTERESIS_MC, so that fans do not breathe with a degree more or less.
 */
uint32_t fan_step(struct fan *f, const struct fan_curve *c, int32_t mc);

#endif
