/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of pools: applies failover.c to connections. */
#include <event2/event.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pool/detect.h"
#include "pool/domain.h"
#include "pool/failover.h"
#include "pool/names.h"
#include "pool/pools.h"
#include "src/clock.h"
#include "src/log.h"
#include "src/str.h"

#define REJECTS_MAX 50 /* in a row: this pool and we do not understand each other */
#define NOTES_MAX   30
#define NOTES_MS    10000

struct entry {
	struct pools *pools;
	unsigned index;
	const struct pool_config *config;
	struct client *client;
	struct detect detect;
	const struct dialect *spoken; /* the dialect that memo and old_session are of */
	char memo[256];
	uint64_t session, old_session;
	bool has_session, resumed;
	bool met;              /* this session logged in or had a job */
	char memo_before[256]; /* as it was when this session began */
	struct job *last_job;  /* newest, for when this pool becomes active */
	unsigned rejects;      /* in a row */
	uint64_t connects, drops, jobs;
	int64_t since_ms, redirect_ms;
	double difficulty;
	uint64_t height;
	char last_error[ERR_TEXT_MAX];
	int64_t notes_ms; /* since when notes are counted */
	unsigned notes;
};

struct pools {
	struct event_base *base;
	struct names names;
	const struct algo *algo;
	struct client_timeouts timeouts;
	struct pools_events events;
	void *arg;
	struct failover failover;
	struct entry *entries[FAILOVER_POOLS_MAX];
	unsigned n;
	uint64_t sessions;
	struct event *timer;
	bool running;
};

static const char *name_of(const struct entry *e)
{
	return e->config->url;
}

/* Step from the loop, never from within a client's call. */
static void kick(struct pools *p)
{
	if (p->running)
		event_active(p->timer, EV_TIMEOUT, 0);
}

static const struct dialect *dialect_of(const struct entry *e)
{
	return e->detect.n > 1 ? e->config->candidates[e->detect.at] : e->config->dialect;
}

static void start(struct entry *e);

/* ---- what clients tell ---- */

static void drop_job(struct entry *e)
{
	job_unref(e->last_job);
	e->last_job = NULL;
}

/* Logged in with a job: the pool understands us. */
static void note_fit(struct entry *e)
{
	if (e->detect.fitted || !e->last_job || !client_is_ready(e->client))
		return;
	if (e->detect.n > 1 && !e->detect.known)
		log_info(LOG_POOL, "%s: speaks %s (%s)", name_of(e), dialect_of(e)->name,
			 dialect_of(e)->title);
	detect_fits(&e->detect);
}

static void on_ready(void *arg, bool resumed)
{
	struct entry *e = arg;
	struct pools *p = e->pools;

	e->met = true;
	e->resumed = resumed && e->old_session;
	e->since_ms = clock_ms();
	e->connects++;
	log_info(LOG_POOL, "%s: logged in%s", client_where(e->client),
		 e->resumed ? ", session resumed" : "");
	note_fit(e);
	p->events.ready(p->arg, e->index, e->session, e->resumed, e->old_session);
	if (e->last_job) {
		failover_usable(&p->failover, e->index, clock_ms());
		kick(p);
	}
}

static void on_job(void *arg, struct job *take)
{
	struct entry *e = arg;
	struct pools *p = e->pools;

	take->pool = e->index;
	take->session = e->session;
	e->met = true;
	e->jobs++;
	e->difficulty = take->difficulty;
	e->height = take->height;
	drop_job(e);
	e->last_job = job_ref(take);
	note_fit(e);
	failover_usable(&p->failover, e->index, clock_ms());
	if (p->failover.active == (int)e->index) {
		p->events.job(p->arg, take);
	} else {
		job_unref(take);
		kick(p);
	}
}

static void on_flush(void *arg)
{
	struct entry *e = arg;
	struct pools *p = e->pools;

	drop_job(e);
	p->events.flush(p->arg, e->index, e->session);
}

static void end(struct entry *e, const char *why)
{
	struct pools *p = e->pools;

	drop_job(e);
	if (e->has_session)
		p->events.down(p->arg, e->index, e->session);
	/* An attempt that led nowhere leaves what is to be resumed as it was. */
	if (e->has_session && (e->met || strcmp(e->memo, e->memo_before)))
		e->old_session = e->session;
	e->has_session = false;
	e->rejects = 0;
	if (why)
		str_copy(e->last_error, sizeof e->last_error, why);
}

