/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reported hashes against found shares, over simulated years (seeded): how often a correct device
 * is accused, and how soon one that exaggerates is found.
 */
#include <math.h>
#include <string.h>

#include "src/guard/honest.h"
#include "tests/random.h"
#include "tests/t.h"

#define DAY_MS (24 * 3600 * 1000LL)

/* A device: what it reports a second, what of it is true, how hard its shares are. */
struct device {
	double rate, truth;
	double difficulty[2]; /* changes between them every hour */
};

struct outcome {
	unsigned alarms, cleared;
	double shares; /* found until the first alarm */
};

/* step_ms at a time, for so long, or until the first alarm. */
static struct outcome mine(struct honest *h, const struct device *d, uint64_t *seed,
			   int64_t from_ms, int64_t span_ms, int64_t step_ms, bool first)
{
	struct outcome o = {0};
	double before = h->total.shares;
	int64_t now;

	for (now = from_ms; now < from_ms + span_ms; now += step_ms) {
		double difficulty = d->difficulty[now / 3600000 % 2];
		double hashes = d->rate * (double)step_ms / 1000;
		unsigned n = random_poisson(seed, hashes * d->truth / difficulty);
		enum honest_event e;

		while (n--)
			honest_share(h, difficulty, now);
		e = honest_hashes(h, &honest_limits_default, hashes, difficulty, now);
		o.alarms += e == HONEST_DISAGREES;
		o.cleared += e == HONEST_AGREES;
		if (e == HONEST_DISAGREES && !o.shares)
			o.shares = h->total.shares - before;
		if (first && o.alarms)
			break;
	}
	return o;
}

/* 1000 days, a share every six or twelve seconds: not one alarm. */
static void a_correct_device_is_not_accused_in_a_thousand_days(void)
{
	struct device d = {.rate = 1e8, .truth = 1, .difficulty = {6e8, 1.2e9}};
	struct honest h;
	struct outcome o;
	uint64_t seed = 4;

	honest_init(&h);
	o = mine(&h, &d, &seed, 1000, 1000 * DAY_MS, 300000, false);
	CHECK_INT(o.alarms, 0);
	CHECK_INT(h.disagrees, false);
	/* The windows are outside as rarely as they should be: below 0.1 %, yet not never. */
	CHECK(h.windows > 9000);
	CHECK(h.outside > 2);
	CHECK(h.outside < (double)h.windows * 0.001 * 1.5);
	printf("\t%u windows, %u outside, %u alarms\n", (unsigned)h.windows, (unsigned)h.outside,
	       o.alarms);
}

/* 200 devices each: none takes more than 6,000 shares, on average it is 2,600. */
static void a_fifth_too_much_is_found_within_six_thousand_shares(void)
{
	double worst = 0, sum = 0;
	uint64_t seed = 1;
	unsigned i;

	for (i = 0; i < 200; i++) {
		struct device d = {.rate = 1e8, .truth = 1 / 1.2, .difficulty = {2e9, 2e9}};
		struct honest h;
		struct outcome o;

		honest_init(&h);
		o = mine(&h, &d, &seed, 1000, 10 * DAY_MS, 10000, true);
		if (!CHECK_INT(o.alarms, 1))
			return;
		worst = o.shares > worst ? o.shares : worst;
		sum += o.shares;
	}
	CHECK(worst <= 6000);
	CHECK(sum / 200 <= 2600);
	CHECK(sum / 200 >= 1000); /* not by the gross look: that would be luck */
	printf("\tmean %.0f, worst %.0f shares\n", sum / 200, worst);
}

static void too_little_reported_is_found_as_well(void)
{
	struct device d = {.rate = 1e8, .truth = 1.3, .difficulty = {1e9, 2e9}};
	struct honest h;
	uint64_t seed = 9;

	honest_init(&h);
	CHECK_INT(mine(&h, &d, &seed, 1000, 10 * DAY_MS, 10000, true).alarms, 1);
	CHECK_HAS(h.reason, "too many");
}

static void nothing_found_is_said_long_before_a_window(void)
{
	struct device d = {.rate = 1e8, .truth = 0, .difficulty = {6e9, 6e9}};
	struct honest h;
	uint64_t seed = 9;

	honest_init(&h);
	CHECK_INT(mine(&h, &d, &seed, 1000, DAY_MS, 10000, true).alarms, 1);
	CHECK(h.total.expected < 33);
	CHECK_HAS(h.reason, "0 found, 32 expected");
	honest_init(&h);
	d.truth = 0.5;
	CHECK_INT(mine(&h, &d, &seed, 1000, 10 * DAY_MS, 10000, true).alarms, 1);
	CHECK(h.total.expected < 600);
}

