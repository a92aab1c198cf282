/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `adit bench` cannot tell of a card, as one JSON document: how kernels were come by and what
 * they need, whether every plan finds what the vectors or the reference say, and the rates of all
 * plans and groups, not only the one that was chosen; with datasets, how fast those are made.
 * usage: bench/gpu [--small] [--limit S] [--only LIST] DEVICE VECTORS_DIR [SECONDS]
 *	DEVICE   like cuda:0; cuda: all of that backend
 *	SECONDS  of one measurement (2)
 *	--limit  after so many seconds nothing more is begun; what is missing is named (400)
 *	--small  datasets of 2 MiB, to try the bench itself on any device
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/gpu.h"
#include "src/clock.h"
#include "src/hex.h"
#include "src/str.h"

#define LIMIT_S 400

bool bench_late(struct bench *b, int seconds, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	if (clock_us() + seconds * INT64_C(1000000) < b->end_us)
		return false;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	json_array_append_new(b->left_out, json_string(text));
	return true;
}

void bench_failed(json_t *out, const struct err *err)
{
	json_object_set_new(out, "error", json_string(err->text));
}

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

/* CPU time of this process, in microseconds. */
static int64_t cpu_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* What so many equal batches took, by three clocks. */
struct spent {
	uint64_t batch, batches, device_us;
	int64_t wall_us, cpu_us;
};

static double spent_json(const struct spent *s, json_t *out)
{
	double hashes = (double)s->batch * (double)s->batches;
	double device = hashes * 1e6 / (double)(s->device_us ? s->device_us : 1);

	json_object_set_new(out, "batch", json_integer((json_int_t)s->batch));
	json_object_set_new(out, "batches", json_integer((json_int_t)s->batches));
	json_object_set_new(out, "hashes_per_second",
			    json_real(hashes * 1e6 / (double)(s->wall_us ? s->wall_us : 1)));
	json_object_set_new(out, "device_hashes_per_second", json_real(device));
	json_object_set_new(out, "host_cpu_us_per_batch",
			    json_real((double)s->cpu_us / (double)(s->batches ? s->batches : 1)));
	return device;
}

/* Batches by the device's clock and by ours, two of them always queued. */
static int measure(struct bench *b, const struct work *work, struct spent *s, struct err *err)
{
	const struct backend *api = b->bed.backend;
	int64_t began_us = clock_us(), now_us = began_us, began_cpu = cpu_us();
	uint32_t took_us = 0;
	int rc = 0;

	for (; !rc && (double)(now_us - began_us) < b->seconds * 1e6; now_us = clock_us()) {
		rc = bed_queue(&b->bed, work, s->batches * s->batch, (uint32_t)s->batch, err);
		if (!rc)
			rc = api->mark(b->bed.dev, s->batches & 1, err);
		if (!rc && s->batches) {
			rc = api->wait(b->bed.dev, ~s->batches & 1, &took_us, err);
			s->device_us += took_us;
		}
		s->batches++;
	}
	if (!rc)
		rc = api->wait(b->bed.dev, ~s->batches & 1, &took_us, err);
	s->device_us += took_us;
	s->wall_us = clock_us() - began_us;
	s->cpu_us = cpu_us() - began_cpu;
	return rc;
}

/* Grow the batch to TARGET_US. */
static int find_batch(struct bench *b, const struct work *work, uint64_t *out, struct err *err)
{
	static struct abi_results res;
	uint64_t batch = b->small ? 1024 : b->bed.plan.nonces_start, most = b->bed.room;
	uint32_t took_us = 0;
	int rc = 0;

	if (batch > most)
		batch = most;
	while (!(rc = bed_run(&b->bed, work, 0, (uint32_t)batch, &res, &took_us, err)) &&
	       took_us < TARGET_US && batch < most)
		batch = 2 * batch < most ? 2 * batch : most;
	*out = batch;
	return rc;
}

int bench_rate(struct bench *b, const struct work *work, json_t *out, double *device_hps,
	       struct err *err)
{
	struct spent spent = {0};
	double device;
	int rc = find_batch(b, work, &spent.batch, err);

	if (!rc)
		rc = measure(b, work, &spent, err);
	if (rc)
		return rc;
	device = spent_json(&spent, out);
	if (device_hps)
		*device_hps = device;
	return 0;
}

