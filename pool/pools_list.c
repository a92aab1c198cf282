/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which pools there are, and in what order. */
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool/mask.h"
#include "pool/pools_parts.h"
#include "src/clock.h"
#include "src/str.h"

static void entry_free(struct entry *e)
{
	if (!e)
		return;
	e->pools->slots[e->slot] = false;
	client_free(e->client);
	pools_drop_job(e);
	pool_config_free(e->own);
	free(e);
}

static int entry_new(struct entry **out, struct pools *p, unsigned index,
		     const struct pool_config *config, struct err *err)
{
	struct entry *e = calloc(1, sizeof *e);
	int rc;

	if (!e)
		return err_set(err, ERR_NOMEM, "no memory for a pool");
	e->pools = p;
	e->index = index;
	/* never two pools of one number, so that no share goes to another pool */
	while (e->slot < POOL_SLOTS - 1 && p->slots[e->slot])
		e->slot++;
	e->config = config;
	detect_init(&e->detect, config->n_candidates);
	rc = client_new(&e->client, p->base, p->names.dns, config, p->algo, &p->timeouts,
			&pools_client_events, e, err);
	if (rc) {
		free(e);
		return rc;
	}
	p->slots[e->slot] = true;
	*out = e;
	return 0;
}

static int check_served(const struct pools *p, const struct pool_config *config,
			const struct dialect *d, struct err *err)
{
	if (!d->serves || d->serves(p->algo))
		return 0;
	return err_set(err, ERR_USAGE, "%s: %s does not serve %s", config->url, d->title,
		       p->algo->name);
}

static int check(const struct pools *p, const struct pool_config *configs, unsigned n,
		 struct err *err)
{
	unsigned i, k;
	int rc = 0;

	if (n > FAILOVER_POOLS_MAX)
		return err_set(err, ERR_RANGE, "more than %d pools", FAILOVER_POOLS_MAX);
	for (i = 0; !rc && i < n; i++) {
		rc = check_served(p, &configs[i], configs[i].dialect, err);
		for (k = 0; !rc && k < configs[i].n_candidates; k++)
			rc = check_served(p, &configs[i], configs[i].candidates[k], err);
	}
	return rc;
}

/* Of the last pool that says it; as it was in the beginning when none does (any more). */
static void take_holddown(struct pools *p)
{
	uint64_t seconds;
	unsigned i;

	p->failover.holddown_ms = FAILOVER_HOLDDOWN_MS;
	for (i = 0; i < pools_count(p); i++) {
		const char *text = client_option(p->entries[i]->client, "holddown");

		if (text && !str_to_u64(&seconds, text, 0, 86400))
			p->failover.holddown_ms = (int64_t)seconds * 1000;
	}
}

int pools_new(struct pools **out, struct event_base *base, const struct pool_config *configs,
	      unsigned n, const struct algo *algo, const struct client_timeouts *timeouts,
	      unsigned retries, unsigned retry_pause_s, const struct pools_events *events,
	      void *arg, struct err *err)
{
	struct pools *p = calloc(1, sizeof *p);
	uint64_t seed = 0;
	unsigned i;
	int rc = 0;

	if (!p)
		return err_set(err, ERR_NOMEM, "no memory for the pools");
	p->base = base;
	p->algo = algo;
	p->timeouts = *timeouts;
	p->events = *events;
	p->arg = arg;
	RAND_bytes((unsigned char *)&seed, sizeof seed);
	failover_init(&p->failover, n, seed);
	p->failover.retries = retries;
	failover_pause(&p->failover, retry_pause_s * INT64_C(1000));
	p->timer = event_new(base, -1, 0, pools_on_timer, p);
	if (!p->timer)
		rc = err_set(err, ERR_NOMEM, "no memory for the pools");
	if (!rc)
		rc = names_init(&p->names, base, NAMES_RESOLV, NAMES_HOSTS, err);
	if (!rc)
		rc = check(p, configs, n, err);
	for (i = 0; !rc && i < n; i++) {
		rc = entry_new(&p->entries[i], p, i, &configs[i], err);
		if (!rc) {
			p->n++;
			p->failover.pool[i].disabled = configs[i].disabled;
		}
	}
	if (rc) {
		pools_free(p);
		return rc;
	}
	take_holddown(p);
	*out = p;
	return 0;
}

