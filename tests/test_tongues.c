/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Finding out what a pool speaks, over real loopback sockets.  Three dialects, ada, bob and cyd,
 * say "hello NAME MEMO" and know the words of tests/words.h.
 */
#include <stdio.h>
#include <string.h>

#include "src/log.h"
#include "tests/t.h"
#include "tests/words.h"

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

static const struct dialect ada = {.name = "ada",
				   .schemes = "x+tcp ada+tcp",
				   .title = "ada",
				   .hello = ada_hello,
				   .feed = words_feed};
static const struct dialect bob = {.name = "bob",
				   .schemes = "x+tcp bob+tcp",
				   .title = "bob",
				   .hello = bob_hello,
				   .feed = words_feed};
static const struct dialect cyd = {.name = "cyd",
				   .schemes = "x+tcp cyd+tcp",
				   .title = "cyd",
				   .session_size = 64,
				   .hello = cyd_hello,
				   .feed = words_feed};

/* ---- the pool ---- */

#define SILENCE NULL
#define HANG_UP ""

struct room {
	struct server server;
	const char *answers[3]; /* to ada, bob and cyd */
	char heard[16];         /* the first letters of those who said hello */
	char memo[64];          /* what the last of them had remembered */
};

/* Everybody says "hello NAME MEMO". */
static bool hear(struct server *s, struct bufferevent *bev, const char *line)
{
	struct room *r = (struct room *)s;
	size_t n = strlen(r->heard);
	const char *answer;

	if (!CHECK(n + 1 < sizeof r->heard) || !CHECK(strlen(line) > 9))
		return true;
	r->heard[n] = line[6];
	snprintf(r->memo, sizeof r->memo, "%.63s", line + 10);
	answer = r->answers[line[6] - 'a'];
	if (answer)
		bufferevent_write(bev, answer, strlen(answer));
	return !answer || *answer;
}

static void open_room(struct room *r, const char *to_ada, const char *to_bob, const char *to_cyd)
{
	*r = (struct room){.answers = {to_ada, to_bob, to_cyd}};
	serve(&r->server, NULL, 0);
	r->server.hear = hear;
}

/* ---- what the pools tell ---- */

static const unsigned *count;

static bool it_counts(void)
{
	return *count > 0;
}

/* Run until this is told (again). */
static bool await_next(unsigned *what)
{
	*what = 0;
	count = what;
	return await(it_counts);
}

/* A pool that might speak any of the three. */
static struct pool_config any_of(unsigned port)
{
	static char url[] = "x+tcp://127.0.0.1";
	struct pool_config c = config_of(port);

	c.url = url;
	snprintf(c.parsed.scheme, sizeof c.parsed.scheme, "x+tcp");
	c.dialect = c.candidates[0] = &ada;
	c.candidates[1] = &bob;
	c.candidates[2] = &cyd;
	c.n_candidates = 3;
	return c;
}

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

/* Whoever fits is found, and those before it in the list were tried, in order. */
static void found(const char *to_ada, const char *to_bob, const char *to_cyd,
		  const struct client_timeouts *limits, const char *heard)
{
	struct pool_config config;
	struct pool_status status;
	struct room r;
	struct pools *p;

	open_room(&r, to_ada, to_bob, to_cyd);
	config = any_of(r.server.port);
	p = start(&config, 1, limits, 1);
	CHECK(await_next(&told()->jobs));
	CHECK_STR(r.heard, heard);
	pools_status(p, 0, &status);
	CHECK_U64(status.drops, 0);
	CHECK_INT(status.state, POOL_ACTIVE);
	pools_free(p);
	shut(&r.server);
}

static void whichever_fits_is_found(void)
{
	found("ok\njob 1\n", "bye\n", "bye\n", &patient, "a");
	found("bye\n", "ok\njob 1\n", "bye\n", &patient, "ab");
	found("bye\n", "bye\n", "ok\njob 1\n", &patient, "abc");
	found("bye\n", "job 1\nok\n", "bye\n", &patient, "ab");
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
	found("ok\n", "ok\njob 1\n", "bye\n", &quick, "ab");
}

/* The one attempt that is allowed fails; last_error then says so. */
static void failed(const struct pool_config *of, struct room *r,
		   const struct client_timeouts *limits, const char *heard, const char *says)
{
	struct pool_config config = *of;
	struct pool_status status;
	struct pools *p;

	config.parsed.port = r->server.port;
	p = start(&config, 1, limits, 1);
	CHECK(await_next(&told()->gave_up));
	CHECK_STR(r->heard, heard);
	pools_status(p, 0, &status);
	CHECK_U64(status.drops, 1);
	CHECK_HAS(status.last_error, says);
	pools_free(p);
	shut(&r->server);
}

