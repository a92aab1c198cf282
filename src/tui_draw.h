/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The screen of a rig that mines: what it shows as a pure function of what there is. */
#ifndef ADIT_TUI_DRAW_H
#define ADIT_TUI_DRAW_H

#include "pool/pools.h"
#include "src/stats.h"
#include "src/tui_grid.h"
#include "src/tui_log.h"

enum tui_page { TUI_PAGE_RIG, TUI_PAGE_SHARES };

/* Where its reader is; the drawing keeps it within what there is. */
struct tui_place {
	enum tui_page page;
	bool help;
	bool devices; /* keys move the devices, not the log */
	unsigned log_back, first_device;
	uint64_t log_added; /* as it was drawn last */
	unsigned page_rows; /* set by the drawing: rows of what the keys move */
};

/* Borrowed for the call. */
struct tui_view {
	const char *version;
	const struct rig_stats *rig;
	const struct pool_status *pools;
	unsigned n_pools;
	int active_pool; /* -1: none */
	bool paused, stopping;
	struct tui_log *log;
};

void tui_draw(struct tui_grid *g, const struct tui_view *v, struct tui_place *at);

/* A key that moves what is shown.  False: it is for somebody else. */
bool tui_move(struct tui_place *at, char key);

/* Parts that other screens have too. */
void tui_rule(struct tui_grid *g, unsigned row, bool bold, const char *title);
void tui_keys_line(struct tui_grid *g, unsigned row, const char *keys);
/* Lines in the middle; each "KEY\tWHAT". */
void tui_help(struct tui_grid *g, const char *const *lines, unsigned n);
/* The lines that fit rows, from at->log_back on; who reads old ones goes on reading them. */
void tui_log_pane(struct tui_grid *g, unsigned row, unsigned rows, struct tui_log *log,
		  struct tui_place *at);

#endif
