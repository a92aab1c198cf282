/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HTTP transport of a client: libevent's evhttp, one connection a channel, TLS through
 * bufferevent_openssl.  All on the loop thread.
 */
#ifndef ADIT_HTTP_H
#define ADIT_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "src/err.h"

struct event_base;
struct evdns_base;
struct pool_config;
struct http;

#define HTTP_CHANNELS 3

/* status 0: no answer; body is then the reason (a line of text). */
typedef void http_reply_fn(void *arg, uint32_t request, int status, const char *body, size_t len);

/* Basic authorisation comes from the configuration's user and password. */
int http_new(struct http **out, struct event_base *base, struct evdns_base *dns,
	     const struct pool_config *config, http_reply_fn *reply, void *arg, struct err *err);
void http_free(struct http *h); /* drops what is outstanding, without replies */

/* A bearer token instead of user and password.  0 or -ERR_NOMEM. */
int http_set_token(struct http *h, const char *token);
/* Longer answers are an error; from the next connection on. */
void http_limit(struct http *h, size_t most);

/* See client_rebind(). */
void http_rebind(struct http *h, const struct pool_config *config);

/* POST; a closed idle connection is retried once.  The reply may come before return. */
int http_post(struct http *h, unsigned channel, uint32_t request, const char *body, size_t len,
	      int timeout_ms, struct err *err);

#endif
