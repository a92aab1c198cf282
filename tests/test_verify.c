/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The CPU check runs off the loop, loses nothing and reports on the loop. */
#include <event2/event.h>
#include <pthread.h>
#include <stdlib.h>

#include "algos/algo.h"
#include "pool/dialect.h"
#include "src/verify.h"
#include "tests/t.h"

#define MANY 20000

#define GATE (UINT64_C(1) << 40) /* hashing this nonce waits for the gate */

static pthread_t loop_thread;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static struct event_base *base;
static struct verify *v;
static unsigned done, dropped, wrong, off_loop, on_loop_hash;
static uint8_t seen[MANY];

/* The "hash" of nonce n is n; odd ones cannot be hashed. */
static int fake_hash(const struct algo_epoch *ep, const struct work *work, uint64_t nonce,
		     struct digest *out)
{
	(void)ep;
	(void)work;
	if (pthread_equal(pthread_self(), loop_thread))
		__atomic_add_fetch(&on_loop_hash, 1, __ATOMIC_RELAXED);
	if (nonce == GATE) {
		pthread_mutex_lock(&gate);
		pthread_mutex_unlock(&gate);
	}
	out->hash.w[0] = nonce;
	return nonce % 2 ? -ERR_RANGE : 0;
}

static const struct algo fake = {.name = "fake", .hash = fake_hash};
static const struct dialect no_dialect = {.name = "none"};

static void on_done(void *arg, struct share *s, int rc)
{
	(void)arg;
	off_loop += !pthread_equal(pthread_self(), loop_thread);
	wrong += rc != (s->nonce % 2 ? -ERR_RANGE : 0) || s->digest.hash.w[0] != s->nonce;
	seen[s->nonce]++;
	free(s);
	if (++done == MANY)
		event_base_loopbreak(base);
}

static void on_drop(void *arg, struct share *s)
{
	(void)arg;
	dropped++;
	free(s);
}

static void put(struct job *job, uint64_t nonce)
{
	struct share *s = calloc(1, sizeof *s);

	s->job = job;
	s->nonce = nonce;
	if (!CHECK_INT(verify_put(v, s), 0))
		free(s);
}

static void every_share_is_reported_once_on_the_loop(void)
{
	struct job job = {.refs = 1, .algo = &fake, .dialect = &no_dialect};
	struct timeval limit = {.tv_sec = 60};
	struct err err = {0};
	unsigned i, once = 0;

	if (!CHECK_OK(verify_new(&v, base, 4, on_done, NULL, &err), &err))
		return;
	for (i = 0; i < MANY; i++)
		put(&job, i);
	CHECK_INT(verify_pending(v), MANY);
	event_base_loopexit(base, &limit);
	event_base_dispatch(base);
	for (i = 0; i < MANY; i++)
		once += seen[i] == 1;
	CHECK_INT(once, MANY);
	CHECK_INT(wrong, 0);
	CHECK_INT(off_loop, 0);
	CHECK_INT(on_loop_hash, 0);
	CHECK_INT(verify_pending(v), 0);
	verify_free(v, on_drop);
	CHECK_INT(dropped, 0);
}

static void what_is_unfinished_at_the_end_is_handed_back(void)
{
	struct job job = {.refs = 1, .algo = &fake, .dialect = &no_dialect};
	struct err err = {0};
	unsigned i;

	dropped = 0;
	if (!CHECK_OK(verify_new(&v, base, 1, on_done, NULL, &err), &err))
		return;
	for (i = 0; i < 100; i++)
		put(&job, i);
	verify_free(v, on_drop);
	CHECK_INT(dropped, 100);
}

static unsigned in_order, place_of_other;

static void on_flood(void *arg, struct share *s, int rc)
{
	(void)arg;
	(void)rc;
	in_order++;
	if (s->device == 1)
		place_of_other = in_order;
	free(s);
	if (!verify_pending(v))
		event_base_loopbreak(base);
}

static unsigned put_until_refused(struct job *job, unsigned device)
{
	unsigned n;

	for (n = 0; n <= VERIFY_MAX; n++) {
		struct share *s = calloc(1, sizeof *s);

		s->job = job;
		s->device = device;
		s->nonce = n ? 0 : GATE;
		if (verify_put(v, s)) {
			free(s);
			break;
		}
	}
	return n;
}

static void a_flood_of_one_device_is_bounded_and_others_go_first(void)
{
	struct job job = {.refs = 1, .algo = &fake, .dialect = &no_dialect};
	struct timeval limit = {.tv_sec = 60};
	struct share *other;
	struct err err = {0};
	unsigned n;

	if (!CHECK_OK(verify_new(&v, base, 1, on_flood, NULL, &err), &err))
		return;
	other = calloc(1, sizeof *other);
	pthread_mutex_lock(&gate);
	n = put_until_refused(&job, 0);
	CHECK_INT(n, VERIFY_MAX / 2);
	other->job = &job;
	other->device = 1;
	CHECK_INT(verify_put(v, other), 0);
	pthread_mutex_unlock(&gate);
	event_base_loopexit(base, &limit);
	event_base_dispatch(base);
	CHECK_INT(in_order, n + 1);
	CHECK(place_of_other && place_of_other <= 3);
	CHECK_INT(verify_pending(v), 0);
	verify_free(v, on_drop);
}

int main(void)
{
	loop_thread = pthread_self();
	base = event_base_new();
	T_RUN(every_share_is_reported_once_on_the_loop);
	T_RUN(what_is_unfinished_at_the_end_is_handed_back);
	T_RUN(a_flood_of_one_device_is_bounded_and_others_go_first);
	event_base_free(base);
	return t_done();
}
