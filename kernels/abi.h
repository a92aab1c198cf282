/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What host and kernel share.  Included by both sides after u32 and u64 are
 * defined; widest members first, no pointers, no bool, no padding.
 */
#ifndef ADIT_ABI_H
#define ADIT_ABI_H

#define ABI_JOB_WORDS 62
#define ABI_SLOTS     255

/* Read-only for a batch; 256 bytes. */
struct abi_job {
	u64 target; /* most significant 64 bits of the target: report when top64(hash) <= target */
	u32 words[ABI_JOB_WORDS]; /* made by algo->prepare(), read by the algorithm's kernel */
};

/*
 * The host zeroes count and abort before a batch.  Kernels add 1 to count for every
 * candidate and store its nonce while the old count is below ABI_SLOTS, so
 * count > ABI_SLOTS means overflow: the host searches the range again in halves.
 * The order of slots is not defined.
 */
struct abi_results {
	u32 count;
	u32 abort; /* the host may set it while a batch runs: leave early, results are not wanted */
	u64 nonce[ABI_SLOTS];
};

#endif
