/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sysfs of a test's own making, below one directory.  Needs _GNU_SOURCE, for nftw(). */
#ifndef ADIT_SYSFS_TREE_H
#define ADIT_SYSFS_TREE_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char tree_root[128]; /* one a test program */

#define TREE_FN static inline __attribute__((unused))

TREE_FN const char *tree_path(const char *name)
{
	static char path[512];

	if (snprintf(path, sizeof path, "%s/%s", tree_root, name) >= (int)sizeof path)
		abort();
	return path;
}

TREE_FN int tree_drop_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

/* Remove what is there, of whatever kind; nothing there is fine. */
TREE_FN void tree_drop(const char *name)
{
	char path[512];

	snprintf(path, sizeof path, "%s", tree_path(name));
	nftw(path, tree_drop_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The directories on the way to a file. */
TREE_FN void tree_dirs(const char *name)
{
	char path[512], *at;

	snprintf(path, sizeof path, "%s", tree_path(name));
	for (at = path + strlen(tree_root) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		mkdir(path, 0755);
		*at = '/';
	}
}

TREE_FN void tree_bytes(const char *name, const void *bytes, size_t len)
{
	FILE *f;

	tree_dirs(name);
	f = fopen(tree_path(name), "wb");
	if (!f || fwrite(bytes, 1, len, f) != len || fclose(f)) {
		printf("broken: %s: %s\n", tree_path(name), strerror(errno));
		exit(99);
	}
}

TREE_FN void tree_put(const char *name, const char *text)
{
	tree_bytes(name, text, strlen(text));
}

TREE_FN void tree_link(const char *name, const char *to)
{
	tree_dirs(name);
	if (symlink(to, tree_path(name))) {
		printf("broken: %s: %s\n", tree_path(name), strerror(errno));
		exit(99);
	}
}

/* What a file holds, without its last line's end; "" when it can not be read. */
TREE_FN const char *tree_get(const char *name)
{
	static char text[256];
	FILE *f = fopen(tree_path(name), "rb");
	size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;

	if (f)
		fclose(f);
	if (n && text[n - 1] == '\n')
		n--;
	text[n] = '\0';
	return text;
}

/* Files "NAME TEXT" below dir, ended by NULL. */
TREE_FN void tree_fill(const char *dir, const char *const files[])
{
	char name[300], text[128];
	int i;

	for (i = 0; files[i]; i++) {
		size_t len = strcspn(files[i], " ");

		snprintf(name, sizeof name, "%.150s/%.*s", dir, (int)(len < 140 ? len : 140),
			 files[i]);
		snprintf(text, sizeof text, "%s\n", files[i] + len + 1);
		tree_put(name, text);
	}
}

/* A directory in the bus's list that is a link to the device, and its driver. */
TREE_FN void tree_card(const char *address, const char *device, const char *driver)
{
	char name[300], to[300];

	snprintf(name, sizeof name, "bus/pci/devices/%s", address);
	snprintf(to, sizeof to, "../../../%s", device);
	tree_link(name, to);
	snprintf(name, sizeof name, "%s/driver", device);
	snprintf(to, sizeof to, "../../../../bus/pci/drivers/%s", driver);
	tree_link(name, to);
}

/* Make the root and point ADIT_SYSFS at it.  False: this machine lets us not. */
TREE_FN int tree_begin(void)
{
	const char *tmp = getenv("TMPDIR");

	if (!tmp || !*tmp) /* memory, where there is some: it is thousands of files */
		tmp = access("/dev/shm", W_OK | X_OK) ? "/tmp" : "/dev/shm";
	snprintf(tree_root, sizeof tree_root, "%s/adit-sysfs.XXXXXX", tmp);
	if (!mkdtemp(tree_root) || chmod(tree_root, 0755) || setenv("ADIT_SYSFS", tree_root, 1))
		return 0;
	mkdir(tree_path("bus"), 0755);
	mkdir(tree_path("bus/pci"), 0755);
	return !mkdir(tree_path("bus/pci/devices"), 0755);
}

TREE_FN void tree_end(void)
{
	nftw(tree_root, tree_drop_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
