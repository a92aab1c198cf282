/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What cgminer's API tells of the cards. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "src/api/cgminer.h"
#include "src/str.h"

static const char *health(const struct tool_card *c)
{
	switch (c->s->state) {
	case DEVICE_STARTING:
	case DEVICE_PREPARING:
		return "Initialising";
	case DEVICE_PAUSED:
	case DEVICE_STOPPING:
	case DEVICE_STOPPED:
		return "Disabled";
	case DEVICE_RESTARTING:
		return "Sick";
	case DEVICE_PARKED:
		return "Dead";
	default:
		return "Alive";
	}
}

/* cgminer says -1 itself where it has no sensor. */
static void climate(struct cg_reply *r, const struct tool_card *c)
{
	cg_fixed(r, "Temperature", c->temperature, 2);
	cg_number(r, "Fan Speed", -1);
	cg_number(r, "Fan Percent", c->fan);
	cg_number(r, "GPU Clock", c->core_mhz);
	cg_number(r, "Memory Clock", c->memory_mhz);
	cg_fixed(r, "GPU Voltage", -1, 3);
	cg_number(r, "GPU Activity", c->util);
	cg_number(r, "Powertune", -1);
	cg_number(r, "GPU Power", c->power);
}

static void card_row(struct cg_reply *r, unsigned n)
{
	const struct tool_card *c = &r->rig.card[n];
	const struct share_counts *s = &c->s->shares;
	int64_t last = tool_last_share_ms(r->call->view, c) / 1000;

	cg_numbered_row(r, "GPU", n);
	cg_text(r, "Enabled", tool_paused(c) ? "N" : "Y");
	cg_text(r, "Status", health(c));
	climate(r, c);
	cg_rates(r, cg_of_live(c, c->s->rate_10s), c->rate, cg_of_live(c, c->s->rate_15m));
	cg_count(r, "Accepted", s->accepted);
	cg_count(r, "Rejected", c->rejected);
	cg_count(r, "Hardware Errors", s->invalid);
	cg_fixed(r, "Utility", tool_a_minute((double)s->accepted, r->rig.up_s), 4);
	cg_text(r, "Intensity", "D");
	cg_number(r, "Last Share Pool", last ? r->call->view->active_pool : -1);
	cg_number(r, "Last Share Time", last);
	cg_fixed(r, "Total MH", (double)c->s->hashes / 1e6, 4);
	cg_number(r, "Diff1 Work", tool_whole(s->accepted_difficulty));
	cg_difficulties(r, s, c->rejected);
	cg_fixed(r, "Last Share Difficulty", 0, 8);
	cg_number(r, "Last Valid Work", last);
	cg_percents(r, s, c->rejected);
	cg_number(r, "Device Elapsed", r->rig.up_s);
	cg_end_row(r);
}

void cg_devs(struct cg_reply *r, const char *param)
{
	unsigned i;

	(void)param;
	if (!r->rig.n) {
		cg_status(r, 'E', CG_NO_DEVS, "No GPUs");
		return;
	}
	cg_status(r, 'S', CG_DEVS, "%u GPU(s)", r->rig.n);
	cg_begin(r, "DEVS");
	for (i = 0; i < r->rig.n; i++)
		card_row(r, i);
	cg_end(r);
}

/* The card a parameter names, or NULL with the answer given. */
const struct tool_card *cg_card_of(struct cg_reply *r, const char *param)
{
	uint64_t n;

	if (!param[0]) {
		cg_status(r, 'E', CG_MISSING_CARD, "Missing device id parameter");
		return NULL;
	}
	if (!r->rig.n || str_to_u64(&n, param, 0, r->rig.n - 1)) {
		cg_status(r, 'E', CG_INVALID_CARD, "Invalid GPU id %.20s - range is 0 - %d", param,
			  (int)r->rig.n - 1);
		return NULL;
	}
	return &r->rig.card[n];
}

