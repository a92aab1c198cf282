/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Power limits and fans set through sysfs, and put back as they were found.  nftw() is XSI. */
#define _GNU_SOURCE 1
#include "tests/sysfs_cards.h"

#define CAP    NAVI_MON "/power1_cap"
#define MODE   NAVI_MON "/pwm1_enable"
#define PWM    NAVI_MON "/pwm1"
#define MAX    ARC_MON "/power1_max"
#define NOBODY 65534

static bool begin_navi(struct bench *b)
{
	tree_navi();
	return begin(b, &sensor_source_amdgpu, NAVI);
}

static bool begin_arc(struct bench *b)
{
	tree_arc();
	return begin(b, &sensor_source_intel, ARC);
}

/* ---- power ---- */

static void a_limit_is_set_and_the_found_one_restored(void)
{
	struct bench b;

	if (!begin_navi(&b))
		return;
	CHECK_OK(set(&b, SENSOR_RESTORE, SENSOR_LEAVE), &b.err); /* nothing to restore yet */
	CHECK_STR(tree_get(CAP), "203000000");
	CHECK_OK(set(&b, 150000, SENSOR_LEAVE), &b.err);
	CHECK_STR(tree_get(CAP), "150000000");
	CHECK_OK(set(&b, 99500 + 500, SENSOR_LEAVE), &b.err);
	CHECK_STR(tree_get(CAP), "100000000");
	look(&b);
	CHECK_INT(b.got.v[SENSOR_LIMIT_MW], 100000);
	CHECK_OK(set(&b, SENSOR_LEAVE, SENSOR_LEAVE), &b.err);
	CHECK_STR(tree_get(CAP), "100000000");
	CHECK_OK(set(&b, SENSOR_RESTORE, SENSOR_LEAVE), &b.err);
	CHECK_STR(tree_get(CAP), "203000000");
	tree_put(CAP, "190000000\n"); /* its owner's */
	CHECK_OK(set(&b, SENSOR_RESTORE, SENSOR_LEAVE), &b.err);
	CHECK_STR(tree_get(CAP), "190000000");
	CHECK_OK(set(&b, 120000, SENSOR_LEAVE), &b.err);
	CHECK_OK(set(&b, SENSOR_RESTORE, SENSOR_LEAVE), &b.err);
	CHECK_STR(tree_get(CAP), "190000000");
	CHECK_STR(tree_get(MODE), "2");
	end(&b);
}

static void a_limit_outside_the_card_s_range_is_refused_with_the_range(void)
{
	static const int64_t bad[] = {0, 99999, 233001, -3, INT64_MIN, INT64_MAX, INT64_MAX / 1000};
	struct bench b;
	size_t i;

	if (!begin_navi(&b))
		return;
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK_ERR(set(&b, bad[i], SENSOR_LEAVE), ERR_RANGE, &b.err);
	CHECK_ERR(set(&b, 300000, SENSOR_LEAVE), ERR_RANGE, &b.err);
	CHECK_HAS(b.err.text, "300 W");
	CHECK_HAS(b.err.text, "100 to 233 W");
	CHECK_STR(tree_get(CAP), "203000000");
	CHECK_OK(set(&b, 233000, SENSOR_LEAVE), &b.err);
	end(&b);
}

static void intel_s_limit_goes_back_to_off_when_it_was_off(void)
{
	struct bench b;

	if (!begin_arc(&b))
		return;
	CHECK_ERR(set(&b, 190001, SENSOR_LEAVE), ERR_RANGE, &b.err);
	CHECK_ERR(set(&b, 0, SENSOR_LEAVE), ERR_RANGE, &b.err); /* that would be none */
	CHECK_OK(set(&b, 120000, SENSOR_LEAVE), &b.err);
	CHECK_STR(tree_get(MAX), "120000000");
	CHECK_OK(set(&b, SENSOR_RESTORE, SENSOR_RESTORE), &b.err);
	CHECK_STR(tree_get(MAX), "190000000");
	tree_put(MAX, "0\n");
	CHECK_OK(set(&b, 150000, SENSOR_LEAVE), &b.err);
	CHECK_STR(tree_get(MAX), "150000000");
	CHECK_OK(set(&b, SENSOR_RESTORE, SENSOR_LEAVE), &b.err);
	CHECK_STR(tree_get(MAX), "0");
	end(&b);
}

