/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The worker process: drives one device for the supervisor.  Sleeps in poll() when it
 * has nothing to do and in the engine when it has.  Uses Linux calls (prctl, close_range).
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "src/clock.h"
#include "src/engine.h"
#include "src/epoch.h"
#include "src/ipc.h"
#include "src/pace.h"
#include "src/pulse.h"
#include "src/roofline_work.h"
#include "src/settings.h"
#include "src/str.h"
#include "src/watch.h"
#include "src/worker.h"

#define SOCKET_FD        3
#define SEND_PATIENCE_MS 10000 /* a supervisor that reads nothing for so long is gone */
#define OPEN_PATIENCE_MS 30000
#define CLOSE_PATIENCE_S 5
#define BATCH_MS_DEFAULT 50
#define BATCH_MS_MAX     10000
#define AGAIN_MAX        80 /* ranges to search again: two in flight, halved 32 times */
#define EPOCHS_HELD      3  /* the engine's, and the two newest */

/* A range of a lease, being searched in batches of at most piece nonces. */
struct range {
	struct ipc_work work;
	uint64_t first, left;
	uint64_t piece; /* 0: no limit */
};

struct flight {
	struct range range; /* of this batch: left is its count */
	bool last;          /* of its lease */
	bool rested;        /* the device was idle before by order */
};

struct worker {
	int fd;
	const struct engine_ops *ops;
	struct engine *engine;
	struct ipc_open open;
	struct ipc_probe probe;
	bool probing; /* the device itself is to be measured: nothing else follows */
	struct engine_config config;
	struct engine_host host;
	struct pulse *pulse;
	struct watch *watch; /* NULL: the engine cannot end batches early */
	struct pace pace;
	uint32_t duty_permille;
	int64_t rest_until_us;

	struct range queue[IPC_WORKS]; /* ring; the oldest may be partly searched */
	unsigned head, queued;
	struct range again[AGAIN_MAX]; /* after overflows; a stack */
	unsigned n_again;
	struct flight flight[ENGINE_SLOTS]; /* ring */
	unsigned flying, next_slot;

	struct algo_epoch epochs[EPOCHS_HELD]; /* data NULL: unused */
	unsigned next_epoch;                   /* where the next one goes, unless it is in use */
	const struct algo_epoch *epoch;        /* the engine's, or NULL */
	const struct algo_epoch *making;       /* what epoch() is at, or NULL */
	bool has_dataset;                      /* of epoch */
	struct err late;                       /* trouble found by go_on(), told after it */

	struct engine_result result;
	struct ipc_batch untold; /* batches that nobody was told of yet, 0 of them: none */
	int64_t told_us;
	uint64_t forget_below;
	bool paused, told_idle, quit;
	bool rested; /* by order since the last batch */
	bool gone;   /* the supervisor is */
};

/* --- talking ------------------------------------------------------------------ */

/* Waits for room, but not for ever: nobody reads means nobody is there. */
static int say(struct worker *w, unsigned type, const void *body)
{
	int64_t until = clock_ms() + SEND_PATIENCE_MS;
	int rc;

	while ((rc = ipc_send(w->fd, type, body)) == -ERR_BUSY) {
		struct pollfd p = {.fd = w->fd, .events = POLLOUT};
		int64_t left = until - clock_ms();

		if (left <= 0 || (poll(&p, 1, (int)left) < 0 && errno != EINTR))
			break;
	}
	if (rc)
		w->gone = true;
	return rc;
}

static void say_number(struct worker *w, unsigned type, uint64_t n)
{
	const struct ipc_number body = {.n = n};

	say(w, type, &body);
}

/* What was kept back goes before anything else is said and before long steps. */
static void tell_batches(struct worker *w)
{
	if (w->untold.batches)
		say(w, IPC_BATCH, &w->untold);
	w->untold.batches = 0;
	w->told_us = clock_us();
}

