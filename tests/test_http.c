/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The HTTP transport against a small server in the same loop: answers, failures, reuse, TLS. */
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/http.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool/client.h"
#include "pool/http.h"
#include "src/hex.h"
#include "tests/t.h"

#define BIG (3u << 20)

static struct event_base *base;
static struct evdns_base *dns;
static unsigned served, wanted_replies, replies, still_to_post;
static struct http *chain; /* posts again from within its replies */
static int last_status;
static size_t last_len;
static uint32_t last_request;
static char last_body[256], last_auth[128];
static struct evhttp_connection *last_peer;

/* A byte now and again, for as long as the connection is there. */
static void drip(evutil_socket_t fd, short what, void *arg)
{
	struct evbuffer *out = evbuffer_new();

	(void)fd;
	(void)what;
	evbuffer_add(out, "x", 1);
	evhttp_send_reply_chunk(arg, out);
	evbuffer_free(out);
}

static void dry(struct evhttp_connection *con, void *arg)
{
	(void)con;
	event_free(arg);
}

static void begin_to_drip(struct evhttp_request *req)
{
	const struct timeval pause = {.tv_usec = 50000};
	struct event *tap = event_new(base, -1, EV_PERSIST, drip, req);

	evhttp_connection_set_closecb(evhttp_request_get_connection(req), dry, tap);
	event_add(tap, &pause);
	evhttp_send_reply_start(req, 200, "ok");
}

static void on_serve(struct evhttp_request *req, void *arg)
{
	const char *path = evhttp_request_get_uri(req);
	const char *auth =
		evhttp_find_header(evhttp_request_get_input_headers(req), "Authorization");
	struct evbuffer *out = evbuffer_new();
	char *big;

	(void)arg;
	served++;
	last_peer = evhttp_request_get_connection(req);
	snprintf(last_auth, sizeof last_auth, "%s", auth ? auth : "");
	if (!strcmp(path, "/401")) {
		evhttp_send_reply(req, 401, "no", NULL);
	} else if (!strcmp(path, "/500")) {
		evbuffer_add_printf(out, "{\"error\":{\"code\":-9}}");
		evhttp_send_reply(req, 500, "err", out);
	} else if (!strcmp(path, "/silent")) {
		evbuffer_free(out);
		return;                      /* never answered; freed with the server */
	} else if (!strcmp(path, "/drip")) { /* never ends, never quite silent */
		begin_to_drip(req);
		evbuffer_free(out);
		return;
	} else if (!strcmp(path, "/503")) {
		evbuffer_add_printf(out, "Work queue depth exceeded");
		evhttp_send_reply(req, 503, "busy", out);
	} else if (!strcmp(path, "/big")) {
		big = calloc(1, BIG);
		evbuffer_add(out, big, BIG);
		free(big);
		evhttp_send_reply(req, 200, "ok", out);
	} else {
		struct evbuffer *in = evhttp_request_get_input_buffer(req);

		evbuffer_add_buffer(out, in);
		evhttp_send_reply(req, 200, "ok", out);
	}
	evbuffer_free(out);
}

static void on_reply(void *arg, uint32_t request, int status, const char *body, size_t len)
{
	struct err err = {0};

	(void)arg;
	last_request = request;
	last_status = status;
	last_len = len;
	snprintf(last_body, sizeof last_body, "%.*s", (int)(len < 200 ? len : 200), body);
	if (still_to_post && still_to_post--)
		CHECK_OK(http_post(chain, request % HTTP_CHANNELS, request + 1, "again", 5, 10000,
				   &err),
			 &err);
	if (++replies == wanted_replies)
		event_base_loopbreak(base);
}

static void wait_replies(unsigned n)
{
	struct timeval limit = {.tv_sec = 60};

	wanted_replies = replies + n;
	event_base_loopexit(base, &limit);
	event_base_dispatch(base);
	CHECK_INT(replies, wanted_replies);
}

static struct evhttp *serve(unsigned *port)
{
	struct evhttp *server = evhttp_new(base);
	struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(server, "127.0.0.1", 0);
	struct sockaddr_storage at;
	socklen_t len = sizeof at;

	getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&at, &len);
	*port = ntohs(((struct sockaddr_in *)(void *)&at)->sin_port);
	evhttp_set_gencb(server, on_serve, NULL);
	evhttp_set_max_body_size(server, BIG);
	return server;
}

static struct pool_config config_of(unsigned port, const char *path)
{
	static char user[] = "u", password[] = "p:w", url[] = "test";
	struct pool_config config = {.user = user, .password = password, .url = url};

