/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How many nonces the next batch gets. */
#include "src/pace.h"
#include "src/u256.h"

/*
 * Hits expected in a batch: with 255 slots and a mean of 96 an overflow is a matter of
 * sixteen standard deviations, so halving stays the exception.
 */
#define HITS_WANTED 96

static uint64_t clamp(double nonces, const struct pace *p)
{
	uint64_t n;

	if (nonces >= (double)p->max)
		n = p->max;
	else
		n = nonces < 1 ? 1 : (uint64_t)nonces;
	if (n > p->granule)
		n -= n % p->granule;
	return n;
}

void pace_init(struct pace *p, uint64_t start, uint64_t max, uint64_t granule, uint32_t goal_us,
	       uint32_t intensity)
{
	p->max = max && max < UINT32_MAX ? max : UINT32_MAX;
	p->granule = granule ? granule : 1;
	p->goal_us = goal_us ? goal_us : 1;
	p->fixed = intensity != 0;
	if (p->fixed)
		p->nonces = clamp(intensity < 64 ? (double)(1ull << intensity) : 0x1p64, p);
	else
		p->nonces = clamp(start ? (double)start : 1024, p);
}

void pace_took(struct pace *p, uint64_t count, uint32_t took_us)
{
	double factor;

	/* The end of a lease is too short to say much, unless it was slow all the same. */
	if (p->fixed || (count < p->nonces / 2 && took_us < p->goal_us))
		return;
	factor = (double)p->goal_us / (took_us ? took_us : 1);
	if (factor > 0.9 && factor < 1.1)
		return;
	/* One batch that was held up must not ruin the next hundred. */
	factor = factor > 8 ? 8 : factor < 0.25 ? 0.25 : factor;
	p->nonces = clamp((double)count * factor, p);
}

uint32_t pace_next(const struct pace *p, uint64_t left, const struct u256 *target)
{
	double share = ((double)target->w[3] + 1) * 0x1p-64, most = HITS_WANTED / share;
	uint64_t n = p->nonces < left ? p->nonces : left;

	if ((double)n > most)
		n = (uint64_t)most;
	return (uint32_t)(n ? n : 1);
}

uint64_t pace_rest_us(uint32_t took_us, uint32_t duty_permille)
{
	if (!duty_permille || duty_permille >= 1000)
		return 0;
	return (uint64_t)took_us * (1000 - duty_permille) / duty_permille;
}
