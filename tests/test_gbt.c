/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Solo mining: blocks that a real node accepted come out byte for byte; templates that make
 * no sense are refused; the talk with a node, good and bad.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool/address.h"
#include "pool/gbt_template.h"
#include "pool/merkle.h"
#include "src/bytes.h"
#include "src/hex.h"
#include "tests/fake_client.h"
#include "tests/t.h"

extern const struct dialect dialect_gbt;

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

/* The recorded template (a new reference). */
static json_t *recorded(const json_t *all)
{
	const json_t *line = json_array_get(json_object_get(all, "transcript"), 1);

	return json_incref(json_object_get(json_object_get(line, "json"), "result"));
}

static const uint8_t extranonce[8] = {1, 2, 3, 4, 5, 6, 7, 8};

/* The script of the recorded reward: output 0 of its coinbase. */
static size_t script_of(uint8_t *out, const char *coinbase_hex, unsigned height_len)
{
	size_t at = 2 * (4 + 1 + 36 + 1 + height_len + 9 + 4 + 4 + 1 + 8);
	size_t len = (size_t)strtoul((char[]){coinbase_hex[at], coinbase_hex[at + 1], 0}, NULL, 16);

	hex_decode(out, len, coinbase_hex + at + 2, 2 * len);
	return len;
}

static void block_of(const char *name, unsigned height_len)
{
	json_t *all = fixture(name), *result = recorded(all);
	const json_t *expect = json_object_get(all, "expect");
	struct gbt_template *tmpl = NULL;
	uint8_t script[64], header[80];
	struct err err = {0};
	char *block, hex[161];
	size_t len;

	if (!CHECK(all && result))
		return;
	len = script_of(script, text(expect, "coinbase_txid_preimage_hex"), height_len);
	if (!CHECK_OK(gbt_template_new(&tmpl, result, script, len, "/fx/", &err), &err))
		return;
	gbt_template_header(tmpl, extranonce, header);
	le32_put(header + 76, (uint32_t)json_integer_value(json_object_get(expect, "nonce")));
	/* they took the time of their own clock, within what the node allows */
	hex_decode(header + 68, 4, text(expect, "header_hex") + 136, 8);
	CHECK_STR(hex_encode(hex, header, 80), text(expect, "header_hex"));
	block = gbt_template_block(tmpl, extranonce, header);
	CHECK_STR(block, text(expect, "block_hex"));
	free(block);
	gbt_template_free(tmpl);
	json_decref(result);
	json_decref(all);
}

static void the_block_that_litecoind_took_comes_out(void)
{
	block_of("gbt_litecoin_regtest_segwit_recorded.json", 2);
}

static void the_block_with_mweb_comes_out(void)
{
	block_of("gbt_litecoin_regtest_mweb_recorded.json", 3);
}

static void templates_that_make_no_sense_are_refused(void)
{
	static const struct {
		const char *member, *value, *says;
	} bad[] = {
		{"version", "-1", "version"},
		{"version", "\"x\"", "version"},
		{"curtime", "null", "curtime"},
		{"height", "1e3", "height"},
		{"height", "-5", "height"},
		{"height", "99999999999", "height"},
		{"bits", "\"1d00ff\"", "bits"},
		{"bits", "7", "bits"},
		{"previousblockhash", "\"00\"", "previousblockhash"},
		{"previousblockhash", "null", "previousblockhash"},
		{"target", "\"zz\"", "target"},
		{"target", "\"0000000000000000000000000000000000000000000000000000000000000000\"",
		 "target"},
		{"transactions", "{}", "transactions"},
		{"transactions", "[5]", "txid"},
		{"transactions", "[{\"txid\":\"00\"}]", "txid"},
		{"transactions",
		 "[{\"txid\":\"00000000000000000000000000000000000000000000000000000000000000aa\"}"
		 "]",
		 "data"},
		{"coinbasevalue", "-1", "coinbasevalue"},
		{"coinbasevalue", "\"5\"", "coinbasevalue"},
		{"default_witness_commitment", "\"6a2\"", "default_witness_commitment"},
		{"default_witness_commitment", "5", "default_witness_commitment"},
		{"default_witness_commitment", "\"\"", "default_witness_commitment"},
		{"mweb", "[]", "mweb"},
		{"mweb", "\"0\"", "mweb"},
		{"rules", "[\"!signet\"]", "!signet"},
		{"masternode", "[{\"payee\":\"x\"}]", "masternode"},
		{"coinbase_payload", "\"0200\"", "coinbase_payload"},
	};
	json_t *all = fixture("gbt_litecoin_regtest_segwit_recorded.json");
	const uint8_t script[22] = {0, 20};
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		json_t *whole = recorded(all), *o = json_deep_copy(whole);
		struct gbt_template *tmpl = NULL;
		struct err err = {0};

		json_object_set_new(o, bad[i].member,
				    json_loads(bad[i].value, JSON_DECODE_ANY, NULL));
		if (!CHECK(gbt_template_new(&tmpl, o, script, sizeof script, NULL, &err) < 0))
			printf("\t%s: %s\n", bad[i].member, bad[i].value);
		CHECK_HAS(err.text, bad[i].says);
		json_decref(o);
		json_decref(whole);
	}
	json_decref(all);
}

