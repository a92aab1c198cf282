/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The way to a pool over real loopback sockets: addresses in turn, IPv6, SOCKS5, and TLS that
 * is verified or not used at all.
 */
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pool/client.h"
#include "pool/names.h"
#include "pool/stream.h"
#include "src/hex.h"
#include "tests/t.h"

#define HOSTS "test_stream.hosts"
#define STEP  10000

static struct event_base *base;
static struct names names;

/* ---- a server that keeps what it hears ---- */

static struct server {
	struct evconnlistener *listener;
	SSL_CTX *tls;      /* or NULL */
	const char *reply; /* to whatever comes first, or NULL */
	unsigned port, come;
	struct bufferevent *bev;
	uint8_t heard[512];
	size_t n;
	char sni[64]; /* "-" when none was sent */
} srv;

static void on_heard(struct bufferevent *bev, void *arg)
{
	(void)arg;
	srv.n += (size_t)bufferevent_read(bev, srv.heard + srv.n, sizeof srv.heard - srv.n);
	if (srv.reply)
		bufferevent_write(bev, srv.reply, strlen(srv.reply));
	srv.reply = NULL;
}

static void on_left(struct bufferevent *bev, short what, void *arg)
{
	(void)arg;
	if (what & BEV_EVENT_CONNECTED || srv.bev != bev)
		return;
	bufferevent_free(bev);
	srv.bev = NULL;
}

static int on_sni(SSL *ssl, int *alert, void *arg)
{
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	(void)alert;
	(void)arg;
	snprintf(srv.sni, sizeof srv.sni, "%s", name ? name : "-");
	return SSL_TLSEXT_ERR_OK;
}

static void on_come(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *a, int len,
		    void *arg)
{
	(void)l;
	(void)a;
	(void)len;
	(void)arg;
	srv.come++;
	if (srv.bev)
		bufferevent_free(srv.bev);
	srv.bev = srv.tls ? bufferevent_openssl_socket_new(base, fd, SSL_new(srv.tls),
							   BUFFEREVENT_SSL_ACCEPTING,
							   BEV_OPT_CLOSE_ON_FREE)
			  : bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(srv.bev, on_heard, NULL, on_left, NULL);
	bufferevent_enable(srv.bev, EV_READ | EV_WRITE);
}

static bool serve_at(const char *address)
{
	struct sockaddr_storage at;
	int len = sizeof at;
	socklen_t got = sizeof at;

	memset(&srv, 0, sizeof srv);
	memset(&at, 0, sizeof at);
	if (evutil_parse_sockaddr_port(address, (struct sockaddr *)&at, &len))
		return false;
	srv.listener = evconnlistener_new_bind(base, on_come, NULL,
					       LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, -1,
					       (struct sockaddr *)&at, len);
	if (!srv.listener)
		return false;
	getsockname(evconnlistener_get_fd(srv.listener), (struct sockaddr *)&at, &got);
	srv.port = at.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)(void *)&at)->sin6_port)
					    : ntohs(((struct sockaddr_in *)(void *)&at)->sin_port);
	return true;
}

static void shut(void)
{
	if (srv.bev)
		bufferevent_free(srv.bev);
	if (srv.listener)
		evconnlistener_free(srv.listener);
	SSL_CTX_free(srv.tls);
	memset(&srv, 0, sizeof srv);
}

/* ---- the stream's owner ---- */

static struct {
	bool open, closed;
	struct err why;
	char data[256];
	char where[256];
} got;

static struct stream *stream;

static void on_open(void *arg)
{
	(void)arg;
	got.open = true;
	snprintf(got.where, sizeof got.where, "%s", stream_where(stream));
	stream_send(stream, "hello\n", 6);
}

static void on_data(void *arg, struct evbuffer *in)
{
	size_t n = strlen(got.data);

	(void)arg;
	n += (size_t)evbuffer_remove(in, got.data + n, sizeof got.data - n - 1);
	got.data[n] = '\0';
}

static void on_closed(void *arg, const struct err *why)
{
	(void)arg;
	CHECK(!got.closed);
	got.closed = true;
	got.why = *why;
}

