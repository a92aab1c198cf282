/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one option table and what reads it: command line, environment, configuration file,
 * help, man page and completions are all walks over these rows.
 */
#ifndef ADIT_OPTION_H
#define ADIT_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/err.h"
#include "src/settings.h"

enum option_type {
	OPTION_SWITCH, /* bool; --no-NAME turns it off */
	OPTION_PRESET, /* no value: stores min in an int-sized or bool member */
	OPTION_U32,
	OPTION_U64,
	OPTION_I64,
	OPTION_DOUBLE, /* finite, > 0 */
	OPTION_CHOICE, /* one of choices; stores its value */
	OPTION_TEXT,   /* char * */
	OPTION_COMMAS, /* char *: a comma list; in a file an array will do too */
	OPTION_PAIRS,  /* char **, unsigned: "name=value", repeats */
	OPTION_LOGIN,  /* "user:password" of a pool */
	OPTION_LINE,   /* a file whose first line is a pool's password */
	OPTION_POOLS   /* the array of a configuration file */
};

enum option_group {
	GROUP_MINING,
	GROUP_POOL,
	GROUP_DEVICE,
	GROUP_GUARDIAN, /* src/option_guard.def */
	GROUP_API,      /* src/option_api.def */
	GROUP_CHECK,    /* hash and scan */
	GROUP_BENCH,    /* src/option_bench.def */
	GROUP_SERVER,   /* the local pool */
	GROUP_TOP,      /* src/option_ui.def */
	GROUP_LOG,
	GROUP_GENERAL,
	GROUPS
};
extern const char *const option_groups[GROUPS]; /* titles */

enum option_flags {
	OPTION_SECRET = 1,   /* never printed, wiped from argv */
	OPTION_PER_POOL = 2, /* of the latest -o; `at` is an enum pool_field */
	OPTION_CLI_ONLY = 4, /* --help */
	OPTION_NOT_FILE = 8, /* --config */
	OPTION_FILE_ONLY = 16,
	OPTION_HIDDEN = 32,
	OPTION_LOGIN_URL = 64, /* may hold credentials before an '@' */
	OPTION_HEX = 128,      /* text of whole bytes in hexadecimal */
	OPTION_PATH = 256      /* completion offers files */
};

struct option_choice {
	const char *name;
	int value;
};

struct option {
	const char *name; /* long name, key of the file; ADIT_NAME in the environment */
	char letter;      /* 0: none */
	const char *aliases;
	enum option_type type;
	size_t at, size; /* member of struct settings */
	uint64_t min, max;
	const char *def;                     /* as a user would write it; NULL: none */
	const struct option_choice *choices; /* ended by name NULL */
	const char *arg;                     /* "URL" in the help; NULL: takes no value */
	enum option_group group;
	const char *commands; /* space separated; NULL: all */
	unsigned flags;
	const char *help;
};

extern const struct option options[]; /* ended by name NULL */

/* What a source says about one pool, still text; NULL: nothing. */
enum pool_field {
	POOL_URL,
	POOL_USER,
	POOL_WORKER,
	POOL_PASS,
	POOL_PROXY,
	POOL_TLS_CA,
	POOL_TLS_FINGERPRINT,
	POOL_TLS_INSECURE,
	POOL_COINBASE_ADDR,
	POOL_COINBASE_TAG,
	POOL_SUGGEST_DIFFICULTY,
	POOL_DISABLED_FLAG,
	POOL_FIELDS
};

struct pool_draft {
	char *field[POOL_FIELDS];
	char **pairs; /* --pool-option; NULL-ended */
	unsigned n_pairs;
	char where[96]; /* of the URL, for messages */
};

#define POOLS_MAX 64

enum option_source { FROM_FILE, FROM_ENVIRONMENT, FROM_COMMAND_LINE, OPTION_SOURCES };

struct source_draft {
	struct pool_draft all; /* said before any pool */
	struct pool_draft *pools;
	unsigned n_pools;
};

/* Everything in the making. */
struct loader {
	struct settings *s;
	const char *command;
	struct source_draft from[OPTION_SOURCES];
};

/* Where a value comes from: messages begin with `where` ("--url", "rig.json:3: url"). */
struct option_at {
	enum option_source source;
	const char *where;
	bool top; /* top level of a file: per-pool values are for all pools */
};

bool option_word(const char *list, const char *word); /* in a space separated list? NULL is empty */
bool option_applies(const struct option *o, const char *command);
bool option_takes_value(const struct option *o);

/* By long name or alias ('_' is '-'), len characters; command NULL: of any command. */
const struct option *option_find(const char *name, size_t len, const char *command);
const struct option *option_letter(char letter, const char *command);
/* The nearest long name for this command, or NULL. */
const char *option_nearest(const char *name, const char *command);

/*
 * Store one value (text as written; "true" or "false" for switches and presets).  The
 * message names at->where, what is wrong and what would be right.
 */
int option_store(struct loader *l, const struct option *o, const char *text,
		 const struct option_at *at, struct err *err);
int option_defaults(struct loader *l, struct err *err);
int option_new_pool(struct loader *l, const struct option_at *at, struct err *err);
void option_free_values(struct settings *s); /* what option_store() has put there */
void draft_done(struct source_draft *d);
void pool_draft_done(struct pool_draft *d);

/* Walk argv[first..).  fn's value points into argv; NULL text means a positional argument. */
typedef int option_fn(void *arg, const struct option *o, char *value, const char *shown,
		      struct err *err);
int option_walk(char **argv, int argc, int first, const char *command, option_fn *fn, void *arg,
		struct err *err);

/* Take every value of the file at path. */
int option_file(struct loader *l, const char *path, struct err *err);
/* The same for text in memory, for tests and the fuzzer; name is for messages. */
int option_file_text(struct loader *l, const char *name, const char *text, size_t len,
		     struct err *err);

/* Drafts to s->pools. */
int settings_pools(struct loader *l, struct err *err);
/* Whether a command has what it needs. */
int settings_check(const struct settings *s, struct err *err);
/* Whether a pool can be mined at. */
int settings_check_pool(const struct settings *s, const struct pool_config *pool, struct err *err);
int settings_check_guard(const struct settings_guard *g, struct err *err);

void help_print(const char *command); /* NULL: the program; to standard output */
void help_version(void);

/* Append text to a NULL-ended list.  0 or -ERR_NOMEM. */
int list_append(char ***list, unsigned *n, const char *text);
/* The same for "name=value", in the place of an earlier one of that name ('_' is '-'). */
int list_put_pair(char ***list, unsigned *n, const char *pair);
void list_free(char **list);  /* wipes */
void secret_free(char *text); /* NULL is fine; wipes */

#endif
