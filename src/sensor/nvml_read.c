/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What NVML knows of a card.  Every value fails alone: a card, driver or user without it
 * leaves that one field unknown.
 */
#include <string.h>

#include "src/sensor/nvml_api.h"

#define FANS_MAX         16
#define COLDEST_C        (-60)
#define HOTTEST_C        200
#define UNLIKELY_MW      100000000 /* some laptops answer with garbage: 100 kW */
#define UNLIKELY_PERCENT 200       /* fans may turn faster than their rated 100 % */

/* All that is asked with one number for an answer. */
static const struct plain {
	size_t fn; /* in struct nvml */
	enum sensor_field field;
	unsigned least, most; /* what can be believed */
} plain[] = {
	{offsetof(struct nvml, nvmlDeviceGetPowerUsage), SENSOR_POWER_MW, 0, UNLIKELY_MW},
	{offsetof(struct nvml, nvmlDeviceGetEnforcedPowerLimit), SENSOR_LIMIT_MW, 1, UNLIKELY_MW},
	{offsetof(struct nvml, nvmlDeviceGetPowerManagementDefaultLimit), SENSOR_LIMIT_DEFAULT_MW,
	 1, UNLIKELY_MW},
	{offsetof(struct nvml, nvmlDeviceGetCurrPcieLinkGeneration), SENSOR_PCIE_GEN, 1, 100},
	{offsetof(struct nvml, nvmlDeviceGetCurrPcieLinkWidth), SENSOR_PCIE_LANES, 1, 100},
};

static void look_plain(struct nvml_card *c, struct sensor_reading *out)
{
	nvmlReturn_t (*fn)(nvmlDevice_t, unsigned *);
	size_t i;

	for (i = 0; i < sizeof plain / sizeof *plain; i++) {
		const struct plain *p = &plain[i];
		unsigned v = 0;

		memcpy(&fn, (const char *)&c->ctx->api + p->fn, sizeof fn);
		if (fn && !c->lost && nvml_worked(c, fn(c->dev, &v)) && v >= p->least &&
		    v <= p->most)
			sensor_put(out, p->field, v);
	}
}

static void put_celsius(struct sensor_reading *out, enum sensor_field field, int64_t celsius)
{
	if (celsius > COLDEST_C && celsius < HOTTEST_C)
		sensor_put(out, field, celsius * 1000);
}

static bool celsius_of(struct nvml_card *c, nvmlTemperatureSensors_t which, int *celsius)
{
	nvmlTemperature_t t = {.version = nvmlTemperature_v1, .sensorType = which};

	if (!NVML_ASK(c, nvmlDeviceGetTemperatureV, &t))
		return false;
	*celsius = t.temperature;
	return true;
}

/* The number of a field value, which comes in the kind the driver likes. */
static int64_t whole(const nvmlFieldValue_t *f)
{
	switch (f->valueType) {
	case NVML_VALUE_TYPE_UNSIGNED_INT:
		return f->value.uiVal;
	case NVML_VALUE_TYPE_SIGNED_INT:
		return f->value.siVal;
	case NVML_VALUE_TYPE_UNSIGNED_LONG:
	case NVML_VALUE_TYPE_UNSIGNED_LONG_LONG:
	case NVML_VALUE_TYPE_SIGNED_LONG_LONG:
		return f->value.sllVal;
	default:
		return 0;
	}
}

static void look_temperatures(struct nvml_card *c, struct sensor_reading *out)
{
	nvmlFieldValue_t memory = {.fieldId = NVML_FI_DEV_MEMORY_TEMP};
	unsigned old = 0;
	int celsius = 0;

	if (celsius_of(c, NVML_TEMPERATURE_GPU, &celsius))
		put_celsius(out, SENSOR_CORE_MC, celsius);
	else if (NVML_ASK(c, nvmlDeviceGetTemperature, NVML_TEMPERATURE_GPU, &old))
		put_celsius(out, SENSOR_CORE_MC, (int64_t)old);
	if (celsius_of(c, NVML_TEMPERATURE_GPU_MAX, &celsius))
		put_celsius(out, SENSOR_HOTSPOT_MC, celsius);
	/* memory without a sensor is not supported, or says 0 */
	if (NVML_ASK(c, nvmlDeviceGetFieldValues, 1, &memory) &&
	    nvml_worked(c, memory.nvmlReturn) && whole(&memory) != 0)
		put_celsius(out, SENSOR_MEMORY_MC, whole(&memory));
}

static bool percent_of(struct nvml_card *c, unsigned fan, unsigned *percent)
{
	if (NVML_ASK(c, nvmlDeviceGetFanSpeed_v2, fan, percent))
		return true;
	return fan == 0 && NVML_ASK(c, nvmlDeviceGetFanSpeed, percent);
}

/* Of several fans the fastest. */
static void look_fans(struct nvml_card *c, struct sensor_reading *out)
{
	int64_t percent = -1, rpm = -1;
	unsigned n = 0, i, v;

	if (!NVML_ASK(c, nvmlDeviceGetNumFans, &n))
		n = 1;
	for (i = 0; i < n && i < FANS_MAX; i++) {
		nvmlFanSpeedInfo_t speed = {.version = nvmlFanSpeedInfo_v1, .fan = i};

		v = 0;
		if (percent_of(c, i, &v) && v <= UNLIKELY_PERCENT && v > percent)
			percent = v;
		if (NVML_ASK(c, nvmlDeviceGetFanSpeedRPM, &speed) && speed.speed > rpm)
			rpm = speed.speed;
	}
	if (percent >= 0)
		sensor_put(out, SENSOR_FAN_PERMILLE, percent * 10);
	if (rpm >= 0)
		sensor_put(out, SENSOR_FAN_RPM, rpm);
}

