/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Kernels compiled when the program was built, so that a rig needs its driver only.  The
 * table is made by build-aux/embedgen.c; a program linked without it gets the
 * empty one of embedded_none.c.
 */
#ifndef ADIT_EMBEDDED_H
#define ADIT_EMBEDDED_H

#include <stddef.h>
#include <stdint.h>

struct embedded {
	uint8_t key[32]; /* embedded_key() of source and options */
	uint32_t arch;   /* of a cubin (10*major+minor); 0: PTX text for any card */
	size_t len;      /* of code, which is followed by a NUL */
	const char *code;
};

struct embedded_table {
	size_t n;
	const struct embedded *rows;
	const char *compiler; /* "NVRTC 13.0" or "" */
};

extern const struct embedded_table embedded_table;

/* What the table is searched by. */
void embedded_key(uint8_t out[32], const char *source, const char *options);

/*
 * The best cubin for a card of this arch: made for it, or for the nearest older one of the
 * same major version, which NVIDIA promises runs too.  NULL when there is none.
 */
const struct embedded *embedded_cubin(const struct embedded_table *table, const uint8_t key[32],
				      uint32_t arch);

/* The PTX text, or NULL. */
const struct embedded *embedded_ptx(const struct embedded_table *table, const uint8_t key[32]);

#endif
