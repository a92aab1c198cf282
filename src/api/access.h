/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who may read and who may change what, in one place; pure (now_ms is passed in).  Whatever a
 * browser can be made to send by a foreign page is refused here: a Host that is no address of
 * ours, an Origin that was not allowed, what a browser says of a foreign page, a form's content
 * type.  That holds whatever token comes with it: browsers add a password by themselves.
 */
#ifndef ADIT_API_ACCESS_H
#define ADIT_API_ACCESS_H

#include <stddef.h>

#include "src/api/api.h"

#define ACCESS_DIGEST    32
#define ACCESS_TOKEN_MIN 16
#define ACCESS_TOKEN_MAX 256
#define ACCESS_WHO_MAX   48
#define ACCESS_KEPT      64 /* addresses remembered for bad tokens */

struct access_token {
	bool set;
	uint8_t digest[ACCESS_DIGEST]; /* SHA-256: the token itself is not kept */
};

struct access_bad {
	char who[ACCESS_WHO_MAX];
	unsigned n;
	int64_t until_ms;
};

struct access {
	struct access_token write, read;
	bool loopback;       /* nobody but this machine reaches us; or a socket file */
	bool tls;            /* our pages are https:// */
	char host[64];       /* address we are bound to, no brackets; "" for every one */
	const char *origins; /* comma list of --api-allow-origin, borrowed; or NULL */
	const char *hosts;   /* of --api-allow-host */
	struct access_bad bad[ACCESS_KEPT];
};

/* What an HTTP request says; NULL: nothing. */
struct access_ask {
	const char *method, *host, *origin, *type, *token;
	const char *site, *mode, *dest; /* Sec-Fetch-... */
};

/* text NULL: no such token.  -ERR_RANGE or -ERR_PARSE names the option and what a token is. */
int access_set_token(struct access_token *out, const char *option, const char *text,
		     struct err *err);

/* May this be listened on at all?  -ERR_USAGE: beyond loopback without a token. */
int access_check(const struct access *a, const char *bind, struct err *err);

/* What somebody without a token may do. */
enum api_right access_open(const struct access *a);

/* What a token is remembered by. */
void access_key(struct access_token *out, const char *token);
/* What it gives now; one that is worth nothing, or none: what anybody may do. */
enum api_right access_right(const struct access *a, const struct access_token *key);

/*
 * What a token gives.  who: the peer's address.  0; -ERR_AUTH: a wrong one, counted;
 * -ERR_BUSY: there were too many wrong ones from there, this one was not even looked at.
 */
int access_judge(struct access *a, const char *who, const char *token, int64_t now_ms,
		 enum api_right *right);

/* The whole rule for one HTTP request: 0 and what it may do, or the status to refuse it with. */
int access_http(struct access *a, const char *who, const struct access_ask *ask, int64_t now_ms,
		enum api_right *right);

/* Host (with or without port) is a way to say this listener that no foreign DNS can take over. */
bool access_host_fits(const struct access *a, const char *host);
/* The page asking is ours, or of an allowed origin. */
bool access_origin_fits(const struct access *a, const char *origin, const char *host);

#endif
