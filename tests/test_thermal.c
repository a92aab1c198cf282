/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The temperature of simulated cards is held, over all that a card and its sensor may be. */
#include "src/guard/thermal.h"
#include "tests/plant.h"

#define TARGET 75.0
#define LIMIT  85.0
#define STEP_C 15.0 /* of the room */

static const struct thermal_limits usual = {.target_mc = 75000,
					    .limit_mc = 85000,
					    .resume_mc = 70000,
					    .step_permille = 50,
					    .duty_floor_permille = 100,
					    .safe_permille = 300,
					    .lost_ms = 60000,
					    .interval_ms = 1000};

/* A window of time in which all should be settled. */
struct window {
	double from_s, to_s;
	double ideal; /* duty that holds the target, at most 1 */
	double low, high, sum, away;
	unsigned n, turns;
	int way; /* of the duty, and where it was farthest: turns are counted from 2 % */
	double farthest;
};

struct outcome {
	double hottest, duty_sum, ideal_sum, step;
	double blind_s; /* from the jump of the room until two readings told of it */
	unsigned told;  /* of these */
	unsigned pauses, events, writes; /* writes: changes of the power limit */
	struct window w[2];
};

static void window_see(struct window *w, const struct plant *p, const struct plant_body *b,
		       double duty)
{
	double away = fabs(b->c - TARGET);

	if (p->t_s <= w->from_s || p->t_s > w->to_s)
		return;
	if (!w->n++)
		w->low = w->high = w->farthest = duty;
	w->low = fmin(w->low, duty);
	w->high = fmax(w->high, duty);
	w->sum += duty;
	w->away = fmax(w->away, away);
	if (w->way >= 0 ? duty > w->farthest : duty < w->farthest)
		w->farthest = duty;
	if (fabs(duty - w->farthest) > 0.02) {
		w->turns += w->way != 0;
		w->way = duty > w->farthest ? 1 : -1;
		w->farthest = duty;
	}
}

/* A card mines for 40 minutes; after 20 the room becomes hotter. */
static struct outcome mine(struct plant *p, const struct thermal_limits *l, struct plant_body *b)
{
	struct outcome o = {.w = {{.from_s = 900, .to_s = 1200}, {.from_s = 2100, .to_s = 2400}}};
	struct thermal_out out = {.duty_permille = 1000, .limit_mw = SENSOR_LEAVE};
	struct sensor_reading r;
	struct thermal machine;
	double duty = 1;
	unsigned k;

	thermal_init(&machine);
	plant_begin(p);
	o.w[0].ideal = fmin(plant_duty_for(p, b, TARGET), 1);
	p->room_c += STEP_C;
	o.w[1].ideal = fmin(plant_duty_for(p, b, TARGET), 1);
	p->room_c -= STEP_C;
	for (k = 0; k < 4800; k++) {
		uint32_t was = out.duty_permille;
		int64_t limit = out.limit_mw;
		bool came;

		p->room_c += k == 2400 ? STEP_C : 0;
		plant_step(p, duty);
		came = plant_read(p, &r);
		if (came && r.at_ms > 1200000 && o.told++ == 1)
			o.blind_s = p->t_s - 1200;
		if (k % 2 == 0 || came) {
			thermal_step(&machine, l, came ? &r : NULL, (int64_t)(p->t_s * 1000), &out);
			if (out.event != THERMAL_RESUMED && k > 40)
				o.step = fmax(o.step, fabs((double)out.duty_permille - was));
			o.pauses += out.event == THERMAL_OVERHEAT;
			o.events += out.event != THERMAL_NONE;
			o.writes += out.limit_mw != limit;
		}
		duty = out.pause ? 0 : out.duty_permille / 1000.0;
		p->limit_mw = out.limit_mw > 0 ? (double)out.limit_mw : 0;
		o.hottest = fmax(o.hottest, b->c);
		o.duty_sum += duty;
		o.ideal_sum += o.w[k >= 2400].ideal;
		window_see(&o.w[k >= 2400], p, b, duty);
	}
	return o;
}

/* The worst that was seen. */
static struct {
	double away, swing, lost, lost_in_all, hottest;
	unsigned turns, runs, unfair;
} worst;

