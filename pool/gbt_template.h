/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A block template (BIP 22, 23, 145) checked and made ready: the coinbase with its place
 * for an extranonce, the merkle branch, and the whole block once it is solved.
 */
#ifndef ADIT_GBT_TEMPLATE_H
#define ADIT_GBT_TEMPLATE_H

#include <jansson.h>
#include <stdbool.h>

#include "src/err.h"
#include "src/u256.h"

#define GBT_BRANCH_MAX   24
#define GBT_COINBASE_MAX 512
#define GBT_TXS_MAX      100000

struct gbt_template {
	json_t *json; /* the node's answer, for the transactions' text */
	uint32_t version, bits, time;
	uint64_t height;
	struct u256 target;
	uint8_t prev[32]; /* as in the header */
	uint8_t branch[GBT_BRANCH_MAX][32];
	unsigned n_branch;
	uint8_t coinbase[GBT_COINBASE_MAX]; /* without witness; extranonce zero */
	size_t coinbase_len, extranonce_at;
	bool witness;
};

/*
 * result: getblocktemplate's (a reference is kept).  script: where the reward goes.  tag: text
 * for the coinbase, at most 40 bytes are used.  -ERR_PROTO or -ERR_USAGE with the member
 * that is missing, wrong, or asks for something not understood here.
 */
int gbt_template_new(struct gbt_template **out, json_t *result, const uint8_t *script,
		     size_t script_len, const char *tag, struct err *err);
void gbt_template_free(struct gbt_template *t); /* NULL is fine */

/* The 80-byte header, nonce zero, for an extranonce. */
void gbt_template_header(const struct gbt_template *t, const uint8_t extranonce[8],
			 uint8_t header[80]);

/* The whole block as hex, allocated, or NULL without memory. */
char *gbt_template_block(const struct gbt_template *t, const uint8_t extranonce[8],
			 const uint8_t header[80]);

#endif
