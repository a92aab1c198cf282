/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ethash and its kin (they differ in epochs and light caches only): 64 reads of 128 bytes
 * anywhere in the dataset.  job->words: see dag_abi.h.
 * FLY: hashes that eight neighbours work on at once, so that as many reads are under way.
 */
#include "platform.h"
#include "keccak.clh"
#include "dag.clh"

#ifndef FLY
# define FLY 4
#endif

#if WIDE
/*
 * On a CPU a work-item tries 16 nonces, so that as many reads are under way: in keccak eight as
 * one vector, between them two vectors each.
 */
# define K_NONCES 16

KERNEL ethash(KERNEL_ARGS)
{
	u32 rows = job->words[DAG_ROWS], magic = job->words[DAG_ROWS_MAGIC];
	u64 index = GLOBAL_ID() * K_NONCES;
	u64x8 a[25], s[K_NONCES / 8][8], x[K_NONCES];
	u32x16 mix[K_NONCES][2];
	u32 seed[K_NONCES], i, n, h;
	u64 top[8];

	(void)scratch;
	if (index >= count || K_ABORTED(res))
		return;
	for (h = 0; h < K_NONCES / 8; h++) {
		UNROLL
		for (i = 0; i < 4; i++)
			a[i] = job->words[2 * i] | (u64)job->words[2 * i + 1] << 32;
		a[4] = first + index + h * 8 + (u64x8)(0, 1, 2, 3, 4, 5, 6, 7);
		K_KECCAK512_PAD(a, 5);
		K_KECCAK_F1600(u64x8, a);
		UNROLL
		for (i = 0; i < 8; i++)
			s[h][i] = x[h * 8 + i] = a[i];
		k_turn8(x + h * 8);
	}
	UNROLL
	for (n = 0; n < K_NONCES; n++) {
		mix[n][0] = mix[n][1] = as_uint16(x[n]);
		seed[n] = (u32)x[n].s0;
	}
	for (i = 0; i < 64; i++) {
		UNROLL
		for (n = 0; n < K_NONCES; n++) {
			u32 p = K_FNV1(i ^ seed[n], ((u32 *)mix[n])[i % 32]);
			GLOBAL const u32x16 *row;

			p = k_mod(p, rows, magic);
			row = (GLOBAL const u32x16 *)K_ROW128(p);
			mix[n][0] = K_FNV1(mix[n][0], row[0]);
			mix[n][1] = K_FNV1(mix[n][1], row[1]);
		}
	}
	UNROLL
	for (n = 0; n < K_NONCES; n++) {
		u32x8 c = (u32x8)(mix[n][0].s048c, mix[n][1].s048c);

		c = K_FNV1(c, (u32x8)(mix[n][0].s159d, mix[n][1].s159d));
		c = K_FNV1(c, (u32x8)(mix[n][0].s26ae, mix[n][1].s26ae));
		c = K_FNV1(c, (u32x8)(mix[n][0].s37bf, mix[n][1].s37bf));
		x[n] = (u64x8)(as_ulong4(c), 0, 0, 0, 0);
	}
	for (h = 0; h < K_NONCES / 8; h++) {
		k_turn8(x + h * 8);
		UNROLL
		for (i = 0; i < 8; i++)
			a[i] = s[h][i];
		UNROLL
		for (i = 0; i < 4; i++)
			a[8 + i] = x[h * 8 + i];
		K_KECCAK256_PAD(a, 12);
		K_KECCAK_F1600(u64x8, a);
		vstore8(a[0], 0, top);
		for (n = 0; n < 8; n++)
			if (BSWAP64(top[n]) <= job->target && index + h * 8 + n < count)
				K_REPORT(res, first + index + h * 8 + n);
	}
}
#else
/* CUDA's assembler, left alone, spills rather than take more than 80 registers; not with 8. */
# if FLY < 8
#  define K_SIZE GROUP_SIZE_OF(GROUP, 512)
# else
#  define K_SIZE GROUP_SIZE(GROUP)
# endif

