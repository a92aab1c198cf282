/* SPDX-License-Identifier: GPL-3.0-or-later */
/* NVIDIA's cards are set and put back; who computes beside us; a call that never returns. */
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/nvml_rig.h"

static int set(void *h, int64_t limit_mw, int64_t fan_permille, struct err *err)
{
	const struct sensor_setting s = {.limit_mw = limit_mw, .fan_permille = fan_permille};

	return sensor_source_nvml.set(rig.ctx, h, &s, err);
}

static void *first(const char *more)
{
	cards(CARD_1 " %s", more);
	return rig_card();
}

static void limit_is_set_and_put_back_as_it_was_found(void)
{
	struct sensor_reading r;
	struct err err = {0};
	void *h = first(""), *again = NULL;

	if (!h)
		return;
	CHECK_OK(set(h, 200000, SENSOR_LEAVE, &err), &err);
	CHECK_STR(was_set(), "0000:01:00.0 limit 200000\n");
	r = look(h);
	CHECK_FIELD(&r, SENSOR_LIMIT_MW, 200000);
	CHECK_FIELD(&r, SENSOR_POWER_MW, 200000);
	/* matched again: what was found is what was found first */
	CHECK_OK(rig_match("0000:01:00.0", UUID_1, &again, &err), &err);
	CHECK_OK(set(again, SENSOR_RESTORE, SENSOR_LEAVE, &err), &err);
	CHECK_STR(was_set(), "0000:01:00.0 limit 200000\n0000:01:00.0 limit 250000\n");
}

static void limit_that_is_in_force_is_not_set_again(void)
{
	struct err err = {0};
	void *h = first("denied");

	if (!h)
		return;
	CHECK_OK(set(h, 250000, SENSOR_LEAVE, &err), &err);
	CHECK_OK(set(h, SENSOR_RESTORE, SENSOR_RESTORE, &err), &err); /* no permission needed */
	CHECK_OK(set(h, SENSOR_LEAVE, SENSOR_LEAVE, &err), &err);
	CHECK_OK(set(h, -77, -77, &err), &err);
	CHECK_STR(was_set(), "");
}

static void limit_outside_of_the_cards_range_is_refused_with_the_range(void)
{
	static const int64_t wrong[] = {0, 99999, 300001, INT64_MAX};
	struct err err = {0};
	void *h = first("");
	size_t i;

	for (i = 0; h && i < sizeof wrong / sizeof *wrong; i++) {
		CHECK_ERR(set(h, wrong[i], SENSOR_LEAVE, &err), ERR_RANGE, &err);
		CHECK_HAS(err.text, "100 to 300 W");
	}
	CHECK_STR(was_set(), "");
}

static void limit_of_unknown_range_never_wraps(void)
{
	struct err err = {0};
	void *h = first("fail=nvmlDeviceGetPowerManagementLimitConstraints:3");

	if (!h)
		return;
	CHECK_ERR(set(h, (int64_t)1 << 32 | 200000, SENSOR_LEAVE, &err), ERR_RANGE, &err);
	CHECK_OK(set(h, 200000, SENSOR_LEAVE, &err), &err);
	CHECK_ERR(set(h, 20, SENSOR_LEAVE, &err), ERR_RANGE, &err); /* the driver's own word */
	CHECK_STR(was_set(), "0000:01:00.0 limit 200000\n");
}

static void unknown_former_limit_is_the_default(void)
{
	struct err err = {0};
	void *h = first("fail=nvmlDeviceGetPowerManagementLimit:999");

	if (!h)
		return;
	CHECK_OK(set(h, 200000, SENSOR_LEAVE, &err), &err);
	CHECK_OK(set(h, SENSOR_RESTORE, SENSOR_LEAVE, &err), &err);
	CHECK_HAS(was_set(), "limit 280000\n");
}

static void missing_permission_is_named(void)
{
	struct err err = {0};
	void *h = first("denied");

	if (!h)
		return;
	CHECK_ERR(set(h, 200000, SENSOR_LEAVE, &err), ERR_PERM, &err);
	CHECK_HAS(err.text, "needs root or CAP_SYS_ADMIN");
	CHECK_HAS(err.text, "sudo nvidia-smi -i 0000:01:00.0 -pl 200");
	CHECK_ERR(set(h, SENSOR_LEAVE, 600, &err), ERR_PERM, &err);
	CHECK_HAS(err.text, "fan: needs root or CAP_SYS_ADMIN");
	CHECK_STR(was_set(), "");
}

