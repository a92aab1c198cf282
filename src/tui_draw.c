/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The screen of a rig that mines. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "src/keys.h"
#include "src/tui_devices.h"
#include "src/tui_draw.h"

#define BOX_H 0x2500

/* ---- parts ---- */

void tui_rule(struct tui_grid *g, unsigned row, bool bold, const char *title)
{
	tui_fill(g, row, 0, g->cols, TUI_DIM, g->utf8 ? BOX_H : '-');
	tui_print(g, row, 2, bold ? TUI_BOLD : TUI_DIM, " %s ", title);
}

/* "h help  q quit": the words in front stand out. */
void tui_keys_line(struct tui_grid *g, unsigned row, const char *keys)
{
	unsigned col = 1, n;
	bool key = true;
	char word[64];

	while (*keys && col < g->cols) {
		n = (unsigned)strcspn(keys, " ");
		snprintf(word, sizeof word, "%.*s", (int)n, keys);
		col += tui_put(g, row, col, g->cols, key ? TUI_BOLD : TUI_DIM, word);
		keys += n;
		n = (unsigned)strspn(keys, " ");
		key = n > 1; /* two blanks part the entries */
		keys += n;
		col += n;
	}
}

void tui_help(struct tui_grid *g, const char *const *lines, unsigned n)
{
	unsigned width = 62 < g->cols ? 62 : g->cols, rows = n + 2 < g->rows ? n + 2 : g->rows;
	unsigned left = (g->cols - width) / 2, top = (g->rows - rows) / 2, i, key;

	for (i = 0; i < rows; i++)
		tui_fill(g, top + i, left, width, TUI_PLAIN, ' ');
	tui_fill(g, top, left, width, TUI_HEAD, ' ');
	tui_put(g, top, left + 2, width - 2, TUI_HEAD, "keys (any key goes back)");
	tui_fill(g, top + rows - 1, left, width, TUI_HEAD, ' ');
	for (i = 0; i + 2 < rows; i++) {
		char text[24];

		key = (unsigned)strcspn(lines[i], "\t");
		snprintf(text, sizeof text, "%.*s", (int)key, lines[i]);
		tui_put(g, top + 1 + i, left + 2, 14, TUI_BOLD, text);
		if (lines[i][key] && width > 17)
			tui_put(g, top + 1 + i, left + 16, width - 17, TUI_PLAIN,
				lines[i] + key + 1);
	}
}

void tui_log_pane(struct tui_grid *g, unsigned row, unsigned rows, struct tui_log *log,
		  struct tui_place *at)
{
	static const enum tui_style styles[] = {[LOG_ERROR] = TUI_BAD,
						[LOG_WARN] = TUI_WARN,
						[LOG_NOTICE] = TUI_PLAIN,
						[LOG_DEBUG] = TUI_DIM};
	uint64_t added = tui_log_added(log), more = added - at->log_added;
	unsigned n = tui_log_count(log), i, shown;
	struct tui_log_line line;

	if (at->log_back)
		at->log_back += more < TUI_LOG_LINES ? (unsigned)more : TUI_LOG_LINES;
	at->log_added = added;
	if (at->log_back > n || at->log_back + rows > n)
		at->log_back = n > rows ? n - rows : 0;
	shown = n - at->log_back < rows ? n - at->log_back : rows;
	for (i = 0; i < shown; i++) {
		if (!tui_log_get(log, at->log_back + shown - 1 - i, &line))
			break;
		tui_put(g, row + i, 0, g->cols, styles[line.level], line.text);
	}
}

/* ---- the head ---- */

static void title(struct tui_grid *g, const struct tui_view *v)
{
	const struct rig_stats *r = v->rig;
	char up[32];

	tui_fill(g, 0, 0, g->cols, TUI_HEAD, ' ');
	tui_print(g, 0, 1, TUI_HEAD, "adit %s  %s  up %s%s", v->version, r->algo,
		  tui_duration(up, sizeof up, r->uptime_ms / 1000),
		  v->stopping ? "  STOPPING"
		  : v->paused ? "  PAUSED"
			      : "");
}

