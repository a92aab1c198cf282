/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A kernel of groups whose results a test can predict, with a program that changes: more local
 * memory than a kernel has by itself, a barrier, a shuffle, a second part of the dataset.
 * Work-item words[1] (counted from 1) leaves early, which no card forgives.  It reports first + i
 * where the value below is 0 modulo 7.
 */
#include "platform.h"

#define GROUP 64

/* A word in so many, next to it copies of it: 64 KiB. */
#define K_SHIFT  8
#define K_COPIES 4

#if !defined(TEMPLATE)
INLINE void program(u32 *m, const u32 *d, const u32 *l1, u32 copy)
{
	l1 += copy; /* cppcheck-suppress uselessAssignmentPtrArg ; programs read it */
/* ADIT_PROGRAM */
}
#elif defined(__CUDACC_RTC__)
INLINE void program(u32 *m, const u32 *d, const u32 *l1, u32 copy)
{
	asm volatile("{\n.reg .b32 m<2>, d<4>, l1, l1c, l1s;\n"
		     "mov.b32 m0, %0;\nmov.b32 m1, %1;\nmov.b32 d0, %2;\nmov.b32 d1, %3;\n"
		     "mov.b32 d2, %4;\nmov.b32 d3, %5;\nmov.b32 l1, %6;\n"
		     "mov.b32 l1c, %7;\nmov.b32 l1s, %8;\n"
		     "//ADIT_PROGRAM\n"
		     "mov.b32 %0, m0;\nmov.b32 %1, m1;\n}"
		     : "+r"(m[0]), "+r"(m[1])
		     : "r"(d[0]), "r"(d[1]), "r"(d[2]), "r"(d[3]),
		       "r"((u32)__cvta_generic_to_shared(l1)), "r"(4 * copy), "n"(4 << K_SHIFT));
}
#else
INLINE void program(u32 *m, const u32 *d, const u32 *l1, u32 copy)
{
	platform_program(m, 2, d, l1, (GROUP << K_SHIFT) * sizeof *l1, 1u << K_SHIFT, 4 * copy);
}
#endif

KERNEL GROUP_SIZE(GROUP) team(KERNEL_ARGS)
{
	LOCAL_BROUGHT(u32, l1, GROUP << K_SHIFT);
	u32 id = LOCAL_ID(), m[2], d[4], i;

	for (i = 0; i < K_COPIES; i++)
		l1[(id << K_SHIFT) + i] = job->words[0] + 3 * id;
	if (id + 1 == job->words[1])
		return;
	BARRIER();
	m[0] = l1[(GROUP - 1 - id) << K_SHIFT];
	m[1] = (u32)GLOBAL_ID();
	d[0] = dataset[0];
	d[1] = dataset1[0];
	d[2] = d[3] = 0;
	program(m, d, l1, id % K_COPIES);
	/* of the next of eight */
	if ((m[0] ^ K_SHUFFLE(m[0], id + 1, 8)) % 7 == 0 && GLOBAL_ID() < count)
		K_REPORT(res, first + GLOBAL_ID());
}
