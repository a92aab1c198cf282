/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stratum V1 against blocks that real chains hold: from the pool's messages the very header
 * comes out, it hashes to what the chain says, and the submit is the one recorded.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool/stratum1_job.h"
#include "src/bytes.h"
#include "src/hex.h"
#include "tests/fake_client.h"
#include "tests/t.h"

extern const struct dialect dialect_stratum1;

static json_t *fixture(const char *name)
{
	const char *top = getenv("top_srcdir");
	char path[1024];

	snprintf(path, sizeof path, "%s/tests/fixtures/%s", top ? top : ".", name);
	return json_load_file(path, 0, NULL);
}

static const char *text(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s ? s : "";
}

/* The method of the transcript's client line with this id. */
static const char *method_of(const json_t *transcript, const json_t *id)
{
	const json_t *e, *line;
	size_t i;

	json_array_foreach(transcript, i, e)
	{
		line = json_object_get(e, "json");
		if (!strcmp(text(e, "from"), "client") &&
		    json_equal(json_object_get(line, "id"), (json_t *)id))
			return text(line, "method");
	}
	return "";
}

/* Our request id for a method, or NULL. */
static json_t *our_id(struct client *c, const char *method)
{
	unsigned i;

	for (i = 0; i < c->sent.n; i++) {
		json_t *line = json_loads(c->sent.at[i], 0, NULL);
		json_t *id = NULL;

		if (!strcmp(text(line, "method"), method))
			id = json_incref(json_object_get(line, "id"));
		json_decref(line);
		if (id)
			return id;
	}
	return NULL;
}

/* What the pool said, with the ids of our requests; returns the recorded submit's params. */
static const json_t *replay(struct client *c, const json_t *transcript)
{
	const json_t *e, *submit = NULL;
	size_t i;

	json_array_foreach(transcript, i, e)
	{
		json_t *line = json_deep_copy(json_object_get(e, "json")), *id;
		const json_t *theirs = json_object_get(line, "id");
		char *out;

		if (!strcmp(text(e, "from"), "client")) {
			if (!strcmp(text(line, "method"), "mining.submit"))
				submit = json_object_get(json_object_get(e, "json"), "params");
			json_decref(line);
			continue;
		}
		id = json_is_null(theirs) ? NULL : our_id(c, method_of(transcript, theirs));
		if (id)
			json_object_set_new(line, "id", id);
		out = json_dumps(line, JSON_COMPACT);
		if (!submit) {
			fake_feed(c, out, strlen(out));
			fake_feed(c, "\n", 1);
		}
		free(out);
		json_decref(line);
	}
	return submit;
}

static uint64_t number(const json_t *params, size_t i)
{
	return strtoull(json_string_value(json_array_get(params, i)), NULL, 16);
}

static void check_hash(const struct client *c, const struct work *work, uint64_t nonce,
		       const char *want_be)
{
	struct digest digest;
	char hex[65];

	CHECK_INT(c->algo->hash(NULL, work, nonce, &digest), 0);
	CHECK_STR(u256_hex(hex, &digest.hash), want_be);
}

static void check_submit(struct client *c, const json_t *want)
{
	json_t *line = json_loads(c->sent.at[c->sent.n - 1], 0, NULL);
	const json_t *got = json_object_get(line, "params");
	size_t i;

	CHECK_INT(json_array_size(got), json_array_size(want));
	for (i = 1; i < json_array_size(want); i++)
		CHECK_STR(json_string_value(json_array_get(got, i)),
			  json_string_value(json_array_get(want, i)));
	json_decref(line);
}

static void real_block(const char *name, const char *algo)
{
	json_t *all = fixture(name);
	const json_t *expect = json_object_get(all, "expect"), *submit;
	struct client *c = malloc(sizeof *c);
	struct work work = {0};
	char hex[161], target[65];
	uint64_t roll, nonce;

	fake_init(c, &dialect_stratum1, algo_find(algo));
	memcpy(c->user, "u", 2);
	fake_connect(c);
	submit = replay(c, json_object_get(all, "transcript"));
	if (!CHECK(all && c->job && submit))
		goto out;
	roll = number(submit, 2);
	nonce = number(submit, 4);
	CHECK_INT(dialect_stratum1.make_work(c->job, roll, &work), 0);
	algo_put_nonce(c->algo, work.header, nonce);
	CHECK_STR(hex_encode(hex, work.header, 80), text(expect, "header_hex"));
	check_hash(c, &work, nonce, text(expect, "pow_hash_be"));
	CHECK_STR(u256_hex(target, &c->job->target), text(all, "share_target_be"));
	fake_find(c, roll, nonce);
	check_submit(c, submit);
out:
	fake_done(c);
	free(c);
	json_decref(all);
}

