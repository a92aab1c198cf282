/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of devices on a screen. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "src/str.h"
#include "src/tui_devices.h"

#define BAR      10
#define NAME_MIN 10
#define NAME_MAX 28
#define ID_MAX   14

typedef void cell_fn(char *out, size_t size, const struct device_stats *d, unsigned index);

/* ---- cells ---- */

enum tui_style tui_state_style(enum device_state state)
{
	static const enum tui_style styles[DEVICE_STATES] = {
		[DEVICE_MINING] = TUI_GOOD,
		[DEVICE_PAUSED] = TUI_WARN,
		[DEVICE_RESTARTING] = TUI_WARN,
		[DEVICE_PARKED] = TUI_BAD,
	};

	return state < DEVICE_STATES ? styles[state] : TUI_PLAIN;
}

char *tui_count(char *out, size_t size, uint64_t n)
{
	static const char prefix[] = "MGTPE";
	double v = (double)n / 1e6;
	size_t i = 0;

	if (n < 1000000) {
		snprintf(out, size, "%" PRIu64, n);
		return out;
	}
	while (v >= 999.5 && i + 2 < sizeof prefix) {
		v /= 1000;
		i++;
	}
	snprintf(out, size, "%.3g%c", v, prefix[i]);
	return out;
}

char *tui_duration(char *out, size_t size, int64_t seconds)
{
	int64_t s = seconds < 0 ? 0 : seconds;

	if (s < 60)
		snprintf(out, size, "%d s", (int)s);
	else if (s < 3600)
		snprintf(out, size, "%d min %02d s", (int)(s / 60), (int)(s % 60));
	else if (s < 86400)
		snprintf(out, size, "%d h %02d min", (int)(s / 3600), (int)(s / 60 % 60));
	else
		snprintf(out, size, "%" PRId64 " d %02d h", s / 86400, (int)(s / 3600 % 24));
	return out;
}

char *tui_progress(char *out, size_t size, unsigned width, const struct device_stats *d)
{
	unsigned done = d->permille > 1000 ? 1000 : d->permille, full = done * BAR / 1000;
	char tail[64] = "", left[32] = "", bar[BAR + 1];

	if (d->left_s)
		tui_duration(left, sizeof left, d->left_s);
	if (done || d->left_s)
		snprintf(tail, sizeof tail, " %u %%%s%s%s", done / 10, d->left_s ? ", " : "", left,
			 d->left_s ? " left" : "");
	memset(bar, '-', BAR);
	memset(bar, '#', full);
	bar[BAR] = '\0';
	if (tail[0] && tui_width(d->reason) + BAR + 3 + strlen(tail) <= width)
		snprintf(out, size, "%s [%s]%s", d->reason, bar, tail);
	else
		snprintf(out, size, "%s%s", d->reason, tail);
	return out;
}

static void c_index(char *out, size_t size, const struct device_stats *d, unsigned index)
{
	(void)d;
	snprintf(out, size, "%u", index);
}

static void c_id(char *out, size_t size, const struct device_stats *d, unsigned index)
{
	(void)index;
	str_copy(out, size, d->id);
}

static void c_name(char *out, size_t size, const struct device_stats *d, unsigned index)
{
	(void)index;
	str_copy(out, size, d->name);
}

static void c_state(char *out, size_t size, const struct device_stats *d, unsigned index)
{
	(void)index;
	str_copy(out, size, device_state_name(d->state));
}

static void c_10s(char *out, size_t size, const struct device_stats *d, unsigned index)
{
	(void)index;
	rate_print(out, size, d->rate_10s);
}

static void c_60s(char *out, size_t size, const struct device_stats *d, unsigned index)
{
	(void)index;
	rate_print(out, size, d->rate_60s);
}

static void c_15m(char *out, size_t size, const struct device_stats *d, unsigned index)
{
	(void)index;
	rate_print(out, size, d->rate_15m);
}

