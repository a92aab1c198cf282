/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Each of the guardian's machines in virtual time: alarms, chance, wrong results, pauses, Xid. */
#include <math.h>
#include <string.h>

#include "src/guard/alarm.h"
#include "src/guard/chance.h"
#include "src/guard/lowrate.h"
#include "src/guard/pauses.h"
#include "src/guard/wrong.h"
#include "src/guard/xid.h"
#include "tests/t.h"

#define HOUR 3600000LL

static void every_event_has_a_name_of_its_own(void)
{
	unsigned e;

	for (e = 1; e < ALARM_EVENTS; e++) {
		enum alarm_event o = alarm_opposite((enum alarm_event)e);

		CHECK_INT(alarm_find(alarm_name((enum alarm_event)e)), e);
		if (o != ALARM_NONE)
			CHECK_INT(alarm_opposite(o), e);
	}
	CHECK_INT(alarm_find("none"), ALARM_NONE);
	CHECK_STR(alarm_name(ALARM_EVENTS), "none");
	CHECK_INT(alarm_severity(ALARM_HANG), ALARM_ERROR);
	CHECK_INT(alarm_severity(ALARM_RATE_BACK), ALARM_INFO);
}

static void repeats_are_counted_and_said_later(void)
{
	struct alarm_memory m = {0};
	uint32_t held;
	int i;

	CHECK(alarm_say(&m, ALARM_CRASH, 1000, 60000, &held));
	CHECK_INT(held, 0);
	for (i = 0; i < 7; i++)
		CHECK(!alarm_say(&m, ALARM_CRASH, 2000 + i, 60000, &held));
	CHECK(alarm_say(&m, ALARM_HANG, 2010, 60000, &held)); /* another event is not a repeat */
	CHECK_INT(alarm_next(&m, 60000), 61000);
	CHECK_INT(alarm_due(&m, 60999, 60000, &held), ALARM_NONE);
	CHECK_INT(alarm_due(&m, 61000, 60000, &held), ALARM_CRASH);
	CHECK_INT(held, 7);
	CHECK_INT(alarm_due(&m, 61000, 60000, &held), ALARM_NONE);
	CHECK(alarm_next(&m, 60000) == INT64_MAX);
	CHECK(!alarm_say(&m, ALARM_CRASH, 62000, 60000, &held)); /* the count was said at 61000 */
	CHECK(alarm_say(&m, ALARM_CRASH, 121000, 60000, &held));
	CHECK_INT(held, 1);
	CHECK_U64(m.of[ALARM_CRASH].total, 10);
}

static void the_last_word_is_how_things_are(void)
{
	struct alarm_memory m = {0};
	enum alarm_event e, last = ALARM_NONE;
	uint32_t held;

	alarm_say(&m, ALARM_LOW_RATE, 0, 60000, &held);
	alarm_say(&m, ALARM_RATE_BACK, 10000, 60000, &held);
	alarm_say(&m, ALARM_LOW_RATE, 20000, 60000, &held);
	alarm_say(&m, ALARM_RATE_BACK, 25000, 60000, &held);
	alarm_say(&m, ALARM_LOW_RATE, 30000, 60000, &held);
	while ((e = alarm_due(&m, 100000, 60000, &held)) != ALARM_NONE)
		last = e;
	CHECK_INT(last, ALARM_LOW_RATE);
	alarm_say(&m, ALARM_RATE_BACK, 110000, 60000, &held);
	alarm_say(&m, ALARM_LOW_RATE, 111000, 60000, &held);
	alarm_say(&m, ALARM_RATE_BACK, 112000, 60000, &held);
	last = ALARM_NONE;
	while ((e = alarm_due(&m, 200000, 60000, &held)) != ALARM_NONE)
		last = e;
	CHECK_INT(last, ALARM_RATE_BACK);
}

