/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The built-in local pool: a small honest Stratum V1 server for trying, tests and burn-in.  It
 * makes jobs at the pace given and checks every share with the algorithm's reference.
 * One thread, one loop.
 */
#ifndef ADIT_LOCAL_H
#define ADIT_LOCAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "algos/algo.h"
#include "pool/local/faults.h"
#include "src/err.h"
#include "src/seen.h"
#include "src/settings.h"

#define LOCAL_JOBS_KEPT     16
#define LOCAL_BRANCH_MAX    12
#define LOCAL_LINE_MAX      16384 /* a miner's line */
#define LOCAL_COINB_MAX     160
#define LOCAL_SESSIONS_KEPT 256        /* that a client may resume */
#define LOCAL_OUTPUT_MAX    (8u << 20) /* unsent bytes; a client that does not read is dropped */

struct bufferevent;
struct evbuffer;
struct event;
struct event_base;

struct local_job {
	uint64_t number; /* its id in hex; 0: empty */
	bool stale;      /* a clean job came after it */
	uint32_t version, bits, time;
	uint8_t prev[32]; /* as in the header */
	uint8_t coinb1[LOCAL_COINB_MAX], coinb2[LOCAL_COINB_MAX];
	size_t coinb1_len, coinb2_len;
	uint8_t branch[LOCAL_BRANCH_MAX][32];
	unsigned n_branch;
};

struct local_vardiff {
	double per_minute; /* shares wanted; 0: never change */
	int64_t since_ms;
	unsigned shares;
};

struct local_client {
	struct local_client *next;
	struct local *pool;
	struct bufferevent *bev;
	struct event *later;   /* input held back by a delay fault */
	struct evbuffer *held; /* output held back by half a line, or NULL */
	struct event *rest;    /* when the rest is sent; made when first needed */
	bool halve;            /* the next text is to be cut in two */
	uint64_t id;
	uint8_t extranonce1[4];
	uint8_t extranonce2_len;
	bool subscribed, authorized, wants_extranonce, dead;
	uint32_t version_mask;
	char user[128];
	double difficulty;
	double job_difficulty[LOCAL_JOBS_KEPT]; /* told with each job kept; 0: not sent */
	uint8_t job_extranonce1[LOCAL_JOBS_KEPT][4];
	struct local_vardiff vardiff;
	uint64_t accepted;
	int64_t heard_ms;
};

struct local_counts {
	uint64_t clients, jobs, accepted, stale, duplicate, low, invalid, refused, blocks;
};

struct local {
	const struct settings *settings;
	const struct algo *algo;
	struct event_base *base;
	void *ssl_ctx; /* SSL_CTX, or NULL */
	struct local_client *clients;
	unsigned n_clients;
	uint64_t last_client;
	uint8_t known[LOCAL_SESSIONS_KEPT][4]; /* extranonces given out */
	unsigned n_known;
	struct local_job jobs[LOCAL_JOBS_KEPT]; /* job n lies at n % LOCAL_JOBS_KEPT */
	uint64_t last_job;
	uint64_t random[4]; /* xoshiro state */
	struct seen seen;
	struct local_counts counts;
	struct faults faults;
	int64_t start_ms;
	bool stopping;
};

/* jobs.c */
void local_seed(struct local *p, const char *text); /* text NULL: at random */
uint64_t local_random(struct local *p);
void local_next_job(struct local *p, bool clean);
const struct local_job *local_job(const struct local *p, uint64_t number);
/* The 80-byte header, nonce zero. */
void local_header(const struct local_job *job, const uint8_t *extranonce1,
		  const uint8_t *extranonce2, size_t extranonce2_len, uint32_t version,
		  uint32_t time, uint8_t header[80]);

/* talk.c: the Stratum V1 talk.  One line, without its newline. */
void local_line(struct local_client *c, const char *text, size_t len);
void local_send_job(struct local_client *c, const struct local_job *job, bool clean);
void local_send_difficulty(struct local_client *c);
void local_send_extranonce(struct local_client *c);
void local_send(struct local_client *c, json_t *take);
/* Queue bytes; a client that lets too many pile up is closed. */
void local_send_text(struct local_client *c, const char *text, size_t len);

/* vardiff.c, pure: the difficulty to use from now on, after one more share. */
double local_vardiff(struct local_vardiff *v, double difficulty, int64_t now_ms);

/* server.c */
void local_close(struct local_client *c); /* from the loop, later */
void local_broadcast(struct local *p, bool clean);

/* mischief.c: do what a fault says. */
void local_fault(struct local *p, const struct fault *f);

#endif
