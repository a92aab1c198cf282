/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of vectors of algorithms with a dataset. */
#ifndef ADIT_TEST_DAG_ROWS_H
#define ADIT_TEST_DAG_ROWS_H

#include "algos/dag.h"
#include "tests/scan.h"

T_FN uint64_t hex_number(const char *text)
{
	return strtoull(text, NULL, 16);
}

/* The settings a row's "dag" member stands for; false: the real sizes. */
T_FN bool row_set(const json_t *row, uint64_t *set)
{
	const json_t *dag = json_object_get(row, "dag");

	memset(set, 0, ALGO_SETTINGS_MAX * sizeof *set);
	if (!json_is_object(dag))
		return false;
	set[DAG_SET_CACHE] = row_number(dag, "light_cache_items");
	set[DAG_SET_ROWS] = row_number(dag, "dataset_items");
	return true;
}

T_FN void dag_work(struct work *out, const json_t *row, const struct algo_epoch *ep)
{
	memset(out, 0, sizeof *out);
	out->header_len = ep->algo->header_len;
	out->height = row_number(row, "height");
	out->epoch = ep->facts.epoch;
	memset(out->header + 32, 0xa5, 8); /* the nonce field is ignored */
	if (hex_decode(out->header, 32, row_text(row, "header_hash"), 64)) {
		printf("a row has a malformed header\n");
		exit(T_BROKEN);
	}
}

#endif
