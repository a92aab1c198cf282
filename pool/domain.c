/* SPDX-License-Identifier: GPL-3.0-or-later */
/* May a pool send us from one host to another? */
#include <string.h>
#include <strings.h>

#include "pool/domain.h"

static bool is_literal(const char *host)
{
	return strchr(host, ':') || host[strspn(host, "0123456789.")] == '\0';
}

/* Where the last n labels of a name begin, or NULL when it has fewer. */
static const char *last_labels(const char *name, int n)
{
	const char *p = name + strlen(name);

	while (p > name) {
		if (p[-1] == '.' && --n == 0)
			return p;
		p--;
	}
	return n == 1 ? name : NULL;
}

static const char *registrable(const char *name)
{
	const char *last = last_labels(name, 1), *two = last_labels(name, 2);

	if (!two)
		return NULL;
	/* "co.uk", "com.au": a country with a short second level */
	if (strlen(last) == 2 && last - two - 1 <= 3)
		return last_labels(name, 3);
	return two;
}

static bool ends_in_dot(const char *name)
{
	return *name && name[strlen(name) - 1] == '.';
}

bool domain_same(const char *a, const char *b)
{
	const char *x, *y;

	if (!strcasecmp(a, b))
		return true;
	/* A trailing dot would make two names of any domain look alike. */
	if (is_literal(a) || is_literal(b) || ends_in_dot(a) || ends_in_dot(b))
		return false;
	x = registrable(a);
	y = registrable(b);
	return x && y && !strcasecmp(x, y);
}
