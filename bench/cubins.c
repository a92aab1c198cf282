/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What NVRTC makes of every kernel for cards that need not be there, for bench/sass.py.
 * usage: cubins DIRECTORY [--all] [-a ALGORITHM] ARCH...
 *
 * Writes DIRECTORY/ALGORITHM-PLAN-PERIOD-sm_ARCH.cubin and what each one is into
 * DIRECTORY/index.json: options, entry points, the work a hash is declared to be.  The plan is the
 * first that a card would measure, with --all each; kernels with a period's program are compiled
 * for PERIODS of them from the algorithm's usual height on.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algos/algo.h"
#include "src/gpu/backend.h"
#include "src/gpu/cuda_api.h"
#include "src/str.h"

#define PERIODS   2
#define ARCHS_MAX 16

struct making {
	struct nvrtc rtc;
	const char *dir, *only;
	int all;
	uint64_t archs[ARCHS_MAX];
	int n_archs;
	json_t *index;
};

/* The source with a program in the place of its mark, or as it is.  The caller frees it. */
static char *whole(const struct algo *algo, uint64_t program)
{
	static char body[ALGO_PROGRAM_MAX];
	const char *mark = strstr(algo->kernel, CODE_MARK);
	size_t size = strlen(algo->kernel) + sizeof body;
	char *out;

	if (!algo->program)
		return strdup(algo->kernel);
	out = malloc(size);
	if (out && mark && algo->program->text(algo, program, FORM_C, body, sizeof body) > 0)
		snprintf(out, size, "%.*s%s%s", (int)(mark - algo->kernel), algo->kernel, body,
			 mark + strlen(CODE_MARK));
	return out;
}

static int write_code(const struct making *m, const char *name, const char *code, size_t len)
{
	char path[1024];
	FILE *file;
	int bad;

	snprintf(path, sizeof path, "%s/%s", m->dir, name);
	file = fopen(path, "wb");
	if (!file) {
		perror(path);
		return 1;
	}
	bad = fwrite(code, 1, len, file) != len;
	return fclose(file) || bad;
}

static json_t *work_of(const struct algo *algo, const struct algo_facts *facts, const uint64_t *set,
		       const struct algo_plan *plan)
{
	struct algo_cost c = {0};

	if (algo->cost)
		algo->cost(algo, facts, set, plan->label, &c);
	return json_pack("{s:f s:f s:f s:f s:f s:f s:f s:f s:i}", "add", c.add, "logic", c.logic,
			 "rotate", c.rotate, "mul32", c.mul32, "mul64", c.mul64, "local", c.local,
			 "stream", c.stream, "reads", c.reads, "grain", (int)c.grain);
}

static json_t *entries_of(const struct algo *algo)
{
	json_t *list = json_array();
	int i;

	for (i = 0; i < algo->n_steps; i++)
		if (algo->steps[i].when == STEP_BATCH)
			json_array_append_new(list, json_string(algo->steps[i].entry));
	return list;
}

static int compile(struct making *m, const struct algo *algo, const struct algo_plan *plan,
		   const char *source, const char *stem, json_t *work)
{
	struct err err = {0};
	char *code = NULL, name[128];
	size_t len = 0;
	int i, bad = 0;

	for (i = 0; i < m->n_archs && !bad; i++) {
		if (!nvrtc_knows(&m->rtc, (uint32_t)m->archs[i]))
			continue;
		if (nvrtc_compile(&m->rtc, source, plan->options, (uint32_t)m->archs[i], 0, &code,
				  &len, NULL, &err)) {
			fprintf(stderr, "cubins: %s %s: %s\n", algo->name, plan->options, err.text);
			return 1;
		}
		snprintf(name, sizeof name, "%s-sm_%u.cubin", stem, (unsigned)m->archs[i]);
		bad = write_code(m, name, code, len);
		free(code);
		code = NULL;
		json_array_append_new(m->index,
				      json_pack("{s:s s:s s:s s:s s:i s:o s:O}", "file", name,
						"algo", algo->name, "plan", plan->label, "options",
						plan->options, "arch", (int)m->archs[i], "entries",
						entries_of(algo), "work", work));
	}
	return bad;
}

static int make_plan(struct making *m, const struct algo *algo, const struct algo_facts *facts,
		     const uint64_t *set, const struct algo_plan *plan, int number)
{
	uint64_t from = algo->program ? algo->program->of_height(algo, algo->height) : 0;
	json_t *work = work_of(algo, facts, set, plan);
	char *source, stem[96];
	int k, bad = !work;

	for (k = 0; k < (algo->program ? PERIODS : 1) && !bad; k++) {
		source = whole(algo, from + (uint64_t)k);
		snprintf(stem, sizeof stem, "%s-%d-%d", algo->name, number, k);
		bad = !source || compile(m, algo, plan, source, stem, work);
		free(source);
	}
	json_decref(work);
	return bad;
}

static int make_algo(struct making *m, const struct algo *algo)
{
	struct algo_device dev = {.mem_free = UINT64_C(80) << 30,
				  .mem_alloc = UINT64_C(80) << 30,
				  .units = 132,
				  .lanes = 1,
				  .group_max = 1024,
				  .local_max = 227 << 10,
				  .cuda = true};
	struct algo_plan plans[ALGO_PLANS_MAX];
	uint64_t set[ALGO_SETTINGS_MAX];
	struct algo_facts facts = {0};
	struct err err = {0};
	uint32_t epoch = 0;
	int i, n, bad = 0;

	if (algo_settings(algo, set, NULL, 0, &err) ||
	    (algo->dataset && (algo->dataset->of_height(algo, algo->height, &epoch, &err) ||
			       algo->dataset->facts(algo, epoch, set, &facts, &err)))) {
		fprintf(stderr, "cubins: %s: %s\n", algo->name, err.text);
		return 1;
	}
	dev.dataset_bytes = facts.dataset_bytes;
	n = algo_plans(algo, &dev, set, plans, ALGO_PLANS_MAX, &err);
	for (i = 0; i < n && (m->all || !i) && !bad; i++)
		bad = make_plan(m, algo, algo->dataset ? &facts : NULL, set, &plans[i], i);
	return n <= 0 || bad;
}

static int read_options(struct making *m, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--all"))
			m->all = 1;
		else if (!strcmp(argv[i], "-a") && i + 1 < argc)
			m->only = argv[++i];
		else if (!m->dir)
			m->dir = argv[i];
		else if (m->n_archs == ARCHS_MAX ||
			 str_to_u64(&m->archs[m->n_archs++], argv[i], 50, 999))
			return -1;
	return m->n_archs ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct making m = {.index = json_array()};
	struct err err = {0};
	char path[1024];
	int i, bad = 0;

	if (read_options(&m, argc, argv)) {
		fprintf(stderr, "usage: cubins DIRECTORY [--all] [-a ALGORITHM] ARCH...\n");
		return 2;
	}
	if (nvrtc_open(&m.rtc, 0, &err)) {
		fprintf(stderr, "cubins: %s\n", err.text);
		return 1;
	}
	for (i = 0; algos[i] && !bad; i++)
		if (!m.only || !strcmp(m.only, algos[i]->name))
			bad = make_algo(&m, algos[i]);
	snprintf(path, sizeof path, "%s/index.json", m.dir);
	if (!bad && json_dump_file(m.index, path, JSON_INDENT(1))) {
		fprintf(stderr, "cubins: %s: cannot be written\n", path);
		bad = 1;
	}
	json_decref(m.index);
	nvrtc_close(&m.rtc);
	return bad;
}
