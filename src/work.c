/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nonce space: cuts jobs into leases. */
#include <string.h>

#include "pool/dialect.h"
#include "src/work.h"

void work_init(struct work_source *ws)
{
	memset(ws, 0, sizeof *ws);
	ws->idle = true;
}

/* Its shares are worthless from now on, those waiting for the CPU check too. */
static void retire(struct job *job)
{
	atomic_store(&job->over, true);
	job_unref(job);
}

static void drop_older(struct work_source *ws, unsigned keep)
{
	while (ws->n_jobs > keep)
		retire(ws->jobs[--ws->n_jobs]);
}

void work_done(struct work_source *ws)
{
	drop_older(ws, 0);
	ws->idle = true;
}

int work_roll(const struct job *job, uint64_t roll, struct work *out)
{
	int rc;

	memset(out, 0, sizeof *out);
	rc = job->dialect->make_work(job, roll, out);
	if (rc)
		return rc;
	if (out->nonce_count == 0 || out->header_len > WORK_HEADER_MAX)
		return -ERR_RANGE;
	out->serial = job->serial;
	out->roll = roll;
	out->target = job->target;
	out->height = job->height;
	out->epoch = job->epoch;
	return 0;
}

/* The record for this first header: the old one if the job was seen before, else a new one. */
static unsigned progress_for(struct work_source *ws, const struct work *first)
{
	struct work_progress *p;
	unsigned i;

	for (i = 0; i < WORK_PROGRESS_KEPT; i++) {
		p = &ws->progress[i];
		if (p->header_len == first->header_len && p->header_len &&
		    !memcmp(p->header, first->header, first->header_len))
			return i;
	}
	if (ws->next_evict == ws->current && !ws->idle)
		ws->next_evict = (ws->next_evict + 1) % WORK_PROGRESS_KEPT;
	i = ws->next_evict;
	ws->next_evict = (i + 1) % WORK_PROGRESS_KEPT;
	p = &ws->progress[i];
	p->header_len = first->header_len;
	memcpy(p->header, first->header, first->header_len);
	p->roll = 0;
	p->used = 0;
	return i;
}

static void drop_of_pool(struct work_source *ws, unsigned pool)
{
	unsigned i, kept = 0;

	for (i = 0; i < ws->n_jobs; i++)
		if (ws->jobs[i]->pool == pool)
			retire(ws->jobs[i]);
		else
			ws->jobs[kept++] = ws->jobs[i];
	ws->n_jobs = kept;
}

/* A pool that is worked for once more gives the job that it gave before: it is not over. */
static void take_again(struct work_source *ws, struct job *take)
{
	unsigned i, kept = 0, n = ws->n_jobs;

	for (i = 0; i < n; i++)
		if (ws->jobs[i] == take)
			job_unref(take); /* the caller has another reference */
		else
			ws->jobs[kept++] = ws->jobs[i];
	ws->n_jobs = kept;
	atomic_store(&take->over, false);
}

int work_publish(struct work_source *ws, struct job *take, struct err *err)
{
	struct work first;
	int rc;

	take->serial = ws->last_serial + 1;
	rc = work_roll(take, 0, &first);
	if (rc) {
		err_set(err, ERR_PROTO, "job %s describes no header to hash", take->id);
		job_unref(take);
		return -ERR_PROTO;
	}
	ws->last_serial++;
	take_again(ws, take);
	if (take->clean)
		drop_of_pool(ws, take->pool);
	drop_older(ws, WORK_JOBS_KEPT - 1);
	memmove(ws->jobs + 1, ws->jobs, ws->n_jobs * sizeof ws->jobs[0]);
	ws->jobs[0] = take;
	ws->n_jobs++;
	ws->current = progress_for(ws, &first);
	ws->idle = false;
	ws->roll_ready = false;
	return 0;
}

void work_void(struct work_source *ws, unsigned pool, uint64_t session)
{
	unsigned i, kept = 0;

	for (i = 0; i < ws->n_jobs; i++) {
		if (ws->jobs[i]->pool != pool || ws->jobs[i]->session != session) {
			ws->jobs[kept++] = ws->jobs[i];
			continue;
		}
		if (i == 0)
			ws->idle = true;
		retire(ws->jobs[i]);
	}
	ws->n_jobs = kept;
}

void work_pause(struct work_source *ws)
{
	ws->idle = true;
}

const struct job *work_current(const struct work_source *ws)
{
	return ws->idle || !ws->n_jobs ? NULL : ws->jobs[0];
}

int work_lease(struct work_source *ws, uint64_t wanted, struct work *out)
{
	struct work_progress *p = &ws->progress[ws->current];
	const struct job *job = work_current(ws);
	uint64_t left;

	if (!job)
		return -ERR_STALE;
	if (ws->roll_ready && p->used == ws->roll.nonce_count) {
		if (p->roll == UINT64_MAX)
			return -ERR_RANGE;
		p->roll++;
		p->used = 0;
		ws->roll_ready = false;
	}
	if (!ws->roll_ready) {
		if (work_roll(job, p->roll, &ws->roll))
			return -ERR_RANGE;
		ws->roll_ready = true;
		if (p->used >= ws->roll.nonce_count) {
			p->used = ws->roll.nonce_count;
			return work_lease(ws, wanted, out);
		}
	}
	left = ws->roll.nonce_count - p->used;
	*out = ws->roll;
	out->nonce_first = ws->roll.nonce_first + p->used;
	out->nonce_count = wanted < left ? wanted : left;
	p->used += out->nonce_count;
	return 0;
}

struct job *work_find(const struct work_source *ws, uint64_t serial)
{
	unsigned i;

	for (i = 0; i < ws->n_jobs; i++)
		if (ws->jobs[i]->serial == serial)
			return ws->jobs[i];
	return NULL;
}
