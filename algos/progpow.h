/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ProgPoW family as one implementation: what differs between its members is a row of
 * struct progpow_params in algos/NAME.c.  Source: the ProgPoW specification (ifdefelse, EIP-1057)
 * and each coin's consensus code, as gathered in the project's notes.
 */
#ifndef ADIT_PROGPOW_H
#define ADIT_PROGPOW_H

#include "algos/algo.h"
#include "algos/dag.h"

#define PROGPOW_LANES     16
#define PROGPOW_REGS_MAX  32
#define PROGPOW_LOOPS     64
#define PROGPOW_DAG_LOADS 4
#define PROGPOW_L1_WORDS  4096 /* the first 16 KiB of the dataset; follows the light cache */
#define PROGPOW_OPS_MAX   (32 + 32 + PROGPOW_DAG_LOADS)

/* How keccak-f800 takes its input and the seed is read (algos-dag 5.2). */
enum progpow_absorb {
	ABSORB_PLAIN,  /* 0.9.2, 0.9.3, ProgPoWZ: no padding, seed read big-endian */
	ABSORB_PADDED, /* 0.9.4, FiroPoW: the words of keccak's own padding */
	ABSORB_TEXT    /* KawPoW and kin: a text of 15 letters, a word each */
};

/* A member of the family.  dag comes first: algo->params is read as either. */
struct progpow_params {
	struct dag_params dag;
	unsigned period; /* blocks a program lasts */
	unsigned regs;   /* 16 or 32 */
	unsigned cache_ops, math_ops;
	unsigned math_first; /* what a selector of 0 stands for, counted from "add"; 9 for ProgPoWZ
			      */
	enum progpow_absorb absorb;
	const char *text; /* ABSORB_TEXT: 15 letters */
};

enum progpow_kind { PROGPOW_CACHE, PROGPOW_MATH, PROGPOW_DAG };

enum progpow_math {
	MATH_ADD,
	MATH_MUL,
	MATH_MULHI,
	MATH_MIN,
	MATH_ROTL,
	MATH_ROTR,
	MATH_AND,
	MATH_OR,
	MATH_XOR,
	MATH_CLZ,
	MATH_POPCOUNT,
	MATH_KINDS
};

enum progpow_merge {
	MERGE_MULADD,  /* a * 33 + b */
	MERGE_XORMUL,  /* (a ^ b) * 33 */
	MERGE_ROTLXOR, /* rotl(a, turn) ^ b */
	MERGE_ROTRXOR  /* rotr(a, turn) ^ b */
};

/* mix[dst] = merge(mix[dst], x), where x is by kind:
 * CACHE: l1[mix[a] mod 4096]; MATH: math(mix[a], mix[b]); DAG: word a (0..3) of the row's piece. */
struct progpow_op {
	uint8_t kind, math, merge, turn; /* turn: 1..31 */
	uint8_t dst, a, b;
};

/* Write the program of this number in order; returns how many operations (<= PROGPOW_OPS_MAX). */
unsigned progpow_program(const struct progpow_params *p, uint64_t program,
			 struct progpow_op ops[PROGPOW_OPS_MAX]);

/* What an operation computes: for the reference and for tests of emitters. */
uint32_t progpow_math(const struct progpow_op *op, uint32_t a, uint32_t b);
uint32_t progpow_merge(const struct progpow_op *op, uint32_t a, uint32_t b);

/* What every member puts into its struct algo. */
int progpow_hash(const struct algo_epoch *ep, const struct work *work, uint64_t nonce,
		 struct digest *out);
void progpow_prepare(const struct algo_epoch *ep, const struct work *work, struct abi_job *out);
int progpow_plans(const struct algo *algo, const struct algo_device *dev, const uint64_t *set,
		  struct algo_plan *out, int max, struct err *err);
void progpow_cost(const struct algo *algo, const struct algo_facts *facts, const uint64_t *set,
		  const char *label, struct algo_cost *out); /* algos/dag_cost.c */
extern const struct algo_program progpow_programs;
extern const struct algo_step progpow_steps[]; /* PROGPOW_STEPS of them */
extern const char *const progpow_prebuilt_32a[],
	*const progpow_prebuilt_32b[],
		*const progpow_prebuilt_32c[],
			*const progpow_prebuilt_16c[]; /* by regs and absorb */
extern const char kernel_progpow[];
#define PROGPOW_STEPS 2 /* "dag" of kernels/dag.cl, "progpow" of kernels/progpow.cl */

/*
 * Which 256-byte rows of the dataset a hash reads, in order; rows[] has PROGPOW_LOOPS members.
 * For tests that fill only these.  0 or -ERR_xxx.
 */
int progpow_rows(const struct algo_epoch *ep, const struct work *work, uint64_t nonce,
		 uint32_t rows[PROGPOW_LOOPS]);

/* All registers before the first loop (done is 0) and after each (1..PROGPOW_LOOPS). */
typedef void progpow_seen_fn(void *arg, unsigned done,
			     const uint32_t mix[PROGPOW_LANES][PROGPOW_REGS_MAX]);

/* A hash watched on its way: for tests.  0 or -ERR_xxx. */
int progpow_trace(const struct algo_epoch *ep, const struct work *work, uint64_t nonce,
		  progpow_seen_fn *seen, void *arg);

/*
 * The hash that follows from a mix hash somebody claims, without looking at the dataset: right
 * only when the mix is.
 */
void progpow_final(const struct progpow_params *p, const struct work *work, uint64_t nonce,
		   const uint8_t mix[32], struct u256 *out);

/* What all rows have in common: a member's struct algo is its names and this. */
#define PROGPOW_MEMBERS(row, search_options, epoch_options)                                        \
 .kernel = kernel_progpow, .kernel_epoch = kernel_dag, .header_len = 40, .nonce_off = 32,          \
 .nonce_len = 8, .diff_mult = 1, .steps = progpow_steps, .n_steps = PROGPOW_STEPS,                 \
 .settings = dag_settings, .prebuilt = search_options, .prebuilt_epoch = epoch_options,            \
 .dataset = &dag_dataset, .program = &progpow_programs, .params = &(row), .hash = progpow_hash,    \
 .prepare = progpow_prepare, .plans = progpow_plans, .cost = progpow_cost

#endif
