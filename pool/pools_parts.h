/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The list of pools, private to pools.c (what happens to connections) and pools_list.c (which
 * there are, and in what order).
 */
#ifndef ADIT_POOLS_PARTS_H
#define ADIT_POOLS_PARTS_H

#include <event2/event.h>

#include "pool/detect.h"
#include "pool/failover.h"
#include "pool/names.h"
#include "pool/pools.h"

#define POOL_SLOTS (2 * FAILOVER_POOLS_MAX) /* old and new ones, while a list is taken */

struct entry {
	struct pools *pools;
	unsigned index; /* its place in the list */
	unsigned slot;  /* what jobs call it, the same for its life */
	bool leaving;   /* removed; ends when its last answers are in */
	const struct pool_config *config;
	struct pool_config *own; /* not borrowed: it was added at run time */
	struct client *client;
	struct detect detect;
	const struct dialect *spoken; /* the dialect that memo and old_session are of */
	char memo[256];
	uint64_t session, old_session;
	bool has_session, resumed;
	bool met;              /* this session logged in or had a job */
	char memo_before[256]; /* as it was when this session began */
	struct job *last_job;  /* newest, for when this pool becomes active */
	unsigned rejects;      /* in a row */
	uint64_t connects, drops, jobs;
	int64_t since_ms, redirect_ms;
	double difficulty;
	uint64_t height;
	char last_error[ERR_TEXT_MAX];
	int64_t notes_ms; /* since when notes are counted */
	unsigned notes;
};

struct pools {
	struct event_base *base;
	struct names names;
	const struct algo *algo;
	struct client_timeouts timeouts;
	struct pools_events events;
	void *arg;
	struct failover failover;
	struct entry *entries[FAILOVER_POOLS_MAX]; /* as failover.pool; those that leave are last */
	unsigned n, n_leaving;
	bool slots[POOL_SLOTS]; /* in use */
	uint64_t sessions;
	struct event *timer;
	bool running;
};

/* pools.c */
extern const struct client_events pools_client_events; /* their argument is the entry */
void pools_on_timer(evutil_socket_t fd, short what, void *pools);
void pools_kick(struct pools *p);      /* step from the loop, never from a client's call */
void pools_end_entry(struct entry *e); /* close its connection and say so */
void pools_drop_job(struct entry *e);

/* pools_list.c */
void pools_reap(struct pools *p); /* free those that have left; never from a client's call */

#endif
