/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Double SHA-256 and merkle branches. */
#include <openssl/sha.h>
#include <string.h>

#include "pool/merkle.h"

void merkle_sha256d(uint8_t out[32], const void *data, size_t len)
{
	uint8_t once[32];

	SHA256(data, len, once);
	SHA256(once, sizeof once, out);
}

void merkle_fold(uint8_t root[32], const uint8_t leaf[32], const uint8_t (*branch)[32], size_t n)
{
	uint8_t pair[64];
	size_t i;

	memcpy(pair, leaf, 32);
	for (i = 0; i < n; i++) {
		memcpy(pair + 32, branch[i], 32);
		merkle_sha256d(pair, pair, sizeof pair);
	}
	memcpy(root, pair, 32);
}
