/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Is the rate that the kernels report the rate that finds shares?  Pure; one for each device and
 * one for the rig.
 *
 * A share of difficulty D takes D hashes on average, so while the kernels report H hashes the
 * number of shares is Poisson with the mean sum(H / D): exact, however the difficulty changes.  A
 * window ends when window_shares were to be expected and window_ms have passed; it is outside
 * when that mean lies outside Garwood's interval of the shares found, with confidence 1 - alpha.
 * `standing` windows in a row outside on the same side are a disagreement; as many inside end it.
 * Gross ones do not wait: at 32, 64, 128, ... expected shares a window is looked at with
 * gross_alpha, and one such look is enough.
 *
 * False alarms for a correct device, at most: 2 (alpha / 2)^standing for each window and about
 * six gross_alpha looks: with the usual limits below 1e-8 a window, and a window lasts at least
 * half an hour, so less than one in 5,000 years.  A device that reports 20 % too much is
 * found within three windows most of the time, so after about 2,500 shares.
 *
 * For display the share-derived rate is sum(D) / time, as pools see it, with an interval from the
 * effective number of shares (sum D)^2 / sum(D^2), which is their number while D stands.
 */
#ifndef ADIT_GUARD_HONEST_H
#define ADIT_GUARD_HONEST_H

#include <stdbool.h>
#include <stdint.h>

struct honest_limits {
	double window_shares;
	int64_t window_ms;
	double alpha, gross_alpha;
	uint32_t standing;
};
extern const struct honest_limits honest_limits_default;

enum honest_event { HONEST_NONE, HONEST_DISAGREES, HONEST_AGREES };

/* A stretch of mining. */
struct honest_sum {
	double hashes;   /* reported */
	double expected; /* shares */
	double shares;
	double weight, weight2; /* sums of the shares' difficulties (in hashes) and their squares */
	int64_t from_ms, to_ms;
};

struct honest {
	struct honest_sum total, window;
	double next_look; /* expected shares at the next gross look */
	bool begun;
	uint32_t over, under, inside; /* windows in a row */
	bool disagrees;
	uint64_t windows, outside; /* ever */
	char reason[200];
};

void honest_init(struct honest *h);

/* Hashes reported done, searched for shares of this difficulty (in hashes, > 0). */
enum honest_event honest_hashes(struct honest *h, const struct honest_limits *lim, double hashes,
				double difficulty, int64_t now_ms);

/* A share that the CPU found good, of this difficulty in hashes, whatever the pool said of it. */
void honest_share(struct honest *h, double difficulty, int64_t now_ms);

/* What is shown of a stretch; rates in hashes/s over span_ms. */
struct honest_view {
	double kernel_rate, share_rate, low, high; /* 95 % interval of the share rate */
	double shares;
	bool known; /* there is something to show */
};
void honest_view(const struct honest_sum *s, int64_t span_ms, struct honest_view *out);

/* "kernel 61.2 MH/s, shares 60.1 MH/s (95 %: 55.0 to 65.5, 512 shares)".  Returns out. */
char *honest_text(const struct honest_view *v, char *out, unsigned long size);

#endif
