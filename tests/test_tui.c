/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Screens, drawn into grids and compared with tests/golden/tui_*.txt, and what rigs may say to
 * adit top.  After a change that is meant: ADIT_GOLDEN=write tests/test_tui, and read the diff.
 */
#include <time.h>

#include "src/keys.h"
#include "src/log.h"
#include "src/stats.h"
#include "src/top.h"
#include "src/tui_devices.h"
#include "src/tui_draw.h"
#include "tests/t.h"

/* ---- a rig ---- */

#define DEVICES 32

static struct device_stats devices[DEVICES];
static struct pool_status pools[3];
static struct rig_stats rig;
static struct tui_log *lines;

static void describe(struct device_stats *d, unsigned i)
{
	memset(d, 0, sizeof *d);
	device_stats_unknown(d);
	snprintf(d->id, sizeof d->id, "cuda:%u", i);
	snprintf(d->name, sizeof d->name, "Example RTX %u", 3060 + 10 * i);
	d->state = DEVICE_MINING;
	d->rate_10s = 30.1e6 + i;
	d->rate_60s = 30.2e6;
	d->rate_15m = 29.9e6;
	d->shares.accepted = 1000 + i;
	d->temperature_c = 60 + (int)i % 20;
	d->memory_c = 80 + (int)i % 20;
	d->fan_percent = 55;
	d->power_w = 181;
}

static void be_one_of_each(void)
{
	devices[1].state = DEVICE_PREPARING;
	snprintf(devices[1].reason, sizeof devices[1].reason, "generating the dataset");
	devices[1].permille = 425;
	devices[1].left_s = 72;
	devices[2].state = DEVICE_PARKED;
	snprintf(devices[2].reason, sizeof devices[2].reason,
		 "wrong results: 3 of the last 20 were not what the CPU says, see the log");
	devices[2].shares.invalid = 3;
	devices[3].state = DEVICE_PAUSED;
	snprintf(devices[3].reason, sizeof devices[3].reason, "by key");
	devices[4].duty_permille = 800;
	devices[4].shares.rejected = 12;
}

static void set_up(unsigned n_devices)
{
	unsigned i;

	for (i = 0; i < DEVICES; i++)
		describe(&devices[i], i);
	if (n_devices > 4)
		be_one_of_each();
	rig = (struct rig_stats){
		.algo = "examplehash",
		.pool = "stratum+ssl://pool.example:3333",
		.pool_state = "connected",
		.difficulty = 4294967296,
		.best_difficulty = 1.5e12,
		.height = 4646000,
		.jobs = 123,
		.blocks = 1,
		.uptime_ms = 93784000,
		.rate_10s = 123.4e6,
		.rate_60s = 122.2e6,
		.rate_15m = 121.1e6,
		.shares = {.accepted = 12345, .rejected = 12, .stale = 3, .invalid = 3, .lost = 1},
		.reasons = {{.text = "job not found", .count = 7}, {.text = "low", .count = 5}},
		.n_reasons = 2,
		.latency_ms = 41.25,
		.turnaround_ms = 0.3,
		.submit_ms = -1,
		.devices = devices,
		.n_devices = n_devices,
	};
	memset(pools, 0, sizeof pools);
	snprintf(pools[0].url, sizeof pools[0].url, "stratum+ssl://pool.example:3333");
	pools[0].state = POOL_ACTIVE;
	pools[0].difficulty = 4294967296;
	pools[0].jobs = 123;
	snprintf(pools[1].url, sizeof pools[1].url, "stratum+tcp://spare.example:4444");
	pools[1].state = POOL_DOWN;
	snprintf(pools[1].last_error, sizeof pools[1].last_error, "connection refused");
	pools[2] = pools[1];
	pools[2].state = POOL_DISABLED;
}

