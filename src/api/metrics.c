/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Prometheus text of a snapshot.  One row of a table is one metric: its name, its help, and the
 * member it is read from.  NAN stands for "not known": there is no such sample, since a 0 in its
 * place would be a measurement.
 */
#include "src/api/metrics.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pool/url.h"
#include "src/utf8.h"

struct out {
	struct evbuffer *text;
	const struct api_view *view;
	bool failed;
};

/* What every sample of a device or a pool begins with: `device="cuda:0",pci=...`. */
#define LABELS_MAX 1024

__attribute__((format(printf, 2, 3))) static void put(struct out *o, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (evbuffer_add_vprintf(o->text, fmt, args) < 0)
		o->failed = true;
	va_end(args);
}

/*
 * Label values are UTF-8 with quotes and backslashes escaped; names come from drivers, which may
 * say anything, line ends included.
 */
static void label(char *out, size_t size, const char *name, const char *value)
{
	size_t at = strlen(out), n, i;

	if (at + strlen(name) + 16 > size) /* not with the members there are */
		return;
	at += (size_t)snprintf(out + at, size - at, "%s%s=\"", at ? "," : "", name);
	for (; *value && at + 8 < size; value += n) {
		n = utf8_char(value);
		if (!n) {
			n = 1;
			out[at++] = '?';
			continue;
		}
		if (*value == '"' || *value == '\\')
			out[at++] = '\\';
		for (i = 0; i < n; i++)
			out[at++] = value[i];
	}
	out[at++] = '"';
	out[at] = '\0';
}

