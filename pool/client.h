/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One connection to one pool, the same for every dialect:
 * DOWN -> RESOLVING -> CONNECTING -> (SOCKS) -> (TLS) -> HELLO -> READY -> DOWN.
 * Each state has a deadline.  The client never reconnects by itself: pools.c decides.
 * All on the loop thread.
 */
#ifndef ADIT_CLIENT_H
#define ADIT_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "pool/dialect.h"
#include "pool/url.h"

struct event_base;
struct evdns_base;

#define POOL_CANDIDATES_MAX 8

/* Everything a connection needs to know; plain values, owned by the configuration. */
struct pool_config {
	char *url; /* as the user wrote it, without credentials, for messages */
	struct url parsed;
	char *user, *password; /* never NULL */
	char *proxy;           /* "socks5://[user:pass@]host:port" or NULL */
	char *tls_ca;          /* PEM file, or NULL: the system's store */
	char *tls_fingerprint; /* 64 hex digits of SHA-256 of the certificate, or NULL */
	bool tls_insecure;
	bool disabled;
	char **options; /* "name=value" for the dialect (coinbase-addr, ...), NULL-ended */
	const struct dialect *dialect; /* the only one that is possible, or the first to try */
	/* Those that have the URL's scheme and serve the algorithm, to be tried in this order. */
	const struct dialect *candidates[POOL_CANDIDATES_MAX];
	unsigned n_candidates; /* 0 and 1: `dialect` it is */
};

void pool_config_done(struct pool_config *c);                                   /* wipes secrets */
int pool_config_copy(struct pool_config **out, const struct pool_config *from); /* or -ERR_NOMEM */
void pool_config_free(struct pool_config *c); /* an allocated one; NULL is fine */

struct client_timeouts {
	int connect_ms, hello_ms, first_job_ms, answer_ms, silence_ms;
	int detect_ms; /* silence after which another dialect is tried, see pool/detect.h */
	bool dump;     /* report every protocol line */
};
extern const struct client_timeouts client_timeouts_default;

/* Silence of so many seconds at most; nothing else may take longer then.  0 changes nothing. */
void client_timeouts_bound(struct client_timeouts *t, unsigned seconds);

/* Called on the loop thread; the client may be freed only from outside these calls. */
struct client_events {
	void (*ready)(void *arg, bool resumed);
	void (*job)(void *arg, struct job *take);
	void (*flush)(void *arg);
	void (*answer)(void *arg, uint32_t request, enum client_verdict verdict,
		       const char *reason);
	/* the connection is over; code ERR_AUTH: credentials refused */
	void (*down)(void *arg, const struct err *why);
	void (*redirect)(void *arg, const char *host, unsigned port, unsigned wait_s);
	void (*note)(void *arg, enum client_note kind, const char *text);
	/* (optional) every protocol line, for --protocol-dump; out: we sent it */
	void (*wire)(void *arg, bool out, const char *line, size_t len);
};

int client_new(struct client **out, struct event_base *base, struct evdns_base *dns,
	       const struct pool_config *config, const struct algo *algo,
	       const struct client_timeouts *timeouts, const struct client_events *events,
	       void *arg, struct err *err);
void client_free(struct client *c); /* NULL is fine; no more events */

/*
 * Speak this dialect from the next start on (only when down).  patience_ms: how long silence may
 * last until the login, and a login may remain without a job only for as long as a login may take;
 * 0: as the timeouts have it.
 */
int client_use(struct client *c, const struct dialect *dialect, int patience_ms, struct err *err);

/* Begin to connect (only when down).  memo: see client_memo(), kept by the caller. */
int client_start(struct client *c, char memo[256], struct err *err);
/* An equal configuration elsewhere in memory takes the place of the present one. */
void client_rebind(struct client *c, const struct pool_config *config);

/* What the rig hashes, per second, for dialects that report it. */
void client_set_hashrate(struct client *c, double hashes_per_s);

/* The next start goes to this place instead of the configured one, once. */
void client_aim(struct client *c, const char *host, unsigned port);

/* End the connection from the loop, with a down event of this code and text. */
void client_stop_soon(struct client *c, int code, const char *why);
void client_stop(struct client *c); /* close now; no down event */

/*
 * Submit a verified share; *request identifies its answer.  -ERR_NET when not ready;
 * -ERR_STALE when the dialect knows it to be worthless.
 */
int client_submit(struct client *c, const struct share *share, uint32_t *request, struct err *err);

bool client_is_ready(const struct client *c);
/* Did the present or last connection get as far as to say something to the pool? */
bool client_reached(const struct client *c);
const char *client_where(const struct client *c); /* "pool.example:3333 (1.2.3.4) over TLS" */

#endif
