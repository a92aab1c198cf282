/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor on a screen of its own: what it shows, what its keys do. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "src/keys.h"
#include "src/miner.h"
#include "src/str.h"
#include "src/tui.h"
#include "src/tui_draw.h"

#define POOLS_SHOWN 64
#define DATE_LEN    11 /* "2026-11-21 " in front of log lines */

struct miner_screen {
	struct miner *m;
	struct tui *tui;
	struct tui_log *log;
	struct tui_place at;
	struct pool_status pools[POOLS_SHOWN];
	pthread_t loop;
	bool muted; /* what the loop thread logs is on the screen anyway */
};

static void on_log(void *arg, enum log_level level, const char *line)
{
	struct miner_screen *s = arg;

	if (!pthread_equal(pthread_self(), s->loop) || !s->muted)
		tui_log_add(s->log, level, strlen(line) > DATE_LEN ? line + DATE_LEN : line);
}

static void on_stray(void *arg, const char *line)
{
	struct miner_screen *s = arg;

	tui_log_add(s->log, LOG_DEBUG, line);
}

static void on_draw(void *arg, struct tui_grid *g)
{
	struct miner_screen *s = arg;
	struct miner *m = s->m;
	struct tui_view view = {.version = PACKAGE_VERSION,
				.rig = &m->stats,
				.pools = s->pools,
				.active_pool = pools_active(m->pools),
				.paused = guardian_paused(m->guardian, -1, PAUSE_USER) ||
					  guardian_paused(m->guardian, -1, PAUSE_API),
				.stopping = m->stopping,
				.log = s->log};

	miner_snapshot(m);
	for (; view.n_pools < pools_count(m->pools) && view.n_pools < POOLS_SHOWN; view.n_pools++)
		pools_status(m->pools, view.n_pools, &s->pools[view.n_pools]);
	tui_draw(g, &view, &s->at);
}

static void on_key(void *arg, char key)
{
	struct miner_screen *s = arg;

	if (s->at.help || key == 'h' || key == '?')
		s->at.help = !s->at.help;
	else if (key == 's')
		s->at.page = s->at.page == TUI_PAGE_SHARES ? TUI_PAGE_RIG : TUI_PAGE_SHARES;
	else if (!tui_move(&s->at, key))
		miner_key(s->m, key);
}

void miner_screen_mute(struct miner *m, bool on)
{
	if (m->screen)
		m->screen->muted = on;
}

int miner_screen_begin(struct miner *m, struct err *err)
{
	static const struct tui_events events = {.draw = on_draw, .key = on_key, .stray = on_stray};
	struct miner_screen *s;
	bool terminal = isatty(STDERR_FILENO);
	int rc;

	if (m->settings->ui != UI_TUI)
		return 0;
	s = m->screen = calloc(1, sizeof *s);
	if (s)
		s->log = tui_log_new();
	if (!s || !s->log)
		return err_set(err, ERR_NOMEM, "no memory for a screen");
	s->m = m;
	s->loop = pthread_self();
	rc = tui_new(&s->tui, m->base, m->settings->log.colour, &events, s, err);
	if (rc == -ERR_NODEV || rc == -ERR_UNKNOWN) /* of a device, they would mean another thing */
		rc = -(err->code = ERR_USAGE);
	if (rc)
		err_prefix(err, "--ui tui");
	else
		log_tap(on_log, s, terminal);
	return rc;
}

void miner_screen_done(struct miner *m)
{
	struct miner_screen *s = m->screen;

	if (!s)
		return;
	log_tap(NULL, NULL, false);
	tui_free(s->tui);
	tui_log_free(s->log);
	free(s);
	m->screen = NULL;
}
