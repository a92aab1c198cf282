/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A stand-in for NVIDIA's libnvidia-ml.so.1, so that sensors and guardians are tried where there
 * is no card.  Programs under test find it by ADIT_LIBNVML=.../tests/fakenvml/libnvidia-ml.so.1.
 *
 *	FAKENVML_FILE=PATH	the cards, read again at every call: write another file and rename
 *				it to this name while the program runs (sed -i does just that)
 *	FAKENVML_SET=PATH	what the program sets is appended here, a line each, like
 *				"0000:01:00.0 limit 200000", "0000:01:00.0 fan0 60",
 *				"0000:01:00.0 fan0 auto"; and "0000:01:00.0 hang NAME" before a
 *				call hangs.  A plain file is also the cards' memory: what was set
 *				is read back, by later processes too, until the file is removed.
 *	FAKENVML_WITHOUT=A,B	functions this library lacks
 *	FAKENVML_OLD=1		it lacks all that came after R470
 *
 * The file has comments (#), one line of its own, "init CODE" (what initialising answers; -1: it
 * never does), and a line for each card, words separated by single blanks:
 *
 *	card 0000:01:00.0 uuid=GPU-... core=61 memory=78 fan=45,47 power=220000 xid=31,79 lost
 *
 *	core= hotspot= memory=	degrees Celsius
 *	fan=P[,P...] rpm=R	percent of each fan, revolutions of all; no fan=: no fans
 *	fanmin= fanmax=		percent that may be set (30 and 100)
 *	power=			milliwatts; never shown above the limit in force
 *	limit= min= max= default=	milliwatts
 *	energy=			millijoules; auto: grows with power and time, from the first look on
 *	clock= memclock=	MHz
 *	throttle=		NVML's bits (0x4 power cap, 0x20 0x40 thermal, 0x80 brake)
 *	busy=			percent
 *	used= free= reserved=	MiB
 *	ecc=CORRECTED,UNCORRECTED
 *	pcie=GENERATION,LANES
 *	xid=N[,N...]		events; those put at the end come once to each process
 *	pids=N[,N...]		processes that compute
 *	fail=NAME:CODE[,...]	calls that fail, by NVML's full name and number
 *	hang			every call about this card never returns; hang=NAME: that one
 *	lost			fallen off the bus (so is a card whose line has gone)
 *	denied			setting needs a permission we have not
 *
 * What a line does not say is not supported by that card.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/fakenvml/fakenvml.h"

#define API __attribute__((visibility("default")))
#define MIB (1024ULL * 1024)

/* A card keeps its place here once somebody has its handle. */
struct nvmlDevice_st {
	char pci[32];
	bool watched;
	unsigned xids; /* that were told */
	int64_t at_us; /* for energy=auto */
	double mj;
};

struct nvmlEventSet_st {
	int unused;
};

static struct nvmlDevice_st cards[FAKE_CARDS];
static struct nvmlEventSet_st the_set;
static int started;

#define FUNC(name, args)  static nvmlReturn_t fake_##name args;
#define MAYBE(name, args) static nvmlReturn_t fake_##name args;
#include "src/sensor/nvml.def"

/* ---- which functions there are ---- */

static const char newer[] =
	"nvmlDeviceGetTemperatureV,nvmlDeviceGetFanSpeedRPM,nvmlDeviceGetMemoryInfo_v2,"
	"nvmlDeviceGetCurrentClocksEventReasons,nvmlDeviceGetComputeRunningProcesses_v3,"
	"nvmlDeviceGetMinMaxFanSpeed,nvmlDeviceGetFanControlPolicy_v2,nvmlDeviceSetFanSpeed_v2,"
	"nvmlDeviceSetDefaultFanSpeed_v2";

static bool absent(const char *name)
{
	long long unused;

	if (getenv("FAKENVML_OLD") && fake_listed(newer, name, &unused))
		return true;
	return fake_listed(getenv("FAKENVML_WITHOUT"), name, &unused);
}

