/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which pools to be connected to and which one to work for; pure. */
#include <string.h>

#include "pool/failover.h"

#define REDIRECTS_MAX 3 /* in a row; a load balancer needs one */

void failover_init(struct failover *f, unsigned n, uint64_t seed)
{
	memset(f, 0, sizeof *f);
	f->n = n < FAILOVER_POOLS_MAX ? n : FAILOVER_POOLS_MAX;
	f->active = f->picked = -1;
	f->holddown_ms = FAILOVER_HOLDDOWN_MS;
	f->drain_ms = 5000;
	f->backoff_min_ms = 1000;
	f->backoff_max_ms = 60000;
	f->refused_ms = 60000;
	f->seed = seed | 1;
}

void failover_pause(struct failover *f, int64_t ms)
{
	if (ms <= 0)
		return;
	f->backoff_min_ms = ms;
	if (f->backoff_max_ms < ms)
		f->backoff_max_ms = ms;
}

/* From 3/4 to 5/4 of ms, so that a farm does not return all at once. */
static int64_t jitter(struct failover *f, int64_t ms)
{
	f->seed ^= f->seed << 13;
	f->seed ^= f->seed >> 7;
	f->seed ^= f->seed << 17;
	return ms * 3 / 4 + (int64_t)(f->seed % (uint64_t)(ms / 2 + 1));
}

void failover_usable(struct failover *f, unsigned pool, int64_t now_ms)
{
	struct failover_pool *p = &f->pool[pool];

	if (!p->started || p->usable)
		return;
	p->usable = true;
	p->usable_since_ms = now_ms;
	p->failures = 0;
	p->proved = false;
}

void failover_proved(struct failover *f, unsigned pool)
{
	f->pool[pool].proved = true;
}

/* Failures and moments of use before this one, for the length of the pause. */
static unsigned trouble(struct failover_pool *p, int64_t now_ms)
{
	bool brief = !p->proved && now_ms - p->usable_since_ms < FAILOVER_BRIEF_MS;
	unsigned before;

	if (p->usable && !brief)
		p->brief = 0;
	before = p->failures + p->brief;
	if (p->usable && brief && p->brief < 32)
		p->brief++;
	return before;
}

void failover_down(struct failover *f, unsigned pool, bool refused, int64_t now_ms)
{
	struct failover_pool *p = &f->pool[pool];
	int64_t wait = f->backoff_min_ms;
	unsigned before = trouble(p, now_ms), i;

	for (i = 0; i < before && wait < f->backoff_max_ms; i++)
		wait *= 2;
	if (wait > f->backoff_max_ms)
		wait = f->backoff_max_ms;
	if (refused && wait < f->refused_ms)
		wait = f->refused_ms;
	if (f->picked == (int)pool)
		f->picked = -1;
	p->failures++;
	p->started = p->usable = false;
	p->stop_ms = 0;
	p->retry_ms = now_ms + (refused ? wait : jitter(f, wait));
}

void failover_redirected(struct failover *f, unsigned pool, int64_t wait_ms, int64_t now_ms)
{
	struct failover_pool *p = &f->pool[pool];

	if (now_ms - p->redirected_ms >= f->backoff_max_ms)
		p->redirects = 0;
	p->redirected_ms = now_ms;
	if (++p->redirects > REDIRECTS_MAX) {
		failover_down(f, pool, false, now_ms);
		return;
	}
	if (p->redirects > 1 && wait_ms < f->backoff_min_ms)
		wait_ms = f->backoff_min_ms;
	p->started = p->usable = false;
	p->stop_ms = 0;
	p->retry_ms = now_ms + wait_ms;
	p->away = wait_ms > f->drain_ms;
}

int failover_best(const struct failover *f)
{
	unsigned i;

	for (i = 0; i < f->n; i++)
		if (f->pool[i].usable && !f->pool[i].disabled)
			return (int)i;
	return -1;
}

/*
 * The best pool to work for now; a better one than the present must have proved itself, unless
 * the owner wants it or does not want the present one.
 */
static int choose(const struct failover *f, int64_t now_ms)
{
	int i;

	if (f->picked >= 0 && f->pool[f->picked].usable)
		return f->picked;
	if (f->active < 0 || !f->pool[f->active].usable)
		return failover_best(f);
	if (f->pool[f->active].disabled) {
		i = failover_best(f);
		return i < 0 && now_ms < f->pool[f->active].leave_ms ? f->active : i;
	}
	for (i = 0; i < f->active; i++)
		if (f->pool[i].usable && !f->pool[i].disabled &&
		    now_ms - f->pool[i].usable_since_ms >= f->holddown_ms)
			return i;
	return f->active;
}

/*
 * A pool is wanted when it is the active one or better, or when no better one works: each
 * that is better has failed since it was last usable, or sent us away.  An active one that was
 * disabled is good until another is found.
 */
