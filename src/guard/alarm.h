/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What can happen to a device or the rig that the owner should hear of: one list of names for
 * log, API and the environment of the owner's commands; and which repeats are kept back.
 */
#ifndef ADIT_GUARD_ALARM_H
#define ADIT_GUARD_ALARM_H

#include <stdbool.h>
#include <stdint.h>

/* X(NAME, "name", severity, the event that it undoes or that undoes it, or NONE) */
#define ALARM_LIST(X)                                                                              \
 X(HANG, "hang", ERROR, NONE)                                                                      \
 X(CRASH, "crash", ERROR, NONE)                                                                    \
 X(STUCK, "stuck", ERROR, NONE)                                                                    \
 X(OFF_BUS, "off-bus", ERROR, NONE)                                                                \
 X(XID, "xid", WARNING, NONE)                                                                      \
 X(RESTARTED, "restarted", INFO, NONE)                                                             \
 X(PARKED, "parked", ERROR, NONE)                                                                  \
 X(HOT, "hot", INFO, COOL)                                                                         \
 X(COOL, "cool", INFO, HOT)                                                                        \
 X(OVERHEAT, "overheat", ERROR, OVERHEAT_OVER)                                                     \
 X(OVERHEAT_OVER, "overheat-over", INFO, OVERHEAT)                                                 \
 X(SENSOR_LOST, "sensor-lost", WARNING, SENSOR_BACK)                                               \
 X(SENSOR_BACK, "sensor-back", INFO, SENSOR_LOST)                                                  \
 X(WRONG_RESULTS, "wrong-results", ERROR, RESULTS_RIGHT)                                           \
 X(RESULTS_RIGHT, "results-right", INFO, WRONG_RESULTS)                                            \
 X(LOW_RATE, "low-rate", WARNING, RATE_BACK)                                                       \
 X(NO_HASHES, "no-hashes", ERROR, NONE)                                                            \
 X(RATE_BACK, "rate-back", INFO, LOW_RATE)                                                         \
 X(RATE_DISAGREES, "rate-disagrees", WARNING, RATE_AGREES)                                         \
 X(RATE_AGREES, "rate-agrees", INFO, RATE_DISAGREES)                                               \
 X(PAUSED, "paused", INFO, RESUMED)                                                                \
 X(RESUMED, "resumed", INFO, PAUSED)                                                               \
 X(LIMIT_SET, "limit-set", INFO, NONE)                                                             \
 X(LIMIT_FAILED, "limit-failed", WARNING, NONE)                                                    \
 X(POOL_DOWN, "pool-down", ERROR, POOL_UP)                                                         \
 X(POOL_UP, "pool-up", INFO, POOL_DOWN)

enum alarm_event {
	ALARM_NONE,
#define X(name, text, severity, opposite) ALARM_##name,
	ALARM_LIST(X)
#undef X
		ALARM_EVENTS
};

enum alarm_severity { ALARM_INFO, ALARM_WARNING, ALARM_ERROR };

const char *alarm_name(enum alarm_event e);    /* "low-rate"; "none" for ALARM_NONE */
enum alarm_event alarm_find(const char *name); /* ALARM_NONE: no such event */
enum alarm_severity alarm_severity(enum alarm_event e);
enum alarm_event alarm_opposite(enum alarm_event e); /* ALARM_NONE: it has none */

/*
 * What was said of one device (or of the rig), so that a fault that comes every second is not a
 * line every second.  Zero it to begin.
 */
struct alarm_memory {
	struct {
		bool ever;       /* said once */
		int64_t said_ms; /* last said */
		int64_t last_ms; /* last happened */
		uint32_t held;   /* kept back since said */
		uint64_t total;  /* ever happened */
	} of[ALARM_EVENTS];
};

/*
 * It happens now.  True: say it, *held of the same were kept back since it was last said.
 * False: it was said less than quiet_ms ago; it is counted, and said when alarm_due() tells.
 */
bool alarm_say(struct alarm_memory *m, enum alarm_event e, int64_t now_ms, int64_t quiet_ms,
	       uint32_t *held);

/*
 * An event that was kept back long enough, to be said with its count, or ALARM_NONE.  Of two
 * opposites the one that happened last is said, so that the last word is how things are.
 * Call until it yields ALARM_NONE.
 */
enum alarm_event alarm_due(struct alarm_memory *m, int64_t now_ms, int64_t quiet_ms,
			   uint32_t *held);

/* When alarm_due() has something, INT64_MAX for never. */
int64_t alarm_next(const struct alarm_memory *m, int64_t quiet_ms);

#endif
