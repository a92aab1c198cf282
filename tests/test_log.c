/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One event, one line: levels, JSON, masking, reopening, and readers that do not read. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <unistd.h>

#include "src/log.h"
#include "tests/t.h"

#define THREADS 4
#define LINES   200

static char path[80], moved[96];

static char *slurp(const char *from)
{
	static char text[1 << 20];
	int fd = open(from, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static void start(enum log_level level, bool json)
{
	const struct log_config config = {
		.level = level, .json = json, .file = path, .quiet = true};
	struct err err = {0};

	unlink(path);
	CHECK_OK(log_setup(&config, &err), &err);
}

static void lines_above_the_level_are_dropped(void)
{
	char *text;

	start(LOG_WARN, false);
	log_error(LOG_POOL, "one");
	log_warn(LOG_SHARE, "two");
	log_info(LOG_MINER, "three");
	log_debug(LOG_MINER, "four");
	text = slurp(path);
	CHECK_HAS(text, " error pool   one\n");
	CHECK_HAS(text, " warn  share  two\n");
	CHECK_LACKS(text, "three");
	CHECK_LACKS(text, "four");
	CHECK(log_enabled(LOG_WARN));
	CHECK(!log_enabled(LOG_NOTICE));
}

static void text_lines_are_dated_and_plain(void)
{
	char *text;
	int year, month, day, hour, minute, second, ms;

	start(LOG_DEBUG, false);
	log_info(LOG_KERNEL, "a\tb\033[31mc\nd\xff g\xc3\xbc");
	text = slurp(path);
	CHECK_INT(sscanf(text, "%d-%d-%d %d:%d:%d.%d", &year, &month, &day, &hour, &minute, &second,
			 &ms),
		  7);
	CHECK_HAS(text, " info  kernel a b?[31mc?d? g\xc3\xbc\n");
}

static void json_lines_are_json(void)
{
	char *text, *end;
	json_t *line;

	start(LOG_DEBUG, true);
	log_warn(LOG_API, "quote \" backslash \\ control \x01 tab \t high \xc3\xa9 bad \xc3");
	text = slurp(path);
	end = strchr(text, '\n');
	if (!CHECK(end != NULL))
		return;
	CHECK_STR(end, "\n");
	line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	if (CHECK(line != NULL)) {
		CHECK_STR(json_string_value(json_object_get(line, "level")), "warn");
		CHECK_STR(json_string_value(json_object_get(line, "area")), "api");
		CHECK_STR(json_string_value(json_object_get(line, "text")),
			  "quote \" backslash \\ control ? tab   high \xc3\xa9 bad ?");
		CHECK_U64(strlen(json_string_value(json_object_get(line, "time"))), 24);
	}
	json_decref(line);
}

/* Whatever the length, in both forms: one line, valid, and no longer than a pipe takes whole. */
static void long_lines_are_cut_and_stay_whole(void)
{
	static char big[20000];
	const size_t lengths[] = {3900, 4040, 4096, 5000, 16383, 16384, 19999};
	size_t i, json;

	for (i = 0; i < 2 * sizeof lengths / sizeof lengths[0]; i++) {
		char *text;

		json = i & 1;
		memset(big, i & 2 ? '"' : 'x', sizeof big);
		big[lengths[i / 2]] = '\0';
		start(LOG_DEBUG, json);
		log_info(LOG_POOL, "%s", big);
		text = slurp(path);
		CHECK(strlen(text) > 3900 && strlen(text) <= 4096);
		CHECK_PTR(strchr(text, '\n'), text + strlen(text) - 1);
		if (json) {
			json_t *line = json_loads(text, 0, NULL);

			CHECK(line != NULL);
			json_decref(line);
		}
	}
}

static void secrets_are_masked_everywhere(void)
{
	static char big[20000];
	char *text;

	log_secret("hunter2hunter2");
	log_secret("with\"quote\\");
	log_secret("x");
	log_secret("abc");
	start(LOG_DEBUG, false);
	log_info(LOG_POOL, "hunter2hunter2 and hunter2hunter2, not hunter2");
	log_info(LOG_POOL, "[\"user\",\"with\\\"quote\\\\\"] with\"quote\\");
	log_info(LOG_POOL, "x abc");
	text = slurp(path);
	CHECK_HAS(text, " *** and ***, not hunter2\n");
	CHECK_HAS(text, " [\"user\",\"***\"] ***\n");
	CHECK_HAS(text, " x abc\n"); /* too short to be masked */
	start(LOG_DEBUG, true);
	log_info(LOG_POOL, "hunter2hunter2 with\"quote\\");
	CHECK_HAS(slurp(path), "\"text\":\"*** ***\"");
	/* one that the cut of a long line goes through */
	memset(big, 'y', sizeof big);
	memcpy(big + 16380, "hunter2hunter2", 15);
	start(LOG_DEBUG, false);
	log_info(LOG_POOL, "%s", big);
	memcpy(big + 4000, "hunter2hunter2", 14);
	log_info(LOG_POOL, "%s", big);
	CHECK_LACKS(slurp(path), "hun");
}

/* So many that all of a long text fits into a line once they are masked, but for its cut end. */
static void a_secret_cut_by_the_buffer_is_not_printed(void)
{
	static char secret[1001], big[20001];
	int i;

	memset(secret, 'z', 1000);
	for (i = 0; i < 20; i++)
		memcpy(big + 1000 * i, secret, 1000);
	log_secret(secret);
	start(LOG_DEBUG, false);
	log_info(LOG_POOL, "%s", big);
	CHECK_HAS(slurp(path), "***");
	CHECK_LACKS(slurp(path), "z");
}

static void reopening_follows_a_renamed_file(void)
{
	start(LOG_DEBUG, false);
	log_info(LOG_MINER, "before");
	CHECK_INT(rename(path, moved), 0);
	log_info(LOG_MINER, "between");
	log_reopen();
	log_info(LOG_MINER, "after");
	CHECK_HAS(slurp(moved), "before");
	CHECK_HAS(slurp(moved), "between");
	CHECK_LACKS(slurp(moved), "after");
	CHECK_HAS(slurp(path), "after");
	CHECK_LACKS(slurp(path), "between");
	unlink(moved);
}

static void a_file_that_cannot_be_opened_changes_nothing(void)
{
	struct log_config config = {
		.level = LOG_DEBUG, .file = "/nonexistent/adit.log", .quiet = true};
	struct err err = {0};

	start(LOG_WARN, false);
	CHECK_ERR(log_setup(&config, &err), ERR_IO, &err);
	CHECK_STR(err.text, "--log-file /nonexistent/adit.log: cannot open it: No such file or "
			    "directory");
	log_warn(LOG_MINER, "still here");
	log_debug(LOG_MINER, "too quiet");
	CHECK_HAS(slurp(path), "still here");
	CHECK_LACKS(slurp(path), "too quiet");
}

static void *writer(void *arg)
{
	int i;

	for (i = 0; i < LINES; i++)
		log_info(LOG_SHARE, "thread %d line %d ----------------------------------------",
			 *(int *)arg, i);
	return NULL;
}

static void lines_of_threads_do_not_mix(void)
{
	pthread_t threads[THREADS];
	int numbers[THREADS], i, n = 0, thread, line;
	char *text, *end;

	start(LOG_DEBUG, false);
	for (i = 0; i < THREADS; i++) {
		numbers[i] = i;
		pthread_create(&threads[i], NULL, writer, &numbers[i]);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (text = slurp(path); (end = strchr(text, '\n')) != NULL; text = end + 1) {
		char *at = strstr(text, " thread ");

		*end = '\0';
		n += at && sscanf(at, " thread %d line %d", &thread, &line) == 2 && end[-1] == '-';
	}
	CHECK_INT(n, THREADS * LINES);
}

/* A full pipe: nothing blocks, and the lines that were dropped are counted when it drains. */
static void a_reader_that_does_not_read_holds_nobody_up(void)
{
	const struct log_config config = {.level = LOG_DEBUG};
	static char drained[1 << 20];
	struct err err = {0};
	int fds[2], saved = dup(STDERR_FILENO), i;
	ssize_t n;

	if (!CHECK_INT(pipe(fds), 0))
		return;
	dup2(fds[1], STDERR_FILENO);
	CHECK_OK(log_setup(&config, &err), &err);
	for (i = 0; i < 2000; i++)
		log_info(LOG_POOL, "line %d of many that nobody reads", i);
	n = read(fds[0], drained, sizeof drained - 1);
	CHECK(n > 0);
	log_info(LOG_POOL, "the last one");
	n = read(fds[0], drained, sizeof drained - 1);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(fds[0]);
	close(fds[1]);
	drained[n < 0 ? 0 : n] = '\0';
	CHECK_HAS(drained, " log lines dropped");
	CHECK_HAS(drained, "the last one");
}

static char *to_stderr(int colour, const char *no_color)
{
	const struct log_config config = {.level = LOG_DEBUG, .colour = colour};
	static char text[4096] = "";
	struct err err = {0};
	int fds[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	if (no_color)
		setenv("NO_COLOR", no_color, 1);
	else
		unsetenv("NO_COLOR");
	if (!CHECK_INT(pipe(fds), 0))
		return text;
	dup2(fds[1], STDERR_FILENO);
	CHECK_OK(log_setup(&config, &err), &err);
	log_error(LOG_POOL, "red");
	dup2(saved, STDERR_FILENO);
	n = read(fds[0], text, sizeof text - 1);
	text[n < 0 ? 0 : n] = '\0';
	close(saved);
	close(fds[0]);
	close(fds[1]);
	return text;
}

static void colour_is_for_terminals_or_on_demand(void)
{
	CHECK_LACKS(to_stderr(-1, NULL), "\033"); /* a pipe is no terminal */
	CHECK_HAS(to_stderr(1, "1"), "\033[31m");
	CHECK_HAS(to_stderr(1, "1"), "red\033[0m\n");
	CHECK_LACKS(to_stderr(0, NULL), "\033");
}

static void errno_survives_a_log_line(void)
{
	start(LOG_DEBUG, false);
	errno = 4711;
	log_info(LOG_POOL, "line");
	CHECK_INT(errno, 4711);
}

static void a_flood_is_a_line_now_and_then_with_a_count(void)
{
	struct log_gap gap = {0};
	uint64_t held = 99;
	int i, lines = 0;

	CHECK(log_gap(&gap, 1000, &held));
	CHECK_INT(held, 0);
	for (i = 0; i < 500; i++)
		lines += log_gap(&gap, 1000 + i, &held);
	CHECK_INT(lines, 0);
	CHECK(log_gap(&gap, 1000 + LOG_GAP_MS, &held));
	CHECK_INT(held, 500);
	CHECK(log_gap(&gap, 1000 + 2 * LOG_GAP_MS, &held));
	CHECK_INT(held, 0);
}

int main(void)
{
	const char *base = getenv("TMPDIR");
	int fd;

	snprintf(path, sizeof path, "%s/adit-log.XXXXXX",
		 base && strlen(base) < 40 ? base : "/tmp");
	fd = mkstemp(path);
	if (fd < 0)
		T_GIVE_UP("no scratch file");
	close(fd);
	snprintf(moved, sizeof moved, "%s.1", path);
	T_RUN(lines_above_the_level_are_dropped);
	T_RUN(text_lines_are_dated_and_plain);
	T_RUN(json_lines_are_json);
	T_RUN(long_lines_are_cut_and_stay_whole);
	T_RUN(secrets_are_masked_everywhere);
	T_RUN(a_secret_cut_by_the_buffer_is_not_printed);
	T_RUN(reopening_follows_a_renamed_file);
	T_RUN(a_file_that_cannot_be_opened_changes_nothing);
	T_RUN(lines_of_threads_do_not_mix);
	T_RUN(a_reader_that_does_not_read_holds_nobody_up);
	T_RUN(colour_is_for_terminals_or_on_demand);
	T_RUN(errno_survives_a_log_line);
	T_RUN(a_flood_is_a_line_now_and_then_with_a_count);
	log_done();
	unlink(path);
	return t_done();
}
