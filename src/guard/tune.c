/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which setting of a device is best: a compass search over what is noisy. */
#include <stdio.h>
#include <string.h>

#include "src/guard/tune.h"

#define NOISE_MIN  0.005 /* relative; no device is steadier for seconds on end */
#define NOISE_MAX  0.2
#define TIE_MAX    0.02 /* however unsteady it is, so much is not given away */
#define LATE_SLACK 1.1  /* batches vary: a tenth over the latency is let pass */
#define COARSE     5    /* limits spread over the range: one above what is drawn changes nothing */
#define FINALISTS  4
#define REPEATS    3 /* measurements of a finalist */

enum phase { PHASE_NOISE, PHASE_BATCH, PHASE_POWER, PHASE_AGAIN, PHASE_FINAL, PHASE_DONE };

/* --- figures ------------------------------------------------------------------ */

/* How good a trial is among those of its rank. */
static double score(const struct tune *t, const struct tune_trial *trial)
{
	switch (trial->verdict) {
	case TUNE_FINE:
		return t->metric == TUNE_EFFICIENCY ? tune_efficiency(trial) : tune_rate(trial);
	case TUNE_OVER:
		return -tune_power_mw(trial);
	case TUNE_LATE:
		return -(double)trial->batch_us;
	default: /* the way back is to less of everything */
		return -(double)trial->at.limit_mw - trial->at.intensity;
	}
}

/* Usable, on the wrong side of a limit (then the search must see the way back), useless. */
static int rank(const struct tune_trial *trial)
{
	return trial->verdict == TUNE_FINE   ? 3
	       : trial->verdict == TUNE_OVER ? 2
	       : trial->verdict == TUNE_LATE ? 1
					     : 0;
}

/* Is a better than b, beyond doubt as far as one look goes? */
static bool better(const struct tune *t, const struct tune_trial *a, const struct tune_trial *b)
{
	double than = score(t, b);

	if (rank(a) != rank(b))
		return rank(a) > rank(b);
	if (a->verdict == TUNE_FINE && than > 0)
		than += than * t->noise;
	return score(t, a) > than;
}

/* --- settings ----------------------------------------------------------------- */

static int64_t clamp(int64_t v, int64_t min, int64_t max)
{
	return v < min ? min : v > max ? max : v;
}

static int find(const struct tune *t, const struct tune_setting *s)
{
	unsigned i;

	for (i = 0; i < t->n; i++)
		if (t->trial[i].at.intensity == s->intensity &&
		    t->trial[i].at.limit_mw == s->limit_mw)
			return (int)i;
	return -1;
}

const struct tune_trial *tune_trial_of(const struct tune *t, const struct tune_setting *at)
{
	int i = find(t, at);

	return i < 0 ? NULL : &t->trial[i];
}

/* What went wrong with less goes wrong with more; what lasts too long does so with less power. */
static bool ruled_out(const struct tune *t, const struct tune_setting *s)
{
	unsigned i;

	for (i = 0; i < t->n; i++) {
		const struct tune_trial *was = &t->trial[i];
		bool more = s->limit_mw >= was->at.limit_mw;
		bool less = s->limit_mw <= was->at.limit_mw;

		if (s->intensity < was->at.intensity)
			continue;
		if ((was->verdict == TUNE_WRONG || was->verdict == TUNE_FAILED) && more)
			return true;
		if (was->verdict == TUNE_LATE && less)
			return true;
	}
	return false;
}

int tune_init(struct tune *t, const struct tune_bounds *bounds, enum tune_metric metric,
	      struct err *err)
{
	struct tune_bounds *b = &t->bounds;

	memset(t, 0, sizeof *t);
	*b = *bounds;
	t->metric = metric;
	t->noise = NOISE_MIN;
	if (b->intensity_min < 1 || b->intensity_max > 32 || b->intensity_min > b->intensity_max)
		return err_set(err, ERR_RANGE,
			       "intensity from %u to %u: give bounds within 1 to 32, the lower "
			       "first",
			       b->intensity_min, b->intensity_max);
	if (b->limit_max_mw < 0 ||
	    (b->limit_max_mw && (b->limit_min_mw < 1 || b->limit_min_mw > b->limit_max_mw)))
		return err_set(err, ERR_RANGE,
			       "power limits from %lld to %lld W: give the lower first, above 0",
			       (long long)b->limit_min_mw / 1000,
			       (long long)b->limit_max_mw / 1000);
	if (metric == TUNE_FLOOR && b->floor_mw < 1)
		return err_set(err, ERR_RANGE, "no power is allowed: give floor:WATTS above 0");
	b->intensity_start =
		(uint32_t)clamp(b->intensity_start, b->intensity_min, b->intensity_max);
	if (b->limit_step_mw < 1) { /* whole watts */
		b->limit_step_mw = (b->limit_max_mw - b->limit_min_mw) / 64;
		b->limit_step_mw = (b->limit_step_mw / 1000 + 1) * 1000;
	}
	return 0;
}

