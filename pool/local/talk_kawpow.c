/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Stratum of KawPoW and kin: height and target in the job, the whole nonce in the share. */
#include <string.h>

#include "pool/local/talk.h"
#include "src/bytes.h"

static bool hears(const char *method, const json_t *params)
{
	(void)params;
	return !strncmp(method, "mining.", 7) && strcmp(method, "mining.hello");
}

static json_t *hex_target(const struct u256 *target)
{
	char text[65];

	return json_string(u256_hex(text, target));
}

static void send_difficulty(struct local_client *c)
{
	struct u256 target = algo_target(c->pool->algo, c->difficulty);

	talk_call(c, "mining.set_target", json_pack("[o]", hex_target(&target)));
}

static void send_extranonce(struct local_client *c)
{
	talk_call(c, "mining.set_extranonce",
		  json_pack("[o]", talk_hex("", c->extranonce1, c->talk->prefix_len)));
}

static void send_job(struct local_client *c, const struct local_job *job, bool clean)
{
	struct u256 target = talk_target_now(c);

	talk_call(c, "mining.notify",
		  json_pack("[o, o, o, o, b, I, o]", talk_number("", job->number),
			    talk_hex("", job->header, 32), talk_hex("", job->seed, 32),
			    hex_target(&target), clean, (json_int_t)job->height,
			    talk_word(job->bits)));
}

static void on_subscribe(struct local_client *c, json_t *id, json_t *params)
{
	(void)params;
	talk_resume(c, NULL);
	c->subscribed = true;
	talk_answer(c, id, json_pack("[n, o]", talk_hex("", c->extranonce1, c->talk->prefix_len)));
	if (c->authorized)
		talk_start_work(c);
}

static void on_authorize(struct local_client *c, json_t *id, json_t *params)
{
	if (!talk_login(c, json_array_get(params, 0))) {
		talk_error(c, id, json_false(), 24, "unauthorized worker");
		return;
	}
	talk_answer(c, id, json_true());
	talk_start_work(c);
}

/* [user, job, 0xnonce, 0xheader, 0xmix]; the 0x are a must. */
static enum judged read_submit(struct local_client *c, struct talk_submit *s, const json_t *params,
			       const char **text)
{
	enum judged how = JUDGED_NO_JOB;
	uint8_t nonce[8], header[32];
	uint64_t number;

	if (json_array_size(params) != 5 || !talk_is_user(c, json_array_get(params, 0))) {
		*text = "invalid parameters";
		return JUDGED_MALFORMED;
	}
	if (talk_get_number(&number, json_array_get(params, 1)))
		how = talk_find_job(c, s, number);
	if (how)
		return how;
	*text = "incorrect size of nonce";
	if (!talk_get_0x(nonce, sizeof nonce, json_array_get(params, 2)))
		return JUDGED_MALFORMED;
	*text = "incorrect size of mixhash";
	if (!talk_get_0x(s->mix, sizeof s->mix, json_array_get(params, 4)))
		return JUDGED_MALFORMED;
	*text = NULL;
	if (!talk_get_0x(header, sizeof header, json_array_get(params, 3)) ||
	    memcmp(header, s->job->header, sizeof header))
		return JUDGED_HEADER;
	s->nonce = be64_get(nonce);
	s->has_mix = true;
	talk_dag_work(s);
	return talk_owns_nonce(c, s->job, s->nonce) ? JUDGED_GOOD : JUDGED_NONCE;
}

static void on_submit(struct local_client *c, json_t *id, json_t *params)
{
	struct talk_submit s;
	const char *text = NULL;
	enum judged how;

	if (!c->subscribed)
		how = JUDGED_NO_SUBSCRIBE;
	else if (!c->authorized)
		how = JUDGED_NO_LOGIN;
	else
		how = read_submit(c, &s, params, &text);
	if (how)
		local_refuse(c, id, how, text);
	else
		local_check(c, id, &s);
}

static void judged(struct local_client *c, json_t *id, enum judged how, const char *text)
{
	static const struct talk_words words[JUDGED_KINDS] = {
		[JUDGED_MALFORMED] = {20, "malformed"},
		[JUDGED_NO_JOB] = {20, "job not found"},
		[JUDGED_STALE] = {21, "stale share"},
		[JUDGED_NONCE] = {24, "nonce out of worker range"},
		[JUDGED_HEADER] = {20, "invalid header hash"},
		[JUDGED_MIX] = {20, "header validation failed"},
		[JUDGED_LOW] = {23, "low difficulty share"},
		[JUDGED_DUPLICATE] = {22, "duplicate share"},
		[JUDGED_NO_LOGIN] = {24, "unauthorized worker"},
		[JUDGED_NO_SUBSCRIBE] = {25, "not subscribed"},
		[JUDGED_REFUSED] = {20, "no particular reason"},
	};

	if (how == JUDGED_GOOD)
		talk_answer(c, id, json_true());
	else
		talk_error(c, id, json_null(), words[how].code, text ? text : words[how].text);
}

static void unknown(struct local_client *c, json_t *id)
{
	talk_error(c, id, json_null(), 20, "method not found");
}

static const struct talk_method methods[] = {
	{"mining.authorize", on_authorize}, {"mining.extranonce.subscribe", talk_extranonce},
	{"mining.ping", talk_ping},         {"mining.submit", on_submit},
	{"mining.subscribe", on_subscribe}, {0},
};

static bool serves(const struct algo *algo)
{
	return algo->program && talk_has_dataset(algo);
}

const struct talk talk_kawpow = {
	.name = "kawpow",
	.serves = serves,
	.hears = hears,
	.methods = methods,
	.unknown = unknown,
	.send_job = send_job,
	.send_difficulty = send_difficulty,
	.send_extranonce = send_extranonce,
	.judged = judged,
	.prefix_len = 2,
};
