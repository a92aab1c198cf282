/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Finding out what a pool speaks, over real loopback sockets.  Three dialects, ada, bob and cyd,
 * say "hello NAME MEMO" and all know these lines: "ok" logs in, "job N" is a job, "memo TEXT" is
 * to be remembered, "error" makes the dialect hang up, "refused" refuses the credentials.
 */
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool/pools.h"
#include "src/log.h"
#include "tests/t.h"

/* ---- the dialects ---- */

static int greet(struct client *c, const char *name)
{
	char line[300];
	int n = snprintf(line, sizeof line, "hello %s %s\n", name, client_memo(c));

	return client_send(c, line, (size_t)n);
}

static int ada_hello(struct client *c, struct err *err)
{
	(void)err;
	return greet(c, "ada");
}

static int bob_hello(struct client *c, struct err *err)
{
	(void)err;
	return greet(c, "bob");
}

static int cyd_hello(struct client *c, struct err *err)
{
	(void)err;
	return greet(c, "cyd");
}

static int no_work(const struct job *job, uint64_t roll, struct work *out)
{
	(void)job;
	(void)roll;
	out->nonce_count = 1;
	return 0;
}

static const struct dialect jobs_of = {.name = "jobs", .make_work = no_work};

static int obey(struct client *c, const char *line, struct err *err)
{
	struct job *job;

	if (!strcmp(line, "ok"))
		client_ready(c, false);
	else if (!strcmp(line, "error"))
		return err_set(err, ERR_PROTO, "it said error");
	else if (!strcmp(line, "refused"))
		return err_set(err, ERR_AUTH, "it refused us");
	else if (!strncmp(line, "memo ", 5))
		client_set_memo(c, line + 5);
	if (!strncmp(line, "job ", 4)) {
		job = job_new(client_algo(c), &jobs_of);
		client_job(c, job);
	}
	return 0;
}

static long feed(struct client *c, const uint8_t *data, size_t len, struct err *err)
{
	const uint8_t *end = memchr(data, '\n', len);
	char line[64];
	int rc;

	if (!end)
		return 0;
	snprintf(line, sizeof line, "%.*s", (int)(end - data), (const char *)data);
	rc = obey(c, line, err);
	return rc ? rc : end - data + 1;
}

static const struct dialect ada = {.name = "ada",
				   .schemes = "x+tcp ada+tcp",
				   .title = "ada",
				   .hello = ada_hello,
				   .feed = feed};
static const struct dialect bob = {.name = "bob",
				   .schemes = "x+tcp bob+tcp",
				   .title = "bob",
				   .hello = bob_hello,
				   .feed = feed};
static const struct dialect cyd = {.name = "cyd",
				   .schemes = "x+tcp cyd+tcp",
				   .title = "cyd",
				   .session_size = 64,
				   .hello = cyd_hello,
				   .feed = feed};

/* ---- the pool ---- */

#define SILENCE NULL
#define HANG_UP ""

struct server {
	struct evconnlistener *listener;
	unsigned port;
	const char *answers[3]; /* to ada, bob and cyd */
	struct bufferevent *bev;
	char heard[16]; /* the first letters of those who said hello */
	char memo[64];  /* what the last of them had remembered */
};

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
	const char *answer;
	size_t len, n;
	char *line;

	line = evbuffer_readln(bufferevent_get_input(bev), &len, EVBUFFER_EOL_LF);
	if (!line)
		return;
	n = strlen(s->heard);
	if (CHECK(n + 1 < sizeof s->heard) && CHECK(len > 9)) {
		s->heard[n] = line[6];
		snprintf(s->memo, sizeof s->memo, "%.63s", line + 10);
		answer = s->answers[line[6] - 'a'];
		if (answer && *answer)
			bufferevent_write(bev, answer, strlen(answer));
		else if (answer)
			on_left(bev, 0, s);
	}
	free(line);
}