void cg_gpu(struct cg_reply *r, const char *param)
{
	const struct tool_card *c = cg_card_of(r, param);
	unsigned n;

	if (!c)
		return;
	n = (unsigned)(c - r->rig.card);
	cg_status(r, 'S', CG_CARD, "GPU%u", n);
	cg_begin(r, "GPU");
	card_row(r, n);
	cg_end(r);
}

void cg_gpucount(struct cg_reply *r, const char *param)
{
	(void)param;
	cg_status(r, 'S', CG_CARD_COUNT, "GPU count");
	cg_begin(r, "GPUS");
	cg_row(r, "GPUS");
	cg_count(r, "Count", r->rig.n);
	cg_end_row(r);
	cg_end(r);
}

void cg_stats(struct cg_reply *r, const char *param)
{
	unsigned i;

	(void)param;
	cg_status(r, 'S', CG_STATS, "Adit stats");
	cg_begin(r, "STATS");
	for (i = 0; i < r->rig.n; i++) {
		char id[32];

		snprintf(id, sizeof id, "OCL%u", i);
		cg_numbered_row(r, "STATS", i);
		cg_text(r, "ID", id);
		cg_number(r, "Elapsed", r->rig.up_s);
		cg_number(r, "Calls", 0);
		cg_fixed(r, "Wait", 0, 6);
		cg_fixed(r, "Max", 0, 6);
		cg_fixed(r, "Min", 0, 6);
		cg_end_row(r);
	}
	cg_end(r);
}

static void notify_row(struct cg_reply *r, unsigned i)
{
	const struct tool_card *c = &r->rig.card[i];
	static const char *const never[] = {"*Thread Fail Init",   "*Thread Zero Hash",
					    "*Thread Fail Queue",  "*Dev Sick Idle 60s",
					    "*Dev Dead Idle 600s", "*Dev Nostart",
					    "*Dev Over Heat",      "*Dev Thermal Cutoff",
					    "*Dev Comms Error",    "*Dev Throttle"};
	char reason[ERR_TEXT_MAX];
	int64_t now = r->call->view->now_ms / 1000;
	size_t n;

	tool_reason(reason, sizeof reason, c);
	cg_numbered_row(r, "NOTIFY", i);
	cg_text(r, "Name", "GPU");
	cg_count(r, "ID", i);
	cg_number(r, "Last Well", reason[0] ? 0 : now);
	cg_number(r, "Last Not Well", reason[0] ? now : 0);
	cg_text(r, "Reason Not Well", reason[0] ? reason : "None");
	for (n = 0; n < sizeof never / sizeof never[0]; n++)
		cg_number(r, never[n], 0);
	cg_end_row(r);
}

void cg_notify(struct cg_reply *r, const char *param)
{
	unsigned i;

	(void)param;
	cg_status(r, 'S', CG_NOTIFY, "Notify");
	cg_begin(r, "NOTIFY");
	for (i = 0; i < r->rig.n; i++)
		notify_row(r, i);
	cg_end(r);
}

/* The device path is the PCI bus, as TeamRedMiner has it. */
void cg_devdetails(struct cg_reply *r, const char *param)
{
	unsigned i;

	(void)param;
	cg_status(r, 'S', CG_DEVDETAILS, "Device Details");
	cg_begin(r, "DEVDETAILS");
	for (i = 0; i < r->rig.n; i++) {
		const struct tool_card *c = &r->rig.card[i];
		char path[24] = "";

		if (c->bus >= 0)
			snprintf(path, sizeof path, "%02x:%02x.%x", (unsigned)c->bus,
				 (unsigned)c->slot, (unsigned)c->function);
		cg_numbered_row(r, "DEVDETAILS", i);
		cg_text(r, "Name", "GPU");
		cg_count(r, "ID", i);
		cg_text(r, "Driver", c->info->backend);
		cg_text(r, "Kernel", r->rig.algo);
		cg_text(r, "Model", c->name);
		cg_text(r, "Device Path", path);
		cg_end_row(r);
	}
	cg_end(r);
}
