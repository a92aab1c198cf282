/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * EthereumStratum/2.0.0 (EIP-1571): hex without 0x, numbers as hex, what does not change is said
 * once by mining.set, silence from errors means yes, and a session can be resumed.
 */
#include <stdio.h>
#include <string.h>

#include "pool/dagjob.h"
#include "pool/jsonline.h"
#include "src/str.h"

extern const struct dialect dialect_ethstratum2;

#define PROTOCOL  "EthereumStratum/2.0.0"
#define MEMO      "eth2:" /* before the session's id in the memo */
#define IDLE_MS   1000
#define REPORT_MS 60000
#define EPOCH_MAX 65535 /* of any chain, ever: to refuse nonsense early */
#define WORD_MAX  128   /* of a session or a worker, as the pool names them */

struct session {
	unsigned bad_lines;
	uint32_t hello, subscribe, authorize, hashrate; /* requests under way; 0: none */
	bool ready, resumed, silent, warned;
	int64_t timeout_ms; /* the pool hangs up after so much silence; 0: not said */
	int64_t sent_ms, reported_ms;
	char worker[WORD_MAX]; /* our name in shares */
	struct dagjob_terms terms;
};

/* params is taken; NULL: none. */
static int request(struct client *c, uint32_t id, const char *method, json_t *params)
{
	struct session *s = client_session(c);

	s->sent_ms = client_now_ms(c);
	return jsonline_request(c, id, method, params);
}

/* Hex without 0x, as numbers are here.  0 or -ERR_PARSE. */
static int get_number(uint64_t *out, const json_t *v, uint64_t max)
{
	char text[24] = "0x";

	if (!json_is_string(v) || !str_copy(text + 2, sizeof text - 2, json_string_value(v)))
		return -ERR_PARSE;
	return str_to_u64(out, text, 0, max) ? -ERR_PARSE : 0;
}

/* ---- login ---- */

static int ethstratum2_hello(struct client *c, struct err *err)
{
	struct session *s = client_session(c);
	const char *wish = client_option(c, "report-hashrate");
	char port[8];
	int rc = dagjob_terms_init(&s->terms, err);

	if (rc)
		return rc;
	s->silent = wish && !strcmp(wish, "off");
	snprintf(port, sizeof port, "%x", client_port(c));
	s->hello = client_next_request(c);
	return request(c, s->hello, "mining.hello",
		       json_pack("{s:s, s:s, s:s, s:s}", "agent", client_agent(c), "host",
				 client_host(c), "port", port, "proto", PROTOCOL));
}

static const char *old_session(struct client *c)
{
	const char *memo = client_memo(c);

	return strncmp(memo, MEMO, sizeof MEMO - 1) ? "" : memo + sizeof MEMO - 1;
}

static int refused(const char *what, const json_t *line, struct err *err)
{
	char why[96];

	jsonline_error(why, sizeof why, json_object_get(line, "error"));
	return err_set(err, ERR_PROTO, "the pool refuses %s%s%s", what, *why ? ": " : "", why);
}

static int on_hello(struct client *c, const json_t *line, struct err *err)
{
	struct session *s = client_session(c);
	const json_t *result = json_object_get(line, "result");
	const char *proto = json_string_value(json_object_get(result, "proto"));
	const char *encoding = json_string_value(json_object_get(result, "encoding"));
	const char *old = old_session(c);
	uint64_t seconds = 0, resume = 0;

	s->hello = 0;
	if (jsonline_failed(line) || !proto || strcmp(proto, PROTOCOL))
		return refused("mining.hello", line, err);
	if (encoding && strcmp(encoding, "plain"))
		return err_set(err, ERR_PROTO,
			       "mining.hello: the pool wants another encoding than "
			       "plain text");
	if (!get_number(&seconds, json_object_get(result, "timeout"), 86400))
		s->timeout_ms = (int64_t)seconds * 1000;
	if (get_number(&resume, json_object_get(result, "resume"), 1))
		resume = 0;
	s->subscribe = client_next_request(c);
	return request(c, s->subscribe, "mining.subscribe",
		       resume && *old ? json_pack("[s]", old) : json_array());
}

static int on_subscribed(struct client *c, const json_t *line, struct err *err)
{
	struct session *s = client_session(c);
	const char *id = json_string_value(json_object_get(line, "result"));
	char memo[sizeof MEMO + WORD_MAX];

	s->subscribe = 0;
	if (jsonline_failed(line))
		return refused("mining.subscribe", line, err);
	s->resumed = id && *id && !strcmp(id, old_session(c));
	memo[0] = '\0';
	if (id && strlen(id) < WORD_MAX)
		snprintf(memo, sizeof memo, MEMO "%s", id);
	client_set_memo(c, memo);
	s->authorize = client_next_request(c);
	return request(c, s->authorize, "mining.authorize",
		       json_pack("[s, s]", client_user(c), client_password(c)));
}

