/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Built without screens (configure --without-tui). */
#include "src/tui_term.h"

bool tui_term_built(void)
{
	return false;
}

int tui_term_open(struct tui_term **out, int colour, struct err *err)
{
	(void)out;
	(void)colour;
	return err_set(err, ERR_UNKNOWN,
		       "this adit was built without screens (configure --without-tui): leave out "
		       "--ui tui, or use --once");
}

void tui_term_close(struct tui_term *t)
{
	(void)t;
}

bool tui_term_utf8(const struct tui_term *t)
{
	(void)t;
	return false;
}

void tui_term_resize(struct tui_term *t, unsigned rows, unsigned cols)
{
	(void)t;
	(void)rows;
	(void)cols;
}

void tui_term_paint(struct tui_term *t, const struct tui_grid *g, bool all)
{
	(void)t;
	(void)g;
	(void)all;
}

void tui_term_leave(struct tui_term *t)
{
	(void)t;
}

void tui_term_take(struct tui_term *t, struct evbuffer *out)
{
	(void)t;
	(void)out;
}
