/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HTTP transport of a client: libevent's evhttp, one connection a channel. */
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pool/client.h"
#include "pool/http.h"
#include "pool/tls.h"

#define BODY_MAX    (64 << 20) /* a template with every transaction */
#define HEADERS_MAX 65536

struct post {
	struct post *next;
	struct http *http;
	uint32_t request;
	unsigned channel;
	char *body;
	size_t len;
	int timeout_ms;
	struct evhttp_request *req; /* evhttp's; NULL once it is gone */
	struct event *lid; /* on the whole time: evhttp's own starts anew with every byte */
	bool again;        /* may be sent once more: its connection is not a new one */
	char error[ERR_TEXT_MAX];
};

struct channel {
	struct evhttp_connection *con;
	SSL *ssl;
	unsigned carried; /* requests over this connection */
};

struct http {
	struct event_base *base;
	struct evdns_base *dns;
	const struct pool_config *config;
	http_reply_fn *reply;
	void *arg;
	struct channel channels[HTTP_CHANNELS];
	struct post *posts;
	char *authorization; /* "Basic ...", "Bearer ..." */
	bool has_token;
	size_t most;
};

static void free_post(struct post *p)
{
	if (!p)
		return;
	if (p->lid)
		event_free(p->lid);
	free(p->body);
	free(p);
}

static void forget(struct post *p)
{
	struct post **at = &p->http->posts;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	free_post(p);
}

static void drop_channel(struct channel *ch)
{
	if (ch->ssl)
		SSL_set_shutdown(ch->ssl, SSL_RECEIVED_SHUTDOWN);
	if (ch->con)
		evhttp_connection_free(ch->con);
	memset(ch, 0, sizeof *ch);
}

static char *basic(const struct pool_config *config, struct err *err)
{
	size_t user = strlen(config->user), password = strlen(config->password);
	size_t len = user + 1 + password;
	char *plain = malloc(len + 1), *out = malloc(8 + 4 * (len / 3 + 1) + 1);

	if (!plain || !out) {
		free(plain);
		free(out);
		err_set(err, ERR_NOMEM, "no memory for a connection");
		return NULL;
	}
	memcpy(plain, config->user, user);
	plain[user] = ':';
	memcpy(plain + user + 1, config->password, password + 1);
	memcpy(out, "Basic ", 6);
	EVP_EncodeBlock((unsigned char *)out + 6, (const unsigned char *)plain, (int)len);
	OPENSSL_cleanse(plain, len);
	free(plain);
	return out;
}

int http_new(struct http **out, struct event_base *base, struct evdns_base *dns,
	     const struct pool_config *config, http_reply_fn *reply, void *arg, struct err *err)
{
	struct http *h;

	if (config->proxy)
		return err_set(err, ERR_USAGE, "%s: --proxy does not work with a node over HTTP",
			       config->url);
	h = calloc(1, sizeof *h);
	if (!h)
		return err_set(err, ERR_NOMEM, "no memory for a connection");
	h->base = base;
	h->dns = dns;
	h->config = config;
	h->most = BODY_MAX;
	h->reply = reply;
	h->arg = arg;
	h->authorization = basic(config, err);
	if (!h->authorization) {
		free(h);
		return -ERR_NOMEM;
	}
	*out = h;
	return 0;
}

void http_free(struct http *h)
{
	unsigned i;

	if (!h)
		return;
	for (i = 0; i < HTTP_CHANNELS; i++)
		drop_channel(&h->channels[i]);
	while (h->posts)
		forget(h->posts);
	OPENSSL_cleanse(h->authorization, strlen(h->authorization));
	free(h->authorization);
	free(h);
}

int http_set_token(struct http *h, const char *token)
{
	size_t size = strlen("Bearer ") + strlen(token) + 1;
	char *text = malloc(size);

	if (!text)
		return -ERR_NOMEM;
	snprintf(text, size, "Bearer %s", token);
	OPENSSL_cleanse(h->authorization, strlen(h->authorization));
	free(h->authorization);
	h->authorization = text;
	h->has_token = true;
	return 0;
}

void http_limit(struct http *h, size_t most)
{
	h->most = most;
}

void http_rebind(struct http *h, const struct pool_config *config)
{
	h->config = config;
}

