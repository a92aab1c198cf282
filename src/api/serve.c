/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HTTP on a connection: one request after the other, each judged by itself. */
#include <stdio.h>
#include <string.h>

#include "src/api/conn.h"
#include "src/api/rpc.h"
#include "src/clock.h"

/* What an answer depends on besides its page. */
struct asked {
	const struct http_request *request;
	const char *body;
	enum api_right right;
	char cors[640];
};

static void answer(struct conn *c, const struct http_reply *reply)
{
	/* no memory for the head: nothing that a client could misread */
	if (http_answer(bufferevent_get_output(c->bev), reply) || !reply->keep)
		conn_finish(c);
}

/* Whatever was wrong, the next request does not follow from it: the connection ends. */
static void refuse(struct conn *c, int status, const char *extra)
{
	answer(c, &(struct http_reply){.status = status, .extra = extra});
}

void serve_late(struct conn *c)
{
	refuse(c, 408, NULL);
}

/* People type a password; a program that was not given a token should not be asked for one. */
static void refuse_stranger(struct conn *c, const struct http_request *r)
{
	const char *accept = http_field(r, HTTP_ACCEPT);

	refuse(c, 401,
	       accept && strstr(accept, "text/html")
		       ? "WWW-Authenticate: Basic realm=\"adit\", charset=\"UTF-8\"\r\n"
			 "WWW-Authenticate: Bearer realm=\"adit\"\r\n"
		       : "WWW-Authenticate: Bearer realm=\"adit\"\r\n");
}

/* A page with another origin may read the answer if it was allowed to ask. */
static void set_cors(struct asked *a)
{
	const char *origin = http_field(a->request, HTTP_ORIGIN);

	a->cors[0] = '\0';
	if (origin)
		snprintf(a->cors, sizeof a->cors,
			 "Access-Control-Allow-Origin: %s\r\nVary: Origin\r\n", origin);
}

static int get_page(const struct conn *c, const struct api_call *call, const struct http_request *r,
		    struct api_page *page)
{
	const char *path = r->path, *accept = http_field(r, HTTP_ACCEPT);
	const struct api_hooks *h = &c->api->source.hooks;

	if (!strcmp(path, "/metrics") && h->metrics) {
		page->type = "text/plain; version=0.0.4; charset=utf-8";
		return h->metrics(call, page->body);
	}
	if (h->page) {
		int rc = h->page(call, path, accept && strstr(accept, "text/html"), page);

		if (rc != -ERR_UNKNOWN)
			return rc;
	}
	if (strcmp(path, "/"))
		return -ERR_UNKNOWN;
	page->type = "text/plain; charset=utf-8";
	return evbuffer_add_printf(page->body, "adit %s: POST JSON-RPC 2.0 to /rpc\n",
				   call->view->version) < 0
		       ? -ERR_NOMEM
		       : 0;
}

static int post(struct conn *c, const struct api_call *call, const struct asked *a,
		struct evbuffer *body)
{
	const struct rpc rpc = {.call = call, .judge = conn_judge, .arg = c};
	int rc;

	if (strcmp(a->request->path, "/rpc"))
		return -ERR_UNKNOWN;
	rc = rpc_text(&rpc, a->body, a->request->body, body);
	return rc < 0 ? rc : 0;
}

static void serve(struct conn *c, const struct asked *a)
{
	const struct http_request *r = a->request;
	struct evbuffer *body = evbuffer_new();
	struct api_page page = {.type = "application/json", .body = body};
	struct api_view view;
	struct api_call call;
	char extra[1600];
	int rc = -ERR_NOMEM;

	conn_call(c, &view, &call, a->right);
	if (body)
		rc = strcmp(r->method, "POST") ? get_page(c, &call, r, &page)
					       : post(c, &call, a, body);
	if (rc) {
		refuse(c, rc == -ERR_UNKNOWN ? 404 : 500, NULL);
	} else { /* nothing but notifications: nothing to say */
		snprintf(extra, sizeof extra, "%s%s", a->cors, page.extra ? page.extra : "");
		answer(c, &(struct http_reply){.status = evbuffer_get_length(body) ? 200 : 204,
					       .type = page.type,
					       .extra = extra,
					       .body = body,
					       .keep = r->keep});
	}
	if (body)
		evbuffer_free(body);
}

static void listen_to_events(struct conn *c, const struct asked *a)
{
	const char *token = http_token(a->request);
	int status;

	if (token) /* it ends with the token that opened it */
		access_key(&c->key, token);
	c->right = a->right;
	status = feed_begin(c, a->request, a->cors);
	if (status)
		refuse(c, status, NULL);
}

/* A browser asks whether a page of an allowed origin may post. */
static void preflight(struct conn *c, const struct http_request *r)
{
	const char *origin = http_field(r, HTTP_ORIGIN), *host = http_field(r, HTTP_HOST);
	const struct access *a = &c->api->rules->access;
	char extra[800];

	if (!access_host_fits(a, host) || !origin || !access_origin_fits(a, origin, host)) {
		refuse(c, 403, NULL);
		return;
	}
	snprintf(extra, sizeof extra,
		 "Access-Control-Allow-Origin: %s\r\nVary: Origin\r\n"
		 "Access-Control-Allow-Methods: GET, POST\r\n"
		 "Access-Control-Allow-Headers: authorization, content-type, last-event-id\r\n",
		 origin);
	answer(c, &(struct http_reply){.status = 204, .extra = extra, .keep = r->keep});
}

/* A whole request that could be read. */
static void take(struct conn *c, const struct http_request *r, const char *body)
{
	const struct access_ask ask = {.method = r->method,
				       .host = http_field(r, HTTP_HOST),
				       .origin = http_field(r, HTTP_ORIGIN),
				       .type = http_field(r, HTTP_TYPE),
				       .token = http_token(r),
				       .site = http_field(r, HTTP_FETCH_SITE),
				       .mode = http_field(r, HTTP_FETCH_MODE),
				       .dest = http_field(r, HTTP_FETCH_DEST)};
	struct asked a = {.request = r, .body = body};
	int status;

	if (!strcmp(r->method, "OPTIONS")) {
		preflight(c, r);
		return;
	}
	if (strcmp(r->method, "GET") && strcmp(r->method, "POST")) {
		refuse(c, 405, "Allow: GET, POST\r\n");
		return;
	}
	status = access_http(&c->api->rules->access, c->crowd->who, &ask, clock_ms(), &a.right);
	set_cors(&a);
	if (status == 401)
		refuse_stranger(c, r);
	else if (status)
		refuse(c, status, NULL);
	else if (!strcmp(r->method, "GET") && !strcmp(r->path, "/events"))
		listen_to_events(c, &a);
	else
		serve(c, &a);
}

void serve_take(struct conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	const char *text;
	struct http_request r;
	int status;

	c->more = false;
	if (evbuffer_get_length(bufferevent_get_output(c->bev))) { /* one at a time */
		c->more = evbuffer_get_length(in) > 0;
		return;
	}
	text = (const char *)evbuffer_pullup(in, -1);
	status = http_parse(&r, text, evbuffer_get_length(in));
	if (!status)
		return;
	if (status != 1) {
		refuse(c, status, NULL);
		return;
	}
	take(c, &r, text + r.head);
	evbuffer_drain(in, r.head + r.body);
	c->half = false;
	c->more = c->talk == TALK_HTTP && evbuffer_get_length(in) > 0;
}
