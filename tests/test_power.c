/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fan curves, and a rig's power shared among its cards. */
#include <math.h>

#include "src/guard/fan.h"
#include "src/guard/power.h"
#include "tests/t.h"

static void curve_is_read_and_followed(void)
{
	struct err err = {0};
	struct fan_curve c;

	if (!CHECK_OK(fan_curve_parse(&c, "40:30,60:55,75:90", &err), &err))
		return;
	CHECK_INT(c.n, 3);
	CHECK_INT(fan_curve_at(&c, INT32_MIN), 300);
	CHECK_INT(fan_curve_at(&c, 40000), 300);
	CHECK_INT(fan_curve_at(&c, 50000), 425);
	CHECK_INT(fan_curve_at(&c, 60000), 550);
	CHECK_INT(fan_curve_at(&c, 67500), 725);
	CHECK_INT(fan_curve_at(&c, 75000), 900);
	CHECK_INT(fan_curve_at(&c, INT32_MAX), 900);
	CHECK_OK(fan_curve_parse(&c, "0:0", &err), &err);
	CHECK_INT(fan_curve_at(&c, 90000), 0);
	CHECK_OK(fan_curve_parse(&c, "50:40,60:40", &err), &err);
}

static void bad_curves_name_the_point_and_the_fix(void)
{
	static const struct {
		const char *text, *names, *fix;
	} bad[] = {
		{"", "point 1, \"\"", "write degrees C:percent"},
		{"40:30,", "point 2, \"\"", "write degrees C:percent"},
		{"40:30,sixty", "point 2, \"sixty\"", "as in 60:55"},
		{"40:30,60:101", "point 2, \"60:101\"", "0 to 100 percent"},
		{"40:30,60:5%", "point 2, \"60:5%\"", "0 to 100 percent"},
		{"-4:30", "point 1, \"-4:30\"", "0 to 150 degrees"},
		{"151:30", "point 1", "0 to 150 degrees"},
		{"40:30:5", "point 1", "0 to 100 percent"},
		{"60:30,60:40", "point 2, 60 C", "put the points in order"},
		{"60:30,50:40", "point 2, 50 C, does not follow 60 C", "temperatures must grow"},
		{"40:30,60:20", "point 2, 20 % at 60 C", "give it 30 % or more"},
		{"1:1,2:1,3:1,4:1,5:1,6:1,7:1,8:1,9:1,10:1,11:1,12:1,13:1,14:1,15:1,16:1,17:1",
		 "more than 16 points", "leave some out"},
		{"4:\033[2J", "point 1, \"4:?[2J\"", "percent"},
		{"40000000000000000000000000000000000000000000000000000000000000000000:1",
		 "point 1", "write degrees"},
	};
	unsigned i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err err = {0};
		struct fan_curve c;

		if (!CHECK(fan_curve_parse(&c, bad[i].text, &err) < 0))
			printf("\tcurve %s\n", bad[i].text);
		CHECK_HAS(err.text, bad[i].names);
		CHECK_HAS(err.text, bad[i].fix);
		CHECK(!strchr(err.text, '\n') && !strchr(err.text, '\033'));
		CHECK_INT(c.n, 0);
	}
}

static void fans_do_not_breathe(void)
{
	struct fan_curve c;
	struct fan f = {0};
	uint32_t speed, last;
	int i;

	CHECK_OK(fan_curve_parse(&c, "40:30,60:55,75:90", NULL), NULL);
	CHECK_INT(fan_step(&f, &c, 50000), 425);
	CHECK_INT(fan_step(&f, &c, 60000), 550); /* up at once */
	last = fan_step(&f, &c, 59000);
	for (i = 0; i < 100; i++) {
		speed = fan_step(&f, &c, i % 2 ? 57000 : 60000);
		CHECK_INT(speed, last);
	}
	CHECK_INT(fan_step(&f, &c, 46000), 425);
	CHECK_INT(fan_step(&f, &c, -10000), 300);
	CHECK_INT(fan_step(&f, &c, INT32_MAX), 900);
	CHECK_INT(fan_step(&f, &c, INT32_MIN), 300);
}

static int64_t sum_of(const int64_t out[], unsigned n)
{
	int64_t sum = 0;

	while (n--)
		sum += out[n];
	return sum;
}

static void equals_share_equally(void)
{
	struct power_device d[3] = {{.min_mw = 100000, .max_mw = 300000},
				    {.min_mw = 100000, .max_mw = 300000},
				    {.min_mw = 100000, .max_mw = 300000}};
	int64_t out[3];

	CHECK_INT(power_share(600000, d, 3, out), 0);
	CHECK_NEAR((double)out[0], 200000, 2);
	CHECK_NEAR((double)out[1], 200000, 2);
	CHECK_INT(power_share(900000, d, 3, out), 0);
	CHECK_INT(out[2], 300000);
	CHECK_INT(power_share(0, d, 3, out), 0);
	CHECK_INT(out[0], 300000);
	d[1].idle = true;
	CHECK_INT(power_share(500000, d, 3, out), 0);
	CHECK_INT(out[1], 0);
	CHECK_NEAR((double)out[0], 250000, 2);
	CHECK_INT(power_share(500000, d, 0, out), 0);
}

static double hashes(const struct power_device *d, double mw)
{
	double at = (double)d->measured_mw;

	return d->hashes_per_joule * at * sqrt(mw / at);
}

