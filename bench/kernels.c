/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rates of every kernel and plan on one OpenCL device, and of plain C that the compiler
 * vectorises on the same cores, in one run: `make bench/kernels && bench/kernels [SECONDS]`.
 * Rates on CPUs are per core.  Prints and asserts nothing: machines differ.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "algos/dag.h"
#include "src/clock.h"
#include "src/str.h"
#include "tests/device.h"

/* The kernel's own words, as plain C over one nonce. */
#include "kernels/platform.h"
#include "kernels/sha256.clh"

#define CHUNK 4096

#define SMALL_ROWS 16381   /* a dataset of 2 MiB */
#define HEIGHT     1234567 /* whose program is measured */

/*
 * Last digest words of CHUNK nonces: a loop of plain C, without stores under a condition.  The
 * attribute, because the -O2 of CFLAGS comes after any -O3 of ours and vectorises nothing.
 */
static __attribute__((noinline, optimize("O3"))) void plain_sha256d(u32 *out, const u32 *mid,
								    const u32 *tail, u32 first)
{
	u32 i;

	for (i = 0; i < CHUNK; i++) {
		u32 a = mid[0], b = mid[1], c = mid[2], d = mid[3];
		u32 e = mid[4], f = mid[5], g = mid[6], h = mid[7];
		u32 w[16] = {tail[0], tail[1], tail[2], 0, 0x80000000u};

		w[3] = first + i;
		w[15] = 640;
		K_SHA_EIGHT(K_SHA_EARLY, w, 0, 1, 2, 3, 4, 5, 6, 7);
		K_SHA_EIGHT(K_SHA_EARLY, w, 8, 9, 10, 11, 12, 13, 14, 15);
		K_SHA_EIGHT(K_SHA_LATE, w, 16, 17, 18, 19, 20, 21, 22, 23);
		K_SHA_EIGHT(K_SHA_LATE, w, 24, 25, 26, 27, 28, 29, 30, 31);
		K_SHA_EIGHT(K_SHA_LATE, w, 32, 33, 34, 35, 36, 37, 38, 39);
		K_SHA_EIGHT(K_SHA_LATE, w, 40, 41, 42, 43, 44, 45, 46, 47);
		K_SHA_EIGHT(K_SHA_LATE, w, 48, 49, 50, 51, 52, 53, 54, 55);
		K_SHA_EIGHT(K_SHA_LATE, w, 56, 57, 58, 59, 60, 61, 62, 63);
		w[0] = a + mid[0];
		w[1] = b + mid[1];
		w[2] = c + mid[2];
		w[3] = d + mid[3];
		w[4] = e + mid[4];
		w[5] = f + mid[5];
		w[6] = g + mid[6];
		w[7] = h + mid[7];
		w[8] = 0x80000000u;
		w[9] = w[10] = w[11] = w[12] = w[13] = w[14] = 0;
		w[15] = 256;
		a = K_SHA_IV0;
		b = K_SHA_IV1;
		c = K_SHA_IV2;
		d = K_SHA_IV3;
		e = K_SHA_IV4;
		f = K_SHA_IV5;
		g = K_SHA_IV6;
		h = K_SHA_IV7;
		K_SHA_EIGHT(K_SHA_EARLY, w, 0, 1, 2, 3, 4, 5, 6, 7);
		K_SHA_EIGHT(K_SHA_EARLY, w, 8, 9, 10, 11, 12, 13, 14, 15);
		K_SHA_EIGHT(K_SHA_LATE, w, 16, 17, 18, 19, 20, 21, 22, 23);
		K_SHA_EIGHT(K_SHA_LATE, w, 24, 25, 26, 27, 28, 29, 30, 31);
		K_SHA_EIGHT(K_SHA_LATE, w, 32, 33, 34, 35, 36, 37, 38, 39);
		K_SHA_EIGHT(K_SHA_LATE, w, 40, 41, 42, 43, 44, 45, 46, 47);
		K_SHA_EIGHT(K_SHA_LATE, w, 48, 49, 50, 51, 52, 53, 54, 55);
		K_SHA_LATE(a, b, c, d, e, f, g, h, w, 56);
		K_SHA_HALF(c, d, e, f, g, K_SHA_K57 + K_SHA_NEXT(w, 57));
		K_SHA_HALF(b, c, d, e, f, K_SHA_K58 + K_SHA_NEXT(w, 58));
		K_SHA_HALF(a, b, c, d, e, K_SHA_K59 + K_SHA_NEXT(w, 59));
		K_SHA_HALF(h, a, b, c, d, K_SHA_K60 + K_SHA_NEXT(w, 60));
		out[i] = h + K_SHA_IV7;
	}
}

