/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stratum for algorithms with a dataset: what its dialects have in common. */
#include <string.h>

#include "pool/dagline.h"

/* params is taken. */
static int request(struct client *c, uint32_t id, const char *method, json_t *params)
{
	const struct dagline *s = client_session(c);

	if (!s->kind->jsonrpc)
		return jsonline_request(c, id, method, params);
	return jsonline_send(c, json_pack("{s:I, s:s, s:s, s:o}", "id", (json_int_t)id, "jsonrpc",
					  "2.0", "method", method, "params", params));
}

/* ---- login ---- */

int dagline_hello(struct client *c, const struct dagline_kind *kind, struct err *err)
{
	struct dagline *s = client_session(c);
	int rc = dagjob_terms_init(&s->terms, err);

	if (rc)
		return rc;
	s->kind = kind;
	s->subscribe = client_next_request(c);
	return request(c, s->subscribe, "mining.subscribe",
		       kind->agent ? json_pack("[s, s]", client_agent(c), "EthereumStratum/1.0.0")
				   : json_array());
}

static void take_early(struct client *c)
{
	struct dagline *s = client_session(c);
	struct err bad = {0};

	if (s->early && s->kind->notify(c, s->early, &bad))
		client_note(c, NOTE_WARNING, "%s; job ignored", bad.text);
	json_decref(s->early);
	s->early = NULL;
}

static int on_subscribed(struct client *c, const json_t *line, struct err *err)
{
	struct dagline *s = client_session(c);
	const json_t *result = json_object_get(line, "result");
	char why[96];
	int rc;

	s->subscribe = 0;
	jsonline_error(why, sizeof why, json_object_get(line, "error"));
	if (jsonline_failed(line) || json_is_false(result) || !result)
		return err_set(err, ERR_PROTO, "the pool refuses mining.subscribe%s%s",
			       *why ? ": " : "", why);
	rc = s->kind->subscribed(c, result, err);
	if (rc)
		return rc;
	s->subscribed = true;
	take_early(c);
	if (s->kind->extranonce) {
		s->extranonce = client_next_request(c);
		rc = request(c, s->extranonce, "mining.extranonce.subscribe", json_array());
	}
	s->authorize = client_next_request(c);
	return rc ? rc
		  : request(c, s->authorize, "mining.authorize",
			    json_pack("[s, s]", client_user(c), client_password(c)));
}

static int on_answer(struct client *c, const json_t *line, uint32_t id, struct err *err)
{
	struct dagline *s = client_session(c);

	if (id == s->subscribe)
		return on_subscribed(c, line, err);
	if (id == s->extranonce) {
		s->extranonce = 0;
	} else if (id == s->authorize) {
		s->authorize = 0;
		if (!json_is_true(json_object_get(line, "result")))
			return jsonline_refused(c, json_object_get(line, "error"), err);
		client_ready(c, false);
	} else {
		jsonline_submitted(c, line, id);
	}
	return 0;
}

/* ---- what the pool sends ---- */

static int on_notify(struct client *c, json_t *params, struct err *err)
{
	struct dagline *s = client_session(c);

	if (s->subscribed)
		return s->kind->notify(c, params, err);
	json_decref(s->early);
	s->early = json_incref(params);
	return 0;
}

static int on_difficulty(struct client *c, json_t *params, struct err *err)
{
	struct dagline *s = client_session(c);
	double d;
	int rc = jsonline_difficulty(&d, json_array_get(params, 0), err);

	if (rc || d == 0)
		return rc;
	if (d != s->terms.difficulty || s->terms.has_target)
		client_note(c, NOTE_INFO, "difficulty %.10g from the next job on", d);
	s->terms.difficulty = d;
	s->terms.has_target = false;
	return 0;
}

static int on_target(struct client *c, json_t *params, struct err *err)
{
	struct dagline *s = client_session(c);
	const char *text = json_string_value(json_array_get(params, 0));
	struct u256 target;

	if (!text || u256_parse(&target, text) || u256_is_zero(&target))
		return err_set(err, ERR_PROTO, "mining.set_target: not a target of 64 hex digits");
	s->terms.target = target;
	s->terms.has_target = true;
	return 0;
}

static int on_extranonce(struct client *c, json_t *params, struct err *err)
{
	struct dagline *s = client_session(c);
	int rc = dagjob_prefix(&s->terms, json_array_get(params, 0), err);

	if (!rc)
		client_note(c, NOTE_INFO, "extranonce changed");
	return rc;
}

static const struct jsonline_method methods[] = {
	{"mining.notify", on_notify, NULL},
	{"mining.set_difficulty", on_difficulty, NULL},
	{"mining.set_target", on_target, NULL},
	{"mining.set_extranonce", on_extranonce, NULL},
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

long dagline_feed(struct client *c, const uint8_t *data, size_t len, struct err *err)
{
	static const struct jsonline_events events = {.answer = on_answer, .call = on_call};
	struct dagline *s = client_session(c);

	return jsonline_feed(c, &events, &s->bad_lines, data, len, err);
}

void dagline_bye(struct client *c)
{
	struct dagline *s = client_session(c);

	json_decref(s->early);
	s->early = NULL;
}

/* ---- shares ---- */

int dagline_submit(struct client *c, uint32_t id, json_t *params)
{
	return request(c, id, "mining.submit", params);
}

json_t *dagline_job_id(const struct job *job)
{
	const struct dagjob *priv = job->priv;

	return jsonline_job_id_back(job->id, priv->id_is_number);
}

int dagline_submit_whole(struct client *c, const struct share *share, uint32_t id, struct err *err)
{
	const struct dagjob *job = share->job->priv;
	char nonce[DAGJOB_NONCE_TEXT], header[DAGJOB_HASH_TEXT], mix[DAGJOB_HASH_TEXT];

	(void)err;
	return dagline_submit(c, id,
			      json_pack("[s, o, s, s, s]", client_user(c),
					dagline_job_id(share->job),
					dagjob_nonce_text(nonce, share->nonce),
					dagjob_hash_text(header, job->header),
					dagjob_hash_text(mix, share->digest.mix)));
}
