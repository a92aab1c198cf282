/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernels embedded in this build: every algorithm's, loadable with no compiler on the
 * rig, and acceptable to NVIDIA's assembler for old and new cards where it is installed.
 */
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "build-aux/embedlist.h"
#include "src/gpu/backend.h"
#include "src/gpu/embedded.h"
#include "src/gpu/splice.h"
#include "tests/t.h"
#include "tests/tree.h"

static char dir[300];
static struct embedlist_item list[EMBEDLIST_MAX];
static int listed;
static char body[ALGO_PROGRAM_MAX], body_ptx[ALGO_PROGRAM_MAX];

static const struct embedded *ptx_of(const struct embedlist_item *item)
{
	uint8_t key[32];

	embedded_key(key, item->source, item->options);
	return embedded_ptx(&embedded_table, key);
}

/* The texts of a program, into body and body_ptx. */
static bool write_program(const struct algo *algo, uint64_t number)
{
	return CHECK(algo->program->text(algo, number, FORM_C, body, sizeof body) > 0) &&
	       CHECK(algo->program->text(algo, number, FORM_PTX, body_ptx, sizeof body_ptx) > 0);
}

static void every_prebuilt_kernel_is_embedded(void)
{
	int i;

	CHECK(embedded_table.n >= (size_t)listed);
	CHECK_HAS(embedded_table.compiler, "NVRTC");
	CHECK(listed > 0 && listed < EMBEDLIST_MAX);
	for (i = 0; i < listed; i++)
		if (!CHECK(ptx_of(&list[i]) != NULL))
			printf("\t%s %s\n", list[i].algo->name, list[i].options);
}

static void nothing_is_embedded_twice(void)
{
	size_t i, k;

	for (i = 0; i < embedded_table.n; i++)
		for (k = 0; k < i; k++)
			CHECK(embedded_table.rows[i].arch != embedded_table.rows[k].arch ||
			      memcmp(embedded_table.rows[i].key, embedded_table.rows[k].key, 32));
}

static void ptx_is_lowered_for_any_card(void)
{
	size_t i;

	for (i = 0; i < embedded_table.n; i++) {
		const struct embedded *e = &embedded_table.rows[i];

		CHECK_U64(e->len, e->arch ? e->len : strlen(e->code));
		if (e->arch)
			continue;
		CHECK_HAS(e->code, "\n.version 6.3");
		CHECK_HAS(e->code, "\n.target sm_50");
	}
}

static void the_next_older_cubin_of_the_family_is_chosen(void)
{
	static const struct embedded rows[] = {{{1}, 0, 1, "p"},
					       {{1}, 80, 1, "a"},
					       {{1}, 86, 1, "b"},
					       {{1}, 90, 1, "c"},
					       {{2}, 89, 1, "d"}};
	static const struct embedded_table table = {5, rows, ""};
	static const uint8_t one[32] = {1}, two[32] = {2}, three[32] = {3};

	CHECK_INT(embedded_cubin(&table, one, 80)->arch, 80);
	CHECK_INT(embedded_cubin(&table, one, 89)->arch, 86);
	CHECK_INT(embedded_cubin(&table, one, 90)->arch, 90);
	CHECK(embedded_cubin(&table, one, 75) == NULL);
	CHECK(embedded_cubin(&table, one, 120) == NULL);
	CHECK(embedded_cubin(&table, two, 86) == NULL);
	CHECK_STR(embedded_ptx(&table, one)->code, "p");
	CHECK(embedded_ptx(&table, two) == NULL);
	CHECK(embedded_ptx(&table, three) == NULL);
}

static void build(struct device *dev, const struct embedlist_item *item)
{
	struct code code = {.source = item->source};
	struct program *prog = NULL;
	struct err err = {0};
	char how[200], options[256];
	int i;

	/* what a worker asks for: the option that makes it a template is the backend's affair */
	snprintf(options, sizeof options, "%s", item->options);
	code.options = options;
	if (item->is_template) {
		options[strlen(options) - strlen(CODE_TEMPLATE)] = 0;
		if (!write_program(item->algo, 1234567))
			return;
		code.body = body;
		code.body_ptx = body_ptx;
	}
	if (!CHECK_OK(backend_cuda.build(dev, &code, &prog, NULL, &err), &err))
		return;
	backend_cuda.describe(prog, NULL, how, sizeof how);
	CHECK_HAS(how, item->is_template ? "embedded PTX with the period's program" : "embedded");
	for (i = 0; i < item->algo->n_steps; i++) {
		if (!embedlist_entry(item, &item->algo->steps[i]))
			continue;
		backend_cuda.describe(prog, item->algo->steps[i].entry, how, sizeof how);
		CHECK_HAS(how, item->algo->steps[i].entry);
	}
	backend_cuda.discard(prog);
}

static void build_all(struct device *dev)
{
	int i;

	for (i = 0; i < listed; i++)
		build(dev, &list[i]);
}

