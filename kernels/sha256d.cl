/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SHA-256 twice over an 80-byte header.  Only the second block of the first hash depends on
 * the nonce, in word 3; what follows from the other words is in job->words (made by
 * algos/sha256d.c):
 *   0..7 midstate; 8..10 a, b, c and 11, 12 e, f after round 2; 13, 14 new a and e of
 *   round 3 less the nonce; 15 what round 4 adds besides functions of its state;
 *   16, 17 message words 16 and 17; 18..21 the constant parts of words 18, 19, 31 and 32;
 *   22 the number 1.
 */
#include "platform.h"
#include "sha256.clh"

KERNEL sha256d(KERNEL_ARGS)
{
	u64 at = (u64)GLOBAL_ID() * LANES;
	u32 limit = (u32)(job->target >> 32);
	u32 k_one = job->words[22];
	vu index, nonce, a, b, c, d, e, f, g, h, a54, a55, a56, top, low;
	vu w[16];

	(void)k_one;
	(void)scratch;
	(void)dataset;
	if (at >= count)
		return;
	index = (u32)at + V_LANE;
	nonce = (u32)first + index;

	/* Rounds 3 and 4 are mostly the host's work; the message is zero from 5 to 14. */
	nonce = BSWAP32(nonce);
	f = job->words[8];
	g = job->words[9];
	h = job->words[10];
	b = job->words[11];
	c = job->words[12];
	e = job->words[13] + nonce;
	a = job->words[14] + nonce;
	d = job->words[15];
	K_SHA_ROUND(e, f, g, h, a, b, c, d, 0u);
	K_SHA_ROUND(d, e, f, g, h, a, b, c, K_SHA_K5);
	K_SHA_ROUND(c, d, e, f, g, h, a, b, K_SHA_K6);
	K_SHA_ROUND(b, c, d, e, f, g, h, a, K_SHA_K7);
	K_SHA_ROUND(a, b, c, d, e, f, g, h, K_SHA_K8);
	K_SHA_ROUND(h, a, b, c, d, e, f, g, K_SHA_K9);
	K_SHA_ROUND(g, h, a, b, c, d, e, f, K_SHA_K10);
	K_SHA_ROUND(f, g, h, a, b, c, d, e, K_SHA_K11);
	K_SHA_ROUND(e, f, g, h, a, b, c, d, K_SHA_K12);
	K_SHA_ROUND(d, e, f, g, h, a, b, c, K_SHA_K13);
	K_SHA_ROUND(c, d, e, f, g, h, a, b, K_SHA_K14);
	K_SHA_ROUND(b, c, d, e, f, g, h, a, K_SHA_K15 + 640u);

	w[0] = job->words[16];
	w[1] = job->words[17];
	w[2] = job->words[18] + K_SHA_SIG0(nonce);
	w[3] = job->words[19] + nonce;
	w[4] = K_SHA_SIG1(w[2]) + 0x80000000u;
	w[5] = K_SHA_SIG1(w[3]);
	w[6] = K_SHA_SIG1(w[4]) + 640u;
	w[7] = K_SHA_SIG1(w[5]) + w[0];
	w[8] = K_SHA_SIG1(w[6]) + w[1];
	w[9] = K_SHA_SIG1(w[7]) + w[2];
	w[10] = K_SHA_SIG1(w[8]) + w[3];
	w[11] = K_SHA_SIG1(w[9]) + w[4];
	w[12] = K_SHA_SIG1(w[10]) + w[5];
	w[13] = K_SHA_SIG1(w[11]) + w[6];
	w[14] = K_SHA_SIG1(w[12]) + w[7] + K_SHA_SIG0(640u);
	w[15] = K_SHA_SIG1(w[13]) + w[8] + job->words[20];
	K_SHA_ROUND(a, b, c, d, e, f, g, h, K_SHA_ADD(w[0], K_SHA_K16));
	K_SHA_ROUND(h, a, b, c, d, e, f, g, K_SHA_ADD(w[1], K_SHA_K17));
	K_SHA_ROUND(g, h, a, b, c, d, e, f, K_SHA_ADD(w[2], K_SHA_K18));
	K_SHA_ROUND(f, g, h, a, b, c, d, e, K_SHA_ADD(w[3], K_SHA_K19));
	K_SHA_ROUND(e, f, g, h, a, b, c, d, K_SHA_ADD(w[4], K_SHA_K20));
	K_SHA_ROUND(d, e, f, g, h, a, b, c, K_SHA_ADD(w[5], K_SHA_K21));
	K_SHA_ROUND(c, d, e, f, g, h, a, b, K_SHA_ADD(w[6], K_SHA_K22));
	K_SHA_ROUND(b, c, d, e, f, g, h, a, K_SHA_ADD(w[7], K_SHA_K23));
	K_SHA_ROUND(a, b, c, d, e, f, g, h, K_SHA_ADD(w[8], K_SHA_K24));
	K_SHA_ROUND(h, a, b, c, d, e, f, g, K_SHA_ADD(w[9], K_SHA_K25));
	K_SHA_ROUND(g, h, a, b, c, d, e, f, K_SHA_ADD(w[10], K_SHA_K26));
	K_SHA_ROUND(f, g, h, a, b, c, d, e, K_SHA_ADD(w[11], K_SHA_K27));
	K_SHA_ROUND(e, f, g, h, a, b, c, d, K_SHA_ADD(w[12], K_SHA_K28));
	K_SHA_ROUND(d, e, f, g, h, a, b, c, K_SHA_ADD(w[13], K_SHA_K29));
	K_SHA_ROUND(c, d, e, f, g, h, a, b, K_SHA_ADD(w[14], K_SHA_K30));
	K_SHA_ROUND(b, c, d, e, f, g, h, a, K_SHA_ADD(w[15], K_SHA_K31));
	w[0] = job->words[21] + w[9] + K_SHA_SIG1(w[14]);
	K_SHA_ROUND(a, b, c, d, e, f, g, h, K_SHA_ADD(w[0], K_SHA_K32));
	K_SHA_LATE(h, a, b, c, d, e, f, g, w, 33);
	K_SHA_LATE(g, h, a, b, c, d, e, f, w, 34);
	K_SHA_LATE(f, g, h, a, b, c, d, e, w, 35);
	K_SHA_LATE(e, f, g, h, a, b, c, d, w, 36);
	K_SHA_LATE(d, e, f, g, h, a, b, c, w, 37);
	K_SHA_LATE(c, d, e, f, g, h, a, b, w, 38);
	K_SHA_LATE(b, c, d, e, f, g, h, a, w, 39);
	K_SHA_EIGHT(K_SHA_LATE, w, 40, 41, 42, 43, 44, 45, 46, 47);
	K_SHA_EIGHT(K_SHA_LATE, w, 48, 49, 50, 51, 52, 53, 54, 55);
	K_SHA_EIGHT(K_SHA_LATE, w, 56, 57, 58, 59, 60, 61, 62, 63);

	/* The second hash: one block, 32 bytes and padding; compilers fold its constants. */
	w[0] = job->words[0] + a;
	w[1] = job->words[1] + b;
	w[2] = job->words[2] + c;
	w[3] = job->words[3] + d;
	w[4] = job->words[4] + e;
	w[5] = job->words[5] + f;
	w[6] = job->words[6] + g;
	w[7] = job->words[7] + h;
	w[8] = 0x80000000u;
	w[9] = w[10] = w[11] = w[12] = w[13] = w[14] = 0;
	w[15] = 256;
	a = K_SHA_IV0;
	b = K_SHA_IV1;
	c = K_SHA_IV2;
	e = K_SHA_IV4;
	f = K_SHA_IV5;
	g = K_SHA_IV6;
	d = w[0] + 0x98c7e2a2u; /* what round 0 adds to w[0], all else being constant */
	h = w[0] + 0xfc08884du;
	K_SHA_EARLY(h, a, b, c, d, e, f, g, w, 1);
	K_SHA_EARLY(g, h, a, b, c, d, e, f, w, 2);
	K_SHA_EARLY(f, g, h, a, b, c, d, e, w, 3);
	K_SHA_EARLY(e, f, g, h, a, b, c, d, w, 4);
	K_SHA_EARLY(d, e, f, g, h, a, b, c, w, 5);
	K_SHA_EARLY(c, d, e, f, g, h, a, b, w, 6);
	K_SHA_EARLY(b, c, d, e, f, g, h, a, w, 7);
	K_SHA_EIGHT(K_SHA_EARLY, w, 8, 9, 10, 11, 12, 13, 14, 15);
	K_SHA_EIGHT(K_SHA_LATE, w, 16, 17, 18, 19, 20, 21, 22, 23);
	K_SHA_EIGHT(K_SHA_LATE, w, 24, 25, 26, 27, 28, 29, 30, 31);
	K_SHA_EIGHT(K_SHA_LATE, w, 32, 33, 34, 35, 36, 37, 38, 39);
	K_SHA_EIGHT(K_SHA_LATE, w, 40, 41, 42, 43, 44, 45, 46, 47);
	K_SHA_EIGHT(K_SHA_LATE, w, 48, 49, 50, 51, 52, 53, 54, 55);
	K_SHA_LATE(a, b, c, d, e, f, g, h, w, 56);

	/* The last digest word is e after round 60, which needs no more of the a side. */
	a54 = b;
	a55 = a;
	a56 = h;
	K_SHA_HALF(c, d, e, f, g, K_SHA_ADD(K_SHA_NEXT(w, 57), K_SHA_K57));
	K_SHA_HALF(b, c, d, e, f, K_SHA_ADD(K_SHA_NEXT(w, 58), K_SHA_K58));
	K_SHA_HALF(a, b, c, d, e, K_SHA_ADD(K_SHA_NEXT(w, 59), K_SHA_K59));
	K_SHA_HALF(h, a, b, c, d, K_SHA_ADD(K_SHA_NEXT(w, 60), K_SHA_K60));
	top = h + K_SHA_IV7;
	top = BSWAP32(top);
	if (!V_ANY(top <= limit))
		return;

	/* Rare unless the target is easy: a after round 57, e after round 61, then exactly. */
	g += K_SHA_SUM1(d) + K_SHA_CH(d, e, f) + K_SHA_K57 + w[9];
	g += K_SHA_SUM0(a56) + K_SHA_MAJ(a56, a55, a54);
	K_SHA_HALF(g, h, a, b, c, K_SHA_ADD(K_SHA_NEXT(w, 61), K_SHA_K61));
	low = g + K_SHA_IV6;
	low = BSWAP32(low);
	K_REPORT_LANES(top, low, index);
}
