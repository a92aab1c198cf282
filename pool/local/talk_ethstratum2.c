/* SPDX-License-Identifier: GPL-3.0-or-later */
/* EthereumStratum/2.0.0: everything in hexadecimal text, and told only when it changes. */
#include <string.h>

#include "pool/local/talk.h"
#include "src/bytes.h"
#include "src/hex.h"

#define NAME       "EthereumStratum/2.0.0"
#define EPOCH_BITS 0xffffu /* above them is a mark of ours */

static bool hears(const char *method, const json_t *params)
{
	(void)params;
	return !strcmp(method, "mining.hello");
}

/* error 0: {"id"} and the result (taken), which may be NULL. */
static void answer(struct local_client *c, json_t *id, json_t *result, int error, const char *text)
{
	json_t *line = json_object();

	json_object_set(line, "id", id);
	if (result)
		json_object_set_new(line, "result", result);
	if (error)
		json_object_set_new(line, "error",
				    json_pack("{s:i, s:s}", "code", error, "message", text));
	local_send(c, line);
}

static void call(struct local_client *c, const char *method, json_t *params)
{
	local_send(c, json_pack("{s:s, s:o}", "method", method, "params", params));
}

/* What changed since the last job. */
static void send_changes(struct local_client *c, const struct local_job *job)
{
	struct u256 target = algo_target(c->pool->algo, c->difficulty);
	struct local_told *told = &c->told;
	json_t *set = json_object();

	if (!told->any || told->epoch != job->epoch)
		json_object_set_new(set, "epoch", talk_number("", job->epoch & EPOCH_BITS));
	if (!told->any || told->difficulty != c->difficulty)
		json_object_set_new(set, "target", talk_quantity("", &target));
	if (!told->any)
		json_object_set_new(set, "algo", json_string(c->pool->algo->name));
	if (!told->any || memcmp(told->extranonce1, c->extranonce1, 4))
		json_object_set_new(set, "extranonce",
				    talk_hex("", c->extranonce1, c->talk->prefix_len));
	told->any = true;
	told->epoch = job->epoch;
	told->difficulty = c->difficulty;
	memcpy(told->extranonce1, c->extranonce1, 4);
	if (json_object_size(set))
		call(c, "mining.set", set);
	else
		json_decref(set);
}

static void send_job(struct local_client *c, const struct local_job *job, bool clean)
{
	send_changes(c, job);
	call(c, "mining.notify",
	     json_pack("[o, o, o, s]", talk_number("", job->number), talk_number("", job->height),
		       talk_hex("", job->header, 32), clean ? "1" : "0"));
}

static void on_hello(struct local_client *c, json_t *id, json_t *params)
{
	const char *proto = json_string_value(json_object_get(params, "proto"));

	if (!proto || strcmp(proto, NAME) != 0) {
		answer(c, id, NULL, 400, "Unknown protocol");
		return;
	}
	answer(c, id,
	       json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "proto", NAME, "encoding", "plain",
			 "resume", "1", "timeout", "258", "maxerrors", "5", "node", "adit"),
	       0, NULL);
}

static void on_subscribe(struct local_client *c, json_t *id, json_t *params)
{
	const char *old = json_string_value(json_array_get(params, 0));
	char session[11] = "s-";

	talk_resume(c, old && !strncmp(old, "s-", 2) ? old + 2 : NULL);
	c->subscribed = true;
	c->wants_extranonce = true;
	hex_encode(session + 2, c->extranonce1, 4);
	answer(c, id, json_string(session), 0, NULL);
}

static json_t *worker(const struct local_client *c)
{
	return json_sprintf("w-%llu", (unsigned long long)c->id);
}

static void on_authorize(struct local_client *c, json_t *id, json_t *params)
{
	if (!c->subscribed) {
		answer(c, id, NULL, 403, "Not subscribed");
	} else if (!talk_login(c, json_array_get(params, 0))) {
		answer(c, id, NULL, 401, "Unauthorized worker");
	} else {
		answer(c, id, worker(c), 0, NULL);
		talk_start_work(c);
	}
}

