/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A worker process on an errand for a command that measures: started, listened to, waited for,
 * ended.  Waits run the event loop, and none is without an end.
 */
#ifndef ADIT_ERRAND_H
#define ADIT_ERRAND_H

#include <stdbool.h>

#include "src/gpu/backend.h"
#include "src/ipc.h"

struct epoch;
struct event;
struct event_base;

struct errand_config {
	struct event_base *base;
	const struct device_info *info;
	struct epoch *epoch;     /* what IPC_OPEN is followed by; borrowed; NULL: none */
	int64_t silence_ms;      /* after which it counts as hung */
	const bool *stop;        /* ends every wait */
	const struct algo *algo; /* whose dataset does not fit, if that is it; NULL: none */
	const uint64_t *set;     /* its settings, as they were sent */
	/* Every message but IPC_FAILED, IPC_UNFIT and IPC_NOTE, which are seen to here. */
	void (*on_message)(void *arg, const struct ipc_msg *m);
	void *arg;
};

struct errand {
	struct errand_config config;
	char id[32];
	struct event *readable, *timer;
	int fd, pid;       /* fd -1: there is none */
	struct err broken; /* code 0: the worker lives */
	bool unfit;        /* the dataset does not fit */
	int64_t heard_ms;
};

/*
 * Start a worker whose first message is this (IPC_OPEN or IPC_PROBE with its body).  errand is
 * set up anew; errand_end() it in any case.  0 or -ERR_xxx.
 */
int errand_begin(struct errand *e, const struct errand_config *config, unsigned type,
		 const void *body, struct err *err);

/* It is told to quit, waited for, and killed when that takes too long.  Before begin, a zeroed
 * errand is fine, and so is twice. */
void errand_end(struct errand *e);

/* One that nobody listens to counts as broken. */
void errand_tell(struct errand *e, unsigned type, const void *body);

/* It is of no more use, and why; the first reason stays. */
void errand_breaks(struct errand *e, int code, const char *text);

/* Run the loop until *what.  False: the worker broke down, or somebody wants to stop. */
bool errand_await(struct errand *e, const bool *what);

#endif
