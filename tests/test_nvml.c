/* SPDX-License-Identifier: GPL-3.0-or-later */
/* NVIDIA's cards are found, read, watched and missed: the real source on a fake library. */
#include "tests/nvml_rig.h"

#define ALL (BIT(SENSOR_FIELDS) - 1)

static void every_field_is_read_in_its_unit(void)
{
	struct sensor_reading r;
	void *h;

	cards(CARD_1);
	h = rig_card();
	if (!h)
		return;
	r = look(h);
	CHECK_U64(r.known, ALL & ~BIT(SENSOR_XID));
	CHECK_INT(r.lost, 0);
	CHECK(r.at_ms > 0);
	CHECK_FIELD(&r, SENSOR_CORE_MC, 61000);
	CHECK_FIELD(&r, SENSOR_HOTSPOT_MC, 72000);
	CHECK_FIELD(&r, SENSOR_MEMORY_MC, 88000);
	CHECK_FIELD(&r, SENSOR_FAN_PERMILLE, 470);
	CHECK_FIELD(&r, SENSOR_FAN_RPM, 1800);
	CHECK_FIELD(&r, SENSOR_POWER_MW, 220000);
	CHECK_FIELD(&r, SENSOR_LIMIT_MW, 250000);
	CHECK_FIELD(&r, SENSOR_LIMIT_MIN_MW, 100000);
	CHECK_FIELD(&r, SENSOR_LIMIT_MAX_MW, 300000);
	CHECK_FIELD(&r, SENSOR_LIMIT_DEFAULT_MW, 280000);
	CHECK_FIELD(&r, SENSOR_ENERGY_UJ, 5000000);
	CHECK_FIELD(&r, SENSOR_CORE_MHZ, 1800);
	CHECK_FIELD(&r, SENSOR_MEMORY_MHZ, 9500);
	CHECK_FIELD(&r, SENSOR_THROTTLE, THROTTLE_POWER);
	CHECK_FIELD(&r, SENSOR_BUSY_PERMILLE, 970);
	CHECK_FIELD(&r, SENSOR_MEM_USED, 6000LL << 20);
	CHECK_FIELD(&r, SENSOR_MEM_FREE, 2000LL << 20);
	CHECK_FIELD(&r, SENSOR_ECC_CORRECTED, 3);
	CHECK_FIELD(&r, SENSOR_ECC_UNCORRECTED, 1);
	CHECK_FIELD(&r, SENSOR_XID_COUNT, 0);
	CHECK_FIELD(&r, SENSOR_PCIE_GEN, 4);
	CHECK_FIELD(&r, SENSOR_PCIE_LANES, 16);
	CHECK_FIELD(&r, SENSOR_OTHERS, 0);
}

static void what_a_card_has_not_stays_unknown(void)
{
	struct sensor_reading r;
	void *h;

	cards("card 0000:01:00.0 uuid=" UUID_1 " core=0 memory=0");
	h = rig_card();
	if (!h)
		return;
	r = look(h);
	CHECK_U64(r.known, BIT(SENSOR_CORE_MC) | BIT(SENSOR_XID_COUNT) | BIT(SENSOR_OTHERS));
	CHECK_FIELD(&r, SENSOR_CORE_MC, 0);
}

