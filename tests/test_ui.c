/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Status lines say what a person needs to know, once. */
#include <fcntl.h>
#include <math.h>
#include <unistd.h>

#include "src/log.h"
#include "src/ui.h"
#include "tests/t.h"

static char path[80];

static char *slurp(void)
{
	static char text[1 << 16];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static void start(void)
{
	const struct log_config config = {.level = LOG_NOTICE, .file = path, .quiet = true};
	struct err err = {0};

	unlink(path);
	CHECK_OK(log_setup(&config, &err), &err);
}

static void rates_have_a_fitting_unit(void)
{
	static const struct {
		double rate;
		const char *text;
	} cases[] = {
		{0, "0.00 H/s"},        {-1, "0.00 H/s"},         {NAN, "0.00 H/s"},
		{0.126, "0.13 H/s"},    {999.99, "999.99 H/s"},   {999.996, "1.00 kH/s"},
		{1000, "1.00 kH/s"},    {12345678, "12.35 MH/s"}, {9.87e9, "9.87 GH/s"},
		{1.5e13, "15.00 TH/s"}, {2e16, "20.00 PH/s"},     {3e18, "3.00 EH/s"},
		{4e21, "4000.00 EH/s"},
	};
	char text[24];
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK_STR(rate_print(text, sizeof text, cases[i].rate), cases[i].text);
}

static struct device_stats devices[] = {
	{.id = "cuda:0",
	 .state = DEVICE_MINING,
	 .rate_10s = 1.5e6,
	 .rate_60s = 1.4e6,
	 .rate_15m = 1.3e6,
	 .shares = {.accepted = 10, .rejected = 2, .stale = 3, .invalid = 4},
	 .temperature_c = 61,
	 .memory_c = 82,
	 .power_w = 181,
	 .fan_percent = 55,
	 .duty_permille = 800},
	{.id = "opencl:1",
	 .state = DEVICE_PREPARING,
	 .reason = "building kernels",
	 .permille = 425,
	 .temperature_c = STAT_UNKNOWN,
	 .memory_c = STAT_UNKNOWN,
	 .fan_percent = STAT_UNKNOWN,
	 .power_w = STAT_UNKNOWN,
	 .limit_w = STAT_UNKNOWN},
	{.id = "sim:2",
	 .state = DEVICE_PARKED,
	 .reason = "wrong results",
	 .shares = {.lost = 5},
	 .restarts = 7,
	 .temperature_c = STAT_UNKNOWN,
	 .memory_c = STAT_UNKNOWN,
	 .fan_percent = STAT_UNKNOWN,
	 .power_w = STAT_UNKNOWN,
	 .limit_w = STAT_UNKNOWN},
};
static const struct rig_stats rig = {
	.algo = "algo",
	.pool = "stratum+tcp://pool:1",
	.pool_state = "connected",
	.difficulty = 512,
	.best_difficulty = 123456,
	.uptime_ms = 3723000,
	.rate_10s = 1.5e6,
	.shares = {.accepted = 10, .rejected = 2, .stale = 3, .invalid = 4, .lost = 5},
	.reasons = {{.text = "job not found", .count = 2}},
	.n_reasons = 1,
	.latency_ms = 12.34,
	.devices = devices,
	.n_devices = 3,
};

static void status_is_a_line_a_device_and_a_total(void)
{
	char *text;

	start();
	ui_status(&rig);
	text = slurp();
	CHECK_HAS(text, " device cuda:0 mining: 1.50 MH/s (60 s 1.40 MH/s, 15 min 1.30 MH/s), "
			"A 10 R 2 S 3 I 4, 61 C, memory 82 C, 181 W, fan 55 %, held at 80 %\n");
	CHECK_HAS(text, " device opencl:1 preparing (building kernels 42 %): 0.00 H/s");
	CHECK_HAS(text, " device sim:2 parked (wrong results): 0.00 H/s (60 s 0.00 H/s, 15 min "
			"0.00 H/s), A 0 R 0 S 0 I 0 L 5\n");
	CHECK_HAS(text, " miner  total algo: 1.50 MH/s");
	CHECK_HAS(text, "A 10 R 2 S 3 I 4 L 5, connected to stratum+tcp://pool:1, difficulty 512, "
			"best share 123456\n");
}

static void summary_counts_everything_once(void)
{
	char *text;

	start();
	ui_summary(&rig);
	text = slurp();
	CHECK_HAS(text, "2 rejected: job not found\n");
	CHECK_HAS(text, "mined algo for 1 h 02 min 03 s");
	CHECK_HAS(text, "24 shares: 10 accepted, 2 rejected, 3 stale, 4 invalid, 5 lost");
	CHECK_HAS(text, "sim:2: 0.00 H/s on average, A 0 R 0 S 0 I 0 L 5, restarts 7, parked: "
			"wrong results\n");
	CHECK_HAS(text, "12.3 ms");
}

static void long_steps_say_how_far_they_are(void)
{
	struct device_stats d = {
		.id = "sim:0", .state = DEVICE_PREPARING, .reason = "building kernels"};
	struct ui_step step = {0};
	int64_t now;
	char *text;

	start();
	for (now = 1000; now <= 16000; now += 1000)
		ui_step(&step, &d, now);
	snprintf(d.reason, sizeof d.reason, "generating the dataset");
	for (; now <= 30000; now += 1000) {
		d.permille = (uint32_t)now / 100;
		d.left_s = (uint32_t)(100 - now / 1000);
		ui_step(&step, &d, now);
	}
	d.state = DEVICE_MINING;
	ui_step(&step, &d, now + 60000);
	d.state = DEVICE_PREPARING;
	ui_step(&step, &d, now + 61000); /* anew: not at once */
	text = slurp();
	CHECK_HAS(text, "sim:0: building kernels for 3 s\n");
	CHECK_HAS(text, "sim:0: building kernels for 13 s\n");
	CHECK_HAS(text, "sim:0: generating the dataset: 20 %, 1 min 20 s left\n");
	CHECK_HAS(text, "sim:0: generating the dataset: 30 %, 1 min 10 s left\n");
	CHECK_LACKS(text, "for 4 s");
	CHECK_LACKS(text, ": 21 %");
	CHECK_LACKS(text, "31 %");
}

static void a_device_that_left_is_not_starting(void)
{
	struct device_stats gone[] = {{.id = "sim:0", .state = DEVICE_STOPPED},
				      {.id = "sim:1", .state = DEVICE_STOPPING}};
	const struct rig_stats stats = {.algo = "algo", .devices = gone, .n_devices = 2};
	char *text;

	start();
	ui_legend();
	ui_status(&stats);
	text = slurp();
	CHECK_HAS(text, "A accepted, R rejected, S stale, I invalid (wrong, not sent), L lost\n");
	CHECK_HAS(text, " device sim:0 stopped: ");
	CHECK_HAS(text, " device sim:1 stopping: ");
}

int main(void)
{
	const char *base = getenv("TMPDIR");
	int fd;

	snprintf(path, sizeof path, "%s/adit-ui.XXXXXX", base && strlen(base) < 40 ? base : "/tmp");
	fd = mkstemp(path);
	if (fd < 0)
		T_GIVE_UP("no scratch file");
	close(fd);
	T_RUN(rates_have_a_fitting_unit);
	T_RUN(status_is_a_line_a_device_and_a_total);
	T_RUN(summary_counts_everything_once);
	T_RUN(long_steps_say_how_far_they_are);
	T_RUN(a_device_that_left_is_not_starting);
	log_done();
	unlink(path);
	return t_done();
}
