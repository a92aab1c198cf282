/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the user asked for: filled from defaults, configuration file, environment and command
 * line (in that order) by the one option table, read by everybody else.
 */
#ifndef ADIT_SETTINGS_H
#define ADIT_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pool/client.h"
#include "src/err.h"
#include "src/log.h"

struct command;
struct pool_draft;
struct settings_source; /* the command line and environment it came from; src/settings.c */

/*
 * Sensors, limits, hooks and pauses.  Lists hold a value a device, "80,off,75": read them with
 * settings_of_device().
 */
struct settings_guard {
	/* degrees Celsius; NULL: none */
	char *temp_target, *temp_target_mem, *temp_limit, *temp_limit_mem;
	char *temp_resume, *temp_resume_mem;      /* settings_resume() */
	uint32_t temp_step, duty_min, duty_blind; /* percent */
	char *fan_curve;                          /* "40:30,60:55"; NULL or "auto": none */
	uint32_t sensor_interval_ms;
	char *power_limit;          /* watts */
	uint32_t rig_power_limit_w; /* 0: none */
	bool no_sensors, allow_power, low_load, no_profile;

	uint32_t restart_budget;
	double max_invalid; /* percent */
	uint32_t low_rate;  /* percent; 0: off */
	uint32_t low_rate_time_s;
	bool exit_on_stuck;

	/* for a shell; NULL: none */
	char *on_event, *on_hang, *on_crash, *on_stuck, *on_overheat, *on_low_rate;
	char *on_wrong_results, *on_parked, *on_pool_down;
	uint32_t hook_timeout_s;

	char *schedule; /* NULL: none */
	enum { SCHEDULE_MINES, SCHEDULE_PAUSES } schedule_is;
	bool pause_on_active, pause_on_user, pause_on_others; /* the first means both others */
	bool pause_on_battery;
	uint32_t pause_quiet_s;
	char *price_hook;
	uint32_t price_interval_s;
	bool no_keys;

	/* adit tune */
	char *metric, *tune_power, *tune_intensity;
	uint32_t tune_time_s;
};

/* NULL: not given. */
struct settings_api {
	char *bind; /* "off": nowhere */
	char *token, *token_file, *read_token, *read_token_file;
	char *allow_origin, *allow_host; /* comma lists */
	char *tls_cert, *tls_key;        /* files */
};

/* adit bench */
struct settings_bench {
	double seconds;  /* a window */
	uint32_t repeat; /* windows */
	bool markdown, probe;
	char *svg, *compare; /* files; NULL: none */
	double fail_below;   /* percent of what was saved; 0: never */
};

/* adit top; NULL: not given. */
struct settings_top {
	char *token, *token_file, *ca, *fingerprint;
	uint32_t interval_s;
	bool once;
};

struct settings {
	const struct command *command;

	/* mining */
	char *algo; /* NULL: none given; bench: comma list, or "all" */
	struct pool_config *pools;
	unsigned n_pools;
	char *devices;   /* "cuda:0,01:00.0,cpu,sim:4"; NULL: automatic */
	char *intensity; /* "auto", "22", or one per device "22,auto,24" */
	char **set;      /* "name=value" of the algorithm, NULL-ended */
	unsigned n_set;
	uint32_t batch_ms;
	uint32_t cpu_threads; /* cpu device; 0: one a core */
	uint32_t verify_threads;
	char *sim;        /* script for sim devices, or NULL */
	char *cache_dir;  /* NULL: XDG default; "" none */
	uint32_t retries; /* connection attempts before giving up; 0: for ever */
	uint32_t retry_pause_s;
	uint32_t timeout_s;    /* network; 0: defaults */
	uint32_t time_limit_s; /* stop after; 0: never */
	bool no_selftest;
	uint32_t hang_timeout_s; /* shortest deadline of a batch; 0: default */
	struct settings_guard guard;
	struct settings_api api;
	struct settings_bench bench;

	/* log and display */
	struct log_config log; /* log.file owned here */
	char *log_file;
	char *share_log;
	uint32_t stats_interval_s; /* 0: no periodic lines */
	bool protocol_dump;
	enum { UI_PLAIN, UI_TUI } ui;
	struct settings_top top;

	/* hash and scan */
	char *header, *nonce, *target, *seed, *solution; /* as written; NULL: not given */
	uint64_t start, count;
	int64_t epoch, height; /* -1: not given */

