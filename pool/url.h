/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pool addresses: [scheme://][user[:password]@]host:port[/path]. */
#ifndef ADIT_URL_H
#define ADIT_URL_H

#include <stdbool.h>

#include "src/err.h"

struct url {
	char scheme[32]; /* lower case; "stratum+tcp" when none was written */
	char user[256];  /* percent-decoded, "" when none */
	char password[256];
	char host[256]; /* without brackets */
	unsigned port;
	char path[256]; /* with its leading /, or "" */
	bool tls;       /* the scheme says so */
	bool ipv6;      /* host is an IPv6 literal */
};

/* 0, or -ERR_PARSE with a line that names what is wrong and the fix. */
int url_parse(struct url *out, const char *text, struct err *err);

/* Does this scheme mean TLS? */
bool url_scheme_tls(const char *scheme);

/* "scheme://host:port/path", without credentials.  Returns out. */
char *url_print(char *out, unsigned long size, const struct url *url);

#endif
