/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * /metrics is what Prometheus reads, whatever drivers and pools call themselves.
 * `test_metrics print` prints the text that tests/golden/metrics.prom holds.
 */
#include <ctype.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>

#include "src/api/metrics.h"
#include "src/guard/alarm.h"
#include "src/str.h"
#include "tests/t.h"

/* ---- a made-up rig ---- */

static struct device_stats devices[] = {
	{.id = "cuda:0",
	 .pci = "0000:01:00.0",
	 .name = "NVIDIA GeForce RTX 3080",
	 .state = DEVICE_MINING,
	 .rate_10s = 99800000.5,
	 .rate_60s = 100e6,
	 .rate_15m = 99.5e6,
	 .shares = {120, 3, 2, 1, 0, 123456.75},
	 .hashes = 400000000000,
	 .idle_us = 1500000,
	 .restarts = 1,
	 .temperature_c = 61,
	 .hotspot_c = 74,
	 .memory_c = 94,
	 .core_mhz = 1650,
	 .memory_mhz = 9501,
	 .util_percent = 99,
	 .energy_j = 19699200,
	 .energy_counted = true,
	 .intensity = 22,
	 .fan_percent = 55,
	 .power_w = 228,
	 .limit_w = 230,
	 .duty_permille = 850,
	 .share_rate = 98e6,
	 .share_low = 90e6,
	 .share_high = 107e6},
	{.id = "opencl:1",
	 .pci = "0000:09:00.0",
	 .name = "Evil \"card\" \\ {x}\n# TYPE adit_fake gauge\nadit_fake 1\r\xff\xc3\xa9",
	 .state = DEVICE_PREPARING,
	 .permille = 425,
	 .temperature_c = -5,
	 .hotspot_c = STAT_UNKNOWN,
	 .memory_c = STAT_UNKNOWN,
	 .core_mhz = 0,
	 .memory_mhz = STAT_UNKNOWN,
	 .util_percent = 0,
	 .energy_j = 12,
	 .fan_percent = 0,
	 .power_w = 30,
	 .limit_w = STAT_UNKNOWN},
	{.id = "cpu:0",
	 .state = DEVICE_PARKED,
	 .rate_10s = NAN,
	 .rate_60s = INFINITY,
	 .temperature_c = STAT_UNKNOWN,
	 .hotspot_c = STAT_UNKNOWN,
	 .memory_c = STAT_UNKNOWN,
	 .core_mhz = STAT_UNKNOWN,
	 .memory_mhz = STAT_UNKNOWN,
	 .util_percent = STAT_UNKNOWN,
	 .fan_percent = STAT_UNKNOWN,
	 .power_w = STAT_UNKNOWN,
	 .limit_w = STAT_UNKNOWN},
};

static const struct device_info infos[] = {
	{.backend = "cuda",
	 .vendor = "NVIDIA",
	 .driver = "550.54 \"x\"",
	 .mem_total = 10737418240,
	 .clock_mhz = 1710},
	{.backend = "opencl", .vendor = "Evil\\", .driver = "1", .mem_total = 0},
};
static const struct device_info *const info[] = {&infos[0], &infos[1], NULL};

static const struct pool_status pools[] = {
	{.url = "stratum+ssl://SECRETUSER.rig:SECRETPASS@eu.example.org:5555/SECRETPATH",
	 .user = "SEC...123",
	 .where = "SECRETWHERE",
	 .last_error = "SECRETERROR",
	 .state = POOL_ACTIVE,
	 .difficulty = 4294967296,
	 .height = 1220400,
	 .connects = 3,
	 .drops = 2,
	 .jobs = 512},
	{.url = "http://[::1]:8332", .state = POOL_CONNECTING, .drops = 7},
	{.url = "SECRETUSER@what is \"this\"\n", .state = POOL_DISABLED},
};

static struct rig_stats rig = {
	.algo = "kawpow",
	.difficulty = 4294967296,
	.height = 1220400,
	.jobs = 519,
	.blocks = 1,
	.uptime_ms = 86400500,
	.rate_10s = 99800000.5,
	.rate_60s = 100e6,
	.rate_15m = 99.5e6,
	.shares = {120, 23, 2, 1, 4, 123456.75},
	.reasons = {{"Low difficulty share (0.123)", 5},
		    {"low difficulty share of SECRETUSER.rig", 1},
		    {"Job not found.", 2},
		    {"DUPLICATE SHARE", 3},
		    {"high-hash", 1},
		    {"Unauthorized worker SECRETUSER", 1},
		    {"Invalid nonce", 1},
		    {"Client not subscribed", 1},
		    {"\"} 1\nadit_fake{a=\"SECRETUSER", 4}},
	.n_reasons = 9,
	.best_difficulty = 1.5e12,
	.latency_ms = 42.5,
	.turnaround_ms = 0,
	.submit_ms = 2.25,
	.latency = {.n = {[6] = 20, [7] = 119, [14] = 3, [15] = 1},
		    .count = 143,
		    .sum_ms = 8500.25},
	.submit = {.n = {[3] = 143}, .count = 143, .sum_ms = 321.75},
	.devices = devices,
	.n_devices = 3,
};

