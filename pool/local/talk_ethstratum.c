/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plain Stratum for Ethash: subscribe, authorize, and jobs with their target and clean flag. */
#include <string.h>

#include "pool/local/talk.h"
#include "src/bytes.h"

static bool hears(const char *method, const json_t *params)
{
	const char *wants = json_string_value(json_array_get(params, 1));

	return !strcmp(method, "mining.authorize") ||
	       (!strcmp(method, "mining.subscribe") &&
		(!wants || strncmp(wants, "EthereumStratum/", 16) != 0));
}

/* [job, 0xheader, 0xseed, 0xtarget, clean], and the height where programs depend on it. */
static void send_job(struct local_client *c, const struct local_job *job, bool clean)
{
	struct u256 target = talk_target_now(c);
	char text[65];
	json_t *params = json_pack("[o, o, o, o, b]", talk_number("", job->number),
				   talk_hex("0x", job->header, 32), talk_hex("0x", job->seed, 32),
				   json_sprintf("0x%s", u256_hex(text, &target)), clean);

	if (c->pool->algo->program)
		json_array_append_new(params, json_integer((json_int_t)job->height));
	talk_call(c, "mining.notify", params);
}

static void on_subscribe(struct local_client *c, json_t *id, json_t *params)
{
	(void)params;
	c->subscribed = true;
	talk_answer(c, id, json_true());
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

/* [user, job, 0xnonce, 0xheader, 0xmix] */
static enum judged read_submit(struct local_client *c, struct talk_submit *s, const json_t *params)
{
	enum judged how = JUDGED_NO_JOB;
	uint8_t nonce[8], header[32];
	uint64_t number;

	if (json_array_size(params) != 5 || !talk_is_user(c, json_array_get(params, 0)))
		return JUDGED_MALFORMED;
	if (talk_get_number(&number, json_array_get(params, 1)))
		how = talk_find_job(c, s, number);
	if (how)
		return how;
	if (!talk_get_0x(nonce, sizeof nonce, json_array_get(params, 2)) ||
	    !talk_get_0x(header, sizeof header, json_array_get(params, 3)) ||
	    !talk_get_0x(s->mix, sizeof s->mix, json_array_get(params, 4)))
		return JUDGED_MALFORMED;
	if (memcmp(header, s->job->header, sizeof header))
		return JUDGED_HEADER;
	s->nonce = be64_get(nonce);
	s->has_mix = true;
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
		[JUDGED_STALE] = {21, "Stale share"},
		[JUDGED_HEADER] = {20, "Wrong header hash"},
		[JUDGED_MIX] = {20, "Wrong mix hash"},
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
	{"eth_submitHashrate", talk_true},  {"mining.authorize", on_authorize},
	{"mining.ping", talk_ping},         {"mining.submit", on_submit},
	{"mining.subscribe", on_subscribe}, {0},
};

const struct talk talk_ethstratum = {
	.name = "ethstratum0",
	.serves = talk_has_dataset,
	.hears = hears,
	.methods = methods,
	.unknown = unknown,
	.send_job = send_job,
	.judged = judged,
};
