/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An Ethereum node as solo miners see it: eth_getWork over HTTP.  All requests share one client,
 * which has no connection; a request whose share is being checked waits in a slot.
 */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>

#include "pool/local/talk.h"
#include "src/bytes.h"
#include "src/log.h"

#define SLOTS     64
#define HEADERS   8192
#define TIMEOUT_S 60

struct local_http {
	struct evhttp *http;
	struct local_client client;
	struct evhttp_request *slots[SLOTS]; /* waiting for their share's verdict */
	uint64_t n;                          /* request n lies at n % SLOTS */
};

static void reply(struct evhttp_request *req, json_t *id, const char *name, json_t *value)
{
	json_t *line = json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id, name, value);
	char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
	struct evbuffer *body = evbuffer_new();

	if (text && body && !evbuffer_add(body, text, strlen(text))) {
		evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Type",
				  "application/json");
		evhttp_send_reply(req, HTTP_OK, "OK", body);
	} else {
		evhttp_send_error(req, HTTP_INTERNAL, NULL);
	}
	if (body)
		evbuffer_free(body);
	free(text);
	json_decref(line);
}

static void fail(struct evhttp_request *req, json_t *id, int code, const char *text)
{
	reply(req, id, "error", json_pack("{s:i, s:s}", "code", code, "message", text));
}

/* [0xheader, 0xseed, 0xtarget, 0xheight] */
static void give_work(struct local_client *c, struct evhttp_request *req, json_t *id)
{
	const struct local_job *job = local_job(c->pool, c->pool->last_job);
	struct u256 target;
	char text[65];

	if (!job) {
		fail(req, id, -32000, "no mining work available yet");
		return;
	}
	talk_note_job(c, job);
	target = talk_target_now(c);
	reply(req, id, "result",
	      json_pack("[o, o, o, o]", talk_hex("0x", job->header, 32),
			talk_hex("0x", job->seed, 32),
			json_sprintf("0x%s", u256_hex(text, &target)),
			talk_number("0x", job->height)));
}

static enum judged read_submit(struct local_client *c, struct talk_submit *s, const json_t *params)
{
	uint8_t nonce[8], header[32], mix[32];
	enum judged how;

	if (json_array_size(params) != 3 ||
	    !talk_get_0x(nonce, sizeof nonce, json_array_get(params, 0)) ||
	    !talk_get_0x(header, sizeof header, json_array_get(params, 1)) ||
	    !talk_get_0x(mix, sizeof mix, json_array_get(params, 2)))
		return JUDGED_MALFORMED;
	how = talk_find_job(c, s, talk_find_header(c->pool, header));
	if (how)
		return how;
	s->nonce = be64_get(nonce);
	memcpy(s->mix, mix, sizeof mix);
	s->has_mix = true;
	talk_dag_work(s);
	return JUDGED_GOOD;
}

/* The id that a share is checked under says which slot the request waits in. */
static void take_share(struct local_http *h, struct evhttp_request *req, json_t *id,
		       const json_t *params)
{
	struct evhttp_request **slot = &h->slots[++h->n % SLOTS];
	json_t *place = json_pack("{s:I, s:O}", "request", (json_int_t)h->n, "id", id);
	struct talk_submit s;
	enum judged how = read_submit(&h->client, &s, params);

	if (*slot) /* never answered */
		evhttp_send_error(*slot, HTTP_SERVUNAVAIL, NULL);
	*slot = req;
	if (how)
		local_refuse(&h->client, place, how, NULL);
	else
		local_check(&h->client, place, &s);
	json_decref(place);
}

static void judged(struct local_client *c, json_t *place, enum judged how, const char *text)
{
	struct local_http *h = c->pool->http;
	uint64_t n = (uint64_t)json_integer_value(json_object_get(place, "request"));
	struct evhttp_request **slot = &h->slots[n % SLOTS];

	(void)text;
	if (!*slot || h->n - n >= SLOTS)
		return;
	reply(*slot, json_object_get(place, "id"), "result", json_boolean(how == JUDGED_GOOD));
	*slot = NULL;
}

static void take_request(struct local_http *h, struct evhttp_request *req, const json_t *line)
{
	const char *method = json_string_value(json_object_get(line, "method"));
	json_t *id = json_object_get(line, "id");
	json_t *null = json_null();

	id = id ? id : null;
	if (!method)
		fail(req, id, -32600, "invalid request");
	else if (!strcmp(method, "eth_getWork"))
		give_work(&h->client, req, id);
	else if (!strcmp(method, "eth_submitWork"))
		take_share(h, req, id, json_object_get(line, "params"));
	else if (!strcmp(method, "eth_submitHashrate"))
		reply(req, id, "result", json_true());
	else
		fail(req, id, -32601, "the method does not exist");
}

static void on_request(struct evhttp_request *req, void *arg)
{
	struct local_http *h = arg;
	struct evbuffer *in = evhttp_request_get_input_buffer(req);
	size_t len = evbuffer_get_length(in);
	json_t *line;

	if (h->client.pool->faults.silent || evhttp_request_get_command(req) != EVHTTP_REQ_POST) {
		evhttp_send_error(req, HTTP_BADMETHOD, NULL);
		return;
	}
	line = json_loadb(len ? (const char *)evbuffer_pullup(in, -1) : "", len, 0, NULL);
	if (line)
		take_request(h, req, line);
	else
		fail(req, json_null(), -32700, "parse error");
	json_decref(line);
}

int local_http_start(struct local *p, struct evconnlistener *listener, struct err *err)
{
	struct local_http *h = calloc(1, sizeof *h);

	if (!h || !(h->http = evhttp_new(p->base))) {
		free(h);
		return err_set(err, ERR_NOMEM, "no memory for an HTTP server");
	}
	p->http = h;
	p->http_client = &h->client;
	h->client.pool = p;
	h->client.talk = &talk_getwork;
	h->client.id = ++p->last_client;
	h->client.difficulty = p->settings->diff;
	p->counts.clients++;
	evhttp_set_gencb(h->http, on_request, h);
	evhttp_set_max_body_size(h->http, LOCAL_LINE_MAX);
	evhttp_set_max_headers_size(h->http, HEADERS);
	evhttp_set_timeout(h->http, TIMEOUT_S);
	if (!evhttp_bind_listener(h->http, listener))
		return err_set(err, ERR_NOMEM, "cannot serve HTTP");
	return 0;
}

void local_http_stop(struct local *p)
{
	struct local_http *h = p->http;
	unsigned i;

	if (!h)
		return;
	for (i = 0; i < SLOTS; i++)
		if (h->slots[i])
			evhttp_send_error(h->slots[i], HTTP_SERVUNAVAIL, NULL);
	evhttp_free(h->http); /* and the listener */
	free(h);
	p->http = NULL;
	p->http_client = NULL;
}

/* Nobody is told: they ask. */
static void send_job(struct local_client *c, const struct local_job *job, bool clean)
{
	(void)c;
	(void)job;
	(void)clean;
}

static bool hears(const char *method, const json_t *params)
{
	(void)method;
	(void)params;
	return false; /* lines, that is; it is spoken when forced */
}

const struct talk talk_getwork = {
	.name = "getwork",
	.serves = talk_has_dataset,
	.hears = hears,
	.send_job = send_job,
	.judged = judged,
	.backlog = 3,
};
