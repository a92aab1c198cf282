/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The contract of pool/NAME.c.  A dialect turns bytes into client_*() calls and
 * shares into bytes.  It has no socket, timer, clock or log of its own, so a test can play
 * it with a dozen fake functions.  One `const struct dialect dialect_NAME` a file.
 */
#ifndef ADIT_DIALECT_H
#define ADIT_DIALECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "algos/algo.h"
#include "src/err.h"
#include "src/job.h"
#include "src/share.h"

struct client; /* one connection; pool/client.c, or a fake in tests */

#define LINE_MAX_BYTES (1u << 20)

enum dialect_transport { DIALECT_STREAM, DIALECT_HTTP };

struct dialect {
	const char *name; /* "stratum1" */
	/*
	 * "stratum1+tcp stratum+tcp ...", space separated.  Several dialects may share one;
	 * then they are tried, smallest rank first, until one is understood.  A scheme that
	 * no other dialect has leaves no choice.
	 */
	const char *schemes;
	int rank;
	const char *title;
	enum dialect_transport transport;
	size_t session_size; /* zeroed private state, lives as long as a connection */
	int idle_ms;         /* how often idle() is called; 0: never */

	bool (*serves)(const struct algo *algo); /* NULL: every algorithm */

	/* Connected (and TLS done): say hello.  HTTP: post the first request. */
	int (*hello)(struct client *c, struct err *err);

	/*
	 * DIALECT_STREAM: data[0..len) has arrived.  Returns bytes used, 0 to wait for
	 * more, or <0 to hang up (err says why).  Never called with less than before.
	 */
	long (*feed)(struct client *c, const uint8_t *data, size_t len, struct err *err);

	/*
	 * DIALECT_HTTP: the answer to client_post().  status is the HTTP status, 0 when
	 * none came (timeout, refused; body then has the reason).  <0 hangs up.
	 */
	int (*reply)(struct client *c, uint32_t request, int status, const char *body, size_t len,
		     struct err *err);

	/*
	 * Send a share under this request id; the answer comes through client_answer(), later.
	 * -ERR_STALE: it is known to be worthless, nothing was sent (err says why).
	 */
	int (*submit)(struct client *c, const struct share *share, uint32_t request,
		      struct err *err);

	/*
	 * The roll-th header of a job with nonce_first and nonce_count (target, serial,
	 * epoch and height are filled in by the caller).  Pure: same arguments, same answer,
	 * any number of times.  -ERR_RANGE when the job has no such roll.
	 */
	int (*make_work)(const struct job *job, uint64_t roll, struct work *out);

	/*
	 * (optional) Does this digest, a valid share, also solve a block?  Only where the
	 * job tells the network's target.
	 */
	bool (*is_block)(const struct job *job, const struct digest *digest);

	void (*job_done)(struct job *job); /* (optional) free job->priv */
	int (*idle)(struct client *c, int64_t now_ms, struct err *err); /* (optional) */
	void (*bye)(struct client *c); /* (optional) free what the session points to */
};

/* What a dialect may call; loop thread. */
void *client_session(struct client *c); /* session_size bytes */
const struct algo *client_algo(const struct client *c);
const char *client_user(const struct client *c); /* "" when none */
const char *client_password(const struct client *c);
const char *client_agent(const struct client *c); /* "adit/0.1.0" */
const char *client_host(const struct client *c);  /* as configured */
unsigned client_port(const struct client *c);
const char *client_option(const struct client *c, const char *name); /* pool option, or NULL */

/*
 * Memory that outlives connections to this pool (session ids to resume, the roll
 * counter).  NUL-terminated text, at most 255 bytes; "" until set.
 */
const char *client_memo(const struct client *c);
void client_set_memo(struct client *c, const char *text);

/* What the whole rig hashes, per second, for pools that show it; 0: not known yet. */
double client_hashrate(const struct client *c);

int64_t client_now_ms(const struct client *c);
int64_t client_wall_ms(const struct client *c);

/* Queue bytes (one whole line where the dialect has lines).  0 or -ERR_NET. */
int client_send(struct client *c, const void *data, size_t len);

/*
 * DIALECT_HTTP: POST body to the pool's URL.  channel 0 is for short requests, 1 for the
 * long poll, 2 for submissions; each has its own connection and its own queue.
 */
int client_post(struct client *c, unsigned channel, uint32_t request, const char *body, size_t len,
		int timeout_ms);

/* A fresh request id, 1..65535, wrapping. */
uint32_t client_next_request(struct client *c);

/*
 * Logged in; shares may be sent.  resumed: shares of jobs of the previous session of
 * this pool can still be credited.
 */
void client_ready(struct client *c, bool resumed);

/* A new job (ownership passes). */
void client_job(struct client *c, struct job *take);

/*
 * The session's older jobs are void though no newer one has come (extranonce changed,
 * clean without job): stop working on them.
 */
void client_flush(struct client *c);

enum client_verdict { VERDICT_ACCEPTED, VERDICT_REJECTED, VERDICT_STALE };

/* The pool's answer to a submit; reason may be NULL. */
void client_answer(struct client *c, uint32_t request, enum client_verdict verdict,
		   const char *reason);

/* The pool asks us to go elsewhere; host "" means the same one, port 0 the same one. */
void client_redirect(struct client *c, const char *host, unsigned port, unsigned wait_s);

enum client_note {
	NOTE_DEBUG,   /* protocol detail */
	NOTE_INFO,    /* difficulty changed, message from the pool */
	NOTE_WARNING, /* malformed line skipped */
	NOTE_BLOCK    /* a block was found and accepted: show it large */
};
/* A line for people; text from outside must already be printable. */
void client_note(struct client *c, enum client_note kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Every dialect, alphabetical, ended by NULL (generated from pool/list.am). */
extern const struct dialect *const dialects[];

#endif
