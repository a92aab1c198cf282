/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor and its surroundings: the service manager, and keys on the terminal. */
#include <unistd.h>

#include "src/clock.h"
#include "src/keys.h"
#include "src/miner.h"

#define FEEDS 3 /* looks at the rig within the watchdog's time */

/* ---- service manager ---- */

void miner_service_begin(struct miner *m)
{
	struct err err = {0};

	if (notify_open(&m->notify, &err))
		log_warn(LOG_MINER, "%s", err.text);
	else if (m->notify.fd >= 0)
		log_debug(LOG_MINER, "telling the service manager, watchdog %lld ms",
			  (long long)m->notify.watchdog_ms);
}

static void come_up(struct miner *m)
{
	bool job = work_current(&m->work) != NULL;

	miner_snapshot(m);
	if (!service_is_up(&m->stats, job) || notify_ready(&m->notify))
		return;
	m->up = true;
	miner_service_status(m);
	log_debug(LOG_MINER, "told the service manager that the rig is up");
}

static void feed(struct miner *m, int64_t now)
{
	uint64_t held;
	bool alive;

	m->fed_ms = now;
	miner_snapshot(m);
	alive = service_is_alive(&m->service, &m->stats, work_current(&m->work) != NULL);
	if (alive || guardian_rests(m->guardian))
		notify_watchdog(&m->notify);
	else if (log_gap(&m->unfed, now, &held))
		log_warn(LOG_MINER,
			 "no device completes any work: the service manager's watchdog is not fed "
			 "(it acts %lld s after the last time)",
			 (long long)m->notify.watchdog_ms / 1000);
}

void miner_service_second(struct miner *m)
{
	int64_t now = clock_ms();

	if (m->notify.fd < 0)
		return;
	if (!m->up && !m->stopping)
		come_up(m);
	if (m->notify.watchdog_ms && now - m->fed_ms >= m->notify.watchdog_ms / FEEDS)
		feed(m, now);
}

void miner_service_status(struct miner *m)
{
	char line[NOTIFY_TEXT_MAX - 8];

	if (m->notify.fd >= 0)
		notify_status(&m->notify, service_line(line, sizeof line, &m->stats));
}

void miner_service_reload(struct miner *m, bool over)
{
	if (!m->up)
		return;
	if (over)
		notify_ready(&m->notify);
	else
		notify_reloading(&m->notify, clock_us());
}

void miner_service_stopping(struct miner *m)
{
	notify_stopping(&m->notify);
}

/* ---- keys ---- */

/* device -1: all of them. */
static void toggle_pause(struct miner *m, int device)
{
	bool on;

	if (device >= (int)fleet_count(m->fleet)) {
		log_info(LOG_MINER, "key %d: there is no such device", device);
		return;
	}
	on = !guardian_paused(m->guardian, device, PAUSE_USER);
	guardian_pause(m->guardian, device, PAUSE_USER, on);
	log_info(LOG_MINER, "%s: %s by key",
		 device < 0 ? "all" : fleet_id(m->fleet, (unsigned)device),
		 on ? "paused" : "goes on");
}

static void on_pause_key(void *arg)
{
	toggle_pause(arg, -1);
}

static void on_device_key(void *arg, unsigned device)
{
	toggle_pause(arg, (int)device);
}

static void on_status_key(void *arg)
{
	miner_status(arg);
}

static void on_quit_key(void *arg)
{
	miner_end(arg, "key q");
}

static void on_help_key(void *arg)
{
	(void)arg;
	log_info(LOG_MINER, "%s", KEYS_HELP);
}

static void on_debug_key(void *arg)
{
	const struct miner *m = arg;
	enum log_level usual = m->settings->log.level;

	if (usual >= LOG_DEBUG)
		usual = LOG_NOTICE;
	log_change(log_enabled(LOG_DEBUG) ? usual : LOG_DEBUG);
	log_info(LOG_MINER, "debug log %s", log_enabled(LOG_DEBUG) ? "on" : "off");
}

static void on_go_on_key(void *arg)
{
	const struct miner *m = arg;
	int i;

	for (i = -1; i < (int)fleet_count(m->fleet); i++)
		if (guardian_paused(m->guardian, i, PAUSE_USER))
			guardian_pause(m->guardian, i, PAUSE_USER, false);
	log_info(LOG_MINER, "all: goes on by key");
}

void miner_key(struct miner *m, char key)
{
	if (key >= '0' && key <= '9')
		on_device_key(m, (unsigned)(key - '0'));
	else if (key == 'p')
		on_pause_key(m);
	else if (key == 'r')
		on_go_on_key(m);
	else if (key == 'd')
		on_debug_key(m);
	else if (key == 'q')
		on_quit_key(m);
}

void miner_keys_begin(struct miner *m)
{
	static const struct keys_events events = {.pause_all = on_pause_key,
						  .pause = on_device_key,
						  .status = on_status_key,
						  .quit = on_quit_key,
						  .debug = on_debug_key,
						  .go_on = on_go_on_key,
						  .help = on_help_key};
	struct err err = {0};
	int rc;

	if (m->settings->guard.no_keys || m->screen)
		return;
	rc = keys_new(&m->keys, m->base, STDIN_FILENO, &events, m, &err);
	if (!rc)
		log_info(LOG_MINER, "%s", KEYS_HELP);
	else if (rc != -ERR_NODEV) /* no terminal is no fault */
		log_warn(LOG_MINER, "%s", err.text);
}

void miner_owner_done(struct miner *m)
{
	keys_free(m->keys);
	m->keys = NULL;
	notify_close(&m->notify);
}
