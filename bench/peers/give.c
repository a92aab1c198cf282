/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a peer's arguments mean, word by word, and one run of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algos/ref_sha256.h"
#include "bench/peers/peers.h"
#include "src/bytes.h"

/* A batch on its way to a peer. */
struct giving {
	struct subject *s;
	struct peer *p;
	uint64_t first, target;
	uint32_t count;
	struct given *to;
};

static void give(struct giving *g, const void *value, size_t bytes)
{
	memcpy(g->to->bytes, value, bytes);
	g->to->len = bytes;
}

static void give_u32(struct giving *g, uint64_t v)
{
	uint32_t word = (uint32_t)v;

	give(g, &word, sizeof word);
}

static void give_room(struct giving *g, union room room)
{
	give(g, &room, 8);
}

/* Made once, at its first use. */
static union room room_for(struct subject *s, union room *room, size_t bytes)
{
	if (!room->cuda)
		*room = s->driver->room(s, bytes);
	return *room;
}

/* Rows of 128 bytes: all of them, or every other one. */
static union room rows_from(struct subject *s, union room *room, uint64_t first, uint64_t step)
{
	uint64_t bytes = s->ep->facts.dataset_bytes, n = 0, i;
	char *picked;

	if (room->cuda)
		return *room;
	*room = s->driver->room(s, bytes / step + 128);
	if (s->make)
		return *room;
	if (step == 1) {
		s->driver->put(s, *room, 0, s->rows, bytes);
		return *room;
	}
	picked = malloc(bytes / step + 128);
	if (!picked) {
		perror("the dataset");
		exit(1);
	}
	for (i = first; i < bytes / 128; i += step, n += 128)
		memcpy(picked + n, s->rows + i * 32, 128);
	s->driver->put(s, *room, 0, picked, n);
	free(picked);
	return *room;
}

static union room cache_of(struct subject *s)
{
	size_t bytes = (size_t)s->ep->facts.cache_items * 64;

	if (!s->cache.cuda)
		s->driver->put(s, room_for(s, &s->cache, bytes), 0, s->ep->data, bytes);
	return s->cache;
}

/* The header as it is hashed, its nonce that of the batch. */
static void header(const struct giving *g, uint8_t bytes[HEADER_BYTES], bool swapped)
{
	const struct subject *s = g->s;
	unsigned i;

	memset(bytes, 0, HEADER_BYTES);
	memcpy(bytes, s->work.header, s->work.header_len);
	algo_put_nonce(s->algo, bytes, g->first);
	for (i = 0; swapped && i < HEADER_BYTES; i += 4)
		le32_put(bytes + i, be32_get(bytes + i));
}

static void give_data(struct giving *g, bool swapped)
{
	union room room = room_for(g->s, &g->p->data, HEADER_BYTES);
	uint8_t bytes[HEADER_BYTES];

	header(g, bytes, swapped);
	g->s->driver->put(g->s, room, 0, bytes, sizeof bytes);
	give_room(g, room);
}

static void give_header(struct giving *g, uint64_t len)
{
	uint8_t bytes[HEADER_BYTES];

	header(g, bytes, false);
	give(g, bytes, len < sizeof bytes ? len : sizeof bytes);
}

/* Words 4 * half .. 4 * half + 3 of SHA-256's state after the header's first 64 bytes. */
static void give_midstate(struct giving *g, unsigned half)
{
	uint32_t state[8];

	ref_sha256_start(state);
	ref_sha256_block(state, g->s->work.header);
	give(g, state + 4 * half, 16);
}

/* What our own kernels begin with. */
static void give_job(struct giving *g)
{
	struct abi_job job = {.target = g->target};
	struct subject *s = g->s;

	s->algo->prepare(s->ep, &s->work, &job);
	s->driver->put(s, room_for(s, &g->p->job, sizeof job), 0, &job, sizeof job);
	give_room(g, g->p->job);
}

static bool give_memory(struct giving *g, const char *name, uint64_t value)
{
	struct subject *s = g->s;
	struct peer *p = g->p;
	uint64_t scratch = s->plan.scratch_per_nonce * p->most;

	if (!strcmp(name, "hits"))
		give_room(g, p->hits);
	else if (!strcmp(name, "data") || !strcmp(name, "swapped"))
		give_data(g, *name == 's');
	else if (!strcmp(name, "job"))
		give_job(g);
	else if (!strcmp(name, "pad"))
		give_room(g, room_for(s, &p->pad, value));
	else if (!strcmp(name, "scratch"))
		give_room(g, room_for(s, &p->pad, scratch ? scratch : 16));
	else if (!strcmp(name, "dataset") && !s->ep)
		give_room(g, room_for(s, &s->dataset, 16)); /* our kernels take one regardless */
	else if (!s->ep)
		return false;
	else if (!strcmp(name, "dataset"))
		give_room(g, rows_from(s, &s->dataset, 0, 1));
	else if (!strcmp(name, "even"))
		give_room(g, rows_from(s, &s->even, 0, 2));
	else if (!strcmp(name, "odd"))
		give_room(g, rows_from(s, &s->odd, 1, 2));
	else if (!strcmp(name, "cache"))
		give_room(g, cache_of(s));
	else
		return false;
	return true;
}

