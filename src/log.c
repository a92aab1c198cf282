/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The log.  Each line is composed in one buffer under a lock and written with one write(2), so
 * that lines of threads and processes never mix.  A reader that does not read (a stopped pager,
 * a full pipe) costs one short wait, then lines are dropped and counted until it reads again.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "src/clock.h"
#include "src/log.h"
#include "src/utf8.h"

#define LINE_SIZE      4096  /* PIPE_BUF: one write of it is never torn */
#define TEXT_SIZE      16384 /* before masking and cutting */
#define PATIENCE_MS    50
#define SECRET_LEAST   4 /* shorter ones would mask half the words there are */
#define SECRET_LONGEST 1024

struct sink {
	int fd; /* -1: none */
	bool stuck;
	unsigned long dropped;
};

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static const char *const area_names[LOG_AREAS] = {"miner",  "pool",   "job", "share",
						  "device", "kernel", "api"};

/* The one state of the program that everybody shares: where its log goes. */
static struct {
	pthread_mutex_t lock;
	enum log_level level;
	bool json, colour, quiet, tapped; /* tapped: not to standard error */
	void (*tap)(void *arg, enum log_level level, const char *line);
	void *tap_arg;
	char *path;
	struct sink err, file;
	char **secrets;
	unsigned n_secrets;
	char text[TEXT_SIZE], masked[TEXT_SIZE], line[LINE_SIZE];
} log_state = {.lock = PTHREAD_MUTEX_INITIALIZER,
	       .level = LOG_NOTICE,
	       .err = {.fd = STDERR_FILENO},
	       .file = {.fd = -1}};

/* ---- composing ---- */

/* Printable characters of text to out, never cut inside one; returns bytes. */
static size_t put_plain(char *out, size_t size, const char *text)
{
	size_t used = 0, len;

	while (*text) {
		len = utf8_char(text);
		if (used + (len ? len : 1) >= size)
			break;
		if (len)
			memcpy(out + used, text, len);
		else
			out[used] = *text == '\t' ? ' ' : '?';
		used += len ? len : 1;
		text += len ? len : 1;
	}
	out[used] = '\0';
	return used;
}

static size_t put_json(char *out, size_t size, const char *text)
{
	size_t used = 0, len;

	while (*text) {
		len = utf8_char(text);
		if (used + 6 >= size)
			break;
		if (*text == '"' || *text == '\\')
			out[used++] = '\\';
		if (len)
			memcpy(out + used, text, len);
		else
			out[used] = *text == '\t' ? ' ' : '?';
		used += len ? len : 1;
		text += len ? len : 1;
	}
	out[used] = '\0';
	return used;
}

