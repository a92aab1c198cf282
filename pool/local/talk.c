/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the local pool's dialects have in common: lines in, lines out, who speaks what. */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool/local/talk.h"
#include "src/bytes.h"
#include "src/clock.h"
#include "src/hex.h"
#include "src/log.h"
#include "src/str.h"

/* In the order in which a client's first line is held against them. */
static const struct talk *const talks[] = {
	&talk_stratum1, &talk_kawpow,     &talk_ethstratum2, &talk_ethstratum1,
	&talk_ethproxy, &talk_ethstratum, &talk_getwork,
};
#define TALKS (sizeof talks / sizeof *talks)

/* While half a line is out, everything waits for its rest. */
static bool hold(struct local_client *c, const char *text, size_t len)
{
	size_t first = 0;

	if (c->halve && !c->held) {
		c->halve = false;
		c->held = evbuffer_new();
		if (!c->held)
			return false;
		first = len / 2;
		bufferevent_write(c->bev, text, first);
	}
	return c->held && !evbuffer_add(c->held, text + first, len - first);
}

void local_send_text(struct local_client *c, const char *text, size_t len)
{
	size_t queued;

	if (c->dead || !c->bev)
		return;
	if (!hold(c, text, len))
		bufferevent_write(c->bev, text, len);
	queued = evbuffer_get_length(bufferevent_get_output(c->bev));
	if (c->held)
		queued += evbuffer_get_length(c->held);
	if (queued > LOCAL_OUTPUT_MAX) {
		log_info(LOG_POOL, "client %llu: does not read, closing",
			 (unsigned long long)c->id);
		local_close(c);
	}
}

void local_send(struct local_client *c, json_t *take)
{
	char *text = take ? json_dumps(take, JSON_COMPACT) : NULL;
	size_t len = text ? strlen(text) : 0;

	if (text) {
		text[len] = '\n';
		local_send_text(c, text, len + 1);
	}
	free(text);
	json_decref(take);
}

/* ---- lines ---- */

static const struct talk *pick(const struct local *p, const char *method, const json_t *params)
{
	size_t i;

	if (p->talk)
		return p->talk->hears(method, params) ? p->talk : NULL;
	for (i = 0; i < TALKS; i++)
		if (talks[i]->serves(p->algo) && talks[i]->hears(method, params))
			return talks[i];
	return NULL;
}

/* A client that speaks something else. */
static void other(struct local_client *c, json_t *id)
{
	const struct local *p = c->pool;

	log_debug(LOG_POOL, "client %llu: speaks another dialect", (unsigned long long)c->id);
	if (p->settings->speak_other == SPEAK_OTHER_CLOSE)
		local_close(c);
	else if (p->settings->speak_other == SPEAK_OTHER_ERROR && p->talk)
		p->talk->unknown(c, id);
	else if (p->settings->speak_other == SPEAK_OTHER_ERROR)
		talk_error(c, id, json_null(), 20, "Not supported");
}

static void take(struct local_client *c, const char *method, json_t *id, json_t *params)
{
	const struct talk_method *m;

	if (!c->talk) {
		c->talk = pick(c->pool, method, params);
		if (!c->talk) {
			other(c, id);
			return;
		}
		log_debug(LOG_POOL, "client %llu: speaks %s", (unsigned long long)c->id,
			  c->talk->name);
	}
	for (m = c->talk->methods; m->name; m++)
		if (!strcmp(m->name, method)) {
			m->take(c, id, params);
			return;
		}
	if (id)
		c->talk->unknown(c, id);
}

void local_line(struct local_client *c, const char *text, size_t len)
{
	json_t *line = json_loadb(text, len, 0, NULL);
	const char *method = json_string_value(json_object_get(line, "method"));

	c->heard_ms = clock_ms();
	if (!line) {
		log_debug(LOG_POOL, "client %llu: no JSON, closing", (unsigned long long)c->id);
		local_close(c);
		return;
	}
	if (method && !c->pool->faults.silent)
		take(c, method, json_object_get(line, "id"), json_object_get(line, "params"));
	json_decref(line);
}

static bool is_usual(const struct algo *algo)
{
	return talk_stratum1.serves(algo) || algo->dataset;
}

int local_choose_talk(struct local *p, const char *name, struct err *err)
{
	char names[128] = "any";
	size_t i, len;

	p->talk = talk_stratum1.serves(p->algo) ? &talk_stratum1
		  : p->algo->program            ? &talk_kawpow
						: NULL;
	if (!is_usual(p->algo))
		return err_set(err, ERR_USAGE, "the local pool does not serve %s yet",
			       p->algo->name);
	if (!name)
		return 0;
	p->talk = NULL;
	for (i = 0; i < TALKS; i++) {
		if (!talks[i]->serves(p->algo))
			continue;
		if (!strcmp(talks[i]->name, name))
			p->talk = talks[i];
		len = strlen(names);
		snprintf(names + len, sizeof names - len, ", %s", talks[i]->name);
	}
	if (p->talk || !strcmp(name, "any"))
		return 0;
	return err_set(err, ERR_USAGE, "--speak %s: for %s there are: %s", name, p->algo->name,
		       names);
}

void talk_note_job(struct local_client *c, const struct local_job *job)
{
	unsigned place = job->number % LOCAL_JOBS_KEPT;

	/* Told again with a higher difficulty, shares on their way still count by the lower one. */
	if (c->job_difficulty[place] <= 0 || c->difficulty < c->job_difficulty[place])
		c->job_difficulty[place] = c->difficulty;
	memcpy(c->job_extranonce1[place], c->extranonce1, 4);
}

void local_send_job(struct local_client *c, const struct local_job *job, bool clean)
{
	if (!c->talk || !job)
		return;
	talk_note_job(c, job);
	c->talk->send_job(c, job, clean);
}

