/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scrypt (RFC 7914) with N = 1024, r = 1, p = 1 of an 80-byte header, password and salt alike,
 * in three steps: PBKDF2 in, ROMix, PBKDF2 out.  job->words (made by algos/scrypt.c):
 * 0..7 SHA-256 state after the header's first 64 bytes, 8..26 the header but its nonce, as
 * big-endian words.
 *
 * GAP: only every GAP-th entry of V is kept, the others are computed again when asked for.
 * PASSES: how often a work-item starts over with the next LANES nonces in the same V, so that
 * V stays in a CPU's cache.  scratch: V of every work-item, then 48 words a nonce that the
 * steps pass on: X, and the inner and outer HMAC states.
 */
#include "platform.h"
#include "sha256.clh"

#ifndef GAP
# define GAP 1
#endif
#ifndef PASSES
# define PASSES 1
#endif
#ifdef TINY /* for checkers too slow for the real thing; hashes are wrong */
# define K_N 16
#else
# define K_N 1024
#endif

#define K_ENTRIES   ((K_N + GAP - 1) / GAP)
#define K_PER_ITEM  (LANES * PASSES)
#define K_ITEMS     ((count + (u64)K_PER_ITEM - 1) / K_PER_ITEM)
#define K_STATES(i) ((GLOBAL vu *)(scratch + K_ITEMS * (K_ENTRIES * 32 * LANES)) + (i) * 48)

CONSTANT u32 k_sha_table[64] = {
	K_SHA_K0,  K_SHA_K1,  K_SHA_K2,  K_SHA_K3,  K_SHA_K4,  K_SHA_K5,  K_SHA_K6,  K_SHA_K7,
	K_SHA_K8,  K_SHA_K9,  K_SHA_K10, K_SHA_K11, K_SHA_K12, K_SHA_K13, K_SHA_K14, K_SHA_K15,
	K_SHA_K16, K_SHA_K17, K_SHA_K18, K_SHA_K19, K_SHA_K20, K_SHA_K21, K_SHA_K22, K_SHA_K23,
	K_SHA_K24, K_SHA_K25, K_SHA_K26, K_SHA_K27, K_SHA_K28, K_SHA_K29, K_SHA_K30, K_SHA_K31,
	K_SHA_K32, K_SHA_K33, K_SHA_K34, K_SHA_K35, K_SHA_K36, K_SHA_K37, K_SHA_K38, K_SHA_K39,
	K_SHA_K40, K_SHA_K41, K_SHA_K42, K_SHA_K43, K_SHA_K44, K_SHA_K45, K_SHA_K46, K_SHA_K47,
	K_SHA_K48, K_SHA_K49, K_SHA_K50, K_SHA_K51, K_SHA_K52, K_SHA_K53, K_SHA_K54, K_SHA_K55,
	K_SHA_K56, K_SHA_K57, K_SHA_K58, K_SHA_K59, K_SHA_K60, K_SHA_K61, K_SHA_K62, K_SHA_K63,
};

#define K_LOOP_ROUND(a, b, c, d, e, f, g, h, i)                                                    \
	K_SHA_ROUND(a, b, c, d, e, f, g, h, k_sha_table[n + i] + w[i])

#define K_LOOP_EIGHT(i)                                                                            \
	do {                                                                                       \
		K_LOOP_ROUND(a, b, c, d, e, f, g, h, i);                                           \
		K_LOOP_ROUND(h, a, b, c, d, e, f, g, i + 1);                                       \
		K_LOOP_ROUND(g, h, a, b, c, d, e, f, i + 2);                                       \
		K_LOOP_ROUND(f, g, h, a, b, c, d, e, i + 3);                                       \
		K_LOOP_ROUND(e, f, g, h, a, b, c, d, i + 4);                                       \
		K_LOOP_ROUND(d, e, f, g, h, a, b, c, i + 5);                                       \
		K_LOOP_ROUND(c, d, e, f, g, h, a, b, i + 6);                                       \
		K_LOOP_ROUND(b, c, d, e, f, g, h, a, i + 7);                                       \
	} while (0)

