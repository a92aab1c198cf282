/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The latest events, in one piece for struct api_view.  Pure. */
#ifndef ADIT_API_EVENTS_H
#define ADIT_API_EVENTS_H

#include "src/api/api.h"

/* Zero it to begin. */
struct api_events {
	struct api_event kept[2 * API_EVENTS_KEPT]; /* half of it is moved when it is full */
	unsigned n;
	uint64_t last; /* id */
};

/* Long texts are cut, control characters and what is not ASCII become '?'. */
void api_events_add(struct api_events *e, const char *device, const char *name, char severity,
		    const char *text, int64_t at_ms);
/* The latest API_EVENTS_KEPT at most, oldest first; valid until the next one is added. */
const struct api_event *api_events_list(const struct api_events *e, unsigned *n);

#endif
