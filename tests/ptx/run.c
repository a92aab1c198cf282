/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs what read.c has read: grids, groups, warps. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ptx/run.h"

struct run {
	const struct ptx_entry *e;
	const struct ptx_grid *grid;
	struct warp *warps;
	unsigned n_warps;
	uint8_t *shared;
	size_t shared_bytes;
	uint64_t ends[2]; /* of the allocation met last */
	char *why;
	size_t size;
};

static int stop(struct run *run, const struct op *op, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int stop(struct run *run, const struct op *op, const char *fmt, ...)
{
	size_t len;
	va_list ap;

	snprintf(run->why, run->size, "%s, line %u: ", run->e->name, op->line);
	len = strlen(run->why);
	va_start(ap, fmt);
	vsnprintf(run->why + len, run->size - len, fmt, ap);
	va_end(ap);
	return -1;
}

/* --- memory ------------------------------------------------------------------- */

static uint64_t value_of(const struct run *run, const struct warp *w, uint16_t slot, unsigned lane)
{
	return run->e->code.width[slot] == 64 ? w->r[slot].d[lane] : w->r[slot].w[lane];
}

/* Where bytes bytes at this lane's address are, or NULL with the complaint. */
static uint8_t *place(struct run *run, const struct warp *w, const struct op *op, unsigned lane)
{
	uint64_t base = op->src[0] == NO_SLOT ? 0 : value_of(run, w, op->src[0], lane);
	uint64_t at = base + (uint64_t)(int64_t)op->offset, from = 0, bytes = 8 * run->grid->n_args;
	uint64_t need = (uint64_t)op->bytes * op->n;
	uint8_t *memory = (uint8_t *)(uintptr_t)run->grid->args;

	if (at % need) {
		stop(run, op, "address %#llx is not aligned", (unsigned long long)at);
		return NULL;
	}
	if (op->space == SPACE_GLOBAL) {
		if ((at < run->ends[0] || at > run->ends[1] || run->ends[1] - at < need) &&
		    run->grid->memory(run->grid->arg, at, need, run->ends)) {
			stop(run, op, "address %#llx is nobody's", (unsigned long long)at);
			return NULL;
		}
		return (uint8_t *)(uintptr_t)at;
	}
	if (op->space == SPACE_SHARED) {
		from = PTX_SHARED_BASE;
		bytes = run->shared_bytes;
		memory = run->shared;
	} else if (op->space == SPACE_CONST) {
		from = CONST_BASE;
		bytes = run->e->module->constant_bytes;
		memory = run->e->module->constants;
	}
	if (at < from || at - from > bytes || bytes - (at - from) < need) {
		stop(run, op, "address %#llx is outside of its memory", (unsigned long long)at);
		return NULL;
	}
	return memory + (at - from);
}

static int load(struct run *run, struct warp *w, const struct op *op, uint32_t mask)
{
	unsigned i, k;
	uint64_t value;
	uint32_t word;
	uint8_t *at;

	for (i = 0; i < PTX_WARP; i++) {
		if (!(mask >> i & 1))
			continue;
		at = place(run, w, op, i);
		if (!at)
			return -1;
		for (k = 0; k < op->n; k++) {
			if (op->bytes == 4) {
				/* others may write it at this moment */
				word = __atomic_load_n((uint32_t *)(void *)at + k,
						       __ATOMIC_RELAXED);
				value = word;
			} else {
				memcpy(&value, at + 8 * k, 8);
			}
			if (run->e->code.width[op->dst[k]] == 64)
				w->r[op->dst[k]].d[i] = value;
			else
				w->r[op->dst[k]].w[i] = (uint32_t)value;
		}
	}
	for (k = 0; k < op->n; k++)
		w->set[op->dst[k]] |= mask;
	return 0;
}

static int store(struct run *run, struct warp *w, const struct op *op, uint32_t mask)
{
	unsigned i, k;
	uint64_t value;
	uint8_t *at;

	if (op->space != SPACE_GLOBAL && op->space != SPACE_SHARED)
		return stop(run, op, "a store where nothing is stored");
	for (i = 0; i < PTX_WARP; i++) {
		if (!(mask >> i & 1))
			continue;
		at = place(run, w, op, i);
		if (!at)
			return -1;
		for (k = 0; k < op->n; k++) {
			value = value_of(run, w, op->src[1 + k], i);
			memcpy(at + op->bytes * k, &value, op->bytes);
		}
	}
	return 0;
}

static int atom_add(struct run *run, struct warp *w, const struct op *op, uint32_t mask)
{
	unsigned i;
	uint8_t *at;

	for (i = 0; i < PTX_WARP; i++) {
		if (!(mask >> i & 1))
			continue;
		at = place(run, w, op, i);
		if (!at)
			return -1;
		w->r[op->dst[0]].w[i] = __atomic_fetch_add((uint32_t *)(void *)at,
							   w->r[op->src[1]].w[i], __ATOMIC_RELAXED);
	}
	w->set[op->dst[0]] |= mask;
	return 0;
}

/* --- between lanes ------------------------------------------------------------ */

/* All that members names and that still run have to be here. */
static int meet(struct run *run, struct warp *w, const struct op *op, uint32_t mask,
		uint16_t members)
{
	unsigned i;

	for (i = 0; i < PTX_WARP; i++)
		if (mask >> i & 1 &&
		    (w->r[members].w[i] & w->alive & ~mask || !(w->r[members].w[i] >> i & 1)))
			return stop(run, op, "only lanes %#x of %#x meet here", mask,
				    w->r[members].w[i] & w->alive);
	return 0;
}

static int shuffle(struct run *run, struct warp *w, const struct op *op, uint32_t mask)
{
	uint32_t out[PTX_WARP] = {0}, inside[PTX_WARP] = {0};
	unsigned i;

	if (meet(run, w, op, mask, op->src[3]))
		return -1;
	for (i = 0; i < PTX_WARP; i++) {
		uint32_t b = w->r[op->src[1]].w[i] & 31, c = w->r[op->src[2]].w[i];
		uint32_t segment = c >> 8 & 31, clamp = c & 31;
		uint32_t most = (i & segment) | (clamp & ~segment), from;

		from = (i & segment) | (b & ~segment & 31);
		inside[i] = from <= most;
		if (!inside[i])
			from = i;
		if (mask >> i & 1 && !(mask >> from & 1))
			return stop(run, op, "lane %u takes from %u, which is not here", i, from);
		out[i] = w->r[op->src[0]].w[from];
	}
	ptx_put_w(w, op->dst[0], out, mask);
	if (op->dst[1] != NO_SLOT)
		ptx_put_w(w, op->dst[1], inside, mask);
	return 0;
}

static int vote(struct run *run, struct warp *w, const struct op *op, uint32_t mask)
{
	uint32_t out[PTX_WARP], votes = 0;
	unsigned i;

	if (meet(run, w, op, mask, op->src[1]))
		return -1;
	for (i = 0; i < PTX_WARP; i++)
		votes |= (uint32_t)(mask >> i & 1 && w->r[op->src[0]].w[i]) << i;
	for (i = 0; i < PTX_WARP; i++)
		out[i] = op->code == OP_BALLOT     ? votes
			 : op->code == OP_VOTE_ANY ? votes != 0
						   : votes == mask;
	ptx_put_w(w, op->dst[0], out, mask);
	return 0;
}

static void pack(struct warp *w, const struct op *op, uint32_t mask)
{
	uint64_t both[PTX_WARP];
	uint32_t lo[PTX_WARP], hi[PTX_WARP];
	unsigned i;

	for (i = 0; i < PTX_WARP; i++) {
		both[i] = w->r[op->src[0]].d[i];
		lo[i] = (uint32_t)both[i];
		hi[i] = (uint32_t)(both[i] >> 32);
		if (op->code == OP_PACK)
			both[i] = (uint64_t)w->r[op->src[1]].w[i] << 32 | w->r[op->src[0]].w[i];
	}
	if (op->code == OP_PACK) {
		ptx_put_d(w, op->dst[0], both, mask);
		return;
	}
	ptx_put_w(w, op->dst[0], lo, mask);
	ptx_put_w(w, op->dst[1], hi, mask);
}

/* --- warps -------------------------------------------------------------------- */

/* Is every register that is read one that was written? */
static int sources(struct run *run, const struct warp *w, const struct op *op, uint32_t mask)
{
	unsigned n = op->code < ptx_computes_n ? op->n
		     : op->code == OP_ST       ? 1u + op->n
		     : op->code == OP_ATOM_ADD || op->code == OP_VOTE_ANY ||
				     op->code == OP_VOTE_ALL || op->code == OP_BALLOT ||
				     op->code == OP_PACK
			     ? 2
		     : op->code == OP_LD || op->code == OP_UNPACK || op->code == OP_MEET ? 1
		     : op->code == OP_SHFL                                               ? 4
											 : 0;
	uint32_t missing = 0;
	unsigned i;

	for (i = 0; i < n; i++)
		if (op->src[i] != NO_SLOT)
			missing |= mask & ~w->set[op->src[i]];
	return missing ? stop(run, op, "a register is read that was never set") : 0;
}

static int step(struct run *run, struct warp *w, const struct op *op, uint32_t mask)
{
	if (sources(run, w, op, mask))
		return -1;
	switch (op->code) {
	case OP_LD:
		return load(run, w, op, mask);
	case OP_ST:
		return store(run, w, op, mask);
	case OP_ATOM_ADD:
		return atom_add(run, w, op, mask);
	case OP_SHFL:
		return shuffle(run, w, op, mask);
	case OP_VOTE_ANY:
	case OP_VOTE_ALL:
	case OP_BALLOT:
		return vote(run, w, op, mask);
	case OP_MEET:
		return meet(run, w, op, mask, op->src[0]);
	case OP_PACK:
	case OP_UNPACK:
		pack(w, op, mask);
		return 0;
	case OP_FENCE:
		return 0;
	default:
		ptx_compute(w, op, mask);
		return 0;
	}
}

static uint32_t guarded(struct run *run, const struct warp *w, const struct op *op, uint32_t mask)
{
	uint32_t out = 0;
	unsigned i;

	if (op->guard == NO_SLOT)
		return mask;
	if (mask & ~w->set[op->guard]) {
		stop(run, op, "a predicate is read that was never set");
		return 0;
	}
	for (i = 0; i < PTX_WARP; i++)
		out |= (uint32_t)((w->r[op->guard].w[i] != 0) != op->guard_not) << i;
	return out & mask;
}

/* Those furthest behind, and where the next of the others are. */
static uint32_t choose(const struct warp *w, uint32_t *pc, uint32_t *others)
{
	uint32_t ready = w->alive & ~w->waiting, mask = 0;
	unsigned i;

	*pc = *others = UINT32_MAX;
	for (i = 0; i < PTX_WARP; i++)
		if (ready >> i & 1 && w->pc[i] < *pc)
			*pc = w->pc[i];
	for (i = 0; i < PTX_WARP; i++) {
		if (!(ready >> i & 1))
			continue;
		if (w->pc[i] == *pc)
			mask |= 1u << i;
		else if (w->pc[i] < *others)
			*others = w->pc[i];
	}
	return mask;
}

static void move(struct warp *w, uint32_t mask, uint32_t pc)
{
	unsigned i;

	for (i = 0; i < PTX_WARP; i++)
		if (mask >> i & 1)
			w->pc[i] = pc;
}

/* Run lanes mask from pc until they part or come to where others are. */
static int run_lanes(struct run *run, struct warp *w, uint32_t mask, uint32_t pc, uint32_t others)
{
	const struct code *code = &run->e->code;
	uint32_t taken;

	while (pc < others) {
		const struct op *op = &code->ops[pc];

		if (pc >= code->n_ops) /* as behind the last "ret;" */
			break;
		run->why[0] = 0;
		taken = guarded(run, w, op, mask);
		if (run->why[0])
			return -1;
		if (run->grid->counts && taken)
			ptx_count(run->grid->counts, code, w, op, taken);
		if (op->code == OP_BRANCH) {
			move(w, mask & ~taken, pc + 1);
			move(w, taken, op->target);
			if (taken && taken != mask)
				return 0;
			pc = taken ? op->target : pc + 1;
		} else if (op->code == OP_RETURN) {
			w->alive &= ~taken;
			mask &= ~taken;
			pc++;
			if (!mask)
				return 0;
		} else if (op->code == OP_BARRIER) {
			if (taken != w->alive)
				return stop(run, op, "only lanes %#x of %#x meet at a barrier",
					    taken, w->alive);
			w->waiting = taken;
			move(w, taken, pc + 1);
			return 0;
		} else {
			if (taken && step(run, w, op, taken))
				return -1;
			pc++;
		}
	}
	if (pc >= code->n_ops)
		w->alive &= ~mask;
	move(w, mask, pc);
	return 0;
}

static int run_warp(struct run *run, struct warp *w)
{
	uint32_t mask, pc, others;

	while ((mask = choose(w, &pc, &others)))
		if (run_lanes(run, w, mask, pc, others))
			return -1;
	return 0;
}

/* --- groups ------------------------------------------------------------------- */

static void special(struct warp *w, uint16_t slot, uint32_t first, uint32_t by)
{
	unsigned i;

	if (slot == NO_SLOT)
		return;
	w->set[slot] = ALL;
	for (i = 0; i < PTX_WARP; i++)
		w->r[slot].w[i] = first + i * by;
}

static void begin_warp(struct run *run, unsigned n, unsigned block)
{
	const struct code *code = &run->e->code;
	struct warp *w = &run->warps[n];
	unsigned left = run->grid->threads - n * PTX_WARP;
	size_t i;

	memset(w->set, 0, code->n_slots * sizeof *w->set);
	memset(w->pc, 0, sizeof w->pc);
	w->alive = left < PTX_WARP ? (1u << left) - 1 : ALL;
	w->waiting = 0;
	for (i = 0; i < code->n_literals; i++)
		w->set[code->literals[i].slot] = ALL;
	special(w, code->tid, n * PTX_WARP, 1);
	special(w, code->lane, 0, 1);
	special(w, code->ntid, run->grid->threads, 0);
	special(w, code->ctaid, block, 0);
	special(w, code->nctaid, run->grid->blocks, 0);
}

static int run_block(struct run *run, unsigned block)
{
	unsigned i, waiting;

	memset(run->shared, 0xa5, run->shared_bytes);
	if (run->grid->shared)
		memcpy(run->shared + ptx_dynamic_at(run->e), run->grid->shared,
		       run->grid->dynamic_shared);
	for (i = 0; i < run->n_warps; i++)
		begin_warp(run, i, block);
	do {
		for (waiting = i = 0; i < run->n_warps; i++) {
			run->warps[i].waiting = 0;
			if (run_warp(run, &run->warps[i]))
				return -1;
			waiting += run->warps[i].waiting != 0;
		}
	} while (waiting);
	return 0;
}

static int new_warp(const struct code *code, struct warp *w)
{
	size_t i, k;

	w->r = calloc(code->n_slots + 1, sizeof *w->r);
	w->set = calloc(code->n_slots + 1, sizeof *w->set);
	if (!w->r || !w->set)
		return -1;
	for (i = 0; i < code->n_literals; i++)
		for (k = 0; k < PTX_WARP; k++) {
			const struct literal *l = &code->literals[i];

			if (code->width[l->slot] == 64)
				w->r[l->slot].d[k] = l->value;
			else
				w->r[l->slot].w[k] = (uint32_t)l->value;
		}
	return 0;
}

static int set_up(struct run *run)
{
	unsigned i;

	run->n_warps = (run->grid->threads + PTX_WARP - 1) / PTX_WARP;
	run->shared_bytes = run->grid->dynamic_shared
				    ? ptx_dynamic_at(run->e) + run->grid->dynamic_shared
				    : run->e->shared;
	run->shared = malloc(run->shared_bytes + 1);
	run->warps = calloc(run->n_warps + 1, sizeof *run->warps);
	if (!run->shared || !run->warps)
		return -1;
	for (i = 0; i < run->n_warps; i++)
		if (new_warp(&run->e->code, &run->warps[i]))
			return -1;
	return 0;
}

int ptx_run(const struct ptx_entry *e, const struct ptx_grid *grid, char *why, size_t size)
{
	struct run run = {.e = e, .grid = grid, .why = why, .size = size};
	unsigned i;
	int rc;

	snprintf(why, size, "no memory");
	rc = set_up(&run);
	for (i = 0; i < grid->blocks && !rc; i++)
		rc = run_block(&run, i);
	for (i = 0; run.warps && i < run.n_warps; i++) {
		free(run.warps[i].r);
		free(run.warps[i].set);
	}
	free(run.warps);
	free(run.shared);
	return rc;
}
