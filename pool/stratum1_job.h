/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A Stratum V1 job: mining.notify parsed and checked, and the headers made from it.
 * Layout of the header: protocols of Bitcoin and its descendants, 80 bytes.
 */
#ifndef ADIT_STRATUM1_JOB_H
#define ADIT_STRATUM1_JOB_H

#include <jansson.h>
#include <stdbool.h>

#include "pool/dialect.h"

#define STRATUM1_EXTRANONCE_MAX 16
#define STRATUM1_BRANCH_MAX     32
#define STRATUM1_COINBASE_MAX   65536 /* bytes, each part */

/* What the session knows when a job arrives. */
struct stratum1_terms {
	uint8_t extranonce1[STRATUM1_EXTRANONCE_MAX];
	uint8_t extranonce1_len, extranonce2_len;
	uint32_t version_mask; /* 0: no rolling */
};

struct stratum1_job {
	struct stratum1_terms terms;
	bool id_is_number;
	uint8_t prev[32]; /* as in the header */
	uint8_t branch[STRATUM1_BRANCH_MAX][32];
	unsigned n_branch;
	uint32_t version, bits, time;
	struct u256 network; /* target of a block, from bits */
	size_t coinbase_len, extranonce2_at;
	uint8_t coinbase[]; /* whole, extranonce2 zero */
};

/* mining.notify's params.  -ERR_PROTO with the member that is wrong. */
int stratum1_job_new(struct stratum1_job **out, bool *clean, char id[JOB_ID_MAX],
		     const json_t *params, const struct stratum1_terms *terms, struct err *err);

/* How many rolls the job has: extranonce2 first, then version bits.  At most UINT64_MAX. */
uint64_t stratum1_job_rolls(const struct stratum1_job *job);

/* The roll's extranonce2 (terms.extranonce2_len bytes) and header version. */
void stratum1_job_roll(const struct stratum1_job *job, uint64_t roll,
		       uint8_t extranonce2[STRATUM1_EXTRANONCE_MAX], uint32_t *version);

/* The roll's 80-byte header, nonce zero.  -ERR_RANGE past the last roll. */
int stratum1_job_header(const struct stratum1_job *job, uint64_t roll, uint8_t header[80]);

#endif
