/* SPDX-License-Identifier: GPL-3.0-or-later */
/* scrypt as RFC 7914 writes it: the reference that kernels are checked against. */
#ifndef ADIT_REF_SCRYPT_H
#define ADIT_REF_SCRYPT_H

#include <stddef.h>
#include <stdint.h>

/*
 * N = 1024, r = 1, p = 1, 32 bytes out; password and salt are both in[len], len <= 128.
 * Any thread; takes 128 KiB of its stack.
 */
void ref_scrypt_1024(uint8_t out[32], const uint8_t *in, size_t len);

#endif
