/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shares of the local pool: hashed off the loop, judged, counted, answered. */
#include <stdlib.h>
#include <string.h>

#include "pool/local/talk.h"
#include "src/bytes.h"
#include "src/clock.h"
#include "src/log.h"
#include "src/verify.h"

/* One on its way through the verifier. */
struct pending {
	struct share share; /* first: the verifier knows no other */
	uint64_t client;
	json_t *id;
	uint64_t block;
	enum judged late;
	bool has_mix;
	uint8_t mix[32];
};

static void drop(void *arg, struct share *share)
{
	struct pending *pending = (struct pending *)share;

	(void)arg;
	job_unref(share->job);
	json_decref(pending->id);
	free(pending);
}

static void count(struct local_counts *n, enum judged how)
{
	switch (how) {
	case JUDGED_GOOD:
	case JUDGED_LATE:
		n->accepted++;
		break;
	case JUDGED_NO_JOB:
	case JUDGED_STALE:
		n->stale++;
		break;
	case JUDGED_DUPLICATE:
		n->duplicate++;
		break;
	case JUDGED_LOW:
		n->low++;
		break;
	case JUDGED_REFUSED:
		n->refused++;
		break;
	default:
		n->invalid++;
	}
}

static void retarget(struct local_client *c)
{
	struct local *p = c->pool;
	double difficulty = local_vardiff(&c->vardiff, c->difficulty, clock_ms());

	if (difficulty == c->difficulty)
		return;
	c->difficulty = difficulty;
	local_send_difficulty(c);
	local_send_job(c, local_job(p, p->last_job), false);
}

static void tell(struct local_client *c, json_t *id, enum judged how, const char *text)
{
	struct local *p = c->pool;
	bool good = how == JUDGED_GOOD || how == JUDGED_LATE;

	if (p->faults.no_answer)
		return;
	if (p->faults.reject_all && good) {
		how = JUDGED_REFUSED;
		good = false;
	}
	count(&p->counts, how);
	c->talk->judged(c, id, how, text);
	if (!good) {
		log_debug(LOG_SHARE, "client %llu: refused: %d %s", (unsigned long long)c->id, how,
			  text ? text : "");
		return;
	}
	c->accepted++;
	c->vardiff.shares++;
	retarget(c);
}

void local_refuse(struct local_client *c, json_t *id, enum judged how, const char *text)
{
	tell(c, id, how, text);
}

/* Tests want to see that shares come from every epoch and program. */
static void note_where(struct local *p, const struct work *work)
{
	const struct algo_program *program = p->algo->program;
	uint64_t number = program ? program->of_height(p->algo, work->height) : 0;

	p->counts.epochs += !p->counts.epochs || work->epoch != p->share_epoch;
	p->counts.programs += !p->counts.programs || number != p->share_program;
	p->share_epoch = work->epoch;
	p->share_program = number;
}

static enum judged judge(struct local *p, const struct pending *s)
{
	const struct digest *d = &s->share.digest;

	if (s->has_mix && memcmp(s->mix, d->mix, sizeof s->mix))
		return JUDGED_MIX;
	if (u256_cmp(&d->hash, &s->share.work.target) > 0)
		return JUDGED_LOW;
	if (!seen_add(&p->seen, d->hash.w[0]))
		return JUDGED_DUPLICATE;
	note_where(p, &s->share.work);
	return s->late;
}

/* With enough shares a block is found, so to say. */
static void count_block(struct local *p, uint64_t block)
{
	if (block == p->blocks && ++p->block_shares == p->settings->block_shares)
		local_new_job(p, true);
}

static void on_hashed(void *arg, struct share *share, int rc)
{
	struct local *p = arg;
	struct pending *s = (struct pending *)share;
	struct local_client *c = local_find(p, s->client);
	uint64_t accepted = p->counts.accepted;

	if (c && rc)
		tell(c, s->id, JUDGED_MALFORMED, "Cannot be hashed");
	else if (c)
		tell(c, s->id, judge(p, s), NULL);
	if (p->counts.accepted != accepted)
		count_block(p, s->block);
	drop(p, share);
}

void local_check(struct local_client *c, json_t *id, const struct talk_submit *submit)
{
	struct pending *s = calloc(1, sizeof *s);

	if (!s) {
		tell(c, id, JUDGED_REFUSED, "Out of memory");
		return;
	}
	s->share.job = job_ref(submit->job->job);
	s->share.work = submit->work;
	s->share.work.height = submit->job->job->height;
	s->share.work.epoch = submit->job->job->epoch;
	s->share.work.target = talk_target(c, submit->job);
	s->share.nonce = submit->nonce;
	s->share.device = (unsigned)c->id; /* clients take turns */
	s->client = c->id;
	s->id = json_incref(id ? id : json_null());
	s->block = submit->job->block;
	s->late = submit->late;
	s->has_mix = submit->has_mix;
	memcpy(s->mix, submit->mix, sizeof s->mix);
	if (verify_put(c->pool->verify, &s->share)) {
		tell(c, id, JUDGED_REFUSED, "Too many shares");
		drop(c->pool, &s->share);
	}
}

enum judged talk_find_job(struct local_client *c, struct talk_submit *s, uint64_t number)
{
	const struct local *p = c->pool;
	uint64_t behind;

	memset(s, 0, sizeof *s);
	s->job = local_job(p, number);
	if (!s->job || c->job_difficulty[number % LOCAL_JOBS_KEPT] <= 0)
		return JUDGED_NO_JOB;
	behind = p->blocks - s->job->block;
	if (behind > c->talk->backlog)
		return JUDGED_STALE;
	s->late = behind && c->talk->late_note ? JUDGED_LATE : JUDGED_GOOD;
	return 0;
}

uint64_t talk_find_header(const struct local *p, const uint8_t header[32])
{
	uint64_t number = p->last_job;
	const struct local_job *job;

	for (; (job = local_job(p, number)) != NULL; number--)
		if (!memcmp(job->header, header, sizeof job->header))
			return number;
	return 0;
}

bool talk_owns_nonce(const struct local_client *c, const struct local_job *job, uint64_t nonce)
{
	uint8_t bytes[8];

	be64_put(bytes, nonce);
	return !memcmp(bytes, c->job_extranonce1[job->number % LOCAL_JOBS_KEPT],
		       c->talk->prefix_len);
}

void talk_dag_work(struct talk_submit *s)
{
	s->work.header_len = s->job->job->algo->header_len;
	memcpy(s->work.header, s->job->header, sizeof s->job->header);
}

int local_shares_start(struct local *p, struct err *err)
{
	return verify_new(&p->verify, p->base, 0, on_hashed, p, err);
}

void local_shares_stop(struct local *p)
{
	verify_free(p->verify, drop);
	p->verify = NULL;
}
