/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a device itself can do, measured on it, and the rate that follows for an algorithm whose
 * work per hash is known.
 */
#ifndef ADIT_ROOFLINE_H
#define ADIT_ROOFLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "algos/algo.h"
#include "src/gpu/backend.h"

#define ROOF_FIGURES_MAX 64
#define ROOF_VALUE_MAX   1e18

enum roof_kind {
	ROOF_ADD, /* operations a second, as struct algo_cost counts them */
	ROOF_LOGIC,
	ROOF_ROTATE,
	ROOF_MUL32,
	ROOF_MUL64,
	ROOF_MIX,       /* adds, logic and rotations together, in equal parts */
	ROOF_LOCAL,     /* words of local memory a second, from anywhere */
	ROOF_COPY,      /* bytes a second, read and written */
	ROOF_RANDOM,    /* bytes a second, rows of grain bytes from anywhere */
	ROOF_LAUNCH,    /* seconds from a launch to its end known, nothing else to do */
	ROOF_READ_BACK, /* the same with results read */
	ROOF_QUEUED,    /* seconds a launch when many are queued */
	ROOF_KINDS
};

/* A plain value: travels from the worker. */
struct roof_figure {
	uint32_t kind;
	uint32_t grain;     /* ROOF_RANDOM */
	uint64_t set_bytes; /* ROOF_RANDOM, ROOF_COPY: of memory gone over */
	double value, mad;  /* median of several, and its spread */
	double best;        /* of them: what the device can do when nothing disturbs it */
	uint32_t n;         /* how many */
	uint32_t wrong;     /* 1: the device computed something else; value counts for nothing */
};

struct roofline {
	struct roof_figure figure[ROOF_FIGURES_MAX];
	unsigned n;
};

struct roofline_limit {
	double hps;      /* no faster, by what was measured; 0: unknown */
	const char *by;  /* what limits */
	double per_byte; /* operations a byte of device memory, for charts; 0: no memory */
	double ops;      /* operations a hash */
	double bytes;    /* of device memory a hash */
};

/* The kernels of kernels/roofline.cl, as an algorithm would have them; on no list. */
extern const struct algo roofline_kernel;

/* "add", ...; NULL past the last. */
const char *roof_word(unsigned kind);

/*
 * The figure of this kind and grain whose set is the largest not above set_bytes, or just above (by
 * an eighth of it), or NULL.
 */
const struct roof_figure *roofline_find(const struct roofline *r, unsigned kind, uint32_t grain,
					uint64_t set_bytes);

/*
 * The rate that a device with these figures cannot exceed, and why.  Resources are taken to work
 * at the same time; of the arithmetic, rotations and logic share one, and all kinds together are
 * not done faster than the best of all mixes measured.
 */
void roofline_limit(struct roofline_limit *out, const struct roofline *r,
		    const struct algo_cost *cost);

#endif
