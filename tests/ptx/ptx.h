/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs the PTX that NVRTC makes of our kernels, on the CPU: so that tests see what the CUDA form of
 * a kernel computes where there is no card.  Integer instructions, one dimension, no calls, no
 * local memory, no floating point; what is not understood is an error, never a guess.  Semantics
 * are those of NVIDIA's "Parallel Thread Execution ISA".
 *
 * 32 work-items go together as on a card: where they part, those furthest behind in the text run
 * first, so that they meet again.  A card would answer these with silence, garbage or a lost
 * context; here they are errors with the line of the text: a shuffle or barrier that
 * not all work-items of the warp reach together, a register that was never set, an address outside
 * of what was allocated, or not aligned.
 */
#ifndef PTX_H
#define PTX_H

#include <stddef.h>
#include <stdint.h>

#define PTX_WARP        32
#define PTX_SHARED_BASE 64u /* first address in shared memory: anything but 0 */

struct ptx_module;
struct ptx_entry;

/* Read text (NUL at its end).  0, or -1 with the complaint and its line in why. */
int ptx_module_new(struct ptx_module **out, const char *text, char *why, size_t size);
void ptx_module_free(struct ptx_module *m); /* NULL is fine */

/* The entry of that name, or NULL.  It lives as long as its module. */
const struct ptx_entry *ptx_module_entry(const struct ptx_module *m, const char *name);

unsigned ptx_entry_threads(const struct ptx_entry *e); /* most in a group, by .maxntid */
size_t ptx_entry_shared(const struct ptx_entry *e);    /* bytes of shared memory it declares */

/* What was run, counted: instructions by kind, of every lane that took part. */
enum ptx_kind {
	PTX_ADD,    /* sums, differences */
	PTX_LOGIC,  /* of two or three inputs */
	PTX_TURN,   /* shifts, rotations, fields, bytes */
	PTX_MUL32,  /* 32-bit products, with a sum or not */
	PTX_MUL64,  /* of 64 bits or with 64-bit results */
	PTX_CHOOSE, /* comparisons, choices, minima */
	PTX_BITS,   /* counts of bits */
	PTX_MOVE,   /* copies, conversions */
	PTX_CONST,  /* loads of constants and parameters */
	PTX_SHARED, /* loads and stores of shared memory */
	PTX_GLOBAL, /* loads, stores and atomics of global memory */
	PTX_LANES,  /* shuffles, votes */
	PTX_FLOW,   /* branches, barriers */
	PTX_KINDS
};

struct ptx_counts {
	uint64_t kinds[PTX_KINDS]; /* instructions times lanes */
	uint64_t steps, lanes;     /* instructions of warps; lanes that took part in them */
	/* Of shared memory: accesses of warps, and how often each had to be repeated for its 32
	 * banks of 4 bytes, once at least. */
	uint64_t shared, passes;
	uint64_t global, sectors; /* accesses of warps; 32-byte pieces that each touched */
};

/*
 * Where is the allocation that has bytes bytes at address at?  0 with its first and one past its
 * last address in ends, or -1.
 */
typedef int ptx_memory_fn(void *arg, uint64_t at, size_t bytes, uint64_t ends[2]);

struct ptx_grid {
	unsigned blocks, threads; /* groups, work-items of each */
	size_t dynamic_shared;    /* bytes of .extern .shared */
	const void *shared;       /* what they are at first, in every group; NULL: anything */
	const uint64_t *args;     /* the entry's parameters, low bytes first */
	unsigned n_args;
	ptx_memory_fn *memory;
	void *arg;
	struct ptx_counts *counts; /* added to; NULL: nobody wants them */
};

/* Run all of it, group after group.  0, or -1 with the complaint in why. */
int ptx_run(const struct ptx_entry *e, const struct ptx_grid *grid, char *why, size_t size);

#endif
