/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Connections and the list of pools over real loopback sockets, with a dialect of a few
 * words: "ok" logs in, "again" resumes, "job N" is a job, "yes ID" accepts, "bye" makes the
 * dialect hang up, "go HOST" asks to reconnect.
 */
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool/pools.h"
#include "src/log.h"
#include "tests/t.h"

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

static long words_feed(struct client *c, const uint8_t *data, size_t len, struct err *err)
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

struct server {
	struct evconnlistener *listener;
	unsigned port, connections;
	const char *greeting;    /* said to whoever says hello; NULL: nothing */
	struct bufferevent *bev; /* the newest connection */
	char heard[256];
};

static struct event_base *base;

static void on_heard(struct bufferevent *bev, void *arg)
{
	struct server *s = arg;
	size_t len;
	char *line;

	while ((line = evbuffer_readln(bufferevent_get_input(bev), &len, EVBUFFER_EOL_LF))) {
		snprintf(s->heard, sizeof s->heard, "%s", line);
		if (!strcmp(line, "hello") && s->greeting)
			bufferevent_write(bev, s->greeting, strlen(s->greeting));
		if (!strncmp(line, "share ", 6))
			evbuffer_add_printf(bufferevent_get_output(bev), "yes %u\n",
					    (unsigned)strtoul(line + 6, NULL, 10));
		free(line);
	}
}

