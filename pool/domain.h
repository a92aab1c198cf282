/* SPDX-License-Identifier: GPL-3.0-or-later */
/* May a pool send us from one host to another? */
#ifndef ADIT_DOMAIN_H
#define ADIT_DOMAIN_H

#include <stdbool.h>

/*
 * True when both names are equal or share their registrable domain, judged conservatively:
 * the last two labels, three where the last two are short ("co.uk").  Address literals
 * are only ever equal to themselves.
 */
bool domain_same(const char *a, const char *b);

#endif
