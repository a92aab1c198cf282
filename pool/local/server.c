/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `adit pool`: listener, clients, timers, signals. */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool/local/talk.h"
#include "pool/tls.h"
#include "pool/url.h"
#include "src/bytes.h"
#include "src/clock.h"
#include "src/log.h"
#include "src/str.h"

#define IDLE_MS 600000
#define INPUT_MAX                                                                                  \
 (4 * LOCAL_LINE_MAX) /* read ahead of a delayed client; then TCP makes it wait                    \
		       */
#define CLEAN_EVERY 4 /* jobs: a new block, so to say */

static void free_client(struct local_client *c)
{
	struct local_client **at = &c->pool->clients;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->pool->n_clients--;
	bufferevent_free(c->bev);
	event_free(c->later);
	if (c->held)
		evbuffer_free(c->held);
	if (c->rest)
		event_free(c->rest);
	free(c);
}

/* Not at once: somebody may be walking the list or talking to it. */
void local_close(struct local_client *c)
{
	c->dead = true;
	event_active(c->later, EV_TIMEOUT, 0);
}

void local_hang_up(struct local_client *c)
{
	c->leaving = true;
	bufferevent_disable(c->bev, EV_READ);
	if (!evbuffer_get_length(bufferevent_get_output(c->bev)))
		local_close(c);
}

/* All that was to be sent is. */
static void on_written(struct bufferevent *bev, void *arg)
{
	struct local_client *c = arg;

	(void)bev;
	if (c->leaving && !c->dead)
		local_close(c);
}

/* One line after the other. */
static void take_lines(struct local_client *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	size_t len;
	char *line;

	while (!c->dead && !c->leaving &&
	       (line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF)) != NULL) {
		if (len && line[len - 1] == '\r')
			len--;
		if (len)
			local_line(c, line, len);
		free(line);
	}
	if (evbuffer_get_length(in) > LOCAL_LINE_MAX)
		local_close(c);
}

static void on_later(evutil_socket_t fd, short what, void *arg)
{
	struct local_client *c = arg;

	(void)fd;
	(void)what;
	if (c->dead)
		free_client(c);
	else
		take_lines(c);
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct local_client *c = arg;
	int64_t ms = c->pool->faults.delay_ms;
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	(void)bev;
	if (c->dead)
		return;
	if (!ms)
		take_lines(c);
	else if (!event_pending(c->later, EV_TIMEOUT, NULL))
		event_add(c->later, &tv);
}

static void on_gone(struct bufferevent *bev, short what, void *arg)
{
	struct local_client *c = arg;

	(void)bev;
	if (!(what & BEV_EVENT_CONNECTED) && !c->dead) {
		log_info(LOG_POOL, "client %llu: gone", (unsigned long long)c->id);
		local_close(c);
	}
}

static struct bufferevent *wrap(struct local *p, evutil_socket_t fd)
{
	SSL *ssl;

	if (!p->ssl_ctx)
		return bufferevent_socket_new(p->base, fd, BEV_OPT_CLOSE_ON_FREE);
	ssl = SSL_new(p->ssl_ctx);
	if (!ssl)
		return NULL;
	return bufferevent_openssl_socket_new(p->base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING,
					      BEV_OPT_CLOSE_ON_FREE);
}

