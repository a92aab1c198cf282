/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where jobs come in and wait for the light cache of their epoch. */
#include <stdlib.h>
#include <string.h>

#include "src/clock.h"
#include "src/epoch.h"
#include "src/intake.h"
#include "src/log.h"

struct intake {
	const struct algo *algo;
	struct epochs *epochs; /* NULL: the algorithm has none */
	struct intake_events events;
	void *arg;
	struct job *waiting; /* the newest, or NULL */
	int64_t since_ms;    /* when it began to wait */
};

/* The epoch after the one that is worked on, while there is time. */
static void look_ahead(struct intake *in, uint32_t epoch)
{
	uint64_t first, last;
	uint32_t next;

	in->algo->dataset->heights(in->algo, epoch, &first, &last);
	if (last == UINT64_MAX || in->algo->dataset->of_height(in->algo, last + 1, &next, NULL))
		return;
	epochs_expect(in->epochs, next);
}

static void publish(struct intake *in, struct job *take, struct epoch *epoch)
{
	uint32_t number = take->epoch;

	take->caches = epoch_ref(epoch);
	in->events.publish(in->arg, take);
	look_ahead(in, number);
}

static void on_epoch(void *arg, uint32_t number, struct epoch *epoch, const struct err *err)
{
	struct intake *in = arg;
	struct job *job = in->waiting;

	if (!epoch) {
		log_error(LOG_JOB, "no light cache for epoch %u: %s", ALGO_EPOCH_SHOWN(number),
			  err->text);
		return;
	}
	if (!job || job->epoch != number) {
		log_debug(LOG_JOB, "the light cache of epoch %u is ready ahead of need",
			  ALGO_EPOCH_SHOWN(number));
		return;
	}
	log_info(LOG_JOB, "light cache of epoch %u ready in %.1f s", ALGO_EPOCH_SHOWN(number),
		 (double)(clock_ms() - in->since_ms) / 1000);
	in->waiting = NULL;
	publish(in, job, epoch);
}

void intake_put(struct intake *in, struct job *take)
{
	struct epoch *epoch = NULL;
	struct err err = {0};

	if (!in->epochs) {
		in->events.publish(in->arg, take);
		return;
	}
	if (epochs_get(in->epochs, take->epoch, &epoch, &err)) {
		log_warn(LOG_JOB, "job %s refused: %s", take->id, err.text);
		job_unref(take);
		return;
	}
	if (!in->waiting || in->waiting->epoch != take->epoch)
		in->since_ms = clock_ms();
	job_unref(in->waiting);
	in->waiting = NULL;
	if (epoch) {
		publish(in, take, epoch);
		return;
	}
	in->waiting = take;
	in->events.waits(in->arg, take);
}

void intake_drop(struct intake *in, unsigned pool, uint64_t session)
{
	if (!in->waiting || in->waiting->pool != pool || in->waiting->session != session)
		return;
	job_unref(in->waiting);
	in->waiting = NULL;
}

int intake_new(struct intake **out, struct event_base *base, const struct algo *algo,
	       const uint64_t *set, const struct intake_events *events, void *arg, struct err *err)
{
	struct intake *in = calloc(1, sizeof *in);
	int rc = 0;

	if (!in)
		return err_set(err, ERR_NOMEM, "no memory for jobs");
	in->algo = algo;
	in->events = *events;
	in->arg = arg;
	if (algo->dataset)
		rc = epochs_new(&in->epochs, base, algo, set, on_epoch, in, err);
	if (rc)
		free(in);
	else
		*out = in;
	return rc;
}

void intake_free(struct intake *in)
{
	if (!in)
		return;
	job_unref(in->waiting);
	epochs_free(in->epochs);
	free(in);
}