struct plain {
	pthread_t thread;
	double seconds;
	uint64_t hashes;
	uint32_t hits;
};

static void *plain_thread(void *arg)
{
	struct plain *p = arg;
	int64_t end_us = clock_us() + (int64_t)(p->seconds * 1e6);
	u32 out[CHUNK], mid[8] = {1, 2, 3, 4, 5, 6, 7, 8}, tail[3] = {9, 10, 11}, i;

	while (clock_us() < end_us) {
		plain_sha256d(out, mid, tail, (u32)p->hashes);
		for (i = 0; i < CHUNK; i++)
			p->hits += out[i] == 0;
		p->hashes += CHUNK;
	}
	return NULL;
}

/* CPU seconds of this process: what a CPU device takes, whoever else is on the machine. */
static double cpu_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double plain_rate(double seconds)
{
	double began_s = cpu_s();
	struct plain p[64] = {0};
	long n = sysconf(_SC_NPROCESSORS_ONLN), i;
	uint64_t hashes = 0;

	n = n < 1 ? 1 : n > 64 ? 64 : n;
	for (i = 0; i < n; i++) {
		p[i].seconds = seconds;
		if (pthread_create(&p[i].thread, NULL, plain_thread, &p[i]))
			return 0;
	}
	for (i = 0; i < n; i++) {
		pthread_join(p[i].thread, NULL);
		hashes += p[i].hashes;
	}
	return (double)hashes / (cpu_s() - began_s);
}

#define FILL_BYTES (16u << 20)

/* Something everywhere: on CPU devices memory never written is one page, read again and again. */
static int fill_dataset(struct bed *bed, struct err *err)
{
	uint32_t *words = malloc(FILL_BYTES), i, part, took, parts = bed->plan.parts;
	uint64_t at, len;
	int rc = words ? 0 : err_set(err, ERR_NOMEM, "no memory to fill a dataset from");

	for (i = 0; words && i < FILL_BYTES / 4; i++)
		words[i] = i * 2654435761u ^ i >> 7;
	for (part = 0; part < parts && !rc; part++)
		for (at = 0; at < bed->part_bytes && !rc; at += len) {
			len = bed->part_bytes - at < FILL_BYTES ? bed->part_bytes - at : FILL_BYTES;
			rc = bed->backend->write(bed->part[part], at, words, len, err);
			if (!rc)
				rc = bed->backend->mark(bed->dev, 0, err);
			if (!rc)
				rc = bed->backend->wait(bed->dev, 0, &took, err);
		}
	free(words);
	return rc;
}

/*
 * A dataset of so many rows behind a small light cache, or that of epoch 0 (rows 0), of which a
 * second or so's worth of nodes are made, at a rate that is printed.
 */
static int give_dataset(struct bed *bed, const struct algo *algo, uint64_t rows, double seconds,
			struct err *err)
{
	static struct algo_epoch *ep;
	uint64_t set[ALGO_SETTINGS_MAX] = {0};
	uint32_t nodes, count = 1024, done, took;
	double began_s, spent = 0;
	int rc;

	algo_epoch_free(ep);
	ep = NULL;
	set[DAG_SET_ROWS] = rows;
	set[DAG_SET_CACHE] = rows ? 1021 : 0;
	rc = algo_epoch_new(&ep, algo, 0, set, err);
	if (!rc)
		rc = bed_dataset(bed, ep, err);
	if (!rc)
		rc = fill_dataset(bed, err);
	if (!rc)
		rc = bed_generate(bed, 0, 64, &took, err);
	nodes = rc ? 0 : (uint32_t)(ep->facts.dataset_bytes / 64);
	for (done = 0; !rc && done < nodes && (rows || spent < seconds); done += count) {
		began_s = cpu_s();
		rc = bed_generate(bed, done, count, &took, err);
		spent += bed->info.cpu ? cpu_s() - began_s : took / 1e6;
		count = spent < 0.1 ? count * 2 : count;
	}
	if (!rc)
		printf("%-10s %-46s %12.3f knodes/s\n", algo->name, bed->plan.options_epoch,
		       (done < nodes ? done : nodes) / spent / 1e3);
	return rc;
}

/* Hashes a second (on CPU devices: a CPU second) of one plan: batches grow to about a tenth of the
 * time. */
