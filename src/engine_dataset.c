/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Datasets on a device: planned against the memory that is really free, generated in slices
 * short enough for any driver's watchdog, and checked by samples before anything relies on them.
 */
#include <stdlib.h>
#include <string.h>

#include "src/clock.h"
#include "src/engine_gpu.h"
#include "src/str.h"

#define UNIT_BYTES    256u /* is never torn between parts, see kernels/dag_abi.h */
#define NODE_BYTES    64u
#define UPLOAD_BYTES  (4u << 20)  /* at once: backends copy what they queue */
#define RESERVE       (48u << 20) /* bytes left to the driver and to batches */
#define SLICE_US      150000      /* wanted length of one slice */
#define SLICE_FIRST   (1u << 14)  /* nodes */
#define SLICE_LIMIT_S 60
#define SAMPLES       48 /* nodes held against the reference, the first and the last among them */
#define REPAIRS       3

/* What a dataset needs while it is made. */
struct making {
	struct engine *e;
	struct dataset *ds;
	struct program *program;
	struct mem *cache;
	const struct algo_facts *facts;
	uint32_t nodes;
	bool say;
	int64_t start_ms;
};

static uint64_t part_bytes(const struct algo_facts *facts, uint32_t parts)
{
	uint64_t units = (facts->dataset_bytes + UNIT_BYTES - 1) / UNIT_BYTES;

	return (units + parts - 1) / parts * UNIT_BYTES;
}

void gpu_dataset_free(struct engine *e, struct dataset *ds)
{
	uint32_t i;

	for (i = 0; i < ALGO_PARTS_MAX; i++)
		e->api->mem_free(ds->part[i]);
	memset(ds, 0, sizeof *ds);
}

/* ---- room ---- */

static int too_large(const struct making *m, struct engine_fit *fit, struct err *err)
{
	char need[32], left[32], all[32];

	return err_set(err, ERR_MEMORY,
		       "the dataset of epoch %u needs %s, %s of the device's %s "
		       "are free",
		       ALGO_EPOCH_SHOWN(m->facts->epoch), str_bytes(need, sizeof need, fit->need),
		       str_bytes(left, sizeof left, fit->left),
		       str_bytes(all, sizeof all, m->e->info.mem_total));
}

static int take_room(struct making *m, struct engine_fit *fit, struct err *err)
{
	struct engine *e = m->e;
	uint64_t cache = (uint64_t)m->facts->cache_items * NODE_BYTES;
	uint64_t each = part_bytes(m->facts, m->ds->parts);
	uint32_t i;
	int rc = e->api->mem_left(e->dev, &fit->left, err);

	if (rc)
		return rc;
	fit->need = each * m->ds->parts + cache;
	if (m->say)
		fit->need += RESERVE;
	if (fit->need > fit->left)
		return too_large(m, fit, err);
	for (i = 0; i < m->ds->parts && !rc; i++)
		rc = e->api->mem_new(e->dev, each, &m->ds->part[i], err);
	if (!rc)
		rc = e->api->mem_new(e->dev, cache, &m->cache, err);
	if (rc == -ERR_MEMORY) /* less than it told: what it told is no measure either */
		fit->left = fit->need - 1;
	return rc;
}

/* ---- generation ---- */

static int settle(struct engine *e, uint32_t *took_us, struct err *err)
{
	int rc = e->api->mark(e->dev, GPU_CHECK_SLOT, err);

	return rc ? rc : e->api->wait(e->dev, GPU_CHECK_SLOT, took_us, err);
}

static int upload(struct making *m, struct err *err)
{
	const uint8_t *data = (const uint8_t *)m->ds->ep->data;
	uint64_t bytes = (uint64_t)m->facts->cache_items * NODE_BYTES, at;
	struct engine *e = m->e;
	uint32_t took;
	int rc = 0;

	for (at = 0; at < bytes && !rc; at += UPLOAD_BYTES) {
		size_t len = bytes - at < UPLOAD_BYTES ? (size_t)(bytes - at) : UPLOAD_BYTES;

		rc = e->api->write(m->cache, at, data + at, len, err);
		if (!rc)
			rc = settle(e, &took, err);
	}
	return rc;
}

