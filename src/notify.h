/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Telling the service manager how we are: sd_notify(3)'s protocol, datagrams of VARIABLE=VALUE
 * lines to the socket named in $NOTIFY_SOCKET.  Spoken here and not through libsystemd, since the
 * one binary must also run where that is not installed, and the protocol is documented as stable
 * for this very use.  Nothing here blocks; without such a socket everything does nothing.
 */
#ifndef ADIT_NOTIFY_H
#define ADIT_NOTIFY_H

#include <stdint.h>

#include "src/err.h"

#define NOTIFY_TEXT_MAX 512 /* bytes of one datagram */

struct notify {
	int fd;              /* -1: nobody listens */
	int64_t watchdog_ms; /* $WATCHDOG_USEC when it is for this process; 0: none */
};

/*
 * From the environment, out of which the variables are taken: children must not speak for us.
 * Before threads exist.  An error (a socket that cannot be used) leaves n usable, doing nothing.
 */
int notify_open(struct notify *n, struct err *err);
void notify_close(struct notify *n);

/* 0; -ERR_BUSY: nobody reads, try again later; -ERR_IO: lost. */
int notify_ready(const struct notify *n);
int notify_status(const struct notify *n, const char *line); /* for `systemctl status` */
int notify_stopping(const struct notify *n);
int notify_reloading(const struct notify *n, int64_t now_us /* monotonic */); /* then ready */
int notify_watchdog(const struct notify *n);

#endif
