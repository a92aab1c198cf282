/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sweep, against devices whose curves are known: what it finds, and what it never picks. */
#include <math.h>

#include "src/guard/tune.h"
#include "tests/t.h"

/* A card: batches cost overhead, clocks follow the cube root of power, batches can be too big. */
struct card {
	double rate;      /* of endless batches at full power, hashes a second */
	double gap_us;    /* between batches */
	double full_mw;   /* what it draws without a limit */
	double idle_mw;   /* of that, whatever it does */
	double noise;     /* relative, of one measurement */
	uint32_t thrash;  /* beyond this intensity each step costs a tenth; 0: none */
	uint32_t wrong_i; /* wrong results from this intensity on; 0: never */
	int64_t wrong_mw; /* ... or from this limit on */
	uint32_t top;     /* it takes no larger batches */
	uint32_t breaks;  /* its worker breaks down from this intensity on */
	bool mute;        /* tells no power */
	uint64_t luck;
};

static double luck(struct card *c)
{
	double sum = 0;
	int i;

	for (i = 0; i < 12; i++) { /* nearly normal */
		c->luck = c->luck * 6364136223846793005u + 1442695040888963407u;
		sum += (double)(c->luck >> 11) * 0x1p-53;
	}
	return sum - 6;
}

static double true_power(const struct card *c, const struct tune_setting *s)
{
	double limit = s->limit_mw > 0 ? (double)s->limit_mw : c->full_mw;

	return limit < c->full_mw ? limit : c->full_mw;
}

static double true_rate(const struct card *c, const struct tune_setting *s)
{
	double clock = cbrt((true_power(c, s) - c->idle_mw) / (c->full_mw - c->idle_mw));
	uint32_t i = c->top && s->intensity > c->top ? c->top : s->intensity;
	double n = exp2(i), full = c->rate * clock;

	if (c->thrash && i > c->thrash)
		full *= pow(0.9, i - c->thrash);
	return n / (n / full + c->gap_us / 1e6);
}

static double true_score(const struct card *c, const struct tune_setting *s, enum tune_metric m)
{
	double rate = true_rate(c, s);

	return m == TUNE_EFFICIENCY ? rate / true_power(c, s) * 1000 : rate;
}

static struct tune_result measure(struct card *c, const struct tune_setting *s)
{
	struct tune_result r = {.seconds = 10, .found = 200, .joules = -1, .power_mw = -1};
	uint32_t i = c->top && s->intensity > c->top ? c->top : s->intensity;
	double rate = true_rate(c, s);

	r.rate_hps = rate * (1 + c->noise * luck(c));
	r.batch_us = (uint32_t)(exp2(i) / rate * 1e6);
	r.intensity_top = c->top && s->intensity > c->top ? c->top : 0;
	if (!c->mute)
		r.joules = true_power(c, s) / 1000 * r.seconds * (1 + c->noise * luck(c) / 4);
	if (c->wrong_i && s->intensity >= c->wrong_i)
		r.invalid = 1;
	if (c->wrong_mw && s->limit_mw >= c->wrong_mw)
		r.invalid = 3;
	r.failed = c->breaks && s->intensity >= c->breaks;
	return r;
}

static const struct card usual = {
	.rate = 50e6, .gap_us = 40, .full_mw = 220000, .idle_mw = 60000, .noise = 0.004, .luck = 1};
static const struct tune_bounds wide = {
	.intensity_min = 10, .intensity_max = 28, .intensity_start = 18};
static const struct tune_bounds powered = {.intensity_min = 10,
					   .intensity_max = 28,
					   .intensity_start = 18,
					   .limit_min_mw = 90000,
					   .limit_max_mw = 240000};

/* Sweep; every setting tried is within bounds, and the whole has an end. */
static unsigned sweep(struct tune *sw, struct card *c, const struct tune_bounds *b,
		      enum tune_metric m)
{
	struct tune_setting s;
	struct tune_result r;
	struct err err = {0};
	unsigned n = 0;