static enum detect_end end_of(const struct entry *e, const struct err *why)
{
	if (why->code == ERR_AUTH)
		return DETECT_CREDENTIALS;
	if (!client_reached(e->client))
		return DETECT_UNREACHED;
	return e->met ? DETECT_NO_JOB : DETECT_UNHEARD;
}

/* What was tried in vain, and what to do about it. */
static void say_none(const struct entry *e, struct err *out)
{
	const struct pool_config *c = e->config;
	struct url forced = c->parsed;
	char names[160], text[600];

	detect_names(names, sizeof names, c->candidates, c->n_candidates);
	detect_forced(forced.scheme, sizeof forced.scheme, c->candidates, c->n_candidates, 0,
		      c->parsed.tls);
	if (!forced.scheme[0])
		str_copy(forced.scheme, sizeof forced.scheme, c->parsed.scheme);
	err_set(out, ERR_PROTO, "none of %s was understood; force one, as in %s", names,
		url_print(text, sizeof text, &forced));
}

static void on_down(void *arg, const struct err *reason)
{
	struct entry *e = arg;
	struct pools *p = e->pools;
	int64_t now = clock_ms();
	const struct dialect *tried = dialect_of(e);
	struct err none;
	const struct err *why = reason;

	end(e, why->text);
	if (why->code == ERR_BUSY) { /* a reconnect the pool asked for */
		failover_redirected(&p->failover, e->index, e->redirect_ms, now);
		kick(p);
		return;
	}
	switch (detect_ended(&e->detect, end_of(e, why))) {
	case DETECT_TRY:
		log_info(LOG_POOL, "%s: not understood as %s (%s); trying %s", name_of(e),
			 tried->name, why->text, dialect_of(e)->name);
		start(e);
		return;
	case DETECT_NONE:
		say_none(e, &none);
		why = &none;
		break;
	case DETECT_SLOW:
		err_set(&none, ERR_PROTO,
			"only %s could log in, and got no job; is it a pool for %s?",
			dialect_of(e)->name, p->algo->name);
		why = &none;
		break;
	case DETECT_FAILURE:
		break;
	}
	str_copy(e->last_error, sizeof e->last_error, why->text);
	e->drops++;
	failover_down(&p->failover, e->index, why->code == ERR_AUTH, now);
	log_warn(LOG_POOL, "%s: %s; next try in %lld s", name_of(e), why->text,
		 (long long)(p->failover.pool[e->index].retry_ms - now + 999) / 1000);
	kick(p);
}

static void on_answer(void *arg, uint32_t request, enum client_verdict verdict, const char *reason)
{
	struct entry *e = arg;
	struct pools *p = e->pools;

	e->rejects = verdict == VERDICT_REJECTED ? e->rejects + 1 : 0;
	if (verdict == VERDICT_ACCEPTED)
		failover_proved(&p->failover, e->index);
	p->events.answer(p->arg, e->index, e->session, request, verdict, reason);
	if (e->rejects < REJECTS_MAX)
		return;
	log_warn(LOG_POOL,
		 "%s: %d shares rejected in a row, last: %s; leaving it alone for a while",
		 name_of(e), REJECTS_MAX, reason && *reason ? reason : "no reason given");
	e->rejects = 0;
	client_stop_soon(e->client, ERR_AUTH, "too many rejected shares");
}

/*
 * A pool may say much at once (difficulty, extranonce, a message), but not fill a disk: NOTES_MAX
 * lines in NOTES_MS, then only how many were held back.
 */
static bool may_speak(struct entry *e, int64_t now_ms)
{
	if (now_ms - e->notes_ms >= NOTES_MS) {
		if (e->notes > NOTES_MAX)
			log_warn(LOG_POOL, "%s: %u further lines were held back", name_of(e),
				 e->notes - NOTES_MAX);
		e->notes_ms = now_ms;
		e->notes = 0;
	}
	return ++e->notes <= NOTES_MAX;
}

