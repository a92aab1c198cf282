/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the writers of a period's program share. */
#ifndef ADIT_PROGPOW_CODE_H
#define ADIT_PROGPOW_CODE_H

#include "algos/progpow.h"

/* len counts on beyond size, so that the end tells whether everything had room. */
struct program_text {
	char *out;
	size_t size, len;
};

void program_line(struct program_text *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The PTX of one operation, on the registers that kernels/progpow.cl names around its mark. */
void progpow_instructions(struct program_text *t, const struct progpow_op *op);

#endif
