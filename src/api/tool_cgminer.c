/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cgminer's API, text and JSON.  Shapes: API-README of cgminer and of sgminer; joined commands
 * as an object of replies, which is how TeamRedMiner answers and HiveOS reads.
 */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "src/api/tool.h"
#include "src/str.h"

enum answer_code {
	INVALID_CARD = 1,
	CARD_ENABLED = 5,
	POOLS = 7,
	NO_POOLS = 8,
	DEVS = 9,
	NO_DEVS = 10,
	SUMMARY = 11,
	CARD_DISABLED = 12,
	CARD_RESTARTS = 13,
	INVALID_COMMAND = 14,
	MISSING_CARD = 15,
	CARD = 17,
	CARD_COUNT = 20,
	VERSION = 22,
	INVALID_JSON = 23,
	MISSING_COMMAND = 24,
	MISSING_VALUE = 28,
	INVALID_INTENSITY = 31,
	CARD_INTENSITY = 32,
	CONFIG = 33,
	DENIED = 45,
	PRIVILEGED = 46,
	NOTIFY = 60,
	DEVDETAILS = 69,
	STATS = 70,
	MISSING_CHECK = 71,
	CHECK = 72,
	COIN = 78
};

/* One answer being written, the same fields in either form. */
struct reply {
	const struct api_call *call;
	struct tool_rig rig;
	struct evbuffer *out;
	bool json, joined;

	unsigned rows, fields;
};

static void put(struct reply *r, const char *text)
{
	evbuffer_add(r->out, text, strlen(text));
}

/* The text with what would end a field made harmless. */
static void put_safe(struct reply *r, const char *text)
{
	const char *special = r->json ? "\"\\" : "|,=\\", *at;
	char clean[ERR_TEXT_MAX];

	str_printable(clean, sizeof clean, text, strnlen(text, sizeof clean - 1));
	for (at = clean; *at; at++) {
		if (strchr(special, *at))
			put(r, "\\");
		evbuffer_add(r->out, at, 1);
	}
}

static void key(struct reply *r, const char *name)
{
	if (r->fields++ || !r->json)
		put(r, ",");
	evbuffer_add_printf(r->out, r->json ? "\"%s\":" : "%s=", name);
}

static void text(struct reply *r, const char *name, const char *value)
{
	key(r, name);
	put(r, r->json ? "\"" : "");
	put_safe(r, value);
	put(r, r->json ? "\"" : "");
}

static void number(struct reply *r, const char *name, int64_t v)
{
	key(r, name);
	evbuffer_add_printf(r->out, "%" PRId64, v);
}

static void count(struct reply *r, const char *name, uint64_t v)
{
	key(r, name);
	evbuffer_add_printf(r->out, "%" PRIu64, v);
}

static void fixed(struct reply *r, const char *name, double v, int decimals)
{
	key(r, name);
	evbuffer_add_printf(r->out, "%.*f", decimals, isfinite(v) && fabs(v) < 1e18 ? v : 0);
}

static void truth(struct reply *r, const char *name, bool v)
{
	key(r, name);
	put(r, v ? "true" : "false");
}

/* A row of a section: in text a section of its own. */
static void row(struct reply *r, const char *word)
{
	if (r->json)
		put(r, r->rows++ ? ",{" : "{");
	else
		put(r, word);
	r->fields = 0;
}

/* "GPU=0": the first field of a row that repeats, and in text its name. */
static void numbered_row(struct reply *r, const char *word, int64_t n)
{
	if (r->json) {
		row(r, "");
		number(r, word, n);
		return;
	}
	evbuffer_add_printf(r->out, "%s=%" PRId64, word, n);
	r->fields = 1;
}

static void end_row(struct reply *r)
{
	put(r, r->json ? "}" : "|");
}

static void begin(struct reply *r, const char *name)
{
	if (r->json)
		evbuffer_add_printf(r->out, ",\"%s\":[", name);
	r->rows = 0;
}

