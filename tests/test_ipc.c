/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages between supervisor and workers: checked, bounded, never in the way. */
#include <fcntl.h>
#include <math.h>
#include <sys/socket.h>
#include <unistd.h>

#include "src/ipc.h"
#include "tests/t.h"

static int pair[2];

static bool open_pair(void)
{
	struct err err = {0};

	return CHECK_OK(ipc_pair(pair, &err), &err);
}

static void close_pair(void)
{
	close(pair[0]);
	close(pair[1]);
}

static void fill_facts(struct algo_facts *out)
{
	memset(out, 0, sizeof *out);
	out->cache_items = 1021;
	out->rows = 16381;
	out->row_bytes = 128;
	out->dataset_bytes = 16381 * 128;
	out->shared_bytes = 1021 * 64;
}

/* What is bounded in messages to and from the sensor process, at its bound. */
static void fill_sensors(struct ipc_msg *m, unsigned type)
{
	if (type == IPC_SENSE) {
		m->u.sense.count = DEVICES_MAX;
		m->u.sense.interval_ms = IPC_SENSE_MS_MAX;
	}
	if (type == IPC_ASKING)
		m->u.number.n = DEVICES_MAX;
	if (type == IPC_SET)
		m->u.set.index = DEVICES_MAX - 1;
	if (type == IPC_READING)
		m->u.reading.index = DEVICES_MAX - 1;
	if (type == IPC_SET_DONE)
		m->u.set_done.index = DEVICES_MAX - 1;
}

static int check_one(struct ipc_msg *m, unsigned type)
{
	m->head = (struct ipc_head){IPC_VERSION, (uint16_t)type, (uint32_t)ipc_body_len(type)};
	return ipc_check(m, sizeof m->head + m->head.len);
}

static void sensor_messages_beyond_their_bounds_are_refused(void)
{
	static const unsigned indexed[] = {IPC_ASKING, IPC_SET, IPC_READING, IPC_SET_DONE};
	struct ipc_msg m;
	size_t i;

	for (i = 0; i < sizeof indexed / sizeof indexed[0]; i++) {
		memset(&m, 0x41, sizeof m);
		CHECK_INT(check_one(&m, indexed[i]), -ERR_PROTO);
		memset(&m, 0, sizeof m);
		fill_sensors(&m, indexed[i]);
		CHECK_INT(check_one(&m, indexed[i]), 0);
		m.u.set.index++; /* the first member of each */
		CHECK_INT(check_one(&m, indexed[i]), -ERR_PROTO);
	}
	memset(&m, 0x41, sizeof m);
	fill_sensors(&m, IPC_SENSE);
	CHECK_INT(check_one(&m, IPC_SENSE), 0);
	CHECK_U64(strlen(m.u.sense.target[DEVICES_MAX - 1].uuid),
		  sizeof m.u.sense.target[0].uuid - 1);
	CHECK_U64(strlen(m.u.sense.dir), sizeof m.u.sense.dir - 1);
	m.u.sense.count++;
	CHECK_INT(check_one(&m, IPC_SENSE), -ERR_PROTO);
	m.u.sense.count = 0;
	m.u.sense.interval_ms++;
	CHECK_INT(check_one(&m, IPC_SENSE), -ERR_PROTO);
	m.u.sense.interval_ms = IPC_SENSE_MS_MIN - 1;
	CHECK_INT(check_one(&m, IPC_SENSE), -ERR_PROTO);
}

/* What no device does is no figure. */
static void absurd_figures_are_refused(void)
{
	static const double values[] = {-1, 1e19, INFINITY, NAN};
	struct ipc_msg m = {.head = {IPC_VERSION, IPC_FIGURE, sizeof(struct roof_figure)}};
	size_t i;

	m.u.figure = (struct roof_figure){.kind = ROOF_ADD, .value = 1e12, .mad = 1e9};
	CHECK_INT(check_one(&m, IPC_FIGURE), 0);
	for (i = 0; i < sizeof values / sizeof values[0]; i++) {
		m.u.figure.value = values[i];
		CHECK_INT(check_one(&m, IPC_FIGURE), -ERR_PROTO);
		m.u.figure.value = 1;
		m.u.figure.mad = values[i];
		CHECK_INT(check_one(&m, IPC_FIGURE), -ERR_PROTO);
		m.u.figure.mad = 0;
		m.u.figure.best = values[i];
		CHECK_INT(check_one(&m, IPC_FIGURE), -ERR_PROTO);
		m.u.figure.best = 1;
	}
	m.u.figure.kind = ROOF_KINDS;
	CHECK_INT(check_one(&m, IPC_FIGURE), -ERR_PROTO);
}

