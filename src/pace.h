/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How many nonces the next batch gets.  Pure: fed with what the last ones took. */
#ifndef ADIT_PACE_H
#define ADIT_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct u256;

struct pace {
	uint64_t nonces;  /* a full batch now */
	uint64_t max;     /* a limit of memory or of the interface */
	uint64_t granule; /* full batches are a multiple of it */
	uint32_t goal_us; /* wanted length of a batch */
	bool fixed;       /* the user chose the size */
};

/* start, max, granule: 0 means no wish.  intensity: log2 of a fixed size, 0: adapt. */
void pace_init(struct pace *p, uint64_t start, uint64_t max, uint64_t granule, uint32_t goal_us,
	       uint32_t intensity);

/* A batch of count nonces took so long on the device. */
void pace_took(struct pace *p, uint64_t count, uint32_t took_us);

/*
 * Nonces for a batch when left (>= 1) remain: at least 1, at most left, UINT32_MAX and
 * what keeps the hits expected at this target well below the result slots.
 */
uint32_t pace_next(const struct pace *p, uint64_t left, const struct u256 *target);

/* How long to rest after a batch that took so long, for a duty of 1..1000 permille. */
uint64_t pace_rest_us(uint32_t took_us, uint32_t duty_permille);

#endif
