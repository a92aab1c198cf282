/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which pool to work for, in virtual time: fails over, comes back, never loops. */
#include <string.h>

#include "pool/failover.h"
#include "tests/t.h"

static struct failover f;
static bool up[FAILOVER_POOLS_MAX];      /* would a connection succeed now? */
static bool running[FAILOVER_POOLS_MAX]; /* what we were told to run */
static unsigned starts, steps;

static void setup(unsigned n)
{
	memset(up, 0, sizeof up);
	memset(running, 0, sizeof running);
	starts = steps = 0;
	failover_init(&f, n, 12345);
	f.holddown_ms = 60000;
}

/* Do what it says until it says nothing; connections succeed or fail at once. */
static void settle(int64_t now)
{
	unsigned actions = 0;

	for (;;) {
		struct failover_action a = failover_step(&f, now);

		if (a.what == FAILOVER_NONE)
			break;
		if (!CHECK(++actions < 1000))
			return;
		steps++;
		if (a.what == FAILOVER_START) {
			starts++;
			CHECK(!running[a.pool]);
			running[a.pool] = true;
			if (up[a.pool]) {
				failover_usable(&f, (unsigned)a.pool, now);
			} else {
				running[a.pool] = false;
				failover_down(&f, (unsigned)a.pool, false, now);
			}
		} else if (a.what == FAILOVER_STOP) {
			CHECK(running[a.pool]);
			running[a.pool] = false;
		}
	}
	CHECK(failover_due(&f, now) > now);
	CHECK(f.active < 0 || f.pool[f.active].usable);
}

/* Pass time as a timer would. */
static int64_t pass(int64_t now, int64_t ms)
{
	int64_t end = now + ms, due;

	settle(now);
	while ((due = failover_due(&f, now)) <= end) {
		now = due;
		settle(now);
	}
	settle(end);
	return end;
}

static void lose(unsigned i, int64_t now)
{
	up[i] = false;
	if (running[i]) {
		running[i] = false;
		failover_down(&f, i, false, now);
	}
}

static void the_first_pool_is_worked_for_and_others_left_alone(void)
{
	setup(3);
	up[0] = up[1] = up[2] = true;
	pass(0, 600000);
	CHECK_INT(f.active, 0);
	CHECK_INT(starts, 1);
}

static void the_next_pool_takes_over_and_the_first_is_taken_back(void)
{
	int64_t now, back;

	setup(2);
	up[0] = up[1] = true;
	now = pass(1000, 10000);
	lose(0, now);
	now = pass(now, 100);
	CHECK_INT(f.active, 1);
	now = pass(now, 300000);
	CHECK_INT(f.active, 1);
	up[0] = true;
	CHECK(f.pool[0].retry_ms <= now + 75000);
	now = pass(now, f.pool[0].retry_ms - now);
	back = f.pool[0].usable_since_ms;
	CHECK(running[0]);
	CHECK_INT(f.active, 1);
	now = pass(now, back + f.holddown_ms - now - 1);
	CHECK_INT(f.active, 1);
	now = pass(now, 1);
	CHECK_INT(f.active, 0);
	CHECK(running[1]); /* its answers may still come */
	now = pass(now, f.drain_ms);
	CHECK(!running[1]);
}

static void a_primary_that_flaps_is_not_taken_back(void)
{
	int64_t now;
	int i;

	setup(2);
	up[1] = true;
	now = pass(1000, 5000);
	CHECK_INT(f.active, 1);
	for (i = 0; i < 100; i++) {
		up[0] = true;
		now = pass(now, 30000);
		lose(0, now);
		now = pass(now, 5000);
		CHECK_INT(f.active, 1);
	}
}

static void backoff_doubles_within_bounds(void)
{
	int64_t now = 1000, wait, nominal = f.backoff_min_ms;
	int i;

	setup(1);
	nominal = f.backoff_min_ms;
	for (i = 0; i < 20; i++) {
		settle(now);
		wait = f.pool[0].retry_ms - now;
		CHECK(wait >= nominal * 3 / 4);
		CHECK(wait <= nominal * 5 / 4);
		now = f.pool[0].retry_ms;
		nominal = nominal * 2 > f.backoff_max_ms ? f.backoff_max_ms : nominal * 2;
	}
	CHECK_INT(starts, 20);
}

