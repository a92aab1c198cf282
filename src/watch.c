/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ending batches whose job is over.  Uses Linux calls (eventfd). */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "src/ipc.h"
#include "src/watch.h"

struct watch {
	pthread_t thread;
	int fd, end_fd;
	void (*abort)(void *arg);
	void *arg;
	atomic_uint_fast64_t flying;
	atomic_bool seen; /* the thread has looked at what waits and rests until it is read */
	pthread_mutex_t lock;
	pthread_cond_t drained;
	bool ending; /* under lock */
};

/* Does the message that waits make what is in flight worthless? */
static bool outdates(struct watch *w)
{
	struct {
		struct ipc_head head;
		struct ipc_number number;
	} m;
	ssize_t n = recv(w->fd, &m, sizeof m, MSG_PEEK | MSG_DONTWAIT);
	uint64_t flying = atomic_load(&w->flying);

	if (n < (ssize_t)sizeof m.head || !flying)
		return false;
	if (m.head.type == IPC_QUIT)
		return true;
	return m.head.type == IPC_FORGET && n == sizeof m && m.number.n > flying;
}

static void rest(struct watch *w)
{
	pthread_mutex_lock(&w->lock);
	while (atomic_load(&w->seen) && !w->ending)
		pthread_cond_wait(&w->drained, &w->lock);
	pthread_mutex_unlock(&w->lock);
}

static void *run(void *arg)
{
	struct watch *w = arg;
	struct pollfd p[] = {{.fd = w->fd, .events = POLLIN}, {.fd = w->end_fd, .events = POLLIN}};

	for (;;) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return NULL;
		if (p[1].revents)
			return NULL;
		if (!p[0].revents)
			continue;
		atomic_store(&w->seen, true);
		if (outdates(w))
			w->abort(w->arg);
		rest(w);
	}
}

int watch_start(struct watch **out, int fd, void (*abort)(void *arg), void *arg, struct err *err)
{
	struct watch *w = calloc(1, sizeof *w);

	if (!w)
		return err_set(err, ERR_NOMEM, "no memory for a worker");
	w->fd = fd;
	w->abort = abort;
	w->arg = arg;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->drained, NULL);
	w->end_fd = eventfd(0, EFD_CLOEXEC);
	if (w->end_fd < 0 || pthread_create(&w->thread, NULL, run, w)) {
		if (w->end_fd >= 0)
			close(w->end_fd);
		free(w);
		return err_set(err, ERR_NOMEM, "no thread to watch for new jobs");
	}
	*out = w;
	return 0;
}

void watch_stop(struct watch *w)
{
	const uint64_t one = 1;

	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->ending = true;
	pthread_cond_signal(&w->drained);
	pthread_mutex_unlock(&w->lock);
	while (write(w->end_fd, &one, sizeof one) < 0 && errno == EINTR)
		;
	pthread_join(w->thread, NULL);
	close(w->end_fd);
	pthread_cond_destroy(&w->drained);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

void watch_flying(struct watch *w, uint64_t serial)
{
	atomic_store(&w->flying, serial);
}

void watch_drained(struct watch *w)
{
	if (!atomic_load(&w->seen))
		return;
	pthread_mutex_lock(&w->lock);
	atomic_store(&w->seen, false);
	pthread_cond_signal(&w->drained);
	pthread_mutex_unlock(&w->lock);
}
