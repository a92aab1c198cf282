/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SHA-256 twice over an 80-byte header: Bitcoin and its descendants. */
#include <stdio.h>
#include <string.h>

#include "algos/algo.h"
#include "algos/native.h"
#include "algos/ref_sha256.h"
#include "src/bytes.h"
#include "src/str.h"
#include "kernels/sha256d.cl.h" /* the kernel as text */
#include "kernels/sha256d.cl"   /* the kernel as C */

static int sha256d_hash(const struct algo_epoch *ep, const struct work *work, uint64_t nonce,
			struct digest *out)
{
	uint8_t header[80], once[32], twice[32];

	(void)ep;
	memcpy(header, work->header, 76);
	le32_put(header + 76, (uint32_t)nonce);
	ref_sha256(once, header, sizeof header);
	ref_sha256(twice, once, sizeof once);
	memset(out, 0, sizeof *out);
	out->hash = u256_from_le(twice);
	return 0;
}

static uint32_t right(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static uint32_t sigma0(uint32_t x)
{
	return right(x, 7) ^ right(x, 18) ^ x >> 3;
}

static uint32_t sigma1(uint32_t x)
{
	return right(x, 17) ^ right(x, 19) ^ x >> 10;
}

/* What a round adds to d, and to what a becomes beside that.  s: a..h; kw: constant + word. */
static uint32_t round_t1(const uint32_t *s, uint32_t kw)
{
	return s[7] + (right(s[4], 6) ^ right(s[4], 11) ^ right(s[4], 25)) +
	       ((s[4] & s[5]) ^ (~s[4] & s[6])) + kw;
}

static uint32_t round_t2(const uint32_t *s)
{
	return (right(s[0], 2) ^ right(s[0], 13) ^ right(s[0], 22)) +
	       ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
}

/* The layout is described in kernels/sha256d.cl. */
static void sha256d_prepare(const struct algo_epoch *ep, const struct work *work,
			    struct abi_job *out)
{
	static const uint32_t k[5] = {0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b};
	uint32_t *words = out->words, s[8], w[3], t1;
	int i;

	(void)ep;
	memset(words, 0, sizeof out->words);
	ref_sha256_start(words);
	ref_sha256_block(words, work->header);
	memcpy(s, words, sizeof s);
	for (i = 0; i < 3; i++) {
		w[i] = be32_get(work->header + 64 + 4 * i);
		t1 = round_t1(s, k[i] + w[i]);
		s[3] += t1;
		t1 += round_t2(s);
		memmove(s + 1, s, 7 * sizeof *s);
		s[0] = t1;
	}
	words[8] = s[0];
	words[9] = s[1];
	words[10] = s[2];
	words[11] = s[4];
	words[12] = s[5];
	t1 = round_t1(s, k[3]);
	words[13] = t1 + round_t2(s);
	words[14] = t1 + s[3];
	words[15] = s[6] + k[4] + 0x80000000;
	words[16] = w[0] + sigma0(w[1]);
	words[17] = w[1] + sigma0(w[2]) + sigma1(640);
	words[18] = w[2] + sigma1(words[16]);
	words[19] = sigma0(0x80000000) + sigma1(words[17]);
	words[20] = 640 + sigma0(words[16]);
	words[21] = words[16] + sigma0(words[17]);
	words[22] = 1;
}

NATIVE(sha256d)

static const struct algo_native sha256d_native_rows[] = {
	{"sha256d", sha256d_native},
	{0},
};

static const struct algo_step sha256d_steps[] = {
	{.entry = "sha256d", .when = STEP_BATCH},
};

static const char *const sha256d_prebuilt[] = {"-DLANES=1", "-DLANES=1 -DSPREAD=1", NULL};

/* Whether spreading additions over two pipes pays depends on the card: offer both. */
static int sha256d_plans(const struct algo *algo, const struct algo_device *dev,
			 const uint64_t *set, struct algo_plan *out, int max, struct err *err)
{
	uint32_t lanes = dev->lanes ? dev->lanes : 1;
	int n, plans = dev->cpu || lanes > 1 ? 1 : 2;

	(void)algo;
	(void)set;
	(void)err;
	for (n = 0; n < plans && n < max; n++) {
		out[n] = (struct algo_plan){.lanes = lanes, .nonces_start = 1u << 16};
		snprintf(out[n].options, sizeof out[n].options, "-DLANES=%u%s", (unsigned)lanes,
			 n ? " -DSPREAD=1" : "");
		str_copy(out[n].label, sizeof out[n].label, n ? "spread adds" : "plain adds");
	}
	return n;
}

/*
 * Only what follows the midstate.  A round: six rotations, four logic (two sigmas, choice,
 * majority), and sums; a word of the schedule: four rotations and two shifts, two logic.
 * First hash: rounds 4 to 63; of the schedule 14 words with one sigma only (18 and 20 to 32, the
 * others there are constant) and 31 whole ones.  Second hash: rounds 1 to 56, of 57 to 60 the half
 * that leads to the last word; ten words with one sigma, 35 whole ones.  Sums of three terms: 630.
 */
static void sha256d_cost(const struct algo *algo, const struct algo_facts *facts,
			 const uint64_t *set, const char *label, struct algo_cost *out)
{
	const double rounds = 60 + 56, halves = 4, words = 31 + 35, sigmas = 14 + 10;

	(void)algo;
	(void)facts;
	(void)set;
	(void)label;
	out->rotate = 6 * rounds + 3 * halves + 6 * words + 3 * sigmas;
	out->logic = 4 * rounds + 2 * halves + 2 * words + sigmas;
	out->add = 630;
}

const struct algo algo_sha256d = {
	.name = "sha256d",
	.aliases = "sha256 bitcoin",
	.title = "SHA-256 twice: Bitcoin and its descendants",
	.kernel = kernel_sha256d,
	.header_len = 80,
	.nonce_off = 76,
	.nonce_len = 4,
	.diff_mult = 1,
	.version_rolling = true,
	.steps = sha256d_steps,
	.n_steps = sizeof sha256d_steps / sizeof *sha256d_steps,
	.native = sha256d_native_rows,
	.prebuilt = sha256d_prebuilt,
	.hash = sha256d_hash,
	.prepare = sha256d_prepare,
	.plans = sha256d_plans,
	.cost = sha256d_cost,
};