/* Usable for lasted_ms, then gone; returns the pause. */
static int64_t come_and_go(int64_t *now, int64_t lasted_ms, bool accepts)
{
	CHECK_INT(failover_step(&f, *now).what, FAILOVER_START);
	failover_usable(&f, 0, *now);
	CHECK_INT(failover_step(&f, *now).what, FAILOVER_ACTIVE);
	if (accepts)
		failover_proved(&f, 0);
	*now += lasted_ms;
	failover_down(&f, 0, false, *now);
	CHECK_INT(failover_step(&f, *now).what, FAILOVER_ACTIVE);
	lasted_ms = f.pool[0].retry_ms - *now;
	*now = f.pool[0].retry_ms;
	return lasted_ms;
}

static void a_pool_that_drops_us_after_each_job_is_tried_less_and_less(void)
{
	int64_t now = 1000, wait, nominal;
	int i;

	setup(1);
	nominal = f.backoff_min_ms;
	for (i = 0; i < 50; i++) {
		wait = come_and_go(&now, FAILOVER_BRIEF_MS - 1, false);
		CHECK(wait >= nominal * 3 / 4);
		CHECK(wait <= nominal * 5 / 4);
		nominal = nominal * 2 > f.backoff_max_ms ? f.backoff_max_ms : nominal * 2;
	}
	/* the one before does not count against one that lasted */
	CHECK(come_and_go(&now, FAILOVER_BRIEF_MS, false) <= f.backoff_min_ms * 5 / 4);
	CHECK(come_and_go(&now, 1, false) <= f.backoff_min_ms * 5 / 4);
	CHECK(come_and_go(&now, 1, false) > f.backoff_min_ms * 5 / 4);
	/* nor against one that took a share */
	CHECK(come_and_go(&now, 1, true) <= f.backoff_min_ms * 5 / 4);
	CHECK(come_and_go(&now, 1, false) <= f.backoff_min_ms * 5 / 4);
	CHECK(come_and_go(&now, 1, false) > f.backoff_min_ms * 5 / 4);
}

static void a_refused_login_waits_a_minute(void)
{
	setup(1);
	CHECK_INT(failover_step(&f, 1000).what, FAILOVER_START);
	failover_down(&f, 0, true, 1000);
	CHECK(f.pool[0].retry_ms >= 61000);
}

static void a_redirect_is_no_failure(void)
{
	setup(2);
	up[0] = true;
	settle(1000);
	failover_redirected(&f, 0, 5000, 2000);
	running[0] = false;
	CHECK_INT(f.pool[0].failures, 0);
	CHECK_INT(f.pool[0].retry_ms, 7000);
	settle(2000);
	CHECK(!running[1]);
	settle(7000);
	CHECK_INT(f.active, 0);
}

static void while_a_pool_wants_us_away_for_long_another_is_worked_for(void)
{
	int64_t now;

	setup(2);
	up[0] = up[1] = true;
	settle(1000);
	failover_redirected(&f, 0, 3600000, 100000);
	running[0] = false;
	settle(100000);
	CHECK_INT(f.pool[0].failures, 0);
	CHECK_INT(f.active, 1);
	now = pass(100000, 3599999);
	CHECK(!running[0]);
	now = pass(now, 1);
	CHECK(running[0]);
	pass(now, f.holddown_ms);
	CHECK_INT(f.active, 0);
}

static void a_pool_that_only_ever_redirects_fails(void)
{
	int64_t now = 1000;
	unsigned i;

	setup(2);
	up[1] = true;
	CHECK_INT(failover_step(&f, now).what, FAILOVER_START);
	for (i = 1; i < 20 && !f.pool[0].failures; i++) {
		CHECK(!f.pool[1].started);
		failover_redirected(&f, 0, 0, now);
		if (i > 1) /* only the first may be followed at once */
			CHECK(f.pool[0].retry_ms >= now + f.backoff_min_ms * 3 / 4);
		now = f.pool[0].retry_ms;
		if (!f.pool[0].failures)
			CHECK_INT(failover_step(&f, now).what, FAILOVER_START);
	}
	CHECK(i > 2);
	CHECK_INT(f.pool[0].failures, 1);
	CHECK_INT(failover_step(&f, now - 1).what, FAILOVER_START);
	CHECK(f.pool[1].started);
}

