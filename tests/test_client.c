/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connections and the list of pools over real loopback sockets, see tests/words.h. */
#include <stdio.h>
#include <string.h>

#include "src/log.h"
#include "tests/t.h"
#include "tests/words.h"

static bool one_job(void)
{
	return told()->jobs >= 1;
}

static bool two_jobs(void)
{
	return told()->jobs >= 2;
}

static bool one_answer(void)
{
	return told()->answers >= 1;
}

static bool two_downs(void)
{
	return told()->downs >= 2;
}

static bool one_down(void)
{
	return told()->downs >= 1;
}

static bool gave_up(void)
{
	return told()->gave_up >= 1;
}

static bool second_active(void)
{
	return told()->active == 1 && told()->jobs >= 2;
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
	CHECK_INT(told()->readies, 1);
	CHECK_INT(told()->active, 0);
	share.job = told()->last;
	CHECK_OK(pools_submit(p, &share, &request, &err), &err);
	CHECK(await(one_answer));
	CHECK_INT(told()->answered, request);
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
	share.job = job_ref(told()->last);
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
	CHECK_STR(told()->job, "2");
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
	CHECK_STR(told()->job, "3");
	CHECK_INT(a.connections, 1);
	CHECK_INT(told()->downs, 0);
	CHECK_INT(pools_count(p), 2);
	pools_free(p);
	shut(&a);
	shut(&b);
}

static bool second_only(void)
{
	return told()->active == 1 && told()->jobs >= 1;
}

static bool four_readies(void)
{
	return told()->readies >= 4;
}

static bool job_nine(void)
{
	return !strcmp(told()->job, "9");
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
	CHECK_INT(told()->active, 1);
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
	CHECK_INT(told()->active, -1);
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
	chatter = event_new(loop(), -1, EV_PERSIST, on_chatter, &a);
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
	share.job = job_ref(told()->last);
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
	CHECK_INT(told()->downs, 0);
	told()->jobs = 0;
	say(&s, "go 127.0.0.1\n");
	CHECK(await(one_down));
	CHECK(await(one_job));
	CHECK_INT(s.connections, 2);
	told()->jobs = 0;
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
			event_base_loop(loop(), EVLOOP_NONBLOCK);
		pools_free(p);
		event_base_loop(loop(), EVLOOP_NONBLOCK);
		shut(&s);
	}
	CHECK(true);
}

int main(void)
{
	struct log_config quiet = {.level = LOG_ERROR, .quiet = true};

	log_setup(&quiet, NULL);
	words_begin();
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
	words_end();
	return t_done();
}
