/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every kernel, with every option string that is embedded, compiles for every current card
 * without spilling and without a stack.  Needs NVIDIA's run-time compiler but no card.
 * ADIT_CUBIN_DIR=DIR in the environment keeps what was compiled, for nvdisasm.
 */
#include "algos/algo.h"
#include "src/gpu/cuda_api.h"
#include "tests/t.h"

static const int archs[] = {75, 80, 86, 89, 90, 100, 103, 120};

/* Kernels that may have a stack, with its bytes and why.  None may spill. */
static const struct {
	const char *entry;
	unsigned stack;
} allowed[] = {
	{NULL, 0},
};

static struct nvrtc rtc;

static unsigned stack_of(const char *entry)
{
	int i;

	for (i = 0; allowed[i].entry; i++)
		if (!strcmp(allowed[i].entry, entry))
			return allowed[i].stack;
	return 0;
}

static bool is_step(const struct algo *algo, const char *entry)
{
	int i;

	for (i = 0; i < algo->n_steps; i++)
		if (!strcmp(algo->steps[i].entry, entry))
			return true;
	return false;
}

/* The lines of ptxas -v, one entry after another.  Returns how many entries there were. */
static int read_log(const struct algo *algo, const char *options, int arch, const char *log)
{
	const char *at = log, *mark;
	unsigned stack, stores, loads, registers;
	char entry[64];
	int n = 0;

	while ((at = strstr(at, "Compiling entry function '"))) {
		at += strlen("Compiling entry function '");
		if (!CHECK(sscanf(at, "%63[^']", entry) == 1))
			break;
		mark = strstr(at, "bytes stack frame");
		while (mark && mark > at && strchr("0123456789 ", mark[-1]))
			mark--;
		if (!CHECK(mark && sscanf(mark, "%u bytes stack frame, %u bytes spill stores, %u",
					  &stack, &stores, &loads) == 3))
			break;
		mark = strstr(mark, "Used ");
		if (!CHECK(mark && sscanf(mark, "Used %u registers", &registers) == 1))
			break;
		printf("%-8s %-20s sm_%-4d %-12s %3u registers, stack %u, spills %u and %u\n",
		       algo->name, options, arch, entry, registers, stack, stores, loads);
		CHECK(is_step(algo, entry));
		CHECK(stack <= stack_of(entry));
		CHECK_U64(stores, 0);
		CHECK_U64(loads, 0);
		n++;
	}
	return n;
}

static void keep(const struct algo *algo, int number, int arch, nvrtcProgram program)
{
	const char *dir = getenv("ADIT_CUBIN_DIR");
	char path[512], *code;
	size_t len = 0;
	FILE *f;

	if (!dir || rtc.nvrtcGetCUBINSize(program, &len) != NVRTC_SUCCESS)
		return;
	code = malloc(len);
	snprintf(path, sizeof path, "%s/%s-%d-sm_%d.cubin", dir, algo->name, number, arch);
	f = fopen(path, "wb");
	if (f && code && rtc.nvrtcGetCUBIN(program, code) == NVRTC_SUCCESS)
		fwrite(code, 1, len, f);
	if (f)
		fclose(f);
	free(code);
}

static void compile(const struct algo *algo, int number, int arch)
{
	const char *options[16] = {"-default-device", "--ptxas-options=-v"};
	const char *set = algo->prebuilt[number];
	char target[32], words[256], *word, *save = NULL, *log = NULL;
	nvrtcProgram program = NULL;
	size_t len = 0;
	int n = 2, rc;

	snprintf(target, sizeof target, "--gpu-architecture=sm_%d", arch);
	options[n++] = target;
	snprintf(words, sizeof words, "%s", set);
	for (word = strtok_r(words, " ", &save); word && n < 16; word = strtok_r(NULL, " ", &save))
		options[n++] = word;
	if (!CHECK(!rtc.nvrtcCreateProgram(&program, algo->kernel, algo->name, 0, NULL, NULL)))
		return;
	rc = rtc.nvrtcCompileProgram(program, n, options);
	rtc.nvrtcGetProgramLogSize(program, &len);
	log = calloc(1, len + 1);
	if (log)
		rtc.nvrtcGetProgramLog(program, log);
	if (!CHECK_INT(rc, NVRTC_SUCCESS) || !CHECK(log != NULL) ||
	    !CHECK_INT(read_log(algo, set, arch, log), algo->n_steps))
		printf("%s %s sm_%d:\n%.800s\n", algo->name, set, arch, log ? log : "");
	keep(algo, number, arch, program);
	free(log);
	rtc.nvrtcDestroyProgram(&program);
}

static void every_kernel_compiles_without_stack_or_spill(void)
{
	int i, k;
	size_t a;

	for (i = 0; algos[i]; i++)
		for (k = 0; algos[i]->prebuilt && algos[i]->prebuilt[k]; k++)
			for (a = 0; a < sizeof archs / sizeof *archs; a++)
				if (nvrtc_knows(&rtc, (uint32_t)archs[a]))
					compile(algos[i], k, archs[a]);
}

int main(void)
{
	struct err err = {0};

	if (nvrtc_open(&rtc, 0, &err)) {
		printf("%s\n", err.text);
		T_SKIP_ALL("no libnvrtc, so no kernel was compiled for CUDA");
	}
	printf("NVRTC %d.%d\n", rtc.major, rtc.minor);
	T_RUN(every_kernel_compiles_without_stack_or_spill);
	nvrtc_close(&rtc);
	return t_done();
}
