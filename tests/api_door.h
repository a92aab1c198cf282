/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A listener with next to nothing behind it, and clients of it, all on one loop. */
#ifndef ADIT_TESTS_API_DOOR_H
#define ADIT_TESTS_API_DOOR_H

#include <arpa/inet.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <sys/socket.h>

#include "src/api/events.h"
#include "src/api/listener.h"
#include "src/str.h"
#include "tests/t.h"

#define WRITE_TOKEN "write-token-0123456789"
#define READ_TOKEN  "read-token-0123456789"
#define OTHER_TOKEN "other-token-0123456789"
#define PATIENCE_S  60

struct client {
	struct bufferevent *bev;
	bool over;
};

static struct {
	struct event_base *base;
	struct api *api;
	struct api_events events;
	struct event *tired;
	bool gave_up;
	unsigned pauses;
} door;

/* ---- what is behind it ---- */

T_FN void door_view(void *arg, struct api_view *out)
{
	static struct rig_stats rig;

	(void)arg;
	out->rig = &rig;
	out->active_pool = -1;
	out->events = api_events_list(&door.events, &out->n_events);
	out->version = "1.2.3";
}

T_FN int door_pause(void *arg, int device, bool on, struct err *err)
{
	(void)arg;
	(void)device;
	(void)err;
	door.pauses += on;
	return 0;
}

/* Every path but the usual ones is a page that says its name. */
T_FN int door_page(const struct api_call *call, const char *path, bool html, struct api_page *out)
{
	(void)call;
	if (!strcmp(path, "/nothing"))
		return -ERR_UNKNOWN;
	evbuffer_add_printf(out->body, "page %s%s\n", path, html ? " for people" : "");
	return 0;
}

T_FN int door_metrics(const struct api_call *call, struct evbuffer *out)
{
	(void)call;
	return evbuffer_add_printf(out, "metrics\n") < 0 ? -ERR_NOMEM : 0;
}

T_FN int door_text(const struct api_call *call, const char *text, size_t len, struct evbuffer *out)
{
	(void)call;
	return evbuffer_add_printf(out, "text %.*s", (int)len, text) < 0 ? -ERR_NOMEM : 0;
}

T_FN void door_happened(unsigned n, const char *text)
{
	while (n--)
		api_events_add(&door.events, "sim:0", "share", 'i', text, 0);
	api_has_events(door.api);
}

/* ---- beginning and end ---- */

T_FN void door_on_tired(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	door.gave_up = true;
}

T_FN bool door_open(const struct api_config *config)
{
	static const struct api_actions actions = {.pause = door_pause};
	const struct api_source source = {
		.view = door_view,
		.actions = &actions,
		.hooks = {.page = door_page, .metrics = door_metrics, .text = door_text}};
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	struct err err = {0};

	memset(&door, 0, sizeof door);
	door.base = event_base_new();
	door.tired = evtimer_new(door.base, door_on_tired, NULL);
	event_add(door.tired, &patience);
	return CHECK_OK(api_new(&door.api, door.base, config, &source, &err), &err);
}

T_FN void door_close(void)
{
	CHECK(!door.gave_up);
	api_free(door.api);
	event_free(door.tired);
	event_base_free(door.base);
}

T_FN struct api_config door_config(const char *read_token)
{
	return (struct api_config){
		.bind = "127.0.0.1:0", .token = WRITE_TOKEN, .read_token = read_token};
}

/* ---- clients ---- */

T_FN int door_dial(int receive)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint64_t port = 0;

	if (receive)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive, sizeof receive);
	CHECK_INT(str_to_u64(&port, strrchr(api_where(door.api), ':') + 1, 1, 65535), 0);
	at.sin_port = htons((uint16_t)port);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK_INT(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	return fd;
}

T_FN void client_on_event(struct bufferevent *bev, short what, void *arg)
{
	struct client *c = arg;

	(void)bev;
	(void)what;
	c->over = true;
}

T_FN void client_begin(struct client *c)
{
	int fd = door_dial(0);

	evutil_make_socket_nonblocking(fd);
	c->over = false;
	c->bev = bufferevent_socket_new(door.base, fd, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(c->bev, NULL, NULL, client_on_event, c);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

T_FN void client_end(struct client *c)
{
	bufferevent_free(c->bev);
}

T_FN void say(struct client *c, const char *text)
{
	bufferevent_write(c->bev, text, strlen(text));
}

/* All that has come and was not forgotten. */
T_FN const char *heard(struct client *c)
{
	static char text[1 << 20];
	ev_ssize_t n = evbuffer_copyout(bufferevent_get_input(c->bev), text, sizeof text - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

T_FN void forget(struct client *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);

	evbuffer_drain(in, evbuffer_get_length(in));
}

/* Runs until it has come, or nothing more will. */
T_FN bool hear(struct client *c, const char *text)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);

	for (;;) {
		if (evbuffer_search(in, text, strlen(text), NULL).pos >= 0)
			return true;
		if (c->over || door.gave_up)
			return CHECK_HAS(heard(c), text);
		event_base_loop(door.base, EVLOOP_ONCE);
	}
}

T_FN bool ends(struct client *c)
{
	while (!c->over && !door.gave_up)
		event_base_loop(door.base, EVLOOP_ONCE);
	return CHECK(c->over);
}

/* What one connection that says this is told until it ends; only for what is refused or closed. */
T_FN const char *told(const char *text)
{
	static char copy[1 << 20];
	struct client c;

	client_begin(&c);
	say(&c, text);
	ends(&c);
	str_copy(copy, sizeof copy, heard(&c));
	client_end(&c);
	return copy;
}

#endif
