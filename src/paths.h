/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where files live: the XDG base directories. */
#ifndef ADIT_PATHS_H
#define ADIT_PATHS_H

#include <stddef.h>

/*
 * The directory for built kernels: wanted if not NULL, else $XDG_CACHE_HOME/adit, else
 * ~/.cache/adit.  Created (0700) when missing.  Returns out, holding "" when wanted is "" or
 * the directory cannot be made: then nothing is cached.
 */
const char *paths_cache(char *out, size_t size, const char *wanted);

#endif
