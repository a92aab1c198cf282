/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sensor process and its client, with the real process started: what it reads arrives, what
 * it does not read is unknown, it is started again whatever it does, and cards are as they were
 * found whoever dies.
 */
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/log.h"
#include "src/sensor/cards.h"
#include "src/sensor/table.h"
#include "src/sensors.h"
#include "src/settings.h"
#include "tests/t.h"
#include "tests/tree.h"

#define DEVICES     2
#define INTERVAL_MS 20
#define PATIENCE_S  60 /* nothing is measured by it */
#define CARD        "core_mc=65000 limit_mw=250000"

/* Patience that suits a test: seconds become hundredths. */
static const struct vigil_limits quick = {
	.start_ms = 30000,
	.silence_ms = 20000, /* a process that starves on a busy machine is no hang */
	.quit_ms = 10000,
	.term_ms = 50,
	.kill_ms = 30000,
	.backoff_min_ms = 4,
	.backoff_max_ms = 200,
	.calm_ms = 60000,
};

/* Where a hang is awaited.  One that is none may come with it: it costs a restart too. */
static const struct vigil_limits impatient = {
	.start_ms = 30000,
	.silence_ms = 2000,
	.quit_ms = 10000,
	.term_ms = 50,
	.kill_ms = 30000,
	.backoff_min_ms = 4,
	.backoff_max_ms = 200,
	.calm_ms = 60000,
};

struct rig {
	struct event_base *base;
	struct sensors *s;
	struct sensor_reading last[DEVICES];
	unsigned readings[DEVICES], lost[DEVICES], done[DEVICES], presence;
	int code;
	char text[ERR_TEXT_MAX];
	bool ended, late;
};

static char dir[256], script[300], set_path[320], log_path[300];
static const char *cache = dir;

/* --- the stage ---------------------------------------------------------------- */

static void write_file(const char *path, const char *text)
{
	char temporary[340];
	FILE *f;

	snprintf(temporary, sizeof temporary, "%s.new", path);
	f = fopen(temporary, "w");
	if (!f || fputs(text, f) < 0 || fclose(f) || rename(temporary, path))
		exit(T_BROKEN);
}

static void cards_are(const char *text)
{
	write_file(script, text);
}

/* What was set so far. */
static const char *what_was_set(void)
{
	static char text[4096];
	FILE *f = fopen(set_path, "r");
	size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;

	text[n] = '\0';
	if (f)
		fclose(f);
	return text;
}

static unsigned n_left;
static char left[600];

static void note_left(const char *path)
{
	if (!strstr(path, "/restore-"))
		return;
	n_left++;
	snprintf(left, sizeof left, "%s", path);
}

/* Restore files there are; the last one's path is in left. */
static unsigned files_left(void)
{
	n_left = 0;
	tree_each(dir, note_left);
	return n_left;
}

static void on_reading(void *arg, unsigned device, const struct sensor_reading *r)
{
	struct rig *rig = arg;

	rig->last[device] = *r;
	rig->readings[device]++;
}

static void on_lost(void *arg, unsigned device)
{
	((struct rig *)arg)->lost[device]++;
}

static void on_presence(void *arg, const struct presence *p)
{
	(void)p;
	((struct rig *)arg)->presence++;
}

static void on_set_done(void *arg, unsigned device, int code, const char *text)
{
	struct rig *rig = arg;

	rig->done[device]++;
	rig->code = code;
	snprintf(rig->text, sizeof rig->text, "%s", text);
}

static void on_ended(void *arg)
{
	((struct rig *)arg)->ended = true;
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	((struct rig *)arg)->late = true;
}