static void end(struct reply *r)
{
	if (r->json)
		put(r, "]");
}

static void status(struct reply *r, char letter, enum answer_code code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void status(struct reply *r, char letter, enum answer_code code, const char *format, ...)
{
	char line[ERR_TEXT_MAX], description[64];
	va_list list;

	va_start(list, format);
	vsnprintf(line, sizeof line, format, list);
	va_end(list);
	snprintf(description, sizeof description, "adit %s", r->rig.version);
	put(r, r->json ? "\"STATUS\":[{" : "");
	r->fields = 0;
	if (r->json)
		text(r, "STATUS", (char[]){letter, '\0'});
	else
		evbuffer_add_printf(r->out, "STATUS=%c", letter);
	number(r, "When", r->call->view->now_ms / 1000);
	number(r, "Code", code);
	text(r, "Msg", line);
	text(r, "Description", description);
	put(r, r->json ? "}]" : "|");
}

static void version(struct reply *r, const char *param)
{
	(void)param;
	status(r, 'S', VERSION, "Adit versions");
	begin(r, "VERSION");
	row(r, "VERSION");
	text(r, "CGMiner", r->rig.version);
	text(r, "Miner", r->rig.program);
	text(r, "API", "3.1");
	end_row(r);
	end(r);
}

static void config(struct reply *r, const char *param)
{
	(void)param;
	status(r, 'S', CONFIG, "Adit config");
	begin(r, "CONFIG");
	row(r, "CONFIG");
	count(r, "GPU Count", r->rig.n);
	number(r, "ASC Count", 0);
	number(r, "PGA Count", 0);
	count(r, "Pool Count", r->call->view->n_pools);
	text(r, "ADL", "N");
	text(r, "ADL in use", "N");
	text(r, "Strategy", "Failover");
	number(r, "Log Interval", 30);
	text(r, "Device Code", "GPU ");
	text(r, "OS", "Linux");
	truth(r, "Failover-Only", true);
	number(r, "ScanTime", -1);
	number(r, "Queue", 0);
	number(r, "Expiry", -1);
	number(r, "Algo Count", 1);
	end_row(r);
	end(r);
}

/* Rates in MH/s and kH/s; "av" over 15 minutes for what does not run on its own clock. */
static void rates(struct reply *r, double now, double minute, double quarter)
{
	fixed(r, "MHS av", quarter / 1e6, 4);
	fixed(r, "MHS 5s", now / 1e6, 4);
	fixed(r, "MHS 30s", minute / 1e6, 4);
	fixed(r, "KHS av", quarter / 1e3, 4);
	fixed(r, "KHS 5s", now / 1e3, 4);
	fixed(r, "KHS 30s", minute / 1e3, 4);
}

static double of_live(const struct tool_card *c, double rate)
{
	return c->rate > 0 ? rate : 0;
}

/* Difficulty of a share, on average: what rejected and stale ones were worth is not kept. */
static double share_worth(const struct share_counts *s)
{
	return s->accepted ? s->accepted_difficulty / (double)s->accepted : 0;
}

static void difficulties(struct reply *r, const struct share_counts *s, uint64_t rejected)
{
	fixed(r, "Difficulty Accepted", s->accepted_difficulty, 8);
	fixed(r, "Difficulty Rejected", share_worth(s) * (double)rejected, 8);
}

static void percents(struct reply *r, const struct share_counts *s, uint64_t rejected)
{
	double sent = (double)(s->accepted + s->rejected + s->stale);

	fixed(r, "Device Hardware%", tool_percent((double)s->invalid, sent + (double)s->invalid),
	      4);
	fixed(r, "Device Rejected%", tool_percent((double)rejected, sent), 4);
}

static double hashes_of(const struct reply *r)
{
	double sum = 0;
	unsigned i;

	for (i = 0; i < r->rig.n; i++)
		sum += (double)r->rig.card[i].s->hashes;
	return sum;
}

static void rig_rates(struct reply *r)
{
	double now = 0, quarter = 0;
	unsigned i;

	for (i = 0; i < r->rig.n; i++) {
		now += of_live(&r->rig.card[i], r->rig.card[i].s->rate_10s);
		quarter += of_live(&r->rig.card[i], r->rig.card[i].s->rate_15m);
	}
	rates(r, now, r->rig.rate, quarter);
}

static void summary(struct reply *r, const char *param)
{
	const struct rig_stats *rig = r->call->view->rig;
	const struct share_counts *s = &rig->shares;
	double sent = (double)(s->accepted + s->rejected + s->stale);

	(void)param;
	status(r, 'S', SUMMARY, "Summary");
	begin(r, "SUMMARY");
	row(r, "SUMMARY");
	number(r, "Elapsed", r->rig.up_s);
	rig_rates(r);
	count(r, "Found Blocks", rig->blocks);
	count(r, "Getworks", rig->jobs);
	count(r, "Accepted", s->accepted);
	count(r, "Rejected", s->rejected);
	count(r, "Hardware Errors", s->invalid);
	fixed(r, "Utility", tool_a_minute((double)s->accepted, r->rig.up_s), 4);
	number(r, "Discarded", 0);
	count(r, "Stale", s->stale);
	number(r, "Get Failures", 0);
	count(r, "Local Work", rig->jobs);
	count(r, "Remote Failures", s->lost);
	number(r, "Network Blocks", -1);
	fixed(r, "Total MH", hashes_of(r) / 1e6, 4);
	fixed(r, "Work Utility", tool_a_minute(s->accepted_difficulty, r->rig.up_s), 4);
	difficulties(r, s, s->rejected);
	fixed(r, "Difficulty Stale", share_worth(s) * (double)s->stale, 8);
	number(r, "Best Share", tool_whole(rig->best_difficulty));
	percents(r, s, s->rejected);
	fixed(r, "Pool Rejected%", tool_percent((double)s->rejected, sent), 4);
	fixed(r, "Pool Stale%", tool_percent((double)s->stale, sent), 4);
	end_row(r);
	end(r);
}

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
static void climate(struct reply *r, const struct tool_card *c)
{
	fixed(r, "Temperature", c->temperature, 2);
	number(r, "Fan Speed", -1);
	number(r, "Fan Percent", c->fan);
	number(r, "GPU Clock", -1);
	number(r, "Memory Clock", -1);
	fixed(r, "GPU Voltage", -1, 3);
	number(r, "GPU Activity", -1);
	number(r, "Powertune", -1);
	number(r, "GPU Power", c->power);
}

static void card_row(struct reply *r, unsigned n)
{
	const struct tool_card *c = &r->rig.card[n];
	const struct share_counts *s = &c->s->shares;
	int64_t last = tool_last_share_ms(r->call->view, c) / 1000;

	numbered_row(r, "GPU", n);
	text(r, "Enabled", tool_paused(c) ? "N" : "Y");
	text(r, "Status", health(c));
	climate(r, c);
	rates(r, of_live(c, c->s->rate_10s), c->rate, of_live(c, c->s->rate_15m));
	count(r, "Accepted", s->accepted);
	count(r, "Rejected", c->rejected);
	count(r, "Hardware Errors", s->invalid);
	fixed(r, "Utility", tool_a_minute((double)s->accepted, r->rig.up_s), 4);
	text(r, "Intensity", "D");
	number(r, "Last Share Pool", last ? r->call->view->active_pool : -1);
	number(r, "Last Share Time", last);
	fixed(r, "Total MH", (double)c->s->hashes / 1e6, 4);
	number(r, "Diff1 Work", tool_whole(s->accepted_difficulty));
	difficulties(r, s, c->rejected);
	fixed(r, "Last Share Difficulty", 0, 8);
	number(r, "Last Valid Work", last);
	percents(r, s, c->rejected);
	number(r, "Device Elapsed", r->rig.up_s);
	end_row(r);
}

static void devs(struct reply *r, const char *param)
{
	unsigned i;

	(void)param;
	if (!r->rig.n) {
		status(r, 'E', NO_DEVS, "No GPUs");
		return;
	}
	status(r, 'S', DEVS, "%u GPU(s)", r->rig.n);
	begin(r, "DEVS");
	for (i = 0; i < r->rig.n; i++)
		card_row(r, i);
	end(r);
}

/* The card a parameter names, or NULL with the answer given. */
static const struct tool_card *card_of(struct reply *r, const char *param)
{
	uint64_t n;

	if (!param[0]) {
		status(r, 'E', MISSING_CARD, "Missing device id parameter");
		return NULL;
	}
	if (!r->rig.n || str_to_u64(&n, param, 0, r->rig.n - 1)) {
		status(r, 'E', INVALID_CARD, "Invalid GPU id %.20s - range is 0 - %d", param,
		       (int)r->rig.n - 1);
		return NULL;
	}
	return &r->rig.card[n];
}

static void gpu(struct reply *r, const char *param)
{
	const struct tool_card *c = card_of(r, param);
	unsigned n;

	if (!c)
		return;
	n = (unsigned)(c - r->rig.card);
	status(r, 'S', CARD, "GPU%u", n);
	begin(r, "GPU");
	card_row(r, n);
	end(r);
}

static void gpucount(struct reply *r, const char *param)
{
	(void)param;
	status(r, 'S', CARD_COUNT, "GPU count");
	begin(r, "GPUS");
	row(r, "GPUS");
	count(r, "Count", r->rig.n);
	end_row(r);
	end(r);
}

/* Shares are counted for the rig as a whole: they stand at the pool in use. */
static void pool_row(struct reply *r, unsigned i)
{
	static const struct share_counts none;
	const struct pool_status *p = &r->call->view->pools[i];
	bool active = (int)i == r->call->view->active_pool;
	const struct rig_stats *rig = r->call->view->rig;
	const struct share_counts *s = active ? &rig->shares : &none;
	double sent = (double)(s->accepted + s->rejected + s->stale);

	numbered_row(r, "POOL", i);
	text(r, "URL", p->url);
	text(r, "Algorithm", r->rig.algo);
	text(r, "Status",
	     p->state == POOL_DISABLED                             ? "Disabled"
	     : p->state == POOL_ACTIVE || p->state == POOL_STANDBY ? "Alive"
								   : "Dead");
	count(r, "Priority", i);
	number(r, "Quota", 1);
	text(r, "Long Poll", "N");
	count(r, "Getworks", p->jobs);
	count(r, "Accepted", s->accepted);
	count(r, "Rejected", s->rejected);
	count(r, "Works", p->jobs);
	number(r, "Discarded", 0);
	count(r, "Stale", s->stale);
	number(r, "Get Failures", 0);
	count(r, "Remote Failures", p->drops);
	text(r, "User", p->user);
	number(r, "Last Share Time", active ? tool_last_share_ms(r->call->view, NULL) / 1000 : 0);
	number(r, "Diff1 Shares", tool_whole(s->accepted_difficulty));
	difficulties(r, s, s->rejected);
	fixed(r, "Difficulty Stale", share_worth(s) * (double)s->stale, 8);
	fixed(r, "Last Share Difficulty", 0, 8);
	truth(r, "Stratum Active", active);
	text(r, "Stratum URL", active ? r->rig.place : "");
	number(r, "Best Share", active ? tool_whole(rig->best_difficulty) : 0);
	fixed(r, "Pool Rejected%", tool_percent((double)s->rejected, sent), 4);
	fixed(r, "Pool Stale%", tool_percent((double)s->stale, sent), 4);
	end_row(r);
}

static void pools(struct reply *r, const char *param)
{
	unsigned i, n = r->call->view->n_pools;

	(void)param;
	if (!n) {
		status(r, 'E', NO_POOLS, "No pools");
		return;
	}
	status(r, 'S', POOLS, "%u Pool(s)", n);
	begin(r, "POOLS");
	for (i = 0; i < n; i++)
		pool_row(r, i);
	end(r);
}

static void coin(struct reply *r, const char *param)
{
	(void)param;
	status(r, 'S', COIN, "Adit coin");
	begin(r, "COIN");
	row(r, "COIN");
	text(r, "Hash Method", r->rig.algo);
	fixed(r, "Current Block Time", 0, 6);
	text(r, "Current Block Hash", "");
	truth(r, "LP", false);
	fixed(r, "Network Difficulty", 0, 8);
	end_row(r);
	end(r);
}

static void stats(struct reply *r, const char *param)
{
	unsigned i;

	(void)param;
	status(r, 'S', STATS, "Adit stats");
	begin(r, "STATS");
	for (i = 0; i < r->rig.n; i++) {
		char id[32];

		snprintf(id, sizeof id, "OCL%u", i);
		numbered_row(r, "STATS", i);
		text(r, "ID", id);
		number(r, "Elapsed", r->rig.up_s);
		number(r, "Calls", 0);
		fixed(r, "Wait", 0, 6);
		fixed(r, "Max", 0, 6);
		fixed(r, "Min", 0, 6);
		end_row(r);
	}
	end(r);
}

static void notify_row(struct reply *r, unsigned i)
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
	numbered_row(r, "NOTIFY", i);
	text(r, "Name", "GPU");
	count(r, "ID", i);
	number(r, "Last Well", reason[0] ? 0 : now);
	number(r, "Last Not Well", reason[0] ? now : 0);
	text(r, "Reason Not Well", reason[0] ? reason : "None");
	for (n = 0; n < sizeof never / sizeof never[0]; n++)
		number(r, never[n], 0);
	end_row(r);
}