/* Each function and the fields that only it can tell. */
static const struct {
	const char *function;
	uint64_t fields;
} alone[] = {
	{"nvmlDeviceGetTemperatureV", BIT(SENSOR_HOTSPOT_MC)},
	{"nvmlDeviceGetTemperature", 0},
	{"nvmlDeviceGetTemperatureV,nvmlDeviceGetTemperature",
	 BIT(SENSOR_HOTSPOT_MC) | BIT(SENSOR_CORE_MC)},
	{"nvmlDeviceGetFieldValues", BIT(SENSOR_MEMORY_MC)},
	{"nvmlDeviceGetNumFans", 0},
	{"nvmlDeviceGetFanSpeed", 0},
	{"nvmlDeviceGetFanSpeed_v2", 0},
	{"nvmlDeviceGetFanSpeed,nvmlDeviceGetFanSpeed_v2", BIT(SENSOR_FAN_PERMILLE)},
	{"nvmlDeviceGetFanSpeedRPM", BIT(SENSOR_FAN_RPM)},
	{"nvmlDeviceGetPowerUsage", BIT(SENSOR_POWER_MW)},
	{"nvmlDeviceGetEnforcedPowerLimit", BIT(SENSOR_LIMIT_MW)},
	{"nvmlDeviceGetPowerManagementLimit", 0},
	{"nvmlDeviceGetPowerManagementLimitConstraints",
	 BIT(SENSOR_LIMIT_MIN_MW) | BIT(SENSOR_LIMIT_MAX_MW)},
	{"nvmlDeviceGetPowerManagementDefaultLimit", BIT(SENSOR_LIMIT_DEFAULT_MW)},
	{"nvmlDeviceGetTotalEnergyConsumption", BIT(SENSOR_ENERGY_UJ)},
	{"nvmlDeviceGetClockInfo", BIT(SENSOR_CORE_MHZ) | BIT(SENSOR_MEMORY_MHZ)},
	{"nvmlDeviceGetCurrentClocksEventReasons", 0},
	{"nvmlDeviceGetCurrentClocksThrottleReasons", 0},
	{"nvmlDeviceGetCurrentClocksEventReasons,nvmlDeviceGetCurrentClocksThrottleReasons",
	 BIT(SENSOR_THROTTLE)},
	{"nvmlDeviceGetUtilizationRates", BIT(SENSOR_BUSY_PERMILLE)},
	{"nvmlDeviceGetMemoryInfo", 0},
	{"nvmlDeviceGetMemoryInfo_v2", 0},
	{"nvmlDeviceGetMemoryInfo,nvmlDeviceGetMemoryInfo_v2",
	 BIT(SENSOR_MEM_USED) | BIT(SENSOR_MEM_FREE)},
	{"nvmlDeviceGetTotalEccErrors", BIT(SENSOR_ECC_CORRECTED) | BIT(SENSOR_ECC_UNCORRECTED)},
	{"nvmlDeviceGetCurrPcieLinkGeneration", BIT(SENSOR_PCIE_GEN)},
	{"nvmlDeviceGetCurrPcieLinkWidth", BIT(SENSOR_PCIE_LANES)},
	{"nvmlDeviceGetComputeRunningProcesses_v2", 0},
	{"nvmlDeviceGetComputeRunningProcesses_v3", 0},
	{"nvmlDeviceGetComputeRunningProcesses_v2,nvmlDeviceGetComputeRunningProcesses_v3",
	 BIT(SENSOR_OTHERS)},
	{"nvmlDeviceRegisterEvents", BIT(SENSOR_XID_COUNT)},
	{"nvmlDeviceGetUUID", 0},
};

/* The names with ":999" behind each. */
static const char *failing(const char *names)
{
	static char out[256];
	const char *comma = strchr(names, ',');

	if (comma)
		snprintf(out, sizeof out, "%.*s:999,%s:999", (int)(comma - names), names,
			 comma + 1);
	else
		snprintf(out, sizeof out, "%s:999", names);
	return out;
}

static void each_call_fails_alone(void)
{
	size_t i;

	for (i = 0; i < sizeof alone / sizeof *alone; i++) {
		struct sensor_reading r;
		void *h;

		cards(CARD_1 " fail=%s", failing(alone[i].function));
		h = rig_card();
		if (!h)
			return;
		r = look(h);
		if (!CHECK_U64(r.known, ALL & ~BIT(SENSOR_XID) & ~alone[i].fields))
			printf("\twhere %s fails\n", alone[i].function);
		CHECK_INT(r.lost, 0);
	}
}

static void each_missing_function_loses_its_fields_only(void)
{
	size_t i;

	cards(CARD_1);
	for (i = 0; i < sizeof alone / sizeof *alone; i++) {
		struct sensor_reading r;
		void *h;

		setenv("FAKENVML_WITHOUT", alone[i].function, 1);
		h = rig_card();
		if (!h)
			break;
		r = look(h);
		if (!CHECK_U64(r.known, ALL & ~BIT(SENSOR_XID) & ~alone[i].fields))
			printf("\twithout %s\n", alone[i].function);
	}
	unsetenv("FAKENVML_WITHOUT");
}

static void old_driver_is_read_through_its_older_functions(void)
{
	struct sensor_reading r;
	void *h;

	cards(CARD_1);
	setenv("FAKENVML_OLD", "1", 1);
	h = rig_card();
	unsetenv("FAKENVML_OLD");
	if (!h)
		return;
	r = look(h);
	CHECK_U64(r.known, ALL & ~BIT(SENSOR_XID) & ~BIT(SENSOR_HOTSPOT_MC) & ~BIT(SENSOR_FAN_RPM));
	CHECK_FIELD(&r, SENSOR_CORE_MC, 61000);
	CHECK_FIELD(&r, SENSOR_THROTTLE, THROTTLE_POWER);
	CHECK_FIELD(&r, SENSOR_MEM_USED, 6192LL << 20); /* what is reserved included */
}

