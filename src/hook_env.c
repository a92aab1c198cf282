/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The environment of the owner's commands.  Made from nothing: what is not named here does not
 * get in, so no secret of ours can, nor anything that a service manager meant for us.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "src/clock.h"
#include "src/hook_env.h"
#include "src/option.h"
#include "src/str.h"

#define KEPT_MAX  4096 /* bytes of a variable that is handed on */
#define VALUE_MAX ERR_TEXT_MAX

struct list {
	char **v;
	unsigned n;
	bool failed;
};

static void put(struct list *l, const char *name, const char *value)
{
	char pair[KEPT_MAX + 64];

	if ((size_t)snprintf(pair, sizeof pair, "%s=%s", name, value) < sizeof pair)
		l->failed |= list_append(&l->v, &l->n, pair) != 0;
}

/* Device names and reasons come from drivers and pools: no byte of them moves a terminal. */
static void put_text(struct list *l, const char *name, const char *text)
{
	char plain[VALUE_MAX];

	if (text && *text)
		put(l, name, str_printable(plain, sizeof plain, text, strlen(text)));
}

static void put_number(struct list *l, const char *name, int64_t v, bool known)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRId64, v);
	if (known)
		put(l, name, text);
}

static void put_kept(struct list *l)
{
	static const char *const kept[] = {"HOME",    "LANG",    "LC_ALL",         "LC_CTYPE",
					   "LC_TIME", "LOGNAME", "SHELL",          "TMPDIR",
					   "TZ",      "USER",    "XDG_RUNTIME_DIR"};
	const char *path = getenv("PATH");
	size_t i;

	put(l, "PATH", path && *path ? path : "/usr/local/bin:/usr/bin:/bin");
	for (i = 0; i < sizeof kept / sizeof kept[0]; i++)
		if (getenv(kept[i]))
			put(l, kept[i], getenv(kept[i]));
}

static void put_time(struct list *l)
{
	time_t now = (time_t)(clock_wall_ms() / 1000);
	struct tm tm;
	char text[32];

	gmtime_r(&now, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	put(l, "ADIT_TIME", text);
}

char **hook_environment(const struct hook_facts *f, uint64_t held)
{
	struct list l = {0};
	char rate[40];

	put_kept(&l);
	put_text(&l, "ADIT_EVENT", f->event);
	put_text(&l, "ADIT_DEVICE", f->device);
	put_text(&l, "ADIT_PCI", f->pci);
	put_text(&l, "ADIT_UUID", f->uuid);
	put_text(&l, "ADIT_NAME", f->name);
	put_text(&l, "ADIT_REASON", f->reason);
	put_text(&l, "ADIT_POOL", f->pool);
	put_number(&l, "ADIT_TEMPERATURE", f->temperature_c, f->temperature_c != HOOK_UNKNOWN);
	put_number(&l, "ADIT_MEMORY_TEMPERATURE", f->memory_c, f->memory_c != HOOK_UNKNOWN);
	put_number(&l, "ADIT_POWER", f->power_w, f->power_w != HOOK_UNKNOWN);
	put_number(&l, "ADIT_RESTARTS", f->restarts, f->restarts >= 0);
	put_number(&l, "ADIT_HELD", (int64_t)held, true);
	snprintf(rate, sizeof rate, "%.0f", f->rate);
	if (f->rate >= 0 && f->rate < 1e30)
		put(&l, "ADIT_RATE", rate);
	put_time(&l);
	if (l.failed) {
		list_free(l.v);
		return NULL;
	}
	return l.v;
}
