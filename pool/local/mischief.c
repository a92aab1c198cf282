/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Doing what a fault script says; for tests of clients. */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "pool/local/local.h"
#include "src/log.h"

#define STORM 50
#define FLOOD 500
#define HUGE  (2u << 20)

/* The rest of a line, some time after its first half, and what came after it. */
static void on_rest(evutil_socket_t fd, short what, void *arg)
{
	struct local_client *c = arg;

	(void)fd;
	(void)what;
	if (!c->held)
		return;
	bufferevent_write_buffer(c->bev, c->held);
	evbuffer_free(c->held);
	c->held = NULL;
}

static void half_line(struct local_client *c)
{
	const struct local_job *job = local_job(c->pool, c->pool->last_job);
	const struct timeval tv = {.tv_usec = 300000};

	if (c->held || !job)
		return;
	if (!c->rest)
		c->rest = evtimer_new(c->pool->base, on_rest, c);
	if (!c->rest || event_add(c->rest, &tv))
		return;
	c->halve = true;
	local_send_job(c, job, false);
}

static void send_lines(struct local_client *c, const char *const *lines, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		local_send_text(c, lines[i], strlen(lines[i]));
}

static void garbage(struct local_client *c)
{
	static const char *const lines[] = {
		"\x16\x03\x01\xff\xfe\r\n",
		"{\"id\":auth}\n",
		"17\n",
		"{\"id\":1,\n",
	};

	send_lines(c, lines, sizeof lines / sizeof *lines);
}

static void wrong_type(struct local_client *c)
{
	static const char *const lines[] = {
		"{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[null]}\n",
		"{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[\"much\"]}\n",
		"{\"id\":null,\"method\":\"mining.set_extranonce\",\"params\":[5,-1]}\n",
		"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"aa\",12345,\"00\",{},null,"
		"\"\","
		"\"\",\"\",1]}\n",
		"{\"id\":null,\"method\":\"mining.notify\",\"params\":null}\n",
		"{\"id\":{},\"result\":[],\"error\":7}\n",
		"{\"id\":\"x\",\"method\":\"client.get_version\"}\n",
		"{\"id\":0,\"jsonrpc\":\"2.0\",\"result\":[\"0x\",5,null]}\n",
		"{\"id\":0,\"jsonrpc\":\"2.0\",\"result\":[]}\n",
		"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"aa\",\"0x12\",\"\",7,true,"
		"-1,{}]}\n",
		"{\"id\":null,\"method\":\"mining.set_target\",\"params\":[\"0x\"]}\n",
		"{\"method\":\"mining.set\",\"params\":{\"epoch\":-1,\"target\":[],"
		"\"extranonce\":\"xyz\"}}\n",
		"[]\n",
	};

	send_lines(c, lines, sizeof lines / sizeof *lines);
}

static void huge_line(struct local_client *c)
{
	char *text = malloc(HUGE);

	if (!text)
		return;
	memset(text, 'a', HUGE);
	local_send_text(c, text, HUGE);
	free(text);
}

static void new_extranonce(struct local_client *c)
{
	if (!c->subscribed || !c->wants_extranonce)
		return;
	c->extranonce1[0] ^= 0x80;
	c->extranonce1[1]++;
	local_send_extranonce(c);
}

static void storm(struct local_client *c)
{
	const struct local_job *job = local_job(c->pool, c->pool->last_job);
	double honest = c->difficulty;
	int i;

	for (i = 0; i < STORM; i++) {
		c->difficulty = honest * (i % 2 ? 1e6 : 0.5);
		local_send_difficulty(c);
		local_send_job(c, job, false);
	}
	c->difficulty = honest;
	local_send_difficulty(c);
}

static void reconnect(struct local_client *c)
{
	static const char line[] = "{\"id\":null,\"method\":\"client.reconnect\",\"params\":[]}\n";

	local_send_text(c, line, sizeof line - 1);
}

static void each(struct local *p, void (*act)(struct local_client *c))
{
	struct local_client *c, *next;

	for (c = p->clients; c; c = next) {
		next = c->next;
		if (!c->dead && c->subscribed)
			act(c);
	}
}

static void flood(struct local *p)
{
	int i;

	for (i = 0; i < FLOOD; i++)
		local_new_job(p, i % 10 == 0);
}

/* Not clean: whoever does not believe it can go on with what it has. */
static void lie(struct local *p, enum fault_kind kind)
{
	if (!local_next_job(p, false))
		return;
	local_dag_lie(p, kind);
	local_broadcast(p, false);
}

static void honest(struct faults *f)
{
	f->delay_ms = 0;
	f->refuse_login = f->silent = f->no_answer = f->reject_all = false;
}

void local_fault(struct local *p, const struct fault *f)
{
	static void (*const acts[FAULT_KINDS])(struct local_client * c) = {
		[FAULT_DROP] = local_close,    [FAULT_HALF_LINE] = half_line,
		[FAULT_GARBAGE] = garbage,     [FAULT_WRONG_TYPE] = wrong_type,
		[FAULT_HUGE_LINE] = huge_line, [FAULT_EXTRANONCE] = new_extranonce,
		[FAULT_RECONNECT] = reconnect, [FAULT_DIFF_STORM] = storm,
	};

	log_info(LOG_POOL, "fault: %s", fault_name(f->kind));
	if (acts[f->kind])
		each(p, acts[f->kind]);
	switch (f->kind) {
	case FAULT_DELAY:
		p->faults.delay_ms = f->value_ms;
		break;
	case FAULT_EXTRANONCE:
	case FAULT_DIFF_STORM:
		local_new_job(p, true);
		break;
	case FAULT_ABSURD_HEIGHT:
	case FAULT_ABSURD_SEED:
	case FAULT_WRONG_SEED:
		lie(p, f->kind);
		break;
	case FAULT_OTHER_EPOCH:
		p->detour = !p->detour;
		local_new_job(p, true);
		break;
	case FAULT_JOB_FLOOD:
		flood(p);
		break;
	case FAULT_REFUSE_LOGIN:
		p->faults.refuse_login = true;
		break;
	case FAULT_SILENT:
		p->faults.silent = true;
		break;
	case FAULT_NO_ANSWER:
		p->faults.no_answer = true;
		break;
	case FAULT_REJECT_ALL:
		p->faults.reject_all = true;
		break;
	case FAULT_HONEST:
		honest(&p->faults);
		break;
	default:
		break;
	}
}
