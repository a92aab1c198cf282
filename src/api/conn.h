/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Between the files of the listener: a connection's life and bounds (conn.c), and what is spoken
 * on it: HTTP (serve.c, feed.c), lines of JSON (lines.c) or plain text (text.c).  Loop thread.
 */
#ifndef ADIT_API_CONN_H
#define ADIT_API_CONN_H

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <openssl/ssl.h>
#include <sys/queue.h>

#include "src/api/access.h"
#include "src/api/bind.h"
#include "src/api/crowd.h"
#include "src/api/http.h"
#include "src/api/listener.h"

#define CONN_INPUT_MAX  (HTTP_HEAD_MAX + HTTP_BODY_MAX)
#define CONN_OUTPUT_MAX (256 * 1024) /* unsent: until then nothing more is read */

enum talk { TALK_UNKNOWN, TALK_HTTP, TALK_LINES, TALK_FEED, TALK_OVER };

struct conn {
	struct api *api;
	struct conn *next, **link;           /* of all */
	struct conn *next_feed, **link_feed; /* of those that listen to events */
	TAILQ_ENTRY(conn) turn;              /* of those that wait for theirs */
	bool waits;
	struct bufferevent *bev;
	SSL *ssl; /* the bufferevent's, or NULL */
	struct event *timer;
	enum talk talk;
	enum api_right right;    /* of lines and events to come */
	struct access_token key; /* where that is from */
	bool half;               /* the timer runs for a request that is not complete */
	bool more;               /* requests wait until the answers before them are sent */
	bool last;               /* nothing more comes */
	bool shut;               /* all is said: what comes is thrown away */
	bool loopback;
	struct crowd_one *crowd; /* its address, or that address's network */
};

/* What a reload can change. */
struct api_rules {
	struct access access;
	char *origins, *hosts; /* of access */
	SSL_CTX *tls;          /* NULL: in the clear */
};

struct feeds {
	struct conn *first;
	unsigned n;
	uint64_t told; /* the last id that all of them were sent */
	struct event *flush, *alive;
	struct timeval alive_every;
	int64_t flushed_ms;
};

struct api {
	struct event_base *base;
	struct evconnlistener *listener;
	struct event *again; /* accepting goes on after descriptors ran out */
	struct api_source source;
	struct api_rules *rules;
	struct api_place place;
	struct conn *conns;
	TAILQ_HEAD(turns, conn) turns;
	struct event *turn; /* whose turn it is: a few milliseconds' worth, then the rest's */
	struct crowd crowd;
	unsigned n_conns, conns_max;
	struct feeds feeds;
	int64_t request_ms;
};

/* conn.c; the descriptor is taken over, also when it fails */
void conn_begin(struct api *api, evutil_socket_t fd, const struct sockaddr *from);
void conn_free(struct conn *c);
int conns_new(struct api *api, struct err *err);
void conns_done(struct api *api);
/* Nothing more is answered; it ends when all is sent. */
void conn_finish(struct conn *c);
/* Its token may have become worthless. */
void conn_judge_again(struct conn *c);
/* As struct rpc's judge; the argument is the connection. */
int conn_judge(void *conn, const char *token, enum api_right *right);
/* A snapshot, and a call on it. */
void conn_call(const struct conn *c, struct api_view *view, struct api_call *call,
	       enum api_right right);

/* What has come is read and answered, as far as that goes now. */
void serve_take(struct conn *c);
void serve_late(struct conn *c); /* a request that did not become whole in time */
void lines_take(struct conn *c);
void text_take(struct conn *c);

/* feed.c; 0, or the status to refuse it with */
int feed_begin(struct conn *c, const struct http_request *r, const char *extra);
void feed_end(struct conn *c); /* does nothing to those that do not listen */
int feeds_new(struct api *api, int64_t alive_ms, struct err *err);
void feeds_done(struct api *api);

#endif
