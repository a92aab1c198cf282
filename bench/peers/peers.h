/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Another program's OpenCL kernel, given by path, beside ours: built, fed and run through plain
 * OpenCL calls on the device that our backend uses.  README.md beside this file says how it is
 * used.  A development tool: it ends the process on errors.
 */
#ifndef ADIT_PEERS_H
#define ADIT_PEERS_H

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <stdbool.h>

#include "algos/algo.h"

#define PEERS_MAX  16
#define ROUNDS_MAX 99
#define HIT_WORDS  4096

struct peer {
	/* As asked for. */
	const char *name, *file, *entry, *options, *args;
	uint32_t local;  /* work-group */
	uint32_t nonces; /* a work-item tries */
	uint32_t most;   /* nonces a launch */
	int count_word;  /* of the hits buffer; -1: it says nothing, so it is not checked */

	cl_program program;
	cl_kernel kernel;
	cl_mem hits, data, pad;
	bool offset; /* nonces are global ids */
	bool swap;   /* a nonce n stands in the header with its bytes reversed */
};

/* What all of them hash. */
struct subject {
	const struct algo *algo;
	const struct algo_epoch *ep; /* or NULL */
	struct work work;
	cl_device_id device;
	cl_context context;
	cl_command_queue queue;
	cl_mem dataset, even, odd; /* made when one asks for them */
	const uint32_t *rows;      /* the dataset in our memory */
};

void peer_open(struct subject *s, unsigned index);
/* -1: it cannot be built or run here, which has been said. */
int peer_build(struct subject *s, struct peer *p);
/* Try count nonces from first; returns the hits it counted. */
uint32_t peer_run(struct subject *s, struct peer *p, uint64_t first, uint32_t count,
		  uint64_t target);

/* Everything that takes part in a race; run(arg, i, first, count) tries nonces. */
struct racer {
	const char *name;
	double rate[ROUNDS_MAX];
	uint32_t batch, most;
	bool out; /* wrong, or does not run: no part */
};
void race(struct racer *r, unsigned n, unsigned rounds, double seconds, bool cpu,
	  void (*run)(void *arg, unsigned i, uint64_t first, uint32_t count), void *arg);
/* A line each: rate, and first one's rate over it, median and quartiles of the rounds' ratios. */
void race_print(const struct racer *r, unsigned n, unsigned rounds, bool cpu);

#endif