	snprintf(config.parsed.host, sizeof config.parsed.host, "127.0.0.1");
	snprintf(config.parsed.path, sizeof config.parsed.path, "%s", path);
	config.parsed.port = port;
	return config;
}

static void post_and_wait(const struct pool_config *config, unsigned channel, int timeout_ms)
{
	struct http *h = NULL;
	struct err err = {0};

	if (!CHECK_OK(http_new(&h, base, dns, config, on_reply, NULL, &err), &err))
		return;
	if (CHECK_OK(http_post(h, channel, 7, "hello", 5, timeout_ms, &err), &err))
		wait_replies(1);
	http_free(h);
}

static void answers_and_statuses_come_through(void)
{
	static const struct {
		const char *path, *body;
		int status;
	} cases[] = {
		{"/", "hello", 200},
		{"", "hello", 200},
		{"/401", "", 401},
		{"/500", "{\"error\":{\"code\":-9}}", 500},
		{"/503", "Work queue depth exceeded", 503},
	};
	struct pool_config config;
	unsigned port;
	struct evhttp *server = serve(&port);
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		config = config_of(port, cases[i].path);
		post_and_wait(&config, 0, 10000);
		CHECK_INT(last_status, cases[i].status);
		CHECK_INT(last_request, 7);
		if (cases[i].status != 401)
			CHECK_STR(last_body, cases[i].body);
		CHECK_STR(last_auth, "Basic dTpwOnc=");
	}
	config = config_of(port, "/big");
	post_and_wait(&config, 1, 10000);
	CHECK_INT(last_status, 200);
	CHECK_INT(last_len, BIG);
	evhttp_free(server);
}

static void nobody_there_and_nobody_answering_are_failures(void)
{
	struct pool_config config;
	unsigned port;
	struct evhttp *server = serve(&port);

	config = config_of(port, "/silent");
	post_and_wait(&config, 0, 300);
	CHECK_INT(last_status, 0);
	CHECK_HAS(last_body, "timed out");
	served = 0;
	config = config_of(port, "/drip");
	post_and_wait(&config, 0, 700);
	CHECK_INT(last_status, 0);
	CHECK_HAS(last_body, "timed out");
	CHECK_INT(served, 1);
	evhttp_free(server);
	config = config_of(port, "/");
	post_and_wait(&config, 0, 5000);
	CHECK_INT(last_status, 0);
	CHECK(last_body[0] != '\0');
}

static void what_times_out_is_not_sent_twice(void)
{
	struct pool_config config;
	struct http *h = NULL;
	struct err err = {0};
	unsigned port;
	struct evhttp *server = serve(&port);

	config = config_of(port, "/");
	if (!CHECK_OK(http_new(&h, base, dns, &config, on_reply, NULL, &err), &err))
		return;
	CHECK_OK(http_post(h, 0, 1, "a", 1, 10000, &err), &err);
	wait_replies(1);
	CHECK_INT(last_status, 200);
	served = 0;
	snprintf(config.parsed.path, sizeof config.parsed.path, "/silent");
	CHECK_OK(http_post(h, 0, 2, "b", 1, 300, &err), &err);
	wait_replies(1);
	CHECK_INT(last_status, 0);
	CHECK_INT(served, 1);
	http_free(h);
	evhttp_free(server);
}

static void a_connection_is_used_again_and_its_loss_survived(void)
{
	struct pool_config config;
	struct http *h = NULL;
	struct err err = {0};
	unsigned port, before = served;
	struct evhttp *server = serve(&port);
	struct evhttp_connection *first;

	config = config_of(port, "/");
	if (!CHECK_OK(http_new(&h, base, dns, &config, on_reply, NULL, &err), &err))
		return;
	CHECK_OK(http_post(h, 0, 1, "a", 1, 5000, &err), &err);
	wait_replies(1);
	first = last_peer;
	CHECK_OK(http_post(h, 0, 2, "b", 1, 5000, &err), &err);
	wait_replies(1);
	CHECK_PTR(last_peer, first);
	CHECK_INT(served, before + 2);
	evhttp_connection_free(last_peer); /* as a node's idle timeout does */
	CHECK_OK(http_post(h, 0, 3, "c", 1, 5000, &err), &err);
	wait_replies(1);
	CHECK_INT(last_status, 200);
	CHECK_STR(last_body, "c");
	http_free(h);
	evhttp_free(server);
}

