/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Defaults, file, environment and command line, in that order, become struct settings. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "src/log.h"
#include "src/option.h"
#include "src/str.h"

extern char **environ;

#define ENV_PREFIX "ADIT_"

/* What was read, kept for the next time. */
struct settings_source {
	char **argv; /* NULL-ended, without the program's name and the command */
	unsigned argc;
	char **env; /* "ADIT_..." */
	unsigned n_env;
};

struct pass {
	struct loader *l;
	const char *config; /* borrowed */
	bool help, version;
};

static int no_memory(struct err *err)
{
	return err_set(err, ERR_NOMEM, "out of memory reading the settings");
}

/* ---- the command ---- */

static const struct command *find_command(const char *name)
{
	const struct command *c;

	for (c = commands; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

static int unknown_command(const char *name, struct err *err)
{
	const struct command *c;
	const char *near = NULL;
	char shown[32];
	unsigned least = 3;

	str_printable(shown, sizeof shown, name, strlen(name));
	for (c = commands; c->name; c++) {
		unsigned d = str_distance(c->name, shown);

		if (!c->hidden && d < least) {
			least = d;
			near = c->name;
		}
	}
	if (near)
		return err_set(err, ERR_UNKNOWN, "unknown command '%s': did you mean '%s'?", shown,
			       near);
	return err_set(err, ERR_UNKNOWN, "unknown command '%s' ('adit --help' lists them)", shown);
}

/* ---- command line ---- */

/* First walk: what decides how everything else is read. */
static int look(void *arg, const struct option *o, char *value, const char *shown, struct err *err)
{
	struct pass *p = arg;

	(void)shown;
	(void)err;
	if (o && !strcmp(o->name, "help"))
		p->help = true;
	else if (o && !strcmp(o->name, "version"))
		p->version = true;
	else if (o && o->flags & OPTION_NOT_FILE)
		p->config = value;
	return 0;
}

static int take_argument(struct settings *s, const char *value, struct err *err)
{
	char shown[64];

	if (s->command->hidden || s->command->args)
		return list_append(&s->args, &s->n_args, value) ? no_memory(err) : 0;
	str_printable(shown, sizeof shown, value, strlen(value));
	if (find_command(value))
		return err_set(err, ERR_USAGE,
			       "'%s' is a command and comes first: adit %s [OPTIONS]", shown,
			       shown);
	return err_set(err, ERR_USAGE, "unexpected argument '%s' (see 'adit %s --help')", shown,
		       s->command->name);
}

static int take(void *arg, const struct option *o, char *value, const char *shown, struct err *err)
{
	struct pass *p = arg;
	const struct option_at at = {.source = FROM_COMMAND_LINE, .where = shown};

	if (!o)
		return take_argument(p->l->s, value, err);
	if (o->flags & OPTION_CLI_ONLY)
		return 0;
	return option_store(p->l, o, value, &at, err);
}

static void wipe(char *from, const char *to)
{
	while (from < to)
		*from++ = '*';
}

/* Third walk, over the memory that ps(1) shows. */
static int scrub(void *arg, const struct option *o, char *value, const char *shown, struct err *err)
{
	char *from, *at;

	(void)arg;
	(void)shown;
	(void)err;
	if (!o)
		return 0;
	if (o->flags & OPTION_SECRET) {
		wipe(value, value + strlen(value));
	} else if (o->flags & OPTION_LOGIN_URL) {
		from = strstr(value, "://");
		from = from ? from + 3 : value;
		at = strrchr(from, '@');
		if (at)
			wipe(from, at);
	}
	return 0;
}

/* ---- environment ---- */

static void env_name(char *out, size_t size, const struct option *o)
{
	char *p;

	snprintf(out, size, ENV_PREFIX "%s", o->name);
	for (p = out; *p; p++)
		*p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
}

static const char *env_value(const struct settings_source *from, const char *name)
{
	size_t len = strlen(name);
	unsigned i;

	for (i = 0; i < from->n_env; i++)
		if (!strncmp(from->env[i], name, len) && from->env[i][len] == '=' &&
		    from->env[i][len + 1])
			return from->env[i] + len + 1;
	return NULL;
}

static bool in_environment(const struct option *o, const char *command)
{
	return !(o->flags & (OPTION_CLI_ONLY | OPTION_FILE_ONLY)) && option_applies(o, command);
}

static int take_environment(struct loader *l, const struct settings_source *from, struct err *err)
{
	char name[64];
	const struct option_at at = {.source = FROM_ENVIRONMENT, .where = name};
	size_t i;
	int rc = 0;

	for (i = 0; !rc && options[i].name; i++) {
		const char *value;

		env_name(name, sizeof name, &options[i]);
		value = in_environment(&options[i], l->command) ? env_value(from, name) : NULL;
		if (value)
			rc = option_store(l, &options[i], value, &at, err);
	}
	return rc;
}

/* Child processes have no use for passwords. */
static void forget_secrets(void)
{
	char name[64];
	size_t i;

	for (i = 0; options[i].name; i++) {
		if (!(options[i].flags & (OPTION_SECRET | OPTION_LOGIN_URL)))
			continue;
		env_name(name, sizeof name, &options[i]);
		unsetenv(name);
	}
}

/* ---- all of it ---- */

static void source_free(struct settings_source *from)
{
	if (!from)
		return;
	list_free(from->argv);
	list_free(from->env);
	free(from);
}

static int copy_lists(struct settings_source *out, char **argv, int argc, char **env)
{
	int i, rc = 0;

	for (i = 0; !rc && i < argc; i++)
		rc = list_append(&out->argv, &out->argc, argv[i]);
	for (i = 0; !rc && env && env[i]; i++)
		if (!strncmp(env[i], ENV_PREFIX, sizeof ENV_PREFIX - 1))
			rc = list_append(&out->env, &out->n_env, env[i]);
	return rc;
}

static int source_new(struct settings_source **out, char **argv, int argc, char **env,
		      struct err *err)
{
	struct settings_source *from = calloc(1, sizeof *from);

	if (!from || copy_lists(from, argv, argc, env)) {
		source_free(from);
		return no_memory(err);
	}
	*out = from;
	return 0;
}

static int walk(struct settings_source *from, struct pass *p, option_fn *fn, struct err *err)
{
	return option_walk(from->argv, (int)from->argc, 0, p->l->command, fn, p, err);
}

static int read_all(struct loader *l, struct settings_source *from, struct pass *p, struct err *err)
{
	int rc = option_defaults(l, err);

	if (!p->config && option_find("config", 6, l->command))
		p->config = env_value(from, ENV_PREFIX "CONFIG");
	if (!rc && p->config)
		rc = option_file(l, p->config, err);
	if (!rc)
		rc = take_environment(l, from, err);
	if (!rc)
		rc = walk(from, p, take, err);
	if (!rc)
		rc = settings_pools(l, err);
	if (!rc) {
		l->s->log.file = l->s->log_file;
		if (l->s->protocol_dump)
			l->s->log.level = LOG_DEBUG;
		rc = settings_check(l->s, err);
	}
	return rc;
}

/* For pools that come later. */
static int keep_common(struct loader *l, struct err *err)
{
	unsigned i;

	l->s->common = calloc(OPTION_SOURCES, sizeof *l->s->common);
	if (!l->s->common)
		return no_memory(err);
	for (i = 0; i < OPTION_SOURCES; i++) {
		l->s->common[i] = l->from[i].all;
		memset(&l->from[i].all, 0, sizeof l->from[i].all);
	}
	return 0;
}

/* Takes over `from`. */
static int build(struct settings **out, const struct command *command, struct settings_source *from,
		 bool *done, struct err *err)
{
	struct settings *s = calloc(1, sizeof *s);
	struct loader l = {.s = s, .command = command->name};
	struct pass p = {.l = &l};
	int i, rc;

	if (!s) {
		source_free(from);
		return no_memory(err);
	}
	s->command = command;
	s->source = from;
	rc = walk(from, &p, look, err);
	if (done && (p.help || p.version)) {
		*done = true;
		rc = 0;
		if (p.help)
			help_print(command->name);
		else
			help_version();
		goto out;
	}
	if (!rc)
		rc = read_all(&l, from, &p, err);
	if (!rc)
		rc = keep_common(&l, err);
out:
	for (i = 0; i < OPTION_SOURCES; i++)
		draft_done(&l.from[i]);
	if (rc || (done && *done))
		settings_free(s);
	else
		*out = s;
	return rc;
}

/* What other miners are told anywhere on the line. */
static bool wants_benchmark(char **argv, int argc)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--benchmark"))
			return true;
	return false;
}

int settings_load(struct settings **out, int argc, char **argv, bool *done, struct err *err)
{
	const struct command *command = commands;
	struct settings_source *from;
	int first = argc > 1 && argv[1][0] != '-' ? 2 : 1;
	int rc;

	*done = false;
	if (first == 2 && !strcmp(argv[1], "help")) {
		*done = true;
		if (argc > 2 && !find_command(argv[2]))
			return unknown_command(argv[2], err);
		help_print(argc > 2 ? argv[2] : commands->name);
		return 0;
	}
	if (first == 2)
		command = find_command(argv[1]);
	else if (wants_benchmark(argv, argc))
		command = find_command("bench");
	if (!command)
		return unknown_command(argv[1], err);
	if (argc < first)
		first = argc;
	rc = source_new(&from, argv + first, argc - first, environ, err);
	if (rc)
		return rc;
	option_walk(argv, argc, first, command->name, scrub, NULL, NULL);
	forget_secrets();
	return build(out, command, from, done, err);
}

int settings_reload(struct settings **out, const struct settings *old, struct err *err)
{
	struct settings_source *from;
	int rc;

	rc = source_new(&from, old->source->argv, (int)old->source->argc, old->source->env, err);
	if (rc)
		return rc;
	return build(out, old->command, from, NULL, err);
}

void settings_free(struct settings *s)
{
	unsigned i;

	if (!s)
		return;
	option_free_values(s);
	for (i = 0; i < s->n_pools; i++)
		pool_config_done(&s->pools[i]);
	free(s->pools);
	for (i = 0; s->common && i < OPTION_SOURCES; i++)
		pool_draft_done(&s->common[i]);
	free(s->common);
	list_free(s->args);
	source_free(s->source);
	free(s);
}
