/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The algorithms that `adit bench` is told to measure, and how. */
#include <stdlib.h>
#include <string.h>

#include "src/bench.h"
#include "src/request.h"
#include "src/str.h"

static int add(const struct algo **out, unsigned *n, const struct algo *algo, struct err *err)
{
	unsigned i;

	for (i = 0; i < *n; i++)
		if (out[i] == algo)
			return err_set(err, ERR_USAGE, "-a: '%s' is there twice", algo->name);
	if (*n == BENCH_ALGOS_MAX)
		return err_set(err, ERR_RANGE, "-a: more than %d algorithms", BENCH_ALGOS_MAX);
	out[(*n)++] = algo;
	return 0;
}

static int add_word(const struct algo **out, unsigned *n, const char *text, size_t len,
		    struct err *err)
{
	const struct algo *algo;
	const char *near;
	char word[64];

	str_printable(word, sizeof word, text, len < sizeof word ? len : sizeof word - 1);
	algo = algo_find(word);
	if (algo)
		return add(out, n, algo, err);
	near = algo_nearest(word);
	if (!*word)
		return err_set(err, ERR_USAGE,
			       "-a: an empty name; give a comma list or 'all' (see 'adit algos')");
	if (near)
		return err_set(err, ERR_UNKNOWN, "-a: unknown algorithm '%s': did you mean '%s'?",
			       word, near);
	return err_set(err, ERR_UNKNOWN, "-a: unknown algorithm '%s' (see 'adit algos')", word);
}

int bench_algos(const struct algo **out, unsigned *count, const char *list, struct err *err)
{
	unsigned n = 0, i;
	int rc = 0;

	if (!list || !strcmp(list, "all")) {
		for (i = 0; algos[i] && !rc; i++)
			rc = add(out, &n, algos[i], err);
		list = NULL;
	}
	while (list && !rc) {
		size_t len = strcspn(list, ",");

		rc = add_word(out, &n, list, len, err);
		list = list[len] ? list + len + 1 : NULL;
	}
	if (count)
		*count = n;
	return rc;
}

/* --- their settings ----------------------------------------------------------- */

static bool knows(const struct algo *algo, const char *pair)
{
	const struct algo_setting *at = algo->settings;
	size_t len = strcspn(pair, "="), i;

	for (; at && at->name; at++) {
		for (i = 0; i < len && at->name[i]; i++)
			if (at->name[i] != (pair[i] == '-' ? '_' : pair[i]))
				break;
		if (i == len && !at->name[i])
			return true;
	}
	return false;
}

int bench_check_set(const struct settings *s, const struct algo *const *list, unsigned n,
		    struct err *err)
{
	unsigned i, k;

	for (i = 0; i < s->n_set; i++) {
		for (k = 0; k < n && !knows(list[k], s->set[i]); k++)
			;
		if (k == n)
			return err_set(err, ERR_UNKNOWN,
				       "--set %s: none of these algorithms has such a setting "
				       "(see 'adit algos')",
				       s->set[i]);
	}
	return 0;
}

int bench_place(const struct settings *settings, const struct algo *algo, struct work *work,
		uint64_t *set, struct err *err)
{
	struct settings s = *settings;
	uint64_t first, last;
	unsigned i;
	int rc;

	s.set = calloc(s.n_set + 1, sizeof *s.set);
	if (!s.set)
		return err_set(err, ERR_NOMEM, "no memory for settings");
	for (i = s.n_set = 0; i < settings->n_set; i++)
		if (knows(algo, settings->set[i]))
			s.set[s.n_set++] = settings->set[i];
	if (s.height < 0 && s.epoch < 0 && algo->dataset)
		s.height = (int64_t)algo->height;
	if (s.height < 0 && algo->program) {
		algo->dataset->heights(algo, (uint32_t)s.epoch, &first, &last);
		s.height = (int64_t)first;
	}
	s.seed = NULL;
	rc = request_place(algo, &s, work, set, err);
	free(s.set);
	return rc;
}
