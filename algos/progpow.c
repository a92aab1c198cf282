/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ProgPoW: the random program of a period, and the hash by the light cache. */
#include <string.h>

#include "algos/keccak.h"
#include "algos/progpow.h"
#include "kernels/dag_abi.h"
#include "src/bytes.h"

#define FNV_PRIME 0x01000193u
#define FNV_BASIS 0x811c9dc5u
#define ROW_WORDS 64 /* 256 bytes */
#define ROW_NODES 4
#define L1_MASK   (PROGPOW_L1_WORDS - 1)

struct kiss {
	uint32_t z, w, jsr, jcong;
};

static uint32_t fnv1a(uint32_t h, uint32_t d)
{
	return (h ^ d) * FNV_PRIME;
}

/* KISS99 (Marsaglia, 1999) */
static uint32_t kiss_next(struct kiss *k)
{
	k->z = 36969 * (k->z & 65535) + (k->z >> 16);
	k->w = 18000 * (k->w & 65535) + (k->w >> 16);
	k->jcong = 69069 * k->jcong + 1234567;
	k->jsr ^= k->jsr << 17;
	k->jsr ^= k->jsr >> 13;
	k->jsr ^= k->jsr << 5;
	return (((k->z << 16) + k->w) ^ k->jcong) + k->jsr;
}

/* ---- the program ---- */

/* Registers in an order drawn at random, taken one after the other, round and round. */
struct deck {
	uint8_t card[PROGPOW_REGS_MAX];
	unsigned n, next;
};

static uint8_t deck_next(struct deck *d)
{
	uint8_t card = d->card[d->next];

	d->next = (d->next + 1) % d->n;
	return card;
}

static void deck_swap(struct deck *d, unsigned i, unsigned j)
{
	uint8_t card = d->card[i];

	d->card[i] = d->card[j];
	d->card[j] = card;
}

static void start(struct kiss *k, const struct progpow_params *p, uint64_t program,
		  struct deck *dst, struct deck *src)
{
	uint32_t low = (uint32_t)program, high = (uint32_t)(program >> 32);
	unsigned i;

	k->z = fnv1a(FNV_BASIS, low);
	k->w = fnv1a(k->z, high);
	k->jsr = fnv1a(k->w, low);
	k->jcong = fnv1a(k->jsr, high);
	*dst = *src = (struct deck){.n = p->regs};
	for (i = 0; i < p->regs; i++)
		dst->card[i] = src->card[i] = (uint8_t)i;
	for (i = p->regs - 1; i > 0; i--) {
		deck_swap(dst, i, kiss_next(k) % (i + 1));
		deck_swap(src, i, kiss_next(k) % (i + 1));
	}
}

static void set_merge(struct progpow_op *op, uint32_t sel)
{
	op->merge = (uint8_t)(sel % 4);
	op->turn = (uint8_t)((sel >> 16) % 31 + 1);
}

unsigned progpow_program(const struct progpow_params *p, uint64_t program,
			 struct progpow_op ops[PROGPOW_OPS_MAX])
{
	unsigned most = p->cache_ops > p->math_ops ? p->cache_ops : p->math_ops, i, n = 0;
	struct progpow_op *op;
	struct deck dst, src;
	struct kiss k;

	start(&k, p, program, &dst, &src);
	for (i = 0; i < most; i++) {
		if (i < p->cache_ops) {
			op = &ops[n++];
			*op = (struct progpow_op){.kind = PROGPOW_CACHE, .a = deck_next(&src)};
			op->dst = deck_next(&dst);
			set_merge(op, kiss_next(&k));
		}
		if (i < p->math_ops) {
			uint32_t pair = kiss_next(&k) % (p->regs * (p->regs - 1));

			op = &ops[n++];
			*op = (struct progpow_op){.kind = PROGPOW_MATH};
			op->a = (uint8_t)(pair % p->regs);
			op->b = (uint8_t)(pair / p->regs);
			op->b += op->b >= op->a;
			op->math = (uint8_t)((kiss_next(&k) + p->math_first) % MATH_KINDS);
			op->dst = deck_next(&dst);
			set_merge(op, kiss_next(&k));
		}
	}
	for (i = 0; i < PROGPOW_DAG_LOADS; i++) {
		op = &ops[n++];
		*op = (struct progpow_op){.kind = PROGPOW_DAG, .a = (uint8_t)i};
		op->dst = i ? deck_next(&dst) : 0;
		set_merge(op, kiss_next(&k));
	}
	return n;
}

static uint32_t rotl(uint32_t x, uint32_t n)
{
	n &= 31;
	return n ? x << n | x >> (32 - n) : x;
}

static uint32_t rotr(uint32_t x, uint32_t n)
{
	return rotl(x, 32 - (n & 31));
}