static void say_failed(struct worker *w, unsigned type, int code, const char *text)
{
	struct ipc_failed body = {.code = code < 0 ? -code : code};

	str_copy(body.text, sizeof body.text, text);
	say(w, type, &body);
}

static void host_stage(void *arg, const struct engine_stage *stage)
{
	struct worker *w = arg;

	pulse_stage(w->pulse, stage);
}

static void host_note(void *arg, int code, const char *text)
{
	say_failed(arg, IPC_NOTE, code, text);
}

/* --- epochs ------------------------------------------------------------------- */

/* The one that is called so, or NULL. */
static const struct algo_epoch *find_epoch(const struct worker *w, uint32_t number)
{
	unsigned i, k;

	for (k = 1; k <= EPOCHS_HELD; k++) { /* newest first */
		i = (w->next_epoch + EPOCHS_HELD - k) % EPOCHS_HELD;
		if (w->epochs[i].data && w->epochs[i].facts.epoch == number)
			return &w->epochs[i];
	}
	return NULL;
}

/* Takes the descriptor. */
static int on_epoch(struct worker *w, const struct algo_facts *facts, int fd, struct err *err)
{
	const struct algo_epoch *known = find_epoch(w, facts->epoch);
	struct algo_epoch *to;
	int rc = 0;

	if (!w->config.algo->dataset) {
		rc = err_set(err, ERR_PROTO, "%s has no epochs, one was sent",
			     w->config.algo->name);
	} else if (!known || memcmp(&known->facts, facts, sizeof *facts)) {
		if (&w->epochs[w->next_epoch] == w->epoch)
			w->next_epoch = (w->next_epoch + 1) % EPOCHS_HELD;
		to = &w->epochs[w->next_epoch];
		epoch_unmap(to);
		rc = epoch_map(to, w->config.algo, facts, fd, err);
		w->next_epoch = (w->next_epoch + 1) % EPOCHS_HELD;
	}
	close(fd);
	return rc;
}

/* --- the queue of works ------------------------------------------------------- */

static int on_work(struct worker *w, const struct ipc_work *work, struct err *err)
{
	const struct algo *algo = w->config.algo;
	struct range *r;

	if (w->queued == IPC_WORKS)
		return err_set(err, ERR_PROTO, "more than %d works were sent", IPC_WORKS);
	if (work->work.header_len != algo->header_len)
		return err_set(err, ERR_PROTO, "a header of %u bytes was sent, %s has %u",
			       work->work.header_len, algo->name, algo->header_len);
	if (algo->dataset && !find_epoch(w, work->work.epoch))
		return err_set(err, ERR_PROTO, "a work of epoch %u was sent before the epoch",
			       work->work.epoch);
	r = &w->queue[(w->head + w->queued++) % IPC_WORKS];
	*r = (struct range){
		.work = *work, .first = work->work.nonce_first, .left = work->work.nonce_count};
	/* A lease that wraps, or leaves the nonce field, would be searched twice. */
	if (r->left - 1 > UINT64_MAX - r->first ||
	    (algo->nonce_len == 4 && r->first + (r->left - 1) > UINT32_MAX))
		return err_set(err, ERR_PROTO, "a lease beyond the end of the nonce space");
	w->told_idle = false;
	return 0;
}

static bool is_old(const struct work *work, uint64_t serial)
{
	return work->serial < serial;
}

static bool is_of_epoch(const struct work *work, uint64_t epoch)
{
	return work->epoch == epoch;
}

/* Drop the works that are what is asked for, and give their credits back. */
static void drop(struct worker *w, bool (*is)(const struct work *work, uint64_t what),
		 uint64_t what)
{
	unsigned i, kept = 0, n = w->queued;

	for (i = 0; i < n; i++) {
		struct range *r = &w->queue[(w->head + i) % IPC_WORKS];

		if (is(&r->work.work, what))
			continue;
		if (kept != i)
			w->queue[(w->head + kept) % IPC_WORKS] = *r;
		kept++;
	}
	w->queued = kept;
	for (i = kept = 0; i < w->n_again; i++)
		if (!is(&w->again[i].work.work, what))
			w->again[kept++] = w->again[i];
	w->n_again = kept;
	if (n == w->queued)
		return;
	w->told_idle = false;
	say_number(w, IPC_HUNGRY, n - w->queued);
}

