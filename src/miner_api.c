/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor to programs: what they see of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "src/api/events.h"
#include "src/api/kept.h"
#include "src/api/listener.h"
#include "src/api/metrics.h"
#include "src/api/page.h"
#include "src/api/schema.h"
#include "src/api/tool.h"
#include "src/clock.h"
#include "src/miner.h"
#include "src/str.h"

#define POOLS_SHOWN 64
#define VIEW_MS     100 /* how old rates and sensors may be, unless something happened */

struct miner_api {
	struct api *api;
	struct api_rules *rules; /* of a reload that is under way */
	const struct device_info *info[DEVICES_MAX];
	struct pool_status pools[POOLS_SHOWN];
	struct api_events events;
	uint64_t alarms[ALARM_EVENTS];
	uint64_t requests;
	int64_t started_ms;
	int64_t fresh_ms; /* the snapshot will do until then */
	struct kept kept; /* what readers were told of it */
};

/* ---- what is seen ---- */

/* Sums over many devices' last quarter of an hour cost more than showing them. */
static void refresh(struct miner *m)
{
	int64_t now = clock_ms();

	if (now < m->api->fresh_ms)
		return;
	miner_snapshot(m);
	kept_void(&m->api->kept);
	m->api->fresh_ms = now + VIEW_MS;
}

static void view(void *arg, struct api_view *out)
{
	struct miner *m = arg;
	struct miner_api *a = m->api;
	unsigned i;

	refresh(m);
	for (i = 0; i < m->stats.n_devices && i < DEVICES_MAX; i++)
		a->info[i] = fleet_info(m->fleet, i);
	out->n_pools = pools_count(m->pools);
	if (out->n_pools > POOLS_SHOWN)
		out->n_pools = POOLS_SHOWN;
	for (i = 0; i < out->n_pools; i++) {
		pools_status(m->pools, i, &a->pools[i]);
		if (a->pools[i].since_ms) /* by the clock of the others */
			a->pools[i].since_ms += clock_wall_ms() - clock_ms();
	}
	out->rig = &m->stats;
	out->info = a->info;
	out->pools = a->pools;
	out->active_pool = pools_active(m->pools);
	out->events = api_events_list(&a->events, &out->n_events);
	guardian_alarms(m->guardian, a->alarms);
	out->alarms = a->alarms;
	out->n_alarms = ALARM_EVENTS;
	out->requests = ++a->requests;
	out->connections = api_connections(a->api);
	out->now_ms = clock_wall_ms();
	out->started_ms = a->started_ms;
	out->version = PACKAGE_VERSION;
	out->paused = guardian_paused(m->guardian, -1, PAUSE_USER) ||
		      guardian_paused(m->guardian, -1, PAUSE_API);
}

static void happened(struct miner *m, int device, const char *name, char severity, const char *text)
{
	if (!m->api)
		return;
	api_events_add(&m->api->events, device < 0 ? "" : fleet_id(m->fleet, (unsigned)device),
		       name, severity, text, clock_wall_ms());
	m->api->fresh_ms = 0;
	kept_void(&m->api->kept);
	api_has_events(m->api->api);
}

void miner_api_alarm(void *arg, int device, enum alarm_event event, const char *reason)
{
	static const char severities[] = {
		[ALARM_INFO] = 'i', [ALARM_WARNING] = 'w', [ALARM_ERROR] = 'e'};

	happened(arg, device, alarm_name(event), severities[alarm_severity(event)], reason);
}

void miner_api_note(struct miner *m, int device, const char *name, const char *text)
{
	happened(m, device, name, 'i', text);
}

void miner_api_share(struct miner *m, const struct share *s)
{
	static const char *const words[SHARE_STATES] = {[SHARE_INVALID] = "invalid",
							[SHARE_ACCEPTED] = "accepted",
							[SHARE_REJECTED] = "rejected",
							[SHARE_STALE] = "stale",
							[SHARE_LOST] = "lost"};
	bool good = s->state == SHARE_ACCEPTED;

	if (words[s->state])
		happened(m, (int)s->device, "share", good ? 'i' : 'w', words[s->state]);
}