static void redirects_far_apart_are_no_failure(void)
{
	int64_t now;

	setup(1);
	up[0] = true;
	for (now = 0; now < 6000000; now += 60000) {
		settle(now);
		running[0] = false;
		failover_redirected(&f, 0, 0, now);
		CHECK_INT(f.pool[0].failures, 0);
		CHECK_INT(f.pool[0].retry_ms, now);
	}
}

static void a_draining_pool_that_is_needed_again_is_kept(void)
{
	int64_t now;

	setup(2);
	up[0] = up[1] = true;
	settle(1000);
	lose(0, 2000);
	settle(2000);
	up[0] = true;
	now = pass(2000, f.pool[0].retry_ms - 2000 + f.holddown_ms);
	CHECK_INT(f.active, 0);
	CHECK(f.pool[1].stop_ms > now);
	lose(0, now + 10);
	now = pass(now + 10, 0);
	CHECK_INT(f.active, 1);
	up[0] = false;
	pass(now, 3 * f.drain_ms);
	CHECK(running[1]);
}

static void two_rigs_do_not_return_together(void)
{
	struct failover other;
	int same = 0, i;

	setup(1);
	failover_init(&other, 1, 54321);
	for (i = 0; i < 20; i++) {
		failover_down(&f, 0, false, 0);
		failover_down(&other, 0, false, 0);
		same += f.pool[0].retry_ms == other.pool[0].retry_ms;
	}
	CHECK(same < 5);
}

static void disabled_pools_are_never_started(void)
{
	setup(3);
	f.pool[0].disabled = true;
	up[0] = up[2] = true;
	pass(1000, 100000);
	CHECK(!running[0]);
	CHECK_INT(f.active, 2);
	f.pool[2].disabled = true; /* a reload */
	pass(200000, 10000);
	CHECK(!running[2]);
	CHECK_INT(f.active, -1);
}

/* ---- the owner's word ---- */

static void a_picked_pool_is_worked_for_at_once_until_it_fails(void)
{
	int64_t now;

	setup(3);
	up[0] = up[2] = true;
	now = pass(1000, 10000);
	CHECK_INT(f.active, 0);
	failover_pick(&f, 2);
	settle(now); /* no hold-down */
	CHECK_INT(f.active, 2);
	CHECK(running[0]); /* better ones stay at hand, */
	now = pass(now, 10 * f.holddown_ms);
	CHECK_INT(f.active, 2); /* but are not taken back */
	CHECK(!running[1]);
	lose(2, now);
	settle(now);
	CHECK_INT(f.active, 0);
	CHECK_INT(f.picked, -1);
	up[2] = true;
	now = pass(now, 10 * f.holddown_ms);
	CHECK_INT(f.active, 0);
	CHECK(!running[2]);
}

static void the_present_pool_goes_on_until_the_picked_one_is_usable(void)
{
	int64_t now;

	setup(2);
	up[0] = true;
	now = pass(1000, 10000);
	CHECK_INT(failover_step(&f, now).what, FAILOVER_NONE);
	failover_pick(&f, 1);
	CHECK_INT(failover_step(&f, now).what, FAILOVER_START);
	CHECK_INT(failover_step(&f, now).what, FAILOVER_NONE);
	CHECK_INT(f.active, 0);
	failover_down(&f, 1, false, now); /* in vain */
	CHECK_INT(f.picked, -1);
	now = pass(now, 600000);
	CHECK_INT(f.active, 0);
	CHECK(!running[1]);
}

static void a_pool_that_waits_is_tried_at_once_when_it_is_picked(void)
{
	setup(2);
	up[1] = true;
	settle(1000);
	CHECK_INT(f.active, 1);
	CHECK(f.pool[0].retry_ms > 1000);
	up[0] = true;
	failover_pick(&f, 0);
	settle(1000);
	CHECK_INT(f.active, 0);
}

