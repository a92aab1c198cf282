/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Hot keys of a terminal.  While we are in its foreground, keys come one by one and are not shown;
 * in its background nothing is read or changed.  The terminal is put back as it was at the end, on
 * Ctrl-Z and when the program crashes (not after SIGKILL: `stty sane` cures that).  Loop thread;
 * one at a time, since signal handlers have to find it.
 */
#ifndef ADIT_KEYS_H
#define ADIT_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "src/err.h"

struct event_base;
struct keys;

/* What keys_read() tells of keys without a character. */
enum keys_named {
	KEYS_UP = 1,
	KEYS_DOWN,
	KEYS_PAGE_UP,
	KEYS_PAGE_DOWN,
	KEYS_HOME,
	KEYS_END,
	KEYS_TAB = '\t',
	KEYS_REDRAW = '\f', /* Ctrl-L */
	KEYS_ENTER = '\r'
};

/* Every callback may be NULL. */
struct keys_events {
	void (*pause_all)(void *arg);              /* p: pause or go on */
	void (*pause)(void *arg, unsigned device); /* 0-9: the same for one */
	void (*status)(void *arg);                 /* s */
	void (*quit)(void *arg);                   /* q */
	void (*debug)(void *arg);                  /* d: log more, or less again */
	void (*help)(void *arg);                   /* h or ? */
	void (*go_on)(void *arg);                  /* r: all that keys paused */

	/* For a screen of its own.  Every key there is, and none of the above is called. */
	void (*any)(void *arg, char key);
	/* Our modes are in force (again): nothing is known of what is shown.  May come twice. */
	void (*taken)(void *arg);
	/* They end.  mine: the terminal is still ours to write to. */
	void (*left)(void *arg, bool mine);
	bool as_is; /* what is written goes out unchanged (no OPOST) */
};
#define KEYS_HELP                                                                                  \
 "keys: p pause or go on, 0-9 the same for one device, s status, d debug log on or off, "          \
 "r all go on, q quit, h this"

/*
 * Listen to terminal fd (kept by the caller).  0; -ERR_NODEV: fd is no terminal, which is no
 * fault; -ERR_NOMEM; -ERR_BUSY: there is one already.
 */
int keys_new(struct keys **out, struct event_base *base, int fd, const struct keys_events *events,
	     void *arg, struct err *err);
void keys_free(struct keys *k); /* NULL is fine; puts the terminal back */

/*
 * What a crash writes to fd when it puts the terminal back, and the pipe whose rest it then copies
 * there (-1: none); neither of them may block.  error: standard error again from then on (-1: it
 * was left alone).  Copied; forgotten by keys_free().
 */
void keys_farewell(int fd, const char *bytes, size_t len, int pipe, int error);

/* Reads keys out of what a terminal sends; sequences it does not know are no keys. */
struct keys_reader {
	enum { KEYS_PLAIN, KEYS_ESCAPE, KEYS_SEQUENCE, KEYS_ONE_MORE } state;
	char digit; /* the one parameter of a sequence; 0: none, or more than that */
	bool other;
};
/* The next byte: a key in lower case, one of enum keys_named, or 0. */
char keys_read(struct keys_reader *r, unsigned char byte);

#endif
