/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Algorithms with a dataset: what its light cache and the dataset itself cost, whether samples of
 * it and the hits of every plan are what the reference says, and rates.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algos/dag.h"
#include "algos/ethash.h"
#include "algos/progpow.h"
#include "bench/gpu.h"
#include "src/clock.h"

#define SMALL_CACHE 1021
#define SMALL_ROWS  16381
#define SLICE_FIRST (1u << 14) /* nodes */
#define SLICE_US    150000     /* as the miner aims at */
#define SAMPLES     64
#define EASY_NONCES 4096 /* one in EASY_ODDS is a hit; all hits are held against the reference */
#define EASY_ODDS   64
#define SURE_NONCES 32 /* of these every one is, hit or not */
#define SURE_ODDS   2
#define KNOWN_MAX   512
#define EPOCH_S     20 /* an epoch and a plan need about so long to be of use */
#define PLAN_S      4

/* One epoch on one device. */
struct epoch_run {
	struct bench *b;
	const struct algo *algo;
	struct algo_epoch *ep;
	uint64_t height;
	bool thorough;
	struct algo_plan plans[ALGO_PLANS_MAX];
	int n_plans;
	struct work work;
	/* Hashes of the reference, which are slow, so far. */
	struct known {
		uint64_t nonce;
		struct u256 hash;
	} known[KNOWN_MAX];
	unsigned n_known;
};

static void set_integer(json_t *out, const char *name, uint64_t value)
{
	json_object_set_new(out, name, json_integer((json_int_t)value));
}

static void set_real(json_t *out, const char *name, double value)
{
	json_object_set_new(out, name, json_real(value));
}

/* Bytes of the dataset a hash reads. */
static unsigned hash_bytes(const struct algo *algo)
{
	return algo->program ? PROGPOW_LANES * PROGPOW_DAG_LOADS * 4 * PROGPOW_LOOPS
			     : 128 * ETHASH_LOOPS;
}

/* ---- light cache and dataset ---- */

static int fits(struct bench *b, const struct algo_facts *facts, struct err *err)
{
	uint64_t left = 0, need = facts->dataset_bytes + (uint64_t)facts->cache_items * 64;
	int rc = b->bed.backend->mem_left(b->bed.dev, &left, err);

	if (rc || need <= left)
		return rc;
	return err_set(err, ERR_MEMORY, "%llu MiB needed, %llu MiB free",
		       (unsigned long long)(need >> 20), (unsigned long long)(left >> 20));
}

/* Sizes, the light cache if the device has room for all, and a header to search with. */
static int make_cache(struct epoch_run *r, json_t *out, struct err *err)
{
	uint64_t set[ALGO_SETTINGS_MAX] = {0};
	struct algo_facts facts;
	uint32_t number = 0;
	int64_t began_us;
	int rc = r->algo->dataset->of_height(r->algo, r->height, &number, err);
	size_t i;

	set[DAG_SET_CACHE] = r->b->small ? SMALL_CACHE : 0;
	set[DAG_SET_ROWS] = r->b->small ? SMALL_ROWS : 0;
	if (!rc)
		rc = r->algo->dataset->facts(r->algo, number, set, &facts, err);
	if (rc)
		return rc;
	set_integer(out, "epoch", ALGO_EPOCH_SHOWN(number));
	set_integer(out, "light_cache_bytes", (uint64_t)facts.cache_items * 64);
	set_integer(out, "dataset_bytes", facts.dataset_bytes);
	rc = fits(r->b, &facts, err);
	began_us = clock_us();
	if (!rc)
		rc = algo_epoch_new(&r->ep, r->algo, number, set, err);
	if (rc)
		return rc;
	set_real(out, "light_cache_ms", (double)(clock_us() - began_us) / 1e3);
	r->work = (struct work){
		.header_len = r->algo->header_len, .height = r->height, .epoch = number};
	for (i = 0; i < r->work.header_len; i++)
		r->work.header[i] = (uint8_t)(i * 37 + 11);
	return 0;
}

/* Room on the device for the dataset and what makes it. */
static int make_room(struct epoch_run *r, json_t *out, struct err *err)
{
	struct bed *bed = &r->b->bed;
	int rc = bed->backend->mem_new(bed->dev, sizeof(struct abi_job), &bed->job, err);
	int64_t began_us;

	if (!rc)
		rc = bed->backend->mem_new(bed->dev, sizeof(struct abi_results), &bed->results,
					   err);
	began_us = clock_us();
	if (!rc)
		rc = bed_dataset(bed, r->ep, err);
	if (rc)
		return rc;
	set_real(out, "build_and_upload_ms", (double)(clock_us() - began_us) / 1e3);
	json_object_set_new(out, "options", json_string(bed->plan.options_epoch));
	json_object_set_new(out, "code", bench_code(r->b, bed->maker, STEP_EPOCH));
	return 0;
}

