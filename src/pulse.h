/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Signs of life during long steps: a thread repeats IPC_PROGRESS every second, but only
 * for as long as the step may last, so that a driver that hangs is still noticed.
 */
#ifndef ADIT_PULSE_H
#define ADIT_PULSE_H

#include "src/engine.h"
#include "src/err.h"

struct pulse;

int pulse_start(struct pulse **out, int fd, struct err *err);
/* A step began or advanced: told at once, then repeated for limit_s seconds; 0: not repeated. */
void pulse_stage(struct pulse *p, const struct engine_stage *stage);
/* The step is over: nothing is repeated any more. */
void pulse_rest(struct pulse *p);
void pulse_stop(struct pulse *p); /* NULL is fine */

#endif
