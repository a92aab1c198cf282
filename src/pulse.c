/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signs of life during long steps. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "src/clock.h"
#include "src/ipc.h"
#include "src/pulse.h"
#include "src/str.h"

#define EVERY_S 1

struct pulse {
	pthread_t thread;
	pthread_mutex_t lock; /* all below */
	pthread_cond_t changed;
	int fd;
	struct ipc_progress now;
	int64_t until_ms; /* repeat no longer */
	bool ending;
};

static void *beat(void *arg)
{
	struct pulse *p = arg;
	struct timespec at;

	pthread_mutex_lock(&p->lock);
	while (!p->ending) {
		if (clock_ms() >= p->until_ms) { /* nothing to repeat: no reason to wake up */
			pthread_cond_wait(&p->changed, &p->lock);
			continue;
		}
		clock_gettime(CLOCK_MONOTONIC, &at);
		at.tv_sec += EVERY_S;
		if (!pthread_cond_timedwait(&p->changed, &p->lock, &at))
			continue; /* told anew just now */
		/* A full socket has signs enough waiting in it. */
		if (!p->ending && clock_ms() < p->until_ms)
			ipc_send(p->fd, IPC_PROGRESS, &p->now);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

int pulse_start(struct pulse **out, int fd, struct err *err)
{
	struct pulse *p = calloc(1, sizeof *p);
	pthread_condattr_t attr;

	if (!p)
		return err_set(err, ERR_NOMEM, "no memory for a worker");
	p->fd = fd;
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->changed, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&p->thread, NULL, beat, p)) {
		free(p);
		return err_set(err, ERR_NOMEM, "no thread for signs of life");
	}
	*out = p;
	return 0;
}

void pulse_stage(struct pulse *p, const struct engine_stage *stage)
{
	pthread_mutex_lock(&p->lock);
	str_copy(p->now.stage, sizeof p->now.stage, stage->name);
	p->now.permille = stage->permille;
	p->now.left_s = stage->left_s;
	p->until_ms = stage->limit_s ? clock_ms() + (int64_t)stage->limit_s * 1000 : 0;
	ipc_send(p->fd, IPC_PROGRESS, &p->now);
	pthread_cond_signal(&p->changed);
	pthread_mutex_unlock(&p->lock);
}

void pulse_rest(struct pulse *p)
{
	pthread_mutex_lock(&p->lock);
	p->until_ms = 0;
	pthread_mutex_unlock(&p->lock);
}

void pulse_stop(struct pulse *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->ending = true;
	pthread_cond_signal(&p->changed);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
