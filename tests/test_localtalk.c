/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The local pool's dialects, line by line, as the servers they stand for speak: lines from recorded
 * and published sessions.  The hash is a fake: a nonce that ends in ff is above any target.
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "pool/local/talk.h"
#include "src/hex.h"
#include "tests/t.h"

#define HEADER "3afceaa95517c5d22961050a93258646fa50f1e6bafbdf09f3d233f4a9267558"
#define OTHER  "f0518dfafdeff5130e7351d3ca4e67fa27e26cac194cd96a377c47e472279a38"
#define SEED   "a92afa474bb50595e467a1722ed7a74fc00b3307de5022d5b76cf979490f2222"
#define MIX    "60cf4a1b02238f71f4583601dd40ec4e2366b063ebdb18770257f3046d5ba7fd"
#define TARGET "00000000ffff0000000000000000000000000000000000000000000000000000"
#define SHORT  "ffff0000000000000000000000000000000000000000000000000000"

static int hash(const struct algo_epoch *ep, const struct work *work, uint64_t nonce,
		struct digest *out)
{
	(void)ep;
	memset(out, 0, sizeof *out);
	hex_decode(out->mix, 32, MIX, 64);
	out->hash.w[0] = nonce ^ work->header[0];
	out->hash.w[3] = (nonce & 0xff) == 0xff ? UINT64_MAX : 0;
	return 0;
}

static const struct algo_dataset dataset;
static uint64_t of_height(const struct algo *algo, uint64_t height)
{
	(void)algo;
	return height / 3;
}

static const struct algo_program program = {.of_height = of_height};
static const struct algo algo_plain = {.name = "ethash",
				       .header_len = 40,
				       .nonce_off = 32,
				       .nonce_len = 8,
				       .hash = hash,
				       .dataset = &dataset};
static const struct algo algo_programs = {.name = "kawpow",
					  .header_len = 40,
					  .nonce_off = 32,
					  .nonce_len = 8,
					  .hash = hash,
					  .dataset = &dataset,
					  .program = &program};
static const struct algo algo_80 = {
	.name = "eighty", .header_len = 80, .nonce_off = 76, .nonce_len = 4, .hash = hash};

struct play {
	struct settings settings;
	struct local *p;
	struct local_client *c;
	struct bufferevent *ends[2]; /* the pool's and the client's */
	struct event *limit;
	bool late;
};

static void on_later(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static void on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct play *y = arg;

	(void)fd;
	(void)what;
	y->late = true;
	event_base_loopbreak(y->p->base);
}

/* A job as block 1220400 of Ravencoin had it, by this number. */
static void new_job(struct play *y, uint64_t number, const char *header, bool clean)
{
	struct local_job *job = &y->p->jobs[number % LOCAL_JOBS_KEPT];

	job_unref(job->job);
	memset(job, 0, sizeof *job);
	job->job = job_new(y->p->algo, NULL);
	job->number = y->p->last_job = number;
	job->block = y->p->blocks += clean;
	job->height = job->job->height = 1220400;
	job->epoch = job->job->epoch = 162;
	job->bits = 0x1b02ba90;
	hex_decode(job->header, 32, header, 64);
	hex_decode(job->seed, 32, SEED, 64);
	y->c->job_difficulty[number % LOCAL_JOBS_KEPT] = 0;
}

static bool begin(struct play *y, const struct algo *algo, const char *speak)
{
	struct local_client *c;
	struct err err = {0};

	memset(y, 0, sizeof *y);
	y->p = calloc(1, sizeof *y->p);
	y->c = c = calloc(1, sizeof *c);
	y->p->settings = &y->settings;
	y->p->algo = algo;
	y->p->base = event_base_new();
	y->p->clients = c;
	c->pool = y->p;
	if (!CHECK_INT(bufferevent_pair_new(y->p->base, 0, y->ends), 0))
		return false;
	bufferevent_enable(y->ends[1], EV_READ);
	c->bev = y->ends[0];
	c->later = event_new(y->p->base, -1, 0, on_later, c);
	c->id = 123;
	c->difficulty = 1;
	memcpy(c->extranonce1, "\x50\x4c\x2e\x56", 4);
	y->limit = evtimer_new(y->p->base, on_limit, y);
	return CHECK_OK(local_choose_talk(y->p, speak, &err), &err) &&
	       CHECK_OK(local_shares_start(y->p, &err), &err);
}

