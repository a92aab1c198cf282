/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is said to a device's worker, and what it says.  Uses Linux calls (kill). */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "src/clock.h"
#include "src/epoch.h"
#include "src/fit.h"
#include "src/log.h"
#include "src/str.h"
#include "src/unit.h"

#define HELD_MAX     2      /* works of the current job at a worker: one searched, one spare */
#define DOOMED_MAX   32     /* works of older jobs still unanswered; beyond it we wait */
#define UNFIT_MS     600000 /* a device on which a dataset did not fit is asked again */
#define REPORT_MS    200    /* workers tell of batches at least so often */
#define MESSAGES_MAX 64     /* handled a wake-up, so that one device cannot starve the loop */

void unit_close(struct unit *u)
{
	if (u->readable)
		event_free(u->readable);
	u->readable = NULL;
	if (u->fd >= 0)
		close(u->fd);
	u->fd = -1;
	u->held = u->doomed = 0;
	u->forget = 0;
	memset(u->told, 0, sizeof u->told);
}

/* Its protocol broke: it is of no use any more. */
static void distrust(struct unit *u, const char *why)
{
	int64_t now = clock_ms();

	unit_close(u);
	unit_act(u, slot_end(&u->slot, &u->fleet->config.limits, now, why));
}

bool unit_tell(struct unit *u, unsigned type, const void *body)
{
	int rc;

	if (u->fd < 0)
		return false;
	rc = ipc_send(u->fd, type, body);
	/* A full socket means a worker that does not read; its deadline will tell. */
	return rc == 0;
}

/* Drop works of jobs before u->forget; tried again later when the socket is full. */
static bool tell_forget(struct unit *u)
{
	const struct ipc_number n = {.n = u->forget};

	if (!unit_tell(u, IPC_FORGET, &n))
		return false;
	u->forget = 0;
	u->doomed = u->held;
	return true;
}

/* Its worker has this epoch, or gets it now. */
static bool tell_epoch(struct unit *u, const struct epoch *epoch)
{
	const struct ipc_epoch body = {.facts = epoch->view.facts};
	unsigned i;

	for (i = 0; i < EPOCHS_TOLD; i++)
		if (!memcmp(&u->told[i], &body.facts, sizeof body.facts))
			return true;
	if (u->fd < 0 || ipc_send_fd(u->fd, IPC_EPOCH, &body, epoch->fd))
		return false;
	memmove(u->told + 1, u->told, (EPOCHS_TOLD - 1) * sizeof *u->told);
	u->told[0] = body.facts;
	return true;
}

/* Is there any use in giving it works of this epoch? */
static bool fits(const struct unit *u, const struct epoch *epoch, int64_t now)
{
	return !u->unfit.need || epoch->view.facts.epoch != u->unfit.epoch ||
	       now >= u->unfit_until_ms;
}

void unit_fill(struct unit *u)
{
	struct fleet *f = u->fleet;
	int64_t now = clock_ms();
	double rate = rate_get(&u->rate, 10, now);
	const struct epoch *epoch = f->events.epoch ? f->events.epoch(f->arg) : NULL;
	struct ipc_work work;

	if (u->forget && !tell_forget(u))
		return;
	if (u->slot.state != SLOT_RUNNING ||
	    (epoch && (!fits(u, epoch, now) || !tell_epoch(u, epoch))))
		return;
	while (u->slot.state == SLOT_RUNNING && !u->paused && u->doomed < DOOMED_MAX &&
	       u->held - u->doomed < HELD_MAX) {
		memset(&work, 0, sizeof work);
		if (!f->events.work(f->arg, u->index, rate, &work))
			return;
		work.lease = ++f->last_lease;
		if (!unit_tell(u, IPC_WORK, &work))
			return;
		u->held++;
		slot_work(&u->slot, &f->config.limits, now);
	}
}

static void on_hello(struct unit *u, const struct ipc_hello *h)
{
	if (strcmp(h->info.backend, u->info.backend) || h->info.index != u->info.index) {
		distrust(u, "its worker opened another device");
		return;
	}
	u->info = h->info;
	slot_hello(&u->slot, &u->fleet->config.limits, clock_ms());
	log_debug(LOG_DEVICE, "%s: open, %s, driver %s", u->id, u->info.name, u->info.driver);
}