static void notify(struct reply *r, const char *param)
{
	unsigned i;

	(void)param;
	status(r, 'S', NOTIFY, "Notify");
	begin(r, "NOTIFY");
	for (i = 0; i < r->rig.n; i++)
		notify_row(r, i);
	end(r);
}

/* The device path is the PCI bus, as TeamRedMiner has it. */
static void devdetails(struct reply *r, const char *param)
{
	unsigned i;

	(void)param;
	status(r, 'S', DEVDETAILS, "Device Details");
	begin(r, "DEVDETAILS");
	for (i = 0; i < r->rig.n; i++) {
		const struct tool_card *c = &r->rig.card[i];
		char path[24] = "";

		if (c->bus >= 0)
			snprintf(path, sizeof path, "%02x:%02x.%x", (unsigned)c->bus,
				 (unsigned)c->slot, (unsigned)c->function);
		numbered_row(r, "DEVDETAILS", i);
		text(r, "Name", "GPU");
		count(r, "ID", i);
		text(r, "Driver", c->info->backend);
		text(r, "Kernel", r->rig.algo);
		text(r, "Model", c->name);
		text(r, "Device Path", path);
		end_row(r);
	}
	end(r);
}

static void privileged(struct reply *r, const char *param)
{
	(void)param;
	status(r, 'S', PRIVILEGED, "Privileged access OK");
}

