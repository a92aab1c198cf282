/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The devices of the rig: one worker process each.  Uses Linux calls (waitpid, kill). */
#include <event2/event.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/clock.h"
#include "src/epoch.h"
#include "src/fit.h"
#include "src/fleet.h"
#include "src/log.h"
#include "src/str.h"

#define HELD_MAX     2      /* works of the current job at a worker: one searched, one spare */
#define EPOCHS_TOLD  2      /* a worker holds as many beside the one it works on */
#define DOOMED_MAX   32     /* works of older jobs still unanswered; beyond it we wait */
#define UNFIT_MS     600000 /* a device on which a dataset did not fit is asked again */
#define MESSAGES_MAX 64     /* handled a wake-up, so that one device cannot starve the loop */

struct unit {
	struct fleet *fleet;
	unsigned index;
	struct device_info info;
	char id[32];
	struct slot slot;
	int fd;
	pid_t pid;
	struct event *readable;
	unsigned held;   /* works given and not yet answered by a credit */
	unsigned doomed; /* of these: sent before the last FORGET */
	uint64_t forget; /* a FORGET the full socket refused; 0: none */
	struct rate rate;
	struct share_counts shares;
	uint64_t hashes;
	char label[48], stage[48];
	uint32_t permille, left_s, intensity;
	struct algo_facts told[EPOCHS_TOLD]; /* epochs its worker has, newest first */
	/* A dataset that did not fit; the next job's may, or this one later.  need 0: none */
	struct ipc_unfit unfit;
	int64_t unfit_until_ms;
	bool paused;
};

struct fleet {
	struct event_base *base;
	struct fleet_config config;
	char cache_dir[512], sim[256];
	struct fleet_events events;
	void *arg;
	struct unit *units;
	unsigned n;
	struct event *timer, *child;
	uint64_t last_lease;
	bool dead_told;
	void (*ended)(void *arg);
};

static void unit_act(struct unit *u, enum slot_action action);
static void schedule(struct fleet *f);

static void close_socket(struct unit *u)
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

	close_socket(u);
	unit_act(u, slot_end(&u->slot, &u->fleet->config.limits, now, why));
}

static bool tell(struct unit *u, unsigned type, const void *body)
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

	if (!tell(u, IPC_FORGET, &n))
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

static void fill(struct unit *u)
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
		if (!tell(u, IPC_WORK, &work))
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
	log_info(LOG_DEVICE, "%s: %s is ready, self-test %s%s%s", u->id, u->info.name,
		 u->fleet->config.no_selftest ? "left out" : "passed", u->label[0] ? ", " : "",
		 u->label);
	fill(u);
}

static void on_batch(struct unit *u, const struct ipc_batch *b)
{
	int64_t now = clock_ms();

	rate_add(&u->rate, (double)b->hashes, now);
	u->hashes += b->hashes;
	u->stage[0] = '\0';
	slot_batch(&u->slot, &u->fleet->config.limits, now, b->took_us);
}

static void on_hungry(struct unit *u, uint64_t credits)
{
	if (credits > u->held) {
		distrust(u, "its worker returned more works than it was given");
		return;
	}
	u->held -= (unsigned)credits;
	u->doomed = credits > u->doomed ? 0 : u->doomed - (unsigned)credits;
	fill(u);
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
	log_warn(LOG_DEVICE, "%s (%s): parked for this epoch: %s", u->id,
		 u->info.pci[0] ? u->info.pci : u->info.name, text);
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
		fill(u);
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

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct unit *u = arg;
	struct ipc_msg msg;
	int i, rc;

	(void)what;
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
			close_socket(u); /* the exit status follows */
		break;
	}
	schedule(u->fleet);
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
	open->intensity = u->intensity;
	open->batch_ms = f->config.batch_ms;
	open->threads = f->config.cpu_threads;
	open->no_selftest = f->config.no_selftest;
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
	tell(u, IPC_OPEN, &open);
}

static void unit_act(struct unit *u, enum slot_action action)
{
	switch (action) {
	case SLOT_NONE:
		break;
	case SLOT_SPAWN:
		spawn(u);
		break;
	case SLOT_TERM:
		if (!u->slot.stopping)
			log_warn(LOG_DEVICE, "%s (%s): %s; restarting its worker", u->id,
				 u->info.pci[0] ? u->info.pci : u->info.name, u->slot.reason);
		if (!tell(u, IPC_QUIT, NULL) || !u->slot.stopping)
			kill(u->pid, SIGTERM);
		break;
	case SLOT_KILL:
		log_debug(LOG_DEVICE, "%s: does not end, killing its worker", u->id);
		kill(u->pid, SIGKILL);
		break;
	}
}

static bool over(const struct unit *u)
{
	return u->slot.state == SLOT_PARKED || u->slot.state == SLOT_STUCK;
}

static bool gone(const struct unit *u)
{
	return !u->slot.alive || u->slot.state == SLOT_STUCK;
}

static bool all(const struct fleet *f, bool (*is)(const struct unit *))
{
	unsigned i;

	for (i = 0; i < f->n; i++)
		if (!is(&f->units[i]))
			return false;
	return true;
}

