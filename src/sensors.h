/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor's side of the sensor process: keeps it running for ever, hands its readings
 * on, and says when a card's readings stopped.  What it says is a value with an age; nothing
 * here calls a driver, and nothing stale is ever handed on.  Loop thread.
 */
#ifndef ADIT_SENSORS_H
#define ADIT_SENSORS_H

#include "src/ipc.h"
#include "src/sensor/sensor.h"
#include "src/vigil.h"

struct event_base;
struct sensors;

/* Devices are numbered as the targets are.  Every callback may be NULL. */
struct sensors_events {
	/* A card's reading; r->lost: the driver says that the card is gone. */
	void (*reading)(void *arg, unsigned device, const struct sensor_reading *r);
	/*
	 * It was read before, and not for three intervals: it is unknown now.  Told once; the
	 * next reading() says that it is found again.  Not told after a reading with r->lost.
	 */
	void (*lost)(void *arg, unsigned device);
	void (*presence)(void *arg, const struct presence *p);
	/*
	 * An order was carried out (code 0) or not (enum err_code, and a line that says why);
	 * also for orders given again to a restarted process.
	 */
	void (*set_done)(void *arg, unsigned device, int code, const char *text);
};

/*
 * Start the sensor process, from the loop.  Targets are copied (their index is the place in
 * the list); interval_ms is brought within 10 ms and an hour; cache_dir ("" or NULL for none)
 * is where it writes what to restore.  0, -ERR_NOMEM, -ERR_RANGE (more than DEVICES_MAX).
 */
int sensors_new(struct sensors **out, struct event_base *base, const struct sensor_target *targets,
		unsigned n, int interval_ms, const char *cache_dir,
		const struct sensors_events *events, void *arg, struct err *err);

/* Other patience than vigil_limits_default; before the loop runs.  Tests. */
void sensors_limits(struct sensors *s, const struct vigil_limits *limits);

/*
 * Order a change on a card; members with SENSOR_LEAVE stay as ordered before.  Orders stay in
 * force until SENSOR_RESTORE: a restarted process is given them again.
 */
void sensors_set(struct sensors *s, unsigned device, const struct sensor_setting *setting);

/*
 * Restore what was changed and end the process; ended() (NULL: nobody), with the arg of
 * sensors_new(), is called once, when it is gone or cannot be ended, perhaps before this returns.
 */
void sensors_stop(struct sensors *s, void (*ended)(void *arg));

/* Ends what is left, which takes up to two seconds when it was not stopped.  NULL is fine. */
void sensors_free(struct sensors *s);

/* Of the process; 0: there is none. */
int sensors_pid(const struct sensors *s);

/* How often it was started again. */
uint64_t sensors_restarts(const struct sensors *s);

#endif
