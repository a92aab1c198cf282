/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor's side of the sensor process.  Uses Linux calls (waitpid, kill). */
#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/clock.h"
#include "src/log.h"
#include "src/sensors.h"
#include "src/spawn.h"
#include "src/str.h"

#define SOCKET_FD       3
#define MESSAGES_MAX    256 /* handled a wake-up */
#define STALE_INTERVALS 3
#define STALE_MIN_MS    1500 /* less is a busy machine's delay, not a lost sensor */
#define HUNG_FACTOR     15   /* a card that hung is left alone for so many shortest back-offs... */
#define HUNG_FACTOR_MAX 12   /* ...doubling up to so many longest ones */
#define FREE_GRACE_MS   2000
#define SAID_MAX        32 /* notes remembered, so that a restart does not repeat them */

struct sense {
	struct sensor_setting force; /* ordered */
	bool dirty;                  /* the process has to be told */
	int64_t read_ms;             /* of its last reading; 0: none yet, lost, or off the bus */
	unsigned hangs;
	int64_t hung_ms, wait_until_ms;
};

struct sensors {
	struct event_base *base;
	struct sensor_target target[DEVICES_MAX];
	struct sense sense[DEVICES_MAX];
	unsigned n, asking; /* the card asked about now; n or more: none */
	int64_t interval_ms;
	char dir[512];
	struct sensors_events events;
	void *arg;
	struct vigil_limits limits;
	struct vigil vigil;
	int fd;
	pid_t pid;
	struct event *readable, *timer, *child;
	bool stuck_told;
	void (*ended)(void *arg);
	uint64_t said[SAID_MAX];
	unsigned n_said;
};

static void act(struct sensors *s, enum vigil_action action);
static void schedule(struct sensors *s);

