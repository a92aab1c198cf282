/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `adit bench` makes of numbers: spreads, verdicts, limits, and the JSON that it promises. */
#include <math.h>
#include <time.h>
#include <unistd.h>

#include "src/bench.h"
#include "src/bench_usage.h"
#include "src/clock.h"
#include "src/roofline_check.h"
#include "tests/t.h"

static struct bench_spread spread_of(const double *v, unsigned n)
{
	struct bench_spread s;

	bench_spread(&s, v, n);
	return s;
}

static void median_and_spread_are_those_of_the_definition(void)
{
	static const double odd[] = {5, 1, 100, 3, 4}, even[] = {4, 1, 2, 3};
	struct bench_spread s = spread_of(odd, 5);

	CHECK_INT(s.n, 5);
	CHECK_NEAR(s.median, 4, 0);
	CHECK_NEAR(s.mad, 1, 0); /* of 1, 3, 96, 1, 0 */
	CHECK_NEAR(s.min, 1, 0);
	CHECK_NEAR(s.max, 100, 0);
	s = spread_of(even, 4);
	CHECK_NEAR(s.median, 2.5, 0);
	CHECK_NEAR(s.mad, 1, 0); /* of 1.5, 1.5, 0.5, 0.5 */
	s = spread_of(odd, 0);
	CHECK_INT(s.n, 0);
	CHECK_NEAR(s.median, 0, 0);
}

static void three_rates_that_agree_are_steady(void)
{
	static const double rising[] = {50, 80, 97, 98, 99}, noisy[] = {100, 100, 100, 96, 100};
	static const double idle[] = {0, 0, 0};

	CHECK(bench_steady(rising, 5));
	CHECK(!bench_steady(rising, 4));
	CHECK(!bench_steady(rising + 2, 2));
	CHECK(bench_steady(noisy, 3));
	CHECK(!bench_steady(noisy, 5));
	CHECK(!bench_steady(idle, 3));
}

static void bad_luck_is_not_missed_solutions(void)
{
	CHECK(!bench_too_few(0, 0));
	CHECK(!bench_too_few(0, 30));
	CHECK(bench_too_few(0, 60));
	CHECK(!bench_too_few(100 - 55, 100));
	CHECK(bench_too_few(100 - 65, 100));
	CHECK(!bench_too_few(500, 100)); /* those are checked one by one */
}

static void verdicts_follow_from_the_spread(void)
{
	static const double base[] = {99, 100, 101, 100, 100}, up[] = {104, 105, 106, 105, 105};
	static const double wild[] = {70, 130, 105, 90, 120}, near_[] = {100.3, 100.4, 100.2};
	static const double down[] = {90, 91, 90.5, 90, 90.2}, calm[] = {100, 100, 100};
	struct bench_spread a = spread_of(base, 5), b;
	double change, noise;

	b = spread_of(up, 5);
	CHECK_INT(bench_compare(&a, &b, &change, &noise), BENCH_FASTER);
	CHECK_NEAR(change, 0.05, 1e-9);
	b = spread_of(wild, 5);
	CHECK_INT(bench_compare(&a, &b, &change, &noise), BENCH_SAME);
	CHECK(noise > 0.1);
	b = spread_of(down, 5);
	CHECK_INT(bench_compare(&a, &b, &change, &noise), BENCH_SLOWER);
	CHECK_INT(bench_compare(&b, &a, &change, &noise), BENCH_FASTER);
	/* No spread at all is no proof: half a percent is the least that counts. */
	a = spread_of(calm, 3);
	b = spread_of(near_, 3);
	CHECK_INT(bench_compare(&a, &b, &change, &noise), BENCH_SAME);
	memset(&a, 0, sizeof a);
	CHECK_INT(bench_compare(&a, &b, &change, &noise), BENCH_SAME);
}

