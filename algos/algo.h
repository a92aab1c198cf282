/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The contract of algos/NAME.c: everything the rest of the program may know
 * about an algorithm.  One `const struct algo algo_NAME` at the end of each file.
 */
#ifndef ADIT_ALGO_H
#define ADIT_ALGO_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/err.h"
#include "src/job.h"

typedef uint32_t u32;
typedef uint64_t u64;
#include "kernels/abi.h"

#define ALGO_SETTINGS_MAX 8
#define ALGO_PLANS_MAX    8

struct algo;

/*
 * Epochs are numbered as the chain numbers them.  Where a chain has numbered some twice (etchash),
 * a bit above the sixteenth tells them apart; people are shown the number alone.
 */
#define ALGO_EPOCH_SHOWN(epoch) ((unsigned)(epoch)&0xffffu)

/*
 * One epoch of an algorithm with a dataset (DAG): its sizes, a plain value that travels to
 * workers.  Two datasets are the same only when the whole struct is: never compare epochs alone
 * (etchash numbers some of them twice, sizes can be set by hand).
 */
struct algo_facts {
	uint32_t epoch;
	uint32_t cache_items;   /* of the light cache, 64 bytes each */
	uint32_t rows;          /* of the dataset, row_bytes each */
	uint32_t row_bytes;     /* 128 or 256 */
	uint64_t dataset_bytes; /* rows * row_bytes: what a device has to hold */
	uint64_t shared_bytes;  /* of algo_epoch.data */
	uint8_t seed[32];
};

/*
 * The part of an epoch that is built once on the CPU and shared by everyone who checks or
 * generates: the light cache (facts.cache_items * 64 bytes), then whatever else the
 * reference wants (ProgPoW: the first 16 KiB of the dataset).
 */
struct algo_epoch {
	const struct algo *algo;
	struct algo_facts facts;
	const uint32_t *data; /* facts.shared_bytes, aligned to 64; little-endian words */
};

/* How an algorithm's epochs and its dataset are made.  All pure, any thread. */
struct algo_dataset {
	/* The epoch of a block; -ERR_RANGE for heights no chain will reach while this program
	 * lives. */
	int (*of_height)(const struct algo *algo, uint64_t height, uint32_t *epoch,
			 struct err *err);
	/* The epoch whose seed this is; -ERR_RANGE when no epoch the program knows has it. */
	int (*of_seed)(const struct algo *algo, const uint8_t seed[32], uint32_t *epoch,
		       struct err *err);
	/* Sizes and seed.  set: values of algo->settings.  -ERR_RANGE for absurd epochs. */
	int (*facts)(const struct algo *algo, uint32_t epoch, const uint64_t *set,
		     struct algo_facts *out, struct err *err);
	/*
	 * Build the shared part into data (facts->shared_bytes, aligned to 64).  Takes seconds;
	 * looks at *stop (may be NULL) often.  0, or -ERR_STALE when stopped.
	 */
	int (*fill)(const struct algo *algo, const struct algo_facts *facts, uint32_t *data,
		    const atomic_bool *stop);
	/* 64 bytes of the dataset: node n of rows * row_bytes / 64, by the slow, certain way. */
	void (*node)(const struct algo_epoch *ep, uint32_t n, uint32_t out[16]);
	/* Settings, in set[], for a dataset of about 2 MiB: proofs and tests. */
	void (*small)(uint64_t *set);
	/* The first and last height of an epoch, for "fits until"; last UINT64_MAX: for ever. */
	void (*heights)(const struct algo *algo, uint32_t epoch, uint64_t *first, uint64_t *last);
};

/* In which language a period's program is wanted. */
enum algo_form {
	FORM_C,    /* statements for OpenCL C, CUDA C and host C, one lane a work-item */
	FORM_WIDE, /* the same for kernels that hold all lanes of a hash in one vector */
	FORM_PTX   /* instructions for the template compiled by NVRTC, see algos/progpow_ptx.c */
};