static json_t *rates_json(struct bench *b)
{
	static const uint32_t groups[] = {0, 64, 128, 256, 512};
	struct work work = {.header_len = b->bed.algo->header_len};
	uint32_t given = b->bed.plan.local;
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < sizeof groups / sizeof *groups; i++) {
		json_t *one = json_object();
		struct err err = {0};

		/* the plan's own size first; where it names one, the kernel insists on it */
		if (i && given) {
			json_decref(one);
			break;
		}
		b->bed.plan.local = i ? groups[i] : given;
		json_object_set_new(one, "group", json_integer(b->bed.plan.local));
		if (bench_rate(b, &work, one, NULL, &err))
			bench_failed(one, &err);
		json_array_append_new(all, one);
	}
	b->bed.plan.local = given;
	return all;
}

json_t *bench_code(struct bench *b, struct program *program, enum algo_when when)
{
	const struct algo *algo = b->bed.algo;
	json_t *all = json_array();
	char text[256] = "";
	int i;

	if (!b->bed.backend->describe)
		return all;
	b->bed.backend->describe(program, NULL, text, sizeof text);
	json_array_append_new(all, json_string(text));
	for (i = 0; i < algo->n_steps; i++) {
		if (algo->steps[i].when != when)
			continue;
		b->bed.backend->describe(program, algo->steps[i].entry, text, sizeof text);
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
		bench_failed(out, &err);
		return out;
	}
	json_object_set_new(out, "build_ms", json_integer((clock_us() - began_us) / 1000));
	json_object_set_new(out, "code", bench_code(b, b->bed.program, STEP_BATCH));
	json_object_set_new(out, "vectors", vectors_json(b));
	json_object_set_new(out, "rates", rates_json(b));
	bed_clear(&b->bed);
	return out;
}

int bench_plans(struct bench *b, const struct algo *algo, uint64_t dataset_bytes,
		struct algo_plan plans[ALGO_PLANS_MAX], struct err *err)
{
	struct algo_device dev = bed_device(&b->bed.info, b->small ? 1 : b->bed.info.lanes);
	uint64_t set[ALGO_SETTINGS_MAX];
	int n;

	dev.dataset_bytes = dataset_bytes;
	algo_settings(algo, set, NULL, 0, NULL);
	n = algo_plans(algo, &dev, set, plans, ALGO_PLANS_MAX, err);
	return n ? n : err_set(err, ERR_RANGE, "there is no way to run it here");
}

static void plans_json(struct bench *b, const struct algo *algo, json_t *all)
{
	struct algo_plan plans[ALGO_PLANS_MAX];
	struct err err = {0};
	int i, n = bench_plans(b, algo, 0, plans, &err);

	if (n < 0)
		json_array_append_new(
			all, json_pack("{s:s, s:s}", "algo", algo->name, "error", err.text));
	for (i = 0; i < n; i++) {
		if (bench_late(b, b->small ? 0 : 10, "%s %s", algo->name, plans[i].options))
			continue;
		fprintf(stderr, "%s:%u %s %s\n", b->bed.info.backend, (unsigned)b->bed.info.index,
			algo->name, plans[i].options);
		json_array_append_new(all, plan_json(b, algo, &plans[i]));
	}
}

/* ---- the order of things: what matters most first, while there is time ---- */

static const char *const foremost[] = {"kawpow", "ethash", "etchash", NULL};

static bool is_foremost(const struct algo *algo)
{
	int i;

	for (i = 0; foremost[i]; i++)
		if (!strcmp(foremost[i], algo->name))
			return true;
	return false;
}

static bool is_wanted(const struct bench *b, const struct algo *algo)
{
	unsigned i;

	for (i = 0; i < b->n_only; i++)
		if (b->only[i] == algo)
			return true;
	return !b->n_only;
}

static void dataset_json(struct bench *b, const struct algo *algo, enum bench_epoch which,
			 json_t *all)
{
	json_t *one = is_wanted(b, algo) ? bench_dataset(b, algo, which, is_foremost(algo)) : NULL;

	if (one)
		json_array_append_new(all, one);
}

/* All algorithms with a dataset but the foremost. */
static void others_json(struct bench *b, enum bench_epoch which, json_t *all)
{
	int i;

	for (i = 0; algos[i]; i++)
		if (algos[i]->dataset && !is_foremost(algos[i]))
			dataset_json(b, algos[i], which, all);
}

