/* SPDX-License-Identifier: GPL-3.0-or-later */
/* 256-bit unsigned integers: targets and hashes as numbers, and difficulty arithmetic. */
#ifndef ADIT_U256_H
#define ADIT_U256_H

#include <stdbool.h>
#include <stdint.h>

struct u256 {
	uint64_t w[4]; /* w[0] least significant */
};

struct u256 u256_from_be(const uint8_t bytes[32]);
struct u256 u256_from_le(const uint8_t bytes[32]);
void u256_to_be(uint8_t out[32], const struct u256 *v);
void u256_to_le(uint8_t out[32], const struct u256 *v);

/* 64 digits, most significant first, and a NUL.  Returns out. */
char *u256_hex(char out[65], const struct u256 *v);

/* Up to 64 digits with or without 0x, padded on the left.  0 or -ERR_PARSE. */
int u256_parse(struct u256 *out, const char *text);

/* <0, 0, >0 as a is less than, equal to, or greater than b. */
int u256_cmp(const struct u256 *a, const struct u256 *b);

bool u256_is_zero(const struct u256 *v);

/* As a double; the relative error is under 2^-52. */
double u256_double(const struct u256 *v);

/* How many hashes it takes on average to find one that is not above the target. */
double u256_hashes(const struct u256 *target);

/*
 * floor(numerator / difficulty), exact, clamped to 2^256-1.  difficulty is finite
 * and > 0 (each double is a ratio of integers, so the quotient is well defined).
 */
struct u256 u256_div_double(const struct u256 *numerator, double difficulty);

/* Compact "bits" of a Bitcoin-like header.  0, or -ERR_RANGE if negative or too large. */
int u256_from_compact(struct u256 *out, uint32_t bits);

/* Bitcoin's difficulty 1: 0xffff * 2^208. */
extern const struct u256 u256_diff1;

/* diff1 * mult, clamped to 2^256-1. */
struct u256 u256_mul_u32(const struct u256 *v, uint32_t mult);

#endif
