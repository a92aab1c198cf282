/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The log: one event, one line, to standard error and to a file.  Only the main
 * files of each part log above debug; libraries fill struct err instead.
 */
#ifndef ADIT_LOG_H
#define ADIT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/err.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_NOTICE, LOG_DEBUG };
enum log_area {
	LOG_MINER,
	LOG_POOL,
	LOG_JOB,
	LOG_SHARE,
	LOG_DEVICE,
	LOG_KERNEL,
	LOG_API,
	LOG_AREAS
};

struct log_config {
	enum log_level level; /* lines above it are dropped */
	bool json;            /* JSON Lines instead of text */
	int colour;           /* -1: on terminals unless NO_COLOR; 0 never; 1 always */
	const char *file;     /* appended to, or NULL */
	bool quiet;           /* nothing to standard error */
};

/* Apply; -ERR_IO when the file cannot be opened (the old settings stay). */
int log_setup(const struct log_config *config, struct err *err);
void log_change(enum log_level level); /* another level from now on */
void log_reopen(void);                 /* after SIGHUP; keeps the old file when the new one fails */
void log_done(void);

/*
 * From now on every line goes to fn too, without colour or end of line, from any thread and with
 * the log locked; instead: and not to standard error.  NULL: no more.
 */
void log_tap(void (*fn)(void *arg, enum log_level level, const char *line), void *arg,
	     bool instead);

/* Register text that must never be printed (passwords); replaced by "***" in every line. */
void log_secret(const char *text);

void log_line(enum log_level level, enum log_area area, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool log_enabled(enum log_level level);

/* For warnings that may come in floods: zeroed at first, one for each thing they are about. */
struct log_gap {
	int64_t until_ms;
	uint64_t held;
};
#define LOG_GAP_MS 5000

/* True at most once in LOG_GAP_MS; *held is then how often it was false since. */
bool log_gap(struct log_gap *g, int64_t now_ms, uint64_t *held);

#define log_error(area, ...) log_line(LOG_ERROR, area, __VA_ARGS__)
#define log_warn(area, ...)  log_line(LOG_WARN, area, __VA_ARGS__)
#define log_info(area, ...)  log_line(LOG_NOTICE, area, __VA_ARGS__)
#define log_debug(area, ...) log_line(LOG_DEBUG, area, __VA_ARGS__)

#endif