static void lists_name_each_algorithm_once(void)
{
	const struct algo *list[BENCH_ALGOS_MAX];
	struct err err = {0};
	unsigned n = 0, all = 0;
	char text[128];

	while (algos[all])
		all++;
	CHECK_OK(bench_algos(list, &n, NULL, &err), &err);
	CHECK_INT(n, all);
	CHECK_OK(bench_algos(list, &n, "all", &err), &err);
	CHECK_INT(n, all);
	snprintf(text, sizeof text, "%s,%s", algos[1]->name, algos[0]->name);
	CHECK_OK(bench_algos(list, &n, text, &err), &err);
	CHECK_INT(n, 2);
	CHECK_PTR(list[0], algos[1]);
	snprintf(text, sizeof text, "%s,%s", algos[1]->name, algos[1]->name);
	CHECK_ERR(bench_algos(list, &n, text, &err), ERR_USAGE, &err);
	CHECK_ERR(bench_algos(list, &n, "", &err), ERR_USAGE, &err);
	CHECK_ERR(bench_algos(list, &n, "nothing-like-it", &err), ERR_UNKNOWN, &err);
}

static void add(struct roofline *r, enum roof_kind kind, uint32_t grain, uint64_t set, double value)
{
	r->figure[r->n++] = (struct roof_figure){.kind = kind,
						 .grain = grain,
						 .set_bytes = set,
						 .value = value,
						 .best = value,
						 .n = 5};
}

static void limits_are_those_of_the_slowest_resource(void)
{
	struct algo_cost cost = {.add = 600, .logic = 500, .rotate = 500};
	struct roofline_limit limit;
	struct roofline r = {.n = 0};

	roofline_limit(&limit, &r, &cost); /* nothing is known */
	CHECK_NEAR(limit.hps, 0, 0);
	add(&r, ROOF_LOGIC, 0, 0, 1e12);
	add(&r, ROOF_ROTATE, 0, 0, 0.5e12);
	add(&r, ROOF_ADD, 0, 0, 1e12);
	roofline_limit(&limit, &r, &cost); /* all: 1600 at the best rate known */
	CHECK_NEAR(limit.hps, 1e12 / 1600, 1);
	CHECK_STR(limit.by, "arithmetic");
	add(&r, ROOF_MIX, 0, 0, 2e12);
	roofline_limit(&limit, &r, &cost); /* logic 500 ps, rotations 1000 ps, on one pipe */
	CHECK_NEAR(limit.hps, 1e12 / 1500, 1);
	CHECK_STR(limit.by, "logic");
	CHECK_NEAR(limit.per_byte, 0, 0);
	cost.reads = 64;
	cost.grain = 128;
	cost.set_bytes = 5000;
	add(&r, ROOF_RANDOM, 128, 1000, 9e12);
	add(&r, ROOF_RANDOM, 128, 4000, 4e12);
	add(&r, ROOF_RANDOM, 128, 6000, 1e12);
	add(&r, ROOF_RANDOM, 256, 4000, 1e11);
	roofline_limit(&limit, &r, &cost);
	CHECK_NEAR(limit.hps, 4e12 / 8192, 1);
	CHECK_STR(limit.by, "memory");
	CHECK_NEAR(limit.bytes, 8192, 0);
	CHECK_NEAR(limit.per_byte, 1600 / 8192.0, 1e-9);
	cost.set_bytes = 5249; /* nearly six thousand */
	roofline_limit(&limit, &r, &cost);
	CHECK_NEAR(limit.hps, 4e12 / 8192, 1);
	cost.set_bytes = 5250;
	roofline_limit(&limit, &r, &cost);
	CHECK_NEAR(limit.hps, 1e12 / 8192, 1);
	cost.set_bytes = 10; /* smaller than all that was probed: the smallest */
	roofline_limit(&limit, &r, &cost);
	CHECK_STR(limit.by, "logic");
	r.figure[0].wrong = 1; /* what came out wrong is no figure */
	CHECK(!roofline_find(&r, ROOF_LOGIC, 0, UINT64_MAX));
}

