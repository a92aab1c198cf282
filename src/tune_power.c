/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Power for `adit tune`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "src/clock.h"
#include "src/sensors.h"
#include "src/settings.h"
#include "src/str.h"
#include "src/tune_power.h"

#define FIRST_MS   4000 /* a driver's library takes its time to open */
#define ORDER_MS   5000
#define RESTORE_MS 8000

struct tune_power {
	struct event_base *base;
	struct event *timer;
	struct sensors *sensors;
	const bool *stop;
	const struct settings_guard *limits;
	tune_hot *hot; /* NULL once it was told */
	void *arg;
	bool expired, ended;
	struct sensor_reading last[DEVICES_MAX]; /* known 0: none yet, or lost */
	/* the order that is waited for: */
	unsigned device;
	bool answered;
	struct err answer;
	/* what is being measured: */
	bool measuring;
	unsigned n_power, n_energy;
	double power_sum;
	int64_t energy_first, energy_last, at_first, at_last;
};

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct tune_power *p = arg;

	(void)fd;
	(void)what;
	p->expired = true;
}

/* Nothing holds a temperature while settings are compared, so its limit ends the tuning. */
static void watch_heat(struct tune_power *p, unsigned device, const struct sensor_reading *r)
{
	const struct {
		enum sensor_field field;
		const char *list, *what;
	} all[] = {{SENSOR_CORE_MC, p->limits->temp_limit, "core"},
		   {SENSOR_MEMORY_MC, p->limits->temp_limit_mem, "memory"}};
	char line[160];
	size_t i;

	for (i = 0; i < sizeof all / sizeof all[0] && p->hot; i++) {
		int64_t limit = (int64_t)settings_of_device(all[i].list, device);
		tune_hot *hot = p->hot;

		if (!limit || !sensor_has(r, all[i].field) || r->v[all[i].field] < limit * 1000)
			continue;
		snprintf(line, sizeof line,
			 "device %u: %s %d C, limit %d C: cool it better or allow it less power",
			 device, all[i].what, (int)(r->v[all[i].field] / 1000), (int)limit);
		p->hot = NULL;
		hot(p->arg, line);
	}
}

static void on_reading(void *arg, unsigned device, const struct sensor_reading *r)
{
	struct tune_power *p = arg;

	p->last[device] = *r;
	watch_heat(p, device, r);
	if (!p->measuring || device != p->device)
		return;
	if (sensor_has(r, SENSOR_POWER_MW)) {
		p->power_sum += (double)r->v[SENSOR_POWER_MW];
		p->n_power++;
	}
	if (!sensor_has(r, SENSOR_ENERGY_UJ))
		return;
	p->energy_last = r->v[SENSOR_ENERGY_UJ];
	p->at_last = r->at_ms;
	if (!p->n_energy++) {
		p->energy_first = p->energy_last;
		p->at_first = p->at_last;
	}
}

static void on_lost(void *arg, unsigned device)
{
	struct tune_power *p = arg;

	memset(&p->last[device], 0, sizeof p->last[device]);
}

static void on_set(void *arg, unsigned device, int code, const char *text)
{
	struct tune_power *p = arg;

	if (device != p->device)
		return;
	p->answered = true;
	memset(&p->answer, 0, sizeof p->answer);
	if (code)
		err_set(&p->answer, code, "%s", text);
}

static void on_ended(void *arg)
{
	struct tune_power *p = arg;

	p->ended = true;
}

/* Run the loop until *what, the time is over, or somebody wants to stop. */
static bool await(struct tune_power *p, const bool *what, int ms, bool may_stop)
{
	const struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	p->expired = false;
	event_add(p->timer, &tv);
	while (!*what && !p->expired && !(may_stop && *p->stop))
		if (event_base_loop(p->base, EVLOOP_ONCE) < 0)
			break;
	event_del(p->timer);
	return *what;
}

int tune_power_new(struct tune_power **out, struct event_base *base, const struct rig_list *devices,
		   int interval_ms, const char *cache_dir, const bool *stop,
		   const struct settings_guard *limits, tune_hot *hot, void *arg, struct err *err)
{
	static const struct sensors_events events = {
		.reading = on_reading, .lost = on_lost, .set_done = on_set};
	struct sensor_target target[DEVICES_MAX];
	struct tune_power *p = calloc(1, sizeof *p);
	unsigned i;
	int rc = 0;

	if (!p)
		return err_set(err, ERR_NOMEM, "no memory for sensors");
	memset(target, 0, sizeof target);
	for (i = 0; i < devices->n; i++) {
		str_copy(target[i].pci, sizeof target[i].pci, devices->dev[i].pci);
		str_copy(target[i].uuid, sizeof target[i].uuid, devices->dev[i].uuid);
	}
	p->base = base;
	p->stop = stop;
	p->limits = limits;
	p->hot = hot;
	p->arg = arg;
	p->timer = evtimer_new(base, on_timer, p);
	if (!p->timer)
		rc = err_set(err, ERR_NOMEM, "no memory for sensors");
	if (!rc)
		rc = sensors_new(&p->sensors, base, target, devices->n, interval_ms, cache_dir,
				 &events, p, err);
	if (rc) {
		p->sensors = NULL;
		tune_power_free(p);
		return rc;
	}
	*out = p;
	return 0;
}

void tune_power_free(struct tune_power *p)
{
	if (!p)
		return;
	p->ended = false;
	if (p->sensors) {
		sensors_stop(p->sensors, on_ended);
		await(p, &p->ended, RESTORE_MS, false);
	}
	sensors_free(p->sensors);
	if (p->timer)
		event_free(p->timer);
	free(p);
}

const struct sensor_reading *tune_power_reading(struct tune_power *p, unsigned device)
{
	int64_t until = clock_ms() + FIRST_MS, left;

	p->answered = false;
	while (!p->last[device].known && !*p->stop && (left = until - clock_ms()) > 0) {
		const struct timeval tv = {.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000};

		event_add(p->timer, &tv);
		if (event_base_loop(p->base, EVLOOP_ONCE) < 0)
			break;
	}
	event_del(p->timer);
	return p->last[device].known ? &p->last[device] : NULL;
}

const struct sensor_reading *tune_power_last(const struct tune_power *p, unsigned device)
{
	return p->last[device].known ? &p->last[device] : NULL;
}

int tune_power_limit(struct tune_power *p, unsigned device, int64_t mw, struct err *err)
{
	const struct sensor_setting setting = {.limit_mw = mw, .fan_permille = SENSOR_LEAVE};

	p->device = device;
	p->answered = false;
	sensors_set(p->sensors, device, &setting);
	if (!await(p, &p->answered, ORDER_MS, true))
		return err_set(err, ERR_DEVICE, "its power limit cannot be set: no answer");
	if (p->answer.code)
		*err = p->answer;
	return -p->answer.code;
}

void tune_power_begin(struct tune_power *p, unsigned device)
{
	p->device = device;
	p->measuring = true;
	p->n_power = p->n_energy = 0;
	p->power_sum = 0;
}

double tune_power_end(struct tune_power *p, bool *counted)
{
	int64_t ms = p->at_last - p->at_first, uj = p->energy_last - p->energy_first;

	p->measuring = false;
	/* A counter that stands still, or went back, counts nothing. */
	*counted = p->n_energy > 1 && ms > 0 && uj > 0;
	if (*counted)
		return (double)uj / (double)ms; /* a microjoule a millisecond is a milliwatt */
	return p->n_power ? p->power_sum / p->n_power : -1;
}