static void head(struct out *o, const char *name, const char *type, const char *help)
{
	put(o, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void sample(struct out *o, const char *name, const char *labels, double value)
{
	bool whole = fabs(value) < 1e15 && value == floor(value);

	put(o, whole ? "%s%s%s%s %.0f\n" : "%s%s%s%s %.15g\n", name, *labels ? "{" : "", labels,
	    *labels ? "}" : "", value + 0.0);
}

/* ---- values: a member, or NAN ---- */

static double known(int32_t value, double unit)
{
	return value == STAT_UNKNOWN ? (double)NAN : value * unit;
}

static double positive(double value)
{
	return value > 0 ? value : (double)NAN;
}

static double median_s(double ms)
{
	return ms >= 0 ? ms / 1000 : (double)NAN;
}

/* ---- the rig ---- */

struct rig_metric {
	const char *name, *type, *help;
	double (*get)(const struct api_view *v);
};

/* M(name, type, help, expression of v) is a getter here and a row of the table below. */
#define RIG_METRICS(M)                                                                             \
 M(start_time_seconds, "gauge", "When this run began, since 1970.",                                \
   positive(v->started_ms / 1000.0))                                                               \
 M(uptime_seconds, "gauge", "How long it has run.", v->rig->uptime_ms / 1000.0)                    \
 M(paused, "gauge", "1 while mining as a whole is paused by request.", v->paused)                  \
 M(devices, "gauge", "Devices that were picked.", v->rig->n_devices)                               \
 M(rate_10s_hashes_per_second, "gauge", "Rate of all devices over 10 s.", v->rig->rate_10s)        \
 M(rate_60s_hashes_per_second, "gauge", "Rate of all devices over 60 s.", v->rig->rate_60s)        \
 M(rate_15m_hashes_per_second, "gauge", "Rate of all devices over 15 min.", v->rig->rate_15m)      \
 M(accepted_difficulty_total, "counter", "Difficulty of all shares credited.",                     \
   v->rig->shares.accepted_difficulty)                                                             \
 M(best_share_difficulty, "gauge", "Difficulty of the best share.",                                \
   positive(v->rig->best_difficulty))                                                              \
 M(blocks_total, "counter", "Shares that were blocks.", v->rig->blocks)                            \
 M(jobs_total, "counter", "Jobs taken from pools.", v->rig->jobs)                                  \
 M(block_height, "gauge", "Height being mined.", positive(v->rig->height))                         \
 M(difficulty, "gauge", "Share difficulty in force.", positive(v->rig->difficulty))                \
 M(pool_connected, "gauge", "1 while a pool gives work.", pool_connected(v))                       \
 M(answer_median_seconds, "gauge",                                                                 \
   "Median of recent times from a share sent to the pool's answer.", median_s(v->rig->latency_ms)) \
 M(job_turnaround_median_seconds, "gauge",                                                         \
   "Median of recent times from a job read to its work sent to every device.",                     \
   median_s(v->rig->turnaround_ms))                                                                \
 M(submit_median_seconds, "gauge",                                                                 \
   "Median of recent times from a result to its share sent, CPU check included.",                  \
   median_s(v->rig->submit_ms))

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

static void put_rig(struct out *o)
{
	char labels[LABELS_MAX] = "";
	double value;
	size_t i;

	label(labels, sizeof labels, "version", o->view->version);
	head(o, "adit_build_info", "gauge", "Always 1; the version is a label.");
	sample(o, "adit_build_info", labels, 1);
	labels[0] = '\0';
	label(labels, sizeof labels, "algorithm", o->view->rig->algo);
	head(o, "adit_algorithm_info", "gauge", "Always 1; the algorithm is a label.");
	sample(o, "adit_algorithm_info", labels, 1);
	for (i = 0; i < sizeof rig_metrics / sizeof *rig_metrics; i++) {
		value = rig_metrics[i].get(o->view);
		if (!isfinite(value))
			continue;
		head(o, rig_metrics[i].name, rig_metrics[i].type, rig_metrics[i].help);
		sample(o, rig_metrics[i].name, "", value);
	}
}

/* ---- shares ---- */

static void put_counts(struct out *o, const char *name, const char *begin,
		       const struct share_counts *c)
{
	const struct {
		const char *outcome;
		uint64_t n;
	} rows[] = {{"accepted", c->accepted},
		    {"rejected", c->rejected},
		    {"stale", c->stale},
		    {"invalid", c->invalid},
		    {"lost", c->lost}};
	char labels[LABELS_MAX];
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(labels, sizeof labels, "%s", begin);
		label(labels, sizeof labels, "outcome", rows[i].outcome);
		sample(o, name, labels, (double)rows[i].n);
	}
}

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

static void put_shares(struct out *o)
{
	const struct rig_stats *s = o->view->rig;
	uint64_t n[REASONS] = {0};
	uint64_t told = 0;
	char labels[LABELS_MAX];
	size_t i;

	head(o, "adit_shares_total", "counter", "Shares by what became of them.");
	put_counts(o, "adit_shares_total", "", &s->shares);
	for (i = 0; i < s->n_reasons && i < REJECT_REASONS_MAX; i++) {
		n[class_of(s->reasons[i].text)] += s->reasons[i].count;
		told += s->reasons[i].count;
	}
	/* Reasons beyond the last that are kept by their words. */
	if (s->shares.rejected > told)
		n[REASONS - 1] += s->shares.rejected - told;
	head(o, "adit_rejects_total", "counter",
	     "Shares that pools refused, by the kind of reason they gave.");
	for (i = 0; i < REASONS; i++) {
		labels[0] = '\0';
		label(labels, sizeof labels, "reason", reasons[i]);
		sample(o, "adit_rejects_total", labels, (double)n[i]);
	}
}

/* ---- devices ---- */

struct device_metric {
	const char *name, *type, *help;
	double (*get)(const struct device_stats *d, const struct device_info *info);
};

#define DEVICE_METRICS(M)                                                                          \
 M(progress_ratio, "gauge", "How much of the preparation under way is done.",                      \
   d->state == DEVICE_PREPARING ? d->permille / 1000.0 : (double)NAN)                              \
 M(rate_10s_hashes_per_second, "gauge", "Rate over 10 s.", d->rate_10s)                            \
 M(rate_60s_hashes_per_second, "gauge", "Rate over 60 s.", d->rate_60s)                            \
 M(rate_15m_hashes_per_second, "gauge", "Rate over 15 min.", d->rate_15m)                          \
 M(hashes_total, "counter", "Hashes done.", d->hashes)                                             \
 M(share_rate_hashes_per_second, "gauge", "Rate that the results found speak for.",                \
   positive(d->share_rate))                                                                        \
 M(share_rate_low_hashes_per_second, "gauge", "Lower end of its 95 % interval.",                   \
   d->share_rate > 0 ? d->share_low : (double)NAN)                                                 \
 M(share_rate_high_hashes_per_second, "gauge", "Upper end of its 95 % interval.",                  \
   d->share_rate > 0 ? d->share_high : (double)NAN)                                                \
 M(accepted_difficulty_total, "counter", "Difficulty of its shares credited.",                     \
   d->shares.accepted_difficulty)                                                                  \
 M(restarts_total, "counter", "Times its process was started again.", d->restarts)                 \
 M(temperature_celsius, "gauge", "Temperature of the core.", known(d->temperature_c, 1))           \
 M(memory_temperature_celsius, "gauge", "Temperature of the memory.", known(d->memory_c, 1))       \
 M(power_watts, "gauge", "Power drawn.", known(d->power_w, 1))                                     \
 M(power_limit_watts, "gauge", "Power limit in force.", known(d->limit_w, 1))                      \
 M(fan_ratio, "gauge", "Fan speed, 1 is full.", known(d->fan_percent, 1) / 100)                    \
 M(duty_ratio, "gauge", "Part of the time it may work; below 1 it is held back.",                  \
   positive(d->duty_permille / 1000.0))                                                            \
 M(memory_bytes, "gauge", "Memory of the device.", positive(info ? (double)info->mem_total : 0))   \
 M(max_clock_hertz, "gauge", "Highest core clock, as the driver states it.",                       \
   positive(info ? info->clock_mhz * 1e6 : 0))

#define M(name, type, help, value)                                                                 \
 static double device_##name(const struct device_stats *d, const struct device_info *info)         \
 {                                                                                                 \
  (void)d;                                                                                         \
  (void)info;                                                                                      \
  return (double)(value);                                                                          \
 }
DEVICE_METRICS(M)
#undef M

#define M(name, type, help, value) {"adit_device_" #name, type, help, device_##name},
static const struct device_metric device_metrics[] = {DEVICE_METRICS(M)};
#undef M

static void device_labels(char *out, size_t size, const struct device_stats *d)
{
	out[0] = '\0';
	label(out, size, "device", d->id);
	label(out, size, "pci", d->pci);
	label(out, size, "name", d->name);
}

static const struct device_info *info_of(const struct api_view *v, unsigned i)
{
	return v->info ? v->info[i] : NULL;
}

static void put_device_metric(struct out *o, const struct device_metric *m)
{
	const struct rig_stats *s = o->view->rig;
	char labels[LABELS_MAX];
	bool headed = false;
	double value;
	unsigned i;

	for (i = 0; i < s->n_devices; i++) {
		value = m->get(&s->devices[i], info_of(o->view, i));
		if (!isfinite(value))
			continue;
		if (!headed)
			head(o, m->name, m->type, m->help);
		headed = true;
		device_labels(labels, sizeof labels, &s->devices[i]);
		sample(o, m->name, labels, value);
	}
}

/* One sample a state, so that a graph has a line for each and no number has to be known. */
static void put_device_states(struct out *o)
{
	static const char *const words[DEVICE_STATES] = {
		[DEVICE_STARTING] = "starting", [DEVICE_PREPARING] = "preparing",
		[DEVICE_IDLE] = "idle",         [DEVICE_MINING] = "mining",
		[DEVICE_PAUSED] = "paused",     [DEVICE_RESTARTING] = "restarting",
		[DEVICE_PARKED] = "parked",     [DEVICE_STOPPING] = "stopping",
		[DEVICE_STOPPED] = "stopped",
	};
	const struct rig_stats *s = o->view->rig;
	char labels[LABELS_MAX];
	unsigned i, k;

	head(o, "adit_device_state", "gauge",
	     "1 for the state the device is in, 0 for the others.");
	for (i = 0; i < s->n_devices; i++) {
		for (k = 0; k < DEVICE_STATES; k++) {
			device_labels(labels, sizeof labels, &s->devices[i]);
			label(labels, sizeof labels, "state", words[k]);
			sample(o, "adit_device_state", labels, s->devices[i].state == k);
		}
	}
}

static void put_device_info(struct out *o)
{
	const struct rig_stats *s = o->view->rig;
	const struct device_info *info;
	char labels[LABELS_MAX];
	unsigned i;

	head(o, "adit_device_info", "gauge", "Always 1; what the device is are labels.");
	for (i = 0; i < s->n_devices; i++) {
		info = info_of(o->view, i);
		device_labels(labels, sizeof labels, &s->devices[i]);
		label(labels, sizeof labels, "backend", info ? info->backend : "");
		label(labels, sizeof labels, "vendor", info ? info->vendor : "");
		label(labels, sizeof labels, "driver", info ? info->driver : "");
		sample(o, "adit_device_info", labels, 1);
	}
}

static void put_devices(struct out *o)
{
	const struct rig_stats *s = o->view->rig;
	char labels[LABELS_MAX];
	unsigned i;

	if (!s->n_devices)
		return;
	put_device_info(o);
	put_device_states(o);
	head(o, "adit_device_shares_total", "counter",
	     "Shares of the device by what became of them.");
	for (i = 0; i < s->n_devices; i++) {
		device_labels(labels, sizeof labels, &s->devices[i]);
		put_counts(o, "adit_device_shares_total", labels, &s->devices[i].shares);
	}
	for (i = 0; i < sizeof device_metrics / sizeof *device_metrics; i++)
		put_device_metric(o, &device_metrics[i]);
}

/* ---- pools ---- */

struct pool_metric {
	const char *name, *type, *help;
	double (*get)(const struct pool_status *p);
};

#define POOL_METRICS(M)                                                                            \
 M(difficulty, "gauge", "Share difficulty it set.", positive(p->difficulty))                       \
 M(block_height, "gauge", "Height of its latest job.", positive(p->height))                        \
 M(connects_total, "counter", "Connections made.", p->connects)                                    \
 M(drops_total, "counter", "Connections lost.", p->drops)                                          \
 M(jobs_total, "counter", "Jobs it sent.", p->jobs)

#define M(name, type, help, value)                                                                 \
 static double pool_##name(const struct pool_status *p)                                            \
 {                                                                                                 \
  return (double)(value);                                                                          \
 }
POOL_METRICS(M)
#undef M

#define M(name, type, help, value) {"adit_pool_" #name, type, help, pool_##name},
static const struct pool_metric pool_metrics[] = {POOL_METRICS(M)};
#undef M

/* Scheme, host and port only: a user or a key may stand before or behind them. */
static void pool_labels(char *out, size_t size, const struct api_view *v, unsigned i)
{
	char number[16], address[320] = "";
	struct url url;

	snprintf(number, sizeof number, "%u", i);
	if (url_parse(&url, v->pools[i].url, NULL) == 0)
		snprintf(address, sizeof address, url.ipv6 ? "%s://[%s]:%u" : "%s://%s:%u",
			 url.scheme, url.host, url.port);
	out[0] = '\0';
	label(out, size, "pool", number);
	label(out, size, "url", address);
}

static void put_pool_states(struct out *o)
{
	static const char *const words[] = {
		[POOL_DISABLED] = "disabled",     [POOL_DOWN] = "down",
		[POOL_CONNECTING] = "connecting", [POOL_STANDBY] = "standby",
		[POOL_ACTIVE] = "active",
	};
	char labels[LABELS_MAX];
	unsigned i, k;

	head(o, "adit_pool_state", "gauge", "1 for the state the pool is in, 0 for the others.");
	for (i = 0; i < o->view->n_pools; i++) {
		for (k = 0; k < sizeof words / sizeof *words; k++) {
			pool_labels(labels, sizeof labels, o->view, i);
			label(labels, sizeof labels, "state", words[k]);
			sample(o, "adit_pool_state", labels, o->view->pools[i].state == k);
		}
	}
}

static void put_pool_metric(struct out *o, const struct pool_metric *m)
{
	char labels[LABELS_MAX];
	bool headed = false;
	double value;
	unsigned i;

	for (i = 0; i < o->view->n_pools; i++) {
		value = m->get(&o->view->pools[i]);
		if (!isfinite(value))
			continue;
		if (!headed)
			head(o, m->name, m->type, m->help);
		headed = true;
		pool_labels(labels, sizeof labels, o->view, i);
		sample(o, m->name, labels, value);
	}
}

static void put_pools(struct out *o)
{
	size_t i;

	if (!o->view->n_pools)
		return;
	put_pool_states(o);
	for (i = 0; i < sizeof pool_metrics / sizeof *pool_metrics; i++)
		put_pool_metric(o, &pool_metrics[i]);
}

int api_metrics(const struct api_call *call, struct evbuffer *out)
{
	struct out o = {.text = out, .view = call->view};

	put_rig(&o);
	put_shares(&o);
	put_devices(&o);
	put_pools(&o);
	return o.failed ? -ERR_NOMEM : 0;
}
