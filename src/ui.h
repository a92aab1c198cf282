/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a person sees while mining: plain lines, also fit for a log file. */
#ifndef ADIT_UI_H
#define ADIT_UI_H

#include "src/stats.h"

void ui_legend(void); /* what the letters and figures of the lines below mean */
void ui_status(const struct rig_stats *s);  /* the periodic lines: one a device and a total */
void ui_summary(const struct rig_stats *s); /* at the end */

#endif