/* As in any book of tables; those of even degrees are checked against the finite sum. */
static void quantiles_are_those_of_the_tables(void)
{
	static const struct {
		double p, degrees, want;
	} rows[] = {
		{0.95, 1, 3.841459},     {0.95, 2, 5.991465},      {0.95, 10, 18.307038},
		{0.99, 5, 15.086272},    {0.05, 10, 3.940299},     {0.025, 20, 9.590777},
		{0.975, 20, 34.169607},  {0.005, 1, 0.0000392704}, {0.999, 30, 59.703064},
		{0.95, 100, 124.342113}, {0.5, 2, 1.386294},       {0.995, 100, 140.169489},
	};
	unsigned i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++)
		CHECK_NEAR(chance_chi2(rows[i].p, rows[i].degrees), rows[i].want,
			   1e-6 * rows[i].want + 1e-10);
}

/* Garwood's table (1936), 95 % and 99 %. */
static void poisson_intervals_are_garwoods(void)
{
	static const struct {
		double n, alpha, low, high;
	} rows[] = {
		{0, 0.05, 0, 3.6889},         {1, 0.05, 0.0253, 5.5716},
		{2, 0.05, 0.2422, 7.2247},    {5, 0.05, 1.6235, 11.6683},
		{10, 0.05, 4.7954, 18.3904},  {20, 0.05, 12.2165, 30.8884},
		{50, 0.05, 37.1110, 65.9190}, {100, 0.05, 81.3640, 121.6270},
		{0, 0.01, 0, 5.2983},         {1, 0.01, 0.0050, 7.4301},
		{10, 0.01, 3.7169, 21.3978},
	};
	unsigned i;
	double low, high;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		chance_poisson(rows[i].n, rows[i].alpha, &low, &high);
		CHECK_NEAR(low, rows[i].low, 6e-4);
		CHECK_NEAR(high, rows[i].high, 6e-4);
	}
}

