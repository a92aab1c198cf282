/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One device's life as a pure state machine. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "src/slot.h"
#include "src/str.h"

const struct slot_limits slot_limits_default = {
	.hello_ms = 30000,
	.prepare_ms = 60000,
	.batch_floor_ms = 10000,
	.batch_factor = 50,
	.term_ms = 2000,
	.kill_ms = 10000,
	.backoff_min_ms = 1000,
	.backoff_max_ms = 60000,
	.budget = 6,
	.window_ms = 600000,
};

void slot_init(struct slot *s)
{
	memset(s, 0, sizeof *s);
}

static void because(struct slot *s, const char *why)
{
	str_copy(s->reason, sizeof s->reason, why);
}

void slot_spawned(struct slot *s, const struct slot_limits *lim, int64_t now_ms)
{
	s->state = SLOT_STARTING;
	s->alive = true;
	s->wanted = false;
	s->patient_ms = 0;
	s->busy = false;
	s->deadline_ms = now_ms + lim->hello_ms;
}

void slot_hello(struct slot *s, const struct slot_limits *lim, int64_t now_ms)
{
	if (s->state != SLOT_STARTING)
		return;
	s->state = SLOT_PREPARING;
	s->deadline_ms = now_ms + lim->prepare_ms;
}

void slot_progress(struct slot *s, const struct slot_limits *lim, int64_t now_ms)
{
	if (s->state == SLOT_STARTING)
		s->state = SLOT_PREPARING;
	if (s->state == SLOT_PREPARING || (s->state == SLOT_RUNNING && s->busy))
		s->deadline_ms = now_ms + lim->prepare_ms;
}

void slot_ready(struct slot *s, const struct slot_limits *lim, int64_t now_ms)
{
	(void)lim;
	(void)now_ms;
	if (s->state != SLOT_STARTING && s->state != SLOT_PREPARING)
		return;
	s->state = SLOT_RUNNING;
	s->busy = false;
	s->deadline_ms = 0;
	s->batch_us = 0;
}

/* A batch that takes 50 times as long as usual is not coming back. */
static int64_t batch_deadline(const struct slot *s, const struct slot_limits *lim, int64_t now_ms)
{
	int64_t wait_ms = s->batch_us * lim->batch_factor / 1000;

	if (!s->batch_us) /* the first batch may still compile */
		wait_ms = lim->prepare_ms;
	if (wait_ms < lim->batch_floor_ms)
		wait_ms = lim->batch_floor_ms;
	return now_ms + wait_ms > s->patient_ms ? now_ms + wait_ms : s->patient_ms;
}

void slot_patience(struct slot *s, const struct slot_limits *lim, int64_t now_ms)
{
	if (s->state != SLOT_RUNNING)
		return;
	s->patient_ms = now_ms + lim->prepare_ms;
	if (s->busy)
		s->deadline_ms = batch_deadline(s, lim, now_ms);
}

void slot_work(struct slot *s, const struct slot_limits *lim, int64_t now_ms)
{
	if (s->state != SLOT_RUNNING || s->busy)
		return;
	s->busy = true;
	s->deadline_ms = batch_deadline(s, lim, now_ms);
}

void slot_batch(struct slot *s, const struct slot_limits *lim, int64_t now_ms, uint32_t took_us)
{
	if (s->state != SLOT_RUNNING)
		return;
	s->batch_us = s->batch_us ? (s->batch_us * 7 + took_us) / 8 : took_us;
	if (s->batch_us < 1)
		s->batch_us = 1;
	s->failures = 0;
	if (s->busy)
		s->deadline_ms = batch_deadline(s, lim, now_ms);
}

void slot_idle(struct slot *s, unsigned held, uint64_t queued)
{
	if (s->state != SLOT_RUNNING || (held && !queued))
		return;
	s->busy = false;
	s->deadline_ms = 0;
}

/* What was decided about it stands: it was told to end, and these words are the answer. */
static bool told_to_end(const struct slot *s)
{
	return s->state == SLOT_ENDING || s->state == SLOT_KILLED || s->state == SLOT_STUCK;
}

