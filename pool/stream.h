/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A byte stream to a pool: names resolved anew each time, every address in turn, SOCKS5 and
 * TLS on the way.  One attempt a struct; loop thread.
 */
#ifndef ADIT_STREAM_H
#define ADIT_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "src/err.h"

struct event_base;
struct evdns_base;
struct evbuffer;
struct pool_config;
struct stream;

struct stream_events {
	void (*open)(void *arg);                          /* connected, TLS done */
	void (*data)(void *arg, struct evbuffer *in);     /* drain what is used */
	void (*closed)(void *arg, const struct err *why); /* once; the stream is dead */
};

/*
 * Begin to connect.  step_ms: for each address, and for each of SOCKS and TLS.  host and
 * port replace the configuration's where host is not NULL (a redirect).  first: which of
 * the name's addresses to begin with (modulo their number).
 */
int stream_open(struct stream **out, struct event_base *base, struct evdns_base *dns,
		const struct pool_config *config, const char *host, unsigned port, unsigned first,
		int step_ms, const struct stream_events *events, void *arg, struct err *err);
void stream_free(struct stream *s); /* NULL is fine; no more events */

/* See client_rebind(). */
void stream_rebind(struct stream *s, const struct pool_config *config);

/* Queue bytes.  0 or -ERR_NET when not open. */
int stream_send(struct stream *s, const void *data, size_t len);

/* "pool.example:3333 (192.0.2.1), TLS"; valid as long as the stream. */
const char *stream_where(const struct stream *s);

#endif
