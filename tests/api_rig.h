/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A made-up rig for tests of the API's renderers: three devices, two pools, and actions that only
 * say what they were asked.
 */
#ifndef TESTS_API_RIG_H
#define TESTS_API_RIG_H

#include <stdio.h>
#include <string.h>

#include "src/api/api.h"

/* Names and reasons as a hostile driver or pool would choose them. */
#define EVIL "Evil|GPU=9,\"x\";KHS=1\\\n\x1b[31m\xff"

static const struct device_info rig_infos[3] = {
	{.backend = "cuda",
	 .index = 1,
	 .name = "Some GPU",
	 .vendor = "Some",
	 .uuid = "GPU-1",
	 .driver = "550.1"},
	{.backend = "opencl", .name = EVIL, .vendor = EVIL, .uuid = EVIL},
	{.backend = "cpu", .name = "Some CPU", .cpu = 1},
};
static const struct device_info *const rig_info[3] = {&rig_infos[0], &rig_infos[1], &rig_infos[2]};

#define UNSENSED                                                                                   \
 .temperature_c = STAT_UNKNOWN, .hotspot_c = STAT_UNKNOWN, .core_mhz = STAT_UNKNOWN,               \
 .memory_mhz = STAT_UNKNOWN, .util_percent = STAT_UNKNOWN, .memory_c = STAT_UNKNOWN,               \
 .fan_percent = STAT_UNKNOWN, .power_w = STAT_UNKNOWN, .limit_w = STAT_UNKNOWN

/* In PCI order: the parked one, the mining one, the CPU. */
static struct device_stats rig_devices[3] = {
	{.id = "cuda:1",
	 .pci = "0000:0a:00.0",
	 .name = "Some GPU",
	 .state = DEVICE_MINING,
	 .rate_10s = 30.71e6,
	 .rate_60s = 30.7e6,
	 .rate_15m = 30.6e6,
	 .shares = {.accepted = 60,
		    .rejected = 1,
		    .stale = 2,
		    .invalid = 3,
		    .accepted_difficulty = 240},
	 .hashes = 305934000,
	 .restarts = 1,
	 .temperature_c = 61,
	 .hotspot_c = 66,
	 .core_mhz = 1900,
	 .memory_mhz = 7000,
	 .util_percent = 99,
	 .memory_c = 80,
	 .fan_percent = 55,
	 .power_w = 181,
	 .limit_w = 220},
	{.id = "opencl:0",
	 .pci = "0000:01:00.0",
	 .name = EVIL,
	 .state = DEVICE_PARKED,
	 .reason = EVIL,
	 .rate_60s = 29e6,
	 .rate_15m = 29e6,
	 UNSENSED},
	{.id = "cpu:0",
	 .name = "Some CPU",
	 .state = DEVICE_MINING,
	 .rate_10s = 1500,
	 .rate_60s = 1500,
	 .rate_15m = 1500,
	 .shares = {.accepted = 4, .accepted_difficulty = 16},
	 UNSENSED},
};
static const struct rig_stats rig_stats = {
	.algo = "kawpow",
	.difficulty = 4,
	.height = 123456,
	.jobs = 40,
	.blocks = 1,
	.uptime_ms = 4983000,
	.rate_10s = 30711500,
	.rate_60s = 30701500,
	.rate_15m = 30601500,
	.shares = {.accepted = 64,
		   .rejected = 1,
		   .stale = 2,
		   .invalid = 3,
		   .lost = 1,
		   .accepted_difficulty = 256},
	.best_difficulty = 812,
	.latency_ms = 41,
	.devices = rig_devices,
	.n_devices = 3,
};
static const struct pool_status rig_pools[2] = {
	{.url = "stratum+tcp://pool.example:4444",
	 .user = "0xab...rig7",
	 .state = POOL_ACTIVE,
	 .difficulty = 4,
	 .height = 123456,
	 .connects = 2,
	 .drops = 1,
	 .jobs = 40},
	{.url = "stratum+ssl://spare.example:5555/" EVIL, .user = EVIL, .state = POOL_STANDBY},
};
static const struct api_event rig_events[2] = {
	{.id = 1, .at_ms = 1760004971000, .device = "cuda:1", .name = "share"},
	{.id = 2, .at_ms = 1760004980000, .device = "opencl:0", .name = "parked"},
};
static const struct api_view rig_view = {
	.rig = &rig_stats,
	.info = rig_info,
	.pools = rig_pools,
	.n_pools = 2,
	.events = rig_events,
	.n_events = 2,
	.now_ms = 1760004983000,
	.started_ms = 1760000000000,
	.version = "0.1.0",
};

static char rig_done[128]; /* what was asked to be done */

static int rig_pause(void *arg, int device, bool on, struct err *err)
{
	(void)arg;
	if (device == 2)
		return err_set(err, ERR_BUSY, "not now|\n\"");
	snprintf(rig_done, sizeof rig_done, "pause %d %d", device, on);
	return 0;
}

static int rig_restart(void *arg, unsigned device, struct err *err)
{
	(void)arg;
	(void)err;
	snprintf(rig_done, sizeof rig_done, "restart %u", device);
	return 0;
}

static int rig_intensity(void *arg, unsigned device, uint32_t log2, struct err *err)
{
	(void)arg;
	(void)err;
	snprintf(rig_done, sizeof rig_done, "intensity %u %u", device, log2);
	return 0;
}

static int rig_quit(void *arg, struct err *err)
{
	(void)arg;
	(void)err;
	snprintf(rig_done, sizeof rig_done, "quit");
	return 0;
}

static int rig_switch(void *arg, unsigned pool, struct err *err)
{
	(void)arg;
	(void)err;
	snprintf(rig_done, sizeof rig_done, "switch %u", pool);
	return 0;
}

static int rig_enable(void *arg, unsigned pool, bool on, struct err *err)
{
	(void)arg;
	if (!on && pool == 1)
		return err_set(err, ERR_USAGE, "the last one");
	snprintf(rig_done, sizeof rig_done, "enable %u %d", pool, on);
	return 0;
}

static int rig_add(void *arg, const char *url, const char *user, const char *pass, unsigned *pool,
		   struct err *err)
{
	(void)arg;
	(void)err;
	snprintf(rig_done, sizeof rig_done, "add %.20s %.20s %.20s", url, user, pass);
	*pool = 2;
	return 0;
}

static int rig_priority(void *arg, unsigned pool, unsigned place, struct err *err)
{
	size_t len = strlen(rig_done);

	(void)arg;
	(void)err;
	snprintf(rig_done + len, sizeof rig_done - len, "%u>%u ", pool, place);
	return 0;
}

static const struct api_actions rig_actions = {.pause = rig_pause,
					       .restart = rig_restart,
					       .set_intensity = rig_intensity,
					       .pool_switch = rig_switch,
					       .pool_enable = rig_enable,
					       .pool_add = rig_add,
					       .pool_priority = rig_priority,
					       .quit = rig_quit};

#endif
