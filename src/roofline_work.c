/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Measuring a device: every figure is the median of several launches whose results were right. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/bench.h"
#include "src/engine.h"
#include "src/clock.h"
#include "src/roofline_check.h"
#include "src/roofline_work.h"
#include "src/str.h"

#define RUNS          5
#define LAUNCHES      101 /* whose latency is measured */
#define RUN_US        30000
#define RUN_CPU_US    10000
#define ROUNDS_MAX    (1u << 15) /* what is checked is computed again on one core */
#define QUEUE_MAX     4096
#define STEP_LIMIT_S  60
#define BUILD_LIMIT_S 300
#define ALIVE_MS      250
#define SAMPLES       3

#define GROUP_GPU  256u
#define GROUP_CPU  16u
#define ITEMS_UNIT 2048u /* work-items that a GPU's unit holds */
#define ITEMS_CORE 256u
#define READ_TIMES 4u /* more of them for reads, whose latency is longest */
#define ITEMS_MAX  (1u << 21)
#define FILL_ITEMS (1u << 22)

/* Words of job as kernels/roofline.cl has them. */
enum { WORD_ROWS, WORD_PIECES, WORD_ITEMS };

static const uint64_t sets[] = {UINT64_C(1) << 20,   UINT64_C(16) << 20, UINT64_C(64) << 20,
				UINT64_C(256) << 20, UINT64_C(1) << 30,  UINT64_C(4) << 30,
				UINT64_C(12) << 30};
#define SETS     (sizeof sets / sizeof sets[0])
#define SETS_CPU 4

struct prober {
	int fd;
	struct pulse *pulse;
	const struct backend *api;
	struct device *dev;
	struct device_info info;
	struct program *program;
	struct mem *job, *results, *scratch, *data;
	const char *stage, *told; /* what it is at, and was when it last said so */
	int64_t alive_ms;
	uint32_t limit_s; /* a launch takes no longer */
	uint32_t group, lanes, items;
	unsigned n_sets;
	uint64_t first; /* makes launches differ */
	struct abi_results host;
	bool gone; /* nobody listens */
};

/* One kind of launch. */
struct shot {
	const char *entry;
	uint32_t items, rounds, queued; /* queued: launches between two looks at the clock */
	uint32_t rounds_max;
	double amount; /* of what is counted, of a round of a work-item */
	struct abi_job job;
};

/* --- one launch --------------------------------------------------------------- */

/*
 * A sign of life, repeated while it waits, but no longer than a launch may take.  Not before every
 * short one: whoever hears it needs a processor, which may be what is measured.
 */
static void alive(struct prober *p)
{
	const struct engine_stage stage = {.name = p->stage, .limit_s = p->limit_s};
	int64_t now = clock_ms();

	if (p->told == p->stage && now - p->alive_ms < ALIVE_MS)
		return;
	p->told = p->stage;
	p->alive_ms = now;
	pulse_stage(p->pulse, &stage);
}

static int settle(struct prober *p, uint32_t *took_us, struct err *err)
{
	int rc = p->api->mark(p->dev, 0, err);

	return rc ? rc : p->api->wait(p->dev, 0, took_us, err);
}

static int launch(struct prober *p, const struct shot *s, struct err *err)
{
	const struct launch l = {.entry = s->entry,
				 .items = s->items,
				 .local = p->group,
				 .job = p->job,
				 .results = p->results,
				 .scratch = p->scratch,
				 .dataset = p->data,
				 .first = p->first,
				 .count = s->rounds};

	return p->api->launch(p->program, &l, err);
}

static int run(struct prober *p, const struct shot *s, double *seconds, struct err *err)
{
	uint32_t i, took_us = 0;
	int64_t start;
	int rc = 0;

	alive(p);
	p->first++;
	start = clock_us();
	for (i = 0; i < s->queued && !rc; i++)
		rc = launch(p, s, err);
	if (!rc)
		rc = settle(p, &took_us, err);
	*seconds = roof_seconds(took_us, clock_us() - start);
	return rc;
}

/* Make it last long enough to be measured: by more rounds, then by more launches. */
static int stretch(struct prober *p, struct shot *s, struct err *err)
{
	double goal = (p->info.cpu ? RUN_CPU_US : RUN_US) / 1e6, seconds;
	int rc = run(p, s, &seconds, err); /* compiles, pages memory in */

	while (!rc && !(rc = run(p, s, &seconds, err)) && seconds < goal) {
		if (s->rounds < s->rounds_max)
			s->rounds = s->rounds * 2 < s->rounds_max ? s->rounds * 2 : s->rounds_max;
		else if (s->queued < QUEUE_MAX)
			s->queued *= 2;
		else
			break;
	}
	return rc;
}

