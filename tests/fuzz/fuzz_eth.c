/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A pool of an algorithm with a dataset gone mad: whatever it sends, the dialect stays within its
 * contract.  The first byte chooses the dialect and how the bytes arrive; every job that comes
 * out is rolled and a share of it is submitted, and between pieces time goes by.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool/dialect.h"
#include "tests/fake_algo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct client {
	void *session;
	const struct dialect *dialect;
	char memo[256];
	const struct algo *algo;
	uint32_t request, posted;
	int64_t now_ms;
	bool ended; /* asked to go elsewhere */
};

static void must(bool claim)
{
	if (!claim)
		abort();
}

static void must_be_printable(const char *text)
{
	for (; *text; text++)
		must(isprint((unsigned char)*text));
}

void *client_session(struct client *c)
{
	return c->session;
}

const struct algo *client_algo(const struct client *c)
{
	return c->algo;
}

const char *client_user(const struct client *c)
{
	(void)c;
	return "user.\"rig\"";
}

const char *client_password(const struct client *c)
{
	(void)c;
	return "x";
}

const char *client_agent(const struct client *c)
{
	(void)c;
	return "adit/0";
}

const char *client_host(const struct client *c)
{
	(void)c;
	return "pool.example";
}

unsigned client_port(const struct client *c)
{
	(void)c;
	return 1234;
}

const char *client_option(const struct client *c, const char *name)
{
	(void)c;
	(void)name;
	return NULL;
}

const char *client_memo(const struct client *c)
{
	return c->memo;
}

void client_set_memo(struct client *c, const char *text)
{
	must(strlen(text) < sizeof c->memo);
	snprintf(c->memo, sizeof c->memo, "%s", text);
}

double client_hashrate(const struct client *c)
{
	(void)c;
	return 1e9;
}

int64_t client_now_ms(const struct client *c)
{
	return c->now_ms;
}

int64_t client_wall_ms(const struct client *c)
{
	return c->now_ms;
}

int client_send(struct client *c, const void *data, size_t len)
{
	(void)c;
	must(len > 0 && ((const char *)data)[len - 1] == '\n');
	return 0;
}

int client_post(struct client *c, unsigned channel, uint32_t request, const char *body, size_t len,
		int timeout_ms)
{
	must(channel < 3 && len > 0 && body[0] == '{' && timeout_ms > 0);
	c->posted = request;
	return 0;
}

uint32_t client_next_request(struct client *c)
{
	c->request = c->request % 65535 + 1;
	return c->request;
}

void client_ready(struct client *c, bool resumed)
{
	(void)c;
	(void)resumed;
}

/* The same roll twice is the same header; another roll is another header. */
static void roll(struct client *c, struct job *job)
{
	struct work a = {0}, b = {0}, next = {0};
	struct share share = {.job = job};
	struct err err = {0};
	int rc = c->dialect->make_work(job, 0, &a);

	must(rc == c->dialect->make_work(job, 0, &b));
	if (rc)
		return;
	must(a.header_len == b.header_len && a.header_len <= WORK_HEADER_MAX);
	must(!memcmp(a.header, b.header, a.header_len));
	if (!c->dialect->make_work(job, 1, &next))
		must(memcmp(a.header, next.header, a.header_len) != 0);
	must(a.nonce_count > 0 && a.nonce_count - 1 <= UINT64_MAX - a.nonce_first);
	share.work = a;
	share.nonce = a.nonce_first;
	c->dialect->submit(c, &share, client_next_request(c), &err);
}

void client_job(struct client *c, struct job *take)
{
	struct u256 zero = {0};

	must(memchr(take->id, 0, sizeof take->id) != NULL);
	must(u256_cmp(&take->target, &zero) != 0);
	must(take->difficulty > 0);
	must(take->epoch <= 4095);
	roll(c, take);
	job_unref(take);
}

void client_flush(struct client *c)
{
	(void)c;
}

void client_answer(struct client *c, uint32_t request, enum client_verdict verdict,
		   const char *reason)
{
	(void)c;
	(void)request;
	must(verdict <= VERDICT_STALE);
	if (reason)
		must_be_printable(reason);
}

void client_redirect(struct client *c, const char *host, unsigned port, unsigned wait_s)
{
	(void)wait_s;
	must_be_printable(host);
	must(port <= 65535);
	c->ended = true;
}

void client_note(struct client *c, enum client_note kind, const char *fmt, ...)
{
	char text[4096];
	va_list args;

	(void)c;
	(void)kind;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	must_be_printable(text);
}

/* As client.c does: give what is there, keep what was not used, end on <0. */
static int feed(struct client *c, const uint8_t *data, size_t *begin, size_t end)
{
	struct err err;
	long used;

	do {
		memset(&err, 0, sizeof err);
		used = c->dialect->feed(c, data + *begin, end - *begin, &err);
		if (used < 0) {
			must(err.text[0] != '\0');
			return -1;
		}
		must((size_t)used <= end - *begin);
		*begin += (size_t)used;
	} while (used > 0 && *begin < end && !c->ended);
	return 0;
}

/* An answer a line, to the newest request; a line that begins with '!' is one that never came. */
static int reply(struct client *c, const uint8_t *data, size_t *begin, size_t end)
{
	const uint8_t *eol = memchr(data + *begin, '\n', end - *begin);
	size_t len = eol ? (size_t)(eol - data) - *begin : end - *begin;
	struct err err = {0};
	int rc = c->dialect->reply(c, c->posted, data[*begin] == '!' ? 0 : 200,
				   (const char *)data + *begin, len, &err);

	*begin += len + (eol != NULL);
	must(rc >= 0 || err.text[0] != '\0');
	return rc;
}

static void talk(struct client *c, const uint8_t *data, size_t size, size_t piece)
{
	size_t begin = 0, end = 0;
	struct err err = {0};
	int rc = 0;

	while (!rc && begin < size && end < size && !c->ended) {
		end = end + piece < size ? end + piece : size;
		rc = c->dialect->feed ? feed(c, data, &begin, end) : reply(c, data, &begin, size);
		if (!c->dialect->feed)
			end = begin;
		c->now_ms += 700;
		if (!rc && c->dialect->idle)
			rc = c->dialect->idle(c, c->now_ms, &err);
	}
}

static const struct dialect *find(const char *name)
{
	int i;

	for (i = 0; dialects[i]; i++)
		if (!strcmp(dialects[i]->name, name))
			return dialects[i];
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"ethproxy",    "ethstratum0", "ethstratum1",
					    "ethstratum2", "ethgetwork",  "kawpow"};
	struct client c = {.now_ms = 1};
	struct err err = {0};
	unsigned how;

	if (!size)
		return 0;
	how = data[0] >= 'a' ? data[0] - 'a' : data[0]; /* letters: whole */
	c.dialect = find(names[how % 6]);
	must(c.dialect != NULL);
	c.algo = fake_algo("fake-dag");
	if (!c.dialect->serves(c.algo) || how / 6 % 2)
		c.algo = fake_algo("fake-program");
	if (!c.dialect->serves(c.algo))
		c.algo = fake_algo("fake-dag");
	c.session = calloc(1, c.dialect->session_size);
	must(c.session != NULL);
	if (!c.dialect->hello(&c, &err))
		talk(&c, data + 1, size - 1, data[0] >= 'a' ? size : 1 + data[0] % 64u);
	if (c.dialect->bye)
		c.dialect->bye(&c);
	free(c.session);
	return 0;
}
