/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Jobs of algorithms with a dataset, from what pools send. */
#include <inttypes.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "pool/dagjob.h"
#include "pool/jsonline.h"
#include "src/bytes.h"
#include "src/hex.h"
#include "src/str.h"

/* ---- terms ---- */

/* The whole nonce is ours. */
static int start_anywhere(struct dagjob_terms *t, struct err *err)
{
	uint8_t bytes[8];

	if (RAND_bytes(bytes, sizeof bytes) != 1)
		return err_set(err, ERR_IO, "no random numbers for the first nonce");
	/* Never 0 and never in the upper half, so that there is no end to run into. */
	t->start = be64_get(bytes) >> 1 | 1;
	t->digits = 0;
	return 0;
}

int dagjob_terms_init(struct dagjob_terms *t, struct err *err)
{
	t->difficulty = 1;
	return start_anywhere(t, err);
}

static const char *bare(const char *text)
{
	return text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? text + 2 : text;
}

int dagjob_prefix(struct dagjob_terms *t, const json_t *text, struct err *err)
{
	const char *p = json_is_string(text) ? bare(json_string_value(text)) : NULL;
	size_t len = p ? strlen(p) : 0, i;
	uint64_t v = 0;

	for (i = 0; p && i < len && i <= NONCE_PREFIX_MAX; i++) {
		int digit = hex_digit(p[i]);

		if (digit < 0)
			p = NULL;
		else
			v = v << 4 | (uint64_t)digit;
	}
	if (!p || len > NONCE_PREFIX_MAX)
		return err_set(err, ERR_PROTO, "the extranonce is not at most 7 bytes of hex");
	if (!len)
		return start_anywhere(t, err);
	t->digits = (unsigned)len;
	t->start = v << 4 * (NONCE_DIGITS - len);
	return 0;
}

bool dagjob_serves(const struct algo *algo)
{
	return algo->dataset && algo->header_len == DAGJOB_HEADER_LEN && algo->nonce_off == 32 &&
	       algo->nonce_len == 8;
}

/* ---- members of the message ---- */

static bool absent(const json_t *v)
{
	return !v || json_is_null(v) || (json_is_string(v) && !json_string_length(v));
}

static int get_hash(uint8_t out[32], const json_t *v, const struct dagjob_parts *p,
		    const char *name, struct err *err)
{
	const char *text = json_is_string(v) ? bare(json_string_value(v)) : NULL;

	if (!text || hex_decode(out, 32, text, strlen(text)))
		return err_set(err, ERR_PROTO, "%s: %s is not 64 hex digits", p->what, name);
	return 0;
}

/* A number, or its text: 0x-hex, decimal, or hex that shows by its letters. */
static int get_height(uint64_t *out, const struct dagjob_parts *p, struct err *err)
{
	const char *text = json_string_value(p->height);
	char prefixed[24] = "0x";
	int rc = -ERR_PROTO;

	*out = 0;
	if (absent(p->height))
		return 0;
	if (json_is_integer(p->height) && json_integer_value(p->height) >= 0) {
		*out = (uint64_t)json_integer_value(p->height);
		rc = 0;
	} else if (text) {
		if (bare(text) == text && (p->hex_height || text[strspn(text, "0123456789")]) &&
		    str_copy(prefixed + 2, sizeof prefixed - 2, text))
			text = prefixed;
		rc = str_to_u64(out, text, 0, UINT64_MAX);
	}
	return rc ? err_set(err, ERR_PROTO, "%s: the height is not a number", p->what) : 0;
}

static int get_target(struct job *job, const struct dagjob_terms *t, const struct dagjob_parts *p,
		      struct err *err)
{
	const char *text = json_string_value(p->target);

	if (!absent(p->target) && (!text || u256_parse(&job->target, text)))
		return err_set(err, ERR_PROTO, "%s: the target is not at most 64 hex digits",
			       p->what);
	if (u256_is_zero(&job->target) && !p->strict_target)
		job->target = t->has_target ? t->target : algo_target(job->algo, t->difficulty);
	if (u256_is_zero(&job->target))
		return err_set(err, ERR_PROTO, "%s: no target, or 0", p->what);
	job->difficulty = algo_difficulty(job->algo, &job->target);
	return 0;
}

/* The network's target, from a header's compact "bits"; left 0 when they make no sense. */
static void get_network(struct u256 *out, const json_t *bits)
{
	const char *text = json_is_string(bits) ? bare(json_string_value(bits)) : NULL;
	uint8_t bytes[4];

	if (text && !hex_decode(bytes, sizeof bytes, text, strlen(text)))
		u256_from_compact(out, be32_get(bytes));
}

/* ---- epochs ---- */