static void on_redirect(void *arg, const char *host, unsigned port, unsigned wait_s)
{
	struct entry *e = arg;
	const struct url *u = &e->config->parsed;

	if (*host && !domain_same(host, u->host)) {
		if (may_speak(e, clock_ms()))
			log_warn(LOG_POOL,
				 "%s: asks us to reconnect to another domain, %s: refused",
				 name_of(e), host);
		return;
	}
	log_info(LOG_POOL, "%s: asks us to reconnect%s%s in %u s", name_of(e), *host ? " to " : "",
		 host, wait_s);
	client_aim(e->client, *host ? host : u->host, port ? port : u->port);
	client_stop_soon(e->client, ERR_BUSY, "reconnecting");
	e->redirect_ms = wait_s * INT64_C(1000);
}

static void on_note(void *arg, enum client_note kind, const char *text)
{
	struct entry *e = arg;
	enum log_level level = kind == NOTE_DEBUG     ? LOG_DEBUG
			       : kind == NOTE_WARNING ? LOG_WARN
						      : LOG_NOTICE;

	if (kind == NOTE_BLOCK)
		log_info(LOG_POOL, "*** %s: %s ***", name_of(e), text);
	else if (may_speak(e, clock_ms()))
		log_line(level, LOG_POOL, "%s: %s", name_of(e), text);
}

static void on_wire(void *arg, bool out, const char *line, size_t len)
{
	struct entry *e = arg;
	char text[1024];

	if (!log_enabled(LOG_DEBUG) || !e->pools->timeouts.dump)
		return;
	log_debug(LOG_POOL, "%s %s %s", name_of(e), out ? ">" : "<",
		  str_printable(text, sizeof text, line,
				len && line[len - 1] == '\n' ? len - 1 : len));
}

static const struct client_events client_events = {
	.ready = on_ready,
	.job = on_job,
	.flush = on_flush,
	.answer = on_answer,
	.down = on_down,
	.redirect = on_redirect,
	.note = on_note,
	.wire = on_wire,
};

/* ---- what failover.c wants ---- */

/* A session of one dialect cannot be resumed in another. */
static void speak(struct entry *e, const struct dialect *d)
{
	if (e->spoken == d)
		return;
	e->spoken = d;
	e->memo[0] = '\0';
	e->old_session = 0;
}

static void start(struct entry *e)
{
	struct pools *p = e->pools;
	int patience = detect_patience(&e->detect, p->timeouts.detect_ms, p->timeouts.hello_ms);
	struct err err = {0};

	speak(e, dialect_of(e));
	detect_begin(&e->detect);
	e->session = ++p->sessions;
	e->has_session = true;
	e->met = false;
	memcpy(e->memo_before, e->memo, sizeof e->memo_before);
	names_refresh(&p->names);
	if (!client_use(e->client, e->spoken, patience, &err) &&
	    !client_start(e->client, e->memo, &err))
		return;
	on_down(e, &err);
}

static void stop(struct entry *e)
{
	client_stop(e->client);
	end(e, NULL);
}

static void activate(struct pools *p, int pool)
{
	struct entry *e;

	p->events.active(p->arg, pool);
	if (pool < 0)
		return;
	e = p->entries[pool];
	log_info(LOG_POOL, "%s: working for it", name_of(e));
	if (e->last_job)
		p->events.job(p->arg, job_ref(e->last_job));
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct pools *p = arg;
	struct failover_action action;
	struct timeval tv;
	int64_t now = clock_ms(), due;

	(void)fd;
	(void)what;
	while (p->running) {
		action = failover_step(&p->failover, now);
		if (action.what == FAILOVER_NONE)
			break;
		if (action.what == FAILOVER_START)
			start(p->entries[action.pool]);
		else if (action.what == FAILOVER_STOP)
			stop(p->entries[action.pool]);
		else if (action.what == FAILOVER_ACTIVE)
			activate(p, action.pool);
		else
			p->events.gave_up(p->arg);
	}
	due = failover_due(&p->failover, now);
	if (!p->running || due == INT64_MAX)
		return;
	due -= now;
	tv.tv_sec = due / 1000;
	tv.tv_usec = due % 1000 * 1000;
	event_add(p->timer, &tv);
}

/* ---- the list ---- */

