/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bound that searches are held against: how fast the dataset on the device can be read. */
#include "algos/dag.h"
#include "bench/gpu.h"
#include "kernels/probe.cl.h"
#include "kernels/dag_abi.h"
#include "src/clock.h"

#define ITEMS       (1u << 20) /* work-items of a launch: several times what any card holds */
#define ITEMS_SMALL (1u << 14)
#define ROUNDS_MAX  (1u << 16)

/* The entries of bench/probe.cl. */
static const struct probe {
	const char *entry;
	unsigned row_bytes, fly;
	bool anywhere;
} probes[] = {
	{"read128_4", 128, 4, true},  {"read128_8", 128, 8, true}, {"read128_16", 128, 16, true},
	{"read256_4", 256, 4, true},  {"read256_8", 256, 8, true}, {"read256_16", 256, 16, true},
	{"read_on_4", 256, 4, false},
};

static const uint32_t groups[] = {128, 256};

struct reading {
	struct bench *b;
	struct program *program;
	const struct probe *probe;
	uint32_t group, items;
};

static int set_job(const struct reading *r, struct err *err)
{
	static const struct abi_results none;
	struct bed *bed = &r->b->bed;
	struct work work = {0};
	struct abi_job job = {0};
	int rc;

	dag_prepare(bed->ep, &work, (uint32_t)(bed->ep->facts.dataset_bytes / r->probe->row_bytes),
		    &job);
	job.words[DAG_TEXT] = r->items;
	rc = bed->backend->write(bed->job, 0, &job, sizeof job, err);
	return rc ? rc : bed->backend->write(bed->results, 0, &none, sizeof none, err);
}

static int read_once(const struct reading *r, uint64_t first, uint32_t rounds, uint32_t *took_us,
		     struct err *err)
{
	struct bed *bed = &r->b->bed;
	struct launch l = {.entry = r->probe->entry,
			   .items = r->items,
			   .local = r->group,
			   .job = bed->job,
			   .results = bed->results,
			   .dataset = bed->part[0],
			   .more = {bed->part[1], bed->part[2], bed->part[3]},
			   .parts = bed->plan.parts,
			   .first = first,
			   .count = rounds};
	int rc = bed->backend->launch(r->program, &l, err);

	if (!rc)
		rc = bed->backend->mark(bed->dev, 0, err);
	return rc ? rc : bed->backend->wait(bed->dev, 0, took_us, err);
}

/* Bytes a second by the device's clock, of launches that take a third of a batch or more. */
static int measure(const struct reading *r, double *out, struct err *err)
{
	uint64_t bytes = 0, device_us = 0, first = 0;
	int64_t end_us;
	uint32_t rounds = 1, took_us = 0;
	int rc = set_job(r, err);

	if (!rc) /* loads the kernel */
		rc = read_once(r, first++, 1, &took_us, err);
	while (!rc && !(rc = read_once(r, first++, rounds, &took_us, err)) &&
	       took_us < TARGET_US / 3 && rounds < ROUNDS_MAX)
		rounds *= 2;
	end_us = clock_us() + (int64_t)(r->b->seconds * 1e6 / 16);
	do {
		if (!rc)
			rc = read_once(r, first++, rounds, &took_us, err);
		bytes += (uint64_t)r->items * rounds * r->probe->fly * 16;
		device_us += took_us;
	} while (!rc && clock_us() < end_us);
	*out = (double)bytes * 1e6 / (double)(device_us ? device_us : 1);
	return rc;
}

static json_t *one_json(const struct reading *r, double *rate)
{
	struct err err = {0};
	json_t *out = json_pack("{s:i, s:b, s:i, s:i}", "row_bytes", (int)r->probe->row_bytes,
				"anywhere", r->probe->anywhere, "rows_a_round", (int)r->probe->fly,
				"group", (int)r->group);

	char uses[256] = "";

	if (measure(r, rate, &err)) {
		*rate = 0;
		bench_failed(out, &err);
	} else {
		json_object_set_new(out, "gb_per_second", json_real(*rate / 1e9));
	}
	if (*rate > 0 && r->b->bed.backend->describe)
		r->b->bed.backend->describe(r->program, r->probe->entry, uses, sizeof uses);
	if (*uses)
		json_object_set_new(out, "code", json_string(uses));
	return out;
}

/* Every group size of one entry.  Returns the best. */
static double entry_json(struct reading *r, json_t *all)
{
	double rate, best = 0;
	size_t i;

	for (i = 0; i < sizeof groups / sizeof *groups; i++) {
		r->group = groups[i];
		if (groups[i] > r->b->bed.info.group_max ||
		    bench_late(r->b, 0, "%s: reading by %s, groups of %u", r->b->bed.algo->name,
			       r->probe->entry, (unsigned)groups[i]))
			continue;
		json_array_append_new(all, one_json(r, &rate));
		best = rate > best ? rate : best;
	}
	return best;
}

json_t *bench_probe(struct bench *b, unsigned row_bytes, double best[2])
{
	struct reading r = {.b = b, .items = b->small ? ITEMS_SMALL : ITEMS};
	json_t *out = json_object(), *all = json_array();
	char options[32];
	struct code code = {.source = kernel_probe, .options = options};
	struct err err = {0};
	double rate, on = 0;
	size_t i;

	best[0] = best[1] = 0;
	snprintf(options, sizeof options, "-DPARTS=%u", (unsigned)b->bed.plan.parts);
	if (b->bed.backend->build(b->bed.dev, &code, &r.program, NULL, &err)) {
		bench_failed(out, &err);
		json_decref(all);
		return out;
	}
	for (i = 0; i < sizeof probes / sizeof *probes; i++) {
		r.probe = &probes[i];
		if (row_bytes && probes[i].anywhere && probes[i].row_bytes != row_bytes)
			continue;
		rate = entry_json(&r, all);
		if (!probes[i].anywhere)
			on = rate;
		else if (rate > best[probes[i].row_bytes == 256])
			best[probes[i].row_bytes == 256] = rate;
	}
	b->bed.backend->discard(r.program);
	json_object_set_new(out, "best_gb_per_second",
			    json_pack("{s:f, s:f, s:f}", "rows_of_128", best[0] / 1e9,
				      "rows_of_256", best[1] / 1e9, "in_order", on / 1e9));
	json_object_set_new(out, "tried", all);
	return out;
}