static void close_socket(struct sensors *s)
{
	if (s->readable)
		event_free(s->readable);
	s->readable = NULL;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

static void distrust(struct sensors *s, const char *why)
{
	close_socket(s);
	act(s, vigil_end(&s->vigil, &s->limits, clock_ms(), why));
}

/* --- what it is told ---------------------------------------------------------- */

static bool nothing(const struct sensor_setting *set)
{
	return set->limit_mw == SENSOR_LEAVE && set->fan_permille == SENSOR_LEAVE;
}

/* Orders a full socket refused, or nobody was there to hear. */
static void tell_orders(struct sensors *s)
{
	unsigned i;

	for (i = 0; i < s->n && s->fd >= 0; i++) {
		struct sense *d = &s->sense[i];
		const struct ipc_set body = {.index = i, .setting = d->force};

		if (!d->dirty)
			continue;
		if (ipc_send(s->fd, IPC_SET, &body))
			return;
		d->dirty = false;
		/* What is restored needs no repetition. */
		if (d->force.limit_mw == SENSOR_RESTORE)
			d->force.limit_mw = SENSOR_LEAVE;
		if (d->force.fan_permille == SENSOR_RESTORE)
			d->force.fan_permille = SENSOR_LEAVE;
	}
}

static bool tell_targets(struct sensors *s)
{
	struct ipc_sense body;
	int64_t now = clock_ms();
	unsigned i;

	memset(&body, 0, sizeof body);
	body.count = s->n;
	body.interval_ms = (uint32_t)s->interval_ms;
	str_copy(body.dir, sizeof body.dir, s->dir);
	memcpy(body.target, s->target, sizeof body.target);
	for (i = 0; i < s->n; i++) {
		if (s->sense[i].wait_until_ms > now)
			body.wait_ms[i] = (uint32_t)(s->sense[i].wait_until_ms - now);
		s->sense[i].dirty = !nothing(&s->sense[i].force);
	}
	return !ipc_send(s->fd, IPC_SENSE, &body);
}

/* --- what it says ------------------------------------------------------------- */

static int64_t stale_ms(const struct sensors *s)
{
	int64_t ms = s->interval_ms * STALE_INTERVALS;

	return ms < STALE_MIN_MS ? STALE_MIN_MS : ms;
}

static void on_reading(struct sensors *s, const struct ipc_reading *m)
{
	struct sense *d = &s->sense[m->index];
	struct sensor_reading r = m->reading;
	int64_t now = clock_ms();

	if (r.at_ms > now)
		r.at_ms = now;
	if (now - r.at_ms > stale_ms(s))
		return; /* it was held up; the next one is fresh */
	if (d->hangs && now - d->hung_ms > s->limits.calm_ms)
		d->hangs = 0;
	d->read_ms = r.lost ? 0 : r.at_ms;
	if (s->events.reading)
		s->events.reading(s->arg, m->index, &r);
}

static uint64_t hash_of(const char *text)
{
	uint64_t h = 0xcbf29ce484222325;

	while (*text)
		h = (h ^ (uint8_t)*text++) * 0x100000001b3;
	return h;
}

/* A process that is started again and again finds the same again and again. */
static bool said_before(struct sensors *s, const char *text)
{
	uint64_t h = hash_of(text);
	unsigned i;

	for (i = 0; i < s->n_said && i < SAID_MAX; i++)
		if (s->said[i] == h)
			return true;
	s->said[s->n_said++ % SAID_MAX] = h;
	return false;
}

static void on_note(struct sensors *s, const struct ipc_failed *m)
{
	enum log_level level = m->code ? LOG_WARN : LOG_NOTICE;

	log_line(said_before(s, m->text) ? LOG_DEBUG : level, LOG_DEVICE, "sensors: %s", m->text);
}

static bool is_ours(struct sensors *s, uint32_t index)
{
	if (index < s->n)
		return true;
	distrust(s, "spoke of a card that there is not");
	return false;
}

static void on_message(struct sensors *s, const struct ipc_msg *m)
{
	switch (m->head.type) {
	case IPC_ASKING:
		s->asking = (unsigned)m->u.number.n;
		break;
	case IPC_READING:
		if (is_ours(s, m->u.reading.index))
			on_reading(s, &m->u.reading);
		break;
	case IPC_SET_DONE:
		if (is_ours(s, m->u.set_done.index) && s->events.set_done)
			s->events.set_done(s->arg, m->u.set_done.index, m->u.set_done.code,
					   m->u.set_done.text);
		break;
	case IPC_PRESENCE:
		if (s->events.presence)
			s->events.presence(s->arg, &m->u.presence);
		break;
	case IPC_NOTE:
		on_note(s, &m->u.failed);
		break;
	default:
		distrust(s, "sent a message of the wrong direction");
		return;
	}
	vigil_spoke(&s->vigil, &s->limits, clock_ms());
}

static void drain(struct sensors *s)
{
	struct ipc_msg msg;
	int i, rc = 1;

	for (i = 0; i < MESSAGES_MAX && s->fd >= 0 && rc == 1; i++) {
		rc = ipc_recv(s->fd, &msg);
		if (rc == 1)
			on_message(s, &msg);
		else if (rc == -ERR_PROTO)
			distrust(s, "broke the protocol");
		else if (rc < 0)
			close_socket(s); /* the exit status follows */
	}
	tell_orders(s);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	drain(arg);
	schedule(arg);
}

/* --- its life ----------------------------------------------------------------- */

static void spawn(struct sensors *s)
{
	static const char *const argv[] = {"adit", "sensors", NULL};
	struct err err = {0};
	int fds[2], pid = 0, rc = ipc_pair(fds, &err);

	if (!rc) {
		rc = spawn_self(argv, fds[1], SOCKET_FD, &pid, &err);
		close(fds[1]);
		if (rc)
			close(fds[0]);
	}
	if (rc) {
		vigil_spawn_failed(&s->vigil, &s->limits, clock_ms(), err.text);
		log_warn(LOG_DEVICE, "sensors: %s", err.text);
		return;
	}
	s->fd = fds[0];
	s->pid = pid;
	s->asking = DEVICES_MAX;
	s->stuck_told = false;
	vigil_spawned(&s->vigil, &s->limits, clock_ms());
	s->readable = event_new(s->base, s->fd, EV_READ | EV_PERSIST, on_readable, s);
	if (!s->readable || event_add(s->readable, NULL) || !tell_targets(s)) {
		distrust(s, "could not be told its cards");
		return;
	}
	tell_orders(s);
}

static void act(struct sensors *s, enum vigil_action action)
{
	switch (action) {
	case VIGIL_NONE:
		break;
	case VIGIL_SPAWN:
		spawn(s);
		break;
	case VIGIL_TERM:
		log_debug(LOG_DEVICE, "sensors: the process %s; ending it", s->vigil.reason);
		kill(s->pid, SIGTERM);
		break;
	case VIGIL_KILL:
		kill(s->pid, SIGKILL);
		break;
	}
}

/*
 * It hung or died: the card that it was asking about is left alone for a while, for the
 * others' sake.
 */
static void blame(struct sensors *s)
{
	struct sense *d = &s->sense[s->asking % DEVICES_MAX];
	int64_t now = clock_ms(), wait = (int64_t)s->limits.backoff_min_ms * HUNG_FACTOR;
	int64_t most = (int64_t)s->limits.backoff_max_ms * HUNG_FACTOR_MAX;
	char why[ERR_TEXT_MAX];
	unsigned i;

	if (s->asking >= s->n)
		return;
	for (i = 0; i < d->hangs && wait < most; i++)
		wait *= 2;
	d->hangs++;
	d->hung_ms = now;
	d->wait_until_ms = now + (wait < most ? wait : most);
	if (s->target[s->asking].pci[0])
		snprintf(why, sizeof why, "%.200s, asked about %s", s->vigil.reason,
			 s->target[s->asking].pci);
	else
		snprintf(why, sizeof why, "%.200s, asked about device %u", s->vigil.reason,
			 s->asking);
	str_copy(s->vigil.reason, sizeof s->vigil.reason, why);
}

static void tell_end(struct sensors *s)
{
	void (*ended)(void *arg) = s->ended;

	if (!ended || (s->vigil.alive && s->vigil.state != VIGIL_STUCK))
		return;
	s->ended = NULL;
	ended(s->arg); /* may free us */
}

/* Too old is unknown.  Returns when the next one gets too old, or INT64_MAX. */
static int64_t expire(struct sensors *s, int64_t now)
{
	int64_t next = INT64_MAX;
	unsigned i;

	for (i = 0; i < s->n; i++) {
		struct sense *d = &s->sense[i];
		int64_t at = d->read_ms + stale_ms(s) + 1;

		if (!d->read_ms || s->vigil.stopping)
			continue;
		if (at > now) {
			next = at < next ? at : next;
			continue;
		}
		d->read_ms = 0;
		if (s->events.lost)
			s->events.lost(s->arg, i);
	}
	return next;
}

static void schedule(struct sensors *s)
{
	int64_t now = clock_ms(), next = expire(s, now), at = vigil_next(&s->vigil);
	struct timeval tv;

	if (at < next)
		next = at;
	if (next == INT64_MAX) {
		event_del(s->timer);
		return;
	}
	next = next > now ? next - now : 0;
	tv.tv_sec = next / 1000;
	tv.tv_usec = next % 1000 * 1000;
	event_add(s->timer, &tv);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct sensors *s = arg;
	enum vigil_action action;

	(void)fd;
	(void)what;
	drain(s); /* after a sleep of our own, its words are waiting */
	action = vigil_step(&s->vigil, &s->limits, clock_ms());
	if (action == VIGIL_TERM)
		blame(s);
	act(s, action);
	if (s->vigil.state == VIGIL_STUCK && !s->stuck_told) {
		s->stuck_told = true;
		log_error(LOG_DEVICE,
			  "sensors: the process %s; mining goes on without temperatures",
			  s->vigil.reason);
	}
	schedule(s);
	tell_end(s);
}

static void on_child(evutil_socket_t fd, short what, void *arg)
{
	struct sensors *s = arg;
	int64_t now = clock_ms();
	bool died;
	int status;

	(void)fd;
	(void)what;
	if (s->pid <= 0 || waitpid(s->pid, &status, WNOHANG) != s->pid)
		return;
	s->pid = 0;
	drain(s); /* its last words */
	close_socket(s);
	died = WIFSIGNALED(status) &&
	       (s->vigil.state == VIGIL_STARTING || s->vigil.state == VIGIL_SPEAKING);
	vigil_exited(&s->vigil, &s->limits, now, status);
	if (died)
		blame(s);
	if (s->vigil.state == VIGIL_BACKOFF)
		log_warn(LOG_DEVICE,
			 "sensors: the process %s; starting it again in %lld s (restart %" PRIu64
			 ")",
			 s->vigil.reason, (long long)(s->vigil.deadline_ms - now + 999) / 1000,
			 s->vigil.restarts);
	schedule(s);
	tell_end(s);
}

/* --- from outside ------------------------------------------------------------- */

void sensors_limits(struct sensors *s, const struct vigil_limits *limits)
{
	s->limits = *limits;
	if (s->limits.silence_ms < s->interval_ms * 5)
		s->limits.silence_ms = (int32_t)(s->interval_ms * 5);
}

int sensors_new(struct sensors **out, struct event_base *base, const struct sensor_target *targets,
		unsigned n, int interval_ms, const char *cache_dir,
		const struct sensors_events *events, void *arg, struct err *err)
{
	static const struct timeval now = {0};
	struct sensors *s = n <= DEVICES_MAX ? calloc(1, sizeof *s) : NULL;
	unsigned i;

	if (n > DEVICES_MAX)
		return err_set(err, ERR_RANGE, "sensors of %u devices: at most %d", n, DEVICES_MAX);
	if (!s)
		return err_set(err, ERR_NOMEM, "no memory for sensors");
	s->base = base;
	s->n = n;
	s->fd = -1;
	s->events = *events;
	s->arg = arg;
	s->interval_ms = interval_ms < IPC_SENSE_MS_MIN ? IPC_SENSE_MS_MIN : interval_ms;
	if (s->interval_ms > IPC_SENSE_MS_MAX)
		s->interval_ms = IPC_SENSE_MS_MAX;
	if (cache_dir && !str_copy(s->dir, sizeof s->dir, cache_dir))
		s->dir[0] = '\0';
	for (i = 0; i < n; i++) {
		s->target[i] = targets[i];
		s->target[i].index = i;
		s->sense[i].force = (struct sensor_setting){SENSOR_LEAVE, SENSOR_LEAVE};
	}
	vigil_init(&s->vigil);
	sensors_limits(s, &vigil_limits_default);
	s->timer = evtimer_new(base, on_timer, s);
	s->child = evsignal_new(base, SIGCHLD, on_child, s);
	if (!s->timer || !s->child || event_add(s->child, NULL) || event_add(s->timer, &now)) {
		sensors_free(s);
		return err_set(err, ERR_NOMEM, "no memory for sensors");
	}
	*out = s;
	return 0;
}

void sensors_set(struct sensors *s, unsigned device, const struct sensor_setting *setting)
{
	struct sense *d;

	if (device >= s->n || s->vigil.stopping)
		return;
	d = &s->sense[device];
	if (setting->limit_mw != SENSOR_LEAVE)
		d->force.limit_mw = setting->limit_mw;
	if (setting->fan_permille != SENSOR_LEAVE)
		d->force.fan_permille = setting->fan_permille;
	d->dirty = !nothing(&d->force);
	tell_orders(s);
}

void sensors_stop(struct sensors *s, void (*ended)(void *arg))
{
	s->ended = ended;
	/* One that cannot even be told ends by the end of its socket. */
	if (vigil_stop(&s->vigil, &s->limits, clock_ms()) &&
	    (s->fd < 0 || ipc_send(s->fd, IPC_QUIT, NULL)))
		close_socket(s);
	schedule(s);
	tell_end(s);
}

void sensors_free(struct sensors *s)
{
	if (!s)
		return;
	close_socket(s);
	if (s->pid > 0) {
		kill(s->pid, SIGTERM);
		if (s->vigil.state == VIGIL_STUCK)
			kill(s->pid, SIGKILL);
		else
			spawn_reap(s->pid, FREE_GRACE_MS);
	}
	if (s->timer)
		event_free(s->timer);
	if (s->child)
		event_free(s->child);
	free(s);
}

int sensors_pid(const struct sensors *s)
{
	return (int)s->pid;
}

uint64_t sensors_restarts(const struct sensors *s)
{
	return s->vigil.restarts;
}
