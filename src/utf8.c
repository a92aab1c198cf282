/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Is it text?  Names and messages are UTF-8 without control characters. */
#include <stdint.h>

#include "src/utf8.h"

size_t utf8_char(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	uint32_t c, least;
	size_t len, i;

	if (p[0] < 0x80)
		return p[0] >= 0x20 && p[0] != 0x7f;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		len = 2, least = 0xa0, c = p[0] & 0x1f; /* U+0080..9f are controls */
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		len = 3, least = 0x800, c = p[0] & 0x0f;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		len = 4, least = 0x10000, c = p[0] & 0x07;
	else
		return 0;
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	/* line and paragraph separators, and marks that turn the direction of a line */
	if (c == 0x2028 || c == 0x2029 || (c >= 0x202a && c <= 0x202e) ||
	    (c >= 0x2066 && c <= 0x2069))
		return 0;
	return len;
}

long utf8_bad(const char *text)
{
	const char *p = text;
	size_t len;

	while (*p) {
		len = utf8_char(p);
		if (!len)
			return p - text;
		p += len;
	}
	return -1;
}