/*
 * One compression, w used up.  SHA-256 is about 1 % of scrypt, and its code unrolled at every
 * use takes compilers half a minute: so sixteen rounds a turn, and a function of its own on
 * CPUs (on a GPU that would need a stack).
 */
#if LANES == 1
# define K_SEPARATE INLINE
#else
# define K_SEPARATE NOINLINE
#endif

K_SEPARATE void k_compress(vu *s, vu *w)
{
	vu a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
	u32 n, i;

	for (n = 0; n < 64; n += 16) {
		K_LOOP_EIGHT(0);
		K_LOOP_EIGHT(8);
		UNROLL
		for (i = 0; i < 16; i++)
			K_SHA_NEXT(w, i);
	}
	s[0] += a;
	s[1] += b;
	s[2] += c;
	s[3] += d;
	s[4] += e;
	s[5] += f;
	s[6] += g;
	s[7] += h;
}

INLINE void k_start(vu *s)
{
	s[0] = K_SHA_IV0;
	s[1] = K_SHA_IV1;
	s[2] = K_SHA_IV2;
	s[3] = K_SHA_IV3;
	s[4] = K_SHA_IV4;
	s[5] = K_SHA_IV5;
	s[6] = K_SHA_IV6;
	s[7] = K_SHA_IV7;
}

/* Digest s through the outer hash: s becomes the HMAC. */
INLINE void k_outer(vu *s, GLOBAL const vu *outer)
{
	vu w[16];
	u32 i;

	UNROLL
	for (i = 0; i < 8; i++) {
		w[i] = s[i];
		s[i] = outer[i];
		w[i + 8] = 0;
	}
	w[8] = 0x80000000u;
	w[15] = (64 + 32) * 8;
	k_compress(s, w);
}

/* Words 16..19 of the header, nonce included, in front of a block of zeros. */
INLINE void k_tail(vu *w, GLOBAL const struct abi_job *job, vu nonce)
{
	u32 i;

	w[0] = job->words[24];
	w[1] = job->words[25];
	w[2] = job->words[26];
	w[3] = BSWAP32(nonce);
	UNROLL
	for (i = 4; i < 16; i++)
		w[i] = 0;
}

/* X, and the states after the first block of inner and outer hash, for one nonce. */
INLINE void k_pbkdf2_in(GLOBAL vu *state, GLOBAL const struct abi_job *job, vu nonce)
{
	vu s[8], key[8], w[16];
	u32 n, i;

	/* The key is longer than a block, so HMAC takes its hash. */
	UNROLL
	for (i = 0; i < 8; i++)
		key[i] = job->words[i];
	k_tail(w, job, nonce);
	w[4] = 0x80000000u;
	w[15] = 80 * 8;
	k_compress(key, w);

	for (n = 0; n < 2; n++) {
		u32 pad = n ? 0x5c5c5c5cu : 0x36363636u;

		k_start(s);
		UNROLL
		for (i = 0; i < 8; i++) {
			w[i] = key[i] ^ pad;
			w[i + 8] = pad;
		}
		k_compress(s, w);
		UNROLL
		for (i = 0; i < 8; i++)
			state[32 + 8 * n + i] = s[i];
	}

	UNROLL
	for (i = 0; i < 8; i++)
		key[i] = state[32 + i];
	UNROLL
	for (i = 0; i < 16; i++)
		w[i] = job->words[8 + i];
	k_compress(key, w);

	for (n = 0; n < 4; n++) {
		k_tail(w, job, nonce);
		w[4] = n + 1;
		w[5] = 0x80000000u;
		w[15] = (64 + 80 + 4) * 8;
		UNROLL
		for (i = 0; i < 8; i++)
			s[i] = key[i];
		k_compress(s, w);
		k_outer(s, state + 40);
		UNROLL
		for (i = 0; i < 8; i++)
			state[8 * n + i] = BSWAP32(s[i]);
	}
}

