/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Settings found by tuning, kept in profiles.json of the cache directory: one for each device,
 * algorithm and its settings, good for the driver it was measured with.  The file is as hostile
 * as any: sizes, types and ranges are checked, and what is not right is not there.
 */
#ifndef ADIT_PROFILE_H
#define ADIT_PROFILE_H

#include "algos/algo.h"
#include "src/err.h"
#include "src/gpu/backend.h"
#include "src/guard/tune.h"

#define PROFILE_ENTRIES_MAX 256
#define PROFILE_FILE_MAX    (1u << 20)

struct profile {
	char device[96]; /* of profile_key() */
	char algo[32];
	char set[128];    /* its settings that are not the defaults: "gap=2", or "" */
	char driver[64];  /* as in struct device_info */
	char version[32]; /* of this program, for people */
	enum tune_metric metric;
	uint32_t intensity; /* log2 of nonces a batch */
	int64_t limit_mw;   /* of power, or TUNE_LEAVE */
	uint32_t batch_us;  /* how long its batches took */
	double rate_hps;
	double power_mw; /* < 0: unknown */
	int64_t at_s;    /* when, since 1970 */
};

/*
 * How a device is called there: backend and UUID, else PCI address, else name and index (which
 * only devices without an address have).
 */
void profile_key(char *out, size_t size, const struct device_info *info);

/* device, algo, set and driver of a new one; everything else zero, limit_mw TUNE_LEAVE. */
void profile_init(struct profile *out, const struct device_info *info, const struct algo *algo,
		  const uint64_t *set);

/*
 * What was stored for this device.  -ERR_UNKNOWN: nothing (or dir is ""); -ERR_STALE: for
 * another driver, err says which; -ERR_PARSE, -ERR_IO: the file is not usable, err says why.
 */
int profile_find(const char *dir, const struct device_info *info, const struct algo *algo,
		 const uint64_t *set, struct profile *out, struct err *err);

/* Keep it, in the place of an older one; beyond the most, the oldest goes.  -ERR_IO. */
int profile_store(const char *dir, const struct profile *p, struct err *err);

/*
 * The intensity to mine with, for a device whose intensity is automatic: 0 when there is no
 * profile or its batches exceed batch_ms (what is in flight, as in the settings).  note gets one
 * line for the log, "" when there is nothing to say.
 */
uint32_t profile_intensity(const char *dir, const struct device_info *info, const struct algo *algo,
			   const uint64_t *set, uint32_t batch_ms, char *note, size_t size);

#endif
