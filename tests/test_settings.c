/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The option table through all its readers: every row, every source, and what goes wrong. */
#include <ctype.h>
#include <fcntl.h>
#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

#include "algos/algo.h"
#include "src/log.h"
#include "src/option.h"
#include "src/utf8.h"
#include "tests/t.h"

#define ARGS_MAX 48

static char dir[64]; /* scratch directory, the working directory of the test */

/* ---- helpers ---- */

struct args {
	char *v[ARGS_MAX + 1];
	int n;
};

static void arg(struct args *a, const char *text)
{
	if (a->n == ARGS_MAX) {
		printf("too many arguments in a test\n");
		exit(T_BROKEN);
	}
	a->v[a->n++] = strdup(text);
	a->v[a->n] = NULL;
}

/* One string, split at spaces; '~' stands for a space in a value. */
static void arg_line(struct args *a, const char *line)
{
	char word[512];

	while (*line) {
		size_t n = strcspn(line, " "), i;

		for (i = 0; i < n && i < sizeof word - 1; i++)
			word[i] = line[i] == '~' ? ' ' : line[i];
		word[i] = '\0';
		arg(a, word);
		line += n + strspn(line + n, " ");
	}
}

static void args_free(struct args *a)
{
	while (a->n)
		free(a->v[--a->n]);
}

static int load(struct settings **out, struct args *a, struct err *err)
{
	bool done;

	*out = NULL;
	*err = (struct err){0};
	return settings_load(out, a->n, a->v, &done, err);
}

static int load_line(struct settings **out, const char *line, struct err *err)
{
	struct args a = {0};
	int rc;

	arg(&a, "adit");
	arg_line(&a, line);
	rc = load(out, &a, err);
	args_free(&a);
	return rc;
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	size_t len = strlen(text);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len) {
		printf("cannot write %s\n", path);
		exit(T_BROKEN);
	}
	close(fd);
}

static void env_name(char *out, size_t size, const char *name)
{
	char *p;

	snprintf(out, size, "ADIT_%s", name);
	for (p = out; *p; p++)
		*p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
}

/* ---- every row from every source ---- */

/* A value unlike the default. */
static const char *sample(const struct option *o)
{
	static char text[80];

	switch (o->type) {
	case OPTION_SWITCH:
	case OPTION_PRESET:
		return "true";
	case OPTION_U32:
	case OPTION_U64:
	case OPTION_I64:
		return "7";
	case OPTION_DOUBLE:
		return "2.5";
	case OPTION_CHOICE:
		return o->choices[1].name;
	case OPTION_PAIRS:
		return !strcmp(o->name, "set") ? "lookup_gap=2" : "some-name=some~value";
	case OPTION_LOGIN:
		return "login:loginpass";
	case OPTION_LINE:
		return "passfile";
	default:
		break;
	}
	if (!strcmp(o->name, "algo"))
		return "litecoin";
	if (!strcmp(o->name, "url"))
		return "host.example:4";
	if (!strcmp(o->name, "config"))
		return "empty.json";
	if (!strcmp(o->name, "proxy"))
		return "socks5://proxy.example:9";
	if (!strcmp(o->name, "tls-fingerprint")) {
		memset(text, 'a', 64);
		text[64] = '\0';
		return text;
	}
	if (o->flags & OPTION_HEX) {
		memset(text, 'b', 64);
		text[64] = '\0';
		return text;
	}
	return "some-text";
}

static const char *pool_text(const struct pool_config *p, const struct option *o)
{
	static char text[600];
	size_t len = strlen(o->name), i;

	if (!strcmp(o->name, "worker"))
		return strchr(p->user, '.') ? strchr(p->user, '.') + 1 : p->user;
	if (!strcmp(o->name, "userpass")) {
		snprintf(text, sizeof text, "%s:%s", p->user, p->password);
		return text;
	}
	if (!strcmp(o->name, "pass-file"))
		return !strcmp(p->password, "from the file") ? "passfile" : p->password;
	if (o->type == OPTION_PAIRS)
		return p->options[0] ? p->options[0] : "";
	if (o->type == OPTION_SWITCH)
		return (o->at == POOL_TLS_INSECURE ? p->tls_insecure : p->disabled) ? "true"
										    : "false";
	for (i = 0; p->options[i]; i++)
		if (!strncmp(p->options[i], o->name, len) && p->options[i][len] == '=')
			return p->options[i] + len + 1;
	switch (o->at) {
	case POOL_URL:
		return p->url;
	case POOL_USER:
		return p->user;
	case POOL_PASS:
		return p->password;
	case POOL_PROXY:
		return p->proxy;
	case POOL_TLS_CA:
		return p->tls_ca;
	case POOL_TLS_FINGERPRINT:
		return p->tls_fingerprint;
	default:
		return "";
	}
}

