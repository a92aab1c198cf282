/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The dashboard: one page and what it loads, built into the program and served from memory. */
#ifndef ADIT_API_PAGE_H
#define ADIT_API_PAGE_H

#include "src/api/api.h"

struct api_page;

/*
 * "/" and the files that it names.  The page itself is never kept by a browser; the files are,
 * under an address that changes with their content.  0, -ERR_NOMEM, or -ERR_UNKNOWN: not ours.
 */
int api_page(const struct api_call *call, const char *path, struct api_page *out);

#endif
