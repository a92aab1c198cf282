/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Algorithms with a dataset that exist for dialects only: epochs are 1000 blocks, and the seed of
 * epoch e is 28 zero bytes and e, big-endian.
 */
#ifndef ADIT_FAKE_ALGO_H
#define ADIT_FAKE_ALGO_H

#include "algos/algo.h"

/* "fake-dag", "fake-program" (whose program changes with the block), else what algo_find() has. */
const struct algo *fake_algo(const char *name);

#endif
