/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hot keys on a real terminal: a pseudo one, with a child at it. */
#define _GNU_SOURCE 1
#include <event2/event.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "src/keys.h"
#include "tests/t.h"

#define PATIENCE_MS 60000 /* then something is broken */

/* ---- the child ---- */

static struct event_base *base;
static int out; /* where it says what was pressed */

static void say(const char *text)
{
	if (write(out, text, strlen(text)) != (ssize_t)strlen(text))
		_exit(T_BROKEN);
}

static void on_pause_all(void *arg)
{
	(void)arg;
	say("p");
}

static void on_pause(void *arg, unsigned device)
{
	const char digit[2] = {(char)('0' + device), '\0'};

	(void)arg;
	say(digit);
}

static void on_status(void *arg)
{
	(void)arg;
	say("s");
}

static void on_quit(void *arg)
{
	(void)arg;
	say("q");
	event_base_loopbreak(base);
}

static void on_debug(void *arg) /* means a crash here */
{
	(void)arg;
	abort();
}

static void on_help(void *arg)
{
	(void)arg;
	say("h");
}

static void listen_to_keys(void)
{
	static const struct keys_events events = {.pause_all = on_pause_all,
						  .pause = on_pause,
						  .status = on_status,
						  .quit = on_quit,
						  .debug = on_debug,
						  .help = on_help};
	struct keys *k = NULL;
	struct err err = {0};

	base = event_base_new();
	if (!base || keys_new(&k, base, STDIN_FILENO, &events, NULL, &err))
		_exit(T_BROKEN);
	say("+");
	event_base_dispatch(base);
	keys_free(k);
	event_base_free(base);
}

/* ---- the parent ---- */

struct terminal {
	int master, from; /* from: what the child says */
	pid_t child;
};

/* A child at a terminal of its own; run() in it. */
static struct terminal open_terminal(void (*run)(void))
{
	struct terminal at = {0};
	int pipes[2];

	if (pipe(pipes)) {
		printf("broken: no pipe\n");
		exit(T_BROKEN);
	}
	fflush(NULL);
	at.child = forkpty(&at.master, NULL, NULL, NULL);
	if (at.child < 0) {
		printf("broken: no terminal\n");
		exit(T_BROKEN);
	}
	if (!at.child) {
		close(pipes[0]);
		out = pipes[1];
		alarm(PATIENCE_MS / 1000);
		run();
		_exit(0);
	}
	close(pipes[1]);
	at.from = pipes[0];
	return at;
}

static void close_terminal(struct terminal *at)
{
	close(at->master);
	close(at->from);
}

/* Exactly these characters come from the child. */
static bool says(const struct terminal *at, const char *want)
{
	char got[64] = "";
	size_t n = 0;

	while (n < strlen(want)) {
		struct pollfd p = {.fd = at->from, .events = POLLIN};

		if (poll(&p, 1, PATIENCE_MS) <= 0 || read(at->from, got + n, 1) != 1)
			break;
		n++;
	}
	got[n] = '\0';
	return CHECK_STR(got, want);
}

static void type(const struct terminal *at, const char *keys)
{
	CHECK_INT(write(at->master, keys, strlen(keys)), (int64_t)strlen(keys));
}

/* Linux tells the modes of a pseudo terminal at its master too. */
static bool cooked(const struct terminal *at)
{
	struct termios now;

	if (tcgetattr(at->master, &now))
		return false;
	return (now.c_lflag & ICANON) && (now.c_lflag & ECHO);
}

static int ending(const struct terminal *at)
{
	int status = -1;

	CHECK_INT(waitpid(at->child, &status, 0), at->child);
	return status;
}

/* ---- claims ---- */

static void keys_come_one_by_one_and_the_terminal_is_put_back(void)
{
	struct terminal at = open_terminal(listen_to_keys);

	if (says(&at, "+")) {
		CHECK(!cooked(&at));
		type(&at, "p");
		says(&at, "p");
		type(&at, "07S?h\nx");
		says(&at, "07shh");
		type(&at, "\033[A\033[15~\033OPs"); /* arrow, F5, F1, s */
		says(&at, "s");
		type(&at, "q");
		says(&at, "q");
		CHECK_INT(ending(&at), 0);
		CHECK(cooked(&at));
	}
	close_terminal(&at);
}

static void a_crash_puts_the_terminal_back(void)
{
	struct terminal at = open_terminal(listen_to_keys);
	int status;

	if (says(&at, "+")) {
		CHECK(!cooked(&at));
		type(&at, "d");
		status = ending(&at);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
		CHECK(cooked(&at));
	}
	close_terminal(&at);
}

