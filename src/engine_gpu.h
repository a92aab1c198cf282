/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Between the files of the engine over a compute backend: batches and plans (engine_gpu.c),
 * datasets (engine_dataset.c), programs (engine_program.c).
 */
#ifndef ADIT_ENGINE_GPU_H
#define ADIT_ENGINE_GPU_H

#include "src/engine.h"

#define GPU_CHECK_SLOT ENGINE_SLOTS /* beside those in flight: batches that check something */
#define GPU_SLOTS      (ENGINE_SLOTS + 1)
#define BUILD_LIMIT_S  300 /* compilers of some drivers take minutes */

/* Programs built for the plan in use; algorithms whose kernel never changes have one, number 0. */
#define PROGRAMS_KEPT 4

struct programs {
	struct built {
		uint64_t number, used; /* used: larger is later */
		struct program *program;
	} kept[PROGRAMS_KEPT];
	unsigned n;
	uint64_t uses;
};

struct ahead; /* a thread that builds the next program */

/* A dataset on the device. */
struct dataset {
	const struct algo_epoch *ep; /* NULL: none */
	struct mem *part[ALGO_PARTS_MAX];
	uint32_t parts;
};

struct engine {
	struct engine_config config;
	const struct backend *api;
	struct device *dev;
	struct device_info info;
	struct algo_plan plan;
	int proved; /* which of the plans it is, where datasets are concerned */
	int chosen; /* which of the plans was measured to be best, -1: not known yet */
	struct programs programs;
	struct ahead *ahead; /* NULL until needed */
	bool mining;         /* works have been searched: what is built now comes late */
	struct mem *job[GPU_SLOTS], *results[GPU_SLOTS], *scratch;
	struct abi_results host[GPU_SLOTS];
	struct algo_epoch *small_ep;       /* for proofs */
	struct dataset small, real, *data; /* data: the one that is searched; NULL: no datasets */
};

/* engine_gpu.c */
void gpu_say(struct engine *e, const struct engine_stage *stage);
void gpu_note(struct engine *e, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Every text that leaves here begins with the device, whether the backend said it or not. */
int gpu_named(const struct engine *e, int rc, struct err *err);
/* Keep the compiler's whole text where people can find it, and say where. */
void gpu_keep_log(struct engine *e, const char *log, struct err *err);

/* A batch on its own, in the slot for checks, behind whatever is in flight.  arg: the engine. */
int gpu_run_alone(void *arg, const struct work *work, uint64_t first, uint32_t count,
		  struct engine_result *out, struct err *err);

/*
 * engine_dataset.c: make ds hold this epoch's dataset as e->plan wants it, and check samples.
 * say: with progress, go_on() and notes; else quietly.  Errors as engine_ops.epoch.
 */
int gpu_dataset_make(struct engine *e, struct dataset *ds, const struct algo_epoch *ep, bool say,
		     struct engine_fit *fit, struct err *err);
void gpu_dataset_free(struct engine *e, struct dataset *ds);

/*
 * engine_program.c: the program for works of this height under e->plan, built now if it was not
 * ahead of need, in which case it is first held against the reference on e->data; starts on
 * the next one.
 */
int gpu_program(struct engine *e, uint64_t height, struct program **out, struct err *err);
void gpu_programs_drop(struct engine *e, struct programs *p); /* nothing in flight */
void gpu_ahead_stop(struct engine *e);

#endif
