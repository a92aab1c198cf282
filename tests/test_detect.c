/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which dialect is tried next, what is remembered, and when a pool has failed. */
#include <string.h>

#include "pool/client.h"
#include "pool/detect.h"
#include "tests/t.h"

static struct detect d;

/* A connection with candidate `at`, and how it ended. */
static enum detect_next try(unsigned at, enum detect_end how)
{
	CHECK_INT(d.at, at);
	detect_begin(&d);
	return detect_ended(&d, how);
}

/* A connection that got a job, then broke. */
static enum detect_next work(unsigned at)
{
	CHECK_INT(d.at, at);
	detect_begin(&d);
	detect_fits(&d);
	return detect_ended(&d, DETECT_UNHEARD);
}

static void with_one_candidate_every_end_is_a_failure(void)
{
	static const enum detect_end ends[] = {DETECT_UNREACHED, DETECT_UNHEARD, DETECT_NO_JOB,
					       DETECT_CREDENTIALS};
	unsigned n;
	size_t i;

	for (n = 0; n < 2; n++) {
		detect_init(&d, n);
		for (i = 0; i < 3 * sizeof ends / sizeof *ends; i++) {
			CHECK_INT(detect_patience(&d, 2000, 15000), 0);
			CHECK_INT(try(0, ends[i % 4]), DETECT_FAILURE);
		}
		CHECK_INT(work(0), DETECT_FAILURE);
	}
}

static void candidates_are_tried_in_order_then_the_pool_has_failed(void)
{
	unsigned round;

	detect_init(&d, 3);
	for (round = 0; round < 5; round++) {
		CHECK_INT(try(0, DETECT_UNHEARD), DETECT_TRY);
		CHECK_INT(try(1, DETECT_UNHEARD), DETECT_TRY);
		CHECK_INT(try(2, DETECT_UNHEARD), DETECT_NONE);
	}
}

static void what_fits_is_remembered(void)
{
	detect_init(&d, 3);
	CHECK_INT(try(0, DETECT_UNHEARD), DETECT_TRY);
	CHECK_INT(work(1), DETECT_FAILURE);
	CHECK_INT(work(1), DETECT_FAILURE);
	CHECK_INT(try(1, DETECT_UNHEARD), DETECT_FAILURE);
	CHECK_INT(work(1), DETECT_FAILURE);
	CHECK_INT(try(1, DETECT_NO_JOB), DETECT_FAILURE);
	CHECK(d.known);
}

static void two_misses_in_a_row_start_over(void)
{
	detect_init(&d, 3);
	CHECK_INT(try(0, DETECT_UNHEARD), DETECT_TRY);
	CHECK_INT(work(1), DETECT_FAILURE);
	CHECK_INT(try(1, DETECT_UNHEARD), DETECT_FAILURE);
	CHECK_INT(try(1, DETECT_NO_JOB), DETECT_FAILURE);
	CHECK(!d.known);
	CHECK_INT(try(0, DETECT_UNHEARD), DETECT_TRY);
	CHECK_INT(try(1, DETECT_UNHEARD), DETECT_TRY);
	CHECK_INT(work(2), DETECT_FAILURE);
}

static void a_pool_that_cannot_be_reached_tells_nothing(void)
{
	unsigned i;

	detect_init(&d, 2);
	CHECK_INT(try(0, DETECT_UNHEARD), DETECT_TRY);
	for (i = 0; i < 10; i++)
		CHECK_INT(try(1, DETECT_UNREACHED), DETECT_FAILURE);
	CHECK_INT(work(1), DETECT_FAILURE);
	for (i = 0; i < 10; i++)
		CHECK_INT(try(1, DETECT_UNREACHED), DETECT_FAILURE);
	CHECK(d.known);
}

static void refused_credentials_end_the_search(void)
{
	unsigned i;

	detect_init(&d, 3);
	CHECK_INT(try(0, DETECT_UNHEARD), DETECT_TRY);
	for (i = 0; i < 10; i++)
		CHECK_INT(try(1, DETECT_CREDENTIALS), DETECT_FAILURE);
	CHECK_INT(work(1), DETECT_FAILURE);
}

static void one_that_logs_in_is_waited_for_when_no_other_fits(void)
{
	detect_init(&d, 3);
	CHECK_INT(try(0, DETECT_NO_JOB), DETECT_TRY);
	CHECK_INT(try(1, DETECT_NO_JOB), DETECT_TRY);
	CHECK(detect_patience(&d, 2000, 15000) == 0); /* the last one has all the time */
	CHECK_INT(try(2, DETECT_UNHEARD), DETECT_SLOW);
	CHECK_INT(detect_patience(&d, 2000, 15000), 0);
	CHECK_INT(try(0, DETECT_NO_JOB), DETECT_FAILURE); /* no job even so */
	CHECK_INT(try(0, DETECT_UNHEARD), DETECT_TRY);
	CHECK_INT(try(1, DETECT_UNHEARD), DETECT_TRY);
	CHECK_INT(try(2, DETECT_UNHEARD), DETECT_NONE);
}

