/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Monitoring tools, many at once: CLIENTS of them poll the API of a running adit at HZ for SECONDS,
 * each in the dialect of its kind, and READERS follow /events.  Prints one JSON object: requests,
 * failures and the time to the last byte of the answer, from when the request was due; and for how
 * long the clients themselves had no processor when it was their turn.
 * usage: api_load PORT SECONDS CLIENTS HZ READERS
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "src/str.h"

#define HEAD_MAX   4096
#define LIMIT_US   5000000
#define EVENTS_MAX 256
#define STALL_US   5000

/* How an answer ends. */
enum end { END_HTTP, END_LINE, END_CLOSE, END_NEVER };

#define POST(body, len)                                                                            \
 "POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: " len \
 "\r\n\r\n" body
#define GET(path) "GET " path " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

static const struct kind {
	const char *name, *request;
	unsigned share; /* of 20 clients */
	enum end end;
} kinds[] = {
	{"rpc",
	 POST("[{\"jsonrpc\":\"2.0\",\"method\":\"miner.summary\",\"id\":1},"
	      "{\"jsonrpc\":\"2.0\",\"method\":\"miner.devices\",\"id\":2}]",
	      "101"),
	 6, END_HTTP},
	{"metrics", GET("/metrics"), 3, END_HTTP},
	{"xmrig", GET("/2/summary"), 3, END_HTTP},
	{"cgminer", "{\"command\":\"summary+devs\"}", 4, END_CLOSE},
	{"claymore", "{\"id\":0,\"jsonrpc\":\"2.0\",\"method\":\"miner_getstat1\"}\n", 4, END_LINE},
	{"events", "GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n",
	 0, END_NEVER},
};
#define KINDS (sizeof kinds / sizeof kinds[0])

struct client {
	const struct kind *kind;
	int fd; /* -1: not connected */
	bool connecting, busy, close;
	int64_t due_us, sent_us;
	char head[HEAD_MAX]; /* the beginning of the answer */
	size_t got, want;    /* bytes; want 0: not known yet */
};

struct tally {
	uint32_t *us; /* one a request answered */
	size_t n, room;
	uint64_t requests, failures, late, bytes, connects;
};

static struct {
	int epoll;
	struct sockaddr_in to;
	int64_t period_us, end_us;
	struct tally tally[KINDS];
	int64_t stalled_us; /* we had no processor, in pieces over STALL_US */
} load;

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static struct tally *tally_of(const struct client *c)
{
	return &load.tally[c->kind - kinds];
}

static void hang_up(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->connecting = false;
}

static void fail(struct client *c)
{
	tally_of(c)->failures++;
	c->busy = false;
	hang_up(c);
}

static void done(struct client *c)
{
	struct tally *t = tally_of(c);
	int64_t us = now_us() - c->due_us;

	if (t->n < t->room)
		t->us[t->n++] = (uint32_t)us;
	c->busy = false;
	if (c->close || c->kind->end == END_CLOSE)
		hang_up(c);
}

static void send_request(struct client *c)
{
	size_t len = strlen(c->kind->request);

	c->connecting = false;
	c->got = c->want = 0;
	c->close = false;
	if (send(c->fd, c->kind->request, len, MSG_NOSIGNAL) != (ssize_t)len)
		fail(c);
}

static void connect_client(struct client *c)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
				 .data.ptr = c};
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0) {
		fail(c);
		return;
	}
	tally_of(c)->connects++;
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	c->connecting = true;
	if (epoll_ctl(load.epoll, EPOLL_CTL_ADD, c->fd, &ev) ||
	    (connect(c->fd, (const struct sockaddr *)&load.to, sizeof load.to) &&
	     errno != EINPROGRESS))
		fail(c);
}

/* Its time has come. */
static void begin(struct client *c)
{
	struct tally *t = tally_of(c);

	t->requests++;
	c->busy = true;
	c->sent_us = now_us();
	if (c->fd >= 0)
		send_request(c);
	else
		connect_client(c);
}

/* The value of a header line of ours, or NULL. */
static const char *header(const char *head, const char *name)
{
	const char *at = strstr(head, name);

	return at ? at + strlen(name) : NULL;
}

/* Length and status of an HTTP answer, once its head is there. */
static void read_head(struct client *c)
{
	size_t kept = c->got < sizeof c->head - 1 ? c->got : sizeof c->head - 1;
	const char *end, *length;
	uint64_t body = 0;

	c->head[kept] = '\0';
	end = strstr(c->head, "\r\n\r\n");
	if (!end)
		return;
	length = header(c->head, "\r\nContent-Length: ");
	if (strncmp(c->head, "HTTP/1.1 200", 12) != 0) {
		fail(c);
		return;
	}
	if (c->kind->end == END_NEVER)
		return;
	if (length)
		body = strtoull(length, NULL, 10);
	c->close = header(c->head, "\r\nConnection: close") != NULL;
	c->want = (size_t)(end - c->head) + 4 + body;
}

static void take(struct client *c, const char *data, size_t len)
{
	size_t room = sizeof c->head - 1;

	if (c->got < room)
		memcpy(c->head + c->got, data, len < room - c->got ? len : room - c->got);
	c->got += len;
	tally_of(c)->bytes += len;
	if ((c->kind->end == END_HTTP || c->kind->end == END_NEVER) && !c->want)
		read_head(c);
	if (c->busy && c->kind->end == END_HTTP && c->want && c->got >= c->want)
		done(c);
	else if (c->busy && c->kind->end == END_LINE && memchr(data, '\n', len))
		done(c);
	else if (c->busy && c->kind->end == END_CLOSE && memchr(data, '\0', len))
		done(c);
}