static void rig_start(struct rig *rig, const struct vigil_limits *limits)
{
	static const struct sensors_events events = {on_reading, on_lost, on_presence, on_set_done};
	static const struct timeval patience = {.tv_sec = PATIENCE_S};
	const struct sensor_target targets[DEVICES] = {{.pci = ""}, {.pci = ""}};
	struct err err = {0};

	memset(rig, 0, sizeof *rig);
	rig->base = event_base_new();
	if (!rig->base || event_base_once(rig->base, -1, EV_TIMEOUT, on_late, rig, &patience))
		exit(T_BROKEN);
	if (!CHECK_OK(sensors_new(&rig->s, rig->base, targets, DEVICES, INTERVAL_MS, cache, &events,
				  rig, &err),
		      &err))
		exit(T_BROKEN);
	sensors_limits(rig->s, limits);
}

/* Let the loop run until the number at least reaches n. */
static bool until(struct rig *rig, const unsigned *number, unsigned n)
{
	while (*number < n && !rig->late)
		event_base_loop(rig->base, EVLOOP_ONCE);
	return CHECK(*number >= n);
}

static bool until_restarted(struct rig *rig, uint64_t n)
{
	while (sensors_restarts(rig->s) < n && !rig->late)
		event_base_loop(rig->base, EVLOOP_ONCE);
	return CHECK(sensors_restarts(rig->s) >= n);
}

static void rig_stop(struct rig *rig)
{
	sensors_stop(rig->s, on_ended);
	while (!rig->ended && !rig->late)
		event_base_loop(rig->base, EVLOOP_ONCE);
	CHECK(rig->ended);
	CHECK_INT(sensors_pid(rig->s), 0);
	sensors_free(rig->s);
	event_base_free(rig->base);
}

static void set_limit(struct rig *rig, unsigned device, int64_t mw)
{
	const struct sensor_setting set = {mw, SENSOR_LEAVE};

	sensors_set(rig->s, device, &set);
}

static const char *read_log(void)
{
	static char text[16384];
	FILE *f = fopen(log_path, "r");
	size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;

	text[n] = '\0';
	if (f)
		fclose(f);
	return text;
}

/* Lines of the log with this in them. */
static unsigned lines_with(const char *part)
{
	const char *at = read_log();
	unsigned n = 0;

	while ((at = strstr(at, part)) != NULL) {
		at += strcspn(at, "\n");
		n++;
	}
	return n;
}

static void clean(void)
{
	const struct log_config config = {.level = LOG_NOTICE, .quiet = true, .file = log_path};
	struct err err = {0};

	tree_remove(dir);
	mkdir(dir, 0700);
	CHECK_OK(log_setup(&config, &err), &err);
}

/* --- readings ----------------------------------------------------------------- */

static void readings_arrive_and_the_rest_is_unknown(void)
{
	struct rig rig;

	clean();
	cards_are("0 core_mc=65000 power_mw=120000 energy_uj=9007199254740993\n1 fan_rpm=900\n");
	rig_start(&rig, &quick);
	if (until(&rig, &rig.readings[0], 3) && until(&rig, &rig.readings[1], 3)) {
		CHECK_INT(rig.last[0].v[SENSOR_CORE_MC], 65000);
		CHECK_INT(rig.last[0].v[SENSOR_ENERGY_UJ], 9007199254740993);
		CHECK(sensor_has(&rig.last[0], SENSOR_POWER_MW));
		CHECK(!sensor_has(&rig.last[0], SENSOR_FAN_RPM));
		CHECK_U64(rig.last[1].known, (uint64_t)1 << SENSOR_FAN_RPM);
		CHECK(rig.last[0].at_ms > 0);
	}
	until(&rig, &rig.presence, 1);
	cards_are("0 core_mc=66000\n1 fan_rpm=900\n");
	while (rig.last[0].v[SENSOR_CORE_MC] != 66000 &&
	       until(&rig, &rig.readings[0], rig.readings[0] + 1))
		;
	CHECK(!sensor_has(&rig.last[0], SENSOR_POWER_MW));
	CHECK_U64(sensors_restarts(rig.s), 0);
	rig_stop(&rig);
}

