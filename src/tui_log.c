/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The last lines of a log, for a screen. */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include "src/str.h"
#include "src/tui_log.h"

struct tui_log {
	pthread_mutex_t lock;
	uint64_t added;
	struct tui_log_line line[TUI_LOG_LINES];
};

struct tui_log *tui_log_new(void)
{
	struct tui_log *l = calloc(1, sizeof *l);

	if (l)
		pthread_mutex_init(&l->lock, NULL);
	return l;
}

void tui_log_free(struct tui_log *l)
{
	if (!l)
		return;
	pthread_mutex_destroy(&l->lock);
	free(l);
}

void tui_log_add(struct tui_log *l, enum log_level level, const char *text)
{
	struct tui_log_line *line;

	pthread_mutex_lock(&l->lock);
	line = &l->line[l->added++ % TUI_LOG_LINES];
	line->level = level;
	str_copy(line->text, sizeof line->text, text);
	pthread_mutex_unlock(&l->lock);
}

uint64_t tui_log_added(struct tui_log *l)
{
	uint64_t n;

	pthread_mutex_lock(&l->lock);
	n = l->added;
	pthread_mutex_unlock(&l->lock);
	return n;
}

unsigned tui_log_count(struct tui_log *l)
{
	uint64_t n = tui_log_added(l);

	return n < TUI_LOG_LINES ? (unsigned)n : TUI_LOG_LINES;
}

bool tui_log_get(struct tui_log *l, unsigned back, struct tui_log_line *out)
{
	bool there;

	pthread_mutex_lock(&l->lock);
	there = back < l->added && back < TUI_LOG_LINES;
	if (there)
		*out = l->line[(l->added - 1 - back) % TUI_LOG_LINES];
	pthread_mutex_unlock(&l->lock);
	return there;
}