/* Drop works of jobs before serial; what flies is finished and reported. */
static void on_forget(struct worker *w, uint64_t serial)
{
	drop(w, is_old, serial);
	if (serial > w->forget_below)
		w->forget_below = serial;
}

static uint32_t batch_goal_us(uint32_t batch_ms)
{
	if (!batch_ms)
		batch_ms = BATCH_MS_DEFAULT;
	if (batch_ms > BATCH_MS_MAX)
		batch_ms = BATCH_MS_MAX;
	return batch_ms * 1000 / ENGINE_SLOTS; /* two in flight make one length together */
}

static void on_limit(struct worker *w, const struct ipc_limit *limit)
{
	w->pace.goal_us = batch_goal_us(limit->batch_ms);
	w->duty_permille = limit->duty_permille;
	if (!w->duty_permille || w->duty_permille > 1000)
		w->duty_permille = 1000;
	if (w->duty_permille == 1000)
		w->rest_until_us = 0;
	if (!limit->intensity && (!limit->automatic || !w->pace.fixed))
		return;
	w->open.intensity = limit->intensity; /* for plans to come, too */
	pace_init(&w->pace, w->pace.nonces, w->pace.max, w->pace.granule, w->pace.goal_us,
		  limit->intensity);
}

static int on_message(struct worker *w, const struct ipc_msg *m, struct err *err)
{
	switch (m->head.type) {
	case IPC_EPOCH:
		return on_epoch(w, &m->u.epoch.facts, m->fd, err);
	case IPC_WORK:
		return on_work(w, &m->u.work, err);
	case IPC_FORGET:
		on_forget(w, m->u.number.n);
		return 0;
	case IPC_LIMIT:
		on_limit(w, &m->u.limit);
		return 0;
	case IPC_PAUSE:
		w->paused = true;
		w->told_idle = false;
		return 0;
	case IPC_RESUME:
		w->paused = false;
		return 0;
	case IPC_QUIT:
		w->quit = true;
		return 0;
	default:
		return err_set(err, ERR_PROTO, "a message of type %u was not expected",
			       m->head.type);
	}
}

static int drain(struct worker *w, struct err *err)
{
	struct ipc_msg msg;
	int rc;

	while (!w->quit && !w->gone) {
		rc = ipc_recv(w->fd, &msg);
		if (!rc) {
			if (w->watch)
				watch_drained(w->watch);
			return 0;
		}
		if (rc == -ERR_IO)
			w->gone = true;
		else if (rc < 0)
			return err_set(err, ERR_PROTO, "a malformed message from the supervisor");
		else if ((rc = on_message(w, &msg, err)))
			return rc;
	}
	return 0;
}

/* --- datasets ----------------------------------------------------------------- */

/* The range that is searched next, or NULL. */
static struct range *next_range(struct worker *w)
{
	if (w->n_again)
		return &w->again[w->n_again - 1];
	return w->queued ? &w->queue[w->head] : NULL;
}

/* Between the slices of a long step: is the epoch that is made still the one wanted? */
static bool host_go_on(void *arg)
{
	struct worker *w = arg;
	const struct range *next;

	if (!w->late.code && drain(w, &w->late))
		return false;
	next = next_range(w);
	return !w->quit && !w->gone && !w->late.code &&
	       (!next || !w->making || next->work.work.epoch == w->making->facts.epoch);
}

static void take_plan(struct worker *w, const struct engine_plan *plan)
{
	struct ipc_ready ready = {.to_device = plan->to_device, .from_device = plan->from_device};

	pace_init(&w->pace, plan->nonces_start, plan->nonces_max, plan->granule, w->pace.goal_us,
		  w->open.intensity);
	str_copy(ready.label, sizeof ready.label, plan->label);
	say(w, IPC_READY, &ready);
}