static void a_disabled_pool_goes_on_until_another_is_usable(void)
{
	int64_t now;

	setup(3);
	up[0] = true;
	now = pass(1000, 10000);
	failover_enable(&f, 0, false, now);
	settle(now);
	CHECK_INT(f.active, 0);
	CHECK(f.pool[1].failures > 0); /* each was tried, in order */
	CHECK(f.pool[2].failures > 0);
	up[2] = true;
	now = pass(now, FAILOVER_LEAVE_MS / 2);
	CHECK_INT(f.active, 2);
	CHECK(!running[0]); /* its answers had the time */
	now = pass(now, 600000);
	CHECK(!running[0]);
	failover_enable(&f, 0, true, now);
	now = pass(now, f.holddown_ms);
	CHECK_INT(f.active, 0);
}

static void a_disabled_pool_does_not_go_on_for_ever(void)
{
	int64_t now;

	setup(2);
	up[0] = true;
	now = pass(1000, 10000);
	failover_enable(&f, 0, false, now);
	now = pass(now, FAILOVER_LEAVE_MS - 1);
	CHECK_INT(f.active, 0);
	now = pass(now, 1);
	CHECK_INT(f.active, -1);
	CHECK(running[0]); /* for answers */
	pass(now, f.drain_ms);
	CHECK(!running[0]);
}

static void a_pool_that_is_disabled_is_no_longer_picked(void)
{
	int64_t now;

	setup(2);
	up[0] = up[1] = true;
	failover_pick(&f, 1);
	now = pass(1000, 10000);
	CHECK_INT(f.active, 1);
	failover_enable(&f, 1, false, now);
	settle(now);
	CHECK_INT(f.active, 0);
	failover_enable(&f, 1, true, now);
	pass(now, 600000);
	CHECK_INT(f.active, 0);
}

static void what_is_known_of_pools_moves_with_them(void)
{
	int64_t now;
	unsigned i;

	setup(4);
	up[0] = true;
	now = pass(1000, 1000);
	for (i = 0; i < 4; i++)
		f.pool[i].redirects = 10 + i;
	failover_move(&f, 0, 2);
	CHECK_INT(f.active, 2);
	CHECK_INT(f.pool[0].redirects, 11);
	CHECK_INT(f.pool[1].redirects, 12);
	CHECK_INT(f.pool[2].redirects, 10);
	CHECK_INT(f.pool[3].redirects, 13);
	CHECK(f.pool[2].usable);
	failover_move(&f, 3, 0);
	CHECK_INT(f.active, 3);
	CHECK_INT(f.pool[0].redirects, 13);
	CHECK_INT(f.pool[3].redirects, 10);
	failover_insert(&f, 1);
	CHECK_INT(f.n, 5);
	CHECK_INT(f.active, 4);
	CHECK_INT(f.pool[1].redirects, 0);
	CHECK_INT(f.pool[2].redirects, 11);
	failover_erase(&f, 0);
	CHECK_INT(f.n, 4);
	CHECK_INT(f.active, 3);
	CHECK_INT(f.pool[0].redirects, 0);
	failover_pick(&f, 3);
	failover_down(&f, 3, false, now);
	failover_pick(&f, 3);
	failover_erase(&f, 3);
	CHECK_INT(f.active, -1);
	CHECK_INT(f.picked, -1);
}

static void it_gives_up_only_when_every_pool_failed_often_enough(void)
{
	int64_t now = 1000;

	setup(2);
	f.retries = 3;
	now = pass(now, 1000000);
	CHECK(f.gave_up);
	CHECK(f.pool[0].failures >= 3);
	CHECK(f.pool[1].failures >= 3);
	setup(2);
	f.retries = 3;
	up[1] = true;
	pass(1000, 1000000);
	CHECK(!f.gave_up);
	CHECK_INT(f.active, 1);
}

static uint64_t seed = 88172645463325252ull;

