/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Vendor libraries opened at run time, so that one binary serves every rig.  A library
 * is described by one .def file of rows; this is the loader under it.
 */
#ifndef ADIT_DL_H
#define ADIT_DL_H

#include <stdbool.h>
#include <stddef.h>

#include "src/err.h"

struct dl_symbol {
	const char *name;
	size_t at; /* offsetof the function pointer in the table being filled */
	bool optional;
};

struct dl_library {
	const char *what;         /* for messages: "NVIDIA driver library" */
	const char *env;          /* variable naming the one file to use; "none": pretend absence */
	const char *const *names; /* tried in this order, ended by NULL */
	const struct dl_symbol *symbols;
	size_t n_symbols;
};

/*
 * Open the first of lib->names that loads and write its functions into api (missing
 * optional ones are NULL).  0; -ERR_NODEV when there is no such library, which is a
 * fact and not a fault (*handle NULL); -ERR_DEVICE when one is there but lacks a
 * function, which err names.
 */
int dl_open(const struct dl_library *lib, void **handle, void *api, struct err *err);

/* The same for the one file or soname given. */
int dl_open_file(const struct dl_library *lib, const char *file, void **handle, void *api,
		 struct err *err);

/* The value of lib->env, or NULL when unset, empty, or the program is set-uid. */
const char *dl_override(const struct dl_library *lib);

/* Give the handle back; the library stays in the process.  NULL is fine. */
void dl_close(void *handle);

#endif
