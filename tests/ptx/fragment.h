/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Straight PTX over named registers of 32 bits, as programs of periods are, on its own: put into
 * an entry that gives the registers their values and takes them back.
 */
#ifndef PTX_FRAGMENT_H
#define PTX_FRAGMENT_H

#include "tests/ptx/ptx.h"

#define PTX_FRAGMENT_NAMES 64

/*
 * Read text, whose registers (those it does not declare itself) are names[0..n-1], for instance
 * "m0".  It ends at its NUL or before end (NULL: nothing).  0, or -1 with the complaint in why.
 * The module is freed by ptx_module_free().
 */
int ptx_fragment_new(struct ptx_module **out, const char *text, const char *end,
		     const char *const *names, unsigned n, char *why, size_t size);

/*
 * Run it over operands (n as above).  shared is what lies at PTX_SHARED_BASE.  0, or -1 with the
 * complaint in why.
 */
int ptx_fragment_run(const struct ptx_module *m, uint32_t *operands, unsigned n, const void *shared,
		     size_t shared_bytes, char *why, size_t size);

#endif
