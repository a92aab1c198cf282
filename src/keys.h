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

#include "src/err.h"

struct event_base;
struct keys;

/* Every callback may be NULL. */
struct keys_events {
	void (*pause_all)(void *arg);              /* p: pause or go on */
	void (*pause)(void *arg, unsigned device); /* 0-9: the same for one */
	void (*status)(void *arg);                 /* s */
	void (*quit)(void *arg);                   /* q */
	void (*debug)(void *arg);                  /* d: log more, or less again */
	void (*help)(void *arg);                   /* h or ? */
};
#define KEYS_HELP                                                                                  \
 "keys: p pause or go on, 0-9 the same for one device, s status, d debug log on or off, "          \
 "q quit, h this"

/*
 * Listen to terminal fd (kept by the caller).  0; -ERR_NODEV: fd is no terminal, which is no
 * fault; -ERR_NOMEM; -ERR_BUSY: there is one already.
 */
int keys_new(struct keys **out, struct event_base *base, int fd, const struct keys_events *events,
	     void *arg, struct err *err);
void keys_free(struct keys *k); /* NULL is fine; puts the terminal back */

/* Reads keys out of what a terminal sends: arrows and the like are no keys of ours. */
struct keys_reader {
	enum { KEYS_PLAIN, KEYS_ESCAPE, KEYS_SEQUENCE, KEYS_ONE_MORE } state;
};
/* The next byte: a key in lower case, or 0. */
char keys_read(struct keys_reader *r, unsigned char byte);

#endif
