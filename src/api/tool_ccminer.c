/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ccminer's text API.  Shapes: the README and api documentation of ccminer, API 1.9. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "src/api/tool.h"
#include "src/str.h"

/* A field of text: what ends a field or a record becomes a blank. */
static void text(struct evbuffer *out, const char *key, const char *value)
{
	char clean[ERR_TEXT_MAX], *at;

	str_printable(clean, sizeof clean, value, strlen(value));
	for (at = clean; *at; at++)
		if (strchr(";|=", *at))
			*at = ' ';
	evbuffer_add_printf(out, "%s=%s;", key, clean);
}

/* kH/s with two decimals; power in mW.  -1 for what nobody knows, never 0.0 degrees. */
static void summary(const struct api_call *call, const struct tool_rig *r, int which,
		    struct evbuffer *out)
{
	const struct api_view *view = call->view;
	const struct rig_stats *rig = view->rig;

	(void)which;
	text(out, "NAME", "adit");
	text(out, "VER", r->version);
	evbuffer_add_printf(out, "API=1.9;");
	text(out, "ALGO", r->algo);
	evbuffer_add_printf(out, "GPUS=%u;KHS=%.2f;SOLV=%" PRIu64 ";ACC=%" PRIu64 ";REJ=%" PRIu64,
			    r->n, r->rate / 1e3, rig->blocks, rig->shares.accepted, r->rejected);
	evbuffer_add_printf(out, ";ACCMN=%.3f;DIFF=%.6f;NETKHS=0;POOLS=%u;WAIT=0",
			    tool_a_minute((double)rig->shares.accepted, r->up_s),
			    tool_real(rig->difficulty), view->n_pools);
	evbuffer_add_printf(out, ";UPTIME=%" PRId64 ";TS=%" PRId64 "|", r->up_s,
			    view->now_ms / 1000);
}

static int milli(int watts)
{
	return watts < 0 ? -1 : watts < INT32_MAX / 1000 ? watts * 1000 : INT32_MAX;
}

static void threads(const struct api_call *call, const struct tool_rig *r, int which,
		    struct evbuffer *out)
{
	unsigned i;

	(void)call;
	(void)which;
	for (i = 0; i < r->n; i++) {
		const struct tool_card *c = &r->card[i];
		double khw = c->power > 0 ? c->rate / 1e3 / c->power : 0;

		evbuffer_add_printf(out, "GPU=%u;BUS=%d;", i, c->bus);
		text(out, "CARD", c->name);
		evbuffer_add_printf(out, "TEMP=%d.0;POWER=%d;FAN=%d;RPM=-1;FREQ=%d;MEMFREQ=%d",
				    c->temperature, milli(c->power), c->fan, c->core_mhz,
				    c->memory_mhz);
		evbuffer_add_printf(out, ";GPUF=%d;MEMF=%d;KHS=%.2f;KHW=%.3f;PLIM=%d", c->core_mhz,
				    c->memory_mhz, c->rate / 1e3, khw, milli(c->limit));
		evbuffer_add_printf(out, ";ACC=%" PRIu64 ";REJ=%" PRIu64 ";HWF=%" PRIu64,
				    c->s->shares.accepted, c->rejected, c->s->shares.invalid);
		evbuffer_add_printf(out, ";I=0.0;THR=0|");
	}
}

/* Shares are counted for the rig as a whole: they stand at the pool in use. */
static void pool(const struct api_call *call, const struct tool_rig *r, int which,
		 struct evbuffer *out)
{
	static const struct share_counts none;
	static const struct pool_status nowhere;
	const struct api_view *view = call->view;
	const struct rig_stats *rig = view->rig;
	bool active = which < 0 || which == view->active_pool;
	const struct pool_status *p = active ? r->pool : &view->pools[which];
	const struct share_counts *s = active ? &rig->shares : &none;
	int64_t last = active ? tool_last_share_ms(view, NULL) : 0, now = view->now_ms;
	char place[256];

	if (!p)
		p = &nowhere;
	text(out, "POOL", tool_place(place, sizeof place, p->url));
	text(out, "ALGO", r->algo);
	text(out, "URL", p->url);
	text(out, "USER", p->user);
	evbuffer_add_printf(out, "SOLV=%" PRIu64 ";ACC=%" PRIu64 ";REJ=%" PRIu64 ";STALE=%" PRIu64,
			    active ? rig->blocks : 0, s->accepted, s->rejected, s->stale);
	evbuffer_add_printf(out, ";H=%" PRIu64 ";JOB=;DIFF=%.6f;BEST=%.6f;N2SZ=0;N2=0x;PING=%d",
			    active ? rig->height : p->height,
			    tool_real(active ? rig->difficulty : p->difficulty),
			    active ? tool_real(rig->best_difficulty) : 0,
			    active && rig->latency_ms >= 0 && rig->latency_ms < 1e6
				    ? (int)rig->latency_ms
				    : -1);
	evbuffer_add_printf(out, ";DISCO=%" PRIu64 ";WAIT=0;UPTIME=%" PRId64 ";LAST=%" PRId64 "|",
			    p->drops, r->up_s, last && last <= now ? (now - last) / 1000 : -1);
}

