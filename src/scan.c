/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `adit scan`: device kernels, in real worker processes, over exactly the range asked
 * for, every find held against the reference.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/clock.h"
#include "src/epoch.h"
#include "src/fit.h"
#include "src/ipc.h"
#include "src/paths.h"
#include "src/request.h"
#include "src/rig.h"
#include "src/settings.h"
#include "src/spawn.h"
#include "src/str.h"

#define SILENCE_MS  60000      /* of a worker before it counts as hung */
#define END_WAIT_MS 2000       /* for a worker to close its device */
#define FOUND_MAX   (1u << 24) /* a device; beyond it the target is a mistake */

/* One device's share of the range. */
struct part {
	struct device_info info;
	char id[32];
	int fd, pid;
	uint64_t first, count, done;
	bool ready;
	int64_t heard_ms;
	uint64_t *found;
	size_t n, room;
};

struct scan {
	const struct algo *algo;
	struct work work; /* the whole range */
	struct ipc_open open;
	struct epoch *epoch; /* NULL: the algorithm has none */
	struct rig_list devices;
	struct part *parts;
	unsigned n;
	int64_t start_us, end_us;
};

/* --- what is asked for -------------------------------------------------------- */

static int read_range(struct scan *sc, const struct settings *s, struct err *err)
{
	uint64_t last = sc->algo->nonce_len == 8 ? UINT64_MAX : UINT32_MAX;

	if (!s->count)
		return err_set(err, ERR_USAGE, "no range: give --start and --count");
	if (s->start > last || s->count - 1 > last - s->start)
		return err_set(err, ERR_USAGE,
			       "--start and --count go beyond the last nonce of %s, 0x%llx",
			       sc->algo->name, (unsigned long long)last);
	sc->work.nonce_first = s->start;
	sc->work.nonce_count = s->count;
	if (!s->target)
		return err_set(err, ERR_USAGE,
			       "no target: give 64 hexadecimal digits with "
			       "--target");
	if (u256_parse(&sc->work.target, s->target))
		return err_set(err, ERR_USAGE,
			       "--target: give up to 64 hexadecimal digits, most "
			       "significant first");
	return 0;
}

static int read_intensity(struct scan *sc, const char *text, struct err *err)
{
	uint64_t v = 0;

	if (text && strcmp(text, "auto") && str_to_u64(&v, text, 1, 32))
		return err_set(err, ERR_USAGE,
			       "intensity '%s': give 'auto' or a number from 1 to "
			       "32",
			       text);
	sc->open.intensity = (uint32_t)v;
	return 0;
}

static int read_request(struct scan *sc, const struct settings *s, struct err *err)
{
	int rc = request_algo(&sc->algo, s, err);

	if (!rc)
		rc = request_work(sc->algo, s, &sc->work, sc->open.set, &sc->epoch, err);
	if (!rc)
		rc = read_range(sc, s, err);
	if (!rc)
		rc = read_intensity(sc, s->intensity, err);
	if (rc)
		return rc;
	sc->work.serial = 1;
	str_copy(sc->open.algo, sizeof sc->open.algo, sc->algo->name);
	paths_cache(sc->open.cache_dir, sizeof sc->open.cache_dir, s->cache_dir);
	sc->open.batch_ms = s->batch_ms;
	sc->open.threads = s->cpu_threads;
	sc->open.no_selftest = s->no_selftest;
	return 0;
}

static int find_devices(struct scan *sc, const struct settings *s, struct err *err)
{
	int rc = rig_find(&sc->devices, s->devices, err);
	unsigned i;

	for (i = 0; i < sc->devices.n && !rc; i++)
		if (!strcmp(sc->devices.dev[i].backend, "sim"))
			rc = err_set(err, ERR_USAGE,
				     "simulated devices do not hash: scan with a "
				     "real device or 'cpu'");
	return rc;
}

/* Consecutive parts, as equal as whole numbers allow; fewer than devices for tiny ranges. */
static int split(struct scan *sc, struct err *err)
{
	uint64_t at = sc->work.nonce_first, left = sc->work.nonce_count;
	unsigned i;

	sc->n = sc->devices.n;
	if (left < sc->n)
		sc->n = (unsigned)left;
	sc->parts = calloc(sc->n, sizeof *sc->parts);
	if (!sc->parts)
		return err_set(err, ERR_NOMEM, "no memory for %u devices", sc->n);
	for (i = 0; i < sc->n; i++) {
		struct part *p = &sc->parts[i];

		p->info = sc->devices.dev[i];
		rig_id(p->id, sizeof p->id, &p->info);
		p->fd = -1;
		p->first = at;
		p->count = left / (sc->n - i);
		at += p->count;
		left -= p->count;
	}
	return 0;
}

/* --- workers ------------------------------------------------------------------ */

