/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Jobs of the local pool for algorithms with a dataset: heights, epochs, light caches. */
#include <string.h>

#include "pool/local/local.h"
#include "src/log.h"

#define BITS          0x1b02ba90 /* a network's target that nobody here meets */
#define ABSURD_HEIGHT ((uint64_t)1 << 52)

/* A job waits for this one, or a later one will want it. */
static void on_epoch(void *arg, uint32_t number, struct epoch *epoch, const struct err *err)
{
	struct local *p = arg;

	if (!epoch) {
		log_error(LOG_POOL, "epoch %u: %s", ALGO_EPOCH_SHOWN(number), err->text);
		local_stop(p, EXIT_FAIL);
		return;
	}
	log_info(LOG_POOL, "epoch %u: the light cache is ready", ALGO_EPOCH_SHOWN(number));
	if (p->waits)
		local_new_job(p, true);
}

int local_dag_start(struct local *p, struct err *err)
{
	const struct settings *s = p->settings;
	int rc = algo_settings(p->algo, p->set, (const char *const *)s->set, s->n_set, err);

	if (rc || !p->algo->dataset)
		return rc;
	p->height = s->height > 0 ? (uint64_t)s->height : 1;
	return epochs_new(&p->epochs, p->base, p->algo, p->set, on_epoch, p, err);
}

/* The height in the epoch before (or after the first one) that is as far from its beginning. */
static int other_epoch(const struct local *p, uint64_t *height, struct err *err)
{
	const struct algo_dataset *d = p->algo->dataset;
	uint64_t first, last, first_there, last_there;
	uint32_t epoch;
	int rc = d->of_height(p->algo, *height, &epoch, err);

	if (rc)
		return rc;
	d->heights(p->algo, epoch, &first, &last);
	if (first <= *height && (first > 0 || last < UINT64_MAX)) {
		uint64_t there = first ? first - 1 : last + 1, in = *height - first;

		rc = d->of_height(p->algo, there, &epoch, err);
		if (rc)
			return rc;
		d->heights(p->algo, epoch, &first_there, &last_there);
		*height = in > last_there - first_there ? last_there : first_there + in;
	}
	return 0;
}

int local_dag_next(struct local *p, bool clean, uint64_t *height, struct epoch **epoch,
		   struct err *err)
{
	const struct algo_dataset *d = p->algo->dataset;
	uint64_t step = p->settings->height_step, there;
	uint32_t number, next;
	int rc;

	*epoch = NULL;
	*height = p->height + (clean && p->last_job ? step : 0);
	there = *height;
	rc = p->detour ? other_epoch(p, &there, err) : 0;
	if (!rc)
		rc = d->of_height(p->algo, there, &number, err);
	if (!rc)
		rc = epochs_get(p->epochs, number, epoch, err);
	if (rc || !*epoch)
		return rc;
	p->height = *height;
	*height = there;
	/* The one that comes after it, while there is time. */
	if (!d->of_height(p->algo, there + step, &next, NULL) && next == number)
		next = number + 1;
	epochs_expect(p->epochs, next);
	return 0;
}

void local_dag_job(struct local *p, struct local_job *job, uint64_t height, struct epoch *epoch)
{
	job->job->height = height;
	job->job->epoch = epoch->view.facts.epoch;
	job->job->caches = epoch_ref(epoch);
	job->height = height;
	job->epoch = epoch->view.facts.epoch;
	job->bits = BITS;
	memcpy(job->seed, epoch->view.facts.seed, sizeof job->seed);
	local_fill(p, job->header, sizeof job->header);
}

void local_dag_lie(struct local *p, enum fault_kind kind)
{
	struct local_job *job = &p->jobs[p->last_job % LOCAL_JOBS_KEPT];
	struct algo_facts facts;
	uint32_t other = job->epoch ? job->epoch - 1 : 1;

	if (!p->epochs || job->number != p->last_job)
		return;
	if (kind == FAULT_ABSURD_HEIGHT) {
		job->height = ABSURD_HEIGHT;
		job->epoch = UINT32_MAX;
	} else if (kind == FAULT_ABSURD_SEED) {
		local_fill(p, job->seed, sizeof job->seed);
		job->epoch = UINT32_MAX;
	} else if (!p->algo->dataset->facts(p->algo, other, p->set, &facts, NULL)) {
		memcpy(job->seed, facts.seed, sizeof job->seed);
		job->epoch = other;
	}
}
