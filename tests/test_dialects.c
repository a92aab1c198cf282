/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Plays tests/talk/NAME-*.talk against each dialect: as written, byte by byte, cut at every
 * byte, and with each value replaced by one of a wrong type.  A talk:
 *
 *	# what it shows                    dialect NAME / algo NAME / user U P / memo TEXT
 *	option NAME=VALUE                  connect
 *	> {JSON}   the client's next line has at least these members ("*": anything)
 *	< TEXT     the pool says this line (\r, \n, \xHH are understood)
 *	expect KIND WORD...                the next event, notes aside, is of this kind with
 *	                                   each of these words
 *	expect nothing                     no line and no event is left
 *	find ROLL NONCE                    a device finds a share
 *	hashrate N                         so much the rig does, a second
 *	idle MS                            so much time goes by
 *	status N                           of HTTP, for answers from now on; 0: none comes
 *
 * Where the dialect is one over HTTP, what the pool says answers the request with the line's id,
 * else the last one.
 */
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/hex.h"
#include "src/str.h"
#include "tests/fake_algo.h"
#include "tests/fake_client.h"
#include "tests/t.h"

#define LINES_MAX 256

static int http_status = 200;

struct talk {
	char name[128];
	char *line[LINES_MAX];
	unsigned n;
};

static struct talk talks[128];
static unsigned n_talks;

static void load(const char *dir, const char *name)
{
	struct talk *talk = &talks[n_talks++];
	char path[1024], text[16384];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	str_copy(talk->name, sizeof talk->name, name);
	f = fopen(path, "r");
	while (f && fgets(text, sizeof text, f) && talk->n < LINES_MAX) {
		char *p = text + strspn(text, " \t");

		p[strcspn(p, "\n")] = '\0';
		if (*p && *p != '#')
			talk->line[talk->n++] = strdup(p);
	}
	if (f)
		fclose(f);
}

static const struct dialect *dialect_named(const char *name)
{
	unsigned i;

	for (i = 0; dialects[i]; i++)
		if (!strcmp(dialects[i]->name, name))
			return dialects[i];
	return NULL;
}

/* Escapes in a pool's line; returns the length. */
static size_t unescape(char *text)
{
	char *in = text, *out = text;

	while (*in) {
		if (in[0] == '\\' && in[1] == 'r') {
			*out++ = '\r';
			in += 2;
		} else if (in[0] == '\\' && in[1] == 'n') {
			*out++ = '\n';
			in += 2;
		} else if (in[0] == '\\' && in[1] == 'x' && hex_digit(in[2]) >= 0 &&
			   hex_digit(in[3]) >= 0) {
			*out++ = (char)(hex_digit(in[2]) << 4 | hex_digit(in[3]));
			in += 4;
		} else {
			*out++ = *in++;
		}
	}
	return (size_t)(out - text);
}

static bool has(const json_t *got, const json_t *want)
{
	const char *key;
	json_t *v;
	size_t i;

	if (json_is_string(want) && !strcmp(json_string_value(want), "*"))
		return got != NULL;
	if (json_is_object(want)) {
		json_object_foreach((json_t *)want, key, v)
		{
			if (!has(json_object_get(got, key), v))
				return false;
		}
		return json_is_object(got);
	}
	if (json_is_array(want)) {
		if (!json_is_array(got) || json_array_size(got) != json_array_size(want))
			return false;
		json_array_foreach(want, i, v)
		{
			if (!has(json_array_get(got, i), v))
				return false;
		}
		return true;
	}
	return json_equal(got, want) || (json_is_number(got) && json_is_number(want) &&
					 json_number_value(got) == json_number_value(want));
}

static void expect_line(struct client *c, const struct talk *talk, const char *text)
{
	const char *line = fake_next(&c->sent);
	json_t *want = json_loads(text, 0, NULL), *got = line ? json_loads(line, 0, NULL) : NULL;

	if (!CHECK(want && has(got, want)))
		printf("\t%s: want %s\n\tgot  %s\n", talk->name, text, line ? line : "(nothing)");
	json_decref(want);
	json_decref(got);
}

static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);
	const char *p;

	for (p = strstr(text, word); p; p = strstr(p + 1, word))
		if ((p == text || p[-1] == ' ') && (p[len] == '\0' || p[len] == ' '))
			return true;
	return false;
}