static void a_disagreement_is_said_once_and_ends(void)
{
	struct device d = {.rate = 1e8, .truth = 0.8, .difficulty = {1e8, 2e8}};
	struct outcome o;
	struct honest h;
	uint64_t seed = 2;

	honest_init(&h);
	o = mine(&h, &d, &seed, 1000, 10 * DAY_MS, 10000, false);
	CHECK_INT(o.alarms, 1);
	CHECK_INT(o.cleared, 0);
	CHECK(h.disagrees);
	d.truth = 1;
	o = mine(&h, &d, &seed, 1000 + 10 * DAY_MS, 10 * DAY_MS, 10000, false);
	CHECK_INT(o.alarms, 0);
	CHECK_INT(o.cleared, 1);
	CHECK(!h.disagrees);
	CHECK_HAS(h.reason, "agree again");
}

/* The interval shown holds the truth 95 times of 100, also with two difficulties. */
static void the_interval_shown_holds_the_truth(void)
{
	unsigned i, held = 0;
	uint64_t seed = 5;

	for (i = 0; i < 1000; i++) {
		struct device d = {.rate = 1e6, .truth = 1, .difficulty = {4e8, 1.2e9}};
		struct honest_view v;
		struct honest h;

		honest_init(&h);
		mine(&h, &d, &seed, 0, 8 * 3600000, 120000, false);
		honest_view(&h.total, 8 * 3600000, &v);
		CHECK(v.known);
		CHECK_NEAR(v.kernel_rate, 1e6, 1);
		held += v.low <= 1e6 && 1e6 <= v.high;
	}
	CHECK(held >= 940);
	CHECK(held <= 990);
}

static void what_is_shown_has_figures(void)
{
	struct honest_sum s = {.hashes = 6.12e10,
			       .expected = 10.2,
			       .shares = 10,
			       .weight = 6e10,
			       .weight2 = 3.6e20,
			       .from_ms = 0,
			       .to_ms = 0};
	struct honest_view v;
	char text[160];

	honest_view(&s, 1000000, &v);
	CHECK_STR(honest_text(&v, text, sizeof text),
		  "kernel 61.20 MH/s, shares 60.00 MH/s (95 %: 28.77 to 110.34, 10 shares)");
	s.shares = s.weight = s.weight2 = 0;
	honest_view(&s, 1000000, &v);
	CHECK_STR(honest_text(&v, text, sizeof text),
		  "kernel 61.20 MH/s, shares 0.00 MH/s (95 %: 0.00 to 22.13, 0 shares)");
	honest_view(&s, 0, &v);
	CHECK_STR(honest_text(&v, text, sizeof text), "no shares yet");
}

static void nonsense_is_ignored(void)
{
	struct honest h;

	honest_init(&h);
	CHECK_INT(honest_hashes(&h, &honest_limits_default, 1e9, 0, 1000), HONEST_NONE);
	CHECK_INT(honest_hashes(&h, &honest_limits_default, -5, 10, 1000), HONEST_NONE);
	CHECK_INT(honest_hashes(&h, &honest_limits_default, NAN, 10, 1000), HONEST_NONE);
	CHECK_INT(honest_hashes(&h, &honest_limits_default, 1e300, 1e-300, 1000), HONEST_NONE);
	honest_share(&h, NAN, 1000);
	honest_share(&h, -1, 1000);
	honest_share(&h, 1e300, 1000);
	CHECK(h.total.shares < 1 && h.total.hashes < 1);
}

/* A window in which exactly so many shares are found; what it ends with. */
static enum honest_event window(struct honest *h, unsigned shares, int64_t *now)
{
	*now += honest_limits_default.window_ms;
	while (shares--)
		honest_share(h, 1e9, *now);
	return honest_hashes(h, &honest_limits_default, 1e12, 1e9, *now);
}

static void it_takes_three_windows_each_way(void)
{
	int64_t now = 1000;
	struct honest h;
	unsigned i;

	honest_init(&h);
	honest_hashes(&h, &honest_limits_default, 0, 1e9, now);
	for (i = 0; i < 9; i++) /* too many and too few by turns, or only twice, is no standing */
		CHECK_INT(window(&h, i % 3 ? 850 : 1150, &now), HONEST_NONE);
	CHECK_INT(window(&h, 1000, &now), HONEST_NONE);
	CHECK_INT(window(&h, 850, &now), HONEST_NONE);
	CHECK_INT(window(&h, 850, &now), HONEST_NONE);
	CHECK_INT(window(&h, 850, &now), HONEST_DISAGREES);
	CHECK_HAS(h.reason, "118 % of what shares bear out: 850 found, 1000 expected (3 windows");
	CHECK_INT(window(&h, 1000, &now), HONEST_NONE);
	CHECK_INT(window(&h, 1010, &now), HONEST_NONE);
	CHECK_INT(window(&h, 990, &now), HONEST_AGREES);
}

int main(void)
{
	T_RUN(a_correct_device_is_not_accused_in_a_thousand_days);
	T_RUN(a_fifth_too_much_is_found_within_six_thousand_shares);
	T_RUN(too_little_reported_is_found_as_well);
	T_RUN(nothing_found_is_said_long_before_a_window);
	T_RUN(a_disagreement_is_said_once_and_ends);
	T_RUN(the_interval_shown_holds_the_truth);
	T_RUN(what_is_shown_has_figures);
	T_RUN(nonsense_is_ignored);
	T_RUN(it_takes_three_windows_each_way);
	return t_done();
}