static void start_setting(const struct tune *t, struct tune_setting *out)
{
	const struct tune_bounds *b = &t->bounds;

	out->intensity = b->intensity_start;
	out->limit_mw = TUNE_LEAVE;
	if (!b->limit_max_mw)
		return;
	/* The card's own limit is the surest way to keep below a floor. */
	out->limit_mw = t->metric == TUNE_FLOOR
				? clamp(b->floor_mw, b->limit_min_mw, b->limit_max_mw)
				: b->limit_max_mw;
}

/* --- the walk ----------------------------------------------------------------- */

static bool along_power(const struct tune *t)
{
	return t->phase == PHASE_POWER;
}

static void face(struct tune *t)
{
	t->up = t->down = true;
}

/* About a quarter of the span, so that a hill is not stepped over. */
static int64_t first_step(int64_t span, int64_t least)
{
	int64_t step = least;

	while (step * 8 <= span)
		step *= 2;
	return step;
}

/* The next phase; its first step. */
static void enter(struct tune *t)
{
	const struct tune_bounds *b = &t->bounds;

	t->phase++;
	if (t->phase == PHASE_POWER && b->limit_max_mw <= b->limit_min_mw)
		t->phase = PHASE_FINAL; /* nothing has moved since the first walk */
	if (t->phase == PHASE_POWER) {
		/* No batch size is right at this limit: it is the limit that is wrong. */
		t->lost = !rank(&t->trial[t->centre]);
		t->centre = t->lost ? 0 : t->centre;
		t->step = first_step(b->limit_max_mw - b->limit_min_mw, b->limit_step_mw);
	} else {
		t->step = t->phase == PHASE_BATCH || t->lost
				  ? first_step(b->intensity_max - b->intensity_min, 1)
				  : 1;
	}
	face(t);
}

/* The setting a step away; false at the bounds. */
static bool neighbour(const struct tune *t, int64_t by, struct tune_setting *out)
{
	const struct tune_bounds *b = &t->bounds;
	const struct tune_setting *from = &t->trial[t->centre].at;

	*out = *from;
	if (along_power(t))
		out->limit_mw = clamp(from->limit_mw + by, b->limit_min_mw, b->limit_max_mw);
	else
		out->intensity = (uint32_t)clamp((int64_t)from->intensity + by, b->intensity_min,
						 b->intensity_max);
	return out->intensity != from->intensity || out->limit_mw != from->limit_mw;
}

static bool consider(struct tune *t, unsigned i)
{
	if (i == t->centre || !better(t, &t->trial[i], &t->trial[t->centre]))
		return false;
	t->centre = i;
	face(t);
	return true;
}

/* Is it worth a measurement? */
static bool untried(const struct tune *t, const struct tune_setting *s)
{
	return find(t, s) < 0 && t->n < TUNE_TRIALS && !ruled_out(t, s);
}

/* The next of a few limits over the whole range, from the top. */
static bool grid(struct tune *t, struct tune_setting *out)
{
	const struct tune_bounds *b = &t->bounds;
	int64_t span = b->limit_max_mw - b->limit_min_mw, down;

	*out = t->trial[t->centre].at;
	while (t->coarse < COARSE) {
		down = span * t->coarse++ / (COARSE - 1);
		if (t->coarse < COARSE)
			down -= down % b->limit_step_mw;
		out->limit_mw = b->limit_max_mw - down;
		if (untried(t, out))
			return true;
	}
	return false;
}

