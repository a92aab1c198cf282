/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text from outside, turned into numbers and names without surprises. */
#ifndef ADIT_STR_H
#define ADIT_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copy text into out (size bytes, always NUL-terminated).  False if it was cut. */
bool str_copy(char *out, size_t size, const char *text);

/* Decimal or 0x-hex, the whole text, within [min, max].  0, -ERR_PARSE or -ERR_RANGE. */
int str_to_u64(uint64_t *out, const char *text, uint64_t min, uint64_t max);
int str_to_i64(int64_t *out, const char *text, int64_t min, int64_t max);

/* A finite number in C locale form, the whole text.  0 or -ERR_PARSE. */
int str_to_double(double *out, const char *text);

/* Edit distance of two short texts (capped at 99), for "did you mean". */
unsigned str_distance(const char *a, const char *b);

/*
 * Copy at most size-1 characters of text into out with control bytes and
 * non-ASCII replaced by '?', so that a pool cannot paint our terminal.  Returns out.
 */
char *str_printable(char *out, size_t size, const char *text, size_t len);

/* Bytes for people: "5.84 GiB", "2.0 MiB".  Returns out. */
char *str_bytes(char *out, size_t size, uint64_t bytes);

#endif