KERNEL scrypt_in(KERNEL_ARGS)
{
	u64 item = GLOBAL_ID();
	u32 pass;

	(void)res;
	(void)dataset;
	for (pass = 0; pass < PASSES; pass++) {
		u64 unit = item * PASSES + pass;

		if (unit * LANES < count)
			k_pbkdf2_in(K_STATES(unit), job,
				    (u32)first + (u32)(unit * LANES) + V_LANE);
	}
}

#define K_QUARTER(a, b, c, d)                                                                      \
	do {                                                                                       \
		b ^= ROTL32(a + d, 7);                                                             \
		c ^= ROTL32(b + a, 9);                                                             \
		d ^= ROTL32(c + b, 13);                                                            \
		a ^= ROTL32(d + c, 18);                                                            \
	} while (0)

/* x = salsa20/8(x ^ y). */
INLINE void k_salsa(vu *x, const vu *y)
{
	vu s[16];
	u32 i;

	UNROLL
	for (i = 0; i < 16; i++)
		s[i] = x[i] ^= y[i];
	UNROLL
	for (i = 0; i < 4; i++) {
		K_QUARTER(s[0], s[4], s[8], s[12]);
		K_QUARTER(s[5], s[9], s[13], s[1]);
		K_QUARTER(s[10], s[14], s[2], s[6]);
		K_QUARTER(s[15], s[3], s[7], s[11]);
		K_QUARTER(s[0], s[1], s[2], s[3]);
		K_QUARTER(s[5], s[6], s[7], s[4]);
		K_QUARTER(s[10], s[11], s[8], s[9]);
		K_QUARTER(s[15], s[12], s[13], s[14]);
	}
	UNROLL
	for (i = 0; i < 16; i++)
		x[i] += s[i];
}

INLINE void k_block_mix(vu *x)
{
	k_salsa(x, x + 16);
	k_salsa(x + 16, x);
}

/*
 * An entry of V is 128 bytes in a row for each nonce, so that a random read is whole cache
 * lines.  With one lane, neighbouring work-items have neighbouring entries; with more, the
 * lanes of a work-item do, and their words go through a transposition.
 */
#if LANES == 1
# define K_V(item) (scratch + (item) * 32)

INLINE void k_store(GLOBAL u32 *v, u64 items, u32 entry, const vu *x)
{
	GLOBAL u32x4 *quad = (GLOBAL u32x4 *)(v + entry * items * 32);
	u32 i;

	UNROLL
	for (i = 0; i < 8; i++) {
		u32x4 q;

		q.x = x[4 * i];
		q.y = x[4 * i + 1];
		q.z = x[4 * i + 2];
		q.w = x[4 * i + 3];
		quad[i] = q;
	}
}

INLINE void k_fetch(vu *x, GLOBAL const u32 *v, u64 items, vu entry)
{
	GLOBAL const u32x4 *quad = (GLOBAL const u32x4 *)(v + entry * items * 32);
	u32 i;

	UNROLL
	for (i = 0; i < 8; i++) {
		u32x4 q = quad[i];

		x[4 * i] = q.x;
		x[4 * i + 1] = q.y;
		x[4 * i + 2] = q.z;
		x[4 * i + 3] = q.w;
	}
}

/* From the entry that was kept to the one steps later. */
INLINE void k_catch_up(vu *x, vu steps)
{
	for (; steps; steps--)
		k_block_mix(x);
}
#else
# define K_V(item) (scratch + (item) * (K_ENTRIES * 32 * LANES))

/* Rows of LANES words become columns. */
INLINE void k_turn(vu *x)
{
	u32 i, bit;

	UNROLL
	for (bit = 1; bit < LANES; bit <<= 1)
		UNROLL
		for (i = 0; i < 32; i++)
			if (!(i & bit))
				V_DEAL(x[i], x[i | bit], bit);
}

