/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Payout addresses of Bitcoin's descendants as output scripts. */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "pool/address.h"
#include "pool/merkle.h"

#define BASE58_BYTES 25 /* version, 20 bytes, 4 of checksum */

/* Version bytes in use; two coins may share one, which does not matter for the script. */
static const uint8_t key_hash[] = {0x00, 0x6f, 0x30, 0x47, 0x24, 0x1e, 0x71, 0x4c, 0x8c, 0x3c};
static const uint8_t script_hash[] = {0x05, 0xc4, 0x32, 0x3a, 0x16, 0x10, 0x13, 0x7a};

static const char *const prefixes[] = {
	"bc", "tb", "bcrt", "ltc", "tltc", "rltc", "vtc", "tvtc", "grs", "tgrs", "grsrt",
};

static int malformed(struct err *err, const char *text, const char *why)
{
	return err_set(err, ERR_PARSE, "'%.90s' is no payout address: %s", text, why);
}

static bool is_one_of(const uint8_t *list, size_t n, uint8_t v)
{
	return memchr(list, v, n) != NULL;
}

/* Big-endian base 58 into exactly BASE58_BYTES; a leading 1 stands for a leading zero byte. */
static bool base58(uint8_t out[BASE58_BYTES], const char *text)
{
	size_t ones = strspn(text, "1"), zeros = 0;
	static const char digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
	int i;

	memset(out, 0, BASE58_BYTES);
	for (; *text; text++) {
		const char *at = strchr(digits, *text);
		unsigned carry = at ? (unsigned)(at - digits) : 0;

		if (!at)
			return false;
		for (i = BASE58_BYTES - 1; i >= 0; i--) {
			carry += 58u * out[i];
			out[i] = (uint8_t)carry;
			carry >>= 8;
		}
		if (carry)
			return false;
	}
	while (zeros < BASE58_BYTES && !out[zeros])
		zeros++;
	return ones == zeros;
}

static int from_base58(uint8_t *out, size_t *len, const char *text, struct err *err)
{
	uint8_t bytes[BASE58_BYTES], check[32];

	if (strlen(text) < 26 || strlen(text) > 35 || !base58(bytes, text))
		return malformed(err, text, "wrong length or alphabet");
	merkle_sha256d(check, bytes, 21);
	if (memcmp(check, bytes + 21, 4))
		return malformed(err, text, "its checksum is wrong (mistyped?)");
	if (is_one_of(key_hash, sizeof key_hash, bytes[0])) {
		memcpy(out, "\x76\xa9\x14", 3);
		memcpy(out + 3, bytes + 1, 20);
		memcpy(out + 23, "\x88\xac", 2);
		*len = 25;
	} else if (is_one_of(script_hash, sizeof script_hash, bytes[0])) {
		memcpy(out, "\xa9\x14", 2);
		memcpy(out + 2, bytes + 1, 20);
		out[22] = 0x87;
		*len = 23;
	} else {
		return err_set(err, ERR_UNKNOWN, "address version 0x%02x is of no coin known here",
			       bytes[0]);
	}
	return 0;
}

static uint32_t polymod(uint32_t sum, unsigned v)
{
	static const uint32_t step[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
	uint32_t top = sum >> 25;
	int i;

	sum = (sum & 0x1ffffff) << 5 ^ v;
	for (i = 0; i < 5; i++)
		if (top >> i & 1)
			sum ^= step[i];
	return sum;
}

/* Lower case of text if it does not mix cases. */
static bool lower(char *out, size_t size, const char *text)
{
	bool small = false, large = false;
	size_t i;

	for (i = 0; text[i] && i + 1 < size; i++) {
		small |= islower((unsigned char)text[i]) != 0;
		large |= isupper((unsigned char)text[i]) != 0;
		out[i] = (char)tolower((unsigned char)text[i]);
	}
	out[i] = '\0';
	return !text[i] && !(small && large);
}

/* Five-bit groups into bytes; false when padding is wrong. */
static bool regroup(uint8_t *out, size_t *len, const uint8_t *groups, size_t n)
{
	uint32_t acc = 0;
	unsigned bits = 0;
	size_t i;

	*len = 0;
	for (i = 0; i < n; i++) {
		acc = (acc << 5 | groups[i]) & 0xfff;
		bits += 5;
		if (bits >= 8) {
			bits -= 8;
			if (*len == 40)
				return false;
			out[(*len)++] = (uint8_t)(acc >> bits);
		}
	}
	return bits < 5 && !(acc & ((1u << bits) - 1));
}

static int from_bech32(uint8_t *out, size_t *len, const char *text, size_t hrp, struct err *err)
{
	static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
	uint8_t groups[90] = {0}, program[40];
	uint32_t sum = 1;
	size_t n = 0, i, program_len;

	for (i = 0; i < hrp; i++)
		sum = polymod(sum, (unsigned char)text[i] >> 5);
	sum = polymod(sum, 0);
	for (i = 0; i < hrp; i++)
		sum = polymod(sum, text[i] & 31);
	for (i = hrp + 1; text[i] && n < sizeof groups; i++, n++) {
		const char *at = strchr(alphabet, text[i]);

		if (!at)
			return malformed(err, text, "a character that bech32 does not have");
		groups[n] = (uint8_t)(at - alphabet);
		sum = polymod(sum, groups[n]);
	}
	if (n < 8 || text[i] || sum != (groups[0] ? 0x2bc830a3u : 1u))
		return malformed(err, text, "its checksum is wrong (mistyped?)");
	if (groups[0] > 16 || !regroup(program, &program_len, groups + 1, n - 7) ||
	    program_len < 2 || (groups[0] == 0 && program_len != 20 && program_len != 32))
		return malformed(err, text, "its length does not fit its version");
	out[0] = groups[0] ? (uint8_t)(0x50 + groups[0]) : 0;
	out[1] = (uint8_t)program_len;
	memcpy(out + 2, program, program_len);
	*len = 2 + program_len;
	return 0;
}

int address_script(uint8_t out[ADDRESS_SCRIPT_MAX], size_t *len, const char *text, struct err *err)
{
	char small[100];
	const char *one;
	size_t i;

	if (lower(small, sizeof small, text) && (one = strrchr(small, '1')) != NULL) {
		size_t hrp = (size_t)(one - small);

		for (i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
			if (strlen(prefixes[i]) == hrp && !strncmp(prefixes[i], small, hrp))
				return from_bech32(out, len, small, hrp, err);
	}
	return from_base58(out, len, text, err);
}