static void when_none_fits_the_pool_has_failed_once_and_the_fix_is_named(void)
{
	struct pool_config config = any_of(0);
	struct room r;
	char says[128];

	open_room(&r, "bye\n", HANG_UP, SILENCE);
	failed(&config, &r, &quick, "abc", "none of ada, bob, cyd was understood");
	open_room(&r, HANG_UP, "bye\n", "bye\n");
	snprintf(says, sizeof says, "ada+tcp://127.0.0.1:%u", r.server.port);
	failed(&config, &r, &patient, "abc", says);
}

static void refused_credentials_end_the_search(void)
{
	struct pool_config config = any_of(0);
	struct room r;

	open_room(&r, "bye\n", "refused\n", "ok\njob 1\n");
	failed(&config, &r, &patient, "ab", "it refused us");
}

static void a_forced_dialect_is_not_doubted(void)
{
	struct pool_config config = any_of(0);
	struct room r;

	config.dialect = &bob;
	config.n_candidates = 1;
	config.candidates[0] = &bob;
	open_room(&r, "ok\njob 1\n", "bye\n", "ok\njob 1\n");
	failed(&config, &r, &patient, "b", "it said bye");
}

static void a_pool_that_cannot_be_reached_says_nothing_about_dialects(void)
{
	struct pool_config config = any_of(0);
	struct room r;

	open_room(&r, NULL, NULL, NULL);
	shut(&r.server);
	failed(&config, &r, &patient, "", "refused");
}

static void what_fits_is_remembered_for_the_next_connection(void)
{
	struct pool_config config;
	struct room r;
	struct pools *p;

	open_room(&r, "bye\n", "ok\njob 1\n", "bye\n");
	config = any_of(r.server.port);
	p = start(&config, 1, &patient, 0);
	CHECK(await_next(&told()->jobs));
	hang_up(&r.server);
	CHECK(await_next(&told()->jobs));
	CHECK_STR(r.heard, "abb");
	pools_free(p);
	shut(&r.server);
}

static void what_fits_is_remembered_over_a_reload(void)
{
	char other[] = "other";
	struct pool_config config, same, moved[2];
	struct err err = {0};
	struct room r;
	struct pools *p;

	open_room(&r, "bye\n", "ok\njob 1\n", "bye\n");
	config = any_of(r.server.port);
	p = start(&config, 1, &patient, 0);
	CHECK(await_next(&told()->jobs));
	same = moved[0] = moved[1] = config;
	CHECK_OK(pools_reload(p, &same, 1, &err), &err);
	hang_up(&r.server);
	CHECK(await_next(&told()->jobs));
	CHECK_STR(r.heard, "abb");
	/* another one has its place now, and it the second, with another user: connected anew */
	moved[0].disabled = true;
	moved[1].user = other;
	CHECK_OK(pools_reload(p, moved, 2, &err), &err);
	CHECK(await_next(&told()->jobs));
	CHECK_STR(r.heard, "abbb");
	pools_free(p);
	shut(&r.server);
}

static void one_that_only_logs_in_gets_all_the_time_next(void)
{
	struct pool_config config;
	struct pool_status status;
	struct room r;
	struct pools *p;

	open_room(&r, "bye\n", "ok\n", "bye\n");
	config = any_of(r.server.port);
	p = start(&config, 1, &quick, 0);
	do
		CHECK(await_next(&told()->downs));
	while (strlen(r.heard) < 3);
	r.answers[1] = "ok\njob 1\n";
	CHECK(await_next(&told()->jobs));
	CHECK_STR(r.heard, "abcb");
	pools_status(p, 0, &status);
	CHECK_HAS(status.last_error, "only bob could log in");
	pools_free(p);
	shut(&r.server);
}

static void what_one_remembers_is_not_told_by_another(void)
{
	struct pool_config config;
	struct room r;
	struct pools *p;

	open_room(&r, "memo secret\nbye\n", "memo mine\nok\njob 1\n", "bye\n");
	config = any_of(r.server.port);
	p = start(&config, 1, &patient, 0);
	CHECK(await_next(&told()->jobs));
	CHECK_STR(r.memo, "");
	hang_up(&r.server);
	CHECK(await_next(&told()->jobs));
	CHECK_STR(r.heard, "abb");
	CHECK_STR(r.memo, "mine");
	pools_free(p);
	shut(&r.server);
}

int main(void)
{
	struct log_config silent = {.level = LOG_ERROR, .quiet = true};

	log_setup(&silent, NULL);
	words_begin();
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
	words_end();
	return t_done();
}
