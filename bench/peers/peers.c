/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Our kernel and other programs' on one device in one run, checked against the reference first:
 * `make bench/peers/peers`; README.md beside this file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algos/dag.h"
#include "bench/peers/peers.h"

#define CHECK_AT  0x12345000u
#define BATCH_MAX (1u << 26)
#define ROOM_MAX  (1ull << 30) /* bytes of scratch */
#define HEIGHT    1234567      /* a program's, unless told */

struct run {
	struct asked asked;
	struct subject s;
	struct bed bed;
	struct algo_plan plan[ALGO_PLANS_MAX];
	int plans;
	struct racer racer[PEERS_MAX + 1]; /* 0: ours */
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

	set[DAG_SET_ROWS] = r->asked.dataset_rows;
	set[DAG_SET_CACHE] = r->asked.dataset_rows && !r->asked.make ? 1021 : 0;
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

/* The device, and the ways to lay our kernel out on it. */
static void open_ours(struct run *r)
{
	const struct algo *algo = r->s.algo;
	struct device_info found[DEVICES_MAX];
	uint64_t set[ALGO_SETTINGS_MAX];
	struct algo_device dev;

	r->bed.backend = backend_find(r->asked.driver->name);
	if (!r->bed.backend || r->bed.backend->probe(found, DEVICES_MAX, &r->err) <= 0 ||
	    r->bed.backend->open(r->asked.device, NULL, &r->bed.dev, &r->bed.info, &r->err))
		die(r, "the device");
	printf("%s\n", r->bed.info.name);
	dev = bed_device(&r->bed.info, r->asked.lanes ? r->asked.lanes : r->bed.info.lanes);
	dev.mem_alloc = dev.mem_free; /* the dataset in one piece */
	algo_settings(algo, set, NULL, 0, NULL);
	r->bed.height = r->asked.height;
	r->plans = algo_plans(algo, &dev, set, r->plan, ALGO_PLANS_MAX, &r->err);
	if (r->plans < 1)
		die(r, "our kernel");
	if (r->asked.plan >= r->plans) {
		fprintf(stderr, "--plan: there are %d, from 0\n", r->plans);
		exit(2);
	}
	r->s.plan = r->plan[r->asked.plan < 0 ? 0 : r->asked.plan];
}

static void build_ours(struct run *r, const struct algo_plan *plan)
{
	uint64_t most = BATCH_MAX;

	if (plan->scratch_per_nonce)
		most = ROOM_MAX / plan->scratch_per_nonce / 4096 * 4096;
	r->s.plan = *plan;
	r->racer[0].most = (uint32_t)most;
	r->racer[0].name = "adit";
	bed_clear(&r->bed);
	if (bed_make(&r->bed, r->s.algo, plan, most, &r->err))
		die(r, "our kernel");
	if (r->s.algo->dataset && !r->s.ep)
		make_dataset(r);
}

/* Nodes first and on, again: what our kernel makes was checked by the hashes on them. */
static void make_ours(struct run *r, uint32_t count)
{
	uint32_t took;

	if (bed_generate(&r->bed, 0, count, &took, &r->err))
		die(r, "making the dataset");
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

static void turn(void *arg, unsigned i, uint64_t first, uint32_t count);

/* As the miner does: of the plans the fastest. */
static void choose_plan(struct run *r)
{
	int i, best = 0;
	double rate = 0;

	for (i = 0; i < r->plans && r->asked.plan < 0 && r->plans > 1; i++) {
		build_ours(r, &r->plan[i]);
		race(r->racer, 1, 1, r->asked.seconds / 2, r->bed.info.cpu, turn, r);
		if (r->racer[0].rate[0] <= rate)
			continue;
		rate = r->racer[0].rate[0];
		best = i;
	}
	build_ours(r, &r->plan[r->asked.plan < 0 ? best : r->asked.plan]);
	printf("ours: %s %s\n", r->s.algo->name, r->s.plan.options);
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
	static uint32_t known[2]; /* the reference takes its time */
	uint32_t i, n = 0;

	for (i = 0; i < r->asked.checked && !known[swap]; i++) {
		uint32_t nonce = CHECK_AT + i;

		r->s.algo->hash(r->s.ep, &r->s.work, swap ? reversed(nonce) : nonce, &d);
		n += d.hash.w[3] <= target;
	}
	known[swap] = known[swap] ? known[swap] : n;
	return known[swap];
}

/* A peer that makes nodes; what another left there is wiped first. */
static void check_made(struct run *r, unsigned i)
{
	struct peer *p = &r->asked.peer[i - 1];
	uint32_t n = r->asked.checked;
	bool right;

	peer_give(&r->s, p, 0, n, 0);
	peer_made(&r->s, p, n);
	peer_run(&r->s, p, 0, n, 0);
	right = peer_made(&r->s, p, n);
	r->racer[i].out = !right;
	printf("%-40s %s: %u nodes\n", p->name, right ? "right" : "WRONG", (unsigned)n);
}

/* A group at a time, since some stop at their first hit. */
static void check(struct run *r, unsigned i)
{
	uint64_t target = (uint64_t)(UINT32_MAX / 64) << 32 | UINT32_MAX;
	struct peer *p = i ? &r->asked.peer[i - 1] : NULL;
	uint32_t step = p ? p->local * p->nonces : r->asked.checked, at, got = 0, want;

	if (p && r->s.make) {
		check_made(r, i);
		return;
	}
	if (p && p->count_word < 0) {
		printf("%-40s not checked: no --count\n", p->name);
		return;
	}
	if (r->asked.checked % step) {
		fprintf(stderr, "-c has to be a multiple of %u, what %s tries in a group\n",
			(unsigned)step, p->name);
		exit(2);
	}
	for (at = 0; at < r->asked.checked; at += step)
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
		peer_run(&r->s, &r->asked.peer[i - 1], r->s.make ? 0 : first, count, 0);
	else if (r->s.make)
		make_ours(r, count);
	else
		ours(r, first, count, 0);
}

/* No launch makes more nodes than there are. */
static void limit(struct run *r)
{
	uint64_t nodes = r->s.make ? r->s.ep->facts.dataset_bytes / 64 : UINT32_MAX;
	unsigned i;

	for (i = 0; i <= r->asked.n; i++)
		if (r->racer[i].most > nodes)
			r->racer[i].most = (uint32_t)nodes;
}

/* Everybody who can be built and finds what the reference does. */
static void admit(struct run *r)
{
	unsigned i;

	check(r, 0);
	for (i = 1; i <= r->asked.n; i++) {
		r->racer[i].name = r->asked.peer[i - 1].name;
		r->racer[i].most = r->asked.peer[i - 1].most;
		if (peer_build(&r->s, &r->asked.peer[i - 1]))
			r->racer[i].out = true;
		else
			check(r, i);
	}
}

int main(int argc, char **argv)
{
	static struct run r = {.asked = {.rounds = 9,
					 .plan = -1,
					 .checked = 2048,
					 .seconds = 0.3,
					 .height = HEIGHT}};
	const struct asked *a = &r.asked;
	unsigned i;

	setvbuf(stdout, NULL, _IOLBF, 0); /* a peer may take the process with it */
	command_read(&r.asked, argc, argv);
	r.s.algo = a->algo;
	r.s.driver = a->driver;
	r.s.make = a->make;
	r.s.work.header_len = a->algo->header_len;
	r.s.work.height = a->height;
	for (i = 0; i < r.s.work.header_len; i++)
		r.s.work.header[i] = (uint8_t)(i * 7 + 1);
	open_ours(&r);
	if (a->write_own)
		own_text_write(&r.s, a->write_own);
	if (a->write_own && !a->n)
		return 0;
	if (a->make) /* which is the same with all */
		r.plans = 1;
	choose_plan(&r);
	a->driver->open(&r.s, a->device);
	admit(&r);
	if (r.racer[0].out)
		return 1;
	limit(&r);
	race(r.racer, a->n + 1, a->rounds, a->seconds, r.bed.info.cpu, turn, &r);
	race_print(r.racer, a->n + 1, a->rounds, r.bed.info.cpu);
	return 0;
}
