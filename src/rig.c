/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding, choosing and starting devices.  Uses Linux calls (pipe2). */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/clock.h"
#include "src/engine.h"
#include "src/ipc.h"
#include "src/probe.h"
#include "src/rig.h"
#include "src/spawn.h"
#include "src/str.h"

#define BACKENDS_MAX 8
#define ANSWER_MAX   ((size_t)256 << 10)
#define END_WAIT_MS  2000 /* for a probe that has answered to end: drivers tidy up */

struct probe {
	const struct backend *backend;
	int fd, pid; /* -1, 0: not running */
	char *answer;
	size_t len;
};

char *rig_id(char *out, unsigned long size, const struct device_info *d)
{
	snprintf(out, size, "%s:%" PRIu32, d->backend, d->index);
	return out;
}

static void add_note(struct rig_list *l, const struct backend *b, const char *text)
{
	if (l->n_notes < sizeof l->notes / sizeof l->notes[0])
		snprintf(l->notes[l->n_notes++], sizeof l->notes[0], "%s: %.280s", b->name, text);
}

/* --- probe processes ---------------------------------------------------------- */

static void probe_start(struct probe *p, struct rig_list *l)
{
	const char *argv[] = {"adit", "probe", p->backend->name, NULL};
	struct err err = {0};
	int pipes[2];

	p->fd = -1;
	p->answer = malloc(ANSWER_MAX);
	if (!p->answer || pipe2(pipes, O_CLOEXEC)) {
		add_note(l, p->backend, "no memory for a probe process");
		return;
	}
	if (spawn_self(argv, pipes[1], STDOUT_FILENO, &p->pid, &err)) {
		add_note(l, p->backend, err.text);
		close(pipes[0]);
	} else {
		p->fd = pipes[0];
	}
	close(pipes[1]);
}

/* Read once; true when the answer has ended. */
static bool probe_read(struct probe *p)
{
	ssize_t n = read(p->fd, p->answer + p->len, ANSWER_MAX - p->len);

	if (n < 0)
		return errno != EINTR;
	p->len += (size_t)n;
	return !n || p->len == ANSWER_MAX;
}

static void take_devices(struct rig_list *l, const struct probe *p, const json_t *root)
{
	const json_t *note = json_object_get(root, "note");
	const json_t *list = json_object_get(root, "devices");
	size_t i;

	for (i = 0; i < json_array_size(list) && l->n < DEVICES_MAX; i++)
		if (!probe_from_json(&l->dev[l->n], json_array_get(list, i)) &&
		    !strcmp(l->dev[l->n].backend, p->backend->name))
			l->n++;
	if (json_is_string(note)) {
		char text[ERR_TEXT_MAX];

		add_note(l, p->backend,
			 str_printable(text, sizeof text, json_string_value(note),
				       json_string_length(note)));
	}
}

static void probe_finish(struct probe *p, struct rig_list *l, bool in_time)
{
	char text[96];
	json_t *root;
	int status = spawn_reap(p->pid, in_time ? END_WAIT_MS : 0);

	p->pid = 0;
	close(p->fd);
	p->fd = -1;
	if (!in_time) {
		add_note(l, p->backend,
			 "the driver did not answer in time (try again, or reboot); its devices "
			 "are left out");
		return;
	}
	/* One killed for dawdling after a complete answer has done its duty. */
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL) {
		snprintf(text, sizeof text,
			 "the driver crashed (signal %d); its devices are left out",
			 WTERMSIG(status));
		add_note(l, p->backend, text);
		return;
	}
	root = json_loadb(p->answer, p->len, 0, NULL);
	if (root)
		take_devices(l, p, root);
	else
		add_note(l, p->backend, "its probe process gave no answer");
	json_decref(root);
}

static void probes_wait(struct probe *probes, unsigned n, struct rig_list *l, int timeout_ms)
{
	int64_t until = clock_ms() + timeout_ms, left;
	struct pollfd fds[BACKENDS_MAX];
	unsigned i, open;

	for (;;) {
		left = until - clock_ms();
		for (i = open = 0; i < n; i++) {
			fds[i] = (struct pollfd){.fd = probes[i].fd, .events = POLLIN};
			open += probes[i].fd >= 0;
		}
		if (!open || left <= 0)
			break;
		if (poll(fds, n, (int)left) < 0 && errno != EINTR)
			break;
		for (i = 0; i < n; i++)
			if (probes[i].fd >= 0 && fds[i].revents && probe_read(&probes[i]))
				probe_finish(&probes[i], l, true);
	}
	for (i = 0; i < n; i++)
		if (probes[i].fd >= 0)
			probe_finish(&probes[i], l, false);
}

