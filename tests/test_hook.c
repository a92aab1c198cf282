/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The owner's commands, run by a real shell in a scratch directory. */
#include <errno.h>
#include <event2/event.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "src/guard/alarm.h"
#include "src/hook.h"
#include "src/log.h"
#include "tests/args.h"

#define PATIENCE_S 60 /* then something is broken */

static struct event_base *base;

/* ---- what a case needs ---- */

static char *slurp(const char *path)
{
	static char text[1 << 14];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

/* Hooks with one command (a copy is made) and nothing else. */
static struct hooks *hooks_with(size_t member, const char *command, uint32_t timeout_s)
{
	struct settings_guard g = {.hook_timeout_s = timeout_s};
	char *copy = strdup(command);
	struct hooks *h = NULL;
	struct err err = {0};

	memcpy((char *)&g + member, &copy, sizeof copy);
	if (hook_new(&h, base, &g, &err)) {
		printf("broken: %s\n", err.text);
		exit(T_BROKEN);
	}
	free(copy);
	return h;
}
#define HOOKS(m, command) hooks_with(offsetof(struct settings_guard, m), command, 30)

static void give_up(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	printf("broken: waited for %d s\n", PATIENCE_S);
	exit(T_BROKEN);
}

static void finish(struct hooks *h)
{
	const struct timeval tv = {.tv_sec = PATIENCE_S};
	struct event *patience = evtimer_new(base, give_up, NULL);

	event_add(patience, &tv);
	while (hook_pending(h))
		event_base_loop(base, EVLOOP_ONCE);
	event_free(patience);
}

static void happen(struct hooks *h, const char *event, const char *device)
{
	struct hook_facts f = HOOK_FACTS;

	f.event = event;
	f.device = device;
	hook_run(h, &f);
}

static struct hook_counts counts(const struct hooks *h)
{
	struct hook_counts c;

	hook_counts(h, &c);
	return c;
}

/* ---- claims ---- */

static void facts_are_in_the_environment_and_secrets_are_not(void)
{
	struct hooks *h = HOOKS(on_hang, "env >out");
	struct hook_facts f = {.event = "hang",
			       .device = "cuda:0",
			       .pci = "0000:01:00.0",
			       .uuid = "",
			       .name = "Some Card",
			       .reason =
				       "no batch for 30 s\n\033[31m\xc3\xbc; $(touch pwned) `touch "
				       "pwned` | touch pwned",
			       .temperature_c = 71,
			       .memory_c = HOOK_UNKNOWN,
			       .power_w = 0,
			       .rate = 12345678.4,
			       .restarts = 2};
	char *text;

	setenv("ADIT_PASS", "hidden", 1);
	setenv("ADIT_USERPASS", "u:hidden", 1);
	setenv("NOTIFY_SOCKET", "/run/nowhere", 1);
	setenv("SOMETHING", "hidden", 1);
	setenv("TZ", "UTC", 1);
	hook_run(h, &f);
	finish(h);
	text = slurp("out");
	CHECK_HAS(text, "ADIT_EVENT=hang\n");
	CHECK_HAS(text, "ADIT_DEVICE=cuda:0\n");
	CHECK_HAS(text, "ADIT_PCI=0000:01:00.0\n");
	CHECK_HAS(text, "ADIT_NAME=Some Card\n");
	CHECK_HAS(text, "ADIT_REASON=no batch for 30 s??[31m??; $(touch pwned) `touch pwned` | "
			"touch pwned\n");
	CHECK_HAS(text, "ADIT_TEMPERATURE=71\n");
	CHECK_HAS(text, "ADIT_POWER=0\n");
	CHECK_HAS(text, "ADIT_RATE=12345678\n");
	CHECK_HAS(text, "ADIT_RESTARTS=2\n");
	CHECK_HAS(text, "ADIT_HELD=0\n");
	CHECK_HAS(text, "ADIT_TIME=20");
	CHECK_HAS(text, "TZ=UTC\n");
	CHECK_HAS(text, "PATH=");
	CHECK_LACKS(text, "hidden");
	CHECK_LACKS(text, "NOTIFY_SOCKET");
	CHECK_LACKS(text, "ADIT_MEMORY_TEMPERATURE");
	CHECK_LACKS(text, "ADIT_POOL");
	CHECK_LACKS(text, "ADIT_UUID");
	CHECK(access("pwned", F_OK) != 0);
	hook_free(h);
	unsetenv("ADIT_PASS");
	unsetenv("ADIT_USERPASS");
	unsetenv("NOTIFY_SOCKET");
	unsetenv("SOMETHING");
}

static void nothing_of_ours_is_inherited(void)
{
	struct hooks *h = HOOKS(on_hang, "{ [ -e /proc/$$/fd/50 ] && echo leaked; read x; echo $?; "
					 "set -- $(cat /proc/$$/stat); [ $5 = $$ ] && echo group; "
					 "grep SigBlk /proc/self/status; } >out");
	int fd = open("empty", O_RDWR | O_CREAT, 0600), kept = dup2(fd, 50);
	sigset_t some;

	sigemptyset(&some);
	sigaddset(&some, SIGUSR1);
	sigprocmask(SIG_BLOCK, &some, NULL);
	CHECK_INT(kept, 50);
	happen(h, "hang", "cuda:0");
	finish(h);
	sigprocmask(SIG_UNBLOCK, &some, NULL);
	CHECK_STR(slurp("out"), "1\ngroup\nSigBlk:\t0000000000000000\n");
	close(50);
	close(fd);
	hook_free(h);
}

static void four_run_and_a_bounded_number_waits(void)
{
	/* each reads one byte of the gate */
	struct hooks *h = HOOKS(on_event, "read x <gate; echo $ADIT_DEVICE >>log");
	char device[24], newlines[HOOKS_AT_ONCE + HOOKS_WAITING];
	int gate, i, all = HOOKS_AT_ONCE + HOOKS_WAITING;
	const char *p;

	if (mkfifo("gate", 0600) || (gate = open("gate", O_RDWR)) < 0) {
		CHECK_INT(errno, 0); /* no fifo */
		return;
	}
	for (i = 0; i < all + 3; i++) {
		snprintf(device, sizeof device, "sim:%d", i);
		happen(h, "crash", device);
	}
	CHECK_U64(counts(h).started, HOOKS_AT_ONCE);
	CHECK_U64(counts(h).dropped, 3);
	CHECK_INT(hook_pending(h), all);
	memset(newlines, '\n', sizeof newlines);
	CHECK_INT(write(gate, newlines, (size_t)all), all);
	finish(h);
	close(gate);
	CHECK_U64(counts(h).started, (uint64_t)all);
	CHECK_U64(counts(h).failed, 0);
	for (i = 0, p = slurp("log"); *p; p++)
		i += *p == '\n';
	CHECK_INT(i, all);
	CHECK_HAS(slurp("log"), "sim:35\n");
	CHECK_LACKS(slurp("log"), "sim:36\n");
	hook_free(h);
}

static void repeats_are_held_back(void)
{
	struct hooks *h = HOOKS(on_event, ":");

	happen(h, "crash", "sim:0");
	happen(h, "crash", "sim:0");
	happen(h, "crash", "sim:1");
	happen(h, "hang", "sim:0");
	happen(h, "hang", NULL);
	happen(h, "hang", NULL);
	CHECK_U64(counts(h).started, 4);
	CHECK_U64(counts(h).held, 2);
	finish(h);
	hook_free(h);
}

static void a_late_one_ends_with_all_it_started(void)
{
	/* the one in the background does not heed TERM */
	struct hooks *h = hooks_with(offsetof(struct settings_guard, on_hang),
				     "(trap '' TERM; exec sleep 1000) & echo $! >pid; wait", 1);
	int status = 0;
	pid_t pid;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	happen(h, "hang", "sim:0");
	finish(h);
	CHECK_U64(counts(h).late, 1);
	CHECK_U64(counts(h).failed, 1);
	pid = (pid_t)strtol(slurp("pid"), NULL, 10);
	if (CHECK(pid > 0)) {
		CHECK_INT(waitpid(pid, &status, 0), pid);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
	hook_free(h);
}

static void each_event_has_its_command(void)
{
	static const char *const names[] = {
#define X(name, text, severity, opposite) text,
		ALARM_LIST(X)
#undef X
	};
	static char on_hang[] = "echo hang $ADIT_EVENT >>map",
		    on_crash[] = "echo crash $ADIT_EVENT >>map",
		    on_stuck[] = "echo stuck $ADIT_EVENT >>map",
		    on_overheat[] = "echo overheat $ADIT_EVENT >>map",
		    on_low_rate[] = "echo low $ADIT_EVENT >>map",
		    on_wrong_results[] = "echo wrong $ADIT_EVENT >>map",
		    on_parked[] = "echo parked $ADIT_EVENT >>map",
		    on_pool_down[] = "echo pool $ADIT_EVENT >>map";
	static const char *const want[] = {
		"hang hang\n",     "crash crash\n",         "crash xid\n",     "stuck stuck\n",
		"stuck off-bus\n", "overheat overheat\n",   "low low-rate\n",  "low no-hashes\n",
		"parked parked\n", "wrong wrong-results\n", "pool pool-down\n"};
	struct settings_guard g = {.hook_timeout_s = 30,
				   .on_hang = on_hang,
				   .on_crash = on_crash,
				   .on_stuck = on_stuck,
				   .on_overheat = on_overheat,
				   .on_low_rate = on_low_rate,
				   .on_wrong_results = on_wrong_results,
				   .on_parked = on_parked,
				   .on_pool_down = on_pool_down};
	struct hooks *h;
	struct err err = {0};
	size_t i;

	if (!CHECK_OK(hook_new(&h, base, &g, &err), &err))
		return;
	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		happen(h, names[i], "sim:0");
	finish(h);
	CHECK_U64(counts(h).started, sizeof want / sizeof want[0]);
	for (i = 0; i < sizeof want / sizeof want[0]; i++)
		CHECK_HAS(slurp("map"), want[i]);
	hook_free(h);
}

static void a_reload_changes_commands(void)
{
	struct hooks *h = HOOKS(on_hang, "echo one >>reload");
	struct settings_guard none = {.hook_timeout_s = 30};
	static char two[] = "echo two >>reload";
	struct err err = {0};

	happen(h, "hang", "sim:0");
	finish(h);
	CHECK_OK(hook_change(h, &none, &err), &err);
	happen(h, "hang", "sim:1");
	finish(h);
	none.on_event = two;
	CHECK_OK(hook_change(h, &none, &err), &err);
	happen(h, "hang", "sim:2");
	finish(h);
	CHECK_STR(slurp("reload"), "one\ntwo\n");
	hook_free(h);
}

static void failures_are_counted(void)
{
	struct hooks *h = HOOKS(on_event, "[ $ADIT_DEVICE = sim:0 ] && exit 3; kill -9 $$");

	happen(h, "hang", "sim:0");
	happen(h, "hang", "sim:1");
	finish(h);
	CHECK_U64(counts(h).failed, 2);
	CHECK_U64(counts(h).late, 0);
	hook_free(h);
}

static int answer_got;

static void on_answer(void *arg, int status)
{
	(void)arg;
	answer_got = status;
}

static int ask(const char *command, uint32_t timeout_s)
{
	struct hooks *h =
		hooks_with(offsetof(struct settings_guard, price_hook), command, timeout_s);

	answer_got = -99;
	CHECK_INT(hook_ask(h, on_answer, NULL), 0);
	CHECK_INT(hook_ask(h, on_answer, NULL), -ERR_BUSY);
	finish(h);
	hook_free(h);
	return answer_got;
}

static void the_price_is_asked_for(void)
{
	struct hooks *h = HOOKS(on_event, ":");

	CHECK_INT(hook_ask(h, on_answer, NULL), -ERR_USAGE);
	hook_free(h);
	CHECK_INT(ask("exit 0", 30), 0);
	CHECK_INT(ask("[ $ADIT_EVENT = price ] && exit 1", 30), 1);
	CHECK_INT(ask("kill -9 $$", 30), -1);
	CHECK_INT(ask("exec sleep 1000", 1), -1);
}

int main(void)
{
	if (enter_scratch())
		T_GIVE_UP("no scratch directory");
	base = event_base_new();
	if (!base)
		T_GIVE_UP("no event loop");
	T_RUN(facts_are_in_the_environment_and_secrets_are_not);
	T_RUN(nothing_of_ours_is_inherited);
	T_RUN(four_run_and_a_bounded_number_waits);
	T_RUN(repeats_are_held_back);
	T_RUN(a_late_one_ends_with_all_it_started);
	T_RUN(each_event_has_its_command);
	T_RUN(a_reload_changes_commands);
	T_RUN(failures_are_counted);
	T_RUN(the_price_is_asked_for);
	event_base_free(base);
	leave_scratch();
	log_done();
	return t_done();
}
