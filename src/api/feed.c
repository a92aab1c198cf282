/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Events as they happen, to those who listen (server-sent events).  All of them are at the same
 * place, so that each event is rendered once, and a flood of them is written in pieces.
 */
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "src/api/conn.h"
#include "src/api/rpc.h"
#include "src/clock.h"
#include "src/str.h"

#define FLUSH_MS    50 /* between two writes */
#define SEND_BUFFER 65536
#define GONE_MS     60000

void feed_end(struct conn *c)
{
	struct feeds *f = &c->api->feeds;

	if (!c->link_feed)
		return;
	*c->link_feed = c->next_feed;
	if (c->next_feed)
		c->next_feed->link_feed = c->link_feed;
	c->link_feed = NULL;
	if (--f->n)
		return;
	event_del(f->alive);
	event_del(f->flush);
}

/* ---- what is said ---- */

static void print_event(struct evbuffer *out, const struct api_event *e)
{
	json_t *value = rpc_event(e);

	evbuffer_add_printf(out, "id: %" PRIu64 "\nevent: %s\ndata: ", e->id, e->name);
	if (value)
		rpc_print(value, out);
	evbuffer_add(out, "\n\n", 2);
}

/* Some are gone; their number is not known when the ids were another run's. */
static void print_lost(struct evbuffer *out, uint64_t count)
{
	evbuffer_add(out, "event: lost\ndata: {\"count\":", 27);
	if (count)
		evbuffer_add_printf(out, "%" PRIu64, count);
	else
		evbuffer_add(out, "null", 4);
	evbuffer_add(out, "}\n\n", 3);
}

static uint64_t last_id(const struct api_view *view)
{
	return view->n_events ? view->events[view->n_events - 1].id : 0;
}

/* All after that id. */
static void print_since(struct evbuffer *out, const struct api_view *view, uint64_t since)
{
	unsigned i;

	if (since > last_id(view)) { /* an id of the run before */
		print_lost(out, 0);
		since = 0;
	}
	if (view->n_events && view->events[0].id - 1 > since)
		print_lost(out, view->events[0].id - 1 - since);
	for (i = 0; i < view->n_events; i++)
		if (view->events[i].id > since)
			print_event(out, &view->events[i]);
}

/* ---- to all of them ---- */

/* Whoever does not read what was sent before is dropped: it can ask again from where it was. */
static void tell(struct api *api, const void *text, size_t len)
{
	struct conn *c, *next;

	for (c = api->feeds.first; c; c = next) {
		struct evbuffer *out = bufferevent_get_output(c->bev);

		next = c->next_feed;
		if (evbuffer_get_length(out) + len > API_FEED_OUTPUT ||
		    evbuffer_add(out, text, len))
			conn_free(c);
	}
}

static void flush(struct api *api)
{
	struct feeds *f = &api->feeds;
	struct evbuffer *text = evbuffer_new();
	struct api_view view;
	struct api_call call;

	event_del(f->flush);
	f->flushed_ms = clock_ms();
	if (!text) /* they will be told with the next one */
		return;
	conn_call(f->first, &view, &call, API_READ);
	print_since(text, &view, f->told);
	f->told = last_id(&view);
	if (evbuffer_get_length(text))
		tell(api, evbuffer_pullup(text, -1), evbuffer_get_length(text));
	evbuffer_free(text);
}

static void on_flush(evutil_socket_t fd, short what, void *arg)
{
	struct api *api = arg;

	(void)fd;
	(void)what;
	if (api->feeds.n)
		flush(api);
}

static void on_alive(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	tell(arg, ":\n\n", 3);
}

void api_has_events(struct api *api)
{
	int64_t wait;
	struct timeval tv = {0};

	if (!api || !api->feeds.n || evtimer_pending(api->feeds.flush, NULL))
		return;
	wait = api->feeds.flushed_ms + FLUSH_MS - clock_ms();
	if (wait > 0)
		tv.tv_usec = wait * 1000;
	event_add(api->feeds.flush, &tv);
}

/* ---- one of them ---- */

/*
 * After which id it begins.  A browser that connects again says it in a header, which it alone
 * controls: what is no number there is as good as nothing.  0 or 400.
 */
static int find_start(uint64_t *since, const struct http_request *r, const struct api_view *view)
{
	const char *id = http_field(r, HTTP_LAST_EVENT);
	char text[24];

	*since = last_id(view);
	if (id && !str_to_u64(since, id, 0, UINT64_MAX))
		return 0;
	*since = last_id(view);
	if (!http_query(r, "since", text, sizeof text))
		return 0;
	return str_to_u64(since, text, 0, UINT64_MAX) ? 400 : 0;
}

/* One more listens; the first one has the clock wound. */
static void join(struct conn *c, uint64_t told)
{
	struct feeds *f = &c->api->feeds;
	int fd = bufferevent_getfd(c->bev), bytes = SEND_BUFFER, patience = GONE_MS;

	/* megabytes in the kernel each would be ours too; one that is gone never says so */
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof patience);
	c->talk = TALK_FEED;
	event_del(c->timer);
	c->next_feed = f->first;
	c->link_feed = &f->first;
	if (c->next_feed)
		c->next_feed->link_feed = &c->next_feed;
	f->first = c;
	if (f->n++)
		return;
	f->told = told;
	event_add(f->alive, &f->alive_every);
}

int feed_begin(struct conn *c, const struct http_request *r, const char *extra)
{
	struct feeds *f = &c->api->feeds;
	struct evbuffer *out = bufferevent_get_output(c->bev);
	struct api_view view;
	struct api_call call;
	uint64_t since;

	if (f->n >= API_FEEDS_MAX)
		return 503;
	if (f->n) /* then all are at the same place */
		flush(c->api);
	conn_call(c, &view, &call, API_READ);
	if (find_start(&since, r, &view))
		return 400;
	if (http_answer(out, &(struct http_reply){.status = 200,
						  .type = "text/event-stream",
						  .extra = extra,
						  .stream = true}))
		return 500;
	/* an id alone is no event, but whoever connects again begins there */
	evbuffer_add_printf(out, "retry: 2000\nid: %" PRIu64 "\n\n",
			    since > last_id(&view) ? 0 : since);
	print_since(out, &view, since);
	join(c, last_id(&view));
	return 0;
}

/* ---- beginning and end ---- */

int feeds_new(struct api *api, int64_t alive_ms, struct err *err)
{
	struct feeds *f = &api->feeds;

	f->alive_every.tv_sec = alive_ms / 1000;
	f->alive_every.tv_usec = alive_ms % 1000 * 1000;
	f->flush = evtimer_new(api->base, on_flush, api);
	f->alive = event_new(api->base, -1, EV_PERSIST, on_alive, api);
	return f->flush && f->alive ? 0 : err_set(err, ERR_NOMEM, "no memory for the API");
}

void feeds_done(struct api *api)
{
	if (api->feeds.flush)
		event_free(api->feeds.flush);
	if (api->feeds.alive)
		event_free(api->feeds.alive);
}
