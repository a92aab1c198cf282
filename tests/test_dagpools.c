/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The dialects of algorithms with a dataset against messages of real blocks: the header, target,
 * epoch and first digits of the nonce come out as the chain has them, and the block's nonce and
 * mix become the very submission that was recorded.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool/dagjob.h"
#include "src/hex.h"
#include "tests/fake_client.h"
#include "tests/t.h"

struct play {
	struct client c;
	const json_t *transcript;
	unsigned shares;
};

static json_t *fixture(const char *name)
{
	const char *top = getenv("top_srcdir");
	char path[1024];

	snprintf(path, sizeof path, "%s/tests/fixtures/%s.json", top ? top : ".", name);
	return json_load_file(path, 0, NULL);
}

static const char *text(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s ? s : "";
}

/* Our latest request with this method, or NULL. */
static json_t *ours(const struct client *c, const char *method)
{
	unsigned i = c->sent.n;

	while (i-- > 0) {
		json_t *line = json_loads(c->sent.at[i], 0, NULL);

		if (!strcmp(text(line, "method"), method))
			return line;
		json_decref(line);
	}
	return NULL;
}

/* The client's line that this answers, among the first n of the transcript. */
static const json_t *asked(const json_t *transcript, size_t n, const json_t *answer)
{
	const json_t *id = json_object_get(answer, "id");

	while (n-- > 0) {
		const json_t *e = json_array_get(transcript, n);
		const json_t *line = json_object_get(e, "json");

		if (!strcmp(text(e, "from"), "client") &&
		    json_equal(json_object_get(line, "id"), (json_t *)id))
			return line;
	}
	return NULL;
}

static void server_says(struct play *p, size_t n, const json_t *said)
{
	json_t *line = json_deep_copy(said), *our;
	const json_t *question = json_object_get(line, "id") && !json_object_get(line, "method")
					 ? asked(p->transcript, n, line)
					 : NULL;
	char *out;

	our = question ? ours(&p->c, text(question, "method")) : NULL;
	if (question && !our) { /* a question we did not ask */
		json_decref(line);
		return;
	}
	if (our)
		json_object_set(line, "id", json_object_get(our, "id"));
	out = json_dumps(line, JSON_COMPACT);
	fake_feed(&p->c, out, strlen(out));
	fake_feed(&p->c, "\n", 1);
	free(out);
	json_decref(our);
	json_decref(line);
}

static void check_job(const struct client *c, const json_t *expect)
{
	const struct job *job = c->job;
	struct algo_facts facts;
	uint64_t set[ALGO_SETTINGS_MAX], nonce = strtoull(text(expect, "nonce"), NULL, 16);
	uint64_t height = (uint64_t)json_integer_value(json_object_get(expect, "height"));
	struct work work = {0};
	uint32_t epoch;
	char hex[65];

	CHECK_INT(c->dialect->make_work(job, 0, &work), 0);
	CHECK_INT(work.header_len, 40);
	CHECK_STR(hex_encode(hex, work.header, 32), text(expect, "header_hash"));
	CHECK_STR(u256_hex(hex, &job->target), text(expect, "share_target_be"));
	CHECK(algo_settings(c->algo, set, NULL, 0, NULL) == 0);
	CHECK_INT(c->algo->dataset->facts(c->algo, job->epoch, set, &facts, NULL), 0);
	CHECK_STR(hex_encode(hex, facts.seed, 32), text(expect, "seed_hash"));
	if (height) {
		CHECK_INT(c->algo->dataset->of_height(c->algo, height, &epoch, NULL), 0);
		CHECK_INT(job->epoch, epoch);
	}
	if (job->height)
		CHECK_U64(job->height, height);
	if (work.nonce_count < UINT64_C(1) << 63)
		CHECK(nonce - work.nonce_first < work.nonce_count);
}

/* A device finds what the chain has; the dialect says what was recorded. */
static void client_finds(struct play *p, const json_t *recorded, const json_t *expect)
{
	struct share share = {.job = p->c.job};
	json_t *line;
	struct err err = {0};

	if (!CHECK(share.job != NULL))
		return;
	check_job(&p->c, expect);
	share.nonce = strtoull(text(expect, "nonce"), NULL, 16);
	CHECK_INT(p->c.dialect->make_work(share.job, 0, &share.work), 0);
	CHECK(hex_decode(share.digest.mix, 32, text(expect, "mix_hash"), 64) == 0);
	CHECK_OK(p->c.dialect->submit(&p->c, &share, client_next_request(&p->c), &err), &err);
	line = ours(&p->c, text(recorded, "method"));
	if (!CHECK(line && json_equal(json_object_get(line, "params"),
				      json_object_get(recorded, "params"))))
		printf("\tgot  %s", p->c.sent.at[p->c.sent.n - 1]);
	json_decref(line);
	p->shares++;
}

