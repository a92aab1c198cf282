/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Between the files of the supervisor, the only ones that see pools and devices: its life and
 * display (miner.c), jobs on their way to devices (miner_jobs.c), shares on their way to pools
 * (miner_shares.c), its owner (miner_owner.c), programs that ask (miner_api.c, miner_listen.c)
 * and tell it what to do (miner_control.c).  None of them ever calls a driver.  Loop thread.
 */
#ifndef ADIT_MINER_H
#define ADIT_MINER_H

#include "pool/pools.h"
#include "src/fleet.h"
#include "src/guardian.h"
#include "src/intake.h"
#include "src/log.h"
#include "src/notify.h"
#include "src/service.h"
#include "src/settings.h"
#include "src/sharelog.h"
#include "src/sharequeue.h"
#include "src/ui.h"
#include "src/verify.h"
#include "src/work.h"

/* Without a pool, devices go on with the last job for so long. */
#define MINER_ORPHAN_MS 60000

struct api;
struct api_actions;
struct api_rules;
struct api_source;
struct event;
struct keys;
struct miner_api;
struct miner_screen;

struct miner {
	const struct settings *settings;
	struct settings *reloaded; /* ours, unlike the first ones; NULL before a reload */
	const struct algo *algo;
	struct event_base *base;
	struct event *signals[3];
	struct event *second, *status, *flush, *limit;
	struct pools *pools;
	struct fleet *fleet;
	struct guardian *guardian;
	struct intake *intake;
	uint64_t set[ALGO_SETTINGS_MAX];
	struct verify *verify;
	struct sharequeue *queue;
	struct sharelog *sharelog;
	struct work_source work;
	uint64_t session[256]; /* the ready session of each pool; 0: none */
	struct rig_stats stats;
	struct samples latency, turnaround, begun, submitted; /* milliseconds */
	int64_t start_ms, orphan_ms; /* orphan_ms: since when no pool is active; 0: one is */
	struct device_gaps {
		struct log_gap invalid, lost, flood;
	} gaps[DEVICES_MAX];
	struct ui_step steps[DEVICES_MAX];
	struct notify notify;
	struct service service;
	struct log_gap unfed;
	int64_t fed_ms; /* when the service manager's watchdog was thought of */
	bool up;        /* the service manager knows */
	struct keys *keys;
	struct miner_api *api;
	struct miner_screen *screen;
	bool stopping, stopped;
	int exit_code;
	char failure[ERR_TEXT_MAX]; /* why it ended by itself: the last line */
};

/* End because of this; said now, and again where people look: at the end. */
void miner_fail(struct miner *m, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The owner says so: gently the first time, at once the second. */
void miner_end(struct miner *m, const char *how);
void miner_snapshot(struct miner *m); /* fills m->stats */
void miner_status(struct miner *m);   /* prints them */
bool miner_reload(struct miner *m);   /* as SIGHUP does; false: nothing was changed */
/* A share less is under way: the last one ends a program that waits for it. */
void miner_stop_when_flushed(struct miner *m);

/* Something took so long: for its median and its histogram. */
static inline void miner_took(struct samples *recent, struct histogram *all, int64_t us)
{
	samples_add(recent, (double)us / 1000);
	histogram_add(all, (double)us / 1000);
}

/* miner_jobs.c: callbacks of fleet, pools and intake */
void miner_begun(void *arg, uint64_t serial, int64_t at_us);
bool miner_work(void *arg, unsigned device, double rate, struct ipc_work *out);
struct epoch *miner_epoch(void *arg);
extern const struct pools_events miner_pools_events;
extern const struct intake_events miner_intake_events;
/* Without a job to work on: take back what devices have. */
void miner_idle_if_void(struct miner *m);

/* What the present job is to a guardian. */
void miner_describe_job(const struct miner *m, struct guardian_job *out);

/* miner_shares.c: callbacks of fleet, verify and sharequeue; and sending one */
void miner_found(void *arg, unsigned device, const struct ipc_found *f);
void miner_verified(void *arg, struct share *s, int rc);
void miner_final(void *arg, struct share *s);
void miner_drop_share(void *arg, struct share *s);
void miner_submit(struct miner *m, struct share *s);

/* miner_api.c */
int miner_api_begin(struct miner *m, struct err *err);
void miner_api_done(struct miner *m);
/* A reload: read and check everything, then use it (NULL: or drop it). */
int miner_api_prepare(struct miner *m, const struct settings *fresh, struct err *err);
void miner_api_use(struct miner *m, const struct settings *fresh);
void miner_api_alarm(void *arg, int device, enum alarm_event event, const char *reason);
void miner_api_share(struct miner *m, const struct share *s); /* a final one */

/* Something else that happened; name as in struct api_event, device -1: of the rig. */
void miner_api_note(struct miner *m, int device, const char *name, const char *text);

/*
 * miner_listen.c: as the options say; the log says where.  Then as fresh ones say, which are read
 * and checked before anything changes; rules NULL: there is no listener.
 */
int miner_listen(struct api **out, struct miner *m, const struct api_source *source,
		 struct err *err);
int miner_listen_anew(struct api_rules **out, const struct api *api, const struct settings *fresh,
		      struct err *err);
void miner_listen_use(struct miner *m, struct api *api, struct api_rules *rules,
		      const struct settings *fresh);

/* miner_control.c; their argument is the struct miner */
extern const struct api_actions miner_actions;

/* miner_owner.c: service manager and keys */
void miner_service_begin(struct miner *m); /* before children and threads */
void miner_service_second(struct miner *m);
void miner_service_status(struct miner *m); /* of m->stats */
void miner_service_reload(struct miner *m, bool over);
void miner_service_stopping(struct miner *m);
void miner_keys_begin(struct miner *m);
void miner_key(struct miner *m, char key); /* what p, r, 0-9, d and q do */
void miner_owner_done(struct miner *m);

/* miner_screen.c: nothing without --ui tui.  Everything but the last part needs all the others. */
int miner_screen_begin(struct miner *m, struct err *err);
void miner_screen_done(struct miner *m);
/* Lines logged now are no news on a screen. */
void miner_screen_mute(struct miner *m, bool on);

#endif
