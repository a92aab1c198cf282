/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs while adit is built: compiles every algorithm's kernels with each of their prebuilt
 * option strings and writes the results as one C file, the table of src/gpu/embedded.h.
 * Templates for period's programs are PTX whatever the cards.
 * usage: embedgen OUT.c CACHE_DIR [ptx | ARCH...]
 *
 * What it compiled before is kept in CACHE_DIR, and OUT.c is left alone when it would
 * not change, so a build after an unrelated edit takes no time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build-aux/embedlist.h"
#include "src/gpu/cuda_api.h"
#include "src/gpu/embedded.h"
#include "src/gpu/kernel_cache.h"
#include "src/str.h"

struct making {
	struct nvrtc rtc;
	const char *cache_dir;
	FILE *code;  /* the texts */
	FILE *table; /* the rows that name them */
	unsigned rows;
	size_t bytes;
};

/* Code as a string literal: octal escapes of three digits cannot run into what follows. */
static void put_literal(FILE *out, const unsigned char *code, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (i % 64 == 0)
			fputs(i ? "\"\n\t\"" : "\t\"", out);
		if (code[i] == '\n')
			fputs("\\n", out);
		else if (code[i] >= ' ' && code[i] < 127 && !strchr("\"\\?", code[i]))
			fputc(code[i], out);
		else
			fprintf(out, "\\%03o", code[i]);
	}
	fputs("\"", out);
}

static void put_row(struct making *m, const char *source, const char *options, uint32_t arch,
		    const void *code, size_t len)
{
	uint8_t key[32];
	int i;

	fprintf(m->code, "static const char code_%u[] =\n", m->rows);
	put_literal(m->code, code, len);
	fputs(";\n\n", m->code);
	embedded_key(key, source, options);
	fputs("\t{{", m->table);
	for (i = 0; i < 32; i++)
		fprintf(m->table, "%s%u", i ? ", " : "", key[i]);
	fprintf(m->table, "},\n\t %u, %zu, code_%u},\n", (unsigned)arch, len, m->rows++);
	m->bytes += len;
}

/* arch 0: PTX for any card, from the oldest arch this compiler knows. */
static int compile(struct making *m, const char *source, const char *options, uint32_t arch,
		   char **code, size_t *len, struct err *err)
{
	char target[64];
	const char *const texts[] = {"embedgen 2", source, options, target};
	struct kernel_key key;
	void *kept = NULL;
	char *log = NULL;
	int rc;

	snprintf(target, sizeof target, "%u NVRTC %d.%d", (unsigned)arch, m->rtc.major,
		 m->rtc.minor);
	key = kernel_key_of(texts, sizeof texts / sizeof *texts);
	rc = kernel_cache_load(m->cache_dir, &key, &kept, len);
	*code = kept;
	if (rc)
		rc = nvrtc_compile(&m->rtc, source, options, arch ? arch : nvrtc_oldest(&m->rtc),
				   !arch, code, len, &log, err);
	if (rc && log)
		fprintf(stderr, "%s\n", log);
	free(log);
	if (!rc && !kept)
		(void)kernel_cache_store(m->cache_dir, &key, *code, *len, KERNEL_CACHE_MAX, NULL);
	return rc || arch ? rc : ptx_lower(*code);
}

static int embed(struct making *m, const struct embedlist_item *item, uint32_t arch)
{
	struct err err = {0};
	char *code = NULL;
	size_t len = 0;
	int rc;

	if (arch && !nvrtc_knows(&m->rtc, arch)) {
		fprintf(stderr, "embedgen: NVRTC %d.%d knows no sm_%u, left out\n", m->rtc.major,
			m->rtc.minor, (unsigned)arch);
		return 0;
	}
	rc = compile(m, item->source, item->options, arch, &code, &len, &err);
	if (rc)
		fprintf(stderr, "embedgen: %s %s: %s\n", item->algo->name, item->options, err.text);
	else
		put_row(m, item->source, item->options, arch, code, len);
	free(code);
	return rc;
}

static int embed_all(struct making *m, char **archs)
{
	static struct embedlist_item list[EMBEDLIST_MAX];
	int n = embedlist(list), i, k, rc = 0;
	uint64_t arch;

	for (k = 0; k < n && !rc; k++) {
		rc = embed(m, &list[k], 0);
		for (i = 0; archs[i] && !rc && !list[k].is_template; i++) {
			if (!strcmp(archs[i], "ptx"))
				continue;
			if (str_to_u64(&arch, archs[i], 50, 999)) {
				fprintf(stderr, "embedgen: %s: not an arch like 86\n", archs[i]);
				return -ERR_USAGE;
			}
			rc = embed(m, &list[k], (uint32_t)arch);
		}
	}
	return rc;
}

static int same_file(const char *path, const char *text, size_t len)
{
	FILE *file = fopen(path, "rb");
	char *old = malloc(len + 1);
	int same = file && old && fread(old, 1, len + 1, file) == len && !memcmp(old, text, len);

	if (file)
		fclose(file);
	free(old);
	return same;
}

static int write_file(const char *path, const char *text, size_t len)
{
	FILE *file;
	int bad;

	if (same_file(path, text, len))
		return 0;
	file = fopen(path, "wb");
	bad = !file || fwrite(text, 1, len, file) != len;
	if (file && fclose(file))
		bad = 1;
	if (bad)
		perror(path);
	return bad ? -ERR_IO : 0;
}

int main(int argc, char **argv)
{
	struct making m = {.cache_dir = argc > 2 ? argv[2] : NULL};
	char *code = NULL, *table = NULL;
	size_t code_len = 0, table_len = 0;
	struct err err = {0};
	int rc;

	if (argc < 3 || nvrtc_open(&m.rtc, 0, &err)) {
		fprintf(stderr, "embedgen: %s\n", argc < 3 ? "usage" : err.text);
		return 1;
	}
	m.code = open_memstream(&code, &code_len);
	m.table = open_memstream(&table, &table_len);
	if (!m.code || !m.table)
		return 1;
	fprintf(m.code,
		"/* generated by build-aux/embedgen.c with NVRTC %d.%d */\n"
		"#include \"src/gpu/embedded.h\"\n\n",
		m.rtc.major, m.rtc.minor);
	fputs("static const struct embedded rows[] = {\n", m.table);
	rc = embed_all(&m, argv + 3);
	fputs("\t{{0}, 0, 0, \"\"},\n};\n\n", m.table);
	fprintf(m.table,
		"const struct embedded_table embedded_table = {\n\t%u, rows, \"NVRTC %d.%d\"};\n",
		m.rows, m.rtc.major, m.rtc.minor);
	fclose(m.table);
	fwrite(table, 1, table_len, m.code);
	fclose(m.code);
	if (!rc)
		rc = write_file(argv[1], code, code_len);
	if (!rc)
		printf("  embedded %u CUDA kernels, %zu KiB\n", m.rows, m.bytes >> 10);
	free(code);
	free(table);
	nvrtc_close(&m.rtc);
	return rc ? 1 : 0;
}
