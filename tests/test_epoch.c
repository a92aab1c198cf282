/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store of light caches, what waits for them, and what is said where a dataset does not fit.
 */
#define _GNU_SOURCE 1
#include <event2/event.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "algos/dag.h"
#include "src/epoch.h"
#include "src/fit.h"
#include "src/intake.h"
#include "tests/t.h"

static const struct algo *algo;
static uint64_t set[ALGO_SETTINGS_MAX];
static struct event_base *base;

/* What ready() was called with. */
static uint32_t order[32];
static bool good[32];
static unsigned n_ready;

static void on_ready(void *arg, uint32_t number, struct epoch *epoch, const struct err *err)
{
	(void)arg;
	(void)err;
	order[n_ready] = number;
	good[n_ready++ % 32] = epoch && epoch->view.facts.epoch == number;
}

/* Until that many were told; the thread wakes the loop. */
static void await_ready(unsigned n)
{
	while (n_ready < n && !event_base_loop(base, EVLOOP_ONCE))
		;
}

static struct epochs *open_store(void)
{
	struct epochs *e = NULL;
	struct err err = {0};

	n_ready = 0;
	CHECK_OK(epochs_new(&e, base, algo, set, on_ready, NULL, &err), &err);
	return e;
}

static void light_cache_is_built_once_and_kept(void)
{
	struct epochs *e = open_store();
	struct epoch *a = NULL, *b = NULL;
	struct algo_epoch *own = NULL;
	struct err err = {0};

	CHECK_OK(epochs_get(e, 3, &a, &err), &err);
	CHECK(!a);
	CHECK_OK(epochs_get(e, 3, &a, &err), &err);
	await_ready(1);
	CHECK_U64(n_ready, 1);
	CHECK(good[0] && order[0] == 3);
	CHECK_OK(epochs_get(e, 3, &a, &err), &err);
	CHECK_OK(epochs_get(e, 3, &b, &err), &err);
	CHECK(a && a == b);
	CHECK_OK(algo_epoch_new(&own, algo, 3, set, &err), &err);
	CHECK_MEM(a->view.data, own->data, own->facts.shared_bytes);
	algo_epoch_free(own);
	epochs_free(e);
}

static void what_is_waited_for_comes_before_what_is_expected(void)
{
	struct epochs *e = open_store();
	struct epoch *got = NULL;
	struct err err = {0};

	epochs_expect(e, 1);
	epochs_expect(e, 2);
	CHECK_OK(epochs_get(e, 9, &got, &err), &err);
	await_ready(3);
	/* 1 was begun: it may have ended before it could be stopped, but not before 2. */
	CHECK(order[0] == 9 || (order[0] == 1 && order[1] == 9));
	CHECK(good[0] && good[1] && good[2]);
	epochs_free(e);
}

static void references_outlive_the_store(void)
{
	struct epochs *e = open_store();
	struct epoch *held = NULL, *got;
	struct err err = {0};
	uint32_t i, first;

	CHECK_OK(epochs_get(e, 0, &held, &err), &err);
	await_ready(1);
	CHECK_OK(epochs_get(e, 0, &held, &err), &err);
	if (!CHECK(held))
		return;
	epoch_ref(held);
	first = held->view.data[0];
	for (i = 1; i <= 2 * EPOCHS_KEPT; i++) {
		CHECK_OK(epochs_get(e, i, &got, &err), &err);
		await_ready(1 + i);
	}
	CHECK_OK(epochs_get(e, 0, &got, &err), &err);
	CHECK(!got); /* pushed out, so it is built again */
	epochs_free(e);
	CHECK_U64(held->view.data[0], first);
	CHECK_U64(held->refs, 1);
	epoch_unref(held);
}

static void absurd_epochs_are_refused_at_once(void)
{
	struct epochs *e = open_store();
	struct epoch *got = NULL;
	struct err err = {0};

	CHECK_ERR(epochs_get(e, UINT32_MAX, &got, &err), ERR_RANGE, &err);
	CHECK_ERR(epochs_get(e, DAG_EPOCH_MAX + 1, &got, &err), ERR_RANGE, &err);
	epochs_expect(e, UINT32_MAX);
	CHECK(!event_base_loop(base, EVLOOP_NONBLOCK));
	CHECK_U64(n_ready, 0);
	epochs_free(e);
}

static void memfd_is_sealed_and_checked_by_who_maps_it(void)
{
	struct epoch *epoch = NULL;
	struct algo_epoch map;
	struct algo_facts facts;
	struct err err = {0};
	int other;

	if (!CHECK_OK(epoch_make(&epoch, algo, 1, set, NULL, &err), &err))
		return;
	CHECK_INT(ftruncate(epoch->fd, 1), -1);
	CHECK(write(epoch->fd, "x", 1) < 0);
	CHECK(mmap(NULL, 64, PROT_READ | PROT_WRITE, MAP_SHARED, epoch->fd, 0) == MAP_FAILED);
	if (CHECK_OK(epoch_map(&map, algo, &epoch->view.facts, epoch->fd, &err), &err)) {
		CHECK_MEM(map.data, epoch->view.data, epoch->view.facts.shared_bytes);
		epoch_unmap(&map);
	}
	facts = epoch->view.facts;
	facts.shared_bytes += 64;
	CHECK_ERR(epoch_map(&map, algo, &facts, epoch->fd, &err), ERR_PROTO, &err);
	facts = epoch->view.facts;
	facts.cache_items *= 2;
	facts.cache_items += 1024;
	CHECK_ERR(epoch_map(&map, algo, &facts, epoch->fd, &err), ERR_PROTO, &err);
	other = memfd_create("unsealed", MFD_CLOEXEC);
	CHECK_INT(ftruncate(other, (off_t)epoch->view.facts.shared_bytes), 0);
	CHECK_ERR(epoch_map(&map, algo, &epoch->view.facts, other, &err), ERR_PROTO, &err);
	close(other);
	epoch_unref(epoch);
}

