/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stratum V1 as Bitcoin's descendants speak it: mining.subscribe, authorize, notify, submit,
 * with BIP 310 version rolling, extranonce changes and session resume.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "pool/jsonline.h"
#include "pool/stratum1_job.h"
#include "src/bytes.h"
#include "src/hex.h"
#include "src/str.h"

extern const struct dialect dialect_stratum1;

#define VERSION_MASK 0x1fffe000u /* BIP 320 */

struct session {
	/* request ids; 0: none pending */
	uint32_t configure, suggest, subscribe, extranonce, authorize;
	unsigned form; /* of mining.subscribe */
	bool subscribed, authorized, resumed;
	struct stratum1_terms terms;
	double difficulty; /* for jobs to come */
	bool has_target;
	struct u256 target; /* mining.set_target, instead of difficulty */
	json_t *early;      /* a notify that came before the extranonce */
	unsigned bad_lines; /* in a row */
};

/* ---- login ---- */

/* Three forms, richest first: some pools refuse a session id, a few even a user agent. */
static int subscribe(struct client *c)
{
	struct session *s = client_session(c);
	const char *memo = client_memo(c), *end = strchr(memo, ' ');
	json_t *params = json_array();

	if (s->form == 0 && !end)
		s->form = 1;
	if (s->form <= 1)
		json_array_append_new(params, json_string(client_agent(c)));
	if (s->form == 0)
		json_array_append_new(params, json_stringn(memo, (size_t)(end - memo)));
	s->subscribe = client_next_request(c);
	return jsonline_request(c, s->subscribe, "mining.subscribe", params);
}

static int stratum1_hello(struct client *c, struct err *err)
{
	struct session *s = client_session(c);
	const char *rolling = client_option(c, "version-rolling");
	const char *suggest = client_option(c, "suggest-difficulty");
	double difficulty;
	int rc = 0;

	(void)err;
	s->difficulty = 1;
	if (client_algo(c)->version_rolling && !(rolling && !strcmp(rolling, "off"))) {
		s->configure = client_next_request(c);
		rc = jsonline_request(c, s->configure, "mining.configure",
				      json_pack("[[s], {s:s, s:i}]", "version-rolling",
						"version-rolling.mask", "1fffe000",
						"version-rolling.min-bit-count", 2));
	}
	if (!rc && suggest && !str_to_double(&difficulty, suggest) && difficulty > 0) {
		s->suggest = client_next_request(c);
		rc = jsonline_request(c, s->suggest, "mining.suggest_difficulty",
				      json_pack("[f]", difficulty));
	}
	return rc ? rc : subscribe(c);
}

static int get_extranonce(struct stratum1_terms *t, const json_t *en1, const json_t *size,
			  struct err *err)
{
	uint8_t bytes[STRATUM1_EXTRANONCE_MAX];
	size_t len = json_is_string(en1) ? json_string_length(en1) : 0;
	uint64_t n = 0;

	if (!json_is_string(en1) || len > 2 * sizeof bytes ||
	    hex_decode(bytes, len / 2, json_string_value(en1), len))
		return err_set(err, ERR_PROTO, "extranonce1 is not at most 16 bytes of hex");
	if (json_is_integer(size) && json_integer_value(size) >= 0)
		n = (uint64_t)json_integer_value(size);
	else if (!json_is_string(size) || str_to_u64(&n, json_string_value(size), 1, 16))
		n = 0;
	if (n < 1 || n > STRATUM1_EXTRANONCE_MAX)
		return err_set(err, ERR_PROTO, "extranonce2's size is not from 1 to 16 bytes");
	memcpy(t->extranonce1, bytes, len / 2);
	t->extranonce1_len = (uint8_t)(len / 2);
	t->extranonce2_len = (uint8_t)n;
	return 0;
}

/* The id that goes with "mining.notify" in any of the shapes pools use, or NULL. */
static const char *session_id(const json_t *subscriptions)
{
	const json_t *first = json_array_get(subscriptions, 0), *pair;
	size_t i;

	if (json_is_string(first) && !strcmp(json_string_value(first), "mining.notify"))
		return json_string_value(json_array_get(subscriptions, 1));
	json_array_foreach(subscriptions, i, pair)
	{
		const char *name = json_string_value(json_array_get(pair, 0));

		if (name && !strcmp(name, "mining.notify"))
			return json_string_value(json_array_get(pair, 1));
	}
	return NULL;
}

/* Keep "session extranonce1" for the next connection; true when extranonce1 is the old one. */
static bool remember(struct client *c, const char *id, const struct stratum1_terms *t)
{
	char memo[256], hex[2 * STRATUM1_EXTRANONCE_MAX + 1];
	const char *old = strchr(client_memo(c), ' ');
	bool same;

	hex_encode(hex, t->extranonce1, t->extranonce1_len);
	same = old && t->extranonce1_len && !strcmp(old + 1, hex);
	memo[0] = '\0';
	if (id && *id && !strchr(id, ' ') && strlen(id) < 200)
		snprintf(memo, sizeof memo, "%s %s", id, hex);
	client_set_memo(c, memo);
	return same;
}

