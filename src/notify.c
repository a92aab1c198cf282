/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The protocol of sd_notify(3).  Uses Linux's abstract socket names. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "src/notify.h"
#include "src/str.h"

/* "/run/..." or "@name", an abstract one. */
static int parse(struct sockaddr_un *out, socklen_t *len, const char *name, struct err *err)
{
	size_t n = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || n < 2)
		return err_set(err, ERR_PARSE,
			       "NOTIFY_SOCKET: neither a path nor an abstract name; the service "
			       "manager is told nothing");
	if (n > sizeof out->sun_path - 1)
		return err_set(err, ERR_RANGE,
			       "NOTIFY_SOCKET: longer than %zu bytes; the service manager is told "
			       "nothing",
			       sizeof out->sun_path - 1);
	memset(out, 0, sizeof *out);
	out->sun_family = AF_UNIX;
	memcpy(out->sun_path, name, n);
	if (name[0] == '@')
		out->sun_path[0] = '\0';
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	return 0;
}

static int64_t watchdog(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t us, whose;

	if (!usec || str_to_u64(&us, usec, 1, INT64_MAX))
		return 0;
	if (pid && (str_to_u64(&whose, pid, 1, INT32_MAX) || (pid_t)whose != getpid()))
		return 0;
	return us < 1000 ? 1 : (int64_t)(us / 1000);
}

/* connect() of a datagram socket: a later send() needs no address. */
static int reach(struct notify *n, const char *name, struct err *err)
{
	struct sockaddr_un to;
	socklen_t len = 0;
	int rc = parse(&to, &len, name, err);

	if (rc)
		return rc;
	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (n->fd >= 0 && connect(n->fd, (const struct sockaddr *)&to, len) == 0)
		return 0;
	rc = err_set(err, ERR_IO, "NOTIFY_SOCKET: %s; the service manager is told nothing",
		     strerror(errno));
	notify_close(n);
	return rc;
}

int notify_open(struct notify *n, struct err *err)
{
	const char *name = getenv("NOTIFY_SOCKET");
	int rc = 0;

	*n = (struct notify){.fd = -1};
	if (name && *name) {
		rc = reach(n, name, err);
		n->watchdog_ms = rc ? 0 : watchdog();
	}
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return rc;
}

void notify_close(struct notify *n)
{
	if (n->fd >= 0)
		close(n->fd);
	*n = (struct notify){.fd = -1};
}

static int tell(const struct notify *n, const char *text)
{
	size_t len = strlen(text);

	if (n->fd < 0 || send(n->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len)
		return 0;
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS ? -ERR_BUSY : -ERR_IO;
}

int notify_ready(const struct notify *n)
{
	return tell(n, "READY=1");
}

int notify_status(const struct notify *n, const char *line)
{
	char text[NOTIFY_TEXT_MAX] = "STATUS=";

	/* a newline would begin another variable */
	str_printable(text + 7, sizeof text - 7, line, strlen(line));
	return tell(n, text);
}

int notify_stopping(const struct notify *n)
{
	return tell(n, "STOPPING=1");
}

int notify_reloading(const struct notify *n, int64_t now_us)
{
	char text[64];

	snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, now_us);
	return tell(n, text);
}

int notify_watchdog(const struct notify *n)
{
	return tell(n, "WATCHDOG=1");
}
