/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cards through sysfs: finding them, and what all drivers show alike.  secure_getenv(). */
#define _GNU_SOURCE 1
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/sensor/hwmon.h"
#include "src/str.h"

#define TEMP_FILES 16
#define TEMP_LEAST (-60000) /* millidegrees; what is colder or hotter is a broken reading */
#define TEMP_MOST  200000

int hwmon_root(char *out, size_t size, struct err *err)
{
	const char *root = secure_getenv("ADIT_SYSFS");

	if (!root || !*root)
		root = "/sys";
	if (!str_copy(out, size, root))
		return err_set(err, ERR_RANGE, "ADIT_SYSFS: longer than %zu characters", size - 1);
	return 0;
}

/* ---- cards ---- */

int hwmon_open(const struct hwmon_kind *kind, void **ctx, struct err *err)
{
	struct hwmon_cards *cards = calloc(1, sizeof *cards);
	char path[HWMON_PATH_MAX];
	int rc;

	*ctx = NULL;
	if (!cards)
		return err_set(err, ERR_NOMEM, "%s: out of memory", kind->drivers[0]);
	cards->kind = kind;
	rc = hwmon_root(cards->root, sizeof cards->root, err);
	snprintf(path, sizeof path, "%s/bus/pci/devices", cards->root);
	/* a driver may be loaded later on, so only the bus has to be there */
	if (!rc && access(path, X_OK))
		rc = err_set(err, ERR_NODEV, "%s: %s", path, strerror(errno));
	if (rc)
		free(cards);
	else
		*ctx = cards;
	return rc;
}

void hwmon_close(void *ctx)
{
	struct hwmon_cards *cards = ctx;
	struct hwmon_card *c, *next;

	if (!cards)
		return;
	for (c = cards->first; c; c = next) {
		next = c->next;
		free(c);
	}
	free(cards);
}

/* "0000:03:00.0", "10000:e1:00.0" and nothing else: it becomes part of a path. */
static bool is_address(const char *pci)
{
	const char *shape = strlen(pci) == 13 ? "xxxxx:xx:xx.x" : "xxxx:xx:xx.x";
	size_t i, len = strlen(shape);

	if (strlen(pci) != len)
		return false;
	for (i = 0; i < len; i++)
		if (shape[i] == 'x' ? !isxdigit((unsigned char)pci[i]) : pci[i] != shape[i])
			return false;
	return true;
}

/* Which of the kind's drivers the card has, NULL: none of them. */
static const char *driver_of(const struct hwmon_kind *kind, const char *dir)
{
	char path[HWMON_PATH_MAX + 16], to[256];
	const char *base;
	ssize_t len;
	int i;

	snprintf(path, sizeof path, "%s/driver", dir);
	len = readlink(path, to, sizeof to - 1);
	if (len <= 0)
		return NULL;
	to[len] = '\0';
	base = strrchr(to, '/');
	base = base ? base + 1 : to;
	for (i = 0; kind->drivers[i]; i++)
		if (!strcmp(base, kind->drivers[i]))
			return kind->drivers[i];
	return NULL;
}

int hwmon_match(void *ctx, const struct sensor_target *t, void **handle, struct err *err)
{
	struct hwmon_cards *cards = ctx;
	char dir[HWMON_PATH_MAX];
	struct hwmon_card *c;
	const char *driver;

	*handle = NULL;
	if (!memchr(t->pci, '\0', sizeof t->pci) || !is_address(t->pci))
		return err_set(err, ERR_NODEV, "%s: no PCI address", cards->kind->drivers[0]);
	snprintf(dir, sizeof dir, "%s/bus/pci/devices/%s", cards->root, t->pci);
	driver = driver_of(cards->kind, dir);
	if (!driver)
		return err_set(err, ERR_NODEV, "%s is not with %s", t->pci,
			       cards->kind->drivers[0]);
	for (c = cards->first; c && strcmp(c->dir, dir); c = c->next)
		;
	if (!c) {
		c = calloc(1, sizeof *c);
		if (!c)
			return err_set(err, ERR_NOMEM, "%s: out of memory", t->pci);
		memcpy(c->dir, dir, sizeof c->dir);
		c->kind = cards->kind;
		c->next = cards->first;
		cards->first = c;
	}
	c->driver = driver;
	*handle = c;
	return 0;
}

/* ---- a look ---- */

static bool is_named(int dir, const char *name)
{
	char text[HWMON_TEXT_MAX];

	return hwmon_text(dir, "name", text) && !strcmp(text, name);
}

