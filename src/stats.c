/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rates over sliding windows, medians, histograms; pure. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/stats.h"

/* Clear the buckets between the newest one and now. */
static void rate_roll(struct rate *r, int64_t second)
{
	int64_t i = r->second + 1;

	if (second <= r->second)
		return;
	if (second - r->second >= RATE_SECONDS)
		i = second - RATE_SECONDS + 1;
	for (; i <= second; i++)
		r->bucket[i % RATE_SECONDS] = 0;
	r->second = second;
}

void rate_add(struct rate *r, double hashes, int64_t now_ms)
{
	int64_t second = now_ms / 1000;

	if (!r->first_ms) {
		memset(r, 0, sizeof *r);
		r->first_ms = now_ms ? now_ms : 1;
		r->second = second;
	}
	rate_roll(r, second);
	r->bucket[second % RATE_SECONDS] += hashes;
}

/*
 * The present second is not over, so the window is the last window_s whole
 * seconds plus the part of this one that has passed.
 */
double rate_get(const struct rate *r, unsigned window_s, int64_t now_ms)
{
	int64_t second = now_ms / 1000, i;
	double sum = 0, span;

	if (!r->first_ms)
		return 0;
	if (window_s > RATE_SECONDS - 1)
		window_s = RATE_SECONDS - 1;
	for (i = second - window_s; i <= second; i++)
		if (i >= 0 && i <= r->second && i > r->second - RATE_SECONDS)
			sum += r->bucket[i % RATE_SECONDS];
	span = window_s + (double)(now_ms % 1000) / 1000;
	if (now_ms - r->first_ms < (int64_t)(span * 1000))
		span = (double)(now_ms - r->first_ms) / 1000;
	return span > 0.2 ? sum / span : 0;
}

void rate_reset(struct rate *r)
{
	r->first_ms = 0;
}

void samples_add(struct samples *s, double v)
{
	s->v[s->n++ % SAMPLES_KEPT] = v;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

double samples_median(const struct samples *s)
{
	double sorted[SAMPLES_KEPT];
	unsigned n = s->n < SAMPLES_KEPT ? s->n : SAMPLES_KEPT;

	if (!n)
		return -1;
	memcpy(sorted, s->v, n * sizeof sorted[0]);
	qsort(sorted, n, sizeof sorted[0], by_value);
	return sorted[n / 2];
}

/* From a CPU check to a pool on the other side of the world: 1, 2.5 and 5 of each decade. */
static const double bounds_ms[HISTOGRAM_BOUNDS] = {0.25, 0.5, 1,   2.5,  5,    10,   25,   50,
						   100,  250, 500, 1000, 2500, 5000, 10000};

double histogram_bound_ms(unsigned i)
{
	return bounds_ms[i];
}

void histogram_add(struct histogram *h, double ms)
{
	unsigned i;

	if (!isfinite(ms))
		return;
	if (ms < 0)
		ms = 0;
	for (i = 0; i < HISTOGRAM_BOUNDS && ms > bounds_ms[i]; i++)
		;
	h->n[i]++;
	h->count++;
	h->sum_ms += ms;
}

void device_stats_unknown(struct device_stats *d)
{
	d->temperature_c = d->hotspot_c = d->memory_c = STAT_UNKNOWN;
	d->fan_percent = d->power_w = d->limit_w = STAT_UNKNOWN;
	d->core_mhz = d->memory_mhz = d->util_percent = STAT_UNKNOWN;
	d->idle_us = -1;
}

const char *device_state_name(enum device_state state)
{
	static const char *const words[DEVICE_STATES] = {
		[DEVICE_STARTING] = "starting", [DEVICE_PREPARING] = "preparing",
		[DEVICE_IDLE] = "idle",         [DEVICE_MINING] = "mining",
		[DEVICE_PAUSED] = "paused",     [DEVICE_RESTARTING] = "restarting",
		[DEVICE_PARKED] = "parked",     [DEVICE_STOPPING] = "stopping",
		[DEVICE_STOPPED] = "stopped",
	};

	return state < DEVICE_STATES ? words[state] : "unknown";
}
