/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the rig shows and lets be done, whoever asks: one snapshot, one set of actions, one access
 * rule; and one renderer a dialect.  A renderer is pure: a snapshot and a request in, bytes out.
 * Loop thread.
 */
#ifndef ADIT_API_H
#define ADIT_API_H

#include <event2/buffer.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "pool/pools.h"
#include "src/err.h"
#include "src/gpu/backend.h"
#include "src/stats.h"

/* What happened lately, oldest first; ids grow by one and are never used twice in a run. */
struct api_event {
	uint64_t id;
	int64_t at_ms;   /* since 1970 */
	char device[32]; /* "cuda:0"; "" of the rig */
	char name[24];   /* of src/guard/alarm.h, or "share", "device", "setting", "pool" */
	char severity;   /* 'i', 'w', 'e' */
	char text[200];
};
#define API_EVENTS_KEPT 512

/* Borrowed for the length of one call; what is not known is STAT_UNKNOWN, 0 or "". */
struct api_view {
	const struct rig_stats *rig; /* devices[i] goes with info[i] */
	const struct device_info *const *info;
	const struct pool_status *pools; /* since_ms: since 1970 */
	unsigned n_pools;
	int active_pool; /* -1: none */
	const struct api_event *events;
	unsigned n_events;
	const uint64_t *alarms;     /* how often each enum alarm_event happened in this run */
	unsigned n_alarms;          /* ALARM_EVENTS, or 0 */
	uint64_t requests;          /* that were shown a view, this one included */
	unsigned connections;       /* to the API, now */
	int64_t now_ms, started_ms; /* since 1970 */
	const char *version;        /* "0.1.0" */
	bool paused;                /* by API or key, as a whole */
};

/* What may be done; device and pool are numbers of the view.  0 or -ERR_xxx with a line. */
struct api_actions {
	int (*pause)(void *arg, int device /* -1: all */, bool on, struct err *err);
	int (*restart)(void *arg, unsigned device, struct err *err); /* also a parked one */
	/* All three: 0 is as it was started, or is configured. */
	int (*set_intensity)(void *arg, unsigned device, uint32_t log2, struct err *err);
	int (*set_power_limit)(void *arg, unsigned device, uint32_t watts, struct err *err);
	int (*set_temp_target)(void *arg, unsigned device, uint32_t celsius, struct err *err);
	/* Until that pool fails, or for good if it is the first in order. */
	int (*pool_switch)(void *arg, unsigned pool, struct err *err);
	int (*pool_enable)(void *arg, unsigned pool, bool on, struct err *err);
	/* pass may be NULL: "x"; *pool: its number. */
	int (*pool_add)(void *arg, const char *url, const char *user, const char *pass,
			unsigned *pool, struct err *err);
	int (*pool_remove)(void *arg, unsigned pool, struct err *err);
	/* place 0: tried first; the others keep their order. */
	int (*pool_priority)(void *arg, unsigned pool, unsigned place, struct err *err);
	/* {"settings": {...}} in force, new; no secret in it, users only with full. */
	json_t *(*config)(void *arg, bool full);
	json_t *(*algorithms)(void *arg); /* as `adit algos --json`, new */
	int (*reload)(void *arg, struct err *err);
	int (*quit)(void *arg, struct err *err);
};

enum api_right { API_NOTHING, API_READ, API_WRITE };

/* Passwords never appear; users are masked, but in the settings when the right is API_WRITE. */
struct api_call {
	const struct api_view *view;
	const struct api_actions *actions;
	void *arg;
	enum api_right right;
};

#endif
