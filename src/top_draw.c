/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Several rigs on a screen: a line each, their devices when opened, totals, alarms. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "src/keys.h"
#include "src/str.h"
#include "src/top.h"
#include "src/tui_devices.h"

#define TOTALS_MAX 4 /* algorithms whose rates are told */
#define NAME_MOST  30

/* ---- totals ---- */

struct totals {
	unsigned up, down, devices, mining;
	int64_t power_w;
	struct {
		char algo[32];
		double rate;
	} by[TOTALS_MAX];
	unsigned n;
};

static void add_rate(struct totals *t, const struct rig_stats *s)
{
	unsigned i;

	for (i = 0; i < t->n && strcmp(t->by[i].algo, s->algo); i++)
		;
	if (i == TOTALS_MAX)
		return;
	if (i == t->n)
		str_copy(t->by[t->n++].algo, sizeof t->by[i].algo, s->algo);
	t->by[i].rate += s->rate_10s;
}

static int64_t power_of(const struct top_rig *r)
{
	int64_t sum = 0;
	unsigned i;

	for (i = 0; i < r->stats.n_devices; i++)
		if (r->stats.devices[i].power_w > 0)
			sum += r->stats.devices[i].power_w;
	return sum;
}

static int32_t hottest(const struct top_rig *r)
{
	int32_t most = STAT_UNKNOWN;
	unsigned i;

	for (i = 0; i < r->stats.n_devices; i++)
		if (r->stats.devices[i].temperature_c > most)
			most = r->stats.devices[i].temperature_c;
	return most;
}

static void head(struct tui_grid *g, const struct top_rig *rigs, unsigned n)
{
	struct totals t = {0};
	unsigned i, col;
	char rate[24];

	for (i = 0; i < n; i++) {
		t.up += rigs[i].state == TOP_UP;
		t.down += rigs[i].state == TOP_DOWN;
		if (rigs[i].state != TOP_UP)
			continue;
		t.devices += rigs[i].stats.n_devices;
		t.mining += top_mining(&rigs[i]);
		t.power_w += power_of(&rigs[i]);
		add_rate(&t, &rigs[i].stats);
	}
	tui_fill(g, 0, 0, g->cols, TUI_HEAD, ' ');
	tui_print(g, 0, 1, TUI_HEAD, "adit top  %u rig%s", n, n == 1 ? "" : "s");
	col = 1 + tui_print(g, 1, 1, t.down ? TUI_BAD : TUI_GOOD, "%u up, %u down", t.up, t.down);
	col += tui_print(g, 1, col, t.mining < t.devices ? TUI_WARN : TUI_PLAIN,
			 "   %u of %u devices mine", t.mining, t.devices);
	if (t.power_w)
		col += tui_print(g, 1, col, TUI_PLAIN, "   %" PRId64 " W", t.power_w);
	for (i = 0; i < t.n; i++)
		col += tui_print(g, 1, col, TUI_BOLD, "   %s %s", t.by[i].algo,
				 rate_print(rate, sizeof rate, t.by[i].rate));
}

/* ---- rigs ---- */

enum column {
	C_NAME,
	C_STATE,
	C_DEVICES,
	C_10S,
	C_CORE,
	C_POWER,
	C_ACCEPTED,
	C_REJECTED,
	C_STALE,
	C_INVALID,
	C_60S,
	C_UP,
	C_ALGO,
	C_POOL,
	COLUMNS
};

/* The further right, the sooner it is left out. */
static const struct {
	const char *title;
	unsigned width;
	bool left;
} columns[COLUMNS] = {[C_NAME] = {"RIG", 12, true},     [C_STATE] = {"STATE", 6, true},
		      [C_DEVICES] = {"MINE", 7, false}, [C_10S] = {"10 S", 11, false},
		      [C_CORE] = {"CORE", 4, false},    [C_POWER] = {"POWER", 6, false},
		      [C_ACCEPTED] = {"A", 6, false},   [C_REJECTED] = {"R", 4, false},
		      [C_STALE] = {"S", 4, false},      [C_INVALID] = {"I", 4, false},
		      [C_60S] = {"60 S", 11, false},    [C_UP] = {"UP", 11, false},
		      [C_ALGO] = {"ALGO", 10, true},    [C_POOL] = {"POOL", 30, true}};

