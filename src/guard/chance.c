/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Incomplete gamma and binomial tails, by the textbook series, and their inverses. */
#include <math.h>

#include "src/guard/chance.h"

#define TERMS 20000 /* enough for a up to EXACT_MAX: about 10 sqrt(a) are used */
/* Beyond that many the Wilson-Hilferty quantile is right to eight digits. */
#define EXACT_MAX 1e5

/* lgamma() keeps a sign in a global: not for us. */
static double log_gamma(double a)
{
	int sign;

	return lgamma_r(a, &sign);
}

/* x^a e^-x / Gamma(a). */
static double front(double a, double x)
{
	return exp(a * log(x) - x - log_gamma(a));
}

static double by_series(double a, double x)
{
	double term = 1 / a, sum = term;
	int i;

	for (i = 1; i < TERMS && term > sum * 1e-17; i++) {
		term *= x / (a + i);
		sum += term;
	}
	return sum * front(a, x);
}

/* 1 - P by Lentz's continued fraction. */
static double by_fraction(double a, double x)
{
	double b = x + 1 - a, c = 1e300, d = 1 / b, h = d, step = 0;
	int i;

	for (i = 1; i < TERMS && fabs(step - 1) > 1e-16; i++) {
		double n = -i * (i - a);

		b += 2;
		d = 1 / (n * d + b);
		c = b + n / c;
		step = c * d;
		h *= step;
	}
	return h * front(a, x);
}

double chance_gamma(double a, double x)
{
	if (!(a > 0) || !(x > 0))
		return 0;
	return x < a + 1 ? by_series(a, x) : 1 - by_fraction(a, x);
}

/* Normal quantile: bisection on erfc, which is exact far into both tails. */
static double normal_quantile(double p)
{
	double low = -40, high = 40;
	int i;

	for (i = 0; i < 100; i++) {
		double mid = (low + high) / 2;

		if (erfc(-mid / sqrt(2)) / 2 < p)
			low = mid;
		else
			high = mid;
	}
	return (low + high) / 2;
}

static double wilson_hilferty(double a, double p)
{
	double k = 1 / (9 * a), w = 1 - k + normal_quantile(p) * sqrt(k);

	return w > 0 ? a * w * w * w : 0;
}

/* A start, then Newton's steps, halved into the bracket when they leave it. */
double chance_gamma_quantile(double a, double p)
{
	double x, low = 0, high;
	int i;

	if (!(a > 0) || !(p > 0))
		return 0;
	x = wilson_hilferty(a, p);
	if (a > EXACT_MAX)
		return x;
	if (!(x > 0)) /* far in the lower tail of a small a: P is about x^a / Gamma(a + 1) */
		x = exp((log(p) + log_gamma(a + 1)) / a);
	high = x + 1;
	for (i = 0; i < 100 && chance_gamma(a, high) < p; i++)
		high *= 2;
	for (i = 0; i < 200 && high - low > 1e-13 * high; i++) {
		double off = chance_gamma(a, x) - p, slope = front(a, x) / x, next;

		if (off > 0)
			high = x;
		else
			low = x;
		next = x - off / slope;
		if (!(next > low && next < high))
			next = (low + high) / 2;
		if (fabs(next - x) <= 1e-14 * x)
			break;
		x = next;
	}
	return x;
}

double chance_chi2(double p, double degrees)
{
	return 2 * chance_gamma_quantile(degrees / 2, p);
}

void chance_poisson(double events, double alpha, double *low, double *high)
{
	*low = events > 0 ? chance_gamma_quantile(events, alpha / 2) : 0;
	*high = chance_gamma_quantile(events + 1, 1 - alpha / 2);
}

/* The terms from k up, each from the one before; they fall when k is above the mean. */
double chance_at_least(uint32_t k, uint32_t n, double p)
{
	double term, sum;
	uint32_t i;

	if (!k || p >= 1)
		return k <= n;
	if (k > n || !(p > 0))
		return 0;
	term = exp(log_gamma(n + 1.0) - log_gamma(k + 1.0) - log_gamma(n - k + 1.0) + k * log(p) +
		   (n - k) * log1p(-p));
	for (sum = term, i = k; i < n && term > 0; i++) {
		term *= (double)(n - i) / (i + 1.0) * (p / (1 - p));
		sum += term;
	}
	return sum < 1 ? sum : 1;
}

double chance_lower(uint32_t k, uint32_t n, double alpha)
{
	double low = 0, high = 1;
	int i;

	if (!k || k > n)
		return 0;
	for (i = 0; i < 60; i++) {
		double mid = (low + high) / 2;

		if (chance_at_least(k, n, mid) < alpha)
			low = mid;
		else
			high = mid;
	}
	return low;
}