/* ---- the talk ---- */

#define ADDRESS "rltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kqqqqqq"
#define SCRIPT  "0014751e76e8199196d454941c45d1b3a323f1433bd6"

static struct client *node(const char *address)
{
	struct client *c = malloc(sizeof *c);

	fake_init(c, &dialect_gbt, algo_find("scrypt"));
	if (address)
		snprintf(c->options[c->n_options++], sizeof c->options[0], "coinbase-addr=%s",
			 address);
	fake_connect(c);
	return c;
}

static void leave(struct client *c)
{
	fake_done(c);
	free(c);
}

/* The request id of the newest post, whose text must hold what. */
static uint32_t asked(struct client *c, const char *what)
{
	if (!c->sent.n) {
		CHECK(!"something was posted");
		return 0;
	}
	CHECK_HAS(c->sent.at[c->sent.n - 1], what);
	return c->posted[c->sent.n - 1];
}

static uint32_t asked_before_last(struct client *c, const char *what)
{
	if (c->sent.n < 2) {
		CHECK(!"two things were posted");
		return 0;
	}
	CHECK_HAS(c->sent.at[c->sent.n - 2], what);
	return c->posted[c->sent.n - 2];
}

static void reply_json(struct client *c, uint32_t id, json_t *take)
{
	json_t *all = json_pack("{s:o, s:n, s:i}", "result", take, "error", "id", 1);
	char *body = json_dumps(all, 0);

	fake_reply(c, id, 200, body);
	free(body);
	json_decref(all);
}

static json_t *template_of(const char *prev_last, const char *longpollid)
{
	json_t *all = fixture("gbt_litecoin_regtest_segwit_recorded.json");
	json_t *whole = recorded(all), *o = json_deep_copy(whole);
	char prev[65];

	snprintf(prev, sizeof prev, "%062d%s", 0, prev_last);
	json_object_set_new(o, "previousblockhash", json_string(prev));
	json_object_set_new(o, "longpollid", json_string(longpollid));
	json_decref(whole);
	json_decref(all);
	return o;
}

/* Through the address to the first job. */
static struct client *mining(void)
{
	struct client *c = node(ADDRESS);

	reply_json(c, asked(c, "validateaddress"),
		   json_pack("{s:b, s:s}", "isvalid", 1, "scriptPubKey", SCRIPT));
	reply_json(c, asked(c, "getblocktemplate"), template_of("aa", "lp1"));
	CHECK(fake_event(c, "ready") != NULL);
	CHECK_HAS(fake_event(c, "job"), "clean=yes");
	CHECK_HAS(c->sent.at[c->sent.n - 1], "\"longpollid\":\"lp1\"");
	return c;
}

static void without_an_address_it_does_not_start(void)
{
	struct client *c = node(NULL);

	CHECK(c->over);
	CHECK_HAS(c->why.text, "--coinbase-addr");
	leave(c);
}

static void an_address_the_node_does_not_know_is_refused(void)
{
	struct client *c = node("nonsense");

	reply_json(c, asked(c, "validateaddress"), json_pack("{s:b}", "isvalid", 0));
	CHECK(c->over);
	CHECK_INT(c->why.code, ERR_AUTH);
	CHECK_HAS(c->why.text, "nonsense");
	leave(c);
}