static bool check_window(const struct window *w)
{
	double lost = 1 - w->sum / w->n / w->ideal;
	bool good = true;

	worst.swing = fmax(worst.swing, w->high - w->low);
	worst.lost = fmax(worst.lost, lost);
	worst.turns = w->turns > worst.turns ? w->turns : worst.turns;
	if (w->ideal >= 1)
		return t_count(w->low >= 1);
	worst.away = fmax(worst.away, w->away);
	good &= t_count(w->away <= 2);
	good &= t_count(w->high - w->low <= 0.05);
	good &= t_count(w->turns <= 8);
	good &= t_count(lost <= 0.03);
	return good;
}

/*
 * Until two readings tell of it, a room that jumps by 15 C has heated the card by so much: where
 * that is most of the ten degrees to the limit, no controller can prevent it (but it pauses).
 */
static double before_seen_c(const struct plant *p, const struct outcome *o)
{
	return STEP_C * (1 - exp(-o->blind_s / p->core.tau_s));
}

static void check_run(struct plant p)
{
	struct thermal_limits l = usual;
	struct plant now = p;
	struct outcome o;
	bool good;

	l.interval_ms = (int32_t)(p.interval_s * 1000);
	o = mine(&now, &l, &now.core);
	good = check_window(&o.w[0]);
	good &= check_window(&o.w[1]);
	good &= t_count(o.step <= 50);
	good &= t_count(1 - o.duty_sum / o.ideal_sum <= 0.05);
	worst.lost_in_all = fmax(worst.lost_in_all, 1 - o.duty_sum / o.ideal_sum);
	worst.runs++;
	if (before_seen_c(&p, &o) > 6) {
		worst.unfair++;
		good &= t_count(o.pauses <= 2);
	} else {
		worst.hottest = fmax(worst.hottest, o.hottest);
		good &= t_count(o.hottest < LIMIT && o.pauses == 0);
	}
	if (!good)
		printf("tau %g+%g rise %g noise %g quantum %g interval %g late %g drop %g: hottest "
		       "%.2f, away %.2f %.2f, duty %.3f-%.3f %.3f-%.3f for %.3f %.3f, step %g, "
		       "%u pauses, blind %g s, lost %.3f\n",
		       p.core.tau_s, p.core.tau2_s, p.core.rise_c, p.noise_c, p.quantum_c,
		       p.interval_s, p.delay_s, p.drop, o.hottest, o.w[0].away, o.w[1].away,
		       o.w[0].low, o.w[0].high, o.w[1].low, o.w[1].high, o.w[0].ideal, o.w[1].ideal,
		       o.step, o.pauses, o.blind_s, 1 - o.duty_sum / o.ideal_sum);
}

static struct plant card(double rise_c, double tau_s)
{
	return (struct plant){.core = {.rise_c = rise_c, .tau_s = tau_s},
			      .room_c = 25,
			      .idle_share = 0.1,
			      .full_mw = 200000,
			      .interval_s = 1,
			      .seed = 1};
}

static void every_card_is_held_through_every_sensor(void)
{
	static const double taus[] = {5, 10, 20, 40, 80, 120}, rises[] = {40, 55, 70, 90};
	static const struct {
		double interval_s, delay_s, drop;
	} seen[] = {{1, 0, 0}, {2, 0, 0.1}, {2, 2, 0.3}, {5, 1, 0.2}};
	unsigned i;

	for (i = 0; i < 6 * 4 * 4 * 2 * 2 * 2; i++) {
		struct plant p = card(rises[i / 8 % 4], taus[i / 128]);

		p.noise_c = i & 1;
		p.quantum_c = i >> 1 & 1;
		p.core.tau2_s = i & 4 ? p.core.tau_s / 4 : 0;
		p.interval_s = seen[i / 32 % 4].interval_s;
		p.delay_s = seen[i / 32 % 4].delay_s;
		p.drop = seen[i / 32 % 4].drop;
		p.seed = i;
		check_run(p);
	}
	printf("%u runs (%u with steps that no controller could hold): hottest %.2f C, away %.2f "
	       "C, "
	       "swing %.3f, %u turns, lost %.3f settled, %.3f in all\n",
	       worst.runs, worst.unfair, worst.hottest, worst.away, worst.swing, worst.turns,
	       worst.lost, worst.lost_in_all);
}

