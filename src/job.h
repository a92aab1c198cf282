/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a pool asked for, and pieces of it. */
#ifndef ADIT_JOB_H
#define ADIT_JOB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/u256.h"

#define JOB_ID_MAX      128
#define WORK_HEADER_MAX 384

struct algo;
struct dialect;
struct epoch;

/*
 * A job: written by a dialect before client_job() and never again, but for `over`.
 * Reference counted on the loop thread only (verify threads read it while a share of theirs
 * holds a reference).
 */
struct job {
	unsigned refs;
	uint64_t serial; /* larger is newer, never reused; set by work_publish() */
	const struct algo *algo;
	const struct dialect *dialect;
	void *priv;       /* the dialect's; freed by dialect->job_done */
	unsigned pool;    /* index in the pool list */
	uint64_t session; /* which connection of that pool it came over */
	char id[JOB_ID_MAX];
	struct u256 target; /* hash <= target makes a share */
	double difficulty;
	uint64_t height; /* 0: the pool did not say */
	uint32_t epoch;  /* algorithms with a dataset: set by the dialect, from height or seed */
	struct epoch *caches; /* of that epoch, one reference; set by the miner, else NULL */
	atomic_bool over;     /* nobody wants its shares any more: not worth a CPU check */
	bool clean;           /* work for older jobs is worthless */
	int64_t received_ms;
	int64_t received_us; /* when its bytes were read, for latency figures */
};

/* A new zeroed job with one reference, or NULL. */
struct job *job_new(const struct algo *algo, const struct dialect *dialect);
struct job *job_ref(struct job *job);
void job_unref(struct job *job); /* NULL is fine */

/*
 * One header of a job and an interval of its nonces: a plain value.  Nonce n stands
 * for the algorithm's nonce field holding n; the field's bytes in header[] are ignored.
 */
struct work {
	uint64_t serial; /* of its job */
	uint64_t roll;   /* which of the job's headers this is */
	uint64_t nonce_first;
	uint64_t nonce_count; /* >= 1; a full 64-bit space is given as UINT64_MAX */
	struct u256 target;
	uint64_t height;
	uint32_t epoch;
	uint16_t header_len;
	uint8_t header[WORK_HEADER_MAX];
};

struct digest {
	struct u256 hash; /* as compared with the target */
	uint8_t mix[32];  /* for pools that want it, else zero */
};

#endif