static const uint64_t alarms[ALARM_EVENTS] = {
	[ALARM_NONE] = 99, [ALARM_HANG] = 1, [ALARM_RESTARTED] = 2, [ALARM_POOL_UP] = 5};

static struct api_view view = {
	.rig = &rig,
	.info = info,
	.pools = pools,
	.n_pools = 3,
	.active_pool = 0,
	.alarms = alarms,
	.n_alarms = ALARM_EVENTS,
	.requests = 5760,
	.connections = 3,
	.now_ms = 1800086400500,
	.started_ms = 1800000000000,
	.version = "0.1.0",
};

#define SERIES_OF_A_DEVICE 39 /* of one that tells all there is; doc/farm.md has the number */

/* ---- the text ---- */

static const char *render(enum api_right right)
{
	static char text[1 << 17];
	const struct api_call call = {.view = &view, .right = right};
	struct evbuffer *out = evbuffer_new();
	ev_ssize_t n = -1;

	if (out && CHECK_INT(api_metrics(&call, out), 0)) {
		CHECK(evbuffer_get_length(out) < sizeof text);
		n = evbuffer_copyout(out, text, sizeof text - 1);
	}
	evbuffer_free(out);
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static const char *slurp(const char *name)
{
	static char text[1 << 17];
	const char *top = getenv("top_srcdir");
	char path[PATH_MAX];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", top ? top : ".", name);
	f = fopen(path, "r");
	if (CHECK(f != NULL)) {
		n = fread(text, 1, sizeof text - 1, f);
		fclose(f);
	}
	text[n] = '\0';
	return text;
}

/* ---- a checker of lines: NULL, or what is wrong ---- */

static const char *skip_name(const char *s, bool colon)
{
	if (!isalpha((unsigned char)*s) && *s != '_')
		return NULL;
	while (isalnum((unsigned char)*s) || *s == '_' || (colon && *s == ':'))
		s++;
	return s;
}

static const char *skip_labels(const char *s)
{
	do {
		s = skip_name(s + 1, false);
		if (!s || s[0] != '=' || s[1] != '"')
			return NULL;
		for (s += 2; *s && *s != '"'; s++) {
			if (*s != '\\')
				continue;
			s++;
			if (*s != '\\' && *s != '"' && *s != 'n')
				return NULL;
		}
		if (*s++ != '"')
			return NULL;
	} while (*s == ',');
	return *s == '}' ? s + 1 : NULL;
}

/* A sample has its family's name; one of a histogram is a part of it. */
static bool is_of(const char *line, size_t len, const char *family, bool histogram)
{
	static const char *const parts[] = {"_bucket", "_sum", "_count"};
	size_t n = strlen(family), i;

	if (len < n || strncmp(line, family, n) != 0)
		return false;
	for (i = 0; histogram && i < 3; i++)
		if (strlen(parts[i]) == len - n && !strncmp(line + n, parts[i], len - n))
			return true;
	return !histogram && len == n;
}

static const char *wrong_sample(const char *line, const char *family, bool histogram)
{
	const char *s = skip_name(line, true);
	double value;

	if (!s || strncmp(line, "adit_", 5))
		return "no name";
	if (!is_of(line, (size_t)(s - line), family, histogram))
		return "not of the family above it";
	if (*s == '{')
		s = skip_labels(s);
	if (!s || *s != ' ')
		return "labels";
	return str_to_double(&value, s + 1) == 0 ? NULL : "value";
}

static bool ends(const char *text, const char *tail)
{
	size_t n = strlen(text), k = strlen(tail);

	return n >= k && !strcmp(text + n - k, tail);
}

/* HELP and TYPE once a family, in this order; family is what the samples below must be. */
static const char *wrong_comment(const char *line, char *family, size_t size, const char *seen,
				 bool *histogram)
{
	char name[100], type[20], mark[110];

	if (sscanf(line, "# HELP %99s", name) == 1) {
		snprintf(family, size, "%s", name);
		snprintf(mark, sizeof mark, "\n%s\n", name);
		return strstr(seen, mark) ? "family twice" : NULL;
	}
	if (sscanf(line, "# TYPE %99s %19s", name, type) != 2 || strcmp(name, family))
		return "comment";
	*histogram = !strcmp(type, "histogram");
	if (strcmp(type, "gauge") && strcmp(type, "counter") && !*histogram)
		return "type";
	return ends(name, "_total") == !strcmp(type, "counter") ? NULL : "counters end in _total";
}

/* Prints what is wrong; the number of samples, -1: malformed. */
static int check_text(const char *text, bool say)
{
	static char copy[1 << 17], seen[1 << 14];
	char family[100] = "", *line, *end;
	const char *wrong = NULL;
	bool histogram = false;
	int samples = 0;

	snprintf(copy, sizeof copy, "%s", text);
	snprintf(seen, sizeof seen, "\n");
	for (line = copy; *line && !wrong; line = end + 1) {
		end = strchr(line, '\n');
		if (!end)
			return -1;
		*end = '\0';
		wrong = *line == '#' ? wrong_comment(line, family, sizeof family, seen, &histogram)
				     : wrong_sample(line, family, histogram);
		samples += *line != '#';
		if (!strncmp(line, "# TYPE", 6))
			snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%s\n", family);
		if (wrong && say)
			printf("\t%s: %s\n", line, wrong);
	}
	return wrong ? -1 : samples;
}

/* Two samples with the same name and labels spoil the whole scrape. */
static bool series_twice(const char *text)
{
	const char *a, *b, *end;
	size_t len;

	for (a = text; *a; a = end + 1) {
		end = strchr(a, '\n');
		if (*a == '#')
			continue;
		for (len = (size_t)(end - a); a[len] != ' '; len--)
			;
		for (b = end + 1; *b; b = strchr(b, '\n') + 1)
			if (!strncmp(a, b, len + 1))
				return true;
	}
	return false;
}

/* ---- claims ---- */

static void text_is_the_golden_one(void)
{
	CHECK_STR(render(API_READ), slurp("tests/golden/metrics.prom"));
}

static void every_line_parses(void)
{
	CHECK(check_text(render(API_READ), true) > 100);
	CHECK(!series_twice(render(API_READ)));
}

static void the_checker_finds_faults(void)
{
	static const char begin[] = "# HELP adit_a b\n# TYPE adit_a gauge\n";
	static const char *const bad[] = {
		"adit_a",
		"adit_a x\n",
		"adit_b 1\n",
		"adit_a{x=\"1\" 1\n",
		"adit_a{x=\"\\x\"} 1\n",
		"adit_a{x=1} 1\n",
		"adit_a{} 1\n",
		"# HELP adit_a b\n",
		"# TYPE adit_a thing\n",
		"adit_a{x=\"a\nb\"} 1\n",
	};
	char text[200];
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(text, sizeof text, "%s%s", begin, bad[i]);
		if (!CHECK_INT(check_text(text, false), -1))
			printf("\t%s\n", bad[i]);
	}
	CHECK_INT(check_text("# HELP adit_a b\n# TYPE adit_a counter\n", false), -1);
	CHECK_INT(check_text("# HELP adit_a b\n# TYPE adit_a gauge\nadit_a{x=\"\\\"\"} 1\n", true),
		  1);
	CHECK_INT(check_text("# HELP adit_h b\n# TYPE adit_h histogram\nadit_h_count 1\n", true),
		  1);
	CHECK_INT(check_text("# HELP adit_h b\n# TYPE adit_h histogram\nadit_h 1\n", false), -1);
	CHECK_INT(check_text("# HELP adit_h b\n# TYPE adit_h gauge\nadit_h_sum 1\n", false), -1);
	CHECK(series_twice("a{x=\"1\"} 1\nb 2\na{x=\"1\"} 3\n"));
	CHECK(!series_twice("a{x=\"1\"} 1\na{x=\"2\"} 1\na 1\n"));
}

