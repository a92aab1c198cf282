/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hot keys: the terminal's modes, who owns it, and its bytes. */
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "src/keys.h"

#define LOOK_S       1 /* in the background: are we back? `fg` of a job that runs sends no signal */
#define AT_ONCE      64 /* bytes read at a time */
#define FAREWELL_MAX 128

struct keys {
	struct event *readable, *stop, *go_on, *look;
	struct keys_events events;
	void *arg;
	int fd;
	struct keys_reader reader;
	struct termios found; /* as it was when it was ours for the first time */
	bool known;           /* found is */
	bool ours;            /* our modes are in force */
};

/* ---- what a crash needs ---- */

static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGQUIT, SIGSYS, SIGTRAP};
#define CRASHES (sizeof crashes / sizeof crashes[0])

/* A signal handler has no argument: this is the one place where it finds the terminal. */
static struct {
	volatile sig_atomic_t armed;
	bool taken;
	int fd;
	struct termios found;
	struct sigaction before[CRASHES];
	char farewell[FAREWELL_MAX];
	size_t farewell_len;
	int farewell_fd, pipe, error;
} rescue;

void keys_farewell(int fd, const char *bytes, size_t len, int pipe, int error)
{
	rescue.farewell_len = 0; /* a signal may come in between */
	memcpy(rescue.farewell, bytes, len < FAREWELL_MAX ? len : FAREWELL_MAX);
	rescue.farewell_fd = fd;
	rescue.pipe = pipe;
	rescue.error = error;
	rescue.farewell_len = len < FAREWELL_MAX ? len : FAREWELL_MAX;
}

/* What was said last on a screen that goes: neither read nor write may block. */
static void bid_farewell(void)
{
	char rest[512];
	ssize_t n;

	if (!rescue.farewell_len ||
	    write(rescue.farewell_fd, rescue.farewell, rescue.farewell_len) < 0)
		return;
	while (rescue.pipe >= 0 && (n = read(rescue.pipe, rest, sizeof rest)) > 0)
		if (write(rescue.farewell_fd, rest, (size_t)n) < 0)
			return;
}

/* Only what a handler may call.  Then as if we had not been there. */
static void on_crash(int signum)
{
	struct sigaction plain = {.sa_handler = SIG_DFL};
	size_t i;

	if (rescue.armed && tcgetpgrp(rescue.fd) == getpgrp()) {
		tcsetattr(rescue.fd, TCSANOW, &rescue.found);
		bid_farewell();
	}
	if (rescue.farewell_len && rescue.error >= 0)
		dup2(rescue.error, STDERR_FILENO); /* for handlers after us */
	rescue.armed = 0;
	for (i = 0; i < CRASHES; i++)
		if (crashes[i] == signum)
			plain = rescue.before[i];
	sigaction(signum, &plain, NULL);
	raise(signum);
}

static void set_rescue(bool on)
{
	struct sigaction act = {.sa_handler = on_crash};
	size_t i;

	sigemptyset(&act.sa_mask);
	sigaddset(&act.sa_mask, SIGTTOU);
	for (i = 0; i < CRASHES; i++)
		if (on)
			sigaction(crashes[i], &act, &rescue.before[i]);
		else
			sigaction(crashes[i], &rescue.before[i], NULL);
}

/* ---- the terminal ---- */

static bool in_foreground(const struct keys *k)
{
	return tcgetpgrp(k->fd) == getpgrp();
}

/* Changing or reading a terminal from its background stops the process, unless these wait. */
static void hold_tty_signals(sigset_t *before)
{
	sigset_t tty;

	sigemptyset(&tty);
	sigaddset(&tty, SIGTTOU);
	sigaddset(&tty, SIGTTIN);
	sigprocmask(SIG_BLOCK, &tty, before);
}

static bool set_modes(const struct keys *k, const struct termios *t)
{
	sigset_t before;
	int rc;

	hold_tty_signals(&before);
	rc = tcsetattr(k->fd, TCSANOW, t);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return rc == 0;
}

static void look_later(struct keys *k)
{
	const struct timeval tv = {.tv_sec = LOOK_S};

	event_del(k->readable);
	event_add(k->look, &tv);
}

