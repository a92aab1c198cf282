/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes the C sources from which the fake driver gets its kernels: for each kernel and
 * prebuilt option string one file (the kernel's own text as host C, as KEY.c), and the
 * table over all.  usage: fakegen DIRECTORY
 */
#include <stdio.h>
#include <string.h>

#include "algos/algo.h"
#include "src/gpu/embedded.h"
#include "src/hex.h"
#include "kernels/toy.cl.h"

#define ARGUMENTS                                                                                  \
 "const struct abi_job *job, struct abi_results *res, uint32_t *scratch, "                         \
 "uint32_t *dataset, uint64_t first, uint32_t count, uint64_t item"

static FILE *open_file(const char *dir, const char *name)
{
	char path[1024];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s.c", dir, name);
	file = fopen(path, "w");
	if (!file)
		perror(path);
	return file;
}

/* "-DA=1 -DB" as #define lines. */
static void put_options(FILE *out, const char *options)
{
	for (options += strspn(options, " "); *options; options += strspn(options, " ")) {
		int len = (int)strcspn(options, " "), name = (int)strcspn(options, " =");

		fprintf(out, "#define %.*s %.*s\n", name - 2, options + 2,
			len > name ? len - name - 1 : 1, len > name ? options + name + 1 : "1");
		options += len;
	}
}

static int put_kernel(const char *dir, FILE *table, const char *source, const char *options,
		      const struct algo_step *steps, unsigned n)
{
	uint8_t key[32];
	char hex[65];
	FILE *file;
	unsigned i;

	embedded_key(key, source, options);
	file = open_file(dir, hex_encode(hex, key, sizeof key));
	if (!file)
		return 1;
	put_options(file, options);
	fprintf(file, "%s\n", source);
	for (i = 0; i < n; i++) {
		fprintf(file, "void k%s_%u(" ARGUMENTS ");\n", hex, i);
		fprintf(file, "void k%s_%u(" ARGUMENTS ")\n{\n\tplatform_item = item;\n", hex, i);
		fprintf(file, "\t%s(job, res, scratch, dataset, first, count);\n}\n",
			steps[i].entry);
		fprintf(table, "K(\"%s\", \"%s\", \"%s\", k%s_%u)\n", hex, options, steps[i].entry,
			hex, i);
	}
	return fclose(file) != 0;
}

static const struct algo_step toy_steps[] = {{.entry = "toy", .when = STEP_BATCH}};

int main(int argc, char **argv)
{
	const char *dir = argc > 1 ? argv[1] : ".";
	FILE *table = open_file(dir, "table");
	int bad = !table, a, o;

	if (bad)
		return 1;
	fputs("#ifndef K\n#include <fake.h>\n#define K(key, options, entry, run) \\\n"
	      "\tvoid run(" ARGUMENTS ");\n#include \"table.c\"\n#undef K\n"
	      "#define K(key, options, entry, run) {key, options, entry, run},\n"
	      "const struct fake_kernel fake_kernels[] = {\n#include \"table.c\"\n"
	      "\t{\"\", \"\", \"\", 0}};\n#else\n",
	      table);
	bad = put_kernel(dir, table, kernel_toy, "-DMULT=5", toy_steps, 1);
	for (a = 0; algos[a] && !bad; a++)
		for (o = 0; algos[a]->prebuilt && algos[a]->prebuilt[o] && !bad; o++)
			bad = put_kernel(dir, table, algos[a]->kernel, algos[a]->prebuilt[o],
					 algos[a]->steps, algos[a]->n_steps);
	fputs("#endif\n", table);
	return fclose(table) || bad;
}
