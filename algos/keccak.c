/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keccak-f[1600] sponges of one block, and Keccak-f[800]. */
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

/* One lane on its way through rho and pi: it goes to `to`, turned by n. */
#define MOVE(to, n) (next = a[to], a[to] = ROTL64(t, n), t = next)

static void theta(uint64_t *a)
{
	uint64_t c[5], d;
	int x, y;

	for (x = 0; x < 5; x++)
		c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
	for (x = 0; x < 5; x++) {
		d = c[(x + 4) % 5] ^ ROTL64(c[(x + 1) % 5], 1);
		for (y = 0; y < 25; y += 5)
			a[x + y] ^= d;
	}
}

static void rho_pi(uint64_t *a)
{
	uint64_t t = a[1], next;

	MOVE(10, 1), MOVE(7, 3), MOVE(11, 6), MOVE(17, 10), MOVE(18, 15), MOVE(3, 21);
	MOVE(5, 28), MOVE(16, 36), MOVE(8, 45), MOVE(21, 55), MOVE(24, 2), MOVE(4, 14);
	MOVE(15, 27), MOVE(23, 41), MOVE(19, 56), MOVE(13, 8), MOVE(12, 25), MOVE(2, 43);
	MOVE(20, 62), MOVE(14, 18), MOVE(22, 39), MOVE(9, 61), MOVE(6, 20), MOVE(1, 44);
}

static void chi(uint64_t *a)
{
	uint64_t b0, b1;
	int y;

	for (y = 0; y < 25; y += 5) {
		b0 = a[y];
		b1 = a[y + 1];
		a[y] ^= ~b1 & a[y + 2];
		a[y + 1] ^= ~a[y + 2] & a[y + 3];
		a[y + 2] ^= ~a[y + 3] & a[y + 4];
		a[y + 3] ^= ~a[y + 4] & b0;
		a[y + 4] ^= ~b0 & b1;
	}
}

static void f1600(uint64_t a[25])
{
	int round;

	for (round = 0; round < 24; round++) {
		theta(a);
		rho_pi(a);
		chi(a);
		a[0] ^= round_constants[round];
	}
}

/* Words are little-endian on every machine adit runs on; the bytes are taken apart all the same. */
static void sponge(uint8_t *out, size_t out_len, const void *in, size_t len, size_t rate)
{
	uint8_t block[144] = {0};
	uint64_t a[25] = {0};
	size_t i;

	memcpy(block, in, len);
	block[len] = 0x01;
	block[rate - 1] |= 0x80;
	for (i = 0; i < rate / 8; i++)
		a[i] = le64_get(block + 8 * i);
	f1600(a);
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