/* Programs that change with the block (ProgPoW).  Pure, any thread. */
struct algo_program {
	/* The number of the program for this height: one stays valid for a period of blocks. */
	uint64_t (*of_height)(const struct algo *algo, uint64_t height);
	/* Its text, NUL-terminated; length, or -ERR_RANGE when size is too small. */
	int (*text)(const struct algo *algo, uint64_t program, enum algo_form form, char *out,
		    size_t size);
};

#define ALGO_PROGRAM_MAX (256u << 10) /* bytes of any program's text */
#define ALGO_PARTS_MAX   4            /* buffers a dataset may be split over */

/* Facts about a device that decide how an algorithm is laid out on it. */
struct algo_device {
	uint64_t mem_free;  /* bytes */
	uint64_t mem_alloc; /* largest single buffer, bytes */
	uint32_t units;     /* compute units, SMs, cores */
	uint32_t lanes;     /* native 32-bit vector width; 1 on GPUs */
	uint32_t group_max; /* largest work-group */
	uint32_t local_max; /* bytes of local memory a work-group may have; 0: not known */
	bool cpu;           /* an OpenCL CPU device */
	bool cuda;
	uint64_t dataset_bytes; /* of the epoch it is for; 0: none */
};

/* One way to run the algorithm on a device. */
struct algo_plan {
	char options[192];          /* "-D" options in alphabetical order, for every compiler */
	char options_epoch[64];     /* the same for kernel_epoch */
	char label[48];             /* for people: "lookup gap 2" */
	uint32_t lanes;             /* nonces a work-item tries */
	uint32_t lanes_epoch;       /* nodes one of kernel_epoch makes; 0 means 1 */
	uint32_t local;             /* work-group size; 0: backend's choice */
	uint32_t local_bytes;       /* of local memory that a launch has to bring (LOCAL_BROUGHT) */
	uint64_t scratch_per_nonce; /* bytes a nonce in flight needs; count rounds up to lanes */
	uint64_t nonces_max;        /* most nonces in one batch (scratch decides); 0: no limit */
	uint64_t nonces_start;      /* a modest first batch to measure with */
	uint32_t items_per_nonce;   /* work-items that share a nonce; 0 means 1.  lanes is 1 then */
	uint32_t parts;             /* buffers the dataset is split over: 1, 2 or 4; 0 means 1 */
	enum algo_form form;        /* of the period's program */
};

enum algo_when { STEP_EPOCH, STEP_BATCH };

/* One kernel function, run in table order. */
struct algo_step {
	const char *entry;
	enum algo_when when;
};

/* A knob users may set with --set name=value. */
struct algo_setting {
	const char *name;
	uint64_t min, max, def;
	const char *help;
};

/* The same kernel compiled as host C, for tests. */
struct algo_native {
	const char *entry;
	void (*run)(const struct abi_job *job, struct abi_results *res, u32 *scratch, u32 *dataset,
		    u64 first, u32 count, u64 item);
};

/*
 * Work of one hash that no way to compute it can avoid.  Operations are on 32-bit words and each
 * one instruction on most GPUs: sums of two or three terms, logic of two or three inputs, rotations
 * and shifts, products.
 */
struct algo_cost {
	double add, logic, rotate, mul32;
	double mul64;       /* low halves of 64-bit products */
	double local;       /* words read from anywhere in a small table that all hashes share */
	double stream;      /* bytes of device memory read or written in order */
	double reads;       /* of device memory, from anywhere ... */
	uint32_t grain;     /* ... of so many bytes each: 32, 64, 128 or 256 */
	uint64_t set_bytes; /* that they go over; 0: not known */
};

struct algo {
	const char *name;         /* what users type and pools are told */
	const char *aliases;      /* space separated, or NULL */
	const char *title;        /* one line for `adit algos` */
	const char *kernel;       /* source, embedded at build time; includes already inlined */
	const char *kernel_epoch; /* source of its STEP_EPOCH entries, or NULL */

	uint16_t header_len; /* bytes hashed, nonce field included */
	uint16_t nonce_off;
	uint8_t nonce_len; /* 4 or 8 */
	bool nonce_be;     /* the field holds the nonce big-endian; default little */

	uint32_t diff_mult; /* share target = u256_diff1 * diff_mult / difficulty; 0 means 1 */

