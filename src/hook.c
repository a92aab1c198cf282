/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The owner's commands: which, when, how many, and their end. */
#define _GNU_SOURCE 1
#include <event2/event.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "src/clock.h"
#include "src/hook.h"
#include "src/hook_env.h"
#include "src/log.h"
#include "src/option.h"
#include "src/spawn.h"
#include "src/str.h"

#define RECENT_KEPT 256

/* Options, and the events that each is for; NULL: every one. */
static const struct {
	const char *option, *events;
	size_t at; /* char * in struct settings_guard */
} table[] = {
#define AT(m) offsetof(struct settings_guard, m)
	{"--on-event", NULL, AT(on_event)},
	{"--on-hang", "hang", AT(on_hang)},
	{"--on-crash", "crash xid", AT(on_crash)},
	{"--on-stuck", "stuck off-bus", AT(on_stuck)},
	{"--on-overheat", "overheat", AT(on_overheat)},
	{"--on-low-rate", "low-rate no-hashes", AT(on_low_rate)},
	{"--on-wrong-results", "wrong-results", AT(on_wrong_results)},
	{"--on-parked", "parked", AT(on_parked)},
	{"--on-pool-down", "pool-down", AT(on_pool_down)},
#undef AT
};
#define EVENT_HOOKS (sizeof table / sizeof table[0])
#define PRICE       EVENT_HOOKS /* its place among the commands, and its name: */

static const char *option_of(size_t which)
{
	return which == PRICE ? "--price-hook" : table[which].option;
}

struct order {
	size_t which;
	char **env;
};

/* One that runs. */
struct run {
	struct hooks *hooks;
	struct event *timer;
	int pid; /* 0: none */
	size_t which;
	bool late; /* told to end */
};

struct recent {
	char event[24], device[32];
	int64_t until_ms; /* 0: free */
	uint64_t held;
};

struct hooks {
	struct event_base *base;
	struct event *child;
	char *command[EVENT_HOOKS + 1];
	uint32_t timeout_s;
	struct run run[HOOKS_AT_ONCE + 1]; /* the last one is for the price */
	struct order waiting[HOOKS_WAITING];
	unsigned n_waiting;
	struct recent recent[RECENT_KEPT];
	struct hook_counts counts;
	struct log_gap gap;
	hook_answer *answer;
	void *answer_arg;
};

/* ---- settings ---- */

static void free_commands(char **command)
{
	size_t i;

	for (i = 0; i <= EVENT_HOOKS; i++)
		secret_free(command[i]); /* may well hold a token */
}

int hook_change(struct hooks *h, const struct settings_guard *from, struct err *err)
{
	char *fresh[EVENT_HOOKS + 1] = {0};
	size_t i;

	for (i = 0; i <= EVENT_HOOKS; i++) {
		const char *text = from->price_hook;

		if (i < EVENT_HOOKS)
			memcpy(&text, (const char *)from + table[i].at, sizeof text);
		if (!text || !*text)
			continue;
		fresh[i] = strdup(text);
		if (!fresh[i]) {
			free_commands(fresh);
			return err_set(err, ERR_NOMEM, "no memory for the owner's commands");
		}
	}
	free_commands(h->command);
	memcpy(h->command, fresh, sizeof fresh);
	h->timeout_s = from->hook_timeout_s;
	return 0;
}

/* ---- one process ---- */

static void arm(struct run *r, int64_t ms)
{
	const struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	event_add(r->timer, &tv);
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	struct run *r = arg;

	(void)fd;
	(void)what;
	if (!r->pid)
		return;
	if (r->late) {
		kill(-r->pid, SIGKILL);
		return;
	}
	r->late = true;
	r->hooks->counts.late++;
	log_warn(LOG_MINER, "%s: runs for more than %u s, ending it", option_of(r->which),
		 (unsigned)r->hooks->timeout_s);
	kill(-r->pid, SIGTERM);
	arm(r, HOOK_END_MS);
}

