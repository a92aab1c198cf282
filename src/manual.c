/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `adit manual man|bash|zsh`: documents printed from the tables, at build time. */
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "src/option.h"

/* ---- manual page ---- */

/* Text for roff: hyphens stay hyphens, nothing at the start of a line is a request. */
static void roff(const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\e", stdout);
		else if (*text == '-')
			fputs("\\-", stdout);
		else if (*text == '\'')
			fputs("\\(aq", stdout);
		else
			putchar(*text);
	}
}

static bool visible(const struct option *o)
{
	return !(o->flags & OPTION_HIDDEN);
}

static void man_option(const struct option *o)
{
	size_t i;

	printf(".TP\n");
	if (o->flags & OPTION_FILE_ONLY) {
		printf("\\fB\"");
		roff(o->name);
		printf("\"\\fR (configuration files only)\n");
	} else {
		if (o->letter)
			printf("\\fB\\-%c\\fR, ", o->letter);
		printf("\\fB\\-\\-");
		roff(o->name);
		printf("\\fR%s\\fI", o->arg ? "=" : "");
		roff(o->arg ? o->arg : "");
		printf("\\fR\n");
	}
	roff(o->help);
	printf(".\n");
	if (o->def) {
		printf("Default: ");
		roff(o->def);
		printf(".\n");
	}
	for (i = 0; o->choices && o->choices[i].name; i++)
		printf("%s%s%s", i ? ", " : "One of ", o->choices[i].name,
		       o->choices[i + 1].name ? "" : ".\n");
	if (o->aliases) {
		printf("Other names: ");
		roff(o->aliases);
		printf(".\n");
	}
	if (o->commands) {
		printf("Commands: ");
		roff(o->commands);
		printf(".\n");
	}
}

static void man_group(enum option_group group)
{
	size_t i;

	printf(".SS %s\n", option_groups[group]);
	for (i = 0; options[i].name; i++)
		if (options[i].group == group && visible(&options[i]))
			man_option(&options[i]);
}

static void man_commands(void)
{
	const struct command *c;

	printf(".SH COMMANDS\n");
	for (c = commands; c->name; c++) {
		if (c->hidden)
			continue;
		printf(".TP\n.B %s\n", c->name);
		roff(c->summary);
		printf(".\n");
	}
}

static const char man_head[] =
	".SH NAME\n"
	"adit \\- proof\\-of\\-work miner for GPUs\n"
	".SH SYNOPSIS\n"
	".B adit\n"
	"\\fB\\-a\\fR \\fIALGO\\fR \\fB\\-o\\fR \\fIURL\\fR \\fB\\-u\\fR \\fIUSER\\fR "
	"[\\fIOPTIONS\\fR]\n"
	".br\n"
	".B adit\n"
	"\\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n"
	".SH DESCRIPTION\n"
	"Mines on pools and nodes with every device it is given.\n"
	"Each share is checked on the CPU before it is sent.\n";

