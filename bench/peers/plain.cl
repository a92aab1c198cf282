/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * KawPoW and its kin as the specification reads, one work-item a hash: slow, and an example of a
 * peer that gets the period's program from ADIT_ words (README.md here).  OpenCL or CUDA, with
 * --options "-I .../kernels" --entry plain --args job,hits,dataset,nonce --count 0
 */
#include "platform.h"
#include "keccak.clh"
#include "dag_abi.h"

#define P_BASIS 0x811c9dc5u
#define P_FNV1A(h, d) (((h) ^ (d)) * 0x01000193u)

/* What of the header, the seed or the mix hash, and of the coin's letters, keccak begins with. */
INLINE void p_text(GLOBAL const struct abi_job *job, u32 *a, u32 from)
{
	u32 i;

	for (i = from; i < 25; i++)
		a[i] = job->words[DAG_TEXT + i - from];
}

INLINE void p_fill(u32 *mix, u32 low, u32 high, u32 lane)
{
	u32 z = P_FNV1A(P_BASIS, low), w = P_FNV1A(z, high);
	u32 jsr = P_FNV1A(w, lane), jcong = P_FNV1A(jsr, lane), i;

	for (i = 0; i < ADIT_REGS; i++) {
		z = 36969 * (z & 65535) + (z >> 16);
		w = 18000 * (w & 65535) + (w >> 16);
		jcong = 69069 * jcong + 1234567;
		jsr ^= jsr << 17;
		jsr ^= jsr >> 13;
		jsr ^= jsr << 5;
		mix[i] = (((z << 16) + w) ^ jcong) + jsr;
	}
}

KERNEL plain(GLOBAL const struct abi_job *job, GLOBAL u32 *hits, GLOBAL const u32 *dataset,
	     u64 first)
{
	u64 nonce = first + GLOBAL_ID();
	u32 mix[16][ADIT_REGS], a[25], b[25], lane, loop, i, h;

	for (i = 0; i < 8; i++)
		a[i] = job->words[DAG_HEADER + i];
	a[8] = (u32)nonce;
	a[9] = (u32)(nonce >> 32);
	p_text(job, a, 10);
	K_KECCAK_F800(u32, a);
	for (lane = 0; lane < 16; lane++)
		p_fill(mix[lane], a[0], a[1], lane);

	for (loop = 0; loop < 64; loop++) {
		u32 unit = mix[loop % 16][0] % ADIT_ROWS256;

		for (lane = 0; lane < 16; lane++) {
			GLOBAL const u32 *row = dataset + (u64)unit * 64 + (lane ^ loop) % 16 * 4;
			u32 *m = mix[lane];

			ADIT_MATH(m, dataset)
			ADIT_LOADS(m, row)
		}
	}

	for (i = 0; i < 8; i++) {
		b[i] = a[i];
		b[8 + i] = P_BASIS;
	}
	for (lane = 0; lane < 16; lane++) {
		h = P_BASIS;
		for (i = 0; i < ADIT_REGS; i++)
			h = P_FNV1A(h, mix[lane][i]);
		b[8 + lane % 8] = P_FNV1A(b[8 + lane % 8], h);
	}
	p_text(job, b, 16);
	K_KECCAK_F800(u32, b);
	if (((u64)BSWAP32(b[0]) << 32 | BSWAP32(b[1])) <= job->target)
		ATOMIC_INC(hits);
}
