/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prometheus text of a snapshot: how its lines are written, and what comes after what. */
#include "src/api/metrics.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "src/api/metrics_parts.h"
#include "src/utf8.h"

__attribute__((format(printf, 2, 3))) static void put(struct metrics *o, const char *fmt, ...)
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
void metrics_label(char *out, size_t size, const char *name, const char *value)
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

void metrics_head(struct metrics *o, const char *name, const char *type, const char *help)
{
	put(o, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_sample(struct metrics *o, const char *name, const char *labels, double value)
{
	bool whole = fabs(value) < 1e15 && value == floor(value);

	put(o, whole ? "%s%s%s%s %.0f\n" : "%s%s%s%s %.15g\n", name, *labels ? "{" : "", labels,
	    *labels ? "}" : "", value + 0.0);
}

void metrics_histogram(struct metrics *o, const char *name, const char *help,
		       const struct histogram *h)
{
	uint64_t below = 0;
	unsigned i;

	metrics_head(o, name, "histogram", help);
	for (i = 0; i < HISTOGRAM_BOUNDS; i++) {
		below += h->n[i];
		put(o, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name, histogram_bound_ms(i) / 1000,
		    below);
	}
	put(o, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum %.15g\n%s_count %" PRIu64 "\n", name,
	    h->count, name, h->sum_ms / 1000, name, h->count);
}

void metrics_shares(struct metrics *o, const char *name, const char *begin,
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
	char labels[METRICS_LABELS];
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(labels, sizeof labels, "%s", begin);
		metrics_label(labels, sizeof labels, "outcome", rows[i].outcome);
		metrics_sample(o, name, labels, (double)rows[i].n);
	}
}

int api_metrics(const struct api_call *call, struct evbuffer *out)
{
	struct metrics o = {.text = out, .view = call->view};

	metrics_rig(&o);
	metrics_devices(&o);
	metrics_pools(&o);
	return o.failed ? -ERR_NOMEM : 0;
}