static void nothing_secret_is_shown_to_anybody(void)
{
	static const enum api_right rights[] = {API_READ, API_WRITE};
	size_t i;

	for (i = 0; i < 2; i++) {
		CHECK_LACKS(render(rights[i]), "SECRET");
		CHECK_LACKS(render(rights[i]), "SEC...");
		CHECK_LACKS(render(rights[i]), "\nadit_fake");
		CHECK_HAS(render(rights[i]), "url=\"stratum+ssl://eu.example.org:5555\"");
	}
}

static void unknown_has_no_sample(void)
{
	const struct rig_stats before = rig;
	const char *text;

	rig.submit_ms = -1;
	rig.best_difficulty = 0;
	text = render(API_READ);
	CHECK_HAS(text, "adit_device_temperature_celsius{device=\"opencl:1\"");
	CHECK_HAS(text, "adit_device_fan_ratio{device=\"opencl:1\"");
	CHECK_LACKS(text, "adit_device_temperature_celsius{device=\"cpu:0\"");
	CHECK_LACKS(text, "adit_device_power_limit_watts{device=\"opencl:1\"");
	CHECK_LACKS(text, "adit_device_hotspot_temperature_celsius{device=\"opencl:1\"");
	CHECK_LACKS(text, "adit_device_memory_clock_hertz{device=\"opencl:1\"");
	CHECK_HAS(text, "adit_device_core_clock_hertz{device=\"opencl:1\"");
	CHECK_HAS(text, "adit_device_utilization_ratio{device=\"opencl:1\"");
	CHECK_LACKS(text, "adit_device_utilization_ratio{device=\"cpu:0\"");
	CHECK_LACKS(text, "adit_device_energy_joules_total{device=\"cpu:0\"");
	CHECK_LACKS(text, "adit_device_intensity{device=\"opencl:1\"");
	CHECK_LACKS(text, "adit_device_power_watts{device=\"cpu:0\"");
	CHECK_LACKS(text, "adit_device_duty_ratio{device=\"cpu:0\"");
	CHECK_LACKS(text, "adit_device_share_rate_low_hashes_per_second{device=\"cpu:0\"");
	CHECK_LACKS(text, "adit_device_rate_10s_hashes_per_second{device=\"cpu:0\"");
	CHECK_LACKS(text, "adit_device_memory_bytes{device=\"opencl:1\"");
	CHECK_HAS(text, "adit_job_turnaround_median_seconds 0\n");
	CHECK_LACKS(text, "adit_submit_median_seconds");
	CHECK_LACKS(text, "adit_best_share_difficulty");
	CHECK_LACKS(text, "nan");
	CHECK_LACKS(text, "inf\n");
	CHECK_LACKS(text, "-2147483648");
	rig = before;
}

