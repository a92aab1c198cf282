/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a bad pool does, by script: NAME[=VALUE][@TIME] separated by commas; TIME from the
 * pool's start, as in 5s or 1500ms (0 without one); "every=20s" repeats the whole script.
 *
 *   drop           close every connection
 *   delay=200ms    from now on read each client's lines that much later
 *   half-line      send the first half of a job, the rest 300 ms later
 *   garbage        send lines that are no JSON
 *   wrong-type     send known methods with members of wrong types
 *   huge-line      send 2 MiB without a newline
 *   extranonce     change every client's extranonce1 and send a new job
 *   reconnect      ask every client to reconnect
 *   diff-storm     50 difficulties and jobs in a row
 *   job-flood      500 jobs in a row
 *   absurd-height  send a job of a height that no chain will reach
 *   absurd-seed    send a job whose seed is that of no epoch
 *   wrong-seed     send a job whose seed is that of another epoch than its height's: shares for
 *                  it have to go by the height, which not every dialect tells
 *   other-epoch    jobs are of the epoch before from now on; the next time: of the true one again
 *   refuse-login   answer mining.authorize with false from now on
 *   silent         answer nothing at all from now on
 *   no-answer      no longer answer submits
 *   reject-all     answer every submit with error 20
 *   honest         end delay, refuse-login, silent, no-answer and reject-all
 */
#ifndef ADIT_FAULTS_H
#define ADIT_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "src/err.h"

#define FAULTS_MAX 32

#define FAULT_LIST(X)                                                                              \
 X(DROP, "drop")                                                                                   \
 X(DELAY, "delay")                                                                                 \
 X(HALF_LINE, "half-line")                                                                         \
 X(GARBAGE, "garbage")                                                                             \
 X(WRONG_TYPE, "wrong-type")                                                                       \
 X(HUGE_LINE, "huge-line")                                                                         \
 X(EXTRANONCE, "extranonce")                                                                       \
 X(RECONNECT, "reconnect")                                                                         \
 X(DIFF_STORM, "diff-storm")                                                                       \
 X(JOB_FLOOD, "job-flood")                                                                         \
 X(REFUSE_LOGIN, "refuse-login")                                                                   \
 X(SILENT, "silent")                                                                               \
 X(NO_ANSWER, "no-answer")                                                                         \
 X(ABSURD_HEIGHT, "absurd-height")                                                                 \
 X(ABSURD_SEED, "absurd-seed")                                                                     \
 X(WRONG_SEED, "wrong-seed")                                                                       \
 X(OTHER_EPOCH, "other-epoch")                                                                     \
 X(REJECT_ALL, "reject-all")                                                                       \
 X(HONEST, "honest")

enum fault_kind {
#define X(name, text) FAULT_##name,
	FAULT_LIST(X)
#undef X
		FAULT_KINDS
};

struct fault {
	enum fault_kind kind;
	int64_t value_ms, at_ms;
};

struct faults {
	struct fault list[FAULTS_MAX]; /* in order of time */
	unsigned n, next;
	int64_t every_ms; /* 0: once */
	int64_t round_ms; /* added to every time */
	/* in force */
	int64_t delay_ms;
	bool refuse_login, silent, no_answer, reject_all;
};

/* text NULL or "": no faults.  -ERR_PARSE names the word that is wrong. */
int faults_parse(struct faults *out, const char *text, struct err *err);

/* The next one that is due, or NULL; now_ms since the pool's start. */
const struct fault *faults_due(struct faults *f, int64_t now_ms);

/* When the next is due; INT64_MAX: never. */
int64_t faults_next(const struct faults *f);

const char *fault_name(enum fault_kind kind);

extern const char local_faults_help[];

#endif
