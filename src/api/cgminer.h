/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inside of cgminer's API: one answer being written, and its verbs.  For src/api/cgminer_*.c only.
 */
#ifndef ADIT_API_CGMINER_H
#define ADIT_API_CGMINER_H

#include "src/api/tool.h"

#define CG_POOLS_MAX 64 /* in one order of theirs */

/* The numbers of cgminer's and sgminer's API-README. */
enum cg_code {
	CG_INVALID_CARD = 1,
	CG_CARD_ENABLED = 5,
	CG_POOLS = 7,
	CG_NO_POOLS = 8,
	CG_DEVS = 9,
	CG_NO_DEVS = 10,
	CG_SUMMARY = 11,
	CG_CARD_DISABLED = 12,
	CG_CARD_RESTARTS = 13,
	CG_INVALID_COMMAND = 14,
	CG_MISSING_CARD = 15,
	CG_CARD = 17,
	CG_CARD_COUNT = 20,
	CG_VERSION = 22,
	CG_INVALID_JSON = 23,
	CG_MISSING_COMMAND = 24,
	CG_MISSING_POOL = 25,
	CG_INVALID_POOL = 26,
	CG_SWITCH_POOL = 27,
	CG_MISSING_VALUE = 28,
	CG_INVALID_INTENSITY = 31,
	CG_CARD_INTENSITY = 32,
	CG_CONFIG = 33,
	CG_DENIED = 45,
	CG_PRIVILEGED = 46,
	CG_POOL_ENABLED = 47,
	CG_POOL_DISABLED = 48,
	CG_MISSING_DETAILS = 52,
	CG_INVALID_DETAILS = 53,
	CG_POOL_ADDED = 55,
	CG_NOTIFY = 60,
	CG_POOL_REMOVED = 68,
	CG_DEVDETAILS = 69,
	CG_STATS = 70,
	CG_MISSING_CHECK = 71,
	CG_CHECK = 72,
	CG_POOL_PRIORITY = 73,
	CG_DUPLICATE_POOL = 74,
	CG_COIN = 78
};

/* One answer being written, the same fields in either form. */
struct cg_reply {
	const struct api_call *call;
	struct tool_rig rig;
	struct evbuffer *out;
	bool json, joined;

	unsigned rows, fields;
};

/* src/api/cgminer_write.c */

void cg_put(struct cg_reply *r, const char *text); /* as it is */
void cg_status(struct cg_reply *r, char letter, enum cg_code code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* A section of that name; in it rows, in text each a section of its own. */
void cg_begin(struct cg_reply *r, const char *name);
void cg_end(struct cg_reply *r);
void cg_row(struct cg_reply *r, const char *word);
/* "GPU=0": the first field of a row that repeats, and in text its name. */
void cg_numbered_row(struct cg_reply *r, const char *word, int64_t n);
void cg_end_row(struct cg_reply *r);

/* Fields of a row.  What is not finite is 0; what would end a field in a text is made harmless. */
void cg_text(struct cg_reply *r, const char *name, const char *value);
void cg_number(struct cg_reply *r, const char *name, int64_t v);
void cg_count(struct cg_reply *r, const char *name, uint64_t v);
void cg_fixed(struct cg_reply *r, const char *name, double v, int decimals);
void cg_truth(struct cg_reply *r, const char *name, bool v);

/* ---- verbs: each writes a status and its sections; param is never NULL ---- */

/* src/api/cgminer_rig.c */
void cg_version(struct cg_reply *r, const char *param);
void cg_config(struct cg_reply *r, const char *param);
void cg_summary(struct cg_reply *r, const char *param);
void cg_pools(struct cg_reply *r, const char *param);
void cg_coin(struct cg_reply *r, const char *param);

/* What rig and cards show alike: H/s over 10 s, a minute, 15 minutes; difficulties; percents. */
void cg_rates(struct cg_reply *r, double now, double minute, double quarter);
double cg_of_live(const struct tool_card *c, double rate); /* 0 unless it mines */
void cg_difficulties(struct cg_reply *r, const struct share_counts *s, uint64_t rejected);
void cg_percents(struct cg_reply *r, const struct share_counts *s, uint64_t rejected);

/* src/api/cgminer_cards.c */
void cg_devs(struct cg_reply *r, const char *param);
void cg_gpu(struct cg_reply *r, const char *param);
void cg_gpucount(struct cg_reply *r, const char *param);
void cg_stats(struct cg_reply *r, const char *param);
void cg_notify(struct cg_reply *r, const char *param);
void cg_devdetails(struct cg_reply *r, const char *param);

/* The card a parameter names, or NULL with the answer given. */
const struct tool_card *cg_card_of(struct cg_reply *r, const char *param);

/* src/api/cgminer_do.c: the right was checked; what the rig cannot do is refused */
void cg_privileged(struct cg_reply *r, const char *param);
void cg_gpuenable(struct cg_reply *r, const char *param);
void cg_gpudisable(struct cg_reply *r, const char *param);
void cg_gpurestart(struct cg_reply *r, const char *param);
void cg_gpuintensity(struct cg_reply *r, const char *param);
void cg_switchpool(struct cg_reply *r, const char *param);
void cg_enablepool(struct cg_reply *r, const char *param);
void cg_disablepool(struct cg_reply *r, const char *param);
void cg_addpool(struct cg_reply *r, const char *param);
void cg_removepool(struct cg_reply *r, const char *param);
void cg_poolpriority(struct cg_reply *r, const char *param);
void cg_quit(struct cg_reply *r, const char *param);

#endif