void pools_free(struct pools *p)
{
	unsigned i;

	if (!p)
		return;
	p->running = false;
	for (i = 0; i < p->n; i++)
		entry_free(p->entries[i]);
	if (p->timer)
		event_free(p->timer);
	names_done(&p->names);
	free(p);
}

void pools_start(struct pools *p)
{
	p->running = true;
	pools_kick(p);
}

void pools_stop(struct pools *p)
{
	unsigned i;

	p->running = false;
	event_del(p->timer);
	for (i = 0; i < p->n; i++)
		client_stop(p->entries[i]->client);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_options(char *const *a, char *const *b)
{
	for (; a && b && *a && *b; a++, b++)
		if (strcmp(*a, *b))
			return false;
	return !(a && *a) && !(b && *b);
}

static bool same_candidates(const struct pool_config *a, const struct pool_config *b)
{
	unsigned i;

	if (a->dialect != b->dialect || a->n_candidates != b->n_candidates)
		return false;
	for (i = 0; i < a->n_candidates && a->candidates[i] == b->candidates[i]; i++)
		;
	return i == a->n_candidates;
}

static bool same_config(const struct pool_config *a, const struct pool_config *b)
{
	return same_text(a->url, b->url) && same_text(a->user, b->user) &&
	       same_text(a->password, b->password) && same_text(a->proxy, b->proxy) &&
	       same_text(a->tls_ca, b->tls_ca) &&
	       same_text(a->tls_fingerprint, b->tls_fingerprint) &&
	       a->tls_insecure == b->tls_insecure && a->disabled == b->disabled &&
	       same_candidates(a, b) && same_options(a->options, b->options);
}

/* What was found out about a pool goes with it when its place in the list changes. */
static void carry(struct entry *fresh, const struct pools *p)
{
	unsigned i;

	for (i = 0; i < p->n; i++)
		if (same_text(p->entries[i]->config->url, fresh->config->url) &&
		    same_candidates(p->entries[i]->config, fresh->config))
			fresh->detect = p->entries[i]->detect;
}

/* What each of the new pools will be: one of ours that has its configuration, or a fresh one. */
static int match(struct pools *p, const struct pool_config *configs, unsigned n,
		 struct entry **next, struct err *err)
{
	bool taken[FAILOVER_POOLS_MAX] = {false};
	unsigned i, k;
	int rc = 0;

	for (i = 0; i < n; i++)
		for (k = 0; !next[i] && k < p->n; k++)
			if (!taken[k] && same_config(p->entries[k]->config, &configs[i])) {
				next[i] = p->entries[k];
				taken[k] = true;
			}
	for (i = 0; !rc && i < n; i++)
		if (!next[i]) {
			rc = entry_new(&next[i], p, i, &configs[i], err);
			if (!rc)
				carry(next[i], p);
		}
	return rc;
}

static bool is_ours(const struct pools *p, const struct entry *e)
{
	return e && e->index < p->n && p->entries[e->index] == e;
}

/* The kept one of the same configuration elsewhere in memory. */
static void rebind(struct entry *e, const struct pool_config *config)
{
	e->config = config;
	client_rebind(e->client, config);
	pool_config_free(e->own);
	e->own = NULL;
	e->leaving = false;
}

/* It stays for answers still to come, on a configuration of its own; false: no memory for that. */
static bool let_go(struct entry *e)
{
	if (!e->own && pool_config_copy(&e->own, e->config))
		return false;
	e->config = e->own;
	client_rebind(e->client, e->own);
	e->leaving = true;
	return true;
}

static void renumber(struct pools *p)
{
	unsigned i;

	for (i = 0; i < p->n; i++)
		p->entries[i]->index = i;
}

/* Those that stay keep what failover.c knows of them; whoever was picked is forgotten. */
static void put_list(struct pools *p, struct entry **next, const struct pool_config *configs,
		     unsigned n)
{
	struct failover was = p->failover;
	struct failover *f = &p->failover;
	bool kept[FAILOVER_POOLS_MAX] = {false};
	unsigned i;

	f->active = f->picked = -1;
	for (i = 0; i < n; i++) {
		memset(&f->pool[i], 0, sizeof f->pool[i]);
		if (is_ours(p, next[i])) {
			kept[next[i]->index] = true;
			f->pool[i] = was.pool[next[i]->index];
			f->active = was.active == (int)next[i]->index ? (int)i : f->active;
			rebind(next[i], &configs[i]);
		}
		if (f->pool[i].disabled != configs[i].disabled)
			failover_enable(f, i, !configs[i].disabled, clock_ms());
	}
	p->n_leaving = 0;
	for (i = 0; i < p->n; i++) {
		unsigned at = n + p->n_leaving;

		if (kept[i])
			continue;
		if (at < FAILOVER_POOLS_MAX && was.pool[i].usable && let_go(p->entries[i])) {
			f->pool[at] = was.pool[i];
			failover_enable(f, at, false, 0);
			next[at] = p->entries[i];
			p->n_leaving++;
			continue;
		}
		if (was.pool[i].started)
			pools_end_entry(p->entries[i]);
		entry_free(p->entries[i]);
	}
	p->n = f->n = n + p->n_leaving;
	memcpy(p->entries, next, p->n * sizeof *next);
	renumber(p);
	f->gave_up = false;
}

int pools_reload(struct pools *p, const struct pool_config *configs, unsigned n, struct err *err)
{
	struct entry *next[FAILOVER_POOLS_MAX] = {0};
	bool worked = p->failover.active >= 0;
	unsigned i;
	int rc = check(p, configs, n, err);

	if (!rc)
		rc = match(p, configs, n, next, err);
	if (rc) {
		for (i = 0; i < n && i < FAILOVER_POOLS_MAX; i++)
			if (!is_ours(p, next[i]))
				entry_free(next[i]);
		return rc;
	}
	put_list(p, next, configs, n);
	take_holddown(p);
	/* The next step says which one is active now, but it does not see that none is left. */
	if (worked && p->failover.active < 0 && failover_best(&p->failover) < 0)
		p->events.active(p->arg, -1);
	pools_kick(p);
	return 0;
}

/* ---- changes at run time ---- */

static int find(const struct pools *p, unsigned place, struct err *err)
{
	if (place < pools_count(p))
		return 0;
	return err_set(err, ERR_RANGE, "there is no pool %u", place);
}

/* Is there another one that may be worked for? */
static int check_last(const struct pools *p, unsigned place, const char *what, struct err *err)
{
	unsigned i;

	for (i = 0; i < pools_count(p); i++)
		if (i != place && !p->failover.pool[i].disabled)
			return 0;
	return err_set(err, ERR_USAGE,
		       "pool %u is the only one that is enabled and cannot be %s; enable or add "
		       "another one first",
		       place, what);
}

static void move(struct pools *p, unsigned from, unsigned to)
{
	struct entry *e = p->entries[from];

	if (from < to)
		memmove(p->entries + from, p->entries + from + 1, (to - from) * sizeof *p->entries);
	else
		memmove(p->entries + to + 1, p->entries + to, (from - to) * sizeof *p->entries);
	p->entries[to] = e;
	failover_move(&p->failover, from, to);
	renumber(p);
}

int pools_switch(struct pools *p, unsigned place, struct err *err)
{
	int rc = find(p, place, err);

	if (!rc && p->failover.pool[place].disabled)
		rc = err_set(err, ERR_USAGE, "pool %u is disabled; enable it first", place);
	if (rc)
		return rc;
	failover_pick(&p->failover, place);
	pools_kick(p);
	return 0;
}

int pools_enable(struct pools *p, unsigned place, bool on, struct err *err)
{
	int rc = find(p, place, err);

	if (!rc && !on)
		rc = check_last(p, place, "disabled", err);
	if (rc || p->failover.pool[place].disabled == !on)
		return rc;
	failover_enable(&p->failover, place, on, clock_ms());
	pools_kick(p);
	return 0;
}

static int check_new(const struct pools *p, const struct pool_config *config, struct err *err)
{
	unsigned i;

	if (p->n == FAILOVER_POOLS_MAX)
		return err_set(err, ERR_RANGE, "more than %d pools; remove one first",
			       FAILOVER_POOLS_MAX);
	for (i = 0; i < pools_count(p); i++)
		if (same_config(p->entries[i]->config, config))
			return err_set(err, ERR_USAGE, "%s: is pool %u already", config->url, i);
	return check(p, config, 1, err);
}

int pools_add(struct pools *p, struct pool_config *take, unsigned *place, struct err *err)
{
	unsigned at = pools_count(p);
	struct entry *e = NULL;
	int rc = check_new(p, take, err);

	if (!rc)
		rc = entry_new(&e, p, at, take, err);
	if (rc) {
		pool_config_free(take);
		return rc;
	}
	carry(e, p);
	e->own = take;
	memmove(p->entries + at + 1, p->entries + at, (p->n - at) * sizeof *p->entries);
	p->entries[at] = e;
	p->n++;
	failover_insert(&p->failover, at);
	renumber(p);
	take_holddown(p);
	pools_kick(p);
	*place = at;
	return 0;
}

int pools_remove(struct pools *p, unsigned place, struct err *err)
{
	int rc = find(p, place, err);

	if (!rc)
		rc = check_last(p, place, "removed", err);
	if (rc)
		return rc;
	failover_enable(&p->failover, place, false, clock_ms());
	p->entries[place]->leaving = true;
	move(p, place, p->n - 1);
	p->n_leaving++;
	take_holddown(p);
	pools_kick(p);
	return 0;
}

int pools_move(struct pools *p, unsigned place, unsigned to, struct err *err)
{
	int rc = find(p, place, err);

	if (!rc)
		rc = find(p, to, err);
	if (rc)
		return rc;
	move(p, place, to);
	pools_kick(p);
	return 0;
}

void pools_reap(struct pools *p)
{
	unsigned i;

	for (i = p->n; i-- > pools_count(p);) {
		struct entry *e = p->entries[i];

		if (p->failover.pool[i].started)
			continue;
		failover_erase(&p->failover, i);
		memmove(p->entries + i, p->entries + i + 1, (p->n - i - 1) * sizeof *p->entries);
		p->n--;
		p->n_leaving--;
		entry_free(e);
	}
	renumber(p);
}

/* ---- what others see ---- */

void pools_set_hashrate(struct pools *p, double hashes_per_s)
{
	unsigned i;

	for (i = 0; i < p->n; i++)
		client_set_hashrate(p->entries[i]->client, hashes_per_s);
}

int pools_active(const struct pools *p)
{
	return p->failover.active < (int)pools_count(p) ? p->failover.active : -1;
}

unsigned pools_count(const struct pools *p)
{
	return p->n - p->n_leaving;
}

const char *pool_state_name(enum pool_state state)
{
	static const char *const words[POOL_STATES] = {
		[POOL_DISABLED] = "disabled",     [POOL_DOWN] = "down",
		[POOL_CONNECTING] = "connecting", [POOL_STANDBY] = "standby",
		[POOL_ACTIVE] = "active",
	};

	return words[state];
}

static enum pool_state state_of(const struct pools *p, unsigned i)
{
	const struct failover_pool *f = &p->failover.pool[i];

	if (p->failover.active == (int)i)
		return POOL_ACTIVE;
	if (f->disabled)
		return POOL_DISABLED;
	return !f->started ? POOL_DOWN : f->usable ? POOL_STANDBY : POOL_CONNECTING;
}

void pools_status(const struct pools *p, unsigned i, struct pool_status *out)
{
	const struct entry *e = p->entries[i];

	memset(out, 0, sizeof *out);
	str_copy(out->url, sizeof out->url, e->config->url);
	mask_user(out->user, sizeof out->user, e->config->user);
	str_copy(out->where, sizeof out->where, client_where(e->client));
	out->state = state_of(p, i);
	out->difficulty = e->difficulty;
	out->height = e->height;
	out->connects = e->connects;
	out->drops = e->drops;
	out->jobs = e->jobs;
	out->since_ms = e->since_ms;
	str_copy(out->last_error, sizeof out->last_error, e->last_error);
	mask_user_in(out->last_error, sizeof out->last_error, e->config->user);
}

const char *pools_user(const struct pools *p, unsigned place)
{
	return p->entries[place]->config->user;
}
