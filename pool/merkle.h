/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Double SHA-256 and merkle branches as Bitcoin-like pools and nodes use them. */
#ifndef ADIT_MERKLE_H
#define ADIT_MERKLE_H

#include <stddef.h>
#include <stdint.h>

/* SHA-256 of SHA-256; out may overlap data. */
void merkle_sha256d(uint8_t out[32], const void *data, size_t len);

/* Fold a branch (n hashes of 32 bytes in raw order) onto a leaf: the root, raw order. */
void merkle_fold(uint8_t root[32], const uint8_t leaf[32], const uint8_t (*branch)[32], size_t n);

#endif
