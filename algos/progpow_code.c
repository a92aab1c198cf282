/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The device side of ProgPoW: its kernel as text, how it is laid out, and a period's program as
 * text: a statement an operation, in the words that kernels/progpow.cl defines for both of its
 * forms, or instructions (algos/progpow_ptx.c).
 */
#include <stdarg.h>
#include <stdio.h>

#include "algos/progpow_code.h"
#include "kernels/progpow.cl.h"

const struct algo_step progpow_steps[PROGPOW_STEPS] = {
	{.entry = "dag", .when = STEP_EPOCH},
	{.entry = "progpow", .when = STEP_BATCH},
};

/* By REGS and ABSORB, in the groups that progpow_plans() offers. */
#define PREBUILT(absorb, regs)                                                                     \
 {                                                                                                 \
  "-DABSORB=" #absorb " -DCOPIES=1 -DGROUP=256 -DPARTS=1 -DREGS=" #regs,                           \
	  "-DABSORB=" #absorb " -DCOPIES=1 -DGROUP=128 -DPARTS=1 -DREGS=" #regs,                   \
	  "-DABSORB=" #absorb " -DCOPIES=1 -DGROUP=512 -DPARTS=1 -DREGS=" #regs,                   \
	  "-DABSORB=" #absorb " -DCOPIES=2 -DGROUP=512 -DPARTS=1 -DREGS=" #regs,                   \
	  "-DABSORB=" #absorb " -DCOPIES=4 -DGROUP=1024 -DPARTS=1 -DREGS=" #regs,                  \
	  "-DABSORB=" #absorb " -DCOPIES=8 -DGROUP=1024 -DPARTS=1 -DREGS=" #regs, NULL             \
 }
const char *const progpow_prebuilt_32a[] = PREBUILT(0, 32);
const char *const progpow_prebuilt_32b[] = PREBUILT(1, 32);
const char *const progpow_prebuilt_32c[] = PREBUILT(2, 32);
const char *const progpow_prebuilt_16c[] = PREBUILT(2, 16);

static const struct {
	unsigned copies, group;
} forms[] = {{1, 256}, {1, 128}, {1, 512}, {2, 512}, {4, 1024}, {8, 1024}};

#define OWN_COPIES   2u /* as many of the cache are the kernel's own; more, the launch brings */
#define SHARED_WORDS 4u /* a work-item's, to talk to its neighbours where registers cannot */

/* Does the device have so large groups, with so much local memory? */
static bool fits(const struct algo_device *dev, unsigned copies, unsigned group)
{
	uint32_t bytes = copies * PROGPOW_L1_WORDS * 4;

	if (!dev->cuda)
		bytes += group * SHARED_WORDS * 4;
	return !(dev->group_max && group > dev->group_max) &&
	       (copies == 1 || bytes <= dev->local_max);
}

int progpow_plans(const struct algo *algo, const struct algo_device *dev, const uint64_t *set,
		  struct algo_plan *out, int max, struct err *err)
{
	const struct progpow_params *p = algo->params;
	int parts = dag_parts(dev, set, err), n = 0;
	struct algo_plan plan = {.lanes = 1, .parts = (uint32_t)parts, .nonces_start = 1u << 14};
	unsigned i;

	if (parts < 0)
		return parts;
	dag_options(&plan, &p->dag, dev, parts);
	if (dev->cpu) {
		plan.lanes = PROGPOW_LANES; /* nonces a work-item tries */
		plan.local = 1;
		plan.form = FORM_WIDE;
		plan.nonces_start = 1u << 10;
		snprintf(plan.options, sizeof plan.options,
			 "-DABSORB=%u -DPARTS=%d -DREGS=%u -DWIDE=1", (unsigned)p->absorb, parts,
			 p->regs);
		*out = plan;
		return 1;
	}
	for (i = 0; i < sizeof forms / sizeof *forms && n < max; i++) {
		unsigned copies = forms[i].copies, group = forms[i].group;

		if (!fits(dev, copies, group))
			continue;
		plan.local = group;
		plan.local_bytes = copies > OWN_COPIES ? copies * PROGPOW_L1_WORDS * 4 : 0;
		snprintf(plan.options, sizeof plan.options,
			 "-DABSORB=%u -DCOPIES=%u -DGROUP=%u -DPARTS=%d -DREGS=%u",
			 (unsigned)p->absorb, copies, group, parts, p->regs);
		if (copies == 1)
			snprintf(plan.label, sizeof plan.label, "groups of %u", group);
		else
			snprintf(plan.label, sizeof plan.label, "%u caches, groups of %u", copies,
				 group);
		out[n++] = plan;
	}
	return n;
}

void program_line(struct program_text *t, const char *fmt, ...)
{
	size_t room = t->len < t->size ? t->size - t->len : 0;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(room ? t->out + t->len : NULL, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->len += (size_t)n;
}

/* What is merged: of a CACHE, MATH or DAG operation. */
static void operand(const struct progpow_op *op, char *out, size_t size)
{
	static const char *const words[MATH_KINDS] = {
		[MATH_ADD] = "ADD",           [MATH_MUL] = "MUL",
		[MATH_MULHI] = "MULHI",       [MATH_MIN] = "MIN",
		[MATH_ROTL] = "ROTL",         [MATH_ROTR] = "ROTR",
		[MATH_AND] = "AND",           [MATH_OR] = "OR",
		[MATH_XOR] = "XOR",           [MATH_CLZ] = "CLZ",
		[MATH_POPCOUNT] = "POPCOUNT",
	};

	if (op->kind == PROGPOW_CACHE)
		snprintf(out, size, "K_CACHE(%u)", (unsigned)op->a);
	else if (op->kind == PROGPOW_MATH)
		snprintf(out, size, "K_%s(%u, %u)", words[op->math], (unsigned)op->a,
			 (unsigned)op->b);
	else
		snprintf(out, size, "K_ROW(%u)", (unsigned)op->a);
}

static void statement(struct program_text *t, const struct progpow_op *op)
{
	unsigned dst = op->dst, turn = op->turn;
	char x[32];

	operand(op, x, sizeof x);
	switch (op->merge) {
	case MERGE_MULADD:
		program_line(t, "K_MULADD(%u, %s); \\\n", dst, x);
		break;
	case MERGE_XORMUL:
		program_line(t, "K_XORMUL(%u, %s); \\\n", dst, x);
		break;
	case MERGE_ROTLXOR:
		program_line(t, "K_ROTLXOR(%u, %s, %u); \\\n", dst, x, turn);
		break;
	default: /* to the right is to the left the other way round */
		program_line(t, "K_ROTLXOR(%u, %s, %u); \\\n", dst, x, 32 - turn);
	}
}

static uint64_t of_height(const struct algo *algo, uint64_t height)
{
	const struct progpow_params *p = algo->params;

	return height / p->period;
}

static int text(const struct algo *algo, uint64_t program, enum algo_form form, char *out,
		size_t size)
{
	struct program_text t = {.out = out, .size = size};
	struct progpow_op ops[PROGPOW_OPS_MAX];
	unsigned i, n = progpow_program(algo->params, program, ops);

	if (form == FORM_PTX)
		program_line(&t, "{\n.reg .b32 x, y;\n");
	for (i = 0; i < n; i++)
		if (form == FORM_PTX)
			progpow_instructions(&t, &ops[i]);
		else
			statement(&t, &ops[i]);
	program_line(&t, form == FORM_PTX ? "}\n" : "");
	return t.len < size ? (int)t.len : -ERR_RANGE;
}

const struct algo_program progpow_programs = {.of_height = of_height, .text = text};
