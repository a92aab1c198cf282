/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the parts of `adit bench` hand to each other: what one algorithm on one device gave, and
 * statistics of it.  Statistics and texts are pure.
 */
#ifndef ADIT_BENCH_H
#define ADIT_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "algos/algo.h"
#include "src/roofline.h"

struct settings;

#define BENCH_SCHEMA "adit-bench"
#define BENCH_SCHEMA_NUMBER                                                                        \
 1 /* doc/bench.md: changed when a member changes its meaning or goes                              \
    */
#define BENCH_ALGOS_MAX 64
#define BENCH_STEADY    3 /* rates that have to agree */
#define BENCH_UNKNOWN   INT64_MIN

/* Of several measurements of one thing. */
struct bench_spread {
	unsigned n;
	double median, mad; /* mad: median of the distances from the median */
	double min, max;
};

enum bench_state {
	BENCH_DONE,
	BENCH_STOPPED, /* a signal came, or the time is up; what there is counts */
	BENCH_LEFT,    /* not begun: there was no time for it */
	BENCH_UNFIT,   /* the device cannot do it: no fault */
	BENCH_FAILED,  /* it broke down or hangs */
	BENCH_WRONG,   /* wrong results, or results it should have had and has not */
	BENCH_STATES
};

/* The word of a state, as in JSON. */
const char *bench_state_word(enum bench_state state);

/* One algorithm on one device. */
struct bench_result {
	const struct algo *algo;
	unsigned device; /* in the list of devices */
	enum bench_state state;
	char why[ERR_TEXT_MAX]; /* when not done */
	char label[48];         /* of the plan in use */
	uint32_t intensity;     /* asked for, or of a profile; 0: automatic */
	const char *tuned;      /* what its profile was found for; NULL: it has none */
	int64_t tuned_mw;       /* the power limit that goes with that, which is not set; or <= 0 */
	int64_t epoch, height;  /* BENCH_UNKNOWN: it has none */
	bool simulated, steady;

	double *windows; /* rates, hashes a second; n of them; owned */
	unsigned n;
	struct bench_spread rate;
	double seconds, hashes, batch_us; /* of all windows; of a batch */
	double batches;                   /* of all windows */

	double expected;                        /* finds in the windows, by luck ... */
	uint64_t lucky;                         /* ... and what there was */
	uint64_t found, wrong, planted, missed; /* in all */

	/* seconds; < 0: unknown or there was none */
	double open_s, build_s, selftest_s, measure_s, ready_s, cache_s, dataset_s;
	/* The host's side while measured; < 0: unknown. */
	double idle_percent;                  /* of the time the device computed nothing */
	double cpu_percent;                   /* of one core, the worker's */
	double wakeups, preemptions;          /* of all its threads, a second */
	uint32_t to_device, from_device;      /* bytes copied for a batch; 0: none */
	uint64_t memory_bytes, dataset_bytes; /* the worker's peak; on the device; 0: unknown */
	double power_mw, joules_per_mh;       /* < 0: unknown */
	int64_t core_mc, memory_mc;           /* BENCH_UNKNOWN */

	struct roofline_limit limit; /* hps 0: unknown */
};

/* Everything, as it is printed. */
struct bench_device {
	char id[32];
	struct device_info info;
	struct roofline roof;        /* n 0: not probed */
	char roof_why[ERR_TEXT_MAX]; /* why it is not, or not wholly; "" */
	bool roof_broken;            /* ... because the device or its worker broke down */
};

struct bench_report {
	struct bench_device *devices;
	unsigned n_devices;
	struct bench_result *results;
	unsigned n;
	double seconds;
	unsigned repeat;
	bool probed, interrupted;
	int64_t started_s; /* Unix time */
};

/* --- bench_stat.c ------------------------------------------------------------- */

/* All zero for n 0. */
void bench_spread(struct bench_spread *out, const double *v, unsigned n);

/* Do the last BENCH_STEADY of n rates agree within 3 %? */
bool bench_steady(const double *v, unsigned n);

/* Are so few finds worse than bad luck, one in a thousand million? */
bool bench_too_few(uint64_t found, double expected);

enum bench_verdict { BENCH_SAME, BENCH_FASTER, BENCH_SLOWER };

/*
 * Is a new rate another than an old one, or do their spreads explain the difference?  *change: new
 * by old, less 1; *noise: what it has to exceed, as a part of old.
 */
enum bench_verdict bench_compare(const struct bench_spread *old_rate,
				 const struct bench_spread *new_rate, double *change,
				 double *noise);

/* --- bench_list.c ------------------------------------------------------------- */

/* The algorithms of a comma list; NULL or "all": all.  -ERR_UNKNOWN with the nearest name. */
int bench_algos(const struct algo **out, unsigned *n, const char *list, struct err *err);

/* A setting is for the algorithms that have it; one that none has is a mistake: -ERR_UNKNOWN. */
int bench_check_set(const struct settings *s, const struct algo *const *list, unsigned n,
		    struct err *err);

/* The settings as this algorithm wants them: its own, and a block where nobody names one. */
int bench_place(const struct settings *settings, const struct algo *algo, struct work *work,
		uint64_t *set, struct err *err);

/* --- bench_print.c, bench_json.c ---------------------------------------------- */

void bench_print_head(FILE *out, const struct bench_report *r);
void bench_print_row(FILE *out, const struct bench_report *report, const struct bench_result *r);
void bench_print_probe(FILE *out, const struct bench_device *d);
void bench_print_markdown(FILE *out, const struct bench_report *r);

/* New reference, or NULL. */
json_t *bench_json(const struct bench_report *r);

/* --- bench_compare.c ---------------------------------------------------------- */

/* What --json printed at another time, checked to be that.  New reference, or NULL with *err. */
json_t *bench_compare_load(const char *path, struct err *err);

/*
 * Print (out NULL: do not) what became faster or slower since then, and put the same under
 * "compare" of root (NULL: nowhere).  Returns how many are surely slower and below so many percent
 * (0: none is); *compared: of how many.
 */
unsigned bench_compare_results(FILE *out, json_t *root, const json_t *then,
			       const struct bench_report *r, double fail_below, unsigned *compared);

/* --- bench_svg.c -------------------------------------------------------------- */

/* Can it be written there?  Asked before anything is measured; nothing is changed. */
int bench_svg_check(const char *path, struct err *err);
int bench_svg(const char *path, const struct bench_report *r, struct err *err);

#endif
