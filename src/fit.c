/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What to tell the owner of a device that is too small for a dataset. */
#include <stdio.h>
#include <string.h>

#include "src/fit.h"
#include "src/str.h"

static bool fits(const struct algo *algo, const uint64_t *set, uint32_t epoch, uint64_t more,
		 uint64_t bytes)
{
	struct algo_facts facts;

	return !algo->dataset->facts(algo, epoch, set, &facts, NULL) &&
	       facts.dataset_bytes + (uint64_t)facts.cache_items * 64 + more <= bytes;
}

int64_t fit_until(const struct algo *algo, const uint64_t *set, uint32_t epoch, uint64_t need,
		  uint64_t bytes)
{
	uint32_t low = epoch - ALGO_EPOCH_SHOWN(epoch), high = epoch; /* fits; does not */
	struct algo_facts facts;
	uint64_t more = 0, own;

	/* What a device needs beside dataset and light cache does not grow. */
	if (!algo->dataset->facts(algo, epoch, set, &facts, NULL)) {
		own = facts.dataset_bytes + (uint64_t)facts.cache_items * 64;
		more = need > own ? need - own : 0;
	}
	if (!fits(algo, set, low, more, bytes))
		return -1;
	if (fits(algo, set, epoch, more, bytes))
		return epoch;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (fits(algo, set, middle, more, bytes))
			low = middle;
		else
			high = middle;
	}
	return low;
}

char *fit_text(char *out, size_t size, const struct algo *algo, const uint64_t *set, uint32_t epoch,
	       uint64_t need, uint64_t left)
{
	int64_t until = fit_until(algo, set, epoch, need, left);
	char when[64] = "no epoch's would";
	char needs[32], free[32];

	if (until >= 0)
		snprintf(when, sizeof when, "it would fit until epoch %u", ALGO_EPOCH_SHOWN(until));
	snprintf(out, size, "the dataset of epoch %u needs %s, %s are free; %s",
		 ALGO_EPOCH_SHOWN(epoch), str_bytes(needs, sizeof needs, need),
		 str_bytes(free, sizeof free, left), when);
	return out;
}
