/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * eth-proxy: getwork over a stream.  A job is named by its header hash, new work is pushed as an
 * answer nobody asked for.  For algorithms with programs it is Zano's daemon that is played: the
 * height is told, and work replaced is still taken.
 */
#include <string.h>

#include "pool/local/talk.h"
#include "src/bytes.h"

static bool hears(const char *method, const json_t *params)
{
	(void)params;
	return !strncmp(method, "eth_", 4);
}

static bool is_daemon(const struct local_client *c)
{
	return c->pool->algo->program != NULL;
}

static void say(struct local_client *c, json_t *id, const char *name, json_t *value)
{
	json_t *line = json_pack("{s:s}", "jsonrpc", "2.0");

	if (id)
		json_object_set(line, "id", id);
	json_object_set_new(line, name, value);
	local_send(c, line);
}

static void answer(struct local_client *c, json_t *id, json_t *result)
{
	say(c, id, "result", result);
}

/* Pools of this kind hang up on whoever they have to tell of an error. */
static void fail(struct local_client *c, json_t *id, int code, const char *text)
{
	say(c, id, "error", json_pack("{s:i, s:s}", "code", code, "message", text));
	if (!is_daemon(c))
		local_hang_up(c);
}

static json_t *work(struct local_client *c, const struct local_job *job)
{
	struct u256 target = talk_target_now(c);
	json_t *out =
		json_pack("[o, o]", talk_hex("0x", job->header, 32), talk_hex("0x", job->seed, 32));
	char text[65];

	if (is_daemon(c)) {
		json_array_append_new(out, json_sprintf("0x%s", u256_hex(text, &target)));
		json_array_append_new(out,
				      json_sprintf("0x%016llx", (unsigned long long)job->height));
	} else {
		json_array_append_new(out, talk_quantity("0x", &target));
	}
	return out;
}

static void send_job(struct local_client *c, const struct local_job *job, bool clean)
{
	json_t *zero = is_daemon(c) ? NULL : json_integer(0);

	(void)clean;
	answer(c, zero, work(c, job));
	json_decref(zero);
}

static void on_login(struct local_client *c, json_t *id, json_t *params)
{
	const json_t *user = json_array_get(params, 0);

	if (!json_string_length(user) || !talk_login(c, user)) {
		fail(c, id, -1, "Invalid login");
		return;
	}
	c->subscribed = true;
	answer(c, id, json_true());
}

static void on_work(struct local_client *c, json_t *id, json_t *params)
{
	const struct local_job *job = local_job(c->pool, c->pool->last_job);

	(void)params;
	if (!c->authorized) {
		fail(c, id, 25, "Not subscribed");
	} else if (job) {
		talk_note_job(c, job);
		answer(c, id, work(c, job));
	} else if (is_daemon(c)) {
		answer(c, id, json_array());
	} else {
		fail(c, id, 0, "Work not ready");
	}
}

/* [0xnonce, 0xheader, 0xmix] */
static enum judged read_submit(struct local_client *c, struct talk_submit *s, const json_t *params)
{
	uint8_t nonce[8], header[32], mix[32];
	enum judged how;

	if (json_array_size(params) != 3 ||
	    !talk_get_0x(nonce, sizeof nonce, json_array_get(params, 0)) ||
	    !talk_get_0x(header, sizeof header, json_array_get(params, 1)) ||
	    !talk_get_0x(mix, sizeof mix, json_array_get(params, 2)))
		return JUDGED_MALFORMED;
	how = talk_find_job(c, s, talk_find_header(c->pool, header));
	if (how)
		return how;
	s->nonce = be64_get(nonce);
	memcpy(s->mix, mix, sizeof mix);
	s->has_mix = true;
	talk_dag_work(s);
	return JUDGED_GOOD;
}

static void on_submit(struct local_client *c, json_t *id, json_t *params)
{
	enum judged how = JUDGED_NO_LOGIN;
	struct talk_submit s;

	if (c->authorized)
		how = read_submit(c, &s, params);
	if (how)
		local_refuse(c, id, how, NULL);
	else
		local_check(c, id, &s);
}

/* The daemon knows two errors; pools for Ethereum answer a stale share with false. */
static void judged(struct local_client *c, json_t *id, enum judged how, const char *text)
{
	static const struct talk_words words[JUDGED_KINDS] = {
		[JUDGED_MALFORMED] = {-1, "Malformed PoW result"},
		[JUDGED_MIX] = {23, "Invalid share"},
		[JUDGED_LOW] = {23, "Invalid share"},
		[JUDGED_DUPLICATE] = {22, "Duplicate share"},
		[JUDGED_NO_LOGIN] = {25, "Not subscribed"},
		[JUDGED_REFUSED] = {23, "Invalid share"},
	};

	if (how == JUDGED_GOOD)
		answer(c, id, json_true());
	else if (is_daemon(c))
		fail(c, id, -32000, how == JUDGED_LOW ? "not enough work was done" : "wrong work");
	else if (!words[how].code)
		answer(c, id, json_false());
	else
		fail(c, id, words[how].code, text ? text : words[how].text);
}

static void on_rate(struct local_client *c, json_t *id, json_t *params)
{
	(void)params;
	answer(c, id, json_true());
}

static void unknown(struct local_client *c, json_t *id)
{
	fail(c, id, -3, "Method not found");
}

static const struct talk_method methods[] = {
	{"eth_getWork", on_work},
	{"eth_submitHashrate", on_rate},
	{"eth_submitLogin", on_login},
	{"eth_submitWork", on_submit},
	{0},
};

const struct talk talk_ethproxy = {
	.name = "ethproxy",
	.serves = talk_has_dataset,
	.hears = hears,
	.methods = methods,
	.unknown = unknown,
	.send_job = send_job,
	.judged = judged,
	.backlog = 3,
};
