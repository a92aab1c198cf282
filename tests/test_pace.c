/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Batch lengths, scripts of simulated devices, remembered plans: the worker's pure parts. */
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "src/engine.h"
#include "src/pace.h"
#include "src/plan_cache.h"
#include "src/sim_script.h"
#include "src/u256.h"
#include "tests/t.h"

static const struct u256 hard = {{0, 0, 0, 1}}, easy = {{-1ull, -1ull, -1ull, -1ull}},
			 half = {{0, 0, 0, 0x7fffffffffffffff}};

/* A device that hashes so many a second. */
static uint32_t takes_us(uint64_t count, double rate)
{
	double us = (double)count / rate * 1e6;

	return us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
}

static void batches_reach_the_wanted_length_from_far_away(void)
{
	static const double rates[] = {200, 1e4, 1e6, 1e9, 2e10};
	static const uint64_t starts[] = {1, 1 << 10, 1 << 24};
	unsigned i, j, k;

	for (i = 0; i < 5; i++)
		for (j = 0; j < 3; j++) {
			struct pace p;

			pace_init(&p, starts[j], 0, 1, 25000, 0);
			for (k = 0; k < 24; k++) {
				uint32_t n = pace_next(&p, UINT64_MAX, &hard);

				pace_took(&p, n, takes_us(n, rates[i]));
			}
			CHECK_NEAR(takes_us(p.nonces, rates[i]) / 25000.0, 1, 0.25);
		}
}

static void one_slow_batch_costs_little(void)
{
	struct pace p;

	pace_init(&p, 1000000, 0, 1, 25000, 0);
	pace_took(&p, 1000000, 10000000);
	CHECK_U64(p.nonces, 250000);
	pace_took(&p, 250000, 6250);
	CHECK_U64(p.nonces, 1000000);
}

static void short_ends_of_leases_teach_nothing(void)
{
	struct pace p;

	pace_init(&p, 1000000, 0, 1, 25000, 0);
	pace_took(&p, 10, 50);
	pace_took(&p, 10, 0);
	CHECK_U64(p.nonces, 1000000);
	pace_took(&p, 1000000, 0);
	CHECK_U64(p.nonces, 8000000);
}

static void limits_and_granules_hold(void)
{
	struct pace p;

	pace_init(&p, 5000, 4096 + 100, 64, 25000, 0);
	CHECK_U64(p.nonces, 4160);
	pace_took(&p, 4160, 1);
	CHECK_U64(p.nonces, 4160);
	pace_init(&p, 1000, 0, 256, 25000, 0);
	CHECK_U64(p.nonces, 768);
	pace_took(&p, 768, 40000000);
	CHECK_U64(p.nonces, 192);
	CHECK_U64(pace_next(&p, 5, &hard), 5);
	pace_init(&p, 1ull << 40, 0, 1, 25000, 0);
	CHECK_U64(p.nonces, UINT32_MAX);
}

static void chosen_intensity_stays(void)
{
	struct pace p;

	pace_init(&p, 5000, 0, 64, 25000, 20);
	CHECK_U64(p.nonces, 1 << 20);
	pace_took(&p, 1 << 20, 1);
	pace_took(&p, 1 << 20, 10000000);
	CHECK_U64(p.nonces, 1 << 20);
	pace_init(&p, 5000, 1 << 16, 64, 25000, 20);
	CHECK_U64(p.nonces, 1 << 16);
	pace_init(&p, 5000, 0, 1, 25000, 40);
	CHECK_U64(p.nonces, UINT32_MAX);
}

static void easy_targets_leave_room_in_the_slots(void)
{
	struct pace p;

	pace_init(&p, 1 << 24, 0, 1, 25000, 0);
	CHECK(pace_next(&p, UINT64_MAX, &easy) <= ABI_SLOTS);
	CHECK(pace_next(&p, UINT64_MAX, &easy) >= 64);
	CHECK_U64(pace_next(&p, UINT64_MAX, &half), 2 * pace_next(&p, UINT64_MAX, &easy));
	CHECK_U64(pace_next(&p, UINT64_MAX, &hard), 1 << 24);
	CHECK_U64(pace_next(&p, 1, &easy), 1);
}

static void rest_follows_duty(void)
{
	CHECK_U64(pace_rest_us(10000, 1000), 0);
	CHECK_U64(pace_rest_us(10000, 500), 10000);
	CHECK_U64(pace_rest_us(10000, 100), 90000);
	CHECK_U64(pace_rest_us(10000, 0), 0);
	CHECK_U64(pace_rest_us(UINT32_MAX, 1), 999ull * UINT32_MAX);
}

