/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line: getopt's rules, over the option table. */
#include <string.h>

#include "src/option.h"
#include "src/str.h"

#define SHOWN 64

struct walk {
	char **argv;
	int argc, at; /* at: of the argument being read */
	const char *command;
	option_fn *fn;
	void *arg;
	struct err *err;
};

static char *next_argument(struct walk *w)
{
	return w->at + 1 < w->argc ? w->argv[++w->at] : NULL;
}

static int unknown(struct walk *w, const char *name, size_t len)
{
	char shown[SHOWN];
	const struct option *other = option_find(name, len, NULL);
	const char *near;

	str_printable(shown, sizeof shown, name, len);
	if (other && !(other->flags & OPTION_FILE_ONLY))
		return err_set(w->err, ERR_USAGE,
			       "--%s does not apply to 'adit %s' (see 'adit %s --help')",
			       other->name, w->command, w->command);
	near = option_nearest(shown, w->command);
	if (near)
		return err_set(w->err, ERR_UNKNOWN, "unknown option '--%s': did you mean '--%s'?",
			       shown, near);
	return err_set(w->err, ERR_UNKNOWN, "unknown option '--%s' (see 'adit %s --help')", shown,
		       w->command);
}

static int missing(struct walk *w, const struct option *o)
{
	return err_set(w->err, ERR_USAGE, "--%s needs a value: --%s %s", o->name, o->name, o->arg);
}

static int call(struct walk *w, const struct option *o, char *value)
{
	char shown[SHOWN] = "--";

	str_copy(shown + 2, sizeof shown - 2, o->name);
	return w->fn(w->arg, o, value, shown, w->err);
}

/* --no-NAME, where NAME is a switch. */
static const struct option *negated(struct walk *w, const char *name, size_t len)
{
	const struct option *o;

	if (len < 4 || strncmp(name, "no", 2) || (name[2] != '-' && name[2] != '_'))
		return NULL;
	o = option_find(name + 3, len - 3, w->command);
	return o && o->type == OPTION_SWITCH && !(o->flags & OPTION_CLI_ONLY) ? o : NULL;
}

static int long_option(struct walk *w)
{
	static char yes[] = "true", no[] = "false";
	char *name = w->argv[w->at] + 2;
	size_t len = strcspn(name, "=");
	char *value = name[len] == '=' ? name + len + 1 : NULL;
	const struct option *o = option_find(name, len, w->command);

	if (o && o->flags & OPTION_FILE_ONLY)
		return err_set(w->err, ERR_USAGE,
			       "--%s is for configuration files only (see --config)", o->name);
	if (!o) {
		o = negated(w, name, len);
		if (!o)
			return unknown(w, name, len);
		if (value)
			return err_set(w->err, ERR_USAGE, "--no-%s takes no value", o->name);
		return call(w, o, no);
	}
	if (!option_takes_value(o))
		return call(w, o, value ? value : yes);
	if (!value)
		value = next_argument(w);
	return value ? call(w, o, value) : missing(w, o);
}

/* -oVALUE, -o VALUE, or several switches in one word. */
static int letters(struct walk *w)
{
	static char yes[] = "true";
	char *p;

	for (p = w->argv[w->at] + 1; *p; p++) {
		const struct option *o = option_letter(*p, w->command);
		char shown[2];
		int rc;

		if (!o && option_letter(*p, NULL))
			return err_set(w->err, ERR_USAGE,
				       "-%c does not apply to 'adit %s' (see 'adit %s --help')", *p,
				       w->command, w->command);
		if (!o)
			return err_set(w->err, ERR_UNKNOWN,
				       "unknown option '-%s' (see 'adit %s --help')",
				       str_printable(shown, sizeof shown, p, 1), w->command);
		if (option_takes_value(o)) {
			char *value = p[1] ? p + 1 : next_argument(w);

			return value ? call(w, o, value) : missing(w, o);
		}
		rc = call(w, o, yes);
		if (rc)
			return rc;
	}
	return 0;
}

int option_walk(char **argv, int argc, int first, const char *command, option_fn *fn, void *arg,
		struct err *err)
{
	struct walk w = {.argv = argv,
			 .argc = argc,
			 .at = first,
			 .command = command,
			 .fn = fn,
			 .arg = arg,
			 .err = err};
	bool only_positional = false;
	int rc = 0;

	for (; !rc && w.at < argc; w.at++) {
		const char *a = argv[w.at];

		if (only_positional || a[0] != '-' || !a[1])
			rc = fn(arg, NULL, argv[w.at], "argument", err);
		else if (a[1] == '-' && !a[2])
			only_positional = true;
		else if (a[1] == '-')
			rc = long_option(&w);
		else
			rc = letters(&w);
	}
	return rc;
}
