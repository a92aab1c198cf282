/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A full screen on the terminal that standard input and output are: keys, size, stops and goes,
 * and bytes out.  A terminal that takes nothing (Ctrl-S, a hung connection) costs drawings, never
 * time.  The terminal is put back at the end, on Ctrl-Z and when the program crashes.  What
 * others write to standard error meanwhile comes as lines.  Loop thread; one at a time.
 */
#ifndef ADIT_TUI_H
#define ADIT_TUI_H

#include <stdbool.h>

#include "src/err.h"
#include "src/tui_grid.h"

struct event_base;
struct tui;

struct tui_events {
	void (*draw)(void *arg, struct tui_grid *g);
	void (*key)(void *arg, char key);           /* as keys_read() tells; a drawing follows */
	void (*stray)(void *arg, const char *line); /* any bytes; NULL: they are dropped */
};

/*
 * colour as in struct log_config.  -ERR_NODEV: there is no such terminal; -ERR_BUSY, -ERR_NOMEM,
 * -ERR_UNKNOWN (built without).  The message names the fix.
 */
int tui_new(struct tui **out, struct event_base *base, int colour, const struct tui_events *events,
	    void *arg, struct err *err);
void tui_free(struct tui *t); /* NULL is fine */

#endif
