/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One more walk over the option table: what the settings are. */
#include <string.h>

#include "src/option.h"
#include "src/settings_json.h"

#define LEFT_OUT                                                                                   \
 (OPTION_SECRET | OPTION_PER_POOL | OPTION_CLI_ONLY | OPTION_NOT_FILE | OPTION_HIDDEN |            \
  OPTION_FILE_ONLY)

static int64_t read_int(const char *at, size_t size)
{
	bool truth;
	int number;

	if (size == sizeof truth) {
		memcpy(&truth, at, sizeof truth);
		return truth;
	}
	memcpy(&number, at, sizeof number);
	return number;
}

static json_t *choice(const struct option *o, int64_t v)
{
	const struct option_choice *c = o->choices;

	while (c->name && c->value != v)
		c++;
	return c->name ? json_string(c->name) : json_null();
}

static json_t *pairs(char *const *list)
{
	json_t *all = json_array();

	for (; list && *list; list++)
		json_array_append_new(all, json_string(*list));
	return all;
}

static json_t *text(const struct option *o, const char *v, bool full)
{
	bool private = o->flags & OPTION_PATH || (o->arg && !strcmp(o->arg, "CMD"));

	if (!v)
		return json_null();
	return json_string(private && !full ? "(set)" : v);
}

json_t *settings_number(const struct settings *s, const struct option *o)
{
	const char *at = (const char *)s + o->at;
	uint32_t v32;
	uint64_t v64;
	double number;

	switch (o->type) {
	case OPTION_SWITCH:
		return json_boolean(read_int(at, o->size) != 0);
	case OPTION_CHOICE:
		return choice(o, read_int(at, o->size));
	case OPTION_U32:
		memcpy(&v32, at, sizeof v32);
		return json_integer(v32);
	case OPTION_U64:
	case OPTION_I64:
		memcpy(&v64, at, sizeof v64);
		return json_integer((json_int_t)v64);
	case OPTION_DOUBLE:
		memcpy(&number, at, sizeof number);
		return json_real(number);
	default:
		return NULL;
	}
}

static json_t *value(const struct settings *s, const struct option *o, bool full)
{
	const char *at = (const char *)s + o->at;

	switch (o->type) {
	case OPTION_PRESET:
		return json_boolean(read_int(at, o->size) == (int64_t)o->min);
	case OPTION_TEXT:
	case OPTION_COMMAS:
		return text(o, *(char *const *)(const void *)at, full);
	case OPTION_PAIRS:
		return pairs(*(char **const *)(const void *)at);
	default:
		return settings_number(s, o);
	}
}

json_t *settings_json(const struct settings *s, bool full)
{
	json_t *all = json_object(), *v;
	const struct option *o;

	for (o = options; o->name; o++) {
		if (o->flags & LEFT_OUT || !option_applies(o, s->command->name))
			continue;
		v = value(s, o, full);
		if (v)
			json_object_set_new(all, o->name, v);
	}
	return all;
}