/* A member as a user would write it. */
static const char *member_text(const struct settings *s, const struct option *o)
{
	static char text[80];
	const char *at = (const char *)s + o->at;
	int64_t n = 0;
	double number;
	int i;

	switch (o->type) {
	case OPTION_TEXT:
	case OPTION_COMMAS:
		return *(char *const *)(const void *)at;
	case OPTION_PAIRS:
		return s->n_set ? s->set[0] : "";
	case OPTION_DOUBLE:
		memcpy(&number, at, sizeof number);
		snprintf(text, sizeof text, "%g", number);
		return text;
	default:
		break;
	}
	memcpy(&n, at, o->size); /* little-endian, like every machine with a GPU */
	if (o->type == OPTION_SWITCH)
		return n ? "true" : "false";
	if (o->type == OPTION_PRESET)
		return (uint64_t)n == o->min ? "true" : "false";
	for (i = 0; o->choices && o->choices[i].name; i++)
		if (o->choices[i].value == (int)n)
			return o->choices[i].name;
	snprintf(text, sizeof text, "%" PRId64, n);
	return text;
}

/* What each command cannot do without, but for the option under test. */
static void base_args(struct args *a, const char *command, const char *but, bool pools)
{
	static const char *const needs[][3] = {
		{"mine check pool hash scan", "algo", "scrypt"},
		{"mine check", "url", "base.example:1"},
		{"mine check", "user", "base"},
		{"hash scan", "header", "00"},
		{"hash", "nonce", "1"},
		{"scan", "count", "1"},
		{"scan", "target",
		 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
		{"pool", "tls-cert", "cert"},
		{"pool", "tls-key", "key"},
	};
	char text[128];
	size_t i;

	for (i = 0; i < sizeof needs / sizeof needs[0]; i++) {
		if (!option_word(needs[i][0], command) || !strcmp(needs[i][1], but))
			continue;
		if (!pools && (!strcmp(needs[i][1], "url") || !strcmp(needs[i][1], "user")))
			continue;
		if (!strcmp(needs[i][1], "user") && !strcmp(but, "userpass"))
			continue;
		snprintf(text, sizeof text, "--%s=%s", needs[i][1], needs[i][2]);
		arg(a, text);
	}
}

enum form {
	LONG_EQUALS,
	LONG_SPACE,
	UNDERSCORES,
	LETTER,
	LETTER_SPACE,
	ENVIRONMENT,
	FILE_TOP,
	FILE_POOL,
	FORMS
};

/* Put one option in the given form; false when that form does not exist for it. */
static bool put(struct args *a, const struct option *o, enum form form, const char *value)
{
	bool takes = option_takes_value(o), number;
	char text[700], name[64], *p;

	if (o->flags & OPTION_FILE_ONLY && form < FILE_TOP)
		return false;
	switch (form) {
	case LONG_EQUALS:
	case UNDERSCORES:
		snprintf(text, sizeof text, "--%s=%s", o->name, value);
		for (p = text + 2; form == UNDERSCORES && *p != '='; p++)
			*p = *p == '-' ? '_' : *p;
		arg(a, text);
		return true;
	case LONG_SPACE:
		snprintf(text, sizeof text, "--%s", o->name);
		arg(a, text);
		if (takes)
			arg(a, value);
		return true;
	case LETTER:
	case LETTER_SPACE:
		if (!o->letter)
			return false;
		snprintf(text, sizeof text, "-%c%s", o->letter,
			 takes && form == LETTER ? value : "");
		arg(a, text);
		if (takes && form == LETTER_SPACE)
			arg(a, value);
		return true;
	case ENVIRONMENT:
		env_name(name, sizeof name, o->name);
		setenv(name, value, 1);
		return true;
	default:
		break;
	}
	if (o->flags & OPTION_NOT_FILE || !option_find("config", 6, a->v[1]))
		return false;
	number = o->type == OPTION_U32 || o->type == OPTION_U64 || o->type == OPTION_DOUBLE ||
		 !takes;
	if (form == FILE_TOP) {
		snprintf(text, sizeof text, "{\"%s\": %s%s%s}", o->name, number ? "" : "\"", value,
			 number ? "" : "\"");
	} else {
		if (!(o->flags & OPTION_PER_POOL) || !strcmp(o->name, "url"))
			return false;
		/* a disabled pool needs another one */
		snprintf(text, sizeof text,
			 "{\"pools\": [{\"url\": \"base.example:1\", \"%s\": %s%s%s}, {\"url\": "
			 "\"other.example:2\"}]}",
			 o->name, number ? "" : "\"", value, number ? "" : "\"");
	}
	write_file("one.json", text);
	arg(a, "--config=one.json");
	return true;
}

static void try_form(const struct option *o, const char *command, enum form form)
{
	struct settings *s = NULL;
	struct args a = {0};
	struct err err = {0};
	const char *got, *want = sample(o);
	char shown[700], name[64];
	bool exists;

	arg(&a, "adit");
	arg(&a, command);
	/* The command line would win over the pools of the file. */
	base_args(&a, command, o->name, form != FILE_POOL);
	exists = put(&a, o, form, want);
	if (!exists)
		goto out;
	/* Disabling every pool is an error of its own. */
	if (o->flags & OPTION_PER_POOL && o->at == POOL_DISABLED_FLAG && form != FILE_POOL)
		goto out;
	if (!CHECK_OK(load(&s, &a, &err), &err)) {
		printf("\tin: %s --%s form %d\n", command, o->name, (int)form);
		goto out;
	}
	got = o->flags & OPTION_PER_POOL ? pool_text(&s->pools[0], o) : member_text(s, o);
	if (o->flags & OPTION_PER_POOL && !strcmp(o->name, "url"))
		snprintf(shown, sizeof shown, "stratum+tcp://%s", want);
	else
		snprintf(shown, sizeof shown, "%s", want);
	if (!CHECK_STR(got, shown))
		printf("\tin: %s --%s form %d\n", command, o->name, (int)form);
out:
	env_name(name, sizeof name, o->name);
	unsetenv(name);
	settings_free(s);
	args_free(&a);
}

static void every_option_parses_from_every_source(void)
{
	const struct command *c;
	size_t i;
	int form;

	for (i = 0; options[i].name; i++) {
		const struct option *o = &options[i];

		if (o->flags & OPTION_CLI_ONLY || o->type == OPTION_POOLS)
			continue;
		for (c = commands; c->name; c++)
			for (form = 0; option_applies(o, c->name) && form < FORMS; form++)
				try_form(o, c->name, (enum form)form);
	}
}

static void rows_are_sound(void)
{
	size_t i, k;

	for (i = 0; options[i].name; i++) {
		const struct option *o = &options[i];

		CHECK(o->help && *o->help && !strchr(o->help, '\n'));
		CHECK((o->arg != NULL) == option_takes_value(o) || o->type == OPTION_POOLS);
		CHECK(o->type != OPTION_CHOICE || (o->choices && o->def));
		CHECK(!o->def || o->type == OPTION_TEXT || o->min <= o->max);
		/* no command has two rows of one name or letter */
		for (k = i + 1; options[k].name; k++) {
			const struct command *c;

			for (c = commands; c->name; c++) {
				if (!option_applies(o, c->name) ||
				    !option_applies(&options[k], c->name))
					continue;
				if (!CHECK(strcmp(o->name, options[k].name) &&
					   !option_word(options[k].aliases, o->name) &&
					   !option_word(o->aliases, options[k].name)))
					printf("\t--%s and --%s\n", o->name, options[k].name);
				CHECK(!o->letter || o->letter != options[k].letter);
			}
		}
	}
}

static void aliases_mean_their_option(void)
{
	size_t i;

	for (i = 0; options[i].name; i++) {
		const char *list = options[i].aliases;

		while (list && *list) {
			size_t n = strcspn(list, " ");

			CHECK_PTR(option_find(list, n, NULL), &options[i]);
			list += n + strspn(list + n, " ");
		}
	}
}

/* ---- precedence ---- */

static void each_source_wins_over_the_one_before(void)
{
	static const uint64_t plain[] = {0, 1, 2, 3};
	static const char *const users[] = {"", "file", "environment", "command"};
	int mask;

	write_file("prec.json", "{\"retries\": 1, \"user\": \"file\", \"log-level\": \"warn\"}");
	for (mask = 0; mask < 8; mask++) {
		struct settings *s;
		struct args a = {0};
		struct err err;
		int top = mask & 4 ? 3 : mask & 2 ? 2 : mask & 1 ? 1 : 0;

		arg(&a, "adit");
		arg_line(&a, "mine -a scrypt");
		if (mask & 1)
			arg_line(&a, "-c prec.json");
		if (mask & 2) {
			setenv("ADIT_RETRIES", "2", 1);
			setenv("ADIT_USER", "environment", 1);
		}
		if (mask & 4)
			arg_line(&a, "--retries 3 -u command");
		arg_line(&a, "-o h.example:1");
		if (CHECK_OK(load(&s, &a, &err), &err)) {
			CHECK_U64(s->retries, plain[top]);
			CHECK_STR(s->pools[0].user, users[top]);
			CHECK_INT(s->log.level, mask & 1 ? LOG_WARN : LOG_NOTICE);
		}
		settings_free(s);
		args_free(&a);
		unsetenv("ADIT_RETRIES");
		unsetenv("ADIT_USER");
	}
}

static void pools_come_from_the_highest_source_that_names_any(void)
{
	struct settings *s;
	struct err err;

	write_file(
		"pools.json",
		"{\"algo\": \"scrypt\", \"pools\": [{\"url\": \"a.example:1\", \"user\": \"ua\"},"
		" {\"url\": \"b.example:2\"}], \"user\": \"all\"}");
	if (CHECK_OK(load_line(&s, "-c pools.json", &err), &err)) {
		CHECK_U64(s->n_pools, 2);
		CHECK_STR(s->pools[0].user, "ua");
		CHECK_STR(s->pools[1].user, "all");
	}
	settings_free(s);
	if (CHECK_OK(load_line(&s, "-c pools.json -u mine", &err), &err)) {
		CHECK_U64(s->n_pools, 2);
		CHECK_STR(s->pools[0].user, "mine");
		CHECK_STR(s->pools[1].user, "mine");
	}
	settings_free(s);
	if (CHECK_OK(load_line(&s, "-c pools.json -o c.example:3", &err), &err)) {
		CHECK_U64(s->n_pools, 1);
		CHECK_STR(s->pools[0].url, "stratum+tcp://c.example:3");
		CHECK_STR(s->pools[0].user, "all");
	}
	settings_free(s);
}

static void pool_options_bind_to_the_latest_pool(void)
{
	struct settings *s;
	struct err err;

	if (!CHECK_OK(load_line(&s,
				"-a scrypt -p everyone -o a.example:1 -u ua -w rig --tls-insecure "
				"--pool-option x=1 --coinbase-addr addr -o b.example:2 -O ub:pb:c "
				"--pool_option y_z=2 -o u%40c:p%3Ac@c.example:3 -x socks5://h:9",
				&err),
		      &err))
		return;
	CHECK_U64(s->n_pools, 3);
	CHECK_STR(s->pools[0].user, "ua.rig");
	CHECK_STR(s->pools[0].password, "everyone");
	CHECK(s->pools[0].tls_insecure);
	CHECK_STR(s->pools[0].options[0], "x=1");
	CHECK_STR(s->pools[0].options[1], "coinbase-addr=addr");
	CHECK_STR(s->pools[0].options[2], NULL);
	CHECK_STR(s->pools[1].user, "ub");
	CHECK_STR(s->pools[1].password, "pb:c");
	CHECK(!s->pools[1].tls_insecure);
	CHECK_STR(s->pools[1].options[0], "y_z=2");
	CHECK_STR(s->pools[1].proxy, NULL);
	CHECK_STR(s->pools[2].url, "stratum+tcp://c.example:3");
	CHECK_STR(s->pools[2].user, "u@c");
	CHECK_STR(s->pools[2].password, "everyone");
	CHECK_STR(s->pools[2].proxy, "socks5://h:9");
	CHECK_STR(s->pools[2].parsed.password, "");
	settings_free(s);
}

static void url_credentials_yield_to_options_of_the_same_source(void)
{
	struct settings *s;
	struct err err;

	if (CHECK_OK(load_line(&s, "-a scrypt -o me:mine@a.example:1", &err), &err)) {
		CHECK_STR(s->pools[0].user, "me");
		CHECK_STR(s->pools[0].password, "mine");
	}
	settings_free(s);
	if (CHECK_OK(load_line(&s, "-a scrypt -o me:mine@a.example:1 -u you", &err), &err)) {
		CHECK_STR(s->pools[0].user, "you");
		CHECK_STR(s->pools[0].password, "mine");
	}
	settings_free(s);
	setenv("ADIT_USER", "environment", 1);
	if (CHECK_OK(load_line(&s, "-a scrypt -o me:mine@a.example:1", &err), &err))
		CHECK_STR(s->pools[0].user, "me");
	settings_free(s);
	unsetenv("ADIT_USER");
}

static void later_pairs_replace_earlier_ones(void)
{
	struct settings *s;
	struct err err;

	write_file("set.json", "{\"set\": {\"lookup-gap\": 4}, \"devices\": [0, \"sim:2\", 5], "
			       "\"intensity\": 22}");
	if (CHECK_OK(load_line(&s, "-c set.json -a scrypt -o h:1 --set lookup_gap=8", &err),
		     &err)) {
		CHECK_U64(s->n_set, 1);
		CHECK_STR(s->set[0], "lookup_gap=8");
		CHECK_STR(s->devices, "0,sim:2,5");
		CHECK_STR(s->intensity, "22");
	}
	settings_free(s);
}

static void switches_can_be_taken_back(void)
{
	struct settings *s;
	struct err err;

	setenv("ADIT_QUIET", "yes", 1);
	if (CHECK_OK(
		    load_line(&s, "-a scrypt -o h:1 -qP --no-quiet --no_protocol_dump -P -D", &err),
		    &err)) {
		CHECK(!s->log.quiet);
		CHECK(s->protocol_dump);
		CHECK_INT(s->log.level, LOG_DEBUG);
	}
	settings_free(s);
	unsetenv("ADIT_QUIET");
}

/* ---- secrets ---- */

static void passwords_leave_argv_and_environment(void)
{
	static const char *const want[] = {"adit",     "mine",    "-a",
					   "scrypt",   "-o",      "stratum+ssl://********@h:1",
					   "-p",       "*****",   "-p*****",
					   "-O",       "*******", "--pass=*****",
					   "-o**@j:2", "-x",      "socks5://***@h:3"};
	struct settings *s, *again = NULL;
	struct args a = {0};
	struct err err;
	int i;

	arg(&a, "adit");
	arg_line(&a, "mine -a scrypt -o stratum+ssl://user:1@x@h:1 -p first -plater -O us:pass "
		     "--pass=third -ou@@j:2 -x socks5://u:p@h:3");
	setenv("ADIT_PASS", "in-the-environment", 1);
	if (CHECK_OK(load(&s, &a, &err), &err)) {
		for (i = 0; i < a.n; i++)
			CHECK_STR(a.v[i], want[i]);
		CHECK_STR(s->pools[0].password, "third");
		CHECK_STR(s->pools[1].password, "in-the-environment");
		CHECK_STR(getenv("ADIT_PASS"), NULL);
		if (CHECK_OK(settings_reload(&again, s, &err), &err)) {
			CHECK_STR(again->pools[0].password, "third");
			CHECK_STR(again->pools[1].password, "in-the-environment");
		}
	}
	settings_free(again);
	settings_free(s);
	args_free(&a);
}

static void password_comes_from_a_file(void)
{
	struct settings *s;
	struct err err;

	if (CHECK_OK(load_line(&s, "-a scrypt -o h:1 -p no --pass-file passfile", &err), &err))
		CHECK_STR(s->pools[0].password, "from the file");
	settings_free(s);
	CHECK_ERR(load_line(&s, "-a scrypt -o h:1 --pass-file missing", &err), ERR_IO, &err);
	CHECK_STR(err.text, "--pass-file missing: cannot read it: No such file or directory");
	write_file("blank", "");
	CHECK_ERR(load_line(&s, "-a scrypt -o h:1 --pass-file blank", &err), ERR_IO, &err);
}

/* What a file descriptor receives while a command runs. */
static char *capture(int fd, int (*run)(struct settings *), struct settings *s)
{
	static char text[1 << 16];
	int saved = dup(fd), file = open("captured", O_RDWR | O_CREAT | O_TRUNC, 0600);
	ssize_t n;

	fflush(NULL);
	dup2(file, fd);
	run(s);
	fflush(NULL);
	dup2(saved, fd);
	close(saved);
	n = pread(file, text, sizeof text - 1, 0);
	close(file);
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static void check_prints_json_without_passwords(void)
{
	struct settings *s;
	struct err err;
	json_t *root, *pool;
	char *text;

	if (!CHECK_OK(load_line(&s,
				"check -a scrypt -o me:hidden1@h:1 -p hidden2 -x "
				"socks5://u:hidden3@p:2 -o j:3",
				&err),
		      &err))
		return;
	text = capture(STDOUT_FILENO, cmd_check, s);
	CHECK_LACKS(text, "hidden");
	root = json_loads(text, 0, NULL);
	if (CHECK(root != NULL)) {
		CHECK_STR(json_string_value(json_object_get(root, "algo")), "scrypt");
		pool = json_array_get(json_object_get(root, "pools"), 0);
		CHECK_STR(json_string_value(json_object_get(pool, "pass")), "***");
		CHECK_STR(json_string_value(json_object_get(pool, "user")), "me");
		pool = json_array_get(json_object_get(root, "pools"), 1);
		CHECK_STR(json_string_value(json_object_get(pool, "pass")), "x");
	}
	json_decref(root);
	settings_free(s);
}

static int log_password(struct settings *s)
{
	log_error(LOG_POOL, "the password is %s", s->pools[0].password);
	return 0;
}

static void passwords_are_masked_in_the_log(void)
{
	struct settings *s;
	struct err err;
	char *text;

	if (!CHECK_OK(load_line(&s, "-a scrypt -o h:1 -p hidden4", &err), &err))
		return;
	text = capture(STDERR_FILENO, log_password, s);
	CHECK_HAS(text, "the password is ***");
	CHECK_LACKS(text, "hidden");
	settings_free(s);
}

/* ---- errors: argv -> the exact line ---- */

struct mistake {
	const char *args, *line;
};

static void check_mistakes(const struct mistake *m)
{
	for (; m->args; m++) {
		struct settings *s;
		struct err err;
		int rc = load_line(&s, m->args, &err);

		if (!CHECK(rc < 0) || !CHECK_STR(err.text, m->line))
			printf("\tin: %s\n", m->args);
		CHECK(!strchr(err.text, '\n'));
		settings_free(s);
	}
}

static void mistakes_on_the_command_line_are_named(void)
{
	static const struct mistake mistakes[] = {
		{"", "no algorithm given: add -a NAME ('adit algos' lists them)"},
		{"mien -a scrypt", "unknown command 'mien': did you mean 'mine'?"},
		{"fly", "unknown command 'fly' ('adit --help' lists them)"},
		{"-a scrypt mine", "'mine' is a command and comes first: adit mine [OPTIONS]"},
		{"-a scrypt extra", "unexpected argument 'extra' (see 'adit mine --help')"},
		{"-a scrypt -- -x", "unexpected argument '-x' (see 'adit mine --help')"},
		{"-a scrpt -o h:1",
		 "unknown algorithm 'scrpt': did you mean 'scrypt'? ('adit algos' lists all)"},
		{"-a zzzzzzzzzzzz -o h:1",
		 "unknown algorithm 'zzzzzzzzzzzz' ('adit algos' lists all)"},
		{"-a scrypt", "no pool given: add -o HOST:PORT and -u USER (to try without one: "
			      "'adit pool -a scrypt')"},
		{"--algoo x", "unknown option '--algoo': did you mean '--algo'?"},
		{"--tls_fingerprnt=1",
		 "unknown option '--tls_fingerprnt': did you mean '--tls-fingerprint'?"},
		{"--qqqqqqqqqqqqqqq",
		 "unknown option '--qqqqqqqqqqqqqqq' (see 'adit mine --help')"},
		{"-Z", "unknown option '-Z' (see 'adit mine --help')"},
		{"-qZ", "unknown option '-Z' (see 'adit mine --help')"},
		{"hash -o h:1", "-o does not apply to 'adit hash' (see 'adit hash --help')"},
		{"mine --header 00",
		 "--header does not apply to 'adit mine' (see 'adit mine --help')"},
		{"--disabled", "--disabled is for configuration files only (see --config)"},
		{"-a", "--algo needs a value: --algo NAME"},
		{"-a scrypt --url", "--url needs a value: --url URL"},
		{"--no-quiet=1", "--no-quiet takes no value"},
		{"--quiet=perhaps", "--quiet: 'perhaps' is neither true nor false"},
		{"--retries=x", "--retries: 'x' must be a whole number from 0 to 1000000"},
		{"--retries=1000001",
		 "--retries: '1000001' must be a whole number from 0 to 1000000"},
		{"-T -1", "--timeout: '-1' must be a whole number from 0 to 86400"},
		{"--batch-ms 0", "--batch-ms: '0' must be a whole number from 1 to 10000"},
		{"--log-level loud", "--log-level: 'loud' is not one of error, warn, info, debug"},
		{"--suggest-difficulty nan",
		 "--suggest-difficulty: 'nan' must be a number above 0, "
		 "like 0.5 or 1024"},
		{"pool --diff 0", "--diff: '0' must be a number above 0, like 0.5 or 1024"},
		{"-O user", "--userpass: must be USER:PASSWORD, with a colon"},
		{"--set gap", "--set: 'gap' must be NAME=VALUE"},
		{"-a scrypt -o h:1 --set gap=1",
		 "--set gap=1: scrypt has no setting 'gap' (see 'adit algos')"},
		{"-a scrypt --url=", "--url: empty; give HOST:PORT"},
		{"-a scrypt -o host",
		 "--url: bad pool address: no port in it: write host:port, as in host:3333"},
		{"-a scrypt -o host:0",
		 "--url: bad pool address: the port '0' is not a number from 1 to 65535"},
		{"-a scrypt -o statum+tcp://host:1",
		 "--url: unknown scheme 'statum+tcp://', did you "
		 "mean 'stratum+tcp://'?"},
		{"-a scrypt -o h:1 -x http://p:1", "--proxy of stratum+tcp://h:1: only SOCKS5 is "
						   "known; write socks5://HOST:PORT"},
		{"-a scrypt -o h:1 --tls-fingerprint 12:34",
		 "--tls-fingerprint of stratum+tcp://h:1: must be the 64 hexadecimal digits of the "
		 "certificate's SHA-256"},
		{"-a scrypt -o h:1 -u a\033b", "--user: byte 2 (0x1b) is a control character or no "
					       "UTF-8; remove it"},
		{"-a scrypt -o h:1 -u \xff", "--user: byte 1 (0xff) is a control character or no "
					     "UTF-8; remove it"},
		{"-a scrypt -o %1b@h:1",
		 "--url: bad pool address: the user or password is too long "
		 "or has a bad %-escape (write @ as %40 and : as %3A)"},
		{"-a scrypt -o %ff@h:1", "stratum+tcp://h:1: its user or password has a control "
					 "character or is no UTF-8"},
		{"hash -a scrypt", "'adit hash' needs --header HEX (see 'adit hash --help')"},
		{"hash -a scrypt --header 00",
		 "'adit hash' needs --nonce N (see 'adit hash --help')"},
		{"hash -a scrypt --header 0", "--header: 1 digits are not whole bytes; give two a "
					      "byte"},
		{"hash -a scrypt --header 0x00",
		 "--header: character 2 is no hexadecimal digit; write bytes as 00 to ff without "
		 "prefix or spaces"},
		{"scan -a scrypt --header 00", "'adit scan' needs --target HEX (see 'adit scan "
					       "--help')"},
		{"scan -a scrypt --header 00 --target ff --count 1",
		 "--target: must have 64 hexadecimal digits, not 2"},
		{"pool -a scrypt --tls-cert c",
		 "--tls-key FILE is missing: --tls-cert and --tls-key go together"},
		{"-c missing.json", "--config missing.json: cannot read it: No such file or "
				    "directory"},
		{"-c .", "--config .: is a directory; name the file in it"},
		{0}};

	check_mistakes(mistakes);
}

static void mistakes_in_the_environment_are_named(void)
{
	static const struct mistake mistakes[] = {
		{"-a scrypt -o h:1",
		 "ADIT_RETRY_PAUSE: 'soon' must be a whole number from 0 to 86400"},
		{0}};

	setenv("ADIT_RETRY_PAUSE", "soon", 1);
	check_mistakes(mistakes);
	unsetenv("ADIT_RETRY_PAUSE");
}

static void mistakes_in_the_file_are_named(void)
{
	static const struct mistake files[] = {
		{"", "bad.json:1:0: not valid JSON: '[' or '{' expected near end of file"},
		{"{", "bad.json:1:1: not valid JSON: string or '}' expected near end of file"},
		{"{\n \"algo\": \"scrypt\", // no\n}",
		 "bad.json:2:20: not valid JSON: string or '}' expected near '/'"},
		{"[]", "bad.json: must be a JSON object { ... }"},
		{"{\"retries\": 1,\n \"retries\": 2}",
		 "bad.json:2:10: not valid JSON: duplicate object key near '\"retries\"'"},
		{"{\n\n\"algoo\": 1}", "bad.json:3: algoo: unknown key, did you mean \"algo\"?"},
		{"{\"zzzzzzzzz\": 1}",
		 "bad.json:1: zzzzzzzzz: unknown key; remove it (keys are long "
		 "option names)"},
		{"{\"listen\": \"h:1\"}",
		 "bad.json:1: listen: does not apply to 'adit mine'; remove it"},
		{"{\"config\": \"x\"}",
		 "bad.json:1: config: belongs on the command line; remove it"},
		{"{\"algo\": 5}", "bad.json:1: algo must be a string, not a number"},
		{"{\"retries\": 1.5}",
		 "bad.json:1: retries must be a whole number, not a fraction"},
		{"{\"retries\": -1}",
		 "bad.json:1: retries: '-1' must be a whole number from 0 to 1000000"},
		{"{\"retries\": [1]}", "bad.json:1: retries must be a whole number, not an array"},
		{"{\"quiet\": \"yes\"}", "bad.json:1: quiet must be true or false, not a string"},
		{"{\"algo\": null}", "bad.json:1: algo must be a string, not null"},
		{"{\"devices\": [{}]}",
		 "bad.json:1: devices must be an array of strings and numbers, not an object"},
		{"{\"set\": 5}", "bad.json:1: set must be an object, or strings like "
				 "\"name=value\", not a number"},
		{"{\"set\": [5]}", "bad.json:1: set must be an array of strings like "
				   "\"name=value\", not a number"},
		{"{\"pools\": {}}", "bad.json:1: pools must be an array of objects like "
				    "{\"url\": \"HOST:PORT\"}, not an object"},
		{"{\"pools\": [5]}", "bad.json:1: pools[0] must be an object like {\"url\": "
				     "\"HOST:PORT\"}, not a number"},
		{"{\"pools\": [{}]}",
		 "bad.json:1: pools[0]: has no \"url\"; add one like \"HOST:PORT\""},
		{"{\"pools\": [{\"url\": \"h:1\"},\n{\"url\": \"h:1\",\n\"usre\": 1}]}",
		 "bad.json:3: pools[1].usre: unknown key, did you mean \"user\"?"},
		{"{\"user\": \"a\",\n\"pools\": [{\"url\": \"h:1\", \"user\": \"b\"},\n{\"url\": "
		 "\"user\\\"{[\",\n\"user\": 1}]}",
		 "bad.json:4: pools[1].user must be a string, not a number"},
		{"{\"pools\": [{\"url\": \"h:1\", \"retries\": 1}]}",
		 "bad.json:1: pools[0].retries: is not a setting of one pool; write it outside "
		 "\"pools\""},
		{"{\"pools\": [{\"url\": \"h\"}]}",
		 "bad.json:1: pools[0]: bad pool address: no port in it: write host:port, as in "
		 "h:3333"},
		{"{\"algo\": \"scrypt\", \"pools\": [{\"url\": \"h:1\", \"disabled\": true}]}",
		 "every pool is disabled; remove \"disabled\" from one"},
		{"{\"user\": \"a\\u0007\"}",
		 "bad.json:1: user: byte 2 (0x07) is a control character "
		 "or no UTF-8; remove it"},
		{"{\"a\":[[[[[[[[[[]]]]]]]]]]}",
		 "bad.json: nested deeper than 8; this is no configuration"},
		{0}};
	const struct mistake *m;

	for (m = files; m->args; m++) {
		struct settings *s;
		struct err err;

		write_file("bad.json", m->args);
		if (!CHECK(load_line(&s, "-a scrypt -c bad.json", &err) < 0) ||
		    !CHECK_STR(err.text, m->line))
			printf("\tin: %s\n", m->args);
		settings_free(s);
	}
}

static void lids_hold(void)
{
	struct settings *s;
	struct err err;
	struct args a = {0};
	char *big = malloc(2 << 20), line[64];
	int i;

	memset(big, ' ', 2 << 20);
	big[(2 << 20) - 1] = '\0';
	write_file("big.json", big);
	CHECK_ERR(load_line(&s, "-c big.json", &err), ERR_RANGE, &err);
	CHECK_STR(err.text, "big.json: larger than 1024 KiB; this is no configuration");
	big[9000] = '\0';
	memset(big, 'u', 9000);
	arg(&a, "adit");
	arg(&a, "-u");
	arg(&a, big);
	CHECK_ERR(load(&s, &a, &err), ERR_RANGE, &err);
	CHECK_STR(err.text, "--user: 9000 bytes are too long, at most 8192 are taken");
	args_free(&a);
	memcpy(big, "{\"pools\": [", 12);
	for (i = 0; i <= POOLS_MAX; i++) {
		snprintf(line, sizeof line, "%s{\"url\": \"h:%d\"}", i ? ", " : "", i + 1);
		memcpy(big + strlen(big), line, strlen(line) + 1);
	}
	memcpy(big + strlen(big), "]}", 3);
	write_file("many.json", big);
	CHECK_ERR(load_line(&s, "-c many.json", &err), ERR_RANGE, &err);
	CHECK_STR(err.text, "many.json:1: pools[64]: more than 64 pools; leave some out");
	free(big);
}

static void reload_reads_the_file_again(void)
{
	struct settings *s, *again = NULL;
	struct err err;

	write_file("live.json", "{\"algo\": \"scrypt\", \"pools\": [{\"url\": \"a.example:1\"}]}");
	if (!CHECK_OK(load_line(&s, "-c live.json -u me", &err), &err))
		return;
	write_file("live.json", "{\"algo\": \"scrypt\", \"pools\": [{\"url\": \"b.example:1\"}, "
				"{\"url\": \"c.example:1\"}]}");
	if (CHECK_OK(settings_reload(&again, s, &err), &err)) {
		CHECK_U64(again->n_pools, 2);
		CHECK_STR(again->pools[0].url, "stratum+tcp://b.example:1");
		CHECK_STR(again->pools[1].user, "me");
		CHECK_STR(s->pools[0].url, "stratum+tcp://a.example:1");
	}
	settings_free(again);
	again = NULL;
	write_file("live.json", "{\"algo\": ");
	CHECK_ERR(settings_reload(&again, s, &err), ERR_PARSE, &err);
	CHECK_PTR(again, NULL);
	settings_free(s);
}

static void help_and_version_print_and_stop(void)
{
	static const char *const lines[] = {
		"--help", "-h", "mine --help", "pool --help --bogus", "-V", "help scan"};
	size_t i;

	for (i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct settings *s = NULL;
		struct args a = {0};
		struct err err = {0};
		bool done = false;

		arg(&a, "adit");
		arg_line(&a, lines[i]);
		fflush(stdout);
		CHECK_OK(settings_load(&s, a.n, a.v, &done, &err), &err);
		CHECK(done);
		CHECK_PTR(s, NULL);
		args_free(&a);
	}
}

static void text_is_utf8_without_controls(void)
{
	CHECK_INT(utf8_bad("plain"), -1);
	CHECK_INT(utf8_bad("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"), -1);
	CHECK_INT(utf8_bad("a\tb"), 1);
	CHECK_INT(utf8_bad("a\x7f"), 1);
	CHECK_INT(utf8_bad("\xc2\x9b"), 0);         /* C1 control */
	CHECK_INT(utf8_bad("\xc0\xaf"), 0);         /* overlong */
	CHECK_INT(utf8_bad("\xe0\x80\xaf"), 0);     /* overlong */
	CHECK_INT(utf8_bad("\xed\xa0\x80"), 0);     /* surrogate */
	CHECK_INT(utf8_bad("\xf4\x90\x80\x80"), 0); /* above U+10FFFF */
	CHECK_INT(utf8_bad("x\xe2\x82"), 1);        /* cut */
	CHECK_INT(utf8_bad("\xe2\x80\xae"), 0);     /* turns the line around */
}

static int enter_scratch(void)
{
	const char *base = getenv("TMPDIR");

	snprintf(dir, sizeof dir, "%s/adit-settings.XXXXXX",
		 base && strlen(base) < 30 ? base : "/tmp");
	if (!mkdtemp(dir) || chdir(dir))
		return -1;
	write_file("empty.json", "{}");
	write_file("passfile", "from the file\r\nnot this\n");
	return 0;
}

static void leave_scratch(void)
{
	static const char *const files[] = {"empty.json", "passfile", "one.json",  "prec.json",
					    "pools.json", "set.json", "blank",     "captured",
					    "bad.json",   "big.json", "many.json", "live.json"};
	size_t i;

	for (i = 0; i < sizeof files / sizeof files[0]; i++)
		unlink(files[i]);
	if (chdir("/") || rmdir(dir))
		printf("left behind: %s\n", dir);
}

int main(void)
{
	if (enter_scratch())
		T_GIVE_UP("no scratch directory");
	T_RUN(rows_are_sound);
	T_RUN(aliases_mean_their_option);
	T_RUN(every_option_parses_from_every_source);
	T_RUN(each_source_wins_over_the_one_before);
	T_RUN(pools_come_from_the_highest_source_that_names_any);
	T_RUN(pool_options_bind_to_the_latest_pool);
	T_RUN(url_credentials_yield_to_options_of_the_same_source);
	T_RUN(later_pairs_replace_earlier_ones);
	T_RUN(switches_can_be_taken_back);
	T_RUN(passwords_leave_argv_and_environment);
	T_RUN(password_comes_from_a_file);
	T_RUN(check_prints_json_without_passwords);
	T_RUN(passwords_are_masked_in_the_log);
	T_RUN(mistakes_on_the_command_line_are_named);
	T_RUN(mistakes_in_the_environment_are_named);
	T_RUN(mistakes_in_the_file_are_named);
	T_RUN(lids_hold);
	T_RUN(reload_reads_the_file_again);
	T_RUN(help_and_version_print_and_stop);
	T_RUN(text_is_utf8_without_controls);
	leave_scratch();
	log_done();
	return t_done();
}
