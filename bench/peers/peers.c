/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Our kernel and other programs' on one device in one run, checked against the reference first:
 * `make bench/peers/peers`; README.md beside this file.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algos/dag.h"
#include "bench/peers/peers.h"
#include "tests/device.h"

#define CHECKED   2048 /* nonces */
#define CHECK_AT  0x12345000u
#define BATCH_MAX (1u << 26)
#define ROOM_MAX  (1ull << 30) /* bytes of scratch */
#define HEIGHT    1234567      /* a program's, unless told */

struct run {
	struct subject s;
	struct bed bed;
	struct peer peer[PEERS_MAX];
	struct racer racer[PEERS_MAX + 1]; /* 0: ours */
	unsigned n, rounds, device;
	uint64_t dataset_rows, height;
	double seconds;
	struct err err;
};

static void die(const struct run *r, const char *what)
{
	fprintf(stderr, "peers: %s: %s\n", what, r->err.text);
	exit(1);
}

/* ---- ours ---- */

/* The dataset, made by our kernel, in our memory too: peers get theirs from it. */
static void make_dataset(struct run *r)
{
	uint64_t set[ALGO_SETTINGS_MAX] = {0}, bytes, at;
	struct algo_epoch *ep = NULL;
	uint32_t took, nodes, n;
	uint8_t *rows;

	set[DAG_SET_ROWS] = r->dataset_rows;
	set[DAG_SET_CACHE] = r->dataset_rows ? 1021 : 0;
	if (algo_epoch_new(&ep, r->s.algo, 0, set, &r->err) || bed_dataset(&r->bed, ep, &r->err))
		die(r, "the dataset");
	bytes = ep->facts.dataset_bytes;
	nodes = (uint32_t)(bytes / 64);
	for (at = 0; at < nodes; at += n) {
		n = nodes - at < 1u << 18 ? (uint32_t)(nodes - at) : 1u << 18;
		if (bed_generate(&r->bed, (uint32_t)at, n, &took, &r->err))
			die(r, "making the dataset");
	}
	rows = malloc(bytes);
	if (!rows || r->bed.backend->read(r->bed.part[0], 0, rows, bytes, &r->err) ||
	    r->bed.backend->mark(r->bed.dev, 0, &r->err) ||
	    r->bed.backend->wait(r->bed.dev, 0, &took, &r->err))
		die(r, "reading the dataset back");
	r->s.ep = ep;
	r->s.rows = (const uint32_t *)(const void *)rows;
	printf("dataset: %llu MiB\n", (unsigned long long)bytes >> 20);
}

static void open_ours(struct run *r)
{
	const struct algo *algo = r->s.algo;
	struct device_info found[DEVICES_MAX];
	uint64_t set[ALGO_SETTINGS_MAX];
	struct algo_plan plan[ALGO_PLANS_MAX];
	struct algo_device dev;
	uint64_t most = BATCH_MAX;

	r->bed.backend = backend_find("opencl");
	if (r->bed.backend->probe(found, DEVICES_MAX, &r->err) <= 0 ||
	    r->bed.backend->open(r->device, NULL, &r->bed.dev, &r->bed.info, &r->err))
		die(r, "the device");
	printf("%s\n", r->bed.info.name);
	dev = bed_device(&r->bed.info, r->bed.info.lanes);
	dev.mem_alloc = dev.mem_free; /* the dataset in one piece */
	algo_settings(algo, set, NULL, 0, NULL);
	r->bed.height = r->height;
	if (algo_plans(algo, &dev, set, plan, ALGO_PLANS_MAX, &r->err) < 1)
		die(r, "our kernel");
	if (plan[0].scratch_per_nonce)
		most = ROOM_MAX / plan[0].scratch_per_nonce / 4096 * 4096;
	r->racer[0].most = (uint32_t)most;
	if (bed_make(&r->bed, algo, &plan[0], most, &r->err))
		die(r, "our kernel");
	printf("ours: %s %s\n", algo->name, plan[0].options);
	if (algo->dataset)
		make_dataset(r);
}

