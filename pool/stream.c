/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A byte stream to a pool.  Uses Linux's TCP_USER_TIMEOUT. */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pool/client.h"
#include "pool/socks.h"
#include "pool/stream.h"
#include "pool/tls.h"
#include "src/str.h"

enum step { RESOLVING, CONNECTING, PROXYING, SECURING, OPEN, DEAD };

/* What a look-up under way knows: it may outlive its stream, since cancelling is not at once. */
struct lookup {
	struct stream *stream; /* NULL: nobody waits any more */
};

struct stream {
	struct event_base *base;
	const struct pool_config *config;
	struct stream_events events;
	void *arg;
	enum step step;
	int step_ms;
	char host[256]; /* where to go; through a proxy, what to ask it for */
	unsigned port;
	struct socks socks;
	bool proxied;
	struct evdns_getaddrinfo_request *request;
	struct lookup *lookup;
	struct evutil_addrinfo *addresses, *address; /* all, and the one to try next */
	unsigned first, left;                        /* to begin with; not tried yet */
	struct bufferevent *bev;
	SSL *ssl; /* owned by bev */
	struct event *timer;
	char where[400];
	struct err last; /* why the last address failed */
};

static void try_next(struct stream *s);

/* The end, told once, from the loop and never from within a call of the owner. */
static void die(struct stream *s)
{
	if (s->step == DEAD)
		return;
	s->step = DEAD;
	event_del(s->timer);
	s->events.closed(s->arg, &s->last);
}

static void set_step(struct stream *s, enum step step, int ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	s->step = step;
	if (ms)
		event_add(s->timer, &tv);
	else
		event_del(s->timer);
}

static void drop_bev(struct stream *s)
{
	if (!s->bev)
		return;
	if (s->ssl) /* no waiting for a close_notify nobody may send */
		SSL_set_shutdown(s->ssl, SSL_RECEIVED_SHUTDOWN);
	bufferevent_free(s->bev);
	s->bev = NULL;
	s->ssl = NULL;
}

static void tune(evutil_socket_t fd)
{
	int on = 1, idle = 60, every = 15, probes = 4;
	unsigned user_ms = 60000;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof every);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_ms, sizeof user_ms);
}

static void opened(struct stream *s)
{
	set_step(s, OPEN, 0);
	s->events.open(s->arg);
}

static void on_event(struct bufferevent *bev, short what, void *arg);
static void on_read(struct bufferevent *bev, void *arg);