static void enable(struct reply *r, const char *param, bool on)
{
	const struct tool_card *c = card_of(r, param);
	struct err err = {0};

	if (!c)
		return;
	if (r->call->actions->pause(r->call->arg, (int)c->number, !on, &err))
		status(r, 'E', INVALID_COMMAND, "%s", err.text);
	else
		status(r, 'S', on ? CARD_ENABLED : CARD_DISABLED, "GPU %d set %s flag",
		       (int)(c - r->rig.card), on ? "enable" : "disable");
}

static void gpuenable(struct reply *r, const char *param)
{
	enable(r, param, true);
}

static void gpudisable(struct reply *r, const char *param)
{
	enable(r, param, false);
}

static void gpurestart(struct reply *r, const char *param)
{
	const struct tool_card *c = card_of(r, param);
	struct err err = {0};

	if (!c)
		return;
	if (r->call->actions->restart(r->call->arg, c->number, &err))
		status(r, 'E', INVALID_COMMAND, "%s", err.text);
	else
		status(r, 'S', CARD_RESTARTS, "GPU %d attempting to restart",
		       (int)(c - r->rig.card));
}

static void gpuintensity(struct reply *r, const char *param)
{
	const char *comma = strchr(param, ',');
	const struct tool_card *c;
	char which[24] = "";
	struct err err = {0};
	uint64_t log2;

	str_printable(which, sizeof which, param, strcspn(param, ","));
	c = card_of(r, which);
	if (!c)
		return;
	if (!comma)
		status(r, 'E', MISSING_VALUE, "Missing intensity parameter");
	else if (str_to_u64(&log2, comma + 1, 0, 63))
		status(r, 'E', INVALID_INTENSITY, "Invalid intensity (%.20s)", comma + 1);
	else if (r->call->actions->set_intensity(r->call->arg, c->number, (uint32_t)log2, &err))
		status(r, 'E', INVALID_INTENSITY, "%s", err.text);
	else
		status(r, 'S', CARD_INTENSITY, "GPU %d set new intensity to %u",
		       (int)(c - r->rig.card), (unsigned)log2);
}

