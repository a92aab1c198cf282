/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A limit of power for the whole rig, shared among its cards where it makes most hashes.  Pure. */
#ifndef ADIT_POWER_H
#define ADIT_POWER_H

#include <stdbool.h>
#include <stdint.h>

#define POWER_DEVICES_MAX 64
#define POWER_SLACK_MW    3000 /* smaller changes of a limit are not worth writing */

struct power_device {
	/* What may be set.  A card whose limit cannot be: both what it draws. */
	int64_t min_mw, max_mw;
	int64_t in_force_mw; /* set last by us; 0: none yet */
	/*
	 * Hashes a joule as measured at measured_mw; 0: not known (also where cards compute
	 * different algorithms, whose hashes do not compare), then all such count as average.
	 */
	double hashes_per_joule;
	int64_t measured_mw; /* 0: max_mw */
	bool idle;           /* takes no part: out 0, needs nothing */
};

/*
 * out_mw[i]: the limit for card i, within its bounds; 0: it must pause (or is idle).  Their sum
 * never exceeds rig_limit_mw.  When not even the least of all fits, the least efficient pause
 * first.  A watt goes where it makes most: a card computes roughly as the square root of its
 * power, so one measured at half the efficiency gets a quarter, and none of it changes with
 * the limit at which the card was measured.  rig_limit_mw <= 0: no limit, each gets its max.
 * At most POWER_DEVICES_MAX cards; the rest get 0.  Returns how many must pause.
 */
unsigned power_share(int64_t rig_limit_mw, const struct power_device in[], unsigned n,
		     int64_t out_mw[]);

#endif
