/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counters and rates, kept by the loop thread and read by display and API as one snapshot. */
#ifndef ADIT_STATS_H
#define ADIT_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "src/err.h"

/* Hashes over sliding windows, in 1-second buckets; pure (now_ms is passed in). */
#define RATE_SECONDS 900
struct rate {
	double bucket[RATE_SECONDS]; /* hashes finished in that second */
	int64_t first_ms;            /* of the first sample; 0: none */
	int64_t second;              /* number of the newest bucket */
};
void rate_add(struct rate *r, double hashes, int64_t now_ms);
/*
 * Hashes a second over the last window_s seconds (or since the first sample if that is
 * more recent); falls to 0 when nothing completes.
 */
double rate_get(const struct rate *r, unsigned window_s, int64_t now_ms);
void rate_reset(struct rate *r);

/* The last few of something measured; pure. */
#define SAMPLES_KEPT 255
struct samples {
	double v[SAMPLES_KEPT];
	unsigned n; /* ever added */
};
void samples_add(struct samples *s, double v);
double samples_median(const struct samples *s); /* of those kept; <0: none yet */

/*
 * How long something took, since the start: counts in fixed ranges, so that those of many rigs can
 * be added and asked for quantiles.  Range i holds what took more than bound i - 1 and at most
 * bound i; the last one, without a bound, the rest.  Zero it to begin; pure.
 */
#define HISTOGRAM_BOUNDS 15
struct histogram {
	uint64_t n[HISTOGRAM_BOUNDS + 1];
	uint64_t count; /* of all */
	double sum_ms;
};
double histogram_bound_ms(unsigned i); /* i below HISTOGRAM_BOUNDS */
/* What is no number is not counted; what is negative (clocks) counts as 0. */
void histogram_add(struct histogram *h, double ms);

struct share_counts {
	uint64_t accepted, rejected, stale, invalid, lost;
	double accepted_difficulty; /* sum of share difficulties credited */
};

enum device_state {
	DEVICE_STARTING,
	DEVICE_PREPARING,
	DEVICE_IDLE,
	DEVICE_MINING,
	DEVICE_PAUSED,
	DEVICE_RESTARTING,
	DEVICE_PARKED,
	DEVICE_STOPPING, /* the program ends */
	DEVICE_STOPPED,
	DEVICE_STATES
};
const char *device_state_name(enum device_state state); /* "mining"; "unknown" of no state */

struct device_stats {
	char id[32]; /* "opencl:0" */
	char pci[16];
	char name[96];
	char label[48]; /* the plan in use */
	enum device_state state;
	char reason[ERR_TEXT_MAX]; /* why restarting or parked, or progress stage */
	uint32_t permille;         /* of the progress stage */
	uint32_t left_s;           /* until it ends, about; 0: unknown */
	double rate_10s, rate_60s, rate_15m;
	struct share_counts shares;
	uint64_t hashes, restarts;
	int64_t idle_us; /* it could have computed and did not, between batches; < 0: unknown */
	/* STAT_UNKNOWN where not known: */
	int32_t temperature_c, hotspot_c, memory_c, fan_percent, power_w, limit_w;
	int32_t core_mhz, memory_mhz, util_percent;
	uint64_t energy_j;      /* drawn since the start; 0: unknown */
	bool energy_counted;    /* by the card's counter; else power_w summed up */
	uint32_t intensity;     /* log2 of nonces a batch; 0: unknown */
	uint32_t duty_permille; /* 0: nobody says */
	/* Rate by the shares found, and its 95 % interval; 0: none yet. */
	double share_rate, share_low, share_high;
};
#define STAT_UNKNOWN INT32_MIN

#define REJECT_REASONS_MAX 16
struct reject_reason {
	char text[96];
	uint64_t count;
};

struct rig_stats {
	char algo[32];
	char pool[320];
	char pool_state[24];
	double difficulty;
	uint64_t height, jobs, blocks;
	int64_t uptime_ms;
	double rate_10s, rate_60s, rate_15m;
	struct share_counts shares;
	struct reject_reason reasons[REJECT_REASONS_MAX];
	unsigned n_reasons;
	double best_difficulty;
	/* medians of recent ones; <0: none yet */
	double latency_ms;    /* from a share sent to the pool's answer */
	double turnaround_ms; /* from a job read to its work in every worker's socket */
	double begun_ms;      /* from a job read to a device's first batch of it */
	double submit_ms;     /* from a candidate read to its share sent, CPU check included */
	struct histogram latency, turnaround, submit; /* of the same, since the start */
	struct device_stats *devices;
	unsigned n_devices;
};

/* All members that may be unknown are. */
void device_stats_unknown(struct device_stats *d);

/* "12.34 MH/s"; out of at least 24 bytes.  Returns out. */
char *rate_print(char *out, unsigned long size, double hashes_per_s);

#endif
