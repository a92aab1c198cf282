/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Metrics of the rig as a whole: rates, times, shares, events. */
#include <ctype.h>
#include <string.h>

#include "src/api/metrics_parts.h"
#include "src/guard/alarm.h"

/* ---- the rig ---- */

struct rig_metric {
	const char *name, *type, *help;
	double (*get)(const struct api_view *v);
};

/* M(name, type, help, expression of v) is a getter here and a row of the table below. */
#define RIG_METRICS(M)                                                                             \
 M(start_time_seconds, "gauge", "When this run began, since 1970.",                                \
   metrics_positive(v->started_ms / 1000.0))                                                       \
 M(uptime_seconds, "gauge", "How long it has run.", v->rig->uptime_ms / 1000.0)                    \
 M(paused, "gauge", "1 while mining as a whole is paused by request.", v->paused)                  \
 M(devices, "gauge", "Devices that were picked.", v->rig->n_devices)                               \
 M(rate_10s_hashes_per_second, "gauge", "Rate of all devices over 10 s.", v->rig->rate_10s)        \
 M(rate_60s_hashes_per_second, "gauge", "Rate of all devices over 60 s.", v->rig->rate_60s)        \
 M(rate_15m_hashes_per_second, "gauge", "Rate of all devices over 15 min.", v->rig->rate_15m)      \
 M(accepted_difficulty_total, "counter", "Difficulty of all shares credited.",                     \
   v->rig->shares.accepted_difficulty)                                                             \
 M(best_share_difficulty, "gauge", "Difficulty of the best share.",                                \
   metrics_positive(v->rig->best_difficulty))                                                      \
 M(blocks_total, "counter", "Shares that were blocks.", v->rig->blocks)                            \
 M(jobs_total, "counter", "Jobs taken from pools.", v->rig->jobs)                                  \
 M(block_height, "gauge", "Height being mined.", metrics_positive(v->rig->height))                 \
 M(difficulty, "gauge", "Share difficulty in force.", metrics_positive(v->rig->difficulty))        \
 M(api_requests_total, "counter", "Requests to the API that were shown something.", v->requests)   \
 M(api_connections, "gauge", "Connections to the API now.", v->connections)                        \
 M(pool_connected, "gauge", "1 while a pool gives work.", pool_connected(v))                       \
 M(answer_median_seconds, "gauge",                                                                 \
   "Median of recent times from a share sent to the pool's answer.", median_s(v->rig->latency_ms)) \
 M(job_turnaround_median_seconds, "gauge",                                                         \
   "Median of recent times from a job read to its work sent to every device.",                     \
   median_s(v->rig->turnaround_ms))                                                                \
 M(submit_median_seconds, "gauge",                                                                 \
   "Median of recent times from a result to its share sent, CPU check included.",                  \
   median_s(v->rig->submit_ms))

static double median_s(double ms)
{
	return ms >= 0 ? ms / 1000 : (double)NAN;
}

static double pool_connected(const struct api_view *v)
{
	unsigned i;

	for (i = 0; i < v->n_pools; i++)
		if (v->pools[i].state == POOL_ACTIVE)
			return 1;
	return 0;
}

#define M(name, type, help, value)                                                                 \
 static double rig_##name(const struct api_view *v)                                                \
 {                                                                                                 \
  return (double)(value);                                                                          \
 }
RIG_METRICS(M)
#undef M

#define M(name, type, help, value) {"adit_" #name, type, help, rig_##name},
static const struct rig_metric rig_metrics[] = {RIG_METRICS(M)};
#undef M

static void put_rig(struct metrics *o)
{
	char labels[METRICS_LABELS] = "";
	double value;
	size_t i;

	metrics_label(labels, sizeof labels, "version", o->view->version);
	metrics_head(o, "adit_build_info", "gauge", "Always 1; the version is a label.");
	metrics_sample(o, "adit_build_info", labels, 1);
	labels[0] = '\0';
	metrics_label(labels, sizeof labels, "algorithm", o->view->rig->algo);
	metrics_head(o, "adit_algorithm_info", "gauge", "Always 1; the algorithm is a label.");
	metrics_sample(o, "adit_algorithm_info", labels, 1);
	for (i = 0; i < sizeof rig_metrics / sizeof *rig_metrics; i++) {
		value = rig_metrics[i].get(o->view);
		if (!isfinite(value))
			continue;
		metrics_head(o, rig_metrics[i].name, rig_metrics[i].type, rig_metrics[i].help);
		metrics_sample(o, rig_metrics[i].name, "", value);
	}
}

