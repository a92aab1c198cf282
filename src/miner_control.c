/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What programs may do to the supervisor. */
#include <stdarg.h>
#include <stdio.h>

#include "src/algos_json.h"
#include "src/api/api.h"
#include "src/miner.h"
#include "src/settings_json.h"

/* To the log and to whoever follows events. */
static void say(struct miner *m, int device, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void say(struct miner *m, int device, const char *name, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (device < 0)
		log_info(LOG_API, "%s through the API", text);
	else
		log_info(LOG_API, "%s: %s through the API", fleet_id(m->fleet, (unsigned)device),
			 text);
	miner_api_note(m, device, name, text);
}

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

/* ---- devices ---- */

static int do_restart(void *arg, unsigned device, struct err *err)
{
	struct miner *m = arg;
	int rc = guardian_restart(m->guardian, device, "told to through the API", err);

	if (!rc)
		say(m, (int)device, "device", "restarted");
	return rc;
}

static int do_set_intensity(void *arg, unsigned device, uint32_t log2, struct err *err)
{
	struct miner *m = arg;
	int rc = guardian_set_intensity(m->guardian, device, log2, err);

	if (!rc && log2)
		say(m, (int)device, "setting", "intensity %u", (unsigned)log2);
	else if (!rc)
		say(m, (int)device, "setting", "intensity as it was started with");
	return rc;
}

static int do_set_power_limit(void *arg, unsigned device, uint32_t watts, struct err *err)
{
	struct miner *m = arg;
	int rc = guardian_set_power_limit(m->guardian, device, watts, err);

	if (!rc && watts)
		say(m, (int)device, "setting", "power limit %u W", (unsigned)watts);
	else if (!rc)
		say(m, (int)device, "setting", "power limit as configured");
	return rc;
}

static int do_set_temp_target(void *arg, unsigned device, uint32_t celsius, struct err *err)
{
	struct miner *m = arg;
	int rc = guardian_set_temp_target(m->guardian, device, celsius, err);

	if (!rc && celsius)
		say(m, (int)device, "setting", "temperature target %u C", (unsigned)celsius);
	else if (!rc)
		say(m, (int)device, "setting", "temperature target as configured");
	return rc;
}

/* ---- pools ---- */

/* "switched to pool 1, stratum+tcp://..."; the pool as it is now. */
static void say_pool(struct miner *m, const char *what, unsigned pool)
{
	struct pool_status status;

	pools_status(m->pools, pool, &status);
	say(m, -1, "pool", "pool %u, %.200s: %s", pool, status.url, what);
}

static int do_pool_switch(void *arg, unsigned pool, struct err *err)
{
	struct miner *m = arg;
	int rc = pools_switch(m->pools, pool, err);

	if (!rc)
		say_pool(m, "switched to", pool);
	return rc;
}

static int do_pool_enable(void *arg, unsigned pool, bool on, struct err *err)
{
	struct miner *m = arg;
	int rc = pools_enable(m->pools, pool, on, err);

	if (!rc)
		say_pool(m, on ? "enabled" : "disabled", pool);
	return rc;
}

static int do_pool_add(void *arg, const char *url, const char *user, const char *pass,
		       unsigned *pool, struct err *err)
{
	struct miner *m = arg;
	struct pool_config *config;
	int rc = settings_new_pool(&config, m->settings, url, user, pass, err);

	if (!rc)
		rc = pools_add(m->pools, config, pool, err);
	if (!rc)
		say_pool(m, "added", *pool);
	return rc;
}

static int do_pool_remove(void *arg, unsigned pool, struct err *err)
{
	struct miner *m = arg;
	struct pool_status status = {.url = ""};
	int rc;

	if (pool < pools_count(m->pools))
		pools_status(m->pools, pool, &status);
	rc = pools_remove(m->pools, pool, err);
	if (!rc)
		say(m, -1, "pool", "pool %u, %.200s: removed", pool, status.url);
	return rc;
}

static int do_pool_priority(void *arg, unsigned pool, unsigned place, struct err *err)
{
	struct miner *m = arg;
	int rc = pools_move(m->pools, pool, place, err);

	if (!rc)
		say_pool(m, "moved to this place", place);
	return rc;
}

/* ---- the rig ---- */

/* The list as it is now, which the API may have changed. */
static json_t *pools_json(const struct miner *m, bool full)
{
	json_t *list = json_array();
	struct pool_status status;
	unsigned i;

	for (i = 0; i < pools_count(m->pools); i++) {
		pools_status(m->pools, i, &status);
		json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "url", status.url, "user",
						      full ? pools_user(m->pools, i) : status.user,
						      "disabled", status.state == POOL_DISABLED));
	}
	return list;
}

/* A list with a value a device, where one was ordered; else it is as the settings have it. */
static void put_orders(const struct miner *m, json_t *settings, const char *option,
		       enum guardian_order what, const char *configured, const char *none)
{
	char text[DEVICES_MAX * 12] = "", word[12];
	bool any = false;
	size_t used = 0;
	unsigned i;

	for (i = 0; i < fleet_count(m->fleet) && used < sizeof text - 12; i++) {
		uint32_t v = guardian_ordered(m->guardian, i, what);

		any = any || v;
		if (!v)
			v = settings_of_device(configured, i);
		snprintf(word, sizeof word, "%u", (unsigned)v);
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i ? "," : "",
					 v ? word : none);
	}
	if (any)
		json_object_set_new(settings, option, json_string(text));
}

static json_t *do_config(void *arg, bool full)
{
	const struct miner *m = arg;
	json_t *settings = settings_json(m->settings, full);

	put_orders(m, settings, "intensity", ORDER_INTENSITY, m->settings->intensity, "auto");
	put_orders(m, settings, "power-limit", ORDER_POWER_LIMIT, m->settings->guard.power_limit,
		   "off");
	put_orders(m, settings, "temp-target", ORDER_TEMP_TARGET, m->settings->guard.temp_target,
		   "off");
	json_object_set_new(settings, "pools", pools_json(m, full));
	return json_pack("{s:o}", "settings", settings);
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

static json_t *do_algorithms(void *arg)
{
	(void)arg;
	return algos_json();
}

const struct api_actions miner_actions = {
	.pause = do_pause,
	.restart = do_restart,
	.set_intensity = do_set_intensity,
	.set_power_limit = do_set_power_limit,
	.set_temp_target = do_set_temp_target,
	.pool_switch = do_pool_switch,
	.pool_enable = do_pool_enable,
	.pool_add = do_pool_add,
	.pool_remove = do_pool_remove,
	.pool_priority = do_pool_priority,
	.config = do_config,
	.algorithms = do_algorithms,
	.reload = do_reload,
	.quit = do_quit,
};