static unsigned rank(const struct device_info *d)
{
	unsigned i;

	for (i = 0; backends[i]; i++)
		if (!strcmp(backends[i]->name, d->backend))
			break;
	return i;
}

/* PCI order, devices without an address last; then backend, then index. */
static int compare(const void *a, const void *b)
{
	const struct device_info *x = a, *y = b;
	int c = !x->pci[0] - !y->pci[0];

	if (!c)
		c = strcmp(x->pci, y->pci);
	if (!c)
		c = (int)rank(x) - (int)rank(y);
	return c ? c : (x->index > y->index) - (x->index < y->index);
}

int rig_probe(struct rig_list *out, int timeout_ms, struct err *err)
{
	struct probe probes[BACKENDS_MAX];
	unsigned i, n = 0;

	(void)err; /* backends that fail are notes: the others' devices still count */
	memset(out, 0, sizeof *out);
	memset(probes, 0, sizeof probes);
	for (i = 0; backends[i] && n < BACKENDS_MAX; i++) {
		probes[n].backend = backends[i];
		probe_start(&probes[n++], out);
	}
	probes_wait(probes, n, out, timeout_ms);
	for (i = 0; i < n; i++)
		free(probes[i].answer);
	qsort(out->dev, out->n, sizeof out->dev[0], compare);
	return 0;
}

/* --- choosing ----------------------------------------------------------------- */

static bool same(const struct device_info *a, const struct device_info *b)
{
	return !strcmp(a->backend, b->backend) && a->index == b->index;
}

/* Is it a card that is chosen already, seen through another driver? */
static bool twin(const struct device_info *a, const struct device_info *b)
{
	if (a->pci[0] && b->pci[0])
		return !strcmp(a->pci, b->pci);
	return strcmp(a->backend, b->backend) && !strcmp(a->name, b->name);
}

static int add(struct rig_list *l, const struct device_info *d, const char *word, struct err *err)
{
	char id[32];
	unsigned i;

	for (i = 0; i < l->n; i++) {
		if (same(&l->dev[i], d))
			return err_set(err, ERR_RANGE, "device %s is named twice ('%s')",
				       rig_id(id, sizeof id, d), word);
		if (d->pci[0] && !strcmp(l->dev[i].pci, d->pci))
			return err_set(err, ERR_RANGE,
				       "device '%s' is the card %s, which is chosen already by "
				       "another driver: name it once",
				       word, d->pci);
	}
	if (l->n == DEVICES_MAX)
		return err_set(err, ERR_RANGE, "more than %d devices", DEVICES_MAX);
	l->dev[l->n++] = *d;
	return 0;
}

static int pick_auto(struct rig_list *l, const struct rig_list *all, struct err *err)
{
	unsigned i, j;

	for (i = 0; i < all->n; i++) {
		if (all->dev[i].cpu)
			continue;
		for (j = 0; j < l->n && !twin(&l->dev[j], &all->dev[i]); j++)
			;
		if (j == l->n)
			l->dev[l->n++] = all->dev[i];
		else if (rank(&all->dev[i]) < rank(&l->dev[j]))
			l->dev[j] = all->dev[i];
	}
	for (i = 0; i < all->n && !l->n; i++) /* one: several would share the same cores */
		if (all->dev[i].cpu)
			l->dev[l->n++] = all->dev[i];
	if (l->n)
		return 0;
	return err_set(err, ERR_NODEV, "no GPU found%s%s; 'adit devices' tells what is missing",
		       all->n_notes ? ": " : "", all->n_notes ? all->notes[0] : "");
}

/* "0000:01:00.0", or "01:00.0" in the first domain, as lspci prints them. */
static bool is_pci(const struct device_info *d, const char *word)
{
	size_t have = strlen(d->pci), len = strlen(word);

	if (!have || len > have || len < strlen("01:00.0"))
		return false;
	if (strcasecmp(d->pci + have - len, word))
		return false;
	return len == have || (len == have - 5 && !strncmp(d->pci, "0000:", 5));
}

static int pick_sims(struct rig_list *l, const char *word, const char *number, struct err *err)
{
	uint64_t n = 1, i;
	int rc = 0;

	if (number && str_to_u64(&n, number, 1, DEVICES_MAX))
		return err_set(err, ERR_RANGE, "device '%s': sim:N stands for N devices, 1 to %d",
			       word, DEVICES_MAX);
	for (i = 0; i < n && !rc; i++) {
		struct device_info d;

		engine_sim_info(&d, (uint32_t)i);
		rc = add(l, &d, word, err);
	}
	return rc;
}

