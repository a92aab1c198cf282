/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Energy by a card's counter, or by its power. */
#include "src/guard/energy.h"

#define SLACK_UJ 10000000 /* counters move in steps */

static void count(struct energy *e, const struct sensor_reading *r)
{
	int64_t uj = r->v[SENSOR_ENERGY_UJ], ms = r->at_ms - e->counter_ms;
	double most = (double)ms * ENERGY_WATTS_MAX * 1000 + SLACK_UJ;

	if (e->counted && uj >= e->counter_uj && ms >= 0 &&
	    (double)uj - (double)e->counter_uj <= most)
		e->joules += ((double)uj - (double)e->counter_uj) / 1e6;
	e->counted = true;
	e->counter_uj = uj;
	e->counter_ms = r->at_ms;
}

static void sum_up(struct energy *e, const struct sensor_reading *r, int64_t gap_ms)
{
	int64_t mw = sensor_has(r, SENSOR_POWER_MW) ? r->v[SENSOR_POWER_MW] : -1;
	int64_t ms = r->at_ms - e->power_ms;

	if (mw > (int64_t)ENERGY_WATTS_MAX * 1000)
		mw = -1;
	if (e->power_ms && mw >= 0 && e->power_mw >= 0 && ms > 0 && ms <= gap_ms)
		e->joules += (double)(mw + e->power_mw) / 2 * (double)ms / 1e6;
	e->power_mw = mw;
	e->power_ms = r->at_ms;
}

void energy_read(struct energy *e, const struct sensor_reading *r, int64_t gap_ms)
{
	if (r->lost)
		return;
	if (sensor_has(r, SENSOR_ENERGY_UJ) && r->v[SENSOR_ENERGY_UJ] >= 0)
		count(e, r);
	else if (!e->counted)
		sum_up(e, r, gap_ms);
}