/* Takes over env. */
static int start(struct hooks *h, struct run *r, size_t which, char **env)
{
	struct err err = {0};
	int rc = spawn_shell(h->command[which], env, &r->pid, &err);

	list_free(env);
	if (rc) {
		r->pid = 0;
		h->counts.failed++;
		log_warn(LOG_MINER, "%s: %s", option_of(which), err.text);
		return rc;
	}
	r->which = which;
	r->late = false;
	h->counts.started++;
	arm(r, (int64_t)h->timeout_s * 1000);
	return 0;
}

static void give_answer(struct hooks *h, int status)
{
	hook_answer *answer = h->answer;

	h->answer = NULL;
	if (answer)
		answer(h->answer_arg, status);
}

static void ended(struct run *r, int status)
{
	struct hooks *h = r->hooks;
	bool ran = WIFEXITED(status) && !r->late;
	int code = ran ? WEXITSTATUS(status) : -1;

	event_del(r->timer);
	r->pid = 0;
	if (r->which == PRICE) {
		h->counts.failed += code < 0;
		give_answer(h, code);
		return;
	}
	if (!code)
		return;
	h->counts.failed++;
	if (ran)
		log_warn(LOG_MINER, "%s: ended with status %d", option_of(r->which), code);
	else if (!r->late)
		log_warn(LOG_MINER, "%s: died of signal %d", option_of(r->which), WTERMSIG(status));
}

static struct run *free_run(struct hooks *h)
{
	unsigned i;

	for (i = 0; i < HOOKS_AT_ONCE; i++)
		if (!h->run[i].pid)
			return &h->run[i];
	return NULL;
}

static void start_waiting(struct hooks *h)
{
	struct run *r;

	while (h->n_waiting && (r = free_run(h)) != NULL) {
		struct order j = h->waiting[0];

		h->n_waiting--;
		memmove(h->waiting, h->waiting + 1, h->n_waiting * sizeof h->waiting[0]);
		if (h->command[j.which])
			start(h, r, j.which, j.env);
		else /* taken away by a reload */
			list_free(j.env);
	}
}

static void on_child(evutil_socket_t fd, short what, void *arg)
{
	struct hooks *h = arg;
	unsigned i;

	(void)fd;
	(void)what;
	for (i = 0; i <= HOOKS_AT_ONCE; i++) {
		struct run *r = &h->run[i];
		siginfo_t info = {0};
		int status;

		if (!r->pid || waitid(P_PID, (id_t)r->pid, &info, WEXITED | WNOHANG | WNOWAIT) ||
		    !info.si_pid)
			continue;
		/* Before it is waited for its number is nobody else's: what it left goes too. */
		if (r->late)
			kill(-r->pid, SIGKILL);
		if (waitpid(r->pid, &status, 0) == r->pid)
			ended(r, status);
	}
	start_waiting(h);
}

/* ---- events ---- */

/* Not again so soon?  *held: how often it was since. */
static bool too_soon(struct hooks *h, const char *event, const char *device, uint64_t *held)
{
	int64_t now = clock_ms();
	struct recent *oldest = &h->recent[0];
	unsigned i;

	*held = 0;
	for (i = 0; i < RECENT_KEPT; i++) {
		struct recent *r = &h->recent[i];

		if (r->until_ms && !strcmp(r->event, event) && !strcmp(r->device, device)) {
			if (now < r->until_ms) {
				r->held++;
				h->counts.held++;
				return true;
			}
			*held = r->held;
			oldest = r;
			break;
		}
		if (r->until_ms < oldest->until_ms)
			oldest = r;
	}
	str_copy(oldest->event, sizeof oldest->event, event);
	str_copy(oldest->device, sizeof oldest->device, device);
	oldest->until_ms = now + HOOK_REPEAT_MS;
	oldest->held = 0;
	return false;
}