/* The quantile undoes the distribution over the whole range that is used, both tails. */
static void quantile_and_distribution_are_inverse(void)
{
	static const double shapes[] = {0.5, 1, 3.7, 20, 333, 1000, 12345, 99999, 100001, 1e7};
	static const double ps[] = {5e-10, 5e-4, 0.025, 0.5, 0.975, 0.9995};
	unsigned i, k;

	for (i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
		for (k = 0; k < sizeof ps / sizeof ps[0]; k++) {
			double x = chance_gamma_quantile(shapes[i], ps[k]);

			if (shapes[i] <= 1e5)
				CHECK_NEAR(chance_gamma(shapes[i], x), ps[k], 1e-9 * ps[k] + 1e-12);
			else /* normal to first order */
				CHECK_NEAR(x / shapes[i], 1, 7 / sqrt(shapes[i]));
		}
	/* The two methods meet. */
	CHECK_NEAR(chance_gamma_quantile(100001, 0.9995) - chance_gamma_quantile(99999, 0.9995), 2,
		   0.05);
}

static void binomial_tails_are_exact(void)
{
	CHECK_NEAR(chance_at_least(1, 1, 0.02), 0.02, 1e-12);
	CHECK_NEAR(chance_at_least(5, 5, 0.02), 3.2e-9, 1e-15);
	CHECK_NEAR(chance_at_least(0, 10, 0.3), 1, 1e-12);
	CHECK_NEAR(chance_at_least(3, 10, 0.5), 0.9453125, 1e-12);
	CHECK_NEAR(chance_at_least(11, 10, 0.5), 0, 0);
	/* Clopper-Pearson, 10 of 100, one-sided 97.5 %. */
	CHECK_NEAR(chance_lower(10, 100, 0.025), 0.0490047, 1e-6);
	CHECK_NEAR(chance_lower(3, 3, 0.05), 0.3684031, 1e-6);
	CHECK_NEAR(chance_lower(0, 50, 0.05), 0, 0);
}

static void five_wrong_of_the_first_five_act_at_once(void)
{
	const struct wrong_limits *lim = &wrong_limits_default;
	struct wrong w;
	int i, acted = 0;

	wrong_init(&w, lim);
	for (i = 1; i <= 5 && !acted; i++)
		acted = wrong_add(&w, lim, false, i * 100) == WRONG_SLOWER ? i : 0;
	CHECK_INT(acted, 3);
	CHECK_HAS(w.reason, "3 of the last 3 results are wrong (100.0 %, surely above 4.6 %");
}

static void bad_luck_is_nothing(void)
{
	const struct wrong_limits *lim = &wrong_limits_default;
	struct wrong w;
	int i;

	wrong_init(&w, lim);
	for (i = 1; i <= 24; i++) /* a slow day: one an hour, the first and the last are wrong */
		CHECK_INT(wrong_add(&w, lim, i > 1 && i < 24, i * HOUR), WRONG_NONE);
	wrong_init(&w, lim);
	for (i = 1; i <= 20000; i++) /* one in two hundred */
		CHECK_INT(wrong_add(&w, lim, i % 200 != 0, i * 1000), WRONG_NONE);
	CHECK_U64(w.total_bad, 100);
}

/* As the header says; one more good one among them and it waits. */
static void the_stated_counts_act(void)
{
	static const struct {
		int bad, all;
	} rows[] = {{3, 5}, {4, 13}, {5, 24}, {6, 37}};
	const struct wrong_limits *lim = &wrong_limits_default;
	unsigned r;
	int extra, i;

	for (r = 0; r < sizeof rows / sizeof rows[0]; r++)
		for (extra = 0; extra < 2; extra++) {
			int good = rows[r].all - rows[r].bad + extra;
			enum wrong_verdict v = WRONG_NONE;
			struct wrong w;

			wrong_init(&w, lim);
			/* good ones first: nothing may act before the last */
			for (i = 0; i < good + rows[r].bad; i++)
				v = wrong_add(&w, lim, i < good, 1000 + i);
			CHECK_INT(v, extra ? WRONG_NONE : WRONG_SLOWER);
		}
}

static void old_results_do_not_count(void)
{
	const struct wrong_limits *lim = &wrong_limits_default;
	struct wrong w;
	uint32_t bad, all;

	wrong_init(&w, lim);
	wrong_add(&w, lim, false, 0);
	wrong_add(&w, lim, false, 1000);
	CHECK_INT(wrong_add(&w, lim, false, lim->window_ms + 5000), WRONG_NONE);
	wrong_count(&w, lim, lim->window_ms + 5000, &bad, &all);
	CHECK_INT(bad, 1);
	CHECK_INT(all, 1);
}

/* Feed wrong ones until it acts; when it did. */
static int64_t until(struct wrong *w, enum wrong_verdict want, int64_t now)
{
	enum wrong_verdict v = WRONG_NONE;
	int i;

	for (i = 0; i < 100 && v == WRONG_NONE; i++)
		v = wrong_add(w, &wrong_limits_default, false, now += 1000);
	CHECK_INT(v, want);
	return now;
}

static void the_ladder_ends_in_parking(void)
{
	const struct wrong_limits *lim = &wrong_limits_default;
	int64_t now = 1000, before;
	struct wrong w;

	wrong_init(&w, lim);
	before = until(&w, WRONG_SLOWER, now);
	CHECK_INT(wrong_slower(&w, lim), 1);
	now = until(&w, WRONG_SLOWER, before);
	/* What was under way does not count: settle_ms, then three more. */
	CHECK(now - before >= lim->settle_ms + 2000);
	CHECK_INT(wrong_slower(&w, lim), 2);
	now = until(&w, WRONG_RESTART, now);
	now = until(&w, WRONG_RESTART, now);
	until(&w, WRONG_PARK, now);
	CHECK_INT(wrong_slower(&w, lim), 2);
	wrong_forgive(&w, lim);
	CHECK_INT(wrong_slower(&w, lim), 0);
	until(&w, WRONG_SLOWER, now + HOUR);
}

/* Good ones every 10 s until it relents; how long that took. */
static int64_t relents_after(struct wrong *w, int64_t *now)
{
	int64_t from = *now;

	while (*now - from < 100 * HOUR)
		if (wrong_add(w, &wrong_limits_default, true, *now += 10000) == WRONG_FASTER)
			break;
	return *now - from;
}

static void good_behaviour_climbs_back_and_relapses_cost(void)
{
	const struct wrong_limits *lim = &wrong_limits_default;
	int64_t now = until(&(struct wrong){0}, WRONG_SLOWER, 0);
	struct wrong w;

	wrong_init(&w, lim);
	now = until(&w, WRONG_SLOWER, now);
	CHECK_INT(relents_after(&w, &now), lim->forgive_ms);
	CHECK_INT(wrong_slower(&w, lim), 0);
	now = until(&w, WRONG_SLOWER, now);
	now = until(&w, WRONG_SLOWER, now); /* a relapse while not forgiven: twice the time */
	CHECK_INT(relents_after(&w, &now), 2 * lim->forgive_ms);
	CHECK_INT(wrong_slower(&w, lim), 1);
	CHECK_INT(relents_after(&w, &now), 2 * lim->forgive_ms);
	CHECK_INT(wrong_slower(&w, lim), 0);
}

static void slow_candidates_do_not_forgive_early(void)
{
	const struct wrong_limits *lim = &wrong_limits_default;
	struct wrong w;
	int64_t now;
	uint32_t i;

	wrong_init(&w, lim);
	now = until(&w, WRONG_SLOWER, 0);
	for (i = 1; i < lim->forgive_good; i++)
		CHECK_INT(wrong_add(&w, lim, true, now += HOUR), WRONG_NONE);
	CHECK_INT(wrong_add(&w, lim, true, now + HOUR), WRONG_FASTER);
}

/* A second of lowrate_step(). */
static enum lowrate_event second(struct lowrate *l, int64_t *now, double hashes, unsigned duty,
				 bool working, uint64_t setting)
{
	struct lowrate_in in = {
		.hashes = hashes, .duty_permille = duty, .working = working, .setting = setting};

	return lowrate_step(l, &lowrate_limits_default, &in, *now += 1000);
}

/* Seconds of it until something happens; the event, *took the seconds. */
static enum lowrate_event run(struct lowrate *l, int64_t *now, double rate, unsigned duty,
			      int seconds, int *took)
{
	enum lowrate_event e = LOWRATE_NONE;
	int i;

	for (i = 0; i < seconds && e == LOWRATE_NONE; i++)
		e = second(l, now, rate * duty / 1000, duty, true, 1);
	if (took)
		*took = i;
	return e;
}

static void a_slowed_device_is_told_once_and_so_is_its_return(void)
{
	int64_t now = 1000;
	struct lowrate l;
	int took;

	lowrate_init(&l);
	CHECK_INT(run(&l, &now, 100, 1000, 1800, NULL), LOWRATE_NONE);
	CHECK_NEAR(l.baseline, 100, 0.01);
	CHECK_INT(run(&l, &now, 72, 1000, 3600, NULL), LOWRATE_NONE); /* not low enough */
	CHECK_INT(run(&l, &now, 60, 1000, 3600, &took), LOWRATE_LOW);
	CHECK(took >= 105 && took <= 150);
	CHECK_HAS(l.reason, "% of its usual rate");
	CHECK_INT(run(&l, &now, 60, 1000, 24 * 3600, NULL), LOWRATE_NONE);
	CHECK_INT(run(&l, &now, 100, 1000, 3600, &took), LOWRATE_BACK);
	CHECK(took <= 120);
	CHECK_INT(run(&l, &now, 100, 1000, 3600, NULL), LOWRATE_NONE);
}

static void our_own_throttling_and_pauses_are_no_fault(void)
{
	int64_t now = 1000;
	struct lowrate l;
	int i;

	lowrate_init(&l);
	run(&l, &now, 100, 1000, 1800, NULL);
	CHECK_INT(run(&l, &now, 100, 400, 3600, NULL), LOWRATE_NONE);
	for (i = 0; i < 3600; i++) /* paused, without job or preparing */
		CHECK_INT(second(&l, &now, 0, 1000, false, 1), LOWRATE_NONE);
	for (i = 0; i < 10; i++) /* warms up */
		CHECK_INT(second(&l, &now, 5, 1000, true, 1), LOWRATE_NONE);
	CHECK_INT(run(&l, &now, 100, 1000, 600, NULL), LOWRATE_NONE);
	CHECK_INT(run(&l, &now, 50, 400, 3600, NULL), LOWRATE_LOW); /* low beside its duty */
}

static void a_stop_and_go_of_pauses_hides_nothing_for_ever(void)
{
	enum lowrate_event e = LOWRATE_NONE;
	int64_t now = 1000;
	struct lowrate l;
	int i;

	lowrate_init(&l);
	run(&l, &now, 100, 1000, 1800, NULL);
	for (i = 0; i < 3600 && e == LOWRATE_NONE; i++)
		e = second(&l, &now, 40, 1000, i % 300 > 60, 1);
	CHECK_INT(e, LOWRATE_LOW);
}

static void another_setting_begins_anew(void)
{
	int64_t now = 1000;
	struct lowrate l;
	int i;

	lowrate_init(&l);
	run(&l, &now, 100, 1000, 1800, NULL);
	for (i = 0; i < 3600; i++)
		CHECK_INT(second(&l, &now, 30, 1000, true, 2), LOWRATE_NONE);
	CHECK_NEAR(l.baseline, 30, 0.01);
}

static void a_profile_is_a_baseline_from_the_start(void)
{
	int64_t now = 1000;
	struct lowrate l;
	int took;

	lowrate_init(&l);
	lowrate_expect(&l, 100);
	CHECK_INT(run(&l, &now, 50, 1000, 600, &took), LOWRATE_LOW);
	CHECK(took < 200);
}

/* 4 % an hour, well below what any window of minutes would show. */
static void a_slow_decay_is_seen(void)
{
	enum lowrate_event e = LOWRATE_NONE;
	int64_t now = 1000;
	struct lowrate l;
	double rate = 100;
	int i;

	lowrate_init(&l);
	run(&l, &now, rate, 1000, 3600, NULL);
	for (i = 0; i < 48 * 3600 && e == LOWRATE_NONE; i++) {
		rate *= 1 - 0.10 / 3600;
		e = second(&l, &now, rate, 1000, true, 1);
	}
	CHECK_INT(e, LOWRATE_LOW);
	CHECK(rate > 45);
}

static void nothing_completed_is_told_before_low(void)
{
	int64_t now = 1000;
	struct lowrate l;
	int took;

	lowrate_init(&l);
	run(&l, &now, 100, 1000, 1800, NULL);
	CHECK_INT(run(&l, &now, 0, 1000, 600, &took), LOWRATE_ZERO);
	CHECK_INT(took, 60);
	CHECK_INT(run(&l, &now, 0, 1000, 600, NULL), LOWRATE_LOW);
	CHECK_INT(run(&l, &now, 0, 1000, 6000, NULL), LOWRATE_NONE);
	CHECK_INT(run(&l, &now, 100, 1000, 600, NULL), LOWRATE_BACK);
	lowrate_init(&l); /* also of a device that never did any */
	CHECK_INT(run(&l, &now, 0, 1000, 600, &took), LOWRATE_ZERO);
	CHECK_INT(run(&l, &now, 100, 1000, 600, &took), LOWRATE_BACK);
	CHECK_INT(took, 1);
}

/* Batches of 20 s: parts of 15 s have none or one. */
static void long_batches_are_no_slowness(void)
{
	int64_t now = 1000;
	struct lowrate l;
	int i;

	lowrate_init(&l);
	for (i = 1; i < 4 * 3600; i++)
		CHECK_INT(second(&l, &now, i % 20 ? 0 : 2000, 1000, true, 1), LOWRATE_NONE);
	CHECK_NEAR(l.baseline, 100, 17);
}

static void one_freak_reading_does_not_raise_the_baseline(void)
{
	int64_t now = 1000;
	struct lowrate l;

	lowrate_init(&l);
	run(&l, &now, 100, 1000, 1800, NULL);
	second(&l, &now, 1e6, 1000, true, 1);
	CHECK_INT(run(&l, &now, 100, 1000, 7200, NULL), LOWRATE_NONE);
	CHECK_NEAR(l.baseline, 100, 1);
}

static void reasons_are_a_set(void)
{
	char text[200];

	CHECK_STR(pauses_text(0, text, sizeof text), "");
	CHECK_STR(pauses_text(PAUSE_BIT(PAUSE_BATTERY) | PAUSE_BIT(PAUSE_HOT), text, sizeof text),
		  "on battery, too hot");
	CHECK_STR(pauses_words(PAUSE_BIT(PAUSE_USER) | PAUSE_BIT(PAUSE_POOL), text, sizeof text),
		  "user,pool");
	CHECK_STR(pauses_text(~0u, text, 8), "paused ");
	CHECK_STR(pause_word(PAUSE_OTHERS), "others");
}

enum { SUN, MON, TUE, WED, THU, FRI, SAT };

static void hours_are_those_of_the_text(void)
{
	struct schedule s, other;
	struct err err = {0};

	if (!CHECK_OK(schedule_parse(&s, "mon-fri 08:00-18:00, sat 00:00-24:00", &err), &err))
		return;
	CHECK(!schedule_in(&s, MON, 7 * 60 + 59));
	CHECK(schedule_in(&s, MON, 8 * 60));
	CHECK(schedule_in(&s, FRI, 17 * 60 + 59));
	CHECK(!schedule_in(&s, FRI, 18 * 60));
	CHECK(schedule_in(&s, SAT, 0) && schedule_in(&s, SAT, 1439));
	CHECK(!schedule_in(&s, SUN, 0) && !schedule_in(&s, FRI, 1439));
	CHECK_OK(schedule_parse(&s, "fri 22:00-6:30", &err), &err);
	CHECK(schedule_in(&s, FRI, 1439) && schedule_in(&s, SAT, 6 * 60 + 29));
	CHECK(!schedule_in(&s, SAT, 6 * 60 + 30) && !schedule_in(&s, FRI, 0));
	CHECK_OK(schedule_parse(&s, "sat 22:00-06:00", &err), &err); /* into another week */
	CHECK(schedule_in(&s, SUN, 5 * 60) && !schedule_in(&s, SUN, 6 * 60));
	CHECK_OK(schedule_parse(&s, "fri-mon", &err), &err);
	CHECK_OK(schedule_parse(&other, "Fri,sat , SUN\t00:00-24:00,mon", &err), &err);
	CHECK_MEM(s.in, other.in, sizeof s.in);
	CHECK_OK(schedule_parse(&s, "daily 01:00-02:00", &err), &err);
	CHECK_OK(schedule_parse(&other, "1:00-2:00", &err), &err);
	CHECK_MEM(s.in, other.in, sizeof s.in);
}

static void bad_hours_are_named(void)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"", "no hours are given"},
		{"  ", "no hours are given"},
		{"mon,", "leave out a comma"},
		{"mun 08:00-18:00", "'mun' is no day"},
		{"mon-fry", "'mon-fry' is no day"},
		{"mon 8-18", "'8-18' are no hours"},
		{"mon 08:00", "'08:00' are no hours"},
		{"mon 08:00-25:00", "'08:00-25:00' are no hours"},
		{"mon 08:60-09:00", "'08:60-09:00' are no hours"},
		{"mon 08:00-24:01", "'08:00-24:01' are no hours"},
		{"mon 08:00-08:00", "the whole day is 00:00-24:00"},
		{"mon 24:00-08:00", "no time at all"},
		{"mon 08:00-09:00 10:00-11:00", "'10:00-11:00' is too much: put a comma"},
		{"mon\n08:00-09:00", "belongs to no day"},
		{"mon 08:00-09:00;tue", "belongs to no day"},
		{"monday-tuesday-wednesday-thursday-friday-saturday-sunday-and-then-on",
		 "too long"},
	};
	unsigned i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct schedule s = {.in = {7}};
		struct err err = {0};

		CHECK_ERR(schedule_parse(&s, rows[i].text, &err), ERR_PARSE, &err);
		CHECK_HAS(err.text, rows[i].says);
		CHECK_LACKS(err.text, "\n");
		CHECK(!s.set && s.in[0] == 7); /* untouched */
	}
}