static void bitcoin_block_125552_comes_out(void)
{
	real_block("stratum_v1_sha256d_bitcoin_125552.json", "sha256d");
}

static void litecoin_block_900000_comes_out(void)
{
	real_block("stratum_v1_scrypt_litecoin_900000.json", "scrypt");
}

static void litecoin_genesis_comes_out(void)
{
	real_block("stratum_v1_scrypt_litecoin_genesis.json", "scrypt");
}

/*
 * Its extranonce2 has 8 bytes, so our rolls never reach the version: everything but that
 * must come out, and with the recorded version put in, the hash.
 */
static void bitcoin_block_951658_comes_out_but_for_its_rolled_version(void)
{
	json_t *all = fixture("stratum_v1_sha256d_bitcoin_951658_version_rolling.json");
	const json_t *expect = json_object_get(all, "expect"), *submit;
	struct client *c = malloc(sizeof *c);
	struct work work = {0};
	char hex[161];

	fake_init(c, &dialect_stratum1, algo_find("sha256d"));
	fake_connect(c);
	submit = replay(c, json_object_get(all, "transcript"));
	if (CHECK(all && c->job && submit)) {
		const struct stratum1_job *job = c->job->priv;

		CHECK_INT(job->terms.version_mask, 0x1fffe000);
		CHECK_INT(dialect_stratum1.make_work(c->job, number(submit, 2), &work), 0);
		algo_put_nonce(c->algo, work.header, number(submit, 4));
		CHECK_STR(hex_encode(hex, work.header + 4, 76), text(expect, "header_hex") + 8);
		le32_put(work.header,
			 (job->version & ~job->terms.version_mask) | (uint32_t)number(submit, 5));
		check_hash(c, &work, number(submit, 4), text(expect, "pow_hash_be"));
	}
	fake_done(c);
	free(c);
	json_decref(all);
}

static void rolls_are_distinct_and_end(void)
{
	static const char login[] = "{\"id\":1,\"result\":{\"version-rolling\":true,\"version-"
				    "rolling.mask\":\"00006000\"}}\n"
				    "{\"id\":2,\"result\":[[],\"00\",1],\"error\":null}\n";
	json_t *all = fixture("stratum_v1_sha256d_bitcoin_125552.json");
	const json_t *lines = json_object_get(all, "transcript");
	char *notify = json_dumps(json_object_get(json_array_get(lines, 5), "json"), 0);
	struct client *c = malloc(sizeof *c);
	struct work work[1024];
	unsigned i, j, same = 0;

	fake_init(c, &dialect_stratum1, algo_find("sha256d"));
	fake_connect(c);
	/* the pool's version has a bit of the mask set already */
	if (CHECK(strstr(notify, "\"00000001\"") != NULL))
		memcpy(strstr(notify, "\"00000001\""), "\"00002001\"", 10);
	fake_feed(c, login, sizeof login - 1);
	fake_feed(c, notify, strlen(notify));
	fake_feed(c, "\n", 1);
	if (CHECK(c->job != NULL)) {
		for (i = 0; i < 1024; i++)
			CHECK_INT(dialect_stratum1.make_work(c->job, i, &work[i]), 0);
		for (i = 0; i < 1024; i++)
			for (j = 0; j < i; j++)
				same += !memcmp(work[i].header, work[j].header, 80);
		CHECK_INT(same, 0);
		CHECK_INT(dialect_stratum1.make_work(c->job, 1024, &work[0]), -ERR_RANGE);
	}
	free(notify);
	fake_done(c);
	free(c);
	json_decref(all);
}

static void a_line_without_end_is_cut_off(void)
{
	struct client *c = malloc(sizeof *c);
	char *much = malloc(LINE_MAX_BYTES + 1);

	memset(much, 'a', LINE_MAX_BYTES + 1);
	fake_init(c, &dialect_stratum1, algo_find("sha256d"));
	fake_connect(c);
	fake_feed(c, much, LINE_MAX_BYTES - 1);
	CHECK(!c->over);
	fake_feed(c, much, 1);
	CHECK(c->over);
	CHECK_HAS(c->why.text, "longer than");
	fake_done(c);
	free(c);
	free(much);
}

int main(void)
{
	T_RUN(bitcoin_block_125552_comes_out);
	T_RUN(litecoin_block_900000_comes_out);
	T_RUN(litecoin_genesis_comes_out);
	T_RUN(bitcoin_block_951658_comes_out_but_for_its_rolled_version);
	T_RUN(rolls_are_distinct_and_end);
	T_RUN(a_line_without_end_is_cut_off);
	return t_done();
}