static void on_ready(struct unit *u, const struct ipc_ready *r)
{
	str_copy(u->label, sizeof u->label, r->label);
	u->stage[0] = '\0';
	if (u->slot.state == SLOT_RUNNING) { /* an epoch later, with other figures */
		if (u->unfit.need)
			log_info(LOG_DEVICE, "%s: back, this epoch's dataset fits", u->id);
		u->unfit.need = 0;
		u->slot.reason[0] = '\0';
		return;
	}
	slot_ready(&u->slot, &u->fleet->config.limits, clock_ms());
	if (u->limit.duty_permille)
		unit_tell(u, IPC_LIMIT, &u->limit);
	log_info(LOG_DEVICE, "%s: %s is ready, self-test %s%s%s", u->id, u->info.name,
		 u->fleet->config.no_selftest ? "left out" : "passed", u->label[0] ? ", " : "",
		 u->label);
	unit_fill(u);
}

static void on_batch(struct unit *u, const struct ipc_batch *b)
{
	const struct fleet *f = u->fleet;
	int64_t now = clock_ms();

	if (b->serial > u->begun) {
		u->begun = b->serial;
		if (f->events.begun)
			f->events.begun(f->arg, b->serial, b->at_us - b->took_us);
	}
	rate_add(&u->rate, (double)b->hashes, now);
	u->hashes += b->hashes;
	if (!b->ended && b->hashes && b->batches) /* the last of a lease is cut short */
		u->batch_hashes = b->hashes / b->batches;
	if (b->idle_us != BACKEND_UNKNOWN) {
		u->timed = true;
		u->idle_us += b->idle_us;
	}
	u->stage[0] = '\0';
	slot_batch(&u->slot, &f->config.limits, now, b->batches ? b->took_us / b->batches : 0);
}

uint32_t unit_intensity(const struct unit *u)
{
	if (u->limit.intensity)
		return u->limit.intensity;
	if (u->intensity || !u->batch_hashes)
		return u->intensity;
	return (uint32_t)lround(log2((double)u->batch_hashes));
}

static void on_hungry(struct unit *u, uint64_t credits)
{
	if (credits > u->held) {
		distrust(u, "its worker returned more works than it was given");
		return;
	}
	u->held -= (unsigned)credits;
	u->doomed = credits > u->doomed ? 0 : u->doomed - (unsigned)credits;
	unit_fill(u);
}

/* The others go on; this one is asked again when another epoch comes, and after a while. */
static void on_unfit(struct unit *u, const struct ipc_unfit *unfit)
{
	struct fleet *f = u->fleet;
	char text[ERR_TEXT_MAX];

	u->stage[0] = '\0';
	u->unfit = *unfit;
	u->unfit_until_ms = clock_ms() + UNFIT_MS;
	fit_text(text, sizeof text, algo_find(f->config.algo), f->config.set, unfit->epoch,
		 unfit->need, unfit->left);
	str_copy(u->slot.reason, sizeof u->slot.reason, text);
	log_warn(LOG_DEVICE, "%s (%s): parked for this epoch: %s", u->id, unit_place(u), text);
}

/* Engines name the device in what they say, and so do we: once is enough. */
static const char *nameless(const struct unit *u, const char *text)
{
	size_t len = strlen(u->id);

	return !strncmp(text, u->id, len) && !strncmp(text + len, ": ", 2) ? text + len + 2 : text;
}

