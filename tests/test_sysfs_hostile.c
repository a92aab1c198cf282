/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sysfs written by an enemy: no file of it is believed, none stops the reader.  nftw() is XSI. */
#define _GNU_SOURCE 1
#include "tests/sysfs_cards.h"

/* One file and the field it alone feeds. */
static const struct {
	const char *file;
	enum sensor_field field;
} fed[] = {
	{NAVI_MON "/temp1_input", SENSOR_CORE_MC},
	{NAVI_MON "/temp2_input", SENSOR_HOTSPOT_MC},
	{NAVI_MON "/temp3_input", SENSOR_MEMORY_MC},
	{NAVI_MON "/fan1_input", SENSOR_FAN_RPM},
	{NAVI_MON "/pwm1", SENSOR_FAN_PERMILLE},
	{NAVI_MON "/power1_average", SENSOR_POWER_MW},
	{NAVI_MON "/power1_cap", SENSOR_LIMIT_MW},
	{NAVI_MON "/power1_cap_min", SENSOR_LIMIT_MIN_MW},
	{NAVI_MON "/power1_cap_max", SENSOR_LIMIT_MAX_MW},
	{NAVI_MON "/power1_cap_default", SENSOR_LIMIT_DEFAULT_MW},
	{NAVI_MON "/freq1_input", SENSOR_CORE_MHZ},
	{NAVI_MON "/freq2_input", SENSOR_MEMORY_MHZ},
	{NAVI_MON "/name", SENSOR_CORE_MC},
	{NAVI_DEV "/gpu_metrics", SENSOR_THROTTLE},
	{NAVI_DEV "/gpu_busy_percent", SENSOR_BUSY_PERMILLE},
	{NAVI_DEV "/mem_info_vram_used", SENSOR_MEM_USED},
	{NAVI_DEV "/mem_info_vram_total", SENSOR_MEM_FREE},
	{NAVI_UP "/current_link_speed", SENSOR_PCIE_GEN},
	{NAVI_UP "/current_link_width", SENSOR_PCIE_LANES},
};

#define HOSTILE 20

/* *pipe_end is to be closed after the look, where it is not -1. */
static void make_hostile(const char *file, unsigned how, int *pipe_end)
{
	static const char *const texts[] = {"",
					    "\n",
					    "-70000000000\n",
					    "61000x\n",
					    " 61000\n",
					    "0x10\n",
					    "1e3\n",
					    "99999999999999999999\n",
					    "4294967295000000000\n",
					    "61\n000\n",
					    "nan\n",
					    "unknown\n"};
	char huge[100000], name[512] = "";

	*pipe_end = -1;
	tree_drop(file);
	if (how < sizeof texts / sizeof *texts) {
		tree_put(file, texts[how]);
		return;
	}
	switch (how - sizeof texts / sizeof *texts) {
	case 0:
		memset(huge, '1', sizeof huge);
		tree_bytes(file, huge, sizeof huge);
		break;
	case 1:
		tree_bytes(file,
			   "10\0"
			   "00\n",
			   6);
		break;
	case 2:
		snprintf(name, sizeof name, "%s/x", file);
		tree_put(name, "1");
		break;
	case 3:
		snprintf(name, sizeof name, "%s", tree_path(file));
		tree_link(file, name);
		break;
	case 4:
		tree_link(file, "/nonexistent/file");
		break;
	case 5: /* with nobody to write into it */
	case 6: /* with something in it */
		if (mkfifo(tree_path(file), 0644))
			CHECK(!"mkfifo");
		if (how == HOSTILE - 2)
			*pipe_end = open(tree_path(file), O_RDWR | O_NONBLOCK);
		if (*pipe_end >= 0)
			CHECK_INT(write(*pipe_end, "10\n", 3), 3);
		break;
	default: /* missing */
		break;
	}
}

/* Each way for one file, which is put back at the end. */
static void check_hostile(struct bench *b, const char *file, enum sensor_field field, uint64_t all)
{
	uint64_t bit = (uint64_t)1 << field;
	uint8_t was[256];
	unsigned how;
	int pipe_end;
	size_t len;
	FILE *f;

	f = fopen(tree_path(file), "rb");
	len = f ? fread(was, 1, sizeof was, f) : 0;
	if (f)
		fclose(f);
	CHECK(len > 0 && (all & bit));
	for (how = 0; how < HOSTILE; how++) {
		make_hostile(file, how, &pipe_end);
		look(b);
		close(pipe_end);
		if (!CHECK(!sensor_has(&b->got, field)) || !CHECK(!b->got.lost))
			printf("\t%s, way %u\n", file, how);
	}
	tree_drop(file);
	tree_bytes(file, was, len);
	look(b);
	CHECK_U64(b->got.known, all);
}

