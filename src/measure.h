/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What commands that measure devices stand on: an event loop, signals that end what it waits
 * for, sensors that end it when a card gets too hot, and what their errors are to a shell.
 */
#ifndef ADIT_MEASURE_H
#define ADIT_MEASURE_H

#include "src/rig.h"
#include "src/settings.h"

struct event;
struct event_base;
struct tune_power;

struct measure {
	struct event_base *base;
	struct event *signals[2];
	struct tune_power *power; /* NULL: no sensors */
	bool stop;                /* ends every wait */
	bool hot;                 /* ... because a card was */
};

/*
 * Set up; sensors are looked at every sensor_ms, unless the settings say there are none.
 * measure_done() it in any case.  0 or -ERR_xxx.
 */
int measure_init(struct measure *m, const struct settings *s, const struct rig_list *devices,
		 int sensor_ms, const char *cache_dir, struct err *err);

/* Limits are put back, and that is waited for.  A zeroed one is fine. */
void measure_done(struct measure *m);

/* How much silence of a worker says that it hangs. */
int64_t measure_silence_ms(const struct settings *s);

/* The exit code for a -ERR_xxx, EXIT_OK for 0. */
int measure_exit(int rc);

#endif