/* The derivations' own sums: a slip in a file's constants shows here. */
static void costs_are_those_derived(void)
{
	const uint64_t none[ALGO_SETTINGS_MAX] = {0};
	const struct algo_facts facts = {.rows = 8, .row_bytes = 128, .dataset_bytes = 1024};
	unsigned i, declared = 0;

	for (i = 0; algos[i]; i++) {
		struct algo_cost c = {0};

		if (!algos[i]->cost)
			continue;
		declared++;
		algos[i]->cost(algos[i], algos[i]->dataset ? &facts : NULL, none, "", &c);
		CHECK(c.logic > 0 && c.rotate > 0);
		CHECK(!c.grain == !(c.reads > 0));
		if (algos[i]->dataset)
			CHECK_U64(c.set_bytes, facts.dataset_bytes);
		if (!strcmp(algos[i]->name, "sha256d"))
			CHECK_NEAR(c.logic + c.rotate, 1804, 0);
		if (!strcmp(algos[i]->name, "scrypt")) {
			CHECK_NEAR(c.add + c.logic + c.rotate, 1736704, 0);
			CHECK_NEAR(c.stream + c.reads * c.grain, 262144, 0);
			algos[i]->cost(algos[i], NULL, none, "lookup gap 4", &c);
			CHECK_NEAR(c.stream, 32768, 0);
			CHECK_NEAR(c.rotate, 524288 * 1.75, 0);
		}
		if (!strcmp(algos[i]->name, "kawpow"))
			CHECK_NEAR(c.local, 11264, 0);
	}
	CHECK(declared >= 14);
}

/* By hand: one round is sixteen turns, so no rounds leave the start. */
static void samples_begin_with_the_start(void)
{
	uint32_t a = 7 + 5, all = 0;
	int k;

	for (k = 0; k < 8; k++, a = a * 3 + 1)
		all ^= a;
	CHECK_U64(roof_ring(ROOF_ADD, 7, 5, 0), all);
	CHECK(roof_ring(ROOF_ADD, 7, 5, 1) != all);
	CHECK(roof_ring(ROOF_ADD, 7, 5, 1) != roof_ring(ROOF_MIX, 7, 5, 1));
	CHECK_U64(roof_filled(0), 0);
	CHECK_U64(roof_read(0, 0, 0, 100, 128, true), 0);
	/* A team's pieces are together what a work-item alone reads. */
	for (k = 0, all = 0; k < 8; k++)
		all += roof_read(8 * 3 + (uint32_t)k, 9, 2, 100, 128, false);
	CHECK_U64(all, roof_read(3, 9, 2, 100, 128, true));
}

static void wakeups_are_counted(void)
{
	const struct timespec moment = {.tv_nsec = 1000};
	struct bench_usage u;
	double seconds;
	int i;

	bench_usage_begin(&u, getpid());
	for (i = 0; i < 50; i++)
		nanosleep(&moment, NULL);
	bench_usage_end(&u, getpid());
	seconds = (double)(clock_us() - u.start_us) / 1e6; /* later than its own end */
	CHECK(u.wakeups * seconds >= 49.5);
	CHECK(u.preemptions >= 0);
	CHECK(u.cpu_percent >= 0);
	CHECK(u.memory_bytes > 1 << 20);
	bench_usage_begin(&u, -1); /* no such process */
	bench_usage_end(&u, -1);
	CHECK_NEAR(u.wakeups, -1, 0);
	CHECK_NEAR(u.preemptions, -1, 0);
	CHECK_NEAR(u.cpu_percent, -1, 0);
	CHECK_U64(u.memory_bytes, 0);
}

static void clocks_that_dream_are_not_believed(void)
{
	CHECK_NEAR(roof_seconds(0, 999), 1e-3, 1e-9);
	CHECK_NEAR(roof_seconds(10, 900), 1e-5, 1e-12); /* the rest is the launch */
	CHECK_NEAR(roof_seconds(30000, 30100), 0.03, 1e-9);
	CHECK_NEAR(roof_seconds(50, 12999), 0.013, 1e-9);
	CHECK_NEAR(roof_seconds(9000, 12000), 0.009, 1e-9);
	CHECK_NEAR(roof_seconds(8000, 12000), 0.012, 2e-6);
}

/* --- the JSON and its description --------------------------------------------- */

static char *read_doc(void)
{
	const char *dir = getenv("top_srcdir");
	static char text[64 << 10];
	char path[600];
	FILE *f;

	snprintf(path, sizeof path, "%s/doc/bench.md", dir ? dir : ".");
	f = fopen(path, "r");
	if (!f)
		return NULL;
	text[fread(text, 1, sizeof text - 1, f)] = '\0';
	fclose(f);
	return strstr(text, "## JSON");
}