	if (!CHECK_OK(tune_init(sw, b, m, &err), &err))
		return 0;
	while (tune_next(sw, &s) && n < 1000) {
		bool leave = s.limit_mw == TUNE_LEAVE;

		n++;
		CHECK(s.intensity >= b->intensity_min && s.intensity <= b->intensity_max);
		CHECK(b->limit_max_mw
			      ? s.limit_mw >= b->limit_min_mw && s.limit_mw <= b->limit_max_mw
			      : leave);
		r = measure(c, &s);
		tune_result(sw, &s, &r);
	}
	CHECK(n <= TUNE_MEASUREMENTS);
	return n;
}

static const struct tune_trial *choice(const struct tune *sw)
{
	const struct tune_trial *best = NULL;
	struct err err = {0};
	char why[160] = "";

	if (!CHECK_OK(tune_best(sw, &best, why, sizeof why, &err), &err))
		return NULL;
	CHECK(why[0] != '\0');
	return best;
}

/* The best there is, by looking everywhere. */
static double optimum(const struct card *c, const struct tune_bounds *b, enum tune_metric m)
{
	struct tune_setting s = {.limit_mw = TUNE_LEAVE};
	double best = 0, v;
	int64_t mw;

	for (s.intensity = b->intensity_min; s.intensity <= b->intensity_max; s.intensity++)
		for (mw = b->limit_min_mw; mw <= b->limit_max_mw; mw += 1000) {
			s.limit_mw = mw ? mw : TUNE_LEAVE;
			if (b->latency_us &&
			    exp2(s.intensity) / true_rate(c, &s) * 1e6 > b->latency_us)
				continue;
			if (m == TUNE_FLOOR && true_power(c, &s) > (double)b->floor_mw)
				continue;
			v = true_score(c, &s, m);
			best = v > best ? v : best;
		}
	return best;
}

/* Twenty kinds of luck; the choice is within `short_of` of the best there is. */
static void finds(const struct card *c, const struct tune_bounds *b, enum tune_metric m,
		  double short_of)
{
	const struct tune_trial *got;
	double best = optimum(c, b, m), have;
	struct card card = *c;
	struct tune sw;
	unsigned i;

	for (i = 1; i <= 20; i++) {
		card.luck = i * 7919;
		CHECK(sweep(&sw, &card, b, m) <= 60);
		got = choice(&sw);
		if (!got)
			return;
		have = true_score(c, &got->at, m);
		if (!CHECK(have >= best * (1 - short_of)))
			printf("\tluck %u: intensity %u, %lld mW: %g of %g\n", i, got->at.intensity,
			       (long long)got->at.limit_mw, have, best);
		CHECK_U64(got->invalid, 0);
	}
}

static void full_rate_is_found_without_noise(void)
{
	struct card c = usual;

	c.noise = 0;
	finds(&c, &wide, TUNE_HASHRATE, 0.015);
}

static void full_rate_is_found_in_noise(void)
{
	struct card c = usual;

	finds(&c, &wide, TUNE_HASHRATE, 0.02);
	c.noise = 0.02;
	finds(&c, &wide, TUNE_HASHRATE, 0.06);
}

static void hill_between_short_and_large_is_found(void)
{
	struct card c = usual;

	c.thrash = 21;
	finds(&c, &wide, TUNE_HASHRATE, 0.03);
	c.thrash = 13;
	c.gap_us = 5;
	finds(&c, &wide, TUNE_HASHRATE, 0.05);
}

static void efficient_limit_is_found(void)
{
	struct tune_bounds b = powered;
	struct card c = usual;

	finds(&c, &powered, TUNE_EFFICIENCY, 0.02);
	c.noise = 0.02;
	finds(&c, &powered, TUNE_EFFICIENCY, 0.06);
	/* A range of which most is beyond what the card ever draws. */
	c.noise = 0.004;
	b.limit_max_mw = 450000;
	finds(&c, &b, TUNE_EFFICIENCY, 0.02);
	c.full_mw = 400000;
	c.idle_mw = 150000;
	b.limit_min_mw = 200000;
	finds(&c, &b, TUNE_EFFICIENCY, 0.02);
}

static void floor_is_kept_and_used(void)
{
	struct tune_bounds b = powered;
	const struct tune_trial *got;
	struct card c = usual;
	struct tune sw;

	c.noise = 0;
	b.floor_mw = 150000;
	finds(&c, &b, TUNE_FLOOR, 0.03);
	b.floor_mw = 1000;
	sweep(&sw, &c, &b, TUNE_FLOOR);
	struct err err = {0};
	CHECK_ERR(tune_best(&sw, &got, NULL, 0, &err), ERR_RANGE, &err);
	CHECK_HAS(err.text, "floor:");
}

