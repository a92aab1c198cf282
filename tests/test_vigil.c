/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A helper process's life: started again for ever, ever more slowly, and never twice. */
#include <signal.h>

#include "src/vigil.h"
#include "tests/t.h"

static const struct vigil_limits *const lim = &vigil_limits_default;

static int64_t speaking(struct vigil *v, int64_t now)
{
	CHECK_INT(vigil_step(v, lim, now), VIGIL_SPAWN);
	vigil_spawned(v, lim, now);
	vigil_spoke(v, lim, now);
	CHECK_INT(v->state, VIGIL_SPEAKING);
	return now;
}

static void silence_is_answered_by_term_kill_and_a_start(void)
{
	struct vigil v;
	int64_t now;

	vigil_init(&v);
	CHECK_INT(vigil_next(&v), 0);
	now = speaking(&v, 1000);
	CHECK_INT(vigil_next(&v), now + 10000);
	CHECK_INT(vigil_step(&v, lim, now + 9999), VIGIL_NONE);
	vigil_spoke(&v, lim, now += 9999);
	CHECK_INT(vigil_step(&v, lim, now + 9999), VIGIL_NONE);
	CHECK_INT(vigil_step(&v, lim, now += 10000), VIGIL_TERM);
	CHECK_STR(v.reason, "hangs: silent for 10 s");
	vigil_spoke(&v, lim, now + 1); /* too late */
	CHECK_INT(vigil_step(&v, lim, now + 1999), VIGIL_NONE);
	CHECK_INT(vigil_step(&v, lim, now += 2000), VIGIL_KILL);
	vigil_exited(&v, lim, ++now, SIGKILL);
	CHECK_STR(v.reason, "hangs: silent for 10 s");
	CHECK_INT(v.state, VIGIL_BACKOFF);
	CHECK_INT(vigil_next(&v), now + 2000);
	CHECK_U64(v.restarts, 1);
	speaking(&v, now + 2000);
}

static void unkillable_one_is_left_until_it_is_gone(void)
{
	struct vigil v;
	int64_t now;

	vigil_init(&v);
	now = speaking(&v, 1);
	CHECK_INT(vigil_step(&v, lim, now += 10000), VIGIL_TERM);
	CHECK_INT(vigil_step(&v, lim, now += 2000), VIGIL_KILL);
	CHECK_INT(vigil_step(&v, lim, now += 10000), VIGIL_NONE);
	CHECK_INT(v.state, VIGIL_STUCK);
	CHECK_INT(vigil_next(&v), INT64_MAX);
	CHECK_INT(vigil_step(&v, lim, now += 1000000), VIGIL_NONE);
	CHECK_INT(vigil_end(&v, lim, now, "again"), VIGIL_NONE);
	CHECK(!vigil_stop(&v, lim, now));
	vigil_exited(&v, lim, now, SIGKILL);
	CHECK_INT(v.state, VIGIL_OFF);
	CHECK_INT(vigil_step(&v, lim, now), VIGIL_NONE);
}

static void restarts_slow_down_without_end_and_calm_makes_them_quick(void)
{
	struct vigil v;
	int64_t now = 0, wait, sum = 0;
	int i;

	vigil_init(&v);
	for (i = 0; i < 10000; i++) {
		speaking(&v, now);
		vigil_exited(&v, lim, ++now, 1 << 8);
		wait = vigil_next(&v) - now;
		CHECK(wait >= 2000 && wait <= 300000);
		CHECK(i != 1 || wait == 4000);
		CHECK(i < 8 || wait == 300000);
		CHECK_INT(v.state, VIGIL_BACKOFF);
		now += wait;
		sum += wait;
	}
	CHECK_STR(v.reason, "exited with code 1");
	CHECK(sum > 0);
	speaking(&v, now);
	vigil_spoke(&v, lim, now + lim->calm_ms - 1);
	CHECK(v.failures);
	vigil_spoke(&v, lim, now += lim->calm_ms);
	CHECK_U64(v.failures, 0);
	vigil_exited(&v, lim, now, SIGSEGV);
	CHECK_HAS(v.reason, "signal 11");
	CHECK_INT(vigil_next(&v), now + 2000);
}

static void stop_asks_then_kills_and_never_starts(void)
{
	struct vigil v;
	int64_t now;

	vigil_init(&v);
	now = speaking(&v, 1);
	CHECK(vigil_stop(&v, lim, now));
	CHECK(!vigil_stop(&v, lim, now));
	vigil_spoke(&v, lim, now + 1);
	CHECK_INT(vigil_step(&v, lim, now + 4999), VIGIL_NONE);
	CHECK_INT(vigil_step(&v, lim, now + 5000), VIGIL_KILL);
	vigil_exited(&v, lim, now + 5001, SIGKILL);
	CHECK_INT(v.state, VIGIL_OFF);
	CHECK_INT(vigil_next(&v), INT64_MAX);
	CHECK_INT(vigil_step(&v, lim, now + 99999), VIGIL_NONE);
	CHECK_U64(v.restarts, 0);

	vigil_init(&v);
	vigil_spawn_failed(&v, lim, 1, "no memory");
	CHECK_INT(v.state, VIGIL_BACKOFF);
	CHECK(!vigil_stop(&v, lim, 2));
	CHECK_INT(vigil_step(&v, lim, 999999), VIGIL_NONE);
}

static void one_that_never_speaks_is_ended(void)
{
	struct vigil v;

	vigil_init(&v);
	vigil_spawned(&v, lim, 0);
	CHECK_INT(vigil_step(&v, lim, 59999), VIGIL_NONE);
	CHECK_INT(vigil_step(&v, lim, 60000), VIGIL_TERM);
	CHECK_HAS(v.reason, "nothing for 60 s");
}

int main(void)
{
	T_RUN(silence_is_answered_by_term_kill_and_a_start);
	T_RUN(unkillable_one_is_left_until_it_is_gone);
	T_RUN(restarts_slow_down_without_end_and_calm_makes_them_quick);
	T_RUN(stop_asks_then_kills_and_never_starts);
	T_RUN(one_that_never_speaks_is_ended);
	return t_done();
}
