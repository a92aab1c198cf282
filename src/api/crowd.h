/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How many connections each address has: one that takes too many must not take all.  Pure. */
#ifndef ADIT_API_CROWD_H
#define ADIT_API_CROWD_H

#include "src/api/access.h"

#define CROWD_BUCKETS 256

struct crowd_one {
	struct crowd_one *next;
	char who[ACCESS_WHO_MAX];
	unsigned n;
};

/* Zero it to begin; it is empty again when all have left. */
struct crowd {
	struct crowd_one *bucket[CROWD_BUCKETS];
};

/* One more of who; NULL: max of them are there already, or no memory. */
struct crowd_one *crowd_join(struct crowd *crowd, const char *who, unsigned max);
void crowd_leave(struct crowd *crowd, struct crowd_one *one);

#endif