static void hostile_contents_leave_their_field_unknown(void)
{
	struct bench b;
	uint64_t all;
	unsigned i;

	tree_navi();
	if (!begin(&b, &sensor_source_amdgpu, NAVI) || !look(&b))
		return;
	all = b.got.known;
	for (i = 0; i < sizeof fed / sizeof *fed; i++)
		check_hostile(&b, fed[i].file, fed[i].field, all);
	end(&b);
}

/* An edge whose label is broken is not the core; one that has no label is, as of old. */
static void hostile_labels_leave_their_temperature_unknown(void)
{
	struct bench b;
	unsigned how;
	int pipe_end;

	tree_navi();
	if (!begin(&b, &sensor_source_amdgpu, NAVI))
		return;
	for (how = 0; how < HOSTILE; how++) {
		make_hostile(NAVI_MON "/temp2_label", how, &pipe_end);
		((struct hwmon_card *)b.card)->found = false; /* labels are read when it is found */
		look(&b);
		close(pipe_end);
		CHECK(!sensor_has(&b.got, SENSOR_HOTSPOT_MC));
		CHECK(sensor_has(&b.got, SENSOR_CORE_MC));
	}
	for (how = 0; how < HOSTILE; how++) {
		make_hostile(NAVI_MON "/temp1_label", how, &pipe_end);
		((struct hwmon_card *)b.card)->found = false;
		look(&b);
		close(pipe_end);
		CHECK_INT(sensor_has(&b.got, SENSOR_CORE_MC), how == HOSTILE - 1);
	}
	end(&b);
}

static void hostile_error_counts_are_no_counts(void)
{
	static const char *const bad[] = {
		"ue: 1",      "ce: 1",         "ue: x\nce: 1",          "ue: 1\nce: -1",
		"ue:1\nce:1", "ue: 1\nce: 1 ", "ue: 99999999999\nce: 1"};
	struct bench b;
	size_t i;

	tree_navi();
	if (!begin(&b, &sensor_source_amdgpu, NAVI))
		return;
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		tree_put(NAVI_DEV "/ras/umc_err_count", bad[i]);
		look(&b);
		CHECK_INT(b.got.v[SENSOR_ECC_UNCORRECTED], 1); /* the other block's */
		CHECK_INT(b.got.v[SENSOR_ECC_CORRECTED], 2);
	}
	end(&b);
}

/* Everything that is a card's, garbage at once; the links too. */
static void a_directory_of_nonsense_is_read_as_nothing(void)
{
	struct bench b;

	tree_navi();
	if (!begin(&b, &sensor_source_amdgpu, NAVI))
		return;
	tree_drop(NAVI_DEV);
	tree_put(NAVI_DEV "/hwmon", "x");
	tree_link(NAVI_DEV "/gpu_metrics", "gpu_metrics");
	tree_put(NAVI_DEV "/config", "");
	tree_put(NAVI_DEV "/ras", "");
	look(&b);
	CHECK_U64(b.got.known, 0);
	CHECK_INT(b.got.lost, 0);
	CHECK_ERR(set(&b, 150000, SENSOR_LEAVE), ERR_DEVICE, &b.err);
	end(&b);
}

/* Bytes are only those of a file: what a pipe says does not put a card off the bus. */
static void a_pipe_is_never_believed(void)
{
	struct bench b;
	int fd;

	tree_navi();
	if (!begin(&b, &sensor_source_amdgpu, NAVI))
		return;
	tree_drop(NAVI_DEV "/config");
	CHECK_INT(mkfifo(tree_path(NAVI_DEV "/config"), 0644), 0);
	fd = open(tree_path(NAVI_DEV "/config"), O_RDWR | O_NONBLOCK);
	CHECK_INT(write(fd, "\xff\xff\xff\xff", 4), 4);
	look(&b);
	CHECK_INT(b.got.lost, 0);
	close(fd);
	end(&b);
}

int main(void)
{
	if (!tree_begin())
		T_SKIP_ALL("no directory for a tree");
	T_RUN(hostile_contents_leave_their_field_unknown);
	T_RUN(hostile_labels_leave_their_temperature_unknown);
	T_RUN(hostile_error_counts_are_no_counts);
	T_RUN(a_pipe_is_never_believed);
	T_RUN(a_directory_of_nonsense_is_read_as_nothing);
	tree_end();
	return t_done();
}
