/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of pools is changed while they run: who is connected to, worked for, and answered. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool/mask.h"
#include "src/log.h"
#include "tests/t.h"
#include "tests/words.h"

static struct server a, b;

static bool job_is(const char *id)
{
	return !strcmp(told()->job, id);
}

static bool job_1(void)
{
	return job_is("1");
}

static bool job_2(void)
{
	return job_is("2");
}

static bool job_3(void)
{
	return job_is("3");
}

static bool job_4(void)
{
	return job_is("4");
}

static bool one_answer(void)
{
	return told()->answers >= 1;
}

static bool one_down(void)
{
	return told()->downs >= 1;
}

static bool two_readies(void)
{
	return told()->readies >= 2;
}

/* Two pools, the first of which is worked for. */
static struct pools *two(struct pool_config configs[2])
{
	struct pools *p;

	serve(&a, "ok\njob 1\n", 0);
	serve(&b, "ok\njob 2\n", 0);
	configs[0] = config_of(a.port);
	configs[1] = config_of(b.port);
	p = start(configs, 2, &client_timeouts_default, 0);
	CHECK(await(job_1));
	return p;
}

static void end(struct pools *p)
{
	pools_free(p);
	shut(&a);
	shut(&b);
}

/* A share of this job, which is still the caller's. */
static int submit(struct pools *p, struct job *job)
{
	const struct share share = {.job = job};
	struct err err = {0};
	uint32_t request;

	return pools_submit(p, &share, &request, &err);
}

static const char *url_at(const struct pools *p, unsigned place)
{
	static struct pool_status status;

	pools_status(p, place, &status);
	return status.url;
}

static enum pool_state state_at(const struct pools *p, unsigned place)
{
	struct pool_status status;

	pools_status(p, place, &status);
	return status.state;
}

/* As the supervisor gives it: on the heap. */
static struct pool_config *heap(const struct pool_config *from)
{
	struct pool_config *c = NULL;

	CHECK_INT(pool_config_copy(&c, from), 0);
	return c;
}

static void a_pool_that_is_switched_to_is_worked_for_until_it_fails(void)
{
	struct pool_config configs[2];
	struct pools *p = two(configs);
	struct err err = {0};

	CHECK_OK(pools_switch(p, 1, &err), &err);
	CHECK_INT(told()->active, 0); /* until the other one has a job */
	CHECK(await(job_2));
	CHECK_INT(pools_active(p), 1);
	CHECK_INT(state_at(p, 0), POOL_STANDBY);
	hang_up(&b);
	CHECK(await(job_1));
	CHECK_INT(told()->active, 0);
	CHECK_INT(a.connections, 1);
	CHECK_INT(told()->nones, 0);
	CHECK_ERR(pools_switch(p, 2, &err), ERR_RANGE, &err);
	end(p);
}

static void a_disabled_pool_is_left_without_a_gap(void)
{
	struct pool_config configs[2];
	struct pools *p = two(configs);
	struct err err = {0};
	struct job *job = job_ref(told()->last);

	CHECK_OK(pools_enable(p, 0, false, &err), &err);
	CHECK(await(job_2));
	CHECK_INT(told()->nones, 0);
	CHECK_INT(told()->downs, 0);
	CHECK_INT(state_at(p, 0), POOL_DISABLED);
	CHECK_INT(submit(p, job), 0); /* found for it before */
	CHECK(await(one_answer));
	CHECK_STR(a.heard, "share 1 1");
	CHECK_ERR(pools_enable(p, 1, false, &err), ERR_USAGE, &err);
	CHECK_HAS(err.text, "pool 1 is the only one that is enabled and cannot be disabled");
	CHECK_ERR(pools_switch(p, 0, &err), ERR_USAGE, &err);
	CHECK_HAS(err.text, "pool 0 is disabled");
	CHECK_OK(pools_enable(p, 0, true, &err), &err);
	CHECK_OK(pools_switch(p, 0, &err), &err);
	CHECK(await(job_1));
	CHECK_INT(a.connections, 1);
	job_unref(job);
	end(p);
}

