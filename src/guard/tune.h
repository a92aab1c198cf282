/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which setting of a device is best: proposes settings, is told what they measured, and
 * chooses.  Pure: no clock, no memory of its own, deterministic for the same answers.
 *
 * The search walks one axis at a time (batch size, then power limit, first in a coarse grid,
 * then batch size again) with steps that halve, measures those again that lie within the noise of
 * the best, and takes the mildest of what cannot be told apart.
 */
#ifndef ADIT_TUNE_H
#define ADIT_TUNE_H

#include <stdbool.h>
#include <stdint.h>

#include "src/err.h"

#define TUNE_INTENSITY_MAX 32
#define TUNE_WATTS_MAX     5000
#define TUNE_LEAVE         (-1) /* a limit that is not touched */
#define TUNE_TRIALS        64   /* different settings in one sweep, at most */
#define TUNE_MEASUREMENTS  120

enum tune_metric {
	TUNE_HASHRATE,
	TUNE_EFFICIENCY, /* hashes a joule; needs power */
	TUNE_FLOOR       /* best rate whose power is at most floor_mw; needs power */
};

struct tune_bounds {
	uint32_t intensity_min, intensity_max; /* log2 of nonces a batch, 1..32 */
	uint32_t intensity_start;              /* where to begin; clamped */
	int64_t limit_min_mw, limit_max_mw;    /* of power; max 0: it is not ours to set */
	int64_t limit_step_mw;                 /* no finer; 0: a 64th of the range, whole watts */
	int64_t floor_mw;                      /* TUNE_FLOOR */
	uint32_t latency_us;                   /* a batch may last so long; 0: as it likes */
};

struct tune_setting {
	uint32_t intensity; /* log2 of nonces a batch */
	int64_t limit_mw;   /* of power, or TUNE_LEAVE */
};

/* What was measured with a setting. */
struct tune_result {
	double rate_hps;
	double seconds;
	double joules;     /* of this time, from an energy counter; < 0: unknown */
	double power_mw;   /* mean of readings; < 0: unknown.  Joules are preferred. */
	uint64_t invalid;  /* candidates the reference refused: such a setting is never chosen */
	uint64_t found;    /* candidates checked */
	uint32_t batch_us; /* of a full batch */
	/* log2 of the nonces of a full batch when the device cannot take more; 0: as asked for */
	uint32_t intensity_top;
	bool failed; /* its worker broke down: like invalid */
};

enum tune_verdict {
	TUNE_FINE,
	TUNE_OVER,   /* the power floor */
	TUNE_LATE,   /* its batch is too long */
	TUNE_WRONG,  /* invalid results */
	TUNE_FAILED, /* did not run */
};

/* One setting, over all its measurements. */
struct tune_trial {
	struct tune_setting at;
	unsigned n; /* measurements */
	enum tune_verdict verdict;
	double seconds, hashes, joules; /* sums; joules < 0: unknown */
	double score_min, score_max;    /* of single measurements */
	uint64_t invalid, found;
	uint32_t batch_us; /* mean */
};

struct tune {
	struct tune_bounds bounds;
	enum tune_metric metric;
	struct tune_trial trial[TUNE_TRIALS];
	unsigned n, measured;
	/* of the search: */
	unsigned phase;
	unsigned centre; /* index of the trial it stands on */
	int64_t step;
	unsigned coarse; /* limits tried of those spread over the range */
	bool up, down;   /* directions still to try from there */
	bool lost;       /* every batch size failed at the first limit */
	bool blind;      /* the metric needs power and none is told */
	double noise;    /* relative, of this device, at least half a percent */
};

/*
 * "hashrate", "efficiency", "floor:W" (watts, whole or with a fraction).  -ERR_PARSE or
 * -ERR_RANGE with the fix.
 */
int tune_metric_parse(enum tune_metric *out, int64_t *floor_mw, const char *text, struct err *err);
/* "MIN-MAX", both within [least, most]; -ERR_PARSE or -ERR_RANGE saying so. */
int tune_range_parse(uint64_t *min, uint64_t *max, const char *text, uint64_t least, uint64_t most,
		     struct err *err);
const char *tune_metric_word(enum tune_metric m);

/* bounds are copied.  -ERR_RANGE when they leave nothing to try. */
int tune_init(struct tune *t, const struct tune_bounds *bounds, enum tune_metric metric,
	      struct err *err);

/* The setting to measure next; false when done (or when no answer can come: see tune_best). */
bool tune_next(struct tune *t, struct tune_setting *out);

/* What the setting that tune_next() gave measured. */
void tune_result(struct tune *t, const struct tune_setting *at, const struct tune_result *r);

/* Means of a trial: hashes a second; milliwatts, or -1; hashes a joule, or -1. */
double tune_rate(const struct tune_trial *trial);
double tune_power_mw(const struct tune_trial *trial);
double tune_efficiency(const struct tune_trial *trial);
const char *tune_verdict_word(enum tune_verdict v); /* "batches too long"; "" for fine */

/* What is known of a setting, or NULL. */
const struct tune_trial *tune_trial_of(const struct tune *t, const struct tune_setting *at);

/*
 * The choice, and why in words (may be NULL).  -ERR_USAGE when the metric needs power and the
 * device tells none, -ERR_SELFTEST when every setting gave invalid results, -ERR_DEVICE when
 * none ran, -ERR_RANGE when none keeps within the latency or the floor.
 */
int tune_best(const struct tune *t, const struct tune_trial **out, char *why, unsigned long size,
	      struct err *err);

#endif
