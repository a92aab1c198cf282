/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What eth-proxy over TCP and eth_getWork over HTTP have in common: work is [header, seed, target,
 * height], its header is its name, nobody hands out nonces, and the rate is reported by
 * eth_submitHashrate.
 */
#ifndef ADIT_ETHWORK_H
#define ADIT_ETHWORK_H

#include "pool/dagjob.h"

#define ETHWORK_REPORT_MS 60000

struct ethwork {
	struct dagjob_terms terms;
	bool has; /* the newest work is this: */
	uint8_t header[32];
	struct u256 target;
	uint64_t height;
	char rig[65];        /* who reports a rate: 64 digits, the same for all connections */
	int64_t reported_ms; /* 0: not yet */
	bool silent;         /* the pool does not want to know the rate */
};

/* -ERR_IO without random numbers. */
int ethwork_init(struct client *c, struct ethwork *w, struct err *err);

/* Is this result work?  An empty list is not: the node is busy with its chain. */
bool ethwork_is(const json_t *result);

/* Make a job of it when it is news.  *news (may be NULL).  -ERR_PROTO, -ERR_RANGE: skip it. */
int ethwork_take(struct client *c, struct ethwork *w, const struct dialect *dialect,
		 const json_t *result, bool *news, struct err *err);

/* Params of eth_submitWork. */
json_t *ethwork_share(const struct share *share);

/* Params of eth_submitHashrate when it is time for one, else NULL. */
json_t *ethwork_rate(struct client *c, struct ethwork *w, int64_t now_ms);

/* {"id", "jsonrpc", "worker" (NULL: none), "method", "params"}; params is taken. */
json_t *ethwork_call(uint32_t id, const char *worker, const char *method, json_t *params);

#endif
