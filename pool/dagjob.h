/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Jobs of algorithms with a dataset, as every pool dialect of the Ethereum and ProgPoW families
 * describes them: a header hash of 32 bytes, a 64-bit nonce whose first digits the pool may
 * choose, a target, and the block's height or the seed of its epoch.
 * The header is 40 bytes: the hash, then the nonce.
 */
#ifndef ADIT_DAGJOB_H
#define ADIT_DAGJOB_H

#include <jansson.h>

#include "pool/dialect.h"

#define NONCE_DIGITS      16 /* of a nonce as text */
#define NONCE_PREFIX_MAX  14 /* of them that a pool may choose: 7 bytes */
#define DAGJOB_HEADER_LEN 40

/* What the session knows when a job arrives.  Zeroed at first, but for dagjob_terms_init(). */
struct dagjob_terms {
	uint64_t start;    /* first nonce; its first `digits` digits are the pool's */
	unsigned digits;   /* 0: the whole nonce is ours, and starts at random */
	double difficulty; /* for jobs that name no target */
	bool has_target;
	struct u256 target; /* instead of difficulty */
	bool looked_up;     /* the seed below was: a chain of hashes, not worth repeating */
	uint8_t seed[32];
	int seed_rc;
	uint32_t seed_epoch;
	bool warned; /* that seed and height disagree */
};

/* The members of the message as they came; NULL or JSON null: not sent. */
struct dagjob_parts {
	const char *what; /* of the message, for errors: "mining.notify" */
	const json_t *id; /* NULL: the header names the job */
	const json_t *header, *seed, *target, *height, *bits;
	bool strict_target; /* the message has to name one, and not 0 */
	bool hex_height;    /* text without 0x is hex, too */
	bool clean;
};

struct dagjob { /* job->priv */
	uint8_t header[32];
	uint64_t start, count; /* of nonces */
	unsigned digits;
	bool id_is_number;
	struct u256 network; /* target of a block; 0: not known */
};

/* Difficulty 1, a random start.  -ERR_IO without random numbers. */
int dagjob_terms_init(struct dagjob_terms *t, struct err *err);

/* The first digits of every nonce: hex, at most 7 bytes, "" for none.  -ERR_PROTO. */
int dagjob_prefix(struct dagjob_terms *t, const json_t *text, struct err *err);

/* An algorithm for this header? */
bool dagjob_serves(const struct algo *algo);

/*
 * Make the job.  The epoch is that of the height where it is given, which the seed must confirm
 * (a warning, once, when it does not); else that of the seed.  Nothing is allocated for an epoch.
 * -ERR_PROTO or -ERR_RANGE with the member that is wrong.
 */
int dagjob_new(struct job **out, struct client *c, const struct dialect *dialect,
	       struct dagjob_terms *t, const struct dagjob_parts *parts, struct err *err);

/* For struct dialect. */
int dagjob_make_work(const struct job *job, uint64_t roll, struct work *out);
bool dagjob_is_block(const struct job *job, const struct digest *digest);
void dagjob_done(struct job *job);

#define DAGJOB_HASH_TEXT  67 /* "0x", 64 digits, NUL */
#define DAGJOB_NONCE_TEXT 19 /* "0x", 16 digits, NUL */

/* "0x..." texts of a share for its submission.  Return out. */
char *dagjob_hash_text(char out[DAGJOB_HASH_TEXT], const uint8_t hash[32]);
char *dagjob_nonce_text(char out[DAGJOB_NONCE_TEXT], uint64_t nonce);

#endif
