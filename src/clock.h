/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The only places that read a clock.  Policy modules take now_ms as an argument instead. */
#ifndef ADIT_CLOCK_H
#define ADIT_CLOCK_H

#include <stdint.h>

int64_t clock_ms(void);      /* monotonic, milliseconds */
int64_t clock_us(void);      /* monotonic, microseconds */
int64_t clock_wall_ms(void); /* since 1970, for people and for headers */

#endif