static void readings_follow_the_card(void)
{
	struct sensor_reading r;
	void *h;

	cards(CARD_1);
	h = rig_card();
	if (!h)
		return;
	r = look(h);
	CHECK_FIELD(&r, SENSOR_CORE_MC, 61000);
	cards("card 0000:01:00.0 core=95 power=400000 limit=250000");
	r = look(h);
	CHECK_FIELD(&r, SENSOR_CORE_MC, 95000);
	CHECK_FIELD(&r, SENSOR_POWER_MW, 250000);
	CHECK(!sensor_has(&r, SENSOR_MEMORY_MC)); /* nothing old is left */
}

static void fastest_of_several_fans_is_shown(void)
{
	struct sensor_reading r;
	void *h;

	cards(CARD_1);
	h = rig_card();
	if (!h)
		return;
	cards("card 0000:01:00.0 fan=30,40,50,45");
	r = look(h);
	CHECK_FIELD(&r, SENSOR_FAN_PERMILLE, 500);
	cards("card 0000:01:00.0 fan=0,0"); /* a fan that stands still is a reading */
	r = look(h);
	CHECK_FIELD(&r, SENSOR_FAN_PERMILLE, 0);
}

static void card_is_found_by_address_however_written(void)
{
	struct err err = {0};
	void *a = NULL, *b = NULL;

	cards(CARD_1 "\n" CARD_2);
	if (!CHECK_OK(rig_up(&err), &err))
		return;
	CHECK_OK(rig_match("0000:0a:00.0", "", &a, &err), &err);
	CHECK_OK(rig_match("00000:0A:00.0", UUID_2, &b, &err), &err);
	CHECK_PTR(a, b);
	CHECK_OK(rig_match("0:a:0.0", &UUID_2[4], &b, &err), &err); /* as OpenCL writes UUIDs */
	CHECK_PTR(a, b);
	CHECK_OK(rig_match("", UUID_2, &b, &err), &err);
	CHECK_PTR(a, b);
	CHECK_OK(rig_match("", &UUID_2[4], &b, &err), &err);
	CHECK_PTR(a, b);
	CHECK_OK(rig_match("0000:01:00.0", UUID_1, &b, &err), &err);
	CHECK(a != b);
}

static void wrong_or_unknown_card_is_not_matched(void)
{
	static const struct {
		const char *pci, *uuid, *says;
	} none[] = {
		{"0000:02:00.0", "", "no such card"},
		{"0000:01:00.0", UUID_2, UUID_1}, /* cards were moved about */
		{"", "GPU-0", "no such card"},
		{"", "", "no such card"},
		{"0000:01:00.0x", "", "no such card"},
		{"nonsense", "", "no such card"},
	};
	struct err err = {0};
	size_t i;

	cards(CARD_1 "\n" CARD_2);
	if (!CHECK_OK(rig_up(&err), &err))
		return;
	for (i = 0; i < sizeof none / sizeof *none; i++) {
		void *h = &err;

		CHECK_ERR(rig_match(none[i].pci, none[i].uuid, &h, &err), ERR_NODEV, &err);
		CHECK_HAS(err.text, none[i].says);
		CHECK_PTR(h, NULL);
	}
}

static void two_cards_are_not_mixed_up(void)
{
	struct sensor_reading a, b;
	struct err err = {0};
	void *h = rig.ctx, *other = NULL;

	cards(CARD_2 "\n" CARD_1); /* the order in which the driver counts means nothing */
	h = rig_card();
	if (!h || !CHECK_OK(rig_match("0000:0a:00.0", UUID_2, &other, &err), &err))
		return;
	a = look(h);
	b = look(other);
	CHECK_FIELD(&a, SENSOR_CORE_MC, 61000);
	CHECK_FIELD(&b, SENSOR_CORE_MC, 40000);
	cards(CARD_2 " xid=43,31\n" CARD_1 " lost");
	a = look(h);
	b = look(other);
	CHECK_INT(a.lost, 1);
	CHECK_FIELD(&a, SENSOR_XID_COUNT, 0);
	CHECK_INT(b.lost, 0);
	CHECK_FIELD(&b, SENSOR_XID_COUNT, 2);
	CHECK_FIELD(&b, SENSOR_XID, 31);
}

