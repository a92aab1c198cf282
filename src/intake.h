/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where jobs come in: one whose epoch has no light cache yet waits here until there is one, and
 * the next epoch's is built before it is needed.  Loop thread.
 */
#ifndef ADIT_INTAKE_H
#define ADIT_INTAKE_H

#include "algos/algo.h"
#include "src/job.h"

struct event_base;
struct intake;

struct intake_events {
	void (*publish)(void *arg, struct job *take); /* everything it needs is there */
	/* The newest job waits for the light cache of its epoch: older work may be worthless. */
	void (*waits)(void *arg, const struct job *job);
};

/* set: ALGO_SETTINGS_MAX values, copied. */
int intake_new(struct intake **out, struct event_base *base, const struct algo *algo,
	       const uint64_t *set, const struct intake_events *events, void *arg, struct err *err);
void intake_free(struct intake *in); /* NULL is fine */

/* Takes the job; published at once, later, or never when a newer one comes first. */
void intake_put(struct intake *in, struct job *take);

/* Forget what waits of this pool and session. */
void intake_drop(struct intake *in, unsigned pool, uint64_t session);

#endif