static void on_left(struct bufferevent *bev, short what, void *arg)
{
	struct server *s = arg;

	(void)what;
	if (s->bev == bev)
		s->bev = NULL;
	bufferevent_free(bev);
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

static void serve(struct server *s, const char *greeting, unsigned port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	socklen_t len = sizeof at;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	memset(s, 0, sizeof *s);
	s->greeting = greeting;
	s->listener =
		evconnlistener_new_bind(base, on_come, s, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE,
					-1, (struct sockaddr *)&at, sizeof at);
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

static void say(struct server *s, const char *text)
{
	if (CHECK(s->bev != NULL))
		bufferevent_write(s->bev, text, strlen(text));
}

/* ---- what the pools tell ---- */

static struct {
	unsigned jobs, answers, readies, downs, gave_up;
	int active;
	char job[32];
	struct job *last;
	uint32_t answered;
} told;

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
	told.jobs++;
	snprintf(told.job, sizeof told.job, "%.31s", take->id);
	job_unref(told.last);
	told.last = take;
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
	told.answers += verdict == VERDICT_ACCEPTED;
	told.answered = request;
	look();
}

static void on_ready(void *arg, unsigned pool, uint64_t session, bool resumed, uint64_t old)
{
	(void)arg;
	(void)pool;
	(void)session;
	(void)resumed;
	(void)old;
	told.readies++;
	look();
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
	told.active = pool;
	look();
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

/* Run until the claim holds; a minute is for ever. */
static bool await(bool (*claim)(void))
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

static struct pool_config config_of(unsigned port)
{
	static char none[] = "", url[] = "words://127.0.0.1";
	struct pool_config c = {.user = none, .password = none, .url = url, .dialect = &words};

	snprintf(c.parsed.host, sizeof c.parsed.host, "127.0.0.1");
	snprintf(c.parsed.scheme, sizeof c.parsed.scheme, "words");
	c.parsed.port = port;
	return c;
}

static const struct algo any = {.name = "any"};

static struct pools *start(const struct pool_config *configs, unsigned n,
			   const struct client_timeouts *timeouts, unsigned retries)
{
	struct pools *p = NULL;
	struct err err = {0};

	job_unref(told.last);
	memset(&told, 0, sizeof told);
	told.active = -1;
	if (CHECK_OK(pools_new(&p, base, configs, n, &any, timeouts, retries, 0, &events, NULL,
			       &err),
		     &err))
		pools_start(p);
	return p;
}

static bool one_job(void)
{
	return told.jobs >= 1;
}

static bool two_jobs(void)
{
	return told.jobs >= 2;
}

static bool one_answer(void)
{
	return told.answers >= 1;
}

static bool two_downs(void)
{
	return told.downs >= 2;
}

static bool one_down(void)
{
	return told.downs >= 1;
}

static bool gave_up(void)
{
	return told.gave_up >= 1;
}

static bool second_active(void)
{
	return told.active == 1 && told.jobs >= 2;
}

static void jobs_come_and_shares_go(void)
{
	struct server s;
	struct pool_config config;
	struct share share = {0};
	struct err err = {0};
	struct pools *p;
	uint32_t request;

	serve(&s, "ok\njob 1\n", 0);
	config = config_of(s.port);
	p = start(&config, 1, &client_timeouts_default, 0);
	CHECK(await(one_job));
	CHECK_INT(told.readies, 1);
	CHECK_INT(told.active, 0);
	share.job = told.last;
	CHECK_OK(pools_submit(p, &share, &request, &err), &err);
	CHECK(await(one_answer));
	CHECK_INT(told.answered, request);
	CHECK_STR(s.heard, "share 1 1");
	pools_free(p);
	shut(&s);
}

static void a_lost_connection_is_made_again(void)
{
	struct server s;
	struct pool_config config;
	struct share share = {0};
	struct err err = {0};
	struct pools *p;
	uint32_t request;

	serve(&s, "ok\njob 1\n", 0);
	config = config_of(s.port);
	p = start(&config, 1, &client_timeouts_default, 0);
	CHECK(await(one_job));
	hang_up(&s);
	CHECK(await(one_down));
	share.job = job_ref(told.last);
	CHECK_INT(pools_submit(p, &share, &request, &err), -ERR_NET);
	CHECK(await(two_jobs));
	CHECK_INT(s.connections, 2);
	CHECK_INT(pools_submit(p, &share, &request, &err), -ERR_UNKNOWN); /* not resumed */
	job_unref(share.job);
	pools_free(p);
	shut(&s);
}

static void whatever_is_wrong_is_said_and_given_up_after_retries(void)
{
	static const struct {
		const char *greeting, *says;
	} cases[] = {
		{NULL, "no answer to the login"},
		{"ok\n", "no job"},
		{"bye\n", "it said bye"},
		{"refused\n", "it refused us"},
	};
	static const struct client_timeouts quick = {.connect_ms = 5000,
						     .hello_ms = 150,
						     .first_job_ms = 150,
						     .answer_ms = 1000,
						     .silence_ms = 150};
	struct pool_status status;
	struct pool_config config;
	struct server s;
	struct pools *p;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		serve(&s, cases[i].greeting, 0);
		config = config_of(s.port);
		p = start(&config, 1, &quick, 1);
		CHECK(await(gave_up));
		pools_status(p, 0, &status);
		CHECK_HAS(status.last_error, cases[i].says);
		pools_free(p);
		shut(&s);
	}
	/* nobody listens any more */
	config = config_of(s.port);
	p = start(&config, 1, &quick, 1);
	CHECK(await(gave_up));
	pools_status(p, 0, &status);
	CHECK_HAS(status.last_error, "refused");
	pools_free(p);
}

static void nothing_may_take_longer_than_the_silence_asked_for(void)
{
	struct client_timeouts out = client_timeouts_default;

	client_timeouts_bound(&out, 0);
	CHECK_MEM(&out, &client_timeouts_default, sizeof out);
	client_timeouts_bound(&out, 600);
	CHECK_INT(out.silence_ms, 600000);
	CHECK_INT(out.connect_ms, client_timeouts_default.connect_ms);
	CHECK_INT(out.hello_ms, client_timeouts_default.hello_ms);
	CHECK_INT(out.first_job_ms, client_timeouts_default.first_job_ms);
	client_timeouts_bound(&out, 12);
	CHECK_INT(out.silence_ms, 12000);
	CHECK_INT(out.connect_ms, 10000);
	CHECK_INT(out.hello_ms, 12000);
	CHECK_INT(out.first_job_ms, 12000);
	CHECK_INT(out.detect_ms, 2000);
	client_timeouts_bound(&out, 1);
	CHECK_INT(out.detect_ms, 1000);
	client_timeouts_bound(&out, UINT32_MAX);
	CHECK_INT(out.silence_ms, INT32_MAX);
}

static void silence_counts_as_dead(void)
{
	static const struct client_timeouts quick = {.connect_ms = 5000,
						     .hello_ms = 5000,
						     .first_job_ms = 5000,
						     .answer_ms = 1000,
						     .silence_ms = 150};
	struct pool_status status;
	struct pool_config config;
	struct server s;
	struct pools *p;

	serve(&s, "ok\njob 1\n", 0);
	config = config_of(s.port);
	p = start(&config, 1, &quick, 0);
	CHECK(await(one_job));
	CHECK(await(one_down));
	pools_status(p, 0, &status);
	CHECK_HAS(status.last_error, "silent");
	pools_free(p);
	shut(&s);
}

static void the_second_pool_takes_over(void)
{
	struct pool_config configs[2];
	struct server a, b;
	struct pools *p;

	serve(&a, "ok\njob 1\n", 0);
	serve(&b, "ok\njob 2\n", 0);
	configs[0] = config_of(a.port);
	configs[1] = config_of(b.port);
	p = start(configs, 2, &client_timeouts_default, 0);
	CHECK(await(one_job));
	CHECK_INT(b.connections, 0);
	shut(&a);
	CHECK(await(second_active));
	CHECK_STR(told.job, "2");
	pools_free(p);
	shut(&b);
}

static void a_reload_keeps_what_is_unchanged(void)
{
	struct pool_config configs[2], again[2];
	struct err err = {0};
	struct server a, b;
	struct pools *p;

	serve(&a, "ok\njob 1\n", 0);
	serve(&b, "ok\njob 2\n", 0);
	configs[0] = again[0] = config_of(a.port);
	configs[1] = again[1] = config_of(b.port);
	p = start(configs, 1, &client_timeouts_default, 0);
	CHECK(await(one_job));
	CHECK_OK(pools_reload(p, again, 2, &err), &err);
	memset(configs, 0x5a, sizeof configs); /* the old ones are nobody's any more */
	say(&a, "job 3\n");
	CHECK(await(two_jobs));
	CHECK_STR(told.job, "3");
	CHECK_INT(a.connections, 1);
	CHECK_INT(told.downs, 0);
	CHECK_INT(pools_count(p), 2);
	pools_free(p);
	shut(&a);
	shut(&b);
}

static bool second_only(void)
{
	return told.active == 1 && told.jobs >= 1;
}

static bool four_readies(void)
{
	return told.readies >= 4;
}

static bool job_nine(void)
{
	return !strcmp(told.job, "9");
}

static void a_hold_down_that_is_no_longer_configured_is_none(void)
{
	static char at_once[] = "holddown=0";
	char *options[] = {at_once, NULL};
	struct pool_config configs[2], plain[2];
	struct err err = {0};
	struct server a, b;
	struct pools *p;

	serve(&a, "ok\njob 1\n", 0);
	serve(&b, "ok\njob 2\n", 0);
	configs[0] = plain[0] = config_of(a.port);
	configs[1] = plain[1] = config_of(b.port);
	configs[0].options = options;
	p = start(configs, 2, &client_timeouts_default, 0);
	CHECK(await(one_job));
	CHECK_OK(pools_reload(p, plain, 2, &err), &err);
	CHECK(await(two_jobs)); /* it is another one to us, and connected to anew */
	hang_up(&a);
	CHECK(await(second_active));
	CHECK(await(four_readies)); /* the first is back, but not at once worked for */
	say(&b, "job 9\n");
	CHECK(await(job_nine));
	CHECK_INT(told.active, 1);
	pools_free(p);
	shut(&a);
	shut(&b);
}

static void a_reload_that_removes_the_active_pool_says_so(void)
{
	struct pool_config configs[2];
	struct err err = {0};
	struct server a, b;
	struct pools *p;

	serve(&a, "bye\n", 0);
	serve(&b, "ok\njob 2\n", 0);
	configs[0] = config_of(a.port);
	configs[1] = config_of(b.port);
	p = start(configs, 2, &client_timeouts_default, 0);
	CHECK(await(second_only));
	CHECK_OK(pools_reload(p, configs, 1, &err), &err);
	CHECK_INT(told.active, -1);
	CHECK_INT(pools_active(p), -1);
	CHECK_INT(pools_count(p), 1);
	pools_free(p);
	shut(&a);
	shut(&b);
}

static void on_chatter(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;

	(void)fd;
	(void)what;
	if (s->bev)
		bufferevent_write(s->bev, "hm\n", 3);
}

static void chatter_does_not_stand_for_a_job(void)
{
	static const struct client_timeouts quick = {.connect_ms = 5000,
						     .hello_ms = 5000,
						     .first_job_ms = 300,
						     .answer_ms = 1000,
						     .silence_ms = 60000};
	struct timeval often = {.tv_usec = 20000};
	struct pool_config configs[2];
	struct event *chatter;
	struct server a, b;
	struct pools *p;

	serve(&a, "ok\n", 0);
	serve(&b, "ok\njob 2\n", 0);
	configs[0] = config_of(a.port);
	configs[1] = config_of(b.port);
	chatter = event_new(base, -1, EV_PERSIST, on_chatter, &a);
	event_add(chatter, &often);
	p = start(configs, 2, &quick, 0);
	CHECK(await(second_only));
	pools_free(p);
	event_free(chatter);
	shut(&a);
	shut(&b);
}

static void a_session_is_resumed_though_an_attempt_failed_meanwhile(void)
{
	struct server s;
	struct pool_config config;
	struct share share = {0};
	struct err err = {0};
	struct pools *p;
	uint32_t request;

	serve(&s, "ok\njob 1\n", 0);
	config = config_of(s.port);
	p = start(&config, 1, &client_timeouts_default, 0);
	CHECK(await(one_job));
	share.job = job_ref(told.last);
	shut(&s);
	CHECK(await(two_downs)); /* the connection, and an attempt to make it again */
	serve(&s, "again\njob 2\n", config.parsed.port);
	CHECK(await(two_jobs));
	CHECK_OK(pools_submit(p, &share, &request, &err), &err);
	CHECK(await(one_answer));
	job_unref(share.job);
	pools_free(p);
	shut(&s);
}

static void a_reconnect_is_followed_within_the_domain_only(void)
{
	struct pool_config config;
	struct server s;
	struct pools *p;

	serve(&s, "ok\njob 1\n", 0);
	config = config_of(s.port);
	p = start(&config, 1, &client_timeouts_default, 0);
	CHECK(await(one_job));
	say(&s, "go elsewhere.example\njob 2\n");
	CHECK(await(two_jobs));
	CHECK_INT(s.connections, 1);
	CHECK_INT(told.downs, 0);
	told.jobs = 0;
	say(&s, "go 127.0.0.1\n");
	CHECK(await(one_down));
	CHECK(await(one_job));
	CHECK_INT(s.connections, 2);
	told.jobs = 0;
	say(&s, "go [127.0.0.1]\n"); /* brackets are how URLs write addresses */
	CHECK(await(one_job));
	CHECK_INT(s.connections, 3);
	pools_free(p);
	shut(&s);
}

static void it_may_end_at_any_moment(void)
{
	struct pool_config config;
	struct server s;
	unsigned turns, i;

	for (turns = 0; turns < 12; turns++) {
		struct pools *p;

		serve(&s, "ok\njob 1\n", 0);
		config = config_of(s.port);
		p = start(&config, 1, &client_timeouts_default, 0);
		for (i = 0; i < turns; i++)
			event_base_loop(base, EVLOOP_NONBLOCK);
		pools_free(p);
		event_base_loop(base, EVLOOP_NONBLOCK);
		shut(&s);
	}
	CHECK(true);
}

int main(void)
{
	struct log_config quiet = {.level = LOG_ERROR, .quiet = true};

	log_setup(&quiet, NULL);
	base = event_base_new();
	T_RUN(jobs_come_and_shares_go);
	T_RUN(a_lost_connection_is_made_again);
	T_RUN(whatever_is_wrong_is_said_and_given_up_after_retries);
	T_RUN(nothing_may_take_longer_than_the_silence_asked_for);
	T_RUN(silence_counts_as_dead);
	T_RUN(the_second_pool_takes_over);
	T_RUN(a_reload_keeps_what_is_unchanged);
	T_RUN(a_hold_down_that_is_no_longer_configured_is_none);
	T_RUN(a_reload_that_removes_the_active_pool_says_so);
	T_RUN(chatter_does_not_stand_for_a_job);
	T_RUN(a_session_is_resumed_though_an_attempt_failed_meanwhile);
	T_RUN(a_reconnect_is_followed_within_the_domain_only);
	T_RUN(it_may_end_at_any_moment);
	job_unref(told.last);
	event_base_free(base);
	return t_done();
}
