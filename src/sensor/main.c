/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sensor process.  It may hang in a driver at any time: everything it says before, and its
 * silence, is what the supervisor acts upon.  Uses Linux calls (timerfd, signalfd).
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "src/clock.h"
#include "src/ipc.h"
#include "src/sensor/cards.h"
#include "src/sensor/main.h"
#include "src/sensor/presence.h"
#include "src/str.h"

#define OPEN_PATIENCE_MS 30000
#define SEND_PATIENCE_MS 2000 /* a supervisor that does not read misses words of ours */
#define PRESENCE_MS      5000
#define PRESENCE_SLOW_MS 60000 /* when one look takes longer than... */
#define PRESENCE_LONG_MS 500

struct process {
	int fd, timer, signals;
	struct cards *cards;
	struct presence_source *presence;
	int64_t presence_at_ms;
	bool over;
};

static void say(struct process *p, unsigned type, const void *body)
{
	struct pollfd out = {.fd = p->fd, .events = POLLOUT};
	int rc = ipc_send(p->fd, type, body);

	if (rc == -ERR_BUSY && poll(&out, 1, SEND_PATIENCE_MS) == 1)
		rc = ipc_send(p->fd, type, body);
	if (rc == -ERR_IO)
		p->over = true;
}

static void on_note(void *arg, int code, const char *text)
{
	struct ipc_failed body = {.code = code};

	str_copy(body.text, sizeof body.text, text);
	say(arg, IPC_NOTE, &body);
}

static void on_asking(void *arg, unsigned card)
{
	const struct ipc_number body = {.n = card};

	say(arg, IPC_ASKING, &body);
}

static void on_set_done(void *arg, unsigned card, int code, const char *text)
{
	struct ipc_set_done body = {.index = card, .code = code};

	str_copy(body.text, sizeof body.text, text);
	say(arg, IPC_SET_DONE, &body);
}

/* --- a round ------------------------------------------------------------------ */

static void look_around(struct process *p)
{
	int64_t before = clock_ms(), after;
	struct presence now = {0};

	if (!p->presence || before < p->presence_at_ms)
		return;
	presence_read(p->presence, &now);
	say(p, IPC_PRESENCE, &now);
	after = clock_ms();
	p->presence_at_ms =
		after + (after - before > PRESENCE_LONG_MS ? PRESENCE_SLOW_MS : PRESENCE_MS);
}

static void round_of_readings(struct process *p)
{
	struct ipc_reading body = {0};
	unsigned i;

	for (i = 0; i < cards_count(p->cards) && !p->over; i++) {
		body.index = i;
		if (cards_read(p->cards, i, clock_ms(), &body.reading))
			say(p, IPC_READING, &body);
	}
	on_asking(p, DEVICES_MAX);
	look_around(p);
}

/* --- the supervisor ----------------------------------------------------------- */

static void start_sensing(struct process *p, const struct ipc_sense *sense)
{
	const struct cards_host host = {on_asking, on_note, on_set_done, p};
	const struct itimerspec every = {
		.it_interval = {sense->interval_ms / 1000, sense->interval_ms % 1000 * 1000000L},
		.it_value = {.tv_nsec = 1},
	};
	struct err err = {0};

	on_asking(p, DEVICES_MAX);
	if (cards_open(&p->cards, sense, sensor_sources, &host, clock_ms(), &err) ||
	    timerfd_settime(p->timer, 0, &every, NULL)) {
		on_note(p, ERR_NOMEM, err.text[0] ? err.text : "no timer");
		p->over = true;
		return;
	}
	if (presence_open(&p->presence, &err))
		on_note(p, err.code, err.text);
	on_asking(p, DEVICES_MAX);
}

static void on_message(struct process *p, const struct ipc_msg *m)
{
	switch (m->head.type) {
	case IPC_SENSE:
		if (!p->cards)
			start_sensing(p, &m->u.sense);
		break;
	case IPC_SET:
		if (p->cards && m->u.set.index < cards_count(p->cards))
			cards_set(p->cards, m->u.set.index, &m->u.set.setting, clock_ms());
		on_asking(p, DEVICES_MAX);
		break;
	default: /* IPC_QUIT, or one that speaks another language */
		p->over = true;
	}
}

static void hear(struct process *p)
{
	struct ipc_msg msg;
	int rc = 0;

	while (!p->over && (rc = ipc_recv(p->fd, &msg)) == 1)
		on_message(p, &msg);
	if (rc < 0)
		p->over = true;
}

static void loop(struct process *p)
{
	struct pollfd on[3] = {{.fd = p->fd, .events = POLLIN},
			       {.fd = p->signals, .events = POLLIN},
			       {.fd = p->timer, .events = POLLIN}};
	uint64_t ticks;

	while (!p->over) {
		int n = poll(on, 3, p->cards ? -1 : OPEN_PATIENCE_MS);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || on[1].revents)
			break;
		if (on[0].revents)
			hear(p);
		if (!p->over && on[2].revents && read(p->timer, &ticks, sizeof ticks) > 0)
			round_of_readings(p);
	}
}

int sensor_process(int fd)
{
	struct process p = {.fd = fd};
	sigset_t term;

	signal(SIGINT, SIG_IGN); /* the supervisor decides */
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	p.signals = signalfd(-1, &term, SFD_CLOEXEC | SFD_NONBLOCK);
	p.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (p.signals < 0 || p.timer < 0) {
		fprintf(stderr, "adit sensors: no descriptors: %s\n", strerror(errno));
		return EXIT_FAILURE;
	}
	loop(&p);
	cards_close(p.cards, clock_ms());
	presence_close(p.presence);
	close(p.signals);
	close(p.timer);
	return EXIT_SUCCESS;
}