static const char man_tail[] =
	".SH CONFIGURATION\n"
	"A configuration file is one JSON object whose keys are the long option names;\n"
	"\\fB\"pools\"\\fR holds an array of objects, one a pool.\n"
	"Every option can also be given in the environment as \\fBADIT_\\fINAME\\fR, in capitals\n"
	"and with underscores.\n"
	"The command line wins over the environment, and the environment over the file.\n"
	".SH COMMANDS OF THE OWNER\n"
	"Commands of \\fB\\-\\-on\\-\\fIEVENT\\fR and \\fB\\-\\-price\\-hook\\fR are run by\n"
	"\\fI/bin/sh\\fR in a process group of their own.\n"
	"Standard input is empty, and what they print goes to standard error.\n"
	"Their environment has PATH, HOME, USER, LOGNAME, SHELL, LANG, LC_ALL, LC_CTYPE, LC_TIME,\n"
	"TZ, TMPDIR and XDG_RUNTIME_DIR, and as far as they are known and apply:\n"
	"ADIT_EVENT, ADIT_TIME (UTC), ADIT_DEVICE, ADIT_PCI, ADIT_UUID, ADIT_NAME, ADIT_REASON,\n"
	"ADIT_POOL, ADIT_TEMPERATURE, ADIT_MEMORY_TEMPERATURE (degrees Celsius), ADIT_POWER\n"
	"(watts), ADIT_RATE (hashes a second), ADIT_RESTARTS, and ADIT_HELD: how often the same\n"
	"was held back.\n"
	"Nothing else is handed on.\n"
	"Use them as data, in quotes: \"$ADIT_REASON\".\n"
	"Four run at a time and 32 wait; the same event of one device runs a command at most "
	"every\n"
	"ten seconds.\n"
	"One that runs for longer than \\fB\\-\\-hook\\-timeout\\fR gets SIGTERM with all it has\n"
	"started, and five seconds later SIGKILL.\n"
	"Those that run when Adit ends are left alone.\n"
	".SH KEYS\n"
	"When standard input is a terminal: \\fBs\\fR prints status lines, \\fBp\\fR pauses all\n"
	"devices or lets them go on, \\fB0\\fR to \\fB9\\fR one of them, \\fBd\\fR turns the "
	"debug\n"
	"log on and off, \\fBh\\fR lists the keys and \\fBq\\fR ends the program.\n"
	".SH SERVICE\n"
	"A service manager is told through $NOTIFY_SOCKET that the rig is ready (a device is, and\n"
	"a pool has sent a job), its status, reloads and the end.\n"
	"The watchdog of $WATCHDOG_USEC is fed three times in its interval, while hashes are "
	"done,\n"
	"devices are paused or prepare themselves, or there is no job; not when devices that have\n"
	"work complete none.\n"
	".SH SIGNALS\n"
	"SIGINT and SIGTERM end the program once answers of shares already sent are in, after two\n"
	"seconds at most.\n"
	"SIGHUP reads the configuration and opens log files again; pools change without stopping\n"
	"the devices, and a configuration with an error changes nothing.\n"
	".SH EXIT STATUS\n"
	".TP\n0\nThe command did what it was asked to.\n"
	".TP\n1\nSomething failed; the last line says what.\n"
	".TP\n2\nThe command line or the configuration is wrong.\n"
	".TP\n3\nThere is no usable device.\n"
	".TP\n4\nEvery pool refused, or attempts ran out.\n"
	".TP\n5\nEvery device is parked.\n"
	".TP\n6\nA kernel and the reference disagree.\n"
	".TP\n7\nOut of memory, files or ports.\n"
	".TP\n8\nA device is held by its driver or fell off the bus (\\-\\-exit\\-on\\-stuck).\n"
	".SH EXAMPLES\n"
	".nf\n"
	"adit \\-a ALGO \\-o stratum+ssl://pool.example:3334 \\-u wallet \\-w rig1\n"
	"adit \\-c rig.json \\-\\-log\\-file /var/log/adit.log\n"
	"adit check \\-c rig.json\n"
	".fi\n";

static void manual_man(void)
{
	int i;

	printf(".TH ADIT 1 \"\" \"adit %s\" \"User Commands\"\n", PACKAGE_VERSION);
	fputs(man_head, stdout);
	man_commands();
	printf(".SH OPTIONS\n");
	for (i = 0; i < GROUPS; i++)
		man_group((enum option_group)i);
	fputs(man_tail, stdout);
}

/* ---- completions ---- */

static bool offered(const struct option *o, const char *command)
{
	return visible(o) && !(o->flags & OPTION_FILE_ONLY) && option_applies(o, command);
}

static void bash_words(const char *command)
{
	size_t i;

	printf("\t%s) words='", command);
	for (i = 0; options[i].name; i++)
		if (offered(&options[i], command))
			printf("%s--%s", i ? " " : "", options[i].name);
	printf("' ;;\n");
}

static void bash_values(void)
{
	size_t i, k;

	for (i = 0; options[i].name; i++) {
		const struct option *o = &options[i];

		if (!visible(o) || o->flags & OPTION_FILE_ONLY || !option_takes_value(o))
			continue;
		printf("\t--%s", o->name);
		if (o->letter)
			printf("|-%c", o->letter);
		if (o->choices) {
			printf(") COMPREPLY=($(compgen -W '");
			for (k = 0; o->choices[k].name; k++)
				printf("%s%s", k ? " " : "", o->choices[k].name);
			printf("' -- \"$cur\")); return ;;\n");
		} else if (o->flags & OPTION_PATH) {
			printf(") COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n");
		} else if (!strcmp(o->name, "algo")) {
			printf(") COMPREPLY=($(compgen -W \"$(adit algos 2>/dev/null | awk '{print "
			       "$1}')\" -- \"$cur\")); return ;;\n");
		} else {
			printf(") return ;;\n");
		}
	}
}

