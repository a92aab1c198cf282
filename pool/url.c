/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pool addresses. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "pool/url.h"
#include "src/hex.h"
#include "src/str.h"

/* Percent-decode text[0..len) into out.  -ERR_PARSE: bad escape, control byte or too long. */
static int decode(char *out, size_t size, const char *text, size_t len)
{
	size_t i, n = 0;

	for (i = 0; i < len; i++) {
		int c = (unsigned char)text[i];

		if (c == '%') {
			if (len - i < 3 || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0)
				return -ERR_PARSE;
			c = hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]);
			i += 2;
		}
		if (c < 0x20 || c == 0x7f || n + 1 >= size)
			return -ERR_PARSE;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return 0;
}

static bool word_ends(const char *scheme, const char *tail)
{
	size_t a = strlen(scheme), b = strlen(tail);

	return a >= b && !strcmp(scheme + a - b, tail);
}

bool url_scheme_tls(const char *scheme)
{
	return word_ends(scheme, "ssl") || word_ends(scheme, "tls") || word_ends(scheme, "tls12") ||
	       word_ends(scheme, "https") || word_ends(scheme, "stratums");
}

/* Everything before "://", lower case; returns what follows. */
static const char *take_scheme(struct url *u, const char *text, struct err *err)
{
	const char *end = strstr(text, "://");
	size_t len = end ? (size_t)(end - text) : 0, i;

	if (!end) {
		str_copy(u->scheme, sizeof u->scheme, "stratum+tcp");
		return text;
	}
	if (len == 0 || len >= sizeof u->scheme) {
		err_set(err, ERR_PARSE, "the scheme before '://' is empty or too long");
		return NULL;
	}
	for (i = 0; i < len; i++) {
		if (!isalnum((unsigned char)text[i]) && !strchr("+-.", text[i])) {
			err_set(err, ERR_PARSE, "the scheme before '://' is not one word");
			return NULL;
		}
		u->scheme[i] = (char)tolower((unsigned char)text[i]);
	}
	u->tls = url_scheme_tls(u->scheme);
	return end + 3;
}

static int take_user(struct url *u, const char *text, size_t len, struct err *err)
{
	const char *colon = memchr(text, ':', len);
	size_t user = colon ? (size_t)(colon - text) : len;

	if (decode(u->user, sizeof u->user, text, user) ||
	    (colon && decode(u->password, sizeof u->password, colon + 1, len - user - 1)))
		return err_set(
			err, ERR_PARSE,
			"the user or password is too long or has a bad %%-escape (write @ as "
			"%%40 and : as %%3A)");
	return 0;
}

static int take_host(struct url *u, const char *text, size_t len, struct err *err)
{
	const char *colon, *host = text, *close;
	size_t host_len, i;
	char port[8];
	uint64_t number;

	if (len && text[0] == '[') {
		close = memchr(text, ']', len);
		if (!close)
			return err_set(err, ERR_PARSE, "'[' without ']' around an IPv6 address");
		host = text + 1;
		host_len = (size_t)(close - host);
		u->ipv6 = true;
		colon = close + 1 < text + len && close[1] == ':' ? close + 1 : NULL;
	} else {
		colon = memchr(text, ':', len);
		host_len = colon ? (size_t)(colon - text) : len;
		if (colon && memchr(colon + 1, ':', len - host_len - 1))
			return err_set(err, ERR_PARSE,
				       "write an IPv6 address in brackets, as in [::1]:3333");
	}
	if (!host_len)
		return err_set(err, ERR_PARSE, "no host name in it");
	if (host_len >= sizeof u->host)
		return err_set(err, ERR_PARSE, "its host name has more than %zu characters",
			       sizeof u->host - 1);
	for (i = 0; i < host_len; i++)
		if (!isalnum((unsigned char)host[i]) && !strchr(u->ipv6 ? ":.%" : ".-_", host[i]))
			return err_set(err, ERR_PARSE,
				       "the host name has a character that no host "
				       "name has");
	memcpy(u->host, host, host_len);
	if (!colon || colon + 1 == text + len)
		return err_set(err, ERR_PARSE, "no port in it: write host:port, as in %s:3333",
			       u->host);
	if ((size_t)(text + len - colon) > sizeof port)
		return err_set(err, ERR_PARSE, "the port is not a number from 1 to 65535");
	memcpy(port, colon + 1, (size_t)(text + len - colon - 1));
	port[text + len - colon - 1] = '\0';
	if (str_to_u64(&number, port, 1, 65535))
		return err_set(err, ERR_PARSE, "the port '%s' is not a number from 1 to 65535",
			       port);
	u->port = (unsigned)number;
	return 0;
}

static int take_path(struct url *u, const char *text, struct err *err)
{
	const char *p;

	for (p = text; *p; p++)
		if ((unsigned char)*p <= 0x20 || *p == 0x7f)
			return err_set(err, ERR_PARSE,
				       "its path has a space or a control character (write %%20)");
	if (!str_copy(u->path, sizeof u->path, text))
		return err_set(err, ERR_PARSE, "its path is too long");
	return 0;
}

int url_parse(struct url *out, const char *text, struct err *err)
{
	struct url u = {0};
	const char *rest = take_scheme(&u, text, err), *at, *slash;
	size_t len;
	int rc = -ERR_PARSE;

	if (!rest)
		goto out;
	slash = strchr(rest, '/');
	/* More likely a password than a path, and then the rest of it must not be told. */
	if (slash && strchr(slash, '@')) {
		err_set(err, ERR_PARSE,
			"an @ after a /: write / as %%2F in a user or password, @ as %%40 in a "
			"path");
		goto out;
	}
	len = slash ? (size_t)(slash - rest) : strlen(rest);
	/* The last @ ends the user part: passwords may hold others. */
	for (at = rest + len; at > rest && at[-1] != '@'; at--)
		;
	rc = 0;
	if (at > rest)
		rc = take_user(&u, rest, (size_t)(at - rest) - 1, err);
	if (!rc)
		rc = take_host(&u, at, (size_t)(rest + len - at), err);
	if (!rc && slash)
		rc = take_path(&u, slash, err);
	if (!rc)
		*out = u;
out:
	if (rc)
		err_prefix(err, "bad pool address");
	return rc;
}

char *url_print(char *out, unsigned long size, const struct url *u)
{
	snprintf(out, size, "%s://%s%s%s:%u%s", u->scheme, u->ipv6 ? "[" : "", u->host,
		 u->ipv6 ? "]" : "", u->port, u->path);
	return out;
}
