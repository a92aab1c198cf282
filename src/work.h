/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Nonce space: cuts jobs into leases.  Leases of one job are disjoint and cover its space
 * in order, for any interleaving of requests, and a job that is sent again with the
 * same header goes on where it was left, so no nonce is ever tried or submitted twice.
 * Pure: no clock, no socket.  Loop thread.
 */
#ifndef ADIT_WORK_H
#define ADIT_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "src/err.h"
#include "src/job.h"

#define WORK_JOBS_KEPT     32 /* jobs whose late shares can still be matched */
#define WORK_PROGRESS_KEPT 32 /* headers whose progress is remembered */

/* How far into a job's space we are, by the header of its first roll. */
struct work_progress {
	uint16_t header_len;
	uint8_t header[WORK_HEADER_MAX];
	uint64_t roll; /* current roll */
	uint64_t used; /* nonces of it handed out */
};

struct work_source {
	struct job *jobs[WORK_JOBS_KEPT]; /* newest first; one reference each */
	unsigned n_jobs;
	bool idle; /* jobs[0] must not be worked on (flushed) */
	uint64_t last_serial;
	struct work_progress progress[WORK_PROGRESS_KEPT];
	unsigned current;    /* index in progress */
	unsigned next_evict; /* index in progress */
	struct work roll;    /* the current roll, whole interval */
	bool roll_ready;
};

void work_init(struct work_source *ws);
void work_done(struct work_source *ws);

/*
 * Make job the one to work on; gives it its serial.  A clean job voids the older ones of
 * the same pool (another pool's shares can still be credited when it comes back).
 * 0; on failure (the dialect cannot make its first header) the old job stays, take is
 * released and err says why.
 */
int work_publish(struct work_source *ws, struct job *take, struct err *err);

/* Void the jobs of this pool and session; what is left of them must not be worked on. */
void work_void(struct work_source *ws, unsigned pool, uint64_t session);

/* Stop handing out work until the next job; late shares still count. */
void work_pause(struct work_source *ws);

/* The job being worked on (borrowed), or NULL. */
const struct job *work_current(const struct work_source *ws);

/*
 * Hand out at most `wanted` nonces (>= 1), never across a roll.
 * 0; -ERR_STALE: no job; -ERR_RANGE: the job's whole space is used up.
 */
int work_lease(struct work_source *ws, uint64_t wanted, struct work *out);

/* The job with this serial if its shares can still be credited, else NULL.  Borrowed. */
struct job *work_find(const struct work_source *ws, uint64_t serial);

/* A roll of a job as a complete struct work.  0 or -ERR_RANGE. */
int work_roll(const struct job *job, uint64_t roll, struct work *out);

#endif