static const struct stream_events events = {.open = on_open, .data = on_data, .closed = on_closed};

/* Turn the loop until it holds; what never comes is the suite's time limit's business. */
#define AWAIT(claim)                                                                               \
 do                                                                                                \
  event_base_loop(base, EVLOOP_ONCE);                                                              \
 while (!(claim))

static struct pool_config config_of(const char *host)
{
	static char none[] = "", url[] = "test";
	struct pool_config c = {.user = none, .password = none, .url = url};

	snprintf(c.parsed.host, sizeof c.parsed.host, "%s", host);
	c.parsed.port = srv.port;
	return c;
}

/* Connect and wait for the server to hear our hello, or for the end. */
static void go_on(const struct pool_config *config, const char *host, unsigned first, int step_ms)
{
	struct err err = {0};

	memset(&got, 0, sizeof got);
	if (!CHECK_OK(stream_open(&stream, base, names.dns, config, host, 0, first, step_ms,
				  &events, NULL, &err),
		      &err)) {
		got.closed = true;
		return;
	}
	AWAIT(got.closed || (got.open && srv.n));
}

static void go(const struct pool_config *config)
{
	go_on(config, NULL, 0, STEP);
}

static void end(void)
{
	stream_free(stream);
	stream = NULL;
	event_base_loop(base, EVLOOP_NONBLOCK);
}

/* ---- plain ---- */

static void lines_go_both_ways(void)
{
	struct pool_config config;

	CHECK(serve_at("127.0.0.1"));
	srv.reply = "welcome\n";
	config = config_of("localhost");
	go(&config);
	CHECK(got.open);
	AWAIT(got.data[0]);
	CHECK_STR(got.data, "welcome\n");
	CHECK_MEM(srv.heard, "hello\n", 6);
	CHECK_HAS(got.where, "localhost:");
	CHECK_HAS(got.where, "127.0.0.1");
	shut();
	AWAIT(got.closed);
	CHECK_HAS(got.why.text, "closed the connection");
	CHECK_INT(stream_send(stream, "x", 1), -ERR_NET);
	end();
}

static void nobody_there_is_said(void)
{
	struct pool_config config;

	CHECK(serve_at("127.0.0.1"));
	config = config_of("127.0.0.1");
	evconnlistener_free(srv.listener);
	srv.listener = NULL;
	go(&config);
	CHECK(!got.open);
	CHECK_INT(got.why.code, ERR_NET);
	CHECK_HAS(got.why.text, "refused");
	end();
	shut();
}

static void ipv6_is_spoken(void)
{
	struct pool_config config;

	if (!serve_at("::1"))
		T_SKIP("no IPv6 on this machine");
	config = config_of("::1");
	config.parsed.ipv6 = true;
	go(&config);
	CHECK(got.open);
	CHECK_HAS(got.where, "::1");
	end();
	shut();
}

static void put_hosts(const char *text)
{
	FILE *f = fopen(HOSTS, "w");

	if (CHECK(f != NULL)) {
		fprintf(f, "127.0.0.1 localhost\n%s", text);
		fclose(f);
	}
	names_refresh(&names);
}

static void every_address_is_tried(void)
{
	struct pool_config config;
	unsigned first;

	put_hosts("127.0.0.2 many.test\n127.0.0.3 many.test\n127.0.0.1 many.test\n");
	CHECK(serve_at("127.0.0.1")); /* and nobody at the others */
	config = config_of("many.test");
	for (first = 0; first < 3; first++) {
		srv.n = 0;
		go_on(&config, NULL, first, STEP);
		CHECK(got.open);
		CHECK_HAS(got.where, "(127.0.0.1)");
		end();
	}
	shut();
}

static void which_address_comes_first_is_the_callers_choice(void)
{
	struct pool_config config;
	char seen[3][64];
	unsigned i;

	put_hosts("127.0.0.2 many.test\n127.0.0.3 many.test\n127.0.0.1 many.test\n");
	CHECK(serve_at("0.0.0.0"));
	config = config_of("many.test");
	for (i = 0; i < 4; i++) {
		srv.n = 0;
		go_on(&config, NULL, i, STEP);
		CHECK(got.open);
		if (i < 3)
			snprintf(seen[i], sizeof seen[i], "%.63s", strchr(got.where, '('));
		else
			CHECK_HAS(got.where, seen[0]);
		end();
	}
	CHECK(strcmp(seen[0], seen[1]) && strcmp(seen[1], seen[2]) && strcmp(seen[0], seen[2]));
	shut();
}

