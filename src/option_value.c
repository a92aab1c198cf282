/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One value, checked and stored. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "src/option.h"
#include "src/str.h"
#include "src/utf8.h"

#define PAIRS_MAX 256
#define VALUE_MAX 8192 /* bytes; the longest honest one is the header of a solver */

int list_append(char ***list, unsigned *n, const char *text)
{
	char **more = realloc(*list, (*n + 2) * sizeof *more);

	if (!more)
		return -ERR_NOMEM;
	*list = more;
	more[*n] = strdup(text);
	if (!more[*n])
		return -ERR_NOMEM;
	more[++*n] = NULL;
	return 0;
}

static bool same_name(const char *a, const char *b, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((a[i] == '_' ? '-' : a[i]) != (b[i] == '_' ? '-' : b[i]))
			return false;
	return true;
}

int list_put_pair(char ***list, unsigned *n, const char *pair)
{
	size_t len = strcspn(pair, "=") + 1;
	unsigned i;
	char *copy;

	for (i = 0; i < *n; i++)
		if (strlen((*list)[i]) >= len && same_name((*list)[i], pair, len))
			break;
	if (i == *n)
		return list_append(list, n, pair);
	copy = strdup(pair);
	if (!copy)
		return -ERR_NOMEM;
	secret_free((*list)[i]);
	(*list)[i] = copy;
	return 0;
}

void secret_free(char *text)
{
	if (text)
		OPENSSL_cleanse(text, strlen(text));
	free(text);
}

void list_free(char **list)
{
	size_t i;

	for (i = 0; list && list[i]; i++)
		secret_free(list[i]);
	free(list);
}

void pool_draft_done(struct pool_draft *d)
{
	size_t i;

	for (i = 0; i < POOL_FIELDS; i++)
		secret_free(d->field[i]);
	list_free(d->pairs);
}

void draft_done(struct source_draft *d)
{
	unsigned i;

	pool_draft_done(&d->all);
	for (i = 0; i < d->n_pools; i++)
		pool_draft_done(&d->pools[i]);
	free(d->pools);
}

static int no_memory(struct err *err)
{
	return err_set(err, ERR_NOMEM, "out of memory reading the settings");
}

static int set_text(char **at, const char *text, struct err *err)
{
	char *copy = strdup(text);

	if (!copy)
		return no_memory(err);
	secret_free(*at);
	*at = copy;
	return 0;
}

static void set_int(const struct settings *s, const struct option *o, int64_t v)
{
	char *at = (char *)s + o->at;
	bool truth = v != 0;
	int number = (int)v;

	memcpy(at, o->size == sizeof(bool) ? (void *)&truth : (void *)&number, o->size);
}

int option_new_pool(struct loader *l, const struct option_at *at, struct err *err)
{
	struct source_draft *d = &l->from[at->source];
	struct pool_draft *more;

	if (d->n_pools == POOLS_MAX)
		return err_set(err, ERR_RANGE, "%s: more than %d pools; leave some out", at->where,
			       POOLS_MAX);
	more = realloc(d->pools, (d->n_pools + 1) * sizeof *more);
	if (!more)
		return no_memory(err);
	d->pools = more;
	more += d->n_pools++;
	memset(more, 0, sizeof *more);
	str_copy(more->where, sizeof more->where, at->where);
	return 0;
}

/* The draft that a per-pool value belongs to. */
static struct pool_draft *latest(struct loader *l, const struct option_at *at)
{
	struct source_draft *d = &l->from[at->source];

	return at->top || !d->n_pools ? &d->all : &d->pools[d->n_pools - 1];
}

static int store_login(struct loader *l, const char *text, const struct option_at *at,
		       struct err *err)
{
	struct pool_draft *d = latest(l, at);
	const char *colon = strchr(text, ':');
	char *user;
	int rc;

	if (!colon)
		return err_set(err, ERR_USAGE, "%s: must be USER:PASSWORD, with a colon",
			       at->where);
	user = strndup(text, (size_t)(colon - text));
	if (!user)
		return no_memory(err);
	rc = set_text(&d->field[POOL_USER], user, err);
	free(user);
	return rc ? rc : set_text(&d->field[POOL_PASS], colon + 1, err);
}

/* The first line of a file. */
static int read_line(char *out, size_t size, const char *path, const struct option_at *at,
		     struct err *err)
{
	FILE *f = fopen(path, "re");
	size_t len;
	bool got;

