/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What was found on cards before it was changed, kept in a file as long as it is not as it was:
 * a process that dies leaves the file to the next one.  One file a process, locked while it
 * lives.  A file of an earlier boot is of no use: cards forget.  Uses Linux calls (flock, /proc).
 */
#ifndef ADIT_RESTORE_H
#define ADIT_RESTORE_H

#include "src/sensor/sensor.h"

#define RESTORE_MAX     128 /* cards: those of the rig, and of dead processes */
#define RESTORE_DIR_MAX 512

struct restore_card {
	struct sensor_target target;
	/*
	 * Of what was changed: how it was, in a form that may be set (SENSOR_RESTORE where that
	 * is all we know); SENSOR_LEAVE: not changed.
	 */
	struct sensor_setting found;
};

struct restore {
	char dir[RESTORE_DIR_MAX]; /* "": nothing is written */
	char name[40];             /* of our file in it */
	char boot[40];             /* which boot of the machine this is */
	int fd;                    /* of our file, which holds its lock; -1: there is none */
	struct restore_card card[RESTORE_MAX];
	unsigned n;
};

/* Ready to keep; writes nothing. */
void restore_init(struct restore *r, const char *dir);

/*
 * Take over what dead processes left behind: their cards become ours, in our file, theirs are
 * removed.  Damaged files are removed too.  note() says what was found, code 0 or an error's.
 */
void restore_adopt(struct restore *r, void (*note)(void *arg, int code, const char *text),
		   void *arg);

/* What is kept about a card, or NULL. */
struct restore_card *restore_find(struct restore *r, const struct sensor_target *t);

/*
 * Keep what was found on a card: members that are SENSOR_LEAVE say nothing, and what is kept
 * already stays.  It is in the file when this returns 0; else -ERR_IO or -ERR_RANGE (too many).
 */
int restore_keep(struct restore *r, const struct sensor_target *t,
		 const struct sensor_setting *found, struct err *err);

/* These members (those that are not SENSOR_LEAVE) are as they were again. */
void restore_drop(struct restore *r, const struct sensor_target *t,
		  const struct sensor_setting *done);

/* Close our file.  It stays when there is something in it still. */
void restore_done(struct restore *r);

#endif
