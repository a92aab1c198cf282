/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor's side of a probe: a worker is started, and what it tells is kept. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "src/clock.h"
#include "src/ipc.h"
#include "src/rig.h"
#include "src/roofline_probe.h"
#include "src/spawn.h"
#include "src/str.h"

#define END_WAIT_MS 2000

struct probing {
	const struct roofline_probe_config *config;
	struct roofline *out;
	char *why;
	char id[32];
	int fd, pid;
	int64_t heard_ms;
	bool over, painted;
};

static void ends(struct probing *p, const char *why)
{
	p->over = true;
	if (!p->why[0])
		str_copy(p->why, ERR_TEXT_MAX, why);
}

static void paint(struct probing *p, const char *stage)
{
	if (!p->config->terminal)
		return;
	fprintf(stderr, "\r\033[K%s by itself: %s", p->id, stage);
	fflush(stderr);
	p->painted = true;
}

static void on_message(struct probing *p, const struct ipc_msg *m)
{
	switch (m->head.type) {
	case IPC_PROGRESS:
		paint(p, m->u.progress.stage);
		break;
	case IPC_FIGURE:
		if (p->out->n < ROOF_FIGURES_MAX)
			p->out->figure[p->out->n++] = m->u.figure;
		break;
	case IPC_READY:
		ends(p, "");
		break;
	case IPC_FAILED:
		ends(p, m->u.failed.text);
		break;
	default:
		break;
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct probing *p = arg;
	struct ipc_msg msg;
	int rc = 1;

	(void)what;
	while (!p->over && (rc = ipc_recv(fd, &msg)) == 1) {
		p->heard_ms = clock_ms();
		on_message(p, &msg);
	}
	if (rc < 0)
		ends(p, rc == -ERR_PROTO ? "its worker broke the protocol" : "its worker died");
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg; /* listen_all() looks at the clock */
}

static int listen_all(struct probing *p, struct err *err)
{
	const struct roofline_probe_config *c = p->config;
	struct event *readable = event_new(c->base, p->fd, EV_READ | EV_PERSIST, on_readable, p);
	struct event *timer = evtimer_new(c->base, on_timer, p);
	int rc = 0;

	if (!readable || !timer || event_add(readable, NULL))
		rc = err_set(err, ERR_NOMEM, "no memory to probe with");
	while (!rc && !p->over && !*c->stop) {
		int64_t left = p->heard_ms + c->silence_ms - clock_ms();
		struct timeval tv = {.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000};

		if (left <= 0) {
			ends(p, "it hangs: nothing heard of it in its time");
			break;
		}
		event_add(timer, &tv);
		if (event_base_loop(c->base, EVLOOP_ONCE) < 0)
			rc = err_set(err, ERR_IO, "the event loop fails");
	}
	if (readable)
		event_free(readable);
	if (timer)
		event_free(timer);
	return rc;
}

int roofline_probe(const struct roofline_probe_config *config, struct roofline *out, char *why,
		   struct err *err)
{
	struct probing p = {.config = config, .out = out, .why = why, .fd = -1};
	struct ipc_probe probe = {.index = config->info->index};
	struct err start = {0};
	int rc;

	out->n = 0;
	why[0] = '\0';
	rig_id(p.id, sizeof p.id, config->info);
	if (!backend_find(config->info->backend)) {
		str_copy(why, ERR_TEXT_MAX, "it runs no kernels");
		return 0;
	}
	str_copy(probe.backend, sizeof probe.backend, config->info->backend);
	str_copy(probe.cache_dir, sizeof probe.cache_dir, config->cache_dir);
	if (rig_spawn(config->info, &p.fd, &p.pid, &start) || ipc_send(p.fd, IPC_PROBE, &probe)) {
		str_copy(why, ERR_TEXT_MAX, start.code ? start.text : "its worker ended at once");
		rc = 0;
	} else {
		p.heard_ms = clock_ms();
		rc = listen_all(&p, err);
	}
	if (p.painted)
		fputs("\r\033[K", stderr);
	if (p.fd >= 0)
		close(p.fd);
	if (p.pid > 0)
		spawn_reap(p.pid, END_WAIT_MS);
	return rc;
}