static uint32_t ours(struct run *r, uint64_t first, uint32_t count, uint64_t target)
{
	static struct abi_results res;
	uint32_t took;

	r->s.work.target.w[3] = target;
	if (bed_run(&r->bed, &r->s.work, first, count, &res, &took, &r->err))
		die(r, "our kernel");
	return res.count;
}

/* ---- the check ---- */

static uint32_t reversed(uint32_t x)
{
	return x << 24 | (x & 0xff00) << 8 | (x >> 8 & 0xff00) | x >> 24;
}

/* Hits among the checked nonces, by the reference. */
static uint32_t wanted(const struct run *r, uint64_t target, bool swap)
{
	struct digest d;
	uint32_t i, n = 0;

	for (i = 0; i < CHECKED; i++) {
		uint32_t nonce = CHECK_AT + i;

		r->s.algo->hash(r->s.ep, &r->s.work, swap ? reversed(nonce) : nonce, &d);
		n += d.hash.w[3] <= target;
	}
	return n;
}

/* A group at a time, since some stop at their first hit. */
static void check(struct run *r, unsigned i)
{
	uint64_t target = (uint64_t)(UINT32_MAX / 64) << 32 | UINT32_MAX;
	struct peer *p = i ? &r->peer[i - 1] : NULL;
	uint32_t step = p ? p->local * p->nonces : CHECKED, at, got = 0, want;

	if (p && p->count_word < 0) {
		printf("%-40s not checked: no --count\n", p->name);
		return;
	}
	for (at = 0; at < CHECKED; at += step)
		got += p ? peer_run(&r->s, p, CHECK_AT + at, step, target)
			 : ours(r, CHECK_AT + at, step, target);
	want = wanted(r, target, p && p->swap);
	r->racer[i].out = got != want;
	printf("%-40s %s: %u hits of %u\n", r->racer[i].name, got == want ? "right" : "WRONG",
	       (unsigned)got, (unsigned)want);
}

static void turn(void *arg, unsigned i, uint64_t first, uint32_t count)
{
	struct run *r = arg;

	if (i)
		peer_run(&r->s, &r->peer[i - 1], first, count, 0);
	else
		ours(r, first, count, 0);
}

/* ---- the command line ---- */

enum {
	OPT_NAME = 256,
	OPT_FILE,
	OPT_ENTRY,
	OPT_ARGS,
	OPT_OPTIONS,
	OPT_LOCAL,
	OPT_NONCES,
	OPT_MOST,
	OPT_COUNT
};

static const struct option options[] = {
	{"algo", required_argument, NULL, 'a'},
	{"device", required_argument, NULL, 'd'},
	{"rounds", required_argument, NULL, 'r'},
	{"seconds", required_argument, NULL, 's'},
	{"rows", required_argument, NULL, 'R'},
	{"height", required_argument, NULL, 'H'},
	{"peer", required_argument, NULL, OPT_NAME},
	{"file", required_argument, NULL, OPT_FILE},
	{"entry", required_argument, NULL, OPT_ENTRY},
	{"args", required_argument, NULL, OPT_ARGS},
	{"options", required_argument, NULL, OPT_OPTIONS},
	{"local", required_argument, NULL, OPT_LOCAL},
	{"nonces", required_argument, NULL, OPT_NONCES},
	{"most", required_argument, NULL, OPT_MOST},
	{"count", required_argument, NULL, OPT_COUNT},
	{0},
};

static void usage(void)
{
	fprintf(stderr,
		"usage: peers -a ALGO [-d OPENCL_DEVICE] [-r ROUNDS] [-s SECONDS] [-R "
		"DATASET_ROWS] [-H HEIGHT]\n"
		"  [--peer NAME --file FILE --entry KERNEL --args LIST [--options "
		"BUILD_OPTIONS]\n"
		"   [--local GROUP] [--nonces PER_ITEM] [--most PER_LAUNCH] [--count WORD]]...\n");
	exit(2);
}

