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
	HTTP_CONNECTION,
	HTTP_FETCH_SITE, /* these three: what a browser says of the page that asks */
	HTTP_FETCH_MODE,
	HTTP_FETCH_DEST,
	/* Nothing depends on these two: they may be repeated, and what is too long is cut. */
	HTTP_ACCEPT,
	HTTP_LAST_EVENT,
	HTTP_FIELDS
};

struct http_request {
	char method[16];
	char path[256];  /* without the query */
	char query[256]; /* without the '?' */
	bool has[HTTP_FIELDS];
	char field[HTTP_FIELDS][512];
	bool keep;         /* the connection may stay for more requests */
	bool has_token;    /* something was given as one */
	char token[400];   /* of Bearer, or Basic's password; "" if it cannot be one */
	size_t head, body; /* bytes of each */
};

struct http_reply {
	int status;
	const char *type, *extra; /* extra: more header lines, or NULL */
	struct evbuffer *body;    /* emptied; NULL: the status in words */
	bool keep;
	bool stream; /* what is sent after it is the body, until the connection ends */
};

/* 0: more bytes are needed; 1: head and body are there; otherwise the status to refuse it with. */
int http_parse(struct http_request *out, const char *data, size_t len);

/* A header's value, or NULL. */
const char *http_field(const struct http_request *r, enum http_field f);
/* What follows "Bearer ", or the password of "Basic "; "" if malformed, NULL if not given. */
const char *http_token(const struct http_request *r);
/* The value of the first "name=VALUE" of the query, as it is; false: none, or too long. */
bool http_query(const struct http_request *r, const char *name, char *out, size_t size);

/*
 * Append a whole answer.  A Cache-Control or Content-Security-Policy in extra is instead of the
 * usual strictest one.  0 or -ERR_NOMEM.
 */
int http_answer(struct evbuffer *out, const struct http_reply *reply);
const char *http_word(int status);

#endif
