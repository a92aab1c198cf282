/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Between the files that make the text for Prometheus: metrics.c writes lines, metrics_rig.c,
 * metrics_device.c and metrics_pool.c have a table each.  One row of a table is one metric: its
 * name, its help, and the member it is read from.  NAN stands for "not known": there is no such
 * sample, since a 0 in its place would be a measurement.
 */
#ifndef ADIT_API_METRICS_PARTS_H
#define ADIT_API_METRICS_PARTS_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "src/api/api.h"

struct metrics {
	struct evbuffer *text;
	const struct api_view *view;
	bool failed;
};

/* What every sample of a device or a pool begins with: `device="cuda:0",pci=...`. */
#define METRICS_LABELS 1024

/* ---- metrics.c ---- */

/* HELP and TYPE; help may have no line end or backslash. */
void metrics_head(struct metrics *o, const char *name, const char *type, const char *help);
/* labels "" for none. */
void metrics_sample(struct metrics *o, const char *name, const char *labels, double value);
/* Append a label to out; what does not fit is cut off or left out. */
void metrics_label(char *out, size_t size, const char *name, const char *value);
/* Head and samples, in seconds. */
void metrics_histogram(struct metrics *o, const char *name, const char *help,
		       const struct histogram *h);
/* A sample for each outcome; begin: labels before it, "" for none. */
void metrics_shares(struct metrics *o, const char *name, const char *begin,
		    const struct share_counts *c);

/* ---- the tables ---- */

void metrics_rig(struct metrics *o);
void metrics_devices(struct metrics *o);
void metrics_pools(struct metrics *o);

/* ---- values: a member, or NAN ---- */

static inline double metrics_known(int32_t value, double unit)
{
	return value == STAT_UNKNOWN ? (double)NAN : value * unit;
}

static inline double metrics_positive(double value)
{
	return value > 0 ? value : (double)NAN;
}

#endif
