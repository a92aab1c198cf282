/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Dialects of one JSON object a line: cutting bytes into lines, telling answers from calls, and
 * the many forms that ids, errors and numbers take.  Works on a struct client, keeps nothing but
 * the count of malformed lines in the dialect's session.
 */
#ifndef ADIT_JSONLINE_H
#define ADIT_JSONLINE_H

#include <jansson.h>

#include "pool/dialect.h"

#define BAD_LINES_MAX 5

/* What becomes of a line.  All return 0, or <0 to hang up with err filled. */
struct jsonline_events {
	/* The answer to our request of this id (1..65535, in whatever form it came). */
	int (*answer)(struct client *c, const json_t *line, uint32_t id, struct err *err);
	/* The pool calls a method. */
	int (*call)(struct client *c, json_t *line, const char *method, struct err *err);
	/* (optional) Neither: no method and no id of ours. */
	int (*push)(struct client *c, const json_t *line, struct err *err);
};

/* For dialect.feed.  bad_lines: of the session, counted in a row. */
long jsonline_feed(struct client *c, const struct jsonline_events *events, unsigned *bad_lines,
		   const uint8_t *data, size_t len, struct err *err);

/* Send one line; it is taken, NULL is -ERR_NOMEM. */
int jsonline_send(struct client *c, json_t *line);

/* {"id", "method", "params"}; params is taken. */
int jsonline_request(struct client *c, uint32_t id, const char *method, json_t *params);

/* A method the pool may call.  Answered when the call has an id. */
struct jsonline_method {
	const char *name;
	int (*take)(struct client *c, json_t *params, struct err *err); /* failure: a warning */
	const char *result; /* text, "@agent", "@algo"; NULL: true */
};

/* Look the method up, call it, answer.  0 or -ERR_NET. */
int jsonline_call(struct client *c, json_t *line, const char *name,
		  const struct jsonline_method *methods, size_t n);

/* Methods that are the same everywhere. */
int jsonline_reconnect(struct client *c, json_t *params, struct err *err); /* [host, port, wait] */
int jsonline_message(struct client *c, json_t *params, struct err *err);   /* [text] */
int jsonline_ignore(struct client *c, json_t *params, struct err *err);

/* Is this host, to be reconnected to, made of the characters hosts are made of? */
bool jsonline_host(const char *name);

/* Does the answer say that the request failed? */
bool jsonline_failed(const json_t *line);

/* The pool's words in any form an error takes, printable; "" when it has none.  Returns out. */
char *jsonline_error(char *out, size_t size, const json_t *error);

/* The code of an error in any form; 0 when it has none. */
int64_t jsonline_code(const json_t *error);

/* Does it say that the pool does not know the method? */
bool jsonline_unknown_method(const json_t *error);

/* A refusal of these words and this error: is it for being late? */
enum client_verdict jsonline_verdict(const json_t *error, const char *text);

/* The answer to a share, in any of the usual forms. */
void jsonline_submitted(struct client *c, const json_t *line, uint32_t id);

/* "the pool refuses user ..." with its words, -ERR_AUTH. */
int jsonline_refused(struct client *c, const json_t *error, struct err *err);

/* An integer or its text, decimal or 0x-hex; 0 for anything else, max for what is above. */
uint64_t jsonline_number(const json_t *v, uint64_t max);

/* A difficulty as number or text.  0 for one cut to nothing by its printf; else -ERR_PROTO. */
int jsonline_difficulty(double *out, const json_t *v, struct err *err);

/* A job id, string or integer, as text.  is_number: to be echoed as an integer.  -ERR_PROTO. */
int jsonline_job_id(char id[JOB_ID_MAX], bool *is_number, const json_t *v, struct err *err);

/* ... and back, as it came. */
json_t *jsonline_job_id_back(const char *id, bool is_number);

#endif