/* ---- what tools of other miners ask ---- */

/* What a reader asks again while nothing is new is answered with the same bytes. */
static int on_metrics(const struct api_call *call, struct evbuffer *out)
{
	struct miner *m = call->arg;
	size_t from = evbuffer_get_length(out);
	int rc;

	if (kept_get(&m->api->kept, "GET /metrics", out, &rc))
		return rc;
	rc = api_metrics(call, out);
	if (!rc)
		kept_put(&m->api->kept, "GET /metrics", out, from, rc);
	return rc;
}

static int tool_page(const struct api_call *call, const char *path, struct evbuffer *out)
{
	struct miner *m = call->arg;
	size_t from = evbuffer_get_length(out);
	char key[KEPT_KEY_MAX];
	int rc;

	snprintf(key, sizeof key, "GET %s", path);
	if (kept_get(&m->api->kept, key, out, &rc))
		return rc;
	rc = api_tool_http(call, path, out);
	if (!rc)
		kept_put(&m->api->kept, key, out, from, rc);
	return rc;
}

/* Whoever may write may mean to: nothing is kept of that. */
static int on_object(const struct api_call *call, const json_t *request, struct evbuffer *out)
{
	struct miner *m = call->arg;
	size_t from = evbuffer_get_length(out), len;
	char key[KEPT_KEY_MAX];
	int rc;

	len = call->right == API_READ ? json_dumpb(request, key, sizeof key - 1, JSON_COMPACT) : 0;
	if (!len || len >= sizeof key)
		return api_tool_object(call, request, out);
	key[len] = '\0';
	if (kept_get(&m->api->kept, key, out, &rc))
		return rc;
	rc = api_tool_object(call, request, out);
	if (rc >= 0)
		kept_put(&m->api->kept, key, out, from, rc);
	return rc;
}

/* "/" is for people where a browser asks. */
static int on_page(const struct api_call *call, const char *path, bool html, struct api_page *out)
{
	int rc = html || strcmp(path, "/") ? api_page(call, path, out) : -ERR_UNKNOWN;

	if (rc == -ERR_UNKNOWN && !strcmp(path, "/schema"))
		rc = api_schema(out->body);
	return rc == -ERR_UNKNOWN ? tool_page(call, path, out->body) : rc;
}

/* ---- beginning and end ---- */

int miner_api_begin(struct miner *m, struct err *err)
{
	const struct settings_api *s = &m->settings->api;
	const struct api_source source = {.view = view,
					  .actions = &miner_actions,
					  .arg = m,
					  .hooks = {.metrics = on_metrics,
						    .page = on_page,
						    .object = on_object,
						    .text = api_tool_text}};
	int rc;

	if (s->bind && !strcmp(s->bind, "off"))
		return 0;
	m->api = calloc(1, sizeof *m->api);
	if (!m->api)
		return err_set(err, ERR_NOMEM, "no memory for the API");
	m->api->started_ms = clock_wall_ms();
	rc = miner_listen(&m->api->api, m, &source, err);
	if (!s->bind && rc == -ERR_IO) { /* another program has it */
		log_warn(LOG_API, "no API: %s", err->text);
		memset(err, 0, sizeof *err);
		rc = 0;
	}
	return rc;
}

int miner_api_prepare(struct miner *m, const struct settings *fresh, struct err *err)
{
	if (!m->api || !m->api->api)
		return 0;
	return miner_listen_anew(&m->api->rules, m->api->api, fresh, err);
}

void miner_api_use(struct miner *m, const struct settings *fresh)
{
	struct api_rules *rules = m->api ? m->api->rules : NULL;

	if (fresh)
		miner_listen_use(m, m->api ? m->api->api : NULL, rules, fresh);
	else
		api_rules_free(rules);
	if (m->api)
		m->api->rules = NULL;
}

void miner_api_done(struct miner *m)
{
	if (m->api)
		api_free(m->api->api);
	if (m->api)
		kept_done(&m->api->kept);
	free(m->api);
	m->api = NULL;
}
