/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Is it text?  Names and messages are UTF-8 without control characters. */
#ifndef ADIT_UTF8_H
#define ADIT_UTF8_H

#include <stddef.h>

/*
 * Bytes of the printable character at text (NUL-terminated): 1 to 4; 0 when it is a control
 * character, malformed, or the end.
 */
size_t utf8_char(const char *text);

/* Offset of the first byte that is no printable text, or -1. */
long utf8_bad(const char *text);

#endif
