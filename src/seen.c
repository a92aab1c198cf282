/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A bounded memory of 64-bit keys. */
#include <string.h>

#include "src/seen.h"

static uint64_t *slot(uint64_t *table, uint64_t key)
{
	unsigned i = key % SEEN_SIZE;

	while (table[i] && table[i] != key)
		i = (i + 1) % SEEN_SIZE;
	return &table[i];
}

bool seen_add(struct seen *s, uint64_t key)
{
	if (!key)
		key = 1;
	if (*slot(s->key[0], key) || *slot(s->key[1], key))
		return false;
	if (s->used[s->young] >= SEEN_SIZE / 2) {
		s->young = !s->young;
		memset(s->key[s->young], 0, sizeof s->key[s->young]);
		s->used[s->young] = 0;
	}
	*slot(s->key[s->young], key) = key;
	s->used[s->young]++;
	return true;
}