/* A bare word in text. */
static void quit(struct reply *r, const char *param)
{
	struct err err = {0};

	(void)param;
	if (r->call->actions->quit(r->call->arg, &err))
		status(r, 'E', INVALID_COMMAND, "%s", err.text);
	else if (r->json)
		status(r, 'S', PRIVILEGED, "BYE");
	else
		put(r, "BYE");
}

static void check(struct reply *r, const char *param);

/* What cgminer has but is not to be done from outside, or not yet: refused, never unknown. */
static void not_here(struct reply *r, const char *param)
{
	(void)param;
	status(r, 'E', INVALID_COMMAND, "Invalid command");
}

static const struct verb {
	const char *name;
	void (*answer)(struct reply *r, const char *param);
	bool write, alone; /* alone: cannot be joined */
} verbs[] = {
	{"version", version, false, false},
	{"config", config, false, false},
	{"summary", summary, false, false},
	{"devs", devs, false, false},
	{"gpu", gpu, false, true},
	{"gpucount", gpucount, false, false},
	{"pools", pools, false, false},
	{"coin", coin, false, false},
	{"stats", stats, false, false},
	{"notify", notify, false, false},
	{"devdetails", devdetails, false, false},
	{"check", check, false, true},
	{"privileged", privileged, true, true},
	{"gpuenable", gpuenable, true, true},
	{"gpudisable", gpudisable, true, true},
	{"gpurestart", gpurestart, true, true},
	{"gpuintensity", gpuintensity, true, true},
	{"quit", quit, true, true},
	{"restart", not_here, true, true},
	{"switchpool", not_here, true, true},
	{"enablepool", not_here, true, true},
	{"disablepool", not_here, true, true},
	{"addpool", not_here, true, true},
	{"removepool", not_here, true, true},
	{"poolpriority", not_here, true, true},
	{"poolquota", not_here, true, true},
	{"failover-only", not_here, true, true},
	{"gpumem", not_here, true, true},
	{"gpuengine", not_here, true, true},
	{"gpufan", not_here, true, true},
	{"gpuvddc", not_here, true, true},
	{"save", not_here, true, true},
	{"setconfig", not_here, true, true},
	{"zero", not_here, true, true},
	{"debug", not_here, true, true},
};