static void what_is_outstanding_goes_with_its_owner(void)
{
	struct pool_config config;
	struct http *h = NULL;
	struct err err = {0};
	unsigned port, i, before = replies;
	struct evhttp *server = serve(&port);

	config = config_of(port, "/silent");
	if (!CHECK_OK(http_new(&h, base, dns, &config, on_reply, NULL, &err), &err))
		return;
	for (i = 0; i < 9; i++)
		CHECK_OK(http_post(h, i % 3, i + 1, "x", 1, 5000, &err), &err);
	event_base_loop(base, EVLOOP_ONCE);
	http_free(h);
	event_base_loop(base, EVLOOP_NONBLOCK);
	CHECK_INT(replies, before);
	evhttp_free(server);
}

/* A self-signed certificate for 127.0.0.1 that lives as long as the test. */
static SSL_CTX *self_signed(char pin[65])
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	uint8_t digest[32];

	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
				   (const unsigned char *)"test", -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	X509_sign(cert, key, EVP_sha256());
	X509_digest(cert, EVP_sha256(), digest, NULL);
	hex_encode(pin, digest, sizeof digest);
	SSL_CTX_use_certificate(ctx, cert);
	SSL_CTX_use_PrivateKey(ctx, key);
	X509_free(cert);
	EVP_PKEY_free(key);
	return ctx;
}

static struct bufferevent *secure(struct event_base *b, void *ctx)
{
	return bufferevent_openssl_socket_new(b, -1, SSL_new(ctx), BUFFEREVENT_SSL_ACCEPTING,
					      BEV_OPT_CLOSE_ON_FREE);
}

static void https_is_pinned_or_refused(void)
{
	struct pool_config config;
	char pin[65], wrong[65];
	SSL_CTX *ctx = self_signed(pin);
	unsigned port;
	struct evhttp *server = serve(&port);

	evhttp_set_bevcb(server, secure, ctx);
	config = config_of(port, "/");
	config.parsed.tls = true;
	config.tls_fingerprint = pin;
	post_and_wait(&config, 0, 10000);
	CHECK_INT(last_status, 200);
	CHECK_STR(last_body, "hello");

	snprintf(wrong, sizeof wrong, "%064d", 0);
	config.tls_fingerprint = wrong;
	served = 0;
	post_and_wait(&config, 0, 10000);
	CHECK_INT(last_status, 0);
	CHECK_HAS(last_body, "fingerprint");
	CHECK_INT(served, 0);

	config.tls_fingerprint = NULL;
	post_and_wait(&config, 0, 10000);
	CHECK_INT(last_status, 0);
	CHECK_HAS(last_body, "certificate");
	CHECK_INT(served, 0);
	evhttp_free(server);
	SSL_CTX_free(ctx);
}

/* As a dialect does: each answer leads to the next question, some while others are under way. */
static void posting_from_within_a_reply(bool tls)
{
	struct pool_config config;
	char pin[65];
	SSL_CTX *ctx = self_signed(pin);
	struct err err = {0};
	unsigned port, i;
	struct evhttp *server = serve(&port);

	config = config_of(port, "/");
	if (tls) {
		evhttp_set_bevcb(server, secure, ctx);
		config.parsed.tls = true;
		config.tls_fingerprint = pin;
	}
	served = 0;
	if (!CHECK_OK(http_new(&chain, base, dns, &config, on_reply, NULL, &err), &err))
		return;
	still_to_post = 12;
	for (i = 0; i < 6; i++)
		CHECK_OK(http_post(chain, i % HTTP_CHANNELS, 10 * i, "x", 1, 10000, &err), &err);
	wait_replies(18);
	CHECK_INT(last_status, 200);
	CHECK_INT(served, 18);
	CHECK_INT(still_to_post, 0);
	http_free(chain);
	evhttp_free(server);
	SSL_CTX_free(ctx);
}

static void replies_may_post_again(void)
{
	posting_from_within_a_reply(false);
}

static void replies_may_post_again_over_tls(void)
{
	posting_from_within_a_reply(true);
}

int main(void)
{
	base = event_base_new();
	dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	T_RUN(answers_and_statuses_come_through);
	T_RUN(nobody_there_and_nobody_answering_are_failures);
	T_RUN(what_times_out_is_not_sent_twice);
	T_RUN(a_connection_is_used_again_and_its_loss_survived);
	T_RUN(what_is_outstanding_goes_with_its_owner);
	T_RUN(https_is_pinned_or_refused);
	T_RUN(replies_may_post_again);
	T_RUN(replies_may_post_again_over_tls);
	evdns_base_free(dns, 0);
	event_base_free(base);
	return t_done();
}
