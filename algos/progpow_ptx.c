/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A period's program as PTX, for rigs that have no compiler but the driver's: it goes into the
 * template that NVRTC made of kernels/progpow.cl when this program was built.  Registers named by
 * the template (PROGRAM_TEMPLATE of kernels/platform.h): m0.. the mix, d0..d3 this lane's piece of
 * the row, l1 the address of the cache in shared memory, of whose words one in l1s bytes is this
 * lane's own, beginning with that at l1c.
 */
#include "algos/progpow_code.h"

/* Instructions with two sources, by enum progpow_math; NULL: sums of one each. */
static const char *const two[MATH_KINDS] = {
	[MATH_ADD] = "add.u32", [MATH_MUL] = "mul.lo.u32", [MATH_MULHI] = "mul.hi.u32",
	[MATH_MIN] = "min.u32", [MATH_AND] = "and.b32",    [MATH_OR] = "or.b32",
	[MATH_XOR] = "xor.b32",
};

/* x of a MATH operation. */
static void math(struct program_text *t, unsigned kind, unsigned a, unsigned b)
{
	const char *one = kind == MATH_CLZ ? "clz.b32" : "popc.b32";

	if (kind == MATH_ROTL || kind == MATH_ROTR)
		program_line(t, "shf.%c.wrap.b32 x, m%u, m%u, m%u;\n",
			     kind == MATH_ROTL ? 'l' : 'r', a, a, b);
	else if (two[kind])
		program_line(t, "%s x, m%u, m%u;\n", two[kind], a, b);
	else
		program_line(t, "%s x, m%u;\n%s y, m%u;\nadd.u32 x, x, y;\n", one, a, one, b);
}

static void merge(struct program_text *t, unsigned kind, unsigned dst, unsigned turn, const char *x)
{
	switch (kind) {
	case MERGE_MULADD:
		program_line(t, "mad.lo.u32 m%u, m%u, 33, %s;\n", dst, dst, x);
		break;
	case MERGE_XORMUL:
		program_line(t, "xor.b32 m%u, m%u, %s;\nmul.lo.u32 m%u, m%u, 33;\n", dst, dst, x,
			     dst, dst);
		break;
	default:
		program_line(t, "shf.%c.wrap.b32 m%u, m%u, m%u, %u;\nxor.b32 m%u, m%u, %s;\n",
			     kind == MERGE_ROTLXOR ? 'l' : 'r', dst, dst, dst, turn, dst, dst, x);
	}
}

void progpow_instructions(struct program_text *t, const struct progpow_op *op)
{
	static const char *const words[PROGPOW_DAG_LOADS] = {"d0", "d1", "d2", "d3"};
	const char *x = "x";

	if (op->kind == PROGPOW_CACHE)
		program_line(t,
			     "mul.lo.u32 x, m%u, l1s;\nmul.lo.u32 y, l1s, %u;\nand.b32 x, x, y;\n"
			     "or.b32 x, x, l1c;\nadd.u32 x, x, l1;\nld.shared.u32 x, [x];\n",
			     (unsigned)op->a, PROGPOW_L1_WORDS - 1u);
	else if (op->kind == PROGPOW_MATH)
		math(t, op->math, op->a, op->b);
	else
		x = words[op->a % PROGPOW_DAG_LOADS];
	merge(t, op->merge, op->dst, op->turn, x);
}