static size_t put_time(char *out, size_t size, bool utc)
{
	int64_t now = clock_wall_ms();
	time_t seconds = (time_t)(now / 1000);
	struct tm tm;
	size_t n;

	if (utc)
		gmtime_r(&seconds, &tm);
	else
		localtime_r(&seconds, &tm);
	n = strftime(out, size, utc ? "%Y-%m-%dT%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &tm);
	n += (size_t)snprintf(out + n, size - n, ".%03d%s", (int)(now % 1000), utc ? "Z" : "");
	return n;
}

static size_t compose_json(char *out, size_t size, enum log_level level, enum log_area area,
			   const char *text)
{
	char when[40];
	size_t n;

	put_time(when, sizeof when, true);
	n = (size_t)snprintf(out, size,
			     "{\"time\":\"%s\",\"level\":\"%s\",\"area\":\"%s\",\"text\":\"", when,
			     level_names[level], area_names[area]);
	n += put_json(out + n, size - n - 3, text);
	memcpy(out + n, "\"}\n", 3);
	return n + 3;
}

static size_t compose_text(char *out, size_t size, enum log_level level, enum log_area area,
			   const char *text, bool colour)
{
	static const char *const colours[] = {"\033[31m", "\033[33m", "", "\033[2m"};
	const char *on = colour ? colours[level] : "", *off = *on ? "\033[0m" : "";
	size_t n = put_time(out, size, false);

	n += (size_t)snprintf(out + n, size - n, " %s%-5s %-6s ", on, level_names[level],
			      area_names[area]);
	n += put_plain(out + n, size - n - strlen(off) - 1, text);
	n += (size_t)snprintf(out + n, size - n, "%s", off);
	out[n++] = '\n';
	return n;
}

/*
 * Text in the last SECRET_LONGEST bytes of the buffer may be cut inside a secret,
 * which would then not be recognised: nothing that begins there is printed.
 */
static void mask(char *out, size_t size, const char *text)
{
	const char *end = text + TEXT_SIZE - SECRET_LONGEST;
	size_t used = 0;
	unsigned i;

	while (*text && text < end && used + 4 < size) {
		for (i = 0; i < log_state.n_secrets; i++)
			if (!strncmp(text, log_state.secrets[i], strlen(log_state.secrets[i])))
				break;
		if (i < log_state.n_secrets) {
			memcpy(out + used, "***", 3);
			used += 3;
			text += strlen(log_state.secrets[i]);
		} else {
			out[used++] = *text++;
		}
	}
	out[used] = '\0';
}

/* ---- writing ---- */

static bool writable(struct sink *s)
{
	struct pollfd p = {.fd = s->fd, .events = POLLOUT};
	int n = poll(&p, 1, s->stuck ? 0 : PATIENCE_MS);

	s->stuck = n == 0;
	return n > 0;
}

static void write_sink(struct sink *s, const char *line, size_t len)
{
	char note[96];
	int n;

	if (s->fd < 0)
		return;
	if (!writable(s)) {
		s->dropped++;
		return;
	}
	if (s->dropped) {
		n = snprintf(note, sizeof note,
			     log_state.json
				     ? "{\"level\":\"warn\",\"area\":\"miner\",\"text\":\"%lu "
				       "log lines dropped\"}\n"
				     : "%lu log lines dropped: nobody read them\n",
			     s->dropped);
		if (n > 0 && write(s->fd, note, (size_t)n) == n)
			s->dropped = 0;
	}
	/* There is nowhere to complain about a log that cannot be written. */
	if (write(s->fd, line, len) != (ssize_t)len)
		s->dropped++;
}

static void emit(enum log_level level, enum log_area area, const char *text)
{
	bool quiet = log_state.quiet || log_state.tapped;
	size_t n;

	if (log_state.tap) {
		n = compose_text(log_state.line, LINE_SIZE, level, area, text, false);
		log_state.line[n - 1] = '\0';
		log_state.tap(log_state.tap_arg, level, log_state.line);
	}
	if (log_state.json) {
		n = compose_json(log_state.line, LINE_SIZE, level, area, text);
		if (!quiet)
			write_sink(&log_state.err, log_state.line, n);
		write_sink(&log_state.file, log_state.line, n);
		return;
	}
	if (!quiet) {
		n = compose_text(log_state.line, LINE_SIZE, level, area, text, log_state.colour);
		write_sink(&log_state.err, log_state.line, n);
	}
	if (log_state.file.fd >= 0) {
		n = compose_text(log_state.line, LINE_SIZE, level, area, text, false);
		write_sink(&log_state.file, log_state.line, n);
	}
}

bool log_enabled(enum log_level level)
{
	return level <= __atomic_load_n(&log_state.level, __ATOMIC_RELAXED);
}

void log_line(enum log_level level, enum log_area area, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	if (!log_enabled(level))
		return;
	pthread_mutex_lock(&log_state.lock);
	va_start(ap, fmt);
	vsnprintf(log_state.text, TEXT_SIZE, fmt, ap);
	va_end(ap);
	mask(log_state.masked, TEXT_SIZE, log_state.text);
	emit(level, area, log_state.masked);
	pthread_mutex_unlock(&log_state.lock);
	errno = saved;
}

bool log_gap(struct log_gap *g, int64_t now_ms, uint64_t *held)
{
	if (now_ms < g->until_ms) {
		g->held++;
		return false;
	}
	*held = g->held;
	g->held = 0;
	g->until_ms = now_ms + LOG_GAP_MS;
	return true;
}

/* ---- settings ---- */

static int open_file(const char *path, struct err *err)
{
	int fd =
		open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);

	if (fd < 0)
		err_set(err, ERR_IO, "--log-file %s: cannot open it: %s", path, strerror(errno));
	return fd;
}

