/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Command lines and files for the tests of settings, in a scratch directory of their own. */
#ifndef ADIT_TESTS_ARGS_H
#define ADIT_TESTS_ARGS_H

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/settings.h"
#include "tests/t.h"

#define ARGS_MAX 48

static char args_dir[64];

struct args {
	char *v[ARGS_MAX + 1];
	int n;
};

T_FN void arg(struct args *a, const char *text)
{
	if (a->n == ARGS_MAX) {
		printf("too many arguments in a test\n");
		exit(T_BROKEN);
	}
	a->v[a->n++] = strdup(text);
	a->v[a->n] = NULL;
}

/* One string, split at spaces; '~' stands for a space in a value. */
T_FN void arg_line(struct args *a, const char *line)
{
	char word[512];

	while (*line) {
		size_t n = strcspn(line, " "), i;

		for (i = 0; i < n && i < sizeof word - 1; i++)
			word[i] = line[i] == '~' ? ' ' : line[i];
		word[i] = '\0';
		arg(a, word);
		line += n + strspn(line + n, " ");
	}
}

T_FN void args_free(struct args *a)
{
	while (a->n)
		free(a->v[--a->n]);
}

T_FN int load(struct settings **out, struct args *a, struct err *err)
{
	bool done;

	*out = NULL;
	*err = (struct err){0};
	return settings_load(out, a->n, a->v, &done, err);
}

T_FN int load_line(struct settings **out, const char *line, struct err *err)
{
	struct args a = {0};
	int rc;

	arg(&a, "adit");
	arg_line(&a, line);
	rc = load(out, &a, err);
	args_free(&a);
	return rc;
}

T_FN void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	size_t len = strlen(text);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len) {
		printf("cannot write %s\n", path);
		exit(T_BROKEN);
	}
	close(fd);
}

/* A new directory becomes the working directory. */
T_FN int enter_scratch(void)
{
	const char *base = getenv("TMPDIR");

	snprintf(args_dir, sizeof args_dir, "%s/adit-settings.XXXXXX",
		 base && strlen(base) < 30 ? base : "/tmp");
	return !mkdtemp(args_dir) || chdir(args_dir) ? -1 : 0;
}

/* Removes it with its files. */
T_FN void leave_scratch(void)
{
	DIR *d = opendir(".");
	struct dirent *e;

	while (d && (e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			unlink(e->d_name);
	if (d)
		closedir(d);
	if (chdir("/") || rmdir(args_dir))
		printf("left behind: %s\n", args_dir);
}

#endif
