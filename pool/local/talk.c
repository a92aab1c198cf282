/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The local pool's Stratum V1: what a client may say, and what is answered. */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool/local/local.h"
#include "src/bytes.h"
#include "src/clock.h"
#include "src/hex.h"
#include "src/log.h"
#include "src/str.h"

#define VERSION_MASK 0x1fffe000u
#define TIME_AHEAD_S 7200
#define ID_DIGITS    16

enum { OTHER = 20, STALE = 21, DUPLICATE = 22, LOW = 23, UNAUTHORIZED = 24, NOT_SUBSCRIBED = 25 };

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

	if (c->dead)
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

/* id goes back as it came; error 0: result (taken), else [error, text, null]. */
static void answer(struct local_client *c, json_t *id, json_t *result, int error, const char *text)
{
	json_t *e = error ? json_pack("[i, s, n]", error, text) : json_null();

	local_send(c, json_pack("{s:O, s:o, s:o}", "id", id ? id : json_null(), "result",
				error ? json_false() : result, "error", e));
	if (error)
		json_decref(result);
}

static void call(struct local_client *c, const char *method, json_t *params)
{
	local_send(c, json_pack("{s:n, s:s, s:o}", "id", "method", method, "params", params));
}

static json_t *hex_json(const void *bytes, size_t len)
{
	char text[2 * LOCAL_COINB_MAX + 1];

	return json_string(hex_encode(text, bytes, len));
}

static json_t *word_json(uint32_t v)
{
	uint8_t bytes[4];

	be32_put(bytes, v);
	return hex_json(bytes, sizeof bytes);
}

void local_send_difficulty(struct local_client *c)
{
	call(c, "mining.set_difficulty", json_pack("[f]", c->difficulty));
}

void local_send_extranonce(struct local_client *c)
{
	call(c, "mining.set_extranonce",
	     json_pack("[o, i]", hex_json(c->extranonce1, 4), c->extranonce2_len));
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
		json_array_append_new(branch, hex_json(job->branch[i], 32));
	return json_pack("[o, o, o, o, o, o, o, o, b]", hex_json(id, sizeof id),
			 hex_json(prev, sizeof prev), hex_json(job->coinb1, job->coinb1_len),
			 hex_json(job->coinb2, job->coinb2_len), branch, word_json(job->version),
			 word_json(job->bits), word_json(job->time), clean);
}

void local_send_job(struct local_client *c, const struct local_job *job, bool clean)
{
	unsigned place = job->number % LOCAL_JOBS_KEPT;

	/* Told again with a higher difficulty, shares on their way still count by the lower one. */
	if (c->job_difficulty[place] <= 0 || c->difficulty < c->job_difficulty[place])
		c->job_difficulty[place] = c->difficulty;
	memcpy(c->job_extranonce1[place], c->extranonce1, 4);
	call(c, "mining.notify", job_json(job, clean));
}

/* ---- login ---- */

static void start_work(struct local_client *c)
{
	const struct local_job *job = local_job(c->pool, c->pool->last_job);

	local_send_difficulty(c);
	if (job && c->subscribed)
		local_send_job(c, job, true);
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
static void on_subscribe(struct local_client *c, json_t *id, json_t *params)
{
	const json_t *old = json_array_get(params, 1);
	uint8_t bytes[4];
	char text[9];

	if (json_is_string(old) &&
	    !hex_decode(bytes, 4, json_string_value(old), json_string_length(old)) &&
	    is_free(c->pool, bytes))
		memcpy(c->extranonce1, bytes, 4);
	else
		memcpy(c->pool->known[c->pool->n_known++ % LOCAL_SESSIONS_KEPT], c->extranonce1, 4);
	c->subscribed = true;
	hex_encode(text, c->extranonce1, 4);
	answer(c, id,
	       json_pack("[[[s, s], [s, s]], s, i]", "mining.set_difficulty", text, "mining.notify",
			 text, text, c->extranonce2_len),
	       0, NULL);
	if (c->authorized) /* in the other order it is done there */
		start_work(c);
}

static void on_authorize(struct local_client *c, json_t *id, json_t *params)
{
	const json_t *user = json_array_get(params, 0);

	if (c->pool->faults.refuse_login) {
		answer(c, id, json_false(), UNAUTHORIZED, "Unauthorized worker");
		return;
	}
	if (json_is_string(user))
		str_printable(c->user, sizeof c->user, json_string_value(user),
			      json_string_length(user));
	c->authorized = true;
	answer(c, id, json_true(), 0, NULL);
	start_work(c);
	log_info(LOG_POOL, "client %llu: %s logged in", (unsigned long long)c->id, c->user);
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
		json_object_set_new(result, "version-rolling.mask", word_json(VERSION_MASK));
	}
	answer(c, id, result, 0, NULL);
}

