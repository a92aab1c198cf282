/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What cgminer's API lets be done. */
#include <stdio.h>
#include <string.h>

#include "src/api/cgminer.h"
#include "src/str.h"

/* One answer for whatever failed. */
static void failed(struct cg_reply *r, enum cg_code code, const struct err *err)
{
	cg_status(r, 'E', code, "%s", err->text);
}

static void not_possible(struct cg_reply *r)
{
	cg_status(r, 'E', CG_INVALID_COMMAND, "Not possible on this rig");
}

void cg_privileged(struct cg_reply *r, const char *param)
{
	(void)param;
	cg_status(r, 'S', CG_PRIVILEGED, "Privileged access OK");
}

/* A bare word in text. */
void cg_quit(struct cg_reply *r, const char *param)
{
	const struct api_call *call = r->call;
	struct err err = {0};

	(void)param;
	if (!call->actions->quit)
		not_possible(r);
	else if (call->actions->quit(call->arg, &err))
		failed(r, CG_INVALID_COMMAND, &err);
	else if (r->json)
		cg_status(r, 'S', CG_PRIVILEGED, "BYE");
	else
		cg_put(r, "BYE");
}

/* ---- cards ---- */

static int number_of(const struct cg_reply *r, const struct tool_card *c)
{
	return (int)(c - r->rig.card);
}

static void enable(struct cg_reply *r, const char *param, bool on)
{
	const struct tool_card *c = cg_card_of(r, param);
	const struct api_call *call = r->call;
	struct err err = {0};

	if (!c)
		return;
	if (!call->actions->pause)
		not_possible(r);
	else if (call->actions->pause(call->arg, (int)c->number, !on, &err))
		failed(r, CG_INVALID_COMMAND, &err);
	else
		cg_status(r, 'S', on ? CG_CARD_ENABLED : CG_CARD_DISABLED, "GPU %d set %s flag",
			  number_of(r, c), on ? "enable" : "disable");
}

void cg_gpuenable(struct cg_reply *r, const char *param)
{
	enable(r, param, true);
}

void cg_gpudisable(struct cg_reply *r, const char *param)
{
	enable(r, param, false);
}

void cg_gpurestart(struct cg_reply *r, const char *param)
{
	const struct tool_card *c = cg_card_of(r, param);
	const struct api_call *call = r->call;
	struct err err = {0};

	if (!c)
		return;
	if (!call->actions->restart)
		not_possible(r);
	else if (call->actions->restart(call->arg, c->number, &err))
		failed(r, CG_INVALID_COMMAND, &err);
	else
		cg_status(r, 'S', CG_CARD_RESTARTS, "GPU %d attempting to restart",
			  number_of(r, c));
}

void cg_gpuintensity(struct cg_reply *r, const char *param)
{
	const struct api_call *call = r->call;
	const char *comma = strchr(param, ',');
	const struct tool_card *c;
	char which[24] = "";
	struct err err = {0};
	uint64_t log2;

	str_printable(which, sizeof which, param, strcspn(param, ","));
	c = cg_card_of(r, which);
	if (!c)
		return;
	if (!comma)
		cg_status(r, 'E', CG_MISSING_VALUE, "Missing intensity parameter");
	else if (str_to_u64(&log2, comma + 1, 0, 63))
		cg_status(r, 'E', CG_INVALID_INTENSITY, "Invalid intensity (%.20s)", comma + 1);
	else if (!call->actions->set_intensity)
		not_possible(r);
	else if (call->actions->set_intensity(call->arg, c->number, (uint32_t)log2, &err))
		failed(r, CG_INVALID_INTENSITY, &err);
	else
		cg_status(r, 'S', CG_CARD_INTENSITY, "GPU %d set new intensity to %u",
			  number_of(r, c), (unsigned)log2);
}

/* ---- pools ---- */

/* The pool a parameter names; false: the answer is given. */
static bool pool_of(struct cg_reply *r, const char *param, unsigned *pool)
{
	unsigned n = r->call->view->n_pools;
	uint64_t v;

	if (!param[0]) {
		cg_status(r, 'E', CG_MISSING_POOL, "Missing pool id parameter");
		return false;
	}
	if (!n || str_to_u64(&v, param, 0, n - 1)) {
		cg_status(r, 'E', CG_INVALID_POOL, "Invalid pool id %.20s - range is 0 - %d", param,
			  (int)n - 1);
		return false;
	}
	*pool = (unsigned)v;
	return true;
}

/* A copy: what is said of a pool is said after it may have gone. */
static void say_pool(struct cg_reply *r, enum cg_code code, const char *what, unsigned pool,
		     const char *url)
{
	cg_status(r, 'S', code, "%s pool %u:'%.200s'", what, pool, url);
}

