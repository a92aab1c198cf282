/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Taking turns, so that what slows the machine slows everybody. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/peers/peers.h"

/* On CPU devices the process's own time: others on the machine do not count. */
static double clock_s(bool cpu)
{
	struct timespec t;

	clock_gettime(cpu ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A batch that takes about so long; the first runs compile and touch memory. */
static uint32_t batch_for(unsigned i, uint32_t most, double seconds, bool cpu,
			  void (*run)(void *arg, unsigned i, uint64_t first, uint32_t count),
			  void *arg)
{
	uint32_t n = most < 4096 ? most : 4096;
	double took;

	for (;;) {
		double began_s;

		run(arg, i, 0, n);
		began_s = clock_s(cpu);
		run(arg, i, n, n);
		took = clock_s(cpu) - began_s;
		if (took >= seconds / 4 || n > most / 2)
			break;
		n *= 2;
	}
	took = n * seconds / (took > 1e-9 ? took : 1e-9);
	if (took > most)
		took = most;
	return took < 4096 ? n : (uint32_t)took / 4096 * 4096;
}

void race(struct racer *r, unsigned n, unsigned rounds, double seconds, bool cpu,
	  void (*run)(void *arg, unsigned i, uint64_t first, uint32_t count), void *arg)
{
	uint64_t first = 0;
	unsigned round, turn;

	for (turn = 0; turn < n; turn++)
		if (!r[turn].out)
			r[turn].batch = batch_for(turn, r[turn].most, seconds, cpu, run, arg);
	for (round = 0; round < rounds; round++)
		for (turn = 0; turn < n; turn++) {
			unsigned i = round % 2 ? n - 1 - turn : turn;
			double began_s;

			if (r[i].out)
				continue;
			began_s = clock_s(cpu);
			run(arg, i, first, r[i].batch);
			r[i].rate[round] = r[i].batch / (clock_s(cpu) - began_s);
			first += r[i].batch;
			first &= 0xffffffff;
		}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Lower quartile, median, upper quartile. */
static void quartiles(const double *v, unsigned n, double out[3])
{
	double s[ROUNDS_MAX];

	memcpy(s, v, n * sizeof *v);
	qsort(s, n, sizeof *s, by_value);
	out[0] = s[n / 4];
	out[1] = n % 2 ? s[n / 2] : (s[n / 2 - 1] + s[n / 2]) / 2;
	out[2] = s[n - 1 - n / 4];
}

void race_print(const struct racer *r, unsigned n, unsigned rounds, bool cpu)
{
	double rate[3], ratio[3], v[ROUNDS_MAX];
	unsigned i, k;

	printf("%-40s %16s   ours over this: median [quartiles]\n", "what",
	       cpu ? "H/s per core" : "H/s");
	for (i = 0; i < n; i++) {
		if (r[i].out)
			continue;
		for (k = 0; k < rounds; k++)
			v[k] = r[0].rate[k] / r[i].rate[k];
		quartiles(r[i].rate, rounds, rate);
		quartiles(v, rounds, ratio);
		printf("%-40s %16.0f   %.2f [%.2f..%.2f]\n", r[i].name, rate[1], ratio[1], ratio[0],
		       ratio[2]);
	}
}
