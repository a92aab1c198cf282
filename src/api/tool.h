/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the dialects of other miners have in common: cards in the order of their PCI addresses
 * (the number a tool gives or gets is the place in that order), texts made harmless, -1 for
 * what nobody knows.
 */
#ifndef ADIT_API_TOOL_H
#define ADIT_API_TOOL_H

#include <jansson.h>

#include "src/api/api.h"

struct tool_card {
	const struct device_stats *s;
	const struct device_info *info;
	unsigned number;                 /* of the view */
	int domain, bus, slot, function; /* all -1: no PCI address is known */
	double rate;                     /* H/s; 0 unless it mines and hashes still come */
	int temperature, hotspot, memory, fan, power, limit; /* -1: unknown, as the next ones */
	int core_mhz, memory_mhz, util;
	uint64_t rejected; /* by the pool, as stale too */
	char name[96];     /* printable ASCII, as all texts here */
};

struct tool_rig {
	struct tool_card card[DEVICES_MAX];
	unsigned n;
	double rate;  /* sum of the cards', so that a tool's sum agrees */
	int power;    /* sum of those known; -1: none is */
	int64_t up_s; /* seconds since the start */
	uint64_t rejected;
	uint64_t switches; /* connections after the first */
	char program[48];  /* "adit-0.1.0" */
	char version[40];
	char algo[32];
	char url[320];   /* of the pool in use; "" of none */
	char place[256]; /* its host:port */
	char user[96];
	const struct pool_status *pool; /* NULL: none */
};
void tool_rig(struct tool_rig *out, const struct api_view *view);

/* Whether the card does nothing because somebody, or a guard, wants it so. */
bool tool_paused(const struct tool_card *card);
/* Why a card does not mine, printable; "" if it does.  Returns out. */
char *tool_reason(char *out, size_t size, const struct tool_card *card);
/* Host and port of a URL: no scheme, no user, no path.  Returns out. */
char *tool_place(char *out, size_t size, const char *url);
/* A whole number for JSON or text; what is not finite or negative is 0. */
int64_t tool_whole(double v);
/*
 * When the last share was found, as far as the events kept tell; 0: they do not.  NULL: by any
 * device.
 */
int64_t tool_last_share_ms(const struct api_view *view, const struct tool_card *card);
/* The same number; 0 for what JSON cannot say. */
double tool_real(double v);
/* A share a minute, say: n events in the seconds so far. */
double tool_a_minute(double n, int64_t seconds);
/* Percent that part is of whole, 0 of nothing. */
double tool_percent(double part, double whole);

/* Write v (whose reference is taken) as one compact line, with or without the line's end. */
int tool_put(struct evbuffer *out, json_t *v, bool newline);

/* src/api/tool_claymore.c */

/*
 * One JSON-RPC request of ethminer's and Claymore's methods; the answer is one line.
 * -ERR_UNKNOWN, and nothing written, if the method is none of theirs.
 */
int api_claymore(const struct api_call *call, const json_t *request, struct evbuffer *out);

/* src/api/tool_cgminer.c */
#define CGMINER_REQUEST_MAX 2048
#define CGMINER_JOINED_MAX  16

/*
 * One request of cgminer's API, text or JSON by its first byte; the answer ends with a NUL,
 * after which the connection is closed.  Always answers.
 */
int api_cgminer(const struct api_call *call, const char *request, size_t len, struct evbuffer *out);

/* src/api/tool_ccminer.c */

/*
 * "summary", "threads", "pool[|N]", "histo[|N]", "hwinfo", "meminfo" or "help" as ccminer has
 * them; the answer ends with a NUL.
 * -ERR_UNKNOWN for any other word and -ERR_PERM without a right, nothing written: ccminer hangs
 * up silently.
 */
int api_ccminer(const struct api_call *call, const char *request, size_t len, struct evbuffer *out);

/* src/api/tool_ewbf.c */

/*
 * A line {"method": "getstat"} of EWBF and miniZ.  -ERR_UNKNOWN for any other, -ERR_PERM without
 * a right; nothing written.
 */
int api_ewbf(const struct api_call *call, const json_t *request, struct evbuffer *out);

/* src/api/tool_text.c */

/*
 * A request in plain text, cgminer's or ccminer's by its verb.  "summary" is of both, and their
 * clients send the same bytes: the answer is cgminer's, with ccminer's record as a last section,
 * which each of them reads past.  "summary|" is answered by ccminer's record alone, and
 * {"command": "summary"} by cgminer's object.  Always answers, ending with a NUL.
 */
int api_tool_text(const struct api_call *call, const char *text, size_t len, struct evbuffer *out);

/*
 * An object of cgminer, Claymore, ethminer, EWBF or miniZ.  1: the connection is closed after
 * the answer; 0: it stays; -ERR_UNKNOWN: none of theirs.
 */
int api_tool_object(const struct api_call *call, const json_t *request, struct evbuffer *out);

/* src/api/tool_http.c */

/*
 * The JSON a tool gets from a path: / is lolMiner's, /summary T-Rex's and lolMiner's, /stat
 * GMiner's and Rigel's, /api/v1/status NBMiner's, /1/summary, /2/summary, /2/backends and /api.json
 * xmrig's, /mmpos mmpOS's.  What follows '?' is not looked at.
 * -ERR_UNKNOWN, and nothing written, if the path is none of theirs; -ERR_PERM without a right.
 */
int api_tool_http(const struct api_call *call, const char *path, struct evbuffer *out);

#endif