static void run_or_wait(struct hooks *h, size_t which, const struct hook_facts *facts,
			uint64_t repeats)
{
	struct run *r = free_run(h);
	uint64_t held;
	char **env;

	if (!r && h->n_waiting == HOOKS_WAITING) {
		h->counts.dropped++;
		if (log_gap(&h->gap, clock_ms(), &held))
			log_warn(LOG_MINER,
				 "%s: not run for '%s': %d run and %d wait already "
				 "(%llu left out so far)",
				 option_of(which), facts->event, HOOKS_AT_ONCE, HOOKS_WAITING,
				 (unsigned long long)h->counts.dropped);
		return;
	}
	env = hook_environment(facts, repeats);
	if (!env) {
		log_warn(LOG_MINER, "%s: no memory to run it", option_of(which));
		h->counts.dropped++;
	} else if (r) {
		start(h, r, which, env);
	} else {
		h->waiting[h->n_waiting++] = (struct order){.which = which, .env = env};
	}
}

static bool wanted(const struct hooks *h, size_t which, const char *event)
{
	return h->command[which] &&
	       (!table[which].events || option_word(table[which].events, event));
}

void hook_run(struct hooks *h, const struct hook_facts *facts)
{
	uint64_t held = 0;
	bool any = false;
	size_t i;

	for (i = 0; i < EVENT_HOOKS; i++)
		any |= wanted(h, i, facts->event);
	if (!any || too_soon(h, facts->event, facts->device ? facts->device : "", &held))
		return;
	for (i = 0; i < EVENT_HOOKS; i++) {
		if (!wanted(h, i, facts->event))
			continue;
		log_debug(LOG_MINER, "%s: for '%s' of %s", option_of(i), facts->event,
			  facts->device ? facts->device : "the rig");
		run_or_wait(h, i, facts, held);
	}
}

int hook_ask(struct hooks *h, hook_answer *answer, void *arg)
{
	struct hook_facts facts = HOOK_FACTS;
	char **env;

	if (!h->command[PRICE])
		return -ERR_USAGE;
	if (h->run[HOOKS_AT_ONCE].pid)
		return -ERR_BUSY;
	facts.event = "price";
	env = hook_environment(&facts, 0);
	if (!env)
		return -ERR_NOMEM;
	h->answer = answer;
	h->answer_arg = arg;
	if (start(h, &h->run[HOOKS_AT_ONCE], PRICE, env)) {
		h->answer = NULL;
		return -ERR_IO;
	}
	return 0;
}

/* ---- beginning and end ---- */

int hook_new(struct hooks **out, struct event_base *base, const struct settings_guard *from,
	     struct err *err)
{
	struct hooks *h = calloc(1, sizeof *h);
	bool made = h != NULL;
	unsigned i;

	if (!h)
		return err_set(err, ERR_NOMEM, "no memory for the owner's commands");
	h->base = base;
	for (i = 0; i <= HOOKS_AT_ONCE; i++) {
		h->run[i].hooks = h;
		h->run[i].timer = evtimer_new(base, on_late, &h->run[i]);
		made &= h->run[i].timer != NULL;
	}
	h->child = evsignal_new(base, SIGCHLD, on_child, h);
	if (!made || !h->child || event_add(h->child, NULL)) {
		hook_free(h);
		return err_set(err, ERR_NOMEM, "no memory for the owner's commands");
	}
	if (hook_change(h, from, err)) {
		hook_free(h);
		return -ERR_NOMEM;
	}
	*out = h;
	return 0;
}

void hook_free(struct hooks *h)
{
	unsigned i;

	if (!h)
		return;
	if (h->n_waiting)
		log_warn(LOG_MINER, "%u of the owner's commands were not run any more",
			 h->n_waiting);
	for (i = 0; i < h->n_waiting; i++)
		list_free(h->waiting[i].env);
	for (i = 0; i <= HOOKS_AT_ONCE; i++)
		if (h->run[i].timer)
			event_free(h->run[i].timer);
	if (h->child)
		event_free(h->child);
	free_commands(h->command);
	free(h);
}

void hook_counts(const struct hooks *h, struct hook_counts *out)
{
	*out = h->counts;
}

unsigned hook_pending(const struct hooks *h)
{
	unsigned i, n = h->n_waiting;

	for (i = 0; i <= HOOKS_AT_ONCE; i++)
		n += h->run[i].pid > 0;
	return n;
}