static void power_limit_goes_first_and_loses_less(void)
{
	static const double taus[] = {5, 30, 120};
	unsigned i;

	for (i = 0; i < 6; i++) {
		struct thermal_limits l = usual;
		struct plant p = card(90, taus[i / 2]), q;
		struct outcome with, without;

		p.noise_c = i & 1;
		p.quantum_c = 1;
		q = p;
		l.may_power = true;
		l.power_min_mw = 110000;
		l.power_max_mw = 260000; /* the card draws 200 W: the rest has no effect */
		with = mine(&p, &l, &p.core);
		without = mine(&q, &usual, &q.core);
		CHECK(with.hottest < LIMIT);
		CHECK(with.w[0].away <= 2);
		CHECK(with.w[1].away <= 2);
		CHECK(with.w[0].low >= 1); /* the limit alone will do */
		CHECK(with.w[1].high < 1); /* not any more */
		CHECK(with.step <= 50);
		CHECK(with.writes <= 400);
		CHECK_INT(p.limit_mw, 110000);
		CHECK(p.hashes > q.hashes * 1.2);
		CHECK(without.writes == 0);
	}
}

/* A limit far over what the card draws: the way down to where it bites is not walked. */
static void power_limit_bites_from_its_first_step(void)
{
	struct thermal_limits l = usual;
	struct plant p = card(49, 10);
	struct outcome o;

	p.quantum_c = 1;
	l.may_power = true;
	l.power_min_mw = 110000;
	l.power_max_mw = 500000;
	o = mine(&p, &l, &p.core);
	CHECK(o.w[0].low >= 1);
	CHECK(o.hottest < 83);
	CHECK(o.w[1].away <= 2);
}

static void memory_decides_where_it_is_hotter(void)
{
	struct thermal_limits l = usual;
	struct plant p = card(40, 30);
	struct outcome o;

	p.memory = (struct plant_body){.rise_c = 75, .tau_s = 60};
	p.quantum_c = 2;
	p.noise_c = 0.5;
	l.memory_target_mc = 75000;
	l.memory_limit_mc = 85000;
	o = mine(&p, &l, &p.memory);
	CHECK(o.hottest < LIMIT);
	CHECK(o.w[0].ideal < 0.9);
	CHECK(o.w[0].away <= 2.5);
	CHECK(o.w[1].away <= 2.5);
	CHECK(o.w[0].high - o.w[0].low <= 0.04);
}

static void fan_that_fails_is_survived(void)
{
	struct plant p = card(60, 40);
	struct outcome o;

	p.quantum_c = 1;
	p.fan = 1 / 1.5;
	p.core.rise_c = 90;
	o = mine(&p, &usual, &p.core);
	CHECK(o.hottest < TARGET + STEP_C);
	CHECK(o.w[1].away <= 2);
}

/* One machine fed by hand, a second at a time. */
static struct hand {
	struct thermal machine;
	struct thermal_limits l;
	struct thermal_out out;
	int64_t now_ms;
} hand;

static void hand_begin(void)
{
	hand.out = (struct thermal_out){.duty_permille = 1000};
	hand.l = usual;
	hand.l.lost_ms = 10000;
	hand.now_ms = 1000000;
	thermal_init(&hand.machine);
}

static enum thermal_event hand_give(const struct sensor_reading *r)
{
	hand.now_ms += 1000;
	thermal_step(&hand.machine, &hand.l, r, hand.now_ms, &hand.out);
	return hand.out.event;
}

/* Core temperature for so many seconds; the last event that was not none. */
static enum thermal_event hand_core(double c, unsigned seconds)
{
	enum thermal_event last = THERMAL_NONE, now;

	while (seconds--) {
		struct sensor_reading r = {.at_ms = hand.now_ms + 1000};

		sensor_put(&r, SENSOR_CORE_MC, (int64_t)(c * 1000));
		now = hand_give(&r);
		last = now ? now : last;
	}
	return last;
}

static enum thermal_event hand_none(unsigned seconds)
{
	enum thermal_event last = THERMAL_NONE, now;

	while (seconds--) {
		now = hand_give(NULL);
		last = now ? now : last;
	}
	return last;
}

