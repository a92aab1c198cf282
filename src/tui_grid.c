/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A screen as cells. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/err.h"
#include "src/tui_grid.h"
#include "src/utf8.h"

#define ELLIPSIS 0x2026

int tui_grid_size(struct tui_grid *g, unsigned rows, unsigned cols)
{
	struct tui_cell *cells;

	rows = rows > TUI_ROWS_MAX ? TUI_ROWS_MAX : rows ? rows : 1;
	cols = cols > TUI_COLS_MAX ? TUI_COLS_MAX : cols ? cols : 1;
	cells = calloc((size_t)rows * cols, sizeof *cells);
	if (!cells)
		return -ERR_NOMEM;
	free(g->cells);
	g->cells = cells;
	g->rows = rows;
	g->cols = cols;
	tui_grid_clear(g);
	return 0;
}

void tui_grid_clear(struct tui_grid *g)
{
	size_t i;

	for (i = 0; i < (size_t)g->rows * g->cols; i++)
		g->cells[i] = (struct tui_cell){.ch = ' '};
}

void tui_grid_done(struct tui_grid *g)
{
	free(g->cells);
	memset(g, 0, sizeof *g);
}

/* Letters of Latin, Greek and Cyrillic, dashes, boxes, blocks: one cell wide everywhere. */
static bool one_cell(uint32_t c)
{
	return (c >= 0xa1 && c <= 0x24f && c != 0xad) || (c >= 0x386 && c <= 0x3ff) ||
	       (c >= 0x400 && c <= 0x481) || (c >= 0x48a && c <= 0x52f) || c == 0x2013 ||
	       c == 0x2014 || c == ELLIPSIS || (c >= 0x2500 && c <= 0x259f);
}

/* The character at *text, moved past it; 0 at the end. */
static uint32_t next_char(const char **text)
{
	const unsigned char *p = (const unsigned char *)*text;
	size_t len, i;
	uint32_t c;

	if (!*p)
		return 0;
	len = utf8_char(*text);
	*text += len ? len : 1;
	if (len == 0)
		return *p == '\t' ? ' ' : '?';
	if (len == 1)
		return *p;
	c = *p & (0xffu >> (len + 1));
	for (i = 1; i < len; i++)
		c = c << 6 | (p[i] & 0x3f);
	return one_cell(c) ? c : '?';
}

unsigned tui_width(const char *text)
{
	unsigned n = 0;

	while (next_char(&text))
		n++;
	return n;
}

unsigned tui_put(struct tui_grid *g, unsigned row, unsigned col, unsigned width,
		 enum tui_style style, const char *text)
{
	struct tui_cell *at;
	unsigned n = 0;
	uint32_t c;

	if (row >= g->rows || col >= g->cols)
		return 0;
	if (width > g->cols - col)
		width = g->cols - col;
	at = &g->cells[(size_t)row * g->cols + col];
	while (n < width && (c = next_char(&text))) {
		at[n].ch = c < 0x80 || g->utf8 ? c : '?';
		at[n++].style = (uint8_t)style;
	}
	if (n && n == width && *text)
		at[n - 1].ch = g->utf8 ? ELLIPSIS : '~';
	return n;
}

unsigned tui_print(struct tui_grid *g, unsigned row, unsigned col, enum tui_style style,
		   const char *fmt, ...)
{
	char text[TUI_COLS_MAX * 4 + 1];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return tui_put(g, row, col, g->cols, style, text);
}

void tui_fill(struct tui_grid *g, unsigned row, unsigned col, unsigned width, enum tui_style style,
	      uint32_t ch)
{
	unsigned i;

	if (row >= g->rows)
		return;
	for (i = col; i < g->cols && i - col < width; i++)
		g->cells[(size_t)row * g->cols + i] =
			(struct tui_cell){.ch = ch, .style = (uint8_t)style};
}

static size_t encode(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	out[0] = (char)(0xe0 | c >> 12); /* one_cell() knows none above U+FFFF */
	out[1] = (char)(0x80 | (c >> 6 & 0x3f));
	out[2] = (char)(0x80 | (c & 0x3f));
	return 3;
}

char *tui_grid_text(const struct tui_grid *g)
{
	char *text = malloc((size_t)g->rows * (g->cols * 3 + 1) + 1), *p = text;
	unsigned row, col, end;

	if (!text)
		return NULL;
	for (row = 0; row < g->rows; row++) {
		const struct tui_cell *cells = &g->cells[(size_t)row * g->cols];

		for (end = g->cols; end > 0 && cells[end - 1].ch == ' '; end--)
			;
		for (col = 0; col < end; col++)
			p += encode(p, cells[col].ch);
		*p++ = '\n';
	}
	*p = '\0';
	return text;
}
