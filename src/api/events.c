/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keeping the latest events. */
#include <string.h>

#include "src/api/events.h"
#include "src/str.h"

void api_events_add(struct api_events *e, const char *device, const char *name, char severity,
		    const char *text, int64_t at_ms)
{
	struct api_event *new;

	if (e->n == 2 * API_EVENTS_KEPT) {
		e->n = API_EVENTS_KEPT;
		memmove(e->kept, e->kept + API_EVENTS_KEPT, API_EVENTS_KEPT * sizeof *e->kept);
	}
	new = &e->kept[e->n++];
	memset(new, 0, sizeof *new);
	new->id = ++e->last;
	new->at_ms = at_ms;
	new->severity = severity;
	str_copy(new->device, sizeof new->device, device);
	str_copy(new->name, sizeof new->name, name);
	str_printable(new->text, sizeof new->text, text, strlen(text));
}

const struct api_event *api_events_list(const struct api_events *e, unsigned *n)
{
	*n = e->n > API_EVENTS_KEPT ? API_EVENTS_KEPT : e->n;
	return e->kept + (e->n - *n);
}
