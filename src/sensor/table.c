/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of sources, in the order they are asked, and the fields' names. */
#include <stddef.h>

#include "src/sensor/table.h"

const struct sensor_source *const sensor_sources[] = {
	&sensor_source_nvml, &sensor_source_amdgpu, &sensor_source_intel, &sensor_source_sim, NULL,
};

const char *sensor_name(enum sensor_field f)
{
	static const char *const names[SENSOR_FIELDS] = {
		[SENSOR_CORE_MC] = "core_mc",
		[SENSOR_HOTSPOT_MC] = "hotspot_mc",
		[SENSOR_MEMORY_MC] = "memory_mc",
		[SENSOR_FAN_PERMILLE] = "fan_permille",
		[SENSOR_FAN_RPM] = "fan_rpm",
		[SENSOR_POWER_MW] = "power_mw",
		[SENSOR_LIMIT_MW] = "limit_mw",
		[SENSOR_LIMIT_MIN_MW] = "limit_min_mw",
		[SENSOR_LIMIT_MAX_MW] = "limit_max_mw",
		[SENSOR_LIMIT_DEFAULT_MW] = "limit_default_mw",
		[SENSOR_ENERGY_UJ] = "energy_uj",
		[SENSOR_CORE_MHZ] = "core_mhz",
		[SENSOR_MEMORY_MHZ] = "memory_mhz",
		[SENSOR_THROTTLE] = "throttle",
		[SENSOR_BUSY_PERMILLE] = "busy_permille",
		[SENSOR_MEM_USED] = "mem_used",
		[SENSOR_MEM_FREE] = "mem_free",
		[SENSOR_ECC_CORRECTED] = "ecc_corrected",
		[SENSOR_ECC_UNCORRECTED] = "ecc_uncorrected",
		[SENSOR_XID] = "xid",
		[SENSOR_XID_COUNT] = "xid_count",
		[SENSOR_PCIE_GEN] = "pcie_gen",
		[SENSOR_PCIE_LANES] = "pcie_lanes",
		[SENSOR_OTHERS] = "others",
	};

	return (unsigned)f < SENSOR_FIELDS ? names[f] : NULL;
}
