/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A device's rate beside its own baseline. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/guard/lowrate.h"

const struct lowrate_limits lowrate_limits_default = {
	.ratio_permille = 700,
	.for_ms = 120000,
	.zero_ms = 60000,
	.warm_ms = 15000,
	.sink_permille = 30,
};

/* Under so little duty a rate says nothing. */
#define LEAST_DUTY 50
/* A silence of the caller's longer than this is no measurement (the machine was suspended). */
#define LONGEST_STEP_MS 10000
/* Blocks before there is a baseline. */
#define FIRST_BLOCKS 3
/* It is back when it is this far above the alarm's ratio. */
#define BACK_PERMILLE 50

void lowrate_init(struct lowrate *l)
{
	memset(l, 0, sizeof *l);
}

void lowrate_expect(struct lowrate *l, double hashes_per_s)
{
	if (hashes_per_s > 0)
		l->baseline = hashes_per_s;
}

/* What is being measured is thrown away; the baseline stays. */
static void discard(struct lowrate *l)
{
	l->part_hashes = l->part_ms = l->part_duty_ms = 0;
	l->parts = 0;
	l->since_block = 0;
	l->idle_ms = 0;
}

static void begin(struct lowrate *l, uint64_t setting)
{
	double expected = l->begun ? 0 : l->baseline;

	lowrate_init(l);
	l->begun = true;
	l->setting = setting;
	l->baseline = expected;
}

double lowrate_mean(const struct lowrate *l)
{
	double hashes = 0, duty_ms = 0;
	unsigned i;

	if (l->parts < LOWRATE_PARTS)
		return -1;
	for (i = 0; i < LOWRATE_PARTS; i++) {
		hashes += l->hashes[i];
		duty_ms += l->duty_ms[i];
	}
	return duty_ms > 0 ? hashes * 1000 / duty_ms : -1;
}

static unsigned parts_below(const struct lowrate *l, double rate)
{
	unsigned i, n = 0;

	for (i = 0; i < LOWRATE_PARTS; i++)
		n += l->hashes[i] * 1000 < rate * l->duty_ms[i];
	return n;
}

/* The upper quartile, by counting: there are few. */
static double quartile(const double *v, unsigned n)
{
	double found = v[0];
	unsigned i, k, want = 3 * (n - 1) / 4;

	for (i = 0; i < n; i++) {
		unsigned less = 0, same = 0;

		for (k = 0; k < n; k++) {
			less += v[k] < v[i];
			same += fabs(v[k] - v[i]) <= 0;
		}
		if (less <= want && want < less + same)
			found = v[i];
	}
	return found;
}

static void learn(struct lowrate *l, const struct lowrate_limits *lim, double mean)
{
	unsigned n;
	double best, sunk;

	l->block[l->blocks++ % LOWRATE_BLOCKS] = mean;
	n = l->blocks < LOWRATE_BLOCKS ? l->blocks : LOWRATE_BLOCKS;
	if (n < FIRST_BLOCKS)
		return;
	best = quartile(l->block, n);
	sunk = l->baseline *
	       (1 - lim->sink_permille / 1000.0 * (double)lim->for_ms / (3600.0 * 1000));
	l->baseline = best > sunk ? best : sunk;
}

static enum lowrate_event judge(struct lowrate *l, const struct lowrate_limits *lim, double mean)
{
	double ratio = lim->ratio_permille / 1000.0;
	double back = (lim->ratio_permille + BACK_PERMILLE) / 1000.0;

	if (!(l->baseline > 0) || !lim->ratio_permille)
		return LOWRATE_NONE;
	if (l->low && mean >= back * l->baseline) {
		l->low = l->zero = false;
		snprintf(l->reason, sizeof l->reason,
			 "again at %.0f %% of its usual rate for these settings",
			 100 * mean / l->baseline);
		return LOWRATE_BACK;
	}
	if (!l->low && mean < ratio * l->baseline &&
	    parts_below(l, ratio * l->baseline) >= LOWRATE_PARTS - 1) {
		l->low = true;
		snprintf(l->reason, sizeof l->reason,
			 "at %.0f %% of its usual rate for these settings, for %lld s (limit %.0f "
			 "%%)",
			 100 * mean / l->baseline, (long long)(lim->for_ms / 1000), 100 * ratio);
		return LOWRATE_LOW;
	}
	return LOWRATE_NONE;
}

/* A part is full: into the ring, and see. */
static enum lowrate_event close_part(struct lowrate *l, const struct lowrate_limits *lim)
{
	unsigned at = l->parts++ % LOWRATE_PARTS;
	enum lowrate_event event;
	double mean;

	l->hashes[at] = l->part_hashes;
	l->duty_ms[at] = l->part_duty_ms;
	l->part_hashes = l->part_ms = l->part_duty_ms = 0;
	mean = lowrate_mean(l);
	if (mean < 0)
		return LOWRATE_NONE;
	event = judge(l, lim, mean);
	l->since_block++;
	if (l->since_block >= LOWRATE_PARTS && !l->low) {
		l->since_block = 0;
		learn(l, lim, mean);
	}
	return event;
}

static enum lowrate_event see_zero(struct lowrate *l, const struct lowrate_limits *lim,
				   const struct lowrate_in *in, int64_t step_ms)
{
	if (in->hashes > 0) {
		l->idle_ms = 0;
		/* One that never had a baseline is not low: it is back as soon as it hashes. */
		if (!l->zero || l->low)
			return LOWRATE_NONE;
		l->zero = false;
		snprintf(l->reason, sizeof l->reason, "completes work again");
		return LOWRATE_BACK;
	}
	l->idle_ms += step_ms;
	if (l->zero || !lim->zero_ms || l->idle_ms < lim->zero_ms)
		return LOWRATE_NONE;
	l->zero = true;
	snprintf(l->reason, sizeof l->reason, "has work and completed none of it for %lld s",
		 (long long)(l->idle_ms / 1000));
	return LOWRATE_ZERO;
}

enum lowrate_event lowrate_step(struct lowrate *l, const struct lowrate_limits *lim,
				const struct lowrate_in *in, int64_t now_ms)
{
	int64_t step_ms = now_ms - l->last_ms;
	enum lowrate_event event;

	if (!l->begun || in->setting != l->setting) {
		begin(l, in->setting);
		step_ms = 0;
		l->warm_ms = now_ms + lim->warm_ms;
	}
	l->last_ms = now_ms;
	if (!in->working || step_ms < 0 || step_ms > LONGEST_STEP_MS) {
		discard(l);
		l->zero = false;
		l->warm_ms = now_ms + lim->warm_ms;
		return LOWRATE_NONE;
	}
	event = see_zero(l, lim, in, step_ms);
	if (event != LOWRATE_NONE || now_ms < l->warm_ms)
		return event;
	if (in->duty_permille < LEAST_DUTY) {
		discard(l);
		return LOWRATE_NONE;
	}
	l->part_hashes += in->hashes;
	l->part_ms += (double)step_ms;
	l->part_duty_ms += (double)step_ms * in->duty_permille / 1000;
	if (l->part_ms * LOWRATE_PARTS < (double)lim->for_ms)
		return LOWRATE_NONE;
	return close_part(l, lim);
}