static void limit_pauses_at_once_and_ends_with_hysteresis(void)
{
	uint32_t before;

	hand_begin();
	CHECK_INT(hand_core(60, 200), THERMAL_NONE);
	CHECK_INT(hand_core(80, 600), THERMAL_HOT);
	CHECK_INT(hand.out.duty_permille, 100);
	CHECK_STR(hand.out.reason, "core 80 C, target 75 C: duty 10 %");
	CHECK_INT(hand_core(60, 200), THERMAL_COOL);
	before = hand.out.duty_permille;
	CHECK_INT(hand_core(85, 1), THERMAL_OVERHEAT);
	CHECK(hand.out.pause);
	CHECK_STR(hand.out.reason, "core 85 C, limit 85 C: paused until 70 C");
	CHECK_INT(hand_core(71, 60), THERMAL_NONE);
	CHECK(hand.out.pause);
	CHECK_INT(hand_core(70, 1), THERMAL_RESUMED);
	CHECK(!hand.out.pause);
	CHECK(hand.out.duty_permille <= before / 2 + 1);
	hand_core(60, 120);
	CHECK_INT(hand.out.duty_permille, 1000);
	/* Cool at once: a pause has a least length all the same, longer the second time. */
	CHECK_INT(hand_core(90, 1), THERMAL_OVERHEAT);
	CHECK_INT(hand_core(50, 19), THERMAL_NONE);
	CHECK_INT(hand_core(50, 1), THERMAL_RESUMED);
}

static void pause_ends_only_by_a_reading_made_in_it(void)
{
	hand_begin();
	hand.l.lost_ms = 100000;
	hand_core(60, 10);
	hand_core(86, 1);
	CHECK_INT(hand_none(60), THERMAL_NONE);
	CHECK(hand.out.pause);
	CHECK_INT(hand_none(60), THERMAL_LOST);
	CHECK(hand.out.pause);
	CHECK_HAS(hand.out.reason, "core was 86 C and is not known any more");
	CHECK_INT(hand_core(60, 1), THERMAL_FOUND);
	CHECK_INT(hand_core(60, 1), THERMAL_RESUMED);
}

/* A card that is too hot even at its floor. */
static void hopeless_card_does_not_flap(void)
{
	struct thermal_limits l = usual;
	struct plant p = card(200, 10);
	struct outcome o;

	l.duty_floor_permille = 700;
	o = mine(&p, &l, &p.core);
	CHECK(o.pauses >= 3);
	CHECK(o.pauses <= 9);
}

static void target_not_reached_leaves_full_duty(void)
{
	struct plant p = card(48.5, 20);
	struct outcome o;

	p.noise_c = 1; /* seen at up to 74.5 */
	p.quantum_c = 0;
	p.room_c = 25 - STEP_C;
	o = mine(&p, &usual, &p.core);
	CHECK(o.w[0].low >= 1);
	p = card(48.5, 20);
	p.noise_c = 1;
	o = mine(&p, &usual, &p.core);
	CHECK(o.w[0].low >= 1);
	CHECK(o.events <= 3);
}

static void lost_sensor_leads_to_a_safe_duty(void)
{
	struct sensor_reading r = {0};

	hand_begin();
	hand_core(60, 200);
	CHECK_INT(hand.out.duty_permille, 1000);
	CHECK_STR(hand.out.reason, "");
	CHECK_INT(hand_none(10), THERMAL_NONE);
	CHECK_INT(hand.out.duty_permille, 1000);
	CHECK_INT(hand_none(1), THERMAL_LOST);
	CHECK_INT(hand.out.duty_permille, 950);
	CHECK_INT(hand_none(30), THERMAL_NONE);
	CHECK_INT(hand.out.duty_permille, 300);
	CHECK(!hand.out.pause);
	CHECK_STR(hand.out.reason,
		  "core temperature not known any more: at most duty 30 % until it is back");
	CHECK_INT(hand_core(60, 1), THERMAL_FOUND);
	hand_core(60, 120);
	CHECK_INT(hand.out.duty_permille, 1000);
	/* Readings without a temperature, or with one that cannot be. */
	CHECK_INT(hand_core(-41, 5), THERMAL_NONE);
	CHECK_INT(hand_core(151, 6), THERMAL_LOST);
	CHECK(!hand.out.pause);
	CHECK_INT(hand_core(60, 1), THERMAL_FOUND);
	/* The driver says that the card is gone. */
	r.at_ms = hand.now_ms + 1000;
	r.lost = 1;
	CHECK_INT(hand_give(&r), THERMAL_LOST);
	CHECK_HAS(hand.out.reason, "lost with the card");
}