/* ccminer's are of its latest scans; here one a card, of the last quarter of an hour. */
static void histo(const struct api_call *call, const struct tool_rig *r, int which,
		  struct evbuffer *out)
{
	const struct api_view *view = call->view;
	unsigned i;

	for (i = 0; i < r->n; i++) {
		const struct tool_card *c = &r->card[i];

		if (which >= 0 && (unsigned)which != i)
			continue;
		evbuffer_add_printf(out, "GPU=%u;H=%" PRIu64 ";KHS=%.2f;DIFF=%g;COUNT=%" PRIu64, i,
				    view->rig->height,
				    c->rate > 0 ? tool_real(c->s->rate_15m) / 1e3 : 0,
				    tool_real(view->rig->difficulty), c->s->hashes);
		evbuffer_add_printf(out, ";FOUND=%" PRIu64 ";ID=%u;TS=%" PRId64 "|",
				    c->s->shares.accepted + c->rejected, i, view->now_ms / 1000);
	}
}

/* Memory in kB; what no driver is asked for is -1, or nothing. */
static void hwinfo(const struct api_call *call, const struct tool_rig *r, int which,
		   struct evbuffer *out)
{
	const char *driver = "";
	unsigned i;

	(void)call;
	(void)which;
	for (i = 0; i < r->n; i++) {
		const struct tool_card *c = &r->card[i];

		evbuffer_add_printf(out, "GPU=%u;BUS=%d;", i, c->bus);
		text(out, "CARD", c->name);
		evbuffer_add_printf(out, "SM=%u;MEM=%" PRIu64 ";TEMP=%d.0;FAN=%d;RPM=-1",
				    c->info->arch * 10, c->info->mem_total / 1024, c->temperature,
				    c->fan);
		evbuffer_add_printf(out,
				    ";FREQ=%u;MEMFREQ=-1;GPUF=-1;MEMF=-1;PST=", c->info->clock_mhz);
		evbuffer_add_printf(out,
				    ";POWER=%d;PLIM=%d;VID=0;PID=0;NVML=-1;NVAPI=-1;SN=;BIOS=|",
				    milli(c->power), milli(c->limit));
		if (!strcmp(c->info->backend, "cuda"))
			driver = c->info->driver;
	}
	text(out, "OS", "linux");
	text(out, "NVDRIVER", driver);
	evbuffer_add_printf(out, "CPUS=-1;CPUTEMP=-1;CPUFREQ=-1|");
}

/* What is kept of the past: a record a card, and events in place of scanned ranges; in bytes. */
static void meminfo(const struct api_call *call, const struct tool_rig *r, int which,
		    struct evbuffer *out)
{
	unsigned events = call->view->n_events;

	(void)which;
	evbuffer_add_printf(out, "STATS=%u;HASHLOG=%u;MEM=%zu|", r->n, events,
			    r->n * sizeof(struct device_stats) + events * sizeof(struct api_event));
}

static void help(const struct api_call *call, const struct tool_rig *r, int which,
		 struct evbuffer *out);

static const struct verb {
	const char *name;
	void (*answer)(const struct api_call *call, const struct tool_rig *r, int which,
		       struct evbuffer *out);
} verbs[] = {{"summary", summary}, {"threads", threads}, {"pool", pool}, {"histo", histo},
	     {"hwinfo", hwinfo},   {"meminfo", meminfo}, {"help", help}};

static void help(const struct api_call *call, const struct tool_rig *r, int which,
		 struct evbuffer *out)
{
	size_t i;

	(void)call;
	(void)r;
	(void)which;
	for (i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		evbuffer_add_printf(out, "%s\n", verbs[i].name);
	evbuffer_add(out, "|", 1);
}

static const struct verb *find(const char *request, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (len == strlen(verbs[i].name) && !memcmp(request, verbs[i].name, len))
			return &verbs[i];
	return NULL;
}

/* The number after '|': -1 of none; -2 of what is none, or of no pool. */
static int which_of(const struct api_call *call, const struct verb *v, const char *text, size_t len)
{
	uint64_t n = v->answer == pool ? call->view->n_pools : DEVICES_MAX, value;
	char digits[8];

	if (!len)
		return -1;
	if (len >= sizeof digits || !n)
		return -2;
	memcpy(digits, text, len);
	digits[len] = '\0';
	return str_to_u64(&value, digits, 0, n - 1) ? -2 : (int)value;
}

int api_ccminer(const struct api_call *call, const char *request, size_t len, struct evbuffer *out)
{
	const char *bar;
	const struct verb *v;
	struct tool_rig r;
	int which = -1;

	while (len && strchr("\r\n", request[len - 1])) /* also a NUL */
		len--;
	bar = memchr(request, '|', len);
	v = find(request, bar ? (size_t)(bar - request) : len);
	if (call->right == API_NOTHING)
		return -ERR_PERM;
	if (v && bar)
		which = which_of(call, v, bar + 1, len - (size_t)(bar + 1 - request));
	if (!v || which < -1)
		return -ERR_UNKNOWN;
	tool_rig(&r, call->view);
	v->answer(call, &r, which, out);
	return evbuffer_add(out, "", 1) ? -ERR_NOMEM : 0;
}
