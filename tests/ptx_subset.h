/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs the few instructions of PTX that programs are made of, so that tests see what a card
 * would do with the very text it gets.  Straight lines only, 32-bit registers only:
 *
 *	mov add sub mul.lo mul.hi mad.lo min max and or xor not shl shr shf.l.wrap shf.r.wrap
 *	clz popc ld.shared
 *
 * with the types .u32 .b32 (and .s32 where it means the same), operands that are registers or
 * numbers, [reg] or [reg+number] for ld, comments, nested blocks and ".reg .b32 t<8>, x;".
 * Anything else is an error.
 */
#ifndef ADIT_PTX_SUBSET_H
#define ADIT_PTX_SUBSET_H

#include <stddef.h>
#include <stdint.h>

#define PTX_SUBSET_REGISTERS 512 /* operands and declared ones */

struct ptx_subset;

/*
 * Read text, whose operands (registers it does not declare itself) are names[0..n-1], for
 * instance "m0".  It ends at its NUL or where end (NULL: nothing) is met outside of blocks.
 * 0, or -1 with the complaint in why.
 */
int ptx_subset_new(struct ptx_subset **out, const char *text, const char *end,
		   const char *const *names, unsigned n, char *why, size_t size);
void ptx_subset_free(struct ptx_subset *p); /* NULL is fine */

/* The same instructions, whatever their registers are called? */
int ptx_subset_same(const struct ptx_subset *a, const struct ptx_subset *b);

/* How many instructions. */
unsigned ptx_subset_length(const struct ptx_subset *p);

/*
 * Run it over operands (n as above).  shared is what lies at address base of shared memory.
 * 0, or -1 when it loads beyond it, not aligned, or uses a register that was never set.
 */
int ptx_subset_run(const struct ptx_subset *p, uint32_t *operands, const void *shared,
		   size_t shared_bytes, uint32_t base);

#endif
