/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ProgPoW and its kin: 64 loops of a program that changes every few blocks, on 16 lanes of REGS
 * words each, with a cache of 16 KiB and a read of 256 bytes anywhere in the dataset in every
 * loop.  The program's statements (algos/progpow_code.c) take the place of a mark.
 * ABSORB: how keccak takes its input (enum progpow_absorb).  job->words: see dag_abi.h.
 */
#include "platform.h"
#include "keccak.clh"
#include "dag.clh"

#ifndef TEMPLATE
# define TEMPLATE 0
#endif

/* The program: statements of the words below, which each form defines for itself. */
#define K_PROGRAM /* ADIT_PROGRAM */

#define K_FNV1A(h, d) (((h) ^ (d)) * 0x01000193u)
#define K_BASIS 0x811c9dc5u

#define K_KISS99(z, w, jsr, jcong)                                                                 \
	do {                                                                                       \
		z = 36969 * (z & 65535) + (z >> 16);                                               \
		w = 18000 * (w & 65535) + (w >> 16);                                               \
		jcong = 69069 * jcong + 1234567;                                                   \
		jsr ^= jsr << 17;                                                                  \
		jsr ^= jsr >> 13;                                                                  \
		jsr ^= jsr << 5;                                                                   \
	} while (0)

/*
 * The two keccaks of a nonce, words being u32 or vectors of them: after the first, s[0..7] are
 * what the second begins with and seed the mix; after the second they are the hash.
 */
#if ABSORB == 0
# define K_PAD_FIRST(word, i)  (word)(0)
# define K_PAD_SECOND(word, i) (word)(0)
#elif ABSORB == 1
# define K_PAD_FIRST(word, i)  (word)((i) == 10 ? 1u : (i) == 18 ? 0x80008081u : 0u)
# define K_PAD_SECOND(word, i) (word)((i) == 17 ? 1u : (i) == 24 ? 0x80008081u : 0u)
#else
# define K_PAD_FIRST(word, i)  (word)(job->words[DAG_TEXT + (i) - 10])
# define K_PAD_SECOND(word, i) (word)(job->words[DAG_TEXT + (i) - 16])
#endif

#define K_FIRST(word, s, low, high)                                                                \
	do {                                                                                       \
		word k_a[25];                                                                      \
		u32 k_i;                                                                           \
		UNROLL                                                                             \
		for (k_i = 0; k_i < 8; k_i++)                                                      \
			k_a[k_i] = (word)(job->words[DAG_HEADER + k_i]);                           \
		k_a[8] = (low);                                                                    \
		k_a[9] = (high);                                                                   \
		UNROLL                                                                             \
		for (k_i = 10; k_i < 25; k_i++)                                                    \
			k_a[k_i] = K_PAD_FIRST(word, k_i);                                         \
		K_KECCAK_F800(word, k_a);                                                          \
		UNROLL                                                                             \
		for (k_i = 0; k_i < 8; k_i++)                                                      \
			s[k_i] = k_a[k_i];                                                         \
	} while (0)

#if ABSORB == 0
/* The seed is read the other way round, and with the header takes the place of s. */
# define K_SEED_LOW(s)  K_SWAP(s[1])
# define K_SEED_HIGH(s) K_SWAP(s[0])
# define K_SECOND_INPUT(word, a, s, mixes)                                                         \
	do {                                                                                       \
		UNROLL                                                                             \
		for (k_i = 0; k_i < 8; k_i++) {                                                    \
			a[k_i] = (word)(job->words[DAG_HEADER + k_i]);                             \
			a[k_i + 10] = mixes[k_i];                                                  \
		}                                                                                  \
		a[8] = K_SEED_LOW(s);                                                              \
		a[9] = K_SEED_HIGH(s);                                                             \
		UNROLL                                                                             \
		for (k_i = 18; k_i < 25; k_i++)                                                    \
			a[k_i] = (word)(0);                                                        \
	} while (0)
#else
# define K_SEED_LOW(s)  (s[0])
# define K_SEED_HIGH(s) (s[1])
# define K_SECOND_INPUT(word, a, s, mixes)                                                         \
	do {                                                                                       \
		UNROLL                                                                             \
		for (k_i = 0; k_i < 8; k_i++) {                                                    \
			a[k_i] = s[k_i];                                                           \
			a[k_i + 8] = mixes[k_i];                                                   \
		}                                                                                  \
		UNROLL                                                                             \
		for (k_i = 16; k_i < 25; k_i++)                                                    \
			a[k_i] = K_PAD_SECOND(word, k_i);                                          \
	} while (0)
