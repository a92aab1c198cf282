/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rates: right from the first seconds, and zero when nothing completes any more. */
#include <math.h>

#include "src/stats.h"
#include "tests/t.h"

static struct rate r;

static void a_steady_rate_is_shown_as_it_is(void)
{
	int64_t ms;

	rate_reset(&r);
	for (ms = 100000; ms < 200000; ms += 50)
		rate_add(&r, 5000, ms);
	CHECK_NEAR(rate_get(&r, 10, 200000), 100000, 1000);
	CHECK_NEAR(rate_get(&r, 60, 200000), 100000, 1000);
	CHECK_NEAR(rate_get(&r, 900, 200000), 100000, 1000);
}

static void a_dead_device_falls_to_zero(void)
{
	int64_t ms;

	rate_reset(&r);
	for (ms = 100000; ms < 160000; ms += 50)
		rate_add(&r, 5000, ms);
	CHECK(rate_get(&r, 10, 165000) < 60000);
	CHECK_NEAR(rate_get(&r, 10, 171000), 0, 0);
	CHECK_NEAR(rate_get(&r, 900, 160000 + 901000), 0, 0);
	rate_add(&r, 1000, 2000000); /* after a long gap old buckets do not count */
	CHECK_NEAR(rate_get(&r, 10, 2000500), 1000 / 10.5, 1);
}

static void the_first_seconds_are_not_diluted(void)
{
	rate_reset(&r);
	rate_add(&r, 0, 5000);
	rate_add(&r, 1000, 5500);
	rate_add(&r, 1000, 6000);
	CHECK_NEAR(rate_get(&r, 60, 6000), 2000, 1);
}

/* ---- histograms ---- */

static void every_time_is_in_the_range_that_ends_at_or_above_it(void)
{
	struct histogram h = {0};
	unsigned i;

	for (i = 0; i < HISTOGRAM_BOUNDS; i++) {
		CHECK(i == 0 || histogram_bound_ms(i) > histogram_bound_ms(i - 1));
		histogram_add(&h, histogram_bound_ms(i));
		CHECK_U64(h.n[i], 1);
		histogram_add(&h, histogram_bound_ms(i) * 1.0001);
		CHECK_U64(h.n[i + 1], 1);
		h.n[i + 1] = 0;
	}
	CHECK_U64(h.count, 2 * HISTOGRAM_BOUNDS);
}

static void the_sum_is_of_what_is_counted(void)
{
	struct histogram h = {0};

	histogram_add(&h, 3);
	histogram_add(&h, 4.5);
	histogram_add(&h, 1e7);
	CHECK_U64(h.n[HISTOGRAM_BOUNDS], 1);
	CHECK_U64(h.count, 3);
	CHECK_NEAR(h.sum_ms, 10000007.5, 0.001);
}

static void what_is_no_time_spoils_no_sum(void)
{
	struct histogram h = {0};

	histogram_add(&h, NAN);
	histogram_add(&h, INFINITY);
	histogram_add(&h, -INFINITY);
	CHECK_U64(h.count, 0);
	histogram_add(&h, -5);
	CHECK_U64(h.count, 1);
	CHECK_U64(h.n[0], 1);
	CHECK_NEAR(h.sum_ms, 0, 0);
}

static void unknown_is_unknown_and_the_rest_is_kept(void)
{
	struct device_stats d = {.energy_j = 5, .intensity = 20, .restarts = 3};

	device_stats_unknown(&d);
	CHECK_INT(d.temperature_c, STAT_UNKNOWN);
	CHECK_INT(d.hotspot_c, STAT_UNKNOWN);
	CHECK_INT(d.memory_c, STAT_UNKNOWN);
	CHECK_INT(d.fan_percent, STAT_UNKNOWN);
	CHECK_INT(d.power_w, STAT_UNKNOWN);
	CHECK_INT(d.limit_w, STAT_UNKNOWN);
	CHECK_INT(d.core_mhz, STAT_UNKNOWN);
	CHECK_INT(d.memory_mhz, STAT_UNKNOWN);
	CHECK_INT(d.util_percent, STAT_UNKNOWN);
	CHECK_U64(d.energy_j, 5);
	CHECK_U64(d.intensity, 20);
	CHECK_U64(d.restarts, 3);
}

int main(void)
{
	T_RUN(a_steady_rate_is_shown_as_it_is);
	T_RUN(a_dead_device_falls_to_zero);
	T_RUN(the_first_seconds_are_not_diluted);
	T_RUN(every_time_is_in_the_range_that_ends_at_or_above_it);
	T_RUN(the_sum_is_of_what_is_counted);
	T_RUN(what_is_no_time_spoils_no_sum);
	T_RUN(unknown_is_unknown_and_the_rest_is_kept);
	return t_done();
}
