/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Battery and user, from a sysfs and a libsystemd of our own making.  nftw() is XSI. */
#define _GNU_SOURCE 1
#include <dlfcn.h>

#include "src/sensor/presence.h"
#include "tests/sysfs_tree.h"
#include "tests/t.h"

static char fake[600];

static struct presence look(void)
{
	struct presence_source *p = NULL;
	struct presence got = {0};
	struct err err = {0};

	if (CHECK_OK(presence_open(&p, &err), &err))
		presence_read(p, &got);
	presence_close(p);
	return got;
}

/* ---- battery ---- */

static void supply(const char *name, const char *const files[])
{
	char dir[128];

	snprintf(dir, sizeof dir, "class/power_supply/%s", name);
	tree_fill(dir, files);
}

static void check_battery(const char *claim, bool known, bool on)
{
	struct presence got = look();

	t.name = claim;
	CHECK_INT(got.known & PRESENCE_BATTERY, known ? PRESENCE_BATTERY : 0);
	CHECK_INT(got.value & PRESENCE_BATTERY, on ? PRESENCE_BATTERY : 0);
	tree_drop("class/power_supply");
}

static void supplies_say_whether_the_battery_is_drained(void)
{
	static const char *const mains_on[] = {"type Mains", "online 1", NULL};
	static const char *const mains_off[] = {"type Mains", "online 0", NULL};
	static const char *const usb_on[] = {"type USB", "online 1", NULL};
	static const char *const draining[] = {"type Battery", "status Discharging", NULL};
	static const char *const full[] = {"type Battery", "status Full", NULL};
	static const char *const holds[] = {"type Battery", "status Not charging", NULL};
	static const char *const unknown[] = {"type Battery", "status Unknown", NULL};
	static const char *const ups[] = {"type UPS", "status Discharging", NULL};
	static const char *const mouse[] = {"type Battery", "scope Device", "status Discharging",
					    NULL};

	check_battery("no supplies at all", true, false);
	supply("AC", mains_on);
	supply("BAT0", full);
	check_battery("plugged in", true, false);
	supply("AC", mains_off);
	supply("BAT0", draining);
	check_battery("unplugged", true, true);
	supply("BAT0", full);
	supply("BAT1", draining);
	check_battery("one of two batteries drains", true, true);
	supply("BAT0", draining);
	supply("ucsi", usb_on);
	check_battery("a weak charger is a charger", true, false);
	supply("BAT0", holds);
	check_battery("a battery that holds its charge", true, false);
	supply("hid-mouse", mouse);
	check_battery("a mouse's battery", true, false);
	supply("ups", ups);
	check_battery("a power cut behind a UPS", true, true);
	supply("BAT0", unknown);
	check_battery("a battery that does not say", false, false);
	supply("AC", mains_on);
	supply("BAT0", unknown);
	check_battery("... but the mains do", true, false);
}

static void hostile_supplies_leave_the_battery_unknown(void)
{
	static const char *const type[] = {"type Battery", NULL};
	char huge[5000];

	memset(huge, 'D', sizeof huge);
	supply("BAT0", type);
	check_battery("no status", false, false);
	supply("BAT0", type);
	tree_bytes("class/power_supply/BAT0/status", huge, sizeof huge);
	check_battery("huge status", false, false);
	supply("BAT0", type);
	tree_link("class/power_supply/BAT0/status", "status");
	check_battery("status is a loop", false, false);
	supply("BAT0", type);
	tree_put("class/power_supply/BAT0/status/x", "x");
	check_battery("status is a directory", false, false);
	tree_put("class/power_supply/BAT0/type", "");
	tree_put("class/power_supply/file", "x");
	tree_link("class/power_supply/loop", "loop");
	check_battery("nothing that is a supply", true, false);
	tree_put("class/power_supply", "x");
	check_battery("the directory is a file", false, false);
}

/* ---- user ---- */

static void check_user(const char *word, bool known, bool active)
{
	struct presence got;

	setenv("FAKE_LOGIND", word, 1);
	got = look();
	if (!CHECK_INT(got.known & PRESENCE_USER, known ? PRESENCE_USER : 0) ||
	    !CHECK_INT(got.value & PRESENCE_USER, active ? PRESENCE_USER : 0))
		printf("\twith logind \"%s\"\n", word);
	CHECK((got.idle_ms > 0) == !strcmp(word, "idle"));
}

static void logind_says_whether_somebody_is_there(void)
{
	setenv("ADIT_LIBSYSTEMD", fake, 1);
	check_user("active", true, true);
	check_user("idle", true, false);
	check_user("empty", true, false);
	check_user("greeter", true, false);
}

static void a_user_is_unknown_without_bus_logind_or_library(void)
{
	setenv("ADIT_LIBSYSTEMD", fake, 1);
	check_user("down", false, false);
	check_user("deaf", false, false);
	check_user("odd", false, false);
	setenv("ADIT_LIBSYSTEMD", "none", 1);
	check_user("active", false, false);
	setenv("ADIT_LIBSYSTEMD", "/nonexistent/libsystemd.so.0", 1);
	check_user("active", false, false);
}

static void idleness_is_how_long_nobody_was_active(void)
{
	struct presence got;

	setenv("ADIT_LIBSYSTEMD", fake, 1);
	setenv("FAKE_LOGIND", "idle", 1);
	got = look();
	CHECK(got.idle_ms >= 2500 && got.idle_ms < 3600000);
}

/* A bus that goes away is called again; a connection that stands is used again. */
static void a_lost_bus_is_called_again(void)
{
	struct presence_source *p = NULL;
	struct presence got;
	struct err err = {0};
	void *lib = dlopen(fake, RTLD_NOW | RTLD_NOLOAD);
	int *connections = lib ? dlsym(lib, "fake_connections") : NULL;

	setenv("ADIT_LIBSYSTEMD", fake, 1);
	if (!CHECK(connections != NULL) || !CHECK_OK(presence_open(&p, &err), &err))
		return;
	setenv("FAKE_LOGIND", "active", 1);
	presence_read(p, &got);
	presence_read(p, &got);
	CHECK_INT(*connections, 1);
	CHECK_INT(got.value, PRESENCE_USER);
	setenv("FAKE_LOGIND", "deaf", 1);
	presence_read(p, &got);
	CHECK_INT(*connections, 0);
	CHECK_INT(got.known & PRESENCE_USER, 0);
	setenv("FAKE_LOGIND", "active", 1);
	presence_read(p, &got);
	CHECK_INT(*connections, 1);
	CHECK_INT(got.value, PRESENCE_USER);
	presence_close(p);
	CHECK_INT(*connections, 0);
	presence_close(NULL);
	dlclose(lib);
}

int main(void)
{
	const char *build = getenv("top_builddir");

	snprintf(fake, sizeof fake, "%s/tests/fakesystemd/libsystemd.so.0", build ? build : ".");
	if (access(fake, R_OK))
		T_GIVE_UP("no fake libsystemd was built");
	if (!tree_begin())
		T_SKIP_ALL("no directory for a tree");
	setenv("ADIT_LIBSYSTEMD", "none", 1);
	T_RUN(supplies_say_whether_the_battery_is_drained);
	T_RUN(hostile_supplies_leave_the_battery_unknown);
	T_RUN(logind_says_whether_somebody_is_there);
	T_RUN(a_user_is_unknown_without_bus_logind_or_library);
	T_RUN(idleness_is_how_long_nobody_was_active);
	T_RUN(a_lost_bus_is_called_again);
	tree_end();
	return t_done();
}
