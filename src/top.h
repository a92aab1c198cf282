/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Several rigs watched through their APIs: what is known of each (top_read.c, pure), how it is
 * asked for (top_rig.c), and how it is shown (top_draw.c and top_print.c, pure).  Whatever a rig
 * says is bounded and printable by the time it is here.
 */
#ifndef ADIT_TOP_H
#define ADIT_TOP_H

#include <stdio.h>

#include "src/stats.h"
#include "src/tui_draw.h"

struct event_base;
struct evdns_base;
struct settings_top;
struct top_link;

#define TOP_RIGS_MAX     256
#define TOP_DEVICES_MAX  256 /* of one rig */
#define TOP_ANSWER_MAX   (4 << 20)
#define TOP_DEFAULT_PORT 4028

enum top_state { TOP_WAITING, TOP_UP, TOP_DOWN };

struct top_rig {
	char name[96]; /* as it was asked for */
	enum top_state state;
	int64_t since_ms;         /* of that state */
	char error[ERR_TEXT_MAX]; /* why it is down */
	char version[32];
	bool paused;
	struct rig_stats stats; /* the last known; its devices are ours */
	int64_t started_ms;
	uint64_t last_event;
};

void top_rig_done(struct top_rig *r);
/* Devices that mine. */
unsigned top_mining(const struct top_rig *r);
/* Everything of it is as it should be. */
bool top_is_well(const struct top_rig *r);

/* ---- top_read.c ---- */

/* The requests to be sent; valid until the next call for it. */
char *top_ask(char *out, size_t size, const struct top_rig *r);
/*
 * Take the answer to them; warnings among its events go to alarms (NULL: nowhere).  -ERR_PROTO,
 * -ERR_AUTH, -ERR_NOMEM with a line; then nothing was taken.
 */
int top_read(struct top_rig *r, const char *body, size_t len, struct tui_log *alarms,
	     struct err *err);

/* ---- top_rig.c ---- */

struct top_links; /* one a rig */
/* told: a rig has another state or new figures.  token (NULL: none) is borrowed. */
int top_links_new(struct top_links **out, struct event_base *base, struct top_rig *rigs, unsigned n,
		  const struct settings_top *s, const char *token, struct tui_log *alarms,
		  void (*told)(void *arg), void *arg, struct err *err);
void top_links_free(struct top_links *l);
/* Ask every rig that is not being asked. */
void top_links_ask(struct top_links *l);

/* ---- top_draw.c ---- */

struct top_place {
	struct tui_place log; /* of the alarms; and its help */
	unsigned selected, first_line;
	bool open[TOP_RIGS_MAX];
};

void top_draw(struct tui_grid *g, const struct top_rig *rigs, unsigned n, struct tui_log *alarms,
	      struct top_place *at, int64_t now_ms);
/* False: the key is for somebody else. */
bool top_key(struct top_place *at, unsigned n, char key);

/* ---- top_print.c ---- */

void top_print(FILE *out, const struct top_rig *rigs, unsigned n);
/* 0 or -ERR_NOMEM. */
int top_print_json(FILE *out, const struct top_rig *rigs, unsigned n);

#endif