static void silent_card_is_lost_once_and_found_again(void)
{
	struct rig rig;
	unsigned before;

	clean();
	cards_are("0 core_mc=1\n1 core_mc=1\n");
	rig_start(&rig, &quick);
	until(&rig, &rig.readings[0], 1);
	cards_are("0 silent\n1 core_mc=1\n");
	until(&rig, &rig.lost[0], 1);
	before = rig.readings[0];
	until(&rig, &rig.readings[1], rig.readings[1] + 20);
	CHECK_U64(rig.lost[0], 1);
	CHECK_U64(rig.readings[0], before);
	cards_are("0 core_mc=2\n1 core_mc=1\n");
	until(&rig, &rig.readings[0], before + 1);
	CHECK_INT(rig.last[0].v[SENSOR_CORE_MC], 2);
	CHECK_U64(sensors_restarts(rig.s), 0);
	rig_stop(&rig);
}

static void card_off_the_bus_is_read_as_such_and_asked_on(void)
{
	struct rig rig;
	unsigned before;

	clean();
	cards_are("0 lost\n1 core_mc=1\n");
	rig_start(&rig, &quick);
	until(&rig, &rig.readings[0], 3);
	CHECK_U64(rig.last[0].lost, 1);
	CHECK_U64(rig.lost[0], 0);
	CHECK(rig.readings[1] > rig.readings[0]);
	before = rig.readings[0];
	cards_are("0 core_mc=2\n1 core_mc=1\n");
	until(&rig, &rig.readings[0], before + 1);
	while (rig.last[0].lost && until(&rig, &rig.readings[0], rig.readings[0] + 1))
		;
	CHECK_INT(rig.last[0].v[SENSOR_CORE_MC], 2);
	rig_stop(&rig);
}

static void check_link(const char *path)
{
	char to[256] = "";
	ssize_t n = readlink(path, to, sizeof to - 1);

	to[n > 0 ? n : 0] = '\0';
	CHECK_LACKS(to, "/dev/zero");
	CHECK_LACKS(to, "eventpoll");
}

static void process_inherits_its_socket_and_streams_only(void)
{
	char path[64];
	struct rig rig;
	int zero, leak;

	clean();
	cards_are("0 core_mc=1\n1 core_mc=1\n");
	zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	leak = fcntl(zero, F_DUPFD, 40); /* not close-on-exec */
	close(zero);
	rig_start(&rig, &quick);
	until(&rig, &rig.readings[0], 1);
	snprintf(path, sizeof path, "/proc/%d/fd", sensors_pid(rig.s));
	CHECK(tree_each(path, check_link) >= 4);
	close(leak);
	rig_stop(&rig);
}

/* --- the process in trouble ---------------------------------------------------- */

static void hang_costs_the_others_a_restart_and_no_more(void)
{
	struct rig rig;
	int pid;

	clean();
	cards_are("0 core_mc=1\n1 core_mc=1\n");
	rig_start(&rig, &impatient);
	until(&rig, &rig.readings[0], 1);
	pid = sensors_pid(rig.s);
	cards_are("0 hang\n1 core_mc=2\n");
	until_restarted(&rig, 1);
	CHECK(rig.lost[0] >= 1);
	CHECK_INT(kill(pid, 0), -1);
	/* The card that hung is left alone: the other one is read meanwhile. */
	while (rig.last[1].v[SENSOR_CORE_MC] != 2 &&
	       until(&rig, &rig.readings[1], rig.readings[1] + 1))
		;
	cards_are("0 core_mc=3\n1 core_mc=2\n");
	while (rig.last[0].v[SENSOR_CORE_MC] != 3 &&
	       until(&rig, &rig.readings[0], rig.readings[0] + 1))
		;
	CHECK(sensors_pid(rig.s) != pid);
	CHECK_U64(lines_with("sensors"), sensors_restarts(rig.s));
	rig_stop(&rig);
	CHECK_HAS(read_log(), "hangs: silent for 2 s, asked about device 0; starting it again");
}

