/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding kernels that were compiled when the program was built. */
#include <string.h>

#include "src/gpu/embedded.h"
#include "src/gpu/kernel_cache.h"

void embedded_key(uint8_t out[32], const char *source, const char *options)
{
	const char *const texts[] = {source, options};
	struct kernel_key key = kernel_key_of(texts, 2);

	memcpy(out, key.bytes, sizeof key.bytes);
}

const struct embedded *embedded_cubin(const struct embedded_table *table, const uint8_t key[32],
				      uint32_t arch)
{
	const struct embedded *best = NULL;
	size_t i;

	for (i = 0; i < table->n; i++) {
		const struct embedded *e = &table->rows[i];

		if (!e->arch || e->arch > arch || e->arch / 10 != arch / 10 ||
		    memcmp(e->key, key, 32))
			continue;
		if (!best || e->arch > best->arch)
			best = e;
	}
	return best;
}

const struct embedded *embedded_ptx(const struct embedded_table *table, const uint8_t key[32])
{
	size_t i;

	for (i = 0; i < table->n; i++)
		if (!table->rows[i].arch && !memcmp(table->rows[i].key, key, 32))
			return &table->rows[i];
	return NULL;
}
