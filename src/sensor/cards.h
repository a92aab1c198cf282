/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The cards of the sensor process: which source reads each, at what pace, what is wanted of it,
 * and how it was before.  Every call may block in a driver.
 */
#ifndef ADIT_SENSOR_CARDS_H
#define ADIT_SENSOR_CARDS_H

#include <stdbool.h>
#include <stdint.h>

#include "src/ipc.h"
#include "src/sensor/sensor.h"

struct cards;

struct cards_host {
	/* A driver is about to be asked about this card: who it hangs on is known afterwards. */
	void (*asking)(void *arg, unsigned card);
	void (*note)(void *arg, int code, const char *text);
	void (*set_done)(void *arg, unsigned card, int code, const char *text);
	void *arg;
};

/*
 * Open the sources, find who reads whom, restore what dead processes left.  Cards that hung
 * lately (sense->wait_ms) are left alone for so long, also when something is to be set on them.
 * 0 or -ERR_NOMEM.
 */
int cards_open(struct cards **out, const struct ipc_sense *sense,
	       const struct sensor_source *const *sources, const struct cards_host *host,
	       int64_t now_ms, struct err *err);

unsigned cards_count(const struct cards *c);

/* Read card i, if it is its time, and first do what has waited.  True with *out to be told. */
bool cards_read(struct cards *c, unsigned i, int64_t now_ms, struct sensor_reading *out);

/* Change something, now or when the card may be asked again; set_done() tells. */
void cards_set(struct cards *c, unsigned i, const struct sensor_setting *setting, int64_t now_ms);

/* Restore everything that was changed, those that hung lately last, and close.  NULL is fine. */
void cards_close(struct cards *c, int64_t now_ms);

#endif
