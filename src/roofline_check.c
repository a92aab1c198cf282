/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The probe's kernels again, in the plainest C. */
#include "src/roofline_check.h"

#define TABLE_WORDS 4096
#define SURE_US     2000 /* longer than what a launch costs beside its work */

uint32_t roof_filled(uint32_t i)
{
	i = (i ^ i >> 16) * 0x85ebca6bu;
	i = (i ^ i >> 13) * 0xc2b2ae35u;
	return i ^ i >> 16;
}

static uint64_t step(enum roof_kind kind, uint64_t a, uint64_t b, uint64_t c)
{
	switch (kind) {
	case ROOF_ADD:
		return (uint32_t)(a + b + c);
	case ROOF_LOGIC:
		return (uint32_t)((a & b) ^ c);
	case ROOF_ROTATE:
		return (uint32_t)(a >> (b & 31) | a << (-b & 31));
	case ROOF_MUL32:
		return (uint32_t)(a * b + c);
	default:
		return a * b + c;
	}
}

uint32_t roof_ring(enum roof_kind kind, uint32_t lane, uint64_t first, uint32_t rounds)
{
	static const enum roof_kind mix[] = {ROOF_ADD, ROOF_LOGIC, ROOF_ROTATE};
	uint64_t a[8], mask = kind == ROOF_MUL64 ? UINT64_MAX : UINT32_MAX, all = 0;
	uint32_t turn = kind == ROOF_MIX ? 9 : 8, k;
	uint64_t i, turns = (uint64_t)rounds * 16;

	a[0] = (lane + first) & mask;
	for (k = 1; k < 8; k++)
		a[k] = (a[k - 1] * 3 + 1) & mask;
	for (i = 0; i < turns; i++)
		for (k = 0; k < turn; k++)
			a[k % 8] = step(kind == ROOF_MIX ? mix[k % 3] : kind, a[k % 8],
					a[(k + 1) % 8], a[(k + 2) % 8]);
	for (k = 0; k < 8; k++)
		all ^= a[k];
	return (uint32_t)(all >> 32) ^ (uint32_t)all;
}

uint32_t roof_walk(uint32_t item, uint64_t first, uint32_t rounds)
{
	uint32_t all = 0, k, i;

	for (k = 0; k < ROOF_WALKS; k++) {
		uint32_t at = roof_filled(item * ROOF_WALKS + k + (uint32_t)first);

		for (i = 0; i < rounds; i++)
			at += roof_filled(at % TABLE_WORDS);
		all ^= at;
	}
	return all;
}

uint32_t roof_read(uint32_t item, uint64_t first, uint32_t rounds, uint32_t rows, uint32_t grain,
		   bool alone)
{
	uint32_t words = grain / 4, team = alone ? 1 : grain / 16, sum = 0, i, k;
	uint32_t own = roof_filled(item / team + (uint32_t)first);

	for (i = 0; i < rounds * ROOF_READS; i++) {
		uint64_t row = (uint64_t)roof_filled(own + i) * rows >> 32;
		uint32_t word = (uint32_t)row * words + item % team * 4;

		for (k = 0; k < words / team; k++)
			sum += roof_filled(word + k);
	}
	return sum;
}

double roof_seconds(uint32_t device_us, int64_t wall_us)
{
	bool fiction = wall_us > SURE_US && device_us < wall_us - wall_us / 4;

	return (device_us && !fiction ? (double)device_us : (double)wall_us + 1) / 1e6;
}