	if (!f)
		return err_set(err, ERR_IO, "%s %s: cannot read it: %s", at->where, path,
			       strerror(errno));
	setvbuf(f, NULL, _IONBF, 0); /* no copy of it stays behind */
	got = fgets(out, (int)size, f) != NULL;
	fclose(f);
	if (!got)
		return err_set(err, ERR_IO,
			       "%s %s: is empty or unreadable; write the password on its "
			       "first line",
			       at->where, path);
	len = strcspn(out, "\r\n");
	if (!out[len] && len + 1 == size)
		return err_set(err, ERR_RANGE, "%s %s: the first line is too long", at->where,
			       path);
	out[len] = '\0';
	if (utf8_bad(out) >= 0)
		return err_set(err, ERR_PARSE,
			       "%s %s: the password has a control character or is no UTF-8",
			       at->where, path);
	return 0;
}

static int store_pass_file(struct loader *l, const char *path, const struct option_at *at,
			   struct err *err)
{
	char pass[512];
	int rc = read_line(pass, sizeof pass, path, at, err);

	if (!rc)
		rc = set_text(&latest(l, at)->field[POOL_PASS], pass, err);
	OPENSSL_cleanse(pass, sizeof pass);
	return rc;
}

static int parse_switch(bool *out, const char *text)
{
	static const char yes[] = "true yes on 1", no[] = "false no off 0";

	*out = option_word(yes, text);
	return *out || option_word(no, text) ? 0 : -ERR_PARSE;
}

static int bad_switch(const char *text, const struct option_at *at, struct err *err)
{
	return err_set(err, ERR_PARSE, "%s: '%s' is neither true nor false", at->where, text);
}

/* NAME=VALUE with a plain name; a later value takes the place of an earlier one. */
static int store_pair(char ***list, unsigned *n, const struct option *o, const char *text,
		      const struct option_at *at, struct err *err)
{
	size_t name = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	if (!name || text[name] != '=')
		return err_set(err, ERR_USAGE, "%s: '%s' must be %s", at->where, text, o->arg);
	if (*n >= PAIRS_MAX)
		return err_set(err, ERR_RANGE, "%s: more than %d of them", at->where, PAIRS_MAX);
	return list_put_pair(list, n, text) ? no_memory(err) : 0;
}

static int check_double(double *out, const char *text, const struct option_at *at, struct err *err)
{
	if (str_to_double(out, text) || *out <= 0)
		return err_set(err, ERR_RANGE,
			       "%s: '%s' must be a number above 0, like 0.5 or 1024", at->where,
			       text);
	return 0;
}

static int store_of_pool(struct loader *l, const struct option *o, const char *text,
			 const struct option_at *at, struct err *err)
{
	struct pool_draft *d;
	double number;
	bool on;
	int rc;

	if (o->at == POOL_URL && o->type == OPTION_TEXT) {
		if (!*text)
			return err_set(err, ERR_USAGE, "%s: empty; give HOST:PORT", at->where);
		/* inside "pools" the object has made its draft already */
		if ((at->source != FROM_FILE || at->top) && (rc = option_new_pool(l, at, err)))
			return rc;
		d = &l->from[at->source].pools[l->from[at->source].n_pools - 1];
		return set_text(&d->field[POOL_URL], text, err);
	}
	d = latest(l, at);
	if (o->type == OPTION_LOGIN)
		return store_login(l, text, at, err);
	if (o->type == OPTION_LINE)
		return store_pass_file(l, text, at, err);
	if (o->type == OPTION_PAIRS)
		return store_pair(&d->pairs, &d->n_pairs, o, text, at, err);
	if (o->type == OPTION_DOUBLE && (rc = check_double(&number, text, at, err)))
		return rc;
	if (o->type == OPTION_SWITCH) {
		if (parse_switch(&on, text))
			return bad_switch(text, at, err);
		text = on ? "1" : "";
	}
	return set_text(&d->field[o->at], text, err);
}

static int store_choice(struct settings *s, const struct option *o, const char *text,
			const struct option_at *at, struct err *err)
{
	char all[128] = "";
	size_t i, used = 0;

	for (i = 0; o->choices[i].name; i++) {
		if (!strcmp(o->choices[i].name, text)) {
			set_int(s, o, o->choices[i].value);
			return 0;
		}
		used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "",
					 o->choices[i].name);
	}
	return err_set(err, ERR_UNKNOWN, "%s: '%s' is not one of %s", at->where, text, all);
}

