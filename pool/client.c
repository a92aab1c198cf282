/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One connection to one pool, the same for every dialect. */
#include "config.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool/client.h"
#include "pool/http.h"
#include "pool/stream.h"
#include "src/clock.h"
#include "src/str.h"

const struct client_timeouts client_timeouts_default = {
	.connect_ms = 10000,
	.hello_ms = 15000,
	.first_job_ms = 60000,
	.answer_ms = 120000,
	.silence_ms = 300000,
	.detect_ms = 2000,
};

static void bound(int *ms, int most_ms)
{
	if (*ms > most_ms)
		*ms = most_ms;
}

void client_timeouts_bound(struct client_timeouts *t, unsigned seconds)
{
	int ms = seconds < INT_MAX / 1000 ? (int)seconds * 1000 : INT_MAX;

	if (!seconds)
		return;
	t->silence_ms = ms;
	bound(&t->connect_ms, ms);
	bound(&t->hello_ms, ms);
	bound(&t->first_job_ms, ms);
	bound(&t->detect_ms, ms);
}

enum phase { DOWN, CONNECTING, HELLO, WAITING, READY, FAILING };

struct client {
	struct event_base *base;
	struct evdns_base *dns;
	const struct pool_config *config;
	const struct dialect *dialect;
	const struct algo *algo;
	struct client_timeouts timeouts;
	struct client_events events;
	void *arg;
	enum phase phase;
	bool ready, has_job, reached;
	int patience_ms;    /* see client_use() */
	int limit_ms;       /* the deadline's, as last armed */
	int64_t hello_ends; /* ms */
	struct stream *stream;
	struct http *http;
	void *session;
	char *memo;
	uint32_t last_request;
	double hashrate; /* of the rig */
	int64_t received_us;
	struct event *deadline, *idle;
	struct err why;
	char redirect_host[256]; /* where the next start goes; "" for the configured place */
	unsigned redirect_port;
	unsigned futile; /* connections in a row that led to no login */
	/*
	 * Some pools hang up on a session id instead of refusing it: after a hello that got
	 * no answer the next one goes without the memo, in turns.
	 */
	bool greeted, heard, mute;
};

/* ---- what a dialect may call ---- */

void *client_session(struct client *c)
{
	return c->session;
}

const struct algo *client_algo(const struct client *c)
{
	return c->algo;
}

const char *client_user(const struct client *c)
{
	return c->config->user;
}

const char *client_password(const struct client *c)
{
	return c->config->password;
}

const char *client_agent(const struct client *c)
{
	(void)c;
	return "adit/" PACKAGE_VERSION;
}

const char *client_host(const struct client *c)
{
	return c->config->parsed.host;
}

unsigned client_port(const struct client *c)
{
	return c->config->parsed.port;
}

/* What follows "name=" in pair, NULL when that is another name; '_' is '-'. */
static const char *value_of(const char *pair, const char *name)
{
	for (; *name; name++, pair++)
		if ((*pair == '_' ? '-' : *pair) != (*name == '_' ? '-' : *name))
			return NULL;
	return *pair == '=' ? pair + 1 : NULL;
}

const char *client_option(const struct client *c, const char *name)
{
	const char *value = NULL;
	size_t i;

	for (i = 0; !value && c->config->options && c->config->options[i]; i++)
		value = value_of(c->config->options[i], name);
	return value;
}

const char *client_memo(const struct client *c)
{
	return c->mute ? "" : c->memo;
}

void client_set_memo(struct client *c, const char *text)
{
	c->mute = false;
	str_copy(c->memo, 256, text);
}

double client_hashrate(const struct client *c)
{
	return c->hashrate;
}

int64_t client_now_ms(const struct client *c)
{
	(void)c;
	return clock_ms();
}

int64_t client_wall_ms(const struct client *c)
{
	(void)c;
	return clock_wall_ms();
}

