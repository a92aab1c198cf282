/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A limit of power for the whole rig, shared among its cards where it makes most hashes. */
#include <math.h>
#include <stdlib.h>

#include "src/guard/power.h"

#define HALVINGS       300 /* of the water level, whose scale is not known */
#define EFFICIENCY_MIN 1e-9
#define EFFICIENCY_MAX 1e15 /* hashes a joule: beyond is no measurement */

static int64_t least(const struct power_device *d)
{
	return d->min_mw > 0 ? d->min_mw : 1;
}

static int64_t most(const struct power_device *d)
{
	return d->max_mw > least(d) ? d->max_mw : least(d);
}

static bool is_known(const struct power_device *d)
{
	return !d->idle && d->hashes_per_joule >= EFFICIENCY_MIN &&
	       d->hashes_per_joule <= EFFICIENCY_MAX;
}

/*
 * With hashes = c * sqrt(power), all cards gain the same by another watt when the power of each
 * is as its c^2, and c^2 is hashes a joule, squared, times the watts at which that was measured.
 */
static double weight_of(const struct power_device *d)
{
	double at = (double)(d->measured_mw > 0 ? d->measured_mw : most(d));

	return d->hashes_per_joule * d->hashes_per_joule * at;
}

/* Shares of the water, 0 for cards that take no part; unknown cards count as the mean. */
static void weigh(const struct power_device in[], unsigned n, double weight[])
{
	double sum = 0;
	unsigned i, known = 0;

	for (i = 0; i < n; i++)
		if (is_known(&in[i])) {
			sum += weight_of(&in[i]);
			known++;
		}
	for (i = 0; i < n; i++) {
		weight[i] = known ? sum / known : 1;
		if (is_known(&in[i]))
			weight[i] = weight_of(&in[i]);
		if (in[i].idle)
			weight[i] = 0;
	}
}

/* Who is let in: the most efficient first, each that still fits with its least. */
static unsigned admit(int64_t limit, const struct power_device in[], unsigned n, double weight[])
{
	bool tried[POWER_DEVICES_MAX] = {false};
	unsigned i, best, out = 0;

	for (;;) {
		best = n;
		for (i = 0; i < n; i++)
			if (!tried[i] && weight[i] > 0 && (best == n || weight[i] > weight[best]))
				best = i;
		if (best == n)
			return out;
		tried[best] = true;
		if (least(&in[best]) <= limit) {
			limit -= least(&in[best]);
		} else {
			weight[best] = 0;
			out++;
		}
	}
}

static int64_t filled(const struct power_device *d, double weight, double level)
{
	double mw = weight * level;

	if (weight <= 0)
		return 0;
	if (mw >= (double)most(d))
		return most(d);
	return mw <= (double)least(d) ? least(d) : (int64_t)mw;
}

static int64_t fill(const struct power_device in[], unsigned n, const double weight[], double level,
		    int64_t out_mw[])
{
	int64_t sum = 0;
	unsigned i;

	for (i = 0; i < n; i++) {
		out_mw[i] = filled(&in[i], weight[i], level);
		sum += out_mw[i];
	}
	return sum;
}

/* A limit near enough to the one in force stays that, if the rig's limit still holds. */
static void keep_near(int64_t limit, int64_t sum, const struct power_device in[], unsigned n,
		      int64_t out_mw[])
{
	unsigned i;

	for (i = 0; i < n; i++) {
		int64_t now = in[i].in_force_mw, more;

		if (!out_mw[i] || now < least(&in[i]) || now > most(&in[i]))
			continue;
		more = now - out_mw[i];
		if (llabs(more) >= POWER_SLACK_MW || (more > 0 && sum + more > limit))
			continue;
		out_mw[i] = now;
		sum += more;
	}
}

unsigned power_share(int64_t rig_limit_mw, const struct power_device in[], unsigned n,
		     int64_t out_mw[])
{
	double weight[POWER_DEVICES_MAX], low = 0, high = 0;
	unsigned i, paused, all = n;

	n = n < POWER_DEVICES_MAX ? n : POWER_DEVICES_MAX;
	for (i = n; i < all; i++)
		out_mw[i] = 0;
	if (rig_limit_mw <= 0)
		rig_limit_mw = INT64_MAX;
	weigh(in, n, weight);
	paused = admit(rig_limit_mw, in, n, weight);
	for (i = 0; i < n; i++)
		if (weight[i] > 0)
			high = fmax(high, (double)most(&in[i]) / weight[i]);
	high *= 2; /* there, all have their most */
	low = fill(in, n, weight, high, out_mw) <= rig_limit_mw ? high : 0;
	for (i = 0; low < high && i < HALVINGS; i++) {
		double level = (low + high) / 2;

		if (fill(in, n, weight, level, out_mw) > rig_limit_mw)
			high = level;
		else
			low = level;
	}
	keep_near(rig_limit_mw, fill(in, n, weight, low, out_mw), in, n, out_mw);
	return paused;
}