static bool give_number(struct giving *g, const char *name, uint64_t value)
{
	if (!strcmp(name, "rows") && g->s->ep)
		give_u32(g, g->s->ep->facts.dataset_bytes / (value ? value : 128));
	else if (!strcmp(name, "cache_items") && g->s->ep)
		give_u32(g, g->s->ep->facts.cache_items);
	else if (!strcmp(name, "nonce"))
		give(g, &g->first, 8);
	else if (!strcmp(name, "nonce32"))
		give_u32(g, g->first);
	else if (!strcmp(name, "target"))
		give(g, &g->target, 8);
	else if (!strcmp(name, "target32"))
		give_u32(g, g->target >> 32);
	else if (!strcmp(name, "midstate0") || !strcmp(name, "midstate4"))
		give_midstate(g, name[8] == '4');
	else if (!strcmp(name, "header"))
		give_header(g, value ? value : HEADER_BYTES);
	else if (!strcmp(name, "items"))
		give_u32(g, g->count / (value ? value : 1));
	else if (!strcmp(name, "u32"))
		give_u32(g, value);
	else if (!strcmp(name, "u64"))
		give(g, &value, 8);
	else
		return false;
	return true;
}

/* What says something of the peer and is no argument. */
static bool trait(struct peer *p, const char *name)
{
	if (!strcmp(name, "offset"))
		p->offset = true;
	else if (!strcmp(name, "columns"))
		p->columns = true;
	else if (!strcmp(name, "reversed"))
		p->swap = true;
	else
		return false;
	return true;
}

/* [constant:]name[=value] */
static void give_one(struct giving *g, char *word)
{
	char *value = strchr(word, '='), *name = strchr(word, ':');
	struct peer *p = g->p;
	uint64_t number = 0;

	if (value) {
		*value++ = '\0';
		number = strtoull(value, NULL, 0);
	}
	if (trait(p, word))
		return;
	if (p->n_given == GIVEN_MAX) {
		fprintf(stderr, "%s: more than %d arguments\n", p->name, GIVEN_MAX);
		exit(2);
	}
	g->to = &p->given[p->n_given++];
	*g->to = (struct given){0};
	if (name) {
		*name++ = '\0';
		snprintf(g->to->global, sizeof g->to->global, "%s", word);
		word = name;
	}
	if (give_memory(g, word, number) || give_number(g, word, number))
		return;
	fprintf(stderr, "%s: no such argument '%s': see README.md\n", p->name, word);
	exit(2);
}

void peer_give(struct subject *s, struct peer *p, uint64_t first, uint32_t count, uint64_t target)
{
	struct giving g = {.s = s, .p = p, .first = first, .target = target, .count = count};
	char list[1024], *rest = list, *word;

	p->n_given = 0;
	snprintf(list, sizeof list, "%s",
		 strcmp(p->args, "own") ? p->args
		 : s->make              ? "job,hits,cache,dataset,nonce,items"
					: "job,hits,scratch,dataset,nonce,items");
	while ((word = strsep(&rest, ",")) != NULL)
		give_one(&g, word);
}

int peer_build(struct subject *s, struct peer *p)
{
	size_t len;
	char *text = peer_text(s, p, &len);
	int rc = s->driver->build(s, p, text, len);

	free(text);
	room_for(s, &p->hits, HIT_WORDS * 4);
	return rc;
}

uint32_t peer_run(struct subject *s, struct peer *p, uint64_t first, uint32_t count,
		  uint64_t target)
{
	static const uint32_t zero[HIT_WORDS];
	uint64_t items = ((uint64_t)count + p->nonces - 1) / p->nonces;
	uint32_t hits = 0;

	peer_give(s, p, first, count, target);
	s->driver->put(s, p->hits, 0, zero, sizeof zero);
	s->driver->run(s, p, first, (items + p->local - 1) / p->local * p->local);
	if (p->count_word >= 0)
		s->driver->get(s, p->hits, (size_t)p->count_word * 4, &hits, sizeof hits);
	return hits;
}

/* Rows of 128 bytes against every step-th of the dataset's, from first on. */
static bool rows_are(struct subject *s, union room room, uint32_t first, uint32_t step, uint32_t n)
{
	uint8_t *got, *zero;
	bool right = true;
	uint32_t i;

	got = malloc((size_t)n * 128);
	zero = calloc(n, 128);
	if (!got || !zero) {
		perror("the dataset");
		exit(1);
	}
	s->driver->get(s, room, 0, got, (size_t)n * 128);
	s->driver->put(s, room, 0, zero, (size_t)n * 128);
	for (i = 0; i < n; i++)
		right = right && !memcmp(got + (size_t)i * 128,
					 s->rows + (first + (size_t)i * step) * 32, 128);
	free(got);
	free(zero);
	return right;
}

bool peer_made(struct subject *s, const struct peer *p, uint32_t count)
{
	uint32_t rows = count / 2;
	bool right = true;

	if (strstr(p->args, "dataset") || !strcmp(p->args, "own"))
		right = rows_are(s, s->dataset, 0, 1, rows);
	if (strstr(p->args, "even"))
		right = rows_are(s, s->even, 0, 2, rows / 2) && right;
	if (strstr(p->args, "odd"))
		right = rows_are(s, s->odd, 1, 2, rows / 2) && right;
	return right;
}