/* The connection is over; told from the loop, since a dialect may be in the middle of it. */
static void fail(struct client *c, const struct err *why)
{
	if (c->phase == DOWN || c->phase == FAILING)
		return;
	c->phase = FAILING;
	c->why = *why;
	event_active(c->deadline, EV_TIMEOUT, 0);
}

static void wire(struct client *c, bool out, const char *line, size_t len)
{
	if (c->events.wire)
		c->events.wire(c->arg, out, line, len);
}

int client_send(struct client *c, const void *data, size_t len)
{
	if (!c->stream || c->phase == FAILING)
		return -ERR_NET;
	wire(c, true, data, len);
	return stream_send(c->stream, data, len);
}

int client_post(struct client *c, unsigned channel, uint32_t request, const char *body, size_t len,
		int timeout_ms)
{
	struct err err = {0};

	if (!c->http || c->phase == FAILING)
		return -ERR_NET;
	wire(c, true, body, len);
	return http_post(c->http, channel, request, body, len, timeout_ms, &err);
}

uint32_t client_next_request(struct client *c)
{
	c->last_request = c->last_request % 65535 + 1;
	return c->last_request;
}

static void arm(struct event *timer, int ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	event_add(timer, &tv);
}

static void limit(struct client *c, int ms)
{
	c->limit_ms = ms;
	arm(c->deadline, ms);
}

/* Which deadline counts now: a login, a first job, or any sign of life. */
static void wait_for_life(struct client *c)
{
	int job_ms = c->timeouts.first_job_ms;

	if (c->phase == HELLO || c->phase == FAILING)
		return;
	if (c->patience_ms && job_ms > c->timeouts.hello_ms)
		job_ms = c->timeouts.hello_ms;
	c->phase = c->has_job && c->ready ? READY : WAITING;
	limit(c, c->has_job ? c->timeouts.silence_ms : job_ms);
}

/* Nothing is silence once the pool has spoken, but a login has its time. */
static void wait_for_login(struct client *c)
{
	int64_t left = c->hello_ends - clock_ms();

	if (left < 1)
		left = 1;
	limit(c, c->patience_ms && c->patience_ms < left ? c->patience_ms : (int)left);
}

void client_ready(struct client *c, bool resumed)
{
	if (c->ready || c->phase == FAILING)
		return;
	c->ready = true;
	if (c->phase == HELLO)
		c->phase = WAITING;
	wait_for_life(c);
	c->events.ready(c->arg, resumed);
}

void client_job(struct client *c, struct job *take)
{
	if (c->phase == FAILING) {
		job_unref(take);
		return;
	}
	take->received_us = c->received_us;
	take->received_ms = c->received_us / 1000;
	c->has_job = true;
	c->events.job(c->arg, take);
	wait_for_life(c);
}

void client_flush(struct client *c)
{
	c->events.flush(c->arg);
}

void client_answer(struct client *c, uint32_t request, enum client_verdict verdict,
		   const char *reason)
{
	c->events.answer(c->arg, request, verdict, reason);
}

void client_redirect(struct client *c, const char *host, unsigned port, unsigned wait_s)
{
	size_t len = strlen(host);
	char bare[256];

	/* An IPv6 address as it stands in a URL. */
	if (len > 2 && len < sizeof bare && host[0] == '[' && host[len - 1] == ']') {
		memcpy(bare, host + 1, len - 2);
		bare[len - 2] = '\0';
		host = bare;
	}
	c->events.redirect(c->arg, host, port, wait_s);
}

void client_note(struct client *c, enum client_note kind, const char *fmt, ...)
{
	char text[640];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	c->events.note(c->arg, kind, text);
}

/* ---- the connection ---- */