static void memory_alone_can_be_lost(void)
{
	struct sensor_reading r = {.at_ms = 1001000};

	hand_begin();
	hand.l.memory_limit_mc = 100000;
	sensor_put(&r, SENSOR_CORE_MC, 60000);
	sensor_put(&r, SENSOR_MEMORY_MC, 90000);
	hand_give(&r);
	CHECK_INT(hand_core(60, 15), THERMAL_LOST);
	CHECK_HAS(hand.out.reason, "memory temperature not known");
	hand.l.memory_limit_mc = 0;
	CHECK_INT(hand_core(60, 15), THERMAL_FOUND);
}

static void card_that_never_told_is_left_alone(void)
{
	struct sensor_reading r = {.at_ms = 1001000};

	hand_begin();
	sensor_put(&r, SENSOR_POWER_MW, 100000);
	CHECK_INT(hand_give(&r), THERMAL_NONE);
	CHECK_INT(hand_none(1000), THERMAL_NONE);
	CHECK_INT(hand.out.duty_permille, 1000);
	CHECK_INT(hand.out.limit_mw, SENSOR_LEAVE);
	CHECK(!hand.out.pause);
}

static void repeats_and_old_readings_are_none(void)
{
	struct sensor_reading r = {.at_ms = 1001000};

	hand_begin();
	sensor_put(&r, SENSOR_CORE_MC, 60000);
	CHECK_INT(hand_give(&r), THERMAL_NONE);
	CHECK_STR(hand.out.reason, "core 60 C, target 75 C: coming up, duty 40 %");
	hand_none(8);
	r.v[SENSOR_CORE_MC] = 90000;
	CHECK_INT(hand_give(&r), THERMAL_NONE); /* same at_ms: a repeat */
	CHECK(!hand.out.pause);
	r.at_ms -= 5000;
	hand_give(&r);
	CHECK_INT(hand_give(&r), THERMAL_LOST);
	/* The clock goes back: no harm, and readings by the new one count. */
	hand.now_ms -= 500000;
	CHECK_INT(hand_core(60, 3), THERMAL_FOUND);
	CHECK_INT(hand_core(86, 1), THERMAL_OVERHEAT);
	hand.now_ms -= 500000;
	CHECK_INT(hand_core(60, 11), THERMAL_RESUMED);
}

/* What a step could not do is not stored up: the way back begins at once. */
static void nothing_winds_up_in_a_step(void)
{
	uint32_t before;
	unsigned i;

	hand_begin();
	hand.l.may_power = true;
	hand.l.power_min_mw = 20000;
	hand.l.power_max_mw = 200000;
	for (i = 0; i < 2000 && hand.out.duty_permille > 900; i++)
		hand_core(80, 1);
	CHECK_INT(hand.out.limit_mw, 20000);
	before = hand.out.duty_permille;
	hand_core(84.9, 3);
	CHECK(hand.out.duty_permille < before);
	CHECK(hand.out.duty_permille + 150 >= before);
	before = hand.out.duty_permille;
	hand_core(78, 1);
	CHECK(hand.out.duty_permille > before);
}

static void time_before_all_time_is_none(void)
{
	struct sensor_reading r = {.at_ms = INT64_MIN};

	hand_begin();
	sensor_put(&r, SENSOR_CORE_MC, 60000);
	CHECK_INT(hand_give(&r), THERMAL_NONE);
	CHECK_INT(hand.out.duty_permille, 1000);
	CHECK_INT(hand_core(90, 1), THERMAL_OVERHEAT);
}

static void hot_spot_counts_with_its_allowance(void)
{
	struct sensor_reading r = {.at_ms = 1001000};

	hand_begin();
	sensor_put(&r, SENSOR_CORE_MC, 70000);
	sensor_put(&r, SENSOR_HOTSPOT_MC, 104000);
	CHECK_INT(hand_give(&r), THERMAL_HOT);
	r.at_ms += 1000;
	r.v[SENSOR_HOTSPOT_MC] = 105000;
	CHECK_INT(hand_give(&r), THERMAL_OVERHEAT);
	CHECK_STR(hand.out.reason, "hot spot 105 C, limit 105 C: paused until 90 C");
	/* Alone, it is what there is. */
	hand_begin();
	r = (struct sensor_reading){.at_ms = 1001000};
	sensor_put(&r, SENSOR_HOTSPOT_MC, 86000);
	CHECK_INT(hand_give(&r), THERMAL_OVERHEAT);
	CHECK_STR(hand.out.reason, "hot spot 86 C, limit 85 C: paused until 70 C");
}

