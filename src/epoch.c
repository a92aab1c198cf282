/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Light caches in sealed memfds.  Uses Linux calls (memfd_create, seals, eventfd). */
#define _GNU_SOURCE 1
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/epoch.h"

#define SEALS      (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)
#define QUEUED_MAX 8

/* What waits to be built. */
struct wish {
	uint32_t number;
	bool urgent; /* somebody waits for it */
};

struct epochs {
	const struct algo *algo;
	uint64_t set[ALGO_SETTINGS_MAX];
	epochs_ready_fn *ready;
	void *arg;
	struct epoch *kept[EPOCHS_KEPT]; /* the one last asked for comes first */
	unsigned n_kept;
	struct wish queue[QUEUED_MAX]; /* urgent ones first */
	unsigned queued;
	int fd; /* eventfd: the thread has finished */
	struct event *event;
	/* One build at a time; the thread owns these while `building`. */
	bool building;
	struct wish wish;
	pthread_t thread;
	struct epoch *made;
	struct err why;
	atomic_bool stop;
};

struct epoch *epoch_ref(struct epoch *epoch)
{
	if (epoch)
		epoch->refs++;
	return epoch;
}

void epoch_unref(struct epoch *epoch)
{
	if (!epoch || --epoch->refs)
		return;
	epoch_unmap(&epoch->view);
	if (epoch->fd >= 0)
		close(epoch->fd);
	free(epoch);
}

/* ---- memory ---- */

static int map_shared(struct algo_epoch *out, int fd, struct err *err)
{
	void *at = mmap(NULL, out->facts.shared_bytes, PROT_READ, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return err_set(err, ERR_NOMEM, "cannot map a light cache of %llu MiB: %s",
			       (unsigned long long)(out->facts.shared_bytes >> 20),
			       strerror(errno));
	(void)madvise(at, out->facts.shared_bytes, MADV_HUGEPAGE);
	out->data = at;
	return 0;
}

int epoch_map(struct algo_epoch *out, const struct algo *algo, const struct algo_facts *facts,
	      int fd, struct err *err)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	memset(out, 0, sizeof *out);
	if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &st) || !facts->shared_bytes ||
	    facts->cache_items > facts->shared_bytes / 64 || st.st_size < 0 ||
	    (uint64_t)st.st_size != facts->shared_bytes)
		return err_set(err, ERR_PROTO, "a light cache that is not as it was announced");
	out->algo = algo;
	out->facts = *facts;
	return map_shared(out, fd, err);
}

void epoch_unmap(struct algo_epoch *ep)
{
	if (ep->data)
		munmap((void *)(uintptr_t)ep->data, ep->facts.shared_bytes);
	ep->data = NULL;
}

/* ---- the builder ---- */

static int no_memory(const struct algo_facts *facts, struct err *err)
{
	return err_set(err, ERR_NOMEM, "no memory for the light cache of epoch %u (%llu MiB): %s",
		       ALGO_EPOCH_SHOWN(facts->epoch),
		       (unsigned long long)(facts->shared_bytes >> 20), strerror(errno));
}

static int fill(struct epoch *epoch, const atomic_bool *stop, struct err *err)
{
	const struct algo_facts *facts = &epoch->view.facts;
	uint32_t *at;
	int rc;

	if (ftruncate(epoch->fd, (off_t)facts->shared_bytes))
		return no_memory(facts, err);
	at = mmap(NULL, facts->shared_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, epoch->fd, 0);
	if (at == MAP_FAILED)
		return no_memory(facts, err);
	(void)madvise(at, facts->shared_bytes, MADV_HUGEPAGE);
	rc = epoch->view.algo->dataset->fill(epoch->view.algo, facts, at, stop);
	munmap(at, facts->shared_bytes);
	if (rc)
		return rc;
	if (fcntl(epoch->fd, F_ADD_SEALS, SEALS))
		return err_set(err, ERR_IO, "cannot seal the light cache of epoch %u: %s",
			       ALGO_EPOCH_SHOWN(facts->epoch), strerror(errno));
	return map_shared(&epoch->view, epoch->fd, err);
}

