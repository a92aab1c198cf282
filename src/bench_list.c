/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The algorithms that `adit bench` is told to measure. */
#include <string.h>

#include "src/bench.h"
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