static bool is_worker(const struct local_client *c, const json_t *name)
{
	json_t *right = worker(c);
	bool same = json_equal(right, name);

	json_decref(right);
	return same;
}

/* [job, the digits of the nonce that are the client's, worker] */
static enum judged read_submit(struct local_client *c, struct talk_submit *s, const json_t *params)
{
	enum judged how = JUDGED_NO_JOB;
	uint8_t nonce[8], prefix = c->talk->prefix_len;
	uint64_t number;

	if (json_array_size(params) != 3)
		return JUDGED_MALFORMED;
	if (!is_worker(c, json_array_get(params, 2)))
		return JUDGED_NO_LOGIN;
	if (talk_get_number(&number, json_array_get(params, 0)))
		how = talk_find_job(c, s, number);
	if (how)
		return how;
	memcpy(nonce, c->job_extranonce1[number % LOCAL_JOBS_KEPT], prefix);
	if (!talk_get_hex(nonce + prefix, sizeof nonce - prefix, json_array_get(params, 1)))
		return JUDGED_NONCE;
	s->nonce = be64_get(nonce);
	talk_dag_work(s);
	return JUDGED_GOOD;
}

static void on_submit(struct local_client *c, json_t *id, json_t *params)
{
	struct talk_submit s;
	enum judged how;

	if (!c->subscribed)
		how = JUDGED_NO_SUBSCRIBE;
	else if (!c->authorized)
		how = JUDGED_NO_LOGIN;
	else
		how = read_submit(c, &s, params);
	if (how)
		local_refuse(c, id, how, NULL);
	else
		local_check(c, id, &s);
}

static void judged(struct local_client *c, json_t *id, enum judged how, const char *text)
{
	static const struct talk_words words[JUDGED_KINDS] = {
		[JUDGED_LATE] = {202, "Stale"},
		[JUDGED_MALFORMED] = {400, "Bad request"},
		[JUDGED_NO_JOB] = {404, "Job not found"},
		[JUDGED_STALE] = {404, "Job not found"},
		[JUDGED_NONCE] = {406, "Bad nonce"},
		[JUDGED_LOW] = {406, "Bad nonce"},
		[JUDGED_DUPLICATE] = {409, "Duplicate share"},
		[JUDGED_NO_LOGIN] = {401, "Unauthorized worker"},
		[JUDGED_NO_SUBSCRIBE] = {403, "Not subscribed"},
		[JUDGED_REFUSED] = {400, "No particular reason"},
	};

	answer(c, id, NULL, words[how].code, text ? text : words[how].text);
}

static void on_rate(struct local_client *c, json_t *id, json_t *params)
{
	(void)params;
	answer(c, id, NULL, 0, NULL);
}

static void on_noop(struct local_client *c, json_t *id, json_t *params)
{
	(void)c;
	(void)id;
	(void)params;
}

static void on_bye(struct local_client *c, json_t *id, json_t *params)
{
	(void)id;
	(void)params;
	local_close(c);
}

static void unknown(struct local_client *c, json_t *id)
{
	answer(c, id, NULL, 405, "Method not found");
}

static const struct talk_method methods[] = {
	{"mining.authorize", on_authorize}, {"mining.bye", on_bye},
	{"mining.hashrate", on_rate},       {"mining.hello", on_hello},
	{"mining.noop", on_noop},           {"mining.submit", on_submit},
	{"mining.subscribe", on_subscribe}, {0},
};

const struct talk talk_ethstratum2 = {
	.name = "ethstratum2",
	.serves = talk_has_dataset,
	.hears = hears,
	.methods = methods,
	.unknown = unknown,
	.send_job = send_job,
	.judged = judged,
	.prefix_len = 3,
	.backlog = 1,
	.late_note = true,
};