static void hours_to_mine_and_hours_to_pause(void)
{
	struct schedule none = {0}, mine, pause, always;
	struct err err = {0};

	schedule_parse(&mine, "daily 20:00-08:00", &err);
	schedule_parse(&pause, "sun", &err);
	schedule_parse(&always, "daily", &err);
	CHECK(!hours_pause(&none, &none, MON, 600));
	CHECK(hours_pause(&mine, &none, MON, 600));
	CHECK(!hours_pause(&mine, &none, MON, 1200));
	CHECK(hours_pause(&none, &pause, SUN, 1200));
	CHECK(hours_pause(&mine, &pause, SUN, 1200));
	CHECK(!hours_pause(&mine, &pause, SAT, 1200));
	CHECK_INT(hours_next(&mine, &none, MON, 600), 600);
	CHECK_INT(hours_next(&mine, &none, MON, 1200), 720);
	CHECK_INT(hours_next(&mine, &pause, SAT, 1439), 1);
	CHECK_INT(hours_next(&none, &none, SAT, 1439), 0);
	CHECK_INT(hours_next(&always, &none, MON, 0), 0);
	CHECK_INT(hours_next(&none, &always, MON, 0), 0);
}

static void activity_counts_when_it_lasts_and_ends_when_quiet_lasts(void)
{
	struct quiet q = {0};

	CHECK(!quiet_step(&q, false, 2000, 60000, 0));
	CHECK(!quiet_step(&q, true, 2000, 60000, 1000));
	CHECK_INT(quiet_next(&q, 2000, 60000), 3000);
	CHECK(!quiet_step(&q, false, 2000, 60000, 2000)); /* a twitch */
	CHECK(!quiet_step(&q, true, 2000, 60000, 3000));
	CHECK(quiet_step(&q, true, 2000, 60000, 5000));
	CHECK(quiet_next(&q, 2000, 60000) == INT64_MAX);
	CHECK(quiet_step(&q, false, 2000, 60000, 10000));
	CHECK(quiet_step(&q, true, 2000, 60000, 69000)); /* again, just in time */
	CHECK(quiet_step(&q, false, 2000, 60000, 70000));
	CHECK(quiet_step(&q, false, 2000, 60000, 129999));
	CHECK(!quiet_step(&q, false, 2000, 60000, 130000));
}

