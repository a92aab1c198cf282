/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The last lines of a log, for a screen.  Any thread may add. */
#ifndef ADIT_TUI_LOG_H
#define ADIT_TUI_LOG_H

#include <stdbool.h>

#include "src/log.h"

#define TUI_LOG_LINES 500
#define TUI_LOG_TEXT  256

struct tui_log;
struct tui_log_line {
	enum log_level level;
	char text[TUI_LOG_TEXT];
};

struct tui_log *tui_log_new(void); /* NULL: no memory */
void tui_log_free(struct tui_log *l);
void tui_log_add(struct tui_log *l, enum log_level level, const char *text);
uint64_t tui_log_added(struct tui_log *l); /* ever */
unsigned tui_log_count(struct tui_log *l);
/* back 0: the newest.  False: there is none so old. */
bool tui_log_get(struct tui_log *l, unsigned back, struct tui_log_line *out);

#endif
