/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A compute API of about a dozen calls that knows no algorithm.  Everything
 * here runs in a worker or probe process, on its only driver thread, never in the
 * supervisor.  0 or -ERR_xxx, err filled.
 */
#ifndef ADIT_BACKEND_H
#define ADIT_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/err.h"

#define DEVICES_MAX 64

/* A plain value: travels from the probe and worker processes to the supervisor. */
struct device_info {
	char backend[16]; /* "cuda", "opencl", "cpu", "sim" */
	uint32_t index;   /* within the backend, in its own order */
	char pci[16];     /* "0000:01:00.0", or "" where the driver does not tell */
	char uuid[48];    /* or "" */
	char name[96];
	char vendor[48];
	char driver[64];    /* version of driver (and platform): part of cache keys */
	uint64_t mem_total; /* bytes */
	uint64_t mem_free;  /* bytes, as far as known, else mem_total */
	uint64_t mem_alloc; /* largest single buffer */
	uint32_t units;     /* compute units */
	uint32_t clock_mhz;
	uint32_t lanes;     /* native 32-bit vector width; 1 on GPUs */
	uint32_t group_max; /* largest work-group */
	uint32_t local_max; /* bytes of local memory a work-group may have, 0: not known */
	uint32_t cpu;       /* 1: the device is a CPU */
	uint32_t arch;      /* CUDA: 10*major+minor, e.g. 90; else 0 */
};

struct device;
struct program;
struct mem;

/* All kernels have the signature KERNEL_ARGS of kernels/platform.h. */
struct launch {
	const char *entry;
	uint64_t items;       /* work-items; the backend rounds up to local */
	uint32_t local;       /* work-group size; 0: backend's choice */
	uint32_t local_bytes; /* of the kernel's LOCAL_BROUGHT (kernels/platform.h), 0: none */
	struct mem *job, *results, *scratch, *dataset; /* NULL: a null or dummy buffer */
	struct mem *more[3];                           /* further parts of the dataset */
	uint32_t parts;                                /* of the dataset: 1, 2 or 4; 0 means 1 */
	uint64_t first;                                /* first nonce */
	uint32_t count; /* nonces in the batch; work beyond it must not report */
};

/* What build() compiles.  Everything is copied. */
struct code {
	const char *source;
	const char *options; /* "-DA=1 -DB=2" */
	/*
	 * A period's program, or NULL: body takes the place of the source's one line
	 * CODE_MARK; body_ptx (or NULL) that of the one line that begins with CODE_PTX_MARK in
	 * a template embedded as PTX, for backends that have one.  The lines around the mark
	 * give the registers fixed names, so the text goes in as it is.
	 */
	const char *body, *body_ptx;
};

#define CODE_MARK     "/* ADIT_PROGRAM */"
#define CODE_TEMPLATE " -DTEMPLATE=1"  /* added to the options of an embedded template */
#define CODE_PTX_MARK "//ADIT_PROGRAM" /* a line of its own, after white space */

struct backend {
	const char *name;    /* cuda, opencl */
	const char *library; /* what it looks for, for messages */
	const char *hint;    /* what to install when the library is absent */

	/* How many devices (at most max described); 0 when the library is absent. */
	int (*probe)(struct device_info *out, int max, struct err *err);

	/*
	 * Open the device probe() listed at this index; *info is refreshed.  cache_dir is
	 * where built kernels may be kept, or NULL.
	 */
	int (*open)(uint32_t index, const char *cache_dir, struct device **out,
		    struct device_info *info, struct err *err);
	void (*close)(struct device *dev); /* NULL is fine */

	/*
	 * Compile code (or load it from the cache, or take embedded code for the same
	 * source and options).  On -ERR_BUILD err->text has the compiler's first error and
	 * *log, if not NULL, the whole text (caller frees).  One other thread may call this,
	 * and only this, while the driver thread goes on.
	 */
	int (*build)(struct device *dev, const struct code *code, struct program **out, char **log,
		     struct err *err);
	/* NULL is fine.  The caller has waited for every batch that prog was launched for. */
	void (*discard)(struct program *prog);

	/* Bytes that mem_new() could hand out now, as far as the driver tells; else total. */
	int (*mem_left)(struct device *dev, uint64_t *bytes, struct err *err);

	/* Device memory, contents undefined.  -ERR_MEMORY when it does not fit. */
	int (*mem_new)(struct device *dev, uint64_t bytes, struct mem **out, struct err *err);
	void (*mem_free)(struct mem *mem); /* NULL is fine */

	/*
	 * All of these are queued in order and return at once.  src is copied before
	 * return; dst is valid after wait() of a later mark.
	 */
	int (*write)(struct mem *mem, uint64_t at, const void *src, size_t len, struct err *err);
	int (*read)(struct mem *mem, uint64_t at, void *dst, size_t len, struct err *err);
	int (*launch)(struct program *prog, const struct launch *l, struct err *err);

	/*
	 * mark() names the point in the queue reached so far (slot: 0..BACKEND_MARKS-1, reused
	 * after its wait) and flushes.  wait() sleeps, without spinning, until the device
	 * has passed it; *took_us is the device's own time since the previous mark, as
	 * near as the API tells.
	 */
	int (*mark)(struct device *dev, unsigned slot, struct err *err);
	int (*wait)(struct device *dev, unsigned slot, uint32_t *took_us, struct err *err);

	/*
	 * (optional) After a wait(): for how long, in microseconds of the device's clock, nothing
	 * was computed between the marks' launches: from the end of the last launch before the
	 * previous mark to the beginning of the first one after it.  BACKEND_UNKNOWN: there was
	 * none, or the clock does not tell.
	 */
	uint32_t (*idle_us)(struct device *dev);

	/*
	 * (optional) From any thread, while batches run: overwrite 4 bytes of mem at once,
	 * past the queue (abi_results.abort).  Best effort, no error.  It never lands behind a
	 * write() that begins after poke() returned.
	 */
	void (*poke)(struct device *dev, struct mem *mem, uint64_t at, uint32_t value);

	/*
	 * (optional) One line for people: with entry NULL how prog was obtained ("NVRTC 13.0"),
	 * else what that kernel needs of the device (registers, memory, occupancy).
	 */
	void (*describe)(struct program *prog, const char *entry, char *out, size_t size);
};

#define BACKEND_MARKS   4
#define BACKEND_UNKNOWN UINT32_MAX

extern const struct backend backend_cuda;
extern const struct backend backend_opencl;

/* Both, ended by NULL, in order of preference for a card that both can drive. */
extern const struct backend *const backends[];

const struct backend *backend_find(const char *name);

#endif
