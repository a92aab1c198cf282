/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Solo mining against a node of the Ethereum kind: eth_getWork is asked for again and again, since
 * nothing tells of new work; eth_submitWork and eth_submitHashrate over the same HTTP JSON-RPC.
 * Channel 0 asks, channel 1 tells the rate, channel 2 submits.
 */
#include <inttypes.h>
#include <string.h>

#include "pool/ethwork.h"
#include "pool/jsonline.h"
#include "pool/rpc.h"
#include "src/str.h"

extern const struct dialect dialect_ethgetwork;

#define IDLE_MS      250
#define POLL_MS      1000 /* unless the option poll-ms says otherwise */
#define POLL_MS_MAX  60000
#define BUSY_MS      5000 /* while the node has no work */
#define ASK_MS       15000
#define SUBMIT_MS    30000
#define RETRY_MS     1000
#define GIVE_UP_MS   60000
#define PENDING_MAX  8
#define FAILURES_MAX 12 /* answers without work in a row, BUSY_MS apart */

enum { ASK, REPORT, SUBMIT };

/* A share on its way to the node: worth a block, so it is brought there for certain. */
struct pending {
	json_t *params;             /* NULL: free */
	uint32_t request, share;    /* ours at present; the share's */
	int64_t since_ms, retry_ms; /* retry_ms 0: waiting for an answer */
	uint64_t height;
};

struct session {
	uint32_t ask, hashrate; /* requests under way; 0: none */
	bool ready;
	int64_t poll_ms, next_ms; /* when to ask again */
	unsigned failures;        /* in a row */
	struct ethwork work;
	struct pending pending[PENDING_MAX];
};

/* params is taken. */
static int rpc(struct client *c, unsigned channel, uint32_t id, const char *method, json_t *params,
	       int timeout_ms)
{
	return rpc_post(c, channel, id, "2.0", method, params, timeout_ms);
}

/* ---- work ---- */

static int ask(struct client *c)
{
	struct session *s = client_session(c);

	if (s->ask)
		return 0;
	s->ask = client_next_request(c);
	s->next_ms = client_now_ms(c) + s->poll_ms;
	return rpc(c, ASK, s->ask, "eth_getWork", json_array(), ASK_MS);
}

static int ethgetwork_hello(struct client *c, struct err *err)
{
	struct session *s = client_session(c);
	const char *wish = client_option(c, "poll-ms");
	uint64_t ms = POLL_MS;
	int rc = ethwork_init(c, &s->work, err);

	if (rc)
		return rc;
	if (wish && str_to_u64(&ms, wish, IDLE_MS, POLL_MS_MAX))
		return err_set(err, ERR_USAGE, "poll-ms=%s: give milliseconds from %d to %d", wish,
			       IDLE_MS, POLL_MS_MAX);
	s->poll_ms = (int64_t)ms;
	return ask(c);
}

static bool any_pending(const struct session *s)
{
	int i;

	for (i = 0; i < PENDING_MAX; i++)
		if (s->pending[i].params)
			return true;
	return false;
}

/* No work this time; with a share to deliver we stay, else we leave in the end. */
static int no_work(struct client *c, const char *why, struct err *err)
{
	struct session *s = client_session(c);

	if (++s->failures >= FAILURES_MAX && !any_pending(s))
		return err_set(err, ERR_NET, "no work for %d s: %s", FAILURES_MAX * BUSY_MS / 1000,
			       why);
	if (s->failures == 1)
		client_note(c, NOTE_WARNING, "no work yet (%s); asking again every %d s", why,
			    BUSY_MS / 1000);
	s->next_ms = client_now_ms(c) + BUSY_MS;
	return 0;
}

static int on_work(struct client *c, const json_t *result, const json_t *error, struct err *err)
{
	struct session *s = client_session(c);
	struct err bad = {0};
	char why[160];

	jsonline_error(why, sizeof why, error);
	if (jsonline_code(error) == -32601)
		return err_set(err, ERR_USAGE, "the node knows no eth_getWork: %s", why);
	if (!s->ready) {
		s->ready = true;
		client_ready(c, true); /* work may be long in coming */
	}
	if (!ethwork_is(result))
		return no_work(c, *why ? why : "the node is busy with its chain", err);
	if (ethwork_take(c, &s->work, &dialect_ethgetwork, result, NULL, &bad))
		return no_work(c, bad.text, err);
	s->failures = 0;
	return 0;
}

/* ---- shares ---- */

static struct pending *pending_by(struct session *s, uint32_t request)
{
	int i;

	for (i = 0; i < PENDING_MAX; i++)
		if (s->pending[i].params && s->pending[i].request == request)
			return &s->pending[i];
	return NULL;
}

static void drop(struct pending *p)
{
	json_decref(p->params);
	memset(p, 0, sizeof *p);
}

static int send_share(struct client *c, struct pending *p)
{
	p->request = client_next_request(c);
	p->retry_ms = 0;
	return rpc(c, SUBMIT, p->request, "eth_submitWork", json_incref(p->params), SUBMIT_MS);
}

static int ethgetwork_submit(struct client *c, const struct share *share, uint32_t request,
			     struct err *err)
{
	struct session *s = client_session(c);
	struct pending *p = NULL;
	int i;