static void end(struct play *y)
{
	local_shares_stop(y->p);
	bufferevent_free(y->ends[0]);
	bufferevent_free(y->ends[1]);
	event_free(y->c->later);
	event_free(y->limit);
	local_drop_jobs(y->p);
	event_base_free(y->p->base);
	free(y->c);
	free(y->p);
}

/* Whoever was hung up on comes again. */
static void say(struct play *y, const char *line)
{
	y->c->dead = y->c->leaving = false;
	local_line(y->c, line, strlen(line));
}

static char *next_line(struct play *y)
{
	const struct timeval tv = {.tv_sec = 20};
	struct evbuffer *out = bufferevent_get_input(y->ends[1]);
	char *line;

	event_add(y->limit, &tv);
	while ((line = evbuffer_readln(out, NULL, EVBUFFER_EOL_LF)) == NULL && !y->late)
		event_base_loop(y->p->base, EVLOOP_ONCE);
	event_del(y->limit);
	return line;
}

/* The next line says the same, whatever the order of its members. */
#define hear(y, text) hear_at((y), (text), __LINE__)
static void hear_at(struct play *y, const char *text, int at)
{
	json_t *want = json_loads(text, 0, NULL), *got;
	char *line = next_line(y);

	got = json_loads(line ? line : "", 0, NULL);
	if (!CHECK(want && got && json_equal(want, got)))
		printf("\tline %d:\n\twant %s\n\tgot  %s\n", at, text, line ? line : "nothing");
	json_decref(want);
	json_decref(got);
	free(line);
}

static void nothing_more(struct play *y)
{
	event_base_loop(y->p->base, EVLOOP_NONBLOCK);
	CHECK_INT(evbuffer_get_length(bufferevent_get_input(y->ends[1])), 0);
}

#define KAWPOW_SUBMIT(id, job, nonce, header, mix)                                                 \
 "{\"id\":" id ",\"method\":\"mining.submit\",\"params\":[\"R.rig\",\"" job "\",\"" nonce          \
 "\",\"" header "\",\"" mix "\"]}"
#define V1_ERROR(id, result, error)                                                                \
 "{\"id\":" id ",\"result\":" result ",\"error\":[" error ",null]}"