/* Put TLS on the connected socket. */
static void secure(struct stream *s)
{
	evutil_socket_t fd = bufferevent_getfd(s->bev);
	evutil_socket_t own = dup(fd);
	SSL *ssl = tls_client(s->config, s->host, &s->last);

	drop_bev(s);
	if (!ssl || own < 0) {
		SSL_free(ssl);
		if (own >= 0)
			close(own);
		die(s);
		return;
	}
	evutil_make_socket_closeonexec(own);
	ERR_clear_error();
	s->bev = bufferevent_openssl_socket_new(s->base, own, ssl, BUFFEREVENT_SSL_CONNECTING,
						BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	if (!s->bev) {
		SSL_free(ssl);
		close(own);
		err_set(&s->last, ERR_NOMEM, "no memory for a connection");
		die(s);
		return;
	}
	s->ssl = ssl;
	bufferevent_openssl_set_allow_dirty_shutdown(s->bev, 1);
	bufferevent_setcb(s->bev, on_read, NULL, on_event, s);
	bufferevent_enable(s->bev, EV_READ | EV_WRITE);
	set_step(s, SECURING, s->step_ms);
}

static void connected(struct stream *s)
{
	if (s->config->parsed.tls)
		secure(s);
	else
		opened(s);
}

static void start_proxy(struct stream *s)
{
	uint8_t hello[SOCKS_REPLY_MAX];
	size_t len = socks_start(&s->socks, hello);

	set_step(s, PROXYING, s->step_ms);
	bufferevent_write(s->bev, hello, len);
}

static void feed_proxy(struct stream *s)
{
	struct evbuffer *in = bufferevent_get_input(s->bev);
	uint8_t reply[SOCKS_REPLY_MAX];
	size_t reply_len;

	while (s->step == PROXYING) {
		size_t len = evbuffer_get_length(in);
		long used = socks_feed(&s->socks, evbuffer_pullup(in, -1), len, reply, &reply_len,
				       &s->last);

		if (used < 0) {
			die(s);
			return;
		}
		if (used == 0)
			return;
		evbuffer_drain(in, (size_t)used);
		if (reply_len)
			bufferevent_write(s->bev, reply, reply_len);
		if (s->socks.state == SOCKS_DONE) {
			connected(s);
			return;
		}
		if (!evbuffer_get_length(in))
			return;
	}
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct stream *s = arg;

	if (s->step == PROXYING)
		feed_proxy(s);
	else if (s->step == OPEN)
		s->events.data(s->arg, bufferevent_get_input(bev));
}

static void on_connected(struct stream *s)
{
	if (s->step == SECURING) {
		if (tls_verdict(s->ssl, 0, s->config, &s->last))
			die(s);
		else
			opened(s);
		return;
	}
	tune(bufferevent_getfd(s->bev));
	if (s->proxied)
		start_proxy(s);
	else
		connected(s);
}

/* What is in the way of this connection, from the kernel or from OpenSSL. */
static void explain(struct stream *s, short what)
{
	int code = evutil_socket_geterror(bufferevent_getfd(s->bev));
	unsigned long tls = s->ssl ? bufferevent_get_openssl_error(s->bev) : 0;
	const char *words = ERR_reason_error_string(tls);

	if (s->step == SECURING)
		tls_verdict(s->ssl, tls, s->config, &s->last);
	else if (words)
		err_set(&s->last, ERR_TLS, "%s: TLS: %s", s->where, words);
	else if (what & BEV_EVENT_EOF)
		err_set(&s->last, ERR_NET, "%s: the other side closed the connection", s->where);
	else
		err_set(&s->last, ERR_NET, "%s: %s", s->where, evutil_socket_error_to_string(code));
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct stream *s = arg;

	if (s->step == DEAD)
		return;
	if (what & BEV_EVENT_CONNECTED) {
		on_connected(s);
		return;
	}
	if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)))
		return;
	explain(s, what);
	if (s->step == OPEN && evbuffer_get_length(bufferevent_get_input(bev)))
		s->events.data(s->arg, bufferevent_get_input(bev));
	if (s->step == CONNECTING)
		try_next(s);
	else
		die(s);
}

static void note_where(struct stream *s, const struct evutil_addrinfo *a)
{
	char text[64] = "?";
	const void *at =
		a->ai_family == AF_INET6
			? (const void *)&((struct sockaddr_in6 *)(void *)a->ai_addr)->sin6_addr
			: (const void *)&((struct sockaddr_in *)(void *)a->ai_addr)->sin_addr;

	evutil_inet_ntop(a->ai_family, at, text, sizeof text);
	snprintf(s->where, sizeof s->where, "%s:%u (%s%s)%s", s->host, s->port,
		 s->proxied ? "by proxy " : "", text, s->config->parsed.tls ? ", TLS" : "");
}