void local_send_difficulty(struct local_client *c)
{
	if (c->talk && c->talk->send_difficulty)
		c->talk->send_difficulty(c);
}

void local_send_extranonce(struct local_client *c)
{
	if (c->talk && c->talk->send_extranonce)
		c->talk->send_extranonce(c);
}

struct u256 talk_target_now(const struct local_client *c)
{
	return algo_target(c->pool->algo, c->difficulty);
}

struct u256 talk_target(const struct local_client *c, const struct local_job *job)
{
	return algo_target(c->pool->algo, c->job_difficulty[job->number % LOCAL_JOBS_KEPT]);
}

/* ---- logins ---- */

void talk_start_work(struct local_client *c)
{
	local_send_difficulty(c);
	if (c->subscribed)
		local_send_job(c, local_job(c->pool, c->pool->last_job), true);
}

bool talk_login(struct local_client *c, const json_t *user)
{
	if (c->pool->faults.refuse_login)
		return false;
	if (json_is_string(user))
		str_printable(c->user, sizeof c->user, json_string_value(user),
			      json_string_length(user));
	c->authorized = true;
	log_info(LOG_POOL, "client %llu: %s logged in", (unsigned long long)c->id, c->user);
	return true;
}

/* Names are kept as they are shown: printable, and cut. */
bool talk_is_user(const struct local_client *c, const json_t *name)
{
	char shown[sizeof c->user];

	return json_is_string(name) &&
	       !strcmp(c->user, str_printable(shown, sizeof shown, json_string_value(name),
					      json_string_length(name)));
}

/* Was given out, and nobody here uses it. */
static bool is_free(const struct local *p, const uint8_t extranonce1[4])
{
	const struct local_client *c;
	unsigned i;

	for (c = p->clients; c; c = c->next)
		if (!c->dead && c->subscribed && !memcmp(c->extranonce1, extranonce1, 4))
			return false;

	for (i = 0; i < LOCAL_SESSIONS_KEPT && i < p->n_known; i++)
		if (!memcmp(p->known[i], extranonce1, 4))
			return true;
	return false;
}

/* The session id is the extranonce itself: asked for again, one of ours is given again. */
void talk_resume(struct local_client *c, const char *session)
{
	uint8_t bytes[4];

	if (session && !hex_decode(bytes, 4, session, strlen(session)) && is_free(c->pool, bytes))
		memcpy(c->extranonce1, bytes, 4);
	else
		memcpy(c->pool->known[c->pool->n_known++ % LOCAL_SESSIONS_KEPT], c->extranonce1, 4);
}

/* ---- answers ---- */

/* id goes back as it came. */
static json_t *same(json_t *id)
{
	return id ? json_incref(id) : json_null();
}

void talk_answer(struct local_client *c, json_t *id, json_t *result)
{
	local_send(c, json_pack("{s:o, s:o, s:n}", "id", same(id), "result", result, "error"));
}

void talk_error(struct local_client *c, json_t *id, json_t *result, int code, const char *text)
{
	local_send(c, json_pack("{s:o, s:o, s:[i, s, n]}", "id", same(id), "result", result,
				"error", code, text));
}

void talk_call(struct local_client *c, const char *method, json_t *params)
{
	local_send(c, json_pack("{s:n, s:s, s:o}", "id", "method", method, "params", params));
}

void talk_extranonce(struct local_client *c, json_t *id, json_t *params)
{
	(void)params;
	c->wants_extranonce = true;
	talk_answer(c, id, json_true());
}

void talk_true(struct local_client *c, json_t *id, json_t *params)
{
	(void)params;
	talk_answer(c, id, json_true());
}

void talk_ping(struct local_client *c, json_t *id, json_t *params)
{
	(void)params;
	talk_answer(c, id, json_string("pong"));
}

/* ---- members ---- */

bool talk_has_dataset(const struct algo *algo)
{
	return algo->dataset && algo->nonce_len == 8;
}

json_t *talk_hex(const char *before, const void *bytes, size_t len)
{
	char text[2 + 2 * LOCAL_COINB_MAX + 1];
	size_t at = strlen(before);

	memcpy(text, before, at);
	hex_encode(text + at, bytes, len);
	return json_string(text);
}

json_t *talk_word(uint32_t v)
{
	uint8_t bytes[4];

	be32_put(bytes, v);
	return talk_hex("", bytes, sizeof bytes);
}

json_t *talk_number(const char *before, uint64_t v)
{
	return json_sprintf("%s%llx", before, (unsigned long long)v);
}

json_t *talk_quantity(const char *before, const struct u256 *v)
{
	char text[65];
	size_t zeros;

	u256_hex(text, v);
	zeros = strspn(text, "0");
	return json_sprintf("%s%s", before, text + (zeros < 64 ? zeros : 63));
}

bool talk_get_hex(uint8_t *out, size_t len, const json_t *v)
{
	return json_is_string(v) &&
	       !hex_decode(out, len, json_string_value(v), json_string_length(v));
}

bool talk_get_0x(uint8_t *out, size_t len, const json_t *v)
{
	const char *text = json_string_value(v);

	return text && !strncmp(text, "0x", 2) &&
	       !hex_decode(out, len, text + 2, json_string_length(v) - 2);
}

bool talk_get_number(uint64_t *out, const json_t *v)
{
	char text[17] = "0000000000000000";
	size_t len = json_string_length(v);
	uint8_t bytes[8];

	if (!len || len > 16)
		return false;
	memcpy(text + 16 - len, json_string_value(v), len);
	if (hex_decode(bytes, sizeof bytes, text, 16))
		return false;
	*out = be64_get(bytes);
	return true;
}
