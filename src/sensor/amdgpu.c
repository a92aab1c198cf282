/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * AMD cards through the amdgpu driver.  What the files mean: kernel,
 * Documentation/gpu/amdgpu/thermal.rst and driver-misc.rst ("hwmon", "gpu_busy_percent",
 * "mem_info_vram_*"), Documentation/gpu/amdgpu/ras.rst ("*_err_count").
 */
#include <string.h>

#include "src/clock.h"
#include "src/sensor/hwmon.h"
#include "src/str.h"

#define UW_MAX   100000000000 /* 100 kW */
#define VRAM_MAX ((int64_t)1 << 50)

static const char *const drivers[] = {"amdgpu", NULL};
static const struct hwmon_kind kind = {drivers, {"edge", "junction", "mem"}};
static const struct hwmon_limit limits[] = {
	{"power1_cap", "power1_cap_min", "power1_cap_max", "power1_cap_default"}};

static int amdgpu_open(void **ctx, struct err *err)
{
	return hwmon_open(&kind, ctx, err);
}

/* ---- throttling ---- */

/*
 * gpu_metrics is binary; its header says the size and two version numbers (kernel:
 * drivers/gpu/drm/amd/include/kgd_pp_interface.h).  Version 1.3 as of Linux 5.14 (120 bytes: Navi,
 * Arcturus, Aldebaran) has a status that means the same on all of them, at byte 112: bits 0 to 15
 * power, 16 to 31 current, 32 to 47 temperature, 48 to 63 others (SMU_THROTTLER_* in
 * amdgpu_smu.h).  Other versions' status is each chip's own, and not read.
 */
enum { METRICS_SIZE = 120, METRICS_THROTTLE = 112 };

static uint64_t little(const uint8_t *at, unsigned bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | at[bytes];
	return v;
}

static void read_throttle(int pci, struct sensor_reading *out)
{
	uint8_t m[METRICS_SIZE + 8];
	int64_t bits = 0;
	uint64_t status;

	if (hwmon_bytes(pci, "gpu_metrics", m, sizeof m) != METRICS_SIZE ||
	    little(m, 2) != METRICS_SIZE || m[2] != 1 || m[3] != 3)
		return;
	status = little(m + METRICS_THROTTLE, 8);
	if (status == UINT64_MAX) /* the driver's mark of what a chip does not tell */
		return;
	if (status & 0xffff)
		bits |= THROTTLE_POWER;
	if (status >> 32 & 0xffff)
		bits |= THROTTLE_THERMAL;
	if (status >> 16 & 0xffff || status >> 48)
		bits |= THROTTLE_OTHER;
	sensor_put(out, SENSOR_THROTTLE, bits);
}

/* ---- memory errors ---- */

/* The number of a line "ue: 0" of a text of several.  False when it has none, or nonsense. */
static bool line_number(const char *text, const char *key, int64_t *out)
{
	char number[HWMON_TEXT_MAX];
	size_t len = strlen(key), n;

	for (; text; text = strchr(text, '\n'), text = text ? text + 1 : NULL) {
		if (strncmp(text, key, len))
			continue;
		n = strcspn(text + len, "\n");
		memcpy(number, text + len, n);
		number[n] = '\0';
		return !str_to_i64(out, number, 0, INT32_MAX);
	}
	return false;
}

/* Sums over the blocks that hold what a kernel works on; a card without ECC has no such files. */
static void read_ras(int pci, struct sensor_reading *out)
{
	static const char *const files[] = {"ras/umc_err_count", "ras/gfx_err_count",
					    "ras/sdma_err_count", "ras/mmhub_err_count"};
	int64_t bad, healed, sum_bad = 0, sum_healed = 0;
	char text[HWMON_TEXT_MAX];
	bool any = false;
	unsigned i;

	for (i = 0; i < sizeof files / sizeof *files; i++) {
		if (!hwmon_text(pci, files[i], text) || !line_number(text, "ue: ", &bad) ||
		    !line_number(text, "ce: ", &healed))
			continue;
		sum_bad += bad;
		sum_healed += healed;
		any = true;
	}
	if (!any)
		return;
	sensor_put(out, SENSOR_ECC_UNCORRECTED, sum_bad);
	sensor_put(out, SENSOR_ECC_CORRECTED, sum_healed);
}