static void cell(char *out, size_t size, const struct top_rig *r, enum column c)
{
	const struct rig_stats *s = &r->stats;
	int32_t core = hottest(r);
	int64_t power = power_of(r);

	out[0] = '\0';
	switch (c) {
	case C_NAME:
		str_copy(out, size, r->name);
		break;
	case C_STATE:
		str_copy(out, size, r->paused ? "paused" : "up");
		break;
	case C_DEVICES:
		snprintf(out, size, "%u/%u", top_mining(r), s->n_devices);
		break;
	case C_10S:
		rate_print(out, size, s->rate_10s);
		break;
	case C_60S:
		rate_print(out, size, s->rate_60s);
		break;
	case C_CORE:
		if (core != STAT_UNKNOWN)
			snprintf(out, size, "%dC", (int)core);
		break;
	case C_POWER:
		if (power)
			snprintf(out, size, "%" PRId64 "W", power);
		break;
	case C_ACCEPTED:
		tui_count(out, size, s->shares.accepted);
		break;
	case C_REJECTED:
		tui_count(out, size, s->shares.rejected);
		break;
	case C_STALE:
		tui_count(out, size, s->shares.stale);
		break;
	case C_INVALID:
		tui_count(out, size, s->shares.invalid);
		break;
	case C_UP:
		tui_duration(out, size, s->uptime_ms / 1000);
		break;
	case C_ALGO:
		str_copy(out, size, s->algo);
		break;
	default:
		snprintf(out, size, "%s%s%s", s->pool_state, s->pool[0] ? " " : "", s->pool);
		break;
	}
}

static enum tui_style style_of(const struct top_rig *r, enum column c)
{
	if (c == C_STATE)
		return r->paused ? TUI_WARN : TUI_GOOD;
	if (c == C_DEVICES)
		return top_is_well(r) ? TUI_PLAIN : TUI_BAD;
	if (c == C_10S)
		return TUI_BOLD;
	return c == C_INVALID && r->stats.shares.invalid ? TUI_BAD : TUI_PLAIN;
}

struct table {
	unsigned name; /* width of names */
	unsigned n;    /* columns that fit */
};

static unsigned width_of(const struct table *t, unsigned c)
{
	return c == C_NAME ? t->name : columns[c].width;
}

static struct table plan(const struct tui_grid *g, const struct top_rig *rigs, unsigned n)
{
	struct table t = {.name = columns[C_NAME].width};
	unsigned i, col = 3;

	for (i = 0; i < n; i++)
		if (tui_width(rigs[i].name) > t.name)
			t.name = tui_width(rigs[i].name);
	if (t.name > NAME_MOST)
		t.name = NAME_MOST;
	for (; t.n < COLUMNS; t.n++) {
		col += width_of(&t, t.n);
		if (col > g->cols && t.n > C_10S)
			break;
		col++;
	}
	return t;
}

static void table_head(struct tui_grid *g, unsigned row, const struct table *t)
{
	unsigned i, col = 3;

	for (i = 0; i < t->n; i++) {
		unsigned len = (unsigned)strlen(columns[i].title), width = width_of(t, i);

		tui_put(g, row, columns[i].left ? col : col + width - len, width, TUI_DIM,
			columns[i].title);
		col += width + 1;
	}
}

static void down_row(struct tui_grid *g, unsigned row, unsigned col, const struct top_rig *r,
		     int64_t now_ms)
{
	char since[32];

	if (r->state == TOP_WAITING) {
		tui_put(g, row, col, g->cols, TUI_DIM, "asking ...");
		return;
	}
	col += tui_put(g, row, col, 5, TUI_BAD, "down");
	tui_print(g, row, col, TUI_PLAIN, " for %s: %s",
		  tui_duration(since, sizeof since, (now_ms - r->since_ms) / 1000), r->error);
}

static void rig_row(struct tui_grid *g, unsigned row, const struct table *t,
		    const struct top_rig *r, unsigned index, bool selected, int64_t now_ms)
{
	unsigned i, col = 3, len;
	char text[400];

	tui_print(g, row, 0, selected ? TUI_BOLD : TUI_PLAIN, selected ? ">%u" : " %u", index);
	for (i = 0; i < t->n; i++) {
		unsigned width = width_of(t, i);

		if (i == C_STATE && r->state != TOP_UP) {
			down_row(g, row, col, r, now_ms);
			return;
		}
		cell(text, sizeof text, r, i);
		len = tui_width(text);
		tui_put(g, row, columns[i].left || len > width ? col : col + width - len,
			i == C_POOL ? g->cols : width,
			i == C_NAME && selected ? TUI_BOLD : style_of(r, i), text);
		col += width + 1;
	}
}

/* ---- the list, of which a part fits ---- */

static unsigned lines_of(const struct top_rig *r, bool open)
{
	return 1 + (open && r->stats.n_devices ? 1 + r->stats.n_devices : 0);
}

