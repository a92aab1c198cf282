/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings found by tuning, in one file.  Uses Linux calls (flock, O_NOFOLLOW, openat). */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "config.h"
#include "src/engine.h"
#include "src/profile.h"
#include "src/str.h"

#define FILE_NAME "profiles.json"
#define LOCK_NAME "profiles.lock"
#define TEMP_NAME ".profiles-%ld"
#define FORMAT    1

/* Ranges of what is believed. */
#define LIMIT_MIN_MW 1000
#define LIMIT_MAX_MW 5000000
#define RATE_MAX     1e18
#define AT_MAX_S     ((int64_t)1 << 40)

/* --- what it is for ----------------------------------------------------------- */

void profile_key(char *out, size_t size, const struct device_info *info)
{
	char text[192];

	if (info->uuid[0] || info->pci[0])
		snprintf(text, sizeof text, "%s %s", info->backend,
			 info->uuid[0] ? info->uuid : info->pci);
	else
		snprintf(text, sizeof text, "%s:%u %s", info->backend, info->index, info->name);
	str_printable(out, size, text, strlen(text));
}

static void describe_set(char *out, size_t size, const struct algo *algo, const uint64_t *set)
{
	size_t used = 0;
	int i;

	out[0] = '\0';
	for (i = 0; algo->settings && i < ALGO_SETTINGS_MAX && algo->settings[i].name; i++)
		if (set[i] != algo->settings[i].def && used < size)
			used += (size_t)snprintf(out + used, size - used, "%s%s=%llu",
						 used ? " " : "", algo->settings[i].name,
						 (unsigned long long)set[i]);
}

void profile_init(struct profile *out, const struct device_info *info, const struct algo *algo,
		  const uint64_t *set)
{
	memset(out, 0, sizeof *out);
	profile_key(out->device, sizeof out->device, info);
	str_copy(out->algo, sizeof out->algo, algo->name);
	describe_set(out->set, sizeof out->set, algo, set);
	str_printable(out->driver, sizeof out->driver, info->driver, strlen(info->driver));
	str_copy(out->version, sizeof out->version, PACKAGE_VERSION);
	out->limit_mw = TUNE_LEAVE;
	out->power_mw = -1;
}

static bool same_thing(const struct profile *a, const struct profile *b)
{
	return !strcmp(a->device, b->device) && !strcmp(a->algo, b->algo) &&
	       !strcmp(a->set, b->set);
}

/* --- one entry ---------------------------------------------------------------- */

/* A text of at least one printable character (none when it may be empty) that fits. */
static bool take_text(const json_t *o, const char *name, char *out, size_t size, bool may_be_empty)
{
	const json_t *v = json_object_get(o, name);
	const char *text = json_string_value(v);
	size_t len = text ? json_string_length(v) : 0;

	if (!text || len >= size || strlen(text) != len || (!len && !may_be_empty))
		return false;
	str_printable(out, size, text, len);
	return !strcmp(out, text);
}

static bool take_number(const json_t *o, const char *name, double min, double max, double *out)
{
	const json_t *v = json_object_get(o, name);

	*out = json_number_value(v);
	return json_is_number(v) && isfinite(*out) && *out >= min && *out <= max;
}

static bool take_whole(const json_t *o, const char *name, int64_t min, int64_t max, int64_t *out)
{
	const json_t *v = json_object_get(o, name);

	*out = json_integer_value(v);
	return json_is_integer(v) && *out >= min && *out <= max;
}

static bool take_metric(const json_t *o, enum tune_metric *out)
{
	const char *text = json_string_value(json_object_get(o, "metric"));
	int i;

	for (i = TUNE_HASHRATE; text && i <= TUNE_FLOOR; i++)
		if (!strcmp(text, tune_metric_word((enum tune_metric)i))) {
			*out = (enum tune_metric)i;
			return true;
		}
	return false;
}

/* Members that a device may not have told are left out of the file. */
static bool optional(const json_t *o, const char *name)
{
	return !json_object_get(o, name);
}

static bool read_entry(const json_t *o, struct profile *p)
{
	int64_t intensity, batch_us;

	memset(p, 0, sizeof *p);
	if (!json_is_object(o) || !take_text(o, "device", p->device, sizeof p->device, false) ||
	    !take_text(o, "algo", p->algo, sizeof p->algo, false) ||
	    !take_text(o, "set", p->set, sizeof p->set, true) ||
	    !take_text(o, "driver", p->driver, sizeof p->driver, true) ||
	    !take_text(o, "version", p->version, sizeof p->version, true) ||
	    !take_metric(o, &p->metric) || !take_whole(o, "intensity", 1, 32, &intensity) ||
	    !take_whole(o, "batch_us", 0, UINT32_MAX, &batch_us) ||
	    !take_number(o, "rate_hps", 0, RATE_MAX, &p->rate_hps) ||
	    !take_whole(o, "at_s", 0, AT_MAX_S, &p->at_s))
		return false;
	p->intensity = (uint32_t)intensity;
	p->batch_us = (uint32_t)batch_us;
	p->limit_mw = TUNE_LEAVE;
	p->power_mw = -1;
	if (!optional(o, "limit_mw") &&
	    !take_whole(o, "limit_mw", LIMIT_MIN_MW, LIMIT_MAX_MW, &p->limit_mw))
		return false;
	return optional(o, "power_mw") || take_number(o, "power_mw", 0, LIMIT_MAX_MW, &p->power_mw);
}