static void the_numbers_that_matter_are_known(void)
{
	static const int numbers[] = {13, 31, 43, 45, 48, 61,  62,  63,
				      64, 74, 79, 94, 95, 109, 119, 120};
	unsigned i;

	for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		const struct xid *x = xid_find(numbers[i]);

		CHECK_INT(x->number, numbers[i]);
		CHECK(x->what[0] && x->advice[0]);
	}
	CHECK_HAS(xid_find(79)->what, "fallen off the bus");
	CHECK_INT(xid_find(79)->cure, XID_REBOOT);
	CHECK_INT(xid_find(31)->cure, XID_RESTART);
	CHECK_INT(xid_find(63)->cure, XID_NOTE);
	CHECK_INT(xid_find(-1)->cure, XID_NOTE);
	CHECK_INT(xid_find(INT64_MAX)->cure, XID_NOTE);
}

/* For whole a it is one less a finite sum of Poisson's terms. */
static void the_distribution_is_the_finite_sum(void)
{
	unsigned a, k;
	double x;

	for (a = 1; a <= 40; a += 3)
		for (x = 0.25; x < 90; x *= 1.7) {
			double term = exp(-x), sum = 0;

			for (k = 0; k < a; k++) {
				sum += term;
				term *= x / (k + 1);
			}
			CHECK_NEAR(chance_gamma(a, x), 1 - sum, 1e-13);
		}
}

