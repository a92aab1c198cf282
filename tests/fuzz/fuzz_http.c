/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A client or a page gone mad: whatever bytes come as HTTP, a request is whole, refused or waited
 * for, whichever piece of it came first; and no request may do more than the access rule says.
 * The first byte chooses how the API listens.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "src/api/access.h"
#include "src/api/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WRITE_TOKEN "write-token-0123456789"
#define READ_TOKEN  "read-token-0123456789"

enum { LOOPBACK = 1, WRITES = 2, READS = 4, BOUND = 8, ORIGINS = 16 };

static void must(bool claim)
{
	if (!claim)
		abort();
}

static void listen_as(struct access *a, unsigned how)
{
	struct err err = {0};

	memset(a, 0, sizeof *a);
	must(!access_set_token(&a->write, "--api-token", how & WRITES ? WRITE_TOKEN : NULL, &err));
	must(!access_set_token(&a->read, "--api-read-token", how & READS ? READ_TOKEN : NULL,
			       &err));
	a->loopback = how & LOOPBACK;
	if (how & BOUND)
		snprintf(a->host, sizeof a->host, "%s", how & LOOPBACK ? "127.0.0.1" : "192.0.2.7");
	a->origins = how & ORIGINS ? "http://farm.example,null" : NULL;
}

/* Less of it is no more of an answer: nothing is whole, or wrong, that a longer one is not. */
static void check_pieces(const uint8_t *data, size_t size, int whole, size_t need)
{
	size_t step = size / 16 + 1, n;
	struct http_request r;

	for (n = 0; n < size; n += step) {
		int status = http_parse(&r, (const char *)data, n);

		must(status == 0 || status == 1 || (status >= 400 && status <= 505));
		if (whole == 1)
			must(n < need ? status == 0 : status == 1);
		if (status > 1)
			must(whole > 1);
	}
}

static void check_texts(const struct http_request *r)
{
	int i;

	must(memchr(r->method, 0, sizeof r->method) && memchr(r->path, 0, sizeof r->path));
	must(r->method[0] && r->path[0] == '/' && !strchr(r->path, '?'));
	for (i = 0; i < HTTP_FIELDS; i++) {
		must(memchr(r->field[i], 0, sizeof r->field[i]) != NULL);
		must(!strpbrk(r->field[i], "\r\n"));
	}
}

/* Names that no DNS of somebody else's can make ours. */
static void check_host(const struct access *a, const char *host)
{
	char *name = host ? strdup(host) : NULL;
	size_t len;

	if (!access_host_fits(a, host)) {
		free(name);
		return;
	}
	must(name && name[0]);
	if (!strncasecmp(name, "http", 4))
		memmove(name, strstr(name, "//") + 2, strlen(strstr(name, "//") + 2) + 1);
	len = strspn(name, "0123456789abcdefABCDEF.:[]");
	must(!name[len] || !strncasecmp(name, "localhost", 9));
	free(name);
}

static void check_right(struct access *a, unsigned how, const struct access_ask *ask)
{
	enum api_right right = API_WRITE;
	int status = access_http(a, "192.0.2.1", ask, 1, &right);

	must(status == 0 || (status >= 400 && status < 500));
	if (status) {
		must(right == API_NOTHING || right == access_open(a) || status == 401 ||
		     status == 429);
		return;
	}
	must(access_host_fits(a, ask->host) && right != API_NOTHING);
	if (ask->origin)
		must(access_origin_fits(a, ask->origin, ask->host));
	if (right == API_WRITE)
		must((how & WRITES) && ask->token && !strcmp(ask->token, WRITE_TOKEN) &&
		     !strcmp(ask->method, "POST") && ask->type &&
		     !strncasecmp(ask->type, "application/json", 16));
	if (!ask->token)
		must((how & LOOPBACK) && !(how & READS));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_request r;
	struct access a;
	struct access_ask ask;
	unsigned how;
	int status;

	if (!size)
		return 0;
	how = data[0] >= 'A' ? data[0] - 'A' : data[0];
	data++;
	size--;
	status = http_parse(&r, (const char *)data, size);
	must(status == 0 || status == 1 || (status >= 400 && status <= 505));
	check_pieces(data, size, status, status == 1 ? r.head + r.body : size);
	if (status != 1)
		return 0;
	status = http_parse(&r, (const char *)data, size);
	must(status == 1 && r.head + r.body <= size && r.body <= HTTP_BODY_MAX);
	check_texts(&r);
	listen_as(&a, how);
	ask = (struct access_ask){.method = r.method,
				  .host = http_field(&r, HTTP_HOST),
				  .origin = http_field(&r, HTTP_ORIGIN),
				  .type = http_field(&r, HTTP_TYPE),
				  .token = http_token(&r)};
	check_host(&a, ask.host);
	check_right(&a, how, &ask);
	return 0;
}
