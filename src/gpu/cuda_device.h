/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the files of the CUDA backend only. */
#ifndef ADIT_CUDA_DEVICE_H
#define ADIT_CUDA_DEVICE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "src/gpu/backend.h"
#include "src/gpu/cuda_api.h"

/*
 * Two batches are in flight as a rule, each with a write or two and one read of the
 * results; the rings hold several times that, so waiting for a place is rare.
 */
#define CUDA_SPANS       16
#define CUDA_WRITES      16
#define CUDA_WRITE_BYTES ((size_t)64 << 10)
#define CUDA_READS       16
#define CUDA_READ_BYTES  ((size_t)4 << 10)
#define CUDA_POKES       64
#define CUDA_ENTRIES     16
#define CUDA_BLOCK       128 /* threads a block where the plan leaves it to us */

/* What lies between two marks: its ends, and those of its launches, on the device's clock. */
struct cuda_span {
	CUevent start, end;
	CUevent first, last;
	bool launched; /* first and last are of this time round the ring */
};

/* Bytes on their way to the device. */
struct cuda_write {
	CUevent done;
	bool used;
};

/* Bytes on their way back: they belong to the span numbered seq. */
struct cuda_read {
	void *dst;
	size_t len;
	uint64_t seq;
	bool used;
};

struct device {
	struct cuda cu;
	CUdevice id;
	CUcontext context;
	CUstream stream;
	struct device_info info;
	char cache_dir[512];

	uint64_t seq; /* number of the span being filled; spans[seq % CUDA_SPANS] */
	bool started; /* its start has been recorded */
	bool running; /* the newest thing queued in it is a launch */
	uint32_t idle_us;
	struct cuda_span spans[CUDA_SPANS];
	struct {
		uint64_t seq;
		bool set;
	} marks[BACKEND_MARKS];

	char *write_bytes, *read_bytes; /* pinned: CUDA_WRITES and CUDA_READS places */
	struct cuda_write writes[CUDA_WRITES];
	struct cuda_read reads[CUDA_READS];
	unsigned next_write, next_read;

	/* Pokes: a queue of their own, so that they need not wait for batches.  Any thread. */
	CUstream aside;
	CUevent poke_done;    /* the newest one's */
	uint32_t *poke_words; /* pinned: CUDA_POKES places */
	atomic_uint next_poke;
	atomic_bool poked; /* since the last write */
};

struct mem {
	struct device *dev;
	CUdeviceptr at;
	uint64_t bytes;
};

struct cuda_entry {
	char name[64];
	CUfunction function;
	uint32_t threads_max;
	uint32_t block, local_bytes; /* of the latest launch; 0: none yet */
};

struct program {
	struct device *dev;
	CUmodule module;
	unsigned n;
	struct cuda_entry entries[CUDA_ENTRIES];
	char how[160];
};

/* backend.build and backend.discard */
int cuda_build(struct device *dev, const struct code *code, struct program **out, char **log,
	       struct err *err);
void cuda_discard(struct program *prog);

/* The entry of that name, looked up once.  0 or -ERR_xxx. */
int cuda_entry(struct program *prog, const char *name, struct cuda_entry **out, struct err *err);

/* Launches of e may from now on bring so much shared memory.  0 or -ERR_xxx. */
int cuda_bring(struct program *prog, struct cuda_entry *e, uint32_t bytes, struct err *err);

/* backend.describe */
void cuda_describe(struct program *prog, const char *entry, char *out, size_t size);

#endif
