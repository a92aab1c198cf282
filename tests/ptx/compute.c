/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The instructions of ops.def, of 32 lanes at once. */
#include <string.h>

#include "tests/ptx/run.h"

static uint32_t reversed(uint32_t a)
{
	uint32_t out = 0;
	unsigned i;

	for (i = 0; i < 32; i++)
		out |= (a >> i & 1) << (31 - i);
	return out;
}

/* Each nibble of which picks a byte of b:a, or its sign. */
static uint32_t permuted(uint32_t a, uint32_t b, uint32_t which)
{
	uint64_t both = (uint64_t)b << 32 | a;
	uint32_t out = 0, byte;
	unsigned i;

	for (i = 0; i < 4; i++) {
		byte = (uint32_t)(both >> (8 * (which >> (4 * i) & 7)) & 255);
		if (which >> (4 * i) & 8)
			byte = byte & 128 ? 255 : 0;
		out |= byte << (8 * i);
	}
	return out;
}

static uint32_t field(uint32_t a, uint32_t at, uint32_t bits)
{
	uint64_t shifted = at > 31 ? 0 : a >> at;

	return bits > 31 ? (uint32_t)shifted : (uint32_t)(shifted & ((1ull << bits) - 1));
}

/* The low bits of a put into b from bit at on. */
static uint64_t inserted(uint64_t a, uint64_t b, uint32_t at, uint32_t bits, uint32_t width)
{
	uint64_t mask = bits >= 64 ? UINT64_MAX : (1ull << bits) - 1;

	if (at >= width)
		return b;
	return (b & ~(mask << at)) | (a & mask) << at;
}

static uint32_t looked_up(uint32_t a, uint32_t b, uint32_t c, uint32_t table)
{
	uint32_t out = 0;
	unsigned i;

	for (i = 0; i < 8; i++)
		if (table >> i & 1)
			out |= (i & 4 ? a : ~a) & (i & 2 ? b : ~b) & (i & 1 ? c : ~c);
	return out;
}

void ptx_put_w(struct warp *w, uint16_t slot, const uint32_t *t, uint32_t mask)
{
	uint32_t *to = w->r[slot].w;
	unsigned i;

	w->set[slot] |= mask;
	if (mask == ALL) {
		memcpy(to, t, sizeof w->r[slot].w);
		return;
	}
	for (i = 0; i < PTX_WARP; i++)
		to[i] = mask >> i & 1 ? t[i] : to[i];
}

void ptx_put_d(struct warp *w, uint16_t slot, const uint64_t *t, uint32_t mask)
{
	uint64_t *to = w->r[slot].d;
	unsigned i;

	w->set[slot] |= mask;
	if (mask == ALL) {
		memcpy(to, t, sizeof w->r[slot].d);
		return;
	}
	for (i = 0; i < PTX_WARP; i++)
		to[i] = mask >> i & 1 ? t[i] : to[i];
}

#define TYPE_W uint32_t
#define TYPE_D uint64_t
#define TYPE_P uint32_t
#define PART_W w
#define PART_D d
#define PART_P w
#define PUT_W  ptx_put_w
#define PUT_D  ptx_put_d
#define PUT_P  ptx_put_w

/* K: what is written, A to D: what is read, as letters. */
#define LOOP(K, take, result)                                                                      \
 do {                                                                                              \
  TYPE_##K t[PTX_WARP];                                                                            \
  for (unsigned i = 0; i < PTX_WARP; i++) {                                                        \
   take t[i] = (TYPE_##K)(result);                                                                 \
  }                                                                                                \
  PUT_##K(w, op->dst[0], t, mask);                                                                 \
 } while (0)
#define TAKE(K, name, n)          const TYPE_##K name = w->r[op->src[n]].PART_##K[i];
#define RUN_1(K, A, result)       LOOP(K, TAKE(A, a, 0), result)
#define RUN_2(K, A, B, result)    LOOP(K, TAKE(A, a, 0) TAKE(B, b, 1), result)
#define RUN_3(K, A, B, C, result) LOOP(K, TAKE(A, a, 0) TAKE(B, b, 1) TAKE(C, c, 2), result)
#define RUN_4(K, A, B, C, D, result)                                                               \
 LOOP(K, TAKE(A, a, 0) TAKE(B, b, 1) TAKE(C, c, 2) TAKE(D, d, 3), result)

#define RUN_W_W(x)    RUN_1(W, W, x)
#define RUN_D_D(x)    RUN_1(D, D, x)
#define RUN_P_P(x)    RUN_1(P, P, x)
#define RUN_W_D(x)    RUN_1(W, D, x)
#define RUN_D_W(x)    RUN_1(D, W, x)
#define RUN_W_WW(x)   RUN_2(W, W, W, x)
#define RUN_D_DD(x)   RUN_2(D, D, D, x)
#define RUN_D_DW(x)   RUN_2(D, D, W, x)
#define RUN_D_WW(x)   RUN_2(D, W, W, x)
#define RUN_P_PP(x)   RUN_2(P, P, P, x)
#define RUN_P_WW(x)   RUN_2(P, W, W, x)
#define RUN_P_DD(x)   RUN_2(P, D, D, x)
#define RUN_W_WWW(x)  RUN_3(W, W, W, W, x)
#define RUN_D_DDD(x)  RUN_3(D, D, D, D, x)
#define RUN_D_WWD(x)  RUN_3(D, W, W, D, x)
#define RUN_W_WWP(x)  RUN_3(W, W, W, P, x)
#define RUN_D_DDP(x)  RUN_3(D, D, D, P, x)
#define RUN_W_WWWW(x) RUN_4(W, W, W, W, W, x)
#define RUN_D_DDWW(x) RUN_4(D, D, D, W, W, x)

void ptx_compute(struct warp *w, const struct op *op, uint32_t mask)
{
	switch (op->code) {
#define OP(code, name, types, bits, operands, result)                                              \
 case code:                                                                                        \
  RUN_##operands(result);                                                                          \
  break;
#include "tests/ptx/ops.def"
#undef OP
	}
}