static void a_package_s_limit_stands_in_for_the_card_s(void)
{
	struct bench b;

	if (!begin_arc(&b))
		return;
	tree_drop(MAX);
	tree_put(ARC_MON "/power2_max", "170000000\n"); /* with no power2_rated_max */
	look(&b);
	CHECK_INT(b.got.v[SENSOR_LIMIT_MW], 170000);
	CHECK(!sensor_has(&b.got, SENSOR_LIMIT_MAX_MW));
	CHECK_ERR(set(&b, 0, SENSOR_LEAVE), ERR_RANGE, &b.err);
	CHECK_OK(set(&b, 90000, SENSOR_LEAVE), &b.err);
	CHECK_OK(set(&b, 160000, SENSOR_LEAVE), &b.err);
	CHECK_STR(tree_get(ARC_MON "/power2_max"), "160000000");
	CHECK_OK(set(&b, SENSOR_RESTORE, SENSOR_LEAVE), &b.err);
	CHECK_STR(tree_get(ARC_MON "/power2_max"), "170000000");
	end(&b);
}

/* Who restores by the number found is understood; what comes after is another's. */
static void the_found_limit_set_by_number_is_restored_too(void)
{
	struct bench b;

	if (!begin_navi(&b))
		return;
	CHECK_OK(set(&b, 150000, SENSOR_LEAVE), &b.err);
	CHECK_OK(set(&b, 203000, SENSOR_LEAVE), &b.err);
	tree_put(CAP, "190000000\n");
	CHECK_OK(set(&b, SENSOR_RESTORE, SENSOR_LEAVE), &b.err);
	CHECK_STR(tree_get(CAP), "190000000");
	end(&b);
}

static void a_limit_left_by_a_dead_process_goes_back_to_the_usual_one(void)
{
	struct bench b;

	if (!begin_navi(&b))
		return;
	tree_put(CAP, "120000000\n");
	CHECK_OK(set(&b, SENSOR_RESTORE, SENSOR_LEAVE), &b.err);
	CHECK_STR(tree_get(CAP), "203000000");
	tree_put(CAP, "120000000\n");
	tree_drop(NAVI_MON "/power1_cap_default");
	CHECK_OK(set(&b, SENSOR_RESTORE, SENSOR_LEAVE), &b.err); /* nobody knows */
	CHECK_STR(tree_get(CAP), "120000000");
	end(&b);
}

/* ---- fan ---- */

static void a_fan_is_set_by_hand_and_given_back(void)
{
	struct bench b;

	if (!begin_navi(&b))
		return;
	CHECK_OK(set(&b, SENSOR_LEAVE, 700), &b.err);
	CHECK_STR(tree_get(MODE), "1");
	CHECK_STR(tree_get(PWM), "179");
	look(&b);
	CHECK_NEAR((double)b.got.v[SENSOR_FAN_PERMILLE], 700, 2);
	CHECK_OK(set(&b, SENSOR_LEAVE, 0), &b.err);
	CHECK_STR(tree_get(PWM), "0");
	CHECK_OK(set(&b, SENSOR_LEAVE, 1000), &b.err);
	CHECK_STR(tree_get(PWM), "255");
	CHECK_ERR(set(&b, SENSOR_LEAVE, 1001), ERR_RANGE, &b.err);
	CHECK_ERR(set(&b, SENSOR_LEAVE, -7), ERR_RANGE, &b.err);
	CHECK_STR(tree_get(PWM), "255");
	CHECK_OK(set(&b, SENSOR_LEAVE, SENSOR_RESTORE), &b.err);
	CHECK_STR(tree_get(MODE), "2");
	CHECK_STR(tree_get(CAP), "203000000");
	tree_put(MODE, "0\n"); /* its owner's */
	CHECK_OK(set(&b, SENSOR_LEAVE, SENSOR_RESTORE), &b.err);
	CHECK_STR(tree_get(MODE), "0");
	tree_drop(NAVI_MON "/pwm1_max"); /* 255, then */
	CHECK_OK(set(&b, SENSOR_LEAVE, 1000), &b.err);
	CHECK_STR(tree_get(PWM), "255");
	end(&b);
}