/* "opencl:1" or, for all of them, "opencl" */
static int pick_backend(struct rig_list *l, const struct rig_list *all, const char *word,
			const char *name, const char *number, struct err *err)
{
	unsigned i, found = 0;
	uint64_t index = 0;
	int rc;

	if (number && str_to_u64(&index, number, 0, UINT32_MAX))
		return err_set(err, ERR_RANGE, "device '%s': write it as %s:0", word, name);
	for (i = 0; i < all->n; i++) {
		if (strcmp(all->dev[i].backend, name))
			continue;
		found++;
		if (number && all->dev[i].index != index)
			continue;
		rc = add(l, &all->dev[i], word, err);
		if (rc || number)
			return rc;
	}
	if (found && !number)
		return 0;
	if (found)
		return err_set(err, ERR_NODEV,
			       "no device '%s': %u %s device%s found (see 'adit "
			       "devices')",
			       word, found, name, found == 1 ? "" : "s");
	for (i = 0; i < all->n_notes; i++)
		if (!strncmp(all->notes[i], name, strlen(name)))
			return err_set(err, ERR_NODEV, "no device '%s': %.250s", word,
				       all->notes[i]);
	return err_set(err, ERR_NODEV, "no device '%s' (see 'adit devices')", word);
}

static int pick_number(struct rig_list *l, const struct rig_list *all, const char *word,
		       struct err *err)
{
	uint64_t n;

	if (str_to_u64(&n, word, 0, UINT32_MAX) || n >= all->n)
		return err_set(err, ERR_NODEV, "no device number %s: 'adit devices' lists %u", word,
			       all->n);
	return add(l, &all->dev[n], word, err);
}

static int pick_word(struct rig_list *l, const struct rig_list *all, const char *word,
		     struct err *err)
{
	char name[32];
	const char *number = strchr(word, ':');
	size_t len = number ? (size_t)(number - word) : strlen(word);
	unsigned i;

	for (i = 0; i < all->n; i++)
		if (is_pci(&all->dev[i], word))
			return add(l, &all->dev[i], word, err);
	if (*word && strspn(word, "0123456789") == strlen(word))
		return pick_number(l, all, word, err);
	snprintf(name, sizeof name, "%.*s", len < sizeof name ? (int)len : 0, word);
	if (number)
		number++;
	if (!strcmp(name, "sim"))
		return pick_sims(l, word, number, err);
	if (!strcmp(name, "cpu") && (!number || !strcmp(number, "0"))) {
		struct device_info d;

		engine_cpu_info(&d);
		return add(l, &d, word, err);
	}
	if (backend_find(name))
		return pick_backend(l, all, word, name, number, err);
	return err_set(
		err, ERR_NODEV,
		"no device '%s': write cuda:0, opencl:0, 01:00.0, cpu or a number from 'adit "
		"devices'",
		word);
}

int rig_pick(struct rig_list *out, const struct rig_list *all, const char *spec, struct err *err)
{
	struct rig_list *l = calloc(1, sizeof *l);
	const char *at = spec;
	int rc = 0;

	if (!l)
		return err_set(err, ERR_NOMEM, "no memory for the device list");
	if (!spec)
		rc = pick_auto(l, all, err);
	while (at && !rc) {
		size_t len = strcspn(at, ",");
		char word[64];

		if (len >= sizeof word || !len)
			rc = err_set(err, ERR_NODEV,
				     "device list '%.60s': an empty or overlong name", spec);
		else {
			memcpy(word, at, len);
			word[len] = '\0';
			rc = pick_word(l, all, word, err);
		}
		at = at[len] ? at + len + 1 : NULL;
	}
	if (!rc)
		*out = *l;
	free(l);
	return rc;
}

int rig_find(struct rig_list *out, const char *spec, struct err *err)
{
	struct rig_list *all = calloc(1, sizeof *all);
	int rc;

	if (!all)
		return err_set(err, ERR_NOMEM, "no memory for the device list");
	rc = rig_probe(all, PROBE_TIMEOUT_MS, err);
	if (!rc)
		rc = rig_pick(out, all, spec, err);
	free(all);
	return rc;
}

/* --- starting ----------------------------------------------------------------- */

int rig_spawn(const struct device_info *d, int *fd, int *pid, struct err *err)
{
	char id[32];
	const char *argv[] = {"adit", "worker", rig_id(id, sizeof id, d), NULL};
	int pair[2], rc = ipc_pair(pair, err);

	if (rc)
		return rc;
	rc = spawn_self(argv, pair[1], 3, pid, err);
	close(pair[1]);
	if (rc)
		close(pair[0]);
	else
		*fd = pair[0];
	return rc;
}