INLINE void k_store(GLOBAL u32 *v, u64 items, u32 entry, const vu *x)
{
	vu t[32];
	u32 i;

	(void)items;
	UNROLL
	for (i = 0; i < 32; i++)
		t[i] = x[i];
	k_turn(t);
	UNROLL
	for (i = 0; i < 32; i++)
		V_STORE(v + (entry * LANES + i % LANES) * 32 + i / LANES * LANES, t[i]);
}

INLINE void k_fetch(vu *x, GLOBAL const u32 *v, u64 items, vu entry)
{
	u32 row[LANES];
	u32 i;

	(void)items;
	V_STORE(row, entry);
	UNROLL
	for (i = 0; i < 32; i++)
		x[i] = V_LOAD(v + (row[i % LANES] * LANES + i % LANES) * 32 + i / LANES * LANES);
	k_turn(x);
}

/* From the entry that was kept to the one steps later, lane by lane. */
INLINE void k_catch_up(vu *x, vu steps)
{
	vu y[32];
	u32 n, i;

	for (n = 0; n + 1 < GAP; n++) {
		UNROLL
		for (i = 0; i < 32; i++)
			y[i] = x[i];
		k_block_mix(y);
		UNROLL
		for (i = 0; i < 32; i++)
			x[i] = V_CHOOSE(steps > n, y[i], x[i]);
	}
}
#endif

INLINE void k_romix(GLOBAL vu *state, GLOBAL u32 *v, u64 items)
{
	vu x[32], y[32];
	u32 n, i;

	UNROLL
	for (i = 0; i < 32; i++)
		x[i] = state[i];
	for (n = 0; n < K_N; n++) {
		if (n % GAP == 0)
			k_store(v, items, n / GAP, x);
		k_block_mix(x);
	}
	for (n = 0; n < K_N; n++) {
		vu j = x[16] & (K_N - 1);

		k_fetch(y, v, items, j / GAP);
		k_catch_up(y, j % GAP);
		UNROLL
		for (i = 0; i < 32; i++)
			x[i] ^= y[i];
		k_block_mix(x);
	}
	UNROLL
	for (i = 0; i < 32; i++)
		state[i] = x[i];
}

KERNEL scrypt_mix(KERNEL_ARGS)
{
	u64 item = GLOBAL_ID();
	u32 pass;

	(void)job;
	(void)res;
	(void)dataset;
	(void)first;
	for (pass = 0; pass < PASSES; pass++) {
		u64 unit = item * PASSES + pass;

		if (unit * LANES < count)
			k_romix(K_STATES(unit), K_V(item), K_ITEMS);
	}
}

/* HMAC of X and the block number 1: s becomes the hash. */
INLINE void k_pbkdf2_out(vu *s, GLOBAL const vu *state)
{
	vu w[16];
	u32 n, i;

	UNROLL
	for (i = 0; i < 8; i++)
		s[i] = state[32 + i];
	for (n = 0; n < 2; n++) {
		UNROLL
		for (i = 0; i < 16; i++)
			w[i] = BSWAP32(state[16 * n + i]);
		k_compress(s, w);
	}
	w[0] = 1;
	w[1] = 0x80000000u;
	UNROLL
	for (i = 2; i < 16; i++)
		w[i] = 0;
	w[15] = (64 + 128 + 4) * 8;
	k_compress(s, w);
	k_outer(s, state + 40);
}

KERNEL scrypt_out(KERNEL_ARGS)
{
	u64 item = GLOBAL_ID();
	u32 pass;

	(void)dataset;
	for (pass = 0; pass < PASSES; pass++) {
		u64 unit = item * PASSES + pass;
		vu s[8], index = (u32)(unit * LANES) + V_LANE;

		if (unit * LANES >= count)
			return;
		k_pbkdf2_out(s, K_STATES(unit));
		s[7] = BSWAP32(s[7]);
		s[6] = BSWAP32(s[6]);
		if (V_ANY(s[7] <= (u32)(job->target >> 32)))
			K_REPORT_LANES(s[7], s[6], index);
	}
}
