/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What can be read off a card, and set, beside computing on it.  Sources (NVML, amdgpu, Intel,
 * one file each) live in the sensor process, which may hang or die in a driver; the supervisor
 * sees readings only, as values.  A card is known by its PCI address, and its UUID where the
 * driver has one; never by an index.
 */
#ifndef ADIT_SENSOR_H
#define ADIT_SENSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "src/err.h"

/* A field's unit is in its name: millidegrees Celsius, milliwatts, microjoules, permille. */
enum sensor_field {
	SENSOR_CORE_MC,
	SENSOR_HOTSPOT_MC,
	SENSOR_MEMORY_MC, /* the junction's where the card tells it */
	SENSOR_FAN_PERMILLE,
	SENSOR_FAN_RPM,
	SENSOR_POWER_MW,
	SENSOR_LIMIT_MW,     /* of power, in force */
	SENSOR_LIMIT_MIN_MW, /* what may be set: */
	SENSOR_LIMIT_MAX_MW,
	SENSOR_LIMIT_DEFAULT_MW,
	SENSOR_ENERGY_UJ, /* a counter that only grows, from anywhere */
	SENSOR_CORE_MHZ,
	SENSOR_MEMORY_MHZ,
	SENSOR_THROTTLE, /* bits of enum sensor_throttle */
	SENSOR_BUSY_PERMILLE,
	SENSOR_MEM_USED,      /* bytes */
	SENSOR_MEM_FREE,      /* bytes */
	SENSOR_ECC_CORRECTED, /* counters */
	SENSOR_ECC_UNCORRECTED,
	SENSOR_XID,       /* NVIDIA's number of the last error since the process began */
	SENSOR_XID_COUNT, /* how many there were */
	SENSOR_PCIE_GEN,
	SENSOR_PCIE_LANES,
	SENSOR_OTHERS, /* processes of others that compute on the card */
	SENSOR_FIELDS
};

enum sensor_throttle {
	THROTTLE_POWER = 1,   /* at the power limit */
	THROTTLE_THERMAL = 2, /* the card's own protection, core or memory */
	THROTTLE_BRAKE = 4,   /* the power supply's signal */
	THROTTLE_OTHER = 8
};

/* One look at one card.  What was not read is not known: no field is ever a guess or old. */
struct sensor_reading {
	int64_t at_ms;  /* CLOCK_MONOTONIC */
	uint64_t known; /* bit f: v[f] was read */
	int64_t v[SENSOR_FIELDS];
	uint32_t lost; /* 1: the driver says the card is gone ("fallen off the bus") */
	uint32_t reserved;
};

static inline bool sensor_has(const struct sensor_reading *r, enum sensor_field f)
{
	return r->known >> f & 1;
}

static inline void sensor_put(struct sensor_reading *r, enum sensor_field f, int64_t v)
{
	r->v[f] = v;
	r->known |= (uint64_t)1 << f;
}

/* Short name of a field, as in the API and logs: "core_mc".  NULL past the last. */
const char *sensor_name(enum sensor_field f);

/* Whose readings are wanted. */
struct sensor_target {
	char pci[16];   /* "0000:01:00.0", lower case; "" for devices without an address */
	char uuid[48];  /* as in struct device_info, "" where unknown */
	uint32_t index; /* of the device in the rig: the one thing a simulated one is known by */
};

/* What may be changed on a card; a negative member leaves that as it is. */
struct sensor_setting {
	int64_t limit_mw;     /* of power; SENSOR_RESTORE: as it was found */
	int64_t fan_permille; /* SENSOR_RESTORE: back to the card's own control */
};
#define SENSOR_LEAVE   (-1)
#define SENSOR_RESTORE (-2)

/*
 * A way to read cards.  Calls may block for ever: they are made in the sensor process only, from
 * one thread.  open() is called once; match() says whether this source has that card and gives
 * its handle; a card is read by the first source in the table that has it.
 */
struct sensor_source {
	const char *name; /* "nvml" */
	/* -ERR_NODEV when the driver is not there: no fault. */
	int (*open)(void **ctx, struct err *err);
	void (*close)(void *ctx);
	/* 0 with *handle set, or -ERR_NODEV. */
	int (*match)(void *ctx, const struct sensor_target *t, void **handle, struct err *err);
	/* Fills what can be read; fields that fail stay unknown.  Error only when all is lost. */
	int (*read)(void *ctx, void *handle, struct sensor_reading *out, struct err *err);
	/* Apply; -ERR_PERM (say which permission), -ERR_RANGE (say the range), -ERR_NODEV. */
	int (*set)(void *ctx, void *handle, const struct sensor_setting *s, struct err *err);
};

/* All of them, NULL-ended. */
extern const struct sensor_source *const sensor_sources[];

#endif
