/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The worker process: one device, one socket.  Uses Linux calls. */
#ifndef ADIT_WORKER_H
#define ADIT_WORKER_H

/*
 * Serve the supervisor at the other end of this IPC socket until it says quit or goes
 * away.  Returns the exit code.  Takes signal dispositions of the whole process.
 */
int worker_run(int fd);

#endif