static void log_some(unsigned n)
{
	char text[80];
	unsigned i;

	tui_log_free(lines);
	lines = tui_log_new();
	for (i = 0; i < n; i++) {
		snprintf(text, sizeof text, "12:00:%02u.000 info  share  accepted: line %u", i % 60,
			 i);
		tui_log_add(lines, i % 7 == 6 ? LOG_WARN : LOG_NOTICE, text);
	}
}

/* ---- comparing ---- */

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = calloc(1, 1 << 17);
	size_t n = f && text ? fread(text, 1, (1 << 17) - 1, f) : 0;

	if (f)
		fclose(f);
	if (text)
		text[n] = '\0';
	return text;
}

static void compare(const char *got, const char *name)
{
	const char *top = getenv("top_srcdir"), *mode = getenv("ADIT_GOLDEN");
	char path[512], *want;
	FILE *f;

	snprintf(path, sizeof path, "%s/tests/golden/tui_%s.txt", top ? top : ".", name);
	if (mode && !strcmp(mode, "write") && (f = fopen(path, "w"))) {
		fputs(got, f);
		fclose(f);
	}
	want = slurp(path);
	CHECK_STR(got, want);
	free(want);
}

static char *draw(unsigned rows, unsigned cols, bool utf8, unsigned n_pools, struct tui_place *at)
{
	const struct tui_view view = {.version = "0.1.0",
				      .rig = &rig,
				      .pools = pools,
				      .n_pools = n_pools,
				      .active_pool = n_pools ? 0 : -1,
				      .log = lines};
	struct tui_grid g = {.utf8 = utf8};
	char *text;

	tui_grid_size(&g, rows, cols);
	tui_draw(&g, &view, at);
	text = tui_grid_text(&g);
	tui_grid_done(&g);
	return text;
}

static void check_screen(const char *name, unsigned rows, unsigned cols, bool utf8,
			 unsigned n_pools, struct tui_place *at)
{
	struct tui_place plain = {0};
	char *text = draw(rows, cols, utf8, n_pools, at ? at : &plain);

	compare(text, name);
	free(text);
}

/* ---- claims: the rig's screen ---- */

static void screens_of_usual_sizes_are_these(void)
{
	set_up(5);
	log_some(30);
	check_screen("80x24", 24, 80, false, 2, NULL);
	check_screen("120x40", 40, 120, true, 2, NULL);
	check_screen("100x30", 30, 100, true, 1, NULL);
	check_screen("40x10", 10, 40, false, 2, NULL);
}

static void more_devices_than_rows_are_counted(void)
{
	struct tui_place at = {.devices = true, .first_device = 1000};

	set_up(32);
	log_some(5);
	check_screen("32_devices", 24, 100, false, 1, NULL);
	check_screen("32_devices_end", 24, 100, false, 1, &at);
	CHECK_INT(at.first_device, 32 - (at.page_rows));
}

static void a_rig_without_pool_or_figures_is_drawn(void)
{
	set_up(1);
	log_some(0);
	device_stats_unknown(&devices[0]);
	rig.latency_ms = -1;
	rig.pool[0] = '\0';
	snprintf(rig.pool_state, sizeof rig.pool_state, "no pool");
	rig.difficulty = rig.best_difficulty = 0;
	memset(&rig.shares, 0, sizeof rig.shares);
	check_screen("no_pool", 24, 80, false, 0, NULL);
}

static void shares_and_help_are_pages(void)
{
	struct tui_place at = {.page = TUI_PAGE_SHARES};

	set_up(5);
	devices[0].share_rate = 30e6;
	devices[0].share_low = 28e6;
	devices[0].share_high = 32e6;
	check_screen("shares", 24, 100, false, 2, &at);
	at = (struct tui_place){.help = true};
	check_screen("help", 24, 80, false, 2, &at);
	check_screen("help_small", 6, 30, false, 2, &at);
}