static void limit_without_target_throttles_only_once_burnt(void)
{
	hand_begin();
	hand.l.target_mc = 0;
	hand.l.resume_mc = 0;
	hand_core(84, 60);
	CHECK_INT(hand.out.duty_permille, 1000);
	hand_core(85, 1);
	CHECK_HAS(hand.out.reason, "until 75 C");
	hand_core(75, 20);
	CHECK(!hand.out.pause);
	hand_core(84, 60);
	CHECK(hand.out.duty_permille < 500);
}

/* Readings of every kind of nonsense: what comes out stays within its bounds. */
static void nonsense_stays_within_bounds(void)
{
	struct plant dice = {.seed = 7};
	unsigned i, bad = 0;

	hand_begin();
	hand.l.may_power = true;
	hand.l.power_min_mw = 100000;
	hand.l.power_max_mw = 200000;
	for (i = 0; i < 100000; i++) {
		struct sensor_reading r = {0};
		uint32_t was = i ? hand.out.duty_permille : 1000;
		unsigned f;

		r.at_ms = hand.now_ms + (int64_t)((plant_random(&dice) - 0.3) * 4000);
		r.lost = plant_random(&dice) < 0.01;
		for (f = 0; f < SENSOR_FIELDS; f++)
			if (plant_random(&dice) < 0.5)
				sensor_put(&r, f, (int64_t)((plant_random(&dice) - 0.2) * 120000));
		if (plant_random(&dice) < 0.01)
			sensor_put(&r, SENSOR_CORE_MC, INT64_MIN);
		if (plant_random(&dice) < 0.01)
			sensor_put(&r, SENSOR_POWER_MW, INT64_MAX);
		if (plant_random(&dice) < 0.01)
			r.at_ms = plant_random(&dice) < 0.5 ? INT64_MIN : INT64_MAX;
		hand.now_ms -= plant_random(&dice) < 0.01 ? 20000 : 0;
		hand_give(plant_random(&dice) < 0.2 ? NULL : &r);
		bad += hand.out.duty_permille < 100 || hand.out.duty_permille > 1000;
		bad += hand.out.limit_mw != SENSOR_LEAVE &&
		       (hand.out.limit_mw < 100000 || hand.out.limit_mw > 200000);
		bad += hand.out.event != THERMAL_RESUMED && i > 100 &&
		       abs((int)hand.out.duty_permille - (int)was) > 55;
		bad += hand.out.pause && !hand.out.reason[0];
		bad += !memchr(hand.out.reason, 0, sizeof hand.out.reason);
		bad += hand.out.event && strcmp(thermal_event_name(hand.out.event), "none") == 0;
	}
	CHECK_INT(bad, 0);
}

int main(void)
{
	T_RUN(every_card_is_held_through_every_sensor);
	T_RUN(power_limit_goes_first_and_loses_less);
	T_RUN(power_limit_bites_from_its_first_step);
	T_RUN(memory_decides_where_it_is_hotter);
	T_RUN(fan_that_fails_is_survived);
	T_RUN(limit_pauses_at_once_and_ends_with_hysteresis);
	T_RUN(pause_ends_only_by_a_reading_made_in_it);
	T_RUN(hopeless_card_does_not_flap);
	T_RUN(target_not_reached_leaves_full_duty);
	T_RUN(lost_sensor_leads_to_a_safe_duty);
	T_RUN(memory_alone_can_be_lost);
	T_RUN(card_that_never_told_is_left_alone);
	T_RUN(repeats_and_old_readings_are_none);
	T_RUN(nothing_winds_up_in_a_step);
	T_RUN(time_before_all_time_is_none);
	T_RUN(hot_spot_counts_with_its_allowance);
	T_RUN(limit_without_target_throttles_only_once_burnt);
	T_RUN(nonsense_stays_within_bounds);
	return t_done();
}