static bool wanted(const struct failover *f, unsigned i)
{
	unsigned j;

	if (f->active == (int)i || f->picked == (int)i)
		return true;
	if (f->pool[i].disabled)
		return false;
	if (f->active >= 0 && !f->pool[f->active].disabled)
		return i < (unsigned)f->active;
	for (j = 0; j < i; j++)
		if (!f->pool[j].disabled && !f->pool[j].failures && !f->pool[j].away)
			return false;
	return true;
}

static bool hopeless(const struct failover *f)
{
	unsigned i;

	if (!f->retries || f->gave_up)
		return false;
	for (i = 0; i < f->n; i++)
		if (!f->pool[i].disabled && f->pool[i].failures < f->retries)
			return false;
	return true;
}

static struct failover_action act(enum failover_what what, int pool)
{
	return (struct failover_action){.what = what, .pool = pool};
}

static bool step_pool(struct failover *f, unsigned i, int64_t now_ms, struct failover_action *out)
{
	struct failover_pool *p = &f->pool[i];

	if (!wanted(f, i)) {
		if (!p->started)
			return false;
		if (!p->stop_ms)
			p->stop_ms = now_ms + f->drain_ms;
		if (now_ms < p->stop_ms)
			return false;
		p->started = p->usable = false;
		p->stop_ms = 0;
		p->failures = 0;
		*out = act(FAILOVER_STOP, (int)i);
		return true;
	}
	p->stop_ms = 0;
	if (p->started || now_ms < p->retry_ms)
		return false;
	p->started = true;
	p->away = false;
	*out = act(FAILOVER_START, (int)i);
	return true;
}

struct failover_action failover_step(struct failover *f, int64_t now_ms)
{
	struct failover_action out;
	int best = choose(f, now_ms);
	unsigned i;

	if (best != f->active) {
		f->active = best;
		return act(FAILOVER_ACTIVE, best);
	}
	if (hopeless(f)) {
		f->gave_up = true;
		return act(FAILOVER_GAVE_UP, -1);
	}
	for (i = 0; i < f->n; i++)
		if (step_pool(f, i, now_ms, &out))
			return out;
	return act(FAILOVER_NONE, -1);
}

int64_t failover_due(const struct failover *f, int64_t now_ms)
{
	int64_t due = INT64_MAX, at;
	unsigned i;

	for (i = 0; i < f->n; i++) {
		const struct failover_pool *p = &f->pool[i];

		at = INT64_MAX;
		if (p->stop_ms)
			at = p->stop_ms;
		else if (p->disabled && f->active == (int)i)
			at = p->leave_ms;
		else if (!p->started && wanted(f, i))
			at = p->retry_ms;
		else if (p->usable && f->active > (int)i && f->active != f->picked)
			at = p->usable_since_ms + f->holddown_ms;
		if (at < due)
			due = at;
	}
	return due < now_ms ? now_ms : due;
}

/* ---- the owner's word ---- */

void failover_pick(struct failover *f, unsigned pool)
{
	f->picked = (int)pool;
	f->pool[pool].retry_ms = 0;
	f->pool[pool].away = false;
}

void failover_enable(struct failover *f, unsigned pool, bool on, int64_t now_ms)
{
	struct failover_pool *p = &f->pool[pool];

	p->disabled = !on;
	p->failures = 0;
	p->retry_ms = 0;
	p->leave_ms = !on && f->active == (int)pool ? now_ms + FAILOVER_LEAVE_MS : 0;
	if (on)
		f->gave_up = false;
	else if (f->picked == (int)pool)
		f->picked = -1;
}

/* Where the pool at this place is after one went from one place to another. */
static int follow(int at, int from, int to)
{
	if (at == from)
		return to;
	if (at > from && at <= to)
		return at - 1;
	return at < from && at >= to ? at + 1 : at;
}

void failover_move(struct failover *f, unsigned from, unsigned to)
{
	struct failover_pool moved = f->pool[from];

	if (from < to)
		memmove(f->pool + from, f->pool + from + 1, (to - from) * sizeof *f->pool);
	else
		memmove(f->pool + to + 1, f->pool + to, (from - to) * sizeof *f->pool);
	f->pool[to] = moved;
	f->active = follow(f->active, (int)from, (int)to);
	f->picked = follow(f->picked, (int)from, (int)to);
}

void failover_insert(struct failover *f, unsigned place)
{
	memset(&f->pool[f->n], 0, sizeof f->pool[f->n]);
	failover_move(f, f->n++, place);
	f->gave_up = false;
}

void failover_erase(struct failover *f, unsigned place)
{
	failover_move(f, place, --f->n);
	if (f->active == (int)f->n)
		f->active = -1;
	if (f->picked == (int)f->n)
		f->picked = -1;
}
