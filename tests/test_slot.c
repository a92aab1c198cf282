/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A device's life in virtual time: hangs, crashes, back-off, budget, parking. */
#include <signal.h>
#include <string.h>

#include "src/slot.h"
#include "tests/t.h"

static const struct slot_limits lim = {
	.hello_ms = 1000,
	.prepare_ms = 2000,
	.batch_floor_ms = 500,
	.batch_factor = 10,
	.term_ms = 200,
	.kill_ms = 300,
	.backoff_min_ms = 100,
	.backoff_max_ms = 1600,
	.budget = 4,
	.window_ms = 60000,
};

/* From nothing to running at now. */
static void start(struct slot *s, int64_t now)
{
	CHECK_INT(slot_step(s, &lim, now), SLOT_SPAWN);
	slot_spawned(s, &lim, now);
	slot_hello(s, &lim, now);
	slot_progress(s, &lim, now);
	slot_ready(s, &lim, now);
	CHECK_INT(s->state, SLOT_RUNNING);
}

static void a_device_without_work_is_never_hung(void)
{
	struct slot s;

	slot_init(&s);
	start(&s, 0);
	CHECK_INT(slot_step(&s, &lim, 1000000), SLOT_NONE);
	CHECK(slot_next(&s) == INT64_MAX);
}

static void a_silent_batch_is_a_hang_and_ends_in_kill(void)
{
	struct slot s;

	slot_init(&s);
	start(&s, 0);
	slot_work(&s, &lim, 0);
	slot_batch(&s, &lim, 50, 100000); /* 100 ms: deadline in 1000 ms */
	CHECK_INT(slot_step(&s, &lim, 1049), SLOT_NONE);
	CHECK_INT(slot_step(&s, &lim, 1050), SLOT_TERM);
	CHECK_INT(slot_step(&s, &lim, 1249), SLOT_NONE);
	CHECK_INT(slot_step(&s, &lim, 1250), SLOT_KILL);
	slot_exited(&s, &lim, 1260, SIGKILL);
	CHECK_INT(s.state, SLOT_BACKOFF);
	CHECK(strstr(s.reason, "hung") != NULL);
	CHECK_INT(slot_step(&s, &lim, 1359), SLOT_NONE);
	CHECK_INT(slot_step(&s, &lim, 1360), SLOT_SPAWN);
}

static void short_batches_still_get_the_floor(void)
{
	struct slot s;

	slot_init(&s);
	start(&s, 0);
	slot_work(&s, &lim, 0);
	slot_batch(&s, &lim, 0, 1000);
	CHECK_INT(slot_next(&s), lim.batch_floor_ms);
}

static void an_unkillable_worker_is_reported_and_left_alone(void)
{
	struct slot s;

	slot_init(&s);
	start(&s, 0);
	CHECK_INT(slot_end(&s, &lim, 10, "test"), SLOT_TERM);
	CHECK_INT(slot_step(&s, &lim, 210), SLOT_KILL);
	CHECK_INT(slot_step(&s, &lim, 510), SLOT_NONE);
	CHECK_INT(s.state, SLOT_STUCK);
	CHECK(strstr(s.reason, "reboot") != NULL);
	CHECK(slot_next(&s) == INT64_MAX);
}

static void a_silent_start_and_a_silent_build_are_noticed(void)
{
	struct slot s;

	slot_init(&s);
	slot_step(&s, &lim, 0);
	slot_spawned(&s, &lim, 0);
	CHECK_INT(slot_step(&s, &lim, 999), SLOT_NONE);
	CHECK_INT(slot_step(&s, &lim, 1000), SLOT_TERM);

	slot_init(&s);
	slot_spawned(&s, &lim, 0);
	slot_hello(&s, &lim, 100);
	slot_progress(&s, &lim, 1900);
	CHECK_INT(slot_step(&s, &lim, 3899), SLOT_NONE);
	CHECK_INT(slot_step(&s, &lim, 3900), SLOT_TERM);
}

static void crashes_back_off_twice_as_long_each_time_then_park(void)
{
	struct slot s;
	int64_t now = 0, wait, expect = lim.backoff_min_ms;
	unsigned i;

	slot_init(&s);
	start(&s, now);
	for (i = 0; i < lim.budget; i++) {
		slot_exited(&s, &lim, now, SIGSEGV);
		CHECK_INT(s.state, SLOT_BACKOFF);
		CHECK(strstr(s.reason, "signal 11") != NULL);
		wait = slot_next(&s) - now;
		CHECK_INT(wait, expect);
		expect *= 2;
		now += wait;
		start(&s, now);
	}
	slot_exited(&s, &lim, now, SIGSEGV);
	CHECK_INT(s.state, SLOT_PARKED);
	CHECK(strstr(s.reason, "4 restarts") != NULL);
	CHECK_INT(s.total_restarts, 4);
}