/* Names, reasons and log lines come from drivers and pools. */
static void nothing_foreign_reaches_the_terminal(void)
{
	struct tui_place at = {0};
	const char *p;
	char *text;

	set_up(5);
	log_some(3);
	snprintf(devices[0].name, sizeof devices[0].name,
		 "\033[2J\033]0;owned\007 \x9b\x31m \xff\xfe");
	snprintf(devices[2].reason, sizeof devices[2].reason,
		 "a\nb\r\tc \xe2\x80\xae \xf0\x9f\x92\xa9");
	snprintf(pools[1].last_error, sizeof pools[1].last_error,
		 "\033[31mred \xe4\xbd\xa0 \xc3\xa4");
	snprintf(rig.pool, sizeof rig.pool, "%0300d", 7);
	tui_log_add(lines, LOG_ERROR, "\033[1;1Hfrom the log \xcc\x81 \xc2\x85");
	text = draw(30, 132, true, 2, &at);
	for (p = text; *p; p++)
		if ((unsigned char)*p < 0x20 && *p != '\n')
			break;
	CHECK(!*p);
	CHECK_LACKS(text, "\x9b");
	CHECK_LACKS(text, "\xe2\x80\xae");
	CHECK_HAS(text, "\xc3\xa4");
	compare(text, "hostile");
	free(text);
	text = draw(30, 132, false, 2, &at);
	for (p = text; *p; p++)
		if ((unsigned char)*p >= 0x7f)
			break;
	CHECK(!*p);
	free(text);
}

static void every_size_is_drawn(void)
{
	struct tui_place at = {0}, pages = {.page = TUI_PAGE_SHARES, .help = true};
	unsigned rows, cols;

	set_up(7);
	log_some(100);
	for (rows = 1; rows < 60; rows += 1 + rows / 20)
		for (cols = 1; cols < 200; cols += 1 + cols / 10) {
			at.log_back = rows * cols;
			at.devices = cols % 2;
			at.first_device = cols;
			free(draw(rows, cols, cols % 3 == 0, rows % 4, &at));
			free(draw(rows, cols, cols % 3 == 0, rows % 4, &pages));
		}
	free(draw(100000, 100000, true, 3, &at));
	CHECK(at.log_back <= 100);
}

static void who_reads_old_lines_goes_on_reading_them(void)
{
	struct tui_place at = {0};
	char *text;

	set_up(1);
	log_some(40);
	free(draw(24, 80, false, 1, &at));
	CHECK(tui_move(&at, KEYS_HOME));
	text = draw(24, 80, false, 1, &at);
	CHECK_HAS(text, "accepted: line 0\n");
	free(text);
	tui_log_add(lines, LOG_NOTICE, "a new line");
	text = draw(24, 80, false, 1, &at);
	CHECK_HAS(text, "accepted: line 0\n");
	CHECK_LACKS(text, "a new line");
	free(text);
	CHECK(tui_move(&at, KEYS_DOWN));
	text = draw(24, 80, false, 1, &at);
	CHECK_LACKS(text, "accepted: line 0\n");
	free(text);
	CHECK(tui_move(&at, KEYS_END));
	text = draw(24, 80, false, 1, &at);
	CHECK_HAS(text, "a new line");
	free(text);
	CHECK(!tui_move(&at, 'x'));
}

static void the_log_keeps_the_last_lines(void)
{
	struct tui_log_line line;

	log_some(TUI_LOG_LINES + 10);
	CHECK_INT(tui_log_count(lines), TUI_LOG_LINES);
	CHECK(tui_log_get(lines, 0, &line));
	CHECK_HAS(line.text, "line 509");
	CHECK(tui_log_get(lines, TUI_LOG_LINES - 1, &line));
	CHECK_HAS(line.text, "line 10");
	CHECK(!tui_log_get(lines, TUI_LOG_LINES, &line));
}

