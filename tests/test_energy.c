/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Energy: by the counter to the joule, by power as near as readings are, and never invented. */
#include "src/guard/energy.h"
#include "tests/t.h"

#define NONE (-1)

static struct energy e;

static void begin(void)
{
	memset(&e, 0, sizeof e);
}

/* One reading; NONE: it lacks that. */
static void look(int64_t at_ms, int64_t uj, int64_t mw)
{
	struct sensor_reading r = {.at_ms = at_ms};

	if (uj != NONE)
		sensor_put(&r, SENSOR_ENERGY_UJ, uj);
	if (mw != NONE)
		sensor_put(&r, SENSOR_POWER_MW, mw);
	energy_read(&e, &r, 5000);
}

static void a_counter_is_taken_from_where_it_stood(void)
{
	begin();
	look(1000, 900000000000, 200000);
	CHECK_NEAR(e.joules, 0, 0);
	look(2000, 900200000000, 999000);
	look(602000, 1020200000000, 999000); /* ten minutes of silence are counted all the same */
	CHECK_NEAR(e.joules, 120200, 0.001);
	CHECK(e.counted);
}

static void a_counter_that_went_back_begins_again(void)
{
	begin();
	look(1000, 5000000000, NONE);
	look(2000, 5100000000, NONE);
	look(3000, 7000000, NONE); /* the driver was loaded anew */
	CHECK_NEAR(e.joules, 100, 0.001);
	look(4000, 57000000, NONE);
	CHECK_NEAR(e.joules, 150, 0.001);
}

static void a_leap_is_no_energy(void)
{
	begin();
	look(1000, 0, NONE);
	look(2000, INT64_MAX, NONE);
	look(3000, 0, NONE);
	look(4000, 250000000, NONE);
	CHECK_NEAR(e.joules, 250, 0.001);
	look(3500, 260000000, NONE); /* a clock that went back adds nothing, nor harms */
	look(4500, 300000000, NONE);
	CHECK_NEAR(e.joules, 290, 0.001);
}

static void power_is_summed_up_where_no_counter_is(void)
{
	begin();
	look(1000, NONE, 100000);
	look(2000, NONE, 200000);
	look(4000, NONE, 200000);
	CHECK_NEAR(e.joules, 550, 0.001);
	CHECK(!e.counted);
}

static void gaps_are_not_guessed(void)
{
	begin();
	look(1000, NONE, 100000);
	look(6001, NONE, 100000); /* more than the gap allowed */
	look(7001, NONE, NONE);
	look(8001, NONE, 100000);
	look(9001, NONE, 6000000); /* no card draws that */
	look(10001, NONE, 100000);
	CHECK_NEAR(e.joules, 0, 0);
	look(11001, NONE, 100000);
	CHECK_NEAR(e.joules, 100, 0.001);
}

static void what_is_counted_is_not_summed_up_too(void)
{
	begin();
	look(1000, 1000000, 100000);
	look(2000, NONE, 100000); /* the counter could not be read this once */
	look(3000, NONE, 100000);
	CHECK_NEAR(e.joules, 0, 0);
	look(4000, 301000000, 100000);
	CHECK_NEAR(e.joules, 300, 0.001);
}

static void a_lost_card_says_nothing(void)
{
	struct sensor_reading r = {.at_ms = 2000, .lost = 1};

	begin();
	look(1000, 1000000, NONE);
	sensor_put(&r, SENSOR_ENERGY_UJ, 99000000);
	energy_read(&e, &r, 5000);
	CHECK_NEAR(e.joules, 0, 0);
}

int main(void)
{
	T_RUN(a_counter_is_taken_from_where_it_stood);
	T_RUN(a_counter_that_went_back_begins_again);
	T_RUN(a_leap_is_no_energy);
	T_RUN(power_is_summed_up_where_no_counter_is);
	T_RUN(gaps_are_not_guessed);
	T_RUN(what_is_counted_is_not_summed_up_too);
	T_RUN(a_lost_card_says_nothing);
	return t_done();
}