static void look_power(struct nvml_card *c, struct sensor_reading *out)
{
	unsigned long long mj = 0;
	unsigned least = 0, most = 0;

	if (NVML_ASK(c, nvmlDeviceGetPowerManagementLimitConstraints, &least, &most) && most > 0 &&
	    least <= most && most <= UNLIKELY_MW) {
		sensor_put(out, SENSOR_LIMIT_MIN_MW, least);
		sensor_put(out, SENSOR_LIMIT_MAX_MW, most);
	}
	if (NVML_ASK(c, nvmlDeviceGetTotalEnergyConsumption, &mj) && mj <= INT64_MAX / 1000)
		sensor_put(out, SENSOR_ENERGY_UJ, (int64_t)mj * 1000);
}

/* The general "slowed by hardware" says nothing where the special reason is given too. */
static int64_t reasons(unsigned long long bits)
{
	const unsigned long long thermal =
		nvmlClocksEventReasonSwThermalSlowdown | nvmlClocksThrottleReasonHwThermalSlowdown;
	const unsigned long long power = nvmlClocksEventReasonSwPowerCap;
	const unsigned long long brake = nvmlClocksThrottleReasonHwPowerBrakeSlowdown;
	/* not throttling: nothing to do, or as the owner set it */
	const unsigned long long wanted =
		nvmlClocksEventReasonGpuIdle | nvmlClocksEventReasonApplicationsClocksSetting;
	unsigned long long other = bits & ~(thermal | power | brake | wanted);
	int64_t r = 0;

	if (bits & (nvmlClocksThrottleReasonHwThermalSlowdown | brake))
		other &= ~(unsigned long long)nvmlClocksThrottleReasonHwSlowdown;
	if (bits & power)
		r |= THROTTLE_POWER;
	if (bits & thermal)
		r |= THROTTLE_THERMAL;
	if (bits & brake)
		r |= THROTTLE_BRAKE;
	return other ? r | THROTTLE_OTHER : r;
}

static void look_work(struct nvml_card *c, struct sensor_reading *out)
{
	nvmlUtilization_t busy = {0};
	unsigned long long bits = 0;
	unsigned mhz = 0;

	if (NVML_ASK(c, nvmlDeviceGetClockInfo, NVML_CLOCK_SM, &mhz))
		sensor_put(out, SENSOR_CORE_MHZ, mhz);
	if (NVML_ASK(c, nvmlDeviceGetClockInfo, NVML_CLOCK_MEM, &mhz))
		sensor_put(out, SENSOR_MEMORY_MHZ, mhz);
	if (NVML_ASK(c, nvmlDeviceGetCurrentClocksEventReasons, &bits) ||
	    NVML_ASK(c, nvmlDeviceGetCurrentClocksThrottleReasons, &bits))
		sensor_put(out, SENSOR_THROTTLE, reasons(bits));
	if (NVML_ASK(c, nvmlDeviceGetUtilizationRates, &busy) && busy.gpu <= 100)
		sensor_put(out, SENSOR_BUSY_PERMILLE, (int64_t)busy.gpu * 10);
}

/* "Used" is what programs hold, as nvidia-smi shows it; old drivers add what they reserve. */
static void look_memory(struct nvml_card *c, struct sensor_reading *out)
{
	nvmlMemory_v2_t now = {.version = nvmlMemory_v2};
	nvmlMemory_t old = {0};

	if (!NVML_ASK(c, nvmlDeviceGetMemoryInfo_v2, &now)) {
		if (!NVML_ASK(c, nvmlDeviceGetMemoryInfo, &old))
			return;
		now.used = old.used;
		now.free = old.free;
	}
	if (now.used > INT64_MAX || now.free > INT64_MAX)
		return;
	sensor_put(out, SENSOR_MEM_USED, (int64_t)now.used);
	sensor_put(out, SENSOR_MEM_FREE, (int64_t)now.free);
}

static void look_ecc(struct nvml_card *c, struct sensor_reading *out)
{
	unsigned long long n = 0;

	if (NVML_ASK(c, nvmlDeviceGetTotalEccErrors, NVML_MEMORY_ERROR_TYPE_CORRECTED,
		     NVML_VOLATILE_ECC, &n) &&
	    n <= INT64_MAX)
		sensor_put(out, SENSOR_ECC_CORRECTED, (int64_t)n);
	if (NVML_ASK(c, nvmlDeviceGetTotalEccErrors, NVML_MEMORY_ERROR_TYPE_UNCORRECTED,
		     NVML_VOLATILE_ECC, &n) &&
	    n <= INT64_MAX)
		sensor_put(out, SENSOR_ECC_UNCORRECTED, (int64_t)n);
}

void nvml_look(struct nvml_card *c, struct sensor_reading *out)
{
	look_temperatures(c, out);
	look_fans(c, out);
	look_plain(c, out);
	look_power(c, out);
	look_work(c, out);
	look_memory(c, out);
	look_ecc(c, out);
}
