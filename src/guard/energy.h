/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The energy a card has drawn since the program began, summed up from its readings; pure. */
#ifndef ADIT_GUARD_ENERGY_H
#define ADIT_GUARD_ENERGY_H

#include <stdbool.h>
#include <stdint.h>

#include "src/sensor/sensor.h"

/* Zero it to begin. */
struct energy {
	double joules;
	bool counted;       /* by the card's own counter */
	int64_t counter_uj; /* where that stood; meaningful once counted */
	int64_t counter_ms; /* when */
	int64_t power_mw;   /* of the last reading, -1: it had none */
	int64_t power_ms;   /* 0: no reading yet */
};

/*
 * A card with a counter is read by it alone: nothing between two readings is missed.  One that
 * only tells its power is summed up by the mean of two readings no more than gap_ms apart; what
 * lies in longer gaps is not guessed.  Counters that went back (the driver was loaded anew) or
 * leapt (over ENERGY_WATTS_MAX) begin again from where they are.
 */
#define ENERGY_WATTS_MAX 5000
void energy_read(struct energy *e, const struct sensor_reading *r, int64_t gap_ms);

#endif
