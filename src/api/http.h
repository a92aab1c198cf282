/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HTTP/1 requests, as strict as can be: what two readers could read differently is refused.
 * libevent's own server cannot take over a connection whose first byte somebody else has seen.
 */
#ifndef ADIT_API_HTTP_H
#define ADIT_API_HTTP_H

#include <event2/buffer.h>
#include <stdbool.h>
#include <stddef.h>

#define HTTP_HEAD_MAX 8192
#define HTTP_BODY_MAX 65536

enum http_field {
	HTTP_HOST,
	HTTP_ORIGIN,
	HTTP_TYPE,
	HTTP_AUTH,
	HTTP_LENGTH,
	HTTP_CODING,
	HTTP_ACCEPT,
	HTTP_LAST_EVENT,
	HTTP_FIELDS
};

struct http_request {
	char method[16];
	char path[256]; /* without the query */
	bool has[HTTP_FIELDS];
	char field[HTTP_FIELDS][300];
	size_t head, body; /* bytes of each */
};

/* 0: more bytes are needed; 1: head and body are there; otherwise the status to refuse it with. */
int http_parse(struct http_request *out, const char *data, size_t len);

/* A header's value, or NULL. */
const char *http_field(const struct http_request *r, enum http_field f);
/* What follows "Bearer ", or NULL. */
const char *http_token(const struct http_request *r);

/*
 * Append a whole answer; body may be NULL, and is emptied.  extra: more header lines, or NULL; a
 * Cache-Control or Content-Security-Policy there is instead of the usual strictest one.
 * 0 or -ERR_NOMEM.
 */
int http_answer(struct evbuffer *out, int status, const char *type, const char *extra,
		struct evbuffer *body);
const char *http_word(int status);

#endif