static int open_dir(int dir, const char *name)
{
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int open_mon(int pci, unsigned n)
{
	char name[32];

	snprintf(name, sizeof name, "hwmon/hwmon%u", n);
	return open_dir(pci, name);
}

/* Which temp*_input is which.  Drivers without labels have one, the core's (old amdgpu, i915). */
static void find_temps(struct hwmon_card *c, int mon)
{
	char name[32], label[HWMON_TEXT_MAX];
	unsigned i, t;

	memset(c->temp, 0, sizeof c->temp);
	for (i = TEMP_FILES; i >= 1; i--) {
		snprintf(name, sizeof name, "temp%u_label", i);
		if (!hwmon_text(mon, name, label))
			continue;
		for (t = 0; t < HWMON_TEMPS; t++)
			if (c->kind->labels[t] && !strcmp(label, c->kind->labels[t]))
				c->temp[t] = (uint8_t)i;
	}
	if (!c->temp[HWMON_CORE] && faccessat(mon, "temp1_label", F_OK, AT_SYMLINK_NOFOLLOW))
		c->temp[HWMON_CORE] = 1;
}

/* A driver may have several (i915: one a GT as well); the one that bears its name is the card's. */
static int find_mon(struct hwmon_card *c, int pci)
{
	int mon = c->found ? open_mon(pci, c->n) : -1;

	if (mon >= 0 && is_named(mon, c->driver))
		return mon;
	if (mon >= 0)
		close(mon);
	c->found = hwmon_child(pci, "hwmon", "hwmon", &c->n, is_named, c->driver);
	mon = c->found ? open_mon(pci, c->n) : -1;
	if (mon < 0)
		c->found = false;
	else
		find_temps(c, mon);
	return mon;
}

/* Configuration space of a card that has left the bus answers every read with ones. */
static bool is_off_bus(int pci)
{
	static const uint8_t ones[4] = {0xff, 0xff, 0xff, 0xff};
	uint8_t id[4];

	return hwmon_bytes(pci, "config", id, sizeof id) == sizeof id &&
	       !memcmp(id, ones, sizeof id);
}

int hwmon_look(struct hwmon_card *c, struct hwmon_view *v, struct err *err)
{
	const char *address = strrchr(c->dir, '/') + 1;

	v->mon = -1;
	v->pci = open_dir(AT_FDCWD, c->dir);
	if (v->pci < 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO))
		return err_set(err, ERR_NODEV, "%s is no longer on the PCI bus", address);
	if (v->pci < 0)
		return err_set(err, ERR_IO, "%s: %s", c->dir, strerror(errno));
	if (is_off_bus(v->pci)) {
		close(v->pci);
		return err_set(err, ERR_NODEV, "%s has fallen off the PCI bus", address);
	}
	v->mon = find_mon(c, v->pci);
	return 0;
}

void hwmon_leave(struct hwmon_view *v)
{
	close(v->pci);
	if (v->mon >= 0)
		close(v->mon);
}

bool hwmon_drm(struct hwmon_card *c, int pci, unsigned *n)
{
	char name[32];

	snprintf(name, sizeof name, "drm/card%u", c->drm);
	if (!c->drm_found || faccessat(pci, name, X_OK, 0))
		c->drm_found = hwmon_child(pci, "drm", "card", &c->drm, NULL, NULL);
	*n = c->drm;
	return c->drm_found;
}

/* ---- readings ---- */

void hwmon_fields(int dir, const struct hwmon_field *f, size_t n, struct sensor_reading *out)
{
	int64_t v;

	for (; n; n--, f++)
		if (hwmon_number(dir, f->name, 0, f->max, &v))
			sensor_put(out, f->field, v * f->mul / f->div);
}

void hwmon_common(const struct hwmon_card *c, const struct hwmon_view *v,
		  struct sensor_reading *out)
{
	static const struct hwmon_field fan[] = {
		{"fan1_input", SENSOR_FAN_RPM, 100000, 1, 1},
	};
	static const enum sensor_field fields[HWMON_TEMPS] = {SENSOR_CORE_MC, SENSOR_HOTSPOT_MC,
							      SENSOR_MEMORY_MC};
	char name[32];
	int64_t mc;
	unsigned t;

	for (t = 0; t < HWMON_TEMPS; t++) {
		snprintf(name, sizeof name, "temp%u_input", c->temp[t]);
		if (c->temp[t] && hwmon_number(v->mon, name, TEMP_LEAST, TEMP_MOST, &mc))
			sensor_put(out, fields[t], mc);
	}
	hwmon_fields(v->mon, fan, 1, out);
}

/* Generation by the speed's text: "16.0 GT/s PCIe", once "8 GT/s"; 0: another. */
static int generation(const char *speed)
{
	static const char *const names[] = {"2.5", "5", "8", "16", "32", "64"};
	unsigned i;

	for (i = 0; i < sizeof names / sizeof *names; i++) {
		size_t len = strlen(names[i]);

		if (strncmp(speed, names[i], len))
			continue;
		if (!strncmp(speed + len, ".0", 2))
			len += 2;
		if (!strncmp(speed + len, " GT/s", 5))
			return (int)i + 1;
	}
	return 0;
}

/*
 * Many cards have a switch of their own on board (AMD since Navi, Intel Arc): their own link then
 * is the one inside, always the same (Arc: "2.5 GT/s", x1), and the one to the host is the
 * switch's upstream port, two up.  It is told by the maker: both bridges are the card's.
 */
static const char *link_at(int pci)
{
	char own[HWMON_TEXT_MAX], up1[HWMON_TEXT_MAX], up2[HWMON_TEXT_MAX];

	if (hwmon_text(pci, "vendor", own) && hwmon_text(pci, "../vendor", up1) &&
	    hwmon_text(pci, "../../vendor", up2) && !strcmp(own, up1) && !strcmp(own, up2))
		return "../../";
	return "";
}

void hwmon_link(int pci, struct sensor_reading *out)
{
	char name[64], speed[HWMON_TEXT_MAX];
	const char *at = link_at(pci);
	int64_t lanes;

	snprintf(name, sizeof name, "%scurrent_link_speed", at);
	if (hwmon_text(pci, name, speed) && generation(speed))
		sensor_put(out, SENSOR_PCIE_GEN, generation(speed));
	snprintf(name, sizeof name, "%scurrent_link_width", at);
	if (hwmon_number(pci, name, 1, 32, &lanes))
		sensor_put(out, SENSOR_PCIE_LANES, lanes);
}
