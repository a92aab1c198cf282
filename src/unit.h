/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One device of the fleet and its talk with its worker process.  Private to unit.c, which speaks
 * and listens, and fleet.c, which minds lives and time.  Loop thread.
 */
#ifndef ADIT_UNIT_H
#define ADIT_UNIT_H

#include <event2/event.h>
#include <sys/types.h>

#include "src/fleet.h"

#define EPOCHS_TOLD 2 /* a worker holds as many beside the one it works on */

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
	int64_t idle_us; /* between batches */
	bool timed;      /* idle_us is known */
	char label[48], stage[48];
	uint32_t permille, left_s;
	uint32_t intensity;                  /* as it was started with; 0: automatic */
	uint32_t chosen;                     /* by its owner since then; 0: none */
	uint64_t batch_hashes;               /* of its last whole batch; 0: none yet */
	uint64_t begun;                      /* the newest job that a batch was of */
	int64_t tuned_mw;                    /* power limit of its profile; 0: none */
	struct algo_facts told[EPOCHS_TOLD]; /* epochs its worker has, newest first */
	/* A dataset that did not fit; the next job's may, or this one later.  need 0: none */
	struct ipc_unfit unfit;
	int64_t unfit_until_ms;
	bool paused;
	struct ipc_limit limit; /* in force; told again after a restart */
	enum slot_state seen;   /* what life() was told last */
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

/* Do what its slot asks for: start, TERM or KILL its worker. */
void unit_act(struct unit *u, enum slot_action action);
/* Its socket is of no use any more, nor what was held by its worker. */
void unit_close(struct unit *u);
/* Hear everything it has to say. */
void unit_read(struct unit *u);
/* Give it works while it has room for them. */
void unit_fill(struct unit *u);
/* Drop works of jobs before `below`; tried again later when the socket is full. */
void unit_forget(struct unit *u, uint64_t below);
/* False when it was not told: no socket, or one that is full. */
bool unit_tell(struct unit *u, unsigned type, const void *body);
/* Log2 of the nonces of a batch: as ordered, or as its worker chose; 0: not known. */
uint32_t unit_intensity(const struct unit *u);
/* Its PCI address, or its name where it has none: what a person finds the card by. */
const char *unit_place(const struct unit *u);

/* fleet.c: its state changed; its next deadline may be another. */
void fleet_changed(struct unit *u);

#endif
