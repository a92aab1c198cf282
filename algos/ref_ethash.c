/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ethash by the light cache: nodes of the dataset are made as they are read. */
#include <string.h>

#include "algos/ethash.h"
#include "algos/keccak.h"
#include "src/bytes.h"

#define MIX_WORDS 32
#define FNV_PRIME 0x01000193u

static uint32_t fnv1(uint32_t a, uint32_t b)
{
	return (a * FNV_PRIME) ^ b;
}

/* s: 16 words and room for the mix hash behind them; rows (or NULL) gets what was read. */
static void mix_loop(const struct algo_epoch *ep, uint32_t s[24], uint32_t *rows)
{
	uint32_t mix[MIX_WORDS], row[MIX_WORDS], i, t, p;

	memcpy(mix, s, 64);
	memcpy(mix + 16, s, 64);
	for (i = 0; i < ETHASH_LOOPS; i++) {
		p = fnv1(i ^ s[0], mix[i % MIX_WORDS]) % ep->facts.rows;
		if (rows)
			rows[i] = p;
		dag_nodes(ep, 2 * p, 2, row);
		for (t = 0; t < MIX_WORDS; t++)
			mix[t] = fnv1(mix[t], row[t]);
	}
	for (i = 0; i < 8; i++)
		s[16 + i] = fnv1(fnv1(fnv1(mix[4 * i], mix[4 * i + 1]), mix[4 * i + 2]),
				 mix[4 * i + 3]);
}

static void start(const struct work *work, uint64_t nonce, uint32_t s[24])
{
	uint8_t in[40];

	memcpy(in, work->header, 32);
	le64_put(in + 32, nonce);
	keccak512((uint8_t *)s, in, sizeof in);
}

int ethash_hash(const struct algo_epoch *ep, const struct work *work, uint64_t nonce,
		struct digest *out)
{
	uint32_t s[24];
	uint8_t final[32];

	if (!ep)
		return -ERR_STALE;
	start(work, nonce, s);
	mix_loop(ep, s, NULL);
	keccak256(final, s, sizeof s);
	out->hash = u256_from_be(final);
	memcpy(out->mix, s + 16, 32);
	return 0;
}

int ethash_rows(const struct algo_epoch *ep, const struct work *work, uint64_t nonce,
		uint32_t rows[ETHASH_LOOPS])
{
	uint32_t s[24];

	if (!ep)
		return -ERR_STALE;
	start(work, nonce, s);
	mix_loop(ep, s, rows);
	return 0;
}

void ethash_prepare(const struct algo_epoch *ep, const struct work *work, struct abi_job *out)
{
	dag_prepare(ep, work, ep->facts.rows, out);
}
