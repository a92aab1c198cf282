/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Seeded chance for simulations: the same everywhere (splitmix64). */
#ifndef ADIT_TESTS_RANDOM_H
#define ADIT_TESTS_RANDOM_H

#include <math.h>
#include <stdint.h>

static inline uint64_t random_u64(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* In (0, 1). */
static inline double random_unit(uint64_t *seed)
{
	return ((double)(random_u64(seed) >> 11) + 0.5) / 9007199254740992.0;
}

/* Exact: arrivals are counted until the time is up (in parts, so that exp() does not vanish). */
static inline unsigned random_poisson(uint64_t *seed, double mean)
{
	unsigned n = 0;

	while (mean > 0) {
		double part = mean > 500 ? 500 : mean, left = exp(-part), p = random_unit(seed);

		for (; p > left; n++)
			p *= random_unit(seed);
		mean -= part;
	}
	return n;
}

#endif
