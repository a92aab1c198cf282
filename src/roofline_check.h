/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the entries of kernels/roofline.cl must come to, computed apart from them; pure. */
#ifndef ADIT_ROOFLINE_CHECK_H
#define ADIT_ROOFLINE_CHECK_H

#include <stdint.h>

#include "src/roofline.h"

#define ROOF_STEPS     128 /* of a ring in a round ... */
#define ROOF_STEPS_MIX 144 /* ... and of the mixed one */
#define ROOF_WALKS     8   /* words of local memory in a round */
#define ROOF_READS     8   /* rows in a round */

/* Word i of a filled memory. */
uint32_t roof_filled(uint32_t i);

/* The word that a lane keeps after so many rounds; lane: its number in the launch. */
uint32_t roof_ring(enum roof_kind kind, uint32_t lane, uint64_t first, uint32_t rounds);
uint32_t roof_walk(uint32_t item, uint64_t first, uint32_t rounds);
/* alone: a work-item reads whole rows, else a piece of each. */
uint32_t roof_read(uint32_t item, uint64_t first, uint32_t rounds, uint32_t rows, uint32_t grain,
		   bool alone);

/*
 * Seconds that launches took by the device's clock, or by ours: some devices say nothing of what is
 * too short, and some now and then a fraction of what it was, as if anything were so fast.
 */
double roof_seconds(uint32_t device_us, int64_t wall_us);

#endif