static void kawpow_as_pools_for_ravencoin_speak_it(void)
{
	struct play y;

	if (!begin(&y, &algo_programs, NULL))
		return;
	new_job(&y, 0x4f, HEADER, true);
	say(&y, "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"miner/"
		"0.1\",\"EthereumStratum/1.0.0\"]}");
	hear(&y, "{\"id\":1,\"result\":[null,\"504c\"],\"error\":null}");
	say(&y, "{\"id\":2,\"method\":\"mining.extranonce.subscribe\",\"params\":[]}");
	hear(&y, "{\"id\":2,\"result\":true,\"error\":null}");
	say(&y, KAWPOW_SUBMIT("3", "4f", "0x504c0000204b556d", "0x" HEADER, "0x" MIX));
	hear(&y, V1_ERROR("3", "null", "24,\"unauthorized worker\""));
	say(&y, "{\"id\":3,\"method\":\"mining.authorize\",\"params\":[\"R.rig\",\"x\"]}");
	hear(&y, "{\"id\":3,\"result\":true,\"error\":null}");
	hear(&y, "{\"id\":null,\"method\":\"mining.set_target\",\"params\":[\"" TARGET "\"]}");
	hear(&y, "{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"4f\",\"" HEADER
		 "\",\"" SEED "\",\"" TARGET "\",true,1220400,\"1b02ba90\"]}");
	say(&y, KAWPOW_SUBMIT("40", "4f", "0x504c0000204b556d", "0x" HEADER, "0x" MIX));
	hear(&y, "{\"id\":40,\"result\":true,\"error\":null}");
	say(&y, KAWPOW_SUBMIT("41", "4f", "0x504c0000204b556d", "0x" HEADER, "0x" MIX));
	hear(&y, V1_ERROR("41", "null", "22,\"duplicate share\""));
	say(&y, KAWPOW_SUBMIT("42", "4f", "0x504c0000204b55ff", "0x" HEADER, "0x" MIX));
	hear(&y, V1_ERROR("42", "null", "23,\"low difficulty share\""));
	say(&y, KAWPOW_SUBMIT("43", "4f", "0x504c0000204b5501", "0x" HEADER, "0x" SEED));
	hear(&y, V1_ERROR("43", "null", "20,\"header validation failed\""));
	say(&y, KAWPOW_SUBMIT("44", "4f", "0x504c0000204b5501", "0x" OTHER, "0x" MIX));
	hear(&y, V1_ERROR("44", "null", "20,\"invalid header hash\""));
	say(&y, KAWPOW_SUBMIT("45", "4f", "0x0000204b5501", "0x" HEADER, "0x" MIX));
	hear(&y, V1_ERROR("45", "null", "20,\"incorrect size of nonce\""));
	say(&y, KAWPOW_SUBMIT("46", "4f", "504c0000204b5501", "0x" HEADER, "0x" MIX));
	hear(&y, V1_ERROR("46", "null", "20,\"incorrect size of nonce\""));
	say(&y, KAWPOW_SUBMIT("47", "4f", "0x504d0000204b5501", "0x" HEADER, "0x" MIX));
	hear(&y, V1_ERROR("47", "null", "24,\"nonce out of worker range\""));
	say(&y, KAWPOW_SUBMIT("48", "50", "0x504c0000204b5501", "0x" HEADER, "0x" MIX));
	hear(&y, V1_ERROR("48", "null", "20,\"job not found\""));
	say(&y, KAWPOW_SUBMIT("49", "4f", "0x504c0000204b5501", "0x" HEADER,
			      "0x"
			      "12"));
	hear(&y, V1_ERROR("49", "null", "20,\"incorrect size of mixhash\""));
	new_job(&y, 0x50, OTHER, true);
	local_send_job(y.c, local_job(y.p, 0x50), true);
	free(next_line(&y));
	say(&y, KAWPOW_SUBMIT("50", "4f", "0x504c0000204b5501", "0x" HEADER, "0x" MIX));
	hear(&y, V1_ERROR("50", "null", "21,\"stale share\""));
	say(&y, "{\"id\":51,\"method\":\"mining.dance\",\"params\":[]}");
	hear(&y, V1_ERROR("51", "null", "20,\"method not found\""));
	nothing_more(&y);
	CHECK_U64(y.p->counts.accepted, 1);
	CHECK_U64(y.p->counts.duplicate, 1);
	CHECK_U64(y.p->counts.low, 1);
	CHECK_U64(y.p->counts.stale, 2);
	CHECK_U64(y.p->counts.invalid, 7);
	end(&y);
}

#define PROXY(id, method, params)                                                                  \
 "{\"id\":" id ",\"jsonrpc\":\"2.0\",\"worker\":\"rig1\",\"method\":\"" method                     \
 "\",\"params\":" params "}"
#define PROXY_OK(id, result) "{\"id\":" id ",\"jsonrpc\":\"2.0\",\"result\":" result "}"
#define PROXY_ERROR(id, code, text)                                                                \
 "{\"id\":" id ",\"jsonrpc\":\"2.0\",\"error\":{\"code\":" code ",\"message\":\"" text "\"}}"
#define WORK(nonce, header, mix) "[\"" nonce "\",\"0x" header "\",\"0x" mix "\"]"

