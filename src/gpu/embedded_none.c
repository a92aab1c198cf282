/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The empty table.  An archive member of its own: a program that links the generated
 * table never pulls this one in.
 */
#include "src/gpu/embedded.h"

const struct embedded_table embedded_table = {.n = 0, .rows = NULL, .compiler = ""};
