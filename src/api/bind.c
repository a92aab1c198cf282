/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Binding the listener's socket. */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "src/api/bind.h"
#include "src/str.h"

static int cannot(const char *text, struct err *err)
{
	int code = errno;

	return err_set(err, ERR_IO, "--api-bind %.160s: %s%s", text, strerror(code),
		       code == EADDRINUSE
			       ? "; choose another port (0: any free one), or --api-bind off"
			       : "");
}

/* A socket file that nobody answers at is left over from a crash. */
static void remove_stale(const struct sockaddr_un *at)
{
	struct stat st;
	int fd;

	if (lstat(at->sun_path, &st) || !S_ISSOCK(st.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)at, sizeof *at) && errno == ECONNREFUSED)
		unlink(at->sun_path);
	close(fd);
}

static int open_file(struct api_place *out, const char *text, struct err *err)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	if (!text[5] || !str_copy(at.sun_path, sizeof at.sun_path, text + 5))
		return err_set(err, ERR_USAGE,
			       "--api-bind %.160s: the path has 1 to %zu characters", text,
			       sizeof at.sun_path - 1);
	remove_stale(&at);
	out->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (out->fd < 0 || bind(out->fd, (const struct sockaddr *)&at, sizeof at))
		return cannot(text, err);
	str_copy(out->path, sizeof out->path, at.sun_path);
	/* before anybody can connect: it does not listen yet */
	if (chmod(at.sun_path, S_IRUSR | S_IWUSR))
		return cannot(text, err);
	out->loopback = true;
	str_copy(out->where, sizeof out->where, text);
	return 0;
}

/* "HOST:PORT" into an address; names other than localhost are not looked up. */
static int parse(struct sockaddr_storage *out, int *len, const char *text, struct err *err)
{
	char fixed[128];
	const char *port = strrchr(text, ':');
	bool any = port && !strcmp(port, ":0"), fits;

	/* evutil knows every form but "localhost" */
	if (!strncmp(text, "localhost:", 10))
		fits = (size_t)snprintf(fixed, sizeof fixed, "127.0.0.1%s", text + 9) <
		       sizeof fixed;
	else
		fits = str_copy(fixed, sizeof fixed, text);
	if (fits && any) /* and refuses port 0 */
		str_copy(strrchr(fixed, ':'), 3, ":1");
	*len = sizeof *out;
	if (!fits || !port || evutil_parse_sockaddr_port(fixed, (struct sockaddr *)out, len))
		return err_set(err, ERR_USAGE,
			       "--api-bind %.160s: write ADDRESS:PORT, as in 127.0.0.1:4028, "
			       "unix:PATH, or off",
			       text);
	if (any && out->ss_family == AF_INET)
		((struct sockaddr_in *)out)->sin_port = 0;
	else if (any)
		((struct sockaddr_in6 *)out)->sin6_port = 0;
	return 0;
}

/* Which address it became. */
static void describe(struct api_place *out, const struct sockaddr_storage *at)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)at;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)at;
	char host[64] = "";
	bool any;

	if (at->ss_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
		any = v4->sin_addr.s_addr == htonl(INADDR_ANY);
		out->loopback = ntohl(v4->sin_addr.s_addr) >> 24 == 127;
		snprintf(out->where, sizeof out->where, "%s:%u", host, ntohs(v4->sin_port));
	} else {
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
		any = IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr);
		out->loopback = IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
		snprintf(out->where, sizeof out->where, "[%s]:%u", host, ntohs(v6->sin6_port));
	}
	if (!any)
		str_copy(out->host, sizeof out->host, host);
}

static int open_address(struct api_place *out, const char *text, struct err *err)
{
	struct sockaddr_storage at = {0};
	socklen_t got = sizeof at;
	int len, on = 1, rc = parse(&at, &len, text, err);

	if (rc)
		return rc;
	out->fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (out->fd < 0)
		return cannot(text, err);
	setsockopt(out->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (at.ss_family == AF_INET6) /* no IPv4 address in disguise */
		setsockopt(out->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	if (bind(out->fd, (const struct sockaddr *)&at, (socklen_t)len) ||
	    getsockname(out->fd, (struct sockaddr *)&at, &got))
		return cannot(text, err);
	describe(out, &at);
	return 0;
}

int api_place_open(struct api_place *out, const char *text, struct err *err)
{
	int rc;

	memset(out, 0, sizeof *out);
	out->fd = -1;
	rc = !strncmp(text, "unix:", 5) ? open_file(out, text, err) : open_address(out, text, err);
	if (!rc)
		return 0;
	if (out->fd >= 0)
		close(out->fd);
	if (out->path[0])
		unlink(out->path);
	out->fd = -1;
	return rc;
}
