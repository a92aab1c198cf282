/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A device's rate beside what it once did with the same settings.  Pure.
 *
 * Time counts only while the device works: while it prepares, is paused, has no job or warms up
 * (warm_ms after any of these) nothing is measured.  Rates are per full duty: hashes divided by
 * the duty we impose, so our own throttling is no fault.  The baseline is the upper quartile of
 * the means of recent blocks (for_ms each, the last LOWRATE_BLOCKS), and sinks at most
 * sink_permille an hour when the device does, so that a slow decay is seen; while low it stands.
 * Low is: over the last for_ms the mean is below ratio of the baseline, and so are at least seven
 * of its eight parts.  A change of the setting (algorithm, epoch, intensity, ...) begins anew.
 */
#ifndef ADIT_GUARD_LOWRATE_H
#define ADIT_GUARD_LOWRATE_H

#include <stdbool.h>
#include <stdint.h>

#define LOWRATE_PARTS  8
#define LOWRATE_BLOCKS 32

struct lowrate_limits {
	uint32_t ratio_permille; /* of the baseline; 0: never low */
	int64_t for_ms;          /* so long before it is said */
	int64_t zero_ms;         /* no hash at all for so long; 0: never said */
	int64_t warm_ms;
	uint32_t sink_permille; /* an hour */
};
extern const struct lowrate_limits lowrate_limits_default;

enum lowrate_event { LOWRATE_NONE, LOWRATE_LOW, LOWRATE_ZERO, LOWRATE_BACK };

struct lowrate {
	uint64_t setting; /* that the baseline is for */
	bool begun;
	int64_t last_ms;                                      /* of the last step */
	int64_t warm_ms;                                      /* work counts from then on */
	int64_t idle_ms;                                      /* worked so long without a hash */
	double part_hashes, part_ms, part_duty_ms;            /* of the part that is being filled */
	double hashes[LOWRATE_PARTS], duty_ms[LOWRATE_PARTS]; /* full parts, a ring */
	uint32_t parts;                                       /* ever filled since warm */
	double block[LOWRATE_BLOCKS];
	uint32_t blocks, since_block;
	double baseline; /* hashes/s at full duty; 0: not known yet */
	bool low, zero;
	char reason[160];
};

void lowrate_init(struct lowrate *l);

struct lowrate_in {
	double hashes; /* completed since the last step */
	uint32_t duty_permille;
	bool working;     /* runs, has a job, is not paused */
	uint64_t setting; /* any number that changes with what changes the rate by design */
};

/* Time passes; about once a second.  Each event is told once, the reason is in l->reason. */
enum lowrate_event lowrate_step(struct lowrate *l, const struct lowrate_limits *lim,
				const struct lowrate_in *in, int64_t now_ms);

/* What a stored profile measured for the present setting: a baseline from the start. */
void lowrate_expect(struct lowrate *l, double hashes_per_s);

/* Mean rate at full duty over the last for_ms; <0: not known. */
double lowrate_mean(const struct lowrate *l);

#endif
