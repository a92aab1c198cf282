/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Everything worth knowing of the cards of one backend, as one JSON document: facts, how
 * kernels were come by and what they need, whether they find what the vectors list, and rates
 * of every plan over work-group sizes.
 * usage: bench/gpu BACKEND VECTORS_DIR [SECONDS]   (seconds a measurement, default 2)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "src/clock.h"
#include "src/hex.h"
#include "src/str.h"
#include "tests/device.h"

#define TARGET_US 50000 /* a batch as the miner aims at */
#define BATCH_MAX (1ull << 30)

struct bench {
	struct bed bed;
	const char *vectors;
	double seconds;
};

static json_t *device_json(const struct device_info *d)
{
	return json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:I, s:I, s:i, s:i, s:i}", "backend",
			 d->backend, "index", (int)d->index, "pci", d->pci, "uuid", d->uuid, "name",
			 d->name, "driver", d->driver, "mem_total", (json_int_t)d->mem_total,
			 "mem_free", (json_int_t)d->mem_free, "units", (int)d->units, "clock_mhz",
			 (int)d->clock_mhz, "arch", (int)d->arch);
}

/* The solutions a row lists among what the kernel reported, by the reference's judgement. */
static bool row_holds(struct bench *b, const json_t *row, struct err *err)
{
	static struct abi_results res;
	const struct algo *algo = b->bed.algo;
	const char *header = json_string_value(json_object_get(row, "header_hex"));
	const char *target = json_string_value(json_object_get(row, "target_hex"));
	const json_t *want = json_object_get(row, "solutions");
	uint64_t at = (uint64_t)json_integer_value(json_object_get(row, "nonce_start"));
	uint64_t end = (uint64_t)json_integer_value(json_object_get(row, "nonce_end"));
	struct work work = {.header_len = algo->header_len};
	struct digest digest;
	size_t i, j, hits = 0;
	uint32_t took_us;

	if (!header || !target || u256_parse(&work.target, target) ||
	    hex_decode(work.header, algo->header_len, header, strlen(header))) {
		err_set(err, ERR_PARSE, "a malformed row of vectors");
		return false;
	}
	while (at < end) {
		uint64_t part = end - at < b->bed.room ? end - at : b->bed.room;

		if (bed_run(&b->bed, &work, at, (uint32_t)part, &res, &took_us, err) ||
		    res.count > ABI_SLOTS)
			return false;
		for (i = 0; i < res.count; i++) {
			algo->hash(NULL, &work, res.nonce[i], &digest);
			if (u256_cmp(&digest.hash, &work.target) > 0)
				continue;
			for (j = 0; j < json_array_size(want); j++) {
				const json_t *s = json_array_get(want, j);
				const json_t *n = json_object_get(s, "nonce");

				hits += (uint64_t)json_integer_value(n) == res.nonce[i];
			}
		}
		at += part;
	}
	return hits == json_array_size(want);
}

static json_t *vectors_json(struct bench *b)
{
	char path[512], *kind;
	struct err err = {0};
	json_t *rows, *row;
	size_t i;
	int held = 0, failed = 0;

	snprintf(path, sizeof path, "%s/%s.json", b->vectors, b->bed.algo->name);
	rows = json_load_file(path, 0, NULL);
	json_array_foreach(rows, i, row)
	{
		if (json_unpack(row, "{s:s}", "kind", &kind) || strcmp(kind, "scan"))
			continue;
		if (row_holds(b, row, &err))
			held++;
		else
			failed++;
	}
	json_decref(rows);
	return json_pack("{s:i, s:i, s:s}", "held", held, "failed", failed, "error", err.text);
}

/* Hashes a second by the device's clock and by ours, two batches always queued. */
static int measure(struct bench *b, uint64_t batch, json_t *out, struct err *err)
{
	const struct backend *api = b->bed.backend;
	struct work work = {.header_len = b->bed.algo->header_len};
	int64_t began_us = clock_us(), now_us = began_us;
	uint64_t queued = 0, device_us = 0;
	uint32_t took_us;
	int rc = 0;

	for (; !rc && (double)(now_us - began_us) < b->seconds * 1e6; now_us = clock_us()) {
		rc = bed_queue(&b->bed, &work, queued * batch, (uint32_t)batch, err);
		if (!rc)
			rc = api->mark(b->bed.dev, queued & 1, err);
		if (!rc && queued) {
			rc = api->wait(b->bed.dev, ~queued & 1, &took_us, err);
			device_us += took_us;
		}
		queued++;
	}
	if (!rc)
		rc = api->wait(b->bed.dev, ~queued & 1, &took_us, err);
	if (rc)
		return rc;
	device_us += took_us;
	now_us = clock_us();
	json_object_set_new(out, "batch", json_integer((json_int_t)batch));
	json_object_set_new(out, "batches", json_integer((json_int_t)queued));
	json_object_set_new(
		out, "hashes_per_second",
		json_real((double)(queued * batch) * 1e6 / (double)(now_us - began_us)));
	json_object_set_new(
		out, "device_hashes_per_second",
		json_real((double)(queued * batch) * 1e6 / (double)(device_us ? device_us : 1)));
	return 0;
}