static void a_restart_that_is_wanted_is_at_once_and_free(void)
{
	struct slot s;
	int64_t now = 1000;
	unsigned i;

	slot_init(&s);
	start(&s, now);
	for (i = 0; i < 3 * lim.budget; i++) {
		CHECK_INT(slot_restart(&s, &lim, now, "told to"), SLOT_TERM);
		CHECK_INT(slot_restart(&s, &lim, now, "told to"), SLOT_NONE); /* it is under way */
		slot_exited(&s, &lim, now, 0);
		CHECK_INT(s.state, SLOT_BACKOFF);
		start(&s, now);
	}
	CHECK_INT(s.total_restarts, 3 * lim.budget);
	slot_exited(&s, &lim, now, SIGSEGV); /* this one is its own */
	CHECK_INT(slot_next(&s), now + lim.backoff_min_ms);
	CHECK_INT(slot_restart(&s, &lim, now, "told to"), SLOT_NONE);
	start(&s, now); /* it does not wait */
	slot_exited(&s, &lim, now, SIGSEGV);
	CHECK_INT(slot_next(&s), now + 2 * lim.backoff_min_ms);
	start(&s, slot_next(&s));
	slot_restart(&s, &lim, now, "told to");
	slot_stop(&s, &lim, now);
	slot_exited(&s, &lim, now, 0);
	CHECK_INT(s.state, SLOT_OFF); /* the end of the program goes before */
	CHECK_INT(slot_step(&s, &lim, now + 100000), SLOT_NONE);
}

static void batches_that_were_made_longer_are_no_hang(void)
{
	struct slot s;

	slot_init(&s);
	start(&s, 0);
	slot_work(&s, &lim, 0);
	slot_batch(&s, &lim, 0, 1000);
	CHECK_INT(slot_next(&s), lim.batch_floor_ms);
	slot_patience(&s, &lim, 10);
	slot_batch(&s, &lim, 20, 1000); /* one that was under way */
	CHECK_INT(slot_next(&s), 10 + lim.prepare_ms);
	CHECK_INT(slot_step(&s, &lim, 9 + lim.prepare_ms), SLOT_NONE);
	slot_batch(&s, &lim, 1800, 1780000);
	CHECK(slot_next(&s) > 1800 + 1780); /* known by now */
	CHECK_INT(slot_step(&s, &lim, slot_next(&s)), SLOT_TERM);
	slot_exited(&s, &lim, 20000, SIGKILL);
	start(&s, slot_next(&s));
	slot_work(&s, &lim, 30000);
	slot_batch(&s, &lim, 30000, 1000);
	CHECK_INT(slot_next(&s), 30000 + lim.batch_floor_ms);
}

static void a_long_good_run_earns_the_budget_back(void)
{
	struct slot s;
	int64_t now = 0;
	int i;

	slot_init(&s);
	start(&s, now);
	for (i = 0; i < 100; i++) {
		slot_work(&s, &lim, now);
		slot_batch(&s, &lim, now, 1000);
		now += lim.window_ms / 3;
		slot_exited(&s, &lim, now, SIGKILL);
		CHECK_INT(s.state, SLOT_BACKOFF);
		CHECK_INT(slot_next(&s) - now, lim.backoff_min_ms);
		now = slot_next(&s);
		start(&s, now);
	}
}

static void wrong_results_park_at_once(void)
{
	struct slot s;

	slot_init(&s);
	slot_spawned(&s, &lim, 0);
	slot_hello(&s, &lim, 0);
	slot_failed(&s, ERR_SELFTEST, "nonce 5 wrong");
	slot_exited(&s, &lim, 10, 5 << 8);
	CHECK_INT(s.state, SLOT_PARKED);
	CHECK_STR(s.reason, "nonce 5 wrong");
	CHECK_INT(slot_step(&s, &lim, 1 << 30), SLOT_NONE);
}

static void stopping_never_restarts(void)
{
	struct slot s;

	slot_init(&s);
	start(&s, 0);
	CHECK_INT(slot_stop(&s, &lim, 10), SLOT_TERM);
	slot_exited(&s, &lim, 20, 0);
	CHECK_INT(s.state, SLOT_OFF);
	CHECK_INT(slot_step(&s, &lim, 1 << 30), SLOT_NONE);

	slot_init(&s);
	start(&s, 0);
	slot_exited(&s, &lim, 20, SIGKILL);
	CHECK_INT(slot_stop(&s, &lim, 30), SLOT_NONE);
	CHECK_INT(slot_step(&s, &lim, 1 << 30), SLOT_NONE);
}

