/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scrypt (RFC 7914) with N = 1024, r = 1, p = 1 of an 80-byte header: Litecoin, Dogecoin and
 * what is mined with them.
 */
#include <stdio.h>
#include <string.h>

#include "algos/algo.h"
#include "algos/native.h"
#include "algos/ref_scrypt.h"
#include "algos/ref_sha256.h"
#include "src/bytes.h"
#include "src/str.h"
#include "kernels/scrypt.cl.h" /* the kernel as text */
#include "kernels/scrypt.cl"   /* the kernel as C */

static int scrypt_hash(const struct algo_epoch *ep, const struct work *work, uint64_t nonce,
		       struct digest *out)
{
	uint8_t header[80], hash[32];

	(void)ep;
	memcpy(header, work->header, 76);
	le32_put(header + 76, (uint32_t)nonce);
	ref_scrypt_1024(hash, header, sizeof header);
	memset(out, 0, sizeof *out);
	out->hash = u256_from_le(hash);
	return 0;
}

/* The layout is described in kernels/scrypt.cl. */
static void scrypt_prepare(const struct algo_epoch *ep, const struct work *work,
			   struct abi_job *out)
{
	int i;

	(void)ep;
	memset(out->words, 0, sizeof out->words);
	ref_sha256_start(out->words);
	ref_sha256_block(out->words, work->header);
	for (i = 0; i < 19; i++)
		out->words[8 + i] = be32_get(work->header + 4 * i);
}

#define ENTRY_BYTES 128
#define STATE_BYTES 192 /* what the steps pass on for a nonce: 48 words */
#define CPU_PASSES  8   /* nonces a lane tries in the same, cached V */
#define CPU_ITEMS   64  /* work-items a core and batch: about 0.3 s and 128 MiB */

enum { SET_GAP };

/* What is left for V and states: a tenth or 256 MiB stay free, whichever is more. */
static uint64_t room(const struct algo_device *dev)
{
	uint64_t spare = dev->mem_free / 10;
	uint64_t left;

	if (spare < (256u << 20))
		spare = 256u << 20;
	left = dev->mem_free > spare ? dev->mem_free - spare : 0;
	return dev->mem_alloc && dev->mem_alloc < left ? dev->mem_alloc : left;
}

static struct algo_plan plan_for(const struct algo_device *dev, uint32_t gap)
{
	uint32_t lanes = dev->lanes ? dev->lanes : 1;
	uint32_t passes = dev->cpu ? CPU_PASSES : 1;
	uint32_t units = dev->units ? dev->units : 1;
	uint64_t v_bytes = (1024 + gap - 1) / gap * ENTRY_BYTES;
	struct algo_plan plan = {.lanes = lanes * passes, .local = dev->cpu ? 1 : 64};

	if (dev->cpu)
		snprintf(plan.options, sizeof plan.options, "-DGAP=%u -DLANES=%u -DPASSES=%u",
			 (unsigned)gap, (unsigned)lanes, (unsigned)passes);
	else
		snprintf(plan.options, sizeof plan.options, "-DGAP=%u -DLANES=%u", (unsigned)gap,
			 (unsigned)lanes);
	snprintf(plan.label, sizeof plan.label, "lookup gap %u", (unsigned)gap);
	plan.scratch_per_nonce = v_bytes / passes + STATE_BYTES;
	plan.nonces_max = room(dev) / plan.scratch_per_nonce / plan.lanes * plan.lanes;
	if (dev->cpu && plan.nonces_max > CPU_ITEMS * (uint64_t)units * plan.lanes)
		plan.nonces_max = CPU_ITEMS * (uint64_t)units * plan.lanes;
	plan.nonces_start = (dev->cpu ? 2 : 512) * (uint64_t)units * plan.lanes;
	if (plan.nonces_start > plan.nonces_max)
		plan.nonces_start = plan.nonces_max;
	return plan;
}

/*
 * A larger gap trades memory (room and bandwidth) for arithmetic.  Which is right depends on
 * the card, so all that fit are offered: first those whose nonces keep every unit busy,
 * then, smallest table first, the others.  CPUs have cache enough not to go beyond 2.
 */
static int offer(const struct algo_device *dev, struct algo_plan *out, int max)
{
	static const uint32_t gpu_gaps[] = {2, 1, 4, 8}, cpu_gaps[] = {1, 2};
	const uint32_t *gaps = dev->cpu ? cpu_gaps : gpu_gaps;
	uint64_t busy = dev->cpu ? 1 : 256 * (uint64_t)(dev->units ? dev->units : 1);
	int count = dev->cpu ? 2 : 4, n = 0, i;

	for (i = 0; i < count && n < max; i++) {
		out[n] = plan_for(dev, gaps[i]);
		n += out[n].nonces_max >= busy;
	}
	for (i = count - 1; i >= 0 && n < max; i--) {
		out[n] = plan_for(dev, gaps[i]);
		n += out[n].nonces_max && out[n].nonces_max < busy;
	}
	return n;
}

