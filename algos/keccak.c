/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keccak-f[1600] sponges, and Keccak-f[800]. */
#include <string.h>

#include "algos/keccak.h"
#include "src/bytes.h"

static const uint64_t round_constants[24] = {
	0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
	0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
	0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
	0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
	0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
	0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

#define ROTL64(x, n) ((x) << (n) | (x) >> (64 - (n)))

/* chi on five lanes that rho and pi have put beside each other. */
static inline void chi(uint64_t *to, uint64_t b0, uint64_t b1, uint64_t b2, uint64_t b3,
		       uint64_t b4)
{
	to[0] = b0 ^ (~b1 & b2);
	to[1] = b1 ^ (~b2 & b3);
	to[2] = b2 ^ (~b3 & b4);
	to[3] = b3 ^ (~b4 & b0);
	to[4] = b4 ^ (~b0 & b1);
}

static inline uint64_t column(const uint64_t *a)
{
	return a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20];
}

/* Lane i after theta and rho. */
#define LANE(i, n) ROTL64(a[i] ^ d[(i) % 5], n)

/*
 * One round, written out a row of its result at a time: light caches are made of this and nothing
 * else, and compilers leave the loops of the specification rolled.
 */
static inline void permute(uint64_t to[25], const uint64_t a[25], uint64_t constant)
{
	const uint64_t c0 = column(a), c1 = column(a + 1), c2 = column(a + 2), c3 = column(a + 3),
		       c4 = column(a + 4);
	const uint64_t d[5] = {c4 ^ ROTL64(c1, 1), c0 ^ ROTL64(c2, 1), c1 ^ ROTL64(c3, 1),
			       c2 ^ ROTL64(c4, 1), c3 ^ ROTL64(c0, 1)};

	chi(to, a[0] ^ d[0], LANE(6, 44), LANE(12, 43), LANE(18, 21), LANE(24, 14));
	chi(to + 5, LANE(3, 28), LANE(9, 20), LANE(10, 3), LANE(16, 45), LANE(22, 61));
	chi(to + 10, LANE(1, 1), LANE(7, 6), LANE(13, 25), LANE(19, 8), LANE(20, 18));
	chi(to + 15, LANE(4, 27), LANE(5, 36), LANE(11, 10), LANE(17, 15), LANE(23, 56));
	chi(to + 20, LANE(2, 62), LANE(8, 55), LANE(14, 39), LANE(15, 41), LANE(21, 2));
	to[0] ^= constant;
}

static void f1600(uint64_t a[25])
{
	uint64_t b[25];
	int round;

	for (round = 0; round < 24; round += 2) {
		permute(b, a, round_constants[round]);
		permute(a, b, round_constants[round + 1]);
	}
}

static void soak(uint64_t a[25], const uint8_t *block, size_t rate)
{
	size_t i;

	for (i = 0; i < rate / 8; i++)
		a[i] ^= le64_get(block + 8 * i);
	f1600(a);
}

static void sponge(uint8_t *out, size_t out_len, const uint8_t *in, size_t len, size_t rate)
{
	uint8_t block[144] = {0};
	uint64_t a[25] = {0};
	size_t i;

	for (; len >= rate; in += rate, len -= rate)
		soak(a, in, rate);
	memcpy(block, in, len);
	block[len] = 0x01;
	block[rate - 1] |= 0x80;
	soak(a, block, rate);
	for (i = 0; i < out_len / 8; i++)
		le64_put(out + 8 * i, a[i]);
}

void keccak256(uint8_t out[32], const void *in, size_t len)
{
	sponge(out, 32, in, len, 136);
}

void keccak512(uint8_t out[64], const void *in, size_t len)
{
	sponge(out, 64, in, len, 72);
}

/* ---- 32-bit lanes ---- */

/* Where the lane goes and how far it turns, along the cycle that begins at lane 1. */
static const struct {
	uint8_t to, turn;
} path[24] = {
	{10, 1},  {7, 3},   {11, 6},  {17, 10}, {18, 15}, {3, 21}, {5, 28},  {16, 4},
	{8, 13},  {21, 23}, {24, 2},  {4, 14},  {15, 27}, {23, 9}, {19, 24}, {13, 8},
	{12, 25}, {2, 11},  {20, 30}, {14, 18}, {22, 7},  {9, 29}, {6, 20},  {1, 12},
};

#define ROTL32(x, n) ((x) << (n) | (x) >> (32 - (n)))

static void chi_800(uint32_t *a)
{
	uint32_t b[5];
	int x, y;

	for (y = 0; y < 25; y += 5) {
		memcpy(b, a + y, sizeof b);
		for (x = 0; x < 5; x++)
			a[y + x] = b[x] ^ (~b[(x + 1) % 5] & b[(x + 2) % 5]);
	}
}

void keccak_f800(uint32_t a[25])
{
	uint32_t c[5], d, t;
	int round, i, x;

	for (round = 0; round < 22; round++) {
		for (x = 0; x < 5; x++)
			c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
		for (i = 0; i < 25; i++) {
			d = c[(i + 1) % 5];
			a[i] ^= c[(i + 4) % 5] ^ ROTL32(d, 1);
		}
		t = a[1];
		for (i = 0; i < 24; i++) {
			d = a[path[i].to];
			a[path[i].to] = ROTL32(t, path[i].turn);
			t = d;
		}
		chi_800(a);
		a[0] ^= (uint32_t)round_constants[round];
	}
}
