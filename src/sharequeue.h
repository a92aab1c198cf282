/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shares between the CPU check and the pool's answer: never sent twice, kept while the
 * connection is down, matched with answers, never silently dropped.  Pure policy and
 * storage: time comes in, sending is the caller's.  Loop thread.
 */
#ifndef ADIT_SHAREQUEUE_H
#define ADIT_SHAREQUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "src/err.h"
#include "src/share.h"

#define SHARE_ANSWER_MS   120000 /* an answer later than this is no answer */
#define SHARE_WAIT_MS     120000 /* a share unsent for so long is worth nothing */
#define SHARE_WAITING_MAX 4096   /* while disconnected; beyond it the oldest is lost */

struct sharequeue;

/* final: share is in its final state; the callee gives it back with sharequeue_recycle(). */
typedef void share_final_fn(void *arg, struct share *share);

int sharequeue_new(struct sharequeue **out, share_final_fn *final, void *arg, struct err *err);
void sharequeue_free(struct sharequeue *q); /* releases what is left, without final() */

/* A zeroed share (from a free list), or NULL without memory. */
struct share *sharequeue_blank(struct sharequeue *q);
void sharequeue_recycle(struct sharequeue *q, struct share *share);

/* True the first time a digest is seen, false for a duplicate. */
bool sharequeue_is_new(struct sharequeue *q, const struct digest *digest);

/* It was sent and carries share->request; waits for its answer. */
void sharequeue_sent(struct sharequeue *q, struct share *take, int64_t now_us);

/* It cannot be sent now; waits for its pool. */
void sharequeue_wait(struct sharequeue *q, struct share *take);

/* The pool's answer: final() is called.  False when no share carried that request. */
bool sharequeue_answer(struct sharequeue *q, unsigned pool, uint64_t session, uint32_t request,
		       enum share_state state, const char *reason, int64_t now_us);

/* The session is over: its sent shares are lost; its waiting ones stay. */
void sharequeue_down(struct sharequeue *q, unsigned pool, uint64_t session);

/*
 * The next waiting share of this pool and session, to be sent (caller owns it), or NULL.
 */
struct share *sharequeue_next(struct sharequeue *q, unsigned pool, uint64_t session);

/* Waiting shares of this pool from sessions other than `keep` are lost. */
void sharequeue_forget(struct sharequeue *q, unsigned pool, uint64_t keep);

/* Shares that waited too long, sent or unsent, are lost. */
void sharequeue_expire(struct sharequeue *q, int64_t now_us);

size_t sharequeue_in_flight(const struct sharequeue *q);
size_t sharequeue_waiting(const struct sharequeue *q);

#endif
