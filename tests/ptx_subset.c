/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An interpreter of a few PTX instructions; see the header. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ptx_subset.h"

#define NAME_SIZE 16
#define OPS_MAX   4096
#define NUMBER    0xffff /* argument's register: it is a number */

struct arg {
	uint32_t number; /* for ld: added to the register */
	uint16_t reg;
};

struct op {
	uint32_t code; /* its row in kinds */
	uint16_t dst, unused;
	struct arg a[4];
};

struct ptx_subset {
	unsigned n_operands, n_registers, n_ops;
	struct {
		char name[NAME_SIZE];
		unsigned depth; /* of the block that declares it; UINT32_MAX: gone */
	} registers[PTX_SUBSET_REGISTERS];
	struct op ops[OPS_MAX];
};

enum code {
	MOV,
	ADD,
	SUB,
	MUL_LO,
	MUL_HI,
	MAD_LO,
	MIN,
	MAX,
	AND,
	OR,
	XOR,
	NOT,
	SHL,
	SHR,
	SHF_L,
	SHF_R,
	CLZ,
	POPC,
	LOP3,
	LD
};

/* Each with the types that mean the same bits: u unsigned, s signed, b bits. */
static const struct kind {
	const char *name, *types;
	unsigned args;
} kinds[] = {
	[MOV] = {"mov", "usb", 1},        [ADD] = {"add", "us", 2},
	[SUB] = {"sub", "us", 2},         [MUL_LO] = {"mul.lo", "us", 2},
	[MUL_HI] = {"mul.hi", "u", 2},    [MAD_LO] = {"mad.lo", "us", 3},
	[MIN] = {"min", "u", 2},          [MAX] = {"max", "u", 2},
	[AND] = {"and", "b", 2},          [OR] = {"or", "b", 2},
	[XOR] = {"xor", "b", 2},          [NOT] = {"not", "b", 1},
	[SHL] = {"shl", "b", 2},          [SHR] = {"shr", "ub", 2},
	[SHF_L] = {"shf.l.wrap", "b", 3}, [SHF_R] = {"shf.r.wrap", "b", 3},
	[CLZ] = {"clz", "b", 1},          [POPC] = {"popc", "b", 1},
	[LOP3] = {"lop3", "b", 4},        [LD] = {"ld.shared", "usb", 1},
};

struct reader {
	struct ptx_subset *p;
	const char *at, *end;
	unsigned depth;
	char *why;
	size_t size;
};

static int complain(struct reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int complain(struct reader *r, const char *fmt, ...)
{
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->why, r->size, fmt, ap);
	va_end(ap);
	len = strlen(r->why);
	snprintf(r->why + len, r->size - len, " at: %.*s", (int)strcspn(r->at, "\n"), r->at);
	return -1;
}

static void skip_space(struct reader *r)
{
	for (;;) {
		r->at += strspn(r->at, " \t\r\n");
		if (r->at == r->end)
			return;
		if (!strncmp(r->at, "//", 2))
			r->at += strcspn(r->at, "\n");
		else if (!strncmp(r->at, "/*", 2) && strstr(r->at, "*/"))
			r->at = strstr(r->at, "*/") + 2;
		else
			return;
	}
}

static bool take(struct reader *r, char c)
{
	skip_space(r);
	if (*r->at != c)
		return false;
	r->at++;
	return true;
}

/* A name, with dots where they belong to it (instructions).  Its length, or 0. */
static size_t take_word(struct reader *r, char *out, size_t size, bool dots)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_%$.";
	size_t len;

	skip_space(r);
	for (len = 0; r->at[len] && strchr(letters, r->at[len]) && (dots || r->at[len] != '.');)
		len++;
	if (!len || len >= size)
		return 0;
	memcpy(out, r->at, len);
	out[len] = 0;
	r->at += len;
	return len;
}

static int declare(struct reader *r, const char *name)
{
	struct ptx_subset *p = r->p;
	unsigned i = p->n_registers;

	if (i == PTX_SUBSET_REGISTERS || strlen(name) >= NAME_SIZE)
		return complain(r, "too many registers or too long a name");
	snprintf(p->registers[i].name, NAME_SIZE, "%s", name);
	p->registers[i].depth = r->depth;
	p->n_registers++;
	return 0;
}

/* The innermost of that name, or NUMBER. */
static uint16_t find(const struct ptx_subset *p, const char *name)
{
	unsigned i;

	for (i = p->n_registers; i-- > 0;)
		if (p->registers[i].depth != UINT32_MAX && !strcmp(p->registers[i].name, name))
			return (uint16_t)i;
	return NUMBER;
}

