/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A worker gone mad: any packet, straight into ipc_check() and through a real socket.  What is
 * accepted has a known type, its exact length, and texts that end.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "src/ipc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ENDS(member) (memchr((member), 0, sizeof(member)) != NULL)

static void must(int claim)
{
	if (!claim)
		abort();
}

static void texts_end(const struct ipc_msg *msg)
{
	const struct device_info *info = &msg->u.hello.info;

	switch (msg->head.type) {
	case IPC_OPEN:
		must(ENDS(msg->u.open.backend) && ENDS(msg->u.open.algo));
		must(ENDS(msg->u.open.cache_dir) && ENDS(msg->u.open.sim));
		break;
	case IPC_HELLO:
		must(ENDS(info->backend) && ENDS(info->pci) && ENDS(info->uuid));
		must(ENDS(info->name) && ENDS(info->vendor) && ENDS(info->driver));
		break;
	case IPC_PROBE:
		must(ENDS(msg->u.probe.backend) && ENDS(msg->u.probe.cache_dir));
		break;
	case IPC_FIGURE:
		must(msg->u.figure.kind < ROOF_KINDS && msg->u.figure.value <= ROOF_VALUE_MAX);
		break;
	case IPC_PROGRESS:
		must(ENDS(msg->u.progress.stage));
		break;
	case IPC_READY:
		must(ENDS(msg->u.ready.label));
		break;
	case IPC_SENSE:
		must(msg->u.sense.count <= DEVICES_MAX && ENDS(msg->u.sense.dir));
		must(ENDS(msg->u.sense.target[0].pci) &&
		     ENDS(msg->u.sense.target[DEVICES_MAX - 1].uuid));
		break;
	case IPC_SET:
		must(msg->u.set.index < DEVICES_MAX);
		break;
	case IPC_READING:
		must(msg->u.reading.index < DEVICES_MAX &&
		     !(msg->u.reading.reading.known >> SENSOR_FIELDS));
		break;
	case IPC_SET_DONE:
		must(msg->u.set_done.index < DEVICES_MAX && ENDS(msg->u.set_done.text));
		break;
	case IPC_FAILED:
	case IPC_NOTE:
		must(ENDS(msg->u.failed.text));
		break;
	default:
		break;
	}
}

static void check_accepted(const struct ipc_msg *msg)
{
	must(msg->head.version == IPC_VERSION);
	must(msg->head.type > IPC_NONE && msg->head.type < IPC_TYPES);
	must((int)msg->head.len == ipc_body_len(msg->head.type));
	texts_end(msg);
}

static void through_socket(const uint8_t *data, size_t size)
{
	struct ipc_msg msg;
	int fds[2], rc;

	if (ipc_pair(fds, NULL))
		return;
	if (size && send(fds[0], data, size, MSG_NOSIGNAL) == (ssize_t)size) {
		rc = ipc_recv(fds[1], &msg);
		must(rc == 1 || rc == -ERR_PROTO);
		if (rc == 1)
			check_accepted(&msg);
		/* the packet is consumed either way */
		must(ipc_recv(fds[1], &msg) == 0);
	}
	close(fds[0]);
	close(fds[1]);
}

static void one_packet(const uint8_t *data, size_t size)
{
	struct ipc_msg msg;

	memset(&msg, 0xa5, sizeof msg);
	memcpy(&msg, data, size < sizeof msg ? size : sizeof msg);
	if (!ipc_check(&msg, size))
		check_accepted(&msg);
	through_socket(data, size);
}

/*
 * The first byte chooses: a letter from 'b' on, a packet of that type with a right head and the
 * rest as its body (repeated to its length); anything else, the rest as the raw packet.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ipc_msg msg = {.head.version = IPC_VERSION};
	uint8_t *body = (uint8_t *)&msg.u;
	unsigned type;
	int i, len;

	if (!size)
		return 0;
	type = data[0] - (unsigned)'a';
	len = ipc_body_len(type);
	if (len < 0) {
		one_packet(data + 1, size - 1);
		return 0;
	}
	msg.head.type = (uint16_t)type;
	msg.head.len = (uint32_t)len;
	for (i = 0; i < len && size > 1; i++)
		body[i] = data[1 + (size_t)i % (size - 1)];
	one_packet((const uint8_t *)&msg, sizeof msg.head + (size_t)len);
	return 0;
}
