/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What cgminer's API tells of the rig and its pools. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "src/api/cgminer.h"
#include "src/str.h"

void cg_version(struct cg_reply *r, const char *param)
{
	(void)param;
	cg_status(r, 'S', CG_VERSION, "Adit versions");
	cg_begin(r, "VERSION");
	cg_row(r, "VERSION");
	cg_text(r, "CGMiner", r->rig.version);
	cg_text(r, "Miner", r->rig.program);
	cg_text(r, "API", "3.1");
	cg_end_row(r);
	cg_end(r);
}

void cg_config(struct cg_reply *r, const char *param)
{
	(void)param;
	cg_status(r, 'S', CG_CONFIG, "Adit config");
	cg_begin(r, "CONFIG");
	cg_row(r, "CONFIG");
	cg_count(r, "GPU Count", r->rig.n);
	cg_number(r, "ASC Count", 0);
	cg_number(r, "PGA Count", 0);
	cg_count(r, "Pool Count", r->call->view->n_pools);
	cg_text(r, "ADL", "N");
	cg_text(r, "ADL in use", "N");
	cg_text(r, "Strategy", "Failover");
	cg_number(r, "Log Interval", 30);
	cg_text(r, "Device Code", "GPU ");
	cg_text(r, "OS", "Linux");
	cg_truth(r, "Failover-Only", true);
	cg_number(r, "ScanTime", -1);
	cg_number(r, "Queue", 0);
	cg_number(r, "Expiry", -1);
	cg_number(r, "Algo Count", 1);
	cg_end_row(r);
	cg_end(r);
}

/* Rates in MH/s and kH/s; "av" over 15 minutes for what does not run on its own clock. */
void cg_rates(struct cg_reply *r, double now, double minute, double quarter)
{
	cg_fixed(r, "MHS av", quarter / 1e6, 4);
	cg_fixed(r, "MHS 5s", now / 1e6, 4);
	cg_fixed(r, "MHS 30s", minute / 1e6, 4);
	cg_fixed(r, "KHS av", quarter / 1e3, 4);
	cg_fixed(r, "KHS 5s", now / 1e3, 4);
	cg_fixed(r, "KHS 30s", minute / 1e3, 4);
}

double cg_of_live(const struct tool_card *c, double rate)
{
	return c->rate > 0 ? rate : 0;
}

/* Difficulty of a share, on average: what rejected and stale ones were worth is not kept. */
static double share_worth(const struct share_counts *s)
{
	return s->accepted ? s->accepted_difficulty / (double)s->accepted : 0;
}

void cg_difficulties(struct cg_reply *r, const struct share_counts *s, uint64_t rejected)
{
	cg_fixed(r, "Difficulty Accepted", s->accepted_difficulty, 8);
	cg_fixed(r, "Difficulty Rejected", share_worth(s) * (double)rejected, 8);
}

void cg_percents(struct cg_reply *r, const struct share_counts *s, uint64_t rejected)
{
	double sent = (double)(s->accepted + s->rejected + s->stale);

	cg_fixed(r, "Device Hardware%", tool_percent((double)s->invalid, sent + (double)s->invalid),
		 4);
	cg_fixed(r, "Device Rejected%", tool_percent((double)rejected, sent), 4);
}

static double hashes_of(const struct cg_reply *r)
{
	double sum = 0;
	unsigned i;

	for (i = 0; i < r->rig.n; i++)
		sum += (double)r->rig.card[i].s->hashes;
	return sum;
}

static void rig_rates(struct cg_reply *r)
{
	double now = 0, quarter = 0;
	unsigned i;

	for (i = 0; i < r->rig.n; i++) {
		now += cg_of_live(&r->rig.card[i], r->rig.card[i].s->rate_10s);
		quarter += cg_of_live(&r->rig.card[i], r->rig.card[i].s->rate_15m);
	}
	cg_rates(r, now, r->rig.rate, quarter);
}