/* Keep the selected rig's line within those shown. */
static void scroll(struct top_place *at, const struct top_rig *rigs, unsigned rows)
{
	unsigned i, line = 0;

	for (i = 0; i < at->selected; i++)
		line += lines_of(&rigs[i], at->open[i]);
	if (line < at->first_line)
		at->first_line = line;
	if (line >= at->first_line + rows)
		at->first_line = line - rows + 1;
}

struct window {
	unsigned top, rows, first, line; /* line: the next, counted from the list's first */
};

/* Its row on the screen, or -1. */
static int next_row(struct window *w)
{
	unsigned line = w->line++;

	return line >= w->first && line < w->first + w->rows ? (int)(w->top + line - w->first) : -1;
}

static void device_rows(struct tui_grid *g, struct window *w, const struct rig_stats *s)
{
	struct tui_devices table;
	int row = next_row(w);
	unsigned i;

	tui_devices_plan(&table, g, 4, s->devices, s->n_devices);
	if (row >= 0)
		tui_devices_head(&table, g, (unsigned)row);
	for (i = 0; i < s->n_devices; i++) {
		row = next_row(w);
		if (row >= 0)
			tui_devices_row(&table, g, (unsigned)row, &s->devices[i], i);
	}
}

static void rigs_pane(struct tui_grid *g, unsigned top, unsigned rows, const struct top_rig *rigs,
		      unsigned n, struct top_place *at, int64_t now_ms)
{
	struct table t = plan(g, rigs, n);
	struct window w;
	unsigned i;

	if (rows < 2)
		return;
	table_head(g, top, &t);
	scroll(at, rigs, rows - 1);
	w = (struct window){.top = top + 1, .rows = rows - 1, .first = at->first_line};
	for (i = 0; i < n; i++) {
		int row = next_row(&w);

		if (row >= 0)
			rig_row(g, (unsigned)row, &t, &rigs[i], i, i == at->selected, now_ms);
		if (at->open[i] && rigs[i].stats.n_devices)
			device_rows(g, &w, &rigs[i].stats);
	}
}

static const char *const help[] = {
	"h, ?\tthis page",
	"Up, Down\tselect a rig",
	"Enter\tshow its devices, or hide them",
	"0-9\tthe same for one rig",
	"a\tshow the devices of all, or hide them",
	"PgUp, PgDn\tmove the alarms by a page",
	"Home, End\toldest and newest alarm",
	"Ctrl-L\tdraw everything again",
	"q, Ctrl-C\tquit",
};
#define FOOT "h help  Up/Down select  Enter devices  a all devices  PgUp/PgDn alarms  q quit"

void top_draw(struct tui_grid *g, const struct top_rig *rigs, unsigned n, struct tui_log *alarms,
	      struct top_place *at, int64_t now_ms)
{
	unsigned end = g->rows >= 8 ? g->rows - 1 : g->rows, list = 1, log, i;

	tui_grid_clear(g);
	if (at->selected >= n)
		at->selected = n ? n - 1 : 0;
	head(g, rigs, n);
	for (i = 0; i < n; i++)
		list += lines_of(&rigs[i], at->open[i]);
	log = end >= 12 ? end / 4 : 0;
	if (end > 2 && list + log < end - 2)
		log = end - 2 - list;
	if (end > 2)
		rigs_pane(g, 2, end - 2 - log, rigs, n, at, now_ms);
	at->log.page_rows = log > 1 ? log - 1 : 1;
	if (log > 1) {
		tui_rule(g, end - log, false, "alarms");
		tui_log_pane(g, end - log + 1, log - 1, alarms, &at->log);
	}
	if (end < g->rows)
		tui_keys_line(g, end, FOOT);
	if (at->log.help)
		tui_help(g, help, sizeof help / sizeof help[0]);
}

bool top_key(struct top_place *at, unsigned n, char key)
{
	unsigned i;
	bool any = false;

	if (at->log.help || key == 'h' || key == '?') {
		at->log.help = !at->log.help;
	} else if (key == KEYS_UP) {
		at->selected -= at->selected > 0;
	} else if (key == KEYS_DOWN) {
		at->selected += at->selected + 1 < n;
	} else if (key == KEYS_ENTER || (key >= '0' && key <= '9')) {
		i = key == KEYS_ENTER ? at->selected : (unsigned)(key - '0');
		if (i < n)
			at->open[i] = !at->open[i];
	} else if (key == 'a') {
		for (i = 0; i < n; i++)
			any |= at->open[i];
		for (i = 0; i < n; i++)
			at->open[i] = !any;
	} else if (key == KEYS_TAB || !tui_move(&at->log, key)) {
		return false;
	}
	return true;
}
