/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The service manager's protocol, and what it is told when. */
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "src/notify.h"
#include "src/service.h"
#include "tests/args.h"

/* ---- a service manager ---- */

static int listen_at(const char *name)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(at.sun_path, name, strlen(name));
	if (name[0] == '@')
		at.sun_path[0] = '\0';
	if (fd < 0 || bind(fd, (const struct sockaddr *)&at,
			   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name)))) {
		printf("broken: cannot bind %s\n", name);
		exit(T_BROKEN);
	}
	return fd;
}

/* The next datagram; "" when there is none. */
static const char *heard(int fd)
{
	static char text[2 * NOTIFY_TEXT_MAX];
	ssize_t n = recv(fd, text, sizeof text - 1, 0);

	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static void check_all(const char *name)
{
	int manager = listen_at(name);
	struct notify n;
	struct err err = {0};

	setenv("NOTIFY_SOCKET", name, 1);
	if (CHECK_OK(notify_open(&n, &err), &err)) {
		CHECK_PTR(getenv("NOTIFY_SOCKET"), NULL);
		CHECK_STR(heard(manager), "");
		CHECK_INT(notify_ready(&n), 0);
		CHECK_STR(heard(manager), "READY=1");
		CHECK_INT(notify_status(&n, "5 MH/s\nMAINPID=1"), 0);
		CHECK_STR(heard(manager), "STATUS=5 MH/s?MAINPID=1");
		CHECK_INT(notify_watchdog(&n), 0);
		CHECK_STR(heard(manager), "WATCHDOG=1");
		CHECK_INT(notify_reloading(&n, 1234567), 0);
		CHECK_STR(heard(manager), "RELOADING=1\nMONOTONIC_USEC=1234567");
		CHECK_INT(notify_stopping(&n), 0);
		CHECK_STR(heard(manager), "STOPPING=1");
	}
	notify_close(&n);
	close(manager);
}

/* ---- claims ---- */

static void everything_is_heard_at_a_path(void)
{
	char path[128];

	snprintf(path, sizeof path, "%s/notify", args_dir);
	check_all(path);
}

static void everything_is_heard_at_an_abstract_name(void)
{
	char name[64];

	snprintf(name, sizeof name, "@adit-test-notify-%ld", (long)getpid());
	check_all(name);
}

static void nothing_happens_without_a_manager(void)
{
	struct notify n;
	struct err err = {0};

	unsetenv("NOTIFY_SOCKET");
	setenv("WATCHDOG_USEC", "5000000", 1);
	CHECK_OK(notify_open(&n, &err), &err);
	CHECK_INT(n.fd, -1);
	CHECK_INT(n.watchdog_ms, 0);
	CHECK_INT(notify_ready(&n), 0);
	CHECK_INT(notify_status(&n, "x"), 0);
	notify_close(&n);
}

static void bad_sockets_are_said_and_left_alone(void)
{
	char longest[200];
	const char *const bad[] = {"relative", "vsock:2:1", "/", "@", "/nowhere/at/all", longest};
	size_t i;

	memset(longest, 'x', sizeof longest - 1);
	longest[0] = '/';
	longest[sizeof longest - 1] = '\0';
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct notify n;
		struct err err = {0};

		setenv("NOTIFY_SOCKET", bad[i], 1);
		if (!CHECK(notify_open(&n, &err) < 0))
			printf("\t%s\n", bad[i]);
		CHECK_HAS(err.text, "NOTIFY_SOCKET: ");
		CHECK_INT(n.fd, -1);
		CHECK_INT(notify_ready(&n), 0);
	}
}

static void the_watchdog_is_ours_or_none(void)
{
	static const struct {
		const char *usec, *pid;
		int64_t ms;
	} cases[] = {{"30000000", NULL, 30000},
		     {"30000000", "self", 30000},
		     {"30000000", "1", 0},
		     {"30000000", "junk", 0},
		     {"0", NULL, 0},
		     {"-5", NULL, 0},
		     {"1e6", NULL, 0},
		     {"500", NULL, 1},
		     {NULL, NULL, 0},
		     {"99999999999999999999", NULL, 0}};
	char name[64], self[24];
	int manager;
	size_t i;

	snprintf(name, sizeof name, "@adit-test-watchdog-%ld", (long)getpid());
	snprintf(self, sizeof self, "%ld", (long)getpid());
	manager = listen_at(name);
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *pid = cases[i].pid;
		struct notify n;
		struct err err = {0};

		setenv("NOTIFY_SOCKET", name, 1);
		if (cases[i].usec)
			setenv("WATCHDOG_USEC", cases[i].usec, 1);
		if (pid)
			setenv("WATCHDOG_PID", !strcmp(pid, "self") ? self : pid, 1);
		CHECK_OK(notify_open(&n, &err), &err);
		CHECK_INT(n.watchdog_ms, cases[i].ms);
		CHECK_PTR(getenv("WATCHDOG_USEC"), NULL);
		CHECK_PTR(getenv("WATCHDOG_PID"), NULL);
		notify_close(&n);
	}
	close(manager);
}