static void a_changed_hosts_file_is_read_again(void)
{
	struct pool_config config;

	put_hosts("127.0.0.1 moved.test\n");
	CHECK(serve_at("0.0.0.0"));
	config = config_of("moved.test");
	go(&config);
	CHECK_HAS(got.where, "(127.0.0.1)");
	end();
	put_hosts("127.0.0.2 moved.test # it moved\n");
	srv.n = 0;
	go(&config);
	CHECK_HAS(got.where, "(127.0.0.2)");
	end();
	shut();
}

/* ---- TLS ---- */

#define CA "test_stream.pem"

/* A self-signed certificate with these names, valid from and to these seconds from now. */
static SSL_CTX *certified(const char *alt, long from, long to, char pin[65])
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, alt);
	FILE *f = fopen(CA, "w");
	uint8_t digest[32];

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), from);
	X509_gmtime_adj(X509_getm_notAfter(cert), to);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
				   (const unsigned char *)"test", -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
	X509_sign(cert, key, EVP_sha256());
	X509_digest(cert, EVP_sha256(), digest, NULL);
	hex_encode(pin, digest, sizeof digest);
	SSL_CTX_use_certificate(ctx, cert);
	SSL_CTX_use_PrivateKey(ctx, key);
	SSL_CTX_set_tlsext_servername_callback(ctx, on_sni);
	if (CHECK(f != NULL)) {
		PEM_write_X509(f, cert);
		fclose(f);
	}
	X509_free(cert);
	EVP_PKEY_free(key);
	return ctx;
}

enum trust { SYSTEM, OWN_CA, PINNED, WRONG_PIN, INSECURE };

static const struct tls_case {
	const char *host, *redirect; /* configured; where a redirect leads, or NULL */
	const char *alt;
	long from, to;
	enum trust trust;
	const char *refusal; /* NULL: accepted */
} tls_cases[] = {
	{"localhost", NULL, "DNS:localhost", -60, 3600, OWN_CA, NULL},
	{"localhost", NULL, "DNS:localhost", -60, 3600, SYSTEM, "self-signed"},
	{"localhost", NULL, "DNS:elsewhere.example", -60, 3600, OWN_CA, "hostname mismatch"},
	{"localhost", NULL, "DNS:*.localhost", -60, 3600, OWN_CA, "hostname mismatch"},
	{"127.0.0.1", NULL, "DNS:localhost", -60, 3600, OWN_CA, "IP address mismatch"},
	{"127.0.0.1", NULL, "IP:127.0.0.1", -60, 3600, OWN_CA, NULL},
	{"localhost", NULL, "DNS:localhost", -3600, -60, OWN_CA, "expired"},
	{"localhost", NULL, "DNS:localhost", 3600, 7200, OWN_CA, "not yet valid"},
	/* the place we are sent to must show its own name, and no longer the old one */
	{"pool.example", "localhost", "DNS:localhost", -60, 3600, OWN_CA, NULL},
	{"pool.example", "localhost", "DNS:pool.example", -60, 3600, OWN_CA, "hostname mismatch"},
	/* a pin is all that counts */
	{"localhost", NULL, "DNS:elsewhere.example", -3600, -60, PINNED, NULL},
	{"localhost", NULL, "DNS:localhost", -60, 3600, WRONG_PIN, "fingerprint is"},
	{"localhost", NULL, "DNS:elsewhere.example", -3600, -60, INSECURE, NULL},
};