static void latency_is_kept(void)
{
	struct tune_bounds b = wide;
	const struct tune_trial *got;
	struct card c = usual;
	struct tune sw;

	b.latency_us = 3000;
	b.intensity_start = 24;
	sweep(&sw, &c, &b, TUNE_HASHRATE);
	got = choice(&sw);
	if (!got)
		return;
	CHECK(got->batch_us <= 3300);
	CHECK_INT(got->at.intensity, 17); /* 2.7 ms; 18 takes 5.3 */
	b.latency_us = 1;
	struct err err = {0};
	sweep(&sw, &c, &b, TUNE_HASHRATE);
	CHECK_ERR(tune_best(&sw, &got, NULL, 0, &err), ERR_RANGE, &err);
	CHECK_HAS(err.text, "--batch-ms");
}

static void wrong_setting_is_never_picked(void)
{
	const struct tune_trial *got;
	struct card c = usual;
	struct tune sw;
	uint32_t i, least;
	int64_t mw;
	unsigned k;

	for (i = 11; i <= 28; i++) {
		c.wrong_i = i;
		sweep(&sw, &c, &wide, TUNE_HASHRATE);
		got = choice(&sw);
		CHECK(got && got->at.intensity < i);
		/* What is more aggressive than a wrong one is not even tried. */
		for (k = 0, least = UINT32_MAX; k < sw.n; k++) {
			CHECK(sw.trial[k].at.intensity < least);
			if (sw.trial[k].at.intensity >= i)
				least = sw.trial[k].at.intensity;
		}
	}
	c.wrong_i = 0;
	for (mw = 100000; mw <= 240000; mw += 20000) {
		c.wrong_mw = mw;
		sweep(&sw, &c, &powered, TUNE_HASHRATE);
		got = choice(&sw);
		CHECK(got && got->at.limit_mw < mw);
		CHECK_U64(got ? got->invalid : 1, 0);
	}
}

static void wrong_everywhere_is_an_error(void)
{
	const struct tune_trial *got;
	struct err err = {0};
	struct card c = usual;
	struct tune sw;

	c.wrong_i = 1;
	CHECK(sweep(&sw, &c, &wide, TUNE_HASHRATE) < 8);
	CHECK_ERR(tune_best(&sw, &got, NULL, 0, &err), ERR_SELFTEST, &err);
	c = usual;
	c.breaks = 1;
	sweep(&sw, &c, &wide, TUNE_HASHRATE);
	CHECK_ERR(tune_best(&sw, &got, NULL, 0, &err), ERR_DEVICE, &err);
}

static void broken_worker_rules_larger_batches_out(void)
{
	const struct tune_trial *got;
	struct card c = usual;
	unsigned i, broken = 0;
	struct tune sw;

	c.breaks = 20;
	sweep(&sw, &c, &wide, TUNE_HASHRATE);
	got = choice(&sw);
	CHECK(got && got->at.intensity < 20);
	for (i = 0; i < sw.n; i++)
		broken += sw.trial[i].verdict == TUNE_FAILED;
	CHECK(broken > 0 && broken <= 3);
}

static void no_larger_batches_than_the_device_takes(void)
{
	struct card c = usual;
	struct tune sw;
	unsigned i, beyond = 0;

	c.top = 20;
	sweep(&sw, &c, &wide, TUNE_HASHRATE);
	for (i = 0; i < sw.n; i++)
		beyond += sw.trial[i].at.intensity > 20;
	CHECK_INT(beyond, 1);
	CHECK(choice(&sw) && choice(&sw)->at.intensity <= 20);
}

static void unknown_power_is_said_at_once(void)
{
	const struct tune_trial *got;
	struct err err = {0};
	struct card c = usual;
	struct tune sw;

	c.mute = true;
	CHECK_INT(sweep(&sw, &c, &wide, TUNE_EFFICIENCY), 1);
	CHECK_ERR(tune_best(&sw, &got, NULL, 0, &err), ERR_USAGE, &err);
	CHECK_HAS(err.text, "power");
	CHECK(sweep(&sw, &c, &wide, TUNE_HASHRATE) > 1);
	CHECK(choice(&sw) != NULL);
}

