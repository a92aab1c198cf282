/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where files live: the XDG base directories. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/paths.h"
#include "src/str.h"

/* mkdir -p; path is put back as it was. */
static int make_all(char *path)
{
	char *p;

	for (p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0700) && errno != EEXIST) {
			*p = '/';
			return -1;
		}
		*p = '/';
	}
	return mkdir(path, 0700) && errno != EEXIST ? -1 : 0;
}

const char *paths_cache(char *out, size_t size, const char *wanted)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	int n = 0;

	if (wanted && !*wanted)
		n = -1;
	else if (wanted)
		n = str_copy(out, size, wanted) ? 1 : -1;
	else if (xdg && xdg[0] == '/')
		n = snprintf(out, size, "%s/adit", xdg);
	else if (home && home[0] == '/')
		n = snprintf(out, size, "%s/.cache/adit", home);
	else
		n = -1;
	if (n < 0 || (size_t)n >= size || make_all(out) || access(out, W_OK))
		out[0] = '\0';
	return out;
}
