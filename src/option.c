/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding rows of the option table. */
#include <string.h>

#include "src/option.h"
#include "src/str.h"

#define NAME_MAX_LEN 64

bool option_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (list && *list) {
		size_t n = strcspn(list, " ");

		if (n == len && !strncmp(list, word, len))
			return true;
		list += n + strspn(list + n, " ");
	}
	return false;
}

bool option_applies(const struct option *o, const char *command)
{
	return !o->commands || !command || option_word(o->commands, command);
}

bool option_takes_value(const struct option *o)
{
	return o->type != OPTION_SWITCH && o->type != OPTION_PRESET;
}

const struct option *option_find(const char *name, size_t len, const char *command)
{
	char plain[NAME_MAX_LEN];
	size_t i;

	if (!len || len >= sizeof plain)
		return NULL;
	for (i = 0; i < len; i++)
		plain[i] = name[i] == '_' ? '-' : name[i];
	plain[len] = '\0';
	for (i = 0; options[i].name; i++)
		if (option_applies(&options[i], command) &&
		    (!strcmp(options[i].name, plain) || option_word(options[i].aliases, plain)))
			return &options[i];
	return NULL;
}

const struct option *option_letter(char letter, const char *command)
{
	size_t i;

	for (i = 0; options[i].name; i++)
		if (options[i].letter == letter && option_applies(&options[i], command))
			return &options[i];
	return NULL;
}

const char *option_nearest(const char *name, const char *command)
{
	const char *best = NULL;
	size_t i, len = strlen(name);
	/* Half of it may be wrong, at most: "-z" is near to nothing. */
	unsigned limit = len < 8 ? (unsigned)len / 2 : 4, least = 2 * limit + 2;

	for (i = 0; options[i].name; i++) {
		const char *other = options[i].name;
		unsigned d;

		if (!option_applies(&options[i], command) || options[i].flags & OPTION_HIDDEN)
			continue;
		/* of two equally near, the one as long: letters changed places */
		d = 2 * str_distance(other, name) + (strlen(other) != len);
		if (len >= 3 && !strncmp(other, name, len))
			d = 2 * limit + 1; /* the beginning of one, if nothing is nearer */
		if (d < least) {
			least = d;
			best = other;
		}
	}
	return best;
}
