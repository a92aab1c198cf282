/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A kernel under one plan on one device: what the kernel test and the bench share. */
#ifndef ADIT_TEST_DEVICE_H
#define ADIT_TEST_DEVICE_H

#include "algos/algo.h"
#include "src/gpu/backend.h"

struct bed {
	const struct backend *backend;
	struct device *dev;
	struct device_info info;
	const struct algo *algo;
	struct algo_plan plan;
	struct program *program;
	struct mem *job, *results, *scratch;
	uint64_t room; /* nonces scratch is for */
};

/* The facts plans are made from, as if the device had that vector width. */
static inline struct algo_device bed_device(const struct device_info *info, uint32_t lanes)
{
	return (struct algo_device){.mem_free = info->mem_free,
				    .mem_alloc = info->mem_alloc,
				    .units = info->units,
				    .lanes = lanes,
				    .group_max = info->group_max,
				    .cpu = info->cpu && lanes > 1};
}

static inline void bed_clear(struct bed *bed)
{
	bed->backend->mem_free(bed->scratch);
	bed->backend->mem_free(bed->results);
	bed->backend->mem_free(bed->job);
	bed->backend->discard(bed->program);
	bed->scratch = bed->results = bed->job = NULL;
	bed->program = NULL;
}

/* Build for a plan and make room for batches of up to that many nonces. */
static inline int bed_make(struct bed *bed, const struct algo *algo, const struct algo_plan *plan,
			   uint64_t nonces, struct err *err)
{
	const struct backend *b = bed->backend;
	int rc;

	bed->algo = algo;
	bed->plan = *plan;
	bed->room = (nonces + plan->lanes - 1) / plan->lanes * plan->lanes;
	rc = b->build(bed->dev, &(struct code){algo->kernel, plan->options, NULL, NULL},
		      &bed->program, NULL, err);
	if (!rc)
		rc = b->mem_new(bed->dev, sizeof(struct abi_job), &bed->job, err);
	if (!rc)
		rc = b->mem_new(bed->dev, sizeof(struct abi_results), &bed->results, err);
	if (!rc && plan->scratch_per_nonce)
		rc = b->mem_new(bed->dev, bed->room * plan->scratch_per_nonce, &bed->scratch, err);
	if (rc)
		bed_clear(bed);
	return rc;
}

static inline int bed_queue(struct bed *bed, const struct work *work, uint64_t first,
			    uint32_t count, struct err *err)
{
	const struct backend *b = bed->backend;
	struct abi_job job = {.target = work->target.w[3]};
	struct launch l = {.items = (count + (uint64_t)bed->plan.lanes - 1) / bed->plan.lanes,
			   .local = bed->plan.local,
			   .job = bed->job,
			   .results = bed->results,
			   .scratch = bed->scratch,
			   .first = first,
			   .count = count};
	uint32_t zero[2] = {0};
	int i, rc;

	bed->algo->prepare(NULL, work, &job);
	rc = b->write(bed->job, 0, &job, sizeof job, err);
	if (!rc)
		rc = b->write(bed->results, 0, zero, sizeof zero, err);
	for (i = 0; !rc && i < bed->algo->n_steps; i++) {
		l.entry = bed->algo->steps[i].entry;
		rc = b->launch(bed->program, &l, err);
	}
	return rc;
}

/* One batch, results and all; *took_us is the device's. */
static inline int bed_run(struct bed *bed, const struct work *work, uint64_t first, uint32_t count,
			  struct abi_results *out, uint32_t *took_us, struct err *err)
{
	const struct backend *b = bed->backend;
	int rc = bed_queue(bed, work, first, count, err);

	if (!rc)
		rc = b->read(bed->results, 0, out, sizeof *out, err);
	if (!rc)
		rc = b->mark(bed->dev, 0, err);
	if (!rc)
		rc = b->wait(bed->dev, 0, took_us, err);
	return rc;
}

#endif
