/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Starting this program again, or a shell, as a child.  Uses Linux calls (/proc/self/exe). */
#ifndef ADIT_SPAWN_H
#define ADIT_SPAWN_H

#include "src/err.h"

/*
 * Start this program with argv (argv[0] included, NULL-ended); child_fd becomes
 * descriptor as_fd there, and standard input is empty.  Signals start out default and
 * unblocked.  0 with *pid, or -ERR_IO.
 */
int spawn_self(const char *const *argv, int child_fd, int as_fd, int *pid, struct err *err);

/*
 * Start `/bin/sh -c command` with this environment and nothing else of ours: a process group of
 * its own (whose number is *pid), empty standard input, our standard error for both outputs, no
 * other descriptor.  0 with *pid, or -ERR_IO.
 */
int spawn_shell(const char *command, char *const *env, int *pid, struct err *err);

/*
 * Collect a child: waits grace_ms for its end, then kills it and waits a little more.
 * Its status as from waitpid(), or 0 for one that its driver holds: that is left behind.
 */
int spawn_reap(int pid, int grace_ms);

#endif