/* ".reg" was read: .b32 t<8>, x; */
static int read_declaration(struct reader *r)
{
	char type[16], name[NAME_SIZE], numbered[NAME_SIZE + 12];
	unsigned long n, i;
	char *end;

	if (!take_word(r, type, sizeof type, true) ||
	    (strcmp(type, ".b32") && strcmp(type, ".u32") && strcmp(type, ".s32")))
		return complain(r, "registers of 32 bits only");
	do {
		if (!take_word(r, name, sizeof name, false))
			return complain(r, "a name is missing");
		if (!take(r, '<')) {
			if (declare(r, name))
				return -1;
			continue;
		}
		n = strtoul(r->at, &end, 10);
		r->at = end;
		if (!take(r, '>') || n > PTX_SUBSET_REGISTERS)
			return complain(r, "a malformed number of registers");
		for (i = 0; i < n; i++) {
			snprintf(numbered, sizeof numbered, "%s%u", name, (unsigned)(i % 10000));
			if (declare(r, numbered))
				return -1;
		}
	} while (take(r, ','));
	return take(r, ';') ? 0 : complain(r, "no ';'");
}

static int read_arg(struct reader *r, struct arg *out)
{
	char word[32], *end;

	if (!take_word(r, word, sizeof word, false))
		return complain(r, "an operand is missing");
	*out = (struct arg){.reg = NUMBER};
	if (word[0] >= '0' && word[0] <= '9') {
		unsigned long long n = strtoull(word, &end, 0);

		if (*end == 'U' && !end[1])
			end++;
		if (*end || n > UINT32_MAX)
			return complain(r, "%s is no number", word);
		out->number = (uint32_t)n;
		return 0;
	}
	out->reg = find(r->p, word);
	return out->reg == NUMBER ? complain(r, "%s is not declared", word) : 0;
}

/* [reg] or [reg+number] */
static int read_address(struct reader *r, struct arg *out)
{
	struct arg plus = {0};

	if (!take(r, '[') || read_arg(r, out))
		return complain(r, "no address");
	if (take(r, '+') && (read_arg(r, &plus) || plus.reg != NUMBER))
		return complain(r, "no number");
	if (out->reg != NUMBER)
		out->number = plus.number;
	return take(r, ']') ? 0 : complain(r, "no ']'");
}

/* Which instruction, its type looked at; or -1. */
static int kind_of(const char *word)
{
	int i;

	for (i = 0; i < (int)(sizeof kinds / sizeof *kinds); i++) {
		size_t len = strlen(kinds[i].name);
		const char *type = word + len;

		if (!strncmp(word, kinds[i].name, len) && type[0] == '.' && type[1] &&
		    strchr(kinds[i].types, type[1]) && !strcmp(type + 2, "32"))
			return i;
	}
	return -1;
}

static int read_instruction(struct reader *r, const char *word)
{
	struct op *op = &r->p->ops[r->p->n_ops];
	int kind = kind_of(word);
	struct arg dst;
	unsigned i;

	if (kind < 0)
		return complain(r, "%s is not among the few instructions", word);
	if (r->p->n_ops == OPS_MAX)
		return complain(r, "too long");
	memset(op, 0, sizeof *op);
	op->code = (uint32_t)kind;
	if (read_arg(r, &dst) || dst.reg == NUMBER)
		return complain(r, "no register to write to");
	op->dst = dst.reg;
	for (i = 0; i < kinds[kind].args; i++) {
		if (!take(r, ','))
			return complain(r, "no ','");
		if (kind == LD ? read_address(r, &op->a[i]) : read_arg(r, &op->a[i]))
			return -1;
	}
	/* lop3's table is a fifth operand */
	if (kind == LOP3 && op->a[3].reg != NUMBER)
		return complain(r, "no table");
	if (kind == LOP3 && op->a[3].number > 255)
		return complain(r, "no table");
	r->p->n_ops++;
	return take(r, ';') ? 0 : complain(r, "no ';'");
}

static void leave_block(struct reader *r)
{
	unsigned i;

	for (i = 0; i < r->p->n_registers; i++)
		if (r->p->registers[i].depth == r->depth)
			r->p->registers[i].depth = UINT32_MAX;
	r->depth--;
}

static bool at_end(const struct reader *r)
{
	return !*r->at || (r->end && !r->depth && r->at == r->end);
}

