/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of pools: applies failover.c to connections. */
#include <string.h>

#include "pool/domain.h"
#include "pool/pools_parts.h"
#include "src/clock.h"
#include "src/log.h"
#include "src/str.h"

#define REJECTS_MAX 50 /* in a row: this pool and we do not understand each other */
#define NOTES_MAX   30
#define NOTES_MS    10000

static const char *name_of(const struct entry *e)
{
	return e->config->url;
}

void pools_kick(struct pools *p)
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

void pools_drop_job(struct entry *e)
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
	p->events.ready(p->arg, e->slot, e->session, e->resumed, e->old_session);
	if (e->last_job) {
		failover_usable(&p->failover, e->index, clock_ms());
		pools_kick(p);
	}
}

static void on_job(void *arg, struct job *take)
{
	struct entry *e = arg;
	struct pools *p = e->pools;

	take->pool = e->slot;
	take->session = e->session;
	e->met = true;
	e->jobs++;
	e->difficulty = take->difficulty;
	e->height = take->height;
	pools_drop_job(e);
	e->last_job = job_ref(take);
	note_fit(e);
	failover_usable(&p->failover, e->index, clock_ms());
	if (p->failover.active == (int)e->index) {
		p->events.job(p->arg, take);
	} else {
		job_unref(take);
		pools_kick(p);
	}
}

static void on_flush(void *arg)
{
	struct entry *e = arg;
	struct pools *p = e->pools;

	pools_drop_job(e);
	p->events.flush(p->arg, e->slot, e->session);
}

static void end(struct entry *e, const char *why)
{
	struct pools *p = e->pools;

	pools_drop_job(e);
	if (e->has_session)
		p->events.down(p->arg, e->slot, e->session);
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

/* To failover.c and to the log. */
static void say_down(struct entry *e, const char *why, bool refused, int64_t now)
{
	struct failover *f = &e->pools->failover;
	bool in_vain = f->picked == (int)e->index && f->active != f->picked;

	failover_down(f, e->index, refused, now);
	if (f->pool[e->index].disabled)
		log_info(LOG_POOL, "%s: %s", name_of(e), why);
	else if (in_vain && f->active >= 0)
		log_warn(LOG_POOL, "%s: %s; staying with %s", name_of(e), why,
			 name_of(e->pools->entries[f->active]));
	else
		log_warn(LOG_POOL, "%s: %s; next try in %lld s", name_of(e), why,
			 (long long)(f->pool[e->index].retry_ms - now + 999) / 1000);
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
		pools_kick(p);
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
	say_down(e, why->text, why->code == ERR_AUTH, now);
	pools_kick(p);
}

static void on_answer(void *arg, uint32_t request, enum client_verdict verdict, const char *reason)
{
	struct entry *e = arg;
	struct pools *p = e->pools;

	e->rejects = verdict == VERDICT_REJECTED ? e->rejects + 1 : 0;
	if (verdict == VERDICT_ACCEPTED)
		failover_proved(&p->failover, e->index);
	p->events.answer(p->arg, e->slot, e->session, request, verdict, reason);
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

const struct client_events pools_client_events = {
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

void pools_end_entry(struct entry *e)
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

void pools_on_timer(evutil_socket_t fd, short what, void *arg)
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
			pools_end_entry(p->entries[action.pool]);
		else if (action.what == FAILOVER_ACTIVE)
			activate(p, action.pool);
		else
			p->events.gave_up(p->arg);
	}
	pools_reap(p);
	due = failover_due(&p->failover, now);
	if (!p->running || due == INT64_MAX)
		return;
	due -= now;
	tv.tv_sec = due / 1000;
	tv.tv_usec = due % 1000 * 1000;
	event_add(p->timer, &tv);
}

/* ---- what others ask ---- */

static struct entry *by_slot(const struct pools *p, unsigned slot)
{
	unsigned i;

	for (i = 0; i < p->n; i++)
		if (p->entries[i]->slot == slot)
			return p->entries[i];
	return NULL;
}

const char *pools_url(const struct pools *p, unsigned pool)
{
	const struct entry *e = by_slot(p, pool);

	return e ? name_of(e) : "";
}

int pools_submit(struct pools *p, const struct share *share, uint32_t *request, struct err *err)
{
	struct entry *e = by_slot(p, share->job->pool);
	uint64_t session = share->job->session;

	if (!e)
		return err_set(err, ERR_UNKNOWN, "its pool is no longer configured");
	if (!e->has_session || !client_is_ready(e->client))
		return err_set(err, ERR_NET, "not logged in");
	if (session != e->session && !(e->resumed && session == e->old_session))
		return err_set(err, ERR_UNKNOWN, "its session is over");
	return client_submit(e->client, share, request, err);
}