static void a_fan_its_owner_had_by_hand_gets_his_duty_back(void)
{
	struct bench b;

	if (!begin_navi(&b))
		return;
	tree_put(MODE, "1\n");
	CHECK_OK(set(&b, SENSOR_LEAVE, 900), &b.err);
	CHECK_STR(tree_get(PWM), "230");
	CHECK_OK(set(&b, SENSOR_LEAVE, SENSOR_RESTORE), &b.err);
	CHECK_STR(tree_get(MODE), "1");
	CHECK_STR(tree_get(PWM), "102");
	CHECK_OK(set(&b, SENSOR_LEAVE, SENSOR_RESTORE), &b.err);
	CHECK_STR(tree_get(MODE), "1");
	end(&b);
}

/* A new process that is told to restore knows not what was found before the crash. */
static void a_fan_left_by_hand_by_a_dead_process_goes_back_to_the_card(void)
{
	struct bench b;

	if (!begin_navi(&b))
		return;
	tree_put(MODE, "1\n");
	CHECK_OK(set(&b, SENSOR_LEAVE, SENSOR_RESTORE), &b.err);
	CHECK_STR(tree_get(MODE), "2");
	tree_put(MODE, "0\n");
	CHECK_OK(set(&b, SENSOR_LEAVE, SENSOR_RESTORE), &b.err);
	CHECK_STR(tree_get(MODE), "0");
	end(&b);
}

static void a_refused_duty_leaves_the_fan_to_the_card(void)
{
	struct bench b;

	if (!begin_navi(&b))
		return;
	tree_drop(PWM);
	CHECK_ERR(set(&b, SENSOR_LEAVE, 500), ERR_DEVICE, &b.err);
	CHECK_STR(tree_get(MODE), "2");
	tree_drop(MODE);
	CHECK_ERR(set(&b, SENSOR_LEAVE, 500), ERR_DEVICE, &b.err);
	CHECK_OK(set(&b, SENSOR_LEAVE, SENSOR_RESTORE), &b.err);
	end(&b);
	if (!begin_arc(&b))
		return;
	CHECK_ERR(set(&b, SENSOR_LEAVE, 500), ERR_DEVICE, &b.err);
	CHECK_HAS(b.err.text, "no fan control");
	end(&b);
}

/* ---- both, and neither ---- */

static void one_refusal_does_not_keep_the_other_from_being_restored(void)
{
	struct bench b;

	if (!begin_navi(&b))
		return;
	CHECK_OK(set(&b, 150000, 800), &b.err);
	tree_drop(CAP);
	CHECK_ERR(set(&b, SENSOR_RESTORE, SENSOR_RESTORE), ERR_DEVICE, &b.err);
	CHECK_HAS(b.err.text, "power1_cap");
	CHECK_STR(tree_get(MODE), "2");
	CHECK_OK(set(&b, SENSOR_LEAVE, 800), &b.err);
	tree_drop(MODE);
	CHECK_ERR(set(&b, SENSOR_RESTORE, SENSOR_RESTORE), ERR_DEVICE, &b.err);
	CHECK_HAS(b.err.text, "power1_cap"); /* the first of two */
	tree_put(CAP, "150000000\n");
	tree_put(MODE, "1\n");
	CHECK_OK(set(&b, SENSOR_RESTORE, SENSOR_RESTORE), &b.err); /* not forgotten */
	CHECK_STR(tree_get(MODE), "2");
	CHECK_STR(tree_get(CAP), "203000000");
	end(&b);
}

