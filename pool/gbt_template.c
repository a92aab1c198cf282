/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A block template checked and made ready. */
#include <stdlib.h>
#include <string.h>

#include "pool/address.h"
#include "pool/gbt_template.h"
#include "pool/merkle.h"
#include "src/bytes.h"
#include "src/hex.h"
#include "src/str.h"

#define TAG_MAX 40

static int missing(struct err *err, const char *member, const char *want)
{
	return err_set(err, ERR_PROTO, "block template: %s is not %s", member, want);
}

static const char *text_of(const json_t *o, const char *name, size_t *len)
{
	const json_t *v = json_object_get(o, name);

	*len = json_is_string(v) ? json_string_length(v) : 0;
	return json_string_value(v);
}

/* There, and neither null nor text. */
static bool is_alien(const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);

	return v && !json_is_null(v) && !json_is_string(v);
}

/* Whole bytes of hex, at least one: it goes into the block as it is. */
static bool is_hex(const char *text, size_t len)
{
	size_t i;

	for (i = 0; text && i < len; i++)
		if (hex_digit(text[i]) < 0)
			return false;
	return text && len && len % 2 == 0;
}

static int get_number(uint64_t *out, const json_t *o, const char *name, uint64_t max,
		      struct err *err)
{
	const json_t *v = json_object_get(o, name);

	if (!json_is_integer(v) || json_integer_value(v) < 0 ||
	    (uint64_t)json_integer_value(v) > max)
		return missing(err, name, "a number in range");
	*out = (uint64_t)json_integer_value(v);
	return 0;
}

/* Display order in, header order out. */
static int get_hash(uint8_t out[32], const char *text, size_t len)
{
	uint8_t bytes[32];
	int i;

	if (!text || hex_decode(bytes, sizeof bytes, text, len))
		return -ERR_PROTO;
	for (i = 0; i < 32; i++)
		out[i] = bytes[31 - i];
	return 0;
}

/* A rule with a leading ! must be understood by who makes the block. */
static int check_rules(const json_t *o, struct err *err)
{
	static const char *const known[] = {"!segwit", "!mweb", "!csv", "!taproot"};
	static const char *const alien[] = {"masternode",       "superblock",
					    "coinbase_payload", "znode",
					    "signet_challenge", "CommunityAutonomousAddress"};
	const json_t *rule, *v;
	size_t i, j;

	json_array_foreach(json_object_get(o, "rules"), i, rule)
	{
		const char *text = json_is_string(rule) ? json_string_value(rule) : "";
		char shown[40];

		if (text[0] != '!')
			continue;
		for (j = 0; j < sizeof known / sizeof *known && strcmp(known[j], text); j++)
			;
		if (j == sizeof known / sizeof *known)
			return err_set(err, ERR_USAGE,
				       "the node demands the rule '%s', which is not understood "
				       "here: mining would make invalid blocks",
				       str_printable(shown, sizeof shown, text, strlen(text)));
	}
	for (j = 0; j < sizeof alien / sizeof *alien; j++) {
		v = json_object_get(o, alien[j]);
		if (!v || json_is_null(v) || (json_is_array(v) && !json_array_size(v)) ||
		    (json_is_object(v) && !json_object_size(v)) ||
		    (json_is_string(v) && !json_string_length(v)))
			continue;
		return err_set(err, ERR_USAGE,
			       "the template has '%s', a mandatory part that is not understood "
			       "here: mining would make invalid blocks",
			       alien[j]);
	}
	return 0;
}

static int get_basics(struct gbt_template *t, const json_t *o, struct err *err)
{
	uint64_t version, time, height;
	uint8_t bits[4];
	const char *text;
	size_t len;
	int rc;

	rc = get_number(&version, o, "version", UINT32_MAX, err);
	if (!rc)
		rc = get_number(&time, o, "curtime", UINT32_MAX, err);
	if (!rc)
		rc = get_number(&height, o, "height", 0x7fffffff, err);
	if (rc)
		return rc;
	t->version = (uint32_t)version;
	t->time = (uint32_t)time;
	t->height = height;
	text = text_of(o, "bits", &len);
	if (!text || hex_decode(bits, sizeof bits, text, len))
		return missing(err, "bits", "8 hex digits");
	t->bits = be32_get(bits);
	text = text_of(o, "previousblockhash", &len);
	if (get_hash(t->prev, text, len))
		return missing(err, "previousblockhash", "64 hex digits");
	text = text_of(o, "target", &len);
	if (!text || len != 64 || u256_parse(&t->target, text) || u256_is_zero(&t->target))
		return missing(err, "target", "64 hex digits");
	return 0;
}