static void c_accepted(char *out, size_t size, const struct device_stats *d, unsigned index)
{
	(void)index;
	tui_count(out, size, d->shares.accepted);
}

static void c_rejected(char *out, size_t size, const struct device_stats *d, unsigned index)
{
	(void)index;
	tui_count(out, size, d->shares.rejected);
}

static void c_stale(char *out, size_t size, const struct device_stats *d, unsigned index)
{
	(void)index;
	tui_count(out, size, d->shares.stale);
}

static void c_invalid(char *out, size_t size, const struct device_stats *d, unsigned index)
{
	(void)index;
	tui_count(out, size, d->shares.invalid);
}

static void reading(char *out, size_t size, int32_t v, const char *unit)
{
	out[0] = '\0';
	if (v != STAT_UNKNOWN)
		snprintf(out, size, "%d%s", (int)v, unit);
}

static void c_core(char *out, size_t size, const struct device_stats *d, unsigned index)
{
	(void)index;
	reading(out, size, d->temperature_c, "C");
}

static void c_memory(char *out, size_t size, const struct device_stats *d, unsigned index)
{
	(void)index;
	reading(out, size, d->memory_c, "C");
}

static void c_fan(char *out, size_t size, const struct device_stats *d, unsigned index)
{
	(void)index;
	reading(out, size, d->fan_percent, "%");
}

static void c_power(char *out, size_t size, const struct device_stats *d, unsigned index)
{
	(void)index;
	reading(out, size, d->power_w, "W");
}

static void c_duty(char *out, size_t size, const struct device_stats *d, unsigned index)
{
	(void)index;
	out[0] = '\0';
	if (d->duty_permille && d->duty_permille < 1000)
		snprintf(out, size, "%u%%", (unsigned)d->duty_permille / 10);
}

/* ---- columns ---- */

enum { AS_LONG_AS_NEEDED = 0 };

/* Those of a low rank stay longest. */
static const struct column {
	const char *title;
	unsigned width, rank;
	bool left;   /* aligned */
	bool if_any; /* only when some device has a value */
	bool rate, share;
	cell_fn *text;
} columns[TUI_DEVICE_COLUMNS] = {
	{.title = "#", .width = 2, .text = c_index},
	{.title = "DEVICE", .width = AS_LONG_AS_NEEDED, .left = true, .text = c_id},
	{.title = "NAME",
	 .width = NAME_MIN,
	 .rank = 7,
	 .left = true,
	 .if_any = true,
	 .text = c_name},
	{.title = "STATE", .width = 10, .left = true, .text = c_state},
	{.title = "10 S", .width = 11, .rate = true, .text = c_10s},
	{.title = "60 S", .width = 11, .rank = 5, .rate = true, .text = c_60s},
	{.title = "15 MIN", .width = 11, .rank = 6, .rate = true, .text = c_15m},
	{.title = "A", .width = 6, .rank = 1, .share = true, .text = c_accepted},
	{.title = "R", .width = 4, .rank = 2, .share = true, .text = c_rejected},
	{.title = "S", .width = 4, .rank = 2, .share = true, .text = c_stale},
	{.title = "I", .width = 4, .rank = 2, .share = true, .text = c_invalid},
	{.title = "CORE", .width = 4, .rank = 1, .if_any = true, .text = c_core},
	{.title = "MEM", .width = 4, .rank = 4, .if_any = true, .text = c_memory},
	{.title = "FAN", .width = 4, .rank = 3, .if_any = true, .text = c_fan},
	{.title = "POWER", .width = 5, .rank = 2, .if_any = true, .text = c_power},
	{.title = "DUTY", .width = 4, .rank = 3, .if_any = true, .text = c_duty},
};
#define RANKS 8

static bool has_any(cell_fn *text, const struct device_stats *d, unsigned n)
{
	char cell[128];
	unsigned i;

	for (i = 0; i < n; i++) {
		text(cell, sizeof cell, &d[i], i);
		if (cell[0])
			return true;
	}
	return false;
}

