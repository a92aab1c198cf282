/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Directories that tests make and unmake. */
#ifndef ADIT_TREE_H
#define ADIT_TREE_H

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Call fn with the path of every entry of dir.  Returns how many there were. */
static inline int tree_each(const char *dir, void (*fn)(const char *path))
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char path[600];
	int n = 0;

	while (d && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
		n++;
		if (fn)
			fn(path);
	}
	if (d)
		closedir(d);
	return n;
}

static inline void tree_unlink(const char *path)
{
	if (unlink(path))
		rmdir(path);
}

/* Remove dir and what is in it, one level deep, where it exists. */
static inline void tree_remove(const char *dir)
{
	tree_each(dir, tree_unlink);
	rmdir(dir);
}

#endif
