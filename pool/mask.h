/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Wallets are nobody's business: users as others may see them.  Pure. */
#ifndef ADIT_MASK_H
#define ADIT_MASK_H

#include <stddef.h>

/* First and last four letters; a user of at most eight is shown whole. */
void mask_user(char *out, size_t size, const char *user);

/* The same wherever user, or its wallet (up to '.' or '/'), stands in text, in any case. */
void mask_user_in(char *text, size_t size, const char *user);

#endif
