/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a hash costs an NVIDIA card, counted: the PTX that is embedded for every kernel is run by
 * the interpreter of the tests, with a period's program where there is one, and what each lane
 * executed, how often shared memory's banks were asked twice, and which pieces of device memory
 * were touched is printed beside what the algorithm declares (struct algo_cost).
 * usage: bench/ptx [ALGORITHM...]
 *
 * ptxas, which comes after PTX, joins logic and sums into instructions of three inputs, so these
 * counts are upper bounds of those; patterns of memory it does not change.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algos/dag.h"
#include "src/gpu/backend.h"
#include "src/gpu/embedded.h"
#include "src/gpu/splice.h"
#include "tests/ptx/ptx.h"

#define BLOCK   256 /* what the backend takes when the plan does not say */
#define NONCES  512 /* the largest group */
#define SECTOR  32.0
#define REGIONS 8
#define CACHE   4099 /* items of the light cache */
#define ROWS    65537

struct region {
	uint8_t *at;
	size_t bytes;
};

static struct region regions[REGIONS];
static unsigned n_regions;
static char why[300];

static void *region(size_t bytes)
{
	struct region *r = &regions[n_regions++];
	uint64_t state = 88172645463325252ull;
	size_t i;

	r->bytes = (bytes + 255) / 256 * 256;
	r->at = aligned_alloc(256, r->bytes);
	if (!r->at) {
		fprintf(stderr, "ptx: no memory\n");
		exit(1);
	}
	for (i = 0; i + 8 <= r->bytes; i += 8) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		memcpy(r->at + i, &state, 8);
	}
	return r->at;
}

static void regions_free(void)
{
	while (n_regions)
		free(regions[--n_regions].at);
}

static int find(void *arg, uint64_t at, size_t bytes, uint64_t ends[2])
{
	unsigned i;

	(void)arg;
	for (i = 0; i < n_regions; i++) {
		ends[0] = (uintptr_t)regions[i].at;
		ends[1] = ends[0] + regions[i].bytes;
		if (at >= ends[0] && at + bytes <= ends[1])
			return 0;
	}
	return -1;
}

/* The embedded text with the program of block 0; NULL: none.  The caller frees it. */
static char *text_of(const struct algo *algo, const char *options)
{
	static char body[ALGO_PROGRAM_MAX];
	const struct embedded *e;
	char all[256], *out = NULL;
	struct err err = {0};
	uint8_t key[32];

	snprintf(all, sizeof all, "%.190s%s", options, algo->program ? CODE_TEMPLATE : "");
	embedded_key(key, algo->kernel, all);
	e = embedded_ptx(&embedded_table, key);
	if (!e)
		return NULL;
	if (!algo->program)
		return strdup(e->code);
	if (algo->program->text(algo, 0, FORM_PTX, body, sizeof body) < 0 ||
	    splice(e->code, body, &out, &err))
		fprintf(stderr, "ptx: %s: %s\n", algo->name, err.text);
	return out;
}

static int run_steps(const struct algo *algo, const struct algo_plan *plan,
		     const struct ptx_module *m, const uint64_t *args, struct ptx_counts *counts)
{
	struct ptx_grid grid = {.args = args, .n_args = 6, .memory = find, .counts = counts};
	int i, rc = 0;

	grid.threads = plan->local ? plan->local : BLOCK;
	grid.dynamic_shared = plan->local_bytes;
	grid.blocks = (NONCES + grid.threads - 1) / grid.threads;
	for (i = 0; i < algo->n_steps && !rc; i++)
		if (algo->steps[i].when == STEP_BATCH)
			rc = ptx_run(ptx_module_entry(m, algo->steps[i].entry), &grid, why,
				     sizeof why);
	return rc;
}

static void print(const char *name, const struct ptx_counts *c)
{
	const double n = NONCES;
	const uint64_t *k = c->kinds;

	printf("  %-44s %9.0f %8.0f %8.0f %8.0f %8.0f %7.0f %7.0f %6.0f %7.0f %8.0f %5.2f %7.0f "
	       "%9.0f "
	       "%5.1f\n",
	       name, (double)c->lanes / n, (double)k[PTX_ADD] / n, (double)k[PTX_LOGIC] / n,
	       (double)k[PTX_TURN] / n, (double)k[PTX_MUL32] / n, (double)k[PTX_MUL64] / n,
	       (double)k[PTX_CHOOSE] / n, (double)k[PTX_BITS] / n, (double)k[PTX_MOVE] / n,
	       (double)k[PTX_SHARED] / n, c->shared ? (double)c->passes / (double)c->shared : 0,
	       (double)k[PTX_LANES] / n, (double)c->sectors * SECTOR / n,
	       100.0 * (double)c->lanes / (double)c->steps / PTX_WARP);
}

