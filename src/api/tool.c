/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the dialects of other miners have in common. */
#include "src/api/tool.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/str.h"

static int known(int32_t v)
{
	return v == STAT_UNKNOWN ? -1 : v;
}

/* One hexadecimal field of a PCI address and the mark after it. */
static bool field(const char **at, unsigned digits, char mark, int *out)
{
	unsigned n, v = 0;

	for (n = 0; n < digits && strchr("0123456789abcdefABCDEF", **at) && **at; n++, (*at)++)
		v = v * 16 + (unsigned)(**at <= '9' ? **at - '0' : (**at | 32) - 'a' + 10);
	if (!n || **at != mark || v > INT32_MAX)
		return false;
	*out = (int)v;
	*at += mark != '\0';
	return true;
}

static void place_card(struct tool_card *c)
{
	const char *at = c->s->pci;

	if (field(&at, 8, ':', &c->domain) && field(&at, 2, ':', &c->bus) &&
	    field(&at, 2, '.', &c->slot) && field(&at, 1, '\0', &c->function))
		return;
	c->domain = c->bus = c->slot = c->function = -1;
}

static int compare(int a, int b)
{
	return a < b ? -1 : a > b;
}

/* By address; those without one come last, as they were. */
static int by_place(const void *pa, const void *pb)
{
	const struct tool_card *a = pa, *b = pb;
	int way = compare(a->bus < 0, b->bus < 0);

	way = way ? way : compare(a->domain, b->domain);
	way = way ? way : compare(a->bus, b->bus);
	way = way ? way : compare(a->slot, b->slot);
	way = way ? way : compare(a->function, b->function);
	return way ? way : compare((int)a->number, (int)b->number);
}

static void take_card(struct tool_card *c, const struct api_view *view, unsigned i)
{
	const struct device_stats *s = &view->rig->devices[i];
	bool hashes = s->state == DEVICE_MINING && s->rate_10s > 0 && isfinite(s->rate_60s);

	*c = (struct tool_card){.s = s, .info = view->info[i], .number = i};
	place_card(c);
	c->rate = hashes && s->rate_60s > 0 ? s->rate_60s : 0;
	c->temperature = known(s->temperature_c);
	c->hotspot = known(s->hotspot_c);
	c->memory = known(s->memory_c);
	c->core_mhz = known(s->core_mhz);
	c->memory_mhz = known(s->memory_mhz);
	c->util = known(s->util_percent);
	c->fan = known(s->fan_percent);
	c->power = known(s->power_w);
	c->limit = known(s->limit_w);
	c->rejected = s->shares.rejected + s->shares.stale;
	str_printable(c->name, sizeof c->name, s->name, strnlen(s->name, sizeof s->name));
}

static void take_pool(struct tool_rig *r, const struct api_view *view)
{
	const struct pool_status *p;
	unsigned i;

	for (i = 0; i < view->n_pools; i++)
		r->switches += view->pools[i].connects;
	r->switches -= r->switches > 0;
	if (view->active_pool < 0 || (unsigned)view->active_pool >= view->n_pools)
		return;
	p = r->pool = &view->pools[view->active_pool];
	str_printable(r->url, sizeof r->url, p->url, strnlen(p->url, sizeof p->url));
	str_printable(r->user, sizeof r->user, p->user, strnlen(p->user, sizeof p->user));
	tool_place(r->place, sizeof r->place, p->url);
}

void tool_rig(struct tool_rig *out, const struct api_view *view)
{
	const struct rig_stats *rig = view->rig;
	unsigned i;

	memset(out, 0, sizeof *out);
	out->power = -1;
	out->n = rig->n_devices < DEVICES_MAX ? rig->n_devices : DEVICES_MAX;
	for (i = 0; i < out->n; i++) {
		struct tool_card *c = &out->card[i];

		take_card(c, view, i);
		out->rate += c->rate;
		if (c->power >= 0)
			out->power = (out->power < 0 ? 0 : out->power) + c->power;
	}
	qsort(out->card, out->n, sizeof out->card[0], by_place);
	out->up_s = rig->uptime_ms > 0 ? rig->uptime_ms / 1000 : 0;
	out->rejected = rig->shares.rejected + rig->shares.stale;
	str_printable(out->version, sizeof out->version, view->version, strlen(view->version));
	snprintf(out->program, sizeof out->program, "adit-%s", out->version);
	str_printable(out->algo, sizeof out->algo, rig->algo, strnlen(rig->algo, sizeof rig->algo));
	take_pool(out, view);
}

bool tool_paused(const struct tool_card *card)
{
	enum device_state state = card->s->state;

	return state == DEVICE_PAUSED || state == DEVICE_PARKED || state == DEVICE_STOPPING ||
	       state == DEVICE_STOPPED;
}

char *tool_reason(char *out, size_t size, const struct tool_card *card)
{
	const char *text = card->s->reason;

	if (!tool_paused(card))
		text = "";
	else if (!text[0])
		text = card->s->state == DEVICE_PARKED ? "parked" : "paused";
	return str_printable(out, size, text, strnlen(text, sizeof card->s->reason));
}

char *tool_place(char *out, size_t size, const char *url)
{
	const char *scheme = strstr(url, "://"), *begin = scheme ? scheme + 3 : url, *at;
	size_t len = strcspn(begin, "/?#");

	for (at = begin; at < begin + len; at++)
		if (*at == '@') {
			len -= (size_t)(at + 1 - begin);
			begin = at + 1;
		}
	return str_printable(out, size, begin, len);
}

int64_t tool_last_share_ms(const struct api_view *view, const struct tool_card *card)
{
	unsigned i;

	for (i = view->n_events; i-- > 0;) {
		const struct api_event *e = &view->events[i];

		if (!strcmp(e->name, "share") && (!card || !strcmp(e->device, card->s->id)))
			return e->at_ms;
	}
	return 0;
}

int64_t tool_whole(double v)
{
	if (!isfinite(v) || v < 0)
		return 0;
	return v < 9e18 ? (int64_t)(v + 0.5) : INT64_MAX;
}

double tool_real(double v)
{
	return isfinite(v) ? v : 0;
}

double tool_a_minute(double n, int64_t seconds)
{
	return seconds > 0 ? n * 60 / (double)seconds : 0;
}

double tool_percent(double part, double whole)
{
	return whole > 0 ? 100 * part / whole : 0;
}

int tool_put(struct evbuffer *out, json_t *v, bool newline)
{
	char *text = v ? json_dumps(v, JSON_COMPACT | JSON_REAL_PRECISION(12)) : NULL;
	int rc = text && !evbuffer_add(out, text, strlen(text)) ? 0 : -ERR_NOMEM;

	if (!rc && newline && evbuffer_add(out, "\n", 1))
		rc = -ERR_NOMEM;
	free(text);
	json_decref(v);
	return rc;
}