static void rate_line(struct tui_grid *g, unsigned row, const struct rig_stats *r)
{
	char a[24], b[24], c[24];
	unsigned col = 1;

	tui_put(g, row, col, 6, TUI_DIM, "rate");
	col = 8;
	col += tui_print(g, row, col, TUI_BOLD, "%s", rate_print(a, sizeof a, r->rate_10s));
	tui_print(g, row, col, TUI_PLAIN, "   60 s %s   15 min %s",
		  rate_print(b, sizeof b, r->rate_60s), rate_print(c, sizeof c, r->rate_15m));
}

static void pool_line(struct tui_grid *g, unsigned row, const struct tui_view *v)
{
	const struct rig_stats *r = v->rig;
	unsigned col = 8;
	bool on = v->active_pool >= 0;

	tui_put(g, row, 1, 6, TUI_DIM, "pool");
	col += tui_print(g, row, col, on ? TUI_GOOD : TUI_BAD, "%s", r->pool_state);
	if (r->pool[0])
		col += tui_print(g, row, col, TUI_PLAIN, " %s", r->pool);
	if (r->difficulty > 0)
		col += tui_print(g, row, col, TUI_PLAIN, "   difficulty %.6g", r->difficulty);
	if (r->height)
		col += tui_print(g, row, col, TUI_PLAIN, "   height %" PRIu64, r->height);
	if (r->jobs)
		col += tui_print(g, row, col, TUI_PLAIN, "   %" PRIu64 " jobs", r->jobs);
	if (r->blocks)
		tui_print(g, row, col, TUI_GOOD, "   %" PRIu64 " block%s found", r->blocks,
			  r->blocks == 1 ? "" : "s");
}

static void share_line(struct tui_grid *g, unsigned row, const struct rig_stats *r)
{
	const struct share_counts *c = &r->shares;
	unsigned col = 8;

	tui_put(g, row, 1, 6, TUI_DIM, "shares");
	col += tui_print(g, row, col, c->accepted ? TUI_GOOD : TUI_PLAIN, "accepted %" PRIu64,
			 c->accepted);
	col += tui_print(g, row, col, c->rejected ? TUI_WARN : TUI_PLAIN, "  rejected %" PRIu64,
			 c->rejected);
	col += tui_print(g, row, col, TUI_PLAIN, "  stale %" PRIu64, c->stale);
	col += tui_print(g, row, col, c->invalid ? TUI_BAD : TUI_PLAIN, "  invalid %" PRIu64,
			 c->invalid);
	if (c->lost)
		col += tui_print(g, row, col, TUI_WARN, "  lost %" PRIu64, c->lost);
	if (r->best_difficulty > 0)
		col += tui_print(g, row, col, TUI_PLAIN, "   best %.6g", r->best_difficulty);
	if (r->latency_ms >= 0)
		tui_print(g, row, col, TUI_PLAIN, "   answers %.1f ms", r->latency_ms);
}

/* Returns its rows. */
static unsigned head(struct tui_grid *g, const struct tui_view *v)
{
	title(g, v);
	if (g->rows < 10) {
		rate_line(g, 1, v->rig);
		return 2;
	}
	pool_line(g, 1, v);
	rate_line(g, 2, v->rig);
	share_line(g, 3, v->rig);
	return 4;
}

/* ---- devices ---- */

/* "... 20 more: 18 mining, 2 parked". */
static void others(struct tui_grid *g, unsigned row, const struct rig_stats *r, unsigned first,
		   unsigned shown)
{
	unsigned count[DEVICE_STATES] = {0}, i, col;
	bool any = false;

	for (i = 0; i < r->n_devices; i++)
		if ((i < first || i >= first + shown) && r->devices[i].state < DEVICE_STATES)
			count[r->devices[i].state]++;
	col = tui_print(g, row, 0, TUI_DIM, "... %u more:", r->n_devices - shown);
	for (i = 0; i < DEVICE_STATES; i++) {
		if (!count[i])
			continue;
		col += tui_print(g, row, col, TUI_DIM, any ? ", " : " ");
		col += tui_print(g, row, col, tui_state_style(i), "%u %s", count[i],
				 device_state_name(i));
		any = true;
	}
}

static void devices(struct tui_grid *g, unsigned row, unsigned rows, const struct rig_stats *r,
		    struct tui_place *at)
{
	unsigned shown, i, n = r->n_devices;
	struct tui_devices table;