/* Grow the batch to TARGET_US. */
static int find_batch(struct bench *b, uint64_t *out, struct err *err)
{
	static struct abi_results res;
	struct work work = {.header_len = b->bed.algo->header_len};
	uint64_t batch = b->bed.plan.nonces_start, most = b->bed.room;
	uint32_t took_us = 0;
	int rc = 0;

	if (batch > most)
		batch = most;
	while (!(rc = bed_run(&b->bed, &work, 0, (uint32_t)batch, &res, &took_us, err)) &&
	       took_us < TARGET_US && batch < most)
		batch = 2 * batch < most ? 2 * batch : most;
	*out = batch;
	return rc;
}

static json_t *rates_json(struct bench *b)
{
	static const uint32_t groups[] = {0, 64, 128, 256, 512};
	uint32_t given = b->bed.plan.local;
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < sizeof groups / sizeof *groups; i++) {
		json_t *one = json_object();
		struct err err = {0};
		uint64_t batch;

		/* the plan's own size first; where it names one, the kernel insists on it */
		if (i && given) {
			json_decref(one);
			break;
		}
		b->bed.plan.local = i ? groups[i] : given;
		json_object_set_new(one, "group", json_integer(b->bed.plan.local));
		if (find_batch(b, &batch, &err) || measure(b, batch, one, &err))
			json_object_set_new(one, "error", json_string(err.text));
		json_array_append_new(all, one);
	}
	b->bed.plan.local = given;
	return all;
}

static json_t *uses_json(struct bench *b)
{
	json_t *all = json_array();
	char text[256] = "";
	int i;

	if (!b->bed.backend->describe)
		return all;
	b->bed.backend->describe(b->bed.program, NULL, text, sizeof text);
	json_array_append_new(all, json_string(text));
	for (i = 0; i < b->bed.algo->n_steps; i++) {
		b->bed.backend->describe(b->bed.program, b->bed.algo->steps[i].entry, text,
					 sizeof text);
		json_array_append_new(all, json_string(text));
	}
	return all;
}

static json_t *plan_json(struct bench *b, const struct algo *algo, const struct algo_plan *plan)
{
	uint64_t room = plan->nonces_max ? plan->nonces_max : BATCH_MAX;
	int64_t began_us = clock_us();
	struct err err = {0};
	json_t *out = json_pack("{s:s, s:s, s:s}", "algo", algo->name, "options", plan->options,
				"label", plan->label);

	if (bed_make(&b->bed, algo, plan, room, &err)) {
		json_object_set_new(out, "error", json_string(err.text));
		return out;
	}
	json_object_set_new(out, "build_ms", json_integer((clock_us() - began_us) / 1000));
	json_object_set_new(out, "code", uses_json(b));
	json_object_set_new(out, "vectors", vectors_json(b));
	json_object_set_new(out, "rates", rates_json(b));
	bed_clear(&b->bed);
	return out;
}

static void plans_json(struct bench *b, const struct algo *algo, json_t *all)
{
	struct algo_plan plans[ALGO_PLANS_MAX];
	uint64_t set[ALGO_SETTINGS_MAX];
	struct algo_device dev = bed_device(&b->bed.info, b->bed.info.lanes);
	struct err err = {0};
	int i, n;

	algo_settings(algo, set, NULL, 0, NULL);
	n = algo_plans(algo, &dev, set, plans, ALGO_PLANS_MAX, &err);
	if (n < 0)
		json_array_append_new(
			all, json_pack("{s:s, s:s}", "algo", algo->name, "error", err.text));
	for (i = 0; i < n; i++) {
		fprintf(stderr, "%s:%u %s %s\n", b->bed.info.backend, (unsigned)b->bed.info.index,
			algo->name, plans[i].options);
		json_array_append_new(all, plan_json(b, algo, &plans[i]));
	}
}

static json_t *card_json(struct bench *b, uint32_t index)
{
	struct err err = {0};
	json_t *out, *all = json_array();
	int i;

	if (b->bed.backend->open(index, NULL, &b->bed.dev, &b->bed.info, &err)) {
		json_decref(all);
		return json_pack("{s:i, s:s}", "index", (int)index, "error", err.text);
	}
	out = device_json(&b->bed.info);
	for (i = 0; algos[i]; i++)
		plans_json(b, algos[i], all);
	json_object_set_new(out, "plans", all);
	b->bed.backend->close(b->bed.dev);
	return out;
}

int main(int argc, char **argv)
{
	static struct device_info found[DEVICES_MAX];
	struct bench b = {.seconds = 2};
	struct err err = {0};
	json_t *cards = json_array();
	int i, n;

	if (argc < 3 || (argc > 3 && str_to_double(&b.seconds, argv[3]))) {
		fprintf(stderr, "usage: %s BACKEND VECTORS_DIR [SECONDS]\n", argv[0]);
		return 2;
	}
	b.vectors = argv[2];
	b.bed.backend = backend_find(argv[1]);
	n = b.bed.backend ? b.bed.backend->probe(found, DEVICES_MAX, &err) : 0;
	if (n <= 0) {
		fprintf(stderr, "no %s device: %s\n", argv[1], err.text);
		return 3;
	}
	for (i = 0; i < n && i < DEVICES_MAX; i++)
		json_array_append_new(cards, card_json(&b, (uint32_t)i));
	json_dumpf(cards, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(cards);
	return 0;
}
