/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Answers kept as long as the snapshot they were made of: many tools ask the same at the same
 * time.  Pure.
 */
#ifndef ADIT_API_KEPT_H
#define ADIT_API_KEPT_H

#include <event2/buffer.h>
#include <stdbool.h>
#include <stddef.h>

#define KEPT_SLOTS      16
#define KEPT_KEY_MAX    128
#define KEPT_ANSWER_MAX (1024 * 1024) /* longer ones are made each time */

/* Zero it to begin. */
struct kept {
	struct kept_answer {
		bool valid;
		int rc;
		char key[KEPT_KEY_MAX];
		char *text;
		size_t len, room;
	} slot[KEPT_SLOTS];
	unsigned next; /* to be replaced */
};

/* Nothing that is kept is true any more. */
void kept_void(struct kept *k);
/* Append what was answered to key, with what was returned; false: it is not kept. */
bool kept_get(const struct kept *k, const char *key, struct evbuffer *out, int *rc);
/* Keep what out has got since it was `from` bytes long; or not, where it does not fit. */
void kept_put(struct kept *k, const char *key, struct evbuffer *out, size_t from, int rc);
void kept_done(struct kept *k);

#endif