static void on_come(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *a, int len,
		    void *arg)
{
	struct server *s = arg;

	(void)l;
	(void)a;
	(void)len;
	s->bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(s->bev, on_heard, NULL, on_left, s);
	bufferevent_enable(s->bev, EV_READ | EV_WRITE);
}

static void serve(struct server *s, const char *to_ada, const char *to_bob, const char *to_cyd)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t len = sizeof at;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	*s = (struct server){.answers = {to_ada, to_bob, to_cyd}};
	s->listener = evconnlistener_new_bind(base, on_come, s, LEV_OPT_CLOSE_ON_FREE, -1,
					      (struct sockaddr *)&at, sizeof at);
	if (CHECK(s->listener != NULL)) {
		getsockname(evconnlistener_get_fd(s->listener), (struct sockaddr *)&at, &len);
		s->port = ntohs(at.sin_port);
	}
}

static void hang_up(struct server *s)
{
	if (s->bev)
		bufferevent_free(s->bev);
	s->bev = NULL;
}

static void shut(struct server *s)
{
	hang_up(s);
	if (s->listener)
		evconnlistener_free(s->listener);
	s->listener = NULL;
}

/* ---- what the pools tell ---- */

static struct {
	unsigned jobs, downs, gave_up;
} told;

static unsigned *wanted; /* the loop runs until this is not 0 */

static void look(void)
{
	if (wanted && *wanted)
		event_base_loopbreak(base);
}

static void on_job(void *arg, struct job *take)
{
	(void)arg;
	told.jobs++;
	job_unref(take);
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
	(void)request;
	(void)verdict;
	(void)reason;
}

static void on_ready(void *arg, unsigned pool, uint64_t session, bool resumed, uint64_t old)
{
	(void)arg;
	(void)pool;
	(void)session;
	(void)resumed;
	(void)old;
}

static void on_down(void *arg, unsigned pool, uint64_t session)
{
	(void)arg;
	(void)pool;
	(void)session;
	told.downs++;
	look();
}

static void on_active(void *arg, int pool)
{
	(void)arg;
	(void)pool;
}