static void keys_are_told(const json_t *v, const char *doc)
{
	const json_t *member;
	const char *key;
	char quoted[64];
	size_t i;

	if (json_is_array(v))
		for (i = 0; i < json_array_size(v); i++)
			keys_are_told(json_array_get(v, i), doc);
	if (!json_is_object(v))
		return;
	for (void *at = json_object_iter((json_t *)(uintptr_t)v); at;
	     at = json_object_iter_next((json_t *)(uintptr_t)v, at)) {
		key = json_object_iter_key(at);
		member = json_object_iter_value(at);
		snprintf(quoted, sizeof quoted, "`%s`", key);
		if (!strstr(doc, quoted))
			CHECK_STR(key, "in doc/bench.md");
		keys_are_told(member, doc);
	}
}

static struct bench_device device = {.id = "opencl:0",
				     .info = {.backend = "opencl", .name = "A card"}};
static double rates[] = {100, 101, 102};
static struct bench_result result;
static struct bench_report report;

static void fill_report(void)
{
	add(&device.roof, ROOF_RANDOM, 128, 1 << 20, 1e12);
	result = (struct bench_result){.algo = algos[0],
				       .label = "two at once",
				       .intensity = 22,
				       .tuned = "efficiency",
				       .tuned_mw = 120000,
				       .windows = rates,
				       .n = 3,
				       .found = 7,
				       .planted = 16,
				       .open_s = -1,
				       .power_mw = -1,
				       .joules_per_mh = -1,
				       .cpu_percent = -1,
				       .epoch = 5,
				       .height = BENCH_UNKNOWN,
				       .core_mc = BENCH_UNKNOWN,
				       .memory_mc = 45500,
				       .limit = {.hps = 200, .by = "memory"}};
	bench_spread(&result.rate, rates, 3);
	report = (struct bench_report){.devices = &device,
				       .n_devices = 1,
				       .results = &result,
				       .n = 1,
				       .seconds = 1,
				       .repeat = 3};
}

static void json_is_as_described(void)
{
	const char *doc = read_doc();
	json_t *root = bench_json(&report), *r;

	if (!CHECK(doc != NULL) || !CHECK(root != NULL))
		return;
	keys_are_told(root, doc);
	CHECK_STR(json_string_value(json_object_get(root, "schema")), BENCH_SCHEMA);
	r = json_array_get(json_object_get(root, "results"), 0);
	CHECK(json_is_null(json_object_get(r, "power_w")));
	CHECK(json_is_null(json_object_get(r, "height")));
	CHECK_INT(json_integer_value(json_object_get(r, "epoch")), 5);
	CHECK_NEAR(json_real_value(json_object_get(r, "memory_c")), 45.5, 0);
	CHECK_NEAR(json_real_value(json_object_get(json_object_get(r, "rate"), "median")), 101, 0);
	CHECK_NEAR(json_real_value(json_object_get(json_object_get(r, "limit"), "percent")), 50.5,
		   1e-9);
	json_decref(root);
}

static const char *verdict_of(json_t *root)
{
	json_t *row = json_array_get(json_object_get(root, "compare"), 0);

	return json_string_value(json_object_get(row, "verdict"));
}

static unsigned compared_with(json_t *now, const json_t *then, double fail_below)
{
	unsigned compared;

	return bench_compare_results(NULL, now, then, &report, fail_below, &compared);
}

/* Compared with a card that has become slower. */
static void comparisons_find_the_same_device_and_algorithm(void)
{
	static double slow[] = {80, 81, 80.5};
	json_t *then = bench_json(&report), *now = json_object();

	CHECK_INT(compared_with(now, then, 99), 0);
	CHECK_STR(verdict_of(now), "same");
	keys_are_told(now, read_doc());
	result.windows = slow;
	bench_spread(&result.rate, slow, 3);
	CHECK_INT(compared_with(now, then, 90), 1);
	CHECK_STR(verdict_of(now), "slower");
	CHECK_INT(compared_with(now, then, 70), 0);
	CHECK_INT(compared_with(now, then, 0), 0);
	result.epoch = 6;
	compared_with(now, then, 90);
	CHECK_INT(json_array_size(json_object_get(now, "compare")), 0);
	result.epoch = 5;
	snprintf(device.info.name, sizeof device.info.name, "Another card");
	CHECK_INT(compared_with(now, then, 90), 0);
	CHECK_INT(json_array_size(json_object_get(now, "compare")), 0);
	json_decref(now);
	json_decref(then);
}

