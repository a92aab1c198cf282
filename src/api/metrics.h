/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The snapshot for Prometheus: GET /metrics. */
#ifndef ADIT_API_METRICS_H
#define ADIT_API_METRICS_H

#include <event2/buffer.h>

#include "src/api/api.h"

#define API_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/*
 * Append the view of call as Prometheus text (exposition format 0.0.4); doc/metrics.md lists
 * the names.  What is not known has no sample.  No user, password or word of a pool's answer
 * is in it, whatever the right, so that all that may read see the same series.  0, or
 * -ERR_NOMEM with part of the text appended.
 */
int api_metrics(const struct api_call *call, struct evbuffer *out);

#endif
