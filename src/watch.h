/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A worker sleeps in its driver while a batch runs.  This thread looks at the supervisor's socket
 * meanwhile, without reading from it, and ends batches early whose job is over.
 */
#ifndef ADIT_WATCH_H
#define ADIT_WATCH_H

#include <stdint.h>

#include "src/err.h"

struct watch;

/* abort(arg) is called from the thread.  fd: borrowed, outlives the watch. */
int watch_start(struct watch **out, int fd, void (*abort)(void *arg), void *arg, struct err *err);
void watch_stop(struct watch *w); /* NULL is fine */

/* Jobs before and with this serial are what is in flight; 0: nothing is. */
void watch_flying(struct watch *w, uint64_t serial);

/* What was waiting in the socket has been read. */
void watch_drained(struct watch *w);

#endif