static void the_end_leaves_a_parked_device_parked(void)
{
	struct slot s;

	slot_init(&s);
	slot_spawned(&s, &lim, 0);
	slot_failed(&s, ERR_BUILD, "does not build");
	slot_exited(&s, &lim, 10, 1 << 8);
	CHECK_INT(slot_stop(&s, &lim, 20), SLOT_NONE);
	CHECK_INT(s.state, SLOT_PARKED);
	CHECK_STR(s.reason, "does not build");
	CHECK(slot_next(&s) == INT64_MAX);
}

static void a_paused_device_is_not_hung(void)
{
	struct slot s;

	slot_init(&s);
	start(&s, 0);
	slot_work(&s, &lim, 0);
	slot_idle(&s, 2, 2); /* it keeps two works and rests */
	CHECK(!s.busy);
	CHECK(slot_next(&s) == INT64_MAX);

	slot_work(&s, &lim, 0);
	slot_idle(&s, 1, 0); /* sent before it saw the work */
	CHECK(s.busy);
	slot_idle(&s, 0, 0);
	CHECK(!s.busy);
}

static void who_is_parked_by_the_owner_ends_and_starts_only_when_told(void)
{
	struct slot s;

	slot_init(&s);
	start(&s, 0);
	CHECK_INT(slot_park(&s, &lim, 10, "wrong results"), SLOT_TERM);
	CHECK_INT(slot_park(&s, &lim, 20, "again"), SLOT_NONE);
	slot_unpark(&s); /* its worker is still there */
	CHECK_INT(s.state, SLOT_ENDING);
	slot_exited(&s, &lim, 30, 0);
	CHECK_INT(s.state, SLOT_PARKED);
	CHECK_INT(slot_step(&s, &lim, 1000000), SLOT_NONE);
	slot_unpark(&s);
	CHECK_STR(s.reason, "");
	start(&s, 1000000);
	slot_exited(&s, &lim, 1000010, SIGSEGV);
	CHECK_INT(s.state, SLOT_BACKOFF);
	CHECK_INT(slot_park(&s, &lim, 1000020, "enough"), SLOT_NONE);
	CHECK_INT(s.state, SLOT_PARKED);
	slot_unpark(&s);
	start(&s, 1000030);
	slot_exited(&s, &lim, 1000040, SIGSEGV);
	CHECK_INT(s.state, SLOT_BACKOFF); /* a new budget */
	slot_stop(&s, &lim, 1000050);
	slot_unpark(&s);
	CHECK_INT(slot_step(&s, &lim, 2000000), SLOT_NONE);
}

static void last_words_do_not_undo_a_parking(void)
{
	struct slot s;

	slot_init(&s);
	start(&s, 0);
	CHECK_INT(slot_park(&s, &lim, 10, "off the bus"), SLOT_TERM);
	slot_failed(&s, ERR_DEVICE, "launch failed");
	slot_exited(&s, &lim, 20, 0);
	CHECK_INT(s.state, SLOT_PARKED);
	CHECK_STR(s.reason, "off the bus");
}

static void a_stuck_one_that_was_parked_does_not_start_again(void)
{
	struct slot s;

	slot_init(&s);
	start(&s, 0);
	slot_end(&s, &lim, 10, "test");
	slot_step(&s, &lim, 10 + lim.term_ms);
	slot_step(&s, &lim, 10 + lim.term_ms + lim.kill_ms);
	CHECK_INT(s.state, SLOT_STUCK);
	CHECK_INT(slot_park(&s, &lim, 5000, "off the bus"), SLOT_NONE);
	slot_exited(&s, &lim, 6000, SIGKILL);
	CHECK_INT(s.state, SLOT_PARKED);
	CHECK_HAS(s.reason, "cannot be killed");
}

int main(void)
{
	T_RUN(a_device_without_work_is_never_hung);
	T_RUN(a_silent_batch_is_a_hang_and_ends_in_kill);
	T_RUN(short_batches_still_get_the_floor);
	T_RUN(an_unkillable_worker_is_reported_and_left_alone);
	T_RUN(a_silent_start_and_a_silent_build_are_noticed);
	T_RUN(crashes_back_off_twice_as_long_each_time_then_park);
	T_RUN(a_restart_that_is_wanted_is_at_once_and_free);
	T_RUN(batches_that_were_made_longer_are_no_hang);
	T_RUN(a_long_good_run_earns_the_budget_back);
	T_RUN(wrong_results_park_at_once);
	T_RUN(stopping_never_restarts);
	T_RUN(the_end_leaves_a_parked_device_parked);
	T_RUN(a_paused_device_is_not_hung);
	T_RUN(who_is_parked_by_the_owner_ends_and_starts_only_when_told);
	T_RUN(last_words_do_not_undo_a_parking);
	T_RUN(a_stuck_one_that_was_parked_does_not_start_again);
	return t_done();
}