/* The branch of transaction 0, from the others' ids. */
static int get_branch(struct gbt_template *t, const json_t *txs, struct err *err)
{
	size_t n = json_array_size(txs), i;
	uint8_t(*level)[32];
	int rc = 0;

	if (!json_is_array(txs) || n > GBT_TXS_MAX)
		return missing(err, "transactions", "an array of at most 100000");
	level = calloc(n + 1, sizeof *level);
	if (!level)
		return err_set(err, ERR_NOMEM, "no memory for a block template");
	for (i = 0; !rc && i < n; i++) {
		const json_t *tx = json_array_get(txs, i);
		size_t len, data_len;
		const char *data = text_of(tx, "data", &data_len);
		const char *id = text_of(tx, "txid", &len);

		if (!id)
			id = text_of(tx, "hash", &len);
		if (get_hash(level[i], id, len))
			rc = missing(err, "a transaction's txid", "64 hex digits");
		else if (!is_hex(data, data_len))
			rc = missing(err, "a transaction's data", "hex");
	}
	while (!rc && n) {
		if (t->n_branch == GBT_BRANCH_MAX) {
			rc = missing(err, "transactions", "a tree of at most 24 levels");
			break;
		}
		memcpy(t->branch[t->n_branch++], level[0], 32);
		if (n % 2 == 0) { /* with the coinbase's side an odd row: its last counts twice */
			memcpy(level[n], level[n - 1], 32);
			n++;
		}
		for (i = 1; i + 1 < n; i += 2)
			merkle_sha256d(level[(i - 1) / 2], level[i], 64);
		n = (n - 1) / 2;
	}
	free(level);
	return rc;
}

/* BIP 34: the height as the smallest script number; returns its length. */
static size_t put_height(uint8_t *out, uint64_t height)
{
	size_t n = 0;

	if (height <= 16) {
		out[0] = height ? (uint8_t)(0x50 + height) : 0;
		return 1;
	}
	while (height) {
		out[++n] = (uint8_t)height;
		height >>= 8;
	}
	if (out[n] & 0x80)
		out[++n] = 0;
	out[0] = (uint8_t)n;
	return n + 1;
}

static uint8_t *put_output(uint8_t *at, uint64_t value, const uint8_t *script, size_t len)
{
	le64_put(at, value);
	at[8] = (uint8_t)len;
	memcpy(at + 9, script, len);
	return at + 9 + len;
}

static uint8_t *put_input(struct gbt_template *t, uint8_t *at, const char *tag)
{
	size_t tag_len = tag ? strlen(tag) : 0, script;
	uint8_t *len_at;

	if (tag_len > TAG_MAX)
		tag_len = TAG_MAX;
	le32_put(at, 1);
	at[4] = 1;
	memset(at + 5, 0, 32);
	le32_put(at + 37, 0xffffffff);
	len_at = at + 41;
	at = len_at + 1;
	at += put_height(at, t->height);
	*at++ = 8;
	t->extranonce_at = (size_t)(at - t->coinbase);
	memset(at, 0, 8);
	at += 8;
	if (tag_len)
		memcpy(at, tag, tag_len);
	at += tag_len;
	script = (size_t)(at - len_at) - 1;
	*len_at = (uint8_t)script;
	le32_put(at, 0xffffffff);
	return at + 4;
}

static int make_coinbase(struct gbt_template *t, const json_t *o, const uint8_t *script,
			 size_t script_len, const char *tag, struct err *err)
{
	uint8_t commitment[80], *at = put_input(t, t->coinbase, tag);
	size_t len;
	const char *text = text_of(o, "default_witness_commitment", &len);
	const char *mweb;
	size_t mweb_len;
	uint64_t value;
	int rc = get_number(&value, o, "coinbasevalue", UINT64_C(1) << 62, err);

	if (rc)
		return rc;
	if (is_alien(o, "default_witness_commitment") ||
	    (text &&
	     (!len || len / 2 > sizeof commitment || hex_decode(commitment, len / 2, text, len))))
		return missing(err, "default_witness_commitment", "at most 80 bytes of hex");
	t->witness = text != NULL;
	mweb = text_of(o, "mweb", &mweb_len);
	if (is_alien(o, "mweb") || (mweb && !is_hex(mweb, mweb_len)))
		return missing(err, "mweb", "hex");
	*at++ = text ? 2 : 1;
	at = put_output(at, value, script, script_len);
	if (text)
		at = put_output(at, 0, commitment, len / 2);
	le32_put(at, 0);
	t->coinbase_len = (size_t)(at + 4 - t->coinbase);
	return 0;
}