/* Whoever wrote them: nobody's rates are numbers just because they look so. */
static void foreign_windows_are_not_compared(void)
{
	static const char *const bad[] = {"[]",        "[1e308, 1e308]", "[0]",       "[-1, 5]",
					  "[\"100\"]", "{\"0\": 100}",   "[null, 1]", "7"};
	json_t *then = bench_json(&report), *now = json_object(), *rate;
	unsigned compared = 7;
	size_t i;

	rate = json_object_get(json_array_get(json_object_get(then, "results"), 0), "rate");
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		json_object_set_new(rate, "windows", json_loads(bad[i], JSON_DECODE_ANY, NULL));
		CHECK_INT(bench_compare_results(NULL, now, then, &report, 99, &compared), 0);
		CHECK_INT(compared, 0);
	}
	json_object_set_new(rate, "windows", json_loads("[1e5]", 0, NULL));
	CHECK_INT(bench_compare_results(NULL, now, then, &report, 99, &compared), 1);
	CHECK_INT(compared, 1);
	json_decref(now);
	json_decref(then);
}

static void charts_go_where_they_can_be_written(void)
{
	struct err err = {0};

	CHECK_OK(bench_svg_check("test_bench.tmp.svg", &err), &err);
	CHECK(access("test_bench.tmp.svg", F_OK) != 0); /* asking changes nothing */
	CHECK_ERR(bench_svg_check(".", &err), ERR_USAGE, &err);
	CHECK_HAS(err.text, "directory");
	CHECK_ERR(bench_svg_check("no/such/directory.svg", &err), ERR_USAGE, &err);
	CHECK_HAS(err.text, "--svg no/such/directory.svg: ");
	CHECK_ERR(bench_svg_check("", &err), ERR_USAGE, &err);
	CHECK_ERR(bench_svg("/dev/full", &report, &err), ERR_IO, &err);
	CHECK_HAS(err.text, "No space left");
}

static void only_what_bench_printed_is_loaded(void)
{
	static const char path[] = "test_bench.tmp.json";
	json_t *root = bench_json(&report), *again;
	struct err err = {0};

	CHECK_INT(json_dump_file(root, path, 0), 0);
	again = bench_compare_load(path, &err);
	CHECK(again != NULL);
	json_decref(again);
	json_object_set_new(root, "version", json_integer(BENCH_SCHEMA_NUMBER + 1));
	CHECK_INT(json_dump_file(root, path, 0), 0);
	CHECK(!bench_compare_load(path, &err));
	CHECK_HAS(err.text, "version");
	CHECK(!bench_compare_load("no/such.json", &err));
	CHECK_HAS(err.text, "cannot read it");
	CHECK(!bench_compare_load(".", &err));
	CHECK_HAS(err.text, "not a file");
	CHECK(!bench_compare_load("/dev/zero", &err));
	CHECK_HAS(err.text, "not a file");
	json_decref(root);
	remove(path);
}

int main(void)
{
	T_RUN(median_and_spread_are_those_of_the_definition);
	T_RUN(three_rates_that_agree_are_steady);
	T_RUN(bad_luck_is_not_missed_solutions);
	T_RUN(verdicts_follow_from_the_spread);
	T_RUN(lists_name_each_algorithm_once);
	T_RUN(limits_are_those_of_the_slowest_resource);
	T_RUN(costs_are_those_derived);
	T_RUN(samples_begin_with_the_start);
	T_RUN(clocks_that_dream_are_not_believed);
	T_RUN(wakeups_are_counted);
	fill_report();
	T_RUN(json_is_as_described);
	T_RUN(only_what_bench_printed_is_loaded);
	T_RUN(foreign_windows_are_not_compared);
	T_RUN(charts_go_where_they_can_be_written);
	T_RUN(comparisons_find_the_same_device_and_algorithm);
	return t_done();
}