static void lost_card_has_no_readings(void)
{
	struct sensor_reading r;
	void *h;

	cards(CARD_1);
	h = rig_card();
	if (!h)
		return;
	cards(CARD_1 " lost");
	r = look(h);
	CHECK_INT(r.lost, 1);
	CHECK_U64(r.known, BIT(SENSOR_XID_COUNT));
	cards(CARD_2); /* the driver forgot it */
	r = look(h);
	CHECK_INT(r.lost, 1);
	cards(CARD_1 " fail=nvmlDeviceGetTotalEccErrors:15"); /* in the middle of a look */
	r = look(h);
	CHECK_INT(r.lost, 1);
	CHECK_U64(r.known, BIT(SENSOR_XID_COUNT));
	cards(CARD_1);
	r = look(h);
	CHECK_INT(r.lost, 0);
	CHECK_U64(r.known, ALL & ~BIT(SENSOR_XID));
}

static void xid_events_are_counted_and_the_last_is_kept(void)
{
	struct sensor_reading r;
	void *h;

	cards(CARD_1 " xid=13"); /* before our time */
	h = rig_card();
	if (!h)
		return;
	r = look(h);
	CHECK_FIELD(&r, SENSOR_XID_COUNT, 0);
	CHECK(!sensor_has(&r, SENSOR_XID));
	cards(CARD_1 " xid=13,31,62");
	r = look(h);
	CHECK_FIELD(&r, SENSOR_XID_COUNT, 2);
	CHECK_FIELD(&r, SENSOR_XID, 62);
	r = look(h);
	CHECK_FIELD(&r, SENSOR_XID_COUNT, 2);
	cards(CARD_1 " xid=13,31,62,79"); /* off the bus, they say, but it answers */
	r = look(h);
	CHECK_FIELD(&r, SENSOR_XID, 79);
	CHECK_INT(r.lost, 0);
	cards(CARD_1 " xid=13,31,62,79 fail=%s",
	      failing("nvmlDeviceGetTemperature,nvmlDeviceGetTemperatureV"));
	r = look(h);
	CHECK_INT(r.lost, 1);
	CHECK_FIELD(&r, SENSOR_XID, 79);
}

static void throttle_reasons_are_told_apart(void)
{
	static const struct {
		unsigned bits;
		int64_t want;
	} table[] = {
		{0, 0},
		{0x1, 0}, /* idle */
		{0x2, 0}, /* the owner's clocks */
		{0x4, THROTTLE_POWER},
		{0x8, THROTTLE_OTHER},
		{0x10, THROTTLE_OTHER},
		{0x20, THROTTLE_THERMAL},
		{0x40, THROTTLE_THERMAL},
		{0x48, THROTTLE_THERMAL},
		{0x80, THROTTLE_BRAKE},
		{0x88, THROTTLE_BRAKE},
		{0x0c, THROTTLE_POWER | THROTTLE_OTHER},
		{0x400, THROTTLE_OTHER},
		{0xe5, THROTTLE_POWER | THROTTLE_THERMAL | THROTTLE_BRAKE},
	};
	struct sensor_reading r;
	size_t i;
	void *h;

	cards(CARD_1);
	h = rig_card();
	for (i = 0; h && i < sizeof table / sizeof *table; i++) {
		cards("card 0000:01:00.0 core=50 throttle=0x%x", table[i].bits);
		r = look(h);
		if (!CHECK_FIELD(&r, SENSOR_THROTTLE, table[i].want))
			printf("\tof 0x%x\n", table[i].bits);
	}
}

static void garbage_is_not_believed(void)
{
	struct sensor_reading r;
	void *h;

	cards(CARD_1);
	h = rig_card();
	if (!h)
		return;
	cards("card 0000:01:00.0 core=4294967295 memory=250 hotspot=-300 power=4294967295 fan=900 "
	      "busy=4000000000 limit=0 pcie=0,0 min=5 max=4 energy=0x7fffffffffffffff");
	r = look(h);
	/* 4294967295 is a cold -1 in the newer call, which is signed */
	CHECK_FIELD(&r, SENSOR_CORE_MC, -1000);
	CHECK_U64(r.known, BIT(SENSOR_CORE_MC) | BIT(SENSOR_POWER_MW) | BIT(SENSOR_XID_COUNT) |
				   BIT(SENSOR_OTHERS));
	cards("card 0000:01:00.0 core=4294967295 power=4294967295 "
	      "fail=nvmlDeviceGetTemperatureV:3");
	r = look(h);
	CHECK_U64(r.known, BIT(SENSOR_XID_COUNT) | BIT(SENSOR_OTHERS));
}

