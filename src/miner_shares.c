/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shares, from a device's claim to their last state. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/clock.h"
#include "src/miner.h"
#include "src/str.h"

static void count_reason(struct miner *m, const char *text)
{
	struct rig_stats *s = &m->stats;
	unsigned i;

	if (!*text)
		text = "no reason given";
	for (i = 0; i < s->n_reasons && strcmp(s->reasons[i].text, text); i++)
		;
	if (i == s->n_reasons) {
		if (i == REJECT_REASONS_MAX)
			return;
		s->n_reasons++;
		str_copy(s->reasons[i].text, sizeof s->reasons[i].text, text);
	}
	s->reasons[i].count++;
}

static void count_final(struct share_counts *c, const struct share *share)
{
	switch (share->state) {
	case SHARE_ACCEPTED:
		c->accepted++;
		c->accepted_difficulty += share->job->difficulty;
		break;
	case SHARE_REJECTED:
		c->rejected++;
		break;
	case SHARE_STALE:
		c->stale++;
		break;
	case SHARE_INVALID:
		c->invalid++;
		break;
	default:
		c->lost++;
	}
}

/* A warning that thousands of shares may cause: a line now and then, with a count. */
static void warn_seldom(struct log_gap *gap, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void warn_seldom(struct log_gap *gap, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX], more[64] = "";
	uint64_t held;
	va_list ap;

	if (!log_gap(gap, clock_ms(), &held))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (held)
		snprintf(more, sizeof more, " (and %" PRIu64 " more since the last such line)",
			 held);
	log_warn(LOG_SHARE, "%s%s", text, more);
}

static void say_final(struct miner *m, const struct share *s)
{
	const char *device = fleet_id(m->fleet, s->device);
	struct device_gaps *gaps = &m->gaps[s->device % DEVICES_MAX];
	double ms = (double)(s->answered_us - s->sent_us) / 1000;

	switch (s->state) {
	case SHARE_ACCEPTED:
		log_info(LOG_SHARE, "accepted: %s, difficulty %.4g of %.4g, %.1f ms%s", device,
			 s->difficulty, s->job->difficulty, ms, s->block ? ", BLOCK" : "");
		break;
	case SHARE_REJECTED:
		log_warn(LOG_SHARE, "rejected: %s: %s (job %s)", device,
			 s->reason[0] ? s->reason : "no reason given", s->job->id);
		break;
	case SHARE_STALE: /* the pool's word is news; our own would flood at easy targets */
		log_line(s->sent_us ? LOG_NOTICE : LOG_DEBUG, LOG_SHARE, "stale: %s: %s (job %s)",
			 device, s->reason, s->job->id);
		break;
	case SHARE_INVALID:
		warn_seldom(&gaps->invalid,
			    "invalid: %s computed nonce %" PRIx64
			    " wrongly; the CPU check kept it from the pool",
			    device, s->nonce);
		break;
	default:
		warn_seldom(&gaps->lost, "lost: %s: %s (job %s)", device, s->reason, s->job->id);
	}
}

/* One share less on its way; the last one ends a program that waits for it. */
static void give_back(struct miner *m, struct share *s)
{
	sharequeue_recycle(m->queue, s);
	miner_stop_when_flushed(m);
}

/* A share has reached its last state: count, log, give it back. */
void miner_final(void *arg, struct share *s)
{
	struct miner *m = arg;

	count_final(&m->stats.shares, s);
	count_final(fleet_shares(m->fleet, s->device), s);
	m->stats.blocks += s->state == SHARE_ACCEPTED && s->block;
	if (s->state == SHARE_REJECTED)
		count_reason(m, s->reason);
	if (s->answered_us && s->sent_us)
		miner_took(&m->latency, &m->stats.latency, s->answered_us - s->sent_us);
	say_final(m, s);
	miner_api_share(m, s);
	sharelog_put(m->sharelog, s, fleet_id(m->fleet, s->device),
		     pools_url(m->pools, s->job->pool), clock_wall_ms());
	give_back(m, s);
}

