/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a device can do and no algorithm exceeds: operations of one kind on registers, words of
 * local memory, and reads of device memory, each with nothing else in the way.  What comes out
 * depends on every step and is stored, so that no compiler leaves any out; the host computes
 * samples of it again.
 * GROUP: work-group size.  count: rounds of a work-item; first: makes launches differ.  Memory is
 * an array of 16-byte pieces; word i of it holds k_scatter(i).
 */
#include "platform.h"

#ifndef GROUP
# define GROUP 256
#endif

#define ROOF_ROWS   0 /* of memory that is read, of as many bytes as the entry says */
#define ROOF_PIECES 1 /* of memory that is copied or filled */
#define ROOF_ITEMS  2 /* of the launch */

#define K_STEPS 16   /* turns of the ring in a round */
#define K_TABLE 4096 /* words */

/* Any number to one that looks like chance. */
INLINE u32 k_scatter(u32 x)
{
	x ^= x >> 16;
	x *= 0x85ebca6bu;
	x ^= x >> 13;
	x *= 0xc2b2ae35u;
	return x ^ x >> 16;
}

/* --- arithmetic: eight words in a ring, each step changes one by its two next ----------------- */

#define K_ADD(a, b, c)    (a) += (b) + (c)
#define K_LOGIC(a, b, c)  (a) = ((a) & (b)) ^ (c)
#define K_ROTATE(a, b, c) (a) = V_TURN_RIGHT(a, b)
#define K_MUL(a, b, c)    (a) = (a) * (b) + (c)

#define K_TURN(OP)                                                                                 \
	do {                                                                                       \
		OP(a0, a1, a2);                                                                    \
		OP(a1, a2, a3);                                                                    \
		OP(a2, a3, a4);                                                                    \
		OP(a3, a4, a5);                                                                    \
		OP(a4, a5, a6);                                                                    \
		OP(a5, a6, a7);                                                                    \
		OP(a6, a7, a0);                                                                    \
		OP(a7, a0, a1);                                                                    \
	} while (0)
/* Nine steps, three of each kind. */
#define K_TURN_MIX(OP)                                                                             \
	do {                                                                                       \
		K_ADD(a0, a1, a2);                                                                 \
		K_LOGIC(a1, a2, a3);                                                               \
		K_ROTATE(a2, a3, a4);                                                              \
		K_ADD(a3, a4, a5);                                                                 \
		K_LOGIC(a4, a5, a6);                                                               \
		K_ROTATE(a5, a6, a7);                                                              \
		K_ADD(a6, a7, a0);                                                                 \
		K_LOGIC(a7, a0, a1);                                                               \
		K_ROTATE(a0, a1, a2);                                                              \
	} while (0)

#define K_RING(name, type, start, STORE, TURN, OP)                                                 \
	KERNEL name(KERNEL_ARGS)                                                                   \
	{                                                                                          \
		type a0 = (start), a1 = a0 * 3 + 1, a2 = a1 * 3 + 1, a3 = a2 * 3 + 1;              \
		type a4 = a3 * 3 + 1, a5 = a4 * 3 + 1, a6 = a5 * 3 + 1, a7 = a6 * 3 + 1;           \
		u32 i, r;                                                                          \
												   \
		(void)job;                                                                         \
		(void)res;                                                                         \
		(void)dataset;                                                                     \
		NO_UNROLL                                                                          \
		for (i = 0; i < count; i++) {                                                      \
			UNROLL                                                                     \
			for (r = 0; r < K_STEPS; r++)                                              \
				TURN(OP);                                                          \
		}                                                                                  \
		STORE(a0 ^ a1 ^ a2 ^ a3 ^ a4 ^ a5 ^ a6 ^ a7);                                      \
	}

#define K_LANE_NUMBER ((u32)GLOBAL_ID() * LANES + V_LANE + (u32)first)
#define K_KEEP(v)     V_STORE(scratch + GLOBAL_ID() * LANES, v)
#define K_ITEM_NUMBER ((u64)GLOBAL_ID() + first)
#define K_KEEP64(v)   scratch[GLOBAL_ID()] = (u32)((v) >> 32) ^ (u32)(v)

K_RING(roof_add, vu, K_LANE_NUMBER, K_KEEP, K_TURN, K_ADD)
K_RING(roof_logic, vu, K_LANE_NUMBER, K_KEEP, K_TURN, K_LOGIC)
K_RING(roof_turn, vu, K_LANE_NUMBER, K_KEEP, K_TURN, K_ROTATE)
K_RING(roof_mul32, vu, K_LANE_NUMBER, K_KEEP, K_TURN, K_MUL)
K_RING(roof_mul64, u64, K_ITEM_NUMBER, K_KEEP64, K_TURN, K_MUL)
K_RING(roof_mixed, vu, K_LANE_NUMBER, K_KEEP, K_TURN_MIX, K_ADD)

/* --- local memory ----------------------------------------------------------------------------- */

/* Eight walks over a table, each from word to word. */
KERNEL GROUP_SIZE(GROUP) roof_local_walk(KERNEL_ARGS)
{
	LOCAL u32 table[K_TABLE];
	u32 a[8], i, k;

	(void)job;
	(void)res;
	(void)dataset;
	for (i = LOCAL_ID(); i < K_TABLE; i += GROUP)
		table[i] = k_scatter(i);
	BARRIER();
	UNROLL
	for (k = 0; k < 8; k++)
		a[k] = k_scatter((u32)GLOBAL_ID() * 8 + k + (u32)first);
	NO_UNROLL
	for (i = 0; i < count; i++) {
		UNROLL
		for (k = 0; k < 8; k++)
			a[k] += table[a[k] & (K_TABLE - 1)];
	}
	scratch[GLOBAL_ID()] = a[0] ^ a[1] ^ a[2] ^ a[3] ^ a[4] ^ a[5] ^ a[6] ^ a[7];
}