static void on_message(struct unit *u, const struct ipc_msg *m)
{
	struct fleet *f = u->fleet;

	switch (m->head.type) {
	case IPC_HELLO:
		on_hello(u, &m->u.hello);
		break;
	case IPC_PROGRESS:
		if (strcmp(u->stage, m->u.progress.stage))
			log_debug(LOG_DEVICE, "%s: %s", u->id, m->u.progress.stage);
		str_copy(u->stage, sizeof u->stage, m->u.progress.stage);
		u->permille = m->u.progress.permille;
		u->left_s = m->u.progress.left_s;
		slot_progress(&u->slot, &f->config.limits, clock_ms());
		break;
	case IPC_READY:
		on_ready(u, &m->u.ready);
		break;
	case IPC_HUNGRY:
		on_hungry(u, m->u.number.n);
		break;
	case IPC_BATCH:
		on_batch(u, &m->u.batch);
		break;
	case IPC_FOUND:
		f->events.found(f->arg, u->index, &m->u.found);
		break;
	case IPC_IDLE:
		slot_idle(&u->slot, u->held, m->u.number.n);
		unit_fill(u);
		break;
	case IPC_UNFIT:
		on_unfit(u, &m->u.unfit);
		break;
	case IPC_FAILED:
		slot_failed(&u->slot, m->u.failed.code, nameless(u, m->u.failed.text));
		break;
	case IPC_NOTE:
		log_line(m->u.failed.code ? LOG_WARN : LOG_NOTICE, LOG_KERNEL, "%s: %s", u->id,
			 nameless(u, m->u.failed.text));
		break;
	default:
		distrust(u, "its worker sent a message of the wrong direction");
	}
}

void unit_read(struct unit *u)
{
	struct ipc_msg msg;
	int i, rc, fd = u->fd;

	for (i = 0; i < MESSAGES_MAX && u->fd == fd; i++) {
		rc = ipc_recv(fd, &msg);
		if (rc == 0)
			break;
		if (rc == 1) {
			on_message(u, &msg);
			continue;
		}
		if (rc == -ERR_PROTO)
			distrust(u, "its worker broke the protocol");
		else
			unit_close(u); /* the exit status follows */
		break;
	}
	fleet_changed(u);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	unit_read(arg);
}

static void describe(const struct unit *u, struct ipc_open *open)
{
	const struct fleet *f = u->fleet;

	memset(open, 0, sizeof *open);
	str_copy(open->backend, sizeof open->backend, u->info.backend);
	open->index = u->info.index;
	str_copy(open->algo, sizeof open->algo, f->config.algo);
	str_copy(open->cache_dir, sizeof open->cache_dir, f->cache_dir);
	str_copy(open->sim, sizeof open->sim, f->sim);
	memcpy(open->set, f->config.set, sizeof open->set);
	open->intensity = u->chosen ? u->chosen : u->intensity;
	open->batch_ms = f->config.batch_ms;
	open->threads = f->config.cpu_threads;
	open->no_selftest = f->config.no_selftest;
	open->report_ms = REPORT_MS;
}

static void spawn(struct unit *u)
{
	struct fleet *f = u->fleet;
	struct ipc_open open;
	struct err err = {0};
	int pid;

	if (rig_spawn(&u->info, &u->fd, &pid, &err)) {
		u->fd = -1;
		slot_spawn_failed(&u->slot, &f->config.limits, clock_ms(), err.text);
		log_warn(LOG_DEVICE, "%s: %s", u->id, err.text);
		return;
	}
	u->pid = pid;
	slot_spawned(&u->slot, &f->config.limits, clock_ms());
	u->readable = event_new(f->base, u->fd, EV_READ | EV_PERSIST, on_readable, u);
	if (!u->readable || event_add(u->readable, NULL)) {
		distrust(u, "out of memory for its socket");
		return;
	}
	describe(u, &open);
	unit_tell(u, IPC_OPEN, &open);
}

void unit_act(struct unit *u, enum slot_action action)
{
	switch (action) {
	case SLOT_NONE:
		break;
	case SLOT_SPAWN:
		spawn(u);
		break;
	case SLOT_TERM:
		if (!u->slot.stopping && !u->slot.fatal) /* who is parked is told so at the end */
			log_line(u->slot.wanted ? LOG_NOTICE : LOG_WARN, LOG_DEVICE,
				 "%s (%s): %s; restarting its worker", u->id, unit_place(u),
				 u->slot.reason);
		if (!unit_tell(u, IPC_QUIT, NULL) || !u->slot.stopping)
			kill(u->pid, SIGTERM);
		break;
	case SLOT_KILL:
		log_debug(LOG_DEVICE, "%s: does not end, killing its worker", u->id);
		kill(u->pid, SIGKILL);
		break;
	}
}

void unit_forget(struct unit *u, uint64_t below)
{
	if (u->slot.state != SLOT_RUNNING || !u->held)
		return;
	u->forget = below;
	tell_forget(u);
}

const char *unit_place(const struct unit *u)
{
	return u->info.pci[0] ? u->info.pci : u->info.name;
}
