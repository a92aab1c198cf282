/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `adit hash` and `adit scan` are asked. */
#include <string.h>

#include "src/epoch.h"
#include "src/hex.h"
#include "src/request.h"

int request_algo(const struct algo **out, const struct settings *s, struct err *err)
{
	const char *near;

	if (!s->algo)
		return err_set(err, ERR_USAGE, "no algorithm: name one with -a (see 'adit algos')");
	*out = algo_find(s->algo);
	if (*out)
		return 0;
	near = algo_nearest(s->algo);
	return err_set(err, ERR_USAGE, "unknown algorithm '%s'%s%s%s (see 'adit algos')", s->algo,
		       near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static const char *digits_of(const char *text)
{
	return text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? text + 2 : text;
}

static int read_header(const struct algo *algo, const char *text, struct work *work,
		       struct err *err)
{
	unsigned len = algo->header_len, less = len;

	if (algo->nonce_off + algo->nonce_len == len)
		less = algo->nonce_off;
	if (!text)
		return err_set(err, ERR_USAGE,
			       "no header: give %u bytes in hexadecimal with --header", len);
	text = digits_of(text);
	work->header_len = (uint16_t)len;
	if (!hex_decode(work->header, len, text, strlen(text)) ||
	    !hex_decode(work->header, less, text, strlen(text)))
		return 0;
	return err_set(err, ERR_USAGE,
		       "--header: %s takes %u hexadecimal digits (%u bytes), or %u without the "
		       "nonce, not %zu characters",
		       algo->name, 2 * len, len, 2 * less, strlen(text));
}

/* The epoch that is meant; a height and a seed that contradict each other are a mistake. */
static int read_epoch(const struct algo *algo, const struct settings *s, struct work *work,
		      struct err *err)
{
	uint8_t seed[32];
	int rc = 0;

	if (s->seed) {
		const char *text = digits_of(s->seed);

		if (hex_decode(seed, sizeof seed, text, strlen(text)))
			return err_set(err, ERR_USAGE, "--seed: give 64 hexadecimal digits");
		rc = algo->dataset->of_seed(algo, seed, &work->epoch, err);
	} else if (s->epoch >= 0) {
		work->epoch = (uint32_t)s->epoch;
	} else {
		rc = algo->dataset->of_height(algo, work->height, &work->epoch, err);
	}
	return rc;
}

int request_work(const struct algo *algo, const struct settings *s, struct work *work,
		 uint64_t *set, struct epoch **epoch, struct err *err)
{
	int rc;

	memset(work, 0, sizeof *work);
	*epoch = NULL;
	work->height = s->height;
	rc = read_header(algo, s->header, work, err);
	if (!rc)
		rc = algo_settings(algo, set, (const char *const *)s->set, s->n_set, err);
	if (rc)
		return rc;
	if (!algo->dataset && s->seed)
		return err_set(err, ERR_USAGE, "--seed: %s has no epochs", algo->name);
	if (!algo->dataset)
		return 0;
	rc = read_epoch(algo, s, work, err);
	return rc ? rc : epoch_make(epoch, algo, work->epoch, set, NULL, err);
}
