/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A bounded memory of 64-bit keys that are uniform already (parts of hashes). */
#ifndef ADIT_SEEN_H
#define ADIT_SEEN_H

#include <stdbool.h>
#include <stdint.h>

#define SEEN_SIZE (1u << 16)

/*
 * Two generations: when the young one is half full it becomes the old one and the old one
 * is forgotten, so a key is remembered for at least SEEN_SIZE / 2 later ones.  Zero it
 * to start; about 1 MiB.
 */
struct seen {
	uint64_t key[2][SEEN_SIZE]; /* 0: empty */
	unsigned used[2], young;
};

/* Remember key; true if it was not known. */
bool seen_add(struct seen *s, uint64_t key);

#endif
