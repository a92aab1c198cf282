/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading the description of the fake's cards; nothing is kept from one question to the next. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fakenvml/fakenvml.h"

bool fake_text(const char *line, const char *key, char *out, size_t size)
{
	size_t len = strlen(key);
	const char *at = line;

	while ((at = strchr(at, ' '))) {
		at++;
		if (strncmp(at, key, len) || at[len] != '=')
			continue;
		at += len + 1;
		snprintf(out, size, "%.*s", (int)strcspn(at, " \n"), at);
		return true;
	}
	return false;
}

bool fake_number(const char *line, const char *key, unsigned nth, long long *out)
{
	char text[FAKE_LINE], *at = text, *end;

	if (!fake_text(line, key, text, sizeof text))
		return false;
	for (; nth && at; nth--) {
		at = strchr(at, ',');
		at = at ? at + 1 : NULL;
	}
	if (!at)
		return false;
	*out = strtoll(at, &end, 0);
	return end > at;
}

unsigned fake_numbers(const char *line, const char *key)
{
	long long v;
	unsigned n = 0;

	while (fake_number(line, key, n, &v))
		n++;
	return n;
}

bool fake_flag(const char *line, const char *word)
{
	size_t len = strlen(word);
	const char *at = line;

	while ((at = strchr(at, ' '))) {
		at++;
		if (!strncmp(at, word, len) && strchr(" \n", at[len]))
			return true;
	}
	return false;
}

bool fake_listed(const char *list, const char *word, long long *value)
{
	size_t len = strlen(word);

	while (list && *list) {
		if (!strncmp(list, word, len) && strchr(",:", list[len])) {
			*value = list[len] == ':' ? strtoll(list + len + 1, NULL, 0) : 0;
			return true;
		}
		list = strchr(list, ',');
		list = list ? list + 1 : NULL;
	}
	return false;
}

static bool same_address(const char *a, const char *b)
{
	unsigned x[4], y[4], i;

	if (sscanf(a, "%x:%x:%x.%x", &x[0], &x[1], &x[2], &x[3]) != 4 ||
	    sscanf(b, "%x:%x:%x.%x", &y[0], &y[1], &y[2], &y[3]) != 4)
		return false;
	for (i = 0; i < 4; i++)
		if (x[i] != y[i])
			return false;
	return true;
}

void fake_address(const char *line, char out[32])
{
	unsigned d = 0, b = 0, s = 0, f = 0;

	sscanf(line, "card %x:%x:%x.%x", &d, &b, &s, &f);
	snprintf(out, 32, "%04x:%02x:%02x.%x", d, b, s, f);
}

/* The next line that begins with this word. */
static bool next(FILE *file, const char *word, char line[FAKE_LINE])
{
	size_t len = strlen(word);

	while (fgets(line, FAKE_LINE, file))
		if (!strncmp(line, word, len) && line[len] == ' ')
			return true;
	return false;
}

static bool line_of(unsigned nth, const char *pci, char line[FAKE_LINE])
{
	const char *path = getenv("FAKENVML_FILE");
	FILE *file = path ? fopen(path, "re") : NULL;
	bool found = false;

	while (file && !found && next(file, "card", line))
		found = pci ? same_address(line + 5, pci) : nth-- == 0;
	if (file)
		fclose(file);
	return found;
}

bool fake_line_nth(unsigned nth, char line[FAKE_LINE])
{
	return line_of(nth, NULL, line);
}

bool fake_line_at(const char *pci, char line[FAKE_LINE])
{
	return line_of(0, pci, line);
}

bool fake_global(const char *word, long long *value)
{
	const char *path = getenv("FAKENVML_FILE");
	FILE *file = path ? fopen(path, "re") : NULL;
	char line[FAKE_LINE];
	bool found = false;

	if (!file)
		return false;
	found = next(file, word, line);
	if (found)
		*value = strtoll(line + strlen(word), NULL, 0);
	fclose(file);
	return found;
}

void fake_log_word(const char *pci, const char *what, const char *word)
{
	const char *path = getenv("FAKENVML_SET");
	FILE *file = path ? fopen(path, "ae") : NULL;

	if (!file)
		return;
	fprintf(file, "%s %s %s\n", pci, what, word);
	fclose(file);
}

void fake_log(const char *pci, const char *what, long long value)
{
	char word[32];

	snprintf(word, sizeof word, "%lld", value);
	fake_log_word(pci, what, word);
}

/* A pipe is for those who wait for a line; only what is a file remembers. */
bool fake_was_set(const char *pci, const char *what, long long *value)
{
	const char *path = getenv("FAKENVML_SET");
	char line[FAKE_LINE], head[128], *end;
	struct stat st;
	bool found = false;
	FILE *file;

	if (!path || stat(path, &st) || !S_ISREG(st.st_mode) || !(file = fopen(path, "re")))
		return false;
	snprintf(head, sizeof head, "%s %s ", pci, what);
	while (fgets(line, sizeof line, file)) {
		if (strncmp(line, head, strlen(head)))
			continue;
		*value = strtoll(line + strlen(head), &end, 0);
		found = end > line + strlen(head); /* "auto" is no number */
	}
	fclose(file);
	return found;
}
