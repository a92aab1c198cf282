/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was found on cards before it was changed.  Uses Linux calls (flock, /proc). */
#define _GNU_SOURCE 1
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/sensor/restore.h"
#include "src/str.h"

#define FILE_MAX     65536 /* bytes of a file that is believed */
#define FILES_MAX    64    /* looked at in one start */
#define FILE_VERSION 1
#define LIMIT_MW_MIN 1000 /* of what a file may make us set */
#define LIMIT_MW_MAX 10000000
#define PREFIX       "restore-"

void restore_init(struct restore *r, const char *dir)
{
	uint64_t random = 0;
	ssize_t n;
	int fd;

	memset(r, 0, sizeof *r);
	r->fd = -1;
	str_copy(r->dir, sizeof r->dir, dir);
	if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
		random = (uint64_t)getpid();
	snprintf(r->name, sizeof r->name, PREFIX "%016" PRIx64 ".json", random);
	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, r->boot, sizeof r->boot - 1);
	close(fd);
	r->boot[n > 0 ? n : 0] = '\0';
	r->boot[strcspn(r->boot, "\n")] = '\0';
}

static bool same_card(const struct sensor_target *a, const struct sensor_target *b)
{
	if (a->pci[0] || b->pci[0])
		return !strcmp(a->pci, b->pci);
	return a->index == b->index;
}

struct restore_card *restore_find(struct restore *r, const struct sensor_target *t)
{
	unsigned i;

	for (i = 0; i < r->n; i++)
		if (same_card(&r->card[i].target, t))
			return &r->card[i];
	return NULL;
}

/* --- writing ------------------------------------------------------------------ */

static json_t *to_json(const struct restore *r)
{
	json_t *cards = json_array();
	unsigned i;

	for (i = 0; i < r->n; i++) {
		const struct restore_card *c = &r->card[i];

		json_array_append_new(
			cards, json_pack("{s:s, s:s, s:I, s:I, s:I}", "pci", c->target.pci, "uuid",
					 c->target.uuid, "index", (json_int_t)c->target.index,
					 "limit_mw", (json_int_t)c->found.limit_mw, "fan_permille",
					 (json_int_t)c->found.fan_permille));
	}
	return json_pack("{s:i, s:s, s:o}", "version", FILE_VERSION, "boot", r->boot, "cards",
			 cards);
}

static void path_of(char *out, size_t size, const struct restore *r, const char *name,
		    const char *end)
{
	snprintf(out, size, "%s/%.40s%s", r->dir, name, end);
}

/* A locked file takes the place of the one before: there is never one without its lock. */
static int replace(struct restore *r, const json_t *root)
{
	char path[RESTORE_DIR_MAX + 64], temporary[RESTORE_DIR_MAX + 64];
	int fd;

	path_of(path, sizeof path, r, r->name, "");
	path_of(temporary, sizeof temporary, r, r->name, ".tmp");
	fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) || json_dumpfd(root, fd, JSON_INDENT(1)) ||
	    write(fd, "\n", 1) != 1 || rename(temporary, path)) {
		int why = errno;

		unlink(temporary);
		close(fd);
		errno = why;
		return -1;
	}
	if (r->fd >= 0)
		close(r->fd);
	r->fd = fd;
	return 0;
}

static void forget_file(struct restore *r)
{
	char path[RESTORE_DIR_MAX + 64];

	if (r->fd < 0)
		return;
	path_of(path, sizeof path, r, r->name, "");
	unlink(path);
	close(r->fd);
	r->fd = -1;
}

static int save(struct restore *r, struct err *err)
{
	json_t *root;
	int rc = 0;

	if (!r->dir[0])
		return 0;
	if (!r->n) {
		forget_file(r);
		return 0;
	}
	root = to_json(r);
	errno = ENOMEM;
	if (!root || replace(r, root))
		rc = err_set(err, ERR_IO,
			     "cannot write what to restore to %s (%s): make room or choose another "
			     "--cache-dir",
			     r->dir, strerror(errno));
	json_decref(root);
	return rc;
}

