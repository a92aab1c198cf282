/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Measuring what a device itself can do, in a worker process. */
#ifndef ADIT_ROOFLINE_PROBE_H
#define ADIT_ROOFLINE_PROBE_H

#include "src/roofline.h"

struct event_base;

struct roofline_probe_config {
	struct event_base *base;
	const struct device_info *info;
	const char *cache_dir;
	int64_t silence_ms;
	const bool *stop;
	bool terminal; /* show what it is at */
};

/*
 * Fill in *out with what was measured until it ended; why (ERR_TEXT_MAX bytes): "" or what went
 * wrong.  -ERR_NOMEM.  Runs the loop while it waits.
 */
int roofline_probe(const struct roofline_probe_config *config, struct roofline *out, char *why,
		   struct err *err);

#endif