/* The next untried neighbour of where we stand; false when this walk is over. */
static bool walk(struct tune *t, struct tune_setting *out)
{
	int64_t least = along_power(t) ? t->bounds.limit_step_mw : 1;
	int known;

	if (along_power(t) && grid(t, out))
		return true;
	while (t->step > 0) {
		if (!t->up && !t->down) {
			t->step = t->step / 2 / least * least;
			face(t);
			continue;
		}
		if (t->up) {
			t->up = false;
			if (!neighbour(t, t->step, out))
				continue;
		} else {
			t->down = false;
			if (!neighbour(t, -t->step, out))
				continue;
		}
		known = find(t, out);
		if (known >= 0)
			consider(t, (unsigned)known);
		else if (untried(t, out))
			return true;
	}
	return false;
}

/* --- the end ------------------------------------------------------------------ */

/* The best so far, or -1. */
static int leader(const struct tune *t)
{
	int best = -1;
	unsigned i;

	for (i = 0; i < t->n; i++)
		if (t->trial[i].verdict == TUNE_FINE &&
		    (best < 0 || score(t, &t->trial[i]) > score(t, &t->trial[best])))
			best = (int)i;
	return best;
}

/* Cannot be told from the best. */
static bool close_to(const struct tune *t, const struct tune_trial *a, const struct tune_trial *b,
		     double noise)
{
	return a->verdict == TUNE_FINE && score(t, a) >= score(t, b) * (1 - noise);
}

/* How many are better than this one. */
static unsigned place(const struct tune *t, const struct tune_trial *a)
{
	unsigned i, before = 0;

	for (i = 0; i < t->n; i++)
		before += t->trial[i].verdict == TUNE_FINE && score(t, &t->trial[i]) > score(t, a);
	return before;
}

/* Of those near the top the one measured least. */
static bool finalist(const struct tune *t, struct tune_setting *out)
{
	int best = leader(t), pick = -1;
	unsigned i;

	if (best < 0)
		return false;
	for (i = 0; i < t->n; i++) {
		const struct tune_trial *a = &t->trial[i];

		if (a->n < REPEATS && close_to(t, a, &t->trial[best], 2 * t->noise) &&
		    place(t, a) < FINALISTS && (pick < 0 || a->n < t->trial[pick].n))
			pick = (int)i;
	}
	if (pick < 0)
		return false;
	*out = t->trial[pick].at;
	return true;
}

bool tune_next(struct tune *t, struct tune_setting *out)
{
	if (t->blind || t->measured >= TUNE_MEASUREMENTS)
		t->phase = PHASE_DONE;
	if (t->phase == PHASE_NOISE) {
		start_setting(t, out);
		/* Twice, to see how steady it is; once is enough to see that it is wrong. */
		if (t->measured < 2 && (!t->n || rank(&t->trial[0]) > 0))
			return true;
		enter(t);
	}
	while (t->phase < PHASE_FINAL) {
		if (walk(t, out))
			return true;
		enter(t);
	}
	if (t->phase == PHASE_FINAL && finalist(t, out))
		return true;
	t->phase = PHASE_DONE;
	return false;
}

/* --- answers ------------------------------------------------------------------ */

static enum tune_verdict judge(const struct tune *t, const struct tune_trial *trial)
{
	const struct tune_bounds *b = &t->bounds;

	if (trial->verdict >= TUNE_WRONG) /* for good */
		return trial->verdict;
	if (trial->invalid)
		return TUNE_WRONG;
	if (b->latency_us && trial->batch_us > b->latency_us * LATE_SLACK)
		return TUNE_LATE;
	if (t->metric == TUNE_FLOOR && tune_power_mw(trial) > (double)b->floor_mw)
		return TUNE_OVER;
	return TUNE_FINE;
}

/* Mean relative spread of what was measured more than once. */
static void learn_noise(struct tune *t)
{
	double sum = 0;
	unsigned i, n = 0;

	for (i = 0; i < t->n; i++) {
		const struct tune_trial *a = &t->trial[i];

		if (a->n < 2 || a->verdict != TUNE_FINE || a->score_max <= 0)
			continue;
		sum += (a->score_max - a->score_min) / a->score_max;
		n++;
	}
	if (!n)
		return;
	t->noise = sum / n;
	t->noise = t->noise < NOISE_MIN ? NOISE_MIN : t->noise > NOISE_MAX ? NOISE_MAX : t->noise;
}