static int authorize(struct client *c)
{
	struct session *s = client_session(c);

	s->authorize = client_next_request(c);
	return jsonline_request(c, s->authorize, "mining.authorize",
				json_pack("[s, s]", client_user(c), client_password(c)));
}

static int take_notify(struct client *c, const json_t *params, struct err *err);

static int on_subscribed(struct client *c, const json_t *result, bool failed, struct err *err)
{
	struct session *s = client_session(c);
	int rc;

	s->subscribe = 0;
	if (failed || !json_is_array(result)) {
		if (s->form++ < 2)
			return subscribe(c);
		return err_set(err, ERR_PROTO, "the pool refuses mining.subscribe");
	}
	rc = get_extranonce(&s->terms, json_array_get(result, 1), json_array_get(result, 2), err);
	if (rc)
		return rc;
	s->resumed = remember(c, session_id(json_array_get(result, 0)), &s->terms);
	s->subscribed = true;
	if (s->early) {
		struct err ignored = {0};

		if (take_notify(c, s->early, &ignored))
			client_note(c, NOTE_WARNING, "%s; job ignored", ignored.text);
		json_decref(s->early);
		s->early = NULL;
	}
	s->extranonce = client_next_request(c);
	rc = jsonline_request(c, s->extranonce, "mining.extranonce.subscribe", json_array());
	return rc ? rc : authorize(c);
}

static int on_authorized(struct client *c, const json_t *result, const json_t *error,
			 struct err *err)
{
	struct session *s = client_session(c);

	s->authorize = 0;
	if (!json_is_true(result))
		return jsonline_refused(c, error, err);
	s->authorized = true;
	client_ready(c, s->resumed);
	return 0;
}

static void on_configured(struct client *c, const json_t *result)
{
	struct session *s = client_session(c);
	const json_t *mask = json_object_get(result, "version-rolling.mask");
	uint8_t bytes[4];

	s->configure = 0;
	s->terms.version_mask = 0;
	if (json_is_true(json_object_get(result, "version-rolling")) && json_is_string(mask) &&
	    !hex_decode(bytes, 4, json_string_value(mask), json_string_length(mask)))
		s->terms.version_mask = be32_get(bytes) & VERSION_MASK;
}

static int on_answer(struct client *c, const json_t *line, uint32_t id, struct err *err)
{
	struct session *s = client_session(c);
	const json_t *result = json_object_get(line, "result");
	const json_t *error = json_object_get(line, "error");

	if (id == s->configure)
		on_configured(c, result);
	else if (id == s->subscribe)
		return on_subscribed(c, result, jsonline_failed(line), err);
	else if (id == s->authorize)
		return on_authorized(c, result, error, err);
	else if (id == s->extranonce)
		s->extranonce = 0;
	else if (id == s->suggest)
		s->suggest = 0;
	else
		jsonline_submitted(c, line, id);
	return 0;
}

/* ---- what the pool sends ---- */

static int take_notify(struct client *c, const json_t *params, struct err *err)
{
	struct session *s = client_session(c);
	struct stratum1_job *priv;
	struct job *job;
	int rc;

	job = job_new(client_algo(c), &dialect_stratum1);
	if (!job)
		return err_set(err, ERR_NOMEM, "no memory for a job");
	rc = stratum1_job_new(&priv, &job->clean, job->id, params, &s->terms, err);
	if (rc) {
		job->dialect = NULL;
		job_unref(job);
		return rc;
	}
	job->priv = priv;
	job->difficulty = s->difficulty;
	job->target = s->has_target ? s->target : algo_target(job->algo, s->difficulty);
	if (s->has_target)
		job->difficulty = algo_difficulty(job->algo, &s->target);
	client_job(c, job);
	return 0;
}

static int on_notify(struct client *c, json_t *params, struct err *err)
{
	struct session *s = client_session(c);

	if (s->subscribed)
		return take_notify(c, params, err);
	json_decref(s->early);
	s->early = json_incref(params);
	return 0;
}

static int on_difficulty(struct client *c, json_t *params, struct err *err)
{
	struct session *s = client_session(c);
	double d;
	int rc = jsonline_difficulty(&d, json_array_get(params, 0), err);

	if (rc)
		return rc;
	if (d == 0) /* a small one, cut by its printf: unknown */
		return 0;
	if (d != s->difficulty || s->has_target)
		client_note(c, NOTE_INFO, "difficulty %.10g from the next job on", d);
	s->difficulty = d;
	s->has_target = false;
	return 0;
}

static int on_target(struct client *c, json_t *params, struct err *err)
{
	struct session *s = client_session(c);
	const char *text = json_string_value(json_array_get(params, 0));
	struct u256 target;

	if (!text || u256_parse(&target, text) || u256_is_zero(&target))
		return err_set(err, ERR_PROTO, "mining.set_target: not a target of 64 hex digits");
	s->target = target;
	s->has_target = true;
	return 0;
}

