/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shares between the CPU check and the pool's answer. */
#include <stdlib.h>
#include <string.h>

#include "src/seen.h"
#include "src/sharequeue.h"
#include "src/str.h"

#define BUCKETS 1024 /* of sent shares, by request id */

struct list {
	struct share *head, **tail;
	size_t n;
};

struct sharequeue {
	struct list sent[BUCKETS];
	struct list waiting;
	size_t in_flight;
	struct share *blank; /* free list */
	struct seen seen;
	share_final_fn *final;
	void *arg;
};

static void list_init(struct list *l)
{
	l->head = NULL;
	l->tail = &l->head;
	l->n = 0;
}

static void list_put(struct list *l, struct share *s)
{
	s->next = NULL;
	*l->tail = s;
	l->tail = &s->next;
	l->n++;
}

/* Unlink *at from l and return it. */
static struct share *list_cut(struct list *l, struct share **at)
{
	struct share *s = *at;

	*at = s->next;
	if (!s->next)
		l->tail = at;
	l->n--;
	s->next = NULL;
	return s;
}

int sharequeue_new(struct sharequeue **out, share_final_fn *final, void *arg, struct err *err)
{
	struct sharequeue *q = calloc(1, sizeof *q);
	unsigned i;

	if (!q)
		return err_set(err, ERR_NOMEM, "no memory for the share queue");
	for (i = 0; i < BUCKETS; i++)
		list_init(&q->sent[i]);
	list_init(&q->waiting);
	q->final = final;
	q->arg = arg;
	*out = q;
	return 0;
}

static void release(struct share *s)
{
	job_unref(s->job);
	free(s);
}

static void release_list(struct share *s)
{
	struct share *next;

	for (; s; s = next) {
		next = s->next;
		release(s);
	}
}

void sharequeue_free(struct sharequeue *q)
{
	unsigned i;

	if (!q)
		return;
	for (i = 0; i < BUCKETS; i++)
		release_list(q->sent[i].head);
	release_list(q->waiting.head);
	release_list(q->blank);
	free(q);
}

struct share *sharequeue_blank(struct sharequeue *q)
{
	struct share *s = q->blank;

	if (!s)
		return calloc(1, sizeof *s);
	q->blank = s->next;
	memset(s, 0, sizeof *s);
	return s;
}

void sharequeue_recycle(struct sharequeue *q, struct share *share)
{
	job_unref(share->job);
	share->job = NULL;
	share->next = q->blank;
	q->blank = share;
}

bool sharequeue_is_new(struct sharequeue *q, const struct digest *digest)
{
	return seen_add(&q->seen, digest->hash.w[0]);
}

void sharequeue_sent(struct sharequeue *q, struct share *take, int64_t now_us)
{
	take->state = SHARE_SENT;
	take->sent_us = now_us;
	list_put(&q->sent[take->request % BUCKETS], take);
	q->in_flight++;
}

static void finish(struct sharequeue *q, struct share *s, enum share_state state,
		   const char *reason)
{
	s->state = state;
	str_copy(s->reason, sizeof s->reason, reason ? reason : "");
	q->final(q->arg, s);
}

void sharequeue_wait(struct sharequeue *q, struct share *take)
{
	take->state = SHARE_READY;
	list_put(&q->waiting, take);
	if (q->waiting.n > SHARE_WAITING_MAX)
		finish(q, list_cut(&q->waiting, &q->waiting.head), SHARE_LOST,
		       "too many shares wait for the pool");
}

bool sharequeue_answer(struct sharequeue *q, unsigned pool, uint64_t session, uint32_t request,
		       enum share_state state, const char *reason, int64_t now_us)
{
	struct list *l = &q->sent[request % BUCKETS];
	struct share **at, *s;

	for (at = &l->head; (s = *at) != NULL; at = &s->next) {
		if (s->request != request || s->job->pool != pool || s->session_sent != session)
			continue;
		list_cut(l, at);
		q->in_flight--;
		s->answered_us = now_us;
		finish(q, s, state, reason);
		return true;
	}
	return false;
}

/* Take out the shares that `gone` names and finish them as lost. */
struct sweep {
	unsigned pool;
	uint64_t session;
	int64_t before_us;
};

static void lose(struct sharequeue *q, struct list *l, const struct sweep *w,
		 bool (*gone)(const struct share *, const struct sweep *), const char *reason)
{
	struct list lost;
	struct share **at = &l->head, *next;

	list_init(&lost);
	while (*at)
		if (gone(*at, w))
			list_put(&lost, list_cut(l, at));
		else
			at = &(*at)->next;
	for (; lost.head; lost.head = next) {
		next = lost.head->next;
		finish(q, lost.head, SHARE_LOST, reason);
	}
}

static void lose_sent(struct sharequeue *q, const struct sweep *w,
		      bool (*gone)(const struct share *, const struct sweep *), const char *reason)
{
	unsigned i;

	for (i = 0; i < BUCKETS; i++) {
		size_t before = q->sent[i].n;

		if (!before)
			continue;
		lose(q, &q->sent[i], w, gone, reason);
		q->in_flight -= before - q->sent[i].n;
	}
}

static bool of_session(const struct share *s, const struct sweep *w)
{
	return s->job->pool == w->pool && s->session_sent == w->session;
}

static bool of_other_session(const struct share *s, const struct sweep *w)
{
	return s->job->pool == w->pool && s->job->session != w->session;
}

static bool sent_before(const struct share *s, const struct sweep *w)
{
	return s->sent_us < w->before_us;
}

static bool found_before(const struct share *s, const struct sweep *w)
{
	return s->found_us < w->before_us;
}

void sharequeue_down(struct sharequeue *q, unsigned pool, uint64_t session)
{
	struct sweep w = {.pool = pool, .session = session};

	lose_sent(q, &w, of_session, "connection lost before the answer");
}

struct share *sharequeue_next(struct sharequeue *q, unsigned pool, uint64_t session)
{
	struct share **at, *s;

	for (at = &q->waiting.head; (s = *at) != NULL; at = &s->next)
		if (s->job->pool == pool && s->job->session == session)
			return list_cut(&q->waiting, at);
	return NULL;
}

void sharequeue_forget(struct sharequeue *q, unsigned pool, uint64_t keep)
{
	struct sweep w = {.pool = pool, .session = keep};

	lose(q, &q->waiting, &w, of_other_session, "its session could not be resumed");
}

void sharequeue_expire(struct sharequeue *q, int64_t now_us)
{
	struct sweep sent = {.before_us = now_us - SHARE_ANSWER_MS * INT64_C(1000)};
	struct sweep wait = {.before_us = now_us - SHARE_WAIT_MS * INT64_C(1000)};

	lose_sent(q, &sent, sent_before, "no answer");
	lose(q, &q->waiting, &wait, found_before, "the pool was away too long");
}

size_t sharequeue_in_flight(const struct sharequeue *q)
{
	return q->in_flight;
}

size_t sharequeue_waiting(const struct sharequeue *q)
{
	return q->waiting.n;
}
