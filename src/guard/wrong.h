/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Candidates that the CPU found wrong, per device: when it is the device and not bad luck, and
 * what to do then.  Pure.
 *
 * It acts when the share of wrong ones among the latest candidates is above limit_permille with
 * the confidence 1 - alpha (binomial, one-sided) and there are at least min_bad of them.  With
 * the usual limits: 3 of 5, 4 of 13, 5 of 24, 6 of 37 act; 1 or 2, however few candidates there
 * were, never do.
 *
 * The ladder: slower (slower_steps times), restart (restarts times), park.  After each rung what
 * was seen before is forgotten and candidates of the next settle_ms do not count: they were under
 * way.  Good behaviour climbs back: after forgive_ms without a rung and forgive_good candidates
 * whose wrong ones are at most half the limit, one rung up (WRONG_FASTER).  A relapse doubles the
 * time to forgiveness, up to forgive_max_ms.
 */
#ifndef ADIT_GUARD_WRONG_H
#define ADIT_GUARD_WRONG_H

#include <stdbool.h>
#include <stdint.h>

#define WRONG_KEPT 256

struct wrong_limits {
	uint32_t limit_permille; /* wrong ones that are still borne */
	double alpha;            /* chance of acting on a device just at the limit */
	uint32_t min_bad;
	int64_t window_ms; /* older candidates do not count */
	int64_t settle_ms;
	uint32_t slower_steps, restarts; /* rungs before the next kind */
	int64_t forgive_ms, forgive_max_ms;
	uint32_t forgive_good;
};
extern const struct wrong_limits wrong_limits_default;

enum wrong_verdict {
	WRONG_NONE,
	WRONG_SLOWER,  /* a lower intensity, power limit or clock; wrong_slower() says how much */
	WRONG_RESTART, /* the worker */
	WRONG_PARK,
	WRONG_FASTER /* forgiven: one rung back up */
};

struct wrong {
	int64_t at_ms[WRONG_KEPT];
	bool bad[WRONG_KEPT];
	uint32_t next, n; /* of the ring */
	uint32_t rung;    /* rungs taken and not forgiven */
	int64_t acted_ms; /* last rung down or up */
	bool settling;    /* until settle_ms after acted_ms */
	int64_t forgive_ms;
	uint32_t good, poor; /* since the last rung, for forgiveness */
	uint64_t total_good, total_bad;
	char reason[160]; /* of the last verdict other than WRONG_NONE, with the figures */
};

void wrong_init(struct wrong *w, const struct wrong_limits *lim);

/* A candidate was checked.  The verdict is told once. */
enum wrong_verdict wrong_add(struct wrong *w, const struct wrong_limits *lim, bool good,
			     int64_t now_ms);

/* How many rungs of WRONG_SLOWER are in force: 0 to slower_steps. */
uint32_t wrong_slower(const struct wrong *w, const struct wrong_limits *lim);

/* The owner says that it is cured: all is forgiven. */
void wrong_forgive(struct wrong *w, const struct wrong_limits *lim);

/* Wrong and all candidates within the window. */
void wrong_count(const struct wrong *w, const struct wrong_limits *lim, int64_t now_ms,
		 uint32_t *bad, uint32_t *all);

#endif