static int bad_number(const struct option *o, const char *text, const struct option_at *at,
		      struct err *err)
{
	if (o->max == UINT64_MAX)
		return err_set(err, ERR_RANGE,
			       "%s: '%s' must be a whole number, decimal or 0x-hex, from %llu up",
			       at->where, text, (unsigned long long)o->min);
	return err_set(err, ERR_RANGE, "%s: '%s' must be a whole number from %llu to %llu",
		       at->where, text, (unsigned long long)o->min, (unsigned long long)o->max);
}

static int store_number(struct settings *s, const struct option *o, const char *text,
			const struct option_at *at, struct err *err)
{
	char *member = (char *)s + o->at;
	uint64_t v;
	uint32_t v32;
	int64_t vi;

	if (str_to_u64(&v, text, o->min, o->max))
		return bad_number(o, text, at, err);
	v32 = (uint32_t)v;
	vi = (int64_t)v;
	if (o->type == OPTION_U32)
		memcpy(member, &v32, sizeof v32);
	else if (o->type == OPTION_I64)
		memcpy(member, &vi, sizeof vi);
	else
		memcpy(member, &v, sizeof v);
	return 0;
}

static int check_hex(const char *text, const struct option_at *at, struct err *err)
{
	size_t digits = strspn(text, "0123456789abcdefABCDEF");

	if (text[digits])
		return err_set(err, ERR_PARSE,
			       "%s: character %zu is no hexadecimal digit; write bytes as 00 to ff "
			       "without prefix or spaces",
			       at->where, digits + 1);
	if (!digits || digits % 2)
		return err_set(err, ERR_PARSE,
			       "%s: %zu digits are not whole bytes; give two a byte", at->where,
			       digits);
	return 0;
}

static int store_typed(struct loader *l, const struct option *o, const char *text,
		       const struct option_at *at, struct err *err)
{
	struct settings *s = l->s;
	char *member = (char *)s + o->at;
	double number;
	bool on;
	int rc;

	switch (o->type) {
	case OPTION_SWITCH:
	case OPTION_PRESET:
		if (parse_switch(&on, text))
			return bad_switch(text, at, err);
		if (o->type == OPTION_SWITCH)
			set_int(s, o, on);
		else if (on)
			set_int(s, o, (int64_t)o->min);
		return 0;
	case OPTION_CHOICE:
		return store_choice(s, o, text, at, err);
	case OPTION_DOUBLE:
		rc = check_double(&number, text, at, err);
		if (!rc)
			memcpy(member, &number, sizeof number);
		return rc;
	case OPTION_TEXT:
	case OPTION_COMMAS:
		return set_text((char **)(void *)member, text, err);
	case OPTION_PAIRS:
		return store_pair((char ***)(void *)member, &s->n_set, o, text, at, err);
	default:
		return store_number(s, o, text, at, err);
	}
}

int option_store(struct loader *l, const struct option *o, const char *text,
		 const struct option_at *at, struct err *err)
{
	long bad = utf8_bad(text);
	size_t len = strlen(text);
	int rc = 0;

	if (len > VALUE_MAX)
		return err_set(err, ERR_RANGE, "%s: %zu bytes are too long, at most %d are taken",
			       at->where, len, VALUE_MAX);
	if (bad >= 0)
		return err_set(
			err, ERR_PARSE,
			"%s: byte %ld (0x%02x) is a control character or no UTF-8; remove it",
			at->where, bad + 1, (unsigned char)text[bad]);
	if (o->flags & OPTION_HEX)
		rc = check_hex(text, at, err);
	if (!rc && o->flags & OPTION_PER_POOL)
		return store_of_pool(l, o, text, at, err);
	return rc ? rc : store_typed(l, o, text, at, err);
}

int option_defaults(struct loader *l, struct err *err)
{
	const struct option_at at = {.source = FROM_FILE, .where = "default", .top = true};
	size_t i;
	int rc = 0;

	l->s->epoch = l->s->height = -1;
	for (i = 0; !rc && options[i].name; i++)
		if (options[i].def)
			rc = option_store(l, &options[i], options[i].def, &at, err);
	return rc;
}

void option_free_values(struct settings *s)
{
	size_t i;

	for (i = 0; options[i].name; i++) {
		const struct option *o = &options[i];
		char *member = (char *)s + o->at;

		if (o->flags & OPTION_PER_POOL)
			continue;
		if (o->type == OPTION_TEXT || o->type == OPTION_COMMAS)
			secret_free(*(char **)(void *)member);
		else if (o->type == OPTION_PAIRS)
			list_free(*(char ***)(void *)member);
	}
}
