/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Light caches: built once by a thread of the process that checks shares, kept in sealed
 * memfds that workers map read-only, several epochs at a time for pools that alternate.
 * Loop thread, but for the builder inside.
 */
#ifndef ADIT_EPOCH_H
#define ADIT_EPOCH_H

#include "algos/algo.h"

struct event_base;
struct epochs;

/* One epoch's shared part.  References are counted on the loop thread. */
struct epoch {
	unsigned refs;
	struct algo_epoch view; /* what algo->hash wants */
	int fd;                 /* sealed memfd of facts.shared_bytes */
};

#define EPOCHS_KEPT 3 /* beside those that jobs hold */

/* An epoch that was asked for is ready; or could not be built, then epoch is NULL. */
typedef void epochs_ready_fn(void *arg, uint32_t number, struct epoch *epoch,
			     const struct err *err);

/* set: ALGO_SETTINGS_MAX values, copied.  algo->dataset is not NULL. */
int epochs_new(struct epochs **out, struct event_base *base, const struct algo *algo,
	       const uint64_t *set, epochs_ready_fn *ready, void *arg, struct err *err);
void epochs_free(struct epochs *e); /* NULL is fine; references of others stay valid */

/* Borrowed until the next call, or NULL: being built, ready() will tell.  -ERR_RANGE: absurd. */
int epochs_get(struct epochs *e, uint32_t number, struct epoch **out, struct err *err);

/* Likely needed soon: build it when nothing else is waited for.  Silent. */
void epochs_expect(struct epochs *e, uint32_t number);

struct epoch *epoch_ref(struct epoch *epoch); /* NULL is fine */
void epoch_unref(struct epoch *epoch);        /* NULL is fine */

/*
 * One epoch built now, in this thread, with one reference: for commands that can wait.
 * -ERR_RANGE, -ERR_NOMEM, -ERR_IO; -ERR_STALE when *stop (may be NULL) became true.
 */
int epoch_make(struct epoch **out, const struct algo *algo, uint32_t number, const uint64_t *set,
	       const atomic_bool *stop, struct err *err);

/*
 * Map a memfd received from the supervisor: fills *out, whose data is unmapped by
 * epoch_unmap().  fd stays the caller's.  -ERR_PROTO when it is not sealed or not that large.
 */
int epoch_map(struct algo_epoch *out, const struct algo *algo, const struct algo_facts *facts,
	      int fd, struct err *err);
void epoch_unmap(struct algo_epoch *ep); /* zeroed is fine */

#endif