	/* local pool */
	char *listen; /* "127.0.0.1:3333" */
	double diff;
	char *tls_cert, *tls_key;
	uint32_t job_interval_ms;
	uint32_t vardiff_per_minute; /* shares wanted a minute from each client; 0: fixed */
	char *faults;                /* script, see `adit pool --help` */
	char *seed_text;             /* makes its jobs reproducible */
	uint32_t max_clients;
	char *speak; /* dialect; NULL: the algorithm's usual one */
	enum { SPEAK_OTHER_ERROR, SPEAK_OTHER_SILENT, SPEAK_OTHER_CLOSE } speak_other;
	uint64_t height_step;  /* blocks from one clean job to the next */
	uint32_t block_shares; /* accepted shares after which one comes; 0: time decides */

	bool json; /* devices, algos, bench, top: machine-readable */
	char *config_file;
	char **args; /* positional, NULL-ended */
	unsigned n_args;
	struct settings_source *source;
	struct pool_draft *common; /* what each source says of all pools; src/option.h */
};

/*
 * Parse argv (argv[1] may be a command; default "mine").  On success *out is complete
 * and validated for its command.  `--help` and `--version` print and set *done.
 * -ERR_USAGE etc. with one line that names the thing and the fix.  Passwords are wiped from
 * argv's memory and from the environment, and registered with log_secret().
 */
int settings_load(struct settings **out, int argc, char **argv, bool *done, struct err *err);
/*
 * Read the same command line, environment and configuration file again (SIGHUP).  old is
 * untouched; *out is a second, independent object.
 */
int settings_reload(struct settings **out, const struct settings *old, struct err *err);
void settings_free(struct settings *s); /* NULL is fine; wipes secrets */

/*
 * One more pool, as if it had been given with -o, -u and -p behind the others: what the settings
 * say of all pools holds for it too.  pass NULL: none given.  Messages call the texts "url",
 * "user" and "pass".  *out is a new configuration, the caller's.
 */
int settings_new_pool(struct pool_config **out, const struct settings *s, const char *url,
		      const char *user, const char *pass, struct err *err);

/* One device's value in a list of a checked settings_guard; the last repeats.  0: none. */
uint32_t settings_of_device(const char *list, unsigned device);
/* Where a device that got too hot goes on, in degrees; 0: it has no limit. */
uint32_t settings_resume(const struct settings_guard *g, unsigned device, bool memory);

struct command {
	const char *name;
	const char *summary;
	const char *args;               /* "HOST..."; NULL: takes none */
	int (*run)(struct settings *s); /* returns the exit code */
	bool hidden;                    /* worker, probe, sensors: not in --help */
};

extern const struct command commands[]; /* ended by name NULL; src/command.c */

/* Exit codes; doc/exit-codes.md explains each. */
enum exit_code {
	EXIT_OK = 0,
	EXIT_FAIL = 1,       /* something failed; the last line says what */
	EXIT_USAGE = 2,      /* command line or configuration */
	EXIT_NO_DEVICE = 3,  /* no usable device */
	EXIT_POOL = 4,       /* every pool refused us, or retries ran out */
	EXIT_DEVICE = 5,     /* every device is parked */
	EXIT_MISMATCH = 6,   /* a kernel and the reference disagree (scan, self-test) */
	EXIT_SYSTEM = 7,     /* out of memory, files, ports */
	EXIT_STUCK = 8,      /* --exit-on-stuck: a device that no restart of its worker cures */
	EXIT_INTERRUPTED = 9 /* bench: ended by a signal; what was measured is printed */
};

int cmd_mine(struct settings *s);    /* src/miner.c */
int cmd_devices(struct settings *s); /* src/devices.c */
int cmd_scan(struct settings *s);    /* src/scan.c */
int cmd_tune(struct settings *s);    /* src/tune.c */
int cmd_bench(struct settings *s);   /* src/bench.c */
int cmd_worker(struct settings *s);  /* src/worker.c: hidden */
int cmd_probe(struct settings *s);   /* src/probe.c: hidden */
int cmd_sensors(struct settings *s); /* src/sense.c: hidden */
int cmd_hash(struct settings *s);    /* src/hash.c */
int cmd_algos(struct settings *s);   /* src/hash.c */
int cmd_check(struct settings *s);   /* src/check.c */
int cmd_top(struct settings *s);     /* src/top.c */
int cmd_pool(struct settings *s);    /* pool/local/main.c */
int cmd_manual(struct settings *s);  /* src/manual.c: hidden; man page, completions */

#endif
