/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The built-in local pool: a small honest server of several dialects for trying, tests and
 * burn-in.  It makes jobs at the pace given and checks every share with the algorithm's
 * reference.  One loop; only hashing and light caches have threads of their own.
 */
#ifndef ADIT_LOCAL_H
#define ADIT_LOCAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "algos/algo.h"
#include "pool/local/faults.h"
#include "src/epoch.h"
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
struct local_http;
struct talk;
struct verify;

struct local_job {
	uint64_t number; /* its id in hex; 0: empty */
	uint64_t block;  /* how many clean jobs came before it */
	struct job *job; /* for the verifier; with the epoch's light cache where there are epochs */
	uint32_t version, bits, time;
	/* 80-byte headers */
	uint8_t prev[32]; /* as in the header */
	uint8_t coinb1[LOCAL_COINB_MAX], coinb2[LOCAL_COINB_MAX];
	size_t coinb1_len, coinb2_len;
	uint8_t branch[LOCAL_BRANCH_MAX][32];
	unsigned n_branch;
	/* datasets: what clients are told, which a fault makes differ from job->height and epoch */
	uint8_t header[32], seed[32];
	uint64_t height;
	uint32_t epoch;
};

struct local_vardiff {
	double per_minute; /* shares wanted; 0: never change */
	int64_t since_ms;
	unsigned shares;
};

/* What a client was told last, for dialects that tell it but once. */
struct local_told {
	bool any;
	uint32_t epoch;
	double difficulty;
	uint8_t extranonce1[4];
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
	const struct talk *talk; /* NULL: not known yet */
	uint8_t extranonce1[4];  /* a nonce's prefix is its first talk->prefix_len bytes */
	uint8_t extranonce2_len;
	bool subscribed, authorized, wants_extranonce, leaving, dead;
	uint32_t version_mask;
	char user[128];
	double difficulty;
	double job_difficulty[LOCAL_JOBS_KEPT]; /* told with each job kept; 0: not sent */
	uint8_t job_extranonce1[LOCAL_JOBS_KEPT][4];
	struct local_told told;
	struct local_vardiff vardiff;
	uint64_t accepted;
	int64_t heard_ms;
};

struct local_counts {
	uint64_t clients, jobs, accepted, stale, duplicate, low, invalid, refused;
	/* In how many accepted shares' epoch, or program, was another than the one before's. */
	uint64_t epochs, programs;
};

struct local {
	const struct settings *settings;
	const struct algo *algo;
	struct event_base *base;
	int fd;                  /* that it listens on */
	void *ssl_ctx;           /* SSL_CTX, or NULL */
	const struct talk *talk; /* the only one spoken; NULL: whichever the client speaks */
	struct local_http *http; /* NULL: lines are spoken, not HTTP */
	struct local_client *http_client;
	struct verify *verify;
	struct epochs *epochs; /* NULL: the algorithm has none */
	uint64_t set[ALGO_SETTINGS_MAX];
	struct local_client *clients;
	unsigned n_clients;
	uint64_t last_client, first_prefix;
	uint8_t known[LOCAL_SESSIONS_KEPT][4]; /* extranonces given out */
	unsigned n_known;
	struct local_job jobs[LOCAL_JOBS_KEPT]; /* job n lies at n % LOCAL_JOBS_KEPT */
	uint64_t last_job, blocks;
	unsigned block_shares; /* accepted for the newest block */
	uint64_t height;       /* of the last job */
	bool detour;           /* a fault: jobs are of another epoch */
	bool waits;            /* for a light cache, to make the next job, a clean one */
	int code;              /* to exit with */
	uint64_t random[4];    /* xoshiro state */
	struct seen seen;
	struct local_counts counts;
	uint32_t share_epoch; /* of the last accepted share */
	uint64_t share_program;
	struct faults faults;
	int64_t start_ms;
};

/* jobs.c */
void local_seed(struct local *p, const char *text); /* text NULL: at random */
uint64_t local_random(struct local *p);
void local_fill(struct local *p, uint8_t *out, size_t len);
/* False when it has to wait for a light cache, or cannot be made (then the pool stops). */
bool local_next_job(struct local *p, bool clean);
const struct local_job *local_job(const struct local *p, uint64_t number);
void local_drop_jobs(struct local *p);

/* block.c: jobs of 80-byte headers. */
void local_block_job(struct local *p, struct local_job *job, const struct local_job *last,
		     bool clean);
/* The 80-byte header, nonce zero. */
void local_header(const struct local_job *job, const uint8_t *extranonce1,
		  const uint8_t *extranonce2, size_t extranonce2_len, uint32_t version,
		  uint32_t time, uint8_t header[80]);

/* dag.c: jobs of algorithms with a dataset. */
int local_dag_start(struct local *p, struct err *err);
/* The height and epoch of the next job; *epoch NULL: its light cache is being built. */
int local_dag_next(struct local *p, bool clean, uint64_t *height, struct epoch **epoch,
		   struct err *err);
void local_dag_job(struct local *p, struct local_job *job, uint64_t height, struct epoch *epoch);
/* Make the newest job lie about its height or seed. */
void local_dag_lie(struct local *p, enum fault_kind kind);

/* talk.c.  One line, without its newline. */
void local_line(struct local_client *c, const char *text, size_t len);
/* By name, as --speak has it; NULL: the algorithm's usual one.  -ERR_USAGE. */
int local_choose_talk(struct local *p, const char *name, struct err *err);
void local_send_job(struct local_client *c, const struct local_job *job, bool clean);
void local_send_difficulty(struct local_client *c);
void local_send_extranonce(struct local_client *c);
void local_send(struct local_client *c, json_t *take);
/* Queue bytes; a client that lets too many pile up is closed. */
void local_send_text(struct local_client *c, const char *text, size_t len);

/* shares.c */
int local_shares_start(struct local *p, struct err *err);
void local_shares_stop(struct local *p);

/* vardiff.c, pure: the difficulty to use from now on, after one more share. */
double local_vardiff(struct local_vardiff *v, double difficulty, int64_t now_ms);

/* server.c */
void local_close(struct local_client *c);                            /* from the loop, later */
void local_hang_up(struct local_client *c);                          /* when all is sent */
void local_broadcast(struct local *p, bool clean);                   /* the newest job */
void local_new_job(struct local *p, bool clean);                     /* make one and broadcast it */
struct local_client *local_find(const struct local *p, uint64_t id); /* alive, or NULL */
void local_stop(struct local *p, int code);

/* mischief.c: do what a fault says. */
void local_fault(struct local *p, const struct fault *f);

#endif
