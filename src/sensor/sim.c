/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sensors of simulated devices: what they read stands in the text file that ADIT_SIM_SENSORS
 * names, which is read again for every reading.  A line a device: its number in the rig, then
 * fields as sensor_name() has them ("0 core_mc=65000 power_mw=120000") and words: "lost" (the
 * card is gone), "hang" (the call never returns), "silent" (nothing can be read), "crash" (the
 * process dies), "refuse" (nothing can be set).  What is set is appended to the same path with
 * ".set" behind it.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/clock.h"
#include "src/sensor/table.h"
#include "src/str.h"

#define VARIABLE  "ADIT_SIM_SENSORS"
#define PATH_MAX_ 480
#define FILE_MAX  16384

struct sim {
	char path[PATH_MAX_];
	uint32_t index[64]; /* what handles point to */
	unsigned n;
};

static int sim_open(void **ctx, struct err *err)
{
	const char *path = secure_getenv(VARIABLE);
	struct sim *s;

	if (!path || !path[0])
		return err_set(err, ERR_NODEV, VARIABLE " is not set");
	s = calloc(1, sizeof *s);
	if (!s)
		return err_set(err, ERR_NOMEM, "no memory for simulated sensors");
	if (!str_copy(s->path, sizeof s->path, path)) {
		free(s);
		return err_set(err, ERR_RANGE, VARIABLE ": the path is longer than %d bytes",
			       PATH_MAX_ - 1);
	}
	*ctx = s;
	return 0;
}

static void sim_close(void *ctx)
{
	free(ctx);
}

static int sim_match(void *ctx, const struct sensor_target *t, void **handle, struct err *err)
{
	struct sim *s = ctx;

	if (t->pci[0] || s->n == sizeof s->index / sizeof s->index[0])
		return err_set(err, ERR_NODEV, "not a simulated device");
	s->index[s->n] = t->index;
	*handle = &s->index[s->n++];
	return 0;
}

/* The words behind the device's number, in text. */
static char *find_line(char *text, uint32_t index)
{
	char *line, *end, *words;
	uint64_t number;

	for (line = text; line && *line; line = end) {
		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		words = line + strcspn(line, " ");
		if (*words)
			*words++ = '\0';
		if (!str_to_u64(&number, line, 0, UINT32_MAX) && number == index)
			return words;
	}
	return NULL;
}

static int load(const struct sim *s, uint32_t index, char *text, char **words, struct err *err)
{
	int fd = open(s->path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return err_set(err, ERR_IO, "%s: %s", s->path, strerror(errno));
	n = read(fd, text, FILE_MAX - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	*words = find_line(text, index);
	if (!*words)
		return err_set(err, ERR_NODEV, "%s has no line for device %" PRIu32, s->path,
			       index);
	return 0;
}

static int put_field(struct sensor_reading *out, char *word, struct err *err)
{
	char *value = strchr(word, '=');
	const char *name;
	int64_t v;
	int f;

	if (value)
		*value++ = '\0';
	for (f = 0; (name = sensor_name(f)) != NULL; f++)
		if (value && !strcmp(name, word) && !str_to_i64(&v, value, INT64_MIN, INT64_MAX)) {
			sensor_put(out, f, v);
			return 0;
		}
	return err_set(err, ERR_PARSE, "a simulated sensor cannot have '%s'", word);
}

static void hang(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	for (;;)
		pause();
}

static int sim_read(void *ctx, void *handle, struct sensor_reading *out, struct err *err)
{
	char text[FILE_MAX], *words, *word;
	int rc = load(ctx, *(uint32_t *)handle, text, &words, err);

	if (rc)
		return rc;
	while ((word = strsep(&words, " \t\r")) != NULL) {
		if (!strcmp(word, "hang"))
			hang();
		if (!strcmp(word, "crash"))
			raise(SIGKILL);
		if (!strcmp(word, "silent"))
			return err_set(err, ERR_DEVICE, "silent, as its script wants it");
		if (!strcmp(word, "lost"))
			out->lost = 1;
		else if (*word && strcmp(word, "refuse") != 0 && put_field(out, word, err))
			return -ERR_PARSE;
	}
	return 0;
}

static int sim_set(void *ctx, void *handle, const struct sensor_setting *set, struct err *err)
{
	const struct sim *s = ctx;
	uint32_t index = *(uint32_t *)handle;
	char text[FILE_MAX], line[96], path[PATH_MAX_ + 8], *words;
	int fd, len, rc = load(s, index, text, &words, err);

	if (rc)
		return rc;
	if (strstr(words, "refuse"))
		return err_set(err, ERR_PERM, "refused, as its script wants it");
	snprintf(path, sizeof path, "%s.set", s->path);
	len = snprintf(line, sizeof line,
		       "%" PRIu32 " limit_mw=%" PRId64 " fan_permille=%" PRId64 "\n", index,
		       set->limit_mw, set->fan_permille);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, line, (size_t)len) != len)
		rc = err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return rc;
}

const struct sensor_source sensor_source_sim = {
	.name = "sim",
	.open = sim_open,
	.close = sim_close,
	.match = sim_match,
	.read = sim_read,
	.set = sim_set,
};