uint32_t progpow_merge(const struct progpow_op *op, uint32_t a, uint32_t b)
{
	switch (op->merge) {
	case MERGE_MULADD:
		return a * 33 + b;
	case MERGE_XORMUL:
		return (a ^ b) * 33;
	case MERGE_ROTLXOR:
		return rotl(a, op->turn) ^ b;
	default:
		return rotr(a, op->turn) ^ b;
	}
}

uint32_t progpow_math(const struct progpow_op *op, uint32_t a, uint32_t b)
{
	switch (op->math) {
	case MATH_ADD:
		return a + b;
	case MATH_MUL:
		return a * b;
	case MATH_MULHI:
		return (uint32_t)((uint64_t)a * b >> 32);
	case MATH_MIN:
		return a < b ? a : b;
	case MATH_ROTL:
		return rotl(a, b);
	case MATH_ROTR:
		return rotr(a, b);
	case MATH_AND:
		return a & b;
	case MATH_OR:
		return a | b;
	case MATH_XOR:
		return a ^ b;
	case MATH_CLZ:
		return (uint32_t)((a ? __builtin_clz(a) : 32) + (b ? __builtin_clz(b) : 32));
	default:
		return (uint32_t)(__builtin_popcount(a) + __builtin_popcount(b));
	}
}

/* ---- the hash ---- */

struct hashing {
	const struct algo_epoch *ep;
	const struct progpow_params *p;
	const uint32_t *l1;
	struct progpow_op ops[PROGPOW_OPS_MAX];
	unsigned n_ops;
	uint32_t mix[PROGPOW_LANES][PROGPOW_REGS_MAX];
	uint32_t mix_hash[8];
	uint32_t *rows; /* NULL: nobody asks */
	progpow_seen_fn *seen;
	void *seen_arg;
};

/* What is behind the first words of the state. */
static void absorb(const struct progpow_params *p, uint32_t *st, unsigned used)
{
	unsigned i;

	for (i = used; i < 25; i++)
		st[i] = p->absorb == ABSORB_TEXT ? (uint32_t)(uint8_t)p->text[i - used] : 0;
	if (p->absorb == ABSORB_PADDED) {
		st[used] = 1;
		st[used == 10 ? 18 : 24] = 0x80008081;
	}
}

/* First keccak: the 64-bit seed of the lanes, and for most members the words of the second. */
static void open(const struct progpow_params *p, const struct work *work, uint64_t nonce,
		 uint32_t carry[10])
{
	uint32_t st[25];
	int i;

	for (i = 0; i < 8; i++)
		st[i] = le32_get(work->header + 4 * i);
	st[8] = (uint32_t)nonce;
	st[9] = (uint32_t)(nonce >> 32);
	memcpy(carry, st, 32);
	absorb(p, st, 10);
	keccak_f800(st);
	if (p->absorb == ABSORB_PLAIN) {
		carry[9] = __builtin_bswap32(st[0]);
		carry[8] = __builtin_bswap32(st[1]);
	} else {
		memcpy(carry, st, 32);
		carry[8] = st[0];
		carry[9] = st[1];
	}
}

static void fill_lanes(struct hashing *h, uint32_t low, uint32_t high)
{
	uint32_t z = fnv1a(FNV_BASIS, low), w = fnv1a(z, high), jsr;
	struct kiss k;
	unsigned l, r;

	for (l = 0; l < PROGPOW_LANES; l++) {
		jsr = fnv1a(w, l);
		k = (struct kiss){z, w, jsr, fnv1a(jsr, l)};
		for (r = 0; r < h->p->regs; r++)
			h->mix[l][r] = kiss_next(&k);
	}
}

static void run_op(struct hashing *h, const struct progpow_op *op, const uint32_t *row,
		   unsigned loop)
{
	unsigned l;

	for (l = 0; l < PROGPOW_LANES; l++) {
		uint32_t *mix = h->mix[l], x;

		if (op->kind == PROGPOW_CACHE)
			x = h->l1[mix[op->a] & L1_MASK];
		else if (op->kind == PROGPOW_MATH)
			x = progpow_math(op, mix[op->a], mix[op->b]);
		else
			x = row[((l ^ loop) % PROGPOW_LANES) * PROGPOW_DAG_LOADS + op->a];
		mix[op->dst] = progpow_merge(op, mix[op->dst], x);
	}
}

static void loops(struct hashing *h)
{
	uint32_t many = h->ep->facts.rows / 2, row[ROW_WORDS], at;
	unsigned r, i;

	for (r = 0; r < PROGPOW_LOOPS; r++) {
		at = h->mix[r % PROGPOW_LANES][0] % many;
		if (h->rows)
			h->rows[r] = at;
		dag_nodes(h->ep, at * ROW_NODES, ROW_NODES, row);
		for (i = 0; i < h->n_ops; i++)
			run_op(h, &h->ops[i], row, r);
		if (h->seen)
			h->seen(h->seen_arg, r + 1, (const void *)h->mix);
	}
}

