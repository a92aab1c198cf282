/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The CPU check: a few threads that hash candidates with the algorithm's reference, off the
 * loop.  Nothing reaches a pool without passing here; there is no switch for that.
 */
#ifndef ADIT_VERIFY_H
#define ADIT_VERIFY_H

#include "src/err.h"
#include "src/share.h"

struct event_base;
struct verify;

/*
 * rc: 0 when share->digest is filled in; -ERR_STALE when its job is over; else -ERR_xxx from the
 * reference.  On the loop thread;
 * the share belongs to the callee.
 */
typedef void verify_done_fn(void *arg, struct share *share, int rc);

/* threads 0: half the cores, at least 1, at most 4. */
int verify_new(struct verify **out, struct event_base *base, unsigned threads, verify_done_fn *done,
	       void *arg, struct err *err);

/* Ends the threads; shares not yet reported are handed to drop (job references on the loop). */
void verify_free(struct verify *v, void (*drop)(void *arg, struct share *share));

/* Shares put and not yet reported, at most.  Of one device: what all together leave free. */
#define VERIFY_MAX 65536

/*
 * Queue a share (job and work set); devices take turns.  0: ownership passes until done() is
 * called.  -ERR_BUSY: its device has too many in there already; the share stays the caller's.
 */
int verify_put(struct verify *v, struct share *share);

/* Shares put and not yet reported. */
unsigned verify_pending(const struct verify *v);

#endif