static void tell_owner(struct fleet *f)
{
	void (*ended)(void *arg) = f->ended;

	if (ended && all(f, gone)) {
		f->ended = NULL;
		ended(f->arg);
	} else if (!ended && !f->dead_told && all(f, over)) {
		f->dead_told = true;
		f->events.dead(f->arg);
	}
}

static void step(struct unit *u, int64_t now)
{
	enum slot_state before = u->slot.state;

	unit_act(u, slot_step(&u->slot, &u->fleet->config.limits, now));
	if (u->slot.state == SLOT_STUCK && before != SLOT_STUCK)
		log_error(LOG_DEVICE, "%s (%s): %s; the other devices go on", u->id,
			  u->info.pci[0] ? u->info.pci : u->info.name, u->slot.reason);
}

/* Arm the timer for the earliest deadline of any device. */
static void schedule(struct fleet *f)
{
	int64_t now = clock_ms(), next = INT64_MAX;
	struct timeval tv;
	unsigned i;

	for (i = 0; i < f->n; i++) {
		int64_t at = slot_next(&f->units[i].slot);

		if (at < next)
			next = at;
	}
	if (next == INT64_MAX) {
		event_del(f->timer);
		return;
	}
	next = next > now ? next - now : 0;
	tv.tv_sec = next / 1000;
	tv.tv_usec = next % 1000 * 1000;
	event_add(f->timer, &tv);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct fleet *f = arg;
	int64_t now = clock_ms();
	unsigned i;

	(void)fd;
	(void)what;
	for (i = 0; i < f->n; i++)
		step(&f->units[i], now);
	tell_owner(f);
	schedule(f);
}

static void reap(struct unit *u, int status)
{
	struct slot *s = &u->slot;

	if (u->fd >= 0) /* its last words may still be in the socket */
		on_readable(u->fd, EV_READ, u);
	close_socket(u);
	u->pid = 0;
	slot_exited(s, &u->fleet->config.limits, clock_ms(), status);
	u->stage[0] = '\0';
	if (s->state == SLOT_BACKOFF)
		log_warn(LOG_DEVICE,
			 "%s (%s): %s; starting it again in %lld s (restart %" PRIu64 ")", u->id,
			 u->info.pci[0] ? u->info.pci : u->info.name, s->reason,
			 (long long)(s->deadline_ms - clock_ms() + 999) / 1000, s->total_restarts);
	else if (s->state == SLOT_PARKED)
		log_error(LOG_DEVICE, "%s (%s): parked: %s", u->id,
			  u->info.pci[0] ? u->info.pci : u->info.name, s->reason);
}

static void on_child(evutil_socket_t fd, short what, void *arg)
{
	struct fleet *f = arg;
	unsigned i;
	int status;

	(void)fd;
	(void)what;
	for (i = 0; i < f->n; i++)
		if (f->units[i].pid > 0 &&
		    waitpid(f->units[i].pid, &status, WNOHANG) == f->units[i].pid)
			reap(&f->units[i], status);
	tell_owner(f);
	schedule(f);
}

/* The i-th member of "22,auto,24"; the last one repeats. */
static int pick_intensity(const char *list, unsigned index, uint32_t *out, struct err *err)
{
	char word[24];
	const char *at = list;
	size_t len;
	uint64_t v;

	*out = 0;
	if (!list)
		return 0;
	while (index-- && strchr(at, ','))
		at = strchr(at, ',') + 1;
	len = strcspn(at, ",");
	if (len >= sizeof word)
		len = sizeof word - 1;
	memcpy(word, at, len);
	word[len] = '\0';
	if (!strcmp(word, "auto"))
		return 0;
	if (str_to_u64(&v, word, 1, INTENSITY_MAX))
		return err_set(
			err, ERR_RANGE,
			"intensity '%s': give 'auto' or a number from 1 to %d (log2 of nonces "
			"a batch)",
			word, INTENSITY_MAX);
	*out = (uint32_t)v;
	return 0;
}

static int add_units(struct fleet *f, const struct rig_list *devices, struct err *err)
{
	unsigned i;
	int rc;

	f->units = calloc(devices->n, sizeof *f->units);
	if (!f->units)
		return err_set(err, ERR_NOMEM, "no memory for %u devices", devices->n);
	f->n = devices->n;
	for (i = 0; i < f->n; i++) {
		struct unit *u = &f->units[i];

		u->fleet = f;
		u->index = i;
		u->info = devices->dev[i];
		u->fd = -1;
		rig_id(u->id, sizeof u->id, &u->info);
		slot_init(&u->slot);
		rc = pick_intensity(f->config.intensity, i, &u->intensity, err);
		if (rc)
			return rc;
	}
	return 0;
}

int fleet_new(struct fleet **out, struct event_base *base, const struct rig_list *devices,
	      const struct fleet_config *config, const struct fleet_events *events, void *arg,
	      struct err *err)
{
	struct fleet *f = calloc(1, sizeof *f);
	int rc;