static void ethproxy_as_pools_for_ethereum_speak_it(void)
{
	struct play y;

	if (!begin(&y, &algo_plain, NULL))
		return;
	say(&y, PROXY("4", "eth_getWork", "[]"));
	hear(&y, PROXY_ERROR("4", "25", "Not subscribed"));
	CHECK(y.c->leaving);
	say(&y, PROXY("1", "eth_submitLogin", "[\"0x0073cf1b\",\"x\"]"));
	hear(&y, PROXY_OK("1", "true"));
	CHECK(!y.c->leaving);
	say(&y, PROXY("5", "eth_getWork", "[]"));
	hear(&y, PROXY_ERROR("5", "0", "Work not ready"));
	y.c->dead = y.c->leaving = false;
	new_job(&y, 1, HEADER, true);
	local_send_job(y.c, local_job(y.p, 1), true);
	hear(&y, PROXY_OK("0", "[\"0x" HEADER "\",\"0x" SEED "\",\"0x" SHORT "\"]"));
	say(&y, PROXY("5", "eth_getWork", "[]"));
	hear(&y, PROXY_OK("5", "[\"0x" HEADER "\",\"0x" SEED "\",\"0x" SHORT "\"]"));
	say(&y, PROXY("40", "eth_submitWork", WORK("0x2e56400011aa68bb", HEADER, MIX)));
	hear(&y, PROXY_OK("40", "true"));
	say(&y, PROXY("41", "eth_submitWork", WORK("0x2e56400011aa68bb", HEADER, MIX)));
	hear(&y, PROXY_ERROR("41", "22", "Duplicate share"));
	say(&y, PROXY("42", "eth_submitWork", WORK("0x2e56400011aa68ff", HEADER, MIX)));
	hear(&y, PROXY_ERROR("42", "23", "Invalid share"));
	say(&y, PROXY("43", "eth_submitWork", WORK("0x2e56400011aa6801", HEADER, SEED)));
	hear(&y, PROXY_ERROR("43", "23", "Invalid share"));
	say(&y, PROXY("44", "eth_submitWork", WORK("2e56400011aa6801", HEADER, MIX)));
	hear(&y, PROXY_ERROR("44", "-1", "Malformed PoW result"));
	say(&y, PROXY("45", "eth_submitWork", WORK("0x2e56400011aa6801", OTHER, MIX)));
	hear(&y, PROXY_OK("45", "false"));
	say(&y, PROXY("9", "eth_submitHashrate", "[\"0x1dcd6500\",\"0x59da\"]"));
	hear(&y, PROXY_OK("9", "true"));
	say(&y, PROXY("10", "mining.subscribe", "[]"));
	hear(&y, PROXY_ERROR("10", "-3", "Method not found"));
	/* Shares of up to three blocks ago are taken. */
	new_job(&y, 2, OTHER, true);
	new_job(&y, 3, OTHER, true);
	new_job(&y, 4, OTHER, true);
	say(&y, PROXY("46", "eth_submitWork", WORK("0x2e56400011aa6802", HEADER, MIX)));
	hear(&y, PROXY_OK("46", "true"));
	new_job(&y, 5, OTHER, true);
	say(&y, PROXY("47", "eth_submitWork", WORK("0x2e56400011aa6803", HEADER, MIX)));
	hear(&y, PROXY_OK("47", "false"));
	nothing_more(&y);
	CHECK_U64(y.p->counts.accepted, 2);
	CHECK_U64(y.p->counts.stale, 2);
	end(&y);
}

static void ethproxy_as_the_daemon_of_zano_speaks_it(void)
{
	struct play y;

	if (!begin(&y, &algo_programs, "ethproxy"))
		return;
	say(&y, PROXY("1", "eth_submitLogin", "[\"ZxExampleAddress-256\",\"x\"]"));
	hear(&y, PROXY_OK("1", "true"));
	say(&y, PROXY("5", "eth_getWork", "[]"));
	hear(&y, PROXY_OK("5", "[]"));
	new_job(&y, 1, HEADER, true);
	local_send_job(y.c, local_job(y.p, 1), true);
	hear(&y, "{\"jsonrpc\":\"2.0\",\"result\":[\"0x" HEADER "\",\"0x" SEED "\",\"0x" TARGET
		 "\",\"0x0000000000129f30\"]}");
	say(&y, PROXY("40", "eth_submitWork", WORK("0x0000000000000226", HEADER, MIX)));
	hear(&y, PROXY_OK("40", "true"));
	say(&y, PROXY("41", "eth_submitWork", WORK("0x0000000000000226", OTHER, MIX)));
	hear(&y, PROXY_ERROR("41", "-32000", "wrong work"));
	say(&y, PROXY("42", "eth_submitWork", WORK("0x00000000000002ff", HEADER, MIX)));
	hear(&y, PROXY_ERROR("42", "-32000", "not enough work was done"));
	end(&y);
}