static void tls_case(const struct tls_case *k)
{
	char pin[65], wrong[65], ca[] = CA;
	struct pool_config config;
	const char *host = k->redirect ? k->redirect : k->host;

	CHECK(serve_at("127.0.0.1"));
	srv.tls = certified(k->alt, k->from, k->to, pin);
	snprintf(wrong, sizeof wrong, "%064d", 0);
	config = config_of(k->host);
	config.parsed.tls = true;
	config.tls_ca = k->trust == OWN_CA ? ca : NULL;
	config.tls_fingerprint = k->trust == PINNED ? pin : k->trust == WRONG_PIN ? wrong : NULL;
	config.tls_insecure = k->trust == INSECURE;
	go_on(&config, k->redirect, 0, STEP);
	CHECK(got.open == !k->refusal);
	CHECK_STR(srv.sni, host[0] == '1' ? "-" : host);
	if (k->refusal) {
		CHECK_INT(got.why.code, ERR_TLS);
		CHECK_HAS(got.why.text, k->refusal);
		CHECK_INT(srv.n, 0); /* nothing was told to somebody else */
	} else {
		CHECK_MEM(srv.heard, "hello\n", 6);
		CHECK_HAS(got.where, "TLS");
	}
	end();
	shut();
}

static void certificates_are_verified(void)
{
	size_t i;

	for (i = 0; i < sizeof tls_cases / sizeof *tls_cases; i++)
		tls_case(&tls_cases[i]);
}

static void tls_is_never_given_up_for_plain_text(void)
{
	struct pool_config config;

	CHECK(serve_at("127.0.0.1"));
	srv.reply = "HTTP/1.0 400 Bad Request\r\n\r\n";
	config = config_of("localhost");
	config.parsed.tls = true;
	config.tls_insecure = true;
	go(&config);
	CHECK(!got.open);
	CHECK_INT(got.why.code, ERR_TLS);
	CHECK_HAS(got.why.text, "wrong version number");
	CHECK_HAS(got.why.text, "is it a TLS port?");
	CHECK_INT(srv.heard[0], 22); /* a handshake record, and no line of ours */
	CHECK_INT(srv.come, 1);
	end();
	shut();
}

static void old_versions_of_tls_are_refused(void)
{
	struct pool_config config;
	char pin[65];

	CHECK(serve_at("127.0.0.1"));
	srv.tls = certified("DNS:localhost", -60, 3600, pin);
	SSL_CTX_set_max_proto_version(srv.tls, TLS1_1_VERSION);
	SSL_CTX_set_cipher_list(srv.tls, "ALL:@SECLEVEL=0");
	config = config_of("localhost");
	config.parsed.tls = true;
	config.tls_insecure = true;
	go(&config);
	CHECK(!got.open);
	CHECK_HAS(got.why.text, "protocol version");
	end();
	shut();
}

static void a_silent_handshake_ends(void)
{
	struct pool_config config;

	CHECK(serve_at("127.0.0.1")); /* hears and says nothing */
	config = config_of("localhost");
	config.parsed.tls = true;
	go_on(&config, NULL, 0, 150);
	CHECK(got.closed);
	CHECK_HAS(got.why.text, "TLS handshake took longer");
	end();
	shut();
}

/* ---- SOCKS5 ---- */

/* Answers to each message in turn; the greeting comes back as proxy_says[0] and so on. */
static void name_goes_to_the_proxy(void)
{
	static const uint8_t want[] = "\5\1\0\3\14nowhere.test\15\5";
	struct pool_config config;
	char proxy[64];

	CHECK(serve_at("127.0.0.1"));
	config = config_of("nowhere.test"); /* which nobody here could resolve */
	config.parsed.port = 3333;
	snprintf(proxy, sizeof proxy, "socks5://127.0.0.1:%u", srv.port);
	config.proxy = proxy;
	srv.reply = "\5"; /* method 0, in two pieces */
	memset(&got, 0, sizeof got);
	stream_open(&stream, base, names.dns, &config, NULL, 0, 0, STEP, &events, NULL, NULL);
	AWAIT(srv.n == 3);
	CHECK_MEM(srv.heard, "\5\1\0", 3);
	bufferevent_write(srv.bev, "\0", 1);
	AWAIT(srv.n == 3 + sizeof want - 1);
	CHECK_MEM(srv.heard + 3, want, sizeof want - 1);
	bufferevent_write(srv.bev, "\5\0\0\1\0\0\0\0\0\0", 10);
	AWAIT(srv.n == 3 + sizeof want - 1 + 6);
	CHECK_MEM(srv.heard + srv.n - 6, "hello\n", 6);
	CHECK_HAS(got.where, "nowhere.test:3333");
	CHECK_HAS(got.where, "proxy");
	bufferevent_write(srv.bev, "hi\n", 3);
	AWAIT(got.data[0]);
	CHECK_STR(got.data, "hi\n");
	end();
	shut();
}

