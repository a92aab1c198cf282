/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shares are matched with answers, kept while disconnected, never doubled, never dropped. */
#include <stdlib.h>
#include <string.h>

#include "pool/dialect.h"
#include "src/sharequeue.h"
#include "tests/t.h"

static struct sharequeue *q;
static unsigned finals[SHARE_STATES];
static char last_reason[96];

static void on_final(void *arg, struct share *s)
{
	(void)arg;
	finals[s->state]++;
	snprintf(last_reason, sizeof last_reason, "%s", s->reason);
	sharequeue_recycle(q, s);
}

static void setup(void)
{
	memset(finals, 0, sizeof finals);
	CHECK_INT(sharequeue_new(&q, on_final, NULL, NULL), 0);
}

static struct share *share_of(struct job *job, uint32_t request)
{
	struct share *s = sharequeue_blank(q);

	s->job = job_ref(job);
	s->request = request;
	s->session_sent = job->session;
	return s;
}

static const struct dialect no_dialect = {.name = "none"};

static struct job *job_of(unsigned pool, uint64_t session)
{
	struct job *job = job_new(NULL, &no_dialect);

	job->pool = pool;
	job->session = session;
	return job;
}

static void answers_find_their_share(void)
{
	struct job *job = job_of(0, 7);
	uint32_t i;

	setup();
	for (i = 1; i <= 5000; i++)
		sharequeue_sent(q, share_of(job, i), 1);
	CHECK_INT(sharequeue_in_flight(q), 5000);
	CHECK(!sharequeue_answer(q, 0, 8, 5, SHARE_ACCEPTED, NULL, 2));
	CHECK(!sharequeue_answer(q, 1, 7, 5, SHARE_ACCEPTED, NULL, 2));
	for (i = 5000; i >= 1; i--)
		CHECK(sharequeue_answer(q, 0, 7, i, i % 2 ? SHARE_ACCEPTED : SHARE_REJECTED, "why",
					2));
	CHECK(!sharequeue_answer(q, 0, 7, 5, SHARE_ACCEPTED, NULL, 2));
	CHECK_INT(finals[SHARE_ACCEPTED], 2500);
	CHECK_INT(finals[SHARE_REJECTED], 2500);
	CHECK_INT(sharequeue_in_flight(q), 0);
	CHECK_STR(last_reason, "why");
	sharequeue_free(q);
	job_unref(job);
}

static void a_lost_connection_loses_what_was_sent_and_keeps_what_waits(void)
{
	struct job *a = job_of(0, 1), *b = job_of(1, 2);

	setup();
	sharequeue_sent(q, share_of(a, 1), 1);
	sharequeue_sent(q, share_of(a, 2), 1);
	sharequeue_sent(q, share_of(b, 1), 1);
	sharequeue_wait(q, share_of(a, 0));
	sharequeue_wait(q, share_of(b, 0));
	sharequeue_down(q, 0, 1);
	CHECK_INT(finals[SHARE_LOST], 2);
	CHECK_INT(sharequeue_in_flight(q), 1);
	CHECK_INT(sharequeue_waiting(q), 2);
	CHECK(sharequeue_next(q, 0, 9) == NULL);
	on_final(NULL, sharequeue_next(q, 0, 1));
	CHECK(sharequeue_next(q, 0, 1) == NULL);
	sharequeue_forget(q, 1, 3);
	CHECK_INT(finals[SHARE_LOST], 3);
	CHECK_INT(sharequeue_waiting(q), 0);
	sharequeue_free(q);
	job_unref(a);
	job_unref(b);
}

static void waiting_shares_are_bounded_and_the_oldest_is_counted_lost(void)
{
	struct job *a = job_of(0, 1);
	int i;

	setup();
	for (i = 0; i < SHARE_WAITING_MAX + 10; i++)
		sharequeue_wait(q, share_of(a, 0));
	CHECK_INT(sharequeue_waiting(q), SHARE_WAITING_MAX);
	CHECK_INT(finals[SHARE_LOST], 10);
	sharequeue_free(q);
	job_unref(a);
}

static void what_nobody_answers_is_lost(void)
{
	struct job *a = job_of(0, 1);

	setup();
	sharequeue_sent(q, share_of(a, 1), 1000000);
	sharequeue_expire(q, 1000000 + SHARE_ANSWER_MS * 1000ll);
	CHECK_INT(finals[SHARE_LOST], 0);
	sharequeue_expire(q, 1000001 + SHARE_ANSWER_MS * 1000ll);
	CHECK_INT(finals[SHARE_LOST], 1);
	CHECK_STR(last_reason, "no answer");
	sharequeue_free(q);
	job_unref(a);
}

static void a_digest_is_new_only_once(void)
{
	struct digest d = {0};
	uint64_t i, twice = 0;

	setup();
	for (i = 0; i < 30000; i++) {
		d.hash.w[0] = i * 0x9e3779b97f4a7c15ull;
		CHECK(sharequeue_is_new(q, &d));
	}
	for (i = 0; i < 30000; i++) {
		d.hash.w[0] = i * 0x9e3779b97f4a7c15ull;
		twice += sharequeue_is_new(q, &d);
	}
	CHECK_INT(twice, 0);
	for (i = 0; i < 1000000; i++) { /* never fills up */
		d.hash.w[0] = (i + 50000) * 0x9e3779b97f4a7c15ull;
		CHECK(sharequeue_is_new(q, &d));
	}
	sharequeue_free(q);
}

int main(void)
{
	T_RUN(answers_find_their_share);
	T_RUN(a_lost_connection_loses_what_was_sent_and_keeps_what_waits);
	T_RUN(waiting_shares_are_bounded_and_the_oldest_is_counted_lost);
	T_RUN(what_nobody_answers_is_lost);
	T_RUN(a_digest_is_new_only_once);
	return t_done();
}
