/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pools over real loopback sockets, with a dialect of a few words: "ok" logs in, "again" resumes,
 * "job N" is a job, "yes ID" accepts, "bye" makes the dialect hang up, "refused" refuses the
 * credentials, "memo TEXT" is to be remembered, "go HOST" asks to reconnect.  For one test
 * program, which may have dialects of its own that know the same words.
 */
#ifndef ADIT_TESTS_WORDS_H
#define ADIT_TESTS_WORDS_H

#include <event2/bufferevent.h>
#include <event2/event.h>

#include "pool/pools.h"

struct server {
	struct evconnlistener *listener;
	unsigned port, connections;
	const char *greeting;    /* said to whoever says hello; NULL: nothing */
	struct bufferevent *bev; /* the newest connection */
	char heard[256];

	/* NULL, or what is done with a line instead of greeting; false: hang up. */
	bool (*hear)(struct server *s, struct bufferevent *bev, const char *line);
};

/* For dialects: what is said to them is in these words, and their jobs make no work. */
long words_feed(struct client *c, const uint8_t *data, size_t len, struct err *err);

/* The loop of all that follows. */
void words_begin(void);
void words_end(void);
struct event_base *loop(void);

void serve(struct server *s, const char *greeting, unsigned port); /* port 0: any */
void hang_up(struct server *s);
void shut(struct server *s);
void say(struct server *s, const char *text);

/* What pools told since start(). */
struct told {
	unsigned jobs, answers, readies, downs, gave_up;
	int active;
	unsigned nones; /* times that no pool was active any more */
	char job[32];
	struct job *last;
	uint32_t answered;
};
struct told *told(void);

/* Run the loop until the claim holds; a minute is for ever. */
bool await(bool (*claim)(void));

/* Its URL is the port's, so that two of them are not the same. */
struct pool_config config_of(unsigned port);
struct pools *start(const struct pool_config *configs, unsigned n,
		    const struct client_timeouts *timeouts, unsigned retries);

#endif