	if (rows < 2)
		return;
	shown = n <= rows - 1 ? n : rows - 2;
	if (at->first_device + shown > n)
		at->first_device = n - shown;
	tui_devices_plan(&table, g, 0, r->devices, n);
	tui_devices_head(&table, g, row);
	for (i = 0; i < shown; i++)
		tui_devices_row(&table, g, row + 1 + i, &r->devices[at->first_device + i],
				at->first_device + i);
	if (shown < n)
		others(g, row + rows - 1, r, at->first_device, shown);
	if (at->devices)
		at->page_rows = shown;
}

/* ---- pools ---- */

static void pools(struct tui_grid *g, unsigned row, unsigned rows, const struct tui_view *v)
{
	static const enum tui_style styles[POOL_STATES] = {[POOL_DISABLED] = TUI_DIM,
							   [POOL_DOWN] = TUI_BAD,
							   [POOL_CONNECTING] = TUI_WARN,
							   [POOL_STANDBY] = TUI_PLAIN,
							   [POOL_ACTIVE] = TUI_GOOD};
	unsigned i, col;

	for (i = 0; i < v->n_pools && i < rows; i++) {
		const struct pool_status *p = &v->pools[i];

		if (i + 1 == rows && v->n_pools > rows) {
			tui_print(g, row + i, 0, TUI_DIM, "... %u more pools", v->n_pools - i);
			break;
		}
		tui_print(g, row + i, 0, TUI_PLAIN, "%2u", i);
		tui_put(g, row + i, 3, 10, styles[p->state], pool_state_name(p->state));
		col = 14 + tui_print(g, row + i, 14, TUI_PLAIN, "%s", p->url);
		if (p->state == POOL_ACTIVE || p->state == POOL_STANDBY)
			tui_print(g, row + i, col, TUI_DIM,
				  "   difficulty %.6g, %" PRIu64 " jobs, %" PRIu64 " drops",
				  p->difficulty, p->jobs, p->drops);
		else if (p->last_error[0])
			tui_print(g, row + i, col, TUI_WARN, "   %s", p->last_error);
	}
}

/* ---- the pages ---- */

/* Rows of each part below the head; 0: left out. */
struct rows {
	unsigned devices, pools, log; /* each with its rule */
};

static struct rows share_out(unsigned avail, unsigned n_devices, unsigned n_pools)
{
	unsigned log = avail >= 14 ? 4 + avail / 10 : avail >= 9 ? 3 : 0;
	unsigned most_pools = avail >= 16 ? 1 + (n_pools < 3 ? n_pools : 3) : 0;
	unsigned pools = avail >= 12 && n_pools > 1 ? 2 : 0, devices = 1 + n_devices;
	struct rows out;

	if (avail >= 20 && n_pools)
		pools = 1 + (n_pools < 2 ? n_pools : 2);
	if (devices > avail - log - pools)
		devices = avail - log - pools;
	else if (most_pools > pools)
		pools = most_pools < avail - log - devices ? most_pools : avail - log - devices;
	out.devices = devices;
	out.pools = pools > 1 ? pools : 0;
	out.log = avail - devices - out.pools;
	return out;
}

static void rig_page(struct tui_grid *g, unsigned row, unsigned end, const struct tui_view *v,
		     struct tui_place *at)
{
	struct rows rows = share_out(end - row, v->rig->n_devices, v->n_pools);
	char name[64] = "log";

	devices(g, row, rows.devices, v->rig, at);
	row += rows.devices;
	if (rows.pools) {
		tui_rule(g, row, false, "pools");
		pools(g, row + 1, rows.pools - 1, v);
		row += rows.pools;
	}
	if (rows.log < 2)
		return;
	tui_log_pane(g, row + 1, rows.log - 1, v->log, at);
	if (at->log_back)
		snprintf(name, sizeof name, "log, %u newer lines below", at->log_back);
	tui_rule(g, row, !at->devices, name);
	if (!at->devices)
		at->page_rows = rows.log - 1;
}

