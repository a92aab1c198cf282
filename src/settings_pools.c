/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From what each source says about pools to the list of pools.  The list comes from the highest
 * source that names any; a value for a pool comes from a higher source's values for all pools,
 * else from the pool's own, else from the values for all pools of its own source, else from its
 * URL, else from the values for all pools of lower sources.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algos/algo.h"
#include "pool/detect.h"
#include "src/log.h"
#include "src/option.h"
#include "src/str.h"
#include "src/utf8.h"

#define PASS_DEFAULT "x"

struct pick {
	const struct loader *l;
	const struct pool_draft *own;
	int source;
};

static int no_memory(struct err *err)
{
	return err_set(err, ERR_NOMEM, "out of memory reading the pools");
}

static const char *value(const struct pick *p, enum pool_field field, const char *of_url)
{
	int i;

	for (i = OPTION_SOURCES - 1; i > p->source; i--)
		if (p->l->from[i].all.field[field])
			return p->l->from[i].all.field[field];
	if (p->own->field[field])
		return p->own->field[field];
	if (p->l->from[p->source].all.field[field])
		return p->l->from[p->source].all.field[field];
	if (of_url && *of_url)
		return of_url;
	for (i = p->source - 1; i >= 0; i--)
		if (p->l->from[i].all.field[field])
			return p->l->from[i].all.field[field];
	return NULL;
}

static int copy(char **out, const char *text, struct err *err)
{
	if (text && *text) {
		*out = strdup(text);
		if (!*out)
			return no_memory(err);
	}
	return 0;
}

static int append(struct pool_config *pool, unsigned *n, const char *name, const char *text,
		  struct err *err)
{
	char pair[512];

	if (!text)
		return 0;
	if ((size_t)snprintf(pair, sizeof pair, "%s%s%s", name, *name ? "=" : "", text) >=
	    sizeof pair)
		return err_set(err, ERR_RANGE, "%s: a setting of this pool is too long", pool->url);
	return list_put_pair(&pool->options, n, pair) ? no_memory(err) : 0;
}

static int append_all(struct pool_config *pool, unsigned *n, const struct pool_draft *d,
		      struct err *err)
{
	unsigned i;
	int rc = 0;

	for (i = 0; !rc && i < d->n_pairs; i++)
		rc = append(pool, n, "", d->pairs[i], err);
	return rc;
}

/* Later pairs take the place of earlier ones, so the weakest come first. */
static int fill_options(struct pool_config *pool, const struct pick *p, struct err *err)
{
	unsigned n = 0;
	int i, rc = 0;

	for (i = 0; !rc && i <= p->source; i++)
		rc = append_all(pool, &n, &p->l->from[i].all, err);
	if (!rc)
		rc = append_all(pool, &n, p->own, err);
	for (; !rc && i < OPTION_SOURCES; i++)
		rc = append_all(pool, &n, &p->l->from[i].all, err);
	if (!rc)
		rc = append(pool, &n, "coinbase-addr", value(p, POOL_COINBASE_ADDR, NULL), err);
	if (!rc)
		rc = append(pool, &n, "coinbase-tag", value(p, POOL_COINBASE_TAG, NULL), err);
	if (!rc)
		rc = append(pool, &n, "suggest-difficulty", value(p, POOL_SUGGEST_DIFFICULTY, NULL),
			    err);
	if (!rc && !pool->options) {
		pool->options = calloc(1, sizeof *pool->options);
		rc = pool->options ? 0 : no_memory(err);
	}
	return rc;
}

