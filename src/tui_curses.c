/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a kind of terminal wants to be sent, found by ncurses.  It writes into a file in memory,
 * so that it never waits for a terminal, and knows none: modes, size and signals are others' work.
 */
#include "config.h"

#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <term.h>
/* term.h makes macros of common words */
#undef lines
#undef columns

#include <event2/buffer.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wchar.h>

#include "src/str.h"
#include "src/tui_term.h"

#define SHARE "/../share/terminfo" /* of a bundle, next to its bin */

struct tui_term {
	FILE *out;
	SCREEN *screen;
	bool utf8;
	attr_t attr[TUI_STYLES];
};

/* ---- its kind ---- */

/* 0, or why there is none. */
static const char *look_up(int fd)
{
	const char *cup;
	int found = 0;

	if (setupterm(NULL, fd, &found) != OK)
		return found < 0 ? "there is no terminfo database" : "it is not known";
	cup = tigetstr("cup");
	if (cup == (char *)-1 || !cup) {
		del_curterm(cur_term);
		return "it cannot move its cursor";
	}
	del_curterm(cur_term);
	return NULL;
}

/* A bundle brings the usual kinds, for systems that have no database. */
static void point_to_ours(void)
{
	char path[512];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - sizeof SHARE);
	char *slash;

	if (n <= 0 || getenv("TERMINFO_DIRS"))
		return;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return;
	memcpy(slash, SHARE, sizeof SHARE);
	if (!access(path, R_OK))
		setenv("TERMINFO_DIRS", path, 1);
}

static int check_kind(int fd, struct err *err)
{
	const char *term = getenv("TERM"), *why = look_up(fd);
	char shown[40];

	if (why) {
		point_to_ours();
		why = look_up(fd);
	}
	if (!why)
		return 0;
	if (!term || !*term)
		return err_set(err, ERR_NODEV,
			       "no terminal type given: set TERM, like TERM=xterm-256color, or "
			       "use --ui plain");
	return err_set(err, ERR_NODEV,
		       "terminal type '%s' (TERM): %s; set TERM=xterm-256color, TERMINFO_DIRS to "
		       "where terminfo is, or use --ui plain",
		       str_printable(shown, sizeof shown, term, strlen(term)), why);
}

static bool wants_colour(int colour)
{
	const char *no = getenv("NO_COLOR");

	return colour >= 0 ? colour > 0 : !no || !*no;
}

static void choose_styles(struct tui_term *t, int colour)
{
	static const attr_t plain[TUI_STYLES] = {[TUI_BOLD] = A_BOLD,
						 [TUI_DIM] = A_DIM,
						 [TUI_WARN] = A_BOLD,
						 [TUI_BAD] = A_BOLD | A_UNDERLINE,
						 [TUI_HEAD] = A_REVERSE};

	memcpy(t->attr, plain, sizeof plain);
	if (!wants_colour(colour) || !has_colors() || start_color() != OK ||
	    use_default_colors() != OK)
		return;
	init_pair(1, COLOR_GREEN, -1);
	init_pair(2, COLOR_YELLOW, -1);
	init_pair(3, COLOR_RED, -1);
	t->attr[TUI_GOOD] = COLOR_PAIR(1);
	t->attr[TUI_WARN] = COLOR_PAIR(2);
	t->attr[TUI_BAD] = COLOR_PAIR(3) | A_BOLD;
}

/* ---- beginning and end ---- */

static const int signals[] = {SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
#define SIGNALS (sizeof signals / sizeof signals[0])

/* ncurses takes signals that nobody else has; here the loop wants them, or their usual effect. */
static SCREEN *without_signals(FILE *out)
{
	struct sigaction before[SIGNALS];
	SCREEN *screen;
	size_t i;

	for (i = 0; i < SIGNALS; i++)
		sigaction(signals[i], NULL, &before[i]);
	screen = newterm(NULL, out, stdin);
	for (i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &before[i], NULL);
	return screen;
}

static int begin(struct tui_term *t, int colour, struct err *err)
{
	int fd = memfd_create("screen", MFD_CLOEXEC);

	if (fd >= 0)
		t->out = fdopen(fd, "w+");
	if (!t->out) {
		if (fd >= 0)
			close(fd);
		return err_set(err, ERR_NOMEM, "no memory for a screen");
	}
	setlocale(LC_CTYPE, "");
	t->utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	if (check_kind(fd, err))
		return -ERR_NODEV;
	use_env(FALSE);
	t->screen = without_signals(t->out);
	if (!t->screen)
		return err_set(err, ERR_NODEV, "cannot set up the screen; use --ui plain");
	typeahead(-1);
	leaveok(stdscr, TRUE);
	idcok(stdscr, FALSE); /* emulators differ in what they shift */
	curs_set(0);
	choose_styles(t, colour);
	return 0;
}

bool tui_term_built(void)
{
	return true;
}

int tui_term_open(struct tui_term **out, int colour, struct err *err)
{
	struct tui_term *t = calloc(1, sizeof *t);
	int rc;

	if (!t)
		return err_set(err, ERR_NOMEM, "no memory for a screen");
	rc = begin(t, colour, err);
	if (rc)
		tui_term_close(t);
	else
		*out = t;
	return rc;
}

void tui_term_close(struct tui_term *t)
{
	if (!t)
		return;
	if (t->screen) {
		endwin();
		delscreen(t->screen);
	}
	if (t->out)
		fclose(t->out);
	free(t);
}

bool tui_term_utf8(const struct tui_term *t)
{
	return t->utf8;
}

/* ---- painting ---- */

void tui_term_resize(struct tui_term *t, unsigned rows, unsigned cols)
{
	(void)t;
	resizeterm((int)rows, (int)cols);
}

static void paint_row(const struct tui_term *t, const struct tui_cell *cells, int row,
		      unsigned cols)
{
	wchar_t run[TUI_COLS_MAX];
	unsigned col = 0, n;

	while (col < cols) {
		enum tui_style style = cells[col].style;

		for (n = 0; col + n < cols && cells[col + n].style == style; n++)
			run[n] = (wchar_t)cells[col + n].ch;
		attrset((int)t->attr[style]);
		mvaddnwstr(row, (int)col, run, (int)n);
		col += n;
	}
}

void tui_term_paint(struct tui_term *t, const struct tui_grid *g, bool all)
{
	unsigned row;

	if (all)
		clearok(curscr, TRUE);
	for (row = 0; row < g->rows; row++)
		paint_row(t, &g->cells[(size_t)row * g->cols], (int)row, g->cols);
	wnoutrefresh(stdscr);
	doupdate();
}

void tui_term_leave(struct tui_term *t)
{
	(void)t;
	endwin();
}

void tui_term_take(struct tui_term *t, struct evbuffer *out)
{
	int fd = fileno(t->out);
	char bytes[4096];
	off_t at = 0;
	ssize_t n;

	fflush(t->out);
	while ((n = pread(fd, bytes, sizeof bytes, at)) > 0) {
		evbuffer_add(out, bytes, (size_t)n);
		at += n;
	}
	if (ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET))
		return; /* a file in memory: not seen */
}