static bool is_submit(const json_t *line)
{
	const char *method = text(line, "method");

	return !strcmp(method, "mining.submit") || !strcmp(method, "eth_submitWork");
}

/* Whom the transcript logs in. */
static void take_user(struct play *p)
{
	const json_t *e;
	size_t i;

	json_array_foreach(p->transcript, i, e)
	{
		const json_t *line = json_object_get(e, "json");
		const json_t *params = json_object_get(line, "params");
		const char *method = text(line, "method");

		if (strcmp(method, "mining.authorize") && strcmp(method, "eth_submitLogin"))
			continue;
		snprintf(p->c.user, sizeof p->c.user, "%s%s%s",
			 json_string_value(json_array_get(params, 0)),
			 *text(line, "worker") ? "." : "", text(line, "worker"));
		snprintf(p->c.password, sizeof p->c.password, "%s",
			 json_string_value(json_array_get(params, 1)));
		return;
	}
}

static unsigned count(const struct client *c, const char *what)
{
	unsigned i, n = 0;

	for (i = 0; i < c->events.n; i++)
		n += strstr(c->events.at[i], what) != NULL;
	return n;
}

/* Up to the share of the last expected job; what recorded clients did wrong on purpose is not. */
static void play(const char *name, const char *dialect, const char *algo, unsigned want)
{
	struct play *p = calloc(1, sizeof *p);
	json_t *all = fixture(name);
	const json_t *expect = json_object_get(all, "expect"), *jobs, *e;
	size_t i;
	int d;

	for (d = 0; dialects[d] && strcmp(dialects[d]->name, dialect); d++)
		;
	jobs = json_object_get(expect, "jobs");
	p->transcript = json_object_get(all, "transcript");
	if (!CHECK(all && dialects[d] && algo_find(algo)))
		goto out;
	fake_init(&p->c, dialects[d], algo_find(algo));
	CHECK(p->c.dialect->serves(p->c.algo));
	take_user(p);
	fake_connect(&p->c);
	json_array_foreach(p->transcript, i, e)
	{
		const json_t *line = json_object_get(e, "json");

		if (strcmp(text(e, "from"), "client")) {
			server_says(p, i, line);
		} else if (is_submit(line) && p->shares < want) {
			json_t *wanted =
				json_deep_copy(jobs ? json_array_get(jobs, p->shares) : expect);

			if (!json_object_get(wanted, "share_target_be"))
				json_object_set(wanted, "share_target_be",
						json_object_get(all, "share_target_be"));
			client_finds(p, line, wanted);
			json_decref(wanted);
		} else if (is_submit(line)) {
			break;
		}
	}
	CHECK_INT(p->shares, want);
	CHECK_INT(count(&p->c, "verdict=accepted"), want);
	CHECK_INT(count(&p->c, "ready"), 1);
	CHECK_INT(count(&p->c, "seed hash"), 0);
	CHECK_INT(count(&p->c, "hangup"), 0);
	fake_done(&p->c);
out:
	json_decref(all);
	free(p);
}

static void ravencoin_1220400_by_its_stratum(void)
{
	play("kawpow_ravencoin_1220400", "kawpow", "kawpow", 1);
}

static void firo_13001_by_the_same_stratum(void)
{
	play("firopow_firo_vector_13001", "kawpow", "firopow", 1);
}

static void evrmore_by_the_same_stratum(void)
{
	play("evrprogpow_evrmore_synthetic", "kawpow", "evrprogpow", 1);
}

static void meowcoin_by_the_same_stratum(void)
{
	play("meowpow_meowcoin_synthetic", "kawpow", "meowpow", 1);
}

static void etc_10000000_by_eth_proxy(void)
{
	play("ethash_ethproxy_etc_10000000", "ethproxy", "ethash", 1);
	play("ethash_ethproxy_etc_10000000", "ethproxy", "etchash", 1);
}

static void zano_by_eth_proxy(void)
{
	play("progpowz_zano_ethproxy_synthetic", "ethproxy", "progpowz", 1);
}

static void nicehash_and_etc_10000000_by_ethereumstratum_1(void)
{
	play("ethash_ethereumstratum1_nicehash_and_etc_10000000", "ethstratum1", "ethash", 2);
}

static void etc_10000000_by_ethereumstratum_2(void)
{
	play("ethash_ethereumstratum2_etc_10000000", "ethstratum2", "ethash", 1);
}

