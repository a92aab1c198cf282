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

struct engine_stage {
	const char *name; /* "building kernels" */
	unsigned permille;
	unsigned left_s;  /* about; 0: unknown */
	unsigned limit_s; /* it may last so long in silence before it counts as a hang */
};

/* How an engine talks during long steps: in prepare(), epoch(), submit(). */
struct engine_host {
	void (*stage)(void *arg, const struct engine_stage *stage); /* began or advanced */
	/*
	 * Asked between the slices of epoch(): false when it is not worth going on, because
	 * the program ends or works of another epoch have come.
	 */
	bool (*go_on)(void *arg);
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
	uint64_t nonces_start;           /* a good first batch */
	uint64_t nonces_max;             /* never more in one batch; 0: no limit */
	uint64_t granule;                /* batches are best a multiple of this; at least 1 */
	uint32_t to_device, from_device; /* bytes copied for a batch */
};

struct engine_result {
	bool aborted;     /* it ended early: some of its nonces were not tried */
	uint32_t took_us; /* the device's time for this batch */
	uint32_t idle_us; /* it computed nothing for so long before; BACKEND_UNKNOWN */
	uint32_t hits;    /* reported; more than n: overflow, search again in parts */
	uint32_t n;
	uint64_t nonce[ABI_SLOTS]; /* ascending, no duplicates */
};

/* Why a dataset does not fit: bytes. */
struct engine_fit {
	uint64_t need, left;
};

struct engine; /* each kind has its own; borrowed config outlives it */

struct engine_ops {
	const char *name;
	int (*open)(struct engine **out, const struct engine_config *config,
		    struct device_info *info, struct err *err);
	/* Build, prove on known answers, measure.  -ERR_BUILD, -ERR_MEMORY, -ERR_SELFTEST.. */
	int (*prepare)(struct engine *e, struct engine_plan *out, struct err *err);
	/*
	 * Algorithms with a dataset: hold that of this epoch, whatever it takes (works name it).
	 * Nothing is in flight.  *ep stays valid until close() or until a later call has
	 * returned 0.  out is filled in anew.  -ERR_MEMORY: it does not fit, *fit says why,
	 * another epoch may; -ERR_STALE: go_on() said no; -ERR_SELFTEST: it came out wrong.
	 */
	int (*epoch)(struct engine *e, const struct algo_epoch *ep, struct engine_plan *out,
		     struct engine_fit *fit, struct err *err);
	/* Start searching [first, first + count), count >= 1, which does not wrap. */
	int (*submit)(struct engine *e, unsigned slot, const struct work *work, uint64_t first,
		      uint32_t count, struct err *err);
	/* Sleep until that batch is done.  Slots are collected in the order submitted. */
	int (*collect)(struct engine *e, unsigned slot, struct engine_result *out, struct err *err);
	/*
	 * (optional) From any thread: what is in flight is not wanted any more and may end
	 * early; it is collected as usual, with whatever it found.
	 */
	void (*abort)(struct engine *e);
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
