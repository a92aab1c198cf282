/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The resolver behind every connection: the system's name servers and hosts file, read again
 * when they change, since a rig often starts before its network does.  Loop thread.
 */
#ifndef ADIT_NAMES_H
#define ADIT_NAMES_H

#include <stdint.h>

#include "src/err.h"

struct event_base;
struct evdns_base;

#define NAMES_RESOLV "/etc/resolv.conf"
#define NAMES_HOSTS  "/etc/hosts"

struct names {
	struct evdns_base *dns;
	const char *files[2]; /* resolv.conf, hosts */
	int64_t seen[2][3];   /* what a change of them shows in */
};

/* resolv and hosts are borrowed; either may be missing (literals are always understood). */
int names_init(struct names *n, struct event_base *base, const char *resolv, const char *hosts,
	       struct err *err);
void names_done(struct names *n); /* look-ups under way are told that they failed */

/* Before a look-up: read the files again if they are not what they were. */
void names_refresh(struct names *n);

#endif