static bool wants_colour(int colour)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if (colour >= 0)
		return colour;
	if ((no && *no) || (term && !strcmp(term, "dumb")))
		return false;
	return isatty(STDERR_FILENO);
}

static void swap_file(int fd)
{
	if (log_state.file.fd >= 0)
		close(log_state.file.fd);
	log_state.file = (struct sink){.fd = fd};
}

int log_setup(const struct log_config *config, struct err *err)
{
	char *path = NULL;
	int fd = -1;

	if (config->file) {
		path = strdup(config->file);
		if (!path)
			return err_set(err, ERR_NOMEM, "out of memory opening the log");
		fd = open_file(path, err);
		if (fd < 0) {
			free(path);
			return -ERR_IO;
		}
	}
	pthread_mutex_lock(&log_state.lock);
	__atomic_store_n(&log_state.level, config->level, __ATOMIC_RELAXED);
	log_state.json = config->json;
	log_state.quiet = config->quiet;
	log_state.colour = wants_colour(config->colour);
	swap_file(fd);
	free(log_state.path);
	log_state.path = path;
	pthread_mutex_unlock(&log_state.lock);
	return 0;
}

void log_tap(void (*fn)(void *arg, enum log_level level, const char *line), void *arg, bool instead)
{
	pthread_mutex_lock(&log_state.lock);
	log_state.tap = fn;
	log_state.tap_arg = arg;
	log_state.tapped = fn && instead;
	pthread_mutex_unlock(&log_state.lock);
}

void log_change(enum log_level level)
{
	__atomic_store_n(&log_state.level, level, __ATOMIC_RELAXED);
}

void log_reopen(void)
{
	struct err err = {0};
	int fd = -1;

	pthread_mutex_lock(&log_state.lock);
	if (log_state.path) {
		fd = open_file(log_state.path, &err);
		if (fd >= 0)
			swap_file(fd);
	}
	pthread_mutex_unlock(&log_state.lock);
	if (err.code)
		log_warn(LOG_MINER, "%s; the old one stays open", err.text);
}

static void add_secret(const char *text)
{
	char **more;
	unsigned i;

	for (i = 0; i < log_state.n_secrets; i++)
		if (!strcmp(log_state.secrets[i], text))
			return;
	more = realloc(log_state.secrets, (log_state.n_secrets + 1) * sizeof *more);
	if (!more)
		return;
	log_state.secrets = more;
	more[log_state.n_secrets] = strdup(text);
	log_state.n_secrets += more[log_state.n_secrets] != NULL;
}

void log_secret(const char *text)
{
	char escaped[2 * SECRET_LONGEST];
	size_t n = 0, len = strlen(text);
	const char *p;

	if (len < SECRET_LEAST || len >= SECRET_LONGEST)
		return;
	for (p = text; *p; p++) { /* as it stands in protocol lines */
		if (*p == '"' || *p == '\\')
			escaped[n++] = '\\';
		escaped[n++] = *p;
	}
	escaped[n] = '\0';
	pthread_mutex_lock(&log_state.lock);
	add_secret(text);
	add_secret(escaped);
	pthread_mutex_unlock(&log_state.lock);
	OPENSSL_cleanse(escaped, sizeof escaped);
}

void log_done(void)
{
	unsigned i;

	pthread_mutex_lock(&log_state.lock);
	swap_file(-1);
	free(log_state.path);
	log_state.path = NULL;
	for (i = 0; i < log_state.n_secrets; i++) {
		OPENSSL_cleanse(log_state.secrets[i], strlen(log_state.secrets[i]));
		free(log_state.secrets[i]);
	}
	free(log_state.secrets);
	log_state.secrets = NULL;
	log_state.n_secrets = 0;
	pthread_mutex_unlock(&log_state.lock);
}