static int read_text(struct reader *r)
{
	char word[32];

	for (;;) {
		skip_space(r);
		if (at_end(r))
			return r->depth ? complain(r, "a block is not closed") : 0;
		if (take(r, '{')) {
			r->depth++;
		} else if (take(r, '}')) {
			if (!r->depth)
				return complain(r, "a block too many is closed");
			leave_block(r);
		} else if (!take_word(r, word, sizeof word, true)) {
			return complain(r, "not understood");
		} else if (strcmp(word, ".reg") ? read_instruction(r, word) : read_declaration(r)) {
			return -1;
		}
	}
}

int ptx_subset_new(struct ptx_subset **out, const char *text, const char *end,
		   const char *const *names, unsigned n, char *why, size_t size)
{
	struct reader r = {.p = calloc(1, sizeof *r.p), .at = text, .why = why, .size = size};
	unsigned i;
	int rc = 0;

	if (!r.p)
		return -1;
	r.p->n_operands = n;
	r.end = end ? strstr(text, end) : NULL;
	for (i = 0; i < n && !rc; i++)
		rc = declare(&r, names[i]);
	if (!rc)
		rc = read_text(&r);
	if (rc)
		free(r.p);
	else
		*out = r.p;
	return rc;
}

void ptx_subset_free(struct ptx_subset *p)
{
	free(p);
}

int ptx_subset_same(const struct ptx_subset *a, const struct ptx_subset *b)
{
	return a->n_operands == b->n_operands && a->n_registers == b->n_registers &&
	       a->n_ops == b->n_ops && !memcmp(a->ops, b->ops, a->n_ops * sizeof *a->ops);
}

unsigned ptx_subset_length(const struct ptx_subset *p)
{
	return p->n_ops;
}

/* Each bit of three words is looked up in a table of eight. */
static uint32_t lop3(uint32_t a, uint32_t b, uint32_t c, uint32_t table)
{
	uint32_t out = 0;
	unsigned i;

	for (i = 0; i < 32; i++)
		out |= (table >> ((a >> i & 1) << 2 | (b >> i & 1) << 1 | (c >> i & 1)) & 1) << i;
	return out;
}

static uint32_t calculate(enum code code, uint32_t a, uint32_t b, uint32_t c, uint32_t table)
{
	switch (code) {
	case ADD:
		return a + b;
	case SUB:
		return a - b;
	case MUL_LO:
		return a * b;
	case MUL_HI:
		return (uint32_t)((uint64_t)a * b >> 32);
	case MAD_LO:
		return a * b + c;
	case MIN:
		return a < b ? a : b;
	case MAX:
		return a > b ? a : b;
	case AND:
		return a & b;
	case OR:
		return a | b;
	case XOR:
		return a ^ b;
	case NOT:
		return ~a;
	case SHL:
		return b > 31 ? 0 : a << b;
	case SHR:
		return b > 31 ? 0 : a >> b;
	case SHF_L:
		return (uint32_t)(((uint64_t)b << 32 | a) << (c & 31) >> 32);
	case SHF_R:
		return (uint32_t)(((uint64_t)b << 32 | a) >> (c & 31));
	case CLZ:
		return a ? (uint32_t)__builtin_clz(a) : 32;
	case POPC:
		return (uint32_t)__builtin_popcount(a);
	case LOP3:
		return lop3(a, b, c, table);
	case MOV:
	case LD:
		break;
	}
	return a;
}

int ptx_subset_run(const struct ptx_subset *p, uint32_t *operands, const void *shared,
		   size_t shared_bytes, uint32_t base)
{
	uint32_t values[PTX_SUBSET_REGISTERS];
	bool set[PTX_SUBSET_REGISTERS] = {false};
	unsigned i, k;

	memcpy(values, operands, p->n_operands * sizeof *values);
	memset(set, 1, p->n_operands * sizeof *set);
	for (i = 0; i < p->n_ops; i++) {
		const struct op *op = &p->ops[i];
		uint32_t in[4] = {0};

		for (k = 0; k < kinds[op->code].args; k++) {
			const struct arg *a = &op->a[k];

			if (a->reg != NUMBER && !set[a->reg])
				return -1;
			in[k] = a->number;
			if (a->reg != NUMBER)
				in[k] = values[a->reg] + a->number;
		}
		if (op->code == LD) {
			in[0] -= base;
			if (in[0] % 4 || shared_bytes < 4 || in[0] > shared_bytes - 4)
				return -1;
			memcpy(&in[0], (const char *)shared + in[0], 4);
		}
		values[op->dst] = calculate(op->code, in[0], in[1], in[2], in[3]);
		set[op->dst] = true;
	}
	memcpy(operands, values, p->n_operands * sizeof *values);
	return 0;
}
