/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the fake driver reads: module images, and its script of faults. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"

#define SIGNATURE "adit-kernel:"

static unsigned word(const unsigned char *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (unsigned)p[3] << 24;
}

static uint64_t quad(const unsigned char *p)
{
	return word(p) | (uint64_t)word(p + 4) << 32;
}

/* Where a 64-bit ELF file ends: its section headers come last in what NVRTC writes. */
static size_t elf_size(const unsigned char *elf)
{
	uint64_t end =
		quad(elf + 40) + (uint64_t)(elf[58] | elf[59] << 8) * (elf[60] | elf[61] << 8);
	uint64_t programs =
		quad(elf + 32) + (uint64_t)(elf[54] | elf[55] << 8) * (elf[56] | elf[57] << 8);

	return end > programs ? end : programs;
}

static int read_elf(struct fake_image *out, const unsigned char *elf)
{
	size_t size = elf_size(elf), i;
	const size_t len = sizeof SIGNATURE - 1;

	if (elf[4] != 2 || (elf[18] | elf[19] << 8) != 190)
		return 200;
	out->isa = elf[8];
	/* CUDA 13 (ABI version 8) moved the architecture within e_flags */
	out->arch = out->isa >= 8 ? word(elf + 48) >> 8 & 0xff : word(elf + 48) & 0xff;
	for (i = 0; i + len + 64 <= size; i++)
		if (!memcmp(elf + i, SIGNATURE, len)) {
			memcpy(out->key, elf + i + len, 64);
			return 0;
		}
	fprintf(stderr, "fakecuda: this cubin has no adit_kernel in it\n");
	return 200;
}

static int read_ptx(struct fake_image *out, const char *ptx)
{
	const char *version = strstr(ptx, "\n.version "), *target = strstr(ptx, "\n.target sm_");
	const char *at = strstr(ptx, "adit_kernel[");
	unsigned major, minor, i;
	int skip = 0;

	if (!version || !target || !at || !(at = strchr(at, '{')))
		return 218;
	if (sscanf(version, "\n.version %u.%u", &major, &minor) != 2 ||
	    sscanf(target, "\n.target sm_%u", &out->arch) != 1)
		return 218;
	out->isa = 10 * major + minor;
	out->is_ptx = 1;
	for (i = 0, at++; i < sizeof SIGNATURE - 1 + 64; i++, at += skip) {
		unsigned c;

		if (sscanf(at, " %u%n", &c, &skip) != 1)
			return 218;
		if (i >= sizeof SIGNATURE - 1)
			out->key[i - (sizeof SIGNATURE - 1)] = (char)c;
		skip += at[skip] == ',';
	}
	return 0;
}

int fake_image_read(struct fake_image *out, const void *image)
{
	memset(out, 0, sizeof *out);
	if (!memcmp(image, "\177ELF", 4))
		return read_elf(out, image);
	return read_ptx(out, image);
}

#define POINTS 32

static int count_pass(const char *point)
{
	static struct {
		char name[16];
		int passes;
	} points[POINTS];
	int i;

	for (i = 0; i < POINTS && points[i].name[0]; i++)
		if (!strcmp(points[i].name, point))
			return ++points[i].passes;
	if (i == POINTS)
		abort();
	snprintf(points[i].name, sizeof points[i].name, "%s", point);
	return ++points[i].passes;
}

int fake_fault(const char *point)
{
	const char *script = getenv("FAKECUDA_FAULT");
	int pass = count_pass(point);
	size_t len = strlen(point);

	while (script && *script) {
		const char *at = script + len;
		char *end = (char *)at;
		long when = 0, code = -1;

		if (!strncmp(script, point, len) && strchr("@=,", *at)) {
			if (*at == '@')
				when = strtol(at + 1, &end, 10);
			if (*end == '=')
				code = strtol(end + 1, NULL, 10);
			if (!when || when == pass)
				return (int)code;
		}
		script = strchr(script, ',') ? strchr(script, ',') + 1 : NULL;
	}
	return 0;
}

long fake_number(const char *name, long what)
{
	const char *text = getenv(name);

	return text && *text ? strtol(text, NULL, 10) : what;
}
