/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which engine drives a device. */
#include <string.h>

#include "src/engine.h"

const struct engine_ops *engine_find(const char *backend)
{
	if (!strcmp(backend, "cpu"))
		return &engine_cpu;
	if (!strcmp(backend, "sim"))
		return &engine_sim;
	return backend_find(backend) ? &engine_gpu : NULL;
}