static void an_address_node_and_we_read_differently_is_refused(void)
{
	struct client *c = node("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4");

	reply_json(c, asked(c, "validateaddress"),
		   json_pack("{s:b, s:s}", "isvalid", 1, "scriptPubKey",
			     "0014000000000000000000000000000000000000dead"));
	CHECK(c->over);
	CHECK_HAS(c->why.text, "disagree");
	leave(c);
}

/* What litecoind 0.21.2.1 says of an MWEB address: mining to it would give the reward away. */
static void an_address_without_a_script_is_refused(void)
{
	struct client *c =
		node("tmweb1qqt6r7u3u6ctfq35snwnrhzacytqwh7wrghp2efq5ptz77vywfvqg5q6uyny33"
		     "x52l78wg50ttsm4yr3nt7quwnlcjlyelqg5xsv7urltzslnc2gj");
	struct gbt_template *tmpl = NULL;
	json_t *o = template_of("aa", "lp1");
	struct err err = {0};

	reply_json(c, asked(c, "validateaddress"),
		   json_pack("{s:b, s:s, s:b}", "isvalid", 1, "scriptPubKey", "", "ismweb", 1));
	CHECK(c->over);
	CHECK_INT(c->why.code, ERR_AUTH);
	CHECK_HAS(c->why.text, "MWEB");
	CHECK_INT(c->sent.n, 1);
	CHECK_INT(gbt_template_new(&tmpl, o, extranonce, 0, NULL, &err), -ERR_USAGE);
	json_decref(o);
	leave(c);
}

static void a_node_that_still_starts_is_no_wrong_address(void)
{
	struct client *c = node("nonsense");

	fake_reply(c, asked(c, "validateaddress"), 500,
		   "{\"result\":null,\"error\":{\"code\":-28,\"message\":\"Loading block "
		   "index...\"},\"id\":1}");
	CHECK(c->over);
	CHECK_INT(c->why.code, ERR_NET);
	CHECK_HAS(c->why.text, "Loading block index");
	leave(c);
	c = node(ADDRESS);
	fake_reply(c, asked(c, "validateaddress"), 503, "Work queue depth exceeded");
	CHECK(c->over);
	CHECK_INT(c->why.code, ERR_NET);
	CHECK_HAS(c->why.text, "503");
	leave(c);
}

static void a_node_that_answers_long_polls_at_once_is_asked_at_a_pace(void)
{
	struct client *c = mining();
	struct err err = {0};
	unsigned before;

	reply_json(c, asked(c, "lp1"), template_of("aa", "lp1"));
	before = c->sent.n;
	CHECK_HAS(fake_event(c, "job"), "clean=no");
	c->now_ms += 1000;
	CHECK_INT(dialect_gbt.idle(c, c->now_ms, &err), 0);
	CHECK_INT(c->sent.n, before + 1);
	asked(c, "lp1");
	leave(c);
}

