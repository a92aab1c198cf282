/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The owner's commands: run by a shell when something happened, with the facts in their
 * environment, never in their text.  Each has a process group and a time of its own, a clean
 * environment without anything secret of ours, no descriptor but an empty standard input and our
 * standard error (as output too).  Commands that still run when the program ends are left alone.
 * Loop thread.
 */
#ifndef ADIT_HOOK_H
#define ADIT_HOOK_H

#include <stdint.h>

#include "src/err.h"

struct event_base;
struct hooks;
struct settings_guard;

#define HOOKS_AT_ONCE  4
#define HOOKS_WAITING  32    /* beyond: dropped, and said */
#define HOOK_REPEAT_MS 10000 /* the same event of the same device: not more often */
#define HOOK_END_MS    5000  /* from TERM to KILL */

/*
 * What is known of an event; becomes ADIT_EVENT and so on.  Texts that are NULL or empty are left
 * out; others are shown as printable ASCII.  Start from HOOK_FACTS.
 */
struct hook_facts {
	const char *event;               /* ADIT_EVENT: "hang", a name of src/guard/alarm.h */
	const char *device;              /* ADIT_DEVICE: "cuda:0"; NULL: the whole rig */
	const char *pci, *uuid, *name;   /* ADIT_PCI, ADIT_UUID, ADIT_NAME: of the card */
	const char *reason;              /* ADIT_REASON: one line */
	const char *pool;                /* ADIT_POOL, without credentials */
	int32_t temperature_c, memory_c; /* ADIT_TEMPERATURE, ADIT_MEMORY_TEMPERATURE */
	int32_t power_w;                 /* ADIT_POWER */
	double rate;                     /* ADIT_RATE: hashes a second */
	int64_t restarts;                /* ADIT_RESTARTS of the device */
};
#define HOOK_UNKNOWN INT32_MIN
#define HOOK_FACTS                                                                                 \
 ((struct hook_facts){.temperature_c = HOOK_UNKNOWN,                                               \
		      .memory_c = HOOK_UNKNOWN,                                                    \
		      .power_w = HOOK_UNKNOWN,                                                     \
		      .rate = -1,                                                                  \
		      .restarts = -1})

struct hook_counts {
	uint64_t started, failed /* not status 0 */, late /* ended by us */;
	uint64_t dropped /* too many at once */, held /* repeats */;
};

/* Commands are copied out of `from`.  0 or -ERR_NOMEM. */
int hook_new(struct hooks **out, struct event_base *base, const struct settings_guard *from,
	     struct err *err);
void hook_free(struct hooks *h); /* NULL is fine */

/* Other commands, from now on.  0 or -ERR_NOMEM, then the old ones stay. */
int hook_change(struct hooks *h, const struct settings_guard *from, struct err *err);

/*
 * It happened: run what the owner wants run, at once or when there is room.  ADIT_TIME is now,
 * ADIT_HELD how often the same was held back since it was last told.
 */
void hook_run(struct hooks *h, const struct hook_facts *facts);

/*
 * Ask --price-hook.  answer() gets its exit status once, from the loop; -1: it was ended for
 * taking too long, died of a signal or could not be started.  -ERR_BUSY while a question is
 * open, -ERR_USAGE without such a command; answer() is not called then.
 */
typedef void hook_answer(void *arg, int status);
int hook_ask(struct hooks *h, hook_answer *answer, void *arg);

void hook_counts(const struct hooks *h, struct hook_counts *out);
/* How many run or wait. */
unsigned hook_pending(const struct hooks *h);

#endif
