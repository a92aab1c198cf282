/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How fast a device reads the dataset it holds and does nothing else: what a search can be held
 * against.  Rows anywhere, whose places follow from numbers alone so that no read waits for
 * another, and everything in order.  How many rows of a round are under way at once is left to the
 * compiler, which weighs them against the work-items that fit.
 * count: rounds a work-item makes; first: makes places differ.  job->words: DAG_ROWS and
 * DAG_ROWS_MAGIC of rows as long as the entry reads, in PROBE_ITEMS the work-items of the launch.
 */
#include "platform.h"
#include "dag.clh"

#define PROBE_ITEMS DAG_TEXT

/* Any number to one that looks like chance. */
INLINE u32 k_scatter(u32 x)
{
	x ^= x >> 16;
	x *= 0x85ebca6bu;
	x ^= x >> 13;
	x *= 0xc2b2ae35u;
	return x ^ x >> 16;
}

/* What was read has to be of use; a word of a dataset is this one time in four thousand million. */
#define PROBE_USE(sum)                                                                             \
	do {                                                                                       \
		if ((sum) == 0x5eed5eedu)                                                          \
			K_REPORT(res, GLOBAL_ID());                                                \
	} while (0)

/* team: neighbours that read a row together, 16 bytes each; fly: rows of theirs in a round. */
#define PROBE(name, team, fly, ROW)                                                                \
	KERNEL name(KERNEL_ARGS)                                                                   \
	{                                                                                          \
		u32 rows = job->words[DAG_ROWS], magic = job->words[DAG_ROWS_MAGIC];               \
		u32 lane = LOCAL_ID() % (team), sum = 0, i, f, n;                                  \
		u32 own = k_scatter((u32)GLOBAL_ID() / (team) + (u32)first);                       \
		u32x4 v[fly];                                                                      \
												   \
		(void)scratch;                                                                     \
		NO_UNROLL                                                                          \
		for (i = 0; i < count; i++) {                                                      \
			UNROLL                                                                     \
			for (f = 0; f < (fly); f++) {                                              \
				n = k_mod(k_scatter(own + i * (fly) + f), rows, magic);            \
				v[f] = LOAD4((GLOBAL const u32x4 *)ROW(n) + lane);                 \
			}                                                                          \
			UNROLL                                                                     \
			for (f = 0; f < (fly); f++)                                                \
				sum += v[f].x ^ v[f].y ^ v[f].z ^ v[f].w;                          \
		}                                                                                  \
		PROBE_USE(sum);                                                                    \
	}

PROBE(read128_4, 8, 4, K_ROW128)
PROBE(read128_8, 8, 8, K_ROW128)
PROBE(read128_16, 8, 16, K_ROW128)
PROBE(read256_4, 16, 4, K_UNIT)
PROBE(read256_8, 16, 8, K_UNIT)
PROBE(read256_16, 16, 16, K_UNIT)

/* From the beginning on, and again from there; rows are of 256 bytes. */
KERNEL read_on_4(KERNEL_ARGS)
{
	u32 rows = job->words[DAG_ROWS], magic = job->words[DAG_ROWS_MAGIC];
	u32 step = job->words[PROBE_ITEMS] / 16, own = (u32)GLOBAL_ID() / 16;
	u32 lane = LOCAL_ID() % 16, sum = 0, i, f, n;
	u32x4 v[4];

	(void)scratch;
	NO_UNROLL
	for (i = 0; i < count; i++) {
		UNROLL
		for (f = 0; f < 4; f++) {
			n = k_mod((u32)first + own + (i * 4 + f) * step, rows, magic);
			v[f] = LOAD4((GLOBAL const u32x4 *)K_UNIT(n) + lane);
		}
		UNROLL
		for (f = 0; f < 4; f++)
			sum += v[f].x ^ v[f].y ^ v[f].z ^ v[f].w;
	}
	PROBE_USE(sum);
}
