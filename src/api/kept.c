/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers kept as long as the snapshot they were made of. */
#include <stdlib.h>
#include <string.h>

#include "src/api/kept.h"
#include "src/str.h"

void kept_void(struct kept *k)
{
	unsigned i;

	for (i = 0; i < KEPT_SLOTS; i++)
		k->slot[i].valid = false;
}

bool kept_get(const struct kept *k, const char *key, struct evbuffer *out, int *rc)
{
	unsigned i;

	for (i = 0; i < KEPT_SLOTS; i++) {
		const struct kept_answer *a = &k->slot[i];

		if (!a->valid || strcmp(a->key, key) != 0)
			continue;
		*rc = a->rc;
		return !evbuffer_add(out, a->text, a->len);
	}
	return false;
}

static bool make_room(struct kept_answer *a, size_t len)
{
	char *text;

	if (a->room >= len)
		return true;
	text = realloc(a->text, len);
	if (!text)
		return false;
	a->text = text;
	a->room = len;
	return true;
}

void kept_put(struct kept *k, const char *key, struct evbuffer *out, size_t from, int rc)
{
	struct kept_answer *a = &k->slot[k->next];
	size_t len = evbuffer_get_length(out) - from;
	struct evbuffer_ptr at;

	if (!len || len > KEPT_ANSWER_MAX || strlen(key) >= sizeof a->key ||
	    evbuffer_ptr_set(out, &at, from, EVBUFFER_PTR_SET) || !make_room(a, len))
		return;
	if (evbuffer_copyout_from(out, &at, a->text, len) != (ev_ssize_t)len)
		return;
	k->next = (k->next + 1) % KEPT_SLOTS;
	str_copy(a->key, sizeof a->key, key);
	a->len = len;
	a->rc = rc;
	a->valid = true;
}

void kept_done(struct kept *k)
{
	unsigned i;

	for (i = 0; i < KEPT_SLOTS; i++)
		free(k->slot[i].text);
	memset(k, 0, sizeof *k);
}
