/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One device's guardian: puts together what its machines say (temperature, wrong results, low
 * rate, honest rate, driver errors, pauses, restarts) and tells what to do.  Pure: fed with plain
 * values and the time, it answers with actions; whoever calls does them.
 *
 * Call guard_step() about once a second and at each change of the device's life or of a pause;
 * guard_candidate() for each candidate the CPU checked.
 */
#ifndef ADIT_GUARD_GUARD_H
#define ADIT_GUARD_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "src/err.h"
#include "src/guard/alarm.h"
#include "src/guard/honest.h"
#include "src/guard/lowrate.h"
#include "src/guard/pauses.h"
#include "src/guard/thermal.h"
#include "src/guard/wrong.h"
#include "src/sensor/sensor.h"

/* The life of its process, as src/slot.h has it. */
enum guard_life {
	GUARD_OFF,
	GUARD_PREPARING, /* starts or prepares */
	GUARD_RUNNING,
	GUARD_ENDING, /* was told to end: TERM or KILL is sent */
	GUARD_BACKOFF,
	GUARD_STUCK,
	GUARD_PARKED
};

struct guard_settings {
	struct wrong_limits wrong;
	struct lowrate_limits lowrate;
	struct honest_limits honest;
	uint32_t
		slower_permille; /* each rung of WRONG_SLOWER takes this off duty and power limit */
	bool restart_on_low;     /* low rate: restart the worker, besides the alarm */
	bool restart_on_zero;    /* no hashes: the same */
	unsigned day_restarts;   /* unwanted restarts within 24 h before parking; 0: no such lid */
	int64_t xid_wait_ms; /* after an error that may be another's: no batch for so long, restart
			      */
	int64_t quiet_ms;    /* repeats of an alarm are kept back for so long */
};
void guard_defaults(struct guard_settings *s);

#define GUARD_DAY_RESTARTS 64 /* the most that day_restarts may be */

struct guard_in {
	const struct sensor_reading *reading; /* NULL: none new */
	const struct thermal_out *thermal;    /* this step's; NULL: no temperature control */
	int64_t power_limit_mw;               /* SENSOR_LEAVE, or this device's part of the rig's */
	/* of the card, 0 where not known: */
	int64_t power_min_mw, power_default_mw;
	bool may_power;
	uint32_t pauses; /* PAUSE_BIT()s of the rig and of the user for this device, without HOT */
	enum guard_life life;
	const char *life_reason; /* of the slot; may be NULL */
	bool stopping;           /* the program ends or changes: its end is wanted */
	bool has_work;
	double hashes;          /* completed since the last step */
	double difficulty;      /* in hashes a share, of the present job; 0: not known */
	uint32_t duty_permille; /* in force now */
	uint64_t setting;       /* changes with algorithm, epoch, intensity: see lowrate.h */
};

enum guard_what {
	GUARD_DUTY,  /* value: permille */
	GUARD_LIMIT, /* value: mW, or SENSOR_RESTORE */
	GUARD_PAUSE, /* value: PAUSE_BIT()s */
	GUARD_RESUME,
	GUARD_RESTART, /* the worker */
	GUARD_PARK,    /* end the worker, do not start it again until told */
	GUARD_ALARM    /* only say it; value: repeats kept back before */
};

struct guard_action {
	enum guard_what what;
	int64_t value;
	enum alarm_event event; /* what it is said as; ALARM_NONE: a debug line only */
	bool quiet;             /* the event was said lately: do it and log it, but run no hook */
	char reason[ERR_TEXT_MAX];
};

/* More than a step can have; repeats that became due wait for room. */
#define GUARD_ACTIONS 12
struct guard_out {
	unsigned n;
	struct guard_action a[GUARD_ACTIONS];
};

struct guard {
	struct wrong wrong;
	struct lowrate lowrate;
	struct honest honest;
	struct alarm_memory alarms;
	char last[ALARM_EVENTS][96]; /* reasons of what was kept back */
	enum guard_life life;
	bool parked;          /* by us or by the slot, until guard_unpark() */
	bool asked;           /* its process comes to the end that we asked for */
	bool told;            /* and that because the owner did: nothing is wrong */
	bool down;            /* hung, crashed or restarted, and does not run again yet */
	int64_t down_ms;      /* since then */
	bool lost;            /* off the bus was said */
	uint32_t pauses;      /* in force */
	uint32_t duty;        /* last told, permille */
	int64_t limit_mw;     /* last told; SENSOR_LEAVE: never touched */
	int64_t throttle;     /* of the last reading */
	int64_t xid_count;    /* seen so far */
	int64_t xid_number;   /* waits for xid_until_ms: restart then unless hashes come */
	int64_t xid_until_ms; /* 0: none */
	int64_t restarts[GUARD_DAY_RESTARTS]; /* when, newest first */
	unsigned n_restarts;
	enum wrong_verdict verdict; /* to be acted on at the next step */
};

void guard_init(struct guard *g, const struct guard_settings *s);

/* The CPU checked a candidate; difficulty in hashes (of a good one).  Acted on by the next step. */
void guard_candidate(struct guard *g, const struct guard_settings *s, bool good, double difficulty,
		     int64_t now_ms);

void guard_step(struct guard *g, const struct guard_settings *s, const struct guard_in *in,
		int64_t now_ms, struct guard_out *out);

/* The owner wants it to mine again: wrong results and restarts are forgotten. */
void guard_unpark(struct guard *g, const struct guard_settings *s);

/* The owner has its worker restarted: its end is no alarm, and does not count. */
void guard_restarting(struct guard *g);

/* When guard_step() has something of its own accord to say; INT64_MAX for never. */
int64_t guard_next(const struct guard *g, const struct guard_settings *s);

#endif
