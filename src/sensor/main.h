/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sensor process: reads and sets cards for the supervisor.  Uses Linux calls. */
#ifndef ADIT_SENSOR_MAIN_H
#define ADIT_SENSOR_MAIN_H

/*
 * Serve the supervisor at the other end of this IPC socket until it says quit or goes away, or
 * SIGTERM comes; then restore what was changed.  Returns 0, or 1 with a last word to standard
 * error.  Takes signal dispositions of the whole process.
 */
int sensor_process(int fd);

#endif
