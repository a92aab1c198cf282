/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The access rule. */
#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <string.h>
#include <strings.h>

#include "src/api/access.h"
#include "src/str.h"

#define FREE_TRIES   3
#define PAUSE_MS     1000
#define PAUSE_MAX_MS 300000

int access_set_token(struct access_token *out, const char *option, const char *text,
		     struct err *err)
{
	size_t i, len = text ? strlen(text) : 0;

	out->set = text != NULL;
	if (!text)
		return 0;
	if (len < ACCESS_TOKEN_MIN || len > ACCESS_TOKEN_MAX)
		return err_set(err, ERR_RANGE,
			       "%s: a token has %d to %d characters, not %zu (try: openssl rand "
			       "-hex 32)",
			       option, ACCESS_TOKEN_MIN, ACCESS_TOKEN_MAX, len);
	for (i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return err_set(err, ERR_PARSE,
				       "%s: a token is printable ASCII without blanks (try: "
				       "openssl rand -hex 32)",
				       option);
	SHA256((const unsigned char *)text, len, out->digest);
	return 0;
}

int access_check(const struct access *a, const char *bind, struct err *err)
{
	if (a->loopback || a->write.set)
		return 0;
	return err_set(err, ERR_USAGE,
		       "--api-bind %s: others could reach it; add --api-token-file FILE, or bind "
		       "to 127.0.0.1",
		       bind);
}

enum api_right access_open(const struct access *a)
{
	return a->loopback && !a->read.set ? API_READ : API_NOTHING;
}

/* ---- tokens ---- */

/* Digests are of one length and cannot be guessed byte by byte. */
static bool same(const struct access_token *t, const uint8_t digest[ACCESS_DIGEST])
{
	return (CRYPTO_memcmp(t->digest, digest, ACCESS_DIGEST) == 0) & t->set;
}

static enum api_right right_of(const struct access *a, const uint8_t digest[ACCESS_DIGEST])
{
	bool write = same(&a->write, digest), read = same(&a->read, digest);

	return write ? API_WRITE : read ? API_READ : API_NOTHING;
}

void access_key(struct access_token *out, const char *token)
{
	out->set = true;
	SHA256((const unsigned char *)token, strlen(token), out->digest);
}

enum api_right access_right(const struct access *a, const struct access_token *key)
{
	enum api_right right = key->set ? right_of(a, key->digest) : API_NOTHING;

	return right ? right : access_open(a);
}

static struct access_bad *find_bad(struct access *a, const char *who)
{
	size_t i;

	for (i = 0; i < ACCESS_KEPT; i++)
		if (a->bad[i].n && !strcmp(a->bad[i].who, who))
			return &a->bad[i];
	return NULL;
}

/* A free place, or that of whoever has been quiet longest. */
static struct access_bad *new_bad(struct access *a, const char *who)
{
	struct access_bad *b = a->bad;
	size_t i;

	for (i = 0; i < ACCESS_KEPT && b->n; i++)
		if (!a->bad[i].n || a->bad[i].until_ms < b->until_ms)
			b = &a->bad[i];
	memset(b, 0, sizeof *b);
	str_copy(b->who, sizeof b->who, who);
	return b;
}

static void count_bad(struct access *a, struct access_bad *b, const char *who, int64_t now_ms)
{
	int64_t pause = 0;

	if (!b)
		b = new_bad(a, who);
	if (b->n < 32)
		b->n++;
	if (b->n > FREE_TRIES)
		pause = (int64_t)PAUSE_MS << (b->n - FREE_TRIES - 1);
	b->until_ms = now_ms + (pause > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause);
}

int access_judge(struct access *a, const char *who, const char *token, int64_t now_ms,
		 enum api_right *right)
{
	struct access_bad *b = find_bad(a, who);
	struct access_token key;

