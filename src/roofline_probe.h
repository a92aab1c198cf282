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
	int64_t silence_ms; /* of a worker, and of one launch, before it counts as hung */
	const bool *stop;
	bool terminal; /* show what it is at */
};

/*
 * Fill in *out with what was measured until it ended; why (ERR_TEXT_MAX bytes): "" or what went
 * wrong.  Runs the loop while it waits.  0, also where there is nothing to measure and when told to
 * stop; -ERR_xxx when the device or its worker broke down.
 */
int roofline_probe(const struct roofline_probe_config *config, struct roofline *out, char *why);

#endif