static void entry_free(struct entry *e)
{
	if (!e)
		return;
	client_free(e->client);
	drop_job(e);
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
	e->config = config;
	detect_init(&e->detect, config->n_candidates);
	rc = client_new(&e->client, p->base, p->names.dns, config, p->algo, &p->timeouts,
			&client_events, e, err);
	if (rc) {
		free(e);
		return rc;
	}
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
	for (i = 0; i < p->n; i++) {
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
	p->timer = event_new(base, -1, 0, on_timer, p);
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
	kick(p);
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

int pools_reload(struct pools *p, const struct pool_config *configs, unsigned n, struct err *err)
{
	struct entry *fresh[FAILOVER_POOLS_MAX] = {0};
	unsigned i;
	int rc = check(p, configs, n, err);

	for (i = 0; !rc && i < n; i++)
		if (i >= p->n || !same_config(p->entries[i]->config, &configs[i]))
			rc = entry_new(&fresh[i], p, i, &configs[i], err);
	for (i = 0; !rc && i < n; i++)
		if (fresh[i])
			carry(fresh[i], p);
	if (rc) {
		for (i = 0; i < n && i < FAILOVER_POOLS_MAX; i++)
			entry_free(fresh[i]);
		return rc;
	}
	for (i = 0; i < p->n || i < n; i++) {
		struct entry *old = i < p->n ? p->entries[i] : NULL;

		if (i < n && !fresh[i]) {
			old->config = &configs[i];
			client_rebind(old->client, &configs[i]);
			continue;
		}
		if (old && p->failover.pool[i].started)
			stop(old);
		entry_free(old);
		p->entries[i] = fresh[i];
		memset(&p->failover.pool[i], 0, sizeof p->failover.pool[i]);
		if (fresh[i])
			p->failover.pool[i].disabled = configs[i].disabled;
	}
	p->n = p->failover.n = n;
	take_holddown(p);
	if (p->failover.active >= (int)n) {
		p->failover.active = -1;
		p->events.active(p->arg, -1);
	}
	p->failover.gave_up = false;
	kick(p);
	return 0;
}

int pools_submit(struct pools *p, const struct share *share, uint32_t *request, struct err *err)
{
	struct entry *e = share->job->pool < p->n ? p->entries[share->job->pool] : NULL;
	uint64_t session = share->job->session;

	if (!e)
		return err_set(err, ERR_UNKNOWN, "its pool is no longer configured");
	if (!e->has_session || !client_is_ready(e->client))
		return err_set(err, ERR_NET, "not logged in");
	if (session != e->session && !(e->resumed && session == e->old_session))
		return err_set(err, ERR_UNKNOWN, "its session is over");
	return client_submit(e->client, share, request, err);
}

void pools_set_hashrate(struct pools *p, double hashes_per_s)
{
	unsigned i;

	for (i = 0; i < p->n; i++)
		client_set_hashrate(p->entries[i]->client, hashes_per_s);
}

int pools_active(const struct pools *p)
{
	return p->failover.active;
}

unsigned pools_count(const struct pools *p)
{
	return p->n;
}

static enum pool_state state_of(const struct pools *p, unsigned i)
{
	const struct failover_pool *f = &p->failover.pool[i];

	if (f->disabled)
		return POOL_DISABLED;
	if (p->failover.active == (int)i)
		return POOL_ACTIVE;
	return !f->started ? POOL_DOWN : f->usable ? POOL_STANDBY : POOL_CONNECTING;
}

/* Wallets are nobody's business: the first and last letters only. */
static void mask(char *out, size_t size, const char *user)
{
	size_t len = strlen(user);

	if (len <= 8)
		str_copy(out, size, user);
	else
		snprintf(out, size, "%.4s...%s", user, user + len - 4);
}

void pools_status(const struct pools *p, unsigned i, struct pool_status *out)
{
	const struct entry *e = p->entries[i];

	memset(out, 0, sizeof *out);
	str_copy(out->url, sizeof out->url, e->config->url);
	mask(out->user, sizeof out->user, e->config->user);
	str_copy(out->where, sizeof out->where, client_where(e->client));
	out->state = state_of(p, i);
	out->difficulty = e->difficulty;
	out->height = e->height;
	out->connects = e->connects;
	out->drops = e->drops;
	out->jobs = e->jobs;
	out->since_ms = e->since_ms;
	str_copy(out->last_error, sizeof out->last_error, e->last_error);
}