	*right = API_NOTHING;
	if (b && b->until_ms > now_ms)
		return -ERR_BUSY;
	access_key(&key, token);
	*right = right_of(a, key.digest);
	if (*right == API_NOTHING) {
		count_bad(a, b, who, now_ms);
		return -ERR_AUTH;
	}
	if (b)
		b->n = 0;
	return 0;
}

/* ---- what browsers send ---- */

static bool is_number(const char *text, size_t len)
{
	return len >= 1 && len <= 5 && strspn(text, "0123456789") == len && !text[len];
}

/* "[::1]:80" or "127.0.0.1:80" without port and brackets. */
static bool bare_host(char *out, size_t size, const char *host)
{
	bool bracket = host[0] == '[';
	size_t len = bracket ? strcspn(host, "]") : strcspn(host, ":");
	const char *rest = host + len;

	if (bracket && *rest++ != ']')
		return false;
	host += bracket;
	len -= bracket;
	if (!len || len >= size ||
	    (*rest && (*rest != ':' || !is_number(rest + 1, strlen(rest + 1)))))
		return false;
	memcpy(out, host, len);
	out[len] = '\0';
	return true;
}

static bool in_list(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (list && *list) {
		size_t n = strcspn(list, ",");

		if (n == len && !strncasecmp(list, word, n))
			return true;
		list += n;
		list += *list == ',';
	}
	return false;
}

/* xmrig's client in Python writes the scheme too; what comes after it is judged all the same. */
static const char *skip_scheme(const char *host)
{
	if (!strncasecmp(host, "http://", 7))
		return host + 7;
	return strncasecmp(host, "https://", 8) ? host : host + 8;
}

bool access_host_fits(const struct access *a, const char *host)
{
	struct in_addr v4;
	struct in6_addr v6, mine;
	char name[64];

	if (!host || !bare_host(name, sizeof name, skip_scheme(host)))
		return false;
	if (!strcasecmp(name, "localhost") || in_list(a->hosts, name))
		return true;
	/* A literal is no name that an attacker's DNS could turn to us. */
	if (inet_pton(AF_INET, name, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127 || !a->host[0] || !strcmp(a->host, name);
	if (inet_pton(AF_INET6, name, &v6) != 1)
		return false;
	if (IN6_IS_ADDR_LOOPBACK(&v6) || !a->host[0])
		return true;
	return inet_pton(AF_INET6, a->host, &mine) == 1 && !memcmp(&v6, &mine, sizeof v6);
}

bool access_origin_fits(const struct access *a, const char *origin, const char *host)
{
	const char *scheme = a->tls ? "https://" : "http://";
	size_t len = strlen(scheme);

	if (in_list(a->origins, origin))
		return true;
	return !strncmp(origin, scheme, len) && !strcasecmp(origin + len, host);
}

/*
 * Browsers that say so: a page of ours, the owner's hand, a page that was allowed, or somebody who
 * follows a link to us and sees what is there (frames do not: they have another destination).
 */
static bool site_fits(const struct access_ask *ask)
{
	if (!ask->site || !strcmp(ask->site, "same-origin") || !strcmp(ask->site, "none") ||
	    ask->origin)
		return true;
	return !strcmp(ask->method, "GET") && ask->mode && !strcmp(ask->mode, "navigate") &&
	       ask->dest && !strcmp(ask->dest, "document");
}

static bool is_json(const char *type)
{
	static const char want[] = "application/json";
	size_t len = sizeof want - 1;

	return type && !strncasecmp(type, want, len) && strchr("; \t", type[len]);
}

int access_http(struct access *a, const char *who, const struct access_ask *ask, int64_t now_ms,
		enum api_right *right)
{
	bool post = !strcmp(ask->method, "POST");
	int rc;

	*right = API_NOTHING;
	if (!access_host_fits(a, ask->host))
		return 403;
	if (ask->origin && !access_origin_fits(a, ask->origin, ask->host))
		return 403;
	if (!site_fits(ask))
		return 403;
	if (post && !is_json(ask->type))
		return 415;
	*right = access_open(a);
	if (ask->token) {
		rc = access_judge(a, who, ask->token, now_ms, right);
		if (rc)
			return rc == -ERR_BUSY ? 429 : 401;
	}
	if (*right == API_NOTHING)
		return 401;
	if (!post) /* what a link can do changes nothing */
		*right = API_READ;
	return 0;
}