/* Too large for this device: say so, once a time, and give its works back. */
static void refuse(struct worker *w, uint32_t epoch, const struct engine_fit *fit)
{
	const struct ipc_unfit body = {.epoch = epoch, .need = fit->need, .left = fit->left};

	say(w, IPC_UNFIT, &body);
	drop(w, is_of_epoch, epoch);
}

/* Make the engine ready for works of this epoch.  Nothing is in flight. */
static int change_epoch(struct worker *w, const struct algo_epoch *ep, struct err *err)
{
	struct engine_plan plan = {.granule = 1};
	struct engine_fit fit = {0};
	int rc;

	tell_batches(w); /* it may take minutes */
	w->making = ep;
	w->epoch = ep; /* held, whatever becomes of it */
	rc = w->ops->epoch(w->engine, ep, &plan, &fit, err);
	w->making = NULL;
	pulse_rest(w->pulse);
	w->has_dataset = !rc;
	if (w->late.code) {
		*err = w->late;
		return -err->code;
	}
	if (!rc)
		take_plan(w, &plan);
	else if (rc == -ERR_MEMORY)
		refuse(w, ep->facts.epoch, &fit);
	else if (rc != -ERR_STALE)
		return rc;
	return 0;
}

/* 1: the next range can be searched; 0: not yet, or there is none; else an error. */
static int await_epoch(struct worker *w, struct err *err)
{
	const struct range *next = next_range(w);
	const struct algo_epoch *ep;
	int rc;

	if (!next || !w->config.algo->dataset)
		return next != NULL;
	ep = find_epoch(w, next->work.work.epoch);
	if (!ep)
		return err_set(err, ERR_PROTO, "a work of an epoch that was not sent");
	if (ep == w->epoch && w->has_dataset)
		return 1;
	if (w->flying)
		return 0; /* first what is in flight */
	rc = change_epoch(w, ep, err);
	return rc ? rc
		  : next_range(w) && w->has_dataset &&
			       w->epoch == find_epoch(w, next_range(w)->work.work.epoch);
}

/* --- batches ------------------------------------------------------------------ */

/* Cut the next batch off what is to be searched; false when there is nothing. */
static bool cut(struct worker *w, struct flight *out)
{
	struct range *from = next_range(w);
	uint64_t count;
	bool fresh = !w->n_again;

	if (!from)
		return false;
	count = from->piece && from->piece < from->left ? from->piece : from->left;
	count = pace_next(&w->pace, count, &from->work.work.target);
	out->range = *from;
	out->range.left = count;
	from->first += count;
	from->left -= count;
	out->last = fresh && !from->left;
	out->rested = w->rested;
	w->rested = false;
	if (from->left)
		return true;
	if (fresh) {
		w->head = (w->head + 1) % IPC_WORKS;
		w->queued--;
	} else {
		w->n_again--;
	}
	return true;
}

static int submit(struct worker *w, struct err *err)
{
	unsigned slot = (w->next_slot + w->flying) % ENGINE_SLOTS;
	struct flight *f = &w->flight[slot];
	int rc;

	if (!cut(w, f))
		return 0;
	rc = w->ops->submit(w->engine, slot, &f->range.work.work, f->range.first,
			    (uint32_t)f->range.left, err);
	pulse_rest(w->pulse); /* it may have built a program */
	if (rc)
		return rc;
	w->flying++;
	if (w->watch)
		watch_flying(w->watch, f->range.work.work.serial);
	w->told_idle = false;
	if (f->last)
		say_number(w, IPC_HUNGRY, 1);
	return 0;
}