static void tell(struct prober *p, const struct roof_figure *f)
{
	if (ipc_send(p->fd, IPC_FIGURE, f))
		p->gone = true;
}

/* Amounts a second, of launches whose results check() finds right. */
static int clock_shot(struct prober *p, struct shot *s, struct roof_figure *f,
		      int (*check)(struct prober *p, const struct shot *s, struct roof_figure *f,
				   struct err *err),
		      struct err *err)
{
	struct bench_spread spread;
	double v[RUNS], seconds;
	int i, rc;

	if (p->gone)
		return 0;
	p->stage = s->entry;
	s->queued = 1;
	rc = p->api->write(p->job, 0, &s->job, sizeof s->job, err);
	if (!rc)
		rc = stretch(p, s, err);
	for (i = 0; i < RUNS && !rc; i++) {
		rc = run(p, s, &seconds, err);
		v[i] = s->amount * s->items * s->rounds * s->queued / seconds;
	}
	if (!rc)
		rc = check(p, s, f, err);
	if (rc)
		return rc;
	bench_spread(&spread, v, RUNS);
	f->value = spread.median;
	f->best = spread.max;
	f->mad = spread.mad;
	f->n = RUNS;
	tell(p, f);
	return 0;
}

/* --- arithmetic and local memory ---------------------------------------------- */

static int read_word(struct prober *p, struct mem *mem, uint64_t word, uint32_t *out,
		     struct err *err)
{
	uint32_t took_us;
	int rc = p->api->read(mem, word * 4, out, sizeof *out, err);

	return rc ? rc : settle(p, &took_us, err);
}

/* Of n: the first, one in the midst, the last. */
static uint32_t sample(uint32_t i, uint32_t n)
{
	return i == 0 ? 0 : i == 1 ? n / 2 + 3 : n - 1;
}

static int check_ring(struct prober *p, const struct shot *s, struct roof_figure *f,
		      struct err *err)
{
	uint32_t n = s->items * (f->kind == ROOF_MUL64 ? 1 : p->lanes), i, got = 0;
	int rc = 0;

	for (i = 0; i < SAMPLES && !rc; i++) {
		rc = read_word(p, p->scratch, sample(i, n), &got, err);
		f->wrong |= !rc && got != roof_ring(f->kind, sample(i, n), p->first, s->rounds);
	}
	return rc;
}

static int check_walk(struct prober *p, const struct shot *s, struct roof_figure *f,
		      struct err *err)
{
	uint32_t i, got = 0;
	int rc = 0;

	for (i = 0; i < SAMPLES && !rc; i++) {
		rc = read_word(p, p->scratch, sample(i, s->items), &got, err);
		f->wrong |= !rc && got != roof_walk(sample(i, s->items), p->first, s->rounds);
	}
	return rc;
}

static int measure_rings(struct prober *p, struct err *err)
{
	static const struct {
		const char *entry;
		enum roof_kind kind;
		double amount;
	} all[] = {{"roof_add", ROOF_ADD, ROOF_STEPS},
		   {"roof_logic", ROOF_LOGIC, ROOF_STEPS},
		   {"roof_turn", ROOF_ROTATE, ROOF_STEPS},
		   {"roof_mul32", ROOF_MUL32, ROOF_STEPS},
		   {"roof_mul64", ROOF_MUL64, ROOF_STEPS},
		   {"roof_mixed", ROOF_MIX, ROOF_STEPS_MIX},
		   {"roof_local_walk", ROOF_LOCAL, ROOF_WALKS}};
	size_t i;
	int rc = 0;

	for (i = 0; i < sizeof all / sizeof all[0] && !rc; i++) {
		bool scalar = all[i].kind == ROOF_MUL64 || all[i].kind == ROOF_LOCAL;
		struct roof_figure f = {.kind = all[i].kind};
		struct shot s = {.entry = all[i].entry,
				 .items = p->items,
				 .rounds = 1,
				 .rounds_max = ROUNDS_MAX,
				 .amount = all[i].amount * (scalar ? 1 : p->lanes)};

		rc = clock_shot(p, &s, &f, f.kind == ROOF_LOCAL ? check_walk : check_ring, err);
	}
	return rc;
}

/* --- device memory ------------------------------------------------------------ */