/* ---- shares ---- */

/*
 * A pool's words are no label: they may hold a number that is new every time, or the name of
 * the user.  They are put into a class by a part of them, the first row that fits.
 */
static const struct {
	const char *part, *reason;
} classes[] = {
	{"duplicate", "duplicate"},
	{"already", "duplicate"},
	{"stale", "stale"},
	{"job not found", "stale"},
	{"unknown job", "stale"},
	{"unknown-work", "stale"},
	{"expired", "stale"},
	{"job id", "stale"},
	{"low diff", "low-difficulty"},
	{"low-diff", "low-difficulty"},
	{"difficulty too low", "low-difficulty"},
	{"above target", "low-difficulty"},
	{"high-hash", "low-difficulty"},
	{"unauth", "unauthorized"},
	{"not auth", "unauthorized"},
	{"banned", "unauthorized"},
	{"not subscribed", "not-subscribed"},
	{"invalid", "invalid"},
	{"malformed", "invalid"},
	{"bad", "invalid"},
};
static const char *const reasons[] = {"duplicate",      "invalid", "low-difficulty",
				      "not-subscribed", "stale",   "unauthorized",
				      "other"};
#define REASONS (sizeof reasons / sizeof *reasons)

static bool has(const char *text, const char *part)
{
	size_t i;

	for (; *text; text++) {
		for (i = 0; part[i] && tolower((unsigned char)text[i]) == part[i]; i++)
			;
		if (!part[i])
			return true;
	}
	return false;
}

static size_t class_of(const char *text)
{
	const char *reason = "other";
	size_t i;

	for (i = 0; i < sizeof classes / sizeof *classes; i++) {
		if (has(text, classes[i].part)) {
			reason = classes[i].reason;
			break;
		}
	}
	for (i = 0; i < REASONS - 1 && strcmp(reasons[i], reason); i++)
		;
	return i;
}

static void put_shares(struct metrics *o)
{
	const struct rig_stats *s = o->view->rig;
	uint64_t n[REASONS] = {0};
	uint64_t told = 0;
	char labels[METRICS_LABELS];
	size_t i;

	metrics_head(o, "adit_shares_total", "counter", "Shares by what became of them.");
	metrics_shares(o, "adit_shares_total", "", &s->shares);
	for (i = 0; i < s->n_reasons && i < REJECT_REASONS_MAX; i++) {
		n[class_of(s->reasons[i].text)] += s->reasons[i].count;
		told += s->reasons[i].count;
	}
	/* Reasons beyond the last that are kept by their words. */
	if (s->shares.rejected > told)
		n[REASONS - 1] += s->shares.rejected - told;
	metrics_head(o, "adit_rejects_total", "counter",
		     "Shares that pools refused, by the kind of reason they gave.");
	for (i = 0; i < REASONS; i++) {
		labels[0] = '\0';
		metrics_label(labels, sizeof labels, "reason", reasons[i]);
		metrics_sample(o, "adit_rejects_total", labels, (double)n[i]);
	}
}

/* ---- times and events ---- */

static void put_times(struct metrics *o)
{
	const struct rig_stats *s = o->view->rig;

	metrics_histogram(o, "adit_answer_seconds", "Times from a share sent to the pool's answer.",
			  &s->latency);
	metrics_histogram(o, "adit_job_turnaround_seconds",
			  "Times from a job read to its work sent to every device.",
			  &s->turnaround);
	metrics_histogram(o, "adit_submit_seconds",
			  "Times from a result to its share sent, CPU check included.", &s->submit);
}

/* Every name there is, from the start: an alert on an increase misses no first one. */
static void put_events(struct metrics *o)
{
	char labels[METRICS_LABELS];
	unsigned e;

	if (!o->view->alarms || o->view->n_alarms <= ALARM_NONE + 1)
		return;
	metrics_head(o, "adit_events_total", "counter",
		     "What happened to devices and rig, by its name in the log.");
	for (e = ALARM_NONE + 1; e < ALARM_EVENTS && e < o->view->n_alarms; e++) {
		labels[0] = '\0';
		metrics_label(labels, sizeof labels, "event", alarm_name((enum alarm_event)e));
		metrics_sample(o, "adit_events_total", labels, (double)o->view->alarms[e]);
	}
}

void metrics_rig(struct metrics *o)
{
	put_rig(o);
	put_times(o);
	put_shares(o);
	put_events(o);
}
