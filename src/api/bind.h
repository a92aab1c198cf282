/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where to listen: an address, or a socket file that only its owner can open. */
#ifndef ADIT_API_BIND_H
#define ADIT_API_BIND_H

#include <stdbool.h>

#include "src/err.h"

struct api_place {
	int fd;          /* bound, not listening yet */
	bool loopback;   /* or a file */
	char host[64];   /* "" for every address, or a file */
	char where[128]; /* for people */
	char path[108];  /* to be removed at the end; "" */
};

int api_place_open(struct api_place *out, const char *text, struct err *err);

#endif
