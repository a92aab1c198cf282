/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SHA-256 as FIPS 180-4 writes it: the reference that kernels are checked against. */
#ifndef ADIT_REF_SHA256_H
#define ADIT_REF_SHA256_H

#include <stddef.h>
#include <stdint.h>

/* The state before the first block. */
void ref_sha256_start(uint32_t state[8]);

/* One 64-byte block. */
void ref_sha256_block(uint32_t state[8], const uint8_t block[64]);

/*
 * The last bytes (len of them, any number) of a message of total bytes, of which the others went
 * through ref_sha256_block(); then padding, and the digest.
 */
void ref_sha256_end(uint8_t out[32], uint32_t state[8], const uint8_t *in, size_t len,
		    uint64_t total);

void ref_sha256(uint8_t out[32], const uint8_t *in, size_t len);

#endif