/* One wrong, or two, are nothing even where hardly any are borne. */
static void two_wrong_never_act(void)
{
	struct wrong_limits lim = wrong_limits_default;
	struct wrong w;

	lim.limit_permille = 1;
	wrong_init(&w, &lim);
	CHECK_INT(wrong_add(&w, &lim, false, 1000), WRONG_NONE);
	CHECK_INT(wrong_add(&w, &lim, false, 2000), WRONG_NONE);
	CHECK_INT(wrong_add(&w, &lim, false, 3000), WRONG_SLOWER);
}

/* One in sixty is borne, but earns no forgiveness; one in two hundred does. */
static void so_so_behaviour_is_not_forgiven(void)
{
	const struct wrong_limits *lim = &wrong_limits_default;
	int64_t now;
	struct wrong w;
	int i;

	wrong_init(&w, lim);
	now = until(&w, WRONG_SLOWER, 0) + lim->settle_ms;
	for (i = 0; i < 60; i++)
		wrong_add(&w, lim, i != 30, now += 10000);
	for (i = 0; i < 6000; i++)
		if (!CHECK_INT(wrong_add(&w, lim, i % 50 != 25, now += 10000), WRONG_NONE))
			return;
	for (i = 0; i < 400 && wrong_slower(&w, lim); i++)
		wrong_add(&w, lim, i % 200 != 199, now += 10000);
	CHECK_INT(wrong_slower(&w, lim), 0);
}