static void expect_event(struct client *c, const struct talk *talk, char *text)
{
	char *save = NULL, *kind = strtok_r(text, " ", &save), *word;
	const char *event;

	if (!strcmp(kind, "nothing")) {
		event = fake_next(&c->sent);
		if (!CHECK(!event && !fake_event(c, "-") && c->events.next == c->events.n))
			printf("\t%s: nothing more was expected: %s\n", talk->name,
			       event ? event : c->events.at[c->events.next]);
		return;
	}
	event = !strcmp(kind, "note") ? fake_next(&c->events) : fake_event(c, kind);
	if (!CHECK(event != NULL)) {
		printf("\t%s: expected %s, came %s\n", talk->name, kind,
		       c->events.next < c->events.n ? c->events.at[c->events.next] : "nothing");
		return;
	}
	while ((word = strtok_r(NULL, " ", &save)) != NULL)
		if (!CHECK(has_word(event, word)))
			printf("\t%s: '%s' is not in '%s'\n", talk->name, word, event);
}

/* How a talk is played: to the letter, or mistreated at one place. */
struct manner {
	bool judge, bytewise;
	unsigned cut_line; /* of the pool's lines, counted from 1; 0: none */
	size_t cut_at;
	unsigned twist_line, twist_value, twist_type;
	bool twisted; /* out: there was such a value */
};

static json_t *odd_value(unsigned type)
{
	switch (type) {
	case 0:
		return json_null();
	case 1:
		return json_true();
	case 2:
		return json_integer(-1);
	case 3:
		return json_real(1e300);
	case 4:
		return json_string("x");
	case 5:
		return json_array();
	case 6:
		return json_object();
	case 7:
		return json_integer(INT64_MAX);
	default:
		return NULL;
	}
}
#define ODD_VALUES 8

/* Replace the n-th value below v, in order of reading; counts *n down. */
static bool twist(json_t *v, unsigned *n, unsigned type)
{
	const char *key;
	json_t *child;
	size_t i;
	void *next;

	json_object_foreach_safe(v, next, key, child)
	{
		if ((*n)-- == 0)
			return json_object_set_new(v, key, odd_value(type)) == 0;
		if (twist(child, n, type))
			return true;
	}
	if (json_is_array(v))
		for (i = 0; i < json_array_size(v); i++) {
			if ((*n)-- == 0)
				return json_array_set_new(v, i, odd_value(type)) == 0;
			if (twist(json_array_get(v, i), n, type))
				return true;
		}
	return false;
}

static void reply(struct client *c, const char *text, const char *body, size_t len)
{
	json_t *line = json_loads(text, 0, NULL);
	json_int_t id = json_integer_value(json_object_get(line, "id"));
	char copy[16400];

	snprintf(copy, sizeof copy, "%.*s", (int)(len - (len && body[len - 1] == '\n')), body);
	if (!id && c->sent.n)
		id = c->posted[c->sent.n - 1];
	fake_reply(c, (uint32_t)id, http_status, copy);
	json_decref(line);
}

static void say(struct client *c, const char *text, unsigned number, struct manner *m)
{
	char copy[16384];
	size_t len, i;

	str_copy(copy, sizeof copy - 1, text);
	len = unescape(copy);
	copy[len++] = '\n';
	if (number == m->twist_line) {
		json_t *v = json_loadb(copy, len, 0, NULL);
		unsigned n = m->twist_value;
		char *out;

		m->twisted = v && twist(v, &n, m->twist_type);
		out = m->twisted ? json_dumps(v, JSON_COMPACT) : NULL;
		json_decref(v);
		if (out) {
			len = (size_t)snprintf(copy, sizeof copy, "%s\n", out);
			free(out);
		}
	}
	if (number == m->cut_line && m->cut_at < len)
		len = m->cut_at;
	if (c->dialect->transport == DIALECT_HTTP) {
		reply(c, text, copy, len);
		return;
	}
	if (!m->bytewise) {
		fake_feed(c, copy, len);
		return;
	}
	for (i = 0; i < len; i++)
		fake_feed(c, copy + i, 1);
}

static void play_line(struct client *c, const struct talk *talk, const char *line, unsigned *said,
		      struct manner *m)
{
	char rest[16384], nonce[32];
	unsigned long long roll;

