/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Starting this program again as a child.  Uses Linux calls (/proc/self/exe, pidfd_open). */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/spawn.h"

#define KILL_WAIT_MS 500

/* Signals as at the start of any program; more: further POSIX_SPAWN_ flags. */
static int set_attributes(posix_spawnattr_t *attr, int more)
{
	sigset_t none, all;
	int rc;

	sigemptyset(&none);
	sigfillset(&all);
	sigdelset(&all, SIGKILL);
	sigdelset(&all, SIGSTOP);
	rc = posix_spawnattr_setsigmask(attr, &none);
	if (!rc)
		rc = posix_spawnattr_setsigdefault(attr, &all);
	if (!rc)
		rc = posix_spawnattr_setflags(
			attr, (short)(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | more));
	return rc;
}

int spawn_self(const char *const *argv, int child_fd, int as_fd, int *pid, struct err *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	pid_t child;
	int rc, copy = -1, from = child_fd;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	/* dup2 onto itself would leave close-on-exec set with some C libraries. */
	if (from == as_fd)
		from = copy = fcntl(child_fd, F_DUPFD_CLOEXEC, as_fd + 1);
	rc = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!rc)
		rc = posix_spawn_file_actions_adddup2(&actions, from, as_fd);
	if (!rc)
		rc = set_attributes(&attr, 0);
	if (!rc)
		rc = posix_spawn(&child, "/proc/self/exe", &actions, &attr,
				 (char *const *)(void *)(uintptr_t)argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	if (copy >= 0)
		close(copy);
	if (rc)
		return err_set(err, ERR_IO, "cannot start 'adit %s': %s", argv[1], strerror(rc));
	*pid = (int)child;
	return 0;
}

int spawn_shell(const char *command, char *const *env, int *pid, struct err *err)
{
	const char *argv[] = {"sh", "-c", command, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	pid_t child;
	int rc;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	rc = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!rc)
		rc = posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
	if (!rc)
		rc = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	if (!rc)
		rc = set_attributes(&attr, POSIX_SPAWN_SETPGROUP); /* a group of its own */
	if (!rc)
		rc = posix_spawn(&child, "/bin/sh", &actions, &attr,
				 (char *const *)(void *)(uintptr_t)argv, env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	if (rc)
		return err_set(err, ERR_IO, "cannot start a shell: %s", strerror(rc));
	*pid = (int)child;
	return 0;
}

/* Sleep until the process ended or the time is over. */
static void await_end(int pid, int timeout_ms)
{
	struct pollfd p = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};

	if (p.fd < 0)
		return;
	while (poll(&p, 1, timeout_ms) < 0 && errno == EINTR)
		;
	close(p.fd);
}

int spawn_reap(int pid, int grace_ms)
{
	int status = 0;

	if (grace_ms > 0) {
		await_end(pid, grace_ms);
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
	}
	kill(pid, SIGKILL);
	await_end(pid, KILL_WAIT_MS);
	return waitpid(pid, &status, WNOHANG) == pid ? status : 0;
}