void slot_failed(struct slot *s, int code, const char *text)
{
	if (!told_to_end(s))
		because(s, text);
	s->fatal = s->fatal || code == ERR_SELFTEST || code == ERR_BUILD || code == ERR_NODEV ||
		   code == ERR_UNKNOWN || code == ERR_RANGE;
}

static unsigned restarts_within(const struct slot *s, int64_t since_ms)
{
	unsigned i, n = 0;

	for (i = 0; i < s->n_restarts; i++)
		n += s->restarts[i] >= since_ms;
	return n;
}

static void park(struct slot *s)
{
	s->state = SLOT_PARKED;
	s->deadline_ms = 0;
}

/* The process is gone and was not meant to be: start again later, or give up. */
static void fail(struct slot *s, const struct slot_limits *lim, int64_t now_ms)
{
	unsigned recent = restarts_within(s, now_ms - lim->window_ms);
	int64_t wait = lim->backoff_min_ms;
	unsigned i;

	s->busy = false;
	if (s->stopping) {
		s->state = SLOT_OFF;
		s->deadline_ms = 0;
		return;
	}
	if (s->fatal) {
		park(s);
		return;
	}
	if (s->wanted) {
		s->total_restarts++;
		s->state = SLOT_BACKOFF;
		s->deadline_ms = now_ms;
		return;
	}
	if (recent >= lim->budget || recent >= SLOT_RESTARTS_KEPT) {
		char why[ERR_TEXT_MAX];

		snprintf(why, sizeof why, "%u restarts within %lld s, last: %.200s", recent,
			 (long long)(lim->window_ms / 1000), s->reason);
		because(s, why);
		park(s);
		return;
	}
	for (i = 0; i < s->failures && wait < lim->backoff_max_ms; i++)
		wait *= 2;
	if (wait > lim->backoff_max_ms)
		wait = lim->backoff_max_ms;
	s->failures++;
	if (s->n_restarts < SLOT_RESTARTS_KEPT)
		s->n_restarts++;
	memmove(s->restarts + 1, s->restarts, (s->n_restarts - 1) * sizeof s->restarts[0]);
	s->restarts[0] = now_ms;
	s->total_restarts++;
	s->state = SLOT_BACKOFF;
	s->deadline_ms = now_ms + wait;
}

void slot_spawn_failed(struct slot *s, const struct slot_limits *lim, int64_t now_ms,
		       const char *why)
{
	s->alive = false;
	because(s, why);
	fail(s, lim, now_ms);
}

void slot_exited(struct slot *s, const struct slot_limits *lim, int64_t now_ms, int status)
{
	char why[ERR_TEXT_MAX];

	s->alive = false;
	if (s->state == SLOT_PARKED)
		return;
	/* Its own last words, or ours, say more than an exit status. */
	if ((s->state == SLOT_STARTING || s->state == SLOT_PREPARING || s->state == SLOT_RUNNING) &&
	    !s->reason[0]) {
		if (WIFSIGNALED(status))
			snprintf(why, sizeof why, "its worker was killed by signal %d (%s)",
				 WTERMSIG(status), strsignal(WTERMSIG(status)));
		else
			snprintf(why, sizeof why, "its worker exited with code %d",
				 WEXITSTATUS(status));
		because(s, why);
	}
	fail(s, lim, now_ms);
}

static enum slot_action terminate(struct slot *s, const struct slot_limits *lim, int64_t now_ms)
{
	s->state = SLOT_ENDING;
	s->busy = false;
	s->deadline_ms = now_ms + lim->term_ms;
	return SLOT_TERM;
}

enum slot_action slot_end(struct slot *s, const struct slot_limits *lim, int64_t now_ms,
			  const char *why)
{
	if (!s->alive || s->state == SLOT_ENDING || s->state == SLOT_KILLED ||
	    s->state == SLOT_STUCK)
		return SLOT_NONE;
	because(s, why);
	return terminate(s, lim, now_ms);
}

