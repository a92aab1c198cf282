/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cards read and set through a sysfs of our own making.  nftw() is XSI. */
#define _GNU_SOURCE 1
#include "src/clock.h"
#include "tests/sysfs_cards.h"

struct want {
	enum sensor_field field;
	int64_t value;
};

/* Exactly these are known, and so. */
static void check_reading(const struct bench *b, const struct want *w, size_t n)
{
	uint64_t known = 0;

	for (; n; n--, w++) {
		known |= (uint64_t)1 << w->field;
		if (!CHECK(sensor_has(&b->got, w->field)) ||
		    !CHECK_INT(b->got.v[w->field], w->value))
			printf("\tfield %d\n", w->field);
	}
	CHECK_U64(b->got.known, known);
	CHECK_INT(b->got.lost, 0);
	CHECK(b->got.at_ms > 0 && b->got.at_ms <= clock_ms());
}

#define CHECK_READING(b, ...)                                                                      \
 check_reading(b, (const struct want[]){__VA_ARGS__},                                              \
	       sizeof((const struct want[]){__VA_ARGS__}) / sizeof(struct want))

/* ---- what is read ---- */

static void an_rx_6800_tells_everything_in_the_right_units(void)
{
	struct bench b;

	tree_navi();
	if (begin(&b, &sensor_source_amdgpu, NAVI) && look(&b))
		CHECK_READING(&b, {SENSOR_CORE_MC, 61000}, {SENSOR_HOTSPOT_MC, 74500},
			      {SENSOR_MEMORY_MC, 82000}, {SENSOR_FAN_PERMILLE, 400},
			      {SENSOR_FAN_RPM, 1450}, {SENSOR_POWER_MW, 181000},
			      {SENSOR_LIMIT_MW, 203000}, {SENSOR_LIMIT_MIN_MW, 100000},
			      {SENSOR_LIMIT_MAX_MW, 233000}, {SENSOR_LIMIT_DEFAULT_MW, 203000},
			      {SENSOR_CORE_MHZ, 2105}, {SENSOR_MEMORY_MHZ, 1000},
			      {SENSOR_THROTTLE, THROTTLE_POWER}, {SENSOR_BUSY_PERMILLE, 990},
			      {SENSOR_MEM_USED, 5242880000}, {SENSOR_MEM_FREE, 11920211968},
			      {SENSOR_ECC_CORRECTED, 42}, {SENSOR_ECC_UNCORRECTED, 3},
			      {SENSOR_PCIE_GEN, 3}, {SENSOR_PCIE_LANES, 4});
	end(&b);
}

static void an_instinct_without_edge_has_no_core_temperature(void)
{
	struct bench b;

	tree_mi();
	if (begin(&b, &sensor_source_amdgpu, MI) && look(&b))
		CHECK_READING(&b, {SENSOR_HOTSPOT_MC, 48000}, {SENSOR_MEMORY_MC, 41000},
			      {SENSOR_POWER_MW, 130000}, {SENSOR_PCIE_GEN, 5},
			      {SENSOR_PCIE_LANES, 16});
	end(&b);
}

/* Two bridges of the card's maker are its own switch; one is not. */
static void a_root_port_of_the_card_s_maker_is_not_its_switch(void)
{
	struct bench b;

	tree_mi();
	tree_put(MI_DEV "/../vendor", "0x1002\n");
	tree_put(MI_DEV "/../../vendor", "0x1022\n");
	tree_put(MI_DEV "/../../current_link_speed", "2.5 GT/s PCIe\n");
	if (begin(&b, &sensor_source_amdgpu, MI) && look(&b))
		CHECK_INT(b.got.v[SENSOR_PCIE_GEN], 5);
	end(&b);
}

static void an_old_card_without_labels_has_the_core_s_temperature(void)
{
	struct bench b;

	tree_old();
	if (begin(&b, &sensor_source_amdgpu, OLD) && look(&b))
		CHECK_READING(&b, {SENSOR_CORE_MC, 70000}, {SENSOR_POWER_MW, 110125},
			      {SENSOR_FAN_PERMILLE, 1000}, {SENSOR_PCIE_GEN, 3},
			      {SENSOR_PCIE_LANES, 8});
	end(&b);
}

