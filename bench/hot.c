/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The host's hot paths, each in a function of its own and so many times, so that callgrind can
 * count what they cost: bench/hot.sh holds that against bench/hot.txt.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algos/dag.h"
#include "src/work.h"
#include "tests/fake_client.h"

#define NOTIFIES 200
#define LEASES   2000 /* 16 a roll */
#define SUBMITS  500
#define HOT      __attribute__((noinline, used))

extern const struct dialect dialect_stratum1;

static const char hello[] =
	"{\"id\":2,\"result\":[[[\"mining.notify\",\"ae68\"]],\"08000002\",4],\"error\":null}\n"
	"{\"id\":3,\"result\":true,\"error\":null}\n"
	"{\"id\":4,\"result\":true,\"error\":null}\n"
	"{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[1024]}\n";

static void fail(const char *what)
{
	fprintf(stderr, "hot: %s does not work\n", what);
	exit(1);
}

/* A job as pools send it: a coinbase of 170 bytes, twelve steps to the Merkle root. */
static int notify(char *out, size_t size, unsigned number)
{
	char branch[12 * 67 + 1] = "";
	unsigned i;
	size_t n = 0;

	for (i = 0; i < 12; i++)
		n += (size_t)snprintf(branch + n, sizeof branch - n, "%s\"%064x\"", i ? "," : "",
				      number * 12 + i + 1);
	return snprintf(out, size,
			"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"%x\",\"%064x\","
			"\"%0100x\",\"%0200x\",[%s],\"20000000\",\"1703ffff\",\"%08x\",true]}\n",
			number, 7u, 1u, 2u, branch, 0x65000000u + number);
}

static HOT void hot_notify(struct client *c)
{
	char line[2048];
	unsigned i;

	for (i = 0; i < NOTIFIES; i++) {
		int n = notify(line, sizeof line, i);

		fake_feed(c, line, (size_t)n);
	}
}

static HOT void hot_lease(struct work_source *ws)
{
	struct work work;
	unsigned i;

	for (i = 0; i < LEASES; i++)
		if (work_lease(ws, 1u << 28, &work))
			fail("work_lease");
}

static HOT void hot_submit(struct client *c)
{
	unsigned i;

	for (i = 0; i < SUBMITS; i++)
		fake_find(c, i, i * 77);
}

static void check(const struct algo *algo, const struct algo_epoch *ep, unsigned times)
{
	struct work work = {.header_len = algo->header_len, .height = 1234567};
	struct digest digest;
	unsigned i;

	for (i = 0; i < times; i++)
		if (algo->hash(ep, &work, i, &digest))
			fail(algo->name);
}

static HOT void hot_check_sha256d(const struct algo *algo)
{
	check(algo, NULL, 1000);
}

static HOT void hot_check_scrypt(const struct algo *algo)
{
	check(algo, NULL, 4);
}

static HOT void hot_check_ethash(const struct algo *algo, const struct algo_epoch *ep)
{
	check(algo, ep, 4);
}

static HOT void hot_check_kawpow(const struct algo *algo, const struct algo_epoch *ep)
{
	check(algo, ep, 2);
}

static void talk(void)
{
	struct client *c = calloc(1, sizeof *c);
	struct work_source ws;
	struct err err = {0};
	struct job *job;

	if (!c)
		fail("memory");
	fake_init(c, &dialect_stratum1, algo_find("sha256d"));
	snprintf(c->user, sizeof c->user, "user");
	fake_connect(c);
	fake_feed(c, hello, sizeof hello - 1);
	hot_notify(c);
	if (!c->job)
		fail("mining.notify");
	work_init(&ws);
	job = c->job;
	job_ref(job);
	if (work_publish(&ws, job, &err))
		fail("work_publish");
	hot_lease(&ws);
	hot_submit(c);
	work_done(&ws);
	fake_done(c);
	free(c);
}

static struct algo_epoch *small_epoch(const struct algo *algo)
{
	uint64_t set[ALGO_SETTINGS_MAX] = {0};
	struct algo_epoch *ep = NULL;
	struct err err = {0};

	algo->dataset->small(set);
	if (algo_epoch_new(&ep, algo, 0, set, &err))
		fail("a small epoch");
	return ep;
}

int main(void)
{
	const struct algo *ethash = algo_find("ethash"), *kawpow = algo_find("kawpow");
	struct algo_epoch *ep;

	talk();
	hot_check_sha256d(algo_find("sha256d"));
	hot_check_scrypt(algo_find("scrypt"));
	ep = small_epoch(ethash);
	hot_check_ethash(ethash, ep);
	algo_epoch_free(ep);
	ep = small_epoch(kawpow);
	hot_check_kawpow(kawpow, ep);
	algo_epoch_free(ep);
	return 0;
}
