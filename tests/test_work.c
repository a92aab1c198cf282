/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nonce leases: no overlap, no gap, exact exhaustion, and jobs that come again. */
#include <stdlib.h>
#include <string.h>

#include "pool/dialect.h"
#include "src/work.h"
#include "tests/t.h"

/* A job of `rolls` headers with `nonces` nonces each; its header is id and roll. */
struct shape {
	uint64_t rolls, first, nonces;
};

static int shape_work(const struct job *job, uint64_t roll, struct work *out)
{
	const struct shape *s = job->priv;

	if (roll >= s->rolls)
		return -ERR_RANGE;
	out->nonce_first = s->first;
	out->nonce_count = s->nonces;
	out->header_len = 80;
	memcpy(out->header, job->id, strlen(job->id));
	memcpy(out->header + 64, &roll, sizeof roll);
	return 0;
}

static const struct dialect shape_dialect = {.name = "shape", .make_work = shape_work};

static struct job *shaped(const char *id, struct shape *shape, bool clean)
{
	struct job *job = job_new(NULL, &shape_dialect);

	strncpy(job->id, id, sizeof job->id - 1);
	job->priv = shape;
	job->clean = clean;
	job->session = 1;
	return job;
}

static uint64_t seed = 88172645463325252ull;

static uint64_t draw(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

static void leases_cover_the_space_exactly_once(void)
{
	int round;

	for (round = 0; round < 200; round++) {
		struct shape shape = {
			.rolls = 1 + draw(5), .first = draw(1u << 20), .nonces = 1 + draw(5000)};
		uint8_t *tried = calloc(shape.rolls, shape.nonces);
		struct work_source ws;
		struct work w;
		uint64_t total = 0, last_roll = 0, last_end = shape.first, i;
		int rc;

		work_init(&ws);
		CHECK_INT(work_publish(&ws, shaped("a", &shape, true), NULL), 0);
		while ((rc = work_lease(&ws, 1 + draw(1500), &w)) == 0) {
			CHECK(w.roll == last_roll ||
			      (w.roll == last_roll + 1 && last_end == shape.first + shape.nonces));
			CHECK_INT(w.nonce_first, w.roll == last_roll ? last_end : shape.first);
			for (i = 0; i < w.nonce_count; i++)
				tried[w.roll * shape.nonces + w.nonce_first - shape.first + i]++;
			last_roll = w.roll;
			last_end = w.nonce_first + w.nonce_count;
			total += w.nonce_count;
		}
		CHECK_INT(rc, -ERR_RANGE);
		CHECK_INT(total, shape.rolls * shape.nonces);
		for (i = 0; i < shape.rolls * shape.nonces; i++)
			if (tried[i] != 1)
				break;
		CHECK_INT(i, shape.rolls * shape.nonces);
		CHECK_INT(work_lease(&ws, 1, &w), -ERR_RANGE);
		work_done(&ws);
		free(tried);
	}
}

static void a_whole_64_bit_space_does_not_overflow(void)
{
	struct shape shape = {.rolls = 2, .first = 0, .nonces = UINT64_MAX};
	struct work_source ws;
	struct work w;

	work_init(&ws);
	CHECK_INT(work_publish(&ws, shaped("a", &shape, true), NULL), 0);
	CHECK_INT(work_lease(&ws, UINT64_MAX - 10, &w), 0);
	CHECK_INT(w.nonce_count, UINT64_MAX - 10);
	CHECK_INT(work_lease(&ws, 1000, &w), 0);
	CHECK_INT(w.nonce_first, UINT64_MAX - 10);
	CHECK_INT(w.nonce_count, 10);
	CHECK_INT(work_lease(&ws, 1000, &w), 0);
	CHECK_INT(w.roll, 1);
	work_done(&ws);
}

static void a_job_sent_again_goes_on_where_it_was_left(void)
{
	struct shape shape = {.rolls = 3, .nonces = 100};
	struct work_source ws;
	struct work w;

	work_init(&ws);
	CHECK_INT(work_publish(&ws, shaped("a", &shape, true), NULL), 0);
	CHECK_INT(work_lease(&ws, 70, &w), 0);
	CHECK_INT(work_publish(&ws, shaped("b", &shape, true), NULL), 0);
	CHECK_INT(work_lease(&ws, 10, &w), 0);
	CHECK_INT(w.nonce_first, 0);
	CHECK_INT(work_publish(&ws, shaped("a", &shape, true), NULL), 0);
	CHECK_INT(work_lease(&ws, 70, &w), 0);
	CHECK_INT(w.nonce_first, 70);
	CHECK_INT(w.nonce_count, 30);
	CHECK_INT(work_lease(&ws, 70, &w), 0);
	CHECK_INT(w.roll, 1);
	work_done(&ws);
}

static void a_clean_job_voids_older_ones_of_its_pool_only(void)
{
	struct shape shape = {.rolls = 3, .nonces = 100};
	struct work_source ws;
	struct job *other;

	work_init(&ws);
	other = shaped("other", &shape, false);
	other->pool = 1;
	work_publish(&ws, other, NULL);
	work_publish(&ws, shaped("a", &shape, false), NULL);
	work_publish(&ws, shaped("b", &shape, false), NULL);
	CHECK(work_find(&ws, 1) && work_find(&ws, 2) && work_find(&ws, 3));
	work_publish(&ws, shaped("c", &shape, true), NULL);
	CHECK(work_find(&ws, 1) != NULL);
	CHECK(work_find(&ws, 2) == NULL);
	CHECK(work_find(&ws, 3) == NULL);
	CHECK(work_find(&ws, 4) != NULL);
	CHECK_INT(work_current(&ws)->serial, 4);
	work_done(&ws);
}

/* Back at a pool that has sent nothing new meanwhile. */
static void a_job_that_is_published_again_is_not_over(void)
{
	struct shape shape = {.rolls = 1, .first = 0, .nonces = 1000};
	struct job *job = shaped("a", &shape, true), *other = shaped("b", &shape, true);
	unsigned i;
	struct work_source ws;
	struct work w;

	work_init(&ws);
	other->pool = 1;
	work_publish(&ws, job_ref(job), NULL);
	CHECK_INT(work_lease(&ws, 400, &w), 0);
	work_publish(&ws, other, NULL);
	work_publish(&ws, job_ref(job), NULL);
	CHECK(!atomic_load(&job->over));
	CHECK_PTR(work_current(&ws), job);
	CHECK_INT(ws.n_jobs, 2);
	CHECK_INT(work_lease(&ws, 1000, &w), 0);
	CHECK_PTR(work_find(&ws, w.serial), job);
	CHECK_U64(w.nonce_first, 400);
	work_publish(&ws, job_ref(job), NULL); /* also the one that is current */
	CHECK(!atomic_load(&job->over));
	CHECK_INT(ws.n_jobs, 2);
	for (i = 0; i < 2 * WORK_JOBS_KEPT; i++) /* forgotten meanwhile */
		work_publish(&ws, shaped("c", &shape, false), NULL);
	CHECK(atomic_load(&job->over));
	work_publish(&ws, job_ref(job), NULL);
	CHECK(!atomic_load(&job->over));
	work_done(&ws);
	CHECK(atomic_load(&job->over));
	job_unref(job);
}

static void a_void_session_gives_no_work(void)
{
	struct shape shape = {.rolls = 3, .nonces = 100};
	struct work_source ws;
	struct work w;

	work_init(&ws);
	CHECK_INT(work_lease(&ws, 1, &w), -ERR_STALE);
	work_publish(&ws, shaped("a", &shape, false), NULL);
	work_void(&ws, 0, 2);
	CHECK_INT(work_lease(&ws, 1, &w), 0);
	work_void(&ws, 0, 1);
	CHECK_INT(work_lease(&ws, 1, &w), -ERR_STALE);
	CHECK(work_current(&ws) == NULL);
	CHECK(work_find(&ws, 1) == NULL);
	work_done(&ws);
}

static void a_job_without_a_header_changes_nothing(void)
{
	struct shape shape = {.rolls = 3, .nonces = 100}, none = {0};
	struct work_source ws;
	struct err err = {0};

	work_init(&ws);
	work_publish(&ws, shaped("a", &shape, false), NULL);
	CHECK_INT(work_publish(&ws, shaped("bad", &none, true), &err), -ERR_PROTO);
	CHECK(strstr(err.text, "bad") != NULL);
	CHECK_STR(work_current(&ws)->id, "a");
	work_done(&ws);
}

static void many_jobs_keep_within_bounds(void)
{
	struct shape shape = {.rolls = 3, .nonces = 100};
	struct work_source ws;
	char id[16];
	int i;

	work_init(&ws);
	for (i = 0; i < 1000; i++) {
		snprintf(id, sizeof id, "%d", i);
		CHECK_INT(work_publish(&ws, shaped(id, &shape, false), NULL), 0);
	}
	CHECK_INT(ws.n_jobs, WORK_JOBS_KEPT);
	CHECK(work_find(&ws, 1000) != NULL);
	CHECK(work_find(&ws, 1000 - WORK_JOBS_KEPT) == NULL);
	work_done(&ws);
}

int main(void)
{
	T_RUN(leases_cover_the_space_exactly_once);
	T_RUN(a_whole_64_bit_space_does_not_overflow);
	T_RUN(a_job_sent_again_goes_on_where_it_was_left);
	T_RUN(a_clean_job_voids_older_ones_of_its_pool_only);
	T_RUN(a_job_that_is_published_again_is_not_over);
	T_RUN(a_void_session_gives_no_work);
	T_RUN(a_job_without_a_header_changes_nothing);
	T_RUN(many_jobs_keep_within_bounds);
	return t_done();
}
