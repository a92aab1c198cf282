/* SPDX-License-Identifier: GPL-3.0-or-later */
/* 256-bit unsigned integers: targets and hashes as numbers, and difficulty arithmetic. */
#include <math.h>
#include <string.h>

#include "src/bytes.h"
#include "src/err.h"
#include "src/hex.h"
#include "src/u256.h"

/* Wide enough for (2^256 << 64) and for a quotient shifted left as far as it can matter. */
#define WIDE 16

static const struct u256 u256_max = {{~0ULL, ~0ULL, ~0ULL, ~0ULL}};
const struct u256 u256_diff1 = {{0, 0, 0, 0x00000000ffff0000ULL}};

struct u256 u256_from_be(const uint8_t bytes[32])
{
	struct u256 v;
	int i;

	for (i = 0; i < 4; i++)
		v.w[3 - i] = be64_get(bytes + 8 * i);
	return v;
}

struct u256 u256_from_le(const uint8_t bytes[32])
{
	struct u256 v;
	int i;

	for (i = 0; i < 4; i++)
		v.w[i] = le64_get(bytes + 8 * i);
	return v;
}

void u256_to_be(uint8_t out[32], const struct u256 *v)
{
	int i;

	for (i = 0; i < 4; i++)
		be64_put(out + 8 * i, v->w[3 - i]);
}

void u256_to_le(uint8_t out[32], const struct u256 *v)
{
	int i;

	for (i = 0; i < 4; i++)
		le64_put(out + 8 * i, v->w[i]);
}

char *u256_hex(char out[65], const struct u256 *v)
{
	uint8_t bytes[32];

	u256_to_be(bytes, v);
	return hex_encode(out, bytes, sizeof bytes);
}

int u256_parse(struct u256 *out, const char *text)
{
	char padded[64];
	uint8_t bytes[32];
	size_t len;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	len = strnlen(text, 65);
	if (len == 0 || len > 64)
		return -ERR_PARSE;
	memset(padded, '0', sizeof padded);
	memcpy(padded + 64 - len, text, len);
	if (hex_decode(bytes, sizeof bytes, padded, sizeof padded))
		return -ERR_PARSE;
	*out = u256_from_be(bytes);
	return 0;
}

int u256_cmp(const struct u256 *a, const struct u256 *b)
{
	int i;

	for (i = 3; i >= 0; i--)
		if (a->w[i] != b->w[i])
			return a->w[i] < b->w[i] ? -1 : 1;
	return 0;
}

bool u256_is_zero(const struct u256 *v)
{
	return !(v->w[0] | v->w[1] | v->w[2] | v->w[3]);
}

double u256_double(const struct u256 *v)
{
	double d = 0;
	int i;

	for (i = 3; i >= 0; i--)
		d = d * 18446744073709551616.0 + (double)v->w[i];
	return d;
}

double u256_hashes(const struct u256 *target)
{
	return 0x1p256 / (u256_double(target) + 1);
}

/* v / divisor in place, v being `words` 32-bit words, least significant first. */
static void wide_div(uint32_t *v, int words, uint64_t divisor)
{
	unsigned __int128 rest = 0;
	int i;

	for (i = words - 1; i >= 0; i--) {
		rest = rest << 32 | v[i];
		v[i] = (uint32_t)(rest / divisor);
		rest %= divisor;
	}
}

static struct u256 wide_take(const uint32_t *v, int words)
{
	struct u256 out;
	int i;

	for (i = 8; i < words; i++)
		if (v[i])
			return u256_max;
	for (i = 0; i < 4; i++)
		out.w[i] = (uint64_t)v[2 * i] | (uint64_t)v[2 * i + 1] << 32;
	return out;
}

/*
 * difficulty = m * 2^e with a 53-bit integer m, so the quotient is
 * floor(numerator * 2^-e / m).  For e < 0 the numerator is shifted left first; a
 * shift of 256 or more overflows the result for any numerator worth having (m < 2^53
 * takes away at most 53 bits), and for e >= 0 floors compose:
 * floor(n / (m * 2^e)) = floor(floor(n / 2^e) / m).
 */
struct u256 u256_div_double(const struct u256 *numerator, double difficulty)
{
	uint32_t v[2 * WIDE] = {0};
	struct u256 n = *numerator;
	int e, i;
	uint64_t m = (uint64_t)ldexp(frexp(difficulty, &e), 53);

	e -= 53;
	if (u256_is_zero(&n))
		return n;
	if (e <= -(256 + 64))
		return u256_max;
	for (; e >= 64; e -= 64)
		n = (struct u256){{n.w[1], n.w[2], n.w[3], 0}};
	for (; e > 0; e--) {
		for (i = 0; i < 3; i++)
			n.w[i] = n.w[i] >> 1 | n.w[i + 1] << 63;
		n.w[3] >>= 1;
	}
	for (i = 0; i < 8; i++) {
		uint64_t word = (uint32_t)(n.w[i / 2] >> (i % 2 * 32));
		int at = i + -e / 32;

		word <<= -e % 32;
		v[at] |= (uint32_t)word;
		v[at + 1] |= (uint32_t)(word >> 32);
	}
	wide_div(v, 2 * WIDE, m);
	return wide_take(v, 2 * WIDE);
}

int u256_from_compact(struct u256 *out, uint32_t bits)
{
	uint32_t mantissa = bits & 0x7fffff;
	int shift = (int)(bits >> 24) - 3, i;
	uint8_t bytes[32] = {0};

	if (bits & 0x800000)
		return -ERR_RANGE;
	if (shift < 0)
		mantissa = shift < -3 ? 0 : mantissa >> (-8 * shift);
	for (i = 0; i < 3; i++) {
		uint8_t byte = (uint8_t)(mantissa >> (8 * i));
		int at = i + (shift < 0 ? 0 : shift);

		if (byte && at > 31)
			return -ERR_RANGE;
		if (byte)
			bytes[at] = byte;
	}
	*out = u256_from_le(bytes);
	return 0;
}

struct u256 u256_mul_u32(const struct u256 *v, uint32_t mult)
{
	struct u256 out;
	unsigned __int128 carry = 0;
	int i;

	for (i = 0; i < 4; i++) {
		carry += (unsigned __int128)v->w[i] * mult;
		out.w[i] = (uint64_t)carry;
		carry >>= 64;
	}
	return carry ? u256_max : out;
}
