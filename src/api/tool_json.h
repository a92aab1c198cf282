/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The objects behind src/api/tool_http.c's paths, one file a miner.  Rates are H/s unless an
 * object says otherwise; a sensor that nobody reads is -1.  All return a new value.
 */
#ifndef ADIT_API_TOOL_JSON_H
#define ADIT_API_TOOL_JSON_H

#include "src/api/tool.h"

json_int_t tool_count(uint64_t v);
void tool_add_int(json_t *list, int64_t v);
void tool_add_real(json_t *list, double v); /* 0 for what JSON cannot say */

json_t *tool_xmrig_1(const struct api_view *view, const struct tool_rig *r);
json_t *tool_xmrig_2(const struct api_view *view, const struct tool_rig *r);
json_t *tool_xmrig_backends(const struct api_view *view, const struct tool_rig *r);
json_t *tool_lolminer(const struct api_view *view, const struct tool_rig *r);
json_t *tool_nbminer(const struct api_view *view, const struct tool_rig *r);
json_t *tool_stat(const struct api_view *view, const struct tool_rig *r);    /* GMiner, Rigel */
json_t *tool_summary(const struct api_view *view, const struct tool_rig *r); /* T-Rex, lolMiner */

/* lolMiner's keys into an object that has others. */
void tool_add_lolminer(json_t *v, const struct api_view *view, const struct tool_rig *r);

#endif