/*
 * On a GPU eight neighbours work on each other's hashes in turn, 16 bytes of the mix each, so that
 * they fetch a row side by side.  Only the keccaks are each one's own.
 */
KERNEL K_SIZE ethash(KERNEL_ARGS)
{
	LOCAL u32 seeds[16 * GROUP], mixes[8 * GROUP]; /* a word of every one, then the next word */
	K_SHARE_ROOM(2 * FLY);
	u32 rows = job->words[DAG_ROWS], magic = job->words[DAG_ROWS_MAGIC];
	u32 index = (u32)GLOBAL_ID(), own = LOCAL_ID(), lane = own % 8;
	u32 mix[FLY][4], start[FLY], p[FLY], h, f, i, j;
	u64 a[25];

	(void)scratch;
	UNROLL
	for (i = 0; i < 4; i++)
		a[i] = job->words[2 * i] | (u64)job->words[2 * i + 1] << 32;
	a[4] = first + index;
	K_KECCAK512_PAD(a, 5);
	K_KECCAK_F1600(u64, a);
	UNROLL
	for (i = 0; i < 8; i++) {
		seeds[2 * i * GROUP + own] = (u32)a[i];
		seeds[(2 * i + 1) * GROUP + own] = (u32)(a[i] >> 32);
	}
	BARRIER();

	/* Once, since a group takes a millisecond.  No return: PoCL loses barriers after one. */
	K_SHARE(0, K_ABORTED(res));
	K_MEET();
	h = K_SHARED(0, K_ABORTED(res), 0, K_TEAM) ? 8 : 0;
	K_MEET();
	for (; h < 8; h += FLY) {
		UNROLL
		for (f = 0; f < FLY; f++) {
			start[f] = seeds[own - lane + h + f];
			UNROLL
			for (i = 0; i < 4; i++)
				mix[f][i] = seeds[(lane % 4 * 4 + i) * GROUP + own - lane + h + f];
		}
		for (j = 0; j < 64; j += 4) {
			UNROLL
			for (i = 0; i < 4; i++) {
				UNROLL
				for (f = 0; f < FLY; f++) {
					p[f] = K_FNV1((j + i) ^ start[f], mix[f][i]);
					p[f] = k_mod(p[f], rows, magic);
					K_SHARE(i % 2 * FLY + f, p[f]);
				}
				K_MEET();
				UNROLL
				for (f = 0; f < FLY; f++) {
					u32 row = K_SHARED(i % 2 * FLY + f, p[f], j / 4 % 8, 8);
					u32x4 v = LOAD4((GLOBAL const u32x4 *)K_ROW128(row) +
							lane);

					mix[f][0] = K_FNV1(mix[f][0], v.x);
					mix[f][1] = K_FNV1(mix[f][1], v.y);
					mix[f][2] = K_FNV1(mix[f][2], v.z);
					mix[f][3] = K_FNV1(mix[f][3], v.w);
				}
			}
		}
		UNROLL
		for (f = 0; f < FLY; f++)
			mixes[lane * GROUP + own - lane + h + f] =
				K_FNV1(K_FNV1(K_FNV1(mix[f][0], mix[f][1]), mix[f][2]), mix[f][3]);
	}
	BARRIER();

	UNROLL
	for (i = 0; i < 8; i++)
		a[i] = seeds[2 * i * GROUP + own] | (u64)seeds[(2 * i + 1) * GROUP + own] << 32;
	UNROLL
	for (i = 0; i < 4; i++)
		a[8 + i] = mixes[2 * i * GROUP + own] |
			   (u64)mixes[(2 * i + 1) * GROUP + own] << 32;
	K_KECCAK256_PAD(a, 12);
	K_KECCAK_F1600(u64, a);
	/* What an aborted group has here is no hash. */
	if (index < count && BSWAP64(a[0]) <= job->target && !K_ABORTED(res))
		K_REPORT(res, first + index);
}
#endif
