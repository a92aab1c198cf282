/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The option table through all its readers: every row, every source, precedence. */
#include <ctype.h>
#include <fcntl.h>
#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

#include "algos/algo.h"
#include "src/log.h"
#include "src/option.h"
#include "src/utf8.h"
#include "tests/args.h"

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
		snprintf(text, sizeof text, "%" PRIu64, o->min > 7 ? o->min : (uint64_t)7);
		return text;
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
	if (!strcmp(o->name, "intensity"))
		return "22,auto";
	if (!strcmp(o->name, "sim"))
		return "rate=5M";
	if (!strcmp(o->name, "tls-ca"))
		return "empty.json";
	if (!strcmp(o->name, "fan-curve"))
		return "40:30,75:90";
	if (!strcmp(o->name, "schedule"))
		return "mon-fri 08:00-18:00";
	if (!strcmp(o->name, "metric"))
		return "floor:120";
	if (!strncmp(o->name, "tune-", 5))
		return "10-20";
	if (!strcmp(o->name, "proxy"))
		return "socks5://proxy.example:9";
	if (!strcmp(o->name, "tls-fingerprint")) {
		memset(text, 'a', 64);
		text[64] = '\0';
		return text;
	}
	if (o->group == GROUP_GUARDIAN && o->type == OPTION_COMMAS) /* degrees, watts */
		return strstr(o->name, "temp-limit") ? "85,off" : "60,off";
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
		{"mine check pool hash scan tune", "algo", "scrypt"},
		{"mine check", "url", "base.example:1"},
		{"mine check", "user", "base"},
		{"hash scan", "header", "00"},
		{"hash", "nonce", "1"},
		{"scan", "count", "1"},
		{"scan", "target",
		 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
		{"mine check", "api-tls-cert", "cert"},
		{"mine check", "api-tls-key", "key"},
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

static void lists_hold_a_value_a_device(void)
{
	struct settings *s;
	struct err err;

	CHECK_U64(settings_of_device(NULL, 0), 0);
	CHECK_U64(settings_of_device("80,off,75", 0), 80);
	CHECK_U64(settings_of_device("80,off,75", 1), 0);
	CHECK_U64(settings_of_device("80,off,75", 2), 75);
	CHECK_U64(settings_of_device("80,off,75", 9), 75);
	CHECK_U64(settings_of_device("*,_,0,70", 2), 0);
	CHECK_U64(settings_of_device("*,_,0,70", 3), 70);
	write_file("heat.json", "{\"temp-limit\": [80, \"off\", 75], \"pl\": 200}");
	if (CHECK_OK(load_line(&s, "-a scrypt -o h:1 -c heat.json --temp-resume 60,_,off", &err),
		     &err)) {
		CHECK_U64(settings_resume(&s->guard, 0, false), 60);
		CHECK_U64(settings_resume(&s->guard, 1, false), 0);
		CHECK_U64(settings_resume(&s->guard, 2, false), 65);
		CHECK_U64(settings_resume(&s->guard, 0, true), 100);
		CHECK_U64(settings_of_device(s->guard.power_limit, 5), 200);
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
				"socks5://u:hidden3@p:2 -o j:3 "
				"--api-token hidden4hidden4hidden4 --api-read-token "
				"hidden5hidden5hidden5",
				&err),
		      &err))
		return;
	text = capture(STDOUT_FILENO, cmd_check, s);
	CHECK_LACKS(text, "hidden");
	root = json_loads(text, 0, NULL);
	if (CHECK(root != NULL)) {
		CHECK_STR(json_string_value(json_object_get(root, "algo")), "scrypt");
		CHECK_STR(json_string_value(json_object_get(root, "api-token")), "***");
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

static void scheme_and_algorithm_choose_the_dialects(void)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
		{"check -a scrypt -o h:1", "\"stratum1\""},
		{"check -a scrypt -o stratum+ssl://h:1", "\"stratum1\""},
		{"check -a scrypt -o gbt+http://h:1", "\"gbt\""},
		{"check -a kawpow -o h:1", "\"automatic (kawpow, "},
		{"check -a kawpow -o kawpow+ssl://h:1", "\"kawpow\""},
		{"check -a ethash -o h:1", "ethstratum1, ethproxy, ethstratum0"},
		{"check -a ethash -o ethproxy+tcp://h:1", "\"ethproxy\""},
	};
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct settings *s;
		struct err err;
		char want[80];

		if (!CHECK_OK(load_line(&s, cases[i].line, &err), &err))
			continue;
		snprintf(want, sizeof want, "%s%s", cases[i].says[0] == '"' ? "\"dialect\": " : "",
			 cases[i].says);
		CHECK_HAS(capture(STDOUT_FILENO, cmd_check, s), want);
		settings_free(s);
	}
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

int main(void)
{
	if (enter_scratch())
		T_GIVE_UP("no scratch directory");
	write_file("empty.json", "{}");
	write_file("passfile", "from the file\r\nnot this\n");
	T_RUN(rows_are_sound);
	T_RUN(aliases_mean_their_option);
	T_RUN(every_option_parses_from_every_source);
	T_RUN(each_source_wins_over_the_one_before);
	T_RUN(pools_come_from_the_highest_source_that_names_any);
	T_RUN(pool_options_bind_to_the_latest_pool);
	T_RUN(url_credentials_yield_to_options_of_the_same_source);
	T_RUN(later_pairs_replace_earlier_ones);
	T_RUN(lists_hold_a_value_a_device);
	T_RUN(switches_can_be_taken_back);
	T_RUN(passwords_leave_argv_and_environment);
	T_RUN(password_comes_from_a_file);
	T_RUN(check_prints_json_without_passwords);
	T_RUN(scheme_and_algorithm_choose_the_dialects);
	T_RUN(passwords_are_masked_in_the_log);
	T_RUN(reload_reads_the_file_again);
	T_RUN(help_and_version_print_and_stop);
	T_RUN(text_is_utf8_without_controls);
	leave_scratch();
	log_done();
	return t_done();
}