static void merge(struct sensor_setting *kept, const struct sensor_setting *found)
{
	if (kept->limit_mw == SENSOR_LEAVE)
		kept->limit_mw = found->limit_mw;
	if (kept->fan_permille == SENSOR_LEAVE)
		kept->fan_permille = found->fan_permille;
}

/* In memory; NULL when there is no room. */
static struct restore_card *add(struct restore *r, const struct sensor_target *t,
				const struct sensor_setting *found)
{
	struct restore_card *c = restore_find(r, t);

	if (!c && r->n == RESTORE_MAX)
		return NULL;
	if (!c) {
		c = &r->card[r->n++];
		c->target = *t;
		c->found = (struct sensor_setting){SENSOR_LEAVE, SENSOR_LEAVE};
	}
	merge(&c->found, found);
	return c;
}

int restore_keep(struct restore *r, const struct sensor_target *t,
		 const struct sensor_setting *found, struct err *err)
{
	const struct restore_card *known = restore_find(r, t);
	struct restore_card before, *c;
	int rc;

	before = known ? *known : (struct restore_card){.target = *t};
	c = add(r, t, found);
	if (!c)
		return err_set(err, ERR_RANGE, "no more than %d cards can be restored",
			       RESTORE_MAX);
	rc = save(r, err);
	if (rc && known)
		*c = before;
	else if (rc)
		r->n--;
	return rc;
}

void restore_drop(struct restore *r, const struct sensor_target *t,
		  const struct sensor_setting *done)
{
	struct restore_card *c = restore_find(r, t);

	if (!c)
		return;
	if (done->limit_mw != SENSOR_LEAVE)
		c->found.limit_mw = SENSOR_LEAVE;
	if (done->fan_permille != SENSOR_LEAVE)
		c->found.fan_permille = SENSOR_LEAVE;
	if (c->found.limit_mw == SENSOR_LEAVE && c->found.fan_permille == SENSOR_LEAVE)
		*c = r->card[--r->n];
	/* What stays in the file too long costs a restoration that changes nothing. */
	save(r, NULL);
}

void restore_done(struct restore *r)
{
	if (!r->n)
		forget_file(r);
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

/* --- reading what others left ------------------------------------------------- */

static bool text_of(char *out, size_t size, const json_t *o, const char *key, const char *allowed)
{
	const json_t *v = json_object_get(o, key);

	return json_is_string(v) && strlen(json_string_value(v)) == json_string_length(v) &&
	       strspn(json_string_value(v), allowed) == json_string_length(v) &&
	       str_copy(out, size, json_string_value(v));
}

static bool number_of(int64_t *out, const json_t *o, const char *key, int64_t min, int64_t max)
{
	const json_t *v = json_object_get(o, key);

	*out = json_integer_value(v);
	return json_is_integer(v) && *out >= min && *out <= max;
}

/* Values that a file may make us set are those that we write: a limit, or "as it was". */
static bool card_of(struct restore_card *out, const json_t *o)
{
	int64_t index;

	memset(out, 0, sizeof *out);
	if (!text_of(out->target.pci, sizeof out->target.pci, o, "pci", "0123456789abcdef:.") ||
	    !text_of(out->target.uuid, sizeof out->target.uuid, o, "uuid",
		     "0123456789abcdefABCDEFGPUMIG-") ||
	    !number_of(&index, o, "index", 0, UINT32_MAX) ||
	    !number_of(&out->found.limit_mw, o, "limit_mw", SENSOR_RESTORE, LIMIT_MW_MAX) ||
	    !number_of(&out->found.fan_permille, o, "fan_permille", SENSOR_RESTORE, SENSOR_LEAVE))
		return false;
	out->target.index = (uint32_t)index;
	return out->found.limit_mw < 0 || out->found.limit_mw >= LIMIT_MW_MIN;
}

/* All of its cards, or none.  What is wrong with it, or NULL. */
static const char *take(struct restore *r, const json_t *root)
{
	const json_t *cards = json_object_get(root, "cards");
	const char *boot = json_string_value(json_object_get(root, "boot"));
	struct restore_card card;
	int64_t version;
	size_t i;

	if (!json_is_object(root) || !boot || !json_is_array(cards))
		return "is damaged";
	if (!number_of(&version, root, "version", FILE_VERSION, FILE_VERSION))
		return "is of another version";
	if (strcmp(boot, r->boot))
		return NULL; /* the machine was started since: cards are as they come up */
	if (json_array_size(cards) > RESTORE_MAX)
		return "names too many cards";
	for (i = 0; i < json_array_size(cards); i++)
		if (!card_of(&card, json_array_get(cards, i)))
			return "is damaged";
	for (i = 0; i < json_array_size(cards); i++)
		if (card_of(&card, json_array_get(cards, i)))
			add(r, &card.target, &card.found);
	return NULL;
}

/* A plain file of our own that nobody living holds, and that is still there. */
static bool is_left(int fd)
{
	struct stat st;

	return !flock(fd, LOCK_EX | LOCK_NB) && !fstat(fd, &st) && S_ISREG(st.st_mode) &&
	       st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH)) && st.st_nlink == 1;
}