static void a_manager_that_does_not_read_blocks_nobody(void)
{
	char name[64];
	struct notify n;
	struct err err = {0};
	int manager, i, rc = 0;

	snprintf(name, sizeof name, "@adit-test-full-%ld", (long)getpid());
	manager = listen_at(name);
	setenv("NOTIFY_SOCKET", name, 1);
	if (CHECK_OK(notify_open(&n, &err), &err)) {
		for (i = 0; i < 100000 && !rc; i++)
			rc = notify_watchdog(&n);
		CHECK_INT(rc, -ERR_BUSY);
		close(manager);
		CHECK_INT(notify_watchdog(&n), -ERR_IO);
		manager = -1;
	}
	notify_close(&n);
	if (manager >= 0)
		close(manager);
}

/* ---- policy ---- */

static struct rig_stats rig(struct device_stats *d, enum device_state a, enum device_state b)
{
	struct rig_stats s = {.devices = d, .n_devices = 2};

	d[0].state = a;
	d[1].state = b;
	return s;
}

static void up_means_a_job_and_a_device_for_it(void)
{
	struct device_stats d[2] = {0};
	struct rig_stats s;

	s = rig(d, DEVICE_PREPARING, DEVICE_STARTING);
	CHECK(!service_is_up(&s, true));
	s = rig(d, DEVICE_RESTARTING, DEVICE_PARKED);
	CHECK(!service_is_up(&s, true));
	s = rig(d, DEVICE_PREPARING, DEVICE_IDLE);
	CHECK(!service_is_up(&s, false));
	CHECK(service_is_up(&s, true));
	s = rig(d, DEVICE_MINING, DEVICE_PARKED);
	CHECK(service_is_up(&s, true));
	s = rig(d, DEVICE_PAUSED, DEVICE_PARKED);
	CHECK(service_is_up(&s, true));
}

static void the_watchdog_is_fed_while_the_rig_mines_or_rests(void)
{
	struct device_stats d[2] = {0};
	struct service v = {0};
	struct rig_stats s = rig(d, DEVICE_MINING, DEVICE_MINING);

	d[0].hashes = 5;
	CHECK(service_is_alive(&v, &s, true));
	CHECK(!service_is_alive(&v, &s, true)); /* has work, does none */
	d[1].hashes = 1;
	CHECK(service_is_alive(&v, &s, true));
	CHECK(service_is_alive(&v, &s, false)); /* no job */
	s = rig(d, DEVICE_PAUSED, DEVICE_PAUSED);
	CHECK(service_is_alive(&v, &s, true));
	s = rig(d, DEVICE_PAUSED, DEVICE_PARKED);
	CHECK(service_is_alive(&v, &s, true));
	s = rig(d, DEVICE_PAUSED, DEVICE_MINING);
	CHECK(!service_is_alive(&v, &s, true));
	s = rig(d, DEVICE_PARKED, DEVICE_PARKED);
	CHECK(!service_is_alive(&v, &s, true));
	s = rig(d, DEVICE_RESTARTING, DEVICE_PARKED);
	CHECK(!service_is_alive(&v, &s, true));
	s = rig(d, DEVICE_PREPARING, DEVICE_PARKED);
	CHECK(service_is_alive(&v, &s, true));
}

static void the_line_has_rate_devices_shares_and_pool(void)
{
	struct device_stats d[2] = {0};
	struct rig_stats s = rig(d, DEVICE_MINING, DEVICE_PARKED);
	char line[256];

	memcpy(s.algo, "scrypt", 7);
	memcpy(s.pool, "stratum+tcp://h:1", 18);
	memcpy(s.pool_state, "connected", 10);
	s.rate_60s = 12340000;
	s.shares = (struct share_counts){.accepted = 7, .stale = 1};
	CHECK_STR(service_line(line, sizeof line, &s),
		  "scrypt: 12.34 MH/s, 1 of 2 mining, A 7 R 0 S 1 I 0, connected to "
		  "stratum+tcp://h:1");
}

int main(void)
{
	if (enter_scratch())
		T_GIVE_UP("no scratch directory");
	T_RUN(everything_is_heard_at_a_path);
	T_RUN(everything_is_heard_at_an_abstract_name);
	T_RUN(nothing_happens_without_a_manager);
	T_RUN(bad_sockets_are_said_and_left_alone);
	T_RUN(the_watchdog_is_ours_or_none);
	T_RUN(a_manager_that_does_not_read_blocks_nobody);
	T_RUN(up_means_a_job_and_a_device_for_it);
	T_RUN(the_watchdog_is_fed_while_the_rig_mines_or_rests);
	T_RUN(the_line_has_rate_devices_shares_and_pool);
	leave_scratch();
	return t_done();
}
