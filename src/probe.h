/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Devices as JSON: what a probe process prints and its parent reads; also `adit devices --json`. */
#ifndef ADIT_PROBE_H
#define ADIT_PROBE_H

#include <jansson.h>

#include "src/gpu/backend.h"

/* A new reference, or NULL when out of memory. */
json_t *probe_to_json(const struct device_info *info);

/* Untrusted: text is made printable, numbers are bounded.  0 or -ERR_PARSE. */
int probe_from_json(struct device_info *out, const json_t *object);

#endif
