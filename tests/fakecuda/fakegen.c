/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes the C sources from which the fake driver gets its kernels: for each kernel and
 * prebuilt option string one file (the kernel's own text as host C, as KEY.c), and the
 * table over all.  usage: fakegen DIRECTORY
 */
#include <stdio.h>
#include <string.h>

#include "build-aux/embedlist.h"
#include "src/gpu/embedded.h"
#include "src/hex.h"
#include "kernels/team.cl.h"
#include "kernels/toy.cl.h"
#include "team.h"

#define ARGUMENTS "const struct fake_args *a, uint64_t item"

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

/* Does it use that word of platform.h, which itself only defines it? */
static bool uses(const char *source, const char *word)
{
	static const char define[] = "define ";
	const size_t len = sizeof define - 1;
	const char *at = source;

	for (; (at = strstr(at, word)); at++)
		if (at < source + len || strncmp(at - len, define, len) != 0)
			return true;
	return false;
}

/* What the entry says of its groups' size, an expression; "1024" where it says nothing. */
static const char *threads_of(const char *source, const char *entry, int *len)
{
	char head[80];
	const char *at = source, *line, *size;

	snprintf(head, sizeof head, " %s(KERNEL_ARGS)", entry);
	for (; (at = strstr(at, head)); at++) {
		for (line = at; line > source && line[-1] != '\n'; line--)
			;
		size = strstr(line, " GROUP_SIZE");
		if (!size || size > at)
			continue;
		size = strchr(size, '(') + 1;
		*len = (int)strcspn(size, ",)");
		return size;
	}
	*len = 4;
	return "1024";
}

static int parts_of(const char *options)
{
	const char *at = strstr(options, "-DPARTS=");

	return at ? at[8] - '0' : 1;
}

static const char *const parts_args[] = {"", "", ", a->more[0]", "",
					 ", a->more[0], a->more[1], a->more[2]"};

static int put_kernel(const char *dir, FILE *table, const char *source, const char *options,
		      const char *const *entries)
{
	int parts = parts_of(options), groups, i, len;
	const char *threads;
	uint8_t key[32];
	char hex[65];
	FILE *file;

	embedded_key(key, source, options);
	file = open_file(dir, hex_encode(hex, key, sizeof key));
	if (!file || parts < 1 || parts > 4)
		return 1;
	groups =
		uses(source, "BARRIER(") || uses(source, "K_SHUFFLE(") || uses(source, "LOCAL_ID(");
	put_options(file, options);
	fprintf(file, "%s\n#include <fake.h>\n", source);
	for (i = 0; entries[i]; i++) {
		fprintf(file, "void k%s_%d(" ARGUMENTS ");\n", hex, i);
		fprintf(file, "void k%s_%d(" ARGUMENTS ")\n{\n\tplatform_item = item;\n", hex, i);
		fprintf(file,
			"\t%s(a->job, a->res, a->scratch, a->dataset, a->first, a->count%s);\n",
			entries[i], parts_args[parts]);
		fputs("}\n", file);
		threads = threads_of(source, entries[i], &len);
		fprintf(file, "const unsigned k%s_%d_threads = %.*s;\n", hex, i, len, threads);
		fprintf(table, "K(\"%s\", \"%s\", \"%s\", k%s_%d, %d, %d)\n", hex, options,
			entries[i], hex, i, parts, groups);
	}
	return fclose(file) != 0;
}

/* With the program in the source, as NVRTC gets it. */
static int put_with_body(const char *dir, FILE *table, const char *source, const char *options,
			 const char *body, const char *const *entries)
{
	static char whole[1 << 20];
	const char *mark = strstr(source, CODE_MARK);

	snprintf(whole, sizeof whole, "%.*s%s%s", (int)(mark - source), source, body,
		 mark + strlen(CODE_MARK));
	return put_kernel(dir, table, whole, options, entries);
}

static int put_item(const char *dir, FILE *table, const struct embedlist_item *item)
{
	const char *entries[32] = {NULL};
	int i, n = 0;

	for (i = 0; i < item->algo->n_steps && n < 31; i++)
		if (embedlist_entry(item, &item->algo->steps[i]))
			entries[n++] = item->algo->steps[i].entry;
	return put_kernel(dir, table, item->source, item->options, entries);
}

static const char *const toy[] = {"toy", NULL}, *const team[] = {"team", NULL};

int main(int argc, char **argv)
{
	static struct embedlist_item list[EMBEDLIST_MAX];
	const char *dir = argc > 1 ? argv[1] : ".";
	FILE *table = open_file(dir, "table");
	int bad = !table, n = embedlist(list), i;

	if (bad)
		return 1;
	fputs("#ifndef K\n#include <fake.h>\n#define K(key, options, entry, run, parts, groups) "
	      "\\\n"
	      "\tvoid run(" ARGUMENTS
	      "); extern const unsigned run##_threads;\n#include \"table.c\"\n#undef K\n"
	      "#define K(key, options, entry, run, parts, groups) \\\n"
	      "\t{key, options, entry, run, &run##_threads, parts, groups},\n"
	      "const struct fake_kernel fake_kernels[] = {\n#include \"table.c\"\n"
	      "\t{\"\", \"\", \"\", 0, 0, 0, 0}};\n#else\n",
	      table);
	bad = put_kernel(dir, table, kernel_toy, "-DMULT=5", toy) ||
	      put_kernel(dir, table, kernel_team, TEAM_OPTIONS CODE_TEMPLATE, team) ||
	      put_with_body(dir, table, kernel_team, TEAM_OPTIONS, TEAM_C_0, team) ||
	      put_with_body(dir, table, kernel_team, TEAM_OPTIONS, TEAM_C_1, team);
	for (i = 0; i < n && !bad; i++)
		bad = put_item(dir, table, &list[i]);
	fputs("#endif\n", table);
	return fclose(table) || bad;
}
