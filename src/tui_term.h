/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a kind of terminal wants to be sent to show a grid.  Sends nothing itself: the bytes are
 * taken by the caller, who knows how to wait.  One at a time; loop thread.
 */
#ifndef ADIT_TUI_TERM_H
#define ADIT_TUI_TERM_H

#include <stdbool.h>

#include "src/err.h"
#include "src/tui_grid.h"

struct evbuffer;
struct tui_term;

bool tui_term_built(void); /* not configured --without-tui */

/*
 * For the terminal that TERM names; colour as in struct log_config.  Reads the locale.
 * -ERR_NODEV: an unknown or poor kind; -ERR_NOMEM; -ERR_UNKNOWN: built without screens.
 */
int tui_term_open(struct tui_term **out, int colour, struct err *err);
void tui_term_close(struct tui_term *t); /* NULL is fine */

bool tui_term_utf8(const struct tui_term *t);
void tui_term_resize(struct tui_term *t, unsigned rows, unsigned cols);
/* all: nothing is known of what the terminal shows. */
void tui_term_paint(struct tui_term *t, const struct tui_grid *g, bool all);
/* Back to how it was before; the next painting begins again. */
void tui_term_leave(struct tui_term *t);
/* Append what is to be sent. */
void tui_term_take(struct tui_term *t, struct evbuffer *out);

#endif
