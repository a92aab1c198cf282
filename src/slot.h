/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One device's life as a pure state machine: start, prepare, mine, hang, crash, back off,
 * park.  It reads no clock and owns no process; fleet.c feeds it and does what it
 * says.  Zero the struct and call slot_init().
 */
#ifndef ADIT_SLOT_H
#define ADIT_SLOT_H

#include <stdbool.h>
#include <stdint.h>

#include "src/err.h"

enum slot_state {
	SLOT_OFF,       /* no process */
	SLOT_STARTING,  /* spawned, has not said hello */
	SLOT_PREPARING, /* opens the device, builds kernels, proves itself */
	SLOT_RUNNING,   /* searches, or would if it had work */
	SLOT_ENDING,    /* TERM sent */
	SLOT_KILLED,    /* KILL sent */
	SLOT_STUCK,     /* KILL did nothing: held by the driver, needs a reboot */
	SLOT_BACKOFF,   /* waits before the next start */
	SLOT_PARKED     /* given up; the reason says why */
};

enum slot_action { SLOT_NONE, SLOT_SPAWN, SLOT_TERM, SLOT_KILL };

struct slot_limits {
	int32_t hello_ms;       /* from spawn to hello */
	int32_t prepare_ms;     /* longest silence while preparing */
	int32_t batch_floor_ms; /* shortest deadline of a batch */
	int32_t batch_factor;   /* deadline = factor x recent batch, but at least the floor */
	int32_t term_ms;        /* from TERM to KILL */
	int32_t kill_ms;        /* from KILL to "stuck" */
	int32_t backoff_min_ms, backoff_max_ms; /* doubles in between */
	unsigned budget;                        /* restarts within window_ms before parking */
	int64_t window_ms;
};
extern const struct slot_limits slot_limits_default;

#define SLOT_RESTARTS_KEPT 16

struct slot {
	enum slot_state state;
	bool busy;                            /* has work: silence counts as a hang */
	bool alive;                           /* a process exists */
	int64_t deadline_ms;                  /* of the present state; 0: none */
	int64_t batch_us;                     /* smoothed length of recent batches */
	int64_t restarts[SLOT_RESTARTS_KEPT]; /* when, newest first */
	unsigned n_restarts;                  /* kept above */
	uint64_t total_restarts;
	unsigned failures;         /* in a row, for the back-off */
	bool fatal;                /* do not start again */
	bool stopping;             /* the program ends: never start again */
	bool wanted;               /* its owner had it restarted: nothing is wrong with it */
	int64_t patient_ms;        /* no batch has a deadline before this */
	char reason[ERR_TEXT_MAX]; /* why it last left RUNNING, or is parked */
};

void slot_init(struct slot *s);

/* What happened; each may change the state. */
void slot_spawned(struct slot *s, const struct slot_limits *lim, int64_t now_ms);
void slot_spawn_failed(struct slot *s, const struct slot_limits *lim, int64_t now_ms,
		       const char *why);
void slot_hello(struct slot *s, const struct slot_limits *lim, int64_t now_ms);
void slot_progress(struct slot *s, const struct slot_limits *lim, int64_t now_ms);
void slot_ready(struct slot *s, const struct slot_limits *lim, int64_t now_ms);
void slot_work(struct slot *s, const struct slot_limits *lim, int64_t now_ms); /* was given some */
void slot_batch(struct slot *s, const struct slot_limits *lim, int64_t now_ms, uint32_t took_us);
/*
 * It says that nothing is in flight.  held: works it was given and has not answered; queued:
 * those of them it has read and keeps, which it does while paused only.  Held works it has not
 * read (queued 0) crossed its message: it is about to search them.
 */
void slot_idle(struct slot *s, unsigned held, uint64_t queued);

/* Its last words.  Wrong results and kernels that do not build park it; others restart. */
void slot_failed(struct slot *s, int code, const char *text);

/* The process is gone.  status: as from waitpid(). */
void slot_exited(struct slot *s, const struct slot_limits *lim, int64_t now_ms, int status);

/* The supervisor wants it gone for a reason of its own (broken protocol). */
enum slot_action slot_end(struct slot *s, const struct slot_limits *lim, int64_t now_ms,
			  const char *why);

/*
 * Its owner wants a new process: at once, also one that waits for its next start, and it does not
 * count against the budget.
 */
enum slot_action slot_restart(struct slot *s, const struct slot_limits *lim, int64_t now_ms,
			      const char *why);

/* Its batches may take longer from now on: the next one has the time that a first one has. */
void slot_patience(struct slot *s, const struct slot_limits *lim, int64_t now_ms);

/* The program ends: TERM now, no restart afterwards. */
enum slot_action slot_stop(struct slot *s, const struct slot_limits *lim, int64_t now_ms);

/* The supervisor gives it up: it ends and stays parked until slot_unpark(). */
enum slot_action slot_park(struct slot *s, const struct slot_limits *lim, int64_t now_ms,
			   const char *why);
/* The owner wants it to run again: a parked one starts at the next step, with a new budget. */
void slot_unpark(struct slot *s);

/* Time passes: what is to be done now.  Call when slot_next() says, or more often. */
enum slot_action slot_step(struct slot *s, const struct slot_limits *lim, int64_t now_ms);

/* When slot_step() wants to be called, INT64_MAX for never. */
int64_t slot_next(const struct slot *s);

const char *slot_word(enum slot_state state);

#endif