/* Take the terminal if it is our turn. */
static void take(struct keys *k)
{
	struct termios t;

	if (k->ours)
		return;
	if (!in_foreground(k) || (!k->known && tcgetattr(k->fd, &k->found))) {
		look_later(k);
		return;
	}
	k->known = true;
	t = k->found;
	t.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
	if (k->events.as_is)
		t.c_oflag &= (tcflag_t)~OPOST;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	rescue.fd = k->fd;
	rescue.found = k->found;
	rescue.armed = 1;
	k->ours = set_modes(k, &t);
	rescue.armed = k->ours;
	if (!k->ours) {
		look_later(k);
		return;
	}
	event_add(k->readable, NULL);
	if (k->events.taken)
		k->events.taken(k->arg);
}

/* Somebody else has it. */
static void lose(struct keys *k)
{
	bool had = k->ours;

	k->ours = false;
	rescue.armed = 0;
	if (had && k->events.left)
		k->events.left(k->arg, false);
}

/* Put it back, unless it is somebody else's by now. */
static void leave(struct keys *k)
{
	bool mine = k->ours && in_foreground(k);

	event_del(k->readable);
	event_del(k->look);
	if (mine && k->events.left)
		k->events.left(k->arg, true);
	if (mine)
		set_modes(k, &k->found);
	else
		lose(k);
	k->ours = false;
	rescue.armed = 0;
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	take(arg);
}

/* Ctrl-Z: put the terminal back first, then do what is done without us. */
static void on_stop(evutil_socket_t fd, short what, void *arg)
{
	struct sigaction plain = {.sa_handler = SIG_DFL}, before;

	(void)fd;
	(void)what;
	leave(arg);
	sigaction(SIGTSTP, &plain, &before);
	raise(SIGTSTP);
	sigaction(SIGTSTP, &before, NULL);
	take(arg);
}

static void on_go_on(evutil_socket_t fd, short what, void *arg)
{
	struct keys *k = arg;
	bool had = k->ours;

	(void)fd;
	(void)what;
	k->ours = false; /* a shell has set modes of its own meanwhile */
	rescue.armed = 0;
	take(k);
	if (had && !k->ours && k->events.left)
		k->events.left(k->arg, false);
}

/* ---- keys ---- */

/* "ESC [ A" or "ESC O A", "ESC [ 5 ~"; nothing with more parameters, which shift keys make. */
static char named(char digit, unsigned char last)
{
	static const struct {
		char digit, last, key;
	} all[] = {{0, 'A', KEYS_UP},          {0, 'B', KEYS_DOWN},  {'5', '~', KEYS_PAGE_UP},
		   {'6', '~', KEYS_PAGE_DOWN}, {0, 'H', KEYS_HOME},  {0, 'F', KEYS_END},
		   {'1', '~', KEYS_HOME},      {'4', '~', KEYS_END}, {'7', '~', KEYS_HOME},
		   {'8', '~', KEYS_END}};
	size_t i;

	for (i = 0; i < sizeof all / sizeof all[0]; i++)
		if (all[i].digit == digit && all[i].last == (char)last)
			return all[i].key;
	return 0;
}

static char in_sequence(struct keys_reader *r, unsigned char byte)
{
	if (byte >= 0x40 && byte <= 0x7e) { /* its last byte */
		r->state = KEYS_PLAIN;
		return r->other ? 0 : named(r->digit, byte);
	}
	if (byte >= '0' && byte <= '9' && !r->digit)
		r->digit = (char)byte;
	else
		r->other = true;
	return 0;
}

