/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A Stratum V1 job: mining.notify parsed and checked, and the headers made from it. */
#define OPENSSL_SUPPRESS_DEPRECATED /* the streaming calls, without allocation per roll */
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool/jsonline.h"
#include "pool/merkle.h"
#include "pool/stratum1_job.h"
#include "src/bytes.h"
#include "src/hex.h"
#include "src/str.h"

/* Where the members stand; clean_jobs may be missing. */
enum { ID, PREV, COINB1, COINB2, BRANCH, VERSION, BITS, TIME, CLEAN, MEMBERS };

static int wrong(struct err *err, const char *member, const char *want)
{
	return err_set(err, ERR_PROTO, "mining.notify: %s is not %s", member, want);
}

static const char *text_at(const json_t *params, size_t i, size_t *len)
{
	const json_t *v = json_array_get(params, i);

	*len = json_is_string(v) ? json_string_length(v) : 0;
	return json_is_string(v) ? json_string_value(v) : NULL;
}

static int get_word(uint32_t *out, const json_t *params, size_t i, const char *name,
		    struct err *err)
{
	uint8_t bytes[4];
	size_t len;
	const char *text = text_at(params, i, &len);

	if (!text || hex_decode(bytes, sizeof bytes, text, len))
		return wrong(err, name, "8 hex digits");
	*out = be32_get(bytes);
	return 0;
}

static int get_branch(struct stratum1_job *job, const json_t *v, struct err *err)
{
	size_t i;

	if (!json_is_array(v) || json_array_size(v) > STRATUM1_BRANCH_MAX)
		return wrong(err, "the merkle branch", "an array of at most 32 hashes");
	job->n_branch = (unsigned)json_array_size(v);
	for (i = 0; i < job->n_branch; i++) {
		size_t len;
		const char *text = text_at(v, i, &len);

		if (!text || hex_decode(job->branch[i], 32, text, len))
			return wrong(err, "a merkle hash", "64 hex digits");
	}
	return 0;
}

/* Sent as eight words of the header, the bytes of each reversed. */
static int get_prev(struct stratum1_job *job, const json_t *params, struct err *err)
{
	uint8_t sent[32];
	size_t len, i;
	const char *text = text_at(params, PREV, &len);

	if (!text || hex_decode(sent, sizeof sent, text, len))
		return wrong(err, "the previous hash", "64 hex digits");
	for (i = 0; i < 32; i += 4)
		le32_put(job->prev + i, be32_get(sent + i));
	return 0;
}

static int get_coinbase(struct stratum1_job *job, const char *a, size_t a_len, const char *b,
			size_t b_len, struct err *err)
{
	const struct stratum1_terms *t = &job->terms;
	uint8_t *at = job->coinbase;

	if (hex_decode(at, a_len / 2, a, a_len))
		return wrong(err, "coinb1", "hex");
	at += a_len / 2;
	memcpy(at, t->extranonce1, t->extranonce1_len);
	at += t->extranonce1_len;
	job->extranonce2_at = (size_t)(at - job->coinbase);
	memset(at, 0, t->extranonce2_len);
	at += t->extranonce2_len;
	if (hex_decode(at, b_len / 2, b, b_len))
		return wrong(err, "coinb2", "hex");
	at += b_len / 2;
	job->coinbase_len = (size_t)(at - job->coinbase);
	return 0;
}

/* The last member of nine or more that is a boolean; some pools put others before it. */
static bool get_clean(const json_t *params)
{
	size_t i = json_array_size(params);

	while (i-- > CLEAN)
		if (json_is_boolean(json_array_get(params, i)))
			return json_is_true(json_array_get(params, i));
	return json_integer_value(json_array_get(params, CLEAN)) != 0;
}

