/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Metrics of each device. */
#include "src/api/metrics_parts.h"

struct device_metric {
	const char *name, *type, *help;
	double (*get)(const struct device_stats *d, const struct device_info *info);
};

#define DEVICE_METRICS(M)                                                                          \
 M(progress_ratio, "gauge", "How much of the preparation under way is done.",                      \
   d->state == DEVICE_PREPARING ? d->permille / 1000.0 : (double)NAN)                              \
 M(rate_10s_hashes_per_second, "gauge", "Rate over 10 s.", d->rate_10s)                            \
 M(rate_60s_hashes_per_second, "gauge", "Rate over 60 s.", d->rate_60s)                            \
 M(rate_15m_hashes_per_second, "gauge", "Rate over 15 min.", d->rate_15m)                          \
 M(hashes_total, "counter", "Hashes done.", d->hashes)                                             \
 M(idle_seconds_total, "counter", "Time between batches in which it might have computed.",         \
   d->idle_us >= 0 ? (double)d->idle_us / 1e6 : (double)NAN)                                       \
 M(share_rate_hashes_per_second, "gauge", "Rate that the results found speak for.",                \
   metrics_positive(d->share_rate))                                                                \
 M(share_rate_low_hashes_per_second, "gauge", "Lower end of its 95 % interval.",                   \
   d->share_rate > 0 ? d->share_low : (double)NAN)                                                 \
 M(share_rate_high_hashes_per_second, "gauge", "Upper end of its 95 % interval.",                  \
   d->share_rate > 0 ? d->share_high : (double)NAN)                                                \
 M(accepted_difficulty_total, "counter", "Difficulty of its shares credited.",                     \
   d->shares.accepted_difficulty)                                                                  \
 M(restarts_total, "counter", "Times its process was started again.", d->restarts)                 \
 M(temperature_celsius, "gauge", "Temperature of the core.", metrics_known(d->temperature_c, 1))   \
 M(hotspot_temperature_celsius, "gauge", "Temperature of the hottest spot of the chip.",           \
   metrics_known(d->hotspot_c, 1))                                                                 \
 M(memory_temperature_celsius, "gauge", "Temperature of the memory.",                              \
   metrics_known(d->memory_c, 1))                                                                  \
 M(power_watts, "gauge", "Power drawn.", metrics_known(d->power_w, 1))                             \
 M(power_limit_watts, "gauge", "Power limit in force.", metrics_known(d->limit_w, 1))              \
 M(energy_joules_total, "counter", "Energy drawn since this run began.",                           \
   metrics_positive((double)d->energy_j))                                                          \
 M(core_clock_hertz, "gauge", "Core clock now.", metrics_known(d->core_mhz, 1e6))                  \
 M(memory_clock_hertz, "gauge", "Memory clock now.", metrics_known(d->memory_mhz, 1e6))            \
 M(utilization_ratio, "gauge", "Part of the time it is busy, as its driver says.",                 \
   metrics_known(d->util_percent, 1) / 100)                                                        \
 M(intensity, "gauge", "Log2 of the nonces of a batch.", metrics_positive(d->intensity))           \
 M(fan_ratio, "gauge", "Fan speed, 1 is full.", metrics_known(d->fan_percent, 1) / 100)            \
 M(duty_ratio, "gauge", "Part of the time it may work; below 1 it is held back.",                  \
   metrics_positive(d->duty_permille / 1000.0))                                                    \
 M(memory_bytes, "gauge", "Memory of the device.",                                                 \
   metrics_positive(info ? (double)info->mem_total : 0))                                           \
 M(max_clock_hertz, "gauge", "Highest core clock, as the driver states it.",                       \
   metrics_positive(info ? info->clock_mhz * 1e6 : 0))

#define M(name, type, help, value)                                                                 \
 static double device_##name(const struct device_stats *d, const struct device_info *info)         \
 {                                                                                                 \
  (void)d;                                                                                         \
  (void)info;                                                                                      \
  return (double)(value);                                                                          \
 }
DEVICE_METRICS(M)
#undef M

#define M(name, type, help, value) {"adit_device_" #name, type, help, device_##name},
static const struct device_metric device_metrics[] = {DEVICE_METRICS(M)};
#undef M

static void device_labels(char *out, size_t size, const struct device_stats *d)
{
	out[0] = '\0';
	metrics_label(out, size, "device", d->id);
	metrics_label(out, size, "pci", d->pci);
	metrics_label(out, size, "name", d->name);
}

static const struct device_info *info_of(const struct api_view *v, unsigned i)
{
	return v->info ? v->info[i] : NULL;
}

static void put_device_metric(struct metrics *o, const struct device_metric *m)
{
	const struct rig_stats *s = o->view->rig;
	char labels[METRICS_LABELS];
	bool headed = false;
	double value;
	unsigned i;

	for (i = 0; i < s->n_devices; i++) {
		value = m->get(&s->devices[i], info_of(o->view, i));
		if (!isfinite(value))
			continue;
		if (!headed)
			metrics_head(o, m->name, m->type, m->help);
		headed = true;
		device_labels(labels, sizeof labels, &s->devices[i]);
		metrics_sample(o, m->name, labels, value);
	}
}

/* One sample a state, so that a graph has a line for each and no number has to be known. */
static void put_device_states(struct metrics *o)
{
	const struct rig_stats *s = o->view->rig;
	char labels[METRICS_LABELS];
	unsigned i, k;

	metrics_head(o, "adit_device_state", "gauge",
		     "1 for the state the device is in, 0 for the others.");
	for (i = 0; i < s->n_devices; i++) {
		for (k = 0; k < DEVICE_STATES; k++) {
			device_labels(labels, sizeof labels, &s->devices[i]);
			metrics_label(labels, sizeof labels, "state", device_state_name(k));
			metrics_sample(o, "adit_device_state", labels, s->devices[i].state == k);
		}
	}
}

/* Where its energy comes from: the card's own counter, or its power summed up. */
static const char *energy_source(const struct device_stats *d)
{
	if (d->energy_counted)
		return "counter";
	return d->power_w == STAT_UNKNOWN ? "" : "power";
}

static void put_device_info(struct metrics *o)
{
	const struct rig_stats *s = o->view->rig;
	const struct device_info *info;
	char labels[METRICS_LABELS];
	unsigned i;

	metrics_head(o, "adit_device_info", "gauge", "Always 1; what the device is are labels.");
	for (i = 0; i < s->n_devices; i++) {
		info = info_of(o->view, i);
		device_labels(labels, sizeof labels, &s->devices[i]);
		metrics_label(labels, sizeof labels, "backend", info ? info->backend : "");
		metrics_label(labels, sizeof labels, "vendor", info ? info->vendor : "");
		metrics_label(labels, sizeof labels, "driver", info ? info->driver : "");
		metrics_label(labels, sizeof labels, "energy", energy_source(&s->devices[i]));
		metrics_sample(o, "adit_device_info", labels, 1);
	}
}

void metrics_devices(struct metrics *o)
{
	const struct rig_stats *s = o->view->rig;
	char labels[METRICS_LABELS];
	unsigned i;

	if (!s->n_devices)
		return;
	put_device_info(o);
	put_device_states(o);
	metrics_head(o, "adit_device_shares_total", "counter",
		     "Shares of the device by what became of them.");
	for (i = 0; i < s->n_devices; i++) {
		device_labels(labels, sizeof labels, &s->devices[i]);
		metrics_shares(o, "adit_device_shares_total", labels, &s->devices[i].shares);
	}
	for (i = 0; i < sizeof device_metrics / sizeof *device_metrics; i++)
		put_device_metric(o, &device_metrics[i]);
}
