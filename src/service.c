/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When the rig is up, and when it really mines. */
#include <inttypes.h>
#include <stdio.h>

#include "src/service.h"

static unsigned in_state(const struct rig_stats *s, enum device_state state)
{
	unsigned i, n = 0;

	for (i = 0; i < s->n_devices; i++)
		n += s->devices[i].state == state;
	return n;
}

bool service_is_up(const struct rig_stats *s, bool job)
{
	return job &&
	       in_state(s, DEVICE_MINING) + in_state(s, DEVICE_IDLE) + in_state(s, DEVICE_PAUSED) >
		       0;
}

bool service_is_alive(struct service *v, const struct rig_stats *s, bool job)
{
	unsigned paused = in_state(s, DEVICE_PAUSED), parked = in_state(s, DEVICE_PARKED);
	uint64_t hashes = 0;
	bool grew;
	unsigned i;

	for (i = 0; i < s->n_devices; i++)
		hashes += s->devices[i].hashes;
	grew = hashes != v->hashes;
	v->hashes = hashes;
	if (grew || !job)
		return true;
	if (in_state(s, DEVICE_STARTING) + in_state(s, DEVICE_PREPARING) > 0)
		return true;
	return paused && paused + parked == s->n_devices;
}

char *service_line(char *out, size_t size, const struct rig_stats *s)
{
	char rate[24];
	const struct share_counts *c = &s->shares;

	snprintf(out, size,
		 "%s: %s, %u of %u mining, A %" PRIu64 " R %" PRIu64 " S %" PRIu64 " I %" PRIu64
		 ", %s%s%s",
		 s->algo, rate_print(rate, sizeof rate, s->rate_60s), in_state(s, DEVICE_MINING),
		 s->n_devices, c->accepted, c->rejected, c->stale, c->invalid, s->pool_state,
		 s->pool[0] ? " to " : "", s->pool);
	return out;
}
