/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of a helper process that is started again for ever, as a pure state machine. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "src/str.h"
#include "src/vigil.h"

const struct vigil_limits vigil_limits_default = {
	.start_ms = 60000,
	.silence_ms = 10000,
	.quit_ms = 5000,
	.term_ms = 2000,
	.kill_ms = 10000,
	.backoff_min_ms = 2000,
	.backoff_max_ms = 300000,
	.calm_ms = 600000,
};

void vigil_init(struct vigil *v)
{
	memset(v, 0, sizeof *v);
}

static void because(struct vigil *v, const char *why)
{
	str_copy(v->reason, sizeof v->reason, why);
}

static void enter(struct vigil *v, enum vigil_state state, int64_t deadline_ms)
{
	v->state = state;
	v->deadline_ms = deadline_ms;
}

void vigil_spawned(struct vigil *v, const struct vigil_limits *lim, int64_t now_ms)
{
	v->alive = true;
	v->since_ms = now_ms;
	enter(v, VIGIL_STARTING, now_ms + lim->start_ms);
}

void vigil_spoke(struct vigil *v, const struct vigil_limits *lim, int64_t now_ms)
{
	if (v->state == VIGIL_STARTING)
		v->since_ms = now_ms;
	else if (v->state != VIGIL_SPEAKING)
		return;
	if (now_ms - v->since_ms >= lim->calm_ms)
		v->failures = 0;
	enter(v, VIGIL_SPEAKING, now_ms + lim->silence_ms);
}

/* The process is gone and was not meant to be. */
static void back_off(struct vigil *v, const struct vigil_limits *lim, int64_t now_ms)
{
	int64_t wait = lim->backoff_min_ms;
	unsigned i;

	v->alive = false;
	if (v->stopping) {
		enter(v, VIGIL_OFF, 0);
		return;
	}
	for (i = 0; i < v->failures && wait < lim->backoff_max_ms; i++)
		wait *= 2;
	if (wait > lim->backoff_max_ms)
		wait = lim->backoff_max_ms;
	v->failures++;
	v->restarts++;
	enter(v, VIGIL_BACKOFF, now_ms + wait);
}

void vigil_spawn_failed(struct vigil *v, const struct vigil_limits *lim, int64_t now_ms,
			const char *why)
{
	because(v, why);
	back_off(v, lim, now_ms);
}

void vigil_exited(struct vigil *v, const struct vigil_limits *lim, int64_t now_ms, int status)
{
	char why[ERR_TEXT_MAX];

	/* One that was being ended has its reason. */
	if (v->state == VIGIL_STARTING || v->state == VIGIL_SPEAKING) {
		if (WIFSIGNALED(status))
			snprintf(why, sizeof why, "was killed by signal %d (%s)", WTERMSIG(status),
				 strsignal(WTERMSIG(status)));
		else
			snprintf(why, sizeof why, "exited with code %d", WEXITSTATUS(status));
		because(v, why);
	}
	back_off(v, lim, now_ms);
}

static bool leaving(const struct vigil *v)
{
	return v->state == VIGIL_QUITTING || v->state == VIGIL_ENDING || v->state == VIGIL_KILLED ||
	       v->state == VIGIL_STUCK;
}

enum vigil_action vigil_end(struct vigil *v, const struct vigil_limits *lim, int64_t now_ms,
			    const char *why)
{
	if (!v->alive || leaving(v))
		return VIGIL_NONE;
	because(v, why);
	enter(v, VIGIL_ENDING, now_ms + lim->term_ms);
	return VIGIL_TERM;
}

bool vigil_stop(struct vigil *v, const struct vigil_limits *lim, int64_t now_ms)
{
	v->stopping = true;
	if (!v->alive) {
		enter(v, VIGIL_OFF, 0);
		return false;
	}
	if (leaving(v))
		return false;
	because(v, "did not quit in time");
	enter(v, VIGIL_QUITTING, now_ms + lim->quit_ms);
	return true;
}

static enum vigil_action overdue(struct vigil *v, const struct vigil_limits *lim, int64_t now_ms)
{
	char why[ERR_TEXT_MAX];

	switch (v->state) {
	case VIGIL_BACKOFF:
		return VIGIL_SPAWN;
	case VIGIL_STARTING:
		snprintf(why, sizeof why, "said nothing for %.3g s after its start",
			 lim->start_ms / 1000.0);
		return vigil_end(v, lim, now_ms, why);
	case VIGIL_SPEAKING:
		snprintf(why, sizeof why, "hangs: silent for %.3g s", lim->silence_ms / 1000.0);
		return vigil_end(v, lim, now_ms, why);
	case VIGIL_QUITTING:
	case VIGIL_ENDING:
		enter(v, VIGIL_KILLED, now_ms + lim->kill_ms);
		return VIGIL_KILL;
	case VIGIL_KILLED:
		because(v, "cannot be killed: stuck in the driver, the machine needs a reboot");
		enter(v, VIGIL_STUCK, 0);
		return VIGIL_NONE;
	default:
		v->deadline_ms = 0;
		return VIGIL_NONE;
	}
}

enum vigil_action vigil_step(struct vigil *v, const struct vigil_limits *lim, int64_t now_ms)
{
	if (v->state == VIGIL_OFF)
		return v->stopping ? VIGIL_NONE : VIGIL_SPAWN;
	if (!v->deadline_ms || now_ms < v->deadline_ms)
		return VIGIL_NONE;
	return overdue(v, lim, now_ms);
}

int64_t vigil_next(const struct vigil *v)
{
	if (v->state == VIGIL_OFF)
		return v->stopping ? INT64_MAX : 0;
	return v->deadline_ms ? v->deadline_ms : INT64_MAX;
}