static void nicehash_form_has_a_prefix_and_no_mix(void)
{
	struct play y;

	if (!begin(&y, &algo_plain, NULL))
		return;
	new_job(&y, 0xbf0488aa, HEADER, true);
	say(&y, "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"m/1\","
		"\"EthereumStratum/1.0.0\"]}");
	hear(&y, "{\"id\":1,\"result\":[[\"mining.notify\",\"504c2e56\",\"EthereumStratum/1.0.0\"],"
		 "\"504c2e\"],\"error\":null}");
	say(&y, "{\"id\":2,\"method\":\"mining.extranonce.subscribe\",\"params\":[]}");
	hear(&y, "{\"id\":2,\"result\":true,\"error\":null}");
	say(&y, "{\"id\":3,\"method\":\"mining.authorize\",\"params\":[\"test\",\"x\"]}");
	hear(&y, "{\"id\":3,\"result\":true,\"error\":null}");
	hear(&y, "{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[1.0]}");
	hear(&y, "{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"bf0488aa\",\"" SEED
		 "\",\"" HEADER "\",true]}");
	say(&y, "{\"id\":40,\"method\":\"mining.submit\",\"params\":[\"test\",\"bf0488aa\","
		"\"cfae7df760\"]}");
	hear(&y, "{\"id\":40,\"result\":true,\"error\":null}");
	say(&y, "{\"id\":41,\"method\":\"mining.submit\",\"params\":[\"test\",\"bf0488aa\","
		"\"cfae7df760\"]}");
	hear(&y, V1_ERROR("41", "false", "22,\"Duplicate share\""));
	say(&y, "{\"id\":42,\"method\":\"mining.submit\",\"params\":[\"test\",\"bf0488aa\","
		"\"504c2ecfae7df760\"]}");
	hear(&y, V1_ERROR("42", "false", "20,\"Invalid nonce\""));
	say(&y, "{\"id\":43,\"method\":\"mining.submit\",\"params\":[\"test\",\"c0\","
		"\"cfae7df761\"]}");
	hear(&y, V1_ERROR("43", "false", "21,\"Job not found\""));
	/* A new prefix is for the jobs that follow, and for this one when it is told again. */
	memcpy(y.c->extranonce1, "\xab\xcd\xef", 3);
	local_send_extranonce(y.c);
	hear(&y, "{\"id\":null,\"method\":\"mining.set_extranonce\",\"params\":[\"abcdef\"]}");
	end(&y);
}

static void plain_stratum_tells_the_target_and_wants_the_mix(void)
{
	struct play y;

	if (!begin(&y, &algo_plain, NULL))
		return;
	new_job(&y, 7, HEADER, true);
	say(&y, "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"mining.subscribe\",\"params\":[]}");
	hear(&y, "{\"id\":1,\"result\":true,\"error\":null}");
	say(&y, "{\"id\":3,\"method\":\"mining.authorize\",\"params\":[\"R.rig\",\"x\"]}");
	hear(&y, "{\"id\":3,\"result\":true,\"error\":null}");
	hear(&y, "{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"7\",\"0x" HEADER
		 "\",\"0x" SEED "\",\"0x" TARGET "\",true]}");
	say(&y, KAWPOW_SUBMIT("40", "7", "0x504c0000204b556d", "0x" HEADER, "0x" MIX));
	hear(&y, "{\"id\":40,\"result\":true,\"error\":null}");
	say(&y, KAWPOW_SUBMIT("41", "7", "0x504c0000204b556e", "0x" HEADER, "0x" SEED));
	hear(&y, V1_ERROR("41", "false", "20,\"Wrong mix hash\""));
	say(&y, KAWPOW_SUBMIT("42", "7", "0x504c0000204b556e", "0x" OTHER, "0x" MIX));
	hear(&y, V1_ERROR("42", "false", "20,\"Wrong header hash\""));
	new_job(&y, 8, OTHER, true);
	say(&y, KAWPOW_SUBMIT("43", "7", "0x504c0000204b556e", "0x" HEADER, "0x" MIX));
	hear(&y, V1_ERROR("43", "false", "21,\"Stale share\""));
	end(&y);
}

