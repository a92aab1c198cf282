/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The devices of the rig: one worker process each.  Uses Linux calls (waitpid, kill). */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "src/clock.h"
#include "src/log.h"
#include "src/profile.h"
#include "src/str.h"
#include "src/unit.h"

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
		log_error(LOG_DEVICE, "%s (%s): %s; the other devices go on", u->id, unit_place(u),
			  u->slot.reason);
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

/* The owner of the fleet hears of every other state, once. */
static void tell_lives(struct fleet *f)
{
	unsigned i;

	for (i = 0; i < f->n && f->events.life; i++) {
		struct unit *u = &f->units[i];

		if (u->seen == u->slot.state)
			continue;
		u->seen = u->slot.state;
		f->events.life(f->arg, i);
	}
}

/* After anything that may have changed a slot. */
static void settle(struct fleet *f)
{
	tell_lives(f);
	tell_owner(f);
	schedule(f);
}

void fleet_changed(struct unit *u)
{
	tell_lives(u->fleet);
	schedule(u->fleet);
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
	settle(f);
}

static void reap(struct unit *u, int status)
{
	struct slot *s = &u->slot;
	bool wanted = s->wanted;

	if (u->fd >= 0) /* its last words may still be in the socket */
		unit_read(u);
	unit_close(u);
	u->pid = 0;
	slot_exited(s, &u->fleet->config.limits, clock_ms(), status);
	u->stage[0] = '\0';
	if (s->state == SLOT_BACKOFF && wanted)
		log_info(LOG_DEVICE, "%s (%s): starts again", u->id, unit_place(u));
	else if (s->state == SLOT_BACKOFF)
		log_warn(LOG_DEVICE,
			 "%s (%s): %s; starting it again in %lld s (restart %" PRIu64 ")", u->id,
			 unit_place(u), s->reason,
			 (long long)(s->deadline_ms - clock_ms() + 999) / 1000, s->total_restarts);
	else if (s->state == SLOT_PARKED)
		log_error(LOG_DEVICE, "%s (%s): parked: %s", u->id, unit_place(u), s->reason);
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
	settle(f);
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

/* What `adit tune` has found for it, where the intensity is automatic. */
static void use_profile(struct unit *u)
{
	const struct fleet *f = u->fleet;
	const struct algo *algo = algo_find(f->config.algo);
	char note[ERR_TEXT_MAX];
	struct profile found;
	uint32_t tuned;

	if (u->intensity || f->config.no_profile || !algo)
		return;
	tuned = profile_intensity(f->cache_dir, &u->info, algo, f->config.set, f->config.batch_ms,
				  note, sizeof note);
	if (tuned)
		log_info(LOG_DEVICE, "%s: %s", u->id, note);
	else if (note[0])
		log_warn(LOG_DEVICE, "%s: %s", u->id, note);
	u->intensity = tuned;
	if (tuned && !profile_find(f->cache_dir, &u->info, algo, f->config.set, &found, NULL) &&
	    found.limit_mw > 0)
		u->tuned_mw = found.limit_mw;
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
		use_profile(u);
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

		unit_close(u);
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

void fleet_offer(struct fleet *f, uint64_t forget_below)
{
	unsigned i;

	for (i = 0; i < f->n; i++) {
		if (forget_below)
			unit_forget(&f->units[i], forget_below);
		unit_fill(&f->units[i]);
	}
	schedule(f);
}

void fleet_idle(struct fleet *f, uint64_t forget_below)
{
	unsigned i;

	for (i = 0; i < f->n; i++)
		unit_forget(&f->units[i], forget_below);
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

/* ---- a guardian's hands ---- */

static void tell_limit(struct unit *u)
{
	if (u->slot.state == SLOT_RUNNING)
		unit_tell(u, IPC_LIMIT, &u->limit);
}

void fleet_limit(struct fleet *f, unsigned device, uint32_t duty_permille, uint32_t batch_ms)
{
	struct unit *u = &f->units[device];

	u->limit.batch_ms = batch_ms;
	u->limit.duty_permille = duty_permille;
	tell_limit(u);
}

void fleet_intensity(struct fleet *f, unsigned device, uint32_t log2)
{
	struct unit *u = &f->units[device];

	u->chosen = log2;
	if (!u->limit.duty_permille) { /* no guardian said anything yet */
		u->limit.duty_permille = 1000;
		u->limit.batch_ms = f->config.batch_ms;
	}
	u->limit.intensity = log2 ? log2 : u->intensity;
	u->limit.automatic = !u->limit.intensity;
	slot_patience(&u->slot, &f->config.limits, clock_ms());
	tell_limit(u);
	schedule(f);
}

void fleet_pause(struct fleet *f, unsigned device, bool paused)
{
	struct unit *u = &f->units[device];

	if (u->paused == paused)
		return;
	u->paused = paused;
	if (u->slot.state != SLOT_RUNNING)
		return; /* it is given no work, or some, once it runs */
	unit_tell(u, paused ? IPC_PAUSE : IPC_RESUME, NULL);
	if (!paused && u->held) /* it goes on with those: silence counts again */
		slot_work(&u->slot, &f->config.limits, clock_ms());
	unit_fill(u);
	settle(f);
}

void fleet_restart(struct fleet *f, unsigned device, const char *why)
{
	struct unit *u = &f->units[device];

	unit_act(u, slot_end(&u->slot, &f->config.limits, clock_ms(), why));
	settle(f);
}

void fleet_renew(struct fleet *f, unsigned device, const char *why)
{
	struct unit *u = &f->units[device];

	unit_act(u, slot_restart(&u->slot, &f->config.limits, clock_ms(), why));
	settle(f);
}

void fleet_park(struct fleet *f, unsigned device, const char *why)
{
	struct unit *u = &f->units[device];
	bool alive = u->slot.alive;

	unit_act(u, slot_park(&u->slot, &f->config.limits, clock_ms(), why));
	if (!alive && u->slot.state == SLOT_PARKED)
		log_error(LOG_DEVICE, "%s (%s): parked: %s", u->id, unit_place(u), why);
	settle(f);
}

void fleet_unpark(struct fleet *f, unsigned device)
{
	slot_unpark(&f->units[device].slot);
	settle(f);
}

const struct slot *fleet_slot(const struct fleet *f, unsigned device)
{
	return &f->units[device].slot;
}

const struct device_info *fleet_info(const struct fleet *f, unsigned device)
{
	return &f->units[device].info;
}

int64_t fleet_tuned_mw(const struct fleet *f, unsigned device)
{
	return f->units[device].tuned_mw;
}

uint64_t fleet_hashes(const struct fleet *f, unsigned device)
{
	return f->units[device].hashes;
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
	out->intensity = unit_intensity(u);
	device_stats_unknown(out);
	if (u->timed)
		out->idle_us = u->idle_us;
}

double fleet_rate(const struct fleet *f, unsigned window_s, int64_t now_ms)
{
	double sum = 0;
	unsigned i;

	for (i = 0; i < f->n; i++)
		sum += rate_get(&f->units[i].rate, window_s, now_ms);
	return sum;
}