static void on_suggest(struct local_client *c, json_t *id, json_t *params)
{
	double d = json_number_value(json_array_get(params, 0));

	if (d > 0 && d < 1e15) {
		c->difficulty = d;
		local_send_difficulty(c);
	}
	answer(c, id, json_true(), 0, NULL);
}

static void on_extranonce(struct local_client *c, json_t *id, json_t *params)
{
	(void)params;
	c->wants_extranonce = true;
	answer(c, id, json_true(), 0, NULL);
}

static void on_ping(struct local_client *c, json_t *id, json_t *params)
{
	(void)params;
	answer(c, id, json_string("pong"), 0, NULL);
}

static void on_transactions(struct local_client *c, json_t *id, json_t *params)
{
	(void)params;
	answer(c, id, json_array(), 0, NULL);
}

/* ---- shares ---- */

struct submit {
	const struct local_job *job;
	unsigned place;
	uint8_t extranonce2[16];
	uint32_t time, nonce, bits;
};

static bool get_hex(uint8_t *out, size_t len, const json_t *v)
{
	return json_is_string(v) &&
	       !hex_decode(out, len, json_string_value(v), json_string_length(v));
}

/* Names are kept as they are shown: printable, and cut. */
static bool is_user(const struct local_client *c, const json_t *name)
{
	char shown[sizeof c->user];

	return json_is_string(name) &&
	       !strcmp(c->user, str_printable(shown, sizeof shown, json_string_value(name),
					      json_string_length(name)));
}

/* 0, or an error code with its text. */
static int read_submit(struct local_client *c, struct submit *s, json_t *params, const char **text)
{
	uint8_t id[8], word[4];
	size_t want = c->version_mask ? 6 : 5;

	memset(s, 0, sizeof *s);
	*text = "Invalid array size";
	if (json_array_size(params) != want)
		return OTHER;
	*text = "Worker mismatch";
	if (!is_user(c, json_array_get(params, 0)))
		return OTHER;
	*text = "Job not found";
	if (!get_hex(id, sizeof id, json_array_get(params, 1)))
		return STALE;
	s->job = local_job(c->pool, be64_get(id));
	s->place = be64_get(id) % LOCAL_JOBS_KEPT;
	if (!s->job || c->job_difficulty[s->place] <= 0)
		return STALE;
	*text = "Stale";
	if (s->job->stale)
		return STALE;
	*text = "Invalid extranonce2 size";
	if (!get_hex(s->extranonce2, c->extranonce2_len, json_array_get(params, 2)))
		return OTHER;
	*text = "Invalid ntime or nonce";
	if (!get_hex(word, 4, json_array_get(params, 3)))
		return OTHER;
	s->time = be32_get(word);
	if (!get_hex(word, 4, json_array_get(params, 4)))
		return OTHER;
	s->nonce = be32_get(word);
	*text = "Ntime out of range";
	if (s->time < s->job->time || s->time > s->job->time + TIME_AHEAD_S)
		return OTHER;
	*text = "Invalid version mask";
	if (want == 6 &&
	    (!get_hex(word, 4, json_array_get(params, 5)) || be32_get(word) & ~c->version_mask))
		return OTHER;
	s->bits = want == 6 ? be32_get(word) : 0;
	return 0;
}

