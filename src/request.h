/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `adit hash` and `adit scan` are asked: algorithm, header, block. */
#ifndef ADIT_REQUEST_H
#define ADIT_REQUEST_H

#include "algos/algo.h"
#include "src/settings.h"

struct epoch;

/* The algorithm named by -a; -ERR_USAGE with the nearest name. */
int request_algo(const struct algo **out, const struct settings *s, struct err *err);

/*
 * Header, height and epoch into work, the settings into set[ALGO_SETTINGS_MAX], and the light
 * cache of the epoch, built here (one reference; NULL for algorithms without).  A header may be
 * given without its nonce field where that comes last.  The epoch is --epoch, else that of
 * --seed, else that of --height.
 */
int request_work(const struct algo *algo, const struct settings *s, struct work *work,
		 uint64_t *set, struct epoch **epoch, struct err *err);

/*
 * The block alone: height and epoch into *work, whose header stays empty, and as above.  What
 * algorithms without epochs are told of them is ignored.
 */
int request_block(const struct algo *algo, const struct settings *s, struct work *work,
		  uint64_t *set, struct epoch **epoch, struct err *err);

/* The same without making the epoch. */
int request_place(const struct algo *algo, const struct settings *s, struct work *work,
		  uint64_t *set, struct err *err);

#endif
