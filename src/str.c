/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text from outside, turned into numbers and names without surprises. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/err.h"
#include "src/str.h"

#define DISTANCE_MAX 64

bool str_copy(char *out, size_t size, const char *text)
{
	size_t len = strlen(text);
	bool whole = len < size;

	if (!whole)
		len = size - 1;
	memcpy(out, text, len);
	out[len] = '\0';
	return whole;
}

static bool starts_number(const char *text)
{
	return text[0] >= '0' && text[0] <= '9';
}

int str_to_u64(uint64_t *out, const char *text, uint64_t min, uint64_t max)
{
	unsigned long long v;
	char *end;
	int base = 10;

	if (!text || !starts_number(text))
		return -ERR_PARSE;
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		base = 16;
	errno = 0;
	v = strtoull(text, &end, base);
	if (*end || end == text)
		return -ERR_PARSE;
	if (errno == ERANGE || v < min || v > max)
		return -ERR_RANGE;
	*out = v;
	return 0;
}

int str_to_i64(int64_t *out, const char *text, int64_t min, int64_t max)
{
	long long v;
	char *end;

	if (!text || !starts_number(text + (text[0] == '-')))
		return -ERR_PARSE;
	errno = 0;
	v = strtoll(text, &end, 10);
	if (*end)
		return -ERR_PARSE;
	if (errno == ERANGE || v < min || v > max)
		return -ERR_RANGE;
	*out = v;
	return 0;
}

int str_to_double(double *out, const char *text)
{
	double v;
	char *end;

	if (!text || !(starts_number(text) || text[0] == '-' || text[0] == '.'))
		return -ERR_PARSE;
	v = strtod(text, &end);
	if (*end || end == text || !isfinite(v))
		return -ERR_PARSE;
	*out = v;
	return 0;
}

unsigned str_distance(const char *a, const char *b)
{
	unsigned row[DISTANCE_MAX + 1];
	size_t la = strlen(a), lb = strlen(b), i, j;

	if (la > DISTANCE_MAX || lb > DISTANCE_MAX)
		return 99;
	for (j = 0; j <= lb; j++)
		row[j] = (unsigned)j;
	for (i = 1; i <= la; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (j = 1; j <= lb; j++) {
			unsigned up = row[j];
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);

			if (up + 1 < best)
				best = up + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
			diagonal = up;
		}
	}
	return row[lb];
}

char *str_printable(char *out, size_t size, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len && i + 1 < size; i++)
		out[i] = text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?';
	out[i] = '\0';
	return out;
}

char *str_bytes(char *out, size_t size, uint64_t bytes)
{
	if (bytes >= (uint64_t)1 << 30)
		snprintf(out, size, "%.2f GiB", (double)bytes / (1u << 30));
	else
		snprintf(out, size, "%.1f MiB", (double)bytes / (1u << 20));
	return out;
}
