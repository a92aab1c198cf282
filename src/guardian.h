/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rig's guardian: feeds the machines of src/guard/ with readings, rates, lives and verdicts,
 * does to fleet and sensors what they say, and tells log and owner's commands.  It decides
 * nothing itself.  Loop thread.
 */
#ifndef ADIT_GUARDIAN_H
#define ADIT_GUARDIAN_H

#include "src/fleet.h"
#include "src/guard/alarm.h"
#include "src/guard/pauses.h"
#include "src/settings.h"

struct event_base;
struct guardian;

struct guardian_events {
	/* A device that no restart of its worker cures. */
	void (*stuck)(void *arg, unsigned device, const char *why);
	/* Whatever it says in the log; device -1: of the rig.  NULL: nobody asks. */
	void (*alarm)(void *arg, int device, enum alarm_event event, const char *reason);
};

/* What is mined at the moment. */
struct guardian_job {
	bool has_work;
	double difficulty; /* hashes that a share takes; 0: not known */
	uint64_t setting;  /* changes with the epoch, and whatever else changes rates by design */
};

/*
 * s and fleet are borrowed, and outlive it.  cache_dir is for what the sensor process has to
 * restore.  0, -ERR_NOMEM, or what is wrong with a setting.
 */
int guardian_new(struct guardian **out, struct event_base *base, const struct settings *s,
		 struct fleet *fleet, const char *cache_dir, const struct guardian_events *events,
		 void *arg, struct err *err);
void guardian_free(struct guardian *g); /* NULL is fine */

/* Begin: the sensor process is started. */
int guardian_start(struct guardian *g, struct err *err);

/* Other settings from now on, borrowed as the first ones; checked ones fail for memory only. */
int guardian_reload(struct guardian *g, const struct settings *s, struct err *err);

/* Once a second. */
void guardian_second(struct guardian *g, const struct guardian_job *job);

/* The state of its slot is another one. */
void guardian_life(struct guardian *g, unsigned device);

/* The CPU checked a candidate; difficulty in hashes, of the target it was to meet. */
void guardian_candidate(struct guardian *g, unsigned device, bool good, double difficulty);

/* device -1: the whole rig.  Key and API have a reason each, and end their own pauses only. */
void guardian_pause(struct guardian *g, int device, enum pause_reason why, bool on);
bool guardian_paused(const struct guardian *g, int device, enum pause_reason why);

/* A parked device is to try again, all forgiven. */
void guardian_unpark(struct guardian *g, unsigned device);

/*
 * The owner's orders at run time; 0: as the settings have it.  They hold through restarts of
 * workers and reloads, but for a reload that changes the same setting or takes back what allowed
 * it, and end with the program.  0, or -ERR_xxx with a line that names the device and the fix.
 * intensity: log2 of nonces a batch.  A power limit needs --allow-power or --power-limit, which it
 * must not exceed; a target must be below the limit of temperature.  restart: no alarm.
 */
int guardian_set_intensity(struct guardian *g, unsigned device, uint32_t log2, struct err *err);
int guardian_set_power_limit(struct guardian *g, unsigned device, uint32_t watts, struct err *err);
int guardian_set_temp_target(struct guardian *g, unsigned device, uint32_t celsius,
			     struct err *err);
enum guardian_order { ORDER_INTENSITY, ORDER_POWER_LIMIT, ORDER_TEMP_TARGET };
/* What was ordered, 0: nothing. */
uint32_t guardian_ordered(const struct guardian *g, unsigned device, enum guardian_order what);
int guardian_restart(struct guardian *g, unsigned device, const char *why, struct err *err);

/* No pool works (up false), or one does again; where: without credentials. */
void guardian_pool(struct guardian *g, bool up, const char *where);

/* Every device is paused because somebody wants it: standing still is right. */
bool guardian_rests(const struct guardian *g);

/* Temperatures, power, duty, pauses and honest rates of a device. */
void guardian_stats(const struct guardian *g, unsigned device, struct device_stats *out);

/* How often each event happened, on all devices and to the rig; repeats kept back included. */
void guardian_alarms(const struct guardian *g, uint64_t out[ALARM_EVENTS]);

/* Restore what was changed on cards and end the sensor process; ended() is called once. */
void guardian_stop(struct guardian *g, void (*ended)(void *arg), void *arg);

#endif