static int fill(struct prober *p, uint64_t bytes, struct err *err)
{
	struct shot s = {.entry = "roof_fill", .items = FILL_ITEMS};
	uint64_t pieces = bytes / 16, at;
	uint32_t took_us;
	int rc;

	s.job.words[WORD_PIECES] = (uint32_t)pieces;
	p->stage = "filling memory";
	rc = p->api->write(p->job, 0, &s.job, sizeof s.job, err);
	for (at = 0; at < pieces && !rc; at += FILL_ITEMS) {
		p->first = at;
		alive(p);
		rc = launch(p, &s, err);
		if (!rc)
			rc = settle(p, &took_us, err);
	}
	return rc;
}

/* The largest working set there is room for, filled. */
static int make_memory(struct prober *p, struct err *err)
{
	uint64_t left = 0;
	int rc = p->api->mem_left(p->dev, &left, err);

	if (rc)
		return rc;
	left = left / 10 * 6; /* others live here */
	if (p->info.mem_alloc && p->info.mem_alloc < left)
		left = p->info.mem_alloc;
	p->n_sets = p->info.cpu ? SETS_CPU : SETS;
	while (p->n_sets && sets[p->n_sets - 1] > left)
		p->n_sets--;
	rc = -ERR_MEMORY;
	for (; p->n_sets && rc == -ERR_MEMORY; p->n_sets -= rc != 0)
		rc = p->api->mem_new(p->dev, sets[p->n_sets - 1], &p->data, err);
	if (!p->n_sets)
		return 0; /* no memory, no figures of it */
	return rc ? rc : fill(p, sets[p->n_sets - 1], err);
}

static int check_read(struct prober *p, const struct shot *s, struct roof_figure *f,
		      struct err *err)
{
	uint32_t i, got = 0;
	int rc = 0;

	for (i = 0; i < SAMPLES && !rc; i++) {
		rc = read_word(p, p->scratch, sample(i, s->items), &got, err);
		f->wrong |=
			!rc && got != roof_read(sample(i, s->items), p->first, s->rounds,
						s->job.words[WORD_ROWS], f->grain, p->lanes > 1);
	}
	return rc;
}

static int measure_reads(struct prober *p, struct err *err)
{
	static const struct {
		const char *entry;
		uint32_t grain;
	} all[] = {{"roof_read32", 32},
		   {"roof_read64", 64},
		   {"roof_read128", 128},
		   {"roof_read256", 256}};
	size_t i, k;
	int rc = 0;

	for (k = 0; k < p->n_sets && !rc; k++)
		for (i = 0; i < sizeof all / sizeof all[0] && !rc; i++) {
			struct roof_figure f = {
				.kind = ROOF_RANDOM, .grain = all[i].grain, .set_bytes = sets[k]};
			struct shot s = {.entry = all[i].entry,
					 .items = p->items * READ_TIMES,
					 .rounds = 1,
					 .rounds_max = ROUNDS_MAX,
					 .amount = ROOF_READS * (p->lanes > 1 ? all[i].grain : 16)};

			s.job.words[WORD_ROWS] = (uint32_t)(sets[k] / all[i].grain);
			rc = clock_shot(p, &s, &f, check_read, err);
		}
	return rc;
}

static int check_copy(struct prober *p, const struct shot *s, struct roof_figure *f,
		      struct err *err)
{
	uint32_t half = s->job.words[WORD_PIECES] / 2 * 4, i, got = 0;
	int rc = 0;

	for (i = 0; i < SAMPLES && !rc; i++) {
		rc = read_word(p, p->data, (uint64_t)half + sample(i, half), &got, err);
		f->wrong |= !rc && got != roof_filled(sample(i, half));
	}
	return rc;
}

/* Last of all, for what is copied is not what reads expect. */
static int measure_copies(struct prober *p, struct err *err)
{
	unsigned k;
	int rc = 0;

	for (k = 0; k < p->n_sets && !rc; k++) {
		struct roof_figure f = {.kind = ROOF_COPY, .set_bytes = sets[k]};
		uint32_t half = (uint32_t)(sets[k] / 32), items = p->items * READ_TIMES;
		struct shot s = {.entry = "roof_copy", .items = items < half ? items : half};

		s.rounds = s.rounds_max = half / s.items;
		s.amount = 32;
		s.job.words[WORD_PIECES] = s.rounds * s.items * 2;
		s.job.words[WORD_ITEMS] = s.items;
		rc = clock_shot(p, &s, &f, check_copy, err);
		if (!rc && k + 1 < p->n_sets)
			rc = fill(p, sets[k], err);
	}
	return rc;
}

/* --- latency ------------------------------------------------------------------ */

