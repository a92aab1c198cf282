/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A period's program put into a template compiled at build time: text in, text out.
 *
 * A template is PTX made from a kernel whose program is one asm statement: a block that declares
 * registers of fixed names, fills them from the compiler's, has the mark CODE_PTX_MARK on a line
 * of its own, and gives back what changed.  The program is instructions over those names, put in
 * behind the mark as they are.  Compilers repeat the statement when they unroll a loop, so every
 * mark gets the program, which therefore has no labels and declares registers of its own only
 * within a block of its own.
 */
#ifndef ADIT_SPLICE_H
#define ADIT_SPLICE_H

#include <stddef.h>

#include "src/err.h"

#define SPLICE_MAX ((size_t)16 << 20) /* bytes of the result */
#define SPLICE_END "//ADIT_END"       /* the line behind the program, for whoever reads it */

/*
 * The template with the program behind each of its marks, which stay as comments.  The caller
 * frees *out.  0; -ERR_BUILD when there is no mark, when something else is on its line, when the
 * program has blocks that do not close, or all would be longer than SPLICE_MAX.
 */
int splice(const char *ptx, const char *body, char **out, struct err *err);

#endif