static void a_toy_target_is_not_handed_on(void)
{
	static const struct {
		const char *target, *job;
	} cases[] = {
		{"7fffff0000000000000000000000000000000000000000000000000000000000",
		 "003fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
		{"0000000fffff0000000000000000000000000000000000000000000000000000",
		 "0000000fffff0000000000000000000000000000000000000000000000000000"},
	};
	size_t i;

	for (i = 0; i < 2; i++) {
		struct client *c = mining();
		json_t *o = template_of("bb", "lp2");
		char hex[65];

		json_object_set_new(o, "target", json_string(cases[i].target));
		reply_json(c, asked(c, "lp1"), o);
		if (CHECK(c->job != NULL)) {
			u256_hex(hex, &c->job->target);
			CHECK_STR(hex, cases[i].job);
		}
		leave(c);
	}
}

static void a_new_tip_makes_a_clean_job_and_a_refresh_does_not(void)
{
	struct client *c = mining();
	struct err err = {0};
	uint32_t poll = asked(c, "lp1");

	c->now_ms += 31000;
	CHECK_INT(dialect_gbt.idle(c, c->now_ms, &err), 0);
	reply_json(c, asked(c, "getblocktemplate"), template_of("aa", "lp1"));
	CHECK_HAS(fake_event(c, "job"), "clean=no");
	reply_json(c, poll, template_of("bb", "lp2"));
	CHECK_HAS(fake_event(c, "job"), "clean=yes");
	asked(c, "lp2");
	leave(c);
}

static void a_node_that_is_not_ready_is_asked_again(void)
{
	struct client *c = node(ADDRESS);
	struct err err = {0};
	unsigned before;

	reply_json(c, asked(c, "validateaddress"),
		   json_pack("{s:b, s:s}", "isvalid", 1, "scriptPubKey", SCRIPT));
	fake_reply(c, asked(c, "getblocktemplate"), 500,
		   "{\"result\":null,\"error\":{\"code\":-8,\"message\":\"call with the segwit & "
		   "mweb rule sets\"},\"id\":1}");
	asked(c, "mweb");
	fake_reply(c, c->posted[c->sent.n - 1], 500,
		   "{\"result\":null,\"error\":{\"code\":-9,\"message\":\"not "
		   "connected!\"},\"id\":1}");
	CHECK(!c->over);
	CHECK(fake_event(c, "ready") != NULL);
	CHECK_HAS(fake_next(&c->events), "not connected!");
	before = c->sent.n;
	c->now_ms += 1000;
	CHECK_INT(dialect_gbt.idle(c, c->now_ms, &err), 0);
	CHECK_INT(c->sent.n, before);
	c->now_ms += 5000;
	CHECK_INT(dialect_gbt.idle(c, c->now_ms, &err), 0);
	CHECK_INT(c->sent.n, before + 1);
	leave(c);
}

static void wrong_credentials_say_so(void)
{
	struct client *c = node(ADDRESS);

	fake_reply(c, asked(c, "validateaddress"), 401, "");
	CHECK(c->over);
	CHECK_INT(c->why.code, ERR_AUTH);
	CHECK_HAS(c->why.text, "-u and -p");
	leave(c);
	c = node(ADDRESS);
	fake_reply(c, asked(c, "validateaddress"), 403, "");
	CHECK_HAS(c->why.text, "rpcallowip");
	leave(c);
}

static void a_node_that_is_gone_ends_the_session(void)
{
	struct client *c = mining();
	struct err err = {0};

	c->now_ms += 31000;
	CHECK_INT(dialect_gbt.idle(c, c->now_ms, &err), 0);
	fake_reply(c, asked(c, "getblocktemplate"), 0, "connection refused");
	CHECK(c->over);
	CHECK_INT(c->why.code, ERR_NET);
	CHECK_HAS(c->why.text, "connection refused");
	leave(c);
}

/* The id that explorers show: SHA-256d of the header in a submitblock call, reversed. */
static void block_of_post(const char *post, char id[65])
{
	const char *hex = strstr(post, "[\"");
	uint8_t header[80], hash[32];
	struct u256 v;

	if (!CHECK(hex && !hex_decode(header, 80, hex + 2, 160)))
		return;
	merkle_sha256d(hash, header, 80);
	v = u256_from_le(hash);
	u256_hex(id, &v);
}

static void a_block_is_submitted_once_and_its_answer_told(void)
{
	static const struct {
		const char *result, *verdict;
	} ends[] = {
		{"null", "verdict=accepted"},
		{"\"duplicate\"", "verdict=accepted"},
		{"\"inconclusive\"", "verdict=accepted"},
		{"\"high-hash\"", "verdict=rejected reason=high-hash"},
		{"\"stale-prevblk\"", "verdict=stale"},
	};
	size_t i;

	for (i = 0; i < sizeof ends / sizeof *ends; i++) {
		struct client *c = mining();
		json_t *result = json_loads(ends[i].result, JSON_DECODE_ANY, NULL);
		char id[65];

		fake_find(c, 0, 7);
		CHECK(fake_event(c, "flush") != NULL);
		CHECK_HAS(c->sent.at[c->sent.n - 1], "submitblock");
		fake_find(c, 0, 8);
		CHECK_HAS(fake_event(c, "unsent"), "submitted already");
		block_of_post(c->sent.at[c->sent.n - 1], id);
		reply_json(c, asked(c, "submitblock"), result);
		if (!strcmp(ends[i].result, "null"))
			CHECK_HAS(c->events.at[c->events.next], id);
		CHECK_HAS(fake_event(c, "answer"), ends[i].verdict);
		asked(c, "getblocktemplate"); /* at once, for the next height */
		leave(c);
	}
}

static void after_a_refused_block_the_next_is_submitted(void)
{
	struct client *c = mining();
	unsigned before;

	fake_find(c, 0, 7);
	reply_json(c, asked(c, "submitblock"), json_string("high-hash"));
	CHECK(fake_event(c, "flush") != NULL);
	CHECK_HAS(fake_event(c, "answer"), "verdict=rejected");
	before = c->sent.n;
	fake_find(c, 0, 8);
	CHECK_INT(c->sent.n, before + 1);
	/* garbage of a block, as litecoind says it: an error, not a word */
	fake_reply(c, asked(c, "submitblock"), 500,
		   "{\"result\":null,\"error\":{\"code\":-22,\"message\":\"Block decode "
		   "failed\"},\"id\":1}");
	CHECK(fake_event(c, "flush") != NULL);
	CHECK_HAS(fake_event(c, "answer"), "reason=Block_decode_failed");
	CHECK(!c->over);
	leave(c);
}

static void a_block_is_delivered_even_if_the_node_comes_late(void)
{
	struct client *c = mining();
	struct err err = {0};
	unsigned tries = 0;

	fake_find(c, 0, 7);
	while (tries++ < 15) {
		fake_reply(c, asked(c, "submitblock"), 0, "connection refused");
		c->now_ms += 1500;
		CHECK_INT(dialect_gbt.idle(c, c->now_ms, &err), 0);
		CHECK(!c->over);
	}
	reply_json(c, asked(c, "submitblock"), json_null());
	CHECK(fake_event(c, "flush") != NULL);
	CHECK_HAS(fake_event(c, "answer"), "verdict=accepted");
	leave(c);
}

static void a_block_is_given_up_after_two_minutes(void)
{
	struct client *c = mining();
	struct err err = {0};

	fake_find(c, 0, 7);
	fake_reply(c, asked(c, "submitblock"), 0, "connection refused");
	c->now_ms += 121000;
	CHECK_INT(dialect_gbt.idle(c, c->now_ms, &err), 0);
	CHECK(fake_event(c, "flush") != NULL);
	CHECK_HAS(fake_event(c, "answer"), "verdict=rejected");
	leave(c);
}

static void garbage_is_survived(void)
{
	static const char *const bodies[] = {"",
					     "x",
					     "[]",
					     "17",
					     "{}",
					     "{\"result\":5}",
					     "{\"result\":{}}",
					     "{\"error\":[]}",
					     "{\"error\":\"x\"}",
					     "{\"result\":null,\"error\":null}"};
	static const int statuses[] = {200, 404, 500, 503};
	size_t i, j;

	for (i = 0; i < sizeof bodies / sizeof *bodies; i++)
		for (j = 0; j < 4; j++) {
			struct client *c = node(ADDRESS);

			fake_reply(c, asked(c, "validateaddress"), statuses[j], bodies[i]);
			leave(c);
			c = mining();
			fake_reply(c, asked_before_last(c, "getblocktemplate"), statuses[j],
				   bodies[i]);
			fake_reply(c, asked(c, "lp1"), statuses[j], bodies[i]);
			fake_reply(c, 4711, statuses[j], bodies[i]);
			leave(c);
		}
	CHECK(true);
}

int main(void)
{
	T_RUN(the_block_that_litecoind_took_comes_out);
	T_RUN(the_block_with_mweb_comes_out);
	T_RUN(templates_that_make_no_sense_are_refused);
	T_RUN(without_an_address_it_does_not_start);
	T_RUN(an_address_the_node_does_not_know_is_refused);
	T_RUN(an_address_node_and_we_read_differently_is_refused);
	T_RUN(an_address_without_a_script_is_refused);
	T_RUN(a_node_that_still_starts_is_no_wrong_address);
	T_RUN(a_node_that_answers_long_polls_at_once_is_asked_at_a_pace);
	T_RUN(a_toy_target_is_not_handed_on);
	T_RUN(a_new_tip_makes_a_clean_job_and_a_refresh_does_not);
	T_RUN(a_node_that_is_not_ready_is_asked_again);
	T_RUN(wrong_credentials_say_so);
	T_RUN(a_node_that_is_gone_ends_the_session);
	T_RUN(a_block_is_submitted_once_and_its_answer_told);
	T_RUN(after_a_refused_block_the_next_is_submitted);
	T_RUN(a_block_is_delivered_even_if_the_node_comes_late);
	T_RUN(a_block_is_given_up_after_two_minutes);
	T_RUN(garbage_is_survived);
	return t_done();
}
