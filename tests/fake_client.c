/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The client_*() functions a dialect calls, without a connection. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/hex.h"
#include "src/str.h"
#include "tests/fake_client.h"

static void keep(struct fake_lines *l, const char *text, size_t len)
{
	if (l->n < FAKE_LINES_MAX)
		l->at[l->n++] = strndup(text, len);
}

/* Spaces within a value become _, so that words can be compared. */
static void event(struct client *c, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	keep(&c->events, text, strlen(text));
}

void fake_init(struct client *c, const struct dialect *dialect, const struct algo *algo)
{
	memset(c, 0, sizeof *c);
	c->dialect = dialect;
	c->algo = algo;
	c->session = calloc(1, dialect->session_size + 1);
	c->now_ms = 1000000;
}

static void clear(struct fake_lines *l)
{
	while (l->n)
		free(l->at[--l->n]);
}

void fake_done(struct client *c)
{
	if (c->dialect->bye)
		c->dialect->bye(c);
	job_unref(c->job);
	free(c->session);
	free(c->pending);
	clear(&c->sent);
	clear(&c->events);
}

static void hang_up(struct client *c)
{
	c->over = true;
	event(c, "hangup code=%d %s", c->why.code, c->why.text);
}

void fake_connect(struct client *c)
{
	if (c->dialect->hello(c, &c->why))
		hang_up(c);
}

void fake_feed(struct client *c, const void *data, size_t len)
{
	size_t at = 0;
	long used = 1;

	c->pending = realloc(c->pending, c->pending_len + len + 1);
	memcpy(c->pending + c->pending_len, data, len);
	c->pending_len += len;
	while (!c->over && at < c->pending_len) {
		/* its own copy, so that a read past the end is caught */
		uint8_t *copy = malloc(c->pending_len - at);

		memcpy(copy, c->pending + at, c->pending_len - at);
		used = c->dialect->feed(c, copy, c->pending_len - at, &c->why);
		free(copy);
		if (used < 0)
			hang_up(c);
		if (used <= 0)
			break;
		at += (size_t)used;
	}
	memmove(c->pending, c->pending + at, c->pending_len - at);
	c->pending_len -= at;
}

void fake_reply(struct client *c, uint32_t request, int status, const char *body)
{
	size_t len = strlen(body);
	char *copy = malloc(len + 1);

	memcpy(copy, body, len);
	if (!c->over && c->dialect->reply(c, request, status, copy, len, &c->why) < 0)
		hang_up(c);
	free(copy);
}

void fake_wait(struct client *c, int64_t ms)
{
	int64_t end = c->now_ms + ms;
	int step = c->dialect->idle_ms;

	while (!c->over && step && c->dialect->idle && c->now_ms + step <= end) {
		c->now_ms += step;
		if (c->dialect->idle(c, c->now_ms, &c->why))
			hang_up(c);
	}
	c->now_ms = end;
}

uint32_t fake_find(struct client *c, uint64_t roll, uint64_t nonce)
{
	struct share share = {.job = c->job, .nonce = nonce};
	struct err err = {0};
	uint32_t id;
	int rc;

	if (!c->job || c->dialect->make_work(c->job, roll, &share.work))
		return 0;
	memset(share.digest.mix, 0xab, sizeof share.digest.mix);
	share.work.roll = roll;
	share.work.target = c->job->target;
	id = client_next_request(c);
	rc = c->dialect->submit(c, &share, id, &err);
	if (rc)
		event(c, "unsent code=%d %s", -rc, err.text);
	return id;
}

const char *fake_next(struct fake_lines *l)
{
	return l->next < l->n ? l->at[l->next++] : NULL;
}

const char *fake_event(struct client *c, const char *kind)
{
	const char *text;

	while ((text = fake_next(&c->events)) != NULL) {
		size_t len = strcspn(text, " ");

		if (len == strlen(kind) && !strncmp(text, kind, len))
			return text;
		if (strncmp(text, "note", 4)) {
			c->events.next--;
			return NULL;
		}
	}
	return NULL;
}

/* ---- the contract of pool/dialect.h ---- */

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
	return c->user;
}

const char *client_password(const struct client *c)
{
	return c->password;
}

const char *client_agent(const struct client *c)
{
	(void)c;
	return "adit/test";
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
	size_t len = strlen(name);
	unsigned i;

	for (i = 0; i < c->n_options; i++)
		if (!strncmp(c->options[i], name, len) && c->options[i][len] == '=')
			return c->options[i] + len + 1;
	return NULL;
}

const char *client_memo(const struct client *c)
{
	return c->memo;
}

void client_set_memo(struct client *c, const char *text)
{
	str_copy(c->memo, sizeof c->memo, text);
}

double client_hashrate(const struct client *c)
{
	return c->hashrate;
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
	keep(&c->sent, data, len);
	return 0;
}

int client_post(struct client *c, unsigned channel, uint32_t request, const char *body, size_t len,
		int timeout_ms)
{
	(void)channel;
	(void)timeout_ms;
	if (c->sent.n < FAKE_LINES_MAX)
		c->posted[c->sent.n] = request;
	keep(&c->sent, body, len);
	return 0;
}

uint32_t client_next_request(struct client *c)
{
	c->last_request = c->last_request % 65535 + 1;
	return c->last_request;
}

void client_ready(struct client *c, bool resumed)
{
	event(c, "ready resumed=%s", resumed ? "yes" : "no");
}

void client_job(struct client *c, struct job *take)
{
	struct work work = {0};
	char target[65], header[65];

	job_unref(c->job);
	c->job = take;
	c->dialect->make_work(take, 0, &work);
	event(c,
	      "job id=%s difficulty=%.10g clean=%s height=%" PRIu64 " epoch=%u target=%s "
	      "first=%016" PRIx64 " count=%" PRIx64 " header=%s",
	      take->id, take->difficulty, take->clean ? "yes" : "no", take->height,
	      (unsigned)take->epoch, u256_hex(target, &take->target), work.nonce_first,
	      work.nonce_count, hex_encode(header, work.header, 32));
}

void client_flush(struct client *c)
{
	event(c, "flush");
}

void client_answer(struct client *c, uint32_t request, enum client_verdict verdict,
		   const char *reason)
{
	static const char *const words[] = {"accepted", "rejected", "stale"};
	char text[128];
	size_t i;

	str_copy(text, sizeof text, reason ? reason : "");
	for (i = 0; text[i]; i++)
		if (text[i] == ' ')
			text[i] = '_';
	event(c, "answer request=%u verdict=%s reason=%s", (unsigned)request, words[verdict], text);
}

void client_redirect(struct client *c, const char *host, unsigned port, unsigned wait_s)
{
	event(c, "redirect host=%s port=%u wait=%u", host, port, wait_s);
}

void client_note(struct client *c, enum client_note kind, const char *fmt, ...)
{
	char text[800];
	va_list ap;
	int n = snprintf(text, sizeof text, "note kind=%d ", (int)kind);

	va_start(ap, fmt);
	vsnprintf(text + n, sizeof text - (size_t)n, fmt, ap);
	va_end(ap);
	keep(&c->events, text, strlen(text));
}