static struct peer *last(struct run *r)
{
	if (!r->n)
		usage();
	return &r->peer[r->n - 1];
}

static void take_peer(struct run *r, int opt, const char *arg)
{
	switch (opt) {
	case OPT_NAME:
		if (r->n == PEERS_MAX)
			usage();
		r->peer[r->n++] = (struct peer){.name = arg,
						.entry = "search",
						.options = "",
						.local = 64,
						.nonces = 1,
						.most = BATCH_MAX,
						.count_word = -1};
		break;
	case OPT_FILE:
		last(r)->file = arg;
		break;
	case OPT_ENTRY:
		last(r)->entry = arg;
		break;
	case OPT_ARGS:
		last(r)->args = arg;
		break;
	case OPT_OPTIONS:
		last(r)->options = arg;
		break;
	case OPT_LOCAL:
		last(r)->local = (uint32_t)strtoul(arg, NULL, 0);
		break;
	case OPT_NONCES:
		last(r)->nonces = (uint32_t)strtoul(arg, NULL, 0);
		break;
	case OPT_MOST:
		last(r)->most = (uint32_t)strtoul(arg, NULL, 0);
		break;
	case OPT_COUNT:
		last(r)->count_word = (int)strtol(arg, NULL, 0);
		break;
	default:
		usage();
	}
}

static void take(struct run *r, int opt, const char *arg)
{
	switch (opt) {
	case 'a':
		r->s.algo = algo_find(arg);
		break;
	case 'd':
		r->device = (unsigned)strtoul(arg, NULL, 0);
		break;
	case 'r':
		r->rounds = (unsigned)strtoul(arg, NULL, 0);
		break;
	case 's':
		r->seconds = strtod(arg, NULL);
		break;
	case 'R':
		r->dataset_rows = strtoull(arg, NULL, 0);
		break;
	case 'H':
		r->height = strtoull(arg, NULL, 0);
		break;
	default:
		take_peer(r, opt, arg);
	}
}

static void parse(struct run *r, int argc, char **argv)
{
	unsigned i;
	int opt;

	while ((opt = getopt_long(argc, argv, "a:d:r:s:R:H:", options, NULL)) != -1)
		take(r, opt, optarg);
	if (!r->s.algo || optind < argc || !r->rounds || r->rounds > ROUNDS_MAX ||
	    !(r->seconds > 0))
		usage();
	for (i = 0; i < r->n; i++)
		if (!r->peer[i].file || !r->peer[i].args || !r->peer[i].local ||
		    !r->peer[i].nonces || !r->peer[i].most || r->peer[i].count_word >= HIT_WORDS)
			usage();
}

int main(int argc, char **argv)
{
	static struct run r = {.rounds = 9, .seconds = 0.3, .height = HEIGHT};
	unsigned i;

	parse(&r, argc, argv);
	r.s.work.header_len = r.s.algo->header_len;
	r.s.work.height = r.height;
	for (i = 0; i < r.s.work.header_len; i++)
		r.s.work.header[i] = (uint8_t)(i * 7 + 1);
	open_ours(&r);
	peer_open(&r.s, r.device);
	r.racer[0].name = "adit";
	check(&r, 0);
	for (i = 1; i <= r.n; i++) {
		r.racer[i].name = r.peer[i - 1].name;
		r.racer[i].most = r.peer[i - 1].most;
		if (peer_build(&r.s, &r.peer[i - 1]))
			r.racer[i].out = true;
		else
			check(&r, i);
	}
	if (r.racer[0].out)
		return 1;
	race(r.racer, r.n + 1, r.rounds, r.seconds, r.bed.info.cpu, turn, &r);
	race_print(r.racer, r.n + 1, r.rounds, r.bed.info.cpu);
	return 0;
}
