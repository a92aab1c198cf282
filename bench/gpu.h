/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of bench/gpu: what they share, and what each puts into the document. */
#ifndef ADIT_BENCH_GPU_H
#define ADIT_BENCH_GPU_H

#include <jansson.h>

#include "src/bench.h"
#include "tests/device.h"

#define TARGET_US 50000 /* a batch as the miner aims at */
#define BATCH_MAX (1ull << 30)

struct bench {
	struct bed bed;
	const char *vectors;
	const struct algo *only[BENCH_ALGOS_MAX]; /* to be measured; n_only 0: all */
	unsigned n_only;
	double seconds;   /* of one figure */
	bool small;       /* datasets of 2 MiB, and CPUs as if they were GPUs */
	int64_t end_us;   /* nothing is begun after it */
	json_t *left_out; /* what was not begun, in words */
};

/*
 * True, and put down in left_out in these words, when the time is up, or will be within so many
 * seconds.
 */
bool bench_late(struct bench *b, int seconds, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

void bench_failed(json_t *out, const struct err *err); /* "error": its text */

/* The plans of this device for a dataset of so many bytes (0: none); as algo_plans(). */
int bench_plans(struct bench *b, const struct algo *algo, uint64_t dataset_bytes,
		struct algo_plan plans[ALGO_PLANS_MAX], struct err *err);

/* How a program was come by, and what its kernels for that time of the day need. */
json_t *bench_code(struct bench *b, struct program *program, enum algo_when when);

/*
 * Rates of what the bed holds, two batches always queued, put into out.  *device_hps: hashes a
 * second by the device's clock; may be NULL.
 */
int bench_rate(struct bench *b, const struct work *work, json_t *out, double *device_hps,
	       struct err *err);

/* The epoch of today, or of block 0. */
enum bench_epoch { EPOCH_TODAY, EPOCH_FIRST };

/*
 * An algorithm with a dataset at one epoch; NULL when it was left out.  thorough: kernels by every
 * way to build them.
 */
json_t *bench_dataset(struct bench *b, const struct algo *algo, enum bench_epoch which,
		      bool thorough);

#endif