/* dlsym() asks these; a function whose address is NULL is one the library has not. */
#define FUNC(name, args)                                                                           \
 __attribute__((used)) static nvmlReturn_t(*pick_##name(void)) args                                \
 {                                                                                                 \
  return absent(#name) ? NULL : fake_##name;                                                       \
 }                                                                                                 \
 API nvmlReturn_t name args __attribute__((ifunc("pick_" #name)));
#define MAYBE FUNC
#include "src/sensor/nvml.def"

/* ---- what every call goes through ---- */

static void hang(const char *pci, const char *name)
{
	fake_log_word(pci, "hang", name);
	for (;;)
		pause();
}

static nvmlReturn_t enter(nvmlDevice_t dev, const char *name, char line[FAKE_LINE])
{
	char list[FAKE_LINE];
	long long code;

	if (!started)
		return NVML_ERROR_UNINITIALIZED;
	if (dev < cards || dev >= cards + FAKE_CARDS || !*dev->pci)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (!fake_line_at(dev->pci, line))
		return NVML_ERROR_GPU_IS_LOST;
	if (fake_flag(line, "hang"))
		hang(dev->pci, name);
	if (fake_text(line, "hang", list, sizeof list) && fake_listed(list, name, &code))
		hang(dev->pci, name);
	if (fake_flag(line, "lost"))
		return NVML_ERROR_GPU_IS_LOST;
	if (fake_text(line, "fail", list, sizeof list) && fake_listed(list, name, &code))
		return (nvmlReturn_t)code;
	return NVML_SUCCESS;
}

/* Begins a function about a card. */
#define ENTER(name)                                                                                \
 char line[FAKE_LINE];                                                                             \
 nvmlReturn_t code = enter(device, name, line);                                                    \
 if (code != NVML_SUCCESS)                                                                         \
 return code

static nvmlReturn_t tell(const char *line, const char *key, unsigned nth, unsigned *out)
{
	long long v;

	if (!out)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (!fake_number(line, key, nth, &v))
		return NVML_ERROR_NOT_SUPPORTED;
	*out = (unsigned)v;
	return NVML_SUCCESS;
}

static nvmlReturn_t tell_long(const char *line, const char *key, unsigned nth,
			      unsigned long long *out)
{
	long long v;

	if (!fake_number(line, key, nth, &v))
		return NVML_ERROR_NOT_SUPPORTED;
	*out = (unsigned long long)v;
	return NVML_SUCCESS;
}

/* A function whose answer is one number of the line. */
#define SIMPLE(name, key, nth)                                                                     \
 static nvmlReturn_t fake_##name(nvmlDevice_t device, unsigned *out)                               \
 {                                                                                                 \
  ENTER(#name);                                                                                    \
  return tell(line, key, nth, out);                                                                \
 }

SIMPLE(nvmlDeviceGetPowerManagementDefaultLimit, "default", 0)
SIMPLE(nvmlDeviceGetCurrPcieLinkGeneration, "pcie", 0)
SIMPLE(nvmlDeviceGetCurrPcieLinkWidth, "pcie", 1)

/* ---- starting, and which cards there are ---- */

static nvmlReturn_t start(bool empty_is_fine)
{
	char line[FAKE_LINE];
	long long code = NVML_SUCCESS;

	if (fake_global("init", &code) && code < 0)
		hang("-", "init");
	if (code != NVML_SUCCESS)
		return (nvmlReturn_t)code;
	if (!empty_is_fine && !fake_line_nth(0, line))
		return NVML_ERROR_NOT_FOUND;
	started++;
	return NVML_SUCCESS;
}

static nvmlReturn_t fake_nvmlInit_v2(void)
{
	return start(false);
}

static nvmlReturn_t fake_nvmlInitWithFlags(unsigned flags)
{
	return start(flags & NVML_INIT_FLAG_NO_GPUS);
}

static nvmlReturn_t fake_nvmlShutdown(void)
{
	if (!started)
		return NVML_ERROR_UNINITIALIZED;
	started--;
	return NVML_SUCCESS;
}

static nvmlReturn_t handle_of(const char *line, const char *name, nvmlDevice_t *device)
{
	char pci[32];
	unsigned i;

	fake_address(line, pci);
	for (i = 0; i < FAKE_CARDS; i++) {
		if (!*cards[i].pci)
			snprintf(cards[i].pci, sizeof cards[i].pci, "%s", pci);
		if (strcmp(cards[i].pci, pci))
			continue;
		*device = &cards[i];
		return enter(*device, name, (char[FAKE_LINE]){0});
	}
	return NVML_ERROR_UNKNOWN;
}

static nvmlReturn_t fake_nvmlDeviceGetHandleByPciBusId_v2(const char *bus, nvmlDevice_t *device)
{
	char line[FAKE_LINE];

	if (!started)
		return NVML_ERROR_UNINITIALIZED;
	return fake_line_at(bus, line) ? handle_of(line, "nvmlDeviceGetHandleByPciBusId_v2", device)
				       : NVML_ERROR_NOT_FOUND;
}

static nvmlReturn_t fake_nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *device)
{
	char line[FAKE_LINE], has[FAKE_LINE];
	unsigned i;

	if (!started)
		return NVML_ERROR_UNINITIALIZED;
	for (i = 0; fake_line_nth(i, line); i++)
		if (fake_text(line, "uuid", has, sizeof has) && !strcmp(has, uuid))
			return handle_of(line, "nvmlDeviceGetHandleByUUID", device);
	return NVML_ERROR_NOT_FOUND;
}

static nvmlReturn_t fake_nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned size)
{
	char has[FAKE_LINE];
	ENTER("nvmlDeviceGetUUID");

	if (!fake_text(line, "uuid", has, sizeof has))
		return NVML_ERROR_NOT_SUPPORTED;
	if (strlen(has) + 1 > size)
		return NVML_ERROR_INSUFFICIENT_SIZE;
	memcpy(uuid, has, strlen(has) + 1);
	return NVML_SUCCESS;
}

/* ---- temperatures and fans ---- */

static nvmlReturn_t fake_nvmlDeviceGetTemperatureV(nvmlDevice_t device, nvmlTemperature_t *t)
{
	const char *key = "core";
	ENTER("nvmlDeviceGetTemperatureV");

	if (t->version != nvmlTemperature_v1)
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	if (t->sensorType != NVML_TEMPERATURE_GPU)
		key = t->sensorType == NVML_TEMPERATURE_GPU_MAX ? "hotspot" : "";
	return tell(line, key, 0, (unsigned *)&t->temperature);
}

static nvmlReturn_t fake_nvmlDeviceGetTemperature(nvmlDevice_t device,
						  nvmlTemperatureSensors_t which, unsigned *celsius)
{
	ENTER("nvmlDeviceGetTemperature");

	if (which != NVML_TEMPERATURE_GPU)
		return NVML_ERROR_INVALID_ARGUMENT;
	return tell(line, "core", 0, celsius);
}

static nvmlReturn_t fake_nvmlDeviceGetFieldValues(nvmlDevice_t device, int n,
						  nvmlFieldValue_t *values)
{
	int i;
	ENTER("nvmlDeviceGetFieldValues");

	for (i = 0; i < n; i++) {
		values[i].nvmlReturn = NVML_ERROR_NOT_SUPPORTED;
		if (values[i].fieldId != NVML_FI_DEV_MEMORY_TEMP)
			continue;
		values[i].valueType = NVML_VALUE_TYPE_UNSIGNED_INT;
		values[i].value.ullVal = 0xaaaaaaaaaaaaaaaa; /* only its half is written */
		values[i].nvmlReturn = tell(line, "memory", 0, &values[i].value.uiVal);
	}
	return NVML_SUCCESS;
}

static nvmlReturn_t fake_nvmlDeviceGetNumFans(nvmlDevice_t device, unsigned *n)
{
	ENTER("nvmlDeviceGetNumFans");

	*n = fake_numbers(line, "fan");
	return NVML_SUCCESS;
}

static bool fan_set(const char *pci, unsigned fan, long long *percent)
{
	char what[16];

	snprintf(what, sizeof what, "fan%u", fan);
	return fake_was_set(pci, what, percent);
}

static nvmlReturn_t fan_speed(const char *line, nvmlDevice_t device, unsigned fan,
			      unsigned *percent)
{
	long long v;

	if (fan > 0 && fan >= fake_numbers(line, "fan"))
		return NVML_ERROR_INVALID_ARGUMENT;
	if (!fan_set(device->pci, fan, &v))
		return tell(line, "fan", fan, percent);
	*percent = (unsigned)v;
	return NVML_SUCCESS;
}

static nvmlReturn_t fake_nvmlDeviceGetFanSpeed(nvmlDevice_t device, unsigned *percent)
{
	ENTER("nvmlDeviceGetFanSpeed");

	return fan_speed(line, device, 0, percent);
}

static nvmlReturn_t fake_nvmlDeviceGetFanSpeed_v2(nvmlDevice_t device, unsigned fan,
						  unsigned *percent)
{
	ENTER("nvmlDeviceGetFanSpeed_v2");

	return fan_speed(line, device, fan, percent);
}

static nvmlReturn_t fake_nvmlDeviceGetFanSpeedRPM(nvmlDevice_t device, nvmlFanSpeedInfo_t *speed)
{
	ENTER("nvmlDeviceGetFanSpeedRPM");

	if (speed->version != nvmlFanSpeedInfo_v1)
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	if (speed->fan >= fake_numbers(line, "fan"))
		return NVML_ERROR_INVALID_ARGUMENT;
	return tell(line, "rpm", 0, &speed->speed);
}

static nvmlReturn_t fake_nvmlDeviceGetMinMaxFanSpeed(nvmlDevice_t device, unsigned *least,
						     unsigned *most)
{
	ENTER("nvmlDeviceGetMinMaxFanSpeed");

	if (!fake_numbers(line, "fan"))
		return NVML_ERROR_NOT_SUPPORTED;
	if (tell(line, "fanmin", 0, least))
		*least = 30;
	if (tell(line, "fanmax", 0, most))
		*most = 100;
	return NVML_SUCCESS;
}

static nvmlReturn_t fake_nvmlDeviceGetFanControlPolicy_v2(nvmlDevice_t device, unsigned fan,
							  nvmlFanControlPolicy_t *policy)
{
	long long v;
	ENTER("nvmlDeviceGetFanControlPolicy_v2");

	if (fan >= fake_numbers(line, "fan"))
		return NVML_ERROR_INVALID_ARGUMENT;
	*policy = fan_set(device->pci, fan, &v) ? NVML_FAN_POLICY_MANUAL
						: NVML_FAN_POLICY_TEMPERATURE_CONTINOUS_SW;
	return NVML_SUCCESS;
}

static nvmlReturn_t fake_nvmlDeviceSetFanSpeed_v2(nvmlDevice_t device, unsigned fan,
						  unsigned percent)
{
	unsigned least = 30, most = 100;
	char what[16];
	ENTER("nvmlDeviceSetFanSpeed_v2");

	if (fake_flag(line, "denied"))
		return NVML_ERROR_NO_PERMISSION;
	tell(line, "fanmin", 0, &least);
	tell(line, "fanmax", 0, &most);
	if (fan >= fake_numbers(line, "fan") || percent < least || percent > most)
		return NVML_ERROR_INVALID_ARGUMENT;
	snprintf(what, sizeof what, "fan%u", fan);
	fake_log(device->pci, what, percent);
	return NVML_SUCCESS;
}

static nvmlReturn_t fake_nvmlDeviceSetDefaultFanSpeed_v2(nvmlDevice_t device, unsigned fan)
{
	char what[16];
	ENTER("nvmlDeviceSetDefaultFanSpeed_v2");

	if (fake_flag(line, "denied"))
		return NVML_ERROR_NO_PERMISSION;
	if (fan >= fake_numbers(line, "fan"))
		return NVML_ERROR_INVALID_ARGUMENT;
	snprintf(what, sizeof what, "fan%u", fan);
	fake_log_word(device->pci, what, "auto");
	return NVML_SUCCESS;
}

/* ---- power ---- */

static nvmlReturn_t limit_of(const char *line, nvmlDevice_t device, unsigned *mw)
{
	long long v;

	if (!fake_was_set(device->pci, "limit", &v))
		return tell(line, "limit", 0, mw);
	*mw = (unsigned)v;
	return NVML_SUCCESS;
}

static nvmlReturn_t power_of(const char *line, nvmlDevice_t device, unsigned *mw)
{
	unsigned limit;
	nvmlReturn_t code = tell(line, "power", 0, mw);

	if (!code && !limit_of(line, device, &limit) && *mw > limit)
		*mw = limit;
	return code;
}

static nvmlReturn_t fake_nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned *mw)
{
	ENTER("nvmlDeviceGetPowerUsage");

	return power_of(line, device, mw);
}

static nvmlReturn_t fake_nvmlDeviceGetEnforcedPowerLimit(nvmlDevice_t device, unsigned *mw)
{
	ENTER("nvmlDeviceGetEnforcedPowerLimit");

	return limit_of(line, device, mw);
}

static nvmlReturn_t fake_nvmlDeviceGetPowerManagementLimit(nvmlDevice_t device, unsigned *mw)
{
	ENTER("nvmlDeviceGetPowerManagementLimit");

	return limit_of(line, device, mw);
}

static nvmlReturn_t fake_nvmlDeviceGetPowerManagementLimitConstraints(nvmlDevice_t device,
								      unsigned *least,
								      unsigned *most)
{
	ENTER("nvmlDeviceGetPowerManagementLimitConstraints");

	code = tell(line, "min", 0, least);
	return code ? code : tell(line, "max", 0, most);
}

static nvmlReturn_t fake_nvmlDeviceSetPowerManagementLimit(nvmlDevice_t device, unsigned mw)
{
	unsigned least = 0, most = UINT32_MAX;
	ENTER("nvmlDeviceSetPowerManagementLimit");

	if (fake_flag(line, "denied"))
		return NVML_ERROR_NO_PERMISSION;
	if (!fake_numbers(line, "limit"))
		return NVML_ERROR_NOT_SUPPORTED;
	tell(line, "min", 0, &least);
	tell(line, "max", 0, &most);
	if (mw < least || mw > most)
		return NVML_ERROR_INVALID_ARGUMENT;
	fake_log(device->pci, "limit", mw);
	return NVML_SUCCESS;
}

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static nvmlReturn_t fake_nvmlDeviceGetTotalEnergyConsumption(nvmlDevice_t device,
							     unsigned long long *mj)
{
	char word[32] = "";
	unsigned mw = 0;
	int64_t now = now_us();
	ENTER("nvmlDeviceGetTotalEnergyConsumption");

	if (!fake_text(line, "energy", word, sizeof word) || strcmp(word, "auto"))
		return tell_long(line, "energy", 0, mj);
	if (device->at_us && !power_of(line, device, &mw))
		device->mj += (double)mw * (double)(now - device->at_us) / 1e6;
	device->at_us = now;
	*mj = (unsigned long long)device->mj;
	return NVML_SUCCESS;
}

/* ---- work ---- */

static nvmlReturn_t fake_nvmlDeviceGetClockInfo(nvmlDevice_t device, nvmlClockType_t which,
						unsigned *mhz)
{
	ENTER("nvmlDeviceGetClockInfo");

	if (which != NVML_CLOCK_SM && which != NVML_CLOCK_MEM)
		return NVML_ERROR_INVALID_ARGUMENT;
	return tell(line, which == NVML_CLOCK_SM ? "clock" : "memclock", 0, mhz);
}

static nvmlReturn_t fake_nvmlDeviceGetCurrentClocksEventReasons(nvmlDevice_t device,
								unsigned long long *bits)
{
	ENTER("nvmlDeviceGetCurrentClocksEventReasons");

	return tell_long(line, "throttle", 0, bits);
}

static nvmlReturn_t fake_nvmlDeviceGetCurrentClocksThrottleReasons(nvmlDevice_t device,
								   unsigned long long *bits)
{
	ENTER("nvmlDeviceGetCurrentClocksThrottleReasons");

	return tell_long(line, "throttle", 0, bits);
}

static nvmlReturn_t fake_nvmlDeviceGetUtilizationRates(nvmlDevice_t device,
						       nvmlUtilization_t *percent)
{
	ENTER("nvmlDeviceGetUtilizationRates");

	percent->memory = 0;
	return tell(line, "busy", 0, &percent->gpu);
}

static nvmlReturn_t memory_of(const char *line, nvmlMemory_v2_t *m)
{
	unsigned used, free, reserved = 0;

	if (tell(line, "used", 0, &used) || tell(line, "free", 0, &free))
		return NVML_ERROR_NOT_SUPPORTED;
	tell(line, "reserved", 0, &reserved);
	m->used = used * MIB;
	m->free = free * MIB;
	m->reserved = reserved * MIB;
	m->total = m->used + m->free + m->reserved;
	return NVML_SUCCESS;
}

static nvmlReturn_t fake_nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory)
{
	ENTER("nvmlDeviceGetMemoryInfo_v2");

	if (memory->version != nvmlMemory_v2)
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	return memory_of(line, memory);
}

static nvmlReturn_t fake_nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory)
{
	nvmlMemory_v2_t m = {0};
	ENTER("nvmlDeviceGetMemoryInfo");

	code = memory_of(line, &m);
	memory->total = m.total;
	memory->free = m.free;
	memory->used = m.used + m.reserved;
	return code;
}

static nvmlReturn_t fake_nvmlDeviceGetTotalEccErrors(nvmlDevice_t device,
						     nvmlMemoryErrorType_t which,
						     nvmlEccCounterType_t since,
						     unsigned long long *count)
{
	ENTER("nvmlDeviceGetTotalEccErrors");

	if (since != NVML_VOLATILE_ECC)
		return NVML_ERROR_INVALID_ARGUMENT;
	return tell_long(line, "ecc", which == NVML_MEMORY_ERROR_TYPE_UNCORRECTED, count);
}

static nvmlReturn_t processes(const char *line, unsigned *n, nvmlProcessInfo_v2_t *list)
{
	unsigned i, has = fake_numbers(line, "pids"), room = *n;
	long long pid;

	*n = has;
	if (has > room)
		return NVML_ERROR_INSUFFICIENT_SIZE;
	for (i = 0; i < has && fake_number(line, "pids", i, &pid); i++)
		list[i] = (nvmlProcessInfo_v2_t){.pid = (unsigned)pid,
						 .gpuInstanceId = UINT32_MAX,
						 .computeInstanceId = UINT32_MAX};
	return NVML_SUCCESS;
}

static nvmlReturn_t fake_nvmlDeviceGetComputeRunningProcesses_v2(nvmlDevice_t device, unsigned *n,
								 nvmlProcessInfo_v2_t *list)
{
	ENTER("nvmlDeviceGetComputeRunningProcesses_v2");

	return processes(line, n, list);
}

static nvmlReturn_t fake_nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t device, unsigned *n,
								 nvmlProcessInfo_v2_t *list)
{
	ENTER("nvmlDeviceGetComputeRunningProcesses_v3");

	return processes(line, n, list);
}

