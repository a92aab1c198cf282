/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The local pool's fault scripts and variable difficulty, in virtual time. */
#include <string.h>

#include "pool/local/local.h"
#include "tests/t.h"

static void scripts_run_in_order_of_time(void)
{
	struct faults f;
	struct err err = {0};
	const struct fault *due;

	CHECK_OK(faults_parse(&f, "drop@5s,delay=200ms@1500ms,garbage", &err), &err);
	CHECK_INT(f.n, 3);
	CHECK_INT(faults_next(&f), 0);
	due = faults_due(&f, 0);
	CHECK(due && due->kind == FAULT_GARBAGE);
	CHECK(faults_due(&f, 1499) == NULL);
	due = faults_due(&f, 1500);
	CHECK(due && due->kind == FAULT_DELAY && due->value_ms == 200);
	due = faults_due(&f, 9000);
	CHECK(due && due->kind == FAULT_DROP);
	CHECK(faults_due(&f, INT64_MAX - 1) == NULL);
	CHECK(faults_next(&f) == INT64_MAX);
}

static void a_script_can_repeat(void)
{
	struct faults f;
	struct err err = {0};
	int64_t now;
	int n = 0;

	CHECK_OK(faults_parse(&f, "drop@1s,garbage@2s,every=10s", &err), &err);
	for (now = 0; now <= 30000; now += 100)
		while (faults_due(&f, now))
			n++;
	CHECK_INT(n, 6);
}

static void what_is_wrong_in_a_script_is_named(void)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"dorp@5s", "dorp"},   {"drop@5", "drop"},
		{"drop@5h", "drop"},   {"delay=fast", "delay"},
		{"every", "every"},    {"drop@5s,every=2s", "every"},
		{"drop@-5s", "drop"},  {"drop@99999999999s", "drop"},
		{"delay", "delay"},    {"delay=0s@5s", "honest"},
		{"drop=5s", "drop"},   {"every=5s@3s,drop", "every"},
		{"every=5s", "every"},
	};
	char many[2000] = "";
	struct faults f;
	struct err err = {0};
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (!CHECK(faults_parse(&f, bad[i].text, &err) < 0))
			printf("\t'%s'\n", bad[i].text);
		CHECK_HAS(err.text, bad[i].says);
	}
	for (i = 0; i < FAULTS_MAX + 1; i++)
		memcpy(many + 5 * i, "drop,", 6);
	CHECK(faults_parse(&f, many, &err) < 0);
	CHECK_OK(faults_parse(&f, NULL, &err), &err);
	CHECK_INT(f.n, 0);
}

/* A miner of this rate: after some minutes the pace is near the one wanted. */
static void converge(double hashes_per_s, double start)
{
	struct local_vardiff v = {.per_minute = 20};
	double difficulty = start, owed = 0;
	int64_t now = 1000, minute_start;
	unsigned shares = 0;

	minute_start = 20 * 60000;
	for (now = 1000; now < 30 * 60000; now += 100) {
		owed += hashes_per_s * 0.1 / (difficulty * 4294967296.0);
		while (owed >= 1) {
			owed -= 1;
			v.shares++;
			difficulty = local_vardiff(&v, difficulty, now);
			shares += now >= minute_start;
		}
		if (now % 1000 == 0)
			difficulty = local_vardiff(&v, difficulty, now);
	}
	CHECK_NEAR((double)shares / 10, 20, 10);
}

static void difficulty_follows_the_rate_from_either_side(void)
{
	converge(100e6, 1);
	converge(100e6, 1e-6);
	converge(5e3, 1);
	converge(1e12, 1e-3);
}

static void silence_lowers_it_only_so_far(void)
{
	struct local_vardiff v = {.per_minute = 20};
	double difficulty = 1;
	int64_t now;

	for (now = 1000; now < 3600000; now += 1000)
		difficulty = local_vardiff(&v, difficulty, now);
	CHECK(difficulty >= 1e-9);
	CHECK(difficulty < 1e-6);
}

static void a_fixed_difficulty_stays(void)
{
	struct local_vardiff v = {.per_minute = 0, .shares = 1000};

	CHECK(local_vardiff(&v, 0.25, 1000000) == 0.25);
}

int main(void)
{
	T_RUN(scripts_run_in_order_of_time);
	T_RUN(a_script_can_repeat);
	T_RUN(what_is_wrong_in_a_script_is_named);
	T_RUN(difficulty_follows_the_rate_from_either_side);
	T_RUN(silence_lowers_it_only_so_far);
	T_RUN(a_fixed_difficulty_stays);
	return t_done();
}
