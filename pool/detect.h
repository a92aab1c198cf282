/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which dialect a pool speaks, found by trying.  Pure: how an attempt ended comes in, what to try
 * next comes out.  Each candidate gets a connection of its own; the one that logs in and gets a
 * job is kept for as long as it goes on to get jobs.
 */
#ifndef ADIT_DETECT_H
#define ADIT_DETECT_H

#include <stdbool.h>
#include <stddef.h>

#include "pool/dialect.h"

#define DETECT_MISSES_MAX 2 /* attempts in a row in which what was understood got no job */

struct detect {
	unsigned n;      /* candidates; with less than two there is nothing to find out */
	unsigned at;     /* the one to use now */
	bool known;      /* ... because the pool understood it before */
	bool fitted;     /* it did in this connection */
	int half;        /* the first of this round that logged in but got no job; -1: none */
	unsigned misses; /* of the known one, in a row */
	unsigned rounds; /* in which no candidate was understood, in a row */
};

/* How a connection ended that got no job. */
enum detect_end {
	DETECT_UNREACHED,  /* before anything could be said: tells nothing */
	DETECT_UNHEARD,    /* an error, a hang-up, or silence */
	DETECT_NO_JOB,     /* logged in, then nothing of use */
	DETECT_CREDENTIALS /* it understood who we are, and refused */
};

enum detect_next {
	DETECT_FAILURE, /* of the pool, whatever it speaks: back off */
	DETECT_TRY,     /* no failure yet: try candidate `at`, at once */
	DETECT_NONE,    /* every candidate has been tried: back off, then all of them again */
	DETECT_SLOW     /* the same, but one logged in: it gets all the time there is, next */
};

void detect_init(struct detect *d, unsigned candidates);
void detect_begin(struct detect *d); /* a connection with candidate `at` begins */
void detect_fits(struct detect *d);  /* it logged in and has a job */
enum detect_next detect_ended(struct detect *d, enum detect_end how);

/*
 * How long silence may last before candidate `at` counts as not understood: first_ms, twice that
 * in the next round, and so on up to most_ms; for far pools.  0: as long as for any pool.
 */
int detect_patience(const struct detect *d, int first_ms, int most_ms);

/*
 * Those of all (ended by NULL) that have the scheme and serve the algorithm (NULL: any), by rank;
 * at most POOL_CANDIDATES_MAX.  Returns how many.
 */
unsigned detect_candidates(const struct dialect **out, const struct dialect *const *all,
			   const char *scheme, const struct algo *algo);

/* "a, b, c".  Returns out. */
char *detect_names(char *out, size_t size, const struct dialect *const *candidates, unsigned n);

/*
 * The scheme that leaves no candidate but number `which`, with or without TLS.  Returns out, ""
 * when there is none.
 */
char *detect_forced(char *out, size_t size, const struct dialect *const *candidates, unsigned n,
		    unsigned which, bool tls);

#endif
