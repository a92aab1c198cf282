/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cards as their drivers show them in sysfs, and a bench to read them on.  Needs _GNU_SOURCE. */
#ifndef ADIT_SYSFS_CARDS_H
#define ADIT_SYSFS_CARDS_H

#include "src/sensor/hwmon.h"
#include "src/sensor/sensor.h"
#include "tests/sysfs_tree.h"
#include "tests/t.h"

#define NAVI     "0000:03:00.0"
#define NAVI_UP  "devices/pci0000:00/0000:00:01.0/0000:01:00.0"
#define NAVI_DEV NAVI_UP "/0000:02:00.0/0000:03:00.0"
#define NAVI_MON NAVI_DEV "/hwmon/hwmon3"
#define MI       "0000:c1:00.0"
#define MI_DEV   "devices/pci0000:c0/0000:c0:01.1/0000:c1:00.0"
#define OLD      "0000:09:00.0"
#define OLD_DEV  "devices/pci0000:00/0000:00:03.0/0000:09:00.0"
#define ARC      "0000:2d:00.0"
#define ARC_UP   "devices/pci0000:00/0000:00:06.0/0000:2b:00.0"
#define ARC_DEV  ARC_UP "/0000:2c:01.0/0000:2d:00.0"
#define ARC_MON  ARC_DEV "/hwmon/hwmon5"
#define I915     "0000:0c:00.0"
#define I915_DEV "devices/pci0000:00/0000:00:07.0/0000:0c:00.0"

/* The text of gpu_metrics 1.3 with this independent status. */
TREE_FN void tree_metrics(const char *name, uint64_t status)
{
	uint8_t m[120];
	unsigned i;

	memset(m, 0xff, sizeof m);
	m[0] = sizeof m;
	m[1] = 0;
	m[2] = 1;
	m[3] = 3;
	for (i = 0; i < 8; i++)
		m[112 + i] = (uint8_t)(status >> (8 * i));
	tree_bytes(name, m, sizeof m);
}

/* An RX 6800: all labels, a switch on board, at the power limit. */
TREE_FN void tree_navi_mon(const char *dir)
{
	static const char *const mon[] = {"name amdgpu",
					  "temp1_label edge",
					  "temp1_input 61000",
					  "temp2_label junction",
					  "temp2_input 74500",
					  "temp3_label mem",
					  "temp3_input 82000",
					  "fan1_input 1450",
					  "pwm1 102",
					  "pwm1_max 255",
					  "pwm1_enable 2",
					  "power1_average 181000000",
					  "power1_cap 203000000",
					  "power1_cap_min 100000000",
					  "power1_cap_max 233000000",
					  "power1_cap_default 203000000",
					  "freq1_input 2105000000",
					  "freq2_input 1000000000",
					  NULL};

	tree_fill(dir, mon);
}

TREE_FN void tree_navi(void)
{
	static const char *const pci[] = {"vendor 0x1002",
					  "gpu_busy_percent 99",
					  "mem_info_vram_total 17163091968",
					  "mem_info_vram_used 5242880000",
					  "current_link_speed 16.0 GT/s PCIe",
					  "current_link_width 16",
					  "ras/umc_err_count ue: 2\nce: 40",
					  "ras/gfx_err_count ue: 1\nce: 2",
					  NULL};
	static const char *const up[] = {"vendor 0x1002", "current_link_speed 8.0 GT/s PCIe",
					 "current_link_width 4", "0000:02:00.0/vendor 0x1002",
					 NULL};
	static const char *const root[] = {"vendor 0x1022", NULL};

	tree_fill("devices/pci0000:00/0000:00:01.0", root);
	tree_fill(NAVI_UP, up);
	tree_fill(NAVI_DEV, pci);
	tree_bytes(NAVI_DEV "/config", "\x02\x10\xbf\x73", 4);
	tree_metrics(NAVI_DEV "/gpu_metrics", 1);
	tree_navi_mon(NAVI_MON);
	tree_card(NAVI, NAVI_DEV, "amdgpu");
}

/* An Instinct of the later kind: no edge, power1_input only, no fan; straight on the root port. */
TREE_FN void tree_mi(void)
{
	static const char *const f[] = {"vendor 0x1002",
					"current_link_speed 32.0 GT/s PCIe",
					"current_link_width 16",
					"hwmon/hwmon0/name amdgpu",
					"hwmon/hwmon0/temp2_label junction",
					"hwmon/hwmon0/temp2_input 48000",
					"hwmon/hwmon0/temp3_label mem",
					"hwmon/hwmon0/temp3_input 41000",
					"hwmon/hwmon0/power1_input 130000000",
					NULL};

	tree_fill(MI_DEV, f);
	tree_card(MI, MI_DEV, "amdgpu");
}