int epoch_make(struct epoch **out, const struct algo *algo, uint32_t number, const uint64_t *set,
	       const atomic_bool *stop, struct err *err)
{
	struct epoch *epoch = calloc(1, sizeof *epoch);
	int rc;

	if (!epoch)
		return err_set(err, ERR_NOMEM, "no memory for an epoch");
	epoch->refs = 1;
	epoch->view.algo = algo;
	epoch->fd = memfd_create("adit-light-cache", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (epoch->fd < 0)
		rc = err_set(err, ERR_IO, "no memfd for a light cache: %s", strerror(errno));
	else
		rc = algo->dataset->facts(algo, number, set, &epoch->view.facts, err);
	if (!rc)
		rc = fill(epoch, stop, err);
	if (rc)
		epoch_unref(epoch);
	else
		*out = epoch;
	return rc;
}

static void *run(void *arg)
{
	const uint64_t one = 1;
	struct epochs *e = arg;

	epoch_make(&e->made, e->algo, e->wish.number, e->set, &e->stop, &e->why);
	while (write(e->fd, &one, sizeof one) < 0 && errno == EINTR)
		;
	return NULL;
}

static void start_next(struct epochs *e)
{
	if (e->building || !e->queued)
		return;
	e->wish = e->queue[0];
	memmove(e->queue, e->queue + 1, --e->queued * sizeof *e->queue);
	e->made = NULL;
	memset(&e->why, 0, sizeof e->why);
	atomic_store(&e->stop, false);
	e->building = !pthread_create(&e->thread, NULL, run, e);
	if (e->building)
		return;
	err_set(&e->why, ERR_NOMEM, "cannot start a thread to build a light cache");
	if (e->wish.urgent)
		e->ready(e->arg, e->wish.number, NULL, &e->why);
}

/* Urgent wishes before the others, each number once. */
static void want(struct epochs *e, uint32_t number, bool urgent)
{
	unsigned i, at;

	if (e->building && e->wish.number == number && !atomic_load(&e->stop)) {
		e->wish.urgent |= urgent;
		return;
	}
	for (i = 0; i < e->queued && e->queue[i].number != number; i++)
		;
	if (i < e->queued && (e->queue[i].urgent || !urgent))
		return;
	if (i == QUEUED_MAX)
		i--; /* the least wanted gives way */
	else if (i == e->queued)
		e->queued++;
	for (at = urgent ? 0 : i; at < i && e->queue[at].urgent; at++)
		;
	memmove(e->queue + at + 1, e->queue + at, (i - at) * sizeof *e->queue);
	e->queue[at] = (struct wish){.number = number, .urgent = urgent};
	/* One that nobody waits for is put back. */
	if (urgent && e->building && !e->wish.urgent)
		atomic_store(&e->stop, true);
}

static void keep(struct epochs *e, struct epoch *epoch)
{
	if (e->n_kept == EPOCHS_KEPT)
		epoch_unref(e->kept[--e->n_kept]);
	memmove(e->kept + 1, e->kept, e->n_kept++ * sizeof(struct epoch *));
	e->kept[0] = epoch;
}

static void on_built(evutil_socket_t fd, short what, void *arg)
{
	struct epochs *e = arg;
	struct epoch *made;
	struct wish wish;
	struct err why;
	uint64_t count;

	(void)what;
	while (read(fd, &count, sizeof count) < 0 && errno == EINTR)
		;
	if (!e->building)
		return;
	pthread_join(e->thread, NULL);
	e->building = false;
	made = e->made;
	wish = e->wish;
	why = e->why;
	if (made)
		keep(e, made);
	else if (!why.code) /* stopped, for another that is waited for */
		want(e, wish.number, wish.urgent);
	start_next(e);
	if (made || (why.code && wish.urgent))
		e->ready(e->arg, wish.number, made, &why);
}

/* ---- the store ---- */

int epochs_new(struct epochs **out, struct event_base *base, const struct algo *algo,
	       const uint64_t *set, epochs_ready_fn *ready, void *arg, struct err *err)
{
	struct epochs *e = calloc(1, sizeof *e);

	if (!e)
		return err_set(err, ERR_NOMEM, "no memory for light caches");
	e->algo = algo;
	memcpy(e->set, set, sizeof e->set);
	e->ready = ready;
	e->arg = arg;
	e->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	e->event = event_new(base, e->fd, EV_READ | EV_PERSIST, on_built, e);
	if (e->fd < 0 || !e->event || event_add(e->event, NULL)) {
		epochs_free(e);
		return err_set(err, ERR_IO, "cannot set up the store of light caches");
	}
	*out = e;
	return 0;
}

void epochs_free(struct epochs *e)
{
	if (!e)
		return;
	if (e->building) {
		atomic_store(&e->stop, true);
		pthread_join(e->thread, NULL);
		epoch_unref(e->made);
	}
	while (e->n_kept)
		epoch_unref(e->kept[--e->n_kept]);
	if (e->event)
		event_free(e->event);
	if (e->fd >= 0)
		close(e->fd);
	free(e);
}

/* Its place among those kept, or n_kept. */
static unsigned place(const struct epochs *e, uint32_t number)
{
	unsigned i;

	for (i = 0; i < e->n_kept && e->kept[i]->view.facts.epoch != number; i++)
		;
	return i;
}

int epochs_get(struct epochs *e, uint32_t number, struct epoch **out, struct err *err)
{
	unsigned i = place(e, number);
	struct algo_facts facts;
	struct epoch *found;
	int rc;

	*out = NULL;
	if (i < e->n_kept) {
		found = e->kept[i];
		memmove(e->kept + 1, e->kept, i * sizeof(struct epoch *));
		*out = e->kept[0] = found;
		return 0;
	}
	rc = e->algo->dataset->facts(e->algo, number, e->set, &facts, err);
	if (rc)
		return rc;
	want(e, number, true);
	start_next(e);
	return 0;
}

void epochs_expect(struct epochs *e, uint32_t number)
{
	struct algo_facts facts;

	if (place(e, number) < e->n_kept ||
	    e->algo->dataset->facts(e->algo, number, e->set, &facts, NULL))
		return;
	want(e, number, false);
	start_next(e);
}