/* In slices, like the miner, each as long as a driver's watchdog likes. */
static int generate(struct epoch_run *r, json_t *out, struct err *err)
{
	uint32_t nodes = (uint32_t)(r->ep->facts.dataset_bytes / 64), took_us = 0;
	uint32_t done = 0, count = SLICE_FIRST, slices = 0;
	int64_t began_us = clock_us();
	uint64_t device_us = 0;
	double wall_s;
	int rc = 0;

	for (; !rc && done < nodes; slices++) {
		if (clock_us() >= r->b->end_us)
			return err_set(err, ERR_STALE, "no time left at node %u of %u",
				       (unsigned)done, (unsigned)nodes);
		if (count > nodes - done)
			count = nodes - done;
		rc = bed_generate(&r->b->bed, done, count, &took_us, err);
		done += count;
		device_us += took_us;
		if (took_us < SLICE_US / 2 && count < nodes / 4)
			count *= 2;
	}
	wall_s = (double)(clock_us() - began_us) / 1e6;
	set_integer(out, "nodes", nodes);
	set_integer(out, "slices", slices);
	set_real(out, "seconds", wall_s);
	set_real(out, "device_seconds", (double)device_us / 1e6);
	set_real(out, "nodes_per_second", nodes / wall_s);
	return rc;
}

static int read_node(struct bed *bed, uint32_t n, uint32_t out[16], struct err *err)
{
	uint32_t unit = n / 4, parts = bed->plan.parts, took_us;
	uint64_t at = (uint64_t)(unit / parts) * 256 + n % 4 * 64;
	int rc = bed->backend->read(bed->part[unit % parts], at, out, 64, err);

	if (!rc)
		rc = bed->backend->mark(bed->dev, 0, err);
	return rc ? rc : bed->backend->wait(bed->dev, 0, &took_us, err);
}

/* From the first node to the last, evenly. */
static int check_samples(struct epoch_run *r, json_t *out, struct err *err)
{
	uint32_t nodes = (uint32_t)(r->ep->facts.dataset_bytes / 64), got[16], want[16];
	unsigned i, wrong = 0;
	int rc = 0;

	for (i = 0; !rc && i < SAMPLES; i++) {
		uint32_t n = (uint32_t)((uint64_t)i * (nodes - 1) / (SAMPLES - 1));

		rc = read_node(&r->b->bed, n, got, err);
		r->algo->dataset->node(r->ep, n, want);
		wrong += !rc && memcmp(got, want, sizeof want);
	}
	set_integer(out, "samples", i);
	set_integer(out, "samples_wrong", wrong);
	return rc;
}

static json_t *generation_json(struct epoch_run *r, int *rc)
{
	json_t *out = json_object();
	struct err err = {0};

	*rc = make_room(r, out, &err);
	if (!*rc)
		*rc = generate(r, out, &err);
	if (!*rc)
		*rc = check_samples(r, out, &err);
	if (*rc)
		bench_failed(out, &err);
	return out;
}

/* ---- hits against the reference ---- */

static const struct u256 *know(struct epoch_run *r, uint64_t nonce)
{
	struct known *k = r->known;
	struct digest digest;
	unsigned i;

	for (i = 0; i < r->n_known; i++, k++)
		if (k->nonce == nonce)
			return &k->hash;
	if (r->n_known == KNOWN_MAX || r->algo->hash(r->ep, &r->work, nonce, &digest))
		return NULL;
	*k = (struct known){.nonce = nonce, .hash = digest.hash};
	r->n_known++;
	return &k->hash;
}

static bool reported(const struct abi_results *res, uint32_t n, uint64_t nonce)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		if (res->nonce[i] == nonce)
			return true;
	return false;
}

/* No hit, by the reference, or one twice. */
static unsigned count_wrong(struct epoch_run *r, const struct abi_results *res, uint32_t count)
{
	unsigned wrong = 0;
	uint32_t i;

	for (i = 0; i < res->count; i++) {
		const struct u256 *hash = know(r, res->nonce[i]);

		wrong += !hash || u256_cmp(hash, &r->work.target) > 0 || res->nonce[i] >= count ||
			 reported(res, i, res->nonce[i]);
	}
	return wrong;
}

/* Of the hits the reference has seen, those that were not reported. */
static unsigned count_missed(const struct epoch_run *r, const struct abi_results *res,
			     uint32_t count)
{
	unsigned missed = 0, i;

	for (i = 0; i < r->n_known; i++)
		missed += r->known[i].nonce < count &&
			  u256_cmp(&r->known[i].hash, &r->work.target) <= 0 &&
			  !reported(res, res->count, r->known[i].nonce);
	return missed;
}

/* Nonces 0..count-1, one in odds a hit. */
static json_t *hits_json(struct epoch_run *r, uint32_t count, unsigned odds)
{
	static struct abi_results res;
	json_t *out = json_pack("{s:i, s:i}", "nonces", (int)count, "one_in", (int)odds);
	struct err err = {0};
	uint32_t took_us;

	memset(&r->work.target, 0xff, sizeof r->work.target);
	r->work.target.w[3] = UINT64_MAX / odds;
	if (bed_run(&r->b->bed, &r->work, 0, count, &res, &took_us, &err)) {
		bench_failed(out, &err);
		return out;
	}
	set_integer(out, "hits", res.count);
	if (res.count > ABI_SLOTS) {
		json_object_set_new(out, "error", json_string("more hits than can be reported"));
		return out;
	}
	set_integer(out, "wrong", count_wrong(r, &res, count));
	set_integer(out, "missed", count_missed(r, &res, count));
	return out;
}

