/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One algorithm measured on one device: a real worker process that first has to find what was
 * planted, is warmed up until its rate is steady, then searches for the clock, and has to find
 * what was planted again.  Every find is held against the reference.
 */
#ifndef ADIT_BENCH_RUN_H
#define ADIT_BENCH_RUN_H

#include "src/bench.h"
#include "src/ipc.h"

struct epoch;
struct event_base;
struct tune_power;

/* What it is at. */
struct bench_progress {
	const char *stage;
	unsigned permille; /* of a stage with a known end, else 0 */
	unsigned window;   /* 1 .. repeat while measuring, else 0 */
	double rate;       /* of the last one; 0: none yet */
	double left_s;     /* of this run, about */
};

struct bench_run_config {
	struct event_base *base;
	const struct device_info *info;
	const struct algo *algo;
	struct epoch *epoch;      /* borrowed; NULL: the algorithm has none */
	uint64_t height;          /* 0: the first of the epoch */
	struct ipc_open open;     /* all but backend and index */
	struct tune_power *power; /* NULL: nothing is known of its power */
	unsigned device;          /* there */
	double seconds;
	unsigned repeat;
	int64_t silence_ms; /* of the worker before it counts as hung */
	const bool *stop;   /* ends every wait */
	void (*progress)(void *arg, const struct bench_progress *p);
	void *arg;
};

/* What is not known before a run: everything but whose it is. */
void bench_run_none(struct bench_result *out);

/* Seconds that a run takes beside preparing, about. */
double bench_run_seconds(const struct bench_run_config *config);

/*
 * Fill in *out, whose algo, device, epoch and height are the caller's: state says how it went.
 * -ERR_NOMEM.  Runs the loop while it waits.
 */
int bench_run(const struct bench_run_config *config, struct bench_result *out, struct err *err);

#endif
