/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * eth-proxy: eth_getWork and eth_submitWork as lines over TCP, work pushed as an answer with id
 * 0, null or none.  Spoken by open-ethereum-pool and kin, and by Zano's daemon.
 */
#include <stdio.h>
#include <string.h>

#include "pool/dagline.h"
#include "pool/ethwork.h"
#include "src/str.h"

extern const struct dialect dialect_ethproxy;

#define IDLE_MS   1000
#define POLL_MS   5000  /* a pool that has not pushed yet may never do */
#define PUSHED_MS 60000 /* ... and one that has, may have stopped */

struct session {
	unsigned bad_lines;
	uint32_t login, hashrate; /* requests under way; 0: none */
	uint32_t get_work;        /* the latest */
	bool ready, pushes, waiting;
	int64_t asked_ms; /* or told: when to ask again is counted from here */
	char user[256], worker[128];
	struct ethwork work;
};

/* params is taken. */
static int request(struct client *c, uint32_t id, const char *method, json_t *params)
{
	const struct session *s = client_session(c);

	return jsonline_send(c, ethwork_call(id, s->worker[0] ? s->worker : NULL, method, params));
}

static int ask(struct client *c)
{
	struct session *s = client_session(c);

	s->get_work = client_next_request(c);
	s->asked_ms = client_now_ms(c);
	return request(c, s->get_work, "eth_getWork", json_array());
}

/* "wallet.worker": pools of this kind want them apart. */
static int ethproxy_hello(struct client *c, struct err *err)
{
	struct session *s = client_session(c);
	const char *dot = strchr(client_user(c), '.');
	int rc = ethwork_init(c, &s->work, err);

	if (rc)
		return rc;
	str_copy(s->user, sizeof s->user, client_user(c));
	s->user[strcspn(s->user, ".")] = '\0';
	str_copy(s->worker, sizeof s->worker, dot ? dot + 1 : "");
	s->login = client_next_request(c);
	return request(c, s->login, "eth_submitLogin",
		       json_pack("[s, s]", s->user, client_password(c)));
}

/* ---- what the pool sends ---- */

static int on_login(struct client *c, const json_t *line, struct err *err)
{
	struct session *s = client_session(c);
	const json_t *error = json_object_get(line, "error");
	char why[96];

	s->login = 0;
	if (json_is_true(json_object_get(line, "result"))) {
		s->ready = true;
		client_ready(c, false);
		return ask(c); /* never before the login is answered: some refuse that */
	}
	if (jsonline_unknown_method(error))
		return err_set(err, ERR_PROTO, "the pool knows no eth_submitLogin: %s",
			       jsonline_error(why, sizeof why, error));
	return jsonline_refused(c, error, err);
}

static void on_work(struct client *c, const json_t *result)
{
	struct session *s = client_session(c);
	struct err bad = {0};

	s->waiting = false;
	s->asked_ms = client_now_ms(c);
	if (ethwork_take(c, &s->work, &dialect_ethproxy, result, NULL, &bad))
		client_note(c, NOTE_WARNING, "%s; ignored", bad.text);
}

/* The answer to eth_getWork is none: idle() asks again. */
static void no_work(struct client *c, const json_t *error)
{
	struct session *s = client_session(c);
	char why[96];

	jsonline_error(why, sizeof why, error);
	if (!s->waiting)
		client_note(c, NOTE_WARNING, "no work yet (%s); asking again every %d s",
			    *why ? why : "the node is busy with its chain", POLL_MS / 1000);
	s->waiting = true;
}

static int on_answer(struct client *c, const json_t *line, uint32_t id, struct err *err)
{
	struct session *s = client_session(c);
	const json_t *result = json_object_get(line, "result");

	if (id == s->login)
		return on_login(c, line, err);
	if (ethwork_is(result)) /* whatever id it has */
		on_work(c, result);
	else if (id == s->get_work)
		no_work(c, json_object_get(line, "error"));
	else if (id == s->hashrate)
		s->work.silent = jsonline_failed(line);
	else
		jsonline_submitted(c, line, id);
	return 0;
}

static int on_push(struct client *c, const json_t *line, struct err *err)
{
	struct session *s = client_session(c);
	const json_t *result = json_object_get(line, "result");
	const json_t *error = json_object_get(line, "error");
	char why[96];

	if (ethwork_is(result)) {
		s->pushes = true;
		on_work(c, result);
	} else if (error && !json_is_null(error)) {
		if (s->login) /* it could not even read which request that was */
			return on_login(c, line, err);
		client_note(c, NOTE_WARNING, "the pool says: %s",
			    jsonline_error(why, sizeof why, error));
	}
	return 0;
}

static int on_notify(struct client *c, json_t *params, struct err *err)
{
	(void)c;
	(void)params;
	return err_set(err, ERR_PROTO,
		       "mining.notify is no message of eth-proxy: the pool speaks another dialect");
}

static const struct jsonline_method methods[] = {
	{"mining.notify", on_notify, NULL},
	{"mining.set_difficulty", jsonline_ignore, NULL},
	{"mining.ping", jsonline_ignore, "pong"},
	{"client.ping", jsonline_ignore, "pong"},
	{"client.get_version", jsonline_ignore, "@agent"},
	{"client.show_message", jsonline_message, NULL},
	{"client.reconnect", jsonline_reconnect, NULL},
};

/* Some servers repeat the method in their answers. */
static int on_call(struct client *c, json_t *line, const char *name, struct err *err)
{
	if (ethwork_is(json_object_get(line, "result")))
		return on_push(c, line, err);
	return jsonline_call(c, line, name, methods, sizeof methods / sizeof *methods);
}

static long ethproxy_feed(struct client *c, const uint8_t *data, size_t len, struct err *err)
{
	static const struct jsonline_events events = {
		.answer = on_answer, .call = on_call, .push = on_push};
	struct session *s = client_session(c);

	return jsonline_feed(c, &events, &s->bad_lines, data, len, err);
}

/* ---- what we send ---- */

static int ethproxy_submit(struct client *c, const struct share *share, uint32_t id,
			   struct err *err)
{
	(void)err;
	return request(c, id, "eth_submitWork", ethwork_share(share));
}

static int ethproxy_idle(struct client *c, int64_t now_ms, struct err *err)
{
	struct session *s = client_session(c);
	json_t *rate;
	int rc = 0;

	(void)err;
	if (!s->ready)
		return 0;
	if (now_ms - s->asked_ms >= (s->pushes && !s->waiting ? PUSHED_MS : POLL_MS))
		rc = ask(c);
	rate = ethwork_rate(c, &s->work, now_ms);
	if (rate) {
		s->hashrate = client_next_request(c);
		rc = request(c, s->hashrate, "eth_submitHashrate", rate);
	}
	return rc;
}

const struct dialect dialect_ethproxy = {
	.name = "ethproxy",
	.schemes = "ethproxy+tcp ethproxy+ssl ethproxy+tls stratum1+tcp stratum1+ssl stratum1+tls "
		   "stratum1+tls12 ethstratum+tcp ethstratum+ssl ethstratum+tls " DAGLINE_SCHEMES,
	.rank = 30,
	.title = "eth-proxy",
	.session_size = sizeof(struct session),
	.idle_ms = IDLE_MS,
	.serves = dagjob_serves,
	.hello = ethproxy_hello,
	.feed = ethproxy_feed,
	.submit = ethproxy_submit,
	.make_work = dagjob_make_work,
	.job_done = dagjob_done,
	.idle = ethproxy_idle,
};
