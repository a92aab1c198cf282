/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What searches a range of nonces inside a worker process: a GPU backend with a kernel, CPU
 * threads with the reference, or a simulation.  One thread calls; engines may have more.
 */
#ifndef ADIT_ENGINE_H
#define ADIT_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "algos/algo.h"
#include "src/err.h"
#include "src/gpu/backend.h"

#define ENGINE_SLOTS 2 /* batches in flight */

/* How an engine talks while it prepares.  Both may be called from prepare() only. */
struct engine_host {
	/*
	 * A long step began or advanced.  It may last limit_s seconds in silence before
	 * the supervisor is allowed to think it hangs.
	 */
	void (*stage)(void *arg, const char *stage, unsigned permille, unsigned limit_s);
	void (*note)(void *arg, int code, const char *text); /* a line for the log */
	void *arg;
};

struct engine_config {
	const char *backend;
	uint32_t index;
	const struct algo *algo;
	const uint64_t *set;   /* ALGO_SETTINGS_MAX values */
	const char *cache_dir; /* "" for none */
	const char *sim;       /* script, see engine_sim.c */
	uint32_t threads;      /* cpu: 0 means one a core */
	uint32_t batch_us;     /* wanted length of one batch */
	bool no_selftest;
	const struct engine_host *host;
};

/* What prepare() found out. */
struct engine_plan {
	char label[48];
	uint64_t nonces_start; /* a good first batch */
	uint64_t nonces_max;   /* never more in one batch; 0: no limit */
	uint64_t granule;      /* batches are best a multiple of this; at least 1 */
};

struct engine_result {
	uint32_t took_us; /* the device's time for this batch */
	uint32_t hits;    /* reported; more than n: overflow, search again in parts */
	uint32_t n;
	uint64_t nonce[ABI_SLOTS]; /* ascending, no duplicates */
};

struct engine; /* each kind has its own; borrowed config outlives it */

struct engine_ops {
	const char *name;
	int (*open)(struct engine **out, const struct engine_config *config,
		    struct device_info *info, struct err *err);
	/* Build, prove on known answers, measure.  -ERR_BUILD, -ERR_MEMORY, -ERR_SELFTEST.. */
	int (*prepare)(struct engine *e, struct engine_plan *out, struct err *err);
	/* Start searching [first, first + count), count >= 1, which does not wrap. */
	int (*submit)(struct engine *e, unsigned slot, const struct work *work, uint64_t first,
		      uint32_t count, struct err *err);
	/* Sleep until that batch is done.  Slots are collected in the order submitted. */
	int (*collect)(struct engine *e, unsigned slot, struct engine_result *out, struct err *err);
	void (*close)(struct engine *e); /* NULL is fine */
};

extern const struct engine_ops engine_gpu, engine_cpu, engine_sim;

/* The kind that drives "cuda", "opencl", "cpu" or "sim"; NULL for other names. */
const struct engine_ops *engine_find(const char *backend);

/* Facts about the cpu and sim devices, without opening them. */
void engine_cpu_info(struct device_info *out);
void engine_sim_info(struct device_info *out, uint32_t index);

/* Whether a script for sim devices is well formed; -ERR_PARSE naming the word. */
int engine_sim_check(const char *script, struct err *err);

#endif
