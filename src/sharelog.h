/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --share-log: JSON Lines, one finished share each. */
#ifndef ADIT_SHARELOG_H
#define ADIT_SHARELOG_H

#include "src/err.h"
#include "src/share.h"

struct sharelog;

int sharelog_open(struct sharelog **out, const char *path, struct err *err);
void sharelog_reopen(struct sharelog *s);
void sharelog_close(struct sharelog *s); /* NULL is fine */

/* Write one share in a final state (or invalid); s NULL is fine. */
void sharelog_put(struct sharelog *s, const struct share *share, const char *device_id,
		  const char *pool_url, int64_t wall_ms);

#endif