static const char *epoch_entry(const struct algo *algo)
{
	uint32_t i;

	for (i = 0; i < algo->n_steps; i++)
		if (algo->steps[i].when == STEP_EPOCH)
			return algo->steps[i].entry;
	return "";
}

static int slice(struct making *m, uint32_t first, uint32_t count, uint32_t *took_us,
		 struct err *err)
{
	struct engine *e = m->e;
	const struct dataset *ds = m->ds;
	uint32_t lanes = e->plan.lanes_epoch ? e->plan.lanes_epoch : 1;
	const struct launch l = {
		.entry = epoch_entry(e->config.algo),
		.items = (count + lanes - 1) / lanes,
		.job = e->job[GPU_CHECK_SLOT],
		.results = e->results[GPU_CHECK_SLOT],
		.scratch = m->cache,
		.dataset = ds->part[0],
		.more = {ds->part[1], ds->part[2], ds->part[3]},
		.parts = ds->parts,
		.first = first,
		.count = count,
	};
	int rc = e->api->launch(m->program, &l, err);

	return rc ? rc : settle(e, took_us, err);
}

static void progress(struct making *m, uint32_t done)
{
	int64_t spent = clock_ms() - m->start_ms;
	uint64_t left = done ? (uint64_t)spent * (m->nodes - done) / done / 1000 : 0;
	struct engine_stage stage = {
		.name = "generating the dataset",
		.permille = (unsigned)((uint64_t)done * 1000 / m->nodes),
		.left_s = (unsigned)left + 1,
		.limit_s = SLICE_LIMIT_S,
	};

	if (m->say)
		gpu_say(m->e, &stage);
}

static int generate(struct making *m, struct err *err)
{
	const struct engine_host *host = m->e->config.host;
	uint32_t done = 0, count = SLICE_FIRST, took = 0;
	int rc;

	while (done < m->nodes) {
		progress(m, done);
		if (m->say && host->go_on && !host->go_on(host->arg))
			return -ERR_STALE;
		if (count > m->nodes - done)
			count = m->nodes - done;
		rc = slice(m, done, count, &took, err);
		if (rc)
			return rc;
		done += count;
		if (took < SLICE_US / 2 && count < m->nodes / 4)
			count *= 2;
		else if (took > SLICE_US * 2 && count > SLICE_FIRST)
			count /= 2;
	}
	return 0;
}

/* ---- samples ---- */

/* Where node n lies. */
static struct mem *locate(const struct dataset *ds, uint32_t n, uint64_t *at)
{
	uint32_t unit = n / (UNIT_BYTES / NODE_BYTES), within = n % (UNIT_BYTES / NODE_BYTES);

	*at = (uint64_t)(unit / ds->parts) * UNIT_BYTES + within * NODE_BYTES;
	return ds->part[unit % ds->parts];
}

/* Spread evenly, with a step that is no power of two; the first and the last node are among them.
 */
static uint32_t sample(const struct making *m, unsigned i)
{
	if (i == SAMPLES - 1)
		return m->nodes - 1;
	return (uint32_t)((uint64_t)i * m->nodes / (SAMPLES - 1));
}

/* How many samples are wrong; *first_bad is one of them. */
static int count_bad(struct making *m, unsigned *bad, uint32_t *first_bad, struct err *err)
{
	struct engine *e = m->e;
	uint32_t got[SAMPLES][16], want[16], took;
	uint64_t at;
	unsigned i;
	int rc = 0;

	for (i = 0; i < SAMPLES && !rc; i++) {
		struct mem *mem = locate(m->ds, sample(m, i), &at);

		rc = e->api->read(mem, at, got[i], sizeof got[i], err);
		if (!rc)
			rc = settle(e, &took, err);
	}
	for (i = *bad = 0; i < SAMPLES && !rc; i++) {
		e->config.algo->dataset->node(m->ds->ep, sample(m, i), want);
		if (memcmp(got[i], want, sizeof want) && !(*bad)++)
			*first_bad = sample(m, i);
	}
	return rc;
}