static int measure_latency(struct prober *p, enum roof_kind kind, struct err *err)
{
	const struct shot s = {.entry = "roof_nothing", .items = p->group};
	unsigned queued = kind == ROOF_QUEUED ? LAUNCHES : 1, i, k;
	struct roof_figure f = {.kind = kind};
	struct bench_spread spread;
	double v[LAUNCHES];
	uint32_t took_us;
	int rc = 0;

	p->stage = "latency";
	alive(p);
	for (i = 0; i < LAUNCHES && !rc && !p->gone; i++) {
		int64_t start = clock_us();

		for (k = 0; k < queued && !rc; k++)
			rc = launch(p, &s, err);
		if (!rc && kind == ROOF_READ_BACK)
			rc = p->api->read(p->results, 0, &p->host, sizeof p->host, err);
		if (!rc)
			rc = settle(p, &took_us, err);
		v[i] = (double)(clock_us() - start) / 1e6 / queued;
	}
	if (rc || p->gone)
		return rc;
	bench_spread(&spread, v, LAUNCHES);
	f.value = spread.median;
	f.best = spread.min;
	f.mad = spread.mad;
	f.n = LAUNCHES;
	tell(p, &f);
	return 0;
}

/* --- all of it ---------------------------------------------------------------- */

static int build(struct prober *p, struct err *err)
{
	const struct engine_stage stage = {.name = "building kernels", .limit_s = BUILD_LIMIT_S};
	char options[64];
	const struct code code = {.source = roofline_kernel.kernel, .options = options};

	p->lanes = p->info.cpu && p->info.lanes ? p->info.lanes : 1;
	p->group = p->info.cpu ? GROUP_CPU : GROUP_GPU;
	if (p->info.group_max && p->group > p->info.group_max)
		p->group = p->info.group_max >= 16 ? p->info.group_max / 16 * 16 : 16;
	p->items = (p->info.units ? p->info.units : 1) * (p->info.cpu ? ITEMS_CORE : ITEMS_UNIT);
	if (p->items > ITEMS_MAX / READ_TIMES)
		p->items = ITEMS_MAX / READ_TIMES;
	p->items = (p->items + p->group - 1) / p->group * p->group;
	snprintf(options, sizeof options, "-DGROUP=%u -DLANES=%u", (unsigned)p->group,
		 (unsigned)p->lanes);
	pulse_stage(p->pulse, &stage);
	return p->api->build(p->dev, &code, &p->program, NULL, err);
}

static int make_buffers(struct prober *p, struct err *err)
{
	uint64_t words = (uint64_t)p->items * (p->lanes > READ_TIMES ? p->lanes : READ_TIMES);
	int rc = p->api->mem_new(p->dev, sizeof(struct abi_job), &p->job, err);

	if (!rc)
		rc = p->api->mem_new(p->dev, sizeof(struct abi_results), &p->results, err);
	return rc ? rc : p->api->mem_new(p->dev, words * 4, &p->scratch, err);
}

static int measure_all(struct prober *p, struct err *err)
{
	int rc = measure_rings(p, err);

	if (!rc)
		rc = make_memory(p, err);
	if (!rc)
		rc = measure_reads(p, err);
	if (!rc)
		rc = measure_copies(p, err);
	if (!rc)
		rc = measure_latency(p, ROOF_LAUNCH, err);
	if (!rc)
		rc = measure_latency(p, ROOF_READ_BACK, err);
	return rc ? rc : measure_latency(p, ROOF_QUEUED, err);
}

static void done(struct prober *p)
{
	p->api->mem_free(p->job);
	p->api->mem_free(p->results);
	p->api->mem_free(p->scratch);
	p->api->mem_free(p->data);
	p->api->discard(p->program);
	p->api->close(p->dev);
}

int roofline_work(int fd, const struct ipc_probe *probe, struct pulse *pulse, struct err *err)
{
	struct prober p = {.fd = fd,
			   .pulse = pulse,
			   .limit_s = probe->limit_s ? probe->limit_s : STEP_LIMIT_S};
	struct ipc_hello hello = {.pid = getpid()};
	struct ipc_ready ready = {.label = ""};
	int rc;

	p.api = backend_find(probe->backend);
	if (!p.api)
		return err_set(err, ERR_UNKNOWN, "'%s' runs no kernels", probe->backend);
	rc = p.api->open(probe->index, probe->cache_dir[0] ? probe->cache_dir : NULL, &p.dev,
			 &p.info, err);
	if (rc)
		return rc;
	hello.info = p.info;
	ipc_send(fd, IPC_HELLO, &hello);
	rc = build(&p, err);
	if (!rc)
		rc = make_buffers(&p, err);
	if (!rc)
		rc = measure_all(&p, err);
	done(&p);
	if (!rc)
		ipc_send(fd, IPC_READY, &ready);
	return rc;
}
