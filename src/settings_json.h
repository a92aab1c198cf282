/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The settings in force, for programs. */
#ifndef ADIT_SETTINGS_JSON_H
#define ADIT_SETTINGS_JSON_H

#include <jansson.h>

#include "src/settings.h"

/*
 * A member an option of its command: the value in force, null where there is none; new.  Secrets
 * and what belongs to pools are left out; of commands and files, which may tell more than a
 * reader should know, only that they are set, unless full.
 */
json_t *settings_json(const struct settings *s, bool full);

/* The value of one that is a number, a switch or a choice, new; NULL: of another kind. */
struct option;
json_t *settings_number(const struct settings *s, const struct option *o);

#endif
