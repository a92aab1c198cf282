/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The devices of the rig: one worker process each, its socket, its life (slot.c), its
 * figures.  Knows nothing of pools or jobs: it hands works out and candidates in.
 * Loop thread.
 */
#ifndef ADIT_FLEET_H
#define ADIT_FLEET_H

#include "src/ipc.h"
#include "src/rig.h"
#include "src/slot.h"
#include "src/stats.h"

struct epoch;
struct event_base;
struct fleet;

#define INTENSITY_MAX 40 /* log2 of nonces a batch */

struct fleet_config {
	char algo[32];
	uint64_t set[ALGO_SETTINGS_MAX];
	const char *intensity; /* "auto", "22" or a list "22,auto"; NULL: auto */
	const char *cache_dir; /* "" for none */
	const char *sim;       /* or NULL */
	uint32_t batch_ms, cpu_threads;
	bool no_selftest;
	bool no_profile; /* automatic intensity is not what was tuned */
	struct slot_limits limits;
};

struct fleet_events {
	/*
	 * The device has room: fill out->work (rate: hashes/s measured, 0 unknown).  False
	 * when there is no work; fleet_offer() asks again.
	 */
	bool (*work)(void *arg, unsigned device, double rate, struct ipc_work *out);
	/* The light cache that works handed out now need, borrowed; NULL: none. */
	struct epoch *(*epoch)(void *arg);
	void (*found)(void *arg, unsigned device, const struct ipc_found *found);
	/* A device did its first batch of the job: begun at about this time.  NULL: nobody asks. */
	void (*begun)(void *arg, uint64_t serial, int64_t at_us);
	void (*dead)(void *arg); /* every device is parked or stuck */
	/* The state of its slot is another one now; NULL: nobody asks. */
	void (*life)(void *arg, unsigned device);
};

int fleet_new(struct fleet **out, struct event_base *base, const struct rig_list *devices,
	      const struct fleet_config *config, const struct fleet_events *events, void *arg,
	      struct err *err);
void fleet_free(struct fleet *f); /* KILLs what is left */

/* Start the workers. */
void fleet_start(struct fleet *f);

/* New work exists: drop leases of jobs older than serial everywhere and fill every worker. */
void fleet_offer(struct fleet *f, uint64_t forget_below);

/* Nothing to do any more (no pool): drop everything. */
void fleet_idle(struct fleet *f, uint64_t forget_below);

/* Tell all workers to end; ended() is called once, when none is left (or none can be). */
void fleet_stop(struct fleet *f, void (*ended)(void *arg));

/*
 * What a guardian does with a device; all of it outlives a restart of its worker.  duty: permille
 * of full speed; batch_ms: wanted length of what is in flight.  Paused devices keep their process
 * and memory.
 */
void fleet_limit(struct fleet *f, unsigned device, uint32_t duty_permille, uint32_t batch_ms);
/* Log2 of nonces a batch; 0: as it was started with.  From the next batch on, without a restart. */
void fleet_intensity(struct fleet *f, unsigned device, uint32_t log2);
void fleet_pause(struct fleet *f, unsigned device, bool paused);
void fleet_restart(struct fleet *f, unsigned device, const char *why);
/* The same for its owner: nothing is wrong with it, and it starts again at once. */
void fleet_renew(struct fleet *f, unsigned device, const char *why);
void fleet_park(struct fleet *f, unsigned device, const char *why);
void fleet_unpark(struct fleet *f, unsigned device);

const struct slot *fleet_slot(const struct fleet *f, unsigned device);
const struct device_info *fleet_info(const struct fleet *f, unsigned device);
/* The power limit that its profile was measured with; 0: none, or no profile is used. */
int64_t fleet_tuned_mw(const struct fleet *f, unsigned device);
/* Hashes ever done, over all its workers. */
uint64_t fleet_hashes(const struct fleet *f, unsigned device);

unsigned fleet_count(const struct fleet *f);
const char *fleet_id(const struct fleet *f, unsigned device); /* "opencl:0" */
struct share_counts *fleet_shares(struct fleet *f, unsigned device);
void fleet_stats(const struct fleet *f, unsigned device, struct device_stats *out, int64_t now_ms);
/* Hashes a second of the whole rig over a window. */
double fleet_rate(const struct fleet *f, unsigned window_s, int64_t now_ms);

#endif