/* Buckets are sums of all below, the last is the count, and times are in seconds. */
static void a_histogram_adds_up(void)
{
	const struct rig_stats before = rig;
	const char *text;
	unsigned i;

	memset(&rig.latency, 0, sizeof rig.latency);
	for (i = 0; i < 4; i++)
		histogram_add(&rig.latency, 30);
	histogram_add(&rig.latency, 10000);
	histogram_add(&rig.latency, 60000);
	text = render(API_READ);
	CHECK_HAS(text, "# TYPE adit_answer_seconds histogram\n"
			"adit_answer_seconds_bucket{le=\"0.00025\"} 0\n");
	CHECK_HAS(text, "adit_answer_seconds_bucket{le=\"0.025\"} 0\n"
			"adit_answer_seconds_bucket{le=\"0.05\"} 4\n"
			"adit_answer_seconds_bucket{le=\"0.1\"} 4\n");
	CHECK_HAS(text, "adit_answer_seconds_bucket{le=\"5\"} 4\n"
			"adit_answer_seconds_bucket{le=\"10\"} 5\n"
			"adit_answer_seconds_bucket{le=\"+Inf\"} 6\n"
			"adit_answer_seconds_sum 70.12\n"
			"adit_answer_seconds_count 6\n");
	rig = before;
}

static void every_event_has_its_name_and_none_has_not(void)
{
	const struct api_view was = view;
	const char *text = render(API_READ);
	char line[100];
	unsigned e;

	for (e = ALARM_NONE + 1; e < ALARM_EVENTS; e++) {
		snprintf(line, sizeof line, "adit_events_total{event=\"%s\"} %" PRIu64 "\n",
			 alarm_name((enum alarm_event)e), alarms[e]);
		CHECK_HAS(text, line);
	}
	CHECK_LACKS(text, "\"none\"");
	view.n_alarms = 0;
	CHECK_LACKS(render(API_READ), "adit_events_total");
	view.n_alarms = 2;
	CHECK_LACKS(render(API_READ), "event=\"crash\"");
	view = was;
}

/* Whatever drivers and pools say, a rig of so many devices has so many series, and no more. */
static void a_device_is_so_many_series(void)
{
	const struct rig_stats before = rig;
	int one, two;

	rig.n_devices = 1;
	one = check_text(render(API_READ), true);
	rig.n_devices = 0;
	two = check_text(render(API_READ), true);
	CHECK_INT(one - two, SERIES_OF_A_DEVICE);
	rig = before;
}

