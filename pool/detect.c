/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which dialect a pool speaks, found by trying; pure. */
#include <stdio.h>
#include <string.h>

#include "pool/client.h"
#include "pool/detect.h"
#include "pool/url.h"
#include "src/str.h"

void detect_init(struct detect *d, unsigned candidates)
{
	*d = (struct detect){.n = candidates, .half = -1};
}

void detect_begin(struct detect *d)
{
	d->fitted = false;
}

void detect_fits(struct detect *d)
{
	d->known = d->fitted = true;
	d->half = -1;
	d->misses = d->rounds = 0;
}

static void start_over(struct detect *d)
{
	d->known = false;
	d->half = -1;
	d->at = d->misses = 0;
}

static enum detect_next round_over(struct detect *d)
{
	int half = d->half;

	d->rounds++;
	start_over(d);
	if (half < 0)
		return DETECT_NONE;
	d->at = (unsigned)half;
	d->known = true;
	d->misses = DETECT_MISSES_MAX - 1;
	return DETECT_SLOW;
}

enum detect_next detect_ended(struct detect *d, enum detect_end how)
{
	if (d->n < 2 || d->fitted || how == DETECT_UNREACHED)
		return DETECT_FAILURE;
	if (how == DETECT_CREDENTIALS) {
		d->known = true;
		d->misses = 0;
		return DETECT_FAILURE;
	}
	if (d->known) {
		if (++d->misses >= DETECT_MISSES_MAX)
			start_over(d);
		return DETECT_FAILURE;
	}
	if (how == DETECT_NO_JOB && d->half < 0)
		d->half = (int)d->at;
	if (d->at + 1 == d->n)
		return round_over(d);
	d->at++;
	return DETECT_TRY;
}

int detect_patience(const struct detect *d, int first_ms, int most_ms)
{
	unsigned i;

	if (d->n < 2 || d->known || d->at + 1 == d->n)
		return 0;
	for (i = 0; i < d->rounds && first_ms < most_ms; i++)
		first_ms *= 2;
	return first_ms < most_ms ? first_ms : most_ms;
}

/* The next word of a list that is separated by spaces; false at its end. */
static bool next_word(const char **list, char word[32])
{
	size_t n;

	*list += strspn(*list, " ");
	n = strcspn(*list, " ");
	word[0] = '\0';
	if (n < 32) {
		memcpy(word, *list, n);
		word[n] = '\0';
	}
	*list += n;
	return n > 0;
}

static bool has_scheme(const struct dialect *d, const char *scheme)
{
	const char *list = d->schemes;
	char word[32];

	while (next_word(&list, word))
		if (!strcmp(word, scheme))
			return true;
	return false;
}

unsigned detect_candidates(const struct dialect **out, const struct dialect *const *all,
			   const char *scheme, const struct algo *algo)
{
	unsigned n = 0, i;

	for (; *all && n < POOL_CANDIDATES_MAX; all++) {
		const struct dialect *d = *all;

		if (!has_scheme(d, scheme) || (algo && d->serves && !d->serves(algo)))
			continue;
		for (i = n++; i > 0 && out[i - 1]->rank > d->rank; i--)
			out[i] = out[i - 1];
		out[i] = d;
	}
	return n;
}

char *detect_names(char *out, size_t size, const struct dialect *const *candidates, unsigned n)
{
	size_t used = 0;
	unsigned i;

	out[0] = '\0';
	for (i = 0; i < n && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "",
					 candidates[i]->name);
	return out;
}

char *detect_forced(char *out, size_t size, const struct dialect *const *candidates, unsigned n,
		    unsigned which, bool tls)
{
	const char *list = candidates[which]->schemes;
	char word[32];
	unsigned i;

	while (next_word(&list, word)) {
		for (i = 0; i < n && (i == which || !has_scheme(candidates[i], word)); i++)
			;
		if (i == n && url_scheme_tls(word) == tls) {
			str_copy(out, size, word);
			return out;
		}
	}
	out[0] = '\0';
	return out;
}