static int on_authorized(struct client *c, const json_t *line, struct err *err)
{
	struct session *s = client_session(c);
	const json_t *result = json_object_get(line, "result");
	const char *name = json_string_value(result);

	s->authorize = 0;
	if (jsonline_failed(line) || !result || json_is_false(result) || json_is_null(result))
		return jsonline_refused(c, json_object_get(line, "error"), err);
	if (!str_copy(s->worker, sizeof s->worker, name ? name : client_user(c)))
		return err_set(err, ERR_PROTO, "mining.authorize: the worker's name is too long");
	s->ready = true;
	client_ready(c, s->resumed);
	return 0;
}

/* ---- answers to shares ---- */

/* No error is yes; 200 to 299 is yes, with a remark; 404 is a job that is gone. */
static void on_submitted(struct client *c, const json_t *line, uint32_t id)
{
	const json_t *error = json_object_get(line, "error");
	int64_t code = jsonline_code(error);
	enum client_verdict verdict;
	char why[96];

	jsonline_error(why, sizeof why, error);
	if (!jsonline_failed(line) && !json_is_false(json_object_get(line, "result"))) {
		client_answer(c, id, VERDICT_ACCEPTED, NULL);
		return;
	}
	if (code >= 200 && code < 300) {
		client_note(c, NOTE_DEBUG, "share accepted: %s", why);
		client_answer(c, id, VERDICT_ACCEPTED, why);
		return;
	}
	verdict = code == 404 ? VERDICT_STALE : jsonline_verdict(error, why);
	client_answer(c, id, verdict, why);
}

static int on_answer(struct client *c, const json_t *line, uint32_t id, struct err *err)
{
	struct session *s = client_session(c);

	if (id == s->hello)
		return on_hello(c, line, err);
	if (id == s->subscribe)
		return on_subscribed(c, line, err);
	if (id == s->authorize)
		return on_authorized(c, line, err);
	if (id == s->hashrate)
		s->silent = jsonline_failed(line);
	else
		on_submitted(c, line, id);
	return 0;
}

/* An error that names no request while we log in is about the login. */
static int on_push(struct client *c, const json_t *line, struct err *err)
{
	struct session *s = client_session(c);

	if (s->hello && jsonline_failed(line))
		return refused("mining.hello", line, err);
	return 0;
}

/* ---- what the pool sends ---- */

/* All or nothing: a set that is partly nonsense changes nothing. */
static int on_set(struct client *c, json_t *params, struct err *err)
{
	struct session *s = client_session(c);
	const json_t *target = json_object_get(params, "target");
	const json_t *extranonce = json_object_get(params, "extranonce");
	const json_t *epoch = json_object_get(params, "epoch");
	const char *algo = json_string_value(json_object_get(params, "algo"));
	struct dagjob_terms terms = s->terms;
	uint64_t number;
	char shown[64];
	int rc;

	if (!json_is_object(params))
		return err_set(err, ERR_PROTO, "mining.set: params is not an object");
	if (epoch && get_number(&number, epoch, EPOCH_MAX))
		return err_set(err, ERR_PROTO, "mining.set: the epoch is not hex up to %x",
			       EPOCH_MAX);
	if (target) {
		if (!json_is_string(target) ||
		    u256_parse(&terms.target, json_string_value(target)) ||
		    u256_is_zero(&terms.target))
			return err_set(err, ERR_PROTO,
				       "mining.set: the target is not at most 64 hex digits");
		terms.has_target = true;
	}
	rc = extranonce ? dagjob_prefix(&terms, extranonce, err) : 0;
	if (rc)
		return rc;
	s->terms = terms;
	if (algo && strcmp(algo, client_algo(c)->name) && algo_find(algo) != client_algo(c) &&
	    !s->warned) {
		s->warned = true;
		client_note(c, NOTE_WARNING, "the pool says that its algorithm is %s, not %s",
			    str_printable(shown, sizeof shown, algo, strlen(algo)),
			    client_algo(c)->name);
	}
	return 0;
}

