/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The guardian's parts, private to guardian.c (beginning, end, what others ask), guardian_step.c
 * (one device's second), guardian_owner.c (orders at run time) and guardian_rig.c (hours,
 * presence, price, the rig's power).
 */
#ifndef ADIT_GUARDIAN_PARTS_H
#define ADIT_GUARDIAN_PARTS_H

#include "src/guard/energy.h"
#include "src/guard/fan.h"
#include "src/guard/guard.h"
#include "src/guardian.h"
#include "src/hook.h"
#include "src/sensors.h"

/* One device. */
struct ward {
	struct guard guard;
	struct thermal thermal;
	struct thermal_limits limits;
	struct thermal_out heat; /* of the last step */
	struct sensor_reading reading;
	struct energy energy;
	bool fresh;          /* the reading was not stepped with yet */
	uint64_t hashes;     /* seen */
	uint32_t user;       /* PAUSE_BIT()s of key and API */
	uint32_t pauses;     /* in force */
	struct quiet others; /* processes of others on the card */
	struct fan fan;
	uint32_t fan_permille; /* ordered; 0: not yet */
	uint32_t duty;         /* in force, permille of full speed */
	int64_t owner_mw;      /* --power-limit; 0: none */
	int64_t share_mw;      /* of the rig's power limit; SENSOR_LEAVE: there is none */
	int64_t ordered_mw;    /* in force by our order; 0: none */
	/* guardian_owner.c: by the settings, and ordered at run time; 0: none */
	uint32_t set_w, set_c, ordered_w, ordered_c, ordered_log2;
	double per_joule;    /* hashes, while it mined steadily; 0: not known */
	int64_t measured_mw; /* what it drew then */
};

struct guardian {
	const struct settings *settings;
	struct fleet *fleet;
	struct hooks *hooks;
	struct sensors *sensors;
	struct event_base *base;
	char cache_dir[512];
	struct guardian_events events;
	void *arg;
	struct guard_settings rules;
	struct guardian_job job;
	struct ward *wards;
	unsigned n;
	bool ending, pool_down;
	void (*ended)(void *arg);
	void *ended_arg;

	/* guardian_rig.c */
	struct schedule mine, rest;
	struct fan_curve curve;
	struct quiet battery, active;
	struct presence presence;
	bool dear; /* the price hook said so */
	int64_t price_ms, power_ms;
	uint32_t pauses; /* of the whole rig */
	struct alarm_memory alarms;
};

/* guardian_step.c */
void ward_init(struct guardian *g, unsigned device);
void ward_rules(struct guardian *g, unsigned device); /* as the settings have them now */
void ward_step(struct guardian *g, unsigned device, int64_t now_ms);
/*
 * Say it: log, and the owner's commands unless quiet.  device -1: of the rig; held: repeats kept
 * back before.
 */
void guardian_say(struct guardian *g, int device, enum alarm_event event, int64_t held,
		  const char *reason, bool quiet);

/* guardian_owner.c: what was ordered goes before what the settings say */
void ward_orders(struct guardian *g, unsigned device);

/* guardian_rig.c */
int rig_rules(struct guardian *g, struct err *err); /* parses hours and curve */
void rig_step(struct guardian *g, int64_t now_ms);

#endif
