/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SHA-256 as FIPS 180-4 writes it: the reference that kernels are checked against. */
#include <string.h>

#include "algos/ref_sha256.h"
#include "src/bytes.h"

/* Section 4.2.2. */
static const uint32_t constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static uint32_t rotr(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

void ref_sha256_start(uint32_t state[8])
{
	/* Section 5.3.3. */
	static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

	memcpy(state, start, sizeof start);
}

/* Section 6.2.2, step 1. */
static void schedule(uint32_t w[64], const uint8_t block[64])
{
	int t;

	for (t = 0; t < 16; t++)
		w[t] = be32_get(block + 4 * t);
	for (; t < 64; t++) {
		uint32_t x = w[t - 15], y = w[t - 2];

		w[t] = (rotr(y, 17) ^ rotr(y, 19) ^ y >> 10) + w[t - 7] +
		       (rotr(x, 7) ^ rotr(x, 18) ^ x >> 3) + w[t - 16];
	}
}

void ref_sha256_block(uint32_t state[8], const uint8_t block[64])
{
	uint32_t w[64], v[8];
	int t;

	schedule(w, block);
	memcpy(v, state, sizeof v);
	for (t = 0; t < 64; t++) {
		uint32_t a = v[0], b = v[1], c = v[2], e = v[4], f = v[5], g = v[6];
		uint32_t t1 = v[7] + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) +
			      ((e & f) ^ (~e & g)) + constants[t] + w[t];
		uint32_t t2 =
			(rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));

		v[7] = g;
		v[6] = f;
		v[5] = e;
		v[4] = v[3] + t1;
		v[3] = c;
		v[2] = b;
		v[1] = a;
		v[0] = t1 + t2;
	}
	for (t = 0; t < 8; t++)
		state[t] += v[t];
}

void ref_sha256_end(uint8_t out[32], uint32_t state[8], const uint8_t *in, size_t len,
		    uint64_t total)
{
	uint8_t block[64];
	int i;

	for (; len >= 64; len -= 64, in += 64)
		ref_sha256_block(state, in);
	memset(block, 0, sizeof block);
	memcpy(block, in, len);
	block[len] = 0x80;
	if (len >= 56) {
		ref_sha256_block(state, block);
		memset(block, 0, sizeof block);
	}
	be64_put(block + 56, total * 8);
	ref_sha256_block(state, block);
	for (i = 0; i < 8; i++)
		be32_put(out + 4 * i, state[i]);
}

void ref_sha256(uint8_t out[32], const uint8_t *in, size_t len)
{
	uint32_t state[8];

	ref_sha256_start(state);
	ref_sha256_end(out, state, in, len, len);
}