#endif

#define K_SWAP(x) (((x) << 24 | (x) >> 8) & 0xff00ff00u | ((x) << 8 | (x) >> 24) & 0x00ff00ffu)

#define K_SECOND(word, s, mixes)                                                                   \
	do {                                                                                       \
		word k_a[25];                                                                      \
		u32 k_i;                                                                           \
		K_SECOND_INPUT(word, k_a, s, mixes);                                               \
		K_KECCAK_F800(word, k_a);                                                          \
		s[0] = k_a[0];                                                                     \
		s[1] = k_a[1];                                                                     \
	} while (0)

/* The words of programs that are the same in both forms. */
#define K_ADD(a, b) (mix[a] + mix[b])
#define K_MUL(a, b) (mix[a] * mix[b])
#define K_AND(a, b) (mix[a] & mix[b])
#define K_OR(a, b)  (mix[a] | mix[b])
#define K_XOR(a, b) (mix[a] ^ mix[b])
#define K_MULADD(d, x)     mix[d] = mix[d] * 33 + (x)
#define K_XORMUL(d, x)     mix[d] = (mix[d] ^ (x)) * 33
#define K_ROTLXOR(d, x, n) mix[d] = (mix[d] << (n) | mix[d] >> (32 - (n))) ^ (x)

#if WIDE
/*
 * On a CPU a work-item tries 16 nonces: as one vector in keccak, between them each with its 16
 * lanes as a vector.  A few take turns, loop by loop, so that a row has arrived when it is used.
 */
# define K_TURNS 4
# define K_NONCES 16
# define K_MULHI(a, b)    V16_MUL_HI(mix[a], mix[b])
# define K_MIN(a, b)      V16_MIN(mix[a], mix[b])
# define K_ROTL(a, b)     V16_TURN_LEFT(mix[a], mix[b])
# define K_ROTR(a, b)     V16_TURN_RIGHT(mix[a], mix[b])
# define K_CLZ(a, b)      (V16_CLZ(mix[a]) + V16_CLZ(mix[b]))
# define K_POPCOUNT(a, b) (V16_POPCOUNT(mix[a]) + V16_POPCOUNT(mix[b]))
# define K_CACHE(a)       V16_GATHER(l1, mix[a] & 4095u)
# define K_ROW(t)         V16_GATHER(unit, ((V16_LANE ^ (r & 15)) << 2) + (t))

/* The cache, in one piece: where the dataset is split it is not.  Groups are of one then. */
# if PARTS == 1
#  define K_L1      GLOBAL
#  define K_L1_ROOM
#  define K_L1_FILL() (l1 = dataset)
#  define K_SIZE
# else
#  define K_L1      LOCAL
#  define K_L1_ROOM LOCAL u32 cache[4096];
#  define K_L1_FILL()                                                                              \
	do {                                                                                       \
		for (i = 0; i < 4096; i++)                                                         \
			cache[i] = K_UNIT(i / 64)[i % 64];                                         \
		l1 = cache;                                                                        \
	} while (0)
#  define K_SIZE    GROUP_SIZE(1)
# endif

