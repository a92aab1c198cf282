/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keccak with its original padding (0x01), as Ethereum uses it, and the permutation on 32-bit
 * lanes that ProgPoW is built on.  Source: the Keccak reference (Bertoni, Daemen, Peeters, Van
 * Assche), version 3.0.
 */
#ifndef ADIT_KECCAK_H
#define ADIT_KECCAK_H

#include <stddef.h>
#include <stdint.h>

/* out may overlap in */
void keccak256(uint8_t out[32], const void *in, size_t len);
void keccak512(uint8_t out[64], const void *in, size_t len);

/* 22 rounds on 25 words. */
void keccak_f800(uint32_t st[25]);

#endif
