/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The hidden command that becomes the sensor process.  Uses Linux calls (close_range). */
#define _GNU_SOURCE 1
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "src/sensor/main.h"
#include "src/settings.h"

#define SOCKET_FD 3

/*
 * Descriptors and streams as a driver may have them: nothing of the supervisor's.  It is not
 * killed with its parent: the end of the socket tells it to restore the cards and end.
 */
static void isolate(void)
{
	int null = open("/dev/null", O_RDWR);

	if (null >= 0)
		dup2(null, STDIN_FILENO);
	dup2(STDERR_FILENO, STDOUT_FILENO); /* drivers print; stdout may be somebody's JSON */
	syscall(SYS_close_range, SOCKET_FD + 1, ~0u, 0);
}

int cmd_sensors(struct settings *s)
{
	(void)s;
	if (fcntl(SOCKET_FD, F_GETFD) < 0) {
		fputs("adit sensors: started by 'adit mine' only\n", stderr);
		return EXIT_USAGE;
	}
	isolate();
	fcntl(SOCKET_FD, F_SETFD, FD_CLOEXEC);
	return sensor_process(SOCKET_FD) ? EXIT_FAIL : EXIT_OK;
}
