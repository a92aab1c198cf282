/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The list of pools, each at a place of its own, from 0, in the order they are tried: connects,
 * reconnects with jittered back-off, fails over, probes the primary in the background and returns
 * to it after a hold-down.  Policy is in failover.c (pure); this file applies it.  All on the loop
 * thread.
 */
#ifndef ADIT_POOLS_H
#define ADIT_POOLS_H

#include "pool/client.h"

struct pools;

enum pool_state {
	POOL_DISABLED,
	POOL_DOWN,
	POOL_CONNECTING,
	POOL_STANDBY,
	POOL_ACTIVE,
	POOL_STATES
};
const char *pool_state_name(enum pool_state state); /* "active" */

struct pool_status {
	char url[320];
	char user[96]; /* masked */
	char where[160];
	enum pool_state state;
	double difficulty;
	uint64_t height;
	uint64_t connects, drops, jobs;
	int64_t since_ms;
	char last_error[ERR_TEXT_MAX];
};

/*
 * pool: the number that jobs carry, the same for a pool's life, below 256; session: rises with
 * every connection of any pool, and jobs carry it too.
 */
struct pools_events {
	/* job->pool and job->session are set; only jobs of the active pool arrive */
	void (*job)(void *arg, struct job *take);
	/* older jobs of this pool and session are void */
	void (*flush)(void *arg, unsigned pool, uint64_t session);
	void (*answer)(void *arg, unsigned pool, uint64_t session, uint32_t request,
		       enum client_verdict verdict, const char *reason);
	/* shares waiting for this pool may be sent now; resumed: those of session `old` too */
	void (*ready)(void *arg, unsigned pool, uint64_t session, bool resumed, uint64_t old);
	/* the session is over: outstanding answers will not come */
	void (*down)(void *arg, unsigned pool, uint64_t session);
	/* the active pool changed, now at this place; none: -1 (devices idle until a job comes) */
	void (*active)(void *arg, int place);
	/* every pool failed `retries` times in a row (never when retries is 0) */
	void (*gave_up)(void *arg);
};

/* retry_pause_s: shortest pause before a pool is tried again, give or take a quarter; 0: 1 s. */
int pools_new(struct pools **out, struct event_base *base, const struct pool_config *configs,
	      unsigned n, const struct algo *algo, const struct client_timeouts *timeouts,
	      unsigned retries, unsigned retry_pause_s, const struct pools_events *events,
	      void *arg, struct err *err);
void pools_free(struct pools *p);
void pools_start(struct pools *p);
void pools_stop(struct pools *p); /* close every connection, no more events */

/*
 * Take a new list (SIGHUP), and forget all that was changed at run time.  Pools whose configuration
 * is unchanged keep their connection, wherever they are in it.  configs is borrowed for as long as
 * pools lives or until the next reload.
 */
int pools_reload(struct pools *p, const struct pool_config *configs, unsigned n, struct err *err);

/*
 * Changes at run time, in force until the next reload; the connections of other pools are left
 * alone, and a pool that is left keeps its own for some seconds, for answers still to come.
 * ERR_RANGE: no such place; ERR_USAGE: the only enabled pool cannot be disabled or removed.
 * switch: worked for as soon as it is usable, until it fails.  add: at the end, *place is where;
 * takes the configuration, also on failure.
 */
int pools_switch(struct pools *p, unsigned place, struct err *err);
int pools_enable(struct pools *p, unsigned place, bool on, struct err *err);
int pools_add(struct pools *p, struct pool_config *take, unsigned *place, struct err *err);
int pools_remove(struct pools *p, unsigned place, struct err *err);
int pools_move(struct pools *p, unsigned place, unsigned to, struct err *err);

/*
 * Send a verified share to the pool and session its job came from.  -ERR_NET when that
 * session is not ready (keep it and wait for ready or down).
 */
int pools_submit(struct pools *p, const struct share *share, uint32_t *request, struct err *err);

/* What the rig hashes, per second; told now and then, for pools that want to know. */
void pools_set_hashrate(struct pools *p, double hashes_per_s);

int pools_active(const struct pools *p); /* its place or -1 */
unsigned pools_count(const struct pools *p);
void pools_status(const struct pools *p, unsigned place, struct pool_status *out);
/* Its whole user name, borrowed. */
const char *pools_user(const struct pools *p, unsigned place);
/* By the number that jobs carry; "" when it is no longer there.  Borrowed. */
const char *pools_url(const struct pools *p, unsigned pool);

#endif