/* More hits than slots: nothing of this batch was told; search it again in halves. */
static int search_again(struct worker *w, const struct flight *f, struct err *err)
{
	struct range *r;

	if (w->result.aborted) {
		if (f->range.work.work.serial < w->forget_below)
			return 0;
	} else if (f->range.left <= ABI_SLOTS || w->result.hits > f->range.left)
		return err_set(err, ERR_DEVICE, "the device reports %u hits in %llu nonces",
			       w->result.hits, (unsigned long long)f->range.left);
	if (w->n_again == AGAIN_MAX)
		return err_set(err, ERR_DEVICE, "too many ranges to search again");
	r = &w->again[w->n_again++];
	*r = f->range;
	if (!w->result.aborted)
		r->piece = (f->range.left + 1) / 2;
	return 0;
}

static uint32_t add_us(uint32_t a, uint32_t b)
{
	return b < UINT32_MAX - a ? a + b : UINT32_MAX; /* BACKEND_UNKNOWN stays so */
}

/* Kept back while there is nothing in it that anybody waits for. */
static void keep_batch(struct worker *w, const struct ipc_batch *b)
{
	struct ipc_batch *all = &w->untold;

	if (all->batches && (all->serial != b->serial || all->lease != b->lease))
		tell_batches(w);
	if (!all->batches) {
		*all = *b;
	} else {
		all->at_us = b->at_us;
		all->hashes += b->hashes;
		all->batches += b->batches;
		all->took_us = add_us(all->took_us, b->took_us);
		all->idle_us = add_us(all->idle_us, b->idle_us);
		all->found += b->found;
		all->ended = b->ended;
	}
	if (b->ended || b->found || !b->hashes ||
	    b->at_us - w->told_us >= (int64_t)w->open.report_ms * 1000)
		tell_batches(w);
}

static void report(struct worker *w, const struct flight *f)
{
	const struct ipc_work *work = &f->range.work;
	bool overflow = w->result.hits > w->result.n;
	bool again = overflow || (w->result.aborted && work->work.serial >= w->forget_below);
	struct ipc_found found = {.serial = work->work.serial,
				  .roll = work->work.roll,
				  .lease = work->lease,
				  .at_us = clock_us()};
	struct ipc_batch batch = {.serial = work->work.serial,
				  .lease = work->lease,
				  .at_us = found.at_us,
				  .batches = 1,
				  .took_us = w->result.took_us,
				  .idle_us = f->rested ? 0 : w->result.idle_us,
				  .ended = f->last && !again};
	uint32_t i;

	if (!overflow)
		batch.found = w->result.n;
	if (!overflow && !w->result.aborted)
		batch.hashes = f->range.left;
	/* A nonce outside of its range is told too: the supervisor counts it against us. */
	for (i = 0; i < batch.found && !w->gone; i++) {
		found.nonce = w->result.nonce[i];
		say(w, IPC_FOUND, &found);
	}
	keep_batch(w, &batch);
}

static int collect(struct worker *w, struct err *err)
{
	struct flight *f = &w->flight[w->next_slot];
	int rc = w->ops->collect(w->engine, w->next_slot, &w->result, err);

	if (rc)
		return rc;
	w->next_slot = (w->next_slot + 1) % ENGINE_SLOTS;
	w->flying--;
	if (w->watch && !w->flying)
		watch_flying(w->watch, 0);
	if (w->result.hits > ABI_SLOTS || w->result.aborted)
		rc = search_again(w, f, err);
	if (rc)
		return rc;
	if (!w->result.aborted)
		pace_took(&w->pace, f->range.left, w->result.took_us);
	if (w->duty_permille < 1000)
		w->rest_until_us =
			clock_us() + (int64_t)pace_rest_us(w->result.took_us, w->duty_permille);
	report(w, f);
	return 0;
}

/* --- the loop ----------------------------------------------------------------- */

static bool has_work(const struct worker *w)
{
	return !w->paused && (w->queued || w->n_again);
}