/* --- device memory ---------------------------------------------------------------------------- */

KERNEL roof_fill(KERNEL_ARGS)
{
	u64 p = first + GLOBAL_ID();
	u32 i;

	(void)res;
	(void)scratch;
	(void)count;
	if (p >= job->words[ROOF_PIECES])
		return;
	for (i = 0; i < 4; i++)
		dataset[p * 4 + i] = k_scatter((u32)(p * 4 + i));
}

/* Neighbours copy side by side on GPUs; a core goes on where it was. */
#if LANES > 1
# define K_PIECE(i) ((u32)GLOBAL_ID() * count + (i))
#else
# define K_PIECE(i) ((i) * items + (u32)GLOBAL_ID())
#endif

/* The first half to the second. */
KERNEL roof_copy(KERNEL_ARGS)
{
	GLOBAL u32x4 *data = (GLOBAL u32x4 *)dataset;
	u32 middle = job->words[ROOF_PIECES] / 2, items = job->words[ROOF_ITEMS], i, p;

	(void)res;
	(void)scratch;
	(void)first;
	(void)items;
	for (i = 0; i < count; i++) {
		p = K_PIECE(i);
		if (p < middle)
			data[middle + p] = data[p];
	}
}

/* The place of read number i, of a work-item or team that calls itself own. */
#define K_PLACE(i) MUL_HI32(k_scatter(own + (i)), rows)

#if LANES > 1
/* A work-item reads rows of n vectors alone, and asks for the next eight before it looks at any. */
# define K_READ(name, team, n, ADD_TO)                                                             \
	 KERNEL name(KERNEL_ARGS)                                                                  \
	 {                                                                                         \
		 u32 rows = job->words[ROOF_ROWS], own = k_scatter((u32)GLOBAL_ID() + (u32)first); \
		 u32 at[8], next[8], i, f, k;                                                      \
		 u32x16 sum = (u32x16)(0);                                                         \
		 u32x8 eight;                                                                      \
		 u32x4 four;                                                                       \
												   \
		 (void)res;                                                                        \
		 UNROLL                                                                            \
		 for (f = 0; f < 8; f++)                                                           \
			 at[f] = K_PLACE(f);                                                       \
		 for (i = 1; i <= count; i++) {                                                    \
			 UNROLL                                                                    \
			 for (f = 0; f < 8; f++) {                                                 \
				 next[f] = K_PLACE(i * 8 + f);                                     \
				 PREFETCH(dataset + (u64)next[f] * (team) * 4);                    \
				 for (k = 1; k < (n); k++)                                         \
					 PREFETCH(dataset + (u64)next[f] * (team) * 4 + k * 16);   \
			 }                                                                         \
			 UNROLL                                                                    \
			 for (f = 0; f < 8; f++) {                                                 \
				 for (k = 0; k < (n); k++)                                         \
					 ADD_TO(sum, dataset + (u64)at[f] * (team) * 4 + k * 16);  \
				 at[f] = next[f];                                                  \
			 }                                                                         \
		 }                                                                                 \
		 eight = sum.lo + sum.hi;                                                          \
		 four = eight.lo + eight.hi;                                                       \
		 scratch[GLOBAL_ID()] = four.x + four.y + four.z + four.w;                         \
	 }
# define K_SIXTEEN(sum, p) (sum) += *(GLOBAL const u32x16 *)(p)
# define K_EIGHT(sum, p)   (sum).lo += *(GLOBAL const u32x8 *)(p)
#else
/* team: neighbours that read a row together, a piece each; eight rows of theirs in a round. */
# define K_READ(name, team, n, ADD_TO)                                                             \
	 KERNEL name(KERNEL_ARGS)                                                                  \
	 {                                                                                         \
		 GLOBAL const u32x4 *data = (GLOBAL const u32x4 *)dataset;                         \
		 u32 rows = job->words[ROOF_ROWS], lane = LOCAL_ID() % (team), sum = 0, i, f;      \
		 u32 own = k_scatter((u32)GLOBAL_ID() / (team) + (u32)first);                      \
		 u32x4 v[8];                                                                       \
												   \
		 (void)res;                                                                        \
		 NO_UNROLL                                                                         \
		 for (i = 0; i < count; i++) {                                                     \
			 UNROLL                                                                    \
			 for (f = 0; f < 8; f++)                                                   \
				 v[f] = LOAD4(data + (u64)K_PLACE(i * 8 + f) * (team) + lane);     \
			 UNROLL                                                                    \
			 for (f = 0; f < 8; f++)                                                   \
				 sum += v[f].x + v[f].y + v[f].z + v[f].w;                         \
		 }                                                                                 \
		 scratch[GLOBAL_ID()] = sum;                                                       \
	 }
#endif

K_READ(roof_read32, 2, 1, K_EIGHT)
K_READ(roof_read64, 4, 1, K_SIXTEEN)
K_READ(roof_read128, 8, 2, K_SIXTEEN)
K_READ(roof_read256, 16, 4, K_SIXTEEN)

KERNEL roof_nothing(KERNEL_ARGS)
{
	(void)job;
	(void)res;
	(void)scratch;
	(void)dataset;
	(void)first;
	(void)count;
}
