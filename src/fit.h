/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What to tell the owner of a device that is too small for a dataset.  Pure. */
#ifndef ADIT_FIT_H
#define ADIT_FIT_H

#include "algos/algo.h"

/*
 * The last epoch at or below `epoch` whose dataset needs at most `bytes` where this one needs
 * `need`, as datasets grow; -1 when not even the first does.
 */
int64_t fit_until(const struct algo *algo, const uint64_t *set, uint32_t epoch, uint64_t need,
		  uint64_t bytes);

/* "the dataset of epoch 619 needs 5.93 GiB, 5.70 GiB are free; it would fit until epoch 598" */
char *fit_text(char *out, size_t size, const struct algo *algo, const uint64_t *set, uint32_t epoch,
	       uint64_t need, uint64_t left);

#endif
