/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One connection: its first byte, its time, its end. */
#include <arpa/inet.h>
#include <event2/bufferevent_ssl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "src/api/conn.h"
#include "src/clock.h"
#include "src/str.h"

#define LINGER_MS 2000
#define TURN_US   2000 /* then jobs and shares have theirs */

void conn_free(struct conn *c)
{
	feed_end(c);
	if (c->waits)
		TAILQ_REMOVE(&c->api->turns, c, turn);
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	c->api->n_conns--;
	crowd_leave(&c->api->crowd, c->crowd);
	bufferevent_free(c->bev);
	event_free(c->timer);
	free(c);
}

static void set_timer(struct conn *c, int64_t ms)
{
	const struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	event_add(c->timer, &tv);
}

void conn_finish(struct conn *c)
{
	c->talk = TALK_OVER;
	set_timer(c, c->api->request_ms);
}

/* Say that we are done, and let the peer read it: closing with bytes unread would reset. */
static void shut(struct conn *c)
{
	c->shut = true;
	if (c->ssl && SSL_is_init_finished(c->ssl)) {
		SSL_shutdown(c->ssl);
		ERR_clear_error();
	}
	shutdown(bufferevent_getfd(c->bev), SHUT_WR);
	set_timer(c, LINGER_MS);
}

int conn_judge(void *conn, const char *token, enum api_right *right)
{
	struct conn *c = conn;

	return access_judge(&c->api->rules->access, c->crowd->who, token, clock_ms(), right);
}

void conn_judge_again(struct conn *c)
{
	c->right = access_right(&c->api->rules->access, &c->key);
	if (c->talk == TALK_FEED && c->right < API_READ)
		conn_free(c);
}

void conn_call(const struct conn *c, struct api_view *view, struct api_call *call,
	       enum api_right right)
{
	const struct api_source *s = &c->api->source;

	memset(view, 0, sizeof *view);
	s->view(s->arg, view);
	*call = (struct api_call){
		.view = view, .actions = s->actions, .arg = s->arg, .right = right};
}

static void decide(struct conn *c)
{
	char first = 0;

	evbuffer_copyout(bufferevent_get_input(c->bev), &first, 1);
	c->half = true; /* the timer runs since it connected */
	if (first >= 'A' && first <= 'Z')
		c->talk = TALK_HTTP;
	else if (first == '{' || first == '[')
		c->talk = TALK_LINES;
	else
		text_take(c);
}

/* ---- turns ---- */

static void wind(struct api *api)
{
	const struct timeval now = {0};

	if (!TAILQ_EMPTY(&api->turns) && !evtimer_pending(api->turn, NULL))
		event_add(api->turn, &now);
}

/* Something came, or went: it is looked at when those before it have been. */
static void line_up(struct conn *c)
{
	if (!c->waits)
		TAILQ_INSERT_TAIL(&c->api->turns, c, turn);
	c->waits = true;
	wind(c->api);
}

static void go_on(struct conn *c);

/* However many ask at once, the loop is not theirs for longer. */
static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct api *api = arg;
	int64_t until = clock_us() + TURN_US;
	struct conn *c;

	(void)fd;
	(void)what;
	while ((c = TAILQ_FIRST(&api->turns)) != NULL) {
		TAILQ_REMOVE(&api->turns, c, turn);
		c->waits = false;
		go_on(c);
		if (clock_us() >= until)
			break;
	}
	wind(api);
}

int conns_new(struct api *api, struct err *err)
{
	TAILQ_INIT(&api->turns);
	api->turn = evtimer_new(api->base, on_turn, api);
	return api->turn ? 0 : err_set(err, ERR_NOMEM, "no memory for the API");
}

void conns_done(struct api *api)
{
	while (api->conns)
		conn_free(api->conns);
	if (api->turn)
		event_free(api->turn);
}

/* ---- one turn ---- */

/* Until the next request begins: strangers are not waited for. */
static int64_t idle_ms(const struct conn *c)
{
	if (c->talk == TALK_HTTP)
		return API_KEEP_MS;
	return c->right < API_READ ? c->api->request_ms : API_IDLE_MS;
}

/* A request must be complete in time; between two there is more of it. */
static void watch(struct conn *c)
{
	bool half = !c->more && evbuffer_get_length(bufferevent_get_input(c->bev)) > 0;

	if ((c->talk != TALK_LINES && c->talk != TALK_HTTP) || (half && c->half))
		return;
	c->half = half;
	set_timer(c, half ? c->api->request_ms : idle_ms(c));
}

/* Whatever is left to do after requests were taken.  It may be gone afterwards. */
static void settle(struct conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	bool sent = !evbuffer_get_length(bufferevent_get_output(c->bev));

	if (c->talk == TALK_OVER || c->talk == TALK_FEED)
		evbuffer_drain(in, evbuffer_get_length(in));
	else if (c->more && sent) /* those before them had no answer */
		line_up(c);
	else if (c->last && !c->more)
		conn_finish(c);
	if (c->last && c->talk == TALK_FEED) {
		conn_free(c);
	} else if (c->talk == TALK_OVER && !c->shut && sent) {
		shut(c);
		if (c->last)
			conn_free(c);
	}
}

static void go_on(struct conn *c)
{
	if (c->talk == TALK_UNKNOWN && evbuffer_get_length(bufferevent_get_input(c->bev)))
		decide(c);
	if (c->talk == TALK_HTTP)
		serve_take(c);
	else if (c->talk == TALK_LINES)
		lines_take(c);
	watch(c);
	settle(c);
}