static json_t *card_json(struct bench *b, uint32_t index)
{
	json_t *out, *plans = json_array(), *datasets = json_array();
	struct err err = {0};
	int i;

	if (b->bed.backend->open(index, NULL, &b->bed.dev, &b->bed.info, &err)) {
		json_decref(plans);
		json_decref(datasets);
		return json_pack("{s:i, s:s}", "index", (int)index, "error", err.text);
	}
	out = device_json(&b->bed.info);
	b->left_out = json_array();
	for (i = 0; foremost[i]; i++) {
		dataset_json(b, algo_find(foremost[i]), EPOCH_TODAY, datasets);
		if (!b->small) /* where all datasets are of one size */
			dataset_json(b, algo_find(foremost[i]), EPOCH_FIRST, datasets);
	}
	others_json(b, EPOCH_TODAY, datasets);
	for (i = 0; algos[i]; i++)
		if (!algos[i]->dataset && is_wanted(b, algos[i]))
			plans_json(b, algos[i], plans);
	if (!b->small)
		others_json(b, EPOCH_FIRST, datasets);
	json_object_set_new(out, "datasets", datasets);
	json_object_set_new(out, "plans", plans);
	json_object_set_new(out, "left_out", b->left_out);
	b->bed.backend->close(b->bed.dev);
	return out;
}

/* "cuda:1": its backend, and which one; "cuda": all of them. */
static int read_device(struct bench *b, const char *text, uint64_t *one)
{
	size_t len = strcspn(text, ":");
	char name[16] = "";

	*one = UINT64_MAX;
	if (len < sizeof name)
		memcpy(name, text, len);
	b->bed.backend = backend_find(name);
	if (!b->bed.backend)
		return -ERR_UNKNOWN;
	return text[len] ? str_to_u64(one, text + len + 1, 0, DEVICES_MAX - 1) : 0;
}

/* Options, then DEVICE VECTORS_DIR [SECONDS].  The device as it is written, or NULL. */
static const char *arguments(struct bench *b, int argc, char **argv, uint64_t *limit_s)
{
	const char *names = NULL;
	struct err err = {0};
	int i = 1;

	for (; i < argc && !strncmp(argv[i], "--", 2); i++) {
		if (!strcmp(argv[i], "--small"))
			b->small = true;
		else if (i + 1 < argc && !strcmp(argv[i], "--only"))
			names = argv[++i];
		else if (i + 1 >= argc || strcmp(argv[i], "--limit") ||
			 str_to_u64(limit_s, argv[++i], 1, 86400))
			return NULL;
	}
	if (argc - i < 2 || argc - i > 3 ||
	    (argc - i == 3 && str_to_double(&b->seconds, argv[i + 2])) ||
	    (names && bench_algos(b->only, &b->n_only, names, &err)))
		return NULL;
	b->vectors = argv[i + 1];
	return argv[i];
}

int main(int argc, char **argv)
{
	static struct device_info found[DEVICES_MAX];
	static struct bench b = {.seconds = 2};
	uint64_t limit_s = LIMIT_S, one;
	int64_t began_us = clock_us();
	const char *device = arguments(&b, argc, argv, &limit_s);
	struct err err = {0};
	json_t *cards;
	int i, n;

	if (!device || read_device(&b, device, &one)) {
		fprintf(stderr,
			"usage: %s [--small] [--limit S] [--only LIST] DEVICE VECTORS_DIR "
			"[SECONDS]\n",
			argv[0]);
		return 2;
	}
	n = b.bed.backend->probe(found, DEVICES_MAX, &err);
	n = n > DEVICES_MAX ? DEVICES_MAX : n;
	if (n <= 0 || (one != UINT64_MAX && one >= (uint64_t)n)) {
		fprintf(stderr, "no device %s: %s\n", device, n <= 0 ? err.text : "not so many");
		return 3;
	}
	cards = json_array();
	for (i = 0; i < n; i++) {
		if (one != UINT64_MAX && one != (uint64_t)i)
			continue;
		b.end_us =
			began_us + (one != UINT64_MAX ? (int64_t)limit_s * 1000000
						      : (int64_t)limit_s * 1000000 * (i + 1) / n);
		json_array_append_new(cards, card_json(&b, (uint32_t)i));
	}
	json_dumpf(cards, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(cards);
	return 0;
}