static void patience_doubles_from_round_to_round_within_bounds(void)
{
	static const int want[] = {2000, 4000, 8000, 15000, 15000};
	size_t round;

	detect_init(&d, 2);
	for (round = 0; round < sizeof want / sizeof *want; round++) {
		CHECK_INT(detect_patience(&d, 2000, 15000), want[round]);
		CHECK_INT(try(0, DETECT_UNHEARD), DETECT_TRY);
		CHECK_INT(detect_patience(&d, 2000, 15000), 0);
		CHECK_INT(try(1, DETECT_UNHEARD), DETECT_NONE);
	}
	CHECK_INT(work(0), DETECT_FAILURE);
	CHECK_INT(detect_patience(&d, 2000, 15000), 0);
	CHECK_INT(try(0, DETECT_UNHEARD), DETECT_FAILURE);
	CHECK_INT(try(0, DETECT_UNHEARD), DETECT_FAILURE);
	CHECK_INT(detect_patience(&d, 2000, 15000), 2000);
	CHECK_INT(detect_patience(&d, 2000, 100), 100);
}

/* ---- the candidates ---- */

static bool odd(const struct algo *algo)
{
	return algo->header_len % 2;
}

static bool even(const struct algo *algo)
{
	return !odd(algo);
}

static const struct dialect a = {.name = "a", .schemes = "x+tcp x+ssl a+tcp a+ssl", .rank = 7};
static const struct dialect b = {.name = "b", .schemes = "x+tcp", .rank = 3, .serves = odd};
static const struct dialect c = {.name = "c", .schemes = "c+tcp x+tcp", .rank = 3};
static const struct dialect e = {.name = "e", .schemes = "e+tcp  x+tcp", .rank = 3, .serves = even};
static const struct dialect *const table[] = {&a, &b, &c, &e, NULL};

static void candidates_have_the_scheme_serve_the_algorithm_and_come_by_rank(void)
{
	static const struct algo one = {.header_len = 81}, two = {.header_len = 80};
	const struct dialect *out[POOL_CANDIDATES_MAX];
	char text[32];

	CHECK_INT(detect_candidates(out, table, "x+tcp", &one), 3);
	CHECK_STR(detect_names(text, sizeof text, out, 3), "b, c, a");
	CHECK_INT(detect_candidates(out, table, "x+tcp", &two), 3);
	CHECK_STR(detect_names(text, sizeof text, out, 3), "c, e, a");
	CHECK_INT(detect_candidates(out, table, "x+tcp", NULL), 4);
	CHECK_STR(detect_names(text, 8, out, 4), "b, c, e");
	CHECK_INT(detect_candidates(out, table, "e+tcp", &two), 1);
	CHECK_PTR(out[0], &e);
	CHECK_INT(detect_candidates(out, table, "e+tcp", &one), 0);
	CHECK_INT(detect_candidates(out, table, "x", NULL), 0);
	CHECK_INT(detect_candidates(out, table, "x+tc", NULL), 0);
	CHECK_INT(detect_candidates(out, table, "", NULL), 0);
}

static void more_candidates_than_there_is_room_for_are_left_out(void)
{
	const struct dialect *many[POOL_CANDIDATES_MAX + 3] = {0}, *out[POOL_CANDIDATES_MAX];
	size_t i;

	for (i = 0; i < POOL_CANDIDATES_MAX + 2; i++)
		many[i] = &a;
	CHECK_INT(detect_candidates(out, many, "x+ssl", NULL), POOL_CANDIDATES_MAX);
}

static void the_scheme_that_forces_a_dialect_is_its_own(void)
{
	char text[32];

	CHECK_STR(detect_forced(text, sizeof text, table, 4, 0, false), "a+tcp");
	CHECK_STR(detect_forced(text, sizeof text, table, 4, 0, true), "x+ssl");
	CHECK_STR(detect_forced(text, sizeof text, table, 4, 3, false), "e+tcp");
	CHECK_STR(detect_forced(text, sizeof text, table, 4, 3, true), "");
	CHECK_STR(detect_forced(text, sizeof text, table, 4, 1, false), "");
}

static void whatever_has_to_be_found_out_here_can_be_forced(void)
{
	static const char *const schemes[] = {"stratum+tcp", "stratum+ssl", "stratum",
					      "stratums",    "http",        "https"};
	const struct dialect *out[POOL_CANDIDATES_MAX], *alone[POOL_CANDIDATES_MAX];
	char text[32];
	size_t i, k;
	unsigned n, j;

	for (i = 0; algos[i]; i++) {
		for (k = 0; k < sizeof schemes / sizeof *schemes; k++) {
			bool tls = url_scheme_tls(schemes[k]);

			n = detect_candidates(out, dialects, schemes[k], algos[i]);
			for (j = 0; n > 1 && j < n; j++) {
				detect_forced(text, sizeof text, out, n, j, tls);
				CHECK_INT(detect_candidates(alone, dialects, text, algos[i]), 1);
				CHECK_PTR(alone[0], out[j]);
			}
		}
	}
}

int main(void)
{
	T_RUN(with_one_candidate_every_end_is_a_failure);
	T_RUN(candidates_are_tried_in_order_then_the_pool_has_failed);
	T_RUN(what_fits_is_remembered);
	T_RUN(two_misses_in_a_row_start_over);
	T_RUN(a_pool_that_cannot_be_reached_tells_nothing);
	T_RUN(refused_credentials_end_the_search);
	T_RUN(one_that_logs_in_is_waited_for_when_no_other_fits);
	T_RUN(patience_doubles_from_round_to_round_within_bounds);
	T_RUN(candidates_have_the_scheme_serve_the_algorithm_and_come_by_rank);
	T_RUN(more_candidates_than_there_is_room_for_are_left_out);
	T_RUN(the_scheme_that_forces_a_dialect_is_its_own);
	T_RUN(whatever_has_to_be_found_out_here_can_be_forced);
	return t_done();
}
