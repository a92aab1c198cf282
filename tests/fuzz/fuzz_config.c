/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A hostile configuration file: whatever is in it, reading it ends with settings or with one
 * printable line, and every value that was stored is text without control characters.
 */
#include <stdlib.h>
#include <string.h>

#include "src/option.h"
#include "src/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int claim)
{
	if (!claim)
		abort();
}

static void check_drafts(const struct source_draft *d)
{
	unsigned i, k;

	must(d->n_pools <= POOLS_MAX);
	for (i = 0; i < d->n_pools; i++)
		for (k = 0; k < POOL_FIELDS; k++)
			must(!d->pools[i].field[k] || utf8_bad(d->pools[i].field[k]) < 0);
}

static void read_as(const char *command, const uint8_t *data, size_t size)
{
	struct settings *s = calloc(1, sizeof *s);
	struct loader l = {.s = s, .command = command};
	struct err err = {0};
	int i, rc;

	must(s != NULL);
	rc = option_defaults(&l, &err);
	must(rc == 0);
	rc = option_file_text(&l, "fuzz.json", (const char *)data, size, &err);
	must(rc <= 0 && (rc == 0 || (err.text[0] && !strchr(err.text, '\n'))));
	check_drafts(&l.from[FROM_FILE]);
	for (i = 0; i < OPTION_SOURCES; i++)
		draft_done(&l.from[i]);
	option_free_values(s);
	free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_as("mine", data, size);
	read_as("pool", data, size);
	return 0;
}