/* ---- what happens to it ---- */

static void on_read(struct bufferevent *bev, void *arg)
{
	(void)bev;
	line_up(arg);
}

/* All that was to be sent is. */
static void on_written(struct bufferevent *bev, void *arg)
{
	(void)bev;
	line_up(arg);
}

/* http:// where https:// should be: say so, as far as that can be done in a moment. */
static void say_it_is_tls(struct conn *c)
{
	static const char text[] = "HTTP/1.1 400 Bad Request\r\n"
				   "Content-Type: text/plain; charset=utf-8\r\n"
				   "Content-Length: 37\r\n"
				   "Connection: close\r\n\r\n"
				   "this is a TLS port: ask with https://";
	evutil_socket_t fd = bufferevent_getfd(c->bev);
	char rest[4096];
	int i;

	/* what is unread would reset the connection before the text is seen */
	for (i = 0; i < 4 && recv(fd, rest, sizeof rest, MSG_DONTWAIT) > 0; i++)
		;
	if (send(fd, text, sizeof text - 1, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		shutdown(fd, SHUT_WR);
}

static bool asks_in_the_clear(struct bufferevent *bev)
{
	unsigned long code = bufferevent_get_openssl_error(bev);

	return ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST;
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct conn *c = arg;

	if (what & BEV_EVENT_CONNECTED) /* TLS is up */
		return;
	if (what & BEV_EVENT_ERROR && c->ssl && asks_in_the_clear(bev))
		say_it_is_tls(c);
	if (!(what & BEV_EVENT_EOF) || c->shut) {
		conn_free(c);
		return;
	}
	c->last = true; /* it may still read: `echo ... | nc` */
	if (c->ssl)
		bufferevent_enable(bev, EV_WRITE);
	line_up(c);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	(void)what;
	if (c->talk != TALK_HTTP || !c->half) {
		conn_free(c);
		return;
	}
	serve_late(c);
	settle(c);
}

/* An IPv6 host has a whole network to speak from. */
static bool name_peer(char *out, size_t size, const struct sockaddr *from)
{
	char text[INET6_ADDRSTRLEN] = "";
	struct in6_addr net;
	bool loopback = true;

	if (from->sa_family == AF_INET) {
		const struct in_addr *v4 =
			&((const struct sockaddr_in *)(const void *)from)->sin_addr;

		inet_ntop(AF_INET, v4, text, sizeof text);
		loopback = ntohl(v4->s_addr) >> 24 == 127;
	} else if (from->sa_family == AF_INET6) {
		net = ((const struct sockaddr_in6 *)(const void *)from)->sin6_addr;
		loopback = IN6_IS_ADDR_LOOPBACK(&net);
		memset(&net.s6_addr[8], 0, 8);
		inet_ntop(AF_INET6, &net, text, sizeof text);
	}
	str_copy(out, size, text[0] ? text : "local");
	return loopback;
}

static struct bufferevent *new_bev(struct conn *c, evutil_socket_t fd)
{
	struct api *api = c->api;

	if (!api->rules->tls)
		return bufferevent_socket_new(api->base, fd, BEV_OPT_CLOSE_ON_FREE);
	c->ssl = SSL_new(api->rules->tls);
	if (!c->ssl)
		return NULL;
	/* it takes the SSL, also when it fails */
	return bufferevent_openssl_socket_new(api->base, fd, c->ssl, BUFFEREVENT_SSL_ACCEPTING,
					      BEV_OPT_CLOSE_ON_FREE);
}

/* This machine always finds a place, whatever others do. */
static struct crowd_one *join(struct api *api, bool loopback, const char *who)
{
	unsigned most = loopback ? api->conns_max : api->conns_max - api->conns_max / 8;

	if (api->n_conns >= most)
		return NULL;
	return crowd_join(&api->crowd, who, loopback ? most : API_CONNS_OF_ONE);
}

static struct conn *new_conn(struct api *api, evutil_socket_t fd, const struct sockaddr *from)
{
	struct conn *c = calloc(1, sizeof *c);
	char who[ACCESS_WHO_MAX];

	if (!c)
		return NULL;
	c->api = api;
	c->loopback = name_peer(who, sizeof who, from);
	c->crowd = join(api, c->loopback, who);
	c->timer = c->crowd ? evtimer_new(api->base, on_timer, c) : NULL;
	c->bev = c->timer ? new_bev(c, fd) : NULL;
	if (c->bev)
		return c;
	if (c->timer)
		event_free(c->timer);
	if (c->crowd)
		crowd_leave(&api->crowd, c->crowd);
	free(c);
	return NULL;
}

void conn_begin(struct api *api, evutil_socket_t fd, const struct sockaddr *from)
{
	const struct timeval send_limit = {.tv_sec = API_REQUEST_MS / 1000};
	struct conn *c = new_conn(api, fd, from);
	int on = 1;

	if (!c) {
		evutil_closesocket(fd);
		return;
	}
	/* a kept connection's last segment would wait for the peer's delayed ACK; no matter for a
	 * file */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	c->right = access_right(&api->rules->access, &c->key);
	c->next = api->conns;
	c->link = &api->conns;
	if (c->next)
		c->next->link = &c->next;
	api->conns = c;
	api->n_conns++;
	bufferevent_setcb(c->bev, on_read, on_written, on_event, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, CONN_INPUT_MAX);
	bufferevent_set_timeouts(c->bev, NULL, &send_limit);
	set_timer(c, api->request_ms);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}
