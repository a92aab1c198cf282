/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Jobs, from the pools to the devices; and what else pools tell. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/clock.h"
#include "src/epoch.h"
#include "src/miner.h"
#include "src/str.h"

#define LEASE_SECONDS 5.0        /* a device asks about this often */
#define LEASE_FIRST   (1u << 20) /* nonces, before its rate is known */

bool miner_work(void *arg, unsigned device, double rate, struct ipc_work *out)
{
	struct miner *m = arg;
	double wanted = rate * LEASE_SECONDS;
	int rc;

	(void)device;
	if (m->stopping)
		return false;
	if (wanted < 1)
		wanted = LEASE_FIRST;
	if (wanted > 1e18)
		wanted = 1e18;
	rc = work_lease(&m->work, (uint64_t)wanted, &out->work);
	if (rc == -ERR_RANGE)
		log_debug(LOG_JOB, "the job's whole space is searched, waiting for the next");
	return rc == 0;
}

/* One a device and job: the device computes what the pool sent. */
void miner_begun(void *arg, uint64_t serial, int64_t at_us)
{
	struct miner *m = arg;
	const struct job *job = work_current(&m->work);

	if (job && job->serial == serial && job->received_us && at_us > job->received_us)
		samples_add(&m->begun, (double)(at_us - job->received_us) / 1000);
}

struct epoch *miner_epoch(void *arg)
{
	struct miner *m = arg;
	const struct job *job = work_current(&m->work);

	return job ? job->caches : NULL;
}

void miner_idle_if_void(struct miner *m)
{
	if (!work_current(&m->work))
		fleet_idle(m->fleet, m->work.last_serial + 1);
}

/* Its epoch needs a light cache first; what a clean job outdates is not mined on meanwhile. */
static void on_waits(void *arg, const struct job *job)
{
	struct miner *m = arg;

	if (!job->clean && work_current(&m->work))
		return;
	log_info(LOG_JOB, "job %s is of epoch %u: building its light cache", job->id,
		 ALGO_EPOCH_SHOWN(job->epoch));
	work_pause(&m->work);
	miner_idle_if_void(m);
}

static void on_publish(void *arg, struct job *take)
{
	struct miner *m = arg;
	struct err err = {0};
	bool clean = take->clean || !work_current(&m->work);
	uint64_t height = take->height;
	char id[JOB_ID_MAX];
	double difficulty = take->difficulty;
	int64_t received_us = take->received_us;

	str_copy(id, sizeof id, take->id);
	if (work_publish(&m->work, take, &err)) {
		log_warn(LOG_JOB, "%s; keeping the old job", err.text);
		return;
	}
	m->stats.jobs++;
	m->stats.height = height;
	m->stats.difficulty = difficulty;
	/*
	 * A job that is not clean outdates the leases of its forerunners all the same: it has
	 * newer transactions, and the difficulty that counts now.
	 */
	fleet_offer(m->fleet, m->work.last_serial);
	if (received_us)
		miner_took(&m->turnaround, &m->stats.turnaround, clock_us() - received_us);
	log_debug(LOG_JOB, "job %s%s, difficulty %.6g", id, clean ? ", clean" : "", difficulty);
}

static void on_job(void *arg, struct job *take)
{
	struct miner *m = arg;

	intake_put(m->intake, take);
}

void miner_describe_job(const struct miner *m, struct guardian_job *out)
{
	const struct job *job = work_current(&m->work);

	memset(out, 0, sizeof *out);
	if (!job)
		return;
	out->has_work = true;
	out->difficulty = u256_hashes(&job->target);
	out->setting = (uint64_t)job->epoch + 1;
}

static void on_flush(void *arg, unsigned pool, uint64_t session)
{
	struct miner *m = arg;

	intake_drop(m->intake, pool, session);
	work_void(&m->work, pool, session);
	miner_idle_if_void(m);
}

static void on_answer(void *arg, unsigned pool, uint64_t session, uint32_t request,
		      enum client_verdict verdict, const char *reason)
{
	static const enum share_state states[] = {
		[VERDICT_ACCEPTED] = SHARE_ACCEPTED,
		[VERDICT_REJECTED] = SHARE_REJECTED,
		[VERDICT_STALE] = SHARE_STALE,
	};
	struct miner *m = arg;

	if (!sharequeue_answer(m->queue, pool, session, request, states[verdict], reason,
			       clock_us()))
		log_debug(LOG_POOL, "answer to an unknown request %u", (unsigned)request);
}

static void on_ready(void *arg, unsigned pool, uint64_t session, bool resumed, uint64_t old)
{
	struct miner *m = arg;
	struct share *s;

	if (pool >= sizeof m->session / sizeof m->session[0])
		return;
	m->session[pool] = session;
	while ((s = sharequeue_next(m->queue, pool, session)) != NULL)
		miner_submit(m, s);
	while (resumed && (s = sharequeue_next(m->queue, pool, old)) != NULL)
		miner_submit(m, s);
	sharequeue_forget(m->queue, pool, session);
	if (!resumed && old) {
		work_void(&m->work, pool, old);
		miner_idle_if_void(m);
	}
}

static void on_down(void *arg, unsigned pool, uint64_t session)
{
	struct miner *m = arg;

	if (pool < sizeof m->session / sizeof m->session[0] && m->session[pool] == session)
		m->session[pool] = 0;
	intake_drop(m->intake, pool, session);
	sharequeue_down(m->queue, pool, session);
}

static void on_active(void *arg, int pool)
{
	struct miner *m = arg;
	struct pool_status status;
	char text[ERR_TEXT_MAX];

	m->orphan_ms = pool < 0 ? clock_ms() : 0;
	if (pool >= 0) {
		pools_status(m->pools, (unsigned)pool, &status);
		guardian_pool(m->guardian, true, status.url);
		snprintf(text, sizeof text, "working for %.200s", status.url);
		miner_api_note(m, -1, "pool", text);
	} else {
		guardian_pool(m->guardian, false, "no pool is reachable");
	}
	if (pool < 0)
		log_warn(LOG_POOL, "no pool is reachable; devices go on with the last job for %d s",
			 MINER_ORPHAN_MS / 1000);
}

static void on_gave_up(void *arg)
{
	struct miner *m = arg;

	struct pool_status s = {.last_error = ""};
	unsigned i, n = pools_count(m->pools);

	for (i = 0; i < n && !s.last_error[0]; i++)
		pools_status(m->pools, i, &s);
	miner_fail(m, EXIT_POOL, "no pool could be used within --retries attempts: %.80s: %.160s%s",
		   s.url, s.last_error, n > 1 ? "; the others: see above" : "");
}

const struct pools_events miner_pools_events = {
	.job = on_job,
	.flush = on_flush,
	.answer = on_answer,
	.ready = on_ready,
	.down = on_down,
	.active = on_active,
	.gave_up = on_gave_up,
};

const struct intake_events miner_intake_events = {.publish = on_publish, .waits = on_waits};