/* The line "x": the parent has seen what it wanted to. */
static bool told_to_go_on(void)
{
	char line[8];

	return read(STDIN_FILENO, line, sizeof line) == 2 && line[0] == 'x';
}

/* A shell of few words: a job in the background, which comes to the foreground and stops. */
static void be_a_shell(void)
{
	int status;
	pid_t job = fork();

	if (!job) {
		setpgid(0, 0);
		listen_to_keys();
		_exit(0);
	}
	signal(SIGTTOU, SIG_IGN);
	if (!told_to_go_on())
		_exit(4);
	tcsetpgrp(STDIN_FILENO, job);
	if (waitpid(job, &status, WUNTRACED) != job || !WIFSTOPPED(status))
		_exit(1);
	tcsetpgrp(STDIN_FILENO, getpgrp());
	say(WSTOPSIG(status) == SIGTSTP ? "z" : "?");
	if (!told_to_go_on())
		_exit(2);
	tcsetpgrp(STDIN_FILENO, job);
	kill(-job, SIGCONT);
	if (waitpid(job, &status, 0) != job || status)
		_exit(3);
	tcsetpgrp(STDIN_FILENO, getpgrp());
	_exit(0);
}

static void jobs_leave_the_terminal_alone_in_the_background(void)
{
	struct terminal at = open_terminal(be_a_shell);

	if (says(&at, "+")) {
		CHECK(cooked(&at)); /* and the job was not stopped by touching it */
		type(&at, "x\n");   /* the shell's: now the job is in the foreground */
		type(&at, "s\n");   /* keys that wait for it */
		says(&at, "s");
		CHECK(!cooked(&at));
		type(&at, "\032"); /* Ctrl-Z */
		says(&at, "z");
		CHECK(cooked(&at));
		type(&at, "x\n");
		type(&at, "h\n");
		says(&at, "h");
		CHECK(!cooked(&at));
		type(&at, "q");
		says(&at, "q");
		CHECK_INT(ending(&at), 0);
		CHECK(cooked(&at));
	}
	close_terminal(&at);
}

static void a_file_is_no_terminal(void)
{
	static const struct keys_events events = {0};
	struct event_base *some = event_base_new();
	struct keys *k = NULL;
	struct err err = {0};
	int fds[2];

	if (CHECK(pipe(fds) == 0)) {
		CHECK_ERR(keys_new(&k, some, fds[0], &events, NULL, &err), ERR_NODEV, &err);
		CHECK_PTR(k, NULL);
		close(fds[0]);
		close(fds[1]);
	}
	event_base_free(some);
}

static void sequences_are_no_keys(void)
{
	static const char in[] = "a\033\033[1;5Cb\033x\033OQc\001\177\xc3\xa9 d\033[";
	struct keys_reader r = {0};
	char got[32];
	size_t i, n = 0;

	for (i = 0; i < sizeof in - 1; i++) {
		char key = keys_read(&r, (unsigned char)in[i]);

		if (key)
			got[n++] = key;
	}
	got[n] = '\0';
	CHECK_STR(got, "abcd");
}

static void arrows_and_pages_have_names(void)
{
	static const struct {
		const char *in;
		char want;
	} cases[] = {{"\033[A", KEYS_UP},
		     {"\033OB", KEYS_DOWN},
		     {"\033[5~", KEYS_PAGE_UP},
		     {"\033[6~", KEYS_PAGE_DOWN},
		     {"\033[H", KEYS_HOME},
		     {"\033[4~", KEYS_END},
		     {"\033[1;5A", 0},
		     {"\033[25~", 0},
		     {"\033[;A", 0},
		     {"\t", KEYS_TAB},
		     {"\r", KEYS_ENTER},
		     {"\n", KEYS_ENTER},
		     {"\014", KEYS_REDRAW},
		     {"\001", 0},
		     {"\006", 0}};
	size_t i, k;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct keys_reader r = {0};
		char got = 0;

		for (k = 0; cases[i].in[k]; k++)
			got = keys_read(&r, (unsigned char)cases[i].in[k]);
		if (!CHECK_INT(got, cases[i].want))
			printf("\tof case %zu\n", i);
	}
}

int main(void)
{
	T_RUN(sequences_are_no_keys);
	T_RUN(arrows_and_pages_have_names);
	T_RUN(a_file_is_no_terminal);
	T_RUN(keys_come_one_by_one_and_the_terminal_is_put_back);
	T_RUN(a_crash_puts_the_terminal_back);
	T_RUN(jobs_leave_the_terminal_alone_in_the_background);
	return t_done();
}