static void on_gave_up(void *arg)
{
	(void)arg;
	told.gave_up++;
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

/* Run until this happens (again); a minute is for ever. */
static bool await(unsigned *what)
{
	struct timeval minute = {.tv_sec = 60};
	struct event *never = evtimer_new(base, on_never, NULL);

	*what = 0;
	wanted = what;
	event_add(never, &minute);
	event_base_dispatch(base);
	event_free(never);
	wanted = NULL;
	return *what > 0;
}

static struct pool_config config_of(unsigned port)
{
	static char none[] = "", url[] = "x+tcp://127.0.0.1";
	struct pool_config c = {.user = none,
				.password = none,
				.url = url,
				.dialect = &ada,
				.candidates = {&ada, &bob, &cyd},
				.n_candidates = 3};

	snprintf(c.parsed.host, sizeof c.parsed.host, "127.0.0.1");
	snprintf(c.parsed.scheme, sizeof c.parsed.scheme, "x+tcp");
	c.parsed.port = port;
	return c;
}

static const struct algo any = {.name = "any"};

static const struct client_timeouts patient = {.connect_ms = 10000,
					       .hello_ms = 60000,
					       .first_job_ms = 60000,
					       .answer_ms = 60000,
					       .silence_ms = 60000,
					       .detect_ms = 60000};
static const struct client_timeouts brief = {.connect_ms = 10000,
					     .hello_ms = 60000,
					     .first_job_ms = 60000,
					     .answer_ms = 60000,
					     .silence_ms = 60000,
					     .detect_ms = 100};
static const struct client_timeouts quick = {.connect_ms = 10000,
					     .hello_ms = 150,
					     .first_job_ms = 60000,
					     .answer_ms = 60000,
					     .silence_ms = 60000,
					     .detect_ms = 100};

static struct pools *start(const struct pool_config *configs, const struct client_timeouts *limits,
			   unsigned retries)
{
	struct pools *p = NULL;
	struct err err = {0};

	memset(&told, 0, sizeof told);
	if (CHECK_OK(pools_new(&p, base, configs, 1, &any, limits, retries, 0, &events, NULL, &err),
		     &err))
		pools_start(p);
	return p;
}

/* Whoever fits is found, and those before it in the list were tried, in order. */
static void found(const char *to_ada, const char *to_bob, const char *to_cyd,
		  const struct client_timeouts *limits, const char *heard)
{
	struct pool_config config;
	struct pool_status status;
	struct server s;
	struct pools *p;

	serve(&s, to_ada, to_bob, to_cyd);
	config = config_of(s.port);
	p = start(&config, limits, 1);
	CHECK(await(&told.jobs));
	CHECK_STR(s.heard, heard);
	pools_status(p, 0, &status);
	CHECK_U64(status.drops, 0);
	CHECK_INT(status.state, POOL_ACTIVE);
	pools_free(p);
	shut(&s);
}

static void whichever_fits_is_found(void)
{
	found("ok\njob 1\n", "error\n", "error\n", &patient, "a");
	found("error\n", "ok\njob 1\n", "error\n", &patient, "ab");
	found("error\n", "error\n", "ok\njob 1\n", &patient, "abc");
	found("error\n", "job 1\nok\n", "error\n", &patient, "ab");
}

static void a_hang_up_means_another_one(void)
{
	found(HANG_UP, "ok\njob 1\n", HANG_UP, &patient, "ab");
	found(HANG_UP, HANG_UP, "ok\njob 1\n", &patient, "abc");
}

static void silence_means_another_one(void)
{
	found(SILENCE, "ok\njob 1\n", SILENCE, &brief, "ab");
	found(SILENCE, SILENCE, "ok\njob 1\n", &brief, "abc");
}

static void a_login_without_a_job_means_another_one(void)
{
	found("ok\n", "ok\njob 1\n", "error\n", &quick, "ab");
}

/* The one attempt that is allowed fails; last_error then says so. */
static void failed(const struct pool_config *of, struct server *s,
		   const struct client_timeouts *limits, const char *heard, const char *says)
{
	struct pool_config config = *of;
	struct pool_status status;
	struct pools *p;

	config.parsed.port = s->port;
	p = start(&config, limits, 1);
	CHECK(await(&told.gave_up));
	CHECK_STR(s->heard, heard);
	pools_status(p, 0, &status);
	CHECK_U64(status.drops, 1);
	CHECK_HAS(status.last_error, says);
	pools_free(p);
	shut(s);
}

static void when_none_fits_the_pool_has_failed_once_and_the_fix_is_named(void)
{
	struct pool_config config = config_of(0);
	struct server s;
	char says[128];

	serve(&s, "error\n", HANG_UP, SILENCE);
	failed(&config, &s, &quick, "abc", "none of ada, bob, cyd was understood");
	serve(&s, HANG_UP, "error\n", "error\n");
	snprintf(says, sizeof says, "ada+tcp://127.0.0.1:%u", s.port);
	failed(&config, &s, &patient, "abc", says);
}

static void refused_credentials_end_the_search(void)
{
	struct pool_config config = config_of(0);
	struct server s;

	serve(&s, "error\n", "refused\n", "ok\njob 1\n");
	failed(&config, &s, &patient, "ab", "it refused us");
}

static void a_forced_dialect_is_not_doubted(void)
{
	struct pool_config config = config_of(0);
	struct server s;

	config.dialect = &bob;
	config.n_candidates = 1;
	config.candidates[0] = &bob;
	serve(&s, "ok\njob 1\n", "error\n", "ok\njob 1\n");
	failed(&config, &s, &patient, "b", "it said error");
}

static void a_pool_that_cannot_be_reached_says_nothing_about_dialects(void)
{
	struct pool_config config = config_of(0);
	struct server s;

	serve(&s, NULL, NULL, NULL);
	evconnlistener_free(s.listener);
	s.listener = NULL;
	failed(&config, &s, &patient, "", "refused");
}

static void what_fits_is_remembered_for_the_next_connection(void)
{
	struct pool_config config;
	struct server s;
	struct pools *p;

	serve(&s, "error\n", "ok\njob 1\n", "error\n");
	config = config_of(s.port);
	p = start(&config, &patient, 0);
	CHECK(await(&told.jobs));
	hang_up(&s);
	CHECK(await(&told.jobs));
	CHECK_STR(s.heard, "abb");
	pools_free(p);
	shut(&s);
}

static void what_fits_is_remembered_over_a_reload(void)
{
	char other[] = "other";
	struct pool_config config, same, moved[2];
	struct err err = {0};
	struct server s;
	struct pools *p;

	serve(&s, "error\n", "ok\njob 1\n", "error\n");
	config = config_of(s.port);
	p = start(&config, &patient, 0);
	CHECK(await(&told.jobs));
	same = moved[0] = moved[1] = config;
	CHECK_OK(pools_reload(p, &same, 1, &err), &err);
	hang_up(&s);
	CHECK(await(&told.jobs));
	CHECK_STR(s.heard, "abb");
	/* another one has its place now, and it the second, with another user: connected anew */
	moved[0].disabled = true;
	moved[1].user = other;
	CHECK_OK(pools_reload(p, moved, 2, &err), &err);
	CHECK(await(&told.jobs));
	CHECK_STR(s.heard, "abbb");
	pools_free(p);
	shut(&s);
}

static void one_that_only_logs_in_gets_all_the_time_next(void)
{
	struct pool_config config;
	struct pool_status status;
	struct server s;
	struct pools *p;

	serve(&s, "error\n", "ok\n", "error\n");
	config = config_of(s.port);
	p = start(&config, &quick, 0);
	do
		CHECK(await(&told.downs));
	while (strlen(s.heard) < 3);
	s.answers[1] = "ok\njob 1\n";
	CHECK(await(&told.jobs));
	CHECK_STR(s.heard, "abcb");
	pools_status(p, 0, &status);
	CHECK_HAS(status.last_error, "only bob could log in");
	pools_free(p);
	shut(&s);
}

static void what_one_remembers_is_not_told_by_another(void)
{
	struct pool_config config;
	struct server s;
	struct pools *p;

	serve(&s, "memo secret\nerror\n", "memo mine\nok\njob 1\n", "error\n");
	config = config_of(s.port);
	p = start(&config, &patient, 0);
	CHECK(await(&told.jobs));
	CHECK_STR(s.memo, "");
	hang_up(&s);
	CHECK(await(&told.jobs));
	CHECK_STR(s.heard, "abb");
	CHECK_STR(s.memo, "mine");
	pools_free(p);
	shut(&s);
}

int main(void)
{
	struct log_config silent = {.level = LOG_ERROR, .quiet = true};

	log_setup(&silent, NULL);
	base = event_base_new();
	T_RUN(whichever_fits_is_found);
	T_RUN(a_hang_up_means_another_one);
	T_RUN(silence_means_another_one);
	T_RUN(a_login_without_a_job_means_another_one);
	T_RUN(when_none_fits_the_pool_has_failed_once_and_the_fix_is_named);
	T_RUN(refused_credentials_end_the_search);
	T_RUN(a_forced_dialect_is_not_doubted);
	T_RUN(a_pool_that_cannot_be_reached_says_nothing_about_dialects);
	T_RUN(what_fits_is_remembered_for_the_next_connection);
	T_RUN(what_fits_is_remembered_over_a_reload);
	T_RUN(one_that_only_logs_in_gets_all_the_time_next);
	T_RUN(what_one_remembers_is_not_told_by_another);
	event_base_free(base);
	return t_done();
}