static void on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *from, int len,
		      void *arg)
{
	struct local *p = arg;
	struct local_client *c = NULL;
	int on = 1;

	(void)l;
	(void)from;
	(void)len;
	if (p->n_clients < p->settings->max_clients)
		c = calloc(1, sizeof *c);
	if (c) {
		c->pool = p;
		c->bev = wrap(p, fd);
		c->later = event_new(p->base, -1, 0, on_later, c);
	}
	if (!c || !c->bev || !c->later) {
		log_warn(LOG_POOL, "a client was turned away: %u are connected", p->n_clients);
		if (c && c->later)
			event_free(c->later);
		if (c && c->bev)
			bufferevent_free(c->bev);
		else
			evutil_closesocket(fd);
		free(c);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	c->id = ++p->last_client;
	/* Prefixes of two bytes do not collide; the rest is hard to guess. */
	be32_put(c->extranonce1, (uint32_t)local_random(p));
	c->extranonce1[0] = (uint8_t)((p->first_prefix + c->id) >> 8);
	c->extranonce1[1] = (uint8_t)(p->first_prefix + c->id);
	c->extranonce2_len = 4;
	c->difficulty = p->settings->diff;
	c->vardiff.per_minute = p->settings->vardiff_per_minute;
	c->heard_ms = clock_ms();
	c->next = p->clients;
	p->clients = c;
	p->n_clients++;
	p->counts.clients++;
	bufferevent_setcb(c->bev, on_read, on_written, on_gone, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, INPUT_MAX);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

struct local_client *local_find(const struct local *p, uint64_t id)
{
	struct local_client *c;

	if (p->http_client && p->http_client->id == id)
		return p->http_client;
	for (c = p->clients; c && c->id != id; c = c->next)
		;
	return c && !c->dead ? c : NULL;
}

void local_stop(struct local *p, int code)
{
	p->code = code;
	event_base_loopbreak(p->base);
}

void local_new_job(struct local *p, bool clean)
{
	uint64_t blocks = p->blocks;

	if (local_next_job(p, clean))
		local_broadcast(p, p->blocks != blocks);
}

void local_broadcast(struct local *p, bool clean)
{
	const struct local_job *job = local_job(p, p->last_job);
	struct local_client *c;

	for (c = p->clients; c; c = c->next)
		if (!c->dead && c->subscribed && c->authorized && !p->faults.silent)
			local_send_job(c, job, clean);
}

/* Silence, too, moves the difficulty. */
static void check_client(struct local_client *c, int64_t now)
{
	double difficulty = local_vardiff(&c->vardiff, c->difficulty, now);

	if (now - c->heard_ms > IDLE_MS) {
		local_close(c);
	} else if (difficulty != c->difficulty && c->authorized) {
		c->difficulty = difficulty;
		local_send_difficulty(c);
	}
}

static void on_job_timer(evutil_socket_t fd, short what, void *arg)
{
	struct local *p = arg;
	bool clean = !p->settings->block_shares && p->last_job % CLEAN_EVERY == 0;
	struct local_client *c;
	int64_t now = clock_ms();

	(void)fd;
	(void)what;
	for (c = p->clients; c; c = c->next)
		if (!c->dead)
			check_client(c, now);
	local_new_job(p, clean);
}

static void print_summary(const struct local *p)
{
	const struct local_counts *n = &p->counts;
	const struct local_client *c;
	json_t *each = json_object(), *all;
	char *text;

	for (c = p->clients; c; c = c->next) {
		char id[24];

		snprintf(id, sizeof id, "%llu", (unsigned long long)c->id);
		json_object_set_new(each, id, json_integer((json_int_t)c->accepted));
	}
	all = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "clients",
			(json_int_t)n->clients, "jobs", (json_int_t)n->jobs, "accepted",
			(json_int_t)n->accepted, "stale", (json_int_t)n->stale, "duplicate",
			(json_int_t)n->duplicate, "low", (json_int_t)n->low, "invalid",
			(json_int_t)n->invalid, "refused", (json_int_t)n->refused, "epochs",
			(json_int_t)n->epochs, "programs", (json_int_t)n->programs,
			"shares_per_client", each);
	text = all ? json_dumps(all, JSON_COMPACT) : NULL;
	if (text)
		puts(text);
	fflush(stdout);
	free(text);
	json_decref(all);
}

static void on_signal(evutil_socket_t signum, short what, void *arg)
{
	struct local *p = arg;

	(void)what;
	if (signum == SIGUSR1)
		print_summary(p);
	else
		event_base_loopbreak(p->base);
}

static void on_fault_timer(evutil_socket_t fd, short what, void *arg);

/* The timer of the fault script is remade each time; it is one of a few a minute. */
static void next_fault(struct local *p)
{
	int64_t at = faults_next(&p->faults), now = clock_ms() - p->start_ms;
	int64_t ms = at > now ? at - now : 0;
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	if (at != INT64_MAX)
		event_base_once(p->base, -1, EV_TIMEOUT, on_fault_timer, p, &tv);
}

static void on_fault_timer(evutil_socket_t fd, short what, void *arg)
{
	struct local *p = arg;
	const struct fault *f;

	(void)fd;
	(void)what;
	while ((f = faults_due(&p->faults, clock_ms() - p->start_ms)) != NULL)
		local_fault(p, f);
	next_fault(p);
}

/* "host:port" into an address; names other than localhost are not looked up. */
static int parse_listen(struct sockaddr_storage *out, int *len, const char *text, struct err *err)
{
	char fixed[256];
	const char *port = strrchr(text, ':');
	bool any = port && !strcmp(port, ":0");

	/* evutil knows every form but "localhost" */
	if (!strncmp(text, "localhost:", 10))
		snprintf(fixed, sizeof fixed, "127.0.0.1%s", text + 9);
	else
		str_copy(fixed, sizeof fixed, text);
	if (any) /* and refuses port 0 */
		str_copy(strrchr(fixed, ':'), 3, ":1");
	*len = sizeof *out;
	if (!port || evutil_parse_sockaddr_port(fixed, (struct sockaddr *)out, len))
		return err_set(err, ERR_USAGE,
			       "--listen %s: write ADDRESS:PORT, as in 127.0.0.1:3333", text);
	if (any && out->ss_family == AF_INET)
		((struct sockaddr_in *)out)->sin_port = 0;
	else if (any)
		((struct sockaddr_in6 *)out)->sin6_port = 0;
	return 0;
}

static bool is_loopback(const struct sockaddr_storage *a)
{
	if (a->ss_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)a)->sin6_addr);
}