static void finish(struct miner *m, struct share *s, enum share_state state, const char *reason)
{
	s->state = state;
	str_copy(s->reason, sizeof s->reason, reason);
	miner_final(m, s);
}

void miner_submit(struct miner *m, struct share *s)
{
	struct err err = {0};
	int rc = pools_submit(m->pools, s, &s->request, &err);

	if (rc == 0) {
		s->session_sent = m->session[s->job->pool];
		sharequeue_sent(m->queue, s, clock_us());
		miner_took(&m->submitted, &m->stats.submit, s->sent_us - s->found_us);
	} else if (rc == -ERR_NET) {
		sharequeue_wait(m->queue, s);
	} else if (rc == -ERR_STALE) {
		finish(m, s, SHARE_STALE, err.text);
	} else {
		finish(m, s, SHARE_LOST, err.text);
	}
}

/* The reference has spoken. */
void miner_verified(void *arg, struct share *s, int rc)
{
	struct miner *m = arg;

	if (rc == -ERR_STALE) {
		finish(m, s, SHARE_STALE, "found for a job that is over");
		return;
	}
	if (rc) {
		finish(m, s, SHARE_LOST, "the reference could not check it");
		return;
	}
	if (s->digest.hash.w[3] > s->job->target.w[3])
		guardian_candidate(m->guardian, s->device, false, 0);
	if (u256_cmp(&s->digest.hash, &s->job->target) > 0) {
		/* Kernels compare the upper 64 bits only: equal there is no fault of theirs. */
		if (s->digest.hash.w[3] > s->job->target.w[3])
			finish(m, s, SHARE_INVALID, "the CPU disagrees");
		else
			give_back(m, s);
		return;
	}
	if (!sharequeue_is_new(m->queue, &s->digest)) {
		log_debug(LOG_SHARE, "duplicate from %s dropped", fleet_id(m->fleet, s->device));
		give_back(m, s);
		return;
	}
	guardian_candidate(m->guardian, s->device, true, u256_hashes(&s->job->target));
	s->difficulty = algo_difficulty(m->algo, &s->digest.hash);
	if (s->difficulty > m->stats.best_difficulty)
		m->stats.best_difficulty = s->difficulty;
	s->block = s->job->dialect->is_block && s->job->dialect->is_block(s->job, &s->digest);
	if (!work_find(&m->work, s->job->serial) && !s->block) {
		finish(m, s, SHARE_STALE, "found for a job that is over");
		return;
	}
	miner_submit(m, s);
}

/* More candidates than the CPU can check: nothing is gained by piling them up. */
static void overrun(struct miner *m, struct share *s)
{
	struct share_counts *c = fleet_shares(m->fleet, s->device);

	c->lost++;
	m->stats.shares.lost++;
	warn_seldom(&m->gaps[s->device % DEVICES_MAX].flood,
		    "lost: %s finds shares faster than the CPU checks them (%u wait): ask the pool "
		    "for a higher difficulty or raise --verify-threads",
		    fleet_id(m->fleet, s->device), verify_pending(m->verify));
	sharequeue_recycle(m->queue, s);
}

void miner_found(void *arg, unsigned device, const struct ipc_found *f)
{
	struct miner *m = arg;
	struct job *job = work_find(&m->work, f->serial);
	struct share_counts *c = fleet_shares(m->fleet, device);
	struct share *s;

	if (!job) {
		c->stale++;
		m->stats.shares.stale++;
		log_debug(LOG_SHARE, "stale: %s found a nonce for a job that is over",
			  fleet_id(m->fleet, device));
		return;
	}
	s = sharequeue_blank(m->queue);
	if (!s || work_roll(job, f->roll, &s->work)) {
		c->lost++;
		m->stats.shares.lost++;
		free(s);
		return;
	}
	s->job = job_ref(job);
	s->device = device;
	s->nonce = f->nonce;
	s->state = SHARE_FOUND;
	s->found_us = f->at_us;
	if (verify_put(m->verify, s))
		overrun(m, s);
}

void miner_drop_share(void *arg, struct share *s)
{
	struct miner *m = arg;

	sharequeue_recycle(m->queue, s);
}
