/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hexadecimal text. */
#ifndef ADIT_HEX_H
#define ADIT_HEX_H

#include <stddef.h>
#include <stdint.h>

/* Write 2*len lower-case digits and a NUL into out (2*len+1 bytes).  Returns out. */
char *hex_encode(char *out, const void *bytes, size_t len);

/*
 * Read exactly 2*len digits, upper or lower case, no prefix, from text (text_len
 * characters) into out.  Returns 0, or -ERR_PARSE if length or alphabet is wrong;
 * out is written only on success.
 */
int hex_decode(uint8_t *out, size_t len, const char *text, size_t text_len);

/* The value of one digit, or -1. */
int hex_digit(char c);

#endif