/* A Polaris under an old kernel: one temperature without a label. */
TREE_FN void tree_old(void)
{
	static const char *const f[] = {"vendor 0x1002",
					"current_link_speed 8 GT/s",
					"current_link_width 8",
					"hwmon/hwmon1/name amdgpu",
					"hwmon/hwmon1/temp1_input 70000",
					"hwmon/hwmon1/power1_average 110125000",
					"hwmon/hwmon1/pwm1 255",
					NULL};

	tree_fill(OLD_DEV, f);
	tree_card(OLD, OLD_DEV, "amdgpu");
}

/* A B580 under xe: behind the switch on the card, on Intel's own root port. */
TREE_FN void tree_arc(void)
{
	static const char *const up[] = {
		"vendor 0x8086",        "current_link_speed 16.0 GT/s PCIe",
		"current_link_width 8", "0000:2c:01.0/vendor 0x8086",
		"../vendor 0x8086",     NULL};
	static const char *const pci[] = {"vendor 0x8086",
					  "current_link_speed 2.5 GT/s PCIe",
					  "current_link_width 1",
					  "tile0/gt0/freq0/act_freq 2850",
					  "tile0/gt0/freq0/throttle/status 1",
					  "tile0/gt0/freq0/throttle/reason_pl1 1",
					  "tile0/gt0/freq0/throttle/reason_thermal 0",
					  "tile0/gt0/freq0/throttle/reason_prochot 1",
					  NULL};
	static const char *const mon[] = {"name xe",
					  "temp2_label pkg",
					  "temp2_input 58000",
					  "temp3_label vram",
					  "temp3_input 64000",
					  "fan1_input 1203",
					  "power1_max 190000000",
					  "power1_rated_max 190000000",
					  "energy1_input 7200000000000",
					  NULL};

	tree_fill(ARC_UP, up);
	tree_fill(ARC_DEV, pci);
	tree_fill(ARC_MON, mon);
	tree_card(ARC, ARC_DEV, "xe");
}

/* An A380 under i915: the card's hwmon stands after one of its GT's. */
TREE_FN void tree_i915(void)
{
	static const char *const f[] = {"vendor 0x8086",
					"drm/renderD129/dev 226:129",
					"drm/card2/gt/gt0/rps_act_freq_mhz 2000",
					"drm/card2/gt/gt0/throttle_reason_status 0",
					"hwmon/hwmon6/name i915_gt0",
					"hwmon/hwmon6/energy1_input 5",
					"hwmon/hwmon7/name i915",
					"hwmon/hwmon7/temp1_input 51000",
					"hwmon/hwmon7/fan1_input 0",
					"hwmon/hwmon7/power1_max 0",
					"hwmon/hwmon7/power1_rated_max 75000000",
					"hwmon/hwmon7/energy1_input 32020000000",
					NULL};

	tree_fill(I915_DEV, f);
	tree_card(I915, I915_DEV, "i915");
}

extern const struct sensor_source sensor_source_amdgpu, sensor_source_intel;

/* ---- one card of one source ---- */

struct bench {
	const struct sensor_source *from;
	void *ctx, *card;
	struct sensor_reading got;
	struct err err;
};

TREE_FN bool begin(struct bench *b, const struct sensor_source *from, const char *pci)
{
	struct sensor_target target = {0};

	memset(b, 0, sizeof *b);
	b->from = from;
	snprintf(target.pci, sizeof target.pci, "%s", pci);
	return CHECK_OK(from->open(&b->ctx, &b->err), &b->err) &&
	       CHECK_OK(from->match(b->ctx, &target, &b->card, &b->err), &b->err);
}

TREE_FN void end(struct bench *b)
{
	b->from->close(b->ctx);
	tree_drop("devices");
	tree_drop("bus");
	tree_put("bus/pci/devices/x", "");
	tree_drop("bus/pci/devices/x");
}

TREE_FN bool look(struct bench *b)
{
	memset(&b->got, 0xee, sizeof b->got);
	return CHECK_OK(b->from->read(b->ctx, b->card, &b->got, &b->err), &b->err);
}

TREE_FN int set(struct bench *b, int64_t limit_mw, int64_t fan_permille)
{
	struct sensor_setting s = {limit_mw, fan_permille};

	memset(&b->err, 0, sizeof b->err);
	return b->from->set(b->ctx, b->card, &s, &b->err);
}

#endif