static int part_start(struct scan *sc, struct part *p, struct err *err)
{
	int rc = rig_spawn(&p->info, &p->fd, &p->pid, err);

	if (rc) {
		p->fd = -1;
		return rc;
	}
	str_copy(sc->open.backend, sizeof sc->open.backend, p->info.backend);
	sc->open.index = p->info.index;
	p->heard_ms = clock_ms();
	if (ipc_send(p->fd, IPC_OPEN, &sc->open))
		return err_set(err, ERR_DEVICE, "%s: its worker ended at once", p->id);
	return 0;
}

static void part_stop(struct part *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	if (p->pid > 0)
		spawn_reap(p->pid, END_WAIT_MS);
	p->pid = 0;
	free(p->found);
	p->found = NULL;
}

static int add_found(struct part *p, uint64_t nonce, struct err *err)
{
	if (p->n == p->room) {
		size_t room = p->room ? p->room * 2 : 256;
		uint64_t *more = room <= FOUND_MAX ? realloc(p->found, room * sizeof *more) : NULL;

		if (!more)
			return err_set(err, ERR_RANGE,
				       "more than %zu finds: choose a harder "
				       "target or a smaller range",
				       p->n);
		p->found = more;
		p->room = room;
	}
	p->found[p->n++] = nonce;
	return 0;
}

static int part_work(const struct scan *sc, struct part *p, struct err *err)
{
	struct ipc_work work;

	memset(&work, 0, sizeof work);
	work.lease = 1;
	work.work = sc->work;
	work.work.nonce_first = p->first;
	work.work.nonce_count = p->count;
	p->ready = true;
	if (sc->epoch) {
		const struct ipc_epoch epoch = {.facts = sc->epoch->view.facts};

		if (ipc_send_fd(p->fd, IPC_EPOCH, &epoch, sc->epoch->fd))
			return err_set(err, ERR_DEVICE, "%s: its worker takes no epoch", p->id);
	}
	if (ipc_send(p->fd, IPC_WORK, &work))
		return err_set(err, ERR_DEVICE, "%s: its worker takes no work", p->id);
	return 0;
}

static int all_ready(struct scan *sc, struct err *err)
{
	unsigned i;
	int rc = 0;

	for (i = 0; i < sc->n; i++)
		if (!sc->parts[i].ready)
			return 0;
	sc->start_us = clock_us();
	for (i = 0; i < sc->n && !rc; i++)
		rc = part_work(sc, &sc->parts[i], err);
	return rc;
}

static int on_message(struct scan *sc, struct part *p, const struct ipc_msg *m, struct err *err)
{
	char text[ERR_TEXT_MAX];

	switch (m->head.type) {
	case IPC_READY:
		if (p->ready) /* for the second time: its dataset is there */
			return 0;
		p->ready = true;
		return all_ready(sc, err);
	case IPC_UNFIT:
		return err_set(err, ERR_MEMORY, "%s: %s", p->id,
			       fit_text(text, sizeof text, sc->algo, sc->open.set, m->u.unfit.epoch,
					m->u.unfit.need, m->u.unfit.left));
	case IPC_FOUND:
		return add_found(p, m->u.found.nonce, err);
	case IPC_BATCH:
		if (m->u.batch.hashes > p->count - p->done)
			return err_set(err, ERR_PROTO, "%s: searched more than asked for", p->id);
		p->done += m->u.batch.hashes;
		return 0;
	case IPC_FAILED:
		return err_set(err, m->u.failed.code ? m->u.failed.code : ERR_DEVICE, "%s",
			       m->u.failed.text);
	case IPC_NOTE:
		fprintf(stderr, "adit: %s: %s\n", p->id, m->u.failed.text);
		return 0;
	default:
		return 0;
	}
}

static int part_read(struct scan *sc, struct part *p, struct err *err)
{
	struct ipc_msg msg;
	int rc;

	while (p->done < p->count && (rc = ipc_recv(p->fd, &msg)) != 0) {
		if (rc < 0)
			return err_set(err, ERR_DEVICE,
				       "%s: its worker died; run it again, or "
				       "'adit devices' to see what is there",
				       p->id);
		p->heard_ms = clock_ms();
		rc = on_message(sc, p, &msg, err);
		if (rc)
			return rc;
	}
	return 0;
}

/* Sleep until some worker speaks; then hear them all.  *left: parts not finished. */
static int listen_once(struct scan *sc, unsigned *left, struct err *err)
{
	struct pollfd fds[DEVICES_MAX];
	int64_t now;
	unsigned i;
	int rc = 0;

	for (i = 0; i < sc->n; i++) {
		struct part *p = &sc->parts[i];
		bool busy = p->done < p->count;

		fds[i] = (struct pollfd){.fd = busy ? p->fd : -1, .events = POLLIN};
	}
	if (poll(fds, sc->n, SILENCE_MS) < 0 && errno != EINTR)
		return err_set(err, ERR_IO, "waiting for workers: %s", strerror(errno));
	now = clock_ms();
	for (i = *left = 0; i < sc->n && !rc; i++) {
		struct part *p = &sc->parts[i];

		if (fds[i].revents)
			rc = part_read(sc, p, err);
		/* One that waits for the others to become ready has nothing to say. */
		else if (fds[i].fd >= 0 && (!p->ready || sc->start_us) &&
			 now - p->heard_ms > SILENCE_MS)
			rc = err_set(err, ERR_DEVICE, "%s: hangs", p->id);
		*left += p->done < p->count;
	}
	return rc;
}

