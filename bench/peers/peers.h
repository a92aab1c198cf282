/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Another program's OpenCL or CUDA kernel, given by path, beside ours: built, fed and run through
 * the driver's plain calls on the device that our backend uses.  README.md beside this file says
 * how it is used.  A development tool: it ends the process on errors, and frees nothing.
 */
#ifndef ADIT_PEERS_H
#define ADIT_PEERS_H

#include <stdbool.h>

#include "algos/algo.h"
#include "tests/device.h"

#define PEERS_MAX    16
#define ROUNDS_MAX   99
#define FILES_MAX    32
#define GIVEN_MAX    24
#define HIT_WORDS    4096
#define HEADER_BYTES 128

/* Device memory.  Eight bytes with every driver, which are what a kernel is given. */
union room {
	void *cl;
	unsigned long long cuda;
};

/* One argument, ready for the driver. */
struct given {
	uint64_t bytes[HEADER_BYTES / 8];
	size_t len;
	char global[64]; /* a constant of this name instead of an argument, or "" */
};

struct peer {
	/* As asked for. */
	const char *name, *entry, *options, *args, *file[FILES_MAX];
	const char *write; /* its whole text to this file, or NULL */
	unsigned n_files;
	uint32_t local;  /* work-group */
	uint32_t nonces; /* a work-item tries */
	uint32_t most;   /* nonces a launch */
	uint32_t shared; /* bytes of shared memory that the launch asks for (CUDA) */
	int count_word;  /* of the hits buffer; -1: it says nothing, so it is not checked */

	void *program, *kernel; /* the driver's */
	struct given given[GIVEN_MAX];
	unsigned n_given;
	union room hits, data, job, pad;
	bool offset;  /* nonces are global ids from an offset (OpenCL) */
	bool columns; /* groups stand side by side in the second dimension */
	bool swap;    /* a nonce n stands in the header with its bytes reversed */
};

/* What all of them hash, and where. */
struct subject {
	const struct driver *driver;
	void *device; /* the driver's */
	const struct algo *algo;
	const struct algo_epoch *ep; /* or NULL */
	struct algo_plan plan;       /* ours */
	struct work work;
	union room dataset, even, odd, cache; /* made when one asks for them */
	const uint32_t *rows;                 /* the dataset in our memory */
	bool make; /* nonces are nodes of the dataset, which peers make */
};

/* What two APIs have in common.  Everything is done when a call returns. */
struct driver {
	const char *name; /* of our backend on the same devices */
	void (*open)(struct subject *s, unsigned index);
	union room (*room)(struct subject *s, size_t bytes);
	void (*put)(struct subject *s, union room room, size_t at, const void *from, size_t bytes);
	void (*get)(struct subject *s, union room room, size_t at, void *to, size_t bytes);
	/* text: len bytes and a NUL; -1: it cannot be built here, which has been said */
	int (*build)(struct subject *s, struct peer *p, const char *text, size_t len);
	/* with p->given; first: of the global ids, where p->offset */
	void (*run)(struct subject *s, struct peer *p, uint64_t first, uint64_t items);
};

extern const struct driver driver_opencl, driver_cuda;

/* p->given for a batch: give.c. */
void peer_give(struct subject *s, struct peer *p, uint64_t first, uint32_t count, uint64_t target);

/*
 * A peer's files one after another, behind the words of the period and the dataset where it uses
 * them (ADIT_...): text.c.  The caller frees it.
 */
char *peer_text(const struct subject *s, const struct peer *p, size_t *len);

/* Our kernel's own text, with the period's program in it, to a file. */
void own_text_write(const struct subject *s, const char *path);

/* -1: it cannot be built or run here, which has been said. */
int peer_build(struct subject *s, struct peer *p);
/* Try count nonces from first; returns the hits it counted. */
uint32_t peer_run(struct subject *s, struct peer *p, uint64_t first, uint32_t count,
		  uint64_t target);

/* Whether the first count nodes it made are those of the dataset; they are wiped. */
bool peer_made(struct subject *s, const struct peer *p, uint32_t count);

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

/* What is asked for: command.c. */
struct asked {
	const struct algo *algo;
	const struct driver *driver;
	unsigned device, n, rounds;
	struct peer peer[PEERS_MAX];
	uint64_t dataset_rows, height;
	uint32_t checked; /* nonces */
	uint32_t lanes;   /* of our kernel's form, or 0: the device's */
	int plan;         /* of ours; -1: the fastest */
	double seconds;
	bool make;
	const char *write_own;
};
void command_read(struct asked *a, int argc, char **argv);

#endif
