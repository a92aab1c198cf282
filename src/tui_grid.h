/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A screen as cells: what pages are drawn into, before a terminal or a test sees it.  Pure.  Text
 * from anywhere may be put: control characters and what may not fit one cell become '?', and what
 * is too long is cut.
 */
#ifndef ADIT_TUI_GRID_H
#define ADIT_TUI_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Terminals claim any size; larger ones stay blank at right and below. */
#define TUI_ROWS_MAX 300
#define TUI_COLS_MAX 500

enum tui_style {
	TUI_PLAIN,
	TUI_BOLD,
	TUI_DIM,
	TUI_GOOD,
	TUI_WARN,
	TUI_BAD,
	TUI_HEAD, /* a bar */
	TUI_STYLES
};

struct tui_cell {
	uint32_t ch; /* one cell wide */
	uint8_t style;
};

struct tui_grid {
	unsigned rows, cols;
	bool utf8; /* may hold more than ASCII */
	struct tui_cell *cells;
};

/* Make it that large, and blank.  0 or -ERR_NOMEM (then it is as it was). */
int tui_grid_size(struct tui_grid *g, unsigned rows, unsigned cols);
void tui_grid_clear(struct tui_grid *g);
void tui_grid_done(struct tui_grid *g);

/* Text in at most width cells; the mark of a cut is the last of them.  Returns cells used. */
unsigned tui_put(struct tui_grid *g, unsigned row, unsigned col, unsigned width,
		 enum tui_style style, const char *text);
/* The same up to the right edge. */
unsigned tui_print(struct tui_grid *g, unsigned row, unsigned col, enum tui_style style,
		   const char *fmt, ...) __attribute__((format(printf, 5, 6)));
void tui_fill(struct tui_grid *g, unsigned row, unsigned col, unsigned width, enum tui_style style,
	      uint32_t ch);
/* Cells that text takes. */
unsigned tui_width(const char *text);

/* UTF-8 lines without blanks at their ends, to be freed; NULL: no memory. */
char *tui_grid_text(const struct tui_grid *g);

#endif