static void a_build_can_be_stopped(void)
{
	const uint64_t real[ALGO_SETTINGS_MAX] = {0};
	struct epoch *epoch = NULL;
	atomic_bool stop = true;

	CHECK_INT(epoch_make(&epoch, algo, 0, real, &stop, NULL), -ERR_STALE);
	CHECK(!epoch);
}

/* ---- jobs that wait ---- */

static uint32_t published[16];
static unsigned n_published, n_waits;

static void on_publish(void *arg, struct job *take)
{
	(void)arg;
	CHECK(take->caches && take->caches->view.facts.epoch == take->epoch);
	published[n_published++ % 16] = (uint32_t)take->height;
	job_unref(take);
}

static void on_waits(void *arg, const struct job *job)
{
	(void)arg;
	(void)job;
	n_waits++;
}

static struct job *job_of(uint32_t epoch, uint64_t height, unsigned pool)
{
	struct job *job = job_new(algo, NULL);

	job->epoch = epoch;
	job->height = height;
	job->pool = pool;
	job->session = 1;
	return job;
}

static void await_published(unsigned n)
{
	while (n_published < n && !event_base_loop(base, EVLOOP_ONCE))
		;
}

static void newest_job_is_published_when_its_light_cache_is_there(void)
{
	static const struct intake_events events = {.publish = on_publish, .waits = on_waits};
	struct intake *in = NULL;
	struct err err = {0};

	n_published = n_waits = 0;
	if (!CHECK_OK(intake_new(&in, base, algo, set, &events, NULL, &err), &err))
		return;
	intake_put(in, job_of(4, 1, 0));
	intake_put(in, job_of(4, 2, 0));
	CHECK_U64(n_waits, 2);
	CHECK_U64(n_published, 0);
	await_published(1);
	CHECK_U64(published[0], 2); /* the older one is of no use any more */
	intake_put(in, job_of(4, 3, 0));
	CHECK_U64(n_published, 2); /* at once */
	intake_put(in, job_of(7, 4, 0));
	intake_put(in, job_of(4, 5, 0)); /* a pool that changes its mind */
	CHECK_U64(n_published, 3);
	CHECK_U64(published[2], 5);
	intake_put(in, job_of(99999, 6, 0)); /* refused, never allocated */
	CHECK_U64(n_published, 3);
	intake_put(in, job_of(11, 7, 2));
	intake_drop(in, 2, 1);
	intake_put(in, job_of(4, 8, 0));
	CHECK_U64(published[3], 8);
	intake_free(in);
}

/* ---- what fits ---- */

static void what_fits_is_what_would_be_accepted(void)
{
	const uint64_t real[ALGO_SETTINGS_MAX] = {0};
	struct algo_facts facts;
	char text[ERR_TEXT_MAX];
	uint64_t need, left;
	int64_t until;

	algo->dataset->facts(algo, 619, real, &facts, NULL);
	need = facts.dataset_bytes + (uint64_t)facts.cache_items * 64 + (48u << 20);
	left = need - 1;
	until = fit_until(algo, real, 619, need, left);
	CHECK_INT((int)until, 618);
	CHECK_INT((int)fit_until(algo, real, 619, need, need), 619);
	CHECK_INT((int)fit_until(algo, real, 619, need, 1000), -1);
	algo->dataset->facts(algo, 300, real, &facts, NULL);
	left = facts.dataset_bytes + (uint64_t)facts.cache_items * 64 + (48u << 20);
	CHECK_INT((int)fit_until(algo, real, 619, need, left), 300);
	fit_text(text, sizeof text, algo, real, 619, need, left);
	CHECK_HAS(text, "619 needs 5.97 GiB");
	CHECK_HAS(text, "until epoch 300");
	fit_text(text, sizeof text, algo, real, 619, need, 1000);
	CHECK_HAS(text, "no epoch");
}

int main(void)
{
	algo = algo_find("kawpow");
	algo->dataset->small(set);
	base = event_base_new();
	T_RUN(light_cache_is_built_once_and_kept);
	T_RUN(what_is_waited_for_comes_before_what_is_expected);
	T_RUN(references_outlive_the_store);
	T_RUN(absurd_epochs_are_refused_at_once);
	T_RUN(memfd_is_sealed_and_checked_by_who_maps_it);
	T_RUN(a_build_can_be_stopped);
	T_RUN(newest_job_is_published_when_its_light_cache_is_there);
	T_RUN(what_fits_is_what_would_be_accepted);
	event_base_free(base);
	return t_done();
}