static void the_second_ethereum_stratum_tells_only_what_changes(void)
{
	struct play y;

	if (!begin(&y, &algo_plain, NULL))
		return;
	new_job(&y, 0xbf0488aa, HEADER, true);
	say(&y, "{\"id\":0,\"method\":\"mining.hello\",\"params\":{\"agent\":\"m\",\"host\":\"h\","
		"\"port\":\"4d2\",\"proto\":\"EthereumStratum/2.0.0\"}}");
	hear(&y, "{\"id\":0,\"result\":{\"proto\":\"EthereumStratum/2.0.0\",\"encoding\":\"plain\","
		 "\"resume\":\"1\",\"timeout\":\"258\",\"maxerrors\":\"5\",\"node\":\"adit\"}}");
	say(&y, "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}");
	hear(&y, "{\"id\":1,\"result\":\"s-504c2e56\"}");
	say(&y, "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"account.worker\",\"x\"]}");
	hear(&y, "{\"id\":2,\"result\":\"w-123\"}");
	hear(&y, "{\"method\":\"mining.set\",\"params\":{\"epoch\":\"a2\",\"target\":\"" SHORT
		 "\",\"algo\":\"ethash\",\"extranonce\":\"504c2e\"}}");
	hear(&y, "{\"method\":\"mining.notify\",\"params\":[\"bf0488aa\",\"129f30\",\"" HEADER
		 "\",\"1\"]}");
	say(&y, "{\"id\":31,\"method\":\"mining.submit\",\"params\":[\"bf0488aa\",\"0011aa68bb\","
		"\"w-123\"]}");
	hear(&y, "{\"id\":31}");
	say(&y, "{\"id\":32,\"method\":\"mining.submit\",\"params\":[\"deadbeef\",\"0011aa68bb\","
		"\"w-123\"]}");
	hear(&y, "{\"id\":32,\"error\":{\"code\":404,\"message\":\"Job not found\"}}");
	say(&y, "{\"id\":33,\"method\":\"mining.submit\",\"params\":[\"bf0488aa\",\"0011aa68bc\","
		"\"w-9\"]}");
	hear(&y, "{\"id\":33,\"error\":{\"code\":401,\"message\":\"Unauthorized worker\"}}");
	say(&y, "{\"id\":34,\"method\":\"mining.hashrate\",\"params\":[\"500000\",\"w-123\"]}");
	hear(&y, "{\"id\":34}");
	say(&y, "{\"method\":\"mining.noop\"}");
	new_job(&y, 0xbf0488ab, OTHER, true);
	local_send_job(y.c, local_job(y.p, 0xbf0488ab), false);
	hear(&y, "{\"method\":\"mining.notify\",\"params\":[\"bf0488ab\",\"129f30\",\"" OTHER
		 "\",\"0\"]}");
	say(&y, "{\"id\":35,\"method\":\"mining.submit\",\"params\":[\"bf0488aa\",\"0011aa68bc\","
		"\"w-123\"]}");
	hear(&y, "{\"id\":35,\"error\":{\"code\":202,\"message\":\"Stale\"}}");
	CHECK_U64(y.p->counts.accepted, 2);
	nothing_more(&y);
	say(&y, "{\"method\":\"mining.bye\"}");
	CHECK(y.c->dead);
	end(&y);
}

static void the_first_line_decides_which_dialect_is_spoken(void)
{
	static const struct {
		const struct algo *algo;
		const char *line;
		const struct talk *talk;
	} firsts[] = {
		{&algo_plain, "{\"id\":1,\"method\":\"mining.hello\"}", &talk_ethstratum2},
		{&algo_plain, "{\"id\":1,\"method\":\"eth_getWork\"}", &talk_ethproxy},
		{&algo_plain, "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"x\"]}",
		 &talk_ethstratum},
		{&algo_plain,
		 "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"x\","
		 "\"EthereumStratum/1.0.0\"]}",
		 &talk_ethstratum1},
		{&algo_plain, "{\"id\":1,\"method\":\"mining.authorize\",\"params\":[\"x\"]}",
		 &talk_ethstratum},
		{&algo_plain, "{\"id\":1,\"method\":\"login\"}", NULL},
		{&algo_programs, "{\"id\":1,\"method\":\"eth_submitLogin\"}", &talk_ethproxy},
		{&algo_programs, "{\"id\":1,\"method\":\"mining.subscribe\"}", &talk_kawpow},
		{&algo_80, "{\"id\":1,\"method\":\"mining.configure\"}", &talk_stratum1},
	};
	struct play y;
	size_t i;

	for (i = 0; i < sizeof firsts / sizeof *firsts; i++) {
		if (!begin(&y, firsts[i].algo, "any"))
			return;
		say(&y, firsts[i].line);
		if (!CHECK_PTR(y.c->talk, firsts[i].talk))
			printf("\t%s\n", firsts[i].line);
		end(&y);
	}
}

