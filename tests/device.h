/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A kernel under one plan on one device, with its dataset where it has one: what the kernel tests
 * and the bench share.
 */
#ifndef ADIT_TEST_DEVICE_H
#define ADIT_TEST_DEVICE_H

#include <stdlib.h>
#include <string.h>

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

	/* Of algorithms with a dataset; ep is borrowed. */
	const struct algo_epoch *ep;
	struct program *maker;
	struct mem *cache, *part[ALGO_PARTS_MAX];
	uint64_t part_bytes;
	uint64_t height; /* which program bed_make() builds in */
	bool no_ptx;     /* leave its form for embedded templates out */
};

/* The facts plans are made from, as if the device had that vector width. */
static inline struct algo_device bed_device(const struct device_info *info, uint32_t lanes)
{
	return (struct algo_device){.mem_free = info->mem_free,
				    .mem_alloc = info->mem_alloc,
				    .units = info->units,
				    .lanes = lanes,
				    .group_max = info->group_max,
				    .local_max = info->local_max,
				    .cpu = info->cpu && lanes > 1,
				    .cuda = info->arch != 0};
}

static inline void bed_dataset_clear(struct bed *bed)
{
	int i;

	for (i = 0; i < ALGO_PARTS_MAX; i++) {
		bed->backend->mem_free(bed->part[i]);
		bed->part[i] = NULL;
	}
	bed->backend->mem_free(bed->cache);
	bed->backend->discard(bed->maker);
	bed->cache = NULL;
	bed->maker = NULL;
	bed->ep = NULL;
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

/* The period's program; NULL when it has no such form.  The caller frees it. */
static inline char *bed_text(const struct bed *bed, enum algo_form form)
{
	const struct algo *algo = bed->algo;
	char *text = (char *)malloc(ALGO_PROGRAM_MAX);

	if (text && algo->program->text(algo, algo->program->of_height(algo, bed->height), form,
					text, ALGO_PROGRAM_MAX) >= 0)
		return text;
	free(text);
	return NULL;
}

static inline int bed_build(struct bed *bed, struct err *err)
{
	struct code code = {.source = bed->algo->kernel, .options = bed->plan.options};
	char *body = NULL, *ptx = NULL;
	int rc = 0;

	if (bed->algo->program) {
		code.body = body = bed_text(bed, bed->plan.form);
		code.body_ptx = ptx = bed->no_ptx ? NULL : bed_text(bed, FORM_PTX);
		rc = body ? 0 : err_set(err, ERR_RANGE, "the program has no text");
	}
	if (!rc)
		rc = bed->backend->build(bed->dev, &code, &bed->program, NULL, err);
	free(body);
	free(ptx);
	return rc;
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
	rc = bed_build(bed, err);
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

/*
 * After bed_make(): room for this epoch's dataset and what makes it.  Of the parts only what is
 * written takes memory on CPU devices.
 */
static inline int bed_dataset(struct bed *bed, const struct algo_epoch *ep, struct err *err)
{
	const struct backend *b = bed->backend;
	uint64_t bytes = (uint64_t)ep->facts.cache_items * 64;
	uint32_t i, parts = bed->plan.parts ? bed->plan.parts : 1;
	struct code code = {.source = bed->algo->kernel_epoch, .options = bed->plan.options_epoch};
	uint32_t took;
	int rc = b->build(bed->dev, &code, &bed->maker, NULL, err);

	bed->ep = ep;
	bed->part_bytes = ((ep->facts.dataset_bytes + 255) / 256 + parts - 1) / parts * 256;
	for (i = 0; i < parts && !rc; i++)
		rc = b->mem_new(bed->dev, bed->part_bytes, &bed->part[i], err);
	if (!rc)
		rc = b->mem_new(bed->dev, bytes, &bed->cache, err);
	if (!rc)
		rc = b->write(bed->cache, 0, ep->data, bytes, err);
	if (!rc)
		rc = b->mark(bed->dev, 0, err);
	if (!rc)
		rc = b->wait(bed->dev, 0, &took, err);
	if (rc)
		bed_dataset_clear(bed);
	return rc;
}

/* Make nodes first..first+count-1. */
static inline int bed_generate(struct bed *bed, uint32_t first, uint32_t count, uint32_t *took_us,
			       struct err *err)
{
	const struct backend *b = bed->backend;
	struct abi_job job = {0};
	struct work none = {0};
	uint32_t zero[2] = {0}, lanes = bed->plan.lanes_epoch ? bed->plan.lanes_epoch : 1;
	struct launch l = {.entry = bed->algo->steps[0].entry,
			   .items = (count + lanes - 1) / lanes,
			   .job = bed->job,
			   .results = bed->results,
			   .scratch = bed->cache,
			   .dataset = bed->part[0],
			   .more = {bed->part[1], bed->part[2], bed->part[3]},
			   .parts = bed->plan.parts,
			   .first = first,
			   .count = count};
	int rc;

	bed->algo->prepare(bed->ep, &none, &job);
	rc = b->write(bed->job, 0, &job, sizeof job, err);
	if (!rc)
		rc = b->write(bed->results, 0, zero, sizeof zero, err);
	if (!rc)
		rc = b->launch(bed->maker, &l, err);
	if (!rc)
		rc = b->mark(bed->dev, 0, err);
	return rc ? rc : b->wait(bed->dev, 0, took_us, err);
}

static inline int bed_queue(struct bed *bed, const struct work *work, uint64_t first,
			    uint32_t count, struct err *err)
{
	const struct backend *b = bed->backend;
	struct abi_job job = {.target = work->target.w[3]};
	struct launch l = {.items = (count + (uint64_t)bed->plan.lanes - 1) / bed->plan.lanes,
			   .local = bed->plan.local,
			   .local_bytes = bed->plan.local_bytes,
			   .job = bed->job,
			   .results = bed->results,
			   .scratch = bed->scratch,
			   .dataset = bed->part[0],
			   .more = {bed->part[1], bed->part[2], bed->part[3]},
			   .parts = bed->plan.parts,
			   .first = first,
			   .count = count};
	uint32_t zero[2] = {0};
	int i, rc;

	bed->algo->prepare(bed->ep, work, &job);
	rc = b->write(bed->job, 0, &job, sizeof job, err);
	if (!rc)
		rc = b->write(bed->results, 0, zero, sizeof zero, err);
	for (i = 0; !rc && i < bed->algo->n_steps; i++) {
		l.entry = bed->algo->steps[i].entry;
		if (bed->algo->steps[i].when == STEP_BATCH)
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
