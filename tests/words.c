/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A dialect of a few words, servers that speak it, and what pools tell. */
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/words.h"

/* What a test cannot go on without; checks of one are counted in its own file. */
static void must(bool held, const char *what)
{
	if (held)
		return;
	fprintf(stderr, "not so: %s\n", what);
	abort();
}

/* ---- the dialect ---- */

static const struct dialect words;

static int words_hello(struct client *c, struct err *err)
{
	(void)err;
	return client_send(c, "hello\n", 6);
}

static int words_line(struct client *c, const char *line, struct err *err)
{
	unsigned n;

	if (!strcmp(line, "ok")) {
		client_ready(c, false);
	} else if (!strcmp(line, "again")) {
		client_ready(c, true);
	} else if (!strcmp(line, "bye")) {
		return err_set(err, ERR_PROTO, "it said bye");
	} else if (!strcmp(line, "refused")) {
		return err_set(err, ERR_AUTH, "it refused us");
	} else if (!strncmp(line, "memo ", 5)) {
		client_set_memo(c, line + 5);
	} else if (!strncmp(line, "go ", 3)) {
		client_redirect(c, line + 3, 0, 0);
	} else if (sscanf(line, "job %u", &n) == 1) {
		struct job *job = job_new(client_algo(c), &words);

		snprintf(job->id, sizeof job->id, "%u", n);
		client_job(c, job);
	} else if (sscanf(line, "yes %u", &n) == 1) {
		client_answer(c, n, VERDICT_ACCEPTED, NULL);
	}
	return 0;
}

long words_feed(struct client *c, const uint8_t *data, size_t len, struct err *err)
{
	const uint8_t *end = memchr(data, '\n', len);
	char line[64];
	int rc;

	if (!end)
		return 0;
	snprintf(line, sizeof line, "%.*s", (int)(end - data), (const char *)data);
	rc = words_line(c, line, err);
	return rc ? rc : end - data + 1;
}

static int words_submit(struct client *c, const struct share *share, uint32_t id, struct err *err)
{
	char line[64];
	int n = snprintf(line, sizeof line, "share %u %s\n", (unsigned)id, share->job->id);

	(void)err;
	return client_send(c, line, (size_t)n);
}

static int words_work(const struct job *job, uint64_t roll, struct work *out)
{
	(void)job;
	(void)roll;
	out->nonce_count = 1;
	return 0;
}

static const struct dialect words = {
	.name = "words",
	.schemes = "words",
	.title = "words",
	.hello = words_hello,
	.feed = words_feed,
	.submit = words_submit,
	.make_work = words_work,
};

/* ---- servers ---- */

static struct event_base *base;

static void on_left(struct bufferevent *bev, short what, void *arg)
{
	struct server *s = arg;

	(void)what;
	if (s->bev == bev)
		s->bev = NULL;
	bufferevent_free(bev);
}

static void on_heard(struct bufferevent *bev, void *arg)
{
	struct server *s = arg;
	size_t len;
	char *line;

	while ((line = evbuffer_readln(bufferevent_get_input(bev), &len, EVBUFFER_EOL_LF))) {
		snprintf(s->heard, sizeof s->heard, "%s", line);
		if (s->hear && !s->hear(s, bev, line)) {
			free(line);
			on_left(bev, 0, s);
			return;
		}
		if (!s->hear && !strcmp(line, "hello") && s->greeting)
			bufferevent_write(bev, s->greeting, strlen(s->greeting));
		if (!strncmp(line, "share ", 6))
			evbuffer_add_printf(bufferevent_get_output(bev), "yes %u\n",
					    (unsigned)strtoul(line + 6, NULL, 10));
		free(line);
	}
}

static void on_come(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *a, int len,
		    void *arg)
{
	struct server *s = arg;

	(void)l;
	(void)a;
	(void)len;
	s->connections++;
	s->bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(s->bev, on_heard, NULL, on_left, s);
	bufferevent_enable(s->bev, EV_READ | EV_WRITE);
}

void serve(struct server *s, const char *greeting, unsigned port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	socklen_t len = sizeof at;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	memset(s, 0, sizeof *s);
	s->greeting = greeting;
	s->listener =
		evconnlistener_new_bind(base, on_come, s, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE,
					-1, (struct sockaddr *)&at, sizeof at);
	must(s->listener != NULL, "a server listens");
	getsockname(evconnlistener_get_fd(s->listener), (struct sockaddr *)&at, &len);
	s->port = ntohs(at.sin_port);
}

