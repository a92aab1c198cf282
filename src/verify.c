/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The CPU check: a few threads that hash candidates with the algorithm's reference. */
#include <errno.h>
#include <event2/event.h>
#include <hwloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "algos/algo.h"
#include "src/clock.h"
#include "src/epoch.h"
#include "src/gpu/backend.h"
#include "src/verify.h"

#define THREADS_MAX 16

/* Shares travel in lists through share->next; each list has one owner at a time. */
struct fifo {
	struct share *head, **tail;
};

struct verify {
	pthread_t threads[THREADS_MAX];
	unsigned n_threads;
	pthread_mutex_t lock; /* guards todo, ready, ending */
	pthread_cond_t wake;
	struct fifo todo[DEVICES_MAX], ready;
	unsigned turn; /* whose todo comes first */
	unsigned n_todo;
	bool ending;
	int fd; /* eventfd: ready is not empty */
	struct event *event;
	unsigned pending, of[DEVICES_MAX]; /* of each device; loop thread only */
	verify_done_fn *done;
	void *arg;
};

static void fifo_init(struct fifo *f)
{
	f->head = NULL;
	f->tail = &f->head;
}

static void fifo_put(struct fifo *f, struct share *s)
{
	s->next = NULL;
	*f->tail = s;
	f->tail = &s->next;
}

static struct share *fifo_get(struct fifo *f)
{
	struct share *s = f->head;

	if (s) {
		f->head = s->next;
		if (!f->head)
			f->tail = &f->head;
	}
	return s;
}

/* The whole list, oldest first. */
static struct share *fifo_take(struct fifo *f)
{
	struct share *s = f->head;

	fifo_init(f);
	return s;
}

static void signal_loop(struct verify *v)
{
	const uint64_t one = 1;

	while (write(v->fd, &one, sizeof one) < 0 && errno == EINTR)
		;
}

/* The oldest share of the next device that has one; n_todo is not 0. */
static struct share *take_turn(struct verify *v)
{
	struct share *s;

	do
		s = fifo_get(&v->todo[v->turn++ % DEVICES_MAX]);
	while (!s);
	v->n_todo--;
	return s;
}

static void *run(void *arg)
{
	struct verify *v = arg;
	struct share *s;

	pthread_mutex_lock(&v->lock);
	for (;;) {
		bool first;

		while (!v->ending && !v->n_todo)
			pthread_cond_wait(&v->wake, &v->lock);
		if (v->ending)
			break;
		s = take_turn(v);
		pthread_mutex_unlock(&v->lock);
		s->verify_rc =
			atomic_load(&s->job->over)
				? -ERR_STALE
				: s->job->algo->hash(s->job->caches ? &s->job->caches->view : NULL,
						     &s->work, s->nonce, &s->digest);
		s->verified_us = clock_us();
		pthread_mutex_lock(&v->lock);
		first = !v->ready.head;
		fifo_put(&v->ready, s);
		if (first)
			signal_loop(v);
	}
	pthread_mutex_unlock(&v->lock);
	return NULL;
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct verify *v = arg;
	struct share *s, *next;
	uint64_t count;

	(void)what;
	while (read(fd, &count, sizeof count) < 0 && errno == EINTR)
		;
	pthread_mutex_lock(&v->lock);
	s = fifo_take(&v->ready);
	pthread_mutex_unlock(&v->lock);
	for (; s; s = next) {
		next = s->next;
		v->pending--;
		v->of[s->device % DEVICES_MAX]--;
		v->done(v->arg, s, s->verify_rc);
	}
}

static unsigned half_the_cores(void)
{
	hwloc_topology_t topology;
	int cores = 0;

	if (!hwloc_topology_init(&topology)) {
		if (!hwloc_topology_load(topology))
			cores = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE);
		hwloc_topology_destroy(topology);
	}
	return cores >= 8 ? 4 : cores >= 2 ? (unsigned)cores / 2 : 1;
}

static void end_threads(struct verify *v)
{
	unsigned i;

	pthread_mutex_lock(&v->lock);
	v->ending = true;
	pthread_cond_broadcast(&v->wake);
	pthread_mutex_unlock(&v->lock);
	for (i = 0; i < v->n_threads; i++)
		pthread_join(v->threads[i], NULL);
	v->n_threads = 0;
}

int verify_new(struct verify **out, struct event_base *base, unsigned threads, verify_done_fn *done,
	       void *arg, struct err *err)
{
	struct verify *v = calloc(1, sizeof *v);
	unsigned i;

	if (!v)
		return err_set(err, ERR_NOMEM, "no memory for the verifier");
	pthread_mutex_init(&v->lock, NULL);
	pthread_cond_init(&v->wake, NULL);
	for (i = 0; i < DEVICES_MAX; i++)
		fifo_init(&v->todo[i]);
	fifo_init(&v->ready);
	v->done = done;
	v->arg = arg;
	v->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	v->event = event_new(base, v->fd, EV_READ | EV_PERSIST, on_ready, v);
	if (v->fd < 0 || !v->event || event_add(v->event, NULL)) {
		verify_free(v, NULL);
		return err_set(err, ERR_IO, "cannot set up the verifier's queue");
	}
	if (!threads)
		threads = half_the_cores();
	for (i = 0; i < threads && i < THREADS_MAX; i++)
		if (!pthread_create(&v->threads[v->n_threads], NULL, run, v))
			v->n_threads++;
	if (!v->n_threads) {
		verify_free(v, NULL);
		return err_set(err, ERR_NOMEM, "cannot start a thread to verify shares");
	}
	*out = v;
	return 0;
}

static void drop_all(struct share *s, void (*drop)(void *arg, struct share *share), void *arg)
{
	struct share *next;

	for (; s; s = next) {
		next = s->next;
		drop(arg, s);
	}
}

void verify_free(struct verify *v, void (*drop)(void *arg, struct share *share))
{
	unsigned i;

	if (!v)
		return;
	end_threads(v);
	for (i = 0; i < DEVICES_MAX; i++)
		drop_all(v->todo[i].head, drop, v->arg);
	drop_all(v->ready.head, drop, v->arg);
	if (v->event)
		event_free(v->event);
	if (v->fd >= 0)
		close(v->fd);
	pthread_cond_destroy(&v->wake);
	pthread_mutex_destroy(&v->lock);
	free(v);
}

int verify_put(struct verify *v, struct share *share)
{
	unsigned device = share->device % DEVICES_MAX;

	/* However much one sends, it leaves as much room as it takes. */
	if (v->of[device] >= VERIFY_MAX - v->pending)
		return -ERR_BUSY;
	v->pending++;
	v->of[device]++;
	pthread_mutex_lock(&v->lock);
	fifo_put(&v->todo[device], share);
	v->n_todo++;
	pthread_cond_signal(&v->wake);
	pthread_mutex_unlock(&v->lock);
	return 0;
}

unsigned verify_pending(const struct verify *v)
{
	return v->pending;
}
