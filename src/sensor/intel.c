/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Intel cards through i915 or xe.  What the files mean: kernel,
 * Documentation/ABI/testing/sysfs-driver-intel-i915-hwmon and sysfs-driver-intel-xe-hwmon; clocks
 * and throttling: the DOC comments of xe_gt_freq.c, xe_gt_throttle.c, intel_gt_sysfs_pm.c.  Both
 * drivers show no memory use, no load, no duty of the fan, and let nothing be set but the limit.
 */
#include <stdio.h>
#include <string.h>

#include "src/clock.h"
#include "src/sensor/hwmon.h"

#define UW_MAX      100000000000 /* 100 kW */
#define MHZ_MAX     100000
#define POWER_OVER  100000 /* microseconds that a power is the average of, at least */
#define XE_CLOCK    "tile0/gt0/freq0/act_freq"
#define XE_THROTTLE "tile0/gt0/freq0/throttle/"

static const char *const drivers[] = {"xe", "i915", NULL};
static const struct hwmon_kind kind = {drivers, {"pkg", NULL, "vram"}};

/*
 * The sustained limit (PL1): of the card, or where only that is known, of the package.  Nothing
 * says how little may be set; what the card was sold with is the most.
 */
static const struct hwmon_limit limits[] = {
	{"power1_max", NULL, "power1_rated_max", "power1_rated_max"},
	{"power2_max", NULL, "power2_rated_max", "power2_rated_max"}};

static int intel_open(void **ctx, struct err *err)
{
	return hwmon_open(&kind, ctx, err);
}

/* A limit of 0 is one that is turned off: then there is none to tell. */
static void read_limit(int mon, struct sensor_reading *out)
{
	int64_t uw;
	unsigned i;

	for (i = 0; i < 2; i++)
		if (hwmon_number(mon, limits[i].now, 0, UW_MAX, &uw))
			break;
	if (i == 2)
		return;
	if (uw)
		sensor_put(out, SENSOR_LIMIT_MW, uw / 1000);
	if (!hwmon_number(mon, limits[i].most, 1, UW_MAX, &uw))
		return;
	sensor_put(out, SENSOR_LIMIT_MAX_MW, uw / 1000);
	sensor_put(out, SENSOR_LIMIT_DEFAULT_MW, uw / 1000);
}

/* There is no file of the power drawn, but of the energy: the power between two looks. */
static void read_energy(struct hwmon_card *c, int mon, struct sensor_reading *out)
{
	static const char *const names[] = {"energy1_input", "energy2_input"};
	int64_t uj, us = clock_us(), over, drawn;
	unsigned i;

	for (i = 0; i < 2; i++)
		if (hwmon_number(mon, names[i], 0, INT64_MAX, &uj))
			break;
	if (i == 2) {
		c->energy_us = 0;
		return;
	}
	sensor_put(out, SENSOR_ENERGY_UJ, uj);
	over = us - c->energy_us;
	drawn = uj - c->energy_uj;
	if (c->energy_us && c->energy_from == i && over < POWER_OVER)
		return;
	if (c->energy_us && c->energy_from == i && drawn >= 0 && drawn <= INT64_MAX / 1000 &&
	    drawn / over * 1000000 <= UW_MAX)
		sensor_put(out, SENSOR_POWER_MW, drawn * 1000 / over);
	c->energy_from = i;
	c->energy_uj = uj;
	c->energy_us = us;
}

/* ---- clock and throttling ---- */

struct reason {
	const char *name;
	int64_t bit;
};

static const struct reason reasons[] = {
	{"pl1", THROTTLE_POWER},       {"pl2", THROTTLE_POWER},
	{"pl4", THROTTLE_POWER},       {"thermal", THROTTLE_THERMAL},
	{"prochot", THROTTLE_THERMAL}, {"ratl", THROTTLE_THERMAL},
	{"vr_tdc", THROTTLE_OTHER},    {"vr_thermalert", THROTTLE_THERMAL},
};

/* status_name and the reasons are 0 or 1; those that a card does not have are not there. */
static void read_throttle(int dir, const char *status_name, const char *prefix,
			  struct sensor_reading *out)
{
	int64_t status, on, bits = 0;
	char name[96];
	unsigned i;

	if (!hwmon_number(dir, status_name, 0, UINT32_MAX, &status))
		return;
	for (i = 0; status && i < sizeof reasons / sizeof *reasons; i++) {
		snprintf(name, sizeof name, "%s%s", prefix, reasons[i].name);
		if (hwmon_number(dir, name, 0, 1, &on) && on)
			bits |= reasons[i].bit;
	}
	if (status && !bits)
		bits = THROTTLE_OTHER;
	sensor_put(out, SENSOR_THROTTLE, bits);
}

static void read_xe(int pci, struct sensor_reading *out)
{
	static const struct hwmon_field clock[] = {{XE_CLOCK, SENSOR_CORE_MHZ, MHZ_MAX, 1, 1}};

	hwmon_fields(pci, clock, 1, out);
	read_throttle(pci, XE_THROTTLE "status", XE_THROTTLE "reason_", out);
}

/* i915 keeps these with the card that user programs open, drm/cardN, whose number may change. */
static void read_i915(int pci, unsigned n, struct sensor_reading *out)
{
	char clock[64], status[64], prefix[64];
	int64_t mhz;

	snprintf(clock, sizeof clock, "drm/card%u/gt/gt0/rps_act_freq_mhz", n);
	snprintf(status, sizeof status, "drm/card%u/gt/gt0/throttle_reason_status", n);
	snprintf(prefix, sizeof prefix, "drm/card%u/gt/gt0/throttle_reason_", n);
	if (hwmon_number(pci, clock, 0, MHZ_MAX, &mhz))
		sensor_put(out, SENSOR_CORE_MHZ, mhz);
	read_throttle(pci, status, prefix, out);
}

static int intel_read(void *ctx, void *handle, struct sensor_reading *out, struct err *err)
{
	struct hwmon_card *c = handle;
	struct hwmon_view v;
	unsigned n;
	int rc;

	(void)ctx;
	memset(out, 0, sizeof *out);
	out->at_ms = clock_ms();
	rc = hwmon_look(c, &v, err);
	if (rc == -ERR_NODEV)
		out->lost = 1;
	if (rc)
		return out->lost ? 0 : rc;
	if (!strcmp(c->driver, "xe"))
		read_xe(v.pci, out);
	else if (hwmon_drm(c, v.pci, &n))
		read_i915(v.pci, n, out);
	hwmon_link(v.pci, out);
	if (v.mon >= 0) {
		hwmon_common(c, &v, out);
		read_limit(v.mon, out);
		read_energy(c, v.mon, out);
	}
	hwmon_leave(&v);
	return 0;
}

static int intel_set(void *ctx, void *handle, const struct sensor_setting *s, struct err *err)
{
	(void)ctx;
	return hwmon_set(handle, limits, 2, false, s, err);
}

const struct sensor_source sensor_source_intel = {
	.name = "intel",
	.open = intel_open,
	.close = hwmon_close,
	.match = hwmon_match,
	.read = intel_read,
	.set = intel_set,
};