static void etc_15000000_by_plain_stratum(void)
{
	play("etchash_stratum_etc_15000000_ecip1099", "ethstratum0", "etchash", 1);
}

/* A session of the stratum of the ProgPoW family, logged in, its extranonce ab. */
static struct client *session(void)
{
	static const char said[] = "{\"id\":1,\"result\":[null,\"ab\"]}\n"
				   "{\"id\":3,\"result\":true}\n";
	struct client *c = calloc(1, sizeof *c);
	int d;

	for (d = 0; dialects[d] && strcmp(dialects[d]->name, "kawpow"); d++)
		;
	fake_init(c, dialects[d], algo_find("kawpow"));
	fake_connect(c);
	fake_feed(c, said, sizeof said - 1);
	return c;
}

static void end(struct client *c)
{
	fake_done(c);
	free(c);
}

static void notify(struct client *c, const char *seed, const char *bits)
{
	char line[512];
	int n = snprintf(
		line, sizeof line,
		"{\"method\":\"mining.notify\",\"params\":[\"1\",\"%064d\",\"%s\",\"%s%060d\","
		"true,1,\"%s\"]}\n",
		7, seed, "0fff", 0, bits);

	fake_feed(c, line, (size_t)n);
}

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define FIVES "5555555555555555555555555555555555555555555555555555555555555555"

static void a_wrong_seed_is_told_once(void)
{
	struct client *c = session();

	notify(c, ZEROS, "1b02ba90");
	CHECK_INT(count(c, "seed hash"), 0);
	notify(c, FIVES, "1b02ba90");
	CHECK_INT(count(c, "seed hash"), 1);
	notify(c, FIVES, "1b02ba90");
	CHECK_INT(count(c, "seed hash"), 1);
	CHECK_INT(count(c, "job id="), 3);
	end(c);
}

/* What was done of a job is kept by its header: with another extranonce it is to be done anew. */
static void another_extranonce_is_another_header(void)
{
	static const char change[] = "{\"method\":\"mining.set_extranonce\",\"params\":[\"ac\"]}\n";
	struct client *c = session();
	struct work a = {0}, b = {0};

	notify(c, ZEROS, "1b02ba90");
	CHECK_INT(c->dialect->make_work(c->job, 0, &a), 0);
	CHECK_INT(c->dialect->make_work(c->job, 1, &b), -ERR_RANGE);
	fake_feed(c, change, sizeof change - 1);
	notify(c, ZEROS, "1b02ba90");
	CHECK_INT(c->dialect->make_work(c->job, 0, &b), 0);
	CHECK(memcmp(a.header, b.header, 32) == 0);
	CHECK(memcmp(a.header, b.header, 40) != 0);
	end(c);
}

static void bits_say_what_is_a_block(void)
{
	struct client *c = session();
	struct digest digest = {{{0}}, {0}};

	notify(c, ZEROS, "1b02ba90");
	CHECK_INT(u256_from_compact(&digest.hash, 0x1b02ba90), 0);
	CHECK(c->dialect->is_block(c->job, &digest));
	digest.hash.w[0]++;
	CHECK(!c->dialect->is_block(c->job, &digest));
	notify(c, ZEROS, "nonsense");
	CHECK(!c->dialect->is_block(c->job, &digest));
	end(c);
}

/* Two rigs of one wallet must not search the same nonces. */
static void starts_differ_between_connections(void)
{
	struct dagjob_terms a = {0}, b = {0};
	struct err err = {0};

	CHECK_OK(dagjob_terms_init(&a, &err), &err);
	CHECK_OK(dagjob_terms_init(&b, &err), &err);
	CHECK(a.start != b.start);
	CHECK(a.start > 0 && a.start < UINT64_C(1) << 63);
	CHECK(b.start > 0 && b.start < UINT64_C(1) << 63);
}

int main(void)
{
	T_RUN(ravencoin_1220400_by_its_stratum);
	T_RUN(firo_13001_by_the_same_stratum);
	T_RUN(evrmore_by_the_same_stratum);
	T_RUN(meowcoin_by_the_same_stratum);
	T_RUN(etc_10000000_by_eth_proxy);
	T_RUN(zano_by_eth_proxy);
	T_RUN(nicehash_and_etc_10000000_by_ethereumstratum_1);
	T_RUN(etc_10000000_by_ethereumstratum_2);
	T_RUN(etc_15000000_by_plain_stratum);
	T_RUN(a_wrong_seed_is_told_once);
	T_RUN(another_extranonce_is_another_header);
	T_RUN(bits_say_what_is_a_block);
	T_RUN(starts_differ_between_connections);
	return t_done();
}
