/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What befalls a card (XID events), and who else computes on it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "src/sensor/nvml_api.h"

#define EVENTS_A_LOOK 64 /* a storm of events must not keep us from reading */
#define ANCESTORS_MAX 32

static bool has_events(const struct nvml *api)
{
	return api->nvmlEventSetCreate && api->nvmlDeviceRegisterEvents &&
	       api->nvmlEventSetWait_v2 && api->nvmlEventSetFree;
}

void nvml_watch(struct nvml_card *c)
{
	struct nvml_ctx *ctx = c->ctx;

	if (!has_events(&ctx->api))
		return;
	if (!ctx->events && ctx->api.nvmlEventSetCreate(&ctx->events) != NVML_SUCCESS) {
		ctx->events = NULL;
		return;
	}
	c->watched =
		NVML_ASK(c, nvmlDeviceRegisterEvents, nvmlEventTypeXidCriticalError, ctx->events);
}

static void take(struct nvml_ctx *ctx, const nvmlEventData_t *e)
{
	unsigned i;

	if (e->eventType != nvmlEventTypeXidCriticalError)
		return;
	for (i = 0; i < ctx->n_cards; i++) {
		struct nvml_card *c = &ctx->card[i];

		if (c->dev != e->device)
			continue;
		c->xid = e->eventData <= INT32_MAX ? (int64_t)e->eventData : 0;
		c->xids++;
	}
}

/* A failure here is no card's in particular; each card's own calls tell of it. */
void nvml_drain(struct nvml_ctx *ctx)
{
	unsigned i;

	if (!ctx->events)
		return;
	for (i = 0; i < EVENTS_A_LOOK; i++) {
		nvmlEventData_t e = {0};

		if (ctx->api.nvmlEventSetWait_v2(ctx->events, &e, 0) != NVML_SUCCESS)
			return;
		take(ctx, &e);
	}
}

void nvml_unwatch(struct nvml_ctx *ctx)
{
	if (ctx->events)
		ctx->api.nvmlEventSetFree(ctx->events);
	ctx->events = NULL;
}

/* A process's parent, or -1 when /proc does not tell. */
static int32_t parent_of(int32_t pid)
{
	char path[40], text[512];
	const char *after;
	int parent = -1;
	size_t n;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return -1;
	n = fread(text, 1, sizeof text - 1, file);
	fclose(file);
	text[n] = 0;
	after = strrchr(text, ')'); /* the name before it may hold anything */
	if (!after || sscanf(after, ") %*c %9d", &parent) != 1)
		return -1;
	return parent;
}

/*
 * Descended from the supervisor, or itself.  A pid that is nobody's here has just ended, or is
 * a number of another pid namespace (a container's host): no stranger either.
 */
static bool is_ours(const struct nvml_ctx *ctx, int32_t pid)
{
	unsigned steps;

	if (kill(pid, 0) && errno == ESRCH)
		return true;
	for (steps = 0; pid > 1 && steps < ANCESTORS_MAX; steps++) {
		if (pid == ctx->supervisor)
			return true;
		pid = parent_of(pid);
	}
	return pid == ctx->supervisor;
}

void nvml_others(struct nvml_card *c, struct sensor_reading *out)
{
	struct nvml_ctx *ctx = c->ctx;
	unsigned n = NVML_PROCESSES_MAX, i;
	int64_t others = 0;

	memset(ctx->list, 0, sizeof ctx->list);
	if (!NVML_ASK(c, nvmlDeviceGetComputeRunningProcesses_v3, &n, ctx->list)) {
		n = NVML_PROCESSES_MAX;
		if (!NVML_ASK(c, nvmlDeviceGetComputeRunningProcesses_v2, &n, ctx->list))
			return;
	}
	for (i = 0; i < n && i < NVML_PROCESSES_MAX; i++) {
		uint32_t pid = ctx->list[i].pid;

		if (pid > 0 && pid <= INT32_MAX && !is_ours(ctx, (int32_t)pid))
			others++;
	}
	sensor_put(out, SENSOR_OTHERS, others);
}
