/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reference-counted jobs. */
#include <stdlib.h>

#include "pool/dialect.h"
#include "src/epoch.h"
#include "src/job.h"

struct job *job_new(const struct algo *algo, const struct dialect *dialect)
{
	struct job *job = calloc(1, sizeof *job);

	if (!job)
		return NULL;
	job->refs = 1;
	job->algo = algo;
	job->dialect = dialect;
	return job;
}

struct job *job_ref(struct job *job)
{
	job->refs++;
	return job;
}

void job_unref(struct job *job)
{
	if (!job || --job->refs)
		return;
	if (job->dialect && job->dialect->job_done)
		job->dialect->job_done(job);
	epoch_unref(job->caches);
	free(job);
}
