/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of devices on a screen: as many columns as fit, the least needed left out.  Pure. */
#ifndef ADIT_TUI_DEVICES_H
#define ADIT_TUI_DEVICES_H

#include "src/stats.h"
#include "src/tui_grid.h"

#define TUI_DEVICE_COLUMNS 16

struct tui_devices {
	unsigned left;                      /* first cell */
	unsigned width[TUI_DEVICE_COLUMNS]; /* 0: not shown */
};

/* Choose the columns that fit from cell `left` to the right edge. */
void tui_devices_plan(struct tui_devices *t, const struct tui_grid *g, unsigned left,
		      const struct device_stats *d, unsigned n);
void tui_devices_head(const struct tui_devices *t, struct tui_grid *g, unsigned row);
void tui_devices_row(const struct tui_devices *t, struct tui_grid *g, unsigned row,
		     const struct device_stats *d, unsigned index);

enum tui_style tui_state_style(enum device_state state);
/* "building kernels [####------] 42 %, 12 s left" in at most width cells.  Returns out. */
char *tui_progress(char *out, size_t size, unsigned width, const struct device_stats *d);
/* "1 h 02 min", "3 min 04 s", "5 d 01 h".  Returns out. */
char *tui_duration(char *out, size_t size, int64_t seconds);
/* Up to six characters: "123456", "1.23M".  Returns out. */
char *tui_count(char *out, size_t size, uint64_t n);

#endif