static void reduce(struct hashing *h)
{
	uint32_t lane;
	unsigned l, r;

	for (l = 0; l < 8; l++)
		h->mix_hash[l] = FNV_BASIS;
	for (l = 0; l < PROGPOW_LANES; l++) {
		lane = FNV_BASIS;
		for (r = 0; r < h->p->regs; r++)
			lane = fnv1a(lane, h->mix[l][r]);
		h->mix_hash[l % 8] = fnv1a(h->mix_hash[l % 8], lane);
	}
}

/* Second keccak. */
static void finish(const struct progpow_params *p, const uint32_t carry[10], const uint32_t mix[8],
		   uint8_t final[32])
{
	unsigned used = p->absorb == ABSORB_PLAIN ? 10 : 8, i;
	uint32_t st[25];

	memcpy(st, carry, used * 4);
	memcpy(st + used, mix, 32);
	if (p->absorb == ABSORB_PLAIN)
		memset(st + 18, 0, 7 * 4);
	else
		absorb(p, st, 16);
	if (p->absorb == ABSORB_PADDED) { /* its words stand elsewhere than after the first */
		st[16] = 0;
		st[17] = 1;
	}
	keccak_f800(st);
	for (i = 0; i < 8; i++)
		le32_put(final + 4 * i, st[i]);
}

/* The same period's program is asked for again and again: each thread keeps its last one. */
static void set_program(struct hashing *h, uint64_t height)
{
	static _Thread_local struct {
		const struct progpow_params *p;
		uint64_t program;
		unsigned n;
		struct progpow_op ops[PROGPOW_OPS_MAX];
	} last;
	uint64_t program = height / h->p->period;

	if (last.p != h->p || last.program != program) {
		last.n = progpow_program(h->p, program, last.ops);
		last.program = program;
		last.p = h->p;
	}
	h->n_ops = last.n;
	memcpy(h->ops, last.ops, last.n * sizeof *last.ops);
}

static int hash(struct hashing *h, const struct algo_epoch *ep, const struct work *work,
		uint64_t nonce, struct digest *out)
{
	uint32_t carry[10];
	uint8_t final[32];
	int i;

	if (!ep || ep->facts.rows < 2)
		return -ERR_STALE;
	h->ep = ep;
	h->p = ep->algo->params;
	h->l1 = ep->data + (size_t)ep->facts.cache_items * 16;
	set_program(h, work->height);
	open(h->p, work, nonce, carry);
	fill_lanes(h, carry[8], carry[9]);
	if (h->seen)
		h->seen(h->seen_arg, 0, (const void *)h->mix);
	loops(h);
	reduce(h);
	finish(h->p, carry, h->mix_hash, final);
	out->hash = u256_from_be(final);
	for (i = 0; i < 8; i++)
		le32_put(out->mix + 4 * i, h->mix_hash[i]);
	return 0;
}

int progpow_hash(const struct algo_epoch *ep, const struct work *work, uint64_t nonce,
		 struct digest *out)
{
	struct hashing h;

	h.rows = NULL;
	h.seen = NULL;
	return hash(&h, ep, work, nonce, out);
}

int progpow_rows(const struct algo_epoch *ep, const struct work *work, uint64_t nonce,
		 uint32_t rows[PROGPOW_LOOPS])
{
	struct hashing h = {.rows = rows};
	struct digest unused;

	return hash(&h, ep, work, nonce, &unused);
}

int progpow_trace(const struct algo_epoch *ep, const struct work *work, uint64_t nonce,
		  progpow_seen_fn *seen, void *arg)
{
	struct hashing h = {.seen = seen, .seen_arg = arg};
	struct digest unused;

	return hash(&h, ep, work, nonce, &unused);
}

void progpow_final(const struct progpow_params *p, const struct work *work, uint64_t nonce,
		   const uint8_t mix[32], struct u256 *out)
{
	uint32_t carry[10], words[8];
	uint8_t final[32];
	int i;

	for (i = 0; i < 8; i++)
		words[i] = le32_get(mix + 4 * i);
	open(p, work, nonce, carry);
	finish(p, carry, words, final);
	*out = u256_from_be(final);
}

void progpow_prepare(const struct algo_epoch *ep, const struct work *work, struct abi_job *out)
{
	const struct progpow_params *p = ep->algo->params;
	int i;

	dag_prepare(ep, work, ep->facts.rows / 2, out);
	for (i = 0; i < 15 && p->absorb == ABSORB_TEXT; i++)
		out->words[DAG_TEXT + i] = (uint8_t)p->text[i];
}
