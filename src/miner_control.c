/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What programs may do to the supervisor. */
#include "src/api/api.h"
#include "src/miner.h"

static int do_pause(void *arg, int device, bool on, struct err *err)
{
	struct miner *m = arg;

	(void)err;
	guardian_pause(m->guardian, device, PAUSE_API, on);
	log_info(LOG_API, "%s: %s through the API",
		 device < 0 ? "all" : fleet_id(m->fleet, (unsigned)device),
		 on ? "paused" : "goes on");
	return 0;
}

static int do_restart(void *arg, unsigned device, struct err *err)
{
	struct miner *m = arg;

	(void)err;
	log_info(LOG_API, "%s: restarted through the API", fleet_id(m->fleet, device));
	if (m->stats.devices[device].state == DEVICE_PARKED)
		guardian_unpark(m->guardian, device);
	else
		fleet_restart(m->fleet, device, "told to through the API");
	return 0;
}

static int do_reload(void *arg, struct err *err)
{
	log_info(LOG_API, "told to reload through the API");
	return miner_reload(arg) ? 0
				 : err_set(err, ERR_USAGE, "nothing was changed: the log says why");
}

static int do_quit(void *arg, struct err *err)
{
	(void)err;
	miner_end(arg, "told to end through the API");
	return 0;
}

const struct api_actions miner_actions = {
	.pause = do_pause, .restart = do_restart, .reload = do_reload, .quit = do_quit};
