/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which pools to be connected to and which one to work for.  Pure: time comes in, actions
 * come out.  Pools are tried in order; the first usable one (logged in, has a job) is
 * worked for; better ones are tried again in the background and taken back once they have
 * been usable for the hold-down.
 */
#ifndef ADIT_FAILOVER_H
#define ADIT_FAILOVER_H

#include <stdbool.h>
#include <stdint.h>

#define FAILOVER_POOLS_MAX   64
#define FAILOVER_BRIEF_MS    30000
#define FAILOVER_HOLDDOWN_MS 60000 /* unless it is changed */
#define FAILOVER_LEAVE_MS    30000 /* for another pool to be found, when this one is disabled */

struct failover_pool {
	bool disabled;
	bool started;            /* connecting or connected */
	bool usable;             /* logged in and has a job */
	int64_t usable_since_ms; /* valid while usable */
	int64_t retry_ms;        /* not to be started before */
	int64_t stop_ms;         /* to be stopped then, no longer wanted; 0: wanted */
	unsigned failures;       /* in a row */
	bool proved;             /* a share was accepted since it is usable */
	unsigned brief;          /* times in a row it was usable for a moment only */
	bool away;               /* it asked us not to come back for long */
	unsigned redirects;      /* in a row, each within backoff_max_ms of the one before */
	int64_t redirected_ms;   /* the last of them */
	int64_t leave_ms; /* disabled while worked for: until then, unless another is usable */
};

struct failover {
	struct failover_pool pool[FAILOVER_POOLS_MAX];
	unsigned n;
	int active; /* -1: none */
	int picked; /* worked for before all others until it fails; -1: none */
	int64_t holddown_ms, drain_ms;
	int64_t backoff_min_ms, backoff_max_ms, refused_ms;
	unsigned retries; /* failures of every pool before giving up; 0: never */
	bool gave_up;
	uint64_t seed; /* of the jitter */
};

enum failover_what {
	FAILOVER_NONE,
	FAILOVER_START,
	FAILOVER_STOP,
	FAILOVER_ACTIVE,
	FAILOVER_GAVE_UP
};

struct failover_action {
	enum failover_what what;
	int pool; /* FAILOVER_ACTIVE: -1 for none */
};

void failover_init(struct failover *f, unsigned n, uint64_t seed);

/* The shortest back-off, of which later ones are multiples; 0: as failover_init() has it. */
void failover_pause(struct failover *f, int64_t ms);

/* What to do now; call until FAILOVER_NONE.  The caller does it at once. */
struct failover_action failover_step(struct failover *f, int64_t now_ms);

/* When to step again though nothing happens; INT64_MAX: never. */
int64_t failover_due(const struct failover *f, int64_t now_ms);

/* The first that could be worked for now; -1: none. */
int failover_best(const struct failover *f);

void failover_usable(struct failover *f, unsigned pool, int64_t now_ms);
void failover_proved(struct failover *f, unsigned pool); /* it accepted a share */
/*
 * refused: the pool does not want us (login); it is left alone for longer.  To have been usable
 * for less than FAILOVER_BRIEF_MS without an accepted share does not end the growth of pauses.
 */
void failover_down(struct failover *f, unsigned pool, bool refused, int64_t now_ms);
/*
 * The pool asked for a reconnect after wait_ms; no failure, unless it does nothing else.
 * Others take over when the wait is longer than drain_ms.
 */
void failover_redirected(struct failover *f, unsigned pool, int64_t wait_ms, int64_t now_ms);

/*
 * The owner's word.  Pick: this pool is tried at once, and worked for as soon as it is usable; a
 * failure ends that.  Until then the present one goes on.  It must not be disabled.
 */
void failover_pick(struct failover *f, unsigned pool);
/* A pool that is worked for goes on until another is usable, FAILOVER_LEAVE_MS at most. */
void failover_enable(struct failover *f, unsigned pool, bool on, int64_t now_ms);

/* The order; those between move up or down by one.  erase: only what is not started. */
void failover_move(struct failover *f, unsigned from, unsigned to);
void failover_insert(struct failover *f, unsigned place); /* a new one; n must be below the most */
void failover_erase(struct failover *f, unsigned place);

#endif
