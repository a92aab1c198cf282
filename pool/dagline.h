/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stratum for algorithms with a dataset: the login by mining.subscribe and mining.authorize and
 * the calls that set difficulty, target and extranonce, which several dialects have in common.
 * What a job and a share look like is each dialect's own.
 */
#ifndef ADIT_DAGLINE_H
#define ADIT_DAGLINE_H

#include "pool/dagjob.h"
#include "pool/jsonline.h"

/* Schemes that name no dialect. */
#define DAGLINE_SCHEMES                                                                            \
 "stratum+tcp stratum+ssl stratum+tls stratum+tls12 stratums stratum tcp ssl tls"

struct dagline_kind {
	bool jsonrpc; /* requests say "jsonrpc": "2.0" */
	bool agent;   /* mining.subscribe names us and EthereumStratum/1.0.0 */
	bool extranonce;
	/* The answer to mining.subscribe: take the extranonce from it. */
	int (*subscribed)(struct client *c, const json_t *result, struct err *err);
	/* mining.notify, when subscribed. */
	int (*notify)(struct client *c, json_t *params, struct err *err);
};

/* A session begins with this. */
struct dagline {
	const struct dagline_kind *kind;
	unsigned bad_lines;
	uint32_t subscribe, extranonce, authorize; /* requests under way; 0: none */
	bool subscribed;
	json_t *early; /* a notify that came before the answer to mining.subscribe */
	struct dagjob_terms terms;
};

/* For hello(), feed(), bye() of struct dialect. */
int dagline_hello(struct client *c, const struct dagline_kind *kind, struct err *err);
long dagline_feed(struct client *c, const uint8_t *data, size_t len, struct err *err);
void dagline_bye(struct client *c);

/* mining.submit with these params (taken). */
int dagline_submit(struct client *c, uint32_t request, json_t *params);

/* For struct dialect: [user, job, nonce, header, mix], all of the nonce, each with 0x. */
int dagline_submit_whole(struct client *c, const struct share *share, uint32_t request,
			 struct err *err);

/* The job's id as the pool sent it. */
json_t *dagline_job_id(const struct job *job);

#endif