KERNEL K_SIZE progpow(KERNEL_ARGS)
{
	K_L1_ROOM
	u32 rows = job->words[DAG_ROWS], magic = job->words[DAG_ROWS_MAGIC];
	u64 index = GLOBAL_ID() * K_NONCES, nonce = first + index;
	u32x16 s[8], mix[REGS], digest[8], low, high, jsr, jcong;
	u32 seeds[2][K_NONCES], hashes[8 * K_NONCES], row[K_TURNS], n, i, r, t, z, w;
	u32 mixes[K_TURNS][REGS * 16];
	K_L1 const u32 *l1;

	(void)scratch;
	if (index >= count || K_ABORTED(res))
		return;
	K_L1_FILL();
	low = (u32)nonce + V16_LANE;
	high = (u32)(nonce >> 32) + (low < V16_LANE ? (u32x16)(1) : (u32x16)(0));
	K_FIRST(u32x16, s, low, high);
	vstore16(K_SEED_LOW(s), 0, seeds[0]);
	vstore16(K_SEED_HIGH(s), 0, seeds[1]);

	for (n = 0; n < K_NONCES; n += K_TURNS) {
		for (t = 0; t < K_TURNS; t++) {
			z = K_FNV1A(K_BASIS, seeds[0][n + t]);
			w = K_FNV1A(z, seeds[1][n + t]);
			jsr = K_FNV1A(w, V16_LANE);
			jcong = K_FNV1A(jsr, V16_LANE);
			for (i = 0; i < REGS; i++) {
				K_KISS99(z, w, jsr, jcong);
				vstore16((((z << 16) + w) ^ jcong) + jsr, i, mixes[t]);
			}
			row[t] = k_mod(mixes[t][0], rows, magic);
		}
		for (r = 0; r < 64; r++)
			for (t = 0; t < K_TURNS; t++) {
				GLOBAL const u32 *unit = K_UNIT(row[t]);

				UNROLL
				for (i = 0; i < REGS; i++)
					mix[i] = vload16(i, mixes[t]);
				K_PROGRAM
				UNROLL
				for (i = 0; i < REGS; i++)
					vstore16(mix[i], i, mixes[t]);
				row[t] = k_mod(mixes[t][(r + 1) % 16], rows, magic);
				unit = K_UNIT(row[t]);
				PREFETCH(unit);
				PREFETCH(unit + 16);
				PREFETCH(unit + 32);
				PREFETCH(unit + 48);
			}
		for (t = 0; t < K_TURNS; t++) {
			low = K_BASIS;
			for (i = 0; i < REGS; i++)
				low = K_FNV1A(low, vload16(i, mixes[t]));
			low.lo = K_FNV1A(K_FNV1A(K_BASIS, low.lo), low.hi);
			vstore8(low.lo, n + t, hashes);
		}
	}

	for (i = 0; i < 8; i++) {
		for (n = 0; n < K_NONCES; n++)
			seeds[0][n] = hashes[n * 8 + i];
		digest[i] = vload16(0, seeds[0]);
	}
	K_SECOND(u32x16, s, digest);
	vstore16(s[0], 0, seeds[0]);
	vstore16(s[1], 0, seeds[1]);
	for (n = 0; n < K_NONCES; n++)
		if (((u64)BSWAP32(seeds[0][n]) << 32 | BSWAP32(seeds[1][n])) <= job->target &&
		    index + n < count)
			K_REPORT(res, nonce + n);
}
#else
/*
 * On a GPU 16 neighbours are the lanes of each other's hashes in turn.  Only the keccaks are each
 * one's own; the first is done again at the end rather than kept.
 */
# define K_MULHI(a, b)    MUL_HI32(mix[a], mix[b])
# define K_MIN(a, b)      MIN32(mix[a], mix[b])
# define K_ROTL(a, b)     TURN_LEFT32(mix[a], mix[b])
# define K_ROTR(a, b)     TURN_RIGHT32(mix[a], mix[b])
# define K_CLZ(a, b)      (CLZ32(mix[a]) + CLZ32(mix[b]))
# define K_POPCOUNT(a, b) (POPCOUNT32(mix[a]) + POPCOUNT32(mix[b]))
# define K_ROW(t)         piece[t]

/*
 * 32 lanes that read words from anywhere in the cache meet in its banks: 3.5 reads one after the
 * other.  With COPIES of it, word by word side by side, each of as many sets of lanes has banks of
 * its own (3.45 with two copies, 3.3 with four, 3.0 with eight; bench/sass.py).
 */
# ifndef COPIES
#  define COPIES 1
# endif
# define K_L1_WORDS (4096 * COPIES)
# if COPIES > 2
#  define K_L1_ROOM LOCAL_BROUGHT(u32, l1, K_L1_WORDS)
# else
#  define K_L1_ROOM LOCAL u32 l1[K_L1_WORDS]
# endif
/* A shift, logic of three, a read: no more than with one copy. */
# define K_STEP     (4 * COPIES)
# define K_COPY     OPAQUE(own % COPIES * 4)
# define K_CACHE(a) LOCAL_WORD(l1, (mix[a] * K_STEP & 4095 * K_STEP) | copy)