static void a_removed_pool_is_out_of_the_list_but_answers_still_come(void)
{
	struct pool_config configs[2];
	struct pools *p = two(configs);
	struct err err = {0};
	struct job *job = job_ref(told()->last);

	CHECK_STR(pools_url(p, job->pool), configs[0].url);
	CHECK_OK(pools_remove(p, 0, &err), &err);
	CHECK_INT(pools_count(p), 1);
	CHECK_INT(pools_active(p), -1); /* though it goes on until */
	CHECK_STR(url_at(p, 0), configs[1].url);
	CHECK(await(job_2));
	CHECK_INT(told()->active, 0);
	CHECK_INT(told()->nones, 0);
	CHECK_INT(submit(p, job), 0);
	CHECK(await(one_answer));
	CHECK_ERR(pools_remove(p, 0, &err), ERR_USAGE, &err);
	CHECK_ERR(pools_remove(p, 1, &err), ERR_RANGE, &err);
	hang_up(&a);
	CHECK(await(one_down));
	event_base_loop(loop(), EVLOOP_NONBLOCK);
	CHECK_STR(pools_url(p, job->pool), "");
	CHECK_INT(submit(p, job), -ERR_UNKNOWN);
	job_unref(job);
	end(p);
}

static void an_added_pool_is_the_last_and_has_a_number_of_its_own(void)
{
	struct pool_config configs[2], more;
	struct pools *p = two(configs);
	struct err err = {0};
	struct server c;
	unsigned place = 99, number = told()->last->pool;

	serve(&c, "ok\njob 3\n", 0);
	more = config_of(c.port);
	CHECK_OK(pools_add(p, heap(&more), &place, &err), &err);
	CHECK_INT(place, 2);
	CHECK_INT(pools_count(p), 3);
	CHECK_ERR(pools_add(p, heap(&more), &place, &err), ERR_USAGE, &err);
	CHECK_HAS(err.text, "is pool 2 already");
	CHECK_INT(c.connections, 0);
	CHECK_OK(pools_switch(p, 2, &err), &err);
	CHECK(await(job_3));
	CHECK(told()->last->pool != number);
	CHECK_STR(pools_url(p, told()->last->pool), more.url);
	CHECK_INT(a.connections, 1);
	CHECK_OK(pools_remove(p, 0, &err), &err);
	CHECK_INT(pools_active(p), 1);
	CHECK_INT(submit(p, told()->last), 0);
	CHECK(await(one_answer));
	CHECK_STR(c.heard, "share 1 3");
	say(&c, "job 4\n"); /* its place is another one now, its number is not */
	CHECK(await(job_4));
	CHECK_STR(pools_url(p, told()->last->pool), more.url);
	shut(&c);
	end(p);
}

static void no_more_pools_than_there_is_room_for(void)
{
	struct pool_config configs[2], more;
	struct pools *p = two(configs);
	struct err err = {0};
	unsigned i, place;

	for (i = 2; i < 64; i++) {
		more = config_of(b.port);
		more.url[0] = (char)('A' + i % 26);
		more.url[1] = (char)('A' + i / 26);
		CHECK_OK(pools_add(p, heap(&more), &place, &err), &err);
		CHECK_INT(place, i);
	}
	more.url[2] = '-';
	CHECK_ERR(pools_add(p, heap(&more), &place, &err), ERR_RANGE, &err);
	CHECK_HAS(err.text, "more than 64 pools");
	for (i = 63; i > 1; i--)
		CHECK_OK(pools_remove(p, i, &err), &err);
	CHECK_INT(pools_count(p), 2);
	event_base_loop(loop(), EVLOOP_NONBLOCK);
	CHECK_OK(pools_add(p, heap(&more), &place, &err), &err);
	CHECK_INT(place, 2);
	end(p);
}