static void warming_up_is_not_measured(void)
{
	int64_t now = 1000;
	struct lowrate l;
	int i;

	lowrate_init(&l);
	for (i = 0; i < 15; i++)
		second(&l, &now, 0, 1000, true, 1);
	run(&l, &now, 100, 1000, 120, NULL);
	CHECK_NEAR(lowrate_mean(&l), 100, 0.01);
}

static void nothing_completed_is_told_again_after_a_restart(void)
{
	int64_t now = 1000;
	struct lowrate l;

	lowrate_init(&l);
	CHECK_INT(run(&l, &now, 0, 1000, 600, NULL), LOWRATE_ZERO);
	second(&l, &now, 0, 1000, false, 1);
	CHECK_INT(run(&l, &now, 0, 1000, 600, NULL), LOWRATE_ZERO);
}

int main(void)
{
	T_RUN(every_event_has_a_name_of_its_own);
	T_RUN(repeats_are_counted_and_said_later);
	T_RUN(the_last_word_is_how_things_are);
	T_RUN(quantiles_are_those_of_the_tables);
	T_RUN(poisson_intervals_are_garwoods);
	T_RUN(quantile_and_distribution_are_inverse);
	T_RUN(binomial_tails_are_exact);
	T_RUN(five_wrong_of_the_first_five_act_at_once);
	T_RUN(bad_luck_is_nothing);
	T_RUN(the_stated_counts_act);
	T_RUN(old_results_do_not_count);
	T_RUN(the_ladder_ends_in_parking);
	T_RUN(good_behaviour_climbs_back_and_relapses_cost);
	T_RUN(slow_candidates_do_not_forgive_early);
	T_RUN(a_slowed_device_is_told_once_and_so_is_its_return);
	T_RUN(our_own_throttling_and_pauses_are_no_fault);
	T_RUN(a_stop_and_go_of_pauses_hides_nothing_for_ever);
	T_RUN(another_setting_begins_anew);
	T_RUN(a_profile_is_a_baseline_from_the_start);
	T_RUN(a_slow_decay_is_seen);
	T_RUN(nothing_completed_is_told_before_low);
	T_RUN(long_batches_are_no_slowness);
	T_RUN(one_freak_reading_does_not_raise_the_baseline);
	T_RUN(reasons_are_a_set);
	T_RUN(hours_are_those_of_the_text);
	T_RUN(bad_hours_are_named);
	T_RUN(hours_to_mine_and_hours_to_pause);
	T_RUN(activity_counts_when_it_lasts_and_ends_when_quiet_lasts);
	T_RUN(the_numbers_that_matter_are_known);
	T_RUN(the_distribution_is_the_finite_sum);
	T_RUN(two_wrong_never_act);
	T_RUN(so_so_behaviour_is_not_forgiven);
	T_RUN(warming_up_is_not_measured);
	T_RUN(nothing_completed_is_told_again_after_a_restart);
	return t_done();
}
