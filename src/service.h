/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a service manager is told, as policy: when the rig is up, when it really mines, and one
 * line about it.  Pure: reads the figures only.
 */
#ifndef ADIT_SERVICE_H
#define ADIT_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/stats.h"

struct service {
	uint64_t hashes; /* when last asked */
};

/* Up: there is a job, and a device that is ready for it. */
bool service_is_up(const struct rig_stats *s, bool job);

/*
 * May the watchdog be fed?  Yes when hashes were done since the last time; and also without
 * any when that is as it should be: there is no job (pools have their own recovery), every device
 * left is paused, or one is starting or preparing, which has its own deadlines.  No when devices
 * that have work complete none of it, are restarted over and over, or are all parked.
 */
bool service_is_alive(struct service *v, const struct rig_stats *s, bool job);

/* "ALGO: 12.34 MH/s, 3 of 4 mining, A 12 R 0 S 1 I 0, connected to ..."; returns out. */
char *service_line(char *out, size_t size, const struct rig_stats *s);

#endif