static void say_where(evutil_socket_t fd)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof at;
	char host[64] = "?";

	if (getsockname(fd, (struct sockaddr *)&at, &len))
		return;
	if (at.ss_family == AF_INET) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)&at;

		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
		printf("listening on %s:%u\n", host, ntohs(v4->sin_port));
	} else {
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&at;

		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
		printf("listening on [%s]:%u\n", host, ntohs(v6->sin6_port));
	}
	fflush(stdout);
}

static int start_listening(struct local *p, struct evconnlistener **out, struct err *err)
{
	const char *text = p->settings->listen;
	struct sockaddr_storage at;
	int len, rc = parse_listen(&at, &len, text, err);

	if (rc)
		return rc;
	if (!is_loopback(&at))
		log_warn(LOG_POOL, "listening beyond loopback: anybody who reaches %s can connect",
			 text);
	*out = evconnlistener_new_bind(p->base, on_accept, p,
				       LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC |
					       LEV_OPT_REUSEABLE,
				       -1, (struct sockaddr *)&at, len);
	if (!*out)
		return err_set(err, ERR_IO, "--listen %s: %s%s", text, strerror(errno),
			       errno == EADDRINUSE ? "; choose another port, or 0 for any free one"
						   : "");
	p->fd = evconnlistener_get_fd(*out);
	return 0;
}

static int set_up(struct local *p, struct evconnlistener **listener, struct event *signals[3],
		  struct event **timer, struct err *err)
{
	static const int numbers[3] = {SIGINT, SIGTERM, SIGUSR1};
	const struct settings *s = p->settings;
	struct timeval tv = {.tv_sec = s->job_interval_ms / 1000,
			     .tv_usec = s->job_interval_ms % 1000 * 1000};
	int i, rc = faults_parse(&p->faults, s->faults, err);

	if (rc)
		return rc;
	rc = local_choose_talk(p, s->speak, err);
	if (rc)
		return rc;
	if (!s->tls_cert != !s->tls_key)
		return err_set(err, ERR_USAGE, "--tls-cert and --tls-key go together");
	if (s->tls_cert && !(p->ssl_ctx = tls_server("--tls", s->tls_cert, s->tls_key, err)))
		return -ERR_TLS;
	p->base = event_base_new();
	*timer = p->base ? event_new(p->base, -1, EV_PERSIST, on_job_timer, p) : NULL;
	if (!*timer || event_add(*timer, &tv))
		return err_set(err, ERR_NOMEM, "cannot create the event loop");
	for (i = 0; i < 3; i++) {
		signals[i] = evsignal_new(p->base, numbers[i], on_signal, p);
		if (!signals[i] || event_add(signals[i], NULL))
			return err_set(err, ERR_NOMEM, "cannot create the event loop");
	}
	rc = local_shares_start(p, err);
	if (!rc)
		rc = local_dag_start(p, err);
	if (!rc)
		rc = start_listening(p, listener, err);
	if (rc || p->talk != &talk_getwork)
		return rc;
	if (p->ssl_ctx)
		return err_set(err, ERR_USAGE, "--speak getwork goes without --tls-cert");
	rc = local_http_start(p, *listener, err);
	if (!rc)
		*listener = NULL;
	return rc;
}

static void tear_down(struct local *p, struct evconnlistener *listener, struct event *signals[3],
		      struct event *timer)
{
	int i;

	local_shares_stop(p);
	local_http_stop(p);
	while (p->clients)
		free_client(p->clients);
	local_drop_jobs(p);
	epochs_free(p->epochs);
	if (listener)
		evconnlistener_free(listener);
	for (i = 0; i < 3; i++)
		if (signals[i])
			event_free(signals[i]);
	if (timer)
		event_free(timer);
	if (p->base)
		event_base_free(p->base);
	SSL_CTX_free(p->ssl_ctx);
	free(p);
}

static int exit_code(const struct err *err)
{
	return err->code == ERR_USAGE || err->code == ERR_PARSE || err->code == ERR_RANGE
		       ? EXIT_USAGE
		       : EXIT_SYSTEM;
}

int cmd_pool(struct settings *s)
{
	struct local *p = calloc(1, sizeof *p);
	struct evconnlistener *listener = NULL;
	struct event *signals[3] = {0}, *timer = NULL;
	struct err err = {0};
	int code = EXIT_OK;

	if (!p)
		return EXIT_SYSTEM;
	p->settings = s;
	p->algo = algo_find(s->algo);
	p->start_ms = clock_ms();
	if (set_up(p, &listener, signals, &timer, &err)) {
		log_error(LOG_POOL, "%s", err.text);
		code = exit_code(&err);
	} else {
		local_seed(p, s->seed_text);
		p->first_prefix = local_random(p);
		local_next_job(p, true);
		next_fault(p);
		say_where(p->fd);
		if (!p->code)
			event_base_dispatch(p->base);
		print_summary(p);
		code = p->code;
	}
	tear_down(p, listener, signals, timer);
	return code;
}
