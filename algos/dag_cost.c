/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Work of a hash of Ethash's and ProgPoW's families, for `adit bench`.
 *
 * keccak-f on words of w bits, a round, in words: theta's parities 5 columns of 5 (two operations
 * of three inputs each, 10 logic), 5 rotations, 25 logic to apply them; rho 24 rotations; chi 25
 * logic; iota 1.  61 logic and 29 rotations, each twice when w is 64.
 */
#include "algos/ethash.h"
#include "algos/progpow.h"

#define KECCAK_LOGIC  61
#define KECCAK_ROTATE 29
#define F1600_ROUNDS  24
#define F800_ROUNDS   22
#define FNV_ROW_WORDS 32 /* of 128 bytes */

/* 512 bits of header and nonce, then 256 of the mix: two times keccak-f[1600]. */
static void two_f1600(struct algo_cost *out)
{
	out->logic += 2.0 * F1600_ROUNDS * 2 * KECCAK_LOGIC;
	out->rotate += 2.0 * F1600_ROUNDS * 2 * KECCAK_ROTATE;
}

/*
 * 64 rows of 128 bytes from anywhere, each FNV'd into the mix (a product and an xor a word); for
 * its place an FNV and a reduction by two products; in the end 32 words become 8 by 24 FNVs.
 */
void ethash_cost(const struct algo *algo, const struct algo_facts *facts, const uint64_t *set,
		 const char *label, struct algo_cost *out)
{
	double fnvs = ETHASH_LOOPS * (FNV_ROW_WORDS + 1.0) + 24;

	(void)algo;
	(void)set;
	(void)label;
	two_f1600(out);
	out->mul32 += fnvs + 2 * ETHASH_LOOPS;
	out->logic += fnvs;
	out->reads = ETHASH_LOOPS;
	out->grain = 128;
	out->set_bytes = facts->dataset_bytes;
}

/*
 * 64 rows of 256 bytes from anywhere.  A loop of a lane: cache_ops words of the 16 KiB table (a
 * mask each) and math_ops operations drawn from eleven (products in two, rotations in two, logic in
 * three, a sum or a comparison in two, counts of bits in two, counted here as logic), every
 * result and four words of the row merged: of four ways two rotate, three have logic, two a
 * product, one a sum besides.  Before and after: two times keccak-f[800], and KISS99 (three
 * products, three shifts, four logic, three sums) for every register at the start.
 */
void progpow_cost(const struct algo *algo, const struct algo_facts *facts, const uint64_t *set,
		  const char *label, struct algo_cost *out)
{
	const struct progpow_params *p = algo->params;
	double turns = (double)PROGPOW_LOOPS * PROGPOW_LANES;
	double merges = turns * (p->cache_ops + p->math_ops + PROGPOW_DAG_LOADS);
	double maths = turns * p->math_ops / MATH_KINDS, starts = PROGPOW_LANES * (double)p->regs;

	(void)set;
	(void)label;
	out->add = merges * 0.25 + maths * 2 + starts * 3;
	out->logic = merges * 0.75 + maths * 5 + turns * p->cache_ops + starts * 4 +
		     2.0 * F800_ROUNDS * KECCAK_LOGIC;
	out->rotate = merges * 0.5 + maths * 2 + starts * 3 + 2.0 * F800_ROUNDS * KECCAK_ROTATE;
	out->mul32 = merges * 0.5 + maths * 2 + starts * 3;
	out->local = turns * p->cache_ops;
	out->reads = PROGPOW_LOOPS;
	out->grain = 256;
	out->set_bytes = facts->dataset_bytes;
}