static int on_extranonce(struct client *c, json_t *params, struct err *err)
{
	struct session *s = client_session(c);
	struct stratum1_terms terms = s->terms;
	const char *memo = client_memo(c);
	char id[256];
	int rc = get_extranonce(&terms, json_array_get(params, 0), json_array_get(params, 1), err);

	if (rc)
		return rc;
	s->terms = terms;
	str_copy(id, sizeof id, memo);
	id[strcspn(id, " ")] = '\0';
	remember(c, id, &terms);
	client_note(c, NOTE_INFO, "extranonce changed");
	return 0;
}

static int on_mask(struct client *c, json_t *params, struct err *err)
{
	struct session *s = client_session(c);
	const json_t *v = json_array_get(params, 0);
	uint8_t bytes[4];

	if (!json_is_string(v) || hex_decode(bytes, 4, json_string_value(v), json_string_length(v)))
		return err_set(err, ERR_PROTO, "mining.set_version_mask: not 8 hex digits");
	s->terms.version_mask = be32_get(bytes) & VERSION_MASK;
	return 0;
}

static const struct jsonline_method methods[] = {
	{"mining.notify", on_notify, NULL},
	{"mining.set_difficulty", on_difficulty, NULL},
	{"mining.set_target", on_target, NULL},
	{"mining.set_extranonce", on_extranonce, NULL},
	{"mining.set_version_mask", on_mask, NULL},
	{"mining.set_goal", jsonline_ignore, NULL},
	{"mining.multi_version", jsonline_ignore, NULL},
	{"mining.ping", jsonline_ignore, "pong"},
	{"client.ping", jsonline_ignore, "pong"},
	{"ping", jsonline_ignore, "pong"},
	{"client.get_version", jsonline_ignore, "@agent"},
	{"client.get_algo", jsonline_ignore, "@algo"},
	{"client.show_message", jsonline_message, NULL},
	{"client.reconnect", jsonline_reconnect, NULL},
};

static int on_call(struct client *c, json_t *line, const char *name, struct err *err)
{
	(void)err;
	return jsonline_call(c, line, name, methods, sizeof methods / sizeof *methods);
}

static long stratum1_feed(struct client *c, const uint8_t *data, size_t len, struct err *err)
{
	static const struct jsonline_events events = {.answer = on_answer, .call = on_call};
	struct session *s = client_session(c);

	return jsonline_feed(c, &events, &s->bad_lines, data, len, err);
}

static int stratum1_submit(struct client *c, const struct share *share, uint32_t id,
			   struct err *err)
{
	const struct stratum1_job *job = share->job->priv;
	uint8_t extranonce2[STRATUM1_EXTRANONCE_MAX], word[4];
	char en2[2 * STRATUM1_EXTRANONCE_MAX + 1], time[9], nonce[9], bits[9];
	json_t *params, *job_id;
	uint32_t version;

	(void)err;
	stratum1_job_roll(job, share->work.roll, extranonce2, &version);
	hex_encode(en2, extranonce2, job->terms.extranonce2_len);
	be32_put(word, job->time);
	hex_encode(time, word, sizeof word);
	be32_put(word, (uint32_t)share->nonce);
	hex_encode(nonce, word, sizeof word);
	job_id = jsonline_job_id_back(share->job->id, job->id_is_number);
	params = json_pack("[s, o, s, s, s]", client_user(c), job_id, en2, time, nonce);
	if (job->terms.version_mask) {
		be32_put(word, version & job->terms.version_mask);
		json_array_append_new(params, json_string(hex_encode(bits, word, sizeof word)));
	}
	return jsonline_request(c, id, "mining.submit", params);
}

static int stratum1_make_work(const struct job *job, uint64_t roll, struct work *out)
{
	out->header_len = 80;
	out->nonce_first = 0;
	out->nonce_count = UINT64_C(1) << 32;
	return stratum1_job_header(job->priv, roll, out->header);
}

static bool stratum1_is_block(const struct job *job, const struct digest *digest)
{
	const struct stratum1_job *priv = job->priv;

	return !u256_is_zero(&priv->network) && u256_cmp(&digest->hash, &priv->network) <= 0;
}

static bool stratum1_serves(const struct algo *algo)
{
	return algo->header_len == 80 && algo->nonce_off == 76 && algo->nonce_len == 4;
}

static void stratum1_job_done(struct job *job)
{
	free(job->priv);
}

static void stratum1_bye(struct client *c)
{
	struct session *s = client_session(c);

	json_decref(s->early);
	s->early = NULL;
}

const struct dialect dialect_stratum1 = {
	.name = "stratum1",
	.schemes = "stratum1+tcp stratum1+ssl stratum1+tls stratum+tcp stratum+ssl stratum+tls "
		   "stratum+tls12 stratums stratum tcp ssl tls",
	.title = "Stratum V1",
	.session_size = sizeof(struct session),
	.serves = stratum1_serves,
	.hello = stratum1_hello,
	.feed = stratum1_feed,
	.submit = stratum1_submit,
	.make_work = stratum1_make_work,
	.is_block = stratum1_is_block,
	.job_done = stratum1_job_done,
	.bye = stratum1_bye,
};
