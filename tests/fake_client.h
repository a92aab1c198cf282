/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The client_*() functions a dialect calls, without a connection: what it sends and what it
 * tells is kept as text, so that a test can look at it.
 */
#ifndef ADIT_FAKE_CLIENT_H
#define ADIT_FAKE_CLIENT_H

#include "pool/dialect.h"

#define FAKE_LINES_MAX 4096

/* A list of texts, read from the front. */
struct fake_lines {
	char *at[FAKE_LINES_MAX];
	unsigned n, next;
};

struct client {
	const struct dialect *dialect;
	const struct algo *algo;
	char user[128], password[128], memo[256];
	char options[8][256]; /* "name=value" */
	unsigned n_options;
	void *session;
	struct fake_lines sent;   /* lines or bodies, as sent */
	struct fake_lines events; /* "job id=.. difficulty=.. clean=yes", "ready", ... */
	struct job *job;          /* the newest; one reference */
	uint32_t last_request, posted[FAKE_LINES_MAX];
	int64_t now_ms;
	double hashrate;
	char *pending; /* bytes fed and not yet used */
	size_t pending_len;
	bool over; /* the dialect hung up */
	struct err why;
};

void fake_init(struct client *c, const struct dialect *dialect, const struct algo *algo);
void fake_done(struct client *c);

/* hello(); the end if it fails. */
void fake_connect(struct client *c);

/* Bytes arrive; feed() is called as the real client does. */
void fake_feed(struct client *c, const void *data, size_t len);

/* An HTTP answer arrives. */
void fake_reply(struct client *c, uint32_t request, int status, const char *body);

/* So much time goes by; idle() is called as often as it wants. */
void fake_wait(struct client *c, int64_t ms);

/* Submit a share of the newest job; its request id. */
uint32_t fake_find(struct client *c, uint64_t roll, uint64_t nonce);

/* The next text, or NULL. */
const char *fake_next(struct fake_lines *l);

/* The next event of this kind (its first word), notes between skipped; NULL: another came. */
const char *fake_event(struct client *c, const char *kind);

#endif
