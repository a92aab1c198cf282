/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The script of simulated devices (--sim).  Sections separated by ';', each for every device
 * or, with "N:" in front, for device N only; later words win:
 *
 *	rate=NUMBER[k|M|G|T]   hashes a second (default 1M)
 *	mem=NUMBER[k|M|G|T]    bytes (default 8G; k is 1000): larger datasets do not fit
 *	dataset=SECONDS        to generate one (default 0)
 *	seed=NUMBER            of its luck (default 1; the device's index is mixed in)
 *	fault=NAME[:VALUE][@SECONDS[s]]   from that time after ready on (default 0)
 *
 * Faults: hang (a batch never ends; dies on TERM), stuck (the same, deaf to TERM), crash
 * (killed by a signal), fail (last words, then exit), invalid:SHARE (that share of its
 * candidates is wrong), slow:FACTOR (of its rate), flood:SHARE (that share of its
 * larger batches has more hits than result slots), hang-build, crash-build, fail-build,
 * fail-selftest, fail-memory (before ready; time is ignored).
 * Example: "rate=100M,seed=7;2:fault=hang@10s,fault=invalid:0.1@5s"
 */
#ifndef ADIT_SIM_SCRIPT_H
#define ADIT_SIM_SCRIPT_H

#include <stdint.h>

#include "src/err.h"

enum sim_fault_kind {
	SIM_HANG,
	SIM_STUCK,
	SIM_CRASH,
	SIM_FAIL,
	SIM_INVALID,
	SIM_SLOW,
	SIM_FLOOD,
	SIM_HANG_BUILD,
	SIM_CRASH_BUILD,
	SIM_FAIL_BUILD,
	SIM_FAIL_SELFTEST,
	SIM_FAIL_MEMORY,
	SIM_FAULTS
};

struct sim_fault {
	enum sim_fault_kind kind;
	double value;
	int64_t at_us; /* since ready */
};

#define SIM_FAULTS_MAX 16

struct sim_script {
	double rate; /* hashes a second */
	double mem;  /* bytes */
	int64_t dataset_us;
	uint64_t seed;
	struct sim_fault fault[SIM_FAULTS_MAX];
	unsigned n;
};

/* What the script says for one device.  0 or -ERR_PARSE naming the word. */
int sim_script_parse(struct sim_script *out, const char *text, uint32_t device, struct err *err);

/* The latest fault of this kind in force at this time, or NULL. */
const struct sim_fault *sim_script_fault(const struct sim_script *s, enum sim_fault_kind kind,
					 int64_t at_us);

#endif