static void a_moved_pool_keeps_its_connection(void)
{
	struct pool_config configs[2];
	struct pools *p = two(configs);
	struct err err = {0};

	CHECK_OK(pools_move(p, 0, 1, &err), &err);
	CHECK_STR(url_at(p, 0), configs[1].url);
	CHECK_STR(url_at(p, 1), configs[0].url);
	CHECK_INT(pools_active(p), 1);
	CHECK(await(two_readies)); /* the first in order is tried, */
	CHECK_INT(told()->active, 0);
	say(&a, "job 3\n"); /* but not worked for at once */
	CHECK(await(job_3));
	CHECK_INT(pools_active(p), 1);
	CHECK_INT(a.connections, 1);
	CHECK_ERR(pools_move(p, 0, 2, &err), ERR_RANGE, &err);
	end(p);
}

static void a_reload_takes_the_list_back_and_keeps_connections(void)
{
	struct pool_config configs[2], again[2], more;
	struct pools *p = two(configs);
	struct err err = {0};
	unsigned place;

	more = config_of(1);
	CHECK_OK(pools_add(p, heap(&more), &place, &err), &err);
	CHECK_OK(pools_switch(p, 1, &err), &err);
	CHECK(await(job_2));
	CHECK_OK(pools_enable(p, 0, false, &err), &err);
	again[0] = configs[1]; /* in another order, too */
	again[1] = configs[0];
	CHECK_OK(pools_reload(p, again, 2, &err), &err);
	memset(configs, 0x5a, sizeof configs); /* the old ones are nobody's any more */
	CHECK_INT(pools_count(p), 2);
	CHECK_INT(pools_active(p), 0);
	CHECK(state_at(p, 1) != POOL_DISABLED);
	say(&b, "job 3\n");
	CHECK(await(job_3));
	CHECK_INT(a.connections, 1);
	CHECK_INT(b.connections, 1);
	CHECK_INT(told()->downs, 0);
	CHECK_INT(told()->nones, 0);
	end(p);
}

static void what_a_reload_removes_is_still_answered(void)
{
	struct pool_config configs[2], again;
	struct pools *p = two(configs);
	struct err err = {0};
	struct job *job = job_ref(told()->last);

	again = configs[1];
	CHECK_OK(pools_reload(p, &again, 1, &err), &err);
	memset(configs, 0x5a, sizeof configs);
	CHECK_INT(pools_count(p), 1);
	CHECK(await(job_2));
	CHECK_INT(submit(p, job), 0);
	CHECK(await(one_answer));
	CHECK_STR(a.heard, "share 1 1");
	CHECK_OK(pools_reload(p, &again, 1, &err), &err); /* and once more while it drains */
	CHECK_INT(submit(p, job), 0);
	job_unref(job);
	end(p);
}

static void a_pool_s_words_do_not_tell_the_wallet(void)
{
	static const char *const user = "0xAbCdEf0123456789.rig7";
	char text[ERR_TEXT_MAX] = "refused '0xAbCdEf0123456789.rig7': 0xabcdef0123456789 is no "
				  "wallet of x";

	mask_user_in(text, sizeof text, user);
	CHECK_STR(text, "refused '0xAb...rig7': 0xAb...6789 is no wallet of x");
	snprintf(text, sizeof text, "short is short");
	mask_user_in(text, sizeof text, "short");
	CHECK_STR(text, "short is short");
	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	mask_user_in(text, sizeof text, "aaaaaaaaa");
	CHECK_LACKS(text, "aaaaaaaaa");
}

int main(void)
{
	struct log_config quiet = {.level = LOG_ERROR, .quiet = true};

	log_setup(&quiet, NULL);
	words_begin();
	T_RUN(a_pool_that_is_switched_to_is_worked_for_until_it_fails);
	T_RUN(a_disabled_pool_is_left_without_a_gap);
	T_RUN(a_removed_pool_is_out_of_the_list_but_answers_still_come);
	T_RUN(an_added_pool_is_the_last_and_has_a_number_of_its_own);
	T_RUN(no_more_pools_than_there_is_room_for);
	T_RUN(a_moved_pool_keeps_its_connection);
	T_RUN(a_reload_takes_the_list_back_and_keeps_connections);
	T_RUN(what_a_reload_removes_is_still_answered);
	T_RUN(a_pool_s_words_do_not_tell_the_wallet);
	words_end();
	return t_done();
}
