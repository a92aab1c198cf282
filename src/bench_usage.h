/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a process uses of the machine, by /proc. */
#ifndef ADIT_BENCH_USAGE_H
#define ADIT_BENCH_USAGE_H

#include <stdint.h>

struct bench_usage {
	int64_t start_us;
	double start_cpu_s;                      /* < 0: unknown */
	double start_wakeups, start_preemptions; /* < 0: unknown */
	double cpu_percent;                      /* of one core, from begin to end; < 0: unknown */
	/*
	 * A second, of all its threads that live at both ends: a processor was given up to wait,
	 * or taken away.  < 0: unknown
	 */
	double wakeups, preemptions;
	uint64_t memory_bytes; /* most it ever had in memory; 0: unknown */
};

void bench_usage_begin(struct bench_usage *u, int pid);
void bench_usage_end(struct bench_usage *u, int pid);

#endif
