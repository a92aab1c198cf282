/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The dataset of Ethash and its kin from the light cache, which is in scratch: a work-item makes
 * one 64-byte node, first being the number of the slice's first and count how many to make.
 * PARENTS: 256 or 512.  job->words: see dag_abi.h.
 */
#include "platform.h"
#include "keccak.clh"
#include "dag.clh"

#if WIDE
/*
 * On a CPU a work-item makes 32 nodes at once, each a vector of 16 words: so many reads of the
 * light cache are under way together.  Their keccaks are of eight a vector.
 */
# define K_NODES 32

INLINE void k_keccak512_nodes(u64x8 *x)
{
	u64x8 a[25];
	u32 i;

	k_turn8(x);
	UNROLL
	for (i = 0; i < 8; i++)
		a[i] = x[i];
	K_KECCAK512_PAD(a, 8);
	K_KECCAK_F1600(u64x8, a);
	UNROLL
	for (i = 0; i < 8; i++)
		x[i] = a[i];
	k_turn8(x);
}

KERNEL dag(KERNEL_ARGS)
{
	u32 n = job->words[DAG_CACHE], magic = job->words[DAG_CACHE_MAGIC];
	u32 nodes = job->words[DAG_NODES];
	u64 index = GLOBAL_ID() * K_NODES;
	u32 node = (u32)(first + index);
	GLOBAL const u32x16 *cache = (GLOBAL const u32x16 *)scratch;
	u64x8 x[K_NODES];
	u32x16 mix[K_NODES];
	u32 i, j;

	if (index >= count || K_ABORTED(res))
		return;
	UNROLL
	for (i = 0; i < K_NODES; i++) {
		mix[i] = cache[k_mod(node + i, n, magic)];
		mix[i].s0 ^= node + i;
		x[i] = as_ulong8(mix[i]);
	}
	for (i = 0; i < K_NODES; i += 8)
		k_keccak512_nodes(x + i);
	UNROLL
	for (i = 0; i < K_NODES; i++)
		mix[i] = as_uint16(x[i]);
	for (j = 0; j < PARENTS; j++) {
		UNROLL
		for (i = 0; i < K_NODES; i++) {
			u32 word = ((u32 *)&mix[i])[j % 16];

			mix[i] = K_FNV1(mix[i],
					cache[k_mod(K_FNV1((node + i) ^ j, word), n, magic)]);
		}
	}
	UNROLL
	for (i = 0; i < K_NODES; i++)
		x[i] = as_ulong8(mix[i]);
	for (i = 0; i < K_NODES; i += 8)
		k_keccak512_nodes(x + i);
	for (i = 0; i < K_NODES; i++)
		if (index + i < count && first + index + i < nodes)
			*(GLOBAL u64x8 *)K_NODE(node + i) = x[i];
}
#else
/*
 * On a GPU four neighbours make four nodes together: each holds 16 bytes of every one, so that
 * they fetch a parent's 64 bytes side by side.  Only the keccaks are each one's own.
 */
INLINE void k_keccak512_node(u32 *m)
{
	u64 a[25];
	u32 i;

	UNROLL
	for (i = 0; i < 8; i++)
		a[i] = m[2 * i] | (u64)m[2 * i + 1] << 32;
	K_KECCAK512_PAD(a, 8);
	K_KECCAK_F1600(u64, a);
	UNROLL
	for (i = 0; i < 8; i++) {
		m[2 * i] = (u32)a[i];
		m[2 * i + 1] = (u32)(a[i] >> 32);
	}
}

KERNEL GROUP_SIZE_OF(GROUP, 512) dag(KERNEL_ARGS)
{
	LOCAL u32 nodes[16 * GROUP]; /* a word of every one, then the next word */
	K_SHARE_ROOM(8);
	u32 n = job->words[DAG_CACHE], magic = job->words[DAG_CACHE_MAGIC];
	u32 index = (u32)GLOBAL_ID(), own = LOCAL_ID(), lane = own % 4;
	u32 node = (u32)first + index, base = node - lane;
	GLOBAL const u32x4 *cache = (GLOBAL const u32x4 *)scratch;
	GLOBAL u32x4 *out;
	u32 m[16], mix[4][4], p[4], stop, i, j, t, q, w;
	u32x4 v;

	/* A group leaves by doing nothing: PoCL loses barriers that come after a return. */
	K_SHARE(0, K_ABORTED(res));
	K_MEET();
	stop = K_SHARED(0, K_ABORTED(res), 0, K_TEAM);
	K_MEET();

	i = k_mod(node, n, magic);
	UNROLL
	for (q = 0; q < 4; q++) {
		v = LOAD4(&cache[(u64)i * 4 + q]);
		m[4 * q] = v.x;
		m[4 * q + 1] = v.y;
		m[4 * q + 2] = v.z;
		m[4 * q + 3] = v.w;
	}
	m[0] ^= node;
	k_keccak512_node(m);

	UNROLL
	for (i = 0; i < 16; i++)
		nodes[i * GROUP + own] = m[i];
	BARRIER();
	UNROLL
	for (t = 0; t < 4; t++)
		UNROLL
		for (w = 0; w < 4; w++)
			mix[t][w] = nodes[(4 * lane + w) * GROUP + own - lane + t];

	for (j = stop ? PARENTS : 0; j < PARENTS; j += 4) {
		UNROLL
		for (w = 0; w < 4; w++) {
			UNROLL
			for (t = 0; t < 4; t++) {
				p[t] = K_FNV1((base + t) ^ (j + w), mix[t][w]);
				p[t] = k_mod(p[t], n, magic);
				K_SHARE(w % 2 * 4 + t, p[t]);
			}
			K_MEET();
			UNROLL
			for (t = 0; t < 4; t++) {
				i = K_SHARED(w % 2 * 4 + t, p[t], j / 4 % 4, 4);
				v = LOAD4(&cache[(u64)i * 4 + lane]);
				mix[t][0] = K_FNV1(mix[t][0], v.x);
				mix[t][1] = K_FNV1(mix[t][1], v.y);
				mix[t][2] = K_FNV1(mix[t][2], v.z);
				mix[t][3] = K_FNV1(mix[t][3], v.w);
			}
		}
	}

	/* Each other's pieces: nobody else has read these or will write them. */
	UNROLL
	for (t = 0; t < 4; t++)
		UNROLL
		for (w = 0; w < 4; w++)
			nodes[(4 * lane + w) * GROUP + own - lane + t] = mix[t][w];
	BARRIER();
	UNROLL
	for (i = 0; i < 16; i++)
		m[i] = nodes[i * GROUP + own];
	k_keccak512_node(m);
	if (stop || index >= count || first + index >= job->words[DAG_NODES])
		return;
	out = (GLOBAL u32x4 *)K_NODE(node);
	UNROLL
	for (q = 0; q < 4; q++) {
		v.x = m[4 * q];
		v.y = m[4 * q + 1];
		v.z = m[4 * q + 2];
		v.w = m[4 * q + 3];
		out[q] = v;
	}
}
#endif
