/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The life of a helper process that is started again for ever, as a pure state machine: start,
 * speak, fall silent, TERM, KILL, back off.  It reads no clock and owns no process; its owner
 * feeds it and does what it says.  Zero the struct and call vigil_init().
 */
#ifndef ADIT_VIGIL_H
#define ADIT_VIGIL_H

#include <stdbool.h>
#include <stdint.h>

#include "src/err.h"

enum vigil_state {
	VIGIL_OFF,      /* no process, start it now (or never, when stopping) */
	VIGIL_STARTING, /* spawned, has said nothing */
	VIGIL_SPEAKING,
	VIGIL_QUITTING, /* asked to quit */
	VIGIL_ENDING,   /* TERM sent */
	VIGIL_KILLED,   /* KILL sent */
	VIGIL_STUCK,    /* KILL did nothing: left behind, until it is gone after all */
	VIGIL_BACKOFF   /* waits before the next start */
};

enum vigil_action { VIGIL_NONE, VIGIL_SPAWN, VIGIL_TERM, VIGIL_KILL };

struct vigil_limits {
	int32_t start_ms;   /* from spawn to its first word */
	int32_t silence_ms; /* longest silence afterwards */
	int32_t quit_ms;    /* from asking it to quit to KILL: it puts things in order */
	int32_t term_ms;    /* from TERM to KILL */
	int32_t kill_ms;    /* from KILL to "stuck" */
	int32_t backoff_min_ms, backoff_max_ms; /* doubles in between */
	int32_t calm_ms; /* speaking for so long makes earlier failures forgotten */
};
extern const struct vigil_limits vigil_limits_default;

struct vigil {
	enum vigil_state state;
	bool alive; /* a process exists */
	bool stopping;
	int64_t deadline_ms; /* of the present state; 0: none */
	int64_t since_ms;    /* of its first word */
	unsigned failures;   /* in a row, for the back-off */
	uint64_t restarts;
	char reason[ERR_TEXT_MAX]; /* why it last ended or is being ended */
};

void vigil_init(struct vigil *v);

/* What happened. */
void vigil_spawned(struct vigil *v, const struct vigil_limits *lim, int64_t now_ms);
void vigil_spawn_failed(struct vigil *v, const struct vigil_limits *lim, int64_t now_ms,
			const char *why);
void vigil_spoke(struct vigil *v, const struct vigil_limits *lim, int64_t now_ms);
/* The process is gone.  status: as from waitpid(). */
void vigil_exited(struct vigil *v, const struct vigil_limits *lim, int64_t now_ms, int status);

/* Its owner wants it gone for a reason of its own (broken protocol): it is started again. */
enum vigil_action vigil_end(struct vigil *v, const struct vigil_limits *lim, int64_t now_ms,
			    const char *why);

/* Never start it again.  True: it is to be asked to quit now. */
bool vigil_stop(struct vigil *v, const struct vigil_limits *lim, int64_t now_ms);

/* Time passes: what is to be done now.  Call when vigil_next() says, or more often. */
enum vigil_action vigil_step(struct vigil *v, const struct vigil_limits *lim, int64_t now_ms);

/* When vigil_step() wants to be called, INT64_MAX for never. */
int64_t vigil_next(const struct vigil *v);

#endif