static void print_cost(const struct algo *algo, const struct algo_epoch *ep, const uint64_t *set,
		       const struct algo_plan *plan)
{
	struct algo_cost c = {0};

	if (!algo->cost)
		return;
	algo->cost(algo, ep ? &ep->facts : NULL, set, plan->label, &c);
	printf("  %-44s %9s %8.0f %8.0f %8.0f %8.0f %7.0f %7s %6s %7s %8.0f %5s %7s %9.0f\n",
	       "(declared)", "", c.add, c.logic, c.rotate, c.mul32, c.mul64, "", "", "", c.local,
	       "", "", c.stream + c.reads * c.grain);
}

static int count(const struct algo *algo, const struct algo_plan *plan, const struct algo_epoch *ep)
{
	char *text = text_of(algo, plan->options);
	struct ptx_module *m = NULL;
	struct ptx_counts counts = {0};
	struct abi_job *job;
	struct work work = {.header_len = algo->header_len};
	uint64_t args[6] = {0};
	int rc;

	if (!text)
		return 0;
	rc = ptx_module_new(&m, text, why, sizeof why);
	free(text);
	job = region(sizeof *job);
	memset(job, 0, sizeof *job);
	algo->prepare(ep, &work, job);
	job->target = 0;
	args[0] = (uintptr_t)job;
	args[1] = (uintptr_t)memset(region(sizeof(struct abi_results)), 0,
				    sizeof(struct abi_results));
	args[2] = (uintptr_t)region(NONCES * plan->scratch_per_nonce + 256);
	args[3] = (uintptr_t)region(ep ? ep->facts.dataset_bytes + 256 : 256);
	args[5] = NONCES;
	if (!rc)
		rc = run_steps(algo, plan, m, args, &counts);
	if (rc)
		fprintf(stderr, "ptx: %s %s: %s\n", algo->name, plan->options, why);
	else
		print(plan->options, &counts);
	ptx_module_free(m);
	regions_free();
	return rc;
}

static int count_algo(const struct algo *algo)
{
	struct algo_device dev = {.mem_free = 1ull << 36,
				  .mem_alloc = 1ull << 36,
				  .units = 100,
				  .lanes = 1,
				  .group_max = 1024,
				  .local_max = 227 << 10,
				  .cuda = true};
	struct algo_plan plan[ALGO_PLANS_MAX];
	uint64_t set[ALGO_SETTINGS_MAX] = {0};
	struct algo_epoch *ep = NULL;
	struct err err = {0};
	int i, n, rc = 0;

	if (algo->dataset) {
		set[DAG_SET_CACHE] = CACHE;
		set[DAG_SET_ROWS] = ROWS;
		rc = algo_epoch_new(&ep, algo, 0, set, &err);
	} else {
		algo_settings(algo, set, NULL, 0, NULL);
	}
	dev.dataset_bytes = ep ? ep->facts.dataset_bytes : 0;
	n = rc ? rc : algo_plans(algo, &dev, set, plan, ALGO_PLANS_MAX, &err);
	if (n < 1)
		fprintf(stderr, "ptx: %s: %s\n", algo->name, err.text);
	printf("%s\n", algo->name);
	for (i = 0; i < n; i++)
		rc |= count(algo, &plan[i], ep);
	if (n > 0)
		print_cost(algo, ep, set, &plan[0]);
	algo_epoch_free(ep);
	return n < 1 || rc ? 1 : 0;
}

int main(int argc, char **argv)
{
	int i, rc = 0;

	if (!embedded_table.n) {
		fprintf(stderr, "ptx: this build has no embedded CUDA kernels: configure it with "
				"NVRTC (--with-cuda=DIR)\n");
		return 2;
	}
	printf("a hash, %u nonces\n  %-44s %9s %8s %8s %8s %8s %7s %7s %6s %7s %8s %5s %7s %9s "
	       "%5s\n",
	       NONCES, "plan", "all", "sums", "logic", "turns", "mul32", "mul64", "choose", "bits",
	       "moves", "shared", "x", "lanes", "bytes", "busy%");
	for (i = 1; i < argc; i++) {
		const struct algo *algo = algo_find(argv[i]);

		if (!algo) {
			fprintf(stderr, "ptx: no algorithm is called %s\n", argv[i]);
			return 2;
		}
		rc |= count_algo(algo);
	}
	for (i = 0; argc < 2 && algos[i]; i++)
		rc |= count_algo(algos[i]);
	return rc;
}