static void mildest_of_equals_is_taken(void)
{
	const struct tune_trial *got;
	struct card c = usual;
	struct tune sw;

	c.gap_us = 0;
	c.noise = 0;
	sweep(&sw, &c, &wide, TUNE_HASHRATE);
	got = choice(&sw);
	/* Every batch size is as good: nothing above the start was worth it. */
	CHECK(got && got->at.intensity <= wide.intensity_start);
}

static void same_answers_same_choice(void)
{
	const struct tune_trial *a, *b;
	struct card c = usual;
	struct tune one, two;
	unsigned n = sweep(&one, &c, &powered, TUNE_EFFICIENCY);

	c = usual;
	CHECK_INT(sweep(&two, &c, &powered, TUNE_EFFICIENCY), n);
	a = choice(&one);
	b = choice(&two);
	if (!a || !b)
		return;
	CHECK_INT(a->at.intensity, b->at.intensity);
	CHECK_INT(a->at.limit_mw, b->at.limit_mw);
}

static void one_setting_only_is_fine(void)
{
	struct tune_bounds b = {.intensity_min = 12, .intensity_max = 12};
	struct card c = usual;
	struct tune sw;

	CHECK(sweep(&sw, &c, &b, TUNE_HASHRATE) <= 3);
	CHECK(choice(&sw) && choice(&sw)->at.intensity == 12);
}

static void absurd_bounds_are_refused(void)
{
	static const struct tune_bounds bad[] = {
		{.intensity_min = 0, .intensity_max = 10},
		{.intensity_min = 10, .intensity_max = 9},
		{.intensity_min = 10, .intensity_max = 33},
		{.intensity_min = 1, .intensity_max = 9, .limit_max_mw = -5},
		{.intensity_min = 1, .intensity_max = 9, .limit_max_mw = 1000},
		{.intensity_min = 1, .intensity_max = 9, .limit_min_mw = 9, .limit_max_mw = 8}};
	struct err err = {0};
	struct tune sw;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK_ERR(tune_init(&sw, &bad[i], TUNE_HASHRATE, &err), ERR_RANGE, &err);
	CHECK_ERR(tune_init(&sw, &wide, TUNE_FLOOR, &err), ERR_RANGE, &err);
}

static void metrics_are_read(void)
{
	enum tune_metric m = TUNE_FLOOR;
	struct err err = {0};
	int64_t mw = 7;

	CHECK_OK(tune_metric_parse(&m, &mw, "hashrate", &err), &err);
	CHECK(m == TUNE_HASHRATE && !mw);
	CHECK_OK(tune_metric_parse(&m, &mw, "efficiency", &err), &err);
	CHECK(m == TUNE_EFFICIENCY);
	CHECK_OK(tune_metric_parse(&m, &mw, "floor:112.5", &err), &err);
	CHECK(m == TUNE_FLOOR);
	CHECK_INT(mw, 112500);
	CHECK_ERR(tune_metric_parse(&m, &mw, "floor:", &err), ERR_RANGE, &err);
	CHECK_ERR(tune_metric_parse(&m, &mw, "floor:0", &err), ERR_RANGE, &err);
	CHECK_ERR(tune_metric_parse(&m, &mw, "floor:1e9", &err), ERR_RANGE, &err);
	CHECK_ERR(tune_metric_parse(&m, &mw, "speed", &err), ERR_PARSE, &err);
}

int main(void)
{
	T_RUN(full_rate_is_found_without_noise);
	T_RUN(full_rate_is_found_in_noise);
	T_RUN(hill_between_short_and_large_is_found);
	T_RUN(efficient_limit_is_found);
	T_RUN(floor_is_kept_and_used);
	T_RUN(latency_is_kept);
	T_RUN(wrong_setting_is_never_picked);
	T_RUN(wrong_everywhere_is_an_error);
	T_RUN(broken_worker_rules_larger_batches_out);
	T_RUN(no_larger_batches_than_the_device_takes);
	T_RUN(unknown_power_is_said_at_once);
	T_RUN(mildest_of_equals_is_taken);
	T_RUN(same_answers_same_choice);
	T_RUN(one_setting_only_is_fine);
	T_RUN(absurd_bounds_are_refused);
	T_RUN(metrics_are_read);
	return t_done();
}