static double plan_rate(struct bed *bed, const struct algo *algo, const struct algo_plan *plan,
			uint64_t dataset_rows, double seconds, struct err *err)
{
	static struct abi_results res;
	struct work work = {.header_len = algo->header_len, .height = HEIGHT};
	uint64_t hashes = 0, batch = plan->nonces_start, most = 1u << 26;
	int64_t began_us, now_us, took_us;
	double began_s;
	uint32_t device_us;
	double rate = -1;

	if (plan->scratch_per_nonce)
		most = (1ull << 30) / plan->scratch_per_nonce / plan->lanes * plan->lanes;
	bed->height = HEIGHT;
	if (bed_make(bed, algo, plan, most, err))
		return -1;
	if (algo->dataset && give_dataset(bed, algo, dataset_rows, seconds, err))
		goto out;
	/* The first batches compile and touch memory. */
	if (bed_run(bed, &work, 0, (uint32_t)batch, &res, &device_us, err) ||
	    bed_run(bed, &work, 0, (uint32_t)batch, &res, &device_us, err))
		goto out;
	for (took_us = 0; took_us < seconds * 1e5 && batch < most; batch *= 2) {
		began_us = clock_us();
		if (bed_run(bed, &work, 0, (uint32_t)batch, &res, &device_us, err))
			goto out;
		took_us = clock_us() - began_us;
	}
	if (batch > most)
		batch = most;
	began_s = cpu_s();
	began_us = now_us = clock_us();
	for (; now_us - began_us < seconds * 1e6; now_us = clock_us()) {
		if (bed_run(bed, &work, hashes, (uint32_t)batch, &res, &device_us, err))
			goto out;
		hashes += batch;
	}
	if (bed->info.cpu)
		rate = (double)hashes / (cpu_s() - began_s);
	else
		rate = (double)hashes * 1e6 / (double)(now_us - began_us);
out:
	bed_dataset_clear(bed);
	bed_clear(bed);
	return rate;
}

static void measure(struct bed *bed, const struct algo *algo, uint32_t lanes, uint64_t rows,
		    double seconds)
{
	uint64_t set[ALGO_SETTINGS_MAX];
	struct algo_plan plan[ALGO_PLANS_MAX];
	struct algo_device dev = bed_device(&bed->info, lanes);
	struct algo_facts facts;
	struct err err = {0};
	int i, n;

	algo_settings(algo, set, NULL, 0, NULL);
	if (algo->dataset && !algo->dataset->facts(algo, 0, set, &facts, &err))
		dev.dataset_bytes = rows ? rows * 128 : facts.dataset_bytes;
	n = algo_plans(algo, &dev, set, plan, ALGO_PLANS_MAX, &err);
	if (n < 0)
		printf("%-10s %s\n", algo->name, err.text);
	for (i = 0; i < n; i++) {
		double rate = plan_rate(bed, algo, &plan[i], rows, seconds, &err);

		if (rate < 0)
			printf("%-10s %-46s %s\n", algo->name, plan[i].options, err.text);
		else
			printf("%-10s %-46s %12.3f kH/s\n", algo->name, plan[i].options,
			       rate / 1e3);
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	struct device_info found[DEVICES_MAX];
	struct bed bed = {.backend = backend_find("opencl")};
	struct err err = {0};
	double seconds = 2;
	int i;

	if (argc > 1 && str_to_double(&seconds, argv[1])) {
		fprintf(stderr, "usage: %s [SECONDS]\n", argv[0]);
		return 2;
	}
	printf("sha256d    %-46s %12.3f kH/s\n", "plain C, vectorised by compiler",
	       plain_rate(seconds) / 1e3);
	if (!bed.backend || bed.backend->probe(found, DEVICES_MAX, &err) <= 0 ||
	    bed.backend->open(0, NULL, &bed.dev, &bed.info, &err)) {
		fprintf(stderr, "no OpenCL device: %s\n", err.text);
		return 3;
	}
	printf("%s, %u lanes\n", bed.info.name, (unsigned)bed.info.lanes);
	for (i = 0; algos[i]; i++) {
		uint64_t rows = algos[i]->dataset ? SMALL_ROWS : 0;

		measure(&bed, algos[i], bed.info.lanes, rows, seconds);
		if (bed.info.lanes > 1)
			measure(&bed, algos[i], 1, rows, seconds);
		if (algos[i]->dataset)
			measure(&bed, algos[i], bed.info.lanes, 0, seconds);
	}
	bed.backend->close(bed.dev);
	return 0;
}