static int on_notify(struct client *c, json_t *params, struct err *err)
{
	enum { ID, HEIGHT, HEADER, CLEAN };
	struct session *s = client_session(c);
	const char *clean = json_string_value(json_array_get(params, CLEAN));
	struct dagjob_parts parts = {
		.what = "mining.notify",
		.id = json_array_get(params, ID),
		.header = json_array_get(params, HEADER),
		.height = json_array_get(params, HEIGHT),
		.hex_height = true,
		.clean = (clean && !strcmp(clean, "1")) ||
			 json_is_true(json_array_get(params, CLEAN)),
	};
	struct job *job;
	int rc;

	if (json_array_size(params) <= HEADER)
		return err_set(err, ERR_PROTO,
			       "mining.notify: params is not an array of 3 or more members");
	if (!s->terms.has_target)
		return err_set(err, ERR_PROTO, "mining.notify: before mining.set told a target");
	rc = dagjob_new(&job, c, &dialect_ethstratum2, &s->terms, &parts, err);
	if (!rc)
		client_job(c, job);
	return rc;
}

static int on_reconnect(struct client *c, json_t *params, struct err *err)
{
	const char *host = json_string_value(json_object_get(params, "host"));
	uint64_t port = 0, resume = 0;

	if (!host)
		host = "";
	if (!jsonline_host(host))
		return err_set(err, ERR_PROTO, "mining.reconnect: malformed host");
	if (get_number(&port, json_object_get(params, "port"), 65535))
		port = 0;
	if (get_number(&resume, json_object_get(params, "resume"), 1) || !resume)
		client_set_memo(c, "");
	client_redirect(c, host, (unsigned)port, 0);
	return 0;
}

static const struct jsonline_method methods[] = {
	{"mining.set", on_set, NULL},
	{"mining.notify", on_notify, NULL},
	{"mining.noop", jsonline_ignore, NULL},
	{"mining.reconnect", on_reconnect, NULL},
	{"client.show_message", jsonline_message, NULL},
};

static int on_call(struct client *c, json_t *line, const char *name, struct err *err)
{
	if (!strcmp(name, "mining.bye"))
		return err_set(err, ERR_NET, "the pool says goodbye");
	return jsonline_call(c, line, name, methods, sizeof methods / sizeof *methods);
}

static long ethstratum2_feed(struct client *c, const uint8_t *data, size_t len, struct err *err)
{
	static const struct jsonline_events events = {
		.answer = on_answer, .call = on_call, .push = on_push};
	struct session *s = client_session(c);

	return jsonline_feed(c, &events, &s->bad_lines, data, len, err);
}

/* ---- what we send ---- */

static int ethstratum2_submit(struct client *c, const struct share *share, uint32_t id,
			      struct err *err)
{
	const struct session *s = client_session(c);
	const struct dagjob *job = share->job->priv;
	char nonce[DAGJOB_NONCE_TEXT];

	(void)err;
	return request(c, id, "mining.submit",
		       json_pack("[s, s, s]", share->job->id,
				 dagjob_nonce_text(nonce, share->nonce) + 2 + job->digits,
				 s->worker));
}

static int report(struct client *c, int64_t now_ms)
{
	struct session *s = client_session(c);
	double rate = client_hashrate(c);
	char text[20];

	if (s->silent || !(rate >= 1 && rate < 0x1p63) ||
	    (s->reported_ms && now_ms - s->reported_ms < REPORT_MS))
		return 0;
	s->reported_ms = now_ms;
	s->hashrate = client_next_request(c);
	snprintf(text, sizeof text, "%llx", (unsigned long long)rate);
	return request(c, s->hashrate, "mining.hashrate", json_pack("[s, s]", text, s->worker));
}

static int ethstratum2_idle(struct client *c, int64_t now_ms, struct err *err)
{
	struct session *s = client_session(c);
	int rc;

	(void)err;
	if (!s->ready)
		return 0;
	rc = report(c, now_ms);
	if (rc || !s->timeout_ms || now_ms - s->sent_ms < s->timeout_ms / 2)
		return rc;
	s->sent_ms = now_ms;
	return jsonline_send(c, json_pack("{s:s}", "method", "mining.noop"));
}

const struct dialect dialect_ethstratum2 = {
	.name = "ethstratum2",
	.schemes = "ethstratum2+tcp ethstratum2+ssl ethstratum2+tls stratum3+tcp stratum3+ssl "
		   "stratum3+tls stratum3+tls12 ethstratum+tcp ethstratum+ssl ethstratum+tls "
		   "stratum+tcp stratum+ssl stratum+tls stratum+tls12 stratums stratum tcp ssl tls",
	.rank = 50,
	.title = PROTOCOL,
	.session_size = sizeof(struct session),
	.idle_ms = IDLE_MS,
	.serves = dagjob_serves,
	.hello = ethstratum2_hello,
	.feed = ethstratum2_feed,
	.submit = ethstratum2_submit,
	.make_work = dagjob_make_work,
	.job_done = dagjob_done,
	.idle = ethstratum2_idle,
};