static void card_that_answers_nothing_is_an_error_with_words(void)
{
	struct sensor_reading r;
	struct err err = {0};
	void *h;

	cards(CARD_1);
	h = rig_card();
	if (!h)
		return;
	cards("card 0000:01:00.0 fail=nvmlDeviceGetComputeRunningProcesses_v2:16,"
	      "nvmlDeviceGetComputeRunningProcesses_v3:16");
	CHECK_ERR(sensor_source_nvml.read(rig.ctx, h, &r, &err), ERR_DEVICE, &err);
	CHECK_HAS(err.text, "0000:01:00.0");
	CHECK_HAS(err.text, "must be reset");
}

static void no_driver_is_no_fault(void)
{
	static const char *const files[] = {"none", "/nonexistent/libnvidia-ml.so.1"};
	char fake[512];
	struct err err = {0};
	size_t i;

	snprintf(fake, sizeof fake, "%s", getenv("ADIT_LIBNVML"));
	for (i = 0; i < 2; i++) {
		setenv("ADIT_LIBNVML", files[i], 1);
		CHECK_ERR(rig_up(&err), ERR_NODEV, &err);
		CHECK_PTR(rig.ctx, NULL);
	}
	setenv("ADIT_LIBNVML", "libc.so.6", 1);
	CHECK_ERR(rig_up(&err), ERR_DEVICE, &err);
	CHECK_HAS(err.text, "nvmlInit_v2");
	setenv("ADIT_LIBNVML", fake, 1);
	setenv("FAKENVML_WITHOUT", "nvmlDeviceGetHandleByUUID", 1);
	CHECK_ERR(rig_up(&err), ERR_DEVICE, &err);
	CHECK_HAS(err.text, "nvmlDeviceGetHandleByUUID");
	unsetenv("FAKENVML_WITHOUT");
}

static void driver_that_does_not_start_says_why(void)
{
	static const struct {
		int code, kind;
		const char *says;
	} table[] = {
		{9, ERR_NODEV, "not loaded"},   {12, ERR_NODEV, "not found"},
		{4, ERR_PERM, "/dev/nvidia"},   {18, ERR_DEVICE, "reboot"},
		{999, ERR_DEVICE, "error 999"}, {12345, ERR_DEVICE, "no words"},
	};
	struct err err = {0};
	size_t i;

	for (i = 0; i < sizeof table / sizeof *table; i++) {
		cards("init %d\n" CARD_1, table[i].code);
		CHECK_ERR(rig_up(&err), table[i].kind, &err);
		CHECK_HAS(err.text, table[i].says);
	}
}

static void rig_whose_cards_are_all_gone_still_opens(void)
{
	struct err err = {0};
	void *h = NULL;

	cards("# nothing");
	if (!CHECK_OK(rig_up(&err), &err))
		return;
	CHECK_ERR(rig_match("0000:01:00.0", UUID_1, &h, &err), ERR_NODEV, &err);
	setenv("FAKENVML_WITHOUT", "nvmlInitWithFlags", 1); /* R384 and before */
	CHECK_ERR(rig_up(&err), ERR_NODEV, &err);
	cards(CARD_1);
	CHECK_OK(rig_up(&err), &err);
	unsetenv("FAKENVML_WITHOUT");
}

int main(void)
{
	if (!rig_begin())
		T_GIVE_UP("tests/fakenvml/libnvidia-ml.so.1 is not built, or no directory to use");
	T_RUN(every_field_is_read_in_its_unit);
	T_RUN(what_a_card_has_not_stays_unknown);
	T_RUN(each_call_fails_alone);
	T_RUN(each_missing_function_loses_its_fields_only);
	T_RUN(old_driver_is_read_through_its_older_functions);
	T_RUN(readings_follow_the_card);
	T_RUN(fastest_of_several_fans_is_shown);
	T_RUN(card_is_found_by_address_however_written);
	T_RUN(wrong_or_unknown_card_is_not_matched);
	T_RUN(two_cards_are_not_mixed_up);
	T_RUN(lost_card_has_no_readings);
	T_RUN(xid_events_are_counted_and_the_last_is_kept);
	T_RUN(throttle_reasons_are_told_apart);
	T_RUN(garbage_is_not_believed);
	T_RUN(card_that_answers_nothing_is_an_error_with_words);
	T_RUN(no_driver_is_no_fault);
	T_RUN(driver_that_does_not_start_says_why);
	T_RUN(rig_whose_cards_are_all_gone_still_opens);
	rig_end();
	return t_done();
}
