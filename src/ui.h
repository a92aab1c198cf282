/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a person sees while mining: plain lines, also fit for a log file. */
#ifndef ADIT_UI_H
#define ADIT_UI_H

#include "src/stats.h"

void ui_legend(void); /* what the letters and figures of the lines below mean */
void ui_status(const struct rig_stats *s); /* the periodic lines: one a device and a total */

/*
 * How far a device is with a step that takes long: a line after a few seconds of it, then now and
 * again.  One for each device, zeroed at first; to be asked about once a second.
 */
struct ui_step {
	char stage[64];
	int64_t since_ms, said_ms;
};
void ui_step(struct ui_step *u, const struct device_stats *d, int64_t now_ms);

void ui_summary(const struct rig_stats *s); /* at the end */

#endif