static int epoch_of_seed(uint32_t *epoch, const struct algo *algo, struct dagjob_terms *t,
			 const uint8_t seed[32], struct err *err)
{
	if (!t->looked_up || memcmp(t->seed, seed, 32)) {
		memcpy(t->seed, seed, 32);
		t->seed_rc = algo->dataset->of_seed(algo, seed, &t->seed_epoch, NULL);
		t->looked_up = true;
	}
	*epoch = t->seed_epoch;
	return t->seed_rc ? err_set(err, ERR_RANGE,
				    "the seed hash is not that of any epoch of %s: is the "
				    "algorithm right?",
				    algo->name)
			  : 0;
}

static int get_epoch(struct client *c, struct job *job, struct dagjob_terms *t,
		     const struct dagjob_parts *p, struct err *err)
{
	const struct algo *algo = job->algo;
	bool seeded = !absent(p->seed);
	uint8_t seed[32];
	uint32_t other;
	int rc = get_height(&job->height, p, err);

	if (!rc && seeded)
		rc = get_hash(seed, p->seed, p, "the seed hash", err);
	if (rc)
		return rc;
	if (!job->height && algo->program)
		return err_set(err, ERR_PROTO, "%s: no height, which %s needs", p->what,
			       algo->name);
	if (!job->height && !seeded)
		return err_set(err, ERR_PROTO, "%s: neither height nor seed hash", p->what);
	if (!job->height) {
		rc = epoch_of_seed(&job->epoch, algo, t, seed, err);
		if (rc)
			err_prefix(err, "%s", p->what);
		return rc;
	}
	rc = algo->dataset->of_height(algo, job->height, &job->epoch, err);
	if (rc)
		err_prefix(err, "%s", p->what);
	if (!rc && seeded && !t->warned &&
	    (epoch_of_seed(&other, algo, t, seed, NULL) || other != job->epoch)) {
		t->warned = true;
		client_note(c, NOTE_WARNING,
			    "the pool's seed hash is not that of height %" PRIu64
			    " of %s: is the algorithm right?  Going by the height",
			    job->height, algo->name);
	}
	return rc;
}

/* ---- jobs ---- */

static int fill(struct client *c, struct job *job, struct dagjob_terms *t,
		const struct dagjob_parts *p, struct err *err)
{
	struct dagjob *priv = job->priv;
	int rc = get_hash(priv->header, p->header, p, "the header hash", err);

	if (!rc && p->id)
		rc = jsonline_job_id(job->id, &priv->id_is_number, p->id, err);
	else if (!rc)
		hex_encode(job->id, priv->header, sizeof priv->header);
	if (!rc)
		rc = get_target(job, t, p, err);
	if (!rc)
		rc = get_epoch(c, job, t, p, err);
	get_network(&priv->network, p->bits);
	priv->digits = t->digits;
	priv->start = t->start;
	priv->count = t->digits ? UINT64_C(1) << 4 * (NONCE_DIGITS - t->digits) : 0 - t->start;
	job->clean = p->clean;
	return rc;
}

int dagjob_new(struct job **out, struct client *c, const struct dialect *dialect,
	       struct dagjob_terms *t, const struct dagjob_parts *parts, struct err *err)
{
	struct job *job = job_new(client_algo(c), dialect);
	int rc;

	if (!job)
		return err_set(err, ERR_NOMEM, "no memory for a job");
	job->priv = calloc(1, sizeof(struct dagjob));
	rc = job->priv ? fill(c, job, t, parts, err)
		       : err_set(err, ERR_NOMEM, "no memory for a job");
	if (rc)
		job_unref(job);
	else
		*out = job;
	return rc;
}

/*
 * The nonce's field holds the first nonce, so that what was done of a job is told apart from the
 * same job with another extranonce.
 */
int dagjob_make_work(const struct job *job, uint64_t roll, struct work *out)
{
	const struct dagjob *priv = job->priv;

	if (roll)
		return -ERR_RANGE;
	memcpy(out->header, priv->header, sizeof priv->header);
	le64_put(out->header + 32, priv->start);
	out->header_len = DAGJOB_HEADER_LEN;
	out->nonce_first = priv->start;
	out->nonce_count = priv->count;
	return 0;
}

bool dagjob_is_block(const struct job *job, const struct digest *digest)
{
	const struct dagjob *priv = job->priv;

	return !u256_is_zero(&priv->network) && u256_cmp(&digest->hash, &priv->network) <= 0;
}

void dagjob_done(struct job *job)
{
	free(job->priv);
}

char *dagjob_hash_text(char out[DAGJOB_HASH_TEXT], const uint8_t hash[32])
{
	memcpy(out, "0x", 2);
	hex_encode(out + 2, hash, 32);
	return out;
}

char *dagjob_nonce_text(char out[DAGJOB_NONCE_TEXT], uint64_t nonce)
{
	uint8_t bytes[8];

	be64_put(bytes, nonce);
	memcpy(out, "0x", 2);
	hex_encode(out + 2, bytes, sizeof bytes);
	return out;
}