static void a_rig_with_only_the_driver_builds_every_kernel(void)
{
	static const char *const archs[] = {"50", "61", "75", "86", "90", "120", "130"};
	size_t i;

	for (i = 0; i < sizeof archs / sizeof *archs; i++) {
		struct device_info info;
		struct device *dev = NULL;
		struct err err = {0};

		setenv("FAKECUDA_ARCH", archs[i], 1);
		if (CHECK_OK(backend_cuda.open(0, NULL, &dev, &info, &err), &err))
			build_all(dev);
		backend_cuda.close(dev);
	}
}

/* Run ptxas over dir/k.ptx, its words to dir/log.  Its exit status, or -1. */
static int run_ptxas(const char *ptxas, const char *arch)
{
	char arch_option[32], out[400], in[400], log[400];
	char verbose[] = "-v", o[] = "-o", *none[] = {NULL};
	char *argv[] = {(char *)ptxas, verbose, arch_option, o, out, in, NULL};
	posix_spawn_file_actions_t actions;
	int status = -1;
	pid_t child;

	snprintf(arch_option, sizeof arch_option, "-arch=sm_%s", arch);
	snprintf(out, sizeof out, "%s/k.cubin", dir);
	snprintf(in, sizeof in, "%s/k.ptx", dir);
	snprintf(log, sizeof log, "%s/log", dir);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	posix_spawn_file_actions_adddup2(&actions, 1, 2);
	if (posix_spawn(&child, ptxas, &actions, NULL, argv, none) ||
	    waitpid(child, &status, 0) != child)
		status = -1;
	posix_spawn_file_actions_destroy(&actions);
	return status;
}

/* What ptxas -v said, and whether it speaks of spills; prints it if so or on failure. */
static bool assembles(const char *ptxas, const char *code, const char *arch)
{
	static char log[65536];
	char path[400], *at;
	FILE *file;
	bool good;

	snprintf(path, sizeof path, "%s/k.ptx", dir);
	file = fopen(path, "w");
	if (!file || fputs(code, file) < 0 || fclose(file))
		return false;
	good = !run_ptxas(ptxas, arch);
	snprintf(path, sizeof path, "%s/log", dir);
	file = fopen(path, "r");
	log[file ? fread(log, 1, sizeof log - 1, file) : 0] = 0;
	if (file)
		fclose(file);
	good = good && strstr(log, "bytes spill stores");
	for (at = log; (at = strstr(at, " bytes spill")); at++)
		good = good && at[-1] == '0' && at[-2] == ' ';
	if (!good)
		printf("%s\n", log);
	return good;
}

static const char *find_ptxas(void)
{
	static const char *const places[] = {"/usr/local/cuda/bin/ptxas", "/opt/cuda/bin/ptxas",
					     "/usr/bin/ptxas"};
	size_t i;

	for (i = 0; i < sizeof places / sizeof *places; i++)
		if (!access(places[i], X_OK))
			return places[i];
	return NULL;
}

static void nvidias_assembler_takes_the_ptx_without_spills(void)
{
	static const char *const archs[] = {"75", "86", "120"};
	const char *ptxas = find_ptxas();
	int i, j;

	if (!ptxas)
		T_SKIP("no ptxas on this machine");
	for (i = 0; i < listed; i++)
		for (j = 0; j < 3 && !list[i].is_template; j++)
			CHECK(assembles(ptxas, ptx_of(&list[i])->code, archs[j]));
}

/* Two programs on each template, by turns of cards: all of them take a while. */
static void nvidias_assembler_takes_templates_with_their_programs(void)
{
	static const char *const archs[] = {"75", "86", "120"};
	const char *ptxas = find_ptxas();
	struct err err = {0};
	char *whole;
	int i, k;

	if (!ptxas)
		T_SKIP("no ptxas on this machine");
	for (i = 0; i < listed; i++)
		for (k = 0; k < 2 && list[i].is_template; k++) {
			whole = NULL;
			if (!write_program(list[i].algo, (uint64_t)(1000 * i + k)) ||
			    !CHECK_OK(splice(ptx_of(&list[i])->code, body_ptx, &whole, &err), &err))
				return;
			if (!CHECK(assembles(ptxas, whole, archs[(2 * i + k) % 3])))
				printf("\t%s %s\n", list[i].algo->name, list[i].options);
			free(whole);
		}
}

int main(void)
{
	const char *build = getenv("top_builddir");
	char text[400];

	if (!build)
		build = ".";
	snprintf(text, sizeof text, "%s/tests/fakecuda/libcuda.so.1", build);
	snprintf(dir, sizeof dir, "%s/tests/embedded-%ld", build, (long)getpid());
	setenv("ADIT_LIBCUDA", text, 1);
	setenv("ADIT_NVRTC", "none", 1);
	setenv("FAKECUDA_STRICT", "1", 1);
	if (mkdir(dir, 0700))
		T_GIVE_UP("cannot make a directory");
	listed = embedlist(list);
	T_RUN(every_prebuilt_kernel_is_embedded);
	T_RUN(nothing_is_embedded_twice);
	T_RUN(ptx_is_lowered_for_any_card);
	T_RUN(the_next_older_cubin_of_the_family_is_chosen);
	T_RUN(a_rig_with_only_the_driver_builds_every_kernel);
	T_RUN(nvidias_assembler_takes_the_ptx_without_spills);
	T_RUN(nvidias_assembler_takes_templates_with_their_programs);
	tree_remove(dir);
	return t_done();
}