static void reasons_beyond_the_list_are_other(void)
{
	const struct rig_stats before = rig;

	rig.n_reasons = 1;
	rig.shares.rejected = 12;
	CHECK_HAS(render(API_READ), "adit_rejects_total{reason=\"low-difficulty\"} 5\n");
	CHECK_HAS(render(API_READ), "adit_rejects_total{reason=\"other\"} 7\n");
	rig.shares.rejected = 1; /* fewer than reasons told of: no huge number */
	CHECK_HAS(render(API_READ), "adit_rejects_total{reason=\"other\"} 0\n");
	rig = before;
}

static void a_rig_without_devices_or_pools_is_fine(void)
{
	const struct rig_stats before = rig;
	const struct api_view was = view;

	rig.n_devices = 0;
	view.n_pools = 0;
	view.active_pool = -1;
	CHECK(check_text(render(API_READ), true) > 10);
	CHECK_HAS(render(API_READ), "adit_devices 0\n");
	CHECK_HAS(render(API_READ), "adit_pool_connected 0\n");
	CHECK_LACKS(render(API_READ), "adit_device_");
	CHECK_LACKS(render(API_READ), "adit_pool_state");
	rig = before;
	view = was;
}

static void the_longest_names_keep_their_labels(void)
{
	static const struct device_info *none[3];
	const struct device_stats before = devices[1];
	const struct api_view was = view;

	memset(devices[1].name, '"', sizeof devices[1].name - 1);
	memset(devices[1].id, '\\', sizeof devices[1].id - 1);
	memset(devices[1].pci, '\n', sizeof devices[1].pci - 1);
	view.info = none;
	CHECK(check_text(render(API_READ), true) > 100);
	CHECK_HAS(render(API_READ), "\",state=\"preparing\"} 1\n");
	devices[1] = before;
	view = was;
}

/* ---- what is packaged ---- */

/* Every panel takes its data from the variable, so that the board works on any Grafana. */
static void check_panel(json_t *panel, long *ids)
{
	json_t *source = json_object_get(panel, "datasource"), *target;
	json_int_t id = json_integer_value(json_object_get(panel, "id"));
	size_t i;

	CHECK(id > 0 && id < 60 && !(*ids & 1L << id));
	*ids |= 1L << id;
	CHECK(json_string_length(json_object_get(panel, "title")) > 0);
	if (!strcmp(json_string_value(json_object_get(panel, "type")), "row"))
		return;
	CHECK_STR(json_string_value(json_object_get(source, "uid")), "${datasource}");
	CHECK(json_array_size(json_object_get(panel, "targets")) > 0);
	json_array_foreach(json_object_get(panel, "targets"), i, target)
		CHECK_HAS(json_string_value(json_object_get(target, "expr")), "adit_");
}

static void the_dashboard_is_json_for_any_data_source(void)
{
	json_error_t fault = {0};
	json_t *root =
		json_loads(slurp("packaging/grafana/adit.json"), JSON_REJECT_DUPLICATES, &fault);
	json_t *panel, *first;
	long ids = 0;
	size_t i;

	if (!CHECK_STR(root ? "" : fault.text, ""))
		return;
	first = json_array_get(json_object_get(json_object_get(root, "templating"), "list"), 0);
	CHECK_STR(json_string_value(json_object_get(first, "name")), "datasource");
	CHECK_STR(json_string_value(json_object_get(first, "type")), "datasource");
	CHECK_STR(json_string_value(json_object_get(first, "query")), "prometheus");
	CHECK(json_array_size(json_object_get(root, "panels")) >= 8);
	json_array_foreach(json_object_get(root, "panels"), i, panel) check_panel(panel, &ids);
	json_decref(root);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "print"))
		return fputs(render(API_READ), stdout) < 0;
	T_RUN(text_is_the_golden_one);
	T_RUN(every_line_parses);
	T_RUN(the_checker_finds_faults);
	T_RUN(nothing_secret_is_shown_to_anybody);
	T_RUN(unknown_has_no_sample);
	T_RUN(a_histogram_adds_up);
	T_RUN(every_event_has_its_name_and_none_has_not);
	T_RUN(a_device_is_so_many_series);
	T_RUN(reasons_beyond_the_list_are_other);
	T_RUN(a_rig_without_devices_or_pools_is_fine);
	T_RUN(the_longest_names_keep_their_labels);
	T_RUN(the_dashboard_is_json_for_any_data_source);
	return t_done();
}