/* Instructions are spliced into a template later (algos/progpow_ptx.c). */
# if TEMPLATE
#  undef K_PROGRAM
#  define K_PROGRAM PROGRAM_TEMPLATE(REGS, mix, piece, l1, COPIES, copy);
# endif

KERNEL GROUP_SIZE_OF(GROUP, 1024) progpow(KERNEL_ARGS)
{
	K_L1_ROOM;
	K_SHARE_ROOM(4);
	u32 rows = job->words[DAG_ROWS], magic = job->words[DAG_ROWS_MAGIC];
	u32 index = (u32)GLOBAL_ID(), own = LOCAL_ID(), lane = own % 16;
	u64 nonce = first + index;
	u32 s[8], mix[REGS], mixes[8], piece[4], copy = K_COPY, h, i, r, z, w, jsr, jcong;

	(void)scratch;
	(void)copy;
	for (i = own; i < 1024; i += GROUP) {
		u32x4 v = LOAD4((GLOBAL const u32x4 *)K_UNIT(i / 16) + i % 16);

		/* neighbours begin with different copies, so that they meet in fewer banks */
		UNROLL
		for (r = 0; r < COPIES; r++) {
			w = 4 * COPIES * i + (r + i) % COPIES;
			l1[w] = v.x;
			l1[w + COPIES] = v.y;
			l1[w + 2 * COPIES] = v.z;
			l1[w + 3 * COPIES] = v.w;
		}
	}
	BARRIER();

	/* Once, since a group takes milliseconds.  No return: PoCL loses barriers after one. */
	K_SHARE(0, K_ABORTED(res));
	K_MEET();
	h = K_SHARED(0, K_ABORTED(res), 0, K_TEAM) ? 16 : 0;
	K_MEET();
	K_FIRST(u32, s, (u32)nonce, (u32)(nonce >> 32));
	/* An aborted group has no hash to report; a nonce made anew below keeps no register. */
	index = h ? count : index;
	s[2] = K_SEED_LOW(s);
	s[3] = K_SEED_HIGH(s);
	K_SHARE(2, s[2]);
	K_SHARE(3, s[3]);
	UNROLL
	for (i = 0; i < 8; i++)
		mixes[i] = 0;
	K_MEET();

	for (; h < 16; h++) {
		z = K_FNV1A(K_BASIS, K_SHARED(2, s[2], h, 16));
		w = K_FNV1A(z, K_SHARED(3, s[3], h, 16));
		jsr = K_FNV1A(w, lane);
		jcong = K_FNV1A(jsr, lane);
		UNROLL
		for (i = 0; i < REGS; i++) {
			K_KISS99(z, w, jsr, jcong);
			mix[i] = (((z << 16) + w) ^ jcong) + jsr;
		}
		NO_UNROLL
		for (r = 0; r < 64; r++) {
			u32x4 v;

			K_SHARE(r % 2, mix[0]);
			K_MEET();
			i = k_mod(K_SHARED(r % 2, mix[0], r % 16, 16), rows, magic);
			v = LOAD4((GLOBAL const u32x4 *)K_UNIT(i) + ((lane ^ r) & 15));
			piece[0] = v.x;
			piece[1] = v.y;
			piece[2] = v.z;
			piece[3] = v.w;
			K_PROGRAM
		}
		/* The slots are free again: each was read before a meeting that is over. */
		z = K_BASIS;
		UNROLL
		for (i = 0; i < REGS; i++)
			z = K_FNV1A(z, mix[i]);
		K_SHARE(0, z);
		K_MEET();
		w = K_SHARED(0, z, lane % 8 + 8, 16);
		z = K_FNV1A(K_FNV1A(K_BASIS, z), w);
		K_SHARE(1, z);
		K_MEET();
		UNROLL
		for (i = 0; i < 8; i++) {
			w = K_SHARED(1, z, i, 16);
			mixes[i] = lane == h ? w : mixes[i];
		}
	}

	FORGET();
	nonce = first + index;
	K_FIRST(u32, s, (u32)nonce, (u32)(nonce >> 32));
	K_SECOND(u32, s, mixes);
	if (index < count && ((u64)BSWAP32(s[0]) << 32 | BSWAP32(s[1])) <= job->target)
		K_REPORT(res, nonce);
}
#endif