/* ---- the rest ---- */

static void read_pci(int pci, struct sensor_reading *out)
{
	static const struct hwmon_field busy[] = {
		{"gpu_busy_percent", SENSOR_BUSY_PERMILLE, 100, 10, 1},
	};
	int64_t total, used;

	hwmon_fields(pci, busy, 1, out);
	if (hwmon_number(pci, "mem_info_vram_used", 0, VRAM_MAX, &used)) {
		sensor_put(out, SENSOR_MEM_USED, used);
		if (hwmon_number(pci, "mem_info_vram_total", used, VRAM_MAX, &total))
			sensor_put(out, SENSOR_MEM_FREE, total - used);
	}
	hwmon_link(pci, out);
	read_throttle(pci, out);
	read_ras(pci, out);
}

static void read_mon(int mon, struct sensor_reading *out)
{
	/* newer cards have one of the two powers, or both: the average comes last, to stay */
	static const struct hwmon_field f[] = {
		{"power1_input", SENSOR_POWER_MW, UW_MAX, 1, 1000},
		{"power1_average", SENSOR_POWER_MW, UW_MAX, 1, 1000},
		{"power1_cap", SENSOR_LIMIT_MW, UW_MAX, 1, 1000},
		{"power1_cap_min", SENSOR_LIMIT_MIN_MW, UW_MAX, 1, 1000},
		{"power1_cap_max", SENSOR_LIMIT_MAX_MW, UW_MAX, 1, 1000},
		{"power1_cap_default", SENSOR_LIMIT_DEFAULT_MW, UW_MAX, 1, 1000},
		{"energy1_input", SENSOR_ENERGY_UJ, INT64_MAX, 1, 1},
		{"freq1_input", SENSOR_CORE_MHZ, 100000000000, 1, 1000000},
		{"freq2_input", SENSOR_MEMORY_MHZ, 100000000000, 1, 1000000},
	};
	int64_t pwm, most;

	hwmon_fields(mon, f, sizeof f / sizeof *f, out);
	if (!hwmon_number(mon, "pwm1_max", 1, 65535, &most))
		most = 255;
	if (hwmon_number(mon, "pwm1", 0, most, &pwm))
		sensor_put(out, SENSOR_FAN_PERMILLE, (pwm * 1000 + most / 2) / most);
}

static int amdgpu_read(void *ctx, void *handle, struct sensor_reading *out, struct err *err)
{
	struct hwmon_card *c = handle;
	struct hwmon_view v;
	int rc;

	(void)ctx;
	memset(out, 0, sizeof *out);
	out->at_ms = clock_ms();
	rc = hwmon_look(c, &v, err);
	if (rc == -ERR_NODEV)
		out->lost = 1;
	if (rc)
		return out->lost ? 0 : rc;
	read_pci(v.pci, out);
	if (v.mon >= 0) {
		hwmon_common(c, &v, out);
		read_mon(v.mon, out);
	}
	hwmon_leave(&v);
	return 0;
}

/* amdgpu takes whole watts of what is written, rounded down (amdgpu_hwmon_set_power_cap()). */
static int amdgpu_set(void *ctx, void *handle, const struct sensor_setting *s, struct err *err)
{
	(void)ctx;
	return hwmon_set(handle, limits, 1, true, s, err);
}

const struct sensor_source sensor_source_amdgpu = {
	.name = "amdgpu",
	.open = amdgpu_open,
	.close = hwmon_close,
	.match = hwmon_match,
	.read = amdgpu_read,
	.set = amdgpu_set,
};
