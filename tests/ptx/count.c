/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counts what is run; see ptx.h. */
#include <string.h>

#include "tests/ptx/run.h"

#define BANKS  32
#define SECTOR 32

static enum ptx_kind kind_of_name(const char *name, const char *operands)
{
	static const struct {
		const char *start;
		enum ptx_kind kind;
	} rows[] = {
		{"add", PTX_ADD},     {"sub", PTX_ADD},    {"neg", PTX_ADD},
		{"and", PTX_LOGIC},   {"or", PTX_LOGIC},   {"xor", PTX_LOGIC},
		{"not", PTX_LOGIC},   {"lop3", PTX_LOGIC}, {"sh", PTX_TURN},
		{"prmt", PTX_TURN},   {"bf", PTX_TURN},    {"setp", PTX_CHOOSE},
		{"selp", PTX_CHOOSE}, {"min", PTX_CHOOSE}, {"max", PTX_CHOOSE},
		{"clz", PTX_BITS},    {"popc", PTX_BITS},  {"brev", PTX_BITS},
		{"mov", PTX_MOVE},    {"cvt", PTX_MOVE},
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (!strncmp(name, rows[i].start, strlen(rows[i].start)))
			return rows[i].kind;
	return strchr(operands, 'D') ? PTX_MUL64 : PTX_MUL32; /* mul, mad, div, rem */
}

static enum ptx_kind kind_of(const struct op *op)
{
	switch (op->code) {
	case OP_PACK:
	case OP_UNPACK:
		return PTX_MOVE;
	case OP_LD:
	case OP_ST:
	case OP_ATOM_ADD:
		return op->space == SPACE_GLOBAL   ? PTX_GLOBAL
		       : op->space == SPACE_SHARED ? PTX_SHARED
						   : PTX_CONST;
	case OP_SHFL:
	case OP_VOTE_ANY:
	case OP_VOTE_ALL:
	case OP_BALLOT:
		return PTX_LANES;
	case OP_BARRIER:
	case OP_MEET:
	case OP_FENCE:
	case OP_BRANCH:
	case OP_RETURN:
		return PTX_FLOW;
	}
	return kind_of_name(ptx_computes[op->code].name, ptx_computes[op->code].operands);
}

/* The most different words that one bank has to give to these lanes. */
static unsigned conflicts(const uint64_t *at, unsigned lanes, unsigned words)
{
	uint64_t seen[PTX_WARP * 4];
	unsigned n = 0, load[BANKS] = {0}, most = 1, i, k, w;

	for (i = 0; i < lanes; i++)
		for (w = 0; w < words; w++) {
			uint64_t word = at[i] / 4 + w;

			for (k = 0; k < n && seen[k] != word; k++)
				;
			if (k < n)
				continue;
			seen[n++] = word;
			load[word % BANKS]++;
			if (load[word % BANKS] > most)
				most = load[word % BANKS];
		}
	return most;
}

/* Wide accesses go a half or a quarter of the warp at a time. */
static unsigned passes(const uint64_t *at, unsigned lanes, unsigned bytes)
{
	unsigned together = bytes <= 4 ? 32 : bytes <= 8 ? 16 : 8, i, n = 0;

	for (i = 0; i < lanes; i += together)
		n += conflicts(at + i, lanes - i < together ? lanes - i : together, bytes / 4);
	return n;
}

static unsigned sectors(const uint64_t *at, unsigned lanes, unsigned bytes)
{
	uint64_t seen[PTX_WARP * 2];
	unsigned n = 0, i, k;
	uint64_t s;

	for (i = 0; i < lanes; i++)
		for (s = at[i] / SECTOR; s <= (at[i] + bytes - 1) / SECTOR; s++) {
			for (k = 0; k < n && seen[k] != s; k++)
				;
			if (k == n)
				seen[n++] = s;
		}
	return n;
}

void ptx_count(struct ptx_counts *c, const struct code *code, const struct warp *w,
	       const struct op *op, uint32_t mask)
{
	enum ptx_kind kind = kind_of(op);
	unsigned lanes = 0, i, bytes = (unsigned)op->bytes * op->n;
	uint64_t at[PTX_WARP];

	for (i = 0; i < PTX_WARP; i++) {
		if (!(mask >> i & 1))
			continue;
		if ((kind == PTX_GLOBAL || kind == PTX_SHARED) && op->src[0] != NO_SLOT)
			at[lanes] = (code->width[op->src[0]] == 64 ? w->r[op->src[0]].d[i]
								   : w->r[op->src[0]].w[i]) +
				    (uint64_t)(int64_t)op->offset;
		lanes++;
	}
	c->kinds[kind] += lanes;
	c->lanes += lanes;
	c->steps++;
	if (kind == PTX_SHARED) {
		c->shared++;
		c->passes += passes(at, lanes, bytes);
	} else if (kind == PTX_GLOBAL) {
		c->global++;
		c->sectors += sectors(at, lanes, bytes);
	}
}
