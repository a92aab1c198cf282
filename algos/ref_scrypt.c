/* SPDX-License-Identifier: GPL-3.0-or-later */
/* scrypt as RFC 7914 writes it: the reference that kernels are checked against. */
#include <string.h>

#include "algos/ref_scrypt.h"
#include "algos/ref_sha256.h"
#include "src/bytes.h"

#define N        1024
#define WORDS    32 /* of a block of 128 r bytes */
#define SALT_MAX 128

/* The states of HMAC-SHA256 (RFC 2104) after the padded key. */
struct hmac {
	uint32_t inner[8], outer[8];
};

static void hmac_key(struct hmac *h, const uint8_t *key, size_t len)
{
	uint8_t block[64] = {0};
	int i;

	if (len > sizeof block)
		ref_sha256(block, key, len);
	else
		memcpy(block, key, len);
	for (i = 0; i < 64; i++)
		block[i] ^= 0x36;
	ref_sha256_start(h->inner);
	ref_sha256_block(h->inner, block);
	for (i = 0; i < 64; i++)
		block[i] ^= 0x36 ^ 0x5c;
	ref_sha256_start(h->outer);
	ref_sha256_block(h->outer, block);
}

static void hmac(uint8_t out[32], const struct hmac *h, const uint8_t *in, size_t len)
{
	uint32_t state[8];
	uint8_t digest[32];

	memcpy(state, h->inner, sizeof state);
	ref_sha256_end(digest, state, in, len, 64 + len);
	memcpy(state, h->outer, sizeof state);
	ref_sha256_end(out, state, digest, sizeof digest, 64 + sizeof digest);
}

/* PBKDF2 with one iteration (RFC 8018 section 5.2); out_len is a multiple of 32. */
static void pbkdf2(uint8_t *out, size_t out_len, const struct hmac *h, const uint8_t *salt,
		   size_t len)
{
	uint8_t text[SALT_MAX + 4];
	uint32_t i;

	memcpy(text, salt, len);
	for (i = 0; i < out_len / 32; i++) {
		be32_put(text + len, i + 1);
		hmac(out + 32 * i, h, text, len + 4);
	}
}

static uint32_t rotl(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static inline void quarter(uint32_t x[16], int a, int b, int c, int d)
{
	x[b] ^= rotl(x[a] + x[d], 7);
	x[c] ^= rotl(x[b] + x[a], 9);
	x[d] ^= rotl(x[c] + x[b], 13);
	x[a] ^= rotl(x[d] + x[c], 18);
}

/* Salsa20/8 (section 3), in words. */
static void salsa(uint32_t b[16])
{
	uint32_t x[16];
	int i;

	memcpy(x, b, sizeof x);
	for (i = 0; i < 4; i++) {
		quarter(x, 0, 4, 8, 12);
		quarter(x, 5, 9, 13, 1);
		quarter(x, 10, 14, 2, 6);
		quarter(x, 15, 3, 7, 11);
		quarter(x, 0, 1, 2, 3);
		quarter(x, 5, 6, 7, 4);
		quarter(x, 10, 11, 8, 9);
		quarter(x, 15, 12, 13, 14);
	}
	for (i = 0; i < 16; i++)
		b[i] += x[i];
}

static void xor
	(uint32_t * to, const uint32_t *from, int n) {
		int i;

		for (i = 0; i < n; i++)
			to[i] ^= from[i];
	}

	/* Section 4 with r = 1: two halves, no shuffling. */
	static void block_mix(uint32_t b[WORDS])
{
	xor(b, b + 16, 16);
	salsa(b);
	xor(b + 16, b, 16);
	salsa(b + 16);
}

/* Section 5. */
static void romix(uint32_t x[WORDS])
{
	uint32_t v[N][WORDS];
	int i;

	for (i = 0; i < N; i++) {
		memcpy(v[i], x, sizeof v[i]);
		block_mix(x);
	}
	for (i = 0; i < N; i++) {
		xor(x, v[x[16] % N], WORDS);
		block_mix(x);
	}
}

void ref_scrypt_1024(uint8_t out[32], const uint8_t *in, size_t len)
{
	uint8_t bytes[4 * WORDS];
	uint32_t x[WORDS];
	struct hmac key;
	int i;

	hmac_key(&key, in, len);
	pbkdf2(bytes, sizeof bytes, &key, in, len);
	for (i = 0; i < WORDS; i++)
		x[i] = le32_get(bytes + 4 * i);
	romix(x);
	for (i = 0; i < WORDS; i++)
		le32_put(bytes + 4 * i, x[i]);
	pbkdf2(out, 32, &key, bytes, sizeof bytes);
}