static void card_known_by_uuid_alone_is_named_by_it(void)
{
	struct err err = {0};
	void *h = NULL;

	cards(CARD_1 " denied");
	if (!CHECK_OK(rig_up(&err), &err) || !CHECK_OK(rig_match("", UUID_1, &h, &err), &err))
		return;
	CHECK_ERR(set(h, 200000, SENSOR_LEAVE, &err), ERR_PERM, &err);
	CHECK_HAS(err.text, "sudo nvidia-smi -i " UUID_1 " -pl 200");
}

static void card_that_cannot_be_set_says_so(void)
{
	struct err err = {0};
	void *h = NULL;

	cards("card 0000:01:00.0 uuid=" UUID_1 " core=50");
	h = rig_card();
	if (!h)
		return;
	CHECK_ERR(set(h, 200000, SENSOR_LEAVE, &err), ERR_NODEV, &err);
	CHECK_HAS(err.text, "cannot be set");
	CHECK_ERR(set(h, SENSOR_RESTORE, SENSOR_LEAVE, &err), ERR_NODEV, &err);
	CHECK_ERR(set(h, SENSOR_LEAVE, 600, &err), ERR_NODEV, &err);
	CHECK_HAS(err.text, "has none");
	cards(CARD_1 " lost");
	CHECK_ERR(set(h, 200000, SENSOR_LEAVE, &err), ERR_NODEV, &err);
	CHECK_HAS(err.text, "off the bus");
}

static void every_fan_is_set_and_given_back(void)
{
	struct sensor_reading r;
	struct err err = {0};
	void *h = first("");

	if (!h)
		return;
	CHECK_OK(set(h, SENSOR_LEAVE, 601, &err), &err); /* rounded to the cooler side */
	CHECK_STR(was_set(), "0000:01:00.0 fan0 61\n0000:01:00.0 fan1 61\n");
	r = look(h);
	CHECK_FIELD(&r, SENSOR_FAN_PERMILLE, 610);
	CHECK_OK(set(h, SENSOR_LEAVE, SENSOR_RESTORE, &err), &err);
	CHECK_HAS(was_set(), "fan0 auto\n0000:01:00.0 fan1 auto\n");
	r = look(h);
	CHECK_FIELD(&r, SENSOR_FAN_PERMILLE, 470);
}

static void fan_speed_stays_within_what_the_card_lets(void)
{
	struct err err = {0};
	void *h = first("");

	if (!h)
		return;
	CHECK_OK(set(h, SENSOR_LEAVE, 0, &err), &err);
	CHECK_STR(was_set(), "0000:01:00.0 fan0 30\n0000:01:00.0 fan1 30\n");
	CHECK_ERR(set(h, SENSOR_LEAVE, 1001, &err), ERR_RANGE, &err);
	CHECK_HAS(err.text, "1001 permille");
}

static void fan_that_could_not_be_given_back_is_not_taken(void)
{
	struct err err = {0};
	void *h;

	setenv("FAKENVML_WITHOUT", "nvmlDeviceSetDefaultFanSpeed_v2", 1);
	h = first("");
	unsetenv("FAKENVML_WITHOUT");
	if (!h)
		return;
	CHECK_ERR(set(h, SENSOR_LEAVE, 600, &err), ERR_NODEV, &err);
	CHECK_HAS(err.text, "this driver cannot");
	CHECK_STR(was_set(), "");
}

static void fans_are_set_though_the_limit_fails(void)
{
	struct err err = {0};
	void *h = first("");

	if (!h)
		return;
	CHECK_ERR(set(h, 1, 500, &err), ERR_RANGE, &err);
	CHECK_HAS(err.text, "power limit");
	CHECK_STR(was_set(), "0000:01:00.0 fan0 50\n0000:01:00.0 fan1 50\n");
	CHECK_ERR(set(h, 200000, 2000, &err), ERR_RANGE, &err);
	CHECK_HAS(err.text, "fan");
	CHECK_HAS(was_set(), "limit 200000");
	CHECK_ERR(set(h, 1, 2000, &err), ERR_RANGE, &err); /* the first of two is told */
	CHECK_HAS(err.text, "power limit");
}

