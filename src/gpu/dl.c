/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening vendor libraries by table.  secure_getenv() is glibc's. */
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "src/gpu/dl.h"

/* POSIX lets dlsym()'s result be a function; ISO C has no cast for it, hence memcpy. */
static void put(void *api, size_t at, void *symbol)
{
	memcpy((char *)api + at, &symbol, sizeof symbol);
}

static int fill(const struct dl_library *lib, const char *file, void *handle, void *api,
		struct err *err)
{
	size_t i;

	for (i = 0; i < lib->n_symbols; i++) {
		const struct dl_symbol *s = &lib->symbols[i];
		void *symbol = dlsym(handle, s->name);

		if (!symbol && !s->optional)
			return err_set(err, ERR_DEVICE,
				       "%s: %s has no function %s: it is too old, update it",
				       lib->what, file, s->name);
		put(api, s->at, symbol);
	}
	return 0;
}

int dl_open_file(const struct dl_library *lib, const char *file, void **handle, void *api,
		 struct err *err)
{
	/* never unloaded: NVIDIA's libraries leave threads and memory behind that need them */
	void *opened = dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	const char *why;
	int rc;

	*handle = NULL;
	if (!opened) {
		why = dlerror();
		return err_set(err, ERR_NODEV, "%s: %s", lib->what, why ? why : file);
	}
	rc = fill(lib, file, opened, api, err);
	if (rc) {
		dlclose(opened);
		return rc;
	}
	*handle = opened;
	return 0;
}

const char *dl_override(const struct dl_library *lib)
{
	const char *value = lib->env ? secure_getenv(lib->env) : NULL;

	return value && *value ? value : NULL;
}

int dl_open(const struct dl_library *lib, void **handle, void *api, struct err *err)
{
	const char *only = dl_override(lib);
	int rc = -ERR_NODEV, i;

	*handle = NULL;
	if (only && !strcmp(only, "none"))
		return err_set(err, ERR_NODEV, "%s: turned off by %s=none", lib->what, lib->env);
	if (only)
		return dl_open_file(lib, only, handle, api, err);
	for (i = 0; lib->names[i]; i++) {
		rc = dl_open_file(lib, lib->names[i], handle, api, err);
		if (rc != -ERR_NODEV)
			return rc;
	}
	return rc;
}

void dl_close(void *handle)
{
	if (handle)
		dlclose(handle);
}