static const struct verb *verb_of(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

static bool allowed(const struct reply *r, const struct verb *v)
{
	return r->call->right == API_WRITE || (r->call->right == API_READ && !v->write);
}

static void check(struct reply *r, const char *param)
{
	const struct verb *v = verb_of(param);

	if (!param[0]) {
		status(r, 'E', MISSING_CHECK, "Missing check cmd");
		return;
	}
	v = v && v->answer == not_here ? NULL : v;
	status(r, 'S', CHECK, "Check command");
	begin(r, "COMMAND");
	row(r, "COMMAND");
	text(r, "Exists", v ? "Y" : "N");
	text(r, "Access", v && allowed(r, v) ? "Y" : "N");
	end_row(r);
	end(r);
}

static void answer(struct reply *r, const char *name, const char *param)
{
	const struct verb *v = verb_of(name);

	put(r, r->json ? "{" : "");
	if (v ? !allowed(r, v) || (r->joined && v->alone) : r->call->right == API_NOTHING)
		status(r, 'E', DENIED, "Access denied to '%.40s' command", name);
	else if (!v)
		status(r, 'E', INVALID_COMMAND, "Invalid command");
	else
		v->answer(r, param);
	put(r, r->json ? ",\"id\":1}" : "");
}

/* An answer to each of the verbs that '+' joins, by the name of the verb; a name once. */
static void answer_joined(struct reply *r, const char *names)
{
	const struct verb *done[CGMINER_JOINED_MAX];
	unsigned n = 0, i;

	r->joined = true;
	put(r, r->json ? "{" : "");
	while (n < CGMINER_JOINED_MAX) {
		size_t len = strcspn(names, "+");
		char name[48];

		str_printable(name, sizeof name, names, len);
		done[n] = verb_of(name);
		for (i = 0; done[n] && i < n && done[i] != done[n]; i++)
			;
		if (done[n] && i == n) {
			evbuffer_add_printf(r->out, r->json ? "%s\"%s\":" : "%sCMD=%s|",
					    r->json && n ? "," : "", name);
			answer(r, name, "");
			n++;
		}
		names += len;
		if (!*names++)
			break;
	}
	if (!n)
		status(r, 'E', INVALID_COMMAND, "Invalid command");
	put(r, r->json ? ",\"id\":1}" : "");
}

static void refuse(struct reply *r, enum answer_code code, const char *why)
{
	put(r, r->json ? "{" : "");
	status(r, 'E', code, "%s", why);
	put(r, r->json ? ",\"id\":1}" : "");
}

static void answer_text(struct reply *r, char *request)
{
	char *bar = strchr(request, '|');

	if (!bar && strchr(request, '+')) {
		answer_joined(r, request);
		return;
	}
	if (bar)
		*bar = '\0';
	answer(r, request, bar ? bar + 1 : "");
}

static void answer_json(struct reply *r, const char *request, size_t len)
{
	json_t *v = json_loadb(request, len, 0, NULL), *param;
	const char *name = json_string_value(json_object_get(v, "command"));
	char digits[40] = "";

	param = json_object_get(v, "parameter");
	if (json_is_integer(param))
		snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, json_integer_value(param));
	else if (json_is_real(param))
		snprintf(digits, sizeof digits, "%.0f", tool_real(json_real_value(param)));
	if (!v)
		refuse(r, INVALID_JSON, "Invalid JSON");
	else if (!name)
		refuse(r, MISSING_COMMAND, "Missing JSON 'command'");
	else if (strchr(name, '+'))
		answer_joined(r, name);
	else
		answer(r, name, json_is_string(param) ? json_string_value(param) : digits);
	json_decref(v);
}

int api_cgminer(const struct api_call *call, const char *request, size_t len, struct evbuffer *out)
{
	struct reply r = {.call = call, .out = out, .json = len && request[0] == '{'};
	char line[CGMINER_REQUEST_MAX];

	tool_rig(&r.rig, call->view);
	while (len && strchr("\r\n", request[len - 1])) /* also a NUL */
		len--;
	if (len >= sizeof line || (!r.json && len && memchr(request, '\0', len))) {
		refuse(&r, INVALID_COMMAND, "Invalid command");
	} else if (r.json) {
		answer_json(&r, request, len);
	} else {
		memcpy(line, request, len);
		line[len] = '\0';
		answer_text(&r, line);
	}
	return evbuffer_add(out, "", 1) ? -ERR_NOMEM : 0;
}