static void script_words_are_understood(void)
{
	struct sim_script s;
	struct err err = {0};
	const char *text = "rate=2.5M,seed=7,fault=invalid:0.25@5s,fault=slow:0.5@3;2:rate=9k,"
			   "fault=hang@10s";

	CHECK_OK(sim_script_parse(&s, text, 0, &err), &err);
	CHECK_NEAR(s.rate, 2.5e6, 0);
	CHECK_U64(s.seed, 7);
	CHECK_U64(s.n, 2);
	CHECK(!sim_script_fault(&s, SIM_INVALID, 4999999));
	if (CHECK(sim_script_fault(&s, SIM_INVALID, 5000000)))
		CHECK_NEAR(sim_script_fault(&s, SIM_INVALID, 5000000)->value, 0.25, 0);
	CHECK(!sim_script_fault(&s, SIM_HANG, INT64_MAX));
	CHECK_OK(sim_script_parse(&s, text, 2, &err), &err);
	CHECK_NEAR(s.rate, 9e3, 0);
	CHECK(sim_script_fault(&s, SIM_HANG, 10000000));
	CHECK_OK(sim_script_parse(&s, "", 0, &err), &err);
	CHECK_OK(sim_script_parse(&s, NULL, 0, &err), &err);
	CHECK_NEAR(s.rate, 1e6, 0);
}

static void bad_scripts_name_the_word(void)
{
	static const char *const bad[] = {
		"rate",        "rate=",           "rate=0",         "rate=-1",
		"rate=1x",     "rate=nan",        "seed=-1",        "seed=x",
		"fault=burn",  "fault=hang:1",    "fault=invalid",  "fault=invalid:2",
		"fault=hang@", "fault=hang@-1",   "colour=red",     "fault=slow:0",
		"1:rate=1x",   "rate=1M;fault=x", "fault=hang@1e99"};
	struct err err;
	unsigned i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		err = (struct err){0};
		if (!CHECK_ERR(engine_sim_check(bad[i], &err), ERR_PARSE, &err))
			printf("\tscript %s\n", bad[i]);
	}
}

static void remove_dir(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	while (d && (entry = readdir(d)))
		if (entry->d_name[0] != '.' || strlen(entry->d_name) > 2)
			unlinkat(dirfd(d), entry->d_name, 0);
	if (d)
		closedir(d);
	CHECK_INT(rmdir(dir), 0);
}

static void remembered_plan_comes_back_only_whole(void)
{
	const struct device_info info = {.backend = "opencl", .name = "card", .driver = "1"};
	const struct algo_plan plans[2] = {{.options = "-DA=1"}, {.options = "-DA=2"}};
	const uint64_t set[ALGO_SETTINGS_MAX] = {0}, other[ALGO_SETTINGS_MAX] = {1};
	char dir[] = "/tmp/adit-plan.XXXXXX";
	struct plan_key key, key2;
	struct device_info newer = info;
	uint64_t nonces = 0;

	if (!CHECK(mkdtemp(dir)))
		return;
	plan_cache_key(&key, &info, algos[0], set, plans, 2);
	CHECK_INT(plan_cache_load(dir, &key, 2, &nonces), -1);
	plan_cache_store(dir, &key, 1, 12345);
	CHECK_INT(plan_cache_load(dir, &key, 2, &nonces), 1);
	CHECK_U64(nonces, 12345);
	CHECK_INT(plan_cache_load(dir, &key, 1, &nonces), -1);
	plan_cache_key(&key2, &info, algos[0], other, plans, 2);
	CHECK_INT(plan_cache_load(dir, &key2, 2, &nonces), -1);
	snprintf(newer.driver, sizeof newer.driver, "2");
	plan_cache_key(&key2, &newer, algos[0], set, plans, 2);
	CHECK_INT(plan_cache_load(dir, &key2, 2, &nonces), -1);
	CHECK_INT(plan_cache_load("", &key, 2, &nonces), -1);
	kernel_cache_store(dir, &key.key, "1 x", 3, KERNEL_CACHE_MAX, NULL);
	CHECK_INT(plan_cache_load(dir, &key, 2, &nonces), -1);
	kernel_cache_store(dir, &key.key, "", 0, KERNEL_CACHE_MAX, NULL);
	CHECK_INT(plan_cache_load(dir, &key, 2, &nonces), -1);
	remove_dir(dir);
}

int main(void)
{
	T_RUN(batches_reach_the_wanted_length_from_far_away);
	T_RUN(one_slow_batch_costs_little);
	T_RUN(short_ends_of_leases_teach_nothing);
	T_RUN(limits_and_granules_hold);
	T_RUN(chosen_intensity_stays);
	T_RUN(easy_targets_leave_room_in_the_slots);
	T_RUN(rest_follows_duty);
	T_RUN(script_words_are_understood);
	T_RUN(bad_scripts_name_the_word);
	T_RUN(remembered_plan_comes_back_only_whole);
	return t_done();
}