/* A dataset with a wrong sample is made anew: where one node is wrong, others may be. */
static int make_right(struct making *m, struct err *err)
{
	uint32_t where = 0;
	unsigned bad = 0, tries;
	int rc = 0;

	for (tries = 0; tries < REPAIRS && !rc; tries++) {
		rc = generate(m, err);
		if (!rc)
			rc = count_bad(m, &bad, &where, err);
		if (rc || !bad)
			return rc;
		gpu_note(
			m->e, ERR_SELFTEST,
			"%u of %u sampled pieces of the dataset are wrong (node %u); generating it "
			"again",
			bad, SAMPLES, where);
	}
	return rc ? rc
		  : err_set(err, ERR_SELFTEST,
			    "the dataset of epoch %u came out wrong %d times (%u of %u samples): "
			    "lower the memory clock",
			    ALGO_EPOCH_SHOWN(m->facts->epoch), REPAIRS, bad, SAMPLES);
}

/* ---- all of it ---- */

static int build(struct making *m, struct err *err)
{
	struct engine *e = m->e;
	const struct engine_stage stage = {.name = "building kernels", .limit_s = BUILD_LIMIT_S};
	const struct code code = {.source = e->config.algo->kernel_epoch,
				  .options = e->plan.options_epoch};
	char *log = NULL;
	int rc;

	gpu_say(e, &stage);
	rc = e->api->build(e->dev, &code, &m->program, &log, err);
	gpu_named(e, rc, err);
	if (rc == -ERR_BUILD)
		gpu_keep_log(e, log, err);
	free(log);
	return rc;
}

static int write_job(struct making *m, struct err *err)
{
	static const struct abi_results none;
	struct engine *e = m->e;
	struct abi_job job = {0};
	struct work work = {.header_len = e->config.algo->header_len, .epoch = m->facts->epoch};
	int rc;

	e->config.algo->prepare(m->ds->ep, &work, &job);
	rc = e->api->write(e->job[GPU_CHECK_SLOT], 0, &job, sizeof job, err);
	return rc ? rc
		  : e->api->write(e->results[GPU_CHECK_SLOT], 0, &none,
				  offsetof(struct abi_results, nonce), err);
}

static void tell(const struct making *m)
{
	char size[32];

	if (m->say)
		gpu_note(m->e, 0,
			 "dataset of epoch %u (%s) generated in %.1f s, %d samples "
			 "checked",
			 ALGO_EPOCH_SHOWN(m->facts->epoch),
			 str_bytes(size, sizeof size, m->facts->dataset_bytes),
			 (double)(clock_ms() - m->start_ms) / 1000, SAMPLES);
}

int gpu_dataset_make(struct engine *e, struct dataset *ds, const struct algo_epoch *ep, bool say,
		     struct engine_fit *fit, struct err *err)
{
	struct making m = {.e = e, .ds = ds, .facts = &ep->facts, .say = say};
	char size[32];
	int rc;

	gpu_dataset_free(e, ds);
	ds->ep = ep;
	ds->parts = e->plan.parts ? e->plan.parts : 1;
	m.nodes = (uint32_t)(ep->facts.dataset_bytes / NODE_BYTES);
	m.start_ms = clock_ms();
	if (say)
		gpu_note(e, 0, "generating the dataset of epoch %u, %s",
			 ALGO_EPOCH_SHOWN(ep->facts.epoch),
			 str_bytes(size, sizeof size, ep->facts.dataset_bytes));
	rc = take_room(&m, fit, err);
	if (!rc)
		rc = build(&m, err);
	if (!rc)
		rc = write_job(&m, err);
	if (!rc)
		rc = upload(&m, err);
	if (!rc)
		rc = make_right(&m, err);
	if (!rc)
		tell(&m);
	e->api->mem_free(m.cache);
	e->api->discard(m.program);
	if (rc)
		gpu_dataset_free(e, ds);
	return gpu_named(e, rc, err);
}
