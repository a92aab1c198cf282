/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Jobs of the local pool: plausible, fresh, and reproducible from a seed. */
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <string.h>

#include "pool/local/local.h"
#include "src/bytes.h"
#include "src/log.h"

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

void local_fill(struct local *p, uint8_t *out, size_t len)
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

static void release(struct local_job *job)
{
	job_unref(job->job);
	memset(job, 0, sizeof *job);
}

void local_drop_jobs(struct local *p)
{
	int i;

	for (i = 0; i < LOCAL_JOBS_KEPT; i++)
		release(&p->jobs[i]);
}

/* Where the next job goes; what lay there is forgotten, by the clients too. */
static struct local_job *take_place(struct local *p, bool clean)
{
	struct local_job *job = &p->jobs[++p->last_job % LOCAL_JOBS_KEPT];
	struct local_client *c;

	release(job);
	for (c = p->clients; c; c = c->next)
		c->job_difficulty[p->last_job % LOCAL_JOBS_KEPT] = 0;
	if (p->http_client)
		p->http_client->job_difficulty[p->last_job % LOCAL_JOBS_KEPT] = 0;
	job->number = p->last_job;
	job->block = p->blocks += clean;
	if (clean)
		p->block_shares = 0;
	p->counts.jobs++;
	return job;
}

bool local_next_job(struct local *p, bool clean)
{
	const struct local_job *last = local_job(p, p->last_job);
	struct job *shared = NULL;
	struct epoch *epoch = NULL;
	struct local_job *job;
	struct err err = {0};
	uint64_t height = 0;
	int rc = 0;

	clean = clean || !last || p->waits;
	if (p->epochs)
		rc = local_dag_next(p, clean, &height, &epoch, &err);
	if (!rc && p->epochs && !epoch) {
		p->waits = true;
		return false;
	}
	if (!rc)
		shared = job_new(p->algo, NULL);
	if (!shared) {
		log_error(LOG_POOL, "no more jobs: %s", rc ? err.text : err_word(ERR_NOMEM));
		local_stop(p, EXIT_FAIL);
		return false;
	}
	p->waits = false;
	job = take_place(p, clean);
	job->job = shared;
	if (p->epochs)
		local_dag_job(p, job, height, epoch);
	else
		local_block_job(p, job, last, clean);
	return true;
}
