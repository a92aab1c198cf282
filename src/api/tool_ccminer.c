/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ccminer's text API.  Shapes: the README and api documentation of ccminer, API 1.9. */
#include <inttypes.h>
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
static void summary(const struct api_call *call, const struct tool_rig *r, struct evbuffer *out)
{
	const struct api_view *view = call->view;
	const struct rig_stats *rig = view->rig;

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

static void threads(const struct api_call *call, const struct tool_rig *r, struct evbuffer *out)
{
	unsigned i;

	(void)call;
	for (i = 0; i < r->n; i++) {
		const struct tool_card *c = &r->card[i];
		double khw = c->power > 0 ? c->rate / 1e3 / c->power : 0;

		evbuffer_add_printf(out, "GPU=%u;BUS=%d;", i, c->bus);
		text(out, "CARD", c->name);
		evbuffer_add_printf(out, "TEMP=%d.0;POWER=%d;FAN=%d;RPM=-1;FREQ=-1;MEMFREQ=-1",
				    c->temperature, milli(c->power), c->fan);
		evbuffer_add_printf(out, ";GPUF=-1;MEMF=-1;KHS=%.2f;KHW=%.3f;PLIM=%d",
				    c->rate / 1e3, khw, milli(c->limit));
		evbuffer_add_printf(out, ";ACC=%" PRIu64 ";REJ=%" PRIu64 ";HWF=%" PRIu64,
				    c->s->shares.accepted, c->rejected, c->s->shares.invalid);
		evbuffer_add_printf(out, ";I=0.0;THR=0|");
	}
}

static void pool(const struct api_call *call, const struct tool_rig *r, struct evbuffer *out)
{
	const struct rig_stats *rig = call->view->rig;
	int64_t last = tool_last_share_ms(call->view, NULL), now = call->view->now_ms;

	text(out, "POOL", r->place);
	text(out, "ALGO", r->algo);
	text(out, "URL", r->url);
	text(out, "USER", r->user);
	evbuffer_add_printf(out, "SOLV=%" PRIu64 ";ACC=%" PRIu64 ";REJ=%" PRIu64 ";STALE=%" PRIu64,
			    rig->blocks, rig->shares.accepted, rig->shares.rejected,
			    rig->shares.stale);
	evbuffer_add_printf(
		out, ";H=%" PRIu64 ";JOB=;DIFF=%.6f;BEST=%.6f;N2SZ=0;N2=0x;PING=%d", rig->height,
		tool_real(rig->difficulty), tool_real(rig->best_difficulty),
		rig->latency_ms >= 0 && rig->latency_ms < 1e6 ? (int)rig->latency_ms : -1);
	evbuffer_add_printf(out, ";DISCO=%" PRIu64 ";WAIT=0;UPTIME=%" PRId64 ";LAST=%" PRId64 "|",
			    r->pool ? r->pool->drops : 0, r->up_s,
			    last && last <= now ? (now - last) / 1000 : -1);
}

static const struct {
	const char *name;
	void (*answer)(const struct api_call *call, const struct tool_rig *r, struct evbuffer *out);
} verbs[] = {{"summary", summary}, {"threads", threads}, {"pool", pool}};

int api_ccminer(const struct api_call *call, const char *request, size_t len, struct evbuffer *out)
{
	struct tool_rig r;
	size_t i;

	while (len && strchr("\r\n|", request[len - 1])) /* also a NUL */
		len--;
	if (call->right == API_NOTHING)
		return -ERR_PERM;
	for (i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (len == strlen(verbs[i].name) && !memcmp(request, verbs[i].name, len)) {
			tool_rig(&r, call->view);
			verbs[i].answer(call, &r, out);
			return evbuffer_add(out, "", 1) ? -ERR_NOMEM : 0;
		}
	return -ERR_UNKNOWN;
}