int gbt_template_new(struct gbt_template **out, json_t *result, const uint8_t *script,
		     size_t script_len, const char *tag, struct err *err)
{
	struct gbt_template *t;
	int rc;

	if (!json_is_object(result))
		return missing(err, "the answer", "an object");
	if (!script_len || script_len > ADDRESS_SCRIPT_MAX)
		return err_set(err, ERR_USAGE, "no script to pay the reward to");
	t = calloc(1, sizeof *t);
	if (!t)
		return err_set(err, ERR_NOMEM, "no memory for a block template");
	t->json = json_incref(result);
	rc = check_rules(result, err);
	if (!rc)
		rc = get_basics(t, result, err);
	if (!rc)
		rc = get_branch(t, json_object_get(result, "transactions"), err);
	if (!rc)
		rc = make_coinbase(t, result, script, script_len, tag, err);
	if (rc) {
		gbt_template_free(t);
		return rc;
	}
	*out = t;
	return 0;
}

void gbt_template_free(struct gbt_template *t)
{
	if (!t)
		return;
	json_decref(t->json);
	free(t);
}

void gbt_template_header(const struct gbt_template *t, const uint8_t extranonce[8],
			 uint8_t header[80])
{
	uint8_t coinbase[GBT_COINBASE_MAX], leaf[32];

	memcpy(coinbase, t->coinbase, t->coinbase_len);
	memcpy(coinbase + t->extranonce_at, extranonce, 8);
	merkle_sha256d(leaf, coinbase, t->coinbase_len);
	le32_put(header, t->version);
	memcpy(header + 4, t->prev, 32);
	merkle_fold(header + 36, leaf, t->branch, t->n_branch);
	le32_put(header + 68, t->time);
	le32_put(header + 72, t->bits);
	le32_put(header + 76, 0);
}

/* Text that grows; after a failure it stays NULL. */
struct text {
	char *at;
	size_t len, size;
	bool failed;
};

static void add_text(struct text *t, const char *s, size_t len)
{
	if (!t->failed && t->len + len + 1 > t->size) {
		size_t size = (t->len + len + 1) * 2;
		char *at = realloc(t->at, size);

		t->failed = !at;
		if (at) {
			t->at = at;
			t->size = size;
		}
	}
	if (t->failed)
		return;
	memcpy(t->at + t->len, s, len);
	t->len += len;
	t->at[t->len] = '\0';
}

static void add_bytes(struct text *t, const void *bytes, size_t len)
{
	char hex[2 * GBT_COINBASE_MAX + 1];

	hex_encode(hex, bytes, len);
	add_text(t, hex, 2 * len);
}

static void add_count(struct text *t, size_t n)
{
	uint8_t bytes[5] = {(uint8_t)n};

	if (n < 0xfd) {
		add_bytes(t, bytes, 1);
		return;
	}
	bytes[0] = n <= 0xffff ? 0xfd : 0xfe;
	le32_put(bytes + 1, (uint32_t)n);
	add_bytes(t, bytes, n <= 0xffff ? 3 : 5);
}

static void add_coinbase(struct text *out, const struct gbt_template *t,
			 const uint8_t extranonce[8])
{
	static const uint8_t marker[2] = {0, 1}, witness[34] = {1, 32};
	uint8_t coinbase[GBT_COINBASE_MAX];

	memcpy(coinbase, t->coinbase, t->coinbase_len);
	memcpy(coinbase + t->extranonce_at, extranonce, 8);
	add_bytes(out, coinbase, 4);
	if (t->witness)
		add_bytes(out, marker, sizeof marker);
	add_bytes(out, coinbase + 4, t->coinbase_len - 8);
	if (t->witness)
		add_bytes(out, witness, sizeof witness);
	add_bytes(out, coinbase + t->coinbase_len - 4, 4);
}

char *gbt_template_block(const struct gbt_template *t, const uint8_t extranonce[8],
			 const uint8_t header[80])
{
	const json_t *txs = json_object_get(t->json, "transactions"), *tx;
	struct text out = {0};
	const char *text;
	size_t i, len;

	add_bytes(&out, header, 80);
	add_count(&out, json_array_size(txs) + 1);
	add_coinbase(&out, t, extranonce);
	json_array_foreach(txs, i, tx)
	{
		text = text_of(tx, "data", &len);
		add_text(&out, text, len);
	}
	text = text_of(t->json, "mweb", &len);
	if (text) {
		add_text(&out, "01", 2);
		add_text(&out, text, len);
	}
	if (out.failed) {
		free(out.at);
		return NULL;
	}
	return out.at;
}
