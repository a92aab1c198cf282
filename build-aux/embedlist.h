/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is to be embedded: every algorithm's kernels with every prebuilt option string, and those
 * that measure a device, each pair once however many algorithms share it.  For the generators and
 * the tests that hold them to it.
 */
#ifndef ADIT_EMBEDLIST_H
#define ADIT_EMBEDLIST_H

#include <stdio.h>
#include <string.h>

#include "algos/algo.h"
#include "src/gpu/backend.h"
#include "src/roofline.h"

#define EMBEDLIST_MAX 256

struct embedlist_item {
	const struct algo *algo; /* the first that has it */
	const char *source;
	char options[256]; /* CODE_TEMPLATE included */
	bool is_template;  /* for a period's program: of use as PTX only */
	bool is_epoch;     /* its entries are those of STEP_EPOCH */
};

static inline bool embedlist_has(const struct embedlist_item *list, int n,
				 const struct embedlist_item *item)
{
	int i;

	for (i = 0; i < n; i++)
		if (!strcmp(list[i].options, item->options) &&
		    !strcmp(list[i].source, item->source))
			return true;
	return false;
}

static inline int embedlist_add(struct embedlist_item *list, int n, const struct algo *algo,
				const char *const *options, bool epoch)
{
	const char *source = epoch ? algo->kernel_epoch : algo->kernel;
	int o;

	for (o = 0; source && options && options[o] && n < EMBEDLIST_MAX; o++) {
		struct embedlist_item *item = &list[n];

		item->algo = algo;
		item->source = source;
		item->is_epoch = epoch;
		item->is_template = !epoch && algo->program;
		snprintf(item->options, sizeof item->options, "%s%s", options[o],
			 item->is_template ? CODE_TEMPLATE : "");
		n += !embedlist_has(list, n, item);
	}
	return n;
}

/* Fill list (EMBEDLIST_MAX of them); returns how many. */
static inline int embedlist(struct embedlist_item *list)
{
	int a, n = 0;

	for (a = 0; algos[a]; a++) {
		n = embedlist_add(list, n, algos[a], algos[a]->prebuilt, false);
		n = embedlist_add(list, n, algos[a], algos[a]->prebuilt_epoch, true);
	}
	return embedlist_add(list, n, &roofline_kernel, roofline_kernel.prebuilt, false);
}

/* Is this one of the item's entries? */
static inline bool embedlist_entry(const struct embedlist_item *item, const struct algo_step *step)
{
	return !item->algo->kernel_epoch || item->is_epoch == (step->when == STEP_EPOCH);
}

#endif