static json_t *write_entry(const struct profile *p)
{
	json_t *o = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:f, s:I}", "device", p->device, "algo",
		p->algo, "set", p->set, "driver", p->driver, "version", p->version, "metric",
		tune_metric_word(p->metric), "intensity", (json_int_t)p->intensity, "batch_us",
		(json_int_t)p->batch_us, "rate_hps", p->rate_hps, "at_s", (json_int_t)p->at_s);

	if (o && p->limit_mw > 0 && json_object_set_new(o, "limit_mw", json_integer(p->limit_mw))) {
		json_decref(o);
		return NULL;
	}
	if (o && p->power_mw >= 0 && json_object_set_new(o, "power_mw", json_real(p->power_mw))) {
		json_decref(o);
		return NULL;
	}
	return o;
}

/* --- the file ----------------------------------------------------------------- */

static int unusable(struct err *err, int code, const char *dir, const char *why)
{
	return err_set(err, code, "%s/%s is not used: %s", dir, FILE_NAME, why);
}

/* Its bytes, at most PROFILE_FILE_MAX; NULL when there is none, or *rc says why it is no good. */
static char *slurp(int dirfd, const char *dir, size_t *len, int *rc, struct err *err)
{
	int fd = openat(dirfd, FILE_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	char *text = NULL;
	ssize_t n;

	*rc = 0;
	if (fd < 0) {
		if (errno != ENOENT)
			*rc = unusable(err, ERR_IO, dir, strerror(errno));
		return NULL;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		*rc = unusable(err, ERR_IO, dir, "it is no plain file");
	else if (st.st_uid != geteuid() || st.st_mode & (S_IWGRP | S_IWOTH))
		*rc = unusable(err, ERR_IO, dir, "others may write it");
	else if (st.st_size > (off_t)PROFILE_FILE_MAX)
		*rc = unusable(err, ERR_PARSE, dir, "it is too large; remove it");
	else if (!(text = malloc(PROFILE_FILE_MAX)))
		*rc = err_set(err, ERR_NOMEM, "no memory for profiles");
	for (*len = 0; text && *len < PROFILE_FILE_MAX; *len += (size_t)n) {
		n = read(fd, text + *len, PROFILE_FILE_MAX - *len);
		if (n < 0)
			*rc = unusable(err, ERR_IO, dir, strerror(errno));
		if (n <= 0)
			break;
	}
	close(fd);
	if (!*rc)
		return text;
	free(text);
	return NULL;
}

/* What is in the file, into out[PROFILE_ENTRIES_MAX]; entries that make no sense are not. */
static int load(int dirfd, const char *dir, struct profile *out, unsigned *n, struct err *err)
{
	size_t len, i;
	json_t *root, *list, *entry;
	int rc;
	char *text = slurp(dirfd, dir, &len, &rc, err);

	*n = 0;
	if (!text)
		return rc;
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	free(text);
	list = json_object_get(root, "profiles");
	if (!json_is_array(list) || json_integer_value(json_object_get(root, "format")) != FORMAT)
		rc = unusable(err, ERR_PARSE, dir,
			      "it is damaged or of another version; remove it");
	json_array_foreach(list, i, entry)
	{
		if (*n < PROFILE_ENTRIES_MAX && read_entry(entry, &out[*n]))
			++*n;
	}
	json_decref(root);
	return rc;
}

static int open_dir(const char *dir)
{
	return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int find_in(const struct profile *all, unsigned n, struct profile *wanted, struct err *err)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		if (!same_thing(&all[i], wanted))
			continue;
		if (strcmp(all[i].driver, wanted->driver))
			return err_set(err, ERR_STALE,
				       "tuned with driver '%s', now it is '%s': run 'adit tune' "
				       "again",
				       all[i].driver, wanted->driver);
		*wanted = all[i];
		return 0;
	}
	return err_set(err, ERR_UNKNOWN, "not tuned for %s", wanted->algo);
}

int profile_find(const char *dir, const struct device_info *info, const struct algo *algo,
		 const uint64_t *set, struct profile *out, struct err *err)
{
	struct profile *all;
	int rc, dirfd = dir && *dir ? open_dir(dir) : -1;
	unsigned n;

	profile_init(out, info, algo, set);
	if (dirfd < 0)
		return err_set(err, ERR_UNKNOWN, "no profiles are kept");
	all = calloc(PROFILE_ENTRIES_MAX, sizeof *all);
	rc = all ? load(dirfd, dir, all, &n, err)
		 : err_set(err, ERR_NOMEM, "no memory for profiles");
	if (!rc)
		rc = find_in(all, n, out, err);
	free(all);
	close(dirfd);
	return rc;
}

/* --- keeping ------------------------------------------------------------------ */

/* p among the n of all, in the place of its predecessor, or else of the oldest when full. */
static void put(struct profile *all, unsigned *n, const struct profile *p)
{
	unsigned i, at = *n;

	for (i = 0; i < *n; i++)
		if (same_thing(&all[i], p))
			at = i;
	if (at == PROFILE_ENTRIES_MAX)
		for (i = at = 0; i < *n; i++)
			if (all[i].at_s < all[at].at_s)
				at = i;
	all[at] = *p;
	*n += at == *n;
}

static char *compose(const struct profile *all, unsigned n)
{
	json_t *list = json_array(), *root;
	char *text = NULL;
	unsigned i;

	for (i = 0; i < n; i++)
		if (json_array_append_new(list, write_entry(&all[i]))) {
			json_decref(list);
			return NULL;
		}
	root = json_pack("{s:i, s:o}", "format", FORMAT, "profiles", list);
	if (root)
		text = json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
	json_decref(root);
	return text;
}

static bool write_all(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return fsync(fd) == 0;
}

/* All of the new file or all of the old one is there, whatever happens. */
static int replace(int dirfd, const char *dir, const char *text, struct err *err)
{
	char temp[48];
	bool good;
	int fd;

	snprintf(temp, sizeof temp, TEMP_NAME, (long)getpid());
	(void)unlinkat(dirfd, temp, 0); /* left by a process of the same number that died */
	fd = openat(dirfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set(err, ERR_IO, "%s: cannot keep the profile: %s", dir,
			       strerror(errno));
	good = write_all(fd, text);
	good = !close(fd) && good;
	if (good && !renameat(dirfd, temp, dirfd, FILE_NAME))
		return 0;
	err_set(err, ERR_IO, "%s/%s: cannot keep the profile: %s", dir, FILE_NAME, strerror(errno));
	(void)unlinkat(dirfd, temp, 0);
	return -ERR_IO;
}

static int store_locked(int dirfd, const char *dir, const struct profile *p, struct err *err)
{
	struct profile *all = calloc(PROFILE_ENTRIES_MAX + 1, sizeof *all);
	struct err unread;
	unsigned n = 0;
	char *text;
	int rc;

	if (!all)
		return err_set(err, ERR_NOMEM, "no memory for profiles");
	/* What cannot be read is of no use to anybody: the new one takes its place. */
	if (load(dirfd, dir, all, &n, &unread))
		n = 0;
	put(all, &n, p);
	text = compose(all, n);
	rc = text ? replace(dirfd, dir, text, err)
		  : err_set(err, ERR_NOMEM, "no memory for profiles");
	free(text);
	free(all);
	return rc;
}

int profile_store(const char *dir, const struct profile *p, struct err *err)
{
	int rc, lock, dirfd = dir && *dir ? open_dir(dir) : -1;

	if (dirfd < 0)
		return err_set(err, ERR_IO, "no profile is kept: there is no cache directory");
	lock = openat(dirfd, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	/* Two that tune different devices must not lose each other's. */
	if (lock < 0 || flock(lock, LOCK_EX))
		rc = err_set(err, ERR_IO, "%s/%s: %s", dir, LOCK_NAME, strerror(errno));
	else
		rc = store_locked(dirfd, dir, p, err);
	if (lock >= 0)
		close(lock);
	close(dirfd);
	return rc;
}

/* --- for mining --------------------------------------------------------------- */

uint32_t profile_intensity(const char *dir, const struct device_info *info, const struct algo *algo,
			   const uint64_t *set, uint32_t batch_ms, char *note, size_t size)
{
	struct profile p;
	struct err err = {0};
	int rc = profile_find(dir, info, algo, set, &p, &err);

	note[0] = '\0';
	if (rc == -ERR_UNKNOWN)
		return 0;
	if (rc) {
		snprintf(note, size, "profile not used: %s", err.text);
		return 0;
	}
	/* A tenth over is what the sweep lets pass, too. */
	if (batch_ms && (double)p.batch_us * ENGINE_SLOTS > batch_ms * 1100.0) {
		snprintf(note, size,
			 "profile not used: its batches take %.3g ms, --batch-ms %u allows %.3g",
			 p.batch_us / 1e3, batch_ms, (double)batch_ms / ENGINE_SLOTS);
		return 0;
	}
	snprintf(note, size, "intensity %u, as 'adit tune' found for %s", p.intensity,
		 tune_metric_word(p.metric));
	return p.intensity;
}
