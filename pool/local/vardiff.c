/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Variable difficulty; pure. */
#include "pool/local/local.h"

#define ENOUGH_SHARES 6     /* a rate from fewer says little */
#define LEAST_MS      1000  /* shares of before the last change come in a burst: no say */
#define LEAST         1e-9  /* four hashes a share: silence is no reason to go lower */
#define ENOUGH_MS     15000 /* but after so long even silence says something */

/*
 * After enough shares or enough time, the difficulty that would have given the wanted
 * pace, moved at most fourfold a step; within a third of it nothing changes.
 */
double local_vardiff(struct local_vardiff *v, double difficulty, int64_t now_ms)
{
	double minutes, factor;

	if (v->per_minute <= 0)
		return difficulty;
	if (!v->since_ms) {
		v->since_ms = now_ms;
		v->shares = 0;
		return difficulty;
	}
	if (now_ms - v->since_ms < (v->shares < ENOUGH_SHARES ? ENOUGH_MS : LEAST_MS))
		return difficulty;
	minutes = (double)(now_ms - v->since_ms + 1) / 60000;
	factor = ((double)v->shares + 0.5) / minutes / v->per_minute;
	v->since_ms = now_ms;
	v->shares = 0;
	if (factor > 4)
		factor = 4;
	if (factor < 0.25)
		factor = 0.25;
	if (factor > 0.75 && factor < 1.33)
		return difficulty;
	return difficulty * factor > LEAST ? difficulty * factor : LEAST;
}