	for (i = 0; i < PENDING_MAX && !p; i++)
		if (!s->pending[i].params)
			p = &s->pending[i];
	if (!p)
		return err_set(err, ERR_BUSY, "too many shares wait for the node");
	p->params = ethwork_share(share);
	if (!p->params)
		return err_set(err, ERR_NOMEM, "no memory for a share");
	p->share = request;
	p->since_ms = client_now_ms(c);
	p->height = share->job->height;
	if (send_share(c, p))
		p->retry_ms = p->since_ms + RETRY_MS;
	return 0;
}

/* true: a block; false: wrong, or its work is forgotten. */
static int on_submitted(struct client *c, struct pending *p, const json_t *result,
			const json_t *error)
{
	struct session *s = client_session(c);
	uint32_t share = p->share;
	uint64_t height = p->height;
	char why[96];

	drop(p);
	if (json_is_true(result)) {
		if (height)
			client_note(c, NOTE_BLOCK, "block found: height %" PRIu64, height);
		else
			client_note(c, NOTE_BLOCK, "block found");
		client_answer(c, share, VERDICT_ACCEPTED, NULL);
		s->next_ms = 0; /* there is new work */
		return 0;
	}
	jsonline_error(why, sizeof why, error);
	if (!*why)
		str_copy(why, sizeof why, "the node says no: wrong, or too late");
	client_answer(c, share, jsonline_verdict(error, *why ? why : ""), why);
	return 0;
}

/* ---- answers ---- */

static int on_json(struct client *c, uint32_t request, const json_t *answer, struct err *err)
{
	struct session *s = client_session(c);
	const json_t *result = json_object_get(answer, "result");
	const json_t *error = json_object_get(answer, "error");
	struct pending *p = pending_by(s, request);

	if (p)
		return on_submitted(c, p, result, error);
	if (request == s->hashrate) {
		s->hashrate = 0;
		s->work.silent = jsonline_failed(answer);
	} else if (request == s->ask) {
		s->ask = 0;
		return on_work(c, result, error, err);
	}
	return 0;
}

/* No usable answer. */
static int on_failure(struct client *c, uint32_t request, int status, const char *why,
		      struct err *err)
{
	struct session *s = client_session(c);
	struct pending *p = pending_by(s, request);
	int rc = rpc_forbidden(status, err);

	if (rc)
		return rc;
	if (p) {
		p->request = 0;
		p->retry_ms = client_now_ms(c) + RETRY_MS;
		client_note(c, NOTE_WARNING, "the share is not delivered yet (%s); trying again",
			    why);
		return 0;
	}
	if (request == s->hashrate) {
		s->hashrate = 0;
		return 0;
	}
	if (request != s->ask)
		return 0;
	s->ask = 0;
	if (!s->ready || (!status && !any_pending(s)))
		return err_set(err, ERR_NET, "the node does not answer: %s", why);
	return no_work(c, why, err);
}

static int ethgetwork_reply(struct client *c, uint32_t request, int status, const char *body,
			    size_t len, struct err *err)
{
	json_t *answer = status ? json_loadb(body, len, 0, NULL) : NULL;
	char why[128];
	int rc;

	if (json_is_object(answer)) {
		rc = on_json(c, request, answer, err);
	} else {
		if (status)
			str_copy(why, sizeof why, "no JSON-RPC answer");
		else
			str_printable(why, sizeof why, body, len);
		rc = on_failure(c, request, status, why, err);
	}
	json_decref(answer);
	return rc;
}

static void deliver(struct client *c, struct pending *p, int64_t now_ms)
{
	uint32_t share = p->share;

	if (!p->params || !p->retry_ms || now_ms < p->retry_ms)
		return;
	if (now_ms - p->since_ms > GIVE_UP_MS) {
		drop(p);
		client_answer(c, share, VERDICT_REJECTED, "the node could not be reached");
	} else if (send_share(c, p)) {
		p->retry_ms = now_ms + RETRY_MS;
	}
}

static int ethgetwork_idle(struct client *c, int64_t now_ms, struct err *err)
{
	struct session *s = client_session(c);
	json_t *rate;
	int i, rc = 0;

	(void)err;
	for (i = 0; i < PENDING_MAX; i++)
		deliver(c, &s->pending[i], now_ms);
	if (now_ms >= s->next_ms)
		rc = ask(c);
	rate = s->ready && !s->hashrate ? ethwork_rate(c, &s->work, now_ms) : NULL;
	if (rate) {
		s->hashrate = client_next_request(c);
		rc = rpc(c, REPORT, s->hashrate, "eth_submitHashrate", rate, ASK_MS);
	}
	return rc;
}

static void ethgetwork_bye(struct client *c)
{
	struct session *s = client_session(c);
	int i;

	for (i = 0; i < PENDING_MAX; i++)
		drop(&s->pending[i]);
}

/* The node gives its own target: whatever meets it is a block. */
static bool ethgetwork_is_block(const struct job *job, const struct digest *digest)
{
	return u256_cmp(&digest->hash, &job->target) <= 0;
}

const struct dialect dialect_ethgetwork = {
	.name = "ethgetwork",
	.schemes = "ethgetwork+http ethgetwork+https getwork+http getwork+https http https",
	.rank = 60,
	.title = "eth_getWork (solo)",
	.transport = DIALECT_HTTP,
	.session_size = sizeof(struct session),
	.idle_ms = IDLE_MS,
	.serves = dagjob_serves,
	.hello = ethgetwork_hello,
	.reply = ethgetwork_reply,
	.submit = ethgetwork_submit,
	.make_work = dagjob_make_work,
	.is_block = ethgetwork_is_block,
	.job_done = dagjob_done,
	.idle = ethgetwork_idle,
	.bye = ethgetwork_bye,
};
