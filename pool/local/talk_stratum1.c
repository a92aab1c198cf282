/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stratum V1 for 80-byte headers: what a client may say, and what is answered. */
#include <string.h>

#include "pool/local/talk.h"
#include "src/bytes.h"
#include "src/hex.h"

#define VERSION_MASK 0x1fffe000u
#define TIME_AHEAD_S 7200

static bool serves(const struct algo *algo)
{
	return algo->header_len == 80 && algo->nonce_off == 76 && algo->nonce_len == 4 &&
	       !algo->dataset;
}

static bool hears(const char *method, const json_t *params)
{
	(void)method;
	(void)params;
	return true;
}

static void send_difficulty(struct local_client *c)
{
	talk_call(c, "mining.set_difficulty", json_pack("[f]", c->difficulty));
}

static void send_extranonce(struct local_client *c)
{
	talk_call(c, "mining.set_extranonce",
		  json_pack("[o, i]", talk_hex("", c->extranonce1, 4), c->extranonce2_len));
}

static json_t *job_json(const struct local_job *job, bool clean)
{
	uint8_t prev[32], id[8];
	json_t *branch = json_array();
	unsigned i;

	be64_put(id, job->number);
	for (i = 0; i < 32; i += 4)
		be32_put(prev + i, le32_get(job->prev + i));
	for (i = 0; i < job->n_branch; i++)
		json_array_append_new(branch, talk_hex("", job->branch[i], 32));
	return json_pack(
		"[o, o, o, o, o, o, o, o, b]", talk_hex("", id, sizeof id),
		talk_hex("", prev, sizeof prev), talk_hex("", job->coinb1, job->coinb1_len),
		talk_hex("", job->coinb2, job->coinb2_len), branch, talk_word(job->version),
		talk_word(job->bits), talk_word(job->time), clean);
}

static void send_job(struct local_client *c, const struct local_job *job, bool clean)
{
	talk_call(c, "mining.notify", job_json(job, clean));
}

/* ---- login ---- */

static void on_subscribe(struct local_client *c, json_t *id, json_t *params)
{
	char text[9];

	talk_resume(c, json_string_value(json_array_get(params, 1)));
	c->subscribed = true;
	hex_encode(text, c->extranonce1, 4);
	talk_answer(c, id,
		    json_pack("[[[s, s], [s, s]], s, i]", "mining.set_difficulty", text,
			      "mining.notify", text, text, c->extranonce2_len));
	if (c->authorized) /* in the other order it is done there */
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

static void on_configure(struct local_client *c, json_t *id, json_t *params)
{
	const json_t *wanted = json_array_get(params, 0), *v;
	json_t *result = json_object();
	bool rolling = false;
	size_t i;

	json_array_foreach(wanted, i, v)
	{
		if (json_is_string(v) && !strcmp(json_string_value(v), "version-rolling"))
			rolling = true;
	}
	if (rolling && c->pool->algo->version_rolling) {
		c->version_mask = VERSION_MASK;
		json_object_set_new(result, "version-rolling", json_true());
		json_object_set_new(result, "version-rolling.mask", talk_word(VERSION_MASK));
	}
	talk_answer(c, id, result);
}

static void on_suggest(struct local_client *c, json_t *id, json_t *params)
{
	double d = json_number_value(json_array_get(params, 0));

	if (d > 0 && d < 1e15) {
		c->difficulty = d;
		local_send_difficulty(c);
	}
	talk_answer(c, id, json_true());
}

static void on_transactions(struct local_client *c, json_t *id, json_t *params)
{
	(void)params;
	talk_answer(c, id, json_array());
}

/* ---- shares ---- */

struct submit {
	uint8_t extranonce2[16];
	uint32_t time, nonce, bits;
};

/* JUDGED_GOOD: to be hashed. */
static enum judged read_submit(struct local_client *c, struct talk_submit *t, struct submit *s,
			       json_t *params, const char **text)
{
	size_t want = c->version_mask ? 6 : 5;
	enum judged how = JUDGED_NO_JOB;
	uint8_t id[8], word[4];

	memset(s, 0, sizeof *s);
	*text = "Invalid array size";
	if (json_array_size(params) != want)
		return JUDGED_MALFORMED;
	*text = "Worker mismatch";
	if (!talk_is_user(c, json_array_get(params, 0)))
		return JUDGED_MALFORMED;
	*text = NULL;
	if (talk_get_hex(id, sizeof id, json_array_get(params, 1)))
		how = talk_find_job(c, t, be64_get(id));
	if (how)
		return how;
	*text = "Invalid extranonce2 size";
	if (!talk_get_hex(s->extranonce2, c->extranonce2_len, json_array_get(params, 2)))
		return JUDGED_MALFORMED;
	*text = "Invalid ntime or nonce";
	if (!talk_get_hex(word, 4, json_array_get(params, 3)))
		return JUDGED_MALFORMED;
	s->time = be32_get(word);
	if (!talk_get_hex(word, 4, json_array_get(params, 4)))
		return JUDGED_MALFORMED;
	s->nonce = be32_get(word);
	*text = "Ntime out of range";
	if (s->time < t->job->time || s->time > t->job->time + TIME_AHEAD_S)
		return JUDGED_MALFORMED;
	*text = "Invalid version mask";
	if (want == 6 && (!talk_get_hex(word, 4, json_array_get(params, 5)) ||
			  be32_get(word) & ~c->version_mask))
		return JUDGED_MALFORMED;
	s->bits = want == 6 ? be32_get(word) : 0;
	return JUDGED_GOOD;
}

static void on_submit(struct local_client *c, json_t *id, json_t *params)
{
	struct talk_submit t;
	struct submit s;
	const char *text = NULL;
	enum judged how;

	if (!c->subscribed)
		how = JUDGED_NO_SUBSCRIBE;
	else if (!c->authorized)
		how = JUDGED_NO_LOGIN;
	else
		how = read_submit(c, &t, &s, params, &text);
	if (how) {
		local_refuse(c, id, how, text);
		return;
	}
	t.nonce = s.nonce;
	t.work.header_len = 80;
	local_header(t.job, c->job_extranonce1[t.job->number % LOCAL_JOBS_KEPT], s.extranonce2,
		     c->extranonce2_len, (t.job->version & ~c->version_mask) | s.bits, s.time,
		     t.work.header);
	local_check(c, id, &t);
}

static void judged(struct local_client *c, json_t *id, enum judged how, const char *text)
{
	static const struct talk_words words[JUDGED_KINDS] = {
		[JUDGED_MALFORMED] = {20, "Malformed"},
		[JUDGED_NO_JOB] = {21, "Job not found"},
		[JUDGED_STALE] = {21, "Stale"},
		[JUDGED_LOW] = {23, "Above target"},
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
	talk_error(c, id, json_false(), 20, "Not supported");
}

static const struct talk_method methods[] = {
	{"mining.authorize", on_authorize},
	{"mining.configure", on_configure},
	{"mining.extranonce.subscribe", talk_extranonce},
	{"mining.get_transactions", on_transactions},
	{"mining.ping", talk_ping},
	{"mining.submit", on_submit},
	{"mining.subscribe", on_subscribe},
	{"mining.suggest_difficulty", on_suggest},
	{0},
};

const struct talk talk_stratum1 = {
	.name = "stratum1",
	.serves = serves,
	.hears = hears,
	.methods = methods,
	.unknown = unknown,
	.send_job = send_job,
	.send_difficulty = send_difficulty,
	.send_extranonce = send_extranonce,
	.judged = judged,
};
