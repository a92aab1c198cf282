/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Jobs of the local pool: plausible, fresh, and reproducible from a seed. */
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <string.h>

#include "pool/local/local.h"
#include "pool/merkle.h"
#include "src/bytes.h"
#include "src/clock.h"

void local_seed(struct local *p, const char *text)
{
	uint8_t digest[32];
	int i;

	if (text)
		SHA256((const uint8_t *)text, strlen(text), digest);
	else if (RAND_bytes(digest, sizeof digest) != 1)
		memset(digest, 1, sizeof digest);
	for (i = 0; i < 4; i++)
		p->random[i] = le64_get(digest + 8 * i);
}

static uint64_t left(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

/* xoshiro256++ (Blackman, Vigna). */
uint64_t local_random(struct local *p)
{
	uint64_t *s = p->random, out = left(s[0] + s[3], 23) + s[0], t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = left(s[3], 45);
	return out;
}

static void fill(struct local *p, uint8_t *out, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		out[i] = (uint8_t)(local_random(p) >> 56);
}

const struct local_job *local_job(const struct local *p, uint64_t number)
{
	const struct local_job *job = &p->jobs[number % LOCAL_JOBS_KEPT];

	return number && job->number == number ? job : NULL;
}

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
	fill(p, at + 17, 20);
	memcpy(at + 37, "\x88\xac\0\0\0\0", 6);
	job->coinb2_len = 43;
}

void local_next_job(struct local *p, bool clean)
{
	const struct local_job *last = local_job(p, p->last_job);
	struct local_job *job = &p->jobs[++p->last_job % LOCAL_JOBS_KEPT];
	struct local_client *c;
	uint8_t prev[32];
	int i;

	if (last)
		memcpy(prev, last->prev, sizeof prev);
	if (clean || !last) {
		fill(p, prev, sizeof prev);
		for (i = 0; i < LOCAL_JOBS_KEPT; i++)
			p->jobs[i].stale = true;
	}
	memset(job, 0, sizeof *job);
	job->number = p->last_job;
	job->version = 0x20000000;
	job->bits = 0x1d00ffff;
	job->time = (uint32_t)(clock_wall_ms() / 1000);
	memcpy(job->prev, prev, sizeof prev);
	job->n_branch = (unsigned)(local_random(p) % (LOCAL_BRANCH_MAX + 1));
	fill(p, job->branch[0], job->n_branch * 32);
	make_coinbase(p, job, 8);
	for (c = p->clients; c; c = c->next)
		c->job_difficulty[job->number % LOCAL_JOBS_KEPT] = 0;
	p->counts.jobs++;
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