enum slot_action slot_restart(struct slot *s, const struct slot_limits *lim, int64_t now_ms,
			      const char *why)
{
	enum slot_action action = slot_end(s, lim, now_ms, why);

	if (s->state == SLOT_BACKOFF)
		s->deadline_ms = now_ms;
	else if (action != SLOT_NONE)
		s->wanted = true;
	return action;
}

enum slot_action slot_stop(struct slot *s, const struct slot_limits *lim, int64_t now_ms)
{
	s->stopping = true;
	if (s->alive && s->state != SLOT_ENDING && s->state != SLOT_KILLED &&
	    s->state != SLOT_STUCK)
		return terminate(s, lim, now_ms);
	if (!s->alive && s->state != SLOT_PARKED) {
		s->state = SLOT_OFF;
		s->deadline_ms = 0;
	}
	return SLOT_NONE;
}

enum slot_action slot_park(struct slot *s, const struct slot_limits *lim, int64_t now_ms,
			   const char *why)
{
	if (s->state == SLOT_PARKED || s->stopping)
		return SLOT_NONE;
	s->fatal = true;
	if (s->state == SLOT_STUCK) /* its reason stays; it is parked if it ever dies */
		return SLOT_NONE;
	because(s, why);
	if (!s->alive) {
		park(s);
		return SLOT_NONE;
	}
	return s->state == SLOT_ENDING || s->state == SLOT_KILLED ? SLOT_NONE
								  : terminate(s, lim, now_ms);
}

void slot_unpark(struct slot *s)
{
	if (s->state != SLOT_PARKED || s->alive || s->stopping)
		return;
	s->state = SLOT_OFF;
	s->fatal = false;
	s->failures = s->n_restarts = 0;
	s->reason[0] = '\0';
}

static enum slot_action overdue(struct slot *s, const struct slot_limits *lim, int64_t now_ms)
{
	char why[ERR_TEXT_MAX];

	switch (s->state) {
	case SLOT_BACKOFF:
		s->reason[0] = '\0';
		return SLOT_SPAWN;
	case SLOT_STARTING:
		snprintf(why, sizeof why, "its worker said nothing for %d s after its start",
			 lim->hello_ms / 1000);
		return slot_end(s, lim, now_ms, why);
	case SLOT_PREPARING:
		snprintf(why, sizeof why, "silent for %d s while preparing",
			 lim->prepare_ms / 1000);
		return slot_end(s, lim, now_ms, why);
	case SLOT_RUNNING:
		snprintf(why, sizeof why, "hung: no batch finished in time (usual length %lld ms)",
			 (long long)(s->batch_us / 1000));
		return slot_end(s, lim, now_ms, why);
	case SLOT_ENDING:
		s->state = SLOT_KILLED;
		s->deadline_ms = now_ms + lim->kill_ms;
		return SLOT_KILL;
	case SLOT_KILLED:
		s->state = SLOT_STUCK;
		s->deadline_ms = 0;
		because(s, "its worker cannot be killed: stuck in the driver, the machine needs a "
			   "reboot");
		return SLOT_NONE;
	default:
		s->deadline_ms = 0;
		return SLOT_NONE;
	}
}

enum slot_action slot_step(struct slot *s, const struct slot_limits *lim, int64_t now_ms)
{
	if (s->state == SLOT_OFF)
		return s->stopping ? SLOT_NONE : SLOT_SPAWN;
	if (!s->deadline_ms || now_ms < s->deadline_ms)
		return SLOT_NONE;
	return overdue(s, lim, now_ms);
}

int64_t slot_next(const struct slot *s)
{
	if (s->state == SLOT_OFF)
		return s->stopping ? INT64_MAX : 0;
	return s->deadline_ms ? s->deadline_ms : INT64_MAX;
}

const char *slot_word(enum slot_state state)
{
	static const char *const words[] = {
		[SLOT_OFF] = "off",
		[SLOT_STARTING] = "starting",
		[SLOT_PREPARING] = "preparing",
		[SLOT_RUNNING] = "running",
		[SLOT_ENDING] = "ending",
		[SLOT_KILLED] = "killed",
		[SLOT_STUCK] = "stuck",
		[SLOT_BACKOFF] = "restarting",
		[SLOT_PARKED] = "parked",
	};

	return words[state];
}