static int open_channel(struct http *h, struct channel *ch, struct err *err)
{
	const struct url *u = &h->config->parsed;
	struct bufferevent *bev = NULL;

	if (u->tls) {
		ch->ssl = tls_client(h->config, u->host, err);
		if (!ch->ssl)
			return -ERR_TLS;
		ERR_clear_error();
		bev = bufferevent_openssl_socket_new(
			h->base, -1, ch->ssl, BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
		if (!bev) {
			SSL_free(ch->ssl);
			ch->ssl = NULL;
			return err_set(err, ERR_NOMEM, "no memory for a connection");
		}
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	}
	ch->con = evhttp_connection_base_bufferevent_new(h->base, h->dns, bev, u->host,
							 (unsigned short)u->port);
	if (!ch->con) {
		if (bev)
			bufferevent_free(bev);
		ch->ssl = NULL;
		return err_set(err, ERR_NOMEM, "no memory for a connection");
	}
	evhttp_connection_set_max_body_size(ch->con, (ev_ssize_t)h->most);
	evhttp_connection_set_max_headers_size(ch->con, HEADERS_MAX);
	evhttp_connection_set_retries(ch->con, 0);
	ch->carried = 0;
	return 0;
}

static int send_post(struct post *p, struct err *err);

/* What evhttp saw before it gave up; on_done with no request follows. */
static void on_error(enum evhttp_request_error error, void *arg)
{
	static const char *const words[] = {
		[EVREQ_HTTP_TIMEOUT] = "timed out",
		[EVREQ_HTTP_EOF] = "the other side closed the connection",
		[EVREQ_HTTP_INVALID_HEADER] = "not an HTTP answer",
		[EVREQ_HTTP_BUFFER_ERROR] = "connection error",
		[EVREQ_HTTP_REQUEST_CANCEL] = "cancelled",
		[EVREQ_HTTP_DATA_TOO_LONG] = "the answer is too long",
	};
	struct post *p = arg;

	if (error != EVREQ_HTTP_EOF && error != EVREQ_HTTP_BUFFER_ERROR)
		p->again = false;
	if ((size_t)error < sizeof words / sizeof *words && words[error])
		snprintf(p->error, sizeof p->error, "%s", words[error]);
}

/* What OpenSSL said, if it said anything. */
static unsigned long tls_error(const struct channel *ch)
{
	struct bufferevent *bev = evhttp_connection_get_bufferevent(ch->con);

	return bev ? bufferevent_get_openssl_error(bev) : 0;
}

static void on_done(struct evhttp_request *req, void *arg)
{
	struct post *p = arg;
	struct http *h = p->http;
	struct channel *ch = &h->channels[p->channel];
	uint32_t request = p->request;
	int status = req ? evhttp_request_get_response_code(req) : 0;
	struct err err = {0};
	char why[sizeof p->error];

	p->req = NULL;
	if (status) {
		struct evbuffer *in = evhttp_request_get_input_buffer(req);
		size_t len = evbuffer_get_length(in);
		const char *body = (const char *)evbuffer_pullup(in, -1);

		forget(p);
		h->reply(h->arg, request, status, body ? body : "", body ? len : 0);
		return;
	}
	if (p->again && !ch->ssl) { /* an idle connection that was closed meanwhile */
		p->again = false;
		p->error[0] = '\0';
		if (!send_post(p, &err))
			return;
	}
	if (ch->ssl && tls_verdict(ch->ssl, tls_error(ch), h->config, &err))
		snprintf(p->error, sizeof p->error, "%s", err.text);
	if (!p->error[0])
		snprintf(p->error, sizeof p->error, "cannot connect");
	memcpy(why, p->error, sizeof why);
	forget(p); /* first, since the reply may post again */
	h->reply(h->arg, request, 0, why, strlen(why));
}

static void on_lid(evutil_socket_t fd, short what, void *arg)
{
	struct post *p = arg;
	struct http *h = p->http;
	static const char why[] = "timed out";
	uint32_t request = p->request;

	(void)fd;
	(void)what;
	if (p->req)
		evhttp_cancel_request(p->req); /* frees it, without calling on_done */
	forget(p);
	h->reply(h->arg, request, 0, why, sizeof why - 1);
}

static int send_post(struct post *p, struct err *err)
{
	struct http *h = p->http;
	struct channel *ch = &h->channels[p->channel];
	const struct url *u = &h->config->parsed;
	struct evhttp_request *req = evhttp_request_new(on_done, p);
	struct evkeyvalq *headers;
	char host[300];
	struct timeval tv = {.tv_sec = p->timeout_ms / 1000,
			     .tv_usec = p->timeout_ms % 1000 * 1000};

	if (!req)
		return err_set(err, ERR_NOMEM, "no memory for a request");
	evhttp_request_set_error_cb(req, on_error);
	headers = evhttp_request_get_output_headers(req);
	snprintf(host, sizeof host, u->ipv6 ? "[%s]:%u" : "%s:%u", u->host, u->port);
	evhttp_add_header(headers, "Host", host);
	evhttp_add_header(headers, "Content-Type", "application/json");
	evhttp_add_header(headers, "User-Agent", "adit");
	if (h->has_token || h->config->user[0] || h->config->password[0])
		evhttp_add_header(headers, "Authorization", h->authorization);
	evbuffer_add(evhttp_request_get_output_buffer(req), p->body, p->len);
	evhttp_connection_set_timeout_tv(ch->con, &tv);
	ch->carried++;
	p->req = req;
	/* evhttp frees req itself, also when it fails; p may be gone after this */
	if (evhttp_make_request(ch->con, req, EVHTTP_REQ_POST, u->path[0] ? u->path : "/"))
		return err_set(err, ERR_NET, "cannot connect");
	return 0;
}

static bool busy(const struct http *h, unsigned channel)
{
	const struct post *p;

	for (p = h->posts; p; p = p->next)
		if (p->channel == channel)
			return true;
	return false;
}

int http_post(struct http *h, unsigned channel, uint32_t request, const char *body, size_t len,
	      int timeout_ms, struct err *err)
{
	struct channel *ch = &h->channels[channel];
	struct timeval tv;
	struct post *p;
	int rc = 0;

	/* A TLS session does not survive its connection, and evhttp would reuse it. */
	if (ch->ssl && !busy(h, channel))
		drop_channel(ch);
	if (!ch->con)
		rc = open_channel(h, ch, err);
	p = rc ? NULL : calloc(1, sizeof *p);
	if (p) {
		p->body = malloc(len);
		p->lid = event_new(h->base, -1, 0, on_lid, p);
	}
	if (!p || !p->body || !p->lid) {
		free_post(p);
		return rc ? rc : err_set(err, ERR_NOMEM, "no memory for a request");
	}
	memcpy(p->body, body, len);
	p->len = len;
	p->http = h;
	p->request = request;
	p->channel = channel;
	p->timeout_ms = timeout_ms;
	p->again = ch->carried > 0;
	p->next = h->posts;
	h->posts = p;
	tv.tv_sec = timeout_ms / 1000;
	tv.tv_usec = timeout_ms % 1000 * 1000;
	event_add(p->lid, &tv);
	rc = send_post(p, err);
	if (rc)
		forget(p);
	return rc;
}
