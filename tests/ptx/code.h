/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the reader (read.c) makes of PTX text, and what is run (run.c). */
#ifndef PTX_CODE_H
#define PTX_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/ptx/ptx.h"

#define NO_SLOT    UINT16_MAX
#define SLOTS_MAX  16000
#define CONST_BASE 256u /* likewise */
#define NAME_SIZE  96

enum {
#define OP(code, name, types, bits, operands, result) code,
#include "tests/ptx/ops.def"
#undef OP
	OP_PACK,   /* mov.b64 d, {lo, hi} */
	OP_UNPACK, /* mov.b64 {lo, hi}, d */
	OP_LD,
	OP_ST,
	OP_ATOM_ADD, /* .global.u32 */
	OP_SHFL,     /* .sync.idx.b32 */
	OP_VOTE_ANY,
	OP_VOTE_ALL,
	OP_BALLOT,
	OP_BARRIER,
	OP_MEET, /* bar.warp.sync */
	OP_FENCE,
	OP_BRANCH,
	OP_RETURN
};

enum space { SPACE_GLOBAL, SPACE_SHARED, SPACE_CONST, SPACE_PARAM };

/* Of 32 work-items each. */
union lanes {
	uint32_t w[PTX_WARP];
	uint64_t d[PTX_WARP];
};

struct op {
	uint8_t code, space, bytes; /* bytes: of one word that is loaded or stored */
	uint8_t n;                  /* words */
	bool guard_not;
	uint16_t guard; /* NO_SLOT: always */
	uint16_t dst[4], src[5];
	int32_t offset;
	uint32_t target; /* op */
	unsigned line;
};

struct literal {
	uint16_t slot;
	uint64_t value;
};

/* One straight text of instructions with its registers. */
struct code {
	struct op *ops;
	size_t n_ops, room;
	uint8_t width[SLOTS_MAX]; /* bits of each register: 1, 32 or 64 */
	unsigned n_slots;
	struct literal *literals;
	size_t n_literals, literal_room;
	uint16_t tid, ntid, ctaid, nctaid, lane; /* special registers; NO_SLOT: not used */
};

struct param {
	char name[NAME_SIZE];
	unsigned offset, bytes;
};

struct ptx_entry {
	struct ptx_entry *next;
	const struct ptx_module *module;
	char name[NAME_SIZE];
	struct param params[16];
	unsigned n_params, threads;
	size_t shared; /* bytes, PTX_SHARED_BASE not counted */
	struct code code;
};

struct symbol {
	struct symbol *next;
	char name[NAME_SIZE];
	uint64_t at;
	const struct ptx_entry *of; /* NULL: the module's */
	bool dynamic;               /* behind all others in shared memory */
};

struct ptx_module {
	struct ptx_entry *entries;
	struct symbol *symbols;
	uint8_t *constants; /* what is at CONST_BASE */
	size_t constant_bytes;
};

/* Slots of the operands of a computing instruction, as "W_WW"; NULL: code is none. */
struct compute {
	const char *name, *types;
	unsigned bits;
	const char *operands;
};

/* Where dynamic shared memory begins, from PTX_SHARED_BASE on. */
static inline size_t ptx_dynamic_at(const struct ptx_entry *e)
{
	return (e->shared + 15) / 16 * 16;
}

extern const struct compute ptx_computes[];
extern const unsigned ptx_computes_n;

#endif
