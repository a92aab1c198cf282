/* SPDX-License-Identifier: GPL-3.0-or-later */
/* EthereumStratum/1.0.0: difficulty and a prefix of the nonce, shares without the mix. */
#include <stdio.h>
#include <string.h>

#include "pool/local/talk.h"
#include "src/bytes.h"
#include "src/hex.h"

#define NAME "EthereumStratum/1.0.0"

static bool hears(const char *method, const json_t *params)
{
	const char *wants = json_string_value(json_array_get(params, 1));

	return !strcmp(method, "mining.subscribe") && wants && !strcmp(wants, NAME);
}

static void send_difficulty(struct local_client *c)
{
	talk_call(c, "mining.set_difficulty", json_pack("[f]", c->difficulty));
}

static void send_extranonce(struct local_client *c)
{
	talk_call(c, "mining.set_extranonce",
		  json_pack("[o]", talk_hex("", c->extranonce1, c->talk->prefix_len)));
}

/* [job, seed, header, clean], and the height where programs depend on it. */
static void send_job(struct local_client *c, const struct local_job *job, bool clean)
{
	json_t *params =
		json_pack("[o, o, o, b]", talk_number("", job->number), talk_hex("", job->seed, 32),
			  talk_hex("", job->header, 32), clean);

	if (c->pool->algo->program)
		json_array_append_new(params, json_integer((json_int_t)job->height));
	talk_call(c, "mining.notify", params);
}

static void on_subscribe(struct local_client *c, json_t *id, json_t *params)
{
	char session[9];

	(void)params;
	talk_resume(c, NULL);
	c->subscribed = true;
	hex_encode(session, c->extranonce1, 4);
	talk_answer(c, id,
		    json_pack("[[s, s, s], o]", "mining.notify", session, NAME,
			      talk_hex("", c->extranonce1, c->talk->prefix_len)));
	if (c->authorized)
		talk_start_work(c);
}

static void on_authorize(struct local_client *c, json_t *id, json_t *params)
{
	if (!talk_login(c, json_array_get(params, 0))) {
		talk_error(c, id, json_false(), 24, "Unauthorized worker");
		return;
	}
	talk_answer(c, id, json_true());
	talk_start_work(c);
}

/* [user, job, the digits of the nonce that are the client's] */
static enum judged read_submit(struct local_client *c, struct talk_submit *s, const json_t *params)
{
	enum judged how = JUDGED_NO_JOB;
	uint8_t nonce[8], prefix = c->talk->prefix_len;
	uint64_t number;

	if (json_array_size(params) != 3 || !talk_is_user(c, json_array_get(params, 0)))
		return JUDGED_MALFORMED;
	if (talk_get_number(&number, json_array_get(params, 1)))
		how = talk_find_job(c, s, number);
	if (how)
		return how;
	memcpy(nonce, c->job_extranonce1[number % LOCAL_JOBS_KEPT], prefix);
	if (!talk_get_hex(nonce + prefix, sizeof nonce - prefix, json_array_get(params, 2)))
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
		[JUDGED_MALFORMED] = {20, "Malformed share"},
		[JUDGED_NO_JOB] = {21, "Job not found"},
		[JUDGED_STALE] = {21, "Job not found"},
		[JUDGED_NONCE] = {20, "Invalid nonce"},
		[JUDGED_LOW] = {23, "Low difficulty share"},
		[JUDGED_DUPLICATE] = {22, "Duplicate share"},
		[JUDGED_NO_LOGIN] = {24, "Unauthorized worker"},
		[JUDGED_NO_SUBSCRIBE] = {25, "Not subscribed"},
		[JUDGED_REFUSED] = {20, "No particular reason"},
	};

	if (how == JUDGED_GOOD)
		talk_answer(c, id, json_true());
	else
		talk_error(c, id, json_false(), words[how].code, text ? text : words[how].text);
}

static void unknown(struct local_client *c, json_t *id)
{
	talk_error(c, id, json_null(), 20, "Not supported.");
}

static const struct talk_method methods[] = {
	{"mining.authorize", on_authorize},
	{"mining.extranonce.subscribe", talk_extranonce},
	{"mining.submit", on_submit},
	{"mining.subscribe", on_subscribe},
	{0},
};

const struct talk talk_ethstratum1 = {
	.name = "ethstratum1",
	.serves = talk_has_dataset,
	.hears = hears,
	.methods = methods,
	.unknown = unknown,
	.send_job = send_job,
	.send_difficulty = send_difficulty,
	.send_extranonce = send_extranonce,
	.judged = judged,
	.prefix_len = 3,
};
