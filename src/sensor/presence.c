/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Battery and user.  Power supplies: kernel, Documentation/ABI/testing/sysfs-class-power.  The
 * user's idleness: logind's seat object, org.freedesktop.login1(5), over libsystemd's sd-bus,
 * which is opened at run time so that a machine without it is just one where nobody can tell.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/clock.h"
#include "src/gpu/dl.h"
#include "src/sensor/hwmon.h"
#include "src/sensor/presence.h"

#define SUPPLIES_MAX 256 /* directory entries looked at */

#define LOGIND    "org.freedesktop.login1"
#define SEAT      "seat0"
#define SEAT_PATH "/org/freedesktop/login1/seat/seat0"
#define SEAT_FACE "org.freedesktop.login1.Seat"

/* What is used of libsystemd; the types are those of its sd-bus(3) and sd-login(3) pages. */
struct systemd {
	int (*open_system)(void **bus);
	void *(*close)(void *bus);
	int (*set_timeout)(void *bus, uint64_t usec);
	int (*get_trivial)(void *bus, const char *to, const char *path, const char *face,
			   const char *member, void *error, char type, void *out);
	int (*seat_active)(const char *seat, char **session, unsigned *uid);
	int (*session_class)(const char *session, char **class);
};

static const struct dl_symbol symbols[] = {
	{"sd_bus_open_system", offsetof(struct systemd, open_system), false},
	{"sd_bus_flush_close_unref", offsetof(struct systemd, close), false},
	{"sd_bus_set_method_call_timeout", offsetof(struct systemd, set_timeout), true},
	{"sd_bus_get_property_trivial", offsetof(struct systemd, get_trivial), false},
	{"sd_seat_get_active", offsetof(struct systemd, seat_active), false},
	{"sd_session_get_class", offsetof(struct systemd, session_class), false},
};

static const char *const names[] = {"libsystemd.so.0", NULL};

static const struct dl_library library = {
	.what = "libsystemd",
	.env = "ADIT_LIBSYSTEMD",
	.names = names,
	.symbols = symbols,
	.n_symbols = sizeof symbols / sizeof *symbols,
};

struct presence_source {
	char root[HWMON_PATH_MAX - 64];
	void *handle; /* NULL: no libsystemd */
	struct systemd sd;
	void *bus; /* NULL: not connected (any more) */
};

int presence_open(struct presence_source **out, struct err *err)
{
	struct presence_source *p = calloc(1, sizeof *p);
	int rc;

	*out = NULL;
	if (!p)
		return err_set(err, ERR_NOMEM, "out of memory");
	rc = hwmon_root(p->root, sizeof p->root, err);
	if (rc) {
		free(p);
		return rc;
	}
	if (dl_open(&library, &p->handle, &p->sd, NULL))
		p->handle = NULL;
	*out = p;
	return 0;
}

static void hang_up(struct presence_source *p)
{
	if (p->bus)
		p->sd.close(p->bus);
	p->bus = NULL;
}

void presence_close(struct presence_source *p)
{
	if (!p)
		return;
	hang_up(p);
	dl_close(p->handle);
	free(p);
}

/* ---- battery ---- */

struct supplies {
	bool mains;    /* one is plugged in */
	bool draining; /* a battery of the machine's own is */
	bool unclear;  /* a battery does not say what it does */
};

static void add_supply(int dir, struct supplies *s)
{
	char text[HWMON_TEXT_MAX];
	int64_t online;

	/* those of a mouse or a headset have the scope "Device" */
	if (hwmon_text(dir, "scope", text) && !strcmp(text, "Device"))
		return;
	if (!hwmon_text(dir, "type", text))
		return;
	if (!strcmp(text, "Mains") || !strncmp(text, "USB", 3) || !strcmp(text, "Wireless")) {
		if (hwmon_number(dir, "online", 1, 2, &online)) /* 2: and the voltage is fixed */
			s->mains = true;
		return;
	}
	if (strcmp(text, "Battery") != 0 && strcmp(text, "UPS") != 0)
		return;
	if (!hwmon_text(dir, "status", text) || !strcmp(text, "Unknown"))
		s->unclear = true;
	else if (!strcmp(text, "Discharging"))
		s->draining = true;
}

static void read_battery(const struct presence_source *p, struct presence *out)
{
	struct supplies s = {0};
	char path[HWMON_PATH_MAX];
	int left = SUPPLIES_MAX, dir;
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof path, "%s/class/power_supply", p->root);
	d = opendir(path);
	if (!d && errno != ENOENT)
		return;
	while (d && left-- && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		dir = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			continue;
		add_supply(dir, &s);
		close(dir);
	}
	if (d)
		closedir(d);
	if (s.unclear && !s.mains && !s.draining)
		return;
	out->known |= PRESENCE_BATTERY;
	if (s.draining && !s.mains)
		out->value |= PRESENCE_BATTERY;
}

/* ---- user ---- */

static bool dial(struct presence_source *p)
{
	if (p->bus)
		return true;
	if (!p->handle || p->sd.open_system(&p->bus) < 0) {
		p->bus = NULL;
		return false;
	}
	if (p->sd.set_timeout)
		p->sd.set_timeout(p->bus, PRESENCE_WAIT_US);
	return true;
}

/*
 * Whether there is a session to be active in on the seat: 1, 0 (nobody has logged in, or what
 * shows is the login screen, which does not tell idleness), or below 0 when that is not known.
 */
static int has_session(const struct presence_source *p)
{
	char *session = NULL, *class = NULL;
	int rc = p->sd.seat_active(SEAT, &session, NULL);

	if (rc == -ENODATA)
		return 0;
	if (rc < 0)
		return rc;
	rc = p->sd.session_class(session, &class);
	if (rc >= 0)
		rc = class && !strncmp(class, "user", 4);
	free(session);
	free(class);
	return rc;
}

static void read_user(struct presence_source *p, struct presence *out)
{
	uint64_t since = 0;
	int idle = 0, rc;
	int64_t now;

	if (!p->handle)
		return;
	rc = has_session(p);
	if (rc == 0)
		out->known |= PRESENCE_USER;
	if (rc <= 0 || !dial(p))
		return;
	rc = p->sd.get_trivial(p->bus, LOGIND, SEAT_PATH, SEAT_FACE, "IdleHint", NULL, 'b', &idle);
	if (rc < 0) {
		hang_up(p); /* the bus may have gone; the next look calls again */
		return;
	}
	out->known |= PRESENCE_USER;
	if (!idle) {
		out->value |= PRESENCE_USER;
		return;
	}
	rc = p->sd.get_trivial(p->bus, LOGIND, SEAT_PATH, SEAT_FACE, "IdleSinceHintMonotonic", NULL,
			       't', &since);
	now = clock_us();
	if (rc >= 0 && since && since <= (uint64_t)now)
		out->idle_ms = (now - (int64_t)since) / 1000;
}

void presence_read(struct presence_source *p, struct presence *out)
{
	memset(out, 0, sizeof *out);
	read_battery(p, out);
	read_user(p, out);
}
