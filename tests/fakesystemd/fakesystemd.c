/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A libsystemd with a logind behind it that says what FAKE_LOGIND says: "active", "idle",
 * "empty" (nobody on the seat), "greeter", "down" (no bus), "deaf" (the bus is there, logind is
 * not), "odd" (a session of no class).  Wrong questions abort.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXPORT __attribute__((visibility("default")))

/* How many connections are open, for the test to ask. */
EXPORT int fake_connections;

static int says(const char *word)
{
	const char *text = getenv("FAKE_LOGIND");

	return text && !strcmp(text, word);
}

EXPORT int sd_bus_open_system(void **bus)
{
	if (says("down"))
		return -ENOENT;
	*bus = malloc(1);
	fake_connections++;
	return *bus ? 0 : -ENOMEM;
}

EXPORT void *sd_bus_flush_close_unref(void *bus)
{
	free(bus);
	fake_connections--;
	return NULL;
}

EXPORT int sd_bus_set_method_call_timeout(void *bus, uint64_t usec)
{
	if (!bus || !usec || usec > 5000000)
		abort();
	return 0;
}

EXPORT int sd_bus_get_property_trivial(void *bus, const char *to, const char *path,
				       const char *face, const char *member, void *error, char type,
				       void *out)
{
	struct timespec now;

	if (!bus || error || strcmp(to, "org.freedesktop.login1") != 0 ||
	    strcmp(path, "/org/freedesktop/login1/seat/seat0") != 0 ||
	    strcmp(face, "org.freedesktop.login1.Seat") != 0)
		abort();
	if (says("deaf"))
		return -EHOSTUNREACH;
	if (!strcmp(member, "IdleHint") && type == 'b') {
		*(int *)out = says("idle");
		return 1;
	}
	if (strcmp(member, "IdleSinceHintMonotonic") != 0 || type != 't')
		abort();
	clock_gettime(CLOCK_MONOTONIC, &now);
	*(uint64_t *)out = (uint64_t)now.tv_sec * 1000000 - 2500000;
	return 1;
}

EXPORT int sd_seat_get_active(const char *seat, char **session, unsigned *uid)
{
	if (strcmp(seat, "seat0") != 0 || uid)
		abort();
	if (says("empty"))
		return -ENODATA;
	*session = strdup("c2");
	return 0;
}

EXPORT int sd_session_get_class(const char *session, char **class)
{
	if (strcmp(session, "c2") != 0)
		abort();
	if (says("odd"))
		return -ENXIO;
	*class = strdup(says("greeter") ? "greeter" : "user");
	return 0;
}
