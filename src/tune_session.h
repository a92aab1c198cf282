/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A device being measured by `adit tune`: a real worker process that searches made-up work,
 * whose every find is held against the reference.  Calls run the event loop while they wait.
 */
#ifndef ADIT_TUNE_SESSION_H
#define ADIT_TUNE_SESSION_H

#include "src/gpu/backend.h"
#include "src/guard/tune.h"
#include "src/ipc.h"

struct epoch;
struct event_base;
struct tune_power;
struct tune_session;

struct tune_session_config {
	struct event_base *base;
	const struct device_info *info;
	const struct algo *algo;
	struct epoch *epoch;      /* borrowed; NULL: the algorithm has none */
	uint64_t height;          /* 0: the first of the epoch */
	struct ipc_open open;     /* all but backend and index */
	struct tune_power *power; /* NULL: nothing is known of its power */
	unsigned device;          /* there */
	const bool *stop;         /* ends every wait */
};

/* config is copied.  The worker is ready to search, or this fails with its last words. */
int tune_session_new(struct tune_session **out, const struct tune_session_config *config,
		     struct err *err);
void tune_session_free(struct tune_session *s); /* NULL is fine */

/* The device as its worker sees it. */
const struct device_info *tune_session_info(const struct tune_session *s);

/*
 * Search with batches of 2^intensity nonces (0: as the worker likes, once, at first) for
 * so many seconds, the first batch and a moment more not counted.  0 with *r filled in;
 * r->failed when the worker broke down, then why (ERR_TEXT_MAX bytes) says how, and the next
 * call starts another.  Errors: the device is of no use, or stop.
 */
int tune_session_measure(struct tune_session *s, uint32_t intensity, double seconds,
			 struct tune_result *r, char *why, struct err *err);

/* Mean nonces of a full batch in the last measurement. */
double tune_session_batch(const struct tune_session *s);

#endif
