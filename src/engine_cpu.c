/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine that hashes with the reference on CPU threads, one bound to each core.
 * Slow on purpose: it is the truth, and there to check things with.
 */
#include <hwloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/clock.h"
#include "src/engine.h"
#include "src/str.h"

#define THREADS_MAX   1024
#define NONCES_START  256
#define CHUNKS_WANTED 8 /* a thread, a batch: the slowest core delays it by an eighth */

struct task {
	struct work work;
	uint64_t first;
	uint32_t count, next, done; /* taken and finished, of count */
	uint32_t chunk;
	int64_t started_us, ended_us;
	bool failed;
	uint32_t hits;
	uint64_t nonce[ABI_SLOTS];
};

struct engine;

struct thread {
	struct engine *engine;
	pthread_t id;
	hwloc_cpuset_t set; /* NULL: not bound */
};

struct engine {
	const struct algo *algo;
	const struct algo_epoch *ep; /* changes while nothing is in flight */
	hwloc_topology_t topology;   /* NULL when it could not be read */
	struct thread *threads;
	unsigned n;
	pthread_mutex_t lock; /* all below */
	pthread_cond_t offered, finished;
	struct task task[ENGINE_SLOTS];
	unsigned serving, pending; /* the slot threads take from, and how many follow it */
	bool ending;
	int64_t ended_us;
};

/* hwloc's plugins would start GPU drivers; cores are all we ask for. */
static int load_topology(hwloc_topology_t *out)
{
	if (hwloc_topology_init(out))
		return -ERR_IO;
	hwloc_topology_set_components(*out, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, "opencl");
	hwloc_topology_set_components(*out, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, "cuda");
	hwloc_topology_set_components(*out, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, "nvml");
	if (hwloc_topology_load(*out)) {
		hwloc_topology_destroy(*out);
		return -ERR_IO;
	}
	return 0;
}

void engine_cpu_info(struct device_info *out)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN), pages = sysconf(_SC_PHYS_PAGES);
	long page = sysconf(_SC_PAGESIZE);

	memset(out, 0, sizeof *out);
	str_copy(out->backend, sizeof out->backend, "cpu");
	str_copy(out->name, sizeof out->name, "CPU reference");
	str_copy(out->driver, sizeof out->driver, "built in");
	out->units = cores > 0 ? (uint32_t)cores : 1;
	out->lanes = out->group_max = out->cpu = 1;
	if (pages > 0 && page > 0)
		out->mem_total = out->mem_free = (uint64_t)pages * (uint64_t)page;
	out->mem_alloc = out->mem_total;
}

/* --- threads ------------------------------------------------------------------ */

static void note_hit(struct engine *e, struct task *t, uint64_t nonce)
{
	pthread_mutex_lock(&e->lock);
	if (t->hits < ABI_SLOTS)
		t->nonce[t->hits] = nonce;
	t->hits++;
	pthread_mutex_unlock(&e->lock);
}

/* Without the lock: a task's work and bounds do not change while chunks of it are out. */
static bool search(struct engine *e, struct task *t, uint32_t from, uint32_t count)
{
	struct digest digest;
	uint32_t i;

	for (i = 0; i < count; i++) {
		if (e->algo->hash(e->ep, &t->work, t->first + from + i, &digest))
			return false;
		/* Like a kernel: by the top word, so that every engine reports alike. */
		if (digest.hash.w[3] <= t->work.target.w[3])
			note_hit(e, t, t->first + from + i);
	}
	return true;
}

/* With the lock.  The slot that still has nonces to hand out, or NULL. */
static struct task *next_task(struct engine *e)
{
	return e->pending ? &e->task[e->serving] : NULL;
}

static void take_chunk(struct engine *e, struct task *t)
{
	uint32_t from = t->next, left = t->count - from, count = t->chunk < left ? t->chunk : left;
	bool ok;

	if (!from)
		t->started_us = clock_us();
	t->next += count;
	if (t->next == t->count) {
		e->serving = (e->serving + 1) % ENGINE_SLOTS;
		e->pending--;
	}
	pthread_mutex_unlock(&e->lock);
	ok = search(e, t, from, count);
	pthread_mutex_lock(&e->lock);
	t->failed |= !ok;
	t->done += count;
	if (t->done == t->count) {
		t->ended_us = clock_us();
		pthread_cond_signal(&e->finished);
	}
}

static void *serve(void *arg)
{
	struct thread *thread = arg;
	struct engine *e = thread->engine;
	struct task *t;

	if (thread->set)
		hwloc_set_cpubind(e->topology, thread->set, HWLOC_CPUBIND_THREAD);
	pthread_mutex_lock(&e->lock);
	while (!e->ending) {
		t = next_task(e);
		if (t)
			take_chunk(e, t);
		else
			pthread_cond_wait(&e->offered, &e->lock);
	}
	pthread_mutex_unlock(&e->lock);
	return NULL;
}

/* --- engine ------------------------------------------------------------------- */

static void cpu_close(struct engine *e)
{
	unsigned i;

	if (!e)
		return;
	pthread_mutex_lock(&e->lock);
	e->ending = true;
	pthread_cond_broadcast(&e->offered);
	pthread_mutex_unlock(&e->lock);
	for (i = 0; i < e->n; i++)
		pthread_join(e->threads[i].id, NULL);
	for (i = 0; i < e->n; i++)
		hwloc_bitmap_free(e->threads[i].set);
	free(e->threads);
	if (e->topology)
		hwloc_topology_destroy(e->topology);
	pthread_cond_destroy(&e->offered);
	pthread_cond_destroy(&e->finished);
	pthread_mutex_destroy(&e->lock);
	free(e);
}