static void manual_bash(void)
{
	const struct command *c;

	printf("# bash completion for adit; made by 'adit manual bash'\n"
	       "_adit() {\n"
	       "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev= command=%s words\n"
	       "\tCOMPREPLY=()\n"
	       "\t[ \"$COMP_CWORD\" -gt 0 ] && prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
	       "\tcase $prev in\n",
	       commands->name);
	bash_values();
	printf("\tesac\n"
	       "\tif [ \"$COMP_CWORD\" = 1 ] && [[ $cur != -* ]]; then\n"
	       "\t\tCOMPREPLY=($(compgen -W '");
	for (c = commands; c->name; c++)
		if (!c->hidden)
			printf("%s%s", c == commands ? "" : " ", c->name);
	printf("' -- \"$cur\"))\n"
	       "\t\treturn\n"
	       "\tfi\n"
	       "\t[[ ${COMP_WORDS[1]} != -* ]] && command=${COMP_WORDS[1]}\n"
	       "\tcase $command in\n");
	for (c = commands; c->name; c++)
		if (!c->hidden)
			bash_words(c->name);
	printf("\t*) words= ;;\n"
	       "\tesac\n"
	       "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	       "}\n"
	       "complete -F _adit adit\n");
}

/* Inside a single-quoted specification of _arguments. */
static void zsh_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", stdout);
		else if (strchr("[]:\\", *text))
			printf("\\%c", *text);
		else
			putchar(*text);
	}
}

static void zsh_spec(const struct option *o, bool letter)
{
	size_t i;

	if (letter)
		printf("\t\t'*-%c%s[", o->letter, o->arg ? "+" : "");
	else
		printf("\t\t'*--%s%s[", o->name, o->arg ? "=" : "");
	zsh_text(o->help);
	putchar(']');
	if (o->arg) {
		putchar(':');
		zsh_text(o->arg);
		putchar(':');
	}
	if (o->choices) {
		putchar('(');
		for (i = 0; o->choices[i].name; i++)
			printf("%s%s", i ? " " : "", o->choices[i].name);
		putchar(')');
	} else if (o->flags & OPTION_PATH) {
		printf("_files");
	}
	printf("' \\\n");
}

static void zsh_command(const char *command)
{
	size_t i;

	printf("\t%s) _arguments -s \\\n", command);
	for (i = 0; options[i].name; i++) {
		if (!offered(&options[i], command))
			continue;
		if (options[i].letter)
			zsh_spec(&options[i], true);
		zsh_spec(&options[i], false);
	}
	printf("\t\t'*:: :' ;;\n");
}

static void manual_zsh(void)
{
	const struct command *c;

	printf("#compdef adit\n"
	       "# zsh completion for adit; made by 'adit manual zsh'\n"
	       "local command=%s\n"
	       "if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then\n"
	       "\tlocal -a all\n"
	       "\tall=(\n",
	       commands->name);
	for (c = commands; c->name; c++) {
		if (c->hidden)
			continue;
		printf("\t\t'%s:", c->name);
		zsh_text(c->summary);
		printf("'\n");
	}
	printf("\t)\n"
	       "\t_describe command all\n"
	       "\treturn\n"
	       "fi\n"
	       "[[ $words[2] != -* ]] && command=$words[2]\n"
	       "case $command in\n");
	for (c = commands; c->name; c++)
		if (!c->hidden)
			zsh_command(c->name);
	printf("esac\n");
}

/* ---- the command ---- */

int cmd_manual(struct settings *s)
{
	static const struct {
		const char *name;
		void (*print)(void);
	} manuals[] = {{"man", manual_man}, {"bash", manual_bash}, {"zsh", manual_zsh}};
	size_t i;

	for (i = 0; s->n_args == 1 && i < sizeof manuals / sizeof manuals[0]; i++)
		if (!strcmp(manuals[i].name, s->args[0])) {
			manuals[i].print();
			return EXIT_OK;
		}
	fprintf(stderr, "adit: 'adit manual' needs one of: man, bash, zsh\n");
	return EXIT_USAGE;
}