static void figures_for_people_are_short(void)
{
	static const struct {
		uint64_t n;
		const char *text;
	} counts[] = {{0, "0"},
		      {999999, "999999"},
		      {1000000, "1M"},
		      {1234567, "1.23M"},
		      {999499999, "999M"},
		      {999600000, "1G"},
		      {UINT64_MAX, "18.4E"}};
	static const struct {
		int64_t s;
		const char *text;
	} times[] = {{-5, "0 s"},           {59, "59 s"},         {60, "1 min 00 s"},
		     {3599, "59 min 59 s"}, {3600, "1 h 00 min"}, {90061, "1 d 01 h"}};
	char out[32];
	size_t i;

	for (i = 0; i < sizeof counts / sizeof counts[0]; i++)
		CHECK_STR(tui_count(out, sizeof out, counts[i].n), counts[i].text);
	for (i = 0; i < sizeof times / sizeof times[0]; i++)
		CHECK_STR(tui_duration(out, sizeof out, times[i].s), times[i].text);
}

/* ---- claims: adit top ---- */

#define SUMMARY                                                                                    \
 "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"version\":\"0.1.0\",\"algo\":\"examplehash\","       \
 "\"started_ms\":1,\"uptime_s\":93784,\"paused\":false,\"pool\":{\"index\":0,\"url\":"             \
 "\"stratum+tcp://p.example:1\"},\"pool_state\":\"connected\",\"difficulty\":512.5,\"height\":7,"  \
 "\"rate\":{\"10s\":61.5e6,\"60s\":60e6,\"15m\":59e6},\"shares\":{\"accepted\":10,"                \
 "\"rejected\":1,\"stale\":2,\"invalid\":0,\"lost\":0},\"latency_ms\":12.5}}"
