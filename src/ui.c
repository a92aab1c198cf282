/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a person sees while mining: plain lines, also fit for a log file. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/log.h"
#include "src/str.h"
#include "src/tui_devices.h"
#include "src/ui.h"

#define STEP_FIRST_MS 3000
#define STEP_EVERY_MS 10000

char *rate_print(char *out, unsigned long size, double hashes_per_s)
{
	static const char prefix[] = " kMGTPE";
	size_t i = 0;

	if (!(hashes_per_s > 0))
		hashes_per_s = 0;
	/* 999.995 would be rounded to 1000.00 */
	while (hashes_per_s >= 999.995 && i + 2 < sizeof prefix) {
		hashes_per_s /= 1000;
		i++;
	}
	if (i)
		snprintf(out, size, "%.2f %cH/s", hashes_per_s, prefix[i]);
	else
		snprintf(out, size, "%.2f H/s", hashes_per_s);
	return out;
}

/* "accepted/rejected/stale/invalid", and lost ones when there are any. */
static char *counts(char *out, size_t size, const struct share_counts *c)
{
	int n = snprintf(out, size, "A %" PRIu64 " R %" PRIu64 " S %" PRIu64 " I %" PRIu64,
			 c->accepted, c->rejected, c->stale, c->invalid);

	if (c->lost && n > 0 && (size_t)n < size)
		snprintf(out + n, size - (size_t)n, " L %" PRIu64, c->lost);
	return out;
}

static char *rates(char *out, size_t size, double s10, double s60, double m15)
{
	char a[24], b[24], c[24];

	snprintf(out, size, "%s (60 s %s, 15 min %s)", rate_print(a, sizeof a, s10),
		 rate_print(b, sizeof b, s60), rate_print(c, sizeof c, m15));
	return out;
}

/* ", 64 C (memory 82 C), 181 W, fan 55 %, duty 80 %": what is known, and what we hold back. */
static char *heat(char *out, size_t size, const struct device_stats *d)
{
	char core[24] = "", memory[32] = "", power[24] = "", fan[24] = "", duty[24] = "";

	if (d->temperature_c != STAT_UNKNOWN)
		snprintf(core, sizeof core, ", %d C", (int)d->temperature_c);
	if (d->memory_c != STAT_UNKNOWN)
		snprintf(memory, sizeof memory, ", memory %d C", (int)d->memory_c);
	if (d->power_w != STAT_UNKNOWN)
		snprintf(power, sizeof power, ", %d W", (int)d->power_w);
	if (d->fan_percent != STAT_UNKNOWN)
		snprintf(fan, sizeof fan, ", fan %d %%", (int)d->fan_percent);
	if (d->duty_permille && d->duty_permille < 1000)
		snprintf(duty, sizeof duty, ", held at %u %%", (unsigned)d->duty_permille / 10);
	snprintf(out, size, "%s%s%s%s%s", core, memory, power, fan, duty);
	return out;
}

static void device_line(const struct device_stats *d)
{
	char text[128], shares[96], card[128], why[ERR_TEXT_MAX + 16] = "";

	if (d->reason[0] && d->state == DEVICE_PREPARING)
		snprintf(why, sizeof why, d->left_s ? " (%s %u %%, %u s left)" : " (%s %u %%)",
			 d->reason, (unsigned)d->permille / 10, (unsigned)d->left_s);
	else if (d->reason[0] && d->state != DEVICE_MINING)
		snprintf(why, sizeof why, " (%s)", d->reason);
	log_info(LOG_DEVICE, "%s %s%s: %s, %s%s", d->id, device_state_name(d->state), why,
		 rates(text, sizeof text, d->rate_10s, d->rate_60s, d->rate_15m),
		 counts(shares, sizeof shares, &d->shares), heat(card, sizeof card, d));
}

void ui_legend(void)
{
	log_info(LOG_MINER, "status lines: hashes a second over 10 s (60 s, 15 min); shares: A "
			    "accepted, R rejected, S stale, I invalid (wrong, not sent), L lost");
}

void ui_status(const struct rig_stats *s)
{
	char text[128], shares[96];
	unsigned i;

	for (i = 0; i < s->n_devices; i++)
		device_line(&s->devices[i]);
	log_info(LOG_MINER, "total %s: %s, %s, %s%s%s, difficulty %.6g, best share %.6g", s->algo,
		 rates(text, sizeof text, s->rate_10s, s->rate_60s, s->rate_15m),
		 counts(shares, sizeof shares, &s->shares), s->pool_state, s->pool[0] ? " to " : "",
		 s->pool, s->difficulty, s->best_difficulty);
}