int stratum1_job_new(struct stratum1_job **out, bool *clean, char id[JOB_ID_MAX],
		     const json_t *params, const struct stratum1_terms *terms, struct err *err)
{
	struct stratum1_job *job;
	size_t a_len, b_len;
	const char *a, *b;
	int rc;

	if (!json_is_array(params) || json_array_size(params) < CLEAN)
		return wrong(err, "params", "an array of 8 or more members");
	a = text_at(params, COINB1, &a_len);
	b = text_at(params, COINB2, &b_len);
	if (!a || !b || a_len > 2 * STRATUM1_COINBASE_MAX || b_len > 2 * STRATUM1_COINBASE_MAX)
		return wrong(err, "the coinbase", "two strings of at most 131072 hex digits");
	job = calloc(1, sizeof *job + a_len / 2 + b_len / 2 + 2 * STRATUM1_EXTRANONCE_MAX);
	if (!job)
		return err_set(err, ERR_NOMEM, "no memory for a job");
	job->terms = *terms;
	rc = jsonline_job_id(id, &job->id_is_number, json_array_get(params, ID), err);
	if (!rc)
		rc = get_prev(job, params, err);
	if (!rc)
		rc = get_coinbase(job, a, a_len, b, b_len, err);
	if (!rc)
		rc = get_branch(job, json_array_get(params, BRANCH), err);
	if (!rc)
		rc = get_word(&job->version, params, VERSION, "the version", err);
	if (!rc)
		rc = get_word(&job->bits, params, BITS, "nbits", err);
	if (!rc)
		rc = get_word(&job->time, params, TIME, "ntime", err);
	if (rc) {
		free(job);
		return rc;
	}
	u256_from_compact(&job->network, job->bits); /* stays 0, "unknown", for nonsense */
	*clean = get_clean(params);
	*out = job;
	return 0;
}

static unsigned mask_bits(uint32_t mask)
{
	return (unsigned)__builtin_popcount(mask);
}

uint64_t stratum1_job_rolls(const struct stratum1_job *job)
{
	unsigned bits = 8u * job->terms.extranonce2_len + mask_bits(job->terms.version_mask);

	return bits >= 64 ? UINT64_MAX : UINT64_C(1) << bits;
}

/* The lowest bits of v spread over the set bits of mask. */
static uint32_t deposit(uint64_t v, uint32_t mask)
{
	uint32_t out = 0;

	for (; mask; mask &= mask - 1, v >>= 1)
		if (v & 1)
			out |= mask & -mask;
	return out;
}

void stratum1_job_roll(const struct stratum1_job *job, uint64_t roll,
		       uint8_t extranonce2[STRATUM1_EXTRANONCE_MAX], uint32_t *version)
{
	unsigned len = job->terms.extranonce2_len, i;
	uint32_t mask = job->terms.version_mask;
	uint64_t above = len >= 8 ? 0 : roll >> (8 * len);

	memset(extranonce2, 0, STRATUM1_EXTRANONCE_MAX);
	for (i = 0; i < len && i < 8; i++)
		extranonce2[len - 1 - i] = (uint8_t)(roll >> (8 * i));
	/* Each roll another version, whichever bits of the mask the pool set itself. */
	*version = job->version ^ deposit(above, mask);
}

int stratum1_job_header(const struct stratum1_job *job, uint64_t roll, uint8_t header[80])
{
	uint8_t extranonce2[STRATUM1_EXTRANONCE_MAX], leaf[32];
	unsigned len = job->terms.extranonce2_len;
	SHA256_CTX ctx;
	uint32_t version;

	if (roll >= stratum1_job_rolls(job))
		return -ERR_RANGE;
	stratum1_job_roll(job, roll, extranonce2, &version);
	SHA256_Init(&ctx);
	SHA256_Update(&ctx, job->coinbase, job->extranonce2_at);
	SHA256_Update(&ctx, extranonce2, len);
	SHA256_Update(&ctx, job->coinbase + job->extranonce2_at + len,
		      job->coinbase_len - job->extranonce2_at - len);
	SHA256_Final(leaf, &ctx);
	SHA256(leaf, sizeof leaf, leaf);
	le32_put(header, version);
	memcpy(header + 4, job->prev, 32);
	merkle_fold(header + 36, leaf, job->branch, job->n_branch);
	le32_put(header + 68, job->time);
	le32_put(header + 72, job->bits);
	le32_put(header + 76, 0);
	return 0;
}