static void share_table(struct tui_grid *g, unsigned row, unsigned end, const struct rig_stats *r)
{
	unsigned i;

	tui_print(g, row++, 0, TUI_DIM, "%-14s %9s %9s %9s %9s %9s %9s", "DEVICE", "ACCEPTED",
		  "REJECTED", "STALE", "INVALID", "LOST", "RESTARTS");
	for (i = 0; i < r->n_devices && row < end; i++, row++) {
		const struct device_stats *d = &r->devices[i];
		const struct share_counts *c = &d->shares;
		char rate[24], low[24], high[24];
		unsigned col;

		col = tui_print(g, row, 0, TUI_PLAIN,
				"%-14s %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64
				" %9" PRIu64 " %9" PRIu64,
				d->id, c->accepted, c->rejected, c->stale, c->invalid, c->lost,
				d->restarts);
		if (d->share_rate > 0)
			tui_print(g, row, col, TUI_DIM, "   by shares %s (%s to %s)",
				  rate_print(rate, sizeof rate, d->share_rate),
				  rate_print(low, sizeof low, d->share_low),
				  rate_print(high, sizeof high, d->share_high));
	}
}

static void median(struct tui_grid *g, unsigned row, const char *what, double ms)
{
	if (ms >= 0)
		tui_print(g, row, 1, TUI_PLAIN, "%-44s %10.2f ms", what, ms);
	else
		tui_print(g, row, 1, TUI_DIM, "%-44s %10s", what, "none yet");
}

static void shares_page(struct tui_grid *g, unsigned row, unsigned end, const struct rig_stats *r)
{
	unsigned i;

	tui_rule(g, row++, false, "medians");
	median(g, row++, "answer of the pool to a share", r->latency_ms);
	median(g, row++, "candidate to share sent, checked on the CPU", r->submit_ms);
	median(g, row++, "job to every device", r->turnaround_ms);
	tui_rule(g, row++, false, "rejected, and why");
	if (!r->n_reasons)
		tui_put(g, row++, 1, g->cols, TUI_DIM, "none");
	for (i = 0; i < r->n_reasons && i < REJECT_REASONS_MAX && row < end; i++, row++)
		tui_print(g, row, 1, TUI_PLAIN, "%6" PRIu64 "  %s", r->reasons[i].count,
			  r->reasons[i].text);
	if (row + 2 < end) {
		tui_rule(g, row++, false, "by device");
		share_table(g, row, end, r);
	}
}

static const char *const help[] = {
	"h, ?\tthis page",
	"s\tshares: reasons, delays, devices; again: back",
	"p\tpause everything, or go on",
	"r\teverything goes on that keys paused",
	"0-9\tpause one device, or let it go on",
	"d\tdebug log on or off",
	"Tab\tkeys below move the devices, or the log again",
	"Up, Down\tmove by a line",
	"PgUp, PgDn\tmove by a page",
	"Home, End\toldest and newest, first and last",
	"Ctrl-L\tdraw everything again",
	"q, Ctrl-C\tquit: twice does not wait for answers",
};
#define FOOT "h help  s shares  p pause  r go on  0-9 one device  d debug  q quit"

void tui_draw(struct tui_grid *g, const struct tui_view *v, struct tui_place *at)
{
	unsigned top, end = g->rows >= 8 ? g->rows - 1 : g->rows;

	tui_grid_clear(g);
	at->page_rows = 1;
	top = head(g, v);
	if (top < end && at->page == TUI_PAGE_SHARES)
		shares_page(g, top, end, v->rig);
	else if (top < end)
		rig_page(g, top, end, v, at);
	if (end < g->rows) {
		tui_fill(g, end, 0, g->cols, TUI_PLAIN, ' ');
		tui_keys_line(g, end, FOOT);
	}
	if (at->help)
		tui_help(g, help, sizeof help / sizeof help[0]);
}

bool tui_move(struct tui_place *at, char key)
{
	unsigned *where = at->devices ? &at->first_device : &at->log_back;
	unsigned page = at->page_rows > 1 ? at->page_rows - 1 : 1;
	bool deeper = at->devices; /* Down leads to later devices, but to newer lines */
	unsigned by = 0;

	if (key == KEYS_TAB) {
		at->devices = !at->devices;
		return true;
	}
	if (key == KEYS_HOME || key == KEYS_END) {
		*where = (key == KEYS_END) == deeper ? UINT32_MAX / 2 : 0;
		return true;
	}
	if (key == KEYS_UP || key == KEYS_DOWN)
		by = 1;
	else if (key == KEYS_PAGE_UP || key == KEYS_PAGE_DOWN)
		by = page;
	else
		return false;
	if ((key == KEYS_DOWN || key == KEYS_PAGE_DOWN) == deeper)
		*where += by;
	else
		*where -= *where < by ? *where : by;
	return true;
}
