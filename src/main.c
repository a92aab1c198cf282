/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds the command and runs it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "src/log.h"
#include "src/settings.h"

static int load(struct settings **out, int argc, char **argv, bool *done)
{
	struct err err = {0};

	if (settings_load(out, argc, argv, done, &err)) {
		fprintf(stderr, "adit: %s\n", err.text);
		return err.code == ERR_NOMEM ? EXIT_SYSTEM : EXIT_USAGE;
	}
	if (!*done && log_setup(&(*out)->log, &err)) {
		fprintf(stderr, "adit: %s\n", err.text);
		return EXIT_SYSTEM;
	}
	return EXIT_OK;
}

/* A closed one would become the next file's, and what is printed would go there. */
static void hold_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY); /* not to be written to */
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	struct settings *settings = NULL;
	bool done = false;
	int code;

	hold_streams();
	signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of write(), not the end */
	code = load(&settings, argc, argv, &done);
	if (!code && !done)
		code = settings->command->run(settings);
	if (fflush(stdout) || ferror(stdout)) {
		if (errno != EPIPE) /* `adit algos | head -1` is no fault of anybody's */
			fprintf(stderr, "adit: cannot write to standard output: %s\n",
				strerror(errno));
		code = code ? code : EXIT_SYSTEM;
	}
	settings_free(settings);
	log_done();
	return code;
}
