/* SPDX-License-Identifier: GPL-3.0-or-later */
/* adit top: several rigs on one screen, or once as a table. */
#include <errno.h>
#include <event2/event.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/clock.h"
#include "src/settings.h"
#include "src/str.h"
#include "src/top.h"
#include "src/tui.h"

#define TOKEN_MAX 512

struct top {
	const struct settings *settings;
	struct event_base *base;
	struct event *signals[2], *interval;
	struct top_rig *rigs;
	unsigned n;
	struct top_links *links;
	struct tui_log *alarms;
	struct tui *tui;
	struct top_place at;
	bool once, over; /* over: once, and every rig was asked */
	char token[TOKEN_MAX];
};

static void on_told(void *arg)
{
	struct top *t = arg;
	unsigned i;

	for (i = 0; i < t->n && t->rigs[i].state != TOP_WAITING; i++)
		;
	t->over = t->once && i == t->n;
	if (t->over)
		event_base_loopbreak(t->base);
}

static void on_interval(evutil_socket_t fd, short what, void *arg)
{
	struct top *t = arg;

	(void)fd;
	(void)what;
	top_links_ask(t->links);
}

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
	struct top *t = arg;

	(void)fd;
	(void)what;
	event_base_loopbreak(t->base);
}

static void on_draw(void *arg, struct tui_grid *g)
{
	struct top *t = arg;

	top_draw(g, t->rigs, t->n, t->alarms, &t->at, clock_ms());
}

static void on_key(void *arg, char key)
{
	struct top *t = arg;

	if (!top_key(&t->at, t->n, key) && key == 'q')
		event_base_loopbreak(t->base);
}

static void on_stray(void *arg, const char *line)
{
	struct top *t = arg;

	tui_log_add(t->alarms, LOG_DEBUG, line);
}

/* ---- beginning and end ---- */

/* Unbuffered: no copy of it stays behind. */
static int read_token(struct top *t, const char *path, struct err *err)
{
	FILE *f = fopen(path, "re");
	bool got;

	if (!f)
		return err_set(err, ERR_USAGE, "--token-file %.160s: cannot read it: %s", path,
			       strerror(errno));
	setvbuf(f, NULL, _IONBF, 0);
	got = fgets(t->token, sizeof t->token, f) != NULL;
	fclose(f);
	t->token[strcspn(t->token, "\r\n")] = '\0';
	if (!got || !t->token[0])
		return err_set(err, ERR_USAGE,
			       "--token-file %.160s: is empty; write the token on its first line",
			       path);
	return 0;
}

static int get_token(struct top *t, struct err *err)
{
	const struct settings_top *s = &t->settings->top;
	int rc = 0;

	if (s->token_file)
		rc = read_token(t, s->token_file, err);
	else if (s->token && !str_copy(t->token, sizeof t->token, s->token))
		rc = err_set(err, ERR_USAGE, "--token has more than %d characters", TOKEN_MAX - 1);
	if (rc)
		return rc;
	if (t->token[0])
		log_secret(t->token);
	if (strpbrk(t->token, "\r\n"))
		rc = err_set(err, ERR_USAGE, "--token: is no token: it has several lines");
	return rc;
}

static int name_rigs(struct top *t, struct err *err)
{
	const struct settings *s = t->settings;
	unsigned i;

	if (!s->n_args)
		return err_set(err, ERR_USAGE,
			       "no rig given: adit top HOST[:PORT]... (see 'adit top --help')");
	if (s->n_args > TOP_RIGS_MAX)
		return err_set(err, ERR_USAGE, "%u rigs: %d at most", s->n_args, TOP_RIGS_MAX);
	t->rigs = calloc(s->n_args, sizeof *t->rigs);
	if (!t->rigs)
		return err_set(err, ERR_NOMEM, "no memory for %u rigs", s->n_args);
	t->n = s->n_args;
	for (i = 0; i < t->n; i++) {
		str_printable(t->rigs[i].name, sizeof t->rigs[i].name, s->args[i],
			      strlen(s->args[i]));
		t->rigs[i].since_ms = clock_ms();
		if (strlen(s->args[i]) >= sizeof t->rigs[i].name)
			return err_set(err, ERR_USAGE, "%s...: it is too long", t->rigs[i].name);
	}
	return 0;
}

static int set_up_events(struct top *t, struct err *err)
{
	static const int signals[] = {SIGINT, SIGTERM};
	const struct timeval tv = {.tv_sec = (long)t->settings->top.interval_s};
	int rc = 0, i;

	t->base = event_base_new();
	if (!t->base)
		return err_set(err, ERR_NOMEM, "cannot create the event loop");
	for (i = 0; i < 2; i++) {
		t->signals[i] = evsignal_new(t->base, signals[i], on_signal, t);
		rc |= !t->signals[i] || event_add(t->signals[i], NULL);
	}
	t->interval = event_new(t->base, -1, EV_PERSIST, on_interval, t);
	rc |= !t->interval || (!t->once && event_add(t->interval, &tv));
	return rc ? err_set(err, ERR_NOMEM, "cannot create the event loop") : 0;
}

static int set_up(struct top *t, struct err *err)
{
	static const struct tui_events events = {.draw = on_draw, .key = on_key, .stray = on_stray};
	int rc = get_token(t, err);

	if (!rc)
		rc = name_rigs(t, err);
	if (!rc)
		rc = set_up_events(t, err);
	t->alarms = tui_log_new();
	if (!rc && !t->alarms)
		rc = err_set(err, ERR_NOMEM, "no memory for %u rigs", t->n);
	if (!rc)
		rc = top_links_new(&t->links, t->base, t->rigs, t->n, &t->settings->top,
				   t->token[0] ? t->token : NULL, t->alarms, on_told, t, err);
	if (!rc && !t->once)
		rc = tui_new(&t->tui, t->base, t->settings->log.colour, &events, t, err);
	return rc;
}

static void tear_down(struct top *t)
{
	unsigned i;

	tui_free(t->tui);
	top_links_free(t->links);
	for (i = 0; i < 2; i++)
		if (t->signals[i])
			event_free(t->signals[i]);
	if (t->interval)
		event_free(t->interval);
	if (t->base)
		event_base_free(t->base);
	for (i = 0; i < t->n; i++)
		top_rig_done(&t->rigs[i]);
	free(t->rigs);
	tui_log_free(t->alarms);
	OPENSSL_cleanse(t->token, sizeof t->token);
}

/* Everything is said once; is everything well? */
static int say_once(const struct top *t)
{
	unsigned i;

	if (t->settings->json && top_print_json(stdout, t->rigs, t->n))
		return EXIT_SYSTEM;
	if (!t->settings->json)
		top_print(stdout, t->rigs, t->n);
	for (i = 0; i < t->n && top_is_well(&t->rigs[i]); i++)
		;
	return i < t->n ? EXIT_FAIL : EXIT_OK;
}

int cmd_top(struct settings *s)
{
	struct top t = {.settings = s, .once = s->top.once || s->json};
	struct err err = {0};
	int code = EXIT_OK;

	if (set_up(&t, &err)) {
		fprintf(stderr, "adit: top: %s\n", err.text);
		code = err.code == ERR_NOMEM ? EXIT_SYSTEM : EXIT_USAGE;
	} else {
		top_links_ask(t.links);
		if (!t.over) /* a break before the loop is none */
			event_base_dispatch(t.base);
		if (t.once)
			code = say_once(&t);
	}
	tear_down(&t);
	return code;
}
