/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Programs of periods on the fake card: what was spliced into a template is read back from the
 * very text the driver was given, and interpreted where the template's asm statement stands.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"
#include "kernels/platform.h"
#include "src/gpu/backend.h"
#include "src/gpu/splice.h"
#include "tests/ptx/fragment.h"

#define REGISTERS 32
#define OTHERS    7 /* as in others[] */
#define NAMES     (REGISTERS + OTHERS)

static _Thread_local struct {
	const struct ptx_module *program;
	int failed;
} running;

static const char *const others[OTHERS] = {"d0", "d1", "d2", "d3", "l1", "l1c", "l1s"};

static int read_one(struct ptx_module **out, const char *text)
{
	char mix[REGISTERS][8];
	const char *names[NAMES];
	char why[200] = "";
	int i, rc;

	for (i = 0; i < REGISTERS; i++) {
		snprintf(mix[i], sizeof mix[i], "m%d", i);
		names[i] = mix[i];
	}
	for (i = 0; i < OTHERS; i++)
		names[REGISTERS + i] = others[i];
	rc = ptx_fragment_new(out, text, SPLICE_END, names, NAMES, why, sizeof why);
	if (rc)
		fprintf(stderr, "fakecuda: %s\n", why);
	return rc ? 218 : 0;
}

/* Every place it was put in has the same one. */
int fake_program_read(struct ptx_module **out, const char *ptx)
{
	const char *at = ptx, *first = NULL, *end;
	size_t len = 0;

	while ((at = strstr(at, CODE_PTX_MARK))) {
		at += strcspn(at, "\n");
		end = strstr(at, SPLICE_END);
		if (!end) /* a template without its program */
			return 218;
		if (first && ((size_t)(end - at) != len || memcmp(at, first, len) != 0))
			return 218;
		first = first ? first : at;
		len = (size_t)(end - at);
	}
	return first ? read_one(out, first) : 0;
}

void fake_program_use(const struct ptx_module *program)
{
	running.program = program;
	running.failed = 0;
}

int fake_program_failed(void)
{
	return running.failed;
}

void platform_program(u32 *m, u32 n, const u32 *d, const u32 *l1, u32 l1_bytes, u32 step, u32 own)
{
	char why[200];
	u32 values[NAMES];

	memset(values, 0xee, sizeof values); /* registers the template does not have */
	memcpy(values, m, n * sizeof *m);
	memcpy(values + REGISTERS, d, 4 * sizeof *d);
	values[NAMES - 3] = PTX_SHARED_BASE;
	values[NAMES - 2] = own;
	values[NAMES - 1] = 4 * step;
	if (!running.program ||
	    ptx_fragment_run(running.program, values, NAMES, l1, l1_bytes, why, sizeof why))
		running.failed = 1;
	memcpy(m, values, n * sizeof *m);
}

static _Thread_local struct {
	u32 bytes;
	bool wanted_more;
} brought;

void fake_brought(uint32_t bytes)
{
	brought.bytes = bytes;
	brought.wanted_more = false;
}

bool fake_wanted_more(void)
{
	return brought.wanted_more;
}

void platform_brought(u32 bytes)
{
	if (bytes <= brought.bytes)
		return;
	if (!brought.wanted_more)
		fprintf(stderr, "fakecuda: a kernel with %u bytes of shared memory got %u\n",
			(unsigned)bytes, (unsigned)brought.bytes);
	brought.wanted_more = true;
}
