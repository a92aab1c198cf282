/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --help and --version, from the tables. */
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "src/option.h"

#define HELP_COLUMN 30
#define HELP_WIDTH  100

void help_version(void)
{
	printf("adit %s\n", PACKAGE_VERSION);
}

/* Words from column HELP_COLUMN on; `used` columns are taken on the first line. */
static void print_wrapped(const char *text, size_t used)
{
	if (used + 2 > HELP_COLUMN) {
		putchar('\n');
		used = 0;
	}
	printf("%*s", (int)(HELP_COLUMN - used), "");
	used = HELP_COLUMN;
	while (*text) {
		size_t word = strcspn(text, " ");

		if (used > HELP_COLUMN && used + 1 + word > HELP_WIDTH) {
			printf("\n%*s", HELP_COLUMN, "");
			used = HELP_COLUMN;
		} else if (used > HELP_COLUMN) {
			putchar(' ');
			used++;
		}
		printf("%.*s", (int)word, text);
		used += word;
		text += word + strspn(text + word, " ");
	}
	putchar('\n');
}

static void print_option(const struct option *o)
{
	char head[64], letter[8] = "    ", text[400];
	int n;

	if (o->letter)
		snprintf(letter, sizeof letter, "-%c, ", o->letter);
	n = snprintf(head, sizeof head, "  %s--%s%s%s", letter, o->name, o->arg ? " " : "",
		     o->arg ? o->arg : "");
	if (n < 0)
		return;
	fputs(head, stdout);
	snprintf(text, sizeof text, "%s%s%s%s", o->help, o->def ? " [" : "", o->def ? o->def : "",
		 o->def ? "]" : "");
	print_wrapped(text, (size_t)n);
}

static bool shown(const struct option *o, const char *command, enum option_group group)
{
	return o->group == group && option_applies(o, command) &&
	       !(o->flags & (OPTION_HIDDEN | OPTION_FILE_ONLY));
}

static void print_group(const char *command, enum option_group group)
{
	bool any = false;
	size_t i;

	for (i = 0; options[i].name; i++) {
		if (!shown(&options[i], command, group))
			continue;
		if (!any)
			printf("\n%s:\n", option_groups[group]);
		any = true;
		print_option(&options[i]);
	}
}

static void print_commands(void)
{
	const struct command *c;

	printf("\nCommands (adit COMMAND --help tells more):\n");
	for (c = commands; c->name; c++)
		if (!c->hidden)
			printf("  %-10s %s\n", c->name, c->summary);
}

void help_print(const char *command)
{
	const struct command *c;
	bool mine = !strcmp(command, commands->name);
	int i;

	for (c = commands; c->name && strcmp(c->name, command); c++)
		;
	if (mine)
		printf("usage: adit [mine] -a ALGO -o URL -u USER [OPTIONS]\n"
		       "       adit COMMAND [OPTIONS]\n");
	else
		printf("usage: adit %s [OPTIONS]%s%s\n%s\n", command, c->name && c->args ? " " : "",
		       c->name && c->args ? c->args : "", c->name ? c->summary : "");
	if (mine)
		print_commands();
	for (i = 0; i < GROUPS; i++)
		print_group(command, (enum option_group)i);
	if (option_find("config", 6, command))
		printf("\nEvery option can stand in a configuration file under its long name, and "
		       "in "
		       "the environment\nas ADIT_NAME (ADIT_LOG_FILE=...). The command line wins "
		       "over "
		       "the environment, and that over the file.\n");
}
