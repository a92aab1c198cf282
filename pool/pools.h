/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The list of pools: connects, reconnects with jittered back-off, fails over, probes the
 * primary in the background and returns to it after a hold-down.  Policy is in
 * failover.c (pure); this file applies it.  All on the loop thread.
 */
#ifndef ADIT_POOLS_H
#define ADIT_POOLS_H

#include "pool/client.h"

struct pools;

enum pool_state { POOL_DISABLED, POOL_DOWN, POOL_CONNECTING, POOL_STANDBY, POOL_ACTIVE };

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

/* session: rises with every connection of any pool; jobs carry it. */
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
	/* the active pool changed; none: -1 (devices idle until a job comes) */
	void (*active)(void *arg, int pool);
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
 * Take a new list (SIGHUP).  Pools whose configuration is unchanged keep their
 * connection.  configs is borrowed for as long as pools lives or until the next reload.
 */
int pools_reload(struct pools *p, const struct pool_config *configs, unsigned n, struct err *err);

/*
 * Send a verified share to the pool and session its job came from.  -ERR_NET when that
 * session is not ready (keep it and wait for ready or down).
 */
int pools_submit(struct pools *p, const struct share *share, uint32_t *request, struct err *err);

/* What the rig hashes, per second; told now and then, for pools that want to know. */
void pools_set_hashrate(struct pools *p, double hashes_per_s);

int pools_active(const struct pools *p); /* index or -1 */
unsigned pools_count(const struct pools *p);
void pools_status(const struct pools *p, unsigned i, struct pool_status *out);

#endif
