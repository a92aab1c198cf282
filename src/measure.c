/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The loop under `adit bench` and `adit tune`. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "src/measure.h"
#include "src/tune_power.h"

#define SILENCE_MS 60000

/* The first asks; who asks again does not want to wait for an answer. */
static void on_signal(evutil_socket_t number, short what, void *arg)
{
	struct measure *m = arg;

	(void)what;
	if (m->stop) {
		signal((int)number, SIG_DFL);
		raise((int)number);
	}
	m->stop = true;
}

static void on_hot(void *arg, const char *line)
{
	struct measure *m = arg;

	fprintf(stderr, "%sadit: too hot to go on: %s\n", isatty(STDERR_FILENO) ? "\r\033[K" : "",
		line);
	m->stop = m->hot = true;
}

int measure_init(struct measure *m, const struct settings *s, const struct rig_list *devices,
		 int sensor_ms, const char *cache_dir, struct err *err)
{
	static const int numbers[] = {SIGINT, SIGTERM};
	int i;

	memset(m, 0, sizeof *m);
	m->base = event_base_new();
	if (!m->base)
		return err_set(err, ERR_NOMEM, "no memory for the event loop");
	for (i = 0; i < 2; i++) {
		m->signals[i] = evsignal_new(m->base, numbers[i], on_signal, m);
		if (!m->signals[i] || event_add(m->signals[i], NULL))
			return err_set(err, ERR_NOMEM, "no memory for the event loop");
	}
	if (s->guard.no_sensors)
		return 0;
	return tune_power_new(&m->power, m->base, devices, sensor_ms, cache_dir, &m->stop,
			      &s->guard, on_hot, m, err);
}

void measure_done(struct measure *m)
{
	int i;

	tune_power_free(m->power);
	for (i = 0; i < 2; i++)
		if (m->signals[i])
			event_free(m->signals[i]);
	if (m->base)
		event_base_free(m->base);
	memset(m, 0, sizeof *m);
}

int64_t measure_silence_ms(const struct settings *s)
{
	return s->hang_timeout_s ? (int64_t)s->hang_timeout_s * 1000 : SILENCE_MS;
}

int measure_exit(int rc)
{
	switch (-rc) {
	case 0:
		return EXIT_OK;
	case ERR_USAGE:
	case ERR_PARSE:
	case ERR_RANGE:
	case ERR_UNKNOWN:
		return EXIT_USAGE;
	case ERR_NODEV:
		return EXIT_NO_DEVICE;
	case ERR_SELFTEST:
		return EXIT_MISMATCH;
	case ERR_NOMEM:
	case ERR_IO:
		return EXIT_SYSTEM;
	case ERR_DEVICE:
	case ERR_MEMORY:
	case ERR_BUILD:
		return EXIT_DEVICE;
	default:
		return EXIT_FAIL;
	}
}