static void on_pool(struct cg_reply *r, const char *param, enum cg_code code, const char *what,
		    int (*act)(void *arg, unsigned pool, struct err *err))
{
	char url[sizeof r->call->view->pools->url];
	struct err err = {0};
	unsigned pool;

	if (!pool_of(r, param, &pool))
		return;
	str_copy(url, sizeof url, r->call->view->pools[pool].url);
	if (!act)
		not_possible(r);
	else if (act(r->call->arg, pool, &err))
		failed(r, CG_INVALID_POOL, &err);
	else
		say_pool(r, code, what, pool, url);
}

void cg_switchpool(struct cg_reply *r, const char *param)
{
	on_pool(r, param, CG_SWITCH_POOL, "Switching to", r->call->actions->pool_switch);
}

void cg_removepool(struct cg_reply *r, const char *param)
{
	on_pool(r, param, CG_POOL_REMOVED, "Removed", r->call->actions->pool_remove);
}

static void able_pool(struct cg_reply *r, const char *param, bool on)
{
	const struct api_call *call = r->call;
	struct err err = {0};
	unsigned pool;

	if (!pool_of(r, param, &pool))
		return;
	if (!call->actions->pool_enable)
		not_possible(r);
	else if (call->actions->pool_enable(call->arg, pool, on, &err))
		failed(r, CG_INVALID_POOL, &err);
	else
		say_pool(r, on ? CG_POOL_ENABLED : CG_POOL_DISABLED, on ? "Enabling" : "Disabling",
			 pool, call->view->pools[pool].url);
}

void cg_enablepool(struct cg_reply *r, const char *param)
{
	able_pool(r, param, true);
}

void cg_disablepool(struct cg_reply *r, const char *param)
{
	able_pool(r, param, false);
}

/* The next of a list of fields joined by ',', where '\' takes the meaning of what follows it. */
static bool next_field(const char **at, char *out, size_t size)
{
	size_t n = 0;

	for (; **at && **at != ','; (*at)++) {
		if (**at == '\\' && (*at)[1])
			(*at)++;
		if (n + 1 >= size)
			return false;
		out[n++] = **at;
	}
	out[n] = '\0';
	*at += **at == ',';
	return n > 0;
}

/* "URL,USER,PASSWORD" */
void cg_addpool(struct cg_reply *r, const char *param)
{
	const struct api_call *call = r->call;
	char url[320], user[256], pass[256];
	struct err err = {0};
	unsigned pool;

	if (!param[0]) {
		cg_status(r, 'E', CG_MISSING_DETAILS, "Missing addpool details");
		return;
	}
	if (!next_field(&param, url, sizeof url) || !next_field(&param, user, sizeof user) ||
	    !next_field(&param, pass, sizeof pass) || *param) {
		cg_status(r, 'E', CG_INVALID_DETAILS, "Invalid addpool details (URL,USER,PASS)");
		return;
	}
	if (!call->actions->pool_add)
		not_possible(r);
	else if (call->actions->pool_add(call->arg, url, user, pass, &pool, &err))
		failed(r, CG_INVALID_DETAILS, &err);
	else
		say_pool(r, CG_POOL_ADDED, "Added", pool, url);
}

/* "2,0": the pools named, in that order, before all others.  Their count, or 0: it is answered. */
static unsigned read_order(struct cg_reply *r, const char *param, uint8_t order[CG_POOLS_MAX])
{
	unsigned n = 0, i, pool;
	char word[24];

	do {
		size_t len = strcspn(param, ",");

		str_printable(word, sizeof word, param, len);
		if (!pool_of(r, word, &pool))
			return 0;
		for (i = 0; i < n && order[i] != pool; i++)
			;
		if (i < n || n == CG_POOLS_MAX) {
			cg_status(r, 'E', CG_DUPLICATE_POOL, "Duplicate pool specified %u", pool);
			return 0;
		}
		order[n++] = (uint8_t)pool;
		param += len;
	} while (*param++ == ',');
	return n;
}

/* Every move renumbers those that it passes. */
void cg_poolpriority(struct cg_reply *r, const char *param)
{
	const struct api_call *call = r->call;
	uint8_t order[CG_POOLS_MAX];
	unsigned n = read_order(r, param, order), i, k, now;
	struct err err = {0};

	if (n && !call->actions->pool_priority) {
		not_possible(r);
		return;
	}
	for (i = 0; i < n; i++) {
		now = order[i]; /* those moved before it from behind it pushed it back by one */
		for (k = 0; k < i; k++)
			now += order[k] > order[i];
		if (call->actions->pool_priority(call->arg, now, i, &err)) {
			failed(r, CG_INVALID_POOL, &err);
			return;
		}
	}
	if (n)
		cg_status(r, 'S', CG_POOL_PRIORITY, "Changed pool priorities");
}