/* No watt moved from one card to another would make more hashes. */
static void no_other_share_makes_more(void)
{
	struct power_device d[3] = {{100000, 350000, 0, 0.5, 300000, false},
				    {80000, 250000, 0, 0.4, 150000, false},
				    {60000, 120000, 0, 0.2, 110000, false}};
	int64_t limit, out[3];
	unsigned i, j;

	for (limit = 240000; limit <= 720000; limit += 10000) {
		CHECK_INT(power_share(limit, d, 3, out), 0);
		CHECK(sum_of(out, 3) <= limit && sum_of(out, 3) >= limit - 3);
		for (i = 0; i < 9; i++) {
			double moved = 500, more, less;

			j = i / 3;
			if (i % 3 == j || (double)out[j] - moved < (double)d[j].min_mw ||
			    (double)out[i % 3] + moved > (double)d[i % 3].max_mw)
				continue;
			less = hashes(&d[j], (double)out[j]) -
			       hashes(&d[j], (double)out[j] - moved);
			more = hashes(&d[i % 3], (double)out[i % 3] + moved) -
			       hashes(&d[i % 3], (double)out[i % 3]);
			CHECK(more < less);
		}
	}
}

/* The share does not depend on the limits at which efficiency was measured: no hunting. */
static void share_is_at_rest_where_it_leads(void)
{
	struct power_device d[2] = {{100000, 350000, 0, 0.5, 300000, false},
				    {80000, 250000, 0, 0.4, 150000, false}};
	int64_t first[2], then[2];
	unsigned i;

	power_share(400000, d, 2, first);
	for (i = 0; i < 2; i++) {
		d[i].hashes_per_joule *= sqrt((double)d[i].measured_mw / (double)first[i]);
		d[i].measured_mw = first[i];
	}
	power_share(400000, d, 2, then);
	CHECK_NEAR((double)then[0], (double)first[0], 3);
	CHECK_NEAR((double)then[1], (double)first[1], 3);
}

static void least_efficient_pause_first(void)
{
	struct power_device d[3] = {{100000, 300000, 0, 0.3, 200000, false},
				    {100000, 300000, 0, 0.5, 200000, false},
				    {100000, 300000, 0, 0, 200000, false}};
	int64_t out[3];

	CHECK_INT(power_share(299999, d, 3, out), 1);
	CHECK_INT(out[0], 0);
	CHECK(out[1] >= 100000 && out[2] >= 100000 && sum_of(out, 3) <= 299999);
	CHECK_INT(power_share(199999, d, 3, out), 2);
	CHECK_INT(out[1], 199999);
	CHECK_INT(power_share(99999, d, 3, out), 3);
	CHECK_INT(sum_of(out, 3), 0);
	/* One too large for what is left does not keep a small one out. */
	d[2].min_mw = d[0].min_mw = 250000;
	d[0].min_mw = 50000;
	CHECK_INT(power_share(200000, d, 3, out), 1);
	CHECK(out[0] >= 50000 && out[1] >= 100000 && out[2] == 0);
}

static void small_changes_are_not_written(void)
{
	struct power_device d[2] = {{100000, 300000, 200000, 0.50, 200000, false},
				    {100000, 300000, 200000, 0.50, 200000, false}};
	int64_t out[2];

	d[0].hashes_per_joule = 0.503;
	power_share(400000, d, 2, out);
	CHECK_INT(out[0], 200000);
	CHECK_INT(out[1], 200000);
	d[0].hashes_per_joule = 0.55;
	power_share(400000, d, 2, out);
	CHECK(out[0] > 203000);
	/* Never over the rig's limit for the sake of rest. */
	d[0].hashes_per_joule = 0.5;
	power_share(399000, d, 2, out);
	CHECK(sum_of(out, 2) <= 399000);
	/* Nor outside the card's own bounds. */
	d[0].max_mw = 199000;
	power_share(500000, d, 2, out);
	CHECK_INT(out[0], 199000);
}

static void nonsense_stays_within_bounds(void)
{
	static const double effs[] = {NAN, INFINITY, -1, 0, 1e-300, 1e300, 0.5};
	static const int64_t watts[] = {INT64_MIN, -1, 0, 1, 100000, 300000, 1ll << 50};
	struct power_device d[POWER_DEVICES_MAX + 1];
	int64_t out[POWER_DEVICES_MAX + 1];
	unsigned i, k, x = 1;

	for (k = 0; k < 300; k++) {
		int64_t limit = 100000 + (int64_t)k * 1000, sum = 0;

		for (i = 0; i <= POWER_DEVICES_MAX; i++) {
			x = x * 1664525 + 1013904223;
			d[i] = (struct power_device){watts[(x >> 8) % 7],  watts[(x >> 12) % 7],
						     watts[(x >> 16) % 7], effs[(x >> 20) % 7],
						     watts[(x >> 24) % 7], false};
		}
		power_share(limit, d, POWER_DEVICES_MAX + 1, out);
		for (i = 0; i < POWER_DEVICES_MAX; i++) {
			CHECK(out[i] >= 0 && out[i] <= limit);
			sum += out[i];
		}
		CHECK(sum <= limit);
		CHECK_INT(out[POWER_DEVICES_MAX], 0);
	}
}

int main(void)
{
	T_RUN(curve_is_read_and_followed);
	T_RUN(bad_curves_name_the_point_and_the_fix);
	T_RUN(fans_do_not_breathe);
	T_RUN(equals_share_equally);
	T_RUN(no_other_share_makes_more);
	T_RUN(share_is_at_rest_where_it_leads);
	T_RUN(least_efficient_pause_first);
	T_RUN(small_changes_are_not_written);
	T_RUN(nonsense_stays_within_bounds);
	return t_done();
}