void hang_up(struct server *s)
{
	if (s->bev)
		bufferevent_free(s->bev);
	s->bev = NULL;
}

void shut(struct server *s)
{
	hang_up(s);
	if (s->listener)
		evconnlistener_free(s->listener);
	s->listener = NULL;
}

void say(struct server *s, const char *text)
{
	must(s->bev != NULL, "somebody is connected");
	bufferevent_write(s->bev, text, strlen(text));
}

/* ---- what the pools tell ---- */

static struct told all;

struct told *told(void)
{
	return &all;
}

/* The loop runs until this is so. */
static bool (*wanted)(void);

static void look(void)
{
	if (wanted && wanted())
		event_base_loopbreak(base);
}

static void on_job(void *arg, struct job *take)
{
	(void)arg;
	all.jobs++;
	snprintf(all.job, sizeof all.job, "%.31s", take->id);
	job_unref(all.last);
	all.last = take;
	look();
}

static void on_flush(void *arg, unsigned pool, uint64_t session)
{
	(void)arg;
	(void)pool;
	(void)session;
}

static void on_answer(void *arg, unsigned pool, uint64_t session, uint32_t request,
		      enum client_verdict verdict, const char *reason)
{
	(void)arg;
	(void)pool;
	(void)session;
	(void)reason;
	all.answers += verdict == VERDICT_ACCEPTED;
	all.answered = request;
	look();
}

static void on_ready(void *arg, unsigned pool, uint64_t session, bool resumed, uint64_t old)
{
	(void)arg;
	(void)pool;
	(void)session;
	(void)resumed;
	(void)old;
	all.readies++;
	look();
}

static void on_down(void *arg, unsigned pool, uint64_t session)
{
	(void)arg;
	(void)pool;
	(void)session;
	all.downs++;
	look();
}

static void on_active(void *arg, int pool)
{
	(void)arg;
	all.active = pool;
	all.nones += pool < 0;
	look();
}

static void on_gave_up(void *arg)
{
	(void)arg;
	all.gave_up++;
	look();
}

static const struct pools_events events = {
	.job = on_job,
	.flush = on_flush,
	.answer = on_answer,
	.ready = on_ready,
	.down = on_down,
	.active = on_active,
	.gave_up = on_gave_up,
};

static void on_never(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	event_base_loopbreak(base);
}

/* Run until the claim holds; a minute is for ever. */
bool await(bool (*claim)(void))
{
	struct timeval minute = {.tv_sec = 60};
	struct event *never = evtimer_new(base, on_never, NULL);
	bool held;

	wanted = claim;
	event_add(never, &minute);
	if (!claim())
		event_base_dispatch(base);
	held = claim();
	event_free(never);
	wanted = NULL;
	return held;
}

struct pool_config config_of(unsigned port)
{
	static char none[] = "", urls[128][40];
	static unsigned n;
	char *url = urls[n++ % 128];
	struct pool_config c = {.user = none, .password = none, .url = url, .dialect = &words};

	snprintf(url, sizeof urls[0], "words://127.0.0.1:%u", port);
	snprintf(c.parsed.host, sizeof c.parsed.host, "127.0.0.1");
	snprintf(c.parsed.scheme, sizeof c.parsed.scheme, "words");
	c.parsed.port = port;
	return c;
}

static const struct algo any = {.name = "any"};

struct pools *start(const struct pool_config *configs, unsigned n,
		    const struct client_timeouts *timeouts, unsigned retries)
{
	struct pools *p = NULL;
	struct err err = {0};

	job_unref(all.last);
	memset(&all, 0, sizeof all);
	all.active = -1;
	must(!pools_new(&p, base, configs, n, &any, timeouts, retries, 0, &events, NULL, &err),
	     err.text);
	pools_start(p);
	return p;
}

void words_begin(void)
{
	base = event_base_new();
	must(base != NULL, "there is a loop");
}

void words_end(void)
{
	job_unref(all.last);
	event_base_free(base);
}

struct event_base *loop(void)
{
	return base;
}
