/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A full screen on the terminal. */
#include "config.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "src/keys.h"
#include "src/tui.h"
#include "src/tui_term.h"

#define TICK_MS    500
#define PARTING_MS 300 /* at the end: for a terminal that is slow to take the last bytes */
#define STRAY_MAX  1024

struct tui {
	struct tui_events events;
	void *arg;
	struct keys *keys;
	struct tui_term *term;
	struct tui_grid grid;
	struct evbuffer *out;
	struct event *tick, *soon, *winch, *writable, *stray;
	int fd;        /* the terminal, a description of our own that never blocks */
	bool active;   /* it is ours, and shows our screen */
	bool all;      /* nothing is known of what it shows */
	bool behind;   /* something was not drawn, since it took nothing */
	int pipe[2];   /* what goes to standard error; -1: left alone */
	int error_was; /* where that went */
	char line[STRAY_MAX];
	size_t line_len;
};

/* ---- bytes out ---- */

/* From the background, a write stops the process unless this waits. */
static void hold_ttou(sigset_t *before)
{
	sigset_t tty;

	sigemptyset(&tty);
	sigaddset(&tty, SIGTTOU);
	sigprocmask(SIG_BLOCK, &tty, before);
}

static void send_some(struct tui *t)
{
	sigset_t before;
	int n = 1;

	hold_ttou(&before);
	while (n > 0 && evbuffer_get_length(t->out)) /* of nothing, it would return -1 */
		n = evbuffer_write(t->out, t->fd);
	if (n < 0 && errno != EAGAIN && errno != EINTR) { /* it is gone */
		evbuffer_drain(t->out, evbuffer_get_length(t->out));
		t->active = false;
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static void draw(struct tui *t)
{
	if (!t->active)
		return;
	if (evbuffer_get_length(t->out)) {
		t->behind = true;
		return;
	}
	t->behind = false;
	tui_grid_clear(&t->grid);
	t->events.draw(t->arg, &t->grid);
	tui_term_paint(t->term, &t->grid, t->all);
	t->all = false;
	tui_term_take(t->term, t->out);
	send_some(t);
	if (evbuffer_get_length(t->out))
		event_add(t->writable, NULL);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct tui *t = arg;

	(void)fd;
	(void)what;
	send_some(t);
	if (evbuffer_get_length(t->out))
		event_add(t->writable, NULL);
	else if (t->behind)
		draw(t);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	draw(arg);
}

/* ---- the terminal comes and goes ---- */

static void fit(struct tui *t)
{
	struct winsize size = {0};
	bool known = !ioctl(t->fd, TIOCGWINSZ, &size) && size.ws_row && size.ws_col;

	if (!known)
		size = (struct winsize){.ws_row = 24, .ws_col = 80};
	if (tui_grid_size(&t->grid, size.ws_row, size.ws_col))
		return;
	tui_term_resize(t->term, t->grid.rows, t->grid.cols);
	t->all = true;
}

static void on_winch(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	fit(arg);
	draw(arg);
}

static void on_taken(void *arg)
{
	struct tui *t = arg;

	t->active = true;
	fit(t);
	draw(t);
}

/* After Ctrl-S: whoever takes flow control away starts output.  The modes are put back next. */
static void let_go_on(int fd)
{
	struct termios t;

	if (tcgetattr(fd, &t))
		return;
	t.c_iflag &= (tcflag_t)~IXON;
	tcsetattr(fd, TCSANOW, &t);
}

/* The last bytes may wait a moment, and no longer. */
static void on_left(void *arg, bool mine)
{
	struct pollfd p;
	struct tui *t = arg;

	if (!t->active)
		return;
	event_del(t->writable);
	evbuffer_drain(t->out, evbuffer_get_length(t->out));
	tui_term_leave(t->term);
	tui_term_take(t->term, t->out);
	if (mine) {
		let_go_on(t->fd);
		send_some(t);
		p = (struct pollfd){.fd = t->fd, .events = POLLOUT};
		if (evbuffer_get_length(t->out) && poll(&p, 1, PARTING_MS) > 0)
			send_some(t);
	}
	evbuffer_drain(t->out, evbuffer_get_length(t->out));
	t->active = false;
}

static void on_key(void *arg, char key)
{
	struct tui *t = arg;

	if (key == KEYS_REDRAW)
		t->all = true;
	else
		t->events.key(t->arg, key);
	event_active(t->soon, EV_TIMEOUT, 0); /* once for all that were read together */
}

/* ---- what others say ---- */

static void stray_line(struct tui *t)
{
	t->line[t->line_len] = '\0';
	if (t->line_len && t->events.stray)
		t->events.stray(t->arg, t->line);
	t->line_len = 0;
}

static void on_stray(evutil_socket_t fd, short what, void *arg)
{
	struct tui *t = arg;
	char bytes[4096];
	ssize_t n = read(fd, bytes, sizeof bytes), i;

	(void)what;
	for (i = 0; i < n; i++) {
		if (bytes[i] == '\n' || bytes[i] == '\r' || t->line_len + 1 >= sizeof t->line)
			stray_line(t);
		if (bytes[i] != '\n' && bytes[i] != '\r')
			t->line[t->line_len++] = bytes[i] ? bytes[i] : '?';
	}
}

/* Drivers and crashing children would write all over the screen. */
static int catch_stray(struct tui *t, struct event_base *base, struct err *err)
{
	if (!isatty(STDERR_FILENO))
		return 0;
	t->error_was = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (t->error_was < 0 || pipe2(t->pipe, O_CLOEXEC | O_NONBLOCK) ||
	    dup2(t->pipe[1], STDERR_FILENO) < 0)
		return err_set(err, ERR_IO, "cannot set standard error aside: %s", strerror(errno));
	t->stray = event_new(base, t->pipe[0], EV_READ | EV_PERSIST, on_stray, t);
	return t->stray && !event_add(t->stray, NULL)
		       ? 0
		       : err_set(err, ERR_NOMEM, "no memory for a screen");
}

static void release_stray(struct tui *t)
{
	if (t->stray) {
		on_stray(t->pipe[0], EV_READ, t);
		stray_line(t);
		event_free(t->stray);
	}
	if (t->error_was >= 0) {
		dup2(t->error_was, STDERR_FILENO);
		close(t->error_was);
	}
	if (t->pipe[0] >= 0) {
		close(t->pipe[0]);
		close(t->pipe[1]);
	}
}

/* ---- beginning and end ---- */

/* O_NONBLOCK belongs to a description, and the one we were given is others' too. */
static int open_terminal(struct tui *t, struct err *err)
{
	const int flags = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return err_set(err, ERR_NODEV,
			       "standard %s is no terminal: a screen needs one (use --ui plain; "
			       "'adit top': --once)",
			       isatty(STDIN_FILENO) ? "output" : "input");
	t->fd = open("/proc/self/fd/1", flags);
	if (t->fd < 0)
		t->fd = open("/dev/tty", flags);
	if (t->fd < 0)
		return err_set(err, ERR_NODEV, "cannot open the terminal: %s; use --ui plain",
			       strerror(errno));
	return 0;
}

/* What a crash has to send: what leaving sends, which is tried out before anything is shown. */
static void prepare_farewell(struct tui *t)
{
	char bytes[128];
	ev_ssize_t n;

	tui_term_paint(t->term, &t->grid, false);
	tui_term_take(t->term, t->out);
	evbuffer_drain(t->out, evbuffer_get_length(t->out));
	tui_term_leave(t->term);
	tui_term_take(t->term, t->out);
	n = evbuffer_remove(t->out, bytes, sizeof bytes);
	evbuffer_drain(t->out, evbuffer_get_length(t->out));
	keys_farewell(t->fd, bytes, n > 0 ? (size_t)n : 0, t->pipe[0], t->error_was);
}

static int add_events(struct tui *t, struct event_base *base)
{
	const struct timeval tv = {.tv_usec = TICK_MS * 1000};

	t->tick = event_new(base, -1, EV_PERSIST, on_tick, t);
	t->soon = event_new(base, -1, 0, on_tick, t);
	t->winch = evsignal_new(base, SIGWINCH, on_winch, t);
	t->writable = event_new(base, t->fd, EV_WRITE, on_writable, t);
	return !t->out || !t->tick || !t->soon || !t->winch || !t->writable ||
	       event_add(t->tick, &tv) || event_add(t->winch, NULL);
}

static int begin(struct tui *t, struct event_base *base, int colour, struct err *err)
{
	static const struct keys_events events = {
		.any = on_key, .taken = on_taken, .left = on_left, .as_is = true};
	int rc = tui_term_built() ? open_terminal(t, err) : tui_term_open(&t->term, colour, err);

	if (rc)
		return rc;
	t->out = evbuffer_new();
	if (add_events(t, base) || tui_grid_size(&t->grid, 1, 1))
		return err_set(err, ERR_NOMEM, "no memory for a screen");
	rc = tui_term_open(&t->term, colour, err);
	if (!rc)
		rc = catch_stray(t, base, err);
	if (rc)
		return rc;
	t->grid.utf8 = tui_term_utf8(t->term);
	prepare_farewell(t);
	return keys_new(&t->keys, base, STDIN_FILENO, &events, t, err);
}

int tui_new(struct tui **out, struct event_base *base, int colour, const struct tui_events *events,
	    void *arg, struct err *err)
{
	struct tui *t = calloc(1, sizeof *t);
	int rc;

	if (!t)
		return err_set(err, ERR_NOMEM, "no memory for a screen");
	t->events = *events;
	t->arg = arg;
	t->fd = t->error_was = t->pipe[0] = t->pipe[1] = -1;
	rc = begin(t, base, colour, err);
	if (rc)
		tui_free(t);
	else
		*out = t;
	return rc;
}

void tui_free(struct tui *t)
{
	struct event *events[4] = {0};
	size_t i;

	if (!t)
		return;
	keys_free(t->keys);
	release_stray(t);
	events[0] = t->tick;
	events[1] = t->soon;
	events[2] = t->winch;
	events[3] = t->writable;
	for (i = 0; i < sizeof events / sizeof events[0]; i++)
		if (events[i])
			event_free(events[i]);
	tui_term_close(t->term);
	tui_grid_done(&t->grid);
	if (t->out)
		evbuffer_free(t->out);
	if (t->fd >= 0)
		close(t->fd);
	free(t);
}
