/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of what can happen, and which repeats are kept back. */
#include <string.h>

#include "src/guard/alarm.h"

static const struct {
	const char *name;
	enum alarm_severity severity;
	enum alarm_event opposite;
} events[ALARM_EVENTS] = {[ALARM_NONE] = {"none", ALARM_INFO, ALARM_NONE},
#define X(name, text, severity, opposite)                                                          \
 [ALARM_##name] = {text, ALARM_##severity, ALARM_##opposite},
			  ALARM_LIST(X)
#undef X
};

static bool known(enum alarm_event e)
{
	return (unsigned)e < ALARM_EVENTS;
}

const char *alarm_name(enum alarm_event e)
{
	return events[known(e) ? e : ALARM_NONE].name;
}

enum alarm_event alarm_find(const char *name)
{
	unsigned e;

	for (e = ALARM_NONE + 1; e < ALARM_EVENTS; e++)
		if (!strcmp(events[e].name, name))
			return (enum alarm_event)e;
	return ALARM_NONE;
}

enum alarm_severity alarm_severity(enum alarm_event e)
{
	return events[known(e) ? e : ALARM_NONE].severity;
}

enum alarm_event alarm_opposite(enum alarm_event e)
{
	return events[known(e) ? e : ALARM_NONE].opposite;
}

bool alarm_say(struct alarm_memory *m, enum alarm_event e, int64_t now_ms, int64_t quiet_ms,
	       uint32_t *held)
{
	*held = 0;
	if (!known(e) || e == ALARM_NONE)
		return false;
	m->of[e].total++;
	m->of[e].last_ms = now_ms;
	/* Kept back, and outdated now: only its count lives on, in the total. */
	if (alarm_opposite(e) != ALARM_NONE)
		m->of[alarm_opposite(e)].held = 0;
	if (m->of[e].ever && now_ms - m->of[e].said_ms < quiet_ms) {
		m->of[e].held++;
		return false;
	}
	*held = m->of[e].held;
	m->of[e].held = 0;
	m->of[e].said_ms = now_ms;
	m->of[e].ever = true;
	return true;
}

enum alarm_event alarm_due(struct alarm_memory *m, int64_t now_ms, int64_t quiet_ms, uint32_t *held)
{
	unsigned e;

	for (e = ALARM_NONE + 1; e < ALARM_EVENTS; e++) {
		if (!m->of[e].held || now_ms - m->of[e].said_ms < quiet_ms)
			continue;
		*held = m->of[e].held;
		m->of[e].held = 0;
		m->of[e].said_ms = now_ms;
		return (enum alarm_event)e;
	}
	*held = 0;
	return ALARM_NONE;
}

int64_t alarm_next(const struct alarm_memory *m, int64_t quiet_ms)
{
	int64_t next = INT64_MAX;
	unsigned e;

	for (e = ALARM_NONE + 1; e < ALARM_EVENTS; e++)
		if (m->of[e].held && m->of[e].said_ms + quiet_ms < next)
			next = m->of[e].said_ms + quiet_ms;
	return next;
}
