/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The configuration file: JSON whose keys are the long names of the option table. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/option.h"
#include "src/str.h"

#define FILE_MAX   (1u << 20) /* bytes */
#define COMMAS_MAX 4096
#define NESTING    8

struct file {
	struct loader *l;
	const char *name, *text;
	size_t len;
	struct err *err;
};

/* The line where pools[pool].key (pool < 0: key at the top) is written; 0: not found. */
static unsigned line_of(const struct file *f, const char *key, int pool)
{
	unsigned line = 1, depth = 0, key_line = 0;
	int index = -1;
	bool in_pools = false, at_key = false;
	size_t i, from, len = strlen(key);

	for (i = 0; i < f->len; i++) {
		char c = f->text[i];

		if (c == '\n')
			line++;
		if (c == '{' || c == '[') {
			depth++;
			index += c == '{' && depth == 3 && in_pools;
		}
		if (c == '}' || c == ']')
			depth--;
		if (c == '{' || c == ',')
			at_key = true;
		if (c == '[' || c == ':')
			at_key = false;
		if (c != '"')
			continue;
		from = ++i;
		for (; i < f->len && f->text[i] != '"'; i++)
			i += f->text[i] == '\\';
		if (!at_key || i >= f->len)
			continue;
		key_line = line;
		if (depth == 1)
			in_pools = i - from == 5 && !memcmp(f->text + from, "pools", 5);
		if (i - from == len && !memcmp(f->text + from, key, len) &&
		    (pool < 0 ? depth == 1 : depth == 3 && in_pools && index == pool))
			return key_line;
	}
	return 0;
}

/* "rig.json:3: pools[1].user" */
static void describe(const struct file *f, char *out, size_t size, const char *key, int pool)
{
	unsigned line = line_of(f, key, pool);
	char at[16] = "", path[32] = "", shown[64];

	if (line)
		snprintf(at, sizeof at, ":%u", line);
	if (pool >= 0)
		snprintf(path, sizeof path, "pools[%d].", pool);
	str_printable(shown, sizeof shown, key, strlen(key));
	snprintf(out, size, "%s%s: %s%s", f->name, at, path, shown);
}

