/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Why nothing is mined: a set of reasons, each put and taken by whoever has it, so that none
 * ends another's pause; the owner's hours; and a quiet time before mining goes on.  Pure.
 */
#ifndef ADIT_GUARD_PAUSES_H
#define ADIT_GUARD_PAUSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/err.h"

/* X(NAME, "word in the API", "text for people") */
#define PAUSE_LIST(X)                                                                              \
 X(USER, "user", "paused by key")                                                                  \
 X(API, "api", "paused through the API")                                                           \
 X(SCHEDULE, "schedule", "outside the hours for mining")                                           \
 X(OTHERS, "others", "other processes compute on the device")                                      \
 X(ACTIVE, "active", "somebody uses the machine")                                                  \
 X(BATTERY, "battery", "on battery")                                                               \
 X(PRICE, "price", "power is too dear")                                                            \
 X(HOT, "hot", "too hot")                                                                          \
 X(POWER, "power", "the rig's power limit leaves nothing for it")                                  \
 X(POOL, "pool", "no pool")

enum pause_reason {
#define X(name, word, text) PAUSE_##name,
	PAUSE_LIST(X)
#undef X
		PAUSE_REASONS
};
#define PAUSE_BIT(reason) (1u << (reason))

const char *pause_word(enum pause_reason r);

/* "on battery, too hot"; "" for none.  Returns out. */
char *pauses_text(uint32_t bits, char *out, size_t size);
/* The words, separated by commas: "battery,hot". */
char *pauses_words(uint32_t bits, char *out, size_t size);

/*
 * Hours of a week, by local time.  Text: parts separated by commas, each of days and hours:
 * "mon-fri 08:00-18:00, sat 00:00-24:00, sun".  Days are mon tue wed thu fri sat sun, a range of
 * them (also over the weekend: fri-mon) or "daily"; without days it is daily, without hours the
 * whole day.  Hours may go over midnight: "fri 22:00-06:00" ends on Saturday morning.  The end is
 * not included.
 */
#define WEEK_MINUTES (7 * 24 * 60)
struct schedule {
	uint8_t in[WEEK_MINUTES / 8]; /* bit m % 8 of byte m / 8: minute m, from Sunday 00:00 */
	bool set;                     /* there is one */
};

/* 0 or -ERR_PARSE naming the part and the fix; *out is all or nothing. */
int schedule_parse(struct schedule *out, const char *text, struct err *err);

/* weekday: 0 is Sunday, as in struct tm; minute: of the day. */
bool schedule_in(const struct schedule *s, unsigned weekday, unsigned minute);

/*
 * Two options use it: the hours in which to mine (pause outside), and the hours in which to
 * pause.  With both, mining needs the first and not the second.  One that is not set asks for
 * nothing.
 */
bool hours_pause(const struct schedule *mine, const struct schedule *pause, unsigned weekday,
		 unsigned minute);

/* Minutes until hours_pause() changes: 1 to WEEK_MINUTES - 1; 0: never. */
unsigned hours_next(const struct schedule *mine, const struct schedule *pause, unsigned weekday,
		    unsigned minute);

/*
 * Activity that comes and goes.  It counts once it has lasted enter_ms, and until it has been
 * away for leave_ms.  Not known counts as away: a reading that fails must not pause for ever.
 */
struct quiet {
	bool on;  /* counts */
	bool was; /* last seen */
	bool begun;
	int64_t since_ms; /* of `was` */
};
bool quiet_step(struct quiet *q, bool active, int64_t enter_ms, int64_t leave_ms, int64_t now_ms);
/* When quiet_step() changes if nothing else does; INT64_MAX for never. */
int64_t quiet_next(const struct quiet *q, int64_t enter_ms, int64_t leave_ms);

#endif