/* ---- processes: a test has a supervisor, which has sensors and a worker ---- */

static pid_t sleeper(int keep[2])
{
	pid_t pid = fork();
	char c;

	if (pid)
		return pid;
	close(keep[1]);
	_exit(read(keep[0], &c, 1) < 0); /* until the others are gone */
}

/* In the sensor process: how many others there are, as the exit code. */
static int sensors(pid_t worker, pid_t stranger, pid_t gone)
{
	struct sensor_reading r;
	struct err err = {0};
	void *h;

	cards(CARD_1 "%d,%d,%d,%d,0,1000000000", (int)worker, (int)getppid(), (int)stranger,
	      (int)gone);
	h = rig_card();
	if (!h || sensor_source_nvml.read(rig.ctx, h, &r, &err) || !sensor_has(&r, SENSOR_OTHERS))
		return 100;
	sensor_source_nvml.close(rig.ctx);
	return (int)r.v[SENSOR_OTHERS];
}

static int code_of(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int supervisor(pid_t stranger, pid_t gone)
{
	int keep[2];
	pid_t worker, p;

	if (pipe(keep))
		return 101;
	worker = sleeper(keep);
	p = fork();
	if (p)
		p = code_of(p);
	else
		_exit(sensors(worker, stranger, gone));
	close(keep[0]);
	close(keep[1]);
	code_of(worker);
	return p;
}

static void processes_that_are_not_the_rigs_are_counted(void)
{
	pid_t gone, s;
	int keep[2];

	rig_down();
	if (!CHECK_INT(pipe(keep), 0))
		return;
	gone = sleeper(keep);
	close(keep[0]);
	close(keep[1]);
	code_of(gone);
	s = fork();
	if (!s)
		_exit(supervisor(getppid(), gone));
	CHECK_INT(code_of(s), 1);
}

/* ---- a driver that never comes back ---- */

static void hung_call_hangs_the_process_that_made_it_and_says_which(void)
{
	struct sensor_reading r;
	struct err err = {0};
	char line[128] = "";
	int status = 0;
	FILE *told;
	pid_t pid;

	rig_down();
	if (!CHECK_INT(mkfifo(rig.set, 0600), 0))
		return;
	cards(CARD_1 " hang=nvmlDeviceGetPowerUsage");
	pid = fork();
	if (!pid) {
		void *h = NULL;

		if (!sensor_source_nvml.open(&rig.ctx, &err) &&
		    !rig_match("0000:01:00.0", UUID_1, &h, &err))
			sensor_source_nvml.read(rig.ctx, h, &r, &err);
		told = fopen(rig.set, "we"); /* whoever waits for a line gets one */
		_exit(1);
	}
	told = fopen(rig.set, "re");
	if (CHECK(told != NULL) && CHECK(fgets(line, sizeof line, told) != NULL))
		CHECK_STR(line, "0000:01:00.0 hang nvmlDeviceGetPowerUsage\n");
	if (told)
		fclose(told);
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	CHECK(WIFSIGNALED(status));
	unlink(rig.set);
}

int main(void)
{
	if (!rig_begin())
		T_GIVE_UP("tests/fakenvml/libnvidia-ml.so.1 is not built, or no directory to use");
	T_RUN(limit_is_set_and_put_back_as_it_was_found);
	T_RUN(limit_that_is_in_force_is_not_set_again);
	T_RUN(limit_outside_of_the_cards_range_is_refused_with_the_range);
	T_RUN(limit_of_unknown_range_never_wraps);
	T_RUN(unknown_former_limit_is_the_default);
	T_RUN(missing_permission_is_named);
	T_RUN(card_known_by_uuid_alone_is_named_by_it);
	T_RUN(card_that_cannot_be_set_says_so);
	T_RUN(every_fan_is_set_and_given_back);
	T_RUN(fan_speed_stays_within_what_the_card_lets);
	T_RUN(fan_that_could_not_be_given_back_is_not_taken);
	T_RUN(fans_are_set_though_the_limit_fails);
	T_RUN(processes_that_are_not_the_rigs_are_counted);
	T_RUN(hung_call_hangs_the_process_that_made_it_and_says_which);
	rig_end();
	return t_done();
}
