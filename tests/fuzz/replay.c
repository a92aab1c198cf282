/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A fuzz target without libFuzzer: every file of tests/fuzz/corpus/NAME is given to it whole, cut
 * at every length and with bytes changed by a fixed generator, so that plain `make check`
 * (and the sanitizer builds) run each parser over hostile input.  NAME is the program's own
 * after "fuzz_".  Uses POSIX directory calls.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT = 1 << 16, CUTS = 512, MUTANTS = 1500 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long runs;

/* Inputs lie in a block of exactly their size, so that a sanitizer sees one byte too far. */
static void give(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);

	if (!exact)
		abort();
	memcpy(exact, data, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	runs++;
}

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void mutate(const uint8_t *data, size_t size)
{
	static const uint8_t favourites[] = "\"{}[],:\\0-.e\x00\x01\x7f\x80\xff\n";
	static uint8_t changed[FILE_LIMIT];
	uint32_t state = 0x9e3779b9u ^ (uint32_t)size;
	unsigned i, k;

	for (i = 0; i < MUTANTS && size; i++) {
		memcpy(changed, data, size);
		for (k = 0; k <= i % 4; k++) {
			uint32_t r = next_random(&state);

			changed[next_random(&state) % size] =
				r & 1 ? favourites[(r >> 8) % (sizeof favourites - 1)]
				      : (uint8_t)(r >> 16);
		}
		give(changed, size);
	}
}

static int replay(const char *path)
{
	static uint8_t data[FILE_LIMIT];
	FILE *f = fopen(path, "rb");
	size_t size, cut;

	if (!f) {
		perror(path);
		return 99;
	}
	size = fread(data, 1, sizeof data, f);
	fclose(f);
	give(data, size);
	for (cut = 0; cut < size; cut += size / CUTS + 1)
		give(data, cut);
	mutate(data, size);
	return 0;
}

int main(int argc, char **argv)
{
	const char *top = getenv("top_srcdir"), *name = strstr(argv[0], "fuzz_");
	struct dirent *entry;
	char path[1024];
	unsigned files = 0;
	DIR *dir;
	int rc = 0, n;

	while (name && strstr(name + 1, "fuzz_"))
		name = strstr(name + 1, "fuzz_");
	n = snprintf(path, sizeof path, "%s/tests/fuzz/corpus/%s", top ? top : ".",
		     name ? name + 5 : "");
	dir = n < (int)sizeof path - 1 ? opendir(path) : NULL;
	if (!dir || argc > 1) {
		printf("broken: no corpus %s (it takes no arguments)\n", path);
		return 99;
	}
	while (!rc && (entry = readdir(dir))) {
		char file[1400];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
		rc = replay(file);
		files++;
	}
	closedir(dir);
	printf("%u files, %lu inputs\n", files, runs);
	return rc ? rc : files ? 0 : 99;
}