static void who_speaks_another_dialect_gets_what_is_asked_for(void)
{
	static const char line[] = "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}";
	struct play y;

	if (!begin(&y, &algo_plain, "ethstratum1"))
		return;
	y.settings.speak_other = SPEAK_OTHER_SILENT;
	say(&y, line);
	nothing_more(&y);
	CHECK(!y.c->dead && !y.c->talk);
	y.settings.speak_other = SPEAK_OTHER_ERROR;
	say(&y, line);
	hear(&y, V1_ERROR("1", "null", "20,\"Not supported.\""));
	CHECK(!y.c->dead);
	y.settings.speak_other = SPEAK_OTHER_CLOSE;
	say(&y, line);
	CHECK(y.c->dead);
	end(&y);
}

static void a_dialect_that_does_not_fit_is_refused_with_those_that_do(void)
{
	static const char *const bad[] = {"stratum1", "kawpow", "ethstratum3", ""};
	struct local p = {.algo = &algo_plain};
	struct err err = {0};
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		CHECK_ERR(local_choose_talk(&p, bad[i], &err), ERR_USAGE, &err);
		CHECK_HAS(err.text, "ethproxy");
		CHECK_LACKS(err.text, "kawpow,");
	}
}

static void half_a_line_keeps_what_follows_in_order(void)
{
	struct play y;
	char *line;

	if (!begin(&y, &algo_programs, NULL))
		return;
	new_job(&y, 1, HEADER, true);
	say(&y, "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}");
	free(next_line(&y));
	y.c->subscribed = true;
	local_fault(y.p, &(struct fault){.kind = FAULT_HALF_LINE});
	event_base_loop(y.p->base, EVLOOP_NONBLOCK);
	CHECK(evbuffer_get_length(bufferevent_get_input(y.ends[1])) > 20);
	say(&y, "{\"id\":2,\"method\":\"mining.ping\",\"params\":[]}");
	line = next_line(&y);
	CHECK_HAS(line ? line : "", "1220400,\"1b02ba90\"]}");
	free(line);
	hear(&y, "{\"id\":2,\"result\":\"pong\",\"error\":null}");
	event_free(y.c->rest);
	end(&y);
}

static void a_client_that_does_not_read_is_closed(void)
{
	struct play y;
	unsigned sent;

	if (!begin(&y, &algo_programs, NULL))
		return;
	say(&y, "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}");
	bufferevent_disable(y.ends[1], EV_READ);
	for (sent = 0; sent < 100 && !y.c->dead; sent++)
		local_fault(y.p, &(struct fault){.kind = FAULT_HUGE_LINE});
	CHECK(y.c->dead);
	CHECK(evbuffer_get_length(bufferevent_get_output(y.c->bev)) < 2 * LOCAL_OUTPUT_MAX);
	end(&y);
}

int main(void)
{
	T_RUN(kawpow_as_pools_for_ravencoin_speak_it);
	T_RUN(ethproxy_as_pools_for_ethereum_speak_it);
	T_RUN(ethproxy_as_the_daemon_of_zano_speaks_it);
	T_RUN(nicehash_form_has_a_prefix_and_no_mix);
	T_RUN(plain_stratum_tells_the_target_and_wants_the_mix);
	T_RUN(the_second_ethereum_stratum_tells_only_what_changes);
	T_RUN(the_first_line_decides_which_dialect_is_spoken);
	T_RUN(who_speaks_another_dialect_gets_what_is_asked_for);
	T_RUN(a_dialect_that_does_not_fit_is_refused_with_those_that_do);
	T_RUN(half_a_line_keeps_what_follows_in_order);
	T_RUN(a_client_that_does_not_read_is_closed);
	return t_done();
}