static int scrypt_plans(const struct algo *algo, const struct algo_device *dev, const uint64_t *set,
			struct algo_plan *out, int max, struct err *err)
{
	struct algo_plan least;
	int n;

	(void)algo;
	if (set[SET_GAP]) {
		least = plan_for(dev, (uint32_t)set[SET_GAP]);
		*out = least;
		n = least.nonces_max > 0;
	} else {
		least = plan_for(dev, 8);
		n = offer(dev, out, max);
	}
	if (n)
		return n;
	return err_set(
		err, ERR_MEMORY,
		"scrypt needs %llu MiB of device memory beside 256 MiB (or a tenth) left free, "
		"and %llu MiB are free: close other programs or raise --set lookup_gap",
		(unsigned long long)(least.scratch_per_nonce * least.lanes >> 20) + 1,
		(unsigned long long)(dev->mem_free >> 20));
}

/* "lookup gap 2"; 1 where the label does not tell. */
static double gap_of(const uint64_t *set, const char *label)
{
	const char *last = strrchr(label, ' ');
	uint64_t gap = set[SET_GAP];

	if (!gap && (!last || str_to_u64(&gap, last + 1, 1, 64)))
		gap = 1;
	return (double)gap;
}

/*
 * Two loops of 1024 steps, each two salsa20/8 of 128 times sum, rotation and xor, and of 16 sums
 * and 16 xors at its ends; in the second loop 32 xors more.  A gap g leaves out entries of the
 * table, and each of the 1024 that are looked up costs (g - 1) / 2 such steps more in the mean.
 * Memory: what is kept of 128 KiB written in order, and 1024 entries of 128 bytes read from
 * anywhere.  PBKDF2 before and after, one part in a hundred, is left out.
 */
static void scrypt_cost(const struct algo *algo, const struct algo_facts *facts,
			const uint64_t *set, const char *label, struct algo_cost *out)
{
	double gap = gap_of(set, label), steps = 2 * 1024 + 1024 * (gap - 1) / 2;

	(void)algo;
	(void)facts;
	out->add = steps * 2 * (128 + 16);
	out->rotate = steps * 2 * 128;
	out->logic = steps * 2 * (128 + 16) + 1024 * 32;
	out->stream = 1024 * ENTRY_BYTES / gap;
	out->reads = 1024;
	out->grain = ENTRY_BYTES;
}

NATIVE(scrypt_in)
NATIVE(scrypt_mix)
NATIVE(scrypt_out)

static const struct algo_native scrypt_native_rows[] = {
	{"scrypt_in", scrypt_in_native},
	{"scrypt_mix", scrypt_mix_native},
	{"scrypt_out", scrypt_out_native},
	{0},
};

static const struct algo_step scrypt_steps[] = {
	{.entry = "scrypt_in", .when = STEP_BATCH},
	{.entry = "scrypt_mix", .when = STEP_BATCH},
	{.entry = "scrypt_out", .when = STEP_BATCH},
};

static const struct algo_setting scrypt_settings[] = {
	[SET_GAP] =
		{.name = "lookup_gap",
		 .max = 64,
		 .help = "keep every Nth entry of the table: less memory, more work; 0 measures"},
	{0},
};

static const char *const scrypt_prebuilt[] = {
	"-DGAP=1 -DLANES=1", "-DGAP=2 -DLANES=1", "-DGAP=4 -DLANES=1", "-DGAP=8 -DLANES=1", NULL,
};

const struct algo algo_scrypt = {
	.name = "scrypt",
	.aliases = "litecoin dogecoin",
	.title = "scrypt (1024, 1, 1): Litecoin, Dogecoin",
	.kernel = kernel_scrypt,
	.header_len = 80,
	.nonce_off = 76,
	.nonce_len = 4,
	.diff_mult = 65536,
	.version_rolling = false,
	.steps = scrypt_steps,
	.n_steps = sizeof scrypt_steps / sizeof *scrypt_steps,
	.settings = scrypt_settings,
	.native = scrypt_native_rows,
	.prebuilt = scrypt_prebuilt,
	.hash = scrypt_hash,
	.prepare = scrypt_prepare,
	.plans = scrypt_plans,
	.cost = scrypt_cost,
};