static void an_arc_under_xe_tells_its_switch_s_link_and_why_it_throttles(void)
{
	struct bench b;

	tree_arc();
	if (begin(&b, &sensor_source_intel, ARC) && look(&b))
		CHECK_READING(&b, {SENSOR_CORE_MC, 58000}, {SENSOR_MEMORY_MC, 64000},
			      {SENSOR_FAN_RPM, 1203}, {SENSOR_LIMIT_MW, 190000},
			      {SENSOR_LIMIT_MAX_MW, 190000}, {SENSOR_LIMIT_DEFAULT_MW, 190000},
			      {SENSOR_ENERGY_UJ, 7200000000000}, {SENSOR_CORE_MHZ, 2850},
			      {SENSOR_THROTTLE, THROTTLE_POWER | THROTTLE_THERMAL},
			      {SENSOR_PCIE_GEN, 4}, {SENSOR_PCIE_LANES, 8});
	end(&b);
}

static void an_i915_card_is_read_from_its_own_hwmon_not_its_gt_s(void)
{
	struct bench b;

	tree_i915();
	if (begin(&b, &sensor_source_intel, I915) && look(&b))
		CHECK_READING(&b, {SENSOR_CORE_MC, 51000}, {SENSOR_FAN_RPM, 0},
			      {SENSOR_LIMIT_MAX_MW, 75000}, {SENSOR_LIMIT_DEFAULT_MW, 75000},
			      {SENSOR_ENERGY_UJ, 32020000000}, {SENSOR_CORE_MHZ, 2000},
			      {SENSOR_THROTTLE, 0});
	end(&b);
}

/* The look before is put into the far past, so that what the clock does meanwhile is nothing. */
static void intel_power_is_the_energy_between_two_looks(void)
{
	struct hwmon_card *c;
	struct bench b;

	tree_arc();
	if (begin(&b, &sensor_source_intel, ARC) && look(&b)) {
		c = b.card;
		c->energy_us = clock_us() - 1000000000;
		c->energy_uj = 7200000000000 - 150000000000;
		look(&b);
		CHECK_NEAR((double)b.got.v[SENSOR_POWER_MW], 150000, 1500);
		CHECK_INT(c->energy_uj, 7200000000000);
		c->energy_us = clock_us() - 1000000000;
		tree_put(ARC_MON "/energy1_input", "17\n"); /* the driver was loaded again */
		look(&b);
		CHECK(!sensor_has(&b.got, SENSOR_POWER_MW));
		c->energy_us =
			clock_us() + 1000000000; /* too short a time, whatever the clock does */
		c->energy_uj = 16;
		look(&b);
		CHECK(!sensor_has(&b.got, SENSOR_POWER_MW));
		CHECK_INT(c->energy_uj, 16);
		c->energy_us = clock_us() - 1000000000;
		tree_drop(ARC_MON "/energy1_input");
		tree_put(ARC_MON "/energy2_input", "150000000000\n"); /* another counter */
		look(&b);
		CHECK(!sensor_has(&b.got, SENSOR_POWER_MW));
		CHECK_INT(b.got.v[SENSOR_ENERGY_UJ], 150000000000);
	}
	end(&b);
}

static void throttling_for_no_given_reason_is_told_as_such(void)
{
	struct bench b;

	tree_i915();
	tree_put(I915_DEV "/drm/card2/gt/gt0/throttle_reason_status", "1\n");
	if (begin(&b, &sensor_source_intel, I915) && look(&b))
		CHECK_INT(b.got.v[SENSOR_THROTTLE], THROTTLE_OTHER);
	end(&b);
}

