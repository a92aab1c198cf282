/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Metrics of each pool. */
#include <stdio.h>

#include "pool/url.h"
#include "src/api/metrics_parts.h"

struct pool_metric {
	const char *name, *type, *help;
	double (*get)(const struct pool_status *p);
};

#define POOL_METRICS(M)                                                                            \
 M(difficulty, "gauge", "Share difficulty it set.", metrics_positive(p->difficulty))               \
 M(block_height, "gauge", "Height of its latest job.", metrics_positive(p->height))                \
 M(connects_total, "counter", "Connections made.", p->connects)                                    \
 M(drops_total, "counter", "Connections lost.", p->drops)                                          \
 M(jobs_total, "counter", "Jobs it sent.", p->jobs)

#define M(name, type, help, value)                                                                 \
 static double pool_##name(const struct pool_status *p)                                            \
 {                                                                                                 \
  return (double)(value);                                                                          \
 }
POOL_METRICS(M)
#undef M

#define M(name, type, help, value) {"adit_pool_" #name, type, help, pool_##name},
static const struct pool_metric pool_metrics[] = {POOL_METRICS(M)};
#undef M

/* Scheme, host and port only: a user or a key may stand before or behind them. */
static void pool_labels(char *out, size_t size, const struct api_view *v, unsigned i)
{
	char number[16], address[320] = "";
	struct url url;

	snprintf(number, sizeof number, "%u", i);
	if (url_parse(&url, v->pools[i].url, NULL) == 0)
		snprintf(address, sizeof address, url.ipv6 ? "%s://[%s]:%u" : "%s://%s:%u",
			 url.scheme, url.host, url.port);
	out[0] = '\0';
	metrics_label(out, size, "pool", number);
	metrics_label(out, size, "url", address);
}

static void put_pool_states(struct metrics *o)
{
	char labels[METRICS_LABELS];
	unsigned i, k;

	metrics_head(o, "adit_pool_state", "gauge",
		     "1 for the state the pool is in, 0 for the others.");
	for (i = 0; i < o->view->n_pools; i++) {
		for (k = 0; k < POOL_STATES; k++) {
			pool_labels(labels, sizeof labels, o->view, i);
			metrics_label(labels, sizeof labels, "state", pool_state_name(k));
			metrics_sample(o, "adit_pool_state", labels, o->view->pools[i].state == k);
		}
	}
}

static void put_pool_metric(struct metrics *o, const struct pool_metric *m)
{
	char labels[METRICS_LABELS];
	bool headed = false;
	double value;
	unsigned i;

	for (i = 0; i < o->view->n_pools; i++) {
		value = m->get(&o->view->pools[i]);
		if (!isfinite(value))
			continue;
		if (!headed)
			metrics_head(o, m->name, m->type, m->help);
		headed = true;
		pool_labels(labels, sizeof labels, o->view, i);
		metrics_sample(o, m->name, labels, value);
	}
}

void metrics_pools(struct metrics *o)
{
	size_t i;

	if (!o->view->n_pools)
		return;
	put_pool_states(o);
	for (i = 0; i < sizeof pool_metrics / sizeof *pool_metrics; i++)
		put_pool_metric(o, &pool_metrics[i]);
}