static int run(struct scan *sc, struct err *err)
{
	unsigned i, left = sc->n;
	int rc = 0;

	for (i = 0; i < sc->n && !rc; i++)
		rc = part_start(sc, &sc->parts[i], err);
	while (left && !rc)
		rc = listen_once(sc, &left, err);
	sc->end_us = clock_us();
	for (i = 0; i < sc->n; i++)
		if (sc->parts[i].fd >= 0)
			ipc_send(sc->parts[i].fd, IPC_QUIT, NULL);
	return rc;
}

/* --- what came out ------------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void disagree(const struct part *p, uint64_t nonce, const char *why)
{
	fprintf(stderr, "adit: %s: nonce 0x%" PRIx64 ": %s\n", p->id, nonce, why);
}

/* One find: printed when the reference agrees.  False when it does not. */
static bool judge(const struct scan *sc, const struct part *p, size_t i, uint64_t *found)
{
	uint64_t nonce = p->found[i];
	struct digest digest;
	char hash[65];

	if (nonce - p->first >= p->count) {
		disagree(p, nonce, "reported, but outside of the range");
		return false;
	}
	if (i && p->found[i - 1] == nonce) {
		disagree(p, nonce, "reported twice");
		return false;
	}
	if (sc->algo->hash(sc->epoch ? &sc->epoch->view : NULL, &sc->work, nonce, &digest)) {
		disagree(p, nonce, "the reference failed");
		return false;
	}
	/* Kernels look at the top 64 bits; the rest is decided here. */
	if (digest.hash.w[3] > sc->work.target.w[3]) {
		disagree(p, nonce, "reported, but the CPU reference disagrees");
		return false;
	}
	if (u256_cmp(&digest.hash, &sc->work.target) > 0)
		return true;
	printf("{\"nonce\":\"0x%0*" PRIx64 "\",\"hash\":\"%s\"}\n", 2 * sc->algo->nonce_len, nonce,
	       u256_hex(hash, &digest.hash));
	++*found;
	return true;
}

static int print_results(const struct scan *sc)
{
	uint64_t found = 0;
	bool right = true;
	unsigned i;
	size_t k;

	for (i = 0; i < sc->n; i++) {
		struct part *p = &sc->parts[i];

		if (p->n)
			qsort(p->found, p->n, sizeof *p->found, compare);
		for (k = 0; k < p->n; k++)
			right &= judge(sc, p, k, &found);
	}
	printf("{\"scanned\":%" PRIu64 ",\"found\":%" PRIu64 ",\"seconds\":%.6f,\"device\":\"",
	       sc->work.nonce_count, found, (double)(sc->end_us - sc->start_us) / 1e6);
	for (i = 0; i < sc->n; i++)
		printf("%s%s", i ? "," : "", sc->parts[i].id);
	printf("\"}\n");
	if (ferror(stdout) || fflush(stdout))
		return EXIT_SYSTEM;
	return right ? EXIT_OK : EXIT_MISMATCH;
}

static int exit_code(int rc)
{
	switch (-rc) {
	case ERR_USAGE:
	case ERR_PARSE:
	case ERR_RANGE:
	case ERR_UNKNOWN:
		return EXIT_USAGE;
	case ERR_NODEV:
		return EXIT_NO_DEVICE;
	case ERR_SELFTEST:
		return EXIT_MISMATCH;
	case ERR_NOMEM:
	case ERR_IO:
		return EXIT_SYSTEM;
	default:
		return EXIT_DEVICE;
	}
}

int cmd_scan(struct settings *s)
{
	struct scan *sc = calloc(1, sizeof *sc);
	struct err err = {0};
	unsigned i;
	int rc;

	if (!sc)
		return EXIT_SYSTEM;
	rc = read_request(sc, s, &err);
	if (!rc)
		rc = find_devices(sc, s, &err);
	if (!rc)
		rc = split(sc, &err);
	if (!rc)
		rc = run(sc, &err);
	if (rc) {
		fprintf(stderr, "adit: %s\n", err.text);
		rc = exit_code(rc);
	} else {
		rc = print_results(sc);
	}
	for (i = 0; i < sc->n; i++)
		part_stop(&sc->parts[i]);
	epoch_unref(sc->epoch);
	free(sc->parts);
	free(sc);
	return rc;
}