static uint64_t draw(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

/* What an owner may say at any time; a pool stays enabled, and the order is of no concern here. */
static void meddle(int64_t now)
{
	unsigned k = (unsigned)draw(4);

	if (draw(2))
		failover_enable(&f, k, true, now);
	else if (k) /* one is always left */
		failover_enable(&f, k, false, now);
	if (!f.pool[k].disabled && draw(2))
		failover_pick(&f, k);
}

static void owners_who_meddle_for_days_cause_no_busy_loop(void)
{
	int64_t now = 1000;
	unsigned i, k;

	setup(4);
	for (i = 0; i < 20000; i++) {
		k = (unsigned)draw(4);
		if (draw(2))
			up[k] = true;
		else
			lose(k, now);
		meddle(now);
		now = pass(now, (int64_t)draw(100000));
	}
	CHECK(steps < (unsigned)(now / 500));
	for (i = 0; i < 4; i++)
		failover_enable(&f, i, true, now);
	up[0] = true;
	f.picked = -1;
	pass(now, 76000 + f.holddown_ms);
	CHECK_INT(f.active, 0);
}

/* Whatever happens for ten days: bounded work, a usable pool is used, never a busy loop. */
static void days_of_trouble_stay_bounded(void)
{
	int64_t now = 1000;
	unsigned i, k, hours = 0;

	setup(4);
	for (i = 0; i < 20000; i++) {
		k = (unsigned)draw(4);
		if (draw(2))
			up[k] = true;
		else
			lose(k, now);
		now = pass(now, (int64_t)draw(100000));
	}
	hours = (unsigned)(now / 3600000);
	CHECK(hours > 200);
	CHECK(steps < (unsigned)(now / 1000));
	up[0] = true;
	now = pass(now, 76000 + f.holddown_ms);
	CHECK_INT(f.active, 0);
}

static void the_pause_asked_for_is_the_shortest(void)
{
	int64_t wait;
	int i;

	setup(1);
	failover_pause(&f, 0);
	CHECK_INT(f.backoff_min_ms, 1000);
	failover_pause(&f, 300000); /* more than the longest one by default */
	for (i = 0; i < 20; i++) {
		f.pool[0].started = true;
		failover_down(&f, 0, false, 0);
		wait = f.pool[0].retry_ms;
		CHECK(wait >= 225000 && wait <= 375000);
	}
}

int main(void)
{
	T_RUN(the_first_pool_is_worked_for_and_others_left_alone);
	T_RUN(the_next_pool_takes_over_and_the_first_is_taken_back);
	T_RUN(a_primary_that_flaps_is_not_taken_back);
	T_RUN(backoff_doubles_within_bounds);
	T_RUN(a_pool_that_drops_us_after_each_job_is_tried_less_and_less);
	T_RUN(the_pause_asked_for_is_the_shortest);
	T_RUN(a_refused_login_waits_a_minute);
	T_RUN(two_rigs_do_not_return_together);
	T_RUN(a_draining_pool_that_is_needed_again_is_kept);
	T_RUN(a_redirect_is_no_failure);
	T_RUN(redirects_far_apart_are_no_failure);
	T_RUN(while_a_pool_wants_us_away_for_long_another_is_worked_for);
	T_RUN(a_pool_that_only_ever_redirects_fails);
	T_RUN(disabled_pools_are_never_started);
	T_RUN(a_picked_pool_is_worked_for_at_once_until_it_fails);
	T_RUN(the_present_pool_goes_on_until_the_picked_one_is_usable);
	T_RUN(a_pool_that_waits_is_tried_at_once_when_it_is_picked);
	T_RUN(a_disabled_pool_goes_on_until_another_is_usable);
	T_RUN(a_disabled_pool_does_not_go_on_for_ever);
	T_RUN(a_pool_that_is_disabled_is_no_longer_picked);
	T_RUN(what_is_known_of_pools_moves_with_them);
	T_RUN(owners_who_meddle_for_days_cause_no_busy_loop);
	T_RUN(it_gives_up_only_when_every_pool_failed_often_enough);
	T_RUN(days_of_trouble_stay_bounded);
	return t_done();
}