	str_copy(rest, sizeof rest, line);
	if (!strncmp(line, "< ", 2)) {
		if (!m->cut_line || *said < m->cut_line)
			say(c, line + 2, ++*said, m);
	} else if (!strncmp(line, "> ", 2)) {
		if (m->judge)
			expect_line(c, talk, line + 2);
	} else if (!strncmp(line, "expect ", 7)) {
		if (m->judge)
			expect_event(c, talk, rest + 7);
	} else if (sscanf(line, "find %llu %31s", &roll, nonce) == 2) {
		fake_find(c, roll, strtoull(nonce, NULL, 0));
	} else if (sscanf(line, "idle %llu", &roll) == 1) {
		fake_wait(c, (int64_t)roll);
	} else if (sscanf(line, "hashrate %llu", &roll) == 1) {
		c->hashrate = (double)roll;
	} else if (sscanf(line, "status %llu", &roll) == 1) {
		http_status = (int)roll;
	} else if (!strcmp(line, "connect")) {
		http_status = 200;
		fake_connect(c);
	} else if (sscanf(line, "user %127s %127s", c->user, c->password) == 2) {
		return;
	} else if (!strncmp(line, "memo ", 5)) {
		str_copy(c->memo, sizeof c->memo, line + 5);
	} else if (!strncmp(line, "option ", 7)) {
		str_copy(c->options[c->n_options++], sizeof c->options[0], line + 7);
	} else if (strncmp(line, "dialect ", 8) && strncmp(line, "algo ", 5)) {
		printf("\t%s: what is '%s'?\n", talk->name, line);
		CHECK(!"a line of a talk");
	}
}

static void play(const struct talk *talk, struct manner *m)
{
	const struct dialect *d = NULL;
	const struct algo *a = NULL;
	struct client *c;
	unsigned i, said = 0;

	for (i = 0; i < talk->n; i++) {
		if (!strncmp(talk->line[i], "dialect ", 8))
			d = dialect_named(talk->line[i] + 8);
		if (!strncmp(talk->line[i], "algo ", 5))
			a = fake_algo(talk->line[i] + 5);
	}
	if (!CHECK(d && a))
		return;
	c = malloc(sizeof *c);
	fake_init(c, d, a);
	for (i = 0; i < talk->n; i++)
		play_line(c, talk, talk->line[i], &said, m);
	fake_done(c);
	free(c);
}

static void talks_go_as_written(void)
{
	unsigned i;

	CHECK(n_talks >= 10);
	for (i = 0; i < n_talks; i++) {
		struct manner m = {.judge = true};

		play(&talks[i], &m);
	}
}

static void segments_of_one_byte_change_nothing(void)
{
	unsigned i;

	for (i = 0; i < n_talks; i++) {
		struct manner m = {.judge = true, .bytewise = true};

		play(&talks[i], &m);
	}
}

static unsigned said_in(const struct talk *talk, size_t lens[LINES_MAX])
{
	unsigned i, n = 0;

	for (i = 0; i < talk->n; i++)
		if (!strncmp(talk->line[i], "< ", 2))
			lens[n++] = strlen(talk->line[i]) - 1;
	return n;
}

static void connections_may_end_after_any_byte(void)
{
	size_t lens[LINES_MAX], at;
	unsigned i, line, runs = 0;

	for (i = 0; i < n_talks; i++) {
		unsigned said = said_in(&talks[i], lens);

		for (line = 1; line <= said; line++)
			for (at = 0; at <= lens[line - 1]; at++) {
				struct manner m = {.cut_line = line, .cut_at = at};

				play(&talks[i], &m);
				runs++;
			}
	}
	CHECK(runs > 1000);
}

static void values_of_any_type_are_survived(void)
{
	size_t lens[LINES_MAX];
	unsigned i, line, type, runs = 0;

	for (i = 0; i < n_talks; i++) {
		unsigned said = said_in(&talks[i], lens);

		for (line = 1; line <= said; line++)
			for (type = 0; type < ODD_VALUES; type++) {
				struct manner m = {.twist_line = line, .twist_type = type};

				do {
					m.twisted = false;
					play(&talks[i], &m);
					m.twist_value++;
					runs++;
				} while (m.twisted);
			}
	}
	CHECK(runs > 1000);
}

static int is_talk(const struct dirent *e)
{
	return strstr(e->d_name, ".talk") != NULL;
}

int main(void)
{
	const char *top = getenv("top_srcdir");
	char dir[900];
	struct dirent **list;
	int n, i;

	snprintf(dir, sizeof dir, "%s/tests/talk", top ? top : ".");
	n = scandir(dir, &list, is_talk, alphasort);
	if (n <= 0)
		T_GIVE_UP("no tests/talk/*.talk");
	for (i = 0; i < n; i++) {
		load(dir, list[i]->d_name);
		free(list[i]);
	}
	free(list);
	T_RUN(talks_go_as_written);
	T_RUN(segments_of_one_byte_change_nothing);
	T_RUN(connections_may_end_after_any_byte);
	T_RUN(values_of_any_type_are_survived);
	for (i = 0; i < (int)n_talks; i++)
		while (talks[i].n)
			free(talks[i].line[--talks[i].n]);
	return t_done();
}
