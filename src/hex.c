/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hexadecimal text. */
#include "src/hex.h"
#include "src/err.h"

char *hex_encode(char *out, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = bytes;
	size_t i;

	for (i = 0; i < len; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
	out[2 * len] = '\0';
	return out;
}

int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int hex_decode(uint8_t *out, size_t len, const char *text, size_t text_len)
{
	size_t i;

	if (text_len / 2 != len || text_len % 2)
		return -ERR_PARSE;
	for (i = 0; i < text_len; i++)
		if (hex_digit(text[i]) < 0)
			return -ERR_PARSE;
	for (i = 0; i < len; i++)
		out[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
	return 0;
}
