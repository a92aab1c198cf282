/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Power for `adit tune`: what a device drew while it was measured, and limits set and put
 * back, through the sensor process.  Calls that wait run the event loop meanwhile.
 */
#ifndef ADIT_TUNE_POWER_H
#define ADIT_TUNE_POWER_H

#include "src/rig.h"
#include "src/sensor/sensor.h"

struct event_base;
struct tune_power;

struct settings_guard;

/* A card got as hot as --temp-limit or --temp-limit-mem: told once, as a line. */
typedef void tune_hot(void *arg, const char *line);

/*
 * Sensors of these devices (copied), looked at every interval_ms.  *stop (borrowed) ends every
 * wait.  0 or -ERR_xxx.
 */
int tune_power_new(struct tune_power **out, struct event_base *base, const struct rig_list *devices,
		   int interval_ms, const char *cache_dir, const bool *stop,
		   const struct settings_guard *limits, tune_hot *hot, void *arg, struct err *err);

/* Limits are put back, and that is waited for.  NULL is fine. */
void tune_power_free(struct tune_power *p);

/* Wait for the first reading of a device, not for long.  NULL: it has no sensors. */
const struct sensor_reading *tune_power_reading(struct tune_power *p, unsigned device);

/* The latest reading, without waiting; NULL: none. */
const struct sensor_reading *tune_power_last(const struct tune_power *p, unsigned device);

/*
 * Set a power limit (milliwatts, or SENSOR_RESTORE) and wait until it is in force: 0, or the
 * driver's answer.
 */
int tune_power_limit(struct tune_power *p, unsigned device, int64_t mw, struct err *err);

/* What is drawn from here ... */
void tune_power_begin(struct tune_power *p, unsigned device);
/*
 * ... to here: mean milliwatts by the energy counter, else by readings of power; < 0: unknown.
 * *counted: by the counter.
 */
double tune_power_end(struct tune_power *p, bool *counted);

#endif
