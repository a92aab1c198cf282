/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The algorithms, for programs: what `adit algos --json` prints and the API answers. */
#ifndef ADIT_ALGOS_JSON_H
#define ADIT_ALGOS_JSON_H

#include <jansson.h>

json_t *algos_json(void); /* new: an array, an object each */

#endif