static int count_fds(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* A descriptor belongs to an epoch and to nothing else; none is left open by a refusal. */
static void descriptors_come_with_epochs_only(void)
{
	struct ipc_epoch epoch;
	struct ipc_number number = {1};
	struct ipc_msg got;
	int before;

	if (!open_pair())
		return;
	before = count_fds();
	fill_facts(&epoch.facts);
	CHECK_INT(ipc_send_fd(pair[0], IPC_FORGET, &number, pair[0]), 0);
	CHECK_INT(ipc_recv(pair[1], &got), -ERR_PROTO);
	CHECK_INT(ipc_send(pair[0], IPC_EPOCH, &epoch), 0);
	CHECK_INT(ipc_recv(pair[1], &got), -ERR_PROTO);
	epoch.facts.dataset_bytes++;
	CHECK_INT(ipc_send_fd(pair[0], IPC_EPOCH, &epoch, pair[0]), 0);
	CHECK_INT(ipc_recv(pair[1], &got), -ERR_PROTO);
	CHECK_INT(got.fd, -1);
	CHECK_INT(count_fds(), before);
	close_pair();
}

static void every_type_arrives_as_it_was_sent(void)
{
	struct ipc_msg sent, got;
	unsigned type;

	if (!open_pair())
		return;
	for (type = 1; type < IPC_TYPES; type++) {
		int len = ipc_body_len(type);

		memset(&sent, 0, sizeof sent);
		memset(&sent.u, 0x41, sizeof sent.u);
		if (type == IPC_WORK)
			sent.u.work.work.header_len = 80;
		if (type == IPC_EPOCH)
			fill_facts(&sent.u.epoch.facts);
		if (type == IPC_FIGURE)
			sent.u.figure.kind = ROOF_KINDS - 1;
		fill_sensors(&sent, type);
		CHECK_INT(ipc_send_fd(pair[0], type, &sent.u, type == IPC_EPOCH ? pair[0] : -1), 0);
		if (!CHECK_INT(ipc_recv(pair[1], &got), 1))
			break;
		CHECK_INT(got.fd >= 0, type == IPC_EPOCH);
		if (got.fd >= 0)
			close(got.fd);
		CHECK_INT(got.head.type, type);
		CHECK_INT(got.head.len, len);
		if (type == IPC_FOUND || type == IPC_BATCH || type == IPC_LIMIT)
			CHECK_MEM(&got.u, &sent.u, (size_t)len);
	}
	CHECK_INT(ipc_recv(pair[1], &got), 0);
	close_pair();
}

static void text_is_always_terminated(void)
{
	struct ipc_msg m;

	memset(&m, 'A', sizeof m);
	m.head = (struct ipc_head){IPC_VERSION, IPC_OPEN, sizeof m.u.open};
	CHECK_INT(ipc_check(&m, sizeof m.head + sizeof m.u.open), 0);
	CHECK_U64(strlen(m.u.open.backend), sizeof m.u.open.backend - 1);
	CHECK_U64(strlen(m.u.open.algo), sizeof m.u.open.algo - 1);
	CHECK_U64(strlen(m.u.open.cache_dir), sizeof m.u.open.cache_dir - 1);
	CHECK_U64(strlen(m.u.open.sim), sizeof m.u.open.sim - 1);
	memset(&m, 'A', sizeof m);
	m.head = (struct ipc_head){IPC_VERSION, IPC_HELLO, sizeof m.u.hello};
	CHECK_INT(ipc_check(&m, sizeof m.head + sizeof m.u.hello), 0);
	CHECK_U64(strlen(m.u.hello.info.name), sizeof m.u.hello.info.name - 1);
	CHECK_U64(strlen(m.u.hello.info.driver), sizeof m.u.hello.info.driver - 1);
	memset(&m, 'A', sizeof m);
	m.head = (struct ipc_head){IPC_VERSION, IPC_FAILED, sizeof m.u.failed};
	CHECK_INT(ipc_check(&m, sizeof m.head + sizeof m.u.failed), 0);
	CHECK_U64(strlen(m.u.failed.text), sizeof m.u.failed.text - 1);
}

static void wrong_version_type_and_length_are_refused(void)
{
	struct ipc_msg m = {.head = {IPC_VERSION, IPC_BATCH, sizeof(struct ipc_batch)}};
	size_t whole = sizeof m.head + sizeof m.u.batch, len;

	CHECK_INT(ipc_check(&m, whole), 0);
	for (len = 0; len <= sizeof m; len++)
		CHECK_INT(ipc_check(&m, len), len == whole ? 0 : -ERR_PROTO);
	m.head.version++;
	CHECK_INT(ipc_check(&m, whole), -ERR_PROTO);
	m.head.version--;
	m.head.len++;
	CHECK_INT(ipc_check(&m, whole), -ERR_PROTO);
	m.head.len--;
	m.head.type = IPC_NONE;
	CHECK_INT(ipc_check(&m, whole), -ERR_PROTO);
	m.head.type = IPC_TYPES;
	CHECK_INT(ipc_check(&m, whole), -ERR_PROTO);
	m.head.type = 0xffff;
	CHECK_INT(ipc_check(&m, whole), -ERR_PROTO);
}

static void work_that_overruns_its_header_is_refused(void)
{
	struct ipc_msg m = {.head = {IPC_VERSION, IPC_WORK, sizeof(struct ipc_work)}};
	size_t whole = sizeof m.head + sizeof m.u.work;

	m.u.work.work.nonce_count = 1;
	m.u.work.work.header_len = WORK_HEADER_MAX;
	CHECK_INT(ipc_check(&m, whole), 0);
	m.u.work.work.header_len = WORK_HEADER_MAX + 1;
	CHECK_INT(ipc_check(&m, whole), -ERR_PROTO);
	m.u.work.work.header_len = 80;
	m.u.work.work.nonce_count = 0;
	CHECK_INT(ipc_check(&m, whole), -ERR_PROTO);
}

static void oversized_packet_is_consumed_and_refused(void)
{
	static char junk[3 * sizeof(struct ipc_msg)];
	struct ipc_msg got;

	if (!open_pair())
		return;
	CHECK_INT(send(pair[0], junk, sizeof junk, 0), sizeof junk);
	CHECK_INT(ipc_send(pair[0], IPC_PAUSE, NULL), 0);
	CHECK_INT(ipc_recv(pair[1], &got), -ERR_PROTO);
	CHECK_INT(ipc_recv(pair[1], &got), 1);
	CHECK_INT(got.head.type, IPC_PAUSE);
	close_pair();
}

static void full_socket_is_busy_and_a_closed_one_gone(void)
{
	struct ipc_batch body = {.hashes = 1};
	struct ipc_msg got;
	unsigned sent = 0, heard = 0;
	int rc;

	if (!open_pair())
		return;
	while ((rc = ipc_send(pair[0], IPC_BATCH, &body)) == 0 && sent < 1000000)
		sent++;
	CHECK_INT(rc, -ERR_BUSY);
	while (ipc_recv(pair[1], &got) == 1)
		heard++;
	CHECK_U64(heard, sent);
	close(pair[1]);
	CHECK_INT(ipc_send(pair[0], IPC_BATCH, &body), -ERR_IO);
	CHECK_INT(ipc_recv(pair[0], &got), -ERR_IO);
	close(pair[0]);
}

static void last_words_survive_unread_messages(void)
{
	struct ipc_failed words = {.code = ERR_DEVICE, .text = "lost"};
	struct ipc_msg got;

	if (!open_pair())
		return;
	CHECK_INT(ipc_send(pair[0], IPC_PAUSE, NULL), 0); /* never read: Linux resets */
	CHECK_INT(ipc_send(pair[1], IPC_FAILED, &words), 0);
	close(pair[1]);
	if (CHECK_INT(ipc_recv(pair[0], &got), 1)) {
		CHECK_INT(got.head.type, IPC_FAILED);
		CHECK_STR(got.u.failed.text, "lost");
	}
	CHECK_INT(ipc_recv(pair[0], &got), -ERR_IO);
	close(pair[0]);
}

int main(void)
{
	T_RUN(absurd_figures_are_refused);
	T_RUN(descriptors_come_with_epochs_only);
	T_RUN(every_type_arrives_as_it_was_sent);
	T_RUN(text_is_always_terminated);
	T_RUN(wrong_version_type_and_length_are_refused);
	T_RUN(work_that_overruns_its_header_is_refused);
	T_RUN(sensor_messages_beyond_their_bounds_are_refused);
	T_RUN(oversized_packet_is_consumed_and_refused);
	T_RUN(full_socket_is_busy_and_a_closed_one_gone);
	T_RUN(last_words_survive_unread_messages);
	return t_done();
}
