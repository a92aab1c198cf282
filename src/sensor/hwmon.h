/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Cards through Linux's sysfs: what amdgpu, i915 and xe have in common.  A card is its PCI
 * directory, with a hwmon directory of the driver's inside it; every file is small, read whole
 * and parsed strictly, and one that is not there or makes no sense is just not known.
 *
 * Units of the files (kernel: Documentation/hwmon/sysfs-interface.rst): temp*_input millidegrees
 * Celsius, fan*_input RPM, power*_{average,input,cap,max} microwatts, energy*_input microjoules,
 * freq*_input hertz, pwm* 0 to 255 (pwm*_max where it differs), pwm*_enable 0 full speed,
 * 1 manual, 2 and above automatic.
 */
#ifndef ADIT_HWMON_H
#define ADIT_HWMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/err.h"
#include "src/sensor/sensor.h"

#define HWMON_TEXT_MAX 64  /* bytes of a file, its end included */
#define HWMON_PATH_MAX 256 /* of a PCI directory */

/* ---- files: dir is an open directory, name a path below it ---- */

/* Up to size bytes of a regular file.  How many, or -1. */
int hwmon_bytes(int dir, const char *name, void *out, size_t size);

/* The text without its last line's end.  False when empty, too long, or with a NUL inside. */
bool hwmon_text(int dir, const char *name, char out[HWMON_TEXT_MAX]);

/* The whole text as one number within [min, max]. */
bool hwmon_number(int dir, const char *name, int64_t min, int64_t max, int64_t *out);

/* Write one number.  -ERR_PERM, -ERR_BUSY, -ERR_NODEV or -ERR_DEVICE, in words. */
int hwmon_write(int dir, const char *name, int64_t value, struct err *err);

/* /sys, or what ADIT_SYSFS names.  0 or -ERR_RANGE. */
int hwmon_root(char *out, size_t size, struct err *err);

/*
 * The least n for which dir/sub has a directory PREFIXn that fits (NULL: any does).  False if
 * there is none.  The one thing here that allocates (to list a directory).
 */
bool hwmon_child(int dir, const char *sub, const char *prefix, unsigned *n,
		 bool (*fits)(int child, const char *arg), const char *arg);

/* ---- cards ---- */

enum hwmon_temp { HWMON_CORE, HWMON_HOTSPOT, HWMON_MEMORY, HWMON_TEMPS };

/* What a family of drivers calls things. */
struct hwmon_kind {
	const char *const *drivers;      /* as the driver link ends, and hwmon's name; NULL-ended */
	const char *labels[HWMON_TEMPS]; /* of temp*_label; NULL: has none */
};

struct hwmon_card {
	struct hwmon_card *next;
	const struct hwmon_kind *kind;
	const char *driver; /* one of kind->drivers */
	char dir[HWMON_PATH_MAX];
	bool found; /* the next two are of hwmon/hwmonN */
	unsigned n;
	uint8_t temp[HWMON_TEMPS]; /* temp%u_input, 0: none */
	bool limit_set, fan_set;   /* this process changed it once */
	bool limit_kept, fan_kept; /* ... and it is not back yet; this is how it was: */
	unsigned limit_from;
	int64_t limit_uw, fan_mode, fan_pwm;
	int64_t energy_uj, energy_us; /* the last look at the counter; energy_us 0: none */
	unsigned energy_from;
	bool drm_found; /* the next is of drm/cardN */
	unsigned drm;
};

/* A card's directories while it is looked at. */
struct hwmon_view {
	int pci, mon; /* mon -1: the driver shows no hwmon (now) */
};

/* A source's cards. */
struct hwmon_cards {
	const struct hwmon_kind *kind;
	char root[HWMON_PATH_MAX - 64];
	struct hwmon_card *first;
};

/* struct sensor_source's open, close and match for one kind. */
int hwmon_open(const struct hwmon_kind *kind, void **ctx, struct err *err);
void hwmon_close(void *ctx);
int hwmon_match(void *ctx, const struct sensor_target *t, void **handle, struct err *err);

/*
 * Begin to look at a card: finds its hwmon directory anew when that has changed (the driver was
 * loaded again).  -ERR_NODEV when the card has gone: no PCI directory, or its configuration
 * space reads all ones.  hwmon_leave() ends a look that began.
 */
int hwmon_look(struct hwmon_card *c, struct hwmon_view *v, struct err *err);
void hwmon_leave(struct hwmon_view *v);

/* The N of the card's directory drm/cardN.  False: it has none. */
bool hwmon_drm(struct hwmon_card *c, int pci, unsigned *n);

/* ---- readings that are the same everywhere ---- */

/* Put a number from a file into a field, multiplied and divided; unreadable leaves it unknown. */
struct hwmon_field {
	const char *name;
	enum sensor_field field;
	int64_t max; /* of what the file says; the least is 0 */
	int32_t mul, div;
};
void hwmon_fields(int dir, const struct hwmon_field *f, size_t n, struct sensor_reading *out);

/* Temperatures by label, fan speed. */
void hwmon_common(const struct hwmon_card *c, const struct hwmon_view *v,
		  struct sensor_reading *out);

/* The link to the host: of the card's own switch where it has one on board. */
void hwmon_link(int pci, struct sensor_reading *out);

/* ---- settings (hwmon_set.c) ---- */

/*
 * Files of a power limit, in microwatts.  All but the first may be NULL or not there: then the
 * driver refuses by itself what is out of range, as amdgpu and xe do.
 */
struct hwmon_limit {
	const char *now, *least, *most, *usual;
};

/*
 * struct sensor_source's set.  The limit is the first of n that the card has; without fan the
 * driver has no fan control at all.  Both members are tried; the first failure is told.
 *
 * SENSOR_RESTORE in a process that changed nothing on this card puts right what one before it
 * left when it died, of which nothing is known: the usual limit, and a fan in manual mode goes
 * back to the card.
 */
int hwmon_set(struct hwmon_card *c, const struct hwmon_limit *limits, unsigned n, bool fan,
	      const struct sensor_setting *s, struct err *err);

#endif