static unsigned longest(cell_fn *text, const char *title, const struct device_stats *d, unsigned n)
{
	unsigned i, len, most = tui_width(title);
	char cell[128];

	for (i = 0; i < n; i++) {
		text(cell, sizeof cell, &d[i], i);
		len = tui_width(cell);
		most = len > most ? len : most;
	}
	return most;
}

void tui_devices_plan(struct tui_devices *t, const struct tui_grid *g, unsigned left,
		      const struct device_stats *d, unsigned n)
{
	unsigned room = g->cols > left ? g->cols - left + 1 : 0, rank, i, need;

	memset(t, 0, sizeof *t);
	t->left = left;
	for (rank = 0; rank < RANKS; rank++) {
		for (i = 0; i < TUI_DEVICE_COLUMNS; i++) {
			const struct column *c = &columns[i];

			if (c->rank != rank || (c->if_any && !has_any(c->text, d, n)))
				continue;
			need = c->width ? c->width : longest(c->text, c->title, d, n);
			need = need > ID_MAX ? ID_MAX : need;
			if (need + 1 > room)
				continue;
			t->width[i] = need;
			room -= need + 1;
			if (c->text != c_name)
				continue;
			need = longest(c_name, c->title, d, n);
			need = need > NAME_MAX ? NAME_MAX : need;
			need = need > NAME_MIN ? need - NAME_MIN : 0;
			need = need > room ? room : need;
			t->width[i] += need;
			room -= need;
		}
	}
}

void tui_devices_head(const struct tui_devices *t, struct tui_grid *g, unsigned row)
{
	unsigned i, col = t->left;

	for (i = 0; i < TUI_DEVICE_COLUMNS; i++) {
		unsigned len = (unsigned)strlen(columns[i].title), width = t->width[i];

		if (!width)
			continue;
		tui_put(g, row, columns[i].left || len > width ? col : col + width - len, width,
			TUI_DIM, columns[i].title);
		col += width + 1;
	}
}

static enum tui_style style_of(const struct column *c, const struct device_stats *d)
{
	if (c->text == c_state)
		return tui_state_style(d->state);
	if (c->text == c_10s && d->state == DEVICE_MINING)
		return TUI_BOLD;
	if (c->text == c_invalid && d->shares.invalid)
		return TUI_BAD;
	return TUI_PLAIN;
}

/* Instead of rates: why there are none. */
static void reason_of(char *out, size_t size, unsigned width, const struct device_stats *d)
{
	out[0] = '\0';
	if (d->state == DEVICE_PREPARING)
		tui_progress(out, size, width, d);
	else if (d->state != DEVICE_MINING && d->reason[0])
		str_copy(out, size, d->reason);
}

void tui_devices_row(const struct tui_devices *t, struct tui_grid *g, unsigned row,
		     const struct device_stats *d, unsigned index)
{
	unsigned i, col = t->left, covered = 0, len;
	bool no_shares = false; /* some of their cells would look like all of them */
	char cell[ERR_TEXT_MAX + 64];

	for (i = 0; i < TUI_DEVICE_COLUMNS; i++) {
		const struct column *c = &columns[i];
		unsigned width = t->width[i];

		if (!width)
			continue;
		if (c->text == c_10s && d->state != DEVICE_MINING && col < g->cols) {
			reason_of(cell, sizeof cell, g->cols - col, d);
			if (cell[0])
				covered = col + 1 + tui_put(g, row, col, g->cols, TUI_PLAIN, cell);
		}
		no_shares |= c->share && col < covered;
		if (col >= covered && !(covered && c->rate) && !(no_shares && c->share)) {
			c->text(cell, sizeof cell, d, index);
			len = tui_width(cell);
			tui_put(g, row, c->left || len > width ? col : col + width - len, width,
				style_of(c, d), cell);
		}
		col += width + 1;
	}
}
