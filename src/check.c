/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `adit check`: print what a configuration comes to, as JSON with passwords masked. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool/detect.h"
#include "src/option.h"
#include "src/settings_json.h"

#define MASK         "***"
#define PASS_DEFAULT "x"

static json_t *text(const char *value)
{
	return value ? json_string(value) : json_null();
}

/* "name=value" pairs as an object. */
static json_t *pairs(char **list)
{
	json_t *out = json_object();
	char name[128];
	size_t i;

	for (i = 0; list && list[i]; i++) {
		size_t len = strcspn(list[i], "=");

		snprintf(name, sizeof name, "%.*s", (int)len, list[i]);
		json_object_set_new(out, name, json_string(list[i] + len + (list[i][len] == '=')));
	}
	return out;
}

/* A proxy's URL without the credentials in it. */
static json_t *proxy(const char *url)
{
	struct err err;
	struct url u;
	char plain[600];

	if (!url)
		return json_null();
	if (url_parse(&u, url, &err))
		return json_string(MASK);
	return json_string(url_print(plain, sizeof plain, &u));
}

/* Which dialect it is, or which are to be tried. */
static json_t *dialect(const struct pool_config *p)
{
	char names[200], all[240];

	if (p->n_candidates < 2)
		return json_string(p->dialect->name);
	detect_names(names, sizeof names, p->candidates, p->n_candidates);
	snprintf(all, sizeof all, "automatic (%s)", names);
	return json_string(all);
}

static json_t *pool(const struct pool_config *p)
{
	bool plain = !*p->password || !strcmp(p->password, PASS_DEFAULT);

	return json_pack("{ss so ss ss so so so sb sb so}", "url", p->url, "dialect", dialect(p),
			 "user", p->user, "pass", plain ? p->password : MASK, "proxy",
			 proxy(p->proxy), "tls-ca", text(p->tls_ca), "tls-fingerprint",
			 text(p->tls_fingerprint), "tls-insecure", p->tls_insecure, "disabled",
			 p->disabled, "pool-option", pairs(p->options));
}

static json_t *pools(const struct settings *s)
{
	json_t *out = json_array();
	unsigned i;

	for (i = 0; i < s->n_pools; i++)
		json_array_append_new(out, pool(&s->pools[i]));
	return out;
}

static json_t *stored(const struct settings *s, const struct option *o)
{
	const char *at = (const char *)s + o->at;
	json_t *number = settings_number(s, o);
	const char *value;

	if (number)
		return number;
	if (o->type == OPTION_PAIRS)
		return pairs(*(char **const *)(const void *)at);
	value = *(char *const *)(const void *)at;
	return text(value && o->flags & OPTION_SECRET ? MASK : value);
}

int cmd_check(struct settings *s)
{
	json_t *all = json_object();
	size_t i;
	int rc;

	for (i = 0; options[i].name; i++) {
		const struct option *o = &options[i];

		if (o->type == OPTION_POOLS)
			json_object_set_new(all, o->name, pools(s));
		else if (option_applies(o, s->command->name) && o->type != OPTION_PRESET &&
			 !(o->flags & (OPTION_PER_POOL | OPTION_CLI_ONLY)))
			json_object_set_new(all, o->name, stored(s, o));
	}
	rc = json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
	return rc ? EXIT_SYSTEM : EXIT_OK;
}
