/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The contract of pool/local/talk_NAME.c: one dialect as the local pool speaks it.  A talk has no
 * socket, timer or hash of its own: lines come to its methods, shares go to local_check(), what
 * became of them comes back to judged().
 */
#ifndef ADIT_TALK_H
#define ADIT_TALK_H

#include "pool/local/local.h"

struct evconnlistener;

/* What became of a share. */
enum judged {
	JUDGED_GOOD,
	JUDGED_LATE, /* good, for work that has been replaced: taken with a note */
	JUDGED_MALFORMED,
	JUDGED_NO_JOB, /* never given out, or forgotten */
	JUDGED_STALE,
	JUDGED_NONCE,  /* outside of the client's range */
	JUDGED_HEADER, /* not that of the job */
	JUDGED_MIX,
	JUDGED_LOW,
	JUDGED_DUPLICATE,
	JUDGED_NO_LOGIN,
	JUDGED_NO_SUBSCRIBE,
	JUDGED_REFUSED, /* by a fault, or because there are too many */
	JUDGED_KINDS
};

struct talk_method {
	const char *name;
	void (*take)(struct local_client *c, json_t *id, json_t *params);
};

/* How a dialect's servers say it. */
struct talk_words {
	int code;
	const char *text;
};

struct talk {
	const char *name; /* as --speak has it */
	bool (*serves)(const struct algo *algo);
	/* Would a client of this dialect begin like so? */
	bool (*hears)(const char *method, const json_t *params);
	const struct talk_method *methods;                   /* ended by name NULL */
	void (*unknown)(struct local_client *c, json_t *id); /* answer any other method */

	void (*send_job)(struct local_client *c, const struct local_job *job, bool clean);
	void (*send_difficulty)(struct local_client *c); /* NULL: jobs tell it */
	void (*send_extranonce)(struct local_client *c); /* NULL: never changes */
	/* text: in other words than the dialect's usual, or NULL. */
	void (*judged)(struct local_client *c, json_t *id, enum judged how, const char *text);

	uint8_t prefix_len; /* bytes of the nonce that are the pool's */
	uint8_t backlog;    /* shares are good for this many blocks after theirs */
	bool late_note;     /* ... with a note that they are late */
};

extern const struct talk talk_ethproxy, talk_ethstratum, talk_ethstratum1, talk_ethstratum2,
	talk_getwork, talk_kawpow, talk_stratum1;

/* What a submit says. */
struct talk_submit {
	const struct local_job *job;
	struct work work; /* header_len and header */
	uint64_t nonce;
	bool has_mix;
	uint8_t mix[32];
	enum judged late; /* JUDGED_GOOD, or JUDGED_LATE */
};

/* The job of that number: 0, or JUDGED_NO_JOB, JUDGED_STALE. */
enum judged talk_find_job(struct local_client *c, struct talk_submit *s, uint64_t number);
/* The number of the newest job with that header, or 0. */
uint64_t talk_find_header(const struct local *p, const uint8_t header[32]);
/* Does the nonce begin with what the client was given for that job? */
bool talk_owns_nonce(const struct local_client *c, const struct local_job *job, uint64_t nonce);
/* Dataset algorithms: the work is the job's header. */
void talk_dag_work(struct talk_submit *s);
/* Hash and judge it, later: talk->judged() gets the answer.  id is borrowed. */
void local_check(struct local_client *c, json_t *id, const struct talk_submit *s);
/* It need not be hashed. */
void local_refuse(struct local_client *c, json_t *id, enum judged how, const char *text);

/* talk_getwork.c: serve HTTP there; the listener is taken. */
int local_http_start(struct local *p, struct evconnlistener *listener, struct err *err);
void local_http_stop(struct local *p);

/* ---- what several talks say alike ---- */

/* {"id", "result", "error": null}; result is taken. */
void talk_answer(struct local_client *c, json_t *id, json_t *result);
/* {"id", "result", "error": [code, text, null]}; result is taken. */
void talk_error(struct local_client *c, json_t *id, json_t *result, int code, const char *text);
/* {"id": null, "method", "params"}; params is taken. */
void talk_call(struct local_client *c, const char *method, json_t *params);
/* Difficulty, and the newest job if there is one. */
void talk_start_work(struct local_client *c);
/* Remember who it is; false when logins are refused. */
bool talk_login(struct local_client *c, const json_t *user);
bool talk_is_user(const struct local_client *c, const json_t *name);
/* Give it the extranonce of an earlier session (4 bytes in hex), if that is free. */
void talk_resume(struct local_client *c, const char *session);
/* To be called with each job sent: what its shares have to meet from now on. */
void talk_note_job(struct local_client *c, const struct local_job *job);
/* The share target a job goes out with now; what talk_target() accepts may be easier. */
struct u256 talk_target_now(const struct local_client *c);

/* The target a job's shares have to meet. */
struct u256 talk_target(const struct local_client *c, const struct local_job *job);

void talk_extranonce(struct local_client *c, json_t *id, json_t *params);
void talk_true(struct local_client *c, json_t *id, json_t *params);
void talk_ping(struct local_client *c, json_t *id, json_t *params);

bool talk_has_dataset(const struct algo *algo);
json_t *talk_hex(const char *before, const void *bytes, size_t len); /* up to 160 bytes */
json_t *talk_word(uint32_t v);                                       /* 8 digits */
json_t *talk_number(const char *before, uint64_t v);                 /* no leading zeros */
json_t *talk_quantity(const char *before, const struct u256 *v);     /* no leading zeros */
bool talk_get_hex(uint8_t *out, size_t len, const json_t *v);        /* exactly, no 0x */
bool talk_get_0x(uint8_t *out, size_t len, const json_t *v);         /* exactly, with 0x */
bool talk_get_number(uint64_t *out, const json_t *v);                /* 1 to 16 digits, no 0x */

#endif
