/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Statistics of `adit bench`; pure. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/bench.h"

#define STEADY_WITHIN 0.03
#define MAD_TO_SIGMA  1.4826 /* of a normal distribution */
#define MEDIAN_LOSS   1.2533 /* a median's error by a mean's */
#define SIGMAS        3.0
#define NOISE_LEAST   0.005 /* clocks and temperatures of another day */
#define LUCK_SIGMAS   6.0

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double middle(const double *sorted, unsigned n)
{
	return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

void bench_spread(struct bench_spread *out, const double *v, unsigned n)
{
	double *sorted = n ? malloc(n * sizeof *sorted) : NULL;
	unsigned i;

	memset(out, 0, sizeof *out);
	if (!sorted)
		return;
	memcpy(sorted, v, n * sizeof *sorted);
	qsort(sorted, n, sizeof *sorted, by_value);
	out->n = n;
	out->min = sorted[0];
	out->max = sorted[n - 1];
	out->median = middle(sorted, n);
	for (i = 0; i < n; i++)
		sorted[i] = fabs(v[i] - out->median);
	qsort(sorted, n, sizeof *sorted, by_value);
	out->mad = middle(sorted, n);
	free(sorted);
}

bool bench_steady(const double *v, unsigned n)
{
	double least, most;
	unsigned i;

	if (n < BENCH_STEADY)
		return false;
	v += n - BENCH_STEADY;
	for (i = 1, least = most = v[0]; i < BENCH_STEADY; i++) {
		least = v[i] < least ? v[i] : least;
		most = v[i] > most ? v[i] : most;
	}
	return least > 0 && most - least <= STEADY_WITHIN * most;
}

bool bench_too_few(uint64_t found, double expected)
{
	return (double)found < expected - LUCK_SIGMAS * sqrt(expected) - 1;
}

/* What the median of these is off by, usually. */
static double uncertainty(const struct bench_spread *s)
{
	/* Two or three that agree by chance say nothing of the spread: their range says more. */
	double sigma = s->n < 4 ? (s->max - s->min) / 2 : s->mad * MAD_TO_SIGMA;

	return s->n ? MEDIAN_LOSS * sigma / sqrt(s->n) : 0;
}

enum bench_verdict bench_compare(const struct bench_spread *old_rate,
				 const struct bench_spread *new_rate, double *change, double *noise)
{
	*change = *noise = 0;
	if (!(old_rate->median > 0))
		return BENCH_SAME;
	*change = new_rate->median / old_rate->median - 1;
	*noise = SIGMAS * hypot(uncertainty(old_rate), uncertainty(new_rate)) / old_rate->median;
	*noise = *noise > NOISE_LEAST ? *noise : NOISE_LEAST;
	if (fabs(*change) <= *noise)
		return BENCH_SAME;
	return *change > 0 ? BENCH_FASTER : BENCH_SLOWER;
}

const char *bench_state_word(enum bench_state state)
{
	static const char *const words[BENCH_STATES] = {
		[BENCH_DONE] = "done",   [BENCH_STOPPED] = "interrupted", [BENCH_LEFT] = "left out",
		[BENCH_UNFIT] = "unfit", [BENCH_FAILED] = "failed",       [BENCH_WRONG] = "wrong",
	};

	return state < BENCH_STATES ? words[state] : "unknown";
}