static void say_hello(struct client *c)
{
	struct err err = {0};

	c->phase = HELLO;
	c->greeted = true;
	c->received_us = clock_us();
	c->hello_ends = clock_ms() + c->timeouts.hello_ms;
	wait_for_login(c);
	if (c->dialect->hello(c, &err)) {
		if (!err.code)
			err_set(&err, ERR_NET, "cannot send the login");
		fail(c, &err);
	}
	if (c->dialect->idle_ms)
		arm(c->idle, c->dialect->idle_ms);
}

static void on_open(void *arg)
{
	struct client *c = arg;

	c->reached = true;
	say_hello(c);
}

/* The pool has said something. */
static void heard_something(struct client *c)
{
	if (c->phase == READY) /* chatter is no job: WAITING has its own deadline */
		wait_for_life(c);
	else if (c->phase == HELLO && c->patience_ms)
		wait_for_login(c);
}

static void on_data(void *arg, struct evbuffer *in)
{
	struct client *c = arg;
	struct err err = {0};

	c->received_us = clock_us();
	c->heard = true;
	while (c->phase != FAILING && evbuffer_get_length(in)) {
		size_t len = evbuffer_get_length(in);
		const uint8_t *data = evbuffer_pullup(in, -1);
		long used = data ? c->dialect->feed(c, data, len, &err) : -ERR_NOMEM;

		if (used < 0) {
			if (!err.code)
				err_set(&err, ERR_PROTO, "the pool broke the protocol");
			fail(c, &err);
			return;
		}
		if (used == 0)
			break;
		wire(c, false, (const char *)data, (size_t)used);
		evbuffer_drain(in, (size_t)used);
	}
	heard_something(c);
}

static void on_closed(void *arg, const struct err *why)
{
	fail(arg, why);
}

static void on_reply(void *arg, uint32_t request, int status, const char *body, size_t len)
{
	struct client *c = arg;
	struct err err = {0};

	if (c->phase == FAILING || c->phase == DOWN)
		return;
	c->received_us = clock_us();
	c->reached |= status != 0;
	wire(c, false, body, len);
	if (c->dialect->reply(c, request, status, body, len, &err) < 0) {
		if (!err.code)
			err_set(&err, ERR_PROTO, "the node broke the protocol");
		fail(c, &err);
	} else {
		heard_something(c);
	}
}

static void close_all(struct client *c)
{
	bool spoke = c->phase != DOWN && c->phase != CONNECTING;

	event_del(c->deadline);
	event_del(c->idle);
	if (spoke && c->dialect->bye)
		c->dialect->bye(c);
	stream_free(c->stream);
	http_free(c->http);
	c->stream = NULL;
	c->http = NULL;
	c->phase = DOWN;
	c->ready = c->has_job = c->greeted = c->heard = false;
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct client *c = arg;
	struct err why = {0};

	(void)fd;
	(void)what;
	switch (c->phase) {
	case FAILING:
		why = c->why;
		break;
	case HELLO:
		err_set(&why, ERR_NET, "no answer to the login within %d s",
			(c->limit_ms + 500) / 1000);
		break;
	case WAITING:
	case READY:
		err_set(&why, ERR_NET, "%s for %d s",
			c->has_job ? "silent" : "logged in but no job", (c->limit_ms + 500) / 1000);
		break;
	default:
		return;
	}
	c->futile = c->ready ? 0 : c->futile + 1;
	if (c->greeted)
		c->mute = !c->heard && !c->mute;
	close_all(c);
	c->events.down(c->arg, &why);
}

static void on_idle(evutil_socket_t fd, short what, void *arg)
{
	struct client *c = arg;
	struct err err = {0};

	(void)fd;
	(void)what;
	if (c->phase == FAILING || c->phase == DOWN)
		return;
	if (c->dialect->idle && c->dialect->idle(c, clock_ms(), &err))
		fail(c, &err);
	arm(c->idle, c->dialect->idle_ms);
}

