/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A worker that measures the device itself. */
#ifndef ADIT_ROOFLINE_WORK_H
#define ADIT_ROOFLINE_WORK_H

#include "src/ipc.h"
#include "src/pulse.h"

/*
 * Measure everything and tell it on fd as it comes: IPC_HELLO, IPC_FIGURE for each, IPC_READY.
 * Ends early when nobody listens.  0 or -ERR_xxx.
 */
int roofline_work(int fd, const struct ipc_probe *probe, struct pulse *pulse, struct err *err);

#endif