static json_t *correctness_json(struct epoch_run *r)
{
	uint64_t nonce;

	for (nonce = 0; nonce < SURE_NONCES; nonce++)
		know(r, nonce);
	return json_pack("[o, o]", hits_json(r, SURE_NONCES, SURE_ODDS),
			 hits_json(r, EASY_NONCES, EASY_ODDS));
}

/* ---- plans ---- */

static void rate_json(struct epoch_run *r, json_t *out)
{
	json_t *rate = json_object();
	struct err err = {0};
	double hps = 0;

	memset(&r->work.target, 0, sizeof r->work.target);
	if (bench_rate(r->b, &r->work, rate, &hps, &err)) {
		bench_failed(rate, &err);
	} else {
		set_real(rate, "gb_per_second", hps * hash_bytes(r->algo) / 1e9);
	}
	json_object_set_new(out, "rate", rate);
}

/* The dataset stays, of all else the bed is made anew. */
static json_t *plan_json(struct epoch_run *r, const struct algo_plan *plan, bool no_ptx)
{
	struct bed *bed = &r->b->bed;
	json_t *out = json_pack("{s:s, s:s, s:b}", "options", plan->options, "label", plan->label,
				"without_template", no_ptx);
	int64_t began_us = clock_us();
	struct err err = {0};

	bed->height = r->height;
	bed->no_ptx = no_ptx;
	if (bed_make(bed, r->algo, plan, plan->nonces_max ? plan->nonces_max : BATCH_MAX, &err)) {
		bench_failed(out, &err);
	} else {
		set_real(out, "build_ms", (double)(clock_us() - began_us) / 1e3);
		json_object_set_new(out, "code", bench_code(r->b, bed->program, STEP_BATCH));
		json_object_set_new(out, "correct", correctness_json(r));
		rate_json(r, out);
	}
	bed_clear(bed);
	bed->no_ptx = false;
	return out;
}

static void plans_json(struct epoch_run *r, json_t *all)
{
	/* Where cards take programs in two ways, both: the miner takes the second for want of the
	 * first. */
	bool both = r->thorough && r->algo->program && r->b->bed.info.arch;
	int i, way;

	for (i = 0; i < r->n_plans; i++)
		for (way = 0; way < (both ? 2 : 1); way++) {
			if (bench_late(r->b, r->b->small ? 0 : PLAN_S, "%s epoch %u: %s%s",
				       r->algo->name, ALGO_EPOCH_SHOWN(r->ep->facts.epoch),
				       r->plans[i].options, way ? ", without template" : ""))
				continue;
			json_array_append_new(all, plan_json(r, &r->plans[i], way == 1));
		}
}

/* ---- an epoch ---- */

/* What can be measured once there is a dataset. */
static void searches_json(struct epoch_run *r, json_t *out)
{
	json_t *plans = json_array();

	bed_clear(&r->b->bed);
	plans_json(r, plans);
	json_object_set_new(out, "bytes_per_hash", json_integer(hash_bytes(r->algo)));
	json_object_set_new(out, "plans", plans);
}

static int begin(struct epoch_run *r, json_t *out, struct err *err)
{
	struct bed *bed = &r->b->bed;
	int rc = make_cache(r, out, err);

	if (rc)
		return rc;
	r->n_plans = bench_plans(r->b, r->algo, r->ep->facts.dataset_bytes, r->plans, err);
	if (r->n_plans < 0)
		return r->n_plans;
	/* How the dataset lies is the same under all of them. */
	bed->algo = r->algo;
	bed->plan = r->plans[0];
	return 0;
}

static json_t *run_json(struct epoch_run *r)
{
	json_t *out =
		json_pack("{s:s, s:I}", "algo", r->algo->name, "height", (json_int_t)r->height);
	struct bed *bed = &r->b->bed;
	struct err err = {0};
	int rc;

	fprintf(stderr, "%s:%u %s height %llu\n", bed->info.backend, (unsigned)bed->info.index,
		r->algo->name, (unsigned long long)r->height);
	if (begin(r, out, &err)) {
		bench_failed(out, &err);
		return out;
	}
	json_object_set_new(out, "generation", generation_json(r, &rc));
	if (!rc)
		searches_json(r, out);
	bed_clear(bed);
	bed_dataset_clear(bed);
	return out;
}

json_t *bench_dataset(struct bench *b, const struct algo *algo, enum bench_epoch which,
		      bool thorough)
{
	uint64_t height = which == EPOCH_TODAY ? algo->height : 0;
	struct epoch_run *r;
	json_t *out;

	if (bench_late(b, b->small ? 0 : EPOCH_S, "%s height %llu", algo->name,
		       (unsigned long long)height))
		return NULL;
	r = calloc(1, sizeof *r);
	if (!r)
		return NULL;
	r->b = b;
	r->algo = algo;
	r->height = height;
	r->thorough = thorough;
	out = run_json(r);
	algo_epoch_free(r->ep);
	free(r);
	return out;
}
