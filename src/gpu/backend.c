/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of compute APIs. */
#include <string.h>

#include "src/gpu/backend.h"

const struct backend *const backends[] = {&backend_cuda, &backend_opencl, NULL};

const struct backend *backend_find(const char *name)
{
	int i;

	for (i = 0; backends[i]; i++)
		if (!strcmp(backends[i]->name, name))
			return backends[i];
	return NULL;
}