static void try_next(struct stream *s)
{
	drop_bev(s);
	while (s->left) {
		struct evutil_addrinfo *a = s->address;

		s->left--;
		s->address = a->ai_next ? a->ai_next : s->addresses;
		note_where(s, a);
		s->bev = bufferevent_socket_new(s->base, -1,
						BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
		if (!s->bev)
			break;
		bufferevent_setcb(s->bev, on_read, NULL, on_event, s);
		bufferevent_enable(s->bev, EV_READ | EV_WRITE);
		set_step(s, CONNECTING, s->step_ms);
		if (!bufferevent_socket_connect(s->bev, a->ai_addr, (int)a->ai_addrlen))
			return;
		err_set(&s->last, ERR_NET, "%s: %s", s->where, strerror(errno));
		drop_bev(s);
	}
	die(s);
}

static void take_addresses(struct stream *s, struct evutil_addrinfo *list)
{
	const struct evutil_addrinfo *a;
	unsigned skip;

	s->addresses = s->address = list;
	for (a = list; a; a = a->ai_next)
		s->left++;
	for (skip = s->first % s->left; skip; skip--)
		s->address = s->address->ai_next;
}

static void on_resolved(int result, struct evutil_addrinfo *list, void *arg)
{
	struct lookup *lookup = arg;
	struct stream *s = lookup->stream;

	free(lookup);
	if (!s) {
		if (list)
			evutil_freeaddrinfo(list);
		return;
	}
	s->request = NULL;
	s->lookup = NULL;
	if (result || !list) {
		err_set(&s->last, ERR_NET, "%s: cannot resolve the name: %s",
			s->proxied ? s->socks.proxy.host : s->host, evutil_gai_strerror(result));
	} else {
		take_addresses(s, list);
	}
	/* Always from the loop: libevent may call us from within evdns_getaddrinfo(). */
	event_active(s->timer, EV_WRITE, 0);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	static const char *const words[] = {
		[RESOLVING] = "resolving the name",
		[CONNECTING] = "connecting",
		[PROXYING] = "the proxy",
		[SECURING] = "the TLS handshake",
	};
	struct stream *s = arg;

	(void)fd;
	if (s->step == DEAD)
		return;
	if (s->step == RESOLVING && what & EV_WRITE) {
		try_next(s);
		return;
	}
	if (s->step > SECURING)
		return;
	err_set(&s->last, ERR_NET, "%s: %s took longer than %d s", s->where[0] ? s->where : s->host,
		words[s->step], s->step_ms / 1000);
	if (s->step == CONNECTING)
		try_next(s);
	else
		die(s);
}

static void resolve(struct stream *s, struct evdns_base *dns)
{
	const struct evutil_addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_protocol = IPPROTO_TCP,
		.ai_flags = EVUTIL_AI_ADDRCONFIG,
	};
	struct evutil_addrinfo literal = hints;
	struct evdns_getaddrinfo_request *request;
	const char *name = s->proxied ? s->socks.proxy.host : s->host;
	char port[8];

	if (!strcmp(name, "localhost") || strchr(name, ':') ||
	    name[strspn(name, "0123456789.")] == 0)
		literal.ai_flags = 0; /* loopback counts as no address of the machine */
	snprintf(port, sizeof port, "%u", s->proxied ? s->socks.proxy.port : s->port);
	set_step(s, RESOLVING, s->step_ms);
	s->lookup->stream = s;
	request = evdns_getaddrinfo(dns, name, port, &literal, on_resolved, s->lookup);
	if (s->lookup) /* not answered already */
		s->request = request;
}

int stream_open(struct stream **out, struct event_base *base, struct evdns_base *dns,
		const struct pool_config *config, const char *host, unsigned port, unsigned first,
		int step_ms, const struct stream_events *events, void *arg, struct err *err)
{
	struct stream *s = calloc(1, sizeof *s);
	int rc = 0;

	if (!s)
		return err_set(err, ERR_NOMEM, "no memory for a connection");
	s->base = base;
	s->config = config;
	s->events = *events;
	s->arg = arg;
	s->step_ms = step_ms;
	s->first = first;
	str_copy(s->host, sizeof s->host, host ? host : config->parsed.host);
	s->port = host && port ? port : config->parsed.port;
	s->timer = event_new(base, -1, 0, on_timer, s);
	s->lookup = calloc(1, sizeof *s->lookup);
	if (!s->timer || !s->lookup)
		rc = err_set(err, ERR_NOMEM, "no memory for a connection");
	if (!rc && config->proxy) {
		rc = socks_parse(&s->socks.proxy, config->proxy, err);
		s->socks.host = s->host;
		s->socks.port = s->port;
		s->proxied = true;
	}
	if (rc) {
		stream_free(s);
		return rc;
	}
	*out = s;
	resolve(s, dns);
	return 0;
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	s->step = DEAD;
	if (s->request) {
		s->lookup->stream = NULL;
		evdns_getaddrinfo_cancel(s->request);
	} else {
		free(s->lookup);
	}
	drop_bev(s);
	if (s->addresses)
		evutil_freeaddrinfo(s->addresses);
	if (s->timer)
		event_free(s->timer);
	free(s);
}

void stream_rebind(struct stream *s, const struct pool_config *config)
{
	s->config = config;
}

int stream_send(struct stream *s, const void *data, size_t len)
{
	if (s->step != OPEN || bufferevent_write(s->bev, data, len))
		return -ERR_NET;
	return 0;
}

const char *stream_where(const struct stream *s)
{
	return s->where[0] ? s->where : s->host;
}