static json_t *load(int fd)
{
	char *text = malloc(FILE_MAX);
	size_t len = 0;
	ssize_t n = 1;
	json_t *root = NULL;

	while (text && len < FILE_MAX && (n = read(fd, text + len, FILE_MAX - len)) > 0)
		len += (size_t)n;
	if (text && len < FILE_MAX && !n)
		root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	free(text);
	return root;
}

struct adoption {
	struct restore *r;
	void (*note)(void *arg, int code, const char *text);
	void *arg;
};

static void say(const struct adoption *a, int code, const char *name, const char *what)
{
	char text[ERR_TEXT_MAX];

	snprintf(text, sizeof text, "%.60s in the cache directory %s", name, what);
	a->note(a->arg, code, text);
}

static void adopt_file(const struct adoption *a, const char *name)
{
	struct restore *r = a->r;
	char path[RESTORE_DIR_MAX + 300];
	const char *wrong = NULL;
	struct err err = {0};
	unsigned before = r->n;
	json_t *root;
	int fd;

	path_of(path, sizeof path, r, name, "");
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return;
	if (!is_left(fd)) {
		close(fd);
		return;
	}
	if (strstr(name, ".json") && !strstr(name, ".tmp")) {
		root = load(fd);
		wrong = take(r, root);
		json_decref(root);
		if (wrong)
			say(a, ERR_PARSE, name, wrong);
		else if (r->n > before)
			say(a, 0, name,
			    "is of a process that died: what it had changed on cards is restored");
	}
	if (r->n && save(r, &err))
		a->note(a->arg, err.code, err.text); /* theirs stays for the next start */
	else
		unlink(path);
	close(fd);
}

/* "restore-0123456789abcdef.json", also with ".tmp" behind it. */
static bool is_ours(const char *name)
{
	const char *at = name + strlen(PREFIX);
	size_t digits;

	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
		return false;
	digits = strspn(at, "0123456789abcdef");
	return digits == 16 && (!strcmp(at + digits, ".json") || !strcmp(at + digits, ".json.tmp"));
}

void restore_adopt(struct restore *r, void (*note)(void *arg, int code, const char *text),
		   void *arg)
{
	const struct adoption a = {r, note, arg};
	char names[FILES_MAX][40];
	unsigned i, n = 0;
	struct dirent *e;
	DIR *d = r->dir[0] ? opendir(r->dir) : NULL;

	while (d && n < FILES_MAX && (e = readdir(d)))
		if (is_ours(e->d_name) && str_copy(names[n], sizeof names[n], e->d_name))
			n++;
	if (d)
		closedir(d);
	for (i = 0; i < n; i++)
		adopt_file(&a, names[i]);
}
