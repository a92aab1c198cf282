/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pieces of PTX on their own; see the header. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ptx/fragment.h"

#define LINE_ROOM 64

static const char head[] = ".version 6.3\n.target sm_50\n.address_size 64\n"
			   ".extern .shared .align 16 .b8 fragment_shared[];\n"
			   ".entry fragment(.param .u64 operands)\n{\n"
			   ".reg .b64 fragment_at;\nld.param.u64 fragment_at, [operands];\n";

int ptx_fragment_new(struct ptx_module **out, const char *text, const char *end,
		     const char *const *names, unsigned n, char *why, size_t size)
{
	const char *last = end ? strstr(text, end) : NULL;
	size_t len = last ? (size_t)(last - text) : strlen(text);
	char *whole = NULL;
	FILE *to;
	size_t all;
	unsigned i;
	int rc;

	to = n <= PTX_FRAGMENT_NAMES ? open_memstream(&whole, &all) : NULL;
	if (!to) {
		snprintf(why, size, "no memory, or too many names");
		return -1;
	}
	fputs(head, to);
	for (i = 0; i < n; i++)
		fprintf(to, ".reg .b32 %s;\nld.global.u32 %s, [fragment_at+%u];\n", names[i],
			names[i], 4 * i);
	fprintf(to, "{\n%.*s\n}\n", (int)len, text);
	for (i = 0; i < n; i++)
		fprintf(to, "st.global.u32 [fragment_at+%u], %s;\n", 4 * i, names[i]);
	fputs("ret;\n}\n", to);
	if (fclose(to)) {
		snprintf(why, size, "no memory");
		rc = -1;
	} else {
		rc = ptx_module_new(out, whole, why, size);
	}
	free(whole);
	return rc;
}

struct operands {
	uint64_t from, to;
};

static int find(void *arg, uint64_t at, size_t bytes, uint64_t ends[2])
{
	const struct operands *o = arg;

	ends[0] = o->from;
	ends[1] = o->to;
	return at >= o->from && at <= o->to && o->to - at >= bytes ? 0 : -1;
}

int ptx_fragment_run(const struct ptx_module *m, uint32_t *operands, unsigned n, const void *shared,
		     size_t shared_bytes, char *why, size_t size)
{
	struct operands o = {(uintptr_t)operands, (uintptr_t)(operands + n)};
	const uint64_t args[1] = {o.from};
	const struct ptx_grid grid = {.blocks = 1,
				      .threads = 1,
				      .dynamic_shared = shared_bytes,
				      .shared = shared,
				      .args = args,
				      .n_args = 1,
				      .memory = find,
				      .arg = &o};

	return ptx_run(ptx_module_entry(m, "fragment"), &grid, why, size);
}