static void crash_is_answered_by_a_start_every_time(void)
{
	struct rig rig;

	clean();
	cards_are("0 core_mc=1\n1 crash\n");
	rig_start(&rig, &quick);
	until_restarted(&rig, 3);
	until(&rig, &rig.readings[0], 10); /* the other one's do not depend on it */
	cards_are("0 core_mc=2\n1 core_mc=1\n");
	until(&rig, &rig.readings[1], 1);
	CHECK_U64(lines_with("starting it again"), sensors_restarts(rig.s));
	CHECK_HAS(read_log(), "was killed by signal 9 (Killed), asked about device 1; starting");
	rig_stop(&rig);
}

static void words_of_a_restarted_process_are_not_repeated(void)
{
	struct rig rig;

	clean();
	cards_are("0 silent\n1 core_mc=1\n");
	rig_start(&rig, &quick);
	until(&rig, &rig.readings[1], 1);
	kill(sensors_pid(rig.s), SIGKILL);
	until_restarted(&rig, 1);
	until(&rig, &rig.readings[1], rig.readings[1] + 3);
	CHECK_U64(lines_with("silent, as its script wants it"), 1);
	rig_stop(&rig);
}

static void garbage_to_restore_is_named_and_harms_nothing(void)
{
	char path[340];
	struct rig rig;

	clean();
	cards_are("0 core_mc=1\n1 core_mc=1\n");
	snprintf(path, sizeof path, "%s/restore-00000000000000aa.json", dir);
	write_file(path, "{\"version\":1,\"cards\":[{\"limit_mw\":");
	rig_start(&rig, &quick);
	until(&rig, &rig.readings[0], 1);
	CHECK_U64(lines_with("restore-00000000000000aa.json in the cache directory is damaged"), 1);
	CHECK_U64(files_left(), 0);
	CHECK_STR(what_was_set(), "");
	rig_stop(&rig);
}

static void hung_process_does_not_hold_up_the_end(void)
{
	struct vigil_limits limits = quick;
	struct rig rig;

	clean();
	cards_are("0 core_mc=1\n1 core_mc=1\n");
	limits.silence_ms = PATIENCE_S * 2000;
	limits.quit_ms = 50;
	rig_start(&rig, &limits);
	until(&rig, &rig.readings[0], 1);
	cards_are("0 hang\n1 core_mc=1\n");
	until(&rig, &rig.lost[0], 1);
	rig_stop(&rig);
}

/* --- settings ----------------------------------------------------------------- */

static void setting_is_done_and_restored_at_the_end(void)
{
	static const struct sensor_setting fan = {SENSOR_LEAVE, 700};
	struct rig rig;

	clean();
	cards_are("0 " CARD "\n1 " CARD "\n");
	rig_start(&rig, &quick);
	set_limit(&rig, 0, 100000);
	until(&rig, &rig.done[0], 1);
	CHECK_INT(rig.code, 0);
	CHECK_STR(what_was_set(), "0 limit_mw=100000 fan_permille=-1\n");
	CHECK_U64(files_left(), 1);
	sensors_set(rig.s, 1, &fan);
	until(&rig, &rig.done[1], 1);
	set_limit(&rig, 0, 90000);
	until(&rig, &rig.done[0], 2);
	set_limit(&rig, 0, SENSOR_RESTORE);
	until(&rig, &rig.done[0], 3);
	set_limit(&rig, 0, SENSOR_RESTORE); /* it is: nothing to do */
	until(&rig, &rig.done[0], 4);
	CHECK_INT(rig.code, 0);
	rig_stop(&rig);
	CHECK_STR(what_was_set(), "0 limit_mw=100000 fan_permille=-1\n"
				  "1 limit_mw=-1 fan_permille=700\n"
				  "0 limit_mw=90000 fan_permille=-1\n"
				  "0 limit_mw=250000 fan_permille=-1\n"
				  "1 limit_mw=-1 fan_permille=-2\n");
	CHECK_U64(files_left(), 0);
}