static void add(struct tune *t, struct tune_trial *trial, const struct tune_result *r)
{
	double joules = r->joules > 0     ? r->joules
			: r->power_mw > 0 ? r->power_mw / 1000 * r->seconds
					  : -1;
	struct tune_trial once = {.seconds = r->seconds, .hashes = r->rate_hps * r->seconds};
	double v;

	once.joules = joules;
	v = t->metric == TUNE_EFFICIENCY ? tune_efficiency(&once) : tune_rate(&once);
	if (!trial->n || v < trial->score_min)
		trial->score_min = v;
	if (!trial->n || v > trial->score_max)
		trial->score_max = v;
	trial->n++;
	trial->seconds += once.seconds;
	trial->hashes += once.hashes;
	trial->joules = joules > 0 && trial->joules >= 0 ? trial->joules + joules : -1;
	trial->invalid += r->invalid;
	trial->found += r->found;
	trial->batch_us =
		(uint32_t)(((uint64_t)trial->batch_us * (trial->n - 1) + r->batch_us) / trial->n);
	if (r->failed)
		trial->verdict = TUNE_FAILED;
	if (!r->failed && joules <= 0 && t->metric != TUNE_HASHRATE)
		t->blind = true;
}

void tune_result(struct tune *t, const struct tune_setting *at, const struct tune_result *r)
{
	struct tune_bounds *b = &t->bounds;
	int i = find(t, at);

	if (i < 0) {
		if (t->n == TUNE_TRIALS)
			return;
		i = (int)t->n++;
		t->trial[i].at = *at;
	}
	t->measured++;
	add(t, &t->trial[i], r);
	t->trial[i].verdict = judge(t, &t->trial[i]);
	learn_noise(t);
	if (r->intensity_top && r->intensity_top < b->intensity_max)
		b->intensity_max =
			r->intensity_top > b->intensity_min ? r->intensity_top : b->intensity_min;
	if (t->phase > PHASE_NOISE && t->phase < PHASE_FINAL)
		consider(t, (unsigned)i);
}

/* --- the choice --------------------------------------------------------------- */

/* Of two that are as good as each other: less power (or more hashes), then shorter batches. */
static bool milder(const struct tune *t, const struct tune_trial *a, const struct tune_trial *b)
{
	if (a->at.limit_mw != b->at.limit_mw)
		return (t->metric == TUNE_EFFICIENCY) == (a->at.limit_mw > b->at.limit_mw);
	return a->at.intensity < b->at.intensity;
}

static int no_choice(const struct tune *t, struct err *err)
{
	unsigned i, count[TUNE_FAILED + 1] = {0};

	for (i = 0; i < t->n; i++)
		count[t->trial[i].verdict]++;
	if (count[TUNE_OVER])
		return err_set(err, ERR_RANGE,
			       "every setting draws more than %lld W: allow more with floor:WATTS, "
			       "or lower power limits",
			       (long long)t->bounds.floor_mw / 1000);
	if (count[TUNE_LATE])
		return err_set(err, ERR_RANGE,
			       "every setting's batch lasts longer than %.4g ms: allow longer ones "
			       "(--batch-ms), or a smaller intensity",
			       t->bounds.latency_us / 1e3);
	if (count[TUNE_WRONG])
		return err_set(err, ERR_SELFTEST,
			       "every setting gave wrong results: lower the card's clocks");
	return err_set(err, ERR_DEVICE, "no setting ran");
}

int tune_best(const struct tune *t, const struct tune_trial **out, char *why, unsigned long size,
	      struct err *err)
{
	static const char *const words[] = {"the highest rate", "the most hashes a joule",
					    "the highest rate within the power allowed"};
	const struct tune_trial *best, *pick;
	double tie = t->noise / 2;
	unsigned i, ties = 0;

	tie = tie < NOISE_MIN ? NOISE_MIN : tie > TIE_MAX ? TIE_MAX : tie;
	if (t->blind)
		return err_set(err, ERR_USAGE,
			       "the metric '%s' needs the device's power, which it does not tell: "
			       "tune for hashrate",
			       tune_metric_word(t->metric));
	if (leader(t) < 0)
		return no_choice(t, err);
	best = pick = &t->trial[leader(t)];
	for (i = 0; i < t->n; i++) {
		const struct tune_trial *a = &t->trial[i];

		if (!close_to(t, a, best, tie) || a->n < best->n)
			continue;
		ties++;
		if (milder(t, a, pick))
			pick = a;
	}
	*out = pick;
	if (why && ties > 1)
		snprintf(why, size, "the mildest of %u that share %s within %.1f %%", ties,
			 words[t->metric], tie * 100);
	else if (why)
		snprintf(why, size, "%s of %u settings", words[t->metric], t->n);
	return 0;
}
