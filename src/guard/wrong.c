/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When wrong results are the device's fault, and which rung of the ladder comes next. */
#include <stdio.h>
#include <string.h>

#include "src/guard/chance.h"
#include "src/guard/wrong.h"

const struct wrong_limits wrong_limits_default = {
	.limit_permille = 20,
	.alpha = 1e-4,
	.min_bad = 3,
	.window_ms = 6 * 3600 * 1000,
	.settle_ms = 10000,
	.slower_steps = 2,
	.restarts = 2,
	.forgive_ms = 30 * 60 * 1000,
	.forgive_max_ms = 24LL * 3600 * 1000,
	.forgive_good = 50,
};

static void forget_window(struct wrong *w)
{
	w->n = w->next = 0;
	w->good = w->poor = 0;
}

void wrong_init(struct wrong *w, const struct wrong_limits *lim)
{
	memset(w, 0, sizeof *w);
	w->forgive_ms = lim->forgive_ms;
}

void wrong_forgive(struct wrong *w, const struct wrong_limits *lim)
{
	w->rung = 0;
	w->settling = false;
	w->forgive_ms = lim->forgive_ms;
	forget_window(w);
}

void wrong_count(const struct wrong *w, const struct wrong_limits *lim, int64_t now_ms,
		 uint32_t *bad, uint32_t *all)
{
	uint32_t i;

	*bad = *all = 0;
	for (i = 1; i <= w->n; i++) { /* newest first */
		uint32_t at = (w->next + WRONG_KEPT - i) % WRONG_KEPT;

		if (now_ms - w->at_ms[at] > lim->window_ms)
			break;
		++*all;
		*bad += w->bad[at];
	}
}

uint32_t wrong_slower(const struct wrong *w, const struct wrong_limits *lim)
{
	return w->rung < lim->slower_steps ? w->rung : lim->slower_steps;
}

/* The next rung down. */
static enum wrong_verdict escalate(struct wrong *w, const struct wrong_limits *lim, uint32_t bad,
				   uint32_t all, int64_t now_ms)
{
	double limit = lim->limit_permille / 1000.0;

	snprintf(w->reason, sizeof w->reason,
		 "%u of the last %u results are wrong (%.1f %%, surely above %.1f %%; limit %.1f "
		 "%%)",
		 bad, all, 100.0 * bad / all, 100 * chance_lower(bad, all, lim->alpha),
		 100 * limit);
	if (w->rung) { /* a relapse */
		w->forgive_ms *= 2;
		if (w->forgive_ms > lim->forgive_max_ms)
			w->forgive_ms = lim->forgive_max_ms;
	}
	w->rung++;
	w->acted_ms = now_ms;
	w->settling = true;
	forget_window(w);
	if (w->rung <= lim->slower_steps)
		return WRONG_SLOWER;
	return w->rung <= lim->slower_steps + lim->restarts ? WRONG_RESTART : WRONG_PARK;
}

/* Behaved for long enough, with little enough wrong: one rung back. */
static enum wrong_verdict relent(struct wrong *w, const struct wrong_limits *lim, int64_t now_ms)
{
	uint32_t all = w->good + w->poor, was = w->rung;

	if (!w->rung || now_ms - w->acted_ms < w->forgive_ms || w->good < lim->forgive_good)
		return WRONG_NONE;
	if (2000.0 * w->poor > (double)lim->limit_permille * all) {
		w->good = w->poor = 0; /* not good enough: count anew */
		return WRONG_NONE;
	}
	snprintf(w->reason, sizeof w->reason, "%u of %u results right during the last %lld min",
		 w->good, all, (long long)((now_ms - w->acted_ms) / 60000));
	w->rung--;
	w->acted_ms = now_ms;
	w->settling = false;
	w->good = w->poor = 0;
	/* Rungs of restarting change nothing when they are taken back. */
	return was <= lim->slower_steps ? WRONG_FASTER : WRONG_NONE;
}

enum wrong_verdict wrong_add(struct wrong *w, const struct wrong_limits *lim, bool good,
			     int64_t now_ms)
{
	uint32_t bad, all;

	w->total_good += good;
	w->total_bad += !good;
	if (w->settling && now_ms - w->acted_ms < lim->settle_ms)
		return WRONG_NONE;
	w->settling = false;
	w->at_ms[w->next] = now_ms;
	w->bad[w->next] = !good;
	w->next = (w->next + 1) % WRONG_KEPT;
	w->n += w->n < WRONG_KEPT;
	w->good += good;
	w->poor += !good;
	if (good)
		return relent(w, lim, now_ms);
	wrong_count(w, lim, now_ms, &bad, &all);
	if (bad < lim->min_bad ||
	    chance_at_least(bad, all, lim->limit_permille / 1000.0) >= lim->alpha)
		return WRONG_NONE;
	return escalate(w, lim, bad, all, now_ms);
}
