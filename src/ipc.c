/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages between supervisor and workers.  Uses Linux calls (SOCK_CLOEXEC, MSG_TRUNC). */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "src/ipc.h"

static const uint32_t body_len[IPC_TYPES] = {
	[IPC_OPEN] = sizeof(struct ipc_open),     [IPC_WORK] = sizeof(struct ipc_work),
	[IPC_FORGET] = sizeof(struct ipc_number), [IPC_LIMIT] = sizeof(struct ipc_limit),
	[IPC_HELLO] = sizeof(struct ipc_hello),   [IPC_PROGRESS] = sizeof(struct ipc_progress),
	[IPC_READY] = sizeof(struct ipc_ready),   [IPC_HUNGRY] = sizeof(struct ipc_number),
	[IPC_BATCH] = sizeof(struct ipc_batch),   [IPC_FOUND] = sizeof(struct ipc_found),
	[IPC_IDLE] = sizeof(struct ipc_number),   [IPC_FAILED] = sizeof(struct ipc_failed),
	[IPC_NOTE] = sizeof(struct ipc_failed),
};

int ipc_body_len(unsigned type)
{
	if (type == IPC_NONE || type >= IPC_TYPES)
		return -ERR_PROTO;
	return (int)body_len[type];
}

int ipc_pair(int fds[2], struct err *err)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds))
		return err_set(err, ERR_IO, "no socket pair for a worker: %s", strerror(errno));
	return 0;
}

int ipc_send(int fd, unsigned type, const void *body)
{
	struct ipc_head head = {.version = IPC_VERSION, .type = (uint16_t)type};
	struct iovec parts[2];
	struct msghdr msg = {.msg_iov = parts, .msg_iovlen = 1};
	int len = ipc_body_len(type);
	ssize_t n;

	if (len < 0)
		return len;
	head.len = (uint32_t)len;
	parts[0] = (struct iovec){.iov_base = &head, .iov_len = sizeof head};
	if (len) {
		parts[1] =
			(struct iovec){.iov_base = (void *)(uintptr_t)body, .iov_len = (size_t)len};
		msg.msg_iovlen = 2;
	}
	do
		n = sendmsg(fd, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return 0;
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS ? -ERR_BUSY : -ERR_IO;
}

int ipc_recv(int fd, struct ipc_msg *out)
{
	bool reset = false;
	ssize_t n;

	for (;;) {
		n = recv(fd, out, sizeof *out, MSG_TRUNC);
		if (n > 0)
			break;
		if (n == 0)
			return -ERR_IO;
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			return 0;
		/* Linux tells of a reset before it hands out what was sent earlier: last words. */
		if (errno != ECONNRESET || reset)
			return -ERR_IO;
		reset = true;
	}
	if ((size_t)n > sizeof *out)
		return -ERR_PROTO;
	return ipc_check(out, (size_t)n) ? -ERR_PROTO : 1;
}

#define END_TEXT(member) ((member)[sizeof(member) - 1] = '\0')

static void end_info_texts(struct device_info *info)
{
	END_TEXT(info->backend);
	END_TEXT(info->pci);
	END_TEXT(info->uuid);
	END_TEXT(info->name);
	END_TEXT(info->vendor);
	END_TEXT(info->driver);
}

static int check_work(const struct work *work)
{
	if (work->header_len > WORK_HEADER_MAX || !work->nonce_count)
		return -ERR_PROTO;
	return 0;
}

static int check_body(struct ipc_msg *msg)
{
	switch (msg->head.type) {
	case IPC_OPEN:
		END_TEXT(msg->u.open.backend);
		END_TEXT(msg->u.open.algo);
		END_TEXT(msg->u.open.cache_dir);
		END_TEXT(msg->u.open.sim);
		return 0;
	case IPC_WORK:
		return check_work(&msg->u.work.work);
	case IPC_HELLO:
		end_info_texts(&msg->u.hello.info);
		return 0;
	case IPC_PROGRESS:
		END_TEXT(msg->u.progress.stage);
		return 0;
	case IPC_READY:
		END_TEXT(msg->u.ready.label);
		return 0;
	case IPC_FAILED:
	case IPC_NOTE:
		END_TEXT(msg->u.failed.text);
		return 0;
	default:
		return 0;
	}
}

int ipc_check(struct ipc_msg *msg, size_t len)
{
	int want;

	if (len < sizeof msg->head || msg->head.version != IPC_VERSION)
		return -ERR_PROTO;
	want = ipc_body_len(msg->head.type);
	if (want < 0 || msg->head.len != (uint32_t)want || len != sizeof msg->head + (size_t)want)
		return -ERR_PROTO;
	return check_body(msg);
}