static int fill(struct worker *w, struct err *err)
{
	/* While it must rest in between, one batch at a time. */
	unsigned most = w->duty_permille < 1000 ? 1 : ENGINE_SLOTS;
	int rc = 0;

	while (!rc && !w->gone && w->flying < most && has_work(w) &&
	       (!w->rest_until_us || clock_us() >= w->rest_until_us)) {
		rc = await_epoch(w, err);
		if (rc <= 0)
			return rc;
		rc = submit(w, err);
	}
	return rc;
}

/* Nothing flies: sleep until a message comes or the rest is over. */
static void sleep_until_needed(struct worker *w)
{
	struct pollfd p = {.fd = w->fd, .events = POLLIN};
	struct timespec ts, *timeout = NULL;
	int64_t rest = w->rest_until_us - clock_us();

	tell_batches(w);
	w->rested |= w->paused || rest > 0;
	if (has_work(w)) {
		if (rest <= 0)
			return;
		ts = (struct timespec){.tv_sec = rest / 1000000, .tv_nsec = rest % 1000000 * 1000};
		timeout = &ts;
	} else if (!w->told_idle) {
		w->told_idle = true;
		say_number(w, IPC_IDLE, w->queued);
	}
	if (!w->gone)
		ppoll(&p, 1, timeout, NULL);
}

/*
 * The watch asked what was in flight to end, but the queue zeroes the word of the batch behind
 * only when that begins: ask again, or it would run to its end.
 */
static void end_outdated(struct worker *w)
{
	const struct flight *oldest = &w->flight[w->next_slot];

	if (w->watch && w->flying && oldest->range.work.work.serial < w->forget_below)
		w->ops->abort(w->engine);
}

static int loop(struct worker *w, struct err *err)
{
	int rc;

	for (;;) {
		rc = drain(w, err);
		if (rc || w->quit || w->gone)
			return rc;
		end_outdated(w);
		rc = fill(w, err);
		if (!rc && w->flying)
			rc = collect(w, err);
		else if (!rc && !w->quit)
			sleep_until_needed(w);
		if (rc)
			return rc;
	}
}

/* --- life --------------------------------------------------------------------- */

/* The first message says what to be. */
static int await_open(struct worker *w, struct err *err)
{
	struct pollfd p = {.fd = w->fd, .events = POLLIN};
	struct ipc_msg msg;
	int rc;

	do
		rc = poll(&p, 1, OPEN_PATIENCE_MS);
	while (rc < 0 && errno == EINTR);
	rc = ipc_recv(w->fd, &msg);
	if (rc == -ERR_IO || !rc) {
		w->gone = true;
		return err_set(err, ERR_IO, "nobody speaks on the socket");
	}
	if (rc > 0 && msg.head.type == IPC_PROBE) {
		w->probe = msg.u.probe;
		w->probing = true;
		return 0;
	}
	if (rc < 0 || msg.head.type != IPC_OPEN)
		return err_set(err, ERR_PROTO, "the first message is not 'open'");
	w->open = msg.u.open;
	return 0;
}

static int configure(struct worker *w, struct err *err)
{
	const struct ipc_open *o = &w->open;

	w->ops = engine_find(o->backend);
	if (!w->ops)
		return err_set(err, ERR_UNKNOWN, "no backend is called '%s'", o->backend);
	w->host = (struct engine_host){
		.stage = host_stage, .go_on = host_go_on, .note = host_note, .arg = w};
	w->config = (struct engine_config){
		.backend = o->backend,
		.index = o->index,
		.algo = algo_find(o->algo),
		.set = o->set,
		.cache_dir = o->cache_dir,
		.sim = o->sim,
		.threads = o->threads,
		.batch_us = batch_goal_us(o->batch_ms),
		.no_selftest = o->no_selftest,
		.host = &w->host,
	};
	if (!w->config.algo)
		return err_set(err, ERR_UNKNOWN, "no algorithm is called '%s'", o->algo);
	return 0;
}

static void end_early(void *arg)
{
	struct worker *w = arg;

	w->ops->abort(w->engine);
}