	if (!f)
		return err_set(err, ERR_NOMEM, "no memory for the devices");
	f->base = base;
	f->config = *config;
	f->events = *events;
	f->arg = arg;
	str_copy(f->cache_dir, sizeof f->cache_dir, config->cache_dir ? config->cache_dir : "");
	str_copy(f->sim, sizeof f->sim, config->sim ? config->sim : "");
	rc = add_units(f, devices, err);
	f->timer = evtimer_new(base, on_timer, f);
	f->child = evsignal_new(base, SIGCHLD, on_child, f);
	if (!rc && (!f->timer || !f->child || event_add(f->child, NULL)))
		rc = err_set(err, ERR_NOMEM, "no memory for the devices");
	if (rc) {
		fleet_free(f);
		return rc;
	}
	f->config.intensity = NULL; /* borrowed until now */
	*out = f;
	return 0;
}

void fleet_free(struct fleet *f)
{
	unsigned i;

	if (!f)
		return;
	for (i = 0; i < f->n; i++) {
		struct unit *u = &f->units[i];

		close_socket(u);
		if (u->pid > 0) {
			kill(u->pid, SIGKILL);
			if (u->slot.state != SLOT_STUCK)
				waitpid(u->pid, NULL, 0);
		}
	}
	if (f->timer)
		event_free(f->timer);
	if (f->child)
		event_free(f->child);
	free(f->units);
	free(f);
}

void fleet_start(struct fleet *f)
{
	on_timer(-1, 0, f);
}

static void forget(struct unit *u, uint64_t below)
{
	if (u->slot.state != SLOT_RUNNING || !u->held)
		return;
	u->forget = below;
	tell_forget(u);
}

void fleet_offer(struct fleet *f, uint64_t forget_below)
{
	unsigned i;

	for (i = 0; i < f->n; i++) {
		if (forget_below)
			forget(&f->units[i], forget_below);
		fill(&f->units[i]);
	}
	schedule(f);
}

void fleet_idle(struct fleet *f, uint64_t forget_below)
{
	unsigned i;

	for (i = 0; i < f->n; i++)
		forget(&f->units[i], forget_below);
}

void fleet_stop(struct fleet *f, void (*ended)(void *arg))
{
	int64_t now = clock_ms();
	unsigned i;

	f->ended = ended;
	for (i = 0; i < f->n; i++)
		unit_act(&f->units[i], slot_stop(&f->units[i].slot, &f->config.limits, now));
	tell_owner(f);
	if (f->ended)
		schedule(f);
}

unsigned fleet_count(const struct fleet *f)
{
	return f->n;
}

const char *fleet_id(const struct fleet *f, unsigned device)
{
	return f->units[device].id;
}

struct share_counts *fleet_shares(struct fleet *f, unsigned device)
{
	return &f->units[device].shares;
}

static enum device_state shown_state(const struct unit *u)
{
	/* Parked stays parked; whatever else it was, it is leaving. */
	if (u->slot.stopping && u->slot.state != SLOT_PARKED && u->slot.state != SLOT_STUCK)
		return u->slot.alive ? DEVICE_STOPPING : DEVICE_STOPPED;
	switch (u->slot.state) {
	case SLOT_OFF:
	case SLOT_STARTING:
		return DEVICE_STARTING;
	case SLOT_PREPARING:
		return DEVICE_PREPARING;
	case SLOT_RUNNING:
		if (u->stage[0] && u->slot.busy)
			return DEVICE_PREPARING;
		if (u->unfit.need && !u->slot.busy)
			return DEVICE_PARKED;
		return u->paused ? DEVICE_PAUSED : u->slot.busy ? DEVICE_MINING : DEVICE_IDLE;
	case SLOT_PARKED:
	case SLOT_STUCK:
		return DEVICE_PARKED;
	default:
		return DEVICE_RESTARTING;
	}
}

void fleet_stats(const struct fleet *f, unsigned device, struct device_stats *out, int64_t now_ms)
{
	const struct unit *u = &f->units[device];

	memset(out, 0, sizeof *out);
	str_copy(out->id, sizeof out->id, u->id);
	str_copy(out->pci, sizeof out->pci, u->info.pci);
	str_copy(out->name, sizeof out->name, u->info.name);
	str_copy(out->label, sizeof out->label, u->label);
	out->state = shown_state(u);
	str_copy(out->reason, sizeof out->reason,
		 out->state == DEVICE_PREPARING ? u->stage : u->slot.reason);
	out->permille = u->permille;
	out->left_s = u->left_s;
	out->rate_10s = rate_get(&u->rate, 10, now_ms);
	out->rate_60s = rate_get(&u->rate, 60, now_ms);
	out->rate_15m = rate_get(&u->rate, 900, now_ms);
	out->shares = u->shares;
	out->hashes = u->hashes;
	out->restarts = u->slot.total_restarts;
	out->temperature_c = STAT_UNKNOWN;
}

double fleet_rate(const struct fleet *f, unsigned window_s, int64_t now_ms)
{
	double sum = 0;
	unsigned i;

	for (i = 0; i < f->n; i++)
		sum += rate_get(&f->units[i].rate, window_s, now_ms);
	return sum;
}