int client_new(struct client **out, struct event_base *base, struct evdns_base *dns,
	       const struct pool_config *config, const struct algo *algo,
	       const struct client_timeouts *timeouts, const struct client_events *events,
	       void *arg, struct err *err)
{
	struct client *c = calloc(1, sizeof *c);

	if (!c)
		return err_set(err, ERR_NOMEM, "no memory for a pool");
	c->base = base;
	c->dns = dns;
	c->config = config;
	c->dialect = config->dialect;
	c->algo = algo;
	c->timeouts = *timeouts;
	c->events = *events;
	c->arg = arg;
	c->session = calloc(1, config->dialect->session_size + 1);
	c->deadline = event_new(base, -1, 0, on_deadline, c);
	c->idle = event_new(base, -1, 0, on_idle, c);
	if (!c->session || !c->deadline || !c->idle) {
		client_free(c);
		return err_set(err, ERR_NOMEM, "no memory for a pool");
	}
	*out = c;
	return 0;
}

void client_free(struct client *c)
{
	if (!c)
		return;
	if (c->deadline && c->idle)
		close_all(c);
	if (c->deadline)
		event_free(c->deadline);
	if (c->idle)
		event_free(c->idle);
	free(c->session);
	free(c);
}

void client_rebind(struct client *c, const struct pool_config *config)
{
	c->config = config;
	if (c->stream)
		stream_rebind(c->stream, config);
	if (c->http)
		http_rebind(c->http, config);
}

int client_use(struct client *c, const struct dialect *dialect, int patience_ms, struct err *err)
{
	void *session;

	c->patience_ms = patience_ms;
	if (dialect == c->dialect)
		return 0;
	session = calloc(1, dialect->session_size + 1);
	if (!session)
		return err_set(err, ERR_NOMEM, "no memory for a pool");
	free(c->session);
	c->session = session;
	c->dialect = dialect;
	c->mute = false;
	return 0;
}

void client_aim(struct client *c, const char *host, unsigned port)
{
	str_copy(c->redirect_host, sizeof c->redirect_host, host);
	c->redirect_port = port;
}

void client_set_hashrate(struct client *c, double hashes_per_s)
{
	c->hashrate = hashes_per_s;
}

int client_start(struct client *c, char memo[256], struct err *err)
{
	static const struct stream_events events = {
		.open = on_open, .data = on_data, .closed = on_closed};
	int rc;

	c->memo = memo;
	c->reached = false;
	c->phase = CONNECTING;
	memset(c->session, 0, c->dialect->session_size);
	if (c->dialect->transport == DIALECT_HTTP) {
		rc = http_new(&c->http, c->base, c->dns, c->config, on_reply, c, err);
		if (!rc)
			say_hello(c);
	} else {
		rc = stream_open(&c->stream, c->base, c->dns, c->config,
				 c->redirect_host[0] ? c->redirect_host : NULL, c->redirect_port,
				 c->futile, c->timeouts.connect_ms, &events, c, err);
	}
	c->redirect_host[0] = '\0';
	if (rc)
		c->phase = DOWN;
	return rc;
}

void client_stop_soon(struct client *c, int code, const char *why)
{
	struct err err;

	err_set(&err, code, "%s", why);
	fail(c, &err);
}

void client_stop(struct client *c)
{
	close_all(c);
}

int client_submit(struct client *c, const struct share *share, uint32_t *request, struct err *err)
{
	int rc;

	if (!c->ready || c->phase == FAILING || c->phase == DOWN)
		return err_set(err, ERR_NET, "not logged in");
	*request = client_next_request(c);
	rc = c->dialect->submit(c, share, *request, err);
	return rc && rc != -ERR_STALE ? err_set(err, ERR_NET, "cannot send the share") : rc;
}

bool client_is_ready(const struct client *c)
{
	return c->ready && c->phase != FAILING && c->phase != DOWN;
}

bool client_reached(const struct client *c)
{
	return c->reached;
}

const char *client_where(const struct client *c)
{
	return c->stream ? stream_where(c->stream) : c->config->url;
}