static void readable(struct client *c)
{
	static char data[65536];
	ssize_t n;

	while (c->fd >= 0 && (n = recv(c->fd, data, sizeof data, 0)) != 0) {
		if (n < 0) {
			if (errno != EAGAIN)
				fail(c);
			return;
		}
		take(c, data, (size_t)n);
	}
	if (c->fd >= 0 && c->busy)
		fail(c);
	else if (c->fd >= 0)
		hang_up(c);
}

static void handle(struct client *c, uint32_t events)
{
	if (c->fd < 0)
		return;
	if (c->connecting && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))) {
		if (events & (EPOLLERR | EPOLLHUP)) {
			fail(c);
			return;
		}
		send_request(c);
	}
	if (c->fd >= 0 && (events & (EPOLLIN | EPOLLRDHUP)))
		readable(c);
}

/* Who is due begins; who is still busy is late, and waits for its next turn. */
static void run_due(struct client *clients, unsigned n, int64_t now)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		struct client *c = &clients[i];

		if (c->kind->end == END_NEVER) {
			if (!c->busy)
				begin(c);
			continue;
		}
		if (c->busy && now - c->sent_us > LIMIT_US)
			fail(c);
		if (now < c->due_us + load.period_us)
			continue;
		c->due_us += load.period_us;
		if (c->busy)
			tally_of(c)->late++;
		else
			begin(c);
	}
}

static void run(struct client *clients, unsigned n)
{
	struct epoll_event ev[EVENTS_MAX];
	int64_t now, asleep;
	int i, got;

	while ((now = now_us()) < load.end_us) {
		run_due(clients, n, now);
		asleep = now_us();
		got = epoll_wait(load.epoll, ev, EVENTS_MAX, 1);
		asleep = now_us() - asleep - 1000;
		load.stalled_us += asleep > STALL_US ? asleep : 0;
		for (i = 0; i < got; i++)
			handle(ev[i].data.ptr, ev[i].events);
	}
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void print_tally(const char *name, struct tally *t, bool last)
{
	uint32_t p50 = 0, p99 = 0, most = 0;

	qsort(t->us, t->n, sizeof t->us[0], by_value);
	if (t->n) {
		p50 = t->us[t->n / 2];
		p99 = t->us[t->n * 99 / 100];
		most = t->us[t->n - 1];
	}
	printf("\"%s\":{\"requests\":%llu,\"failures\":%llu,\"late\":%llu,\"connects\":%llu,"
	       "\"bytes\":%llu,\"p50_us\":%u,\"p99_us\":%u,\"max_us\":%u}%s",
	       name, (unsigned long long)t->requests, (unsigned long long)t->failures,
	       (unsigned long long)t->late, (unsigned long long)t->connects,
	       (unsigned long long)t->bytes, p50, p99, most, last ? "" : ",");
}

/* All but those who only listen. */
static void print_all(void)
{
	struct tally all = {0};
	size_t i, k;

	for (i = 0; i < KINDS; i++)
		all.room += load.tally[i].n;
	all.us = calloc(all.room + 1, sizeof all.us[0]);
	if (!all.us)
		abort();
	printf("{");
	for (i = 0; i < KINDS; i++) {
		struct tally *t = &load.tally[i];

		for (k = 0; k < t->n; k++)
			all.us[all.n++] = t->us[k];
		if (kinds[i].end != END_NEVER) {
			all.requests += t->requests;
			all.failures += t->failures;
			all.late += t->late;
			all.connects += t->connects;
		}
		all.bytes += t->bytes;
		print_tally(kinds[i].name, t, false);
	}
	print_tally("all", &all, false);
	printf("\"stalled_s\":%.3f}\n", (double)load.stalled_us / 1e6);
	free(all.us);
}

static const struct kind *kind_of(unsigned i)
{
	size_t k;

	i %= 20;
	for (k = 0; i >= kinds[k].share; k++)
		i -= kinds[k].share;
	return &kinds[k];
}

static bool number(uint64_t *out, const char *text, uint64_t least, uint64_t most)
{
	return text && !str_to_u64(out, text, least, most);
}

int main(int argc, char **argv)
{
	uint64_t port, seconds, n, hz, readers, i;
	struct client *clients;

	if (argc != 6 || !number(&port, argv[1], 1, 65535) || !number(&seconds, argv[2], 1, 3600) ||
	    !number(&n, argv[3], 0, 4000) || !number(&hz, argv[4], 1, 1000) ||
	    !number(&readers, argv[5], 0, 1000)) {
		fprintf(stderr, "usage: api_load PORT SECONDS CLIENTS HZ READERS\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	clients = calloc(n + readers + 1, sizeof *clients);
	load.epoll = epoll_create1(EPOLL_CLOEXEC);
	for (i = 0; clients && i < KINDS; i++) {
		load.tally[i].room = (size_t)(seconds * n * hz + 1);
		load.tally[i].us = calloc(load.tally[i].room, sizeof(uint32_t));
		if (!load.tally[i].us)
			return 1;
	}
	if (!clients || load.epoll < 0)
		return 1;
	load.to.sin_family = AF_INET;
	load.to.sin_port = htons((uint16_t)port);
	load.to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	load.period_us = 1000000 / (int64_t)hz;
	for (i = 0; i < n + readers; i++) {
		clients[i].kind = i < n ? kind_of((unsigned)i) : &kinds[KINDS - 1];
		clients[i].fd = -1;
		clients[i].due_us = now_us() - load.period_us +
				    load.period_us * (int64_t)i / (int64_t)(n ? n : 1);
	}
	load.end_us = now_us() + (int64_t)seconds * 1000000;
	run(clients, (unsigned)(n + readers));
	print_all();
	return 0;
}
