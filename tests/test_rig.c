/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Choosing devices by name, and what a probe's answer may do to us. */
#include "src/probe.h"
#include "src/rig.h"
#include "tests/t.h"

/* As rig_probe() lists them: an NVIDIA card under both drivers, an AMD card, a CPU. */
static const struct rig_list rig = {
	.n = 4,
	.dev =
		{
			{.backend = "cuda", .pci = "0000:01:00.0", .name = "N"},
			{.backend = "opencl", .index = 1, .pci = "0000:01:00.0", .name = "N"},
			{.backend = "opencl", .pci = "0000:0a:00.0", .name = "A"},
			{.backend = "opencl", .index = 2, .name = "C", .cpu = 1},
		},
	.n_notes = 1,
	.notes = {"cuda: no driver"},
};

static const char *join(const struct rig_list *l)
{
	static char text[512];
	size_t at = 0;
	unsigned i;

	text[0] = '\0';
	for (i = 0; i < l->n; i++) {
		char id[32];

		at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", i ? " " : "",
				       rig_id(id, sizeof id, &l->dev[i]));
	}
	return text;
}

static void names_choose_devices(void)
{
	static const struct {
		const char *spec, *want;
	} rows[] = {
		{NULL, "cuda:0 opencl:0"},
		{"cuda:0", "cuda:0"},
		{"opencl:1", "opencl:1"},
		{"opencl", "opencl:1 opencl:0 opencl:2"},
		{"0", "cuda:0"},
		{"3,2", "opencl:2 opencl:0"},
		{"01:00.0", "cuda:0"},
		{"0000:0A:00.0", "opencl:0"},
		{"cpu", "cpu:0"},
		{"cpu:0,cuda:0", "cpu:0 cuda:0"},
		{"sim:3", "sim:0 sim:1 sim:2"},
		{"sim", "sim:0"},
		{"opencl:2,sim:1", "opencl:2 sim:0"},
	};
	unsigned i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct rig_list got = {.n = 0};
		struct err err = {0};

		CHECK_OK(rig_pick(&got, &rig, rows[i].spec, &err), &err);
		CHECK_STR(join(&got), rows[i].want);
	}
}

static void bad_names_say_what_to_do(void)
{
	static const struct {
		const char *spec;
		int code;
		const char *says;
	} rows[] = {
		{"cuda:1", ERR_NODEV, "1 cuda device found"},
		{"cuda:0,cuda:0", ERR_RANGE, "twice"},
		{"cuda:0,opencl:1", ERR_RANGE, "0000:01:00.0"},
		{"0,01:00.0", ERR_RANGE, "twice"},
		{"4", ERR_NODEV, "lists 4"},
		{"99999999999999999999", ERR_NODEV, "number"},
		{"02:00.0", ERR_NODEV, "02:00.0"},
		{"00.0", ERR_NODEV, "00.0"},
		{"vulkan:0", ERR_NODEV, "opencl:0"},
		{"cpu:1", ERR_NODEV, "cpu"},
		{"cuda:x", ERR_RANGE, "cuda:0"},
		{"sim:0", ERR_RANGE, "1 to 64"},
		{"sim:65", ERR_RANGE, "1 to 64"},
		{"sim:2,sim:2", ERR_RANGE, "twice"},
		{"", ERR_NODEV, "empty"},
		{"cuda:0,", ERR_NODEV, "empty"},
		{",", ERR_NODEV, "empty"},
	};
	struct rig_list got = {.n = 77};
	unsigned i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct err err = {0};

		if (!CHECK_ERR(rig_pick(&got, &rig, rows[i].spec, &err), rows[i].code, &err))
			printf("\tspec '%s'\n", rows[i].spec);
		CHECK_HAS(err.text, rows[i].says);
	}
	CHECK_INT(got.n, 77);
}

