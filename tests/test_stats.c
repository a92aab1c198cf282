/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rates: right from the first seconds, and zero when nothing completes any more. */
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

int main(void)
{
	T_RUN(a_steady_rate_is_shown_as_it_is);
	T_RUN(a_dead_device_falls_to_zero);
	T_RUN(the_first_seconds_are_not_diluted);
	return t_done();
}