/* ---- events ---- */

static nvmlReturn_t fake_nvmlEventSetCreate(nvmlEventSet_t *set)
{
	*set = &the_set;
	return started ? NVML_SUCCESS : NVML_ERROR_UNINITIALIZED;
}

static nvmlReturn_t fake_nvmlDeviceRegisterEvents(nvmlDevice_t device, unsigned long long types,
						  nvmlEventSet_t set)
{
	ENTER("nvmlDeviceRegisterEvents");

	if (types != nvmlEventTypeXidCriticalError || set != &the_set)
		return NVML_ERROR_INVALID_ARGUMENT;
	device->watched = true;
	device->xids = fake_numbers(line, "xid"); /* what was before is not told */
	return NVML_SUCCESS;
}

static bool next_event(nvmlDevice_t device, const char *line, nvmlEventData_t *event)
{
	long long v;

	if (!device->watched || !fake_number(line, "xid", device->xids, &v))
		return false;
	device->xids++;
	*event = (nvmlEventData_t){.device = device,
				   .eventType = nvmlEventTypeXidCriticalError,
				   .eventData = (unsigned long long)v,
				   .gpuInstanceId = UINT32_MAX,
				   .computeInstanceId = UINT32_MAX};
	return true;
}

/* Nobody who also reads temperatures may wait here. */
static nvmlReturn_t fake_nvmlEventSetWait_v2(nvmlEventSet_t set, nvmlEventData_t *event,
					     unsigned ms)
{
	nvmlReturn_t none = NVML_ERROR_TIMEOUT;
	char line[FAKE_LINE];
	unsigned i;

	if (!started || set != &the_set)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (ms) {
		fprintf(stderr, "fakenvml: somebody waits %u ms for events\n", ms);
		abort();
	}
	for (i = 0; i < FAKE_CARDS && *cards[i].pci; i++) {
		bool there = fake_line_at(cards[i].pci, line);

		if (there && next_event(&cards[i], line, event))
			return NVML_SUCCESS;
		if (cards[i].watched && (!there || fake_flag(line, "lost")))
			none = NVML_ERROR_GPU_IS_LOST;
	}
	return none;
}

static nvmlReturn_t fake_nvmlEventSetFree(nvmlEventSet_t set)
{
	unsigned i;

	if (set != &the_set)
		return NVML_ERROR_INVALID_ARGUMENT;
	for (i = 0; i < FAKE_CARDS; i++)
		cards[i].watched = false;
	return NVML_SUCCESS;
}
