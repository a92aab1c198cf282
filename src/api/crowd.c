/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counting connections by address. */
#include <stdlib.h>
#include <string.h>

#include "src/api/crowd.h"
#include "src/str.h"

static struct crowd_one **bucket_of(struct crowd *crowd, const char *who)
{
	uint32_t hash = 2166136261u; /* FNV-1a; whoever aims at one bucket finds 512 at most */

	for (; *who; who++)
		hash = (hash ^ (unsigned char)*who) * 16777619u;
	return &crowd->bucket[hash % CROWD_BUCKETS];
}

struct crowd_one *crowd_join(struct crowd *crowd, const char *who, unsigned max)
{
	struct crowd_one **bucket = bucket_of(crowd, who), *one = *bucket;

	while (one && strcmp(one->who, who))
		one = one->next;
	if (!one) {
		one = calloc(1, sizeof *one);
		if (!one)
			return NULL;
		str_copy(one->who, sizeof one->who, who);
		one->next = *bucket;
		*bucket = one;
	}
	if (one->n >= max)
		return NULL;
	one->n++;
	return one;
}

void crowd_leave(struct crowd *crowd, struct crowd_one *one)
{
	struct crowd_one **at = bucket_of(crowd, one->who);

	if (--one->n)
		return;
	while (*at != one)
		at = &(*at)->next;
	*at = one->next;
	free(one);
}
