/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The few probabilities that tell a fault from bad luck.  Pure, and exact where it matters. */
#ifndef ADIT_GUARD_CHANCE_H
#define ADIT_GUARD_CHANCE_H

#include <stdint.h>

/* Regularised lower incomplete gamma function P(a, x); a > 0, x >= 0. */
double chance_gamma(double a, double x);

/* Where P(a, x) = p: the gamma quantile, 0 <= p < 1. */
double chance_gamma_quantile(double a, double p);

/* Chi-square quantile for any positive number of degrees of freedom. */
double chance_chi2(double p, double degrees);

/*
 * Garwood's exact interval for the mean of a Poisson count: holds the true mean with at least the
 * confidence 1 - alpha.  events may be fractional (an effective count).
 */
void chance_poisson(double events, double alpha, double *low, double *high);

/* P(at least k of n) when each happens with probability p. */
double chance_at_least(uint32_t k, uint32_t n, double p);

/* Clopper and Pearson's lower bound of the probability after k of n: P(at least k) = alpha there.
 */
double chance_lower(uint32_t k, uint32_t n, double alpha);

#endif