char keys_read(struct keys_reader *r, unsigned char byte)
{
	switch (r->state) {
	case KEYS_ESCAPE: /* "ESC [ ..." is a sequence, "ESC O x" a key of it, "ESC x" is Alt-x */
		r->state = byte == '[' ? KEYS_SEQUENCE : byte == 'O' ? KEYS_ONE_MORE : KEYS_PLAIN;
		r->digit = 0;
		r->other = false;
		if (byte == 27)
			r->state = KEYS_ESCAPE;
		return 0;
	case KEYS_SEQUENCE:
		return in_sequence(r, byte);
	case KEYS_ONE_MORE:
		r->state = KEYS_PLAIN;
		return named(0, byte);
	default:
		break;
	}
	if (byte == 27) {
		r->state = KEYS_ESCAPE;
		return 0;
	}
	if (byte >= 'A' && byte <= 'Z')
		byte += 'a' - 'A';
	if (byte == KEYS_TAB || byte == KEYS_REDRAW || byte == KEYS_ENTER)
		return (char)byte;
	if (byte == '\n')
		return KEYS_ENTER;
	return byte > ' ' && byte < 0x7f ? (char)byte : 0;
}

static void press(struct keys *k, char key)
{
	static const struct {
		char key;
		size_t at;
	} plain[] = {{'p', offsetof(struct keys_events, pause_all)},
		     {'s', offsetof(struct keys_events, status)},
		     {'q', offsetof(struct keys_events, quit)},
		     {'d', offsetof(struct keys_events, debug)},
		     {'r', offsetof(struct keys_events, go_on)},
		     {'h', offsetof(struct keys_events, help)},
		     {'?', offsetof(struct keys_events, help)}};
	void (*fn)(void *arg) = NULL;
	size_t i;

	if (k->events.any) {
		k->events.any(k->arg, key);
		return;
	}
	if (key >= '0' && key <= '9' && k->events.pause)
		k->events.pause(k->arg, (unsigned)(key - '0'));
	for (i = 0; i < sizeof plain / sizeof plain[0]; i++)
		if (plain[i].key == key)
			memcpy(&fn, (const char *)&k->events + plain[i].at, sizeof fn);
	if (fn)
		fn(k->arg);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct keys *k = arg;
	unsigned char bytes[AT_ONCE];
	sigset_t before;
	ssize_t i, n;

	(void)what;
	if (!in_foreground(k)) {
		lose(k);
		look_later(k);
		return;
	}
	hold_tty_signals(&before);
	n = read(fd, bytes, sizeof bytes);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN && errno != EIO)) {
		event_del(k->readable); /* the terminal is gone */
		return;
	}
	if (n < 0 && errno == EIO) { /* gone, or not ours since a moment ago */
		lose(k);
		look_later(k);
	}
	for (i = 0; i < n; i++) {
		char key = keys_read(&k->reader, bytes[i]);

		if (key)
			press(k, key);
	}
}

/* ---- beginning and end ---- */

int keys_new(struct keys **out, struct event_base *base, int fd, const struct keys_events *events,
	     void *arg, struct err *err)
{
	struct keys *k;

	if (!isatty(fd))
		return err_set(err, ERR_NODEV, "standard input is no terminal: no hot keys");
	if (rescue.taken)
		return err_set(err, ERR_BUSY, "hot keys are in use already");
	k = calloc(1, sizeof *k);
	if (!k)
		return err_set(err, ERR_NOMEM, "no memory for hot keys");
	rescue.taken = true;
	set_rescue(true);
	k->fd = fd;
	k->events = *events;
	k->arg = arg;
	k->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, k);
	k->look = evtimer_new(base, on_look, k);
	k->stop = evsignal_new(base, SIGTSTP, on_stop, k);
	k->go_on = evsignal_new(base, SIGCONT, on_go_on, k);
	if (!k->readable || !k->look || !k->stop || !k->go_on || event_add(k->stop, NULL) ||
	    event_add(k->go_on, NULL)) {
		keys_free(k);
		return err_set(err, ERR_NOMEM, "no memory for hot keys");
	}
	take(k);
	*out = k;
	return 0;
}

void keys_free(struct keys *k)
{
	if (!k)
		return;
	if (k->readable && k->look)
		leave(k);
	if (k->readable)
		event_free(k->readable);
	if (k->look)
		event_free(k->look);
	if (k->stop)
		event_free(k->stop);
	if (k->go_on)
		event_free(k->go_on);
	set_rescue(false);
	rescue.farewell_len = 0;
	rescue.taken = false;
	free(k);
}