void cg_summary(struct cg_reply *r, const char *param)
{
	const struct rig_stats *rig = r->call->view->rig;
	const struct share_counts *s = &rig->shares;
	double sent = (double)(s->accepted + s->rejected + s->stale);

	(void)param;
	cg_status(r, 'S', CG_SUMMARY, "Summary");
	cg_begin(r, "SUMMARY");
	cg_row(r, "SUMMARY");
	cg_number(r, "Elapsed", r->rig.up_s);
	rig_rates(r);
	cg_count(r, "Found Blocks", rig->blocks);
	cg_count(r, "Getworks", rig->jobs);
	cg_count(r, "Accepted", s->accepted);
	cg_count(r, "Rejected", s->rejected);
	cg_count(r, "Hardware Errors", s->invalid);
	cg_fixed(r, "Utility", tool_a_minute((double)s->accepted, r->rig.up_s), 4);
	cg_number(r, "Discarded", 0);
	cg_count(r, "Stale", s->stale);
	cg_number(r, "Get Failures", 0);
	cg_count(r, "Local Work", rig->jobs);
	cg_count(r, "Remote Failures", s->lost);
	cg_number(r, "Network Blocks", -1);
	cg_fixed(r, "Total MH", hashes_of(r) / 1e6, 4);
	cg_fixed(r, "Work Utility", tool_a_minute(s->accepted_difficulty, r->rig.up_s), 4);
	cg_difficulties(r, s, s->rejected);
	cg_fixed(r, "Difficulty Stale", share_worth(s) * (double)s->stale, 8);
	cg_number(r, "Best Share", tool_whole(rig->best_difficulty));
	cg_percents(r, s, s->rejected);
	cg_fixed(r, "Pool Rejected%", tool_percent((double)s->rejected, sent), 4);
	cg_fixed(r, "Pool Stale%", tool_percent((double)s->stale, sent), 4);
	cg_end_row(r);
	cg_end(r);
}

/* Shares are counted for the rig as a whole: they stand at the pool in use. */
static void pool_row(struct cg_reply *r, unsigned i)
{
	static const struct share_counts none;
	const struct pool_status *p = &r->call->view->pools[i];
	bool active = (int)i == r->call->view->active_pool;
	const struct rig_stats *rig = r->call->view->rig;
	const struct share_counts *s = active ? &rig->shares : &none;
	double sent = (double)(s->accepted + s->rejected + s->stale);

	cg_numbered_row(r, "POOL", i);
	cg_text(r, "URL", p->url);
	cg_text(r, "Algorithm", r->rig.algo);
	cg_text(r, "Status",
		p->state == POOL_DISABLED                             ? "Disabled"
		: p->state == POOL_ACTIVE || p->state == POOL_STANDBY ? "Alive"
								      : "Dead");
	cg_count(r, "Priority", i);
	cg_number(r, "Quota", 1);
	cg_text(r, "Long Poll", "N");
	cg_count(r, "Getworks", p->jobs);
	cg_count(r, "Accepted", s->accepted);
	cg_count(r, "Rejected", s->rejected);
	cg_count(r, "Works", p->jobs);
	cg_number(r, "Discarded", 0);
	cg_count(r, "Stale", s->stale);
	cg_number(r, "Get Failures", 0);
	cg_count(r, "Remote Failures", p->drops);
	cg_text(r, "User", p->user);
	cg_number(r, "Last Share Time",
		  active ? tool_last_share_ms(r->call->view, NULL) / 1000 : 0);
	cg_number(r, "Diff1 Shares", tool_whole(s->accepted_difficulty));
	cg_difficulties(r, s, s->rejected);
	cg_fixed(r, "Difficulty Stale", share_worth(s) * (double)s->stale, 8);
	cg_fixed(r, "Last Share Difficulty", 0, 8);
	cg_truth(r, "Stratum Active", active);
	cg_text(r, "Stratum URL", active ? r->rig.place : "");
	cg_number(r, "Best Share", active ? tool_whole(rig->best_difficulty) : 0);
	cg_fixed(r, "Pool Rejected%", tool_percent((double)s->rejected, sent), 4);
	cg_fixed(r, "Pool Stale%", tool_percent((double)s->stale, sent), 4);
	cg_end_row(r);
}

void cg_pools(struct cg_reply *r, const char *param)
{
	unsigned i, n = r->call->view->n_pools;

	(void)param;
	if (!n) {
		cg_status(r, 'E', CG_NO_POOLS, "No pools");
		return;
	}
	cg_status(r, 'S', CG_POOLS, "%u Pool(s)", n);
	cg_begin(r, "POOLS");
	for (i = 0; i < n; i++)
		pool_row(r, i);
	cg_end(r);
}

void cg_coin(struct cg_reply *r, const char *param)
{
	(void)param;
	cg_status(r, 'S', CG_COIN, "Adit coin");
	cg_begin(r, "COIN");
	cg_row(r, "COIN");
	cg_text(r, "Hash Method", r->rig.algo);
	cg_fixed(r, "Current Block Time", 0, 6);
	cg_text(r, "Current Block Hash", "");
	cg_truth(r, "LP", false);
	cg_fixed(r, "Network Difficulty", 0, 8);
	cg_end_row(r);
	cg_end(r);
}