static int get_ready(struct worker *w, struct err *err)
{
	struct ipc_hello hello = {.pid = getpid()};
	const struct engine_stage opening = {.name = "opening the device"};
	struct engine_plan plan = {.granule = 1};
	int rc;

	pulse_stage(w->pulse, &opening);
	rc = w->ops->open(&w->engine, &w->config, &hello.info, err);
	if (rc)
		return rc;
	say(w, IPC_HELLO, &hello);
	rc = w->ops->prepare(w->engine, &plan, err);
	if (rc)
		return rc;
	pulse_rest(w->pulse);
	w->pace.goal_us = w->config.batch_us;
	take_plan(w, &plan);
	return w->ops->abort ? watch_start(&w->watch, w->fd, end_early, w, err) : 0;
}

/* Read what still comes, so that closing does not cost the other side our last words. */
static void last_words(struct worker *w, const struct err *err)
{
	struct ipc_msg msg;

	say_failed(w, IPC_FAILED, err->code, err->text);
	while (ipc_recv(w->fd, &msg) == 1)
		;
}

/* A driver in trouble may hang in its closing: the last words are said, SIGALRM ends it. */
static void close_engine(struct worker *w, int rc)
{
	struct err ignored;

	if (!w->engine)
		return;
	if (rc)
		alarm(CLOSE_PATIENCE_S);
	while (rc != -ERR_DEVICE && w->flying &&
	       !w->ops->collect(w->engine, w->next_slot, &w->result, &ignored)) {
		w->next_slot = (w->next_slot + 1) % ENGINE_SLOTS;
		w->flying--;
	}
	w->ops->close(w->engine);
	w->engine = NULL;
	alarm(0);
}

static int end(struct worker *w, int rc, const struct err *err)
{
	tell_batches(w);
	pulse_stop(w->pulse);
	watch_stop(w->watch);
	w->watch = NULL;
	if (rc && !w->gone)
		last_words(w, err);
	close_engine(w, rc);
	switch (rc) {
	case 0:
		return EXIT_OK;
	case -ERR_SELFTEST:
		return EXIT_MISMATCH;
	case -ERR_NODEV:
		return EXIT_NO_DEVICE;
	default:
		return EXIT_FAIL;
	}
}

int worker_run(int fd)
{
	struct worker *w = calloc(1, sizeof *w);
	struct err err = {0};
	int rc;

	if (!w)
		return EXIT_SYSTEM;
	w->fd = fd;
	w->duty_permille = 1000;
	signal(SIGINT, SIG_IGN); /* the supervisor decides */
	signal(SIGPIPE, SIG_IGN);
	rc = await_open(w, &err);
	if (!rc && !w->probing)
		rc = configure(w, &err);
	if (!rc)
		rc = pulse_start(&w->pulse, fd, &err);
	if (!rc)
		rc = w->probing ? roofline_work(fd, &w->probe, w->pulse, &err) : get_ready(w, &err);
	if (!rc && !w->probing)
		rc = loop(w, &err);
	rc = end(w, rc, &err);
	free(w);
	return rc;
}

/* Descriptors and streams as a driver may have them: nothing of the supervisor's. */
static void isolate(void)
{
	int null = open("/dev/null", O_RDWR);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (null >= 0)
		dup2(null, STDIN_FILENO);
	dup2(STDERR_FILENO, STDOUT_FILENO); /* drivers print; stdout may be somebody's JSON */
	syscall(SYS_close_range, SOCKET_FD + 1, ~0u, 0);
}

int cmd_worker(struct settings *s)
{
	(void)s;
	if (fcntl(SOCKET_FD, F_GETFD) < 0) {
		fputs("adit worker: started by 'adit mine' only\n", stderr);
		return EXIT_USAGE;
	}
	isolate();
	fcntl(SOCKET_FD, F_SETFD, FD_CLOEXEC);
	return worker_run(SOCKET_FD);
}