static void cpu_devices_are_the_last_resort(void)
{
	struct rig_list all = {.n = 2}, got = {.n = 0};
	struct err err = {0};

	all.dev[0] = rig.dev[3];
	all.dev[1] = rig.dev[3];
	all.dev[1].index = 3;
	CHECK_OK(rig_pick(&got, &all, NULL, &err), &err);
	CHECK_STR(join(&got), "opencl:2");
	all.n = 0;
	all.n_notes = 1;
	snprintf(all.notes[0], sizeof all.notes[0], "cuda: no driver");
	CHECK_ERR(rig_pick(&got, &all, NULL, &err), ERR_NODEV, &err);
	CHECK_HAS(err.text, "no driver");
}

static void same_card_without_address_is_chosen_once(void)
{
	struct rig_list all = {.n = 2}, got = {.n = 0};
	struct err err = {0};

	all.dev[0] = rig.dev[0];
	all.dev[1] = rig.dev[1];
	all.dev[1].pci[0] = '\0';
	CHECK_OK(rig_pick(&got, &all, NULL, &err), &err);
	CHECK_STR(join(&got), "cuda:0");
}

static void device_facts_survive_json(void)
{
	struct device_info d = {.backend = "opencl",
				.index = 3,
				.pci = "0000:0a:00.0",
				.uuid = "u",
				.name = "A \"card\"",
				.vendor = "V",
				.driver = "1.2",
				.mem_total = 24ull << 30,
				.mem_free = 23ull << 30,
				.mem_alloc = 6ull << 30,
				.units = 60,
				.clock_mhz = 2000,
				.lanes = 16,
				.group_max = 1024,
				.cpu = 1,
				.arch = 90};
	struct device_info back;
	json_t *o = probe_to_json(&d);

	memset(&back, 0xff, sizeof back);
	CHECK_INT(probe_from_json(&back, o), 0);
	CHECK_STR(back.name, d.name);
	CHECK_STR(back.driver, d.driver);
	CHECK_STR(back.pci, d.pci);
	CHECK_U64(back.mem_total, d.mem_total);
	CHECK_U64(back.mem_alloc, d.mem_alloc);
	CHECK_U64(back.index, 3);
	CHECK_U64(back.lanes, 16);
	CHECK_U64(back.arch, 90);
	json_decref(o);
}

static void hostile_answers_are_refused_or_cleaned(void)
{
	const struct device_info d = {.backend = "opencl", .name = "x"};
	struct device_info back;
	char name[300];
	json_t *o = probe_to_json(&d);

	memset(name, 'A', sizeof name);
	name[sizeof name - 1] = '\0';
	name[0] = '\033';
	json_object_set_new(o, "name", json_string(name));
	CHECK_INT(probe_from_json(&back, o), 0);
	CHECK_U64(strlen(back.name), sizeof back.name - 1);
	CHECK_INT(back.name[0], '?');
	json_object_set_new(o, "units", json_integer(-1));
	CHECK_INT(probe_from_json(&back, o), -ERR_PARSE);
	json_object_set_new(o, "units", json_integer(1ll << 32));
	CHECK_INT(probe_from_json(&back, o), -ERR_PARSE);
	json_object_set_new(o, "units", json_string("4"));
	CHECK_INT(probe_from_json(&back, o), -ERR_PARSE);
	json_object_set_new(o, "units", json_integer(4));
	CHECK_INT(probe_from_json(&back, o), 0);
	json_object_del(o, "pci");
	CHECK_INT(probe_from_json(&back, o), -ERR_PARSE);
	json_decref(o);
	CHECK_INT(probe_from_json(&back, NULL), -ERR_PARSE);
}

int main(void)
{
	T_RUN(names_choose_devices);
	T_RUN(bad_names_say_what_to_do);
	T_RUN(cpu_devices_are_the_last_resort);
	T_RUN(same_card_without_address_is_chosen_once);
	T_RUN(device_facts_survive_json);
	T_RUN(hostile_answers_are_refused_or_cleaned);
	return t_done();
}