static void settings_survive_a_new_hwmon_number(void)
{
	struct bench b;

	if (!begin_navi(&b))
		return;
	CHECK_OK(set(&b, 150000, SENSOR_LEAVE), &b.err);
	tree_drop(NAVI_MON);
	CHECK_ERR(set(&b, SENSOR_RESTORE, SENSOR_RESTORE), ERR_DEVICE, &b.err);
	tree_navi_mon(NAVI_DEV "/hwmon/hwmon9");
	tree_put(NAVI_DEV "/hwmon/hwmon9/power1_cap", "150000000\n");
	CHECK_OK(set(&b, SENSOR_RESTORE, SENSOR_RESTORE), &b.err);
	CHECK_STR(tree_get(NAVI_DEV "/hwmon/hwmon9/power1_cap"), "203000000");
	end(&b);
}

static void nothing_but_a_file_is_written_to(void)
{
	struct bench b;

	if (!begin_navi(&b))
		return;
	tree_drop(PWM);
	if (mkfifo(tree_path(PWM), 0644))
		CHECK(!"mkfifo");
	tree_put(MODE, "2\n");
	CHECK_ERR(set(&b, SENSOR_LEAVE, 500), ERR_DEVICE, &b.err);
	tree_drop(PWM);
	tree_put(PWM "/x", "");
	CHECK_ERR(set(&b, SENSOR_LEAVE, 500), ERR_DEVICE, &b.err);
	CHECK_STR(tree_get(MODE), "2");
	end(&b);
}

static void without_permission_the_error_says_which_is_needed(void)
{
	bool root = !geteuid();
	struct bench b;
	int rc;

	if (!begin_navi(&b))
		return;
	chmod(tree_path(CAP), 0444);
	if (root && seteuid(NOBODY)) {
		end(&b);
		T_SKIP("root, and can not be another");
	}
	rc = set(&b, 150000, SENSOR_LEAVE);
	if (root && seteuid(0))
		abort();
	CHECK_ERR(rc, ERR_PERM, &b.err);
	CHECK_HAS(b.err.text, "power1_cap");
	CHECK_HAS(b.err.text, "root");
	CHECK_HAS(b.err.text, "udev");
	CHECK_STR(tree_get(CAP), "203000000");
	end(&b);
}

int main(void)
{
	if (!tree_begin())
		T_SKIP_ALL("no directory for a tree");
	T_RUN(a_limit_is_set_and_the_found_one_restored);
	T_RUN(a_limit_outside_the_card_s_range_is_refused_with_the_range);
	T_RUN(intel_s_limit_goes_back_to_off_when_it_was_off);
	T_RUN(a_package_s_limit_stands_in_for_the_card_s);
	T_RUN(the_found_limit_set_by_number_is_restored_too);
	T_RUN(a_limit_left_by_a_dead_process_goes_back_to_the_usual_one);
	T_RUN(a_fan_is_set_by_hand_and_given_back);
	T_RUN(a_fan_its_owner_had_by_hand_gets_his_duty_back);
	T_RUN(a_fan_left_by_hand_by_a_dead_process_goes_back_to_the_card);
	T_RUN(a_refused_duty_leaves_the_fan_to_the_card);
	T_RUN(one_refusal_does_not_keep_the_other_from_being_restored);
	T_RUN(settings_survive_a_new_hwmon_number);
	T_RUN(nothing_but_a_file_is_written_to);
	T_RUN(without_permission_the_error_says_which_is_needed);
	tree_end();
	return t_done();
}
