/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The environment of the owner's commands: a few variables kept, and the facts. */
#ifndef ADIT_HOOK_ENV_H
#define ADIT_HOOK_ENV_H

#include "src/hook.h"

/* NULL-ended, for list_free(); NULL: no memory.  held becomes ADIT_HELD. */
char **hook_environment(const struct hook_facts *facts, uint64_t held);

#endif
