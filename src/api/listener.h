/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one listener: the first byte of a connection decides whether it is HTTP, JSON lines or
 * plain text, in TLS or not.  Everything a peer can make us hold or wait for has a bound.  Loop
 * thread.
 */
#ifndef ADIT_API_LISTENER_H
#define ADIT_API_LISTENER_H

#include <jansson.h>

#include "src/api/api.h"

#define API_DEFAULT_BIND "127.0.0.1:4028"
#define API_CONNS_MAX    512 /* fewer where few descriptors are allowed */
#define API_CONNS_OF_ONE 64  /* from one address that is not loopback */
#define API_REQUEST_MS   10000
#define API_IDLE_MS      300000 /* between two lines of JSON */
#define API_KEEP_MS      120000 /* between two requests of HTTP */
#define API_FEEDS_MAX    64     /* listening to events */
#define API_FEED_OUTPUT  (256 * 1024)
#define API_ALIVE_MS     15000 /* between two signs of life to them */

struct api;
struct api_rules;
struct event_base;

/* Nothing of it is kept. */
struct api_config {
	const char *bind;               /* "ADDRESS:PORT", "unix:PATH" */
	const char *token, *read_token; /* or NULL */
	/* where they are from, for messages; NULL: "--api-token", "--api-read-token" */
	const char *token_from, *read_token_from;
	const char *origins, *hosts;    /* comma lists or NULL */
	const char *tls_cert, *tls_key; /* PEM files; NULL: in the clear */
	uint32_t request_ms;            /* for a request to be complete; 0: API_REQUEST_MS */
	uint32_t alive_ms;              /* 0: API_ALIVE_MS */
};

/* What a path answers.  type and extra (more header lines, or NULL) are literals. */
struct api_page {
	const char *type, *extra;
	struct evbuffer *body; /* to append to */
};

/*
 * What others than JSON-RPC are told; every one may be NULL.  The call's right is never less than
 * API_READ.
 */
struct api_hooks {
	/* GET /metrics */
	int (*metrics)(const struct api_call *call, struct evbuffer *out);
	/* GET of any other path; html: a browser asks.  -ERR_UNKNOWN: no such page. */
	int (*page)(const struct api_call *call, const char *path, bool html, struct api_page *out);
	/* A request in plain text, as it came; the connection is closed after the answer. */
	int (*text)(const struct api_call *call, const char *text, size_t len,
		    struct evbuffer *out);
	/*
	 * A JSON object that is no request of JSON-RPC 2.0 to a method of ours, with the answer
	 * complete to its last byte.  0: the connection stays, 1: it is closed, -ERR_UNKNOWN: no.
	 */
	int (*object)(const struct api_call *call, const json_t *request, struct evbuffer *out);
};

struct api_source {
	void (*view)(void *arg, struct api_view *out);
	const struct api_actions *actions;
	void *arg;
	struct api_hooks hooks;
};

/* -ERR_USAGE, -ERR_RANGE, -ERR_PARSE or -ERR_TLS: the options; -ERR_IO: no such address. */
int api_new(struct api **out, struct event_base *base, const struct api_config *config,
	    const struct api_source *source, struct err *err);
void api_free(struct api *api); /* NULL is fine */

/*
 * Tokens, names and certificate anew: made ready and checked first, then used at once or thrown
 * away.  Connections that a token of before had opened lose what it gave.  bind does not change.
 */
int api_rules_new(struct api_rules **out, const struct api *api, const struct api_config *config,
		  struct err *err);
void api_rules_use(struct api *api, struct api_rules *rules); /* takes them */
void api_rules_free(struct api_rules *rules);                 /* NULL is fine */

/* There are events that were not there before: those who listen are told.  NULL is fine. */
void api_has_events(struct api *api);

/* "127.0.0.1:4028", with the port that was given for 0. */
const char *api_where(const struct api *api);
/* Tokens to it can be read on the way: others reach it, without TLS. */
bool api_is_readable(const struct api *api);
unsigned api_connections(const struct api *api);

#endif