static void refusal_is_told_and_leaves_nothing_to_restore(void)
{
	struct rig rig;

	clean();
	cards_are("0 refuse " CARD "\n1 " CARD "\n");
	rig_start(&rig, &quick);
	set_limit(&rig, 0, 100000);
	until(&rig, &rig.done[0], 1);
	CHECK_INT(rig.code, ERR_PERM);
	CHECK_HAS(rig.text, "refused");
	CHECK_U64(files_left(), 0);
	rig_stop(&rig);
	CHECK_STR(what_was_set(), "");
}

static void nothing_is_changed_that_could_not_be_restored(void)
{
	struct rig rig;

	clean();
	cards_are("0 " CARD "\n1 " CARD "\n");
	cache = "/nowhere/at/all";
	rig_start(&rig, &quick);
	cache = dir;
	set_limit(&rig, 0, 100000);
	until(&rig, &rig.done[0], 1);
	CHECK_INT(rig.code, ERR_IO);
	CHECK_HAS(rig.text, "not changed");
	CHECK_STR(what_was_set(), "");
	rig_stop(&rig);
}

static void restarted_process_restores_and_is_given_its_orders_again(void)
{
	struct rig rig;

	clean();
	cards_are("0 " CARD "\n1 " CARD "\n");
	rig_start(&rig, &quick);
	set_limit(&rig, 0, 100000);
	until(&rig, &rig.done[0], 1);
	kill(sensors_pid(rig.s), SIGKILL);
	until(&rig, &rig.done[0], 2);
	CHECK_U64(sensors_restarts(rig.s), 1);
	CHECK_U64(lines_with("is of a process that died: what it had changed"), 1);
	rig_stop(&rig);
	CHECK_STR(what_was_set(), "0 limit_mw=100000 fan_permille=-1\n"
				  "0 limit_mw=250000 fan_permille=-1\n"
				  "0 limit_mw=100000 fan_permille=-1\n"
				  "0 limit_mw=250000 fan_permille=-1\n");
	CHECK_U64(files_left(), 0);
}

/* In a process of its own: changes a limit, says so, and waits to be killed. */
static void be_killed(int told)
{
	struct rig rig;

	rig_start(&rig, &quick);
	set_limit(&rig, 0, 100000);
	until(&rig, &rig.done[0], 1);
	if (write(told, "!", 1) == 1)
		event_base_dispatch(rig.base);
}

static void killed_supervisor_leaves_the_cards_as_they_were(void)
{
	int told[2], alive[2];
	char c;
	pid_t pid;

	clean();
	cards_are("0 " CARD "\n1 " CARD "\n");
	if (pipe(told) || pipe(alive))
		exit(T_BROKEN);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		dup2(alive[1], STDERR_FILENO); /* which the sensor process has too */
		close(alive[1]);
		close(alive[0]);
		fcntl(told[1], F_SETFD, FD_CLOEXEC);
		be_killed(told[1]);
		_exit(1);
	}
	close(told[1]);
	close(alive[1]);
	CHECK_INT(read(told[0], &c, 1), 1);
	CHECK_U64(files_left(), 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	while (read(alive[0], &c, 1) > 0) /* until the sensor process is gone */
		;
	CHECK_STR(what_was_set(), "0 limit_mw=100000 fan_permille=-1\n"
				  "0 limit_mw=250000 fan_permille=-1\n");
	CHECK_U64(files_left(), 0);
	close(told[0]);
	close(alive[0]);
}