static int judge(struct local_client *c, const struct submit *s, const char **text)
{
	struct local *p = c->pool;
	uint32_t version = (s->job->version & ~c->version_mask) | s->bits;
	struct work work = {.header_len = 80};
	struct digest digest;
	struct u256 target;

	local_header(s->job, c->job_extranonce1[s->place], s->extranonce2, c->extranonce2_len,
		     version, s->time, work.header);
	*text = "Cannot be hashed";
	if (p->algo->hash(NULL, &work, s->nonce, &digest))
		return OTHER;
	target = algo_target(p->algo, c->job_difficulty[s->place]);
	*text = "Above target";
	if (u256_cmp(&digest.hash, &target) > 0)
		return LOW;
	*text = "Duplicate share";
	if (!seen_add(&p->seen, digest.hash.w[0]))
		return DUPLICATE;
	return 0;
}

static void count(struct local_counts *n, int error)
{
	switch (error) {
	case 0:
		n->accepted++;
		break;
	case STALE:
		n->stale++;
		break;
	case DUPLICATE:
		n->duplicate++;
		break;
	case LOW:
		n->low++;
		break;
	default:
		n->invalid++;
	}
}

static void on_submit(struct local_client *c, json_t *id, json_t *params)
{
	struct local *p = c->pool;
	struct submit s;
	const char *text = "";
	double difficulty;
	int error;

	if (!c->subscribed) {
		error = NOT_SUBSCRIBED;
		text = "Not subscribed";
	} else if (!c->authorized) {
		error = UNAUTHORIZED;
		text = "Unauthorized worker";
	} else {
		error = read_submit(c, &s, params, &text);
		if (!error)
			error = judge(c, &s, &text);
	}
	if (p->faults.no_answer)
		return;
	if (p->faults.reject_all && !error) {
		error = OTHER;
		text = "No particular reason";
		p->counts.refused++;
	} else {
		count(&p->counts, error);
	}
	answer(c, id, json_true(), error, text);
	if (error) {
		log_debug(LOG_SHARE, "client %llu: refused: %s", (unsigned long long)c->id, text);
		return;
	}
	c->accepted++;
	c->vardiff.shares++;
	difficulty = local_vardiff(&c->vardiff, c->difficulty, clock_ms());
	if (difficulty != c->difficulty) {
		c->difficulty = difficulty;
		local_send_difficulty(c);
		local_send_job(c, local_job(p, p->last_job), false);
	}
}

static const struct {
	const char *name;
	void (*take)(struct local_client *c, json_t *id, json_t *params);
} methods[] = {
	{"mining.authorize", on_authorize},
	{"mining.configure", on_configure},
	{"mining.extranonce.subscribe", on_extranonce},
	{"mining.get_transactions", on_transactions},
	{"mining.ping", on_ping},
	{"mining.submit", on_submit},
	{"mining.subscribe", on_subscribe},
	{"mining.suggest_difficulty", on_suggest},
};

void local_line(struct local_client *c, const char *text, size_t len)
{
	json_t *line = json_loadb(text, len, 0, NULL);
	const char *method = json_string_value(json_object_get(line, "method"));
	json_t *id = json_object_get(line, "id");
	size_t i;

	c->heard_ms = clock_ms();
	if (!line) {
		log_debug(LOG_POOL, "client %llu: no JSON, closing", (unsigned long long)c->id);
		local_close(c);
		return;
	}
	for (i = 0; method && i < sizeof methods / sizeof *methods; i++)
		if (!strcmp(methods[i].name, method)) {
			if (!c->pool->faults.silent)
				methods[i].take(c, id, json_object_get(line, "params"));
			break;
		}
	if (method && i == sizeof methods / sizeof *methods && id && !c->pool->faults.silent)
		answer(c, id, json_false(), OTHER, "Not supported");
	json_decref(line);
}