static unsigned count_cores(hwloc_topology_t topology)
{
	int n = topology ? hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE) : 0;

	if (n <= 0)
		n = (int)sysconf(_SC_NPROCESSORS_ONLN);
	return n > 0 ? (unsigned)n : 1;
}

static int start_threads(struct engine *e, unsigned wanted, struct err *err)
{
	unsigned cores = count_cores(e->topology), i;

	if (!wanted)
		wanted = cores;
	if (wanted > THREADS_MAX)
		return err_set(err, ERR_RANGE, "cpu: %u threads; the most is %d", wanted,
			       THREADS_MAX);
	e->threads = calloc(wanted, sizeof *e->threads);
	if (!e->threads)
		return err_set(err, ERR_NOMEM, "no memory for %u threads", wanted);
	for (i = 0; i < wanted; i++) {
		struct thread *t = &e->threads[i];
		hwloc_obj_t core = NULL;

		t->engine = e;
		if (e->topology)
			core = hwloc_get_obj_by_type(e->topology, HWLOC_OBJ_CORE, i % cores);
		if (core)
			t->set = hwloc_bitmap_dup(core->cpuset);
		if (pthread_create(&t->id, NULL, serve, t)) {
			hwloc_bitmap_free(t->set);
			return err_set(err, ERR_NOMEM, "cpu: thread %u of %u does not start", i + 1,
				       wanted);
		}
		e->n++;
	}
	return 0;
}

static int cpu_open(struct engine **out, const struct engine_config *config,
		    struct device_info *info, struct err *err)
{
	struct engine *e = calloc(1, sizeof *e);
	int rc;

	if (!e)
		return err_set(err, ERR_NOMEM, "no memory for a device");
	if (config->index) {
		free(e);
		return err_set(err, ERR_NODEV, "there is one cpu device, cpu:0");
	}
	e->algo = config->algo;
	pthread_mutex_init(&e->lock, NULL);
	pthread_cond_init(&e->offered, NULL);
	pthread_cond_init(&e->finished, NULL);
	if (load_topology(&e->topology))
		e->topology = NULL; /* threads run unbound */
	rc = start_threads(e, config->threads, err);
	if (rc) {
		cpu_close(e);
		return rc;
	}
	engine_cpu_info(info);
	info->units = e->n;
	*out = e;
	return 0;
}

static int cpu_prepare(struct engine *e, struct engine_plan *out, struct err *err)
{
	(void)err;
	*out = (struct engine_plan){.nonces_start = NONCES_START * e->n, .granule = 1};
	if (e->algo->dataset)
		out->nonces_start = e->n; /* milliseconds each */
	snprintf(out->label, sizeof out->label, "%u thread%s", e->n, e->n == 1 ? "" : "s");
	return 0;
}

/* The reference makes what it needs of a dataset from the light cache, again for each hash. */
static int cpu_epoch(struct engine *e, const struct algo_epoch *ep, struct engine_plan *out,
		     struct engine_fit *fit, struct err *err)
{
	(void)fit;
	e->ep = ep;
	return cpu_prepare(e, out, err);
}

static int cpu_submit(struct engine *e, unsigned slot, const struct work *work, uint64_t first,
		      uint32_t count, struct err *err)
{
	struct task *t = &e->task[slot];

	(void)err;
	pthread_mutex_lock(&e->lock);
	t->work = *work;
	t->first = first;
	t->count = count;
	t->next = t->done = t->hits = 0;
	t->failed = false;
	t->chunk = count / (e->n * CHUNKS_WANTED);
	if (!t->chunk)
		t->chunk = 1;
	if (!e->pending)
		e->serving = slot;
	e->pending++;
	pthread_cond_broadcast(&e->offered);
	pthread_mutex_unlock(&e->lock);
	return 0;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int cpu_collect(struct engine *e, unsigned slot, struct engine_result *out, struct err *err)
{
	struct task *t = &e->task[slot];
	int64_t since;

	pthread_mutex_lock(&e->lock);
	while (t->done < t->count)
		pthread_cond_wait(&e->finished, &e->lock);
	pthread_mutex_unlock(&e->lock);
	since = t->started_us > e->ended_us ? t->started_us : e->ended_us;
	out->idle_us = BACKEND_UNKNOWN;
	if (e->ended_us && since - e->ended_us < BACKEND_UNKNOWN)
		out->idle_us = (uint32_t)(since - e->ended_us);
	e->ended_us = t->ended_us;
	out->took_us = t->ended_us > since ? (uint32_t)(t->ended_us - since) : 0;
	out->hits = t->hits;
	out->n = t->hits < ABI_SLOTS ? t->hits : ABI_SLOTS;
	memcpy(out->nonce, t->nonce, out->n * sizeof out->nonce[0]);
	qsort(out->nonce, out->n, sizeof out->nonce[0], compare);
	if (t->failed)
		return err_set(err, ERR_DEVICE, "cpu: the reference of %s failed", e->algo->name);
	return 0;
}

const struct engine_ops engine_cpu = {
	.name = "cpu",
	.open = cpu_open,
	.prepare = cpu_prepare,
	.epoch = cpu_epoch,
	.submit = cpu_submit,
	.collect = cpu_collect,
	.close = cpu_close,
};