static void order_to_a_card_that_hung_waits_for_it(void)
{
	struct rig rig;

	clean();
	cards_are("0 hang\n1 " CARD "\n");
	rig_start(&rig, &impatient);
	until_restarted(&rig, 1);
	until(&rig, &rig.readings[1], rig.readings[1] + 1);
	cards_are("0 " CARD "\n1 " CARD "\n");
	set_limit(&rig, 0, 100000);
	until(&rig, &rig.done[0], 1);
	CHECK_INT(rig.code, 0);
	until(&rig, &rig.readings[0], 1);
	rig_stop(&rig);
	CHECK_HAS(what_was_set(), "0 limit_mw=250000");
}

static void on_asking(void *arg, unsigned card)
{
	(void)arg;
	(void)card;
}

static void on_card_note(void *arg, int code, const char *text)
{
	(void)arg;
	(void)code;
	(void)text;
}

static void on_card_set(void *arg, unsigned card, int code, const char *text)
{
	int *answer = arg;

	(void)card;
	(void)text;
	*answer = code;
}

/* Its wait is over, its turn to be read has not come yet. */
static void order_just_behind_the_wait_is_done_too(void)
{
	const struct sensor_setting limit = {100000, SENSOR_LEAVE};
	int answer = -1;
	const struct cards_host host = {on_asking, on_card_note, on_card_set, &answer};
	struct ipc_sense sense = {.count = 1, .interval_ms = INTERVAL_MS, .wait_ms = {50}};
	struct cards *c = NULL;
	struct err err = {0};

	clean();
	cards_are("0 " CARD "\n");
	snprintf(sense.dir, sizeof sense.dir, "%s", dir);
	if (!CHECK_OK(cards_open(&c, &sense, sensor_sources, &host, 1000, &err), &err))
		return;
	cards_set(c, 0, &limit, 1049);
	CHECK_INT(answer, -1);
	cards_set(c, 0, &limit, 1050);
	CHECK_INT(answer, 0);
	CHECK_STR(what_was_set(), "0 limit_mw=100000 fan_permille=-1\n");
	cards_close(c, 1050);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "sensors"))
		return cmd_sensors(NULL);
	snprintf(dir, sizeof dir, "/tmp/adit-sensors-XXXXXX");
	if (!mkdtemp(dir))
		T_GIVE_UP("no directory for the test");
	snprintf(script, sizeof script, "%s/cards", dir);
	snprintf(log_path, sizeof log_path, "%s/log", dir);
	snprintf(set_path, sizeof set_path, "%s.set", script);
	setenv("ADIT_SIM_SENSORS", script, 1);
	/* Nothing of this machine is read. */
	setenv("ADIT_SYSFS", "/nowhere", 1);
	setenv("ADIT_LIBNVML", "none", 1);
	setenv("ADIT_LIBSYSTEMD", "none", 1);
	T_RUN(readings_arrive_and_the_rest_is_unknown);
	T_RUN(silent_card_is_lost_once_and_found_again);
	T_RUN(card_off_the_bus_is_read_as_such_and_asked_on);
	T_RUN(process_inherits_its_socket_and_streams_only);
	T_RUN(hang_costs_the_others_a_restart_and_no_more);
	T_RUN(crash_is_answered_by_a_start_every_time);
	T_RUN(words_of_a_restarted_process_are_not_repeated);
	T_RUN(garbage_to_restore_is_named_and_harms_nothing);
	T_RUN(hung_process_does_not_hold_up_the_end);
	T_RUN(setting_is_done_and_restored_at_the_end);
	T_RUN(refusal_is_told_and_leaves_nothing_to_restore);
	T_RUN(nothing_is_changed_that_could_not_be_restored);
	T_RUN(restarted_process_restores_and_is_given_its_orders_again);
	T_RUN(killed_supervisor_leaves_the_cards_as_they_were);
	T_RUN(order_to_a_card_that_hung_waits_for_it);
	T_RUN(order_just_behind_the_wait_is_done_too);
	tree_remove(dir);
	return t_done();
}