#define DEVICE_LIST                                                                                \
 "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":[{\"index\":0,\"id\":\"cuda:0\",\"name\":\"Card\","     \
 "\"state\":\"mining\",\"rate\":{\"10s\":61.5e6,\"60s\":60e6,\"15m\":59e6},\"sensors\":"           \
 "{\"temperature_c\":61,\"power_w\":181,\"fan_percent\":null}},{\"index\":1,\"id\":\"cuda:1\","    \
 "\"state\":\"preparing\",\"reason\":\"building kernels\",\"progress\":0.5,\"left_s\":30}]}"
#define EVENT_LIST                                                                                 \
 "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":[{\"id\":5,\"at_ms\":3600000,\"device\":\"cuda:1\","    \
 "\"name\":\"hang\",\"severity\":\"error\",\"text\":\"no batch for 30 s\"},{\"id\":6,\"at_ms\":"   \
 "3601000,\"device\":\"cuda:0\",\"name\":\"share\",\"severity\":\"info\",\"text\":\"accepted\"}]}"
#define ANSWER "[" DEVICE_LIST "," SUMMARY "," EVENT_LIST "]"

static int read_text(struct top_rig *r, const char *text, struct err *err)
{
	return top_read(r, text, strlen(text), lines, err);
}

static void an_answer_becomes_a_rig(void)
{
	struct top_rig r = {.name = "rig", .state = TOP_UP};
	struct tui_log_line line;
	struct err err = {0};
	char ask[400];

	log_some(0);
	if (!CHECK_OK(read_text(&r, ANSWER, &err), &err))
		return;
	CHECK_STR(r.stats.algo, "examplehash");
	CHECK_STR(r.stats.pool, "stratum+tcp://p.example:1");
	CHECK_NEAR(r.stats.rate_10s, 61.5e6, 1);
	CHECK_INT((int64_t)r.stats.shares.accepted, 10);
	CHECK_INT(r.stats.n_devices, 2);
	CHECK_INT(r.stats.devices[0].temperature_c, 61);
	CHECK_INT(r.stats.devices[0].fan_percent, STAT_UNKNOWN);
	CHECK_INT(r.stats.devices[1].state, DEVICE_PREPARING);
	CHECK_INT(r.stats.devices[1].permille, 500);
	CHECK_INT(top_mining(&r), 1);
	CHECK(!top_is_well(&r));
	CHECK_INT(tui_log_count(lines), 1);
	CHECK(tui_log_get(lines, 0, &line));
	CHECK_STR(line.text, "01:00:00 rig cuda:1 hang: no batch for 30 s");
	CHECK_HAS(top_ask(ask, sizeof ask, &r), "\"params\":[6]");
	CHECK_OK(read_text(&r, ANSWER, &err), &err); /* the same events are no news */
	CHECK_INT(tui_log_count(lines), 1);
	top_rig_done(&r);
}

static void an_answer_that_is_none_changes_nothing(void)
{
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"null",
		"\"x\"",
		"[[]]",
		"[null,1,\"x\"]",
		"[" SUMMARY "]",
		"[" DEVICE_LIST "]",
		"{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32001,\"message\":\"no\"}}",
		"[{\"id\":1,\"error\":{\"message\":3}},{\"id\":2,\"error\":[]}]",
		"[{\"id\":1,\"result\":{}},{\"id\":2,\"result\":{}}]",
		"[{\"id\":1,\"id\":1,\"result\":{}},{\"id\":2,\"result\":[]}]"};
	struct top_rig r = {.name = "rig"};
	struct err err = {0};
	size_t i;

	if (!CHECK_OK(read_text(&r, ANSWER, &err), &err))
		return;
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		err = (struct err){0};
		if (!CHECK(read_text(&r, bad[i], &err) < 0) || !CHECK(err.text[0]))
			printf("\tin: %s\n", bad[i]);
	}
	CHECK_INT(r.stats.n_devices, 2);
	top_rig_done(&r);
}

/* Every value in an answer of a rig may be of a wrong type, or beyond all measure. */
static void hostile_rigs_are_bounded(void)
{
	static const char *const odd[] = {"null",
					  "-1",
					  "1e308",
					  "-1e308",
					  "9223372036854775807",
					  "true",
					  "\"\\u001b[2J\\u0000\"",
					  "[]",
					  "{}",
					  "[[[]]]"};
	static const char *const keys[] = {
		"version", "algo",   "started_ms", "uptime_s", "paused",     "pool",   "pool_state",
		"rate",    "shares", "difficulty", "height",   "latency_ms", "blocks", "jobs"};
	char text[4096], *screen;
	size_t i, k;

	for (i = 0; i < sizeof odd / sizeof odd[0]; i++)
		for (k = 0; k < sizeof keys / sizeof keys[0]; k++) {
			struct top_rig r = {.name = "rig", .state = TOP_UP};
			struct top_place at = {.open = {true}};
			struct tui_grid g = {0};
			struct err err = {0};

			snprintf(
				text, sizeof text,
				"[{\"id\":1,\"result\":{\"%s\":%s}},{\"id\":2,\"result\":["
				"{\"id\":%s,\"name\":%s,\"state\":%s,\"reason\":%s,\"progress\":%s,"
				"\"left_s\":%s,\"rate\":{\"10s\":%s},\"shares\":{\"accepted\":%s},"
				"\"sensors\":{\"temperature_c\":%s,\"power_w\":%s}},%s]},"
				"{\"id\":3,\"result\":[{\"id\":%s,\"at_ms\":%s,\"severity\":\"x\","
				"\"text\":%s},%s]}]",
				keys[k], odd[i], odd[i], odd[i], odd[i], odd[i], odd[i], odd[i],
				odd[i], odd[i], odd[i], odd[i], odd[i], odd[i], odd[i], odd[i],
				odd[i]);
			read_text(&r, text, &err);
			tui_grid_size(&g, 24, 100);
			top_draw(&g, &r, 1, lines, &at, 0);
			screen = tui_grid_text(&g);
			CHECK_LACKS(screen, "\033");
			free(screen);
			tui_grid_done(&g);
			top_rig_done(&r);
		}
}

static void more_devices_than_any_rig_has_are_cut(void)
{
	size_t size = 1 << 20, n;
	char *text = malloc(size);
	struct top_rig r = {.name = "rig"};
	struct err err = {0};
	unsigned i;

	if (!text)
		return;
	n = (size_t)snprintf(text, size, "[%s,{\"id\":2,\"result\":[{}", SUMMARY);
	for (i = 0; i < 5000; i++)
		n += (size_t)snprintf(text + n, size - n, ",{\"state\":\"mining\"}");
	snprintf(text + n, size - n, "]}]");
	CHECK_OK(read_text(&r, text, &err), &err);
	CHECK_INT(r.stats.n_devices, TOP_DEVICES_MAX);
	top_rig_done(&r);
	free(text);
}

static struct top_rig some_rigs[3];

static void make_rigs(void)
{
	struct err err = {0};
	unsigned i;

	for (i = 0; i < 3; i++) {
		struct top_rig *r = &some_rigs[i];

		top_rig_done(r);
		*r = (struct top_rig){.state = TOP_UP};
		snprintf(r->name, sizeof r->name, "rig%u.example:4028", i);
		CHECK_OK(top_read(r, ANSWER, strlen(ANSWER), NULL, &err), &err);
	}
	some_rigs[0].stats.devices[1].state = DEVICE_MINING;
	some_rigs[1].state = TOP_DOWN;
	some_rigs[1].since_ms = 5000;
	snprintf(some_rigs[1].error, sizeof some_rigs[1].error, "cannot connect");
}

static void check_top(const char *name, unsigned rows, unsigned cols, struct top_place *at)
{
	struct tui_grid g = {.utf8 = true};
	char *text;

	tui_grid_size(&g, rows, cols);
	top_draw(&g, some_rigs, 3, lines, at, 200000);
	text = tui_grid_text(&g);
	compare(text, name);
	free(text);
	tui_grid_done(&g);
}

static void rigs_are_a_line_each_and_devices_when_opened(void)
{
	struct top_place at = {0};

	log_some(3);
	make_rigs();
	check_top("top", 24, 120, &at);
	CHECK(top_key(&at, 3, KEYS_DOWN));
	CHECK(top_key(&at, 3, KEYS_DOWN));
	CHECK(top_key(&at, 3, KEYS_DOWN)); /* there is no fourth */
	CHECK(top_key(&at, 3, KEYS_ENTER));
	CHECK(top_key(&at, 3, '0'));
	CHECK(top_key(&at, 3, '7')); /* nor an eighth */
	check_top("top_open", 24, 80, &at);
	check_top("top_small", 9, 50, &at);
	CHECK(!top_key(&at, 3, 'q'));
	CHECK(top_key(&at, 3, 'a'));
	CHECK(!at.open[0] && !at.open[2]);
}

static void a_table_and_json_say_the_same(void)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f;

	make_rigs();
	f = open_memstream(&text, &len);
	top_print(f, some_rigs, 3);
	fclose(f);
	compare(text, "top_once");
	free(text);
	text = NULL;
	f = open_memstream(&text, &len);
	CHECK_INT(top_print_json(f, some_rigs, 3), 0);
	fclose(f);
	compare(text, "top_json");
	free(text);
}

static void release(void)
{
	unsigned i;

	for (i = 0; i < 3; i++)
		top_rig_done(&some_rigs[i]);
	tui_log_free(lines);
}

int main(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	T_RUN(screens_of_usual_sizes_are_these);
	T_RUN(more_devices_than_rows_are_counted);
	T_RUN(a_rig_without_pool_or_figures_is_drawn);
	T_RUN(shares_and_help_are_pages);
	T_RUN(nothing_foreign_reaches_the_terminal);
	T_RUN(every_size_is_drawn);
	T_RUN(who_reads_old_lines_goes_on_reading_them);
	T_RUN(the_log_keeps_the_last_lines);
	T_RUN(figures_for_people_are_short);
	T_RUN(an_answer_becomes_a_rig);
	T_RUN(an_answer_that_is_none_changes_nothing);
	T_RUN(hostile_rigs_are_bounded);
	T_RUN(more_devices_than_any_rig_has_are_cut);
	T_RUN(rigs_are_a_line_each_and_devices_when_opened);
	T_RUN(a_table_and_json_say_the_same);
	release();
	return t_done();
}
