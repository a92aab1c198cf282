/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages between supervisor, workers and the sensor process.  Uses Linux calls (SOCK_CLOEXEC,
 * MSG_TRUNC). */
#define _GNU_SOURCE 1
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "src/ipc.h"

static const uint32_t body_len[IPC_TYPES] = {
	[IPC_OPEN] = sizeof(struct ipc_open),       [IPC_WORK] = sizeof(struct ipc_work),
	[IPC_FORGET] = sizeof(struct ipc_number),   [IPC_LIMIT] = sizeof(struct ipc_limit),
	[IPC_HELLO] = sizeof(struct ipc_hello),     [IPC_PROGRESS] = sizeof(struct ipc_progress),
	[IPC_READY] = sizeof(struct ipc_ready),     [IPC_HUNGRY] = sizeof(struct ipc_number),
	[IPC_BATCH] = sizeof(struct ipc_batch),     [IPC_FOUND] = sizeof(struct ipc_found),
	[IPC_IDLE] = sizeof(struct ipc_number),     [IPC_FAILED] = sizeof(struct ipc_failed),
	[IPC_NOTE] = sizeof(struct ipc_failed),     [IPC_EPOCH] = sizeof(struct ipc_epoch),
	[IPC_UNFIT] = sizeof(struct ipc_unfit),     [IPC_SENSE] = sizeof(struct ipc_sense),
	[IPC_SET] = sizeof(struct ipc_set),         [IPC_ASKING] = sizeof(struct ipc_number),
	[IPC_READING] = sizeof(struct ipc_reading), [IPC_SET_DONE] = sizeof(struct ipc_set_done),
	[IPC_PRESENCE] = sizeof(struct presence),   [IPC_PROBE] = sizeof(struct ipc_probe),
	[IPC_FIGURE] = sizeof(struct roof_figure),
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

int ipc_send_fd(int fd, unsigned type, const void *body, int passed)
{
	struct ipc_head head = {.version = IPC_VERSION, .type = (uint16_t)type};
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {.room = {0}};
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
	if (passed >= 0) {
		msg.msg_control = control.room;
		msg.msg_controllen = sizeof control.room;
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.head), &passed, sizeof passed);
	}
	do
		n = sendmsg(fd, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return 0;
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS ? -ERR_BUSY : -ERR_IO;
}

int ipc_send(int fd, unsigned type, const void *body)
{
	return ipc_send_fd(fd, type, body, -1);
}

/* The descriptor that came along, or -1. */
static int passed_fd(struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	int fd = -1;

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof fd))
		memcpy(&fd, CMSG_DATA(c), sizeof fd);
	return fd;
}

static ssize_t receive(int fd, struct ipc_msg *out)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {.room = {0}};
	struct iovec part = {.iov_base = out, .iov_len = offsetof(struct ipc_msg, fd)};
	struct msghdr msg = {.msg_iov = &part,
			     .msg_iovlen = 1,
			     .msg_control = control.room,
			     .msg_controllen = sizeof control.room};
	ssize_t n = recvmsg(fd, &msg, MSG_TRUNC | MSG_CMSG_CLOEXEC);

	out->fd = n > 0 ? passed_fd(&msg) : -1;
	return n;
}

/* A descriptor comes with IPC_EPOCH and with nothing else. */
static int check_fd(struct ipc_msg *msg)
{
	if ((msg->head.type == IPC_EPOCH) == (msg->fd >= 0))
		return 0;
	return -ERR_PROTO;
}

int ipc_recv(int fd, struct ipc_msg *out)
{
	bool reset = false;
	ssize_t n;

	for (;;) {
		n = receive(fd, out);
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
	if ((size_t)n <= offsetof(struct ipc_msg, fd) && !ipc_check(out, (size_t)n) &&
	    !check_fd(out))
		return 1;
	if (out->fd >= 0)
		close(out->fd);
	out->fd = -1;
	return -ERR_PROTO;
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

static int check_facts(const struct algo_facts *f)
{
	if (!f->cache_items || !f->rows || (f->row_bytes != 128 && f->row_bytes != 256) ||
	    f->dataset_bytes != (uint64_t)f->rows * f->row_bytes)
		return -ERR_PROTO;
	return 0;
}

static int check_sense(struct ipc_sense *s)
{
	unsigned i;

	for (i = 0; i < DEVICES_MAX; i++) {
		END_TEXT(s->target[i].pci);
		END_TEXT(s->target[i].uuid);
	}
	END_TEXT(s->dir);
	if (s->count > DEVICES_MAX || s->interval_ms < IPC_SENSE_MS_MIN ||
	    s->interval_ms > IPC_SENSE_MS_MAX)
		return -ERR_PROTO;
	return 0;
}

static int check_index(uint64_t index, uint64_t most)
{
	return index <= most ? 0 : -ERR_PROTO;
}

/* What goes to and comes from the sensor process. */
static int check_sensors(struct ipc_msg *msg)
{
	switch (msg->head.type) {
	case IPC_SENSE:
		return check_sense(&msg->u.sense);
	case IPC_SET:
		return check_index(msg->u.set.index, DEVICES_MAX - 1);
	case IPC_ASKING:
		return check_index(msg->u.number.n, DEVICES_MAX);
	case IPC_READING:
		/* Fields of a later version are not known here. */
		msg->u.reading.reading.known &= ((uint64_t)1 << SENSOR_FIELDS) - 1;
		return check_index(msg->u.reading.index, DEVICES_MAX - 1);
	case IPC_SET_DONE:
		END_TEXT(msg->u.set_done.text);
		return check_index(msg->u.set_done.index, DEVICES_MAX - 1);
	default:
		return 0;
	}
}

/* A number that lies beyond any device is no figure. */
static bool is_figure(double v)
{
	return v >= 0 && v <= ROOF_VALUE_MAX;
}

static int check_figure(const struct roof_figure *f)
{
	return f->kind < ROOF_KINDS && is_figure(f->value) && is_figure(f->best) &&
			       is_figure(f->mad)
		       ? 0
		       : -ERR_PROTO;
}

static int check_body(struct ipc_msg *msg)
{
	switch (msg->head.type) {
	case IPC_PROBE:
		END_TEXT(msg->u.probe.backend);
		END_TEXT(msg->u.probe.cache_dir);
		return 0;
	case IPC_FIGURE:
		return check_figure(&msg->u.figure);
	case IPC_OPEN:
		END_TEXT(msg->u.open.backend);
		END_TEXT(msg->u.open.algo);
		END_TEXT(msg->u.open.cache_dir);
		END_TEXT(msg->u.open.sim);
		return 0;
	case IPC_EPOCH:
		return check_facts(&msg->u.epoch.facts);
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
		return check_sensors(msg);
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
