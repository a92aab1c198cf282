/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Jobs of the local pool for 80-byte headers: a plausible coinbase and merkle branch. */
#include <string.h>

#include "pool/local/local.h"
#include "pool/merkle.h"
#include "src/bytes.h"
#include "src/clock.h"

/* A coinbase around the extranonce: input script with the job number, one output. */
static void make_coinbase(struct local *p, struct local_job *job, size_t extranonce_len)
{
	static const uint8_t start[] = {1, 0, 0, 0, 1, 0, 0, 0, 0, 0,    0,    0,    0,   0,
					0, 0, 0, 0, 0, 0, 0, 0, 0, 0,    0,    0,    0,   0,
					0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};
	uint8_t *at = job->coinb1;

	memcpy(at, start, sizeof start);
	at += sizeof start;
	*at++ = (uint8_t)(9 + extranonce_len);
	*at++ = 8;
	le64_put(at, job->number);
	at += 8;
	job->coinb1_len = (size_t)(at - job->coinb1);
	at = job->coinb2;
	le32_put(at, 0xffffffff);
	at[4] = 1;
	le64_put(at + 5, 5000000000u);
	at[13] = 25;
	memcpy(at + 14, "\x76\xa9\x14", 3);
	local_fill(p, at + 17, 20);
	memcpy(at + 37, "\x88\xac\0\0\0\0", 6);
	job->coinb2_len = 43;
}

void local_block_job(struct local *p, struct local_job *job, const struct local_job *last,
		     bool clean)
{
	if (last && !clean)
		memcpy(job->prev, last->prev, sizeof job->prev);
	else
		local_fill(p, job->prev, sizeof job->prev);
	job->version = 0x20000000;
	job->bits = 0x1d00ffff;
	job->time = (uint32_t)(clock_wall_ms() / 1000);
	job->n_branch = (unsigned)(local_random(p) % (LOCAL_BRANCH_MAX + 1));
	local_fill(p, job->branch[0], job->n_branch * 32);
	make_coinbase(p, job, 8);
}

void local_header(const struct local_job *job, const uint8_t *extranonce1,
		  const uint8_t *extranonce2, size_t extranonce2_len, uint32_t version,
		  uint32_t time, uint8_t header[80])
{
	uint8_t coinbase[2 * LOCAL_COINB_MAX + 32], leaf[32], *at = coinbase;

	memcpy(at, job->coinb1, job->coinb1_len);
	at += job->coinb1_len;
	memcpy(at, extranonce1, 4);
	at += 4;
	memcpy(at, extranonce2, extranonce2_len);
	at += extranonce2_len;
	memcpy(at, job->coinb2, job->coinb2_len);
	at += job->coinb2_len;
	merkle_sha256d(leaf, coinbase, (size_t)(at - coinbase));
	le32_put(header, version);
	memcpy(header + 4, job->prev, 32);
	merkle_fold(header + 36, leaf, job->branch, job->n_branch);
	le32_put(header + 68, time);
	le32_put(header + 72, job->bits);
	le32_put(header + 76, 0);
}