	/*
	 * Default roll order uses the extranonce only.  True when the header's version
	 * bits may be rolled (BIP 310) without changing which algorithm is meant.
	 */
	bool version_rolling;

	const struct algo_step *steps;
	uint8_t n_steps;
	const struct algo_setting *settings; /* up to ALGO_SETTINGS_MAX, ended by name NULL */
	const struct algo_native *native;    /* ended by entry NULL; lanes 1, default options */
	const char *const *prebuilt;         /* option strings to embed as PTX; NULL-ended */
	const char *const *prebuilt_epoch;   /* the same for kernel_epoch */
	const struct algo_dataset *dataset;  /* NULL: no epochs */
	const struct algo_program *program;  /* NULL: the kernel is always the same */
	const void *params;                  /* its family's constants (struct dag_params...) */

	/*
	 * The truth.  Plain C from the specification, no globals, any thread, shares no
	 * code with the kernel.  work->header has header_len bytes; the nonce field is
	 * overwritten with nonce.  ep is NULL unless the algorithm has a dataset.
	 * Returns 0 or -ERR_xxx.
	 */
	int (*hash)(const struct algo_epoch *ep, const struct work *work, uint64_t nonce,
		    struct digest *out);

	/*
	 * Fill out->words (and nothing else: the caller sets target) from the header.  ep as for
	 * hash; STEP_EPOCH kernels get what this makes of an empty work.
	 */
	void (*prepare)(const struct algo_epoch *ep, const struct work *work, struct abi_job *out);

	/*
	 * (optional) Ways to run on this device, best guess first, at most max; the
	 * worker measures them when there is more than one.  set[] holds the values of
	 * settings in table order.  Returns how many, or -ERR_MEMORY with the figures.
	 * NULL: one plan, "-DLANES=<lanes>", no scratch.
	 */
	int (*plans)(const struct algo *algo, const struct algo_device *dev, const uint64_t *set,
		     struct algo_plan *out, int max, struct err *err);

	/*
	 * (optional) What `adit bench` holds rates against; *out is zeroed.  facts: of the epoch,
	 * NULL without datasets; label: of the plan in use.  Its derivation stands there.
	 */
	void (*cost)(const struct algo *algo, const struct algo_facts *facts, const uint64_t *set,
		     const char *label, struct algo_cost *out);

	/* About where its largest chain is: what is measured when nobody names a block. */
	uint64_t height;
};

/* Every algorithm, alphabetical, ended by NULL (generated from algos/list.am). */
extern const struct algo *const algos[];

/* By name or alias, or NULL. */
const struct algo *algo_find(const char *name);

/* The name nearest to a mistyped one, or NULL when nothing is near. */
const char *algo_nearest(const char *name);

/* Share target for a pool difficulty (finite, > 0), and back for display. */
struct u256 algo_target(const struct algo *algo, double difficulty);
double algo_difficulty(const struct algo *algo, const struct u256 *hash);

/* Hashes one share at this target takes on average. */
double algo_hashes(const struct u256 *target);

/* Write nonce into the header's nonce field. */
void algo_put_nonce(const struct algo *algo, uint8_t *header, uint64_t nonce);

/*
 * Values of settings: defaults, overridden by "name=value" pairs.  out has
 * ALGO_SETTINGS_MAX members.  0, -ERR_UNKNOWN or -ERR_RANGE with the name in err.
 */
int algo_settings(const struct algo *algo, uint64_t *out, const char *const *pairs, size_t n,
		  struct err *err);

/* algo->plans, or the default plan. */
int algo_plans(const struct algo *algo, const struct algo_device *dev, const uint64_t *set,
	       struct algo_plan *out, int max, struct err *err);

/*
 * An epoch built in this process's own memory, for commands and tests: seconds for a real one.
 * set: ALGO_SETTINGS_MAX values.
 */
int algo_epoch_new(struct algo_epoch **out, const struct algo *algo, uint32_t epoch,
		   const uint64_t *set, struct err *err);

/* The same with a dataset of 2 MiB instead of the real one, of epoch 0: what proofs are made on. */
int algo_epoch_small(struct algo_epoch **out, const struct algo *algo, struct err *err);
void algo_epoch_free(struct algo_epoch *ep); /* NULL is fine */

#endif