static int wrong_type(const struct file *f, const char *where, const char *wanted, const json_t *v)
{
	static const char *const types[] = {
		[JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array",  [JSON_STRING] = "a string",
		[JSON_INTEGER] = "a number", [JSON_REAL] = "a fraction", [JSON_TRUE] = "true",
		[JSON_FALSE] = "false",      [JSON_NULL] = "null",
	};

	return err_set(f->err, ERR_PARSE, "%s must be %s, not %s", where, wanted,
		       types[json_typeof(v)]);
}

/* A scalar as a user would write it; NULL when it is none.  buf backs numbers. */
static const char *scalar(const json_t *v, char *buf, size_t size)
{
	if (json_is_string(v))
		return json_string_value(v);
	if (json_is_integer(v))
		snprintf(buf, size, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_real(v))
		snprintf(buf, size, "%.17g", json_real_value(v));
	else if (json_is_boolean(v))
		return json_is_true(v) ? "true" : "false";
	else
		return NULL;
	return buf;
}

static int store(const struct file *f, const struct option *o, const char *text,
		 const struct option_at *at)
{
	return option_store(f->l, o, text, at, f->err);
}

/* [0, "auto"] means "0,auto". */
static int store_commas(const struct file *f, const struct option *o, const json_t *array,
			const struct option_at *at)
{
	char joined[COMMAS_MAX], number[32];
	size_t i, used = 0;
	const json_t *v;

	joined[0] = '\0';
	json_array_foreach(array, i, v)
	{
		const char *text = scalar(v, number, sizeof number);

		if (!text || json_is_boolean(v) || json_is_real(v))
			return wrong_type(f, at->where, "an array of strings and numbers", v);
		if (used + strlen(text) + 2 > sizeof joined)
			return err_set(f->err, ERR_RANGE, "%s: the list is too long", at->where);
		used += (size_t)snprintf(joined + used, sizeof joined - used, "%s%s", i ? "," : "",
					 text);
	}
	return store(f, o, joined, at);
}

static int store_one_pair(const struct file *f, const struct option *o, const char *key,
			  const json_t *v, const struct option_at *at)
{
	char pair[512], number[32];
	const char *text = scalar(v, number, sizeof number);

	if (!text)
		return wrong_type(f, at->where, "an object of strings and numbers", v);
	if ((size_t)snprintf(pair, sizeof pair, "%s=%s", key, text) >= sizeof pair)
		return err_set(f->err, ERR_RANGE, "%s: a value is too long", at->where);
	return store(f, o, pair, at);
}

/* "name=value", an array of those, or an object. */
static int store_pairs(const struct file *f, const struct option *o, json_t *v,
		       const struct option_at *at)
{
	const char *key;
	json_t *member;
	size_t i;
	int rc = 0;

	if (json_is_string(v))
		return store(f, o, json_string_value(v), at);
	if (json_is_object(v)) {
		json_object_foreach(v, key, member)
		{
			rc = store_one_pair(f, o, key, member, at);
			if (rc)
				break;
		}
		return rc;
	}
	if (!json_is_array(v))
		return wrong_type(f, at->where, "an object, or strings like \"name=value\"", v);
	json_array_foreach(v, i, member)
	{
		if (!json_is_string(member))
			return wrong_type(f, at->where, "an array of strings like \"name=value\"",
					  member);
		rc = store(f, o, json_string_value(member), at);
		if (rc)
			break;
	}
	return rc;
}

/* What JSON types an option takes; NULL: this one is fine. */
static const char *wanted_type(const struct option *o, const json_t *v)
{
	switch (o->type) {
	case OPTION_SWITCH:
	case OPTION_PRESET:
		return json_is_boolean(v) ? NULL : "true or false";
	case OPTION_U32:
	case OPTION_U64:
	case OPTION_I64:
		return json_is_integer(v) || json_is_string(v) ? NULL : "a whole number";
	case OPTION_DOUBLE:
		return json_is_number(v) || json_is_string(v) ? NULL : "a number";
	case OPTION_COMMAS:
		return json_is_string(v) || json_is_integer(v)
			       ? NULL
			       : "a string, a number or an array of them";
	default:
		return json_is_string(v) ? NULL : "a string";
	}
}

static int take_pools(const struct file *f, json_t *v, const char *where);

static int take(const struct file *f, const char *key, json_t *v, int pool)
{
	char where[160], number[32];
	const struct option_at at = {.source = FROM_FILE, .where = where, .top = pool < 0};
	const struct option *o = option_find(key, strlen(key), f->l->command);
	const char *wanted, *near;

	describe(f, where, sizeof where, key, pool);
	if (!o && option_find(key, strlen(key), NULL))
		return err_set(f->err, ERR_USAGE, "%s: does not apply to 'adit %s'; remove it",
			       where, f->l->command);
	if (!o) {
		near = option_nearest(key, f->l->command);
		return err_set(f->err, ERR_UNKNOWN,
			       near ? "%s: unknown key, did you mean \"%s\"?"
				    : "%s: unknown key; remove it (keys are long option names)",
			       where, near);
	}
	if (o->flags & (OPTION_CLI_ONLY | OPTION_NOT_FILE))
		return err_set(f->err, ERR_USAGE, "%s: belongs on the command line; remove it",
			       where);
	if (pool >= 0 && !(o->flags & OPTION_PER_POOL))
		return err_set(f->err, ERR_USAGE,
			       "%s: is not a setting of one pool; write it outside \"pools\"",
			       where);
	if (o->type == OPTION_POOLS)
		return take_pools(f, v, where);
	if (o->type == OPTION_PAIRS)
		return store_pairs(f, o, v, &at);
	if (o->type == OPTION_COMMAS && json_is_array(v))
		return store_commas(f, o, v, &at);
	wanted = wanted_type(o, v);
	if (wanted)
		return wrong_type(f, where, wanted, v);
	return store(f, o, scalar(v, number, sizeof number), &at);
}

static int take_members(const struct file *f, json_t *object, int pool)
{
	const char *key;
	json_t *v;
	int rc;

	json_object_foreach(object, key, v)
	{
		rc = take(f, key, v, pool);
		if (rc)
			return rc;
	}
	return 0;
}

static int take_pools(const struct file *f, json_t *v, const char *where)
{
	char one[192];
	const struct option_at at = {.source = FROM_FILE, .where = one};
	json_t *object;
	size_t i;
	int rc;

	if (!json_is_array(v))
		return wrong_type(f, where, "an array of objects like {\"url\": \"HOST:PORT\"}", v);
	json_array_foreach(v, i, object)
	{
		snprintf(one, sizeof one, "%s[%zu]", where, i);
		if (!json_is_object(object))
			return wrong_type(f, one, "an object like {\"url\": \"HOST:PORT\"}",
					  object);
		if (!json_object_get(object, "url") && !json_object_get(object, "pool") &&
		    !json_object_get(object, "server"))
			return err_set(f->err, ERR_USAGE,
				       "%s: has no \"url\"; add one like \"HOST:PORT\"", one);
		rc = option_new_pool(f->l, &at, f->err);
		if (!rc)
			rc = take_members(f, object, (int)i);
		if (rc)
			return rc;
	}
	return 0;
}

/* Brackets deeper than any option needs, counted before the parser recurses into them. */
static bool too_deep(const char *text, size_t len)
{
	size_t i, depth = 0;

	for (i = 0; i < len; i++) {
		if (text[i] == '"')
			for (i++; i < len && text[i] != '"'; i++)
				i += text[i] == '\\';
		else if ((text[i] == '{' || text[i] == '[') && ++depth > NESTING)
			return true;
		else if ((text[i] == '}' || text[i] == ']') && depth)
			depth--;
	}
	return false;
}

int option_file_text(struct loader *l, const char *name, const char *text, size_t len,
		     struct err *err)
{
	const struct file f = {.l = l, .name = name, .text = text, .len = len, .err = err};
	char shown[160];
	json_error_t why;
	json_t *root;
	int rc;

	if (len > FILE_MAX)
		return err_set(err, ERR_RANGE, "%s: larger than %u KiB; this is no configuration",
			       name, FILE_MAX >> 10);
	if (too_deep(text, len))
		return err_set(err, ERR_RANGE,
			       "%s: nested deeper than %d; this is no configuration", name,
			       NESTING);
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
	if (!root)
		return err_set(err, ERR_PARSE, "%s:%d:%d: not valid JSON: %s", name, why.line,
			       why.column,
			       str_printable(shown, sizeof shown, why.text, strlen(why.text)));
	if (json_is_object(root))
		rc = take_members(&f, root, -1);
	else
		rc = err_set(err, ERR_PARSE, "%s: must be a JSON object { ... }", name);
	json_decref(root);
	return rc;
}

static int read_all(const char *path, char **out, size_t *len, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *text = malloc(FILE_MAX + 1);
	struct stat st;
	ssize_t n = 0;
	int rc = 0;

	*len = 0;
	if (fd < 0 || fstat(fd, &st)) {
		rc = err_set(err, ERR_IO, "--config %s: cannot read it: %s", path, strerror(errno));
		goto out;
	}
	if (S_ISDIR(st.st_mode)) {
		rc = err_set(err, ERR_IO, "--config %s: is a directory; name the file in it", path);
		goto out;
	}
	if (!text) {
		rc = err_set(err, ERR_NOMEM, "--config %s: out of memory", path);
		goto out;
	}
	while (*len <= FILE_MAX && (n = read(fd, text + *len, FILE_MAX + 1 - *len)) > 0)
		*len += (size_t)n;
	if (n < 0)
		rc = err_set(err, ERR_IO, "--config %s: cannot read it: %s", path, strerror(errno));
out:
	if (fd >= 0)
		close(fd);
	if (rc)
		free(text);
	else
		*out = text;
	return rc;
}

int option_file(struct loader *l, const char *path, struct err *err)
{
	char *text = NULL;
	size_t len, i;
	int rc;

	rc = read_all(path, &text, &len, err);
	if (rc)
		return rc;
	rc = option_file_text(l, path, text, len, err);
	for (i = 0; i < len; i++) /* it may hold passwords */
		((volatile char *)text)[i] = 0;
	free(text);
	return rc;
}
