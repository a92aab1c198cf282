/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sources of readings, by name. */
#ifndef ADIT_SENSOR_TABLE_H
#define ADIT_SENSOR_TABLE_H

#include "src/sensor/sensor.h"

extern const struct sensor_source sensor_source_nvml;
extern const struct sensor_source sensor_source_amdgpu;
extern const struct sensor_source sensor_source_intel;
extern const struct sensor_source sensor_source_sim;

#endif
