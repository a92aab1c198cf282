/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor's side of a probe: a worker is started, and what it tells is kept. */
#include <stdio.h>
#include <string.h>

#include "src/errand.h"
#include "src/roofline_probe.h"
#include "src/str.h"

struct probing {
	const struct roofline_probe_config *config;
	struct roofline *out;
	struct errand worker;
	char painted[48]; /* "": nothing */
	bool over;
};

static void paint(struct probing *p, const char *stage)
{
	if (!p->config->terminal || !strcmp(p->painted, stage))
		return;
	fprintf(stderr, "\r\033[K%s by itself: %s", p->worker.id, stage);
	fflush(stderr);
	str_copy(p->painted, sizeof p->painted, stage);
}

static void on_message(void *arg, const struct ipc_msg *m)
{
	struct probing *p = arg;

	switch (m->head.type) {
	case IPC_PROGRESS:
		paint(p, m->u.progress.stage);
		break;
	case IPC_FIGURE:
		if (p->out->n < ROOF_FIGURES_MAX)
			p->out->figure[p->out->n++] = m->u.figure;
		break;
	case IPC_READY:
		p->over = true;
		break;
	default:
		break;
	}
}

static void fill_request(struct ipc_probe *out, const struct roofline_probe_config *config)
{
	memset(out, 0, sizeof *out);
	str_copy(out->backend, sizeof out->backend, config->info->backend);
	out->index = config->info->index;
	out->limit_s = (uint32_t)(config->silence_ms / 1000);
	str_copy(out->cache_dir, sizeof out->cache_dir, config->cache_dir);
}

int roofline_probe(const struct roofline_probe_config *config, struct roofline *out, char *why)
{
	struct probing p = {.config = config, .out = out};
	const struct errand_config worker = {.base = config->base,
					     .info = config->info,
					     .silence_ms = config->silence_ms,
					     .stop = config->stop,
					     .on_message = on_message,
					     .arg = &p};
	struct ipc_probe request;
	struct err err = {0};

	out->n = 0;
	why[0] = '\0';
	if (!backend_find(config->info->backend)) {
		str_copy(why, ERR_TEXT_MAX, "it runs no kernels");
		return 0;
	}
	fill_request(&request, config);
	if (errand_begin(&p.worker, &worker, IPC_PROBE, &request, &err))
		errand_breaks(&p.worker, err.code, err.text);
	else
		errand_await(&p.worker, &p.over);
	if (!p.over) /* dead, but done before: that is fine */
		str_copy(why, ERR_TEXT_MAX,
			 p.worker.broken.code ? p.worker.broken.text : "interrupted");
	if (p.painted[0])
		fputs("\r\033[K", stderr);
	errand_end(&p.worker);
	return p.over ? 0 : -p.worker.broken.code;
}