static void gpu_metrics_of_another_version_say_nothing(void)
{
	static const char file[] = NAVI_DEV "/gpu_metrics";
	uint8_t m[124];
	struct bench b;
	unsigned i;

	tree_navi();
	if (!begin(&b, &sensor_source_amdgpu, NAVI))
		return;
	tree_metrics(file, (uint64_t)1 << 36 | (uint64_t)1 << 22);
	look(&b);
	CHECK_INT(b.got.v[SENSOR_THROTTLE], THROTTLE_THERMAL | THROTTLE_OTHER);
	tree_metrics(file, 0);
	look(&b);
	CHECK(sensor_has(&b.got, SENSOR_THROTTLE) && !b.got.v[SENSOR_THROTTLE]);
	tree_metrics(file, UINT64_MAX);
	look(&b);
	CHECK(!sensor_has(&b.got, SENSOR_THROTTLE));
	for (i = 0; i < 5; i++) {
		memset(m, 0, sizeof m);
		m[0] = i == 0 ? 112 : 120;
		m[1] = i == 1;
		m[2] = i == 2 ? 2 : 1;
		m[3] = i == 3 ? 4 : 3;
		tree_bytes(file, m, i == 4 ? sizeof m : 120);
		look(&b);
		CHECK(!sensor_has(&b.got, SENSOR_THROTTLE));
	}
	end(&b);
}

/* ---- whose it is ---- */

static void a_card_is_matched_by_its_address_and_driver_only(void)
{
	static const char *const bad[] = {"",
					  "0000:03:00",
					  "0000:03:00.0/",
					  "../../../etc",
					  "0000:04:00.0",
					  "0000:03:00.00",
					  "0000:03-00.0",
					  "000g:03:00.0",
					  ".............."};
	struct sensor_target target = {0};
	struct err err = {0};
	struct bench b, other;
	void *card;
	size_t i;

	tree_navi();
	tree_arc();
	if (!begin(&b, &sensor_source_amdgpu, NAVI) || !begin(&other, &sensor_source_intel, ARC))
		return;
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(target.pci, sizeof target.pci, "%s", bad[i]);
		CHECK_ERR(b.from->match(b.ctx, &target, &card, &err), ERR_NODEV, &err);
		CHECK_PTR(card, NULL);
	}
	memset(target.pci, '0', sizeof target.pci);
	CHECK_ERR(b.from->match(b.ctx, &target, &card, &err), ERR_NODEV, &err);
	snprintf(target.pci, sizeof target.pci, "%s", ARC);
	CHECK_ERR(b.from->match(b.ctx, &target, &card, &err), ERR_NODEV, &err);
	snprintf(target.pci, sizeof target.pci, "%s", NAVI);
	CHECK_ERR(other.from->match(other.ctx, &target, &card, &err), ERR_NODEV, &err);
	CHECK_OK(b.from->match(b.ctx, &target, &card, &err), &err);
	CHECK_PTR(card, b.card);
	other.from->close(other.ctx);
	end(&b);
}

static void two_cards_of_one_driver_are_not_mixed_up(void)
{
	struct sensor_target target = {0};
	struct bench b;
	void *navi;

	tree_navi();
	tree_mi();
	if (!begin(&b, &sensor_source_amdgpu, NAVI))
		return;
	navi = b.card;
	snprintf(target.pci, sizeof target.pci, "%s", MI);
	CHECK_OK(b.from->match(b.ctx, &target, &b.card, &b.err), &b.err);
	look(&b);
	CHECK_INT(b.got.v[SENSOR_HOTSPOT_MC], 48000);
	b.card = navi;
	look(&b);
	CHECK_INT(b.got.v[SENSOR_HOTSPOT_MC], 74500);
	end(&b);
}

static void of_two_hwmons_of_a_name_the_lower_counts(void)
{
	static const unsigned order[][2] = {{3, 12}, {12, 3}};
	char name[300];
	struct bench b;
	unsigned i, k;

	for (i = 0; i < 2; i++) {
		tree_navi();
		tree_drop(NAVI_DEV "/hwmon");
		for (k = 0; k < 2; k++) {
			snprintf(name, sizeof name, NAVI_DEV "/hwmon/hwmon%u", order[i][k]);
			tree_navi_mon(name);
		}
		tree_put(NAVI_DEV "/hwmon/hwmon3/temp1_input", "33000\n");
		if (!begin(&b, &sensor_source_amdgpu, NAVI))
			return;
		look(&b);
		CHECK_INT(b.got.v[SENSOR_CORE_MC], 33000);
		end(&b);
	}
}

static void without_a_pci_bus_there_is_no_source(void)
{
	struct err err = {0};
	void *ctx;

	tree_drop("bus");
	CHECK_ERR(sensor_source_amdgpu.open(&ctx, &err), ERR_NODEV, &err);
	CHECK_PTR(ctx, NULL);
	tree_put("bus/pci/devices/x", "");
	tree_drop("bus/pci/devices/x");
}