static int fill_login(struct pool_config *pool, const struct pick *p, struct err *err)
{
	const char *user = value(p, POOL_USER, pool->parsed.user);
	const char *worker = value(p, POOL_WORKER, NULL);
	const char *pass = value(p, POOL_PASS, pool->parsed.password);
	size_t size;

	if (!user)
		user = "";
	if (!worker)
		worker = "";
	size = strlen(user) + strlen(worker) + 2;
	pool->user = malloc(size);
	if (!pool->user)
		return no_memory(err);
	snprintf(pool->user, size, "%s%s%s", user, *user && *worker ? "." : "", worker);
	if (utf8_bad(pool->user) >= 0 || (pass && utf8_bad(pass) >= 0))
		return err_set(err, ERR_PARSE,
			       "%s: its user or password has a control character or is no UTF-8",
			       pool->url);
	pool->password = strdup(pass ? pass : PASS_DEFAULT);
	if (!pool->password)
		return no_memory(err);
	log_secret(pool->password);
	memset(pool->parsed.password, 0, sizeof pool->parsed.password);
	pool->parsed.user[0] = '\0';
	return 0;
}

/* "AA:bb:..." or plain digits to 64 lower-case ones. */
static int fill_fingerprint(struct pool_config *pool, const char *text, struct err *err)
{
	char digits[65];
	size_t n = 0;
	const char *p;

	if (!text || !*text)
		return 0;
	for (p = text; *p; p++) {
		char c = *p >= 'A' && *p <= 'F' ? (char)(*p + 'a' - 'A') : *p;

		if (c == ':' && n % 2 == 0)
			continue;
		if (n == 64 || !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			break;
		digits[n++] = c;
	}
	digits[n] = '\0';
	if (*p || n != 64)
		return err_set(err, ERR_PARSE,
			       "--tls-fingerprint of %s: must be the 64 hexadecimal digits of the "
			       "certificate's SHA-256",
			       pool->url);
	return copy(&pool->tls_fingerprint, digits, err);
}

static int fill_proxy(struct pool_config *pool, const char *text, struct err *err)
{
	struct url u;
	int rc;

	if (!text || !*text)
		return 0;
	if (strncmp(text, "socks5://", 9) && strncmp(text, "socks5h://", 10))
		return err_set(err, ERR_PARSE,
			       "--proxy of %s: only SOCKS5 is known; write socks5://HOST:PORT",
			       pool->url);
	rc = url_parse(&u, text, err);
	if (rc) {
		err_prefix(err, "--proxy of %s", pool->url);
		return rc;
	}
	if (u.password[0])
		log_secret(u.password);
	memset(u.password, 0, sizeof u.password);
	return copy(&pool->proxy, text, err);
}

/*
 * Those that have the scheme and serve the algorithm.  Where none does or the algorithm is not
 * known, settings_check() and the command say so: the first with the scheme will do until then.
 */
static bool fill_dialects(struct pool_config *pool, const char *algo)
{
	const char *scheme = pool->parsed.scheme;
	const struct algo *found = algo ? algo_find(algo) : NULL;

	pool->n_candidates = detect_candidates(pool->candidates, dialects, scheme, found);
	if (!pool->n_candidates && detect_candidates(pool->candidates, dialects, scheme, NULL) == 0)
		return false;
	pool->dialect = pool->candidates[0];
	return true;
}

/* The nearest scheme of any dialect. */
static const char *near_scheme(char *out, size_t size, const char *scheme)
{
	unsigned least = 99;
	int i;

	str_copy(out, size, "stratum+tcp");
	for (i = 0; dialects[i]; i++) {
		const char *list = dialects[i]->schemes;

		while (*list) {
			char word[32] = "";
			size_t n = strcspn(list, " ");

			if (n < sizeof word)
				memcpy(word, list, n);
			list += n + strspn(list + n, " ");
			if (*word && str_distance(word, scheme) < least) {
				least = str_distance(word, scheme);
				str_copy(out, size, word);
			}
		}
	}
	return out;
}

static int fill_url(struct pool_config *pool, const struct pool_draft *own, const char *algo,
		    struct err *err)
{
	char text[600], near[32];
	int rc;

	rc = url_parse(&pool->parsed, own->field[POOL_URL], err);
	if (rc) {
		err_prefix(err, "%s", own->where);
		return rc;
	}
	pool->url = strdup(url_print(text, sizeof text, &pool->parsed));
	if (!pool->url)
		return no_memory(err);
	if (!fill_dialects(pool, algo))
		return err_set(err, ERR_UNKNOWN,
			       "%s: unknown scheme '%s://', did you mean '%s://'?", own->where,
			       pool->parsed.scheme,
			       near_scheme(near, sizeof near, pool->parsed.scheme));
	return 0;
}

static bool is_on(const char *text)
{
	return text && *text;
}

static int fill(struct pool_config *pool, const struct pick *p, struct err *err)
{
	int rc;

	rc = fill_url(pool, p->own, p->l->s->algo, err);
	if (!rc)
		rc = fill_login(pool, p, err);
	if (!rc)
		rc = fill_proxy(pool, value(p, POOL_PROXY, NULL), err);
	if (!rc)
		rc = copy(&pool->tls_ca, value(p, POOL_TLS_CA, NULL), err);
	if (!rc)
		rc = fill_fingerprint(pool, value(p, POOL_TLS_FINGERPRINT, NULL), err);
	if (!rc)
		rc = fill_options(pool, p, err);
	pool->tls_insecure = is_on(value(p, POOL_TLS_INSECURE, NULL));
	pool->disabled = is_on(value(p, POOL_DISABLED_FLAG, NULL));
	return rc;
}

int settings_pools(struct loader *l, struct err *err)
{
	struct settings *s = l->s;
	const struct source_draft *d;
	int source = OPTION_SOURCES - 1, rc = 0;
	unsigned i;

	while (source > 0 && !l->from[source].n_pools)
		source--;
	d = &l->from[source];
	if (!d->n_pools)
		return 0;
	s->pools = calloc(d->n_pools, sizeof *s->pools);
	if (!s->pools)
		return no_memory(err);
	s->n_pools = d->n_pools;
	for (i = 0; !rc && i < d->n_pools; i++) {
		const struct pick p = {.l = l, .own = &d->pools[i], .source = source};

		rc = fill(&s->pools[i], &p, err);
	}
	return rc;
}

/* ---- one more ---- */

static int store(struct loader *l, enum pool_field field, const char *where, const char *text,
		 struct err *err)
{
	const struct option_at at = {.source = FROM_COMMAND_LINE, .where = where};
	const struct option *o = options;

	if (!text)
		return 0;
	while (o->at != field || !(o->flags & OPTION_PER_POOL) || o->type != OPTION_TEXT)
		o++;
	return option_store(l, o, text, &at, err);
}

static int new_pool(struct pool_config *out, struct loader *l, const char *url, const char *user,
		    const char *pass, struct err *err)
{
	struct source_draft *d = &l->from[FROM_COMMAND_LINE];
	struct pick p = {.l = l, .source = FROM_COMMAND_LINE};
	int rc = store(l, POOL_URL, "url", url, err);

	if (!rc)
		rc = store(l, POOL_USER, "user", user, err);
	if (!rc)
		rc = store(l, POOL_PASS, "pass", pass, err);
	p.own = d->pools;
	if (!rc)
		rc = fill(out, &p, err);
	if (!rc)
		rc = settings_check_pool(l->s, out, err);
	return rc;
}

int settings_new_pool(struct pool_config **out, const struct settings *s, const char *url,
		      const char *user, const char *pass, struct err *err)
{
	struct pool_config *pool = calloc(1, sizeof *pool);
	struct settings shown = *s; /* nothing of it is changed */
	struct loader l = {.s = &shown, .command = s->command->name};
	unsigned i;
	int rc;

	if (!pool)
		return no_memory(err);
	for (i = 0; i < OPTION_SOURCES; i++)
		l.from[i].all = s->common[i]; /* borrowed */
	rc = new_pool(pool, &l, url, user, pass, err);
	for (i = 0; i < OPTION_SOURCES; i++)
		memset(&l.from[i].all, 0, sizeof l.from[i].all);
	draft_done(&l.from[FROM_COMMAND_LINE]);
	if (rc)
		pool_config_free(pool);
	else
		*out = pool;
	return rc;
}
