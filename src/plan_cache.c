/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which of several plans was fastest on a device, remembered between runs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/plan_cache.h"
#include "src/str.h"

void plan_cache_key(struct plan_key *out, const struct device_info *info, const struct algo *algo,
		    const uint64_t *set, const struct algo_plan *plans, int n)
{
	const char *texts[8 + ALGO_PLANS_MAX] = {"adit plan 1", info->backend, info->name,
						 info->driver,  algo->name,    algo->kernel};
	char values[ALGO_SETTINGS_MAX * 21 + 1] = "", memory[48];
	size_t used = 0, at = 6;
	int i;

	for (i = 0; i < ALGO_SETTINGS_MAX; i++)
		used += (size_t)snprintf(values + used, sizeof values - used, "%llu ",
					 (unsigned long long)set[i]);
	snprintf(memory, sizeof memory, "%llu %u", (unsigned long long)info->mem_total,
		 info->units);
	texts[at++] = values;
	texts[at++] = memory;
	for (i = 0; i < n && i < ALGO_PLANS_MAX; i++)
		texts[at++] = plans[i].options;
	out->key = kernel_key_of(texts, at);
}

int plan_cache_load(const char *dir, const struct plan_key *key, int n, uint64_t *nonces)
{
	uint64_t index, batch;
	void *text = NULL;
	int best = -1;
	size_t len;
	char *space;

	if (!dir[0] || kernel_cache_load(dir, &key->key, &text, &len))
		return -1;
	space = strchr(text, ' ');
	if (space) {
		*space = '\0';
		if (!str_to_u64(&index, text, 0, (uint64_t)n - 1) &&
		    !str_to_u64(&batch, space + 1, 1, UINT32_MAX)) {
			best = (int)index;
			*nonces = batch;
		}
	}
	free(text);
	return best;
}

void plan_cache_store(const char *dir, const struct plan_key *key, int best, uint64_t nonces)
{
	char text[64];
	int len = snprintf(text, sizeof text, "%d %llu", best, (unsigned long long)nonces);

	if (dir[0])
		kernel_cache_store(dir, &key->key, text, (size_t)len, KERNEL_CACHE_MAX, NULL);
}