/* ---- what changes underneath ---- */

static void a_driver_loaded_again_is_found_under_its_new_number(void)
{
	struct bench b;

	tree_navi();
	if (!begin(&b, &sensor_source_amdgpu, NAVI))
		return;
	look(&b);
	tree_drop(NAVI_MON);
	look(&b);
	CHECK(!sensor_has(&b.got, SENSOR_CORE_MC));
	CHECK(sensor_has(&b.got, SENSOR_BUSY_PERMILLE));
	tree_put(NAVI_DEV "/hwmon/hwmon2/name", "nvme\n");
	tree_put(NAVI_DEV "/hwmon/hwmon2/temp1_input", "11000\n");
	tree_navi_mon(NAVI_DEV "/hwmon/hwmon11");
	look(&b);
	CHECK_INT(b.got.v[SENSOR_CORE_MC], 61000);
	tree_put(NAVI_DEV "/hwmon/hwmon11/name", "nvme\n"); /* its number is another's now */
	tree_navi_mon(NAVI_MON);
	tree_put(NAVI_MON "/temp1_label", "mem\n");
	tree_put(NAVI_MON "/temp3_label", "edge\n");
	look(&b);
	CHECK_INT(b.got.v[SENSOR_CORE_MC], 82000);
	CHECK_INT(b.got.v[SENSOR_MEMORY_MC], 61000);
	end(&b);
}

static void a_card_off_the_bus_is_lost_until_it_is_back(void)
{
	struct bench b;

	tree_navi();
	if (!begin(&b, &sensor_source_amdgpu, NAVI))
		return;
	tree_bytes(NAVI_DEV "/config", "\xff\xff\xff\xff", 4);
	look(&b);
	CHECK_INT(b.got.lost, 1);
	CHECK_U64(b.got.known, 0);
	CHECK_ERR(set(&b, 150000, SENSOR_LEAVE), ERR_NODEV, &b.err);
	tree_drop(NAVI_DEV "/config");
	look(&b);
	CHECK_INT(b.got.lost, 0);
	tree_drop("bus/pci/devices/" NAVI);
	look(&b);
	CHECK_INT(b.got.lost, 1);
	CHECK_U64(b.got.known, 0);
	CHECK_ERR(set(&b, SENSOR_LEAVE, 500), ERR_NODEV, &b.err);
	CHECK_HAS(b.err.text, NAVI);
	tree_card(NAVI "x", "x/y/z", "amdgpu"); /* of no matter */
	tree_link("bus/pci/devices/" NAVI, "../../../" NAVI_DEV);
	look(&b);
	CHECK_INT(b.got.lost, 0);
	CHECK_INT(b.got.v[SENSOR_CORE_MC], 61000);
	tree_drop("x");
	end(&b);
}

int main(void)
{
	if (!tree_begin())
		T_SKIP_ALL("no directory for a tree");
	T_RUN(an_rx_6800_tells_everything_in_the_right_units);
	T_RUN(an_instinct_without_edge_has_no_core_temperature);
	T_RUN(a_root_port_of_the_card_s_maker_is_not_its_switch);
	T_RUN(an_old_card_without_labels_has_the_core_s_temperature);
	T_RUN(an_arc_under_xe_tells_its_switch_s_link_and_why_it_throttles);
	T_RUN(an_i915_card_is_read_from_its_own_hwmon_not_its_gt_s);
	T_RUN(intel_power_is_the_energy_between_two_looks);
	T_RUN(throttling_for_no_given_reason_is_told_as_such);
	T_RUN(gpu_metrics_of_another_version_say_nothing);
	T_RUN(a_card_is_matched_by_its_address_and_driver_only);
	T_RUN(two_cards_of_one_driver_are_not_mixed_up);
	T_RUN(of_two_hwmons_of_a_name_the_lower_counts);
	T_RUN(without_a_pci_bus_there_is_no_source);
	T_RUN(a_driver_loaded_again_is_found_under_its_new_number);
	T_RUN(a_card_off_the_bus_is_lost_until_it_is_back);
	tree_end();
	return t_done();
}