static void tls_through_a_proxy_checks_the_pool_not_the_proxy(void)
{
	struct pool_config config;
	char pin[65], proxy[64], ca[] = CA;
	struct bufferevent *plain;
	SSL_CTX *ctx;

	CHECK(serve_at("127.0.0.1"));
	ctx = certified("DNS:pool.test", -60, 3600, pin);
	config = config_of("pool.test");
	config.parsed.port = 3333;
	config.parsed.tls = true;
	config.tls_ca = ca;
	snprintf(proxy, sizeof proxy, "socks5://127.0.0.1:%u", srv.port);
	config.proxy = proxy;
	srv.reply = "\5"; /* method 0; its second byte follows */
	memset(&got, 0, sizeof got);
	stream_open(&stream, base, names.dns, &config, NULL, 0, 0, STEP, &events, NULL, NULL);
	AWAIT(srv.n == 3);
	bufferevent_write(srv.bev, "\0", 1);
	AWAIT(srv.n == 3 + 16);
	srv.n = 0;
	bufferevent_write(srv.bev, "\5\0\0\1\0\0\0\0\0\0", 10);
	/* from here on the proxy is the pool */
	plain = srv.bev;
	srv.bev = bufferevent_openssl_filter_new(base, plain, SSL_new(ctx),
						 BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(srv.bev, on_heard, NULL, on_left, NULL);
	bufferevent_enable(srv.bev, EV_READ | EV_WRITE);
	AWAIT(got.closed || (got.open && srv.n));
	CHECK(got.open);
	CHECK_STR(srv.sni, "pool.test");
	CHECK_MEM(srv.heard, "hello\n", 6);
	end();
	shut();
	SSL_CTX_free(ctx);
}

/* ---- whenever ---- */

static void it_may_be_dropped_at_any_moment(void)
{
	struct pool_config config;
	char pin[65];
	unsigned turns, i;

	put_hosts("127.0.0.1 pool.test\n");
	for (turns = 0; turns < 24; turns++) {
		CHECK(serve_at("127.0.0.1"));
		if (turns % 2)
			srv.tls = certified("DNS:pool.test", -60, 3600, pin);
		config = config_of("pool.test");
		config.parsed.tls = turns % 2;
		config.tls_insecure = true;
		memset(&got, 0, sizeof got);
		stream_open(&stream, base, names.dns, &config, NULL, 0, 0, STEP, &events, NULL,
			    NULL);
		for (i = 0; i < turns / 2; i++)
			event_base_loop(base, EVLOOP_NONBLOCK);
		end();
		CHECK(!got.closed);
		shut();
	}
}

int main(void)
{
	struct err err = {0};

	base = event_base_new();
	/* no name servers: what the hosts file does not know is nowhere */
	if (names_init(&names, base, "/nonexistent/resolv.conf", HOSTS, &err))
		T_GIVE_UP(err.text);
	put_hosts("");
	T_RUN(lines_go_both_ways);
	T_RUN(nobody_there_is_said);
	T_RUN(ipv6_is_spoken);
	T_RUN(every_address_is_tried);
	T_RUN(which_address_comes_first_is_the_callers_choice);
	T_RUN(a_changed_hosts_file_is_read_again);
	T_RUN(certificates_are_verified);
	T_RUN(tls_is_never_given_up_for_plain_text);
	T_RUN(old_versions_of_tls_are_refused);
	T_RUN(a_silent_handshake_ends);
	T_RUN(name_goes_to_the_proxy);
	T_RUN(tls_through_a_proxy_checks_the_pool_not_the_proxy);
	T_RUN(it_may_be_dropped_at_any_moment);
	names_done(&names);
	event_base_free(base);
	unlink(HOSTS);
	unlink(CA);
	return t_done();
}