void ui_step(struct ui_step *u, const struct device_stats *d, int64_t now_ms)
{
	char left[32];

	if (d->state != DEVICE_PREPARING || !d->reason[0]) {
		u->stage[0] = '\0';
		return;
	}
	if (strncmp(u->stage, d->reason, sizeof u->stage - 1)) { /* most are over at once */
		str_copy(u->stage, sizeof u->stage, d->reason);
		u->since_ms = now_ms;
		u->said_ms = now_ms - STEP_EVERY_MS + STEP_FIRST_MS;
	}
	if (now_ms - u->said_ms < STEP_EVERY_MS)
		return;
	u->said_ms = now_ms;
	if (d->left_s)
		log_info(LOG_DEVICE, "%s: %s: %u %%, %s left", d->id, d->reason,
			 (unsigned)d->permille / 10, tui_duration(left, sizeof left, d->left_s));
	else if (d->permille)
		log_info(LOG_DEVICE, "%s: %s: %u %%", d->id, d->reason, (unsigned)d->permille / 10);
	else
		log_info(LOG_DEVICE, "%s: %s for %s", d->id, d->reason,
			 tui_duration(left, sizeof left, (now_ms - u->since_ms) / 1000));
}

static void duration(char *out, size_t size, int64_t ms)
{
	int64_t s = ms / 1000;

	snprintf(out, size, "%" PRId64 " h %02d min %02d s", s / 3600, (int)(s / 60 % 60),
		 (int)(s % 60));
}

static char *average(char *out, size_t size, double hashes, int64_t ms)
{
	return rate_print(out, size, ms > 0 ? hashes * 1000 / (double)ms : 0);
}

/* What a device has done from beginning to end. */
static void device_sum(const struct device_stats *d, int64_t uptime_ms)
{
	char rate[24], shares[96], why[ERR_TEXT_MAX + 16] = "";

	if (d->state == DEVICE_PARKED)
		snprintf(why, sizeof why, ", parked: %s", d->reason);
	log_info(LOG_DEVICE, "%s: %s on average, %s, restarts %" PRIu64 "%s", d->id,
		 average(rate, sizeof rate, (double)d->hashes, uptime_ms),
		 counts(shares, sizeof shares, &d->shares), d->restarts, why);
}

void ui_summary(const struct rig_stats *s)
{
	const struct share_counts *c = &s->shares;
	uint64_t decided = c->accepted + c->rejected + c->stale + c->invalid + c->lost;
	char time[48], rate[24];
	double hashes = 0;
	unsigned i;

	duration(time, sizeof time, s->uptime_ms);
	for (i = 0; i < s->n_devices; i++) {
		device_sum(&s->devices[i], s->uptime_ms);
		hashes += (double)s->devices[i].hashes;
	}
	for (i = 0; i < s->n_reasons; i++)
		log_info(LOG_SHARE, "%" PRIu64 " rejected: %s", s->reasons[i].count,
			 s->reasons[i].text);
	log_info(LOG_MINER,
		 "mined %s for %s, %s on average: %" PRIu64 " shares: %" PRIu64
		 " accepted, %" PRIu64 " rejected, %" PRIu64 " stale, %" PRIu64 " invalid, %" PRIu64
		 " lost; best share %.6g, %" PRIu64 " jobs, %" PRIu64 " blocks",
		 s->algo, time, average(rate, sizeof rate, hashes, s->uptime_ms), decided,
		 c->accepted, c->rejected, c->stale, c->invalid, c->lost, s->best_difficulty,
		 s->jobs, s->blocks);
	if (s->turnaround_ms >= 0)
		log_info(LOG_JOB, "medians: job to every device %.2f ms", s->turnaround_ms);
	if (s->begun_ms >= 0)
		log_info(LOG_JOB, "medians: job to a device's first batch %.2f ms", s->begun_ms);
	if (s->latency_ms >= 0)
		log_info(LOG_POOL, "medians: answers %.1f ms, candidate to submit %.2f ms",
			 s->latency_ms, s->submit_ms);
}
