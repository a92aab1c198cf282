/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the pause rules ask of the machine itself: does it run on its battery, and does somebody
 * sit at it.  Read in the sensor process, since the service manager's bus may not answer.
 */
#ifndef ADIT_PRESENCE_H
#define ADIT_PRESENCE_H

#include <stdint.h>

#include "src/err.h"

enum presence_bit {
	PRESENCE_BATTERY = 1, /* no mains, and a battery is being drained */
	PRESENCE_USER = 2     /* the session on the first seat is not idle, as logind has it */
};

/* One look.  A bit that is not in known was not found out, and is 0 in value. */
struct presence {
	uint32_t known;
	uint32_t value;
	int64_t idle_ms; /* for how long nobody has been active; 0: somebody is, or not known */
};

struct presence_source;

/*
 * Get ready to look; the machine may lack everything, which leaves its bits unknown.
 * ADIT_SYSFS names another root than /sys; ADIT_LIBSYSTEMD another file than libsystemd.so.0,
 * or "none".  0 with *out set, or -ERR_NOMEM, -ERR_RANGE (ADIT_SYSFS too long).
 */
int presence_open(struct presence_source **out, struct err *err);

/* NULL is fine. */
void presence_close(struct presence_source *p);

/* Look.  May block for as long as the bus lets a call wait (PRESENCE_WAIT_US). */
void presence_read(struct presence_source *p, struct presence *out);

#define PRESENCE_WAIT_US 2000000u

#endif
