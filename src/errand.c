/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor's side of a worker that one command has for itself. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "src/clock.h"
#include "src/epoch.h"
#include "src/errand.h"
#include "src/fit.h"
#include "src/rig.h"
#include "src/spawn.h"
#include "src/str.h"

#define END_WAIT_MS  2000
#define MESSAGES_MAX 64 /* a wake-up, so that signals and sensors have their turn */

void errand_breaks(struct errand *e, int code, const char *text)
{
	if (!e->broken.code)
		err_set(&e->broken, code, "%s", text);
}

void errand_tell(struct errand *e, unsigned type, const void *body)
{
	if (e->fd >= 0 && ipc_send(e->fd, type, body))
		errand_breaks(e, ERR_DEVICE, "its worker takes no orders");
}

/* Engines name the device in what they say, and so do commands: once is enough. */
static const char *nameless(const struct errand *e, const char *text)
{
	size_t len = strlen(e->id);

	return !strncmp(text, e->id, len) && !strncmp(text + len, ": ", 2) ? text + len + 2 : text;
}

static void on_unfit(struct errand *e, const struct ipc_unfit *u)
{
	char text[ERR_TEXT_MAX] = "the dataset does not fit";

	if (e->config.algo)
		fit_text(text, sizeof text, e->config.algo, e->config.set, u->epoch, u->need,
			 u->left);
	errand_breaks(e, ERR_MEMORY, text);
	e->unfit = true;
}

static void on_message(struct errand *e, const struct ipc_msg *m)
{
	const struct ipc_failed *f = &m->u.failed;

	switch (m->head.type) {
	case IPC_FAILED:
		errand_breaks(e, f->code > 0 && f->code < ERR_CODES ? f->code : ERR_DEVICE,
			      nameless(e, f->text));
		break;
	case IPC_UNFIT:
		on_unfit(e, &m->u.unfit);
		break;
	case IPC_NOTE:
		if (f->code)
			fprintf(stderr, "adit: %s: %s\n", e->id, nameless(e, f->text));
		break;
	default:
		e->config.on_message(e->config.arg, m);
		break;
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct errand *e = arg;
	struct ipc_msg msg;
	int i, rc = 1;

	(void)what;
	for (i = 0; i < MESSAGES_MAX && !e->broken.code && (rc = ipc_recv(fd, &msg)) == 1; i++) {
		e->heard_ms = clock_ms();
		on_message(e, &msg);
	}
	if (rc < 0)
		errand_breaks(e, rc == -ERR_PROTO ? ERR_PROTO : ERR_DEVICE,
			      rc == -ERR_PROTO ? "its worker broke the protocol"
					       : "its worker died");
	if (e->broken.code && e->readable) /* nothing more is read */
		event_del(e->readable);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg; /* errand_await() looks at the clock */
}

bool errand_await(struct errand *e, const bool *what)
{
	while (!*what && !e->broken.code && !*e->config.stop) {
		int64_t left = e->heard_ms + e->config.silence_ms - clock_ms();
		struct timeval tv = {.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000};

		if (left <= 0) {
			errand_breaks(e, ERR_DEVICE, "it hangs: nothing heard of it in its time");
			break;
		}
		event_add(e->timer, &tv);
		if (event_base_loop(e->config.base, EVLOOP_ONCE) < 0)
			errand_breaks(e, ERR_IO, "the event loop fails");
	}
	event_del(e->timer);
	return *what && !e->broken.code;
}

static void send_epoch(struct errand *e)
{
	const struct ipc_epoch epoch = {.facts = e->config.epoch->view.facts};

	if (ipc_send_fd(e->fd, IPC_EPOCH, &epoch, e->config.epoch->fd))
		errand_breaks(e, ERR_DEVICE, "its worker takes no epoch");
}

int errand_begin(struct errand *e, const struct errand_config *config, unsigned type,
		 const void *body, struct err *err)
{
	int rc;

	memset(e, 0, sizeof *e);
	e->config = *config;
	e->fd = -1;
	rig_id(e->id, sizeof e->id, config->info);
	e->timer = evtimer_new(config->base, on_timer, NULL);
	if (!e->timer)
		return err_set(err, ERR_NOMEM, "no memory for a worker");
	rc = rig_spawn(config->info, &e->fd, &e->pid, err);
	if (rc) {
		e->fd = -1;
		e->pid = 0;
		return rc;
	}
	e->heard_ms = clock_ms();
	e->readable = event_new(config->base, e->fd, EV_READ | EV_PERSIST, on_readable, e);
	if (!e->readable || event_add(e->readable, NULL))
		return err_set(err, ERR_NOMEM, "no memory for a worker's socket");
	errand_tell(e, type, body);
	if (config->epoch)
		send_epoch(e);
	return 0;
}

void errand_end(struct errand *e)
{
	if (e->readable)
		event_free(e->readable);
	if (e->timer)
		event_free(e->timer);
	e->readable = e->timer = NULL;
	if (e->pid > 0 && e->fd >= 0) {
		ipc_send(e->fd, IPC_QUIT, NULL);
		close(e->fd);
	}
	e->fd = -1;
	if (e->pid > 0)
		spawn_reap(e->pid, END_WAIT_MS);
	e->pid = 0;
}
