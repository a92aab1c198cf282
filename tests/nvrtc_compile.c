/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every kernel, with every option string that is embedded, compiles for every current card
 * without spilling and without a stack; those of periods do with programs in them, as statements
 * and as the instructions that are spliced into templates.  Needs NVIDIA's run-time compiler but
 * no card.  ADIT_CUBIN_DIR=DIR in the environment keeps what was compiled, for nvdisasm.
 */
#include "algos/algo.h"
#include "build-aux/embedlist.h"
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

static bool is_step(const struct embedlist_item *item, const char *entry)
{
	int i;

	for (i = 0; i < item->algo->n_steps; i++)
		if (embedlist_entry(item, &item->algo->steps[i]) &&
		    !strcmp(item->algo->steps[i].entry, entry))
			return true;
	return false;
}

static int entries_of(const struct embedlist_item *item)
{
	int i, n = 0;

	for (i = 0; i < item->algo->n_steps; i++)
		n += embedlist_entry(item, &item->algo->steps[i]);
	return n;
}

/* The lines of ptxas -v, one entry after another.  Returns how many entries there were. */
static int read_log(const struct embedlist_item *item, int arch, const char *log)
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
		       item->algo->name, item->options, arch, entry, registers, stack, stores,
		       loads);
		CHECK(is_step(item, entry));
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

static void compile(const struct embedlist_item *item, const char *source, int number, int arch)
{
	const char *options[16] = {"-default-device", "--ptxas-options=-v"};
	char target[32], words[256], *word, *save = NULL, *log = NULL;
	nvrtcProgram program = NULL;
	size_t len = 0;
	int n = 2, rc;

	if (!nvrtc_knows(&rtc, (uint32_t)arch))
		return;
	snprintf(target, sizeof target, "--gpu-architecture=sm_%d", arch);
	options[n++] = target;
	snprintf(words, sizeof words, "%s", item->options);
	for (word = strtok_r(words, " ", &save); word && n < 16; word = strtok_r(NULL, " ", &save))
		options[n++] = word;
	if (!CHECK(!rtc.nvrtcCreateProgram(&program, source, item->algo->name, 0, NULL, NULL)))
		return;
	rc = rtc.nvrtcCompileProgram(program, n, options);
	rtc.nvrtcGetProgramLogSize(program, &len);
	log = calloc(1, len + 1);
	if (log)
		rtc.nvrtcGetProgramLog(program, log);
	if (!CHECK_INT(rc, NVRTC_SUCCESS) || !CHECK(log != NULL) ||
	    !CHECK_INT(read_log(item, arch, log), entries_of(item)))
		printf("%s %s sm_%d:\n%.800s\n", item->algo->name, item->options, arch,
		       log ? log : "");
	keep(item->algo, number, arch, program);
	free(log);
	rtc.nvrtcDestroyProgram(&program);
}

static void every_kernel_compiles_without_stack_or_spill(void)
{
	static struct embedlist_item list[EMBEDLIST_MAX];
	int i, n = embedlist(list);
	size_t a;

	for (i = 0; i < n; i++)
		for (a = 0; a < sizeof archs / sizeof *archs; a++)
			if (!list[i].is_template)
				compile(&list[i], list[i].source, i, archs[a]);
}

/* text in the place of mark, newlines as a string literal of C has them when quoted. */
static void put(char *out, size_t size, const char *source, const char *mark, const char *text,
		bool quoted)
{
	const char *at = strstr(source, mark);
	size_t len = 0;

	*out = '\0';
	if (!CHECK(at != NULL) || !CHECK(strlen(source) + 2 * strlen(text) < size))
		return;
	len = (size_t)(at - source);
	memcpy(out, source, len);
	for (; *text; text++)
		if (*text == '\n' && quoted) {
			out[len++] = '\\';
			out[len++] = 'n';
		} else {
			out[len++] = *text;
		}
	snprintf(out + len, size - len, "%s", at + strlen(mark));
}

/*
 * Instructions go where the template's asm statement has its mark, since this compiler takes no
 * PTX: what is assembled is the same.
 */
static void with_program(const struct embedlist_item *template, uint64_t program, bool ptx,
			 int number, int arch)
{
	static char text[ALGO_PROGRAM_MAX], source[1 << 20];
	struct embedlist_item item = *template;
	const struct algo_program *p = item.algo->program;

	CHECK(p->text(item.algo, program, ptx ? FORM_PTX : FORM_C, text, sizeof text) > 0);
	put(source, sizeof source, item.source, ptx ? CODE_PTX_MARK "\\n" : CODE_MARK, text, ptx);
	if (!ptx)
		item.options[strlen(item.options) - strlen(CODE_TEMPLATE)] = '\0';
	compile(&item, source, number, arch);
}

/*
 * The first template of all for all cards, the first of each algorithm for the oldest and the
 * newest, others for one.
 */
static void every_template_compiles_with_programs(void)
{
	static struct embedlist_item list[EMBEDLIST_MAX];
	int i, n = embedlist(list), most = sizeof archs / sizeof *archs, a, templates = 0;
	const struct algo *last = NULL;

	for (i = 0; i < n; i++) {
		if (!list[i].is_template)
			continue;
		for (a = 0; a < most && list[i].algo != last; a += templates ? most - 1 : 1) {
			with_program(&list[i], (uint64_t)(1000 + a), false, i, archs[a]);
			with_program(&list[i], (uint64_t)(2000 + a), true, i, archs[a]);
		}
		if (list[i].algo == last) {
			with_program(&list[i], 3000, false, i, archs[i % most]);
			with_program(&list[i], 4000, true, i, archs[(i + 3) % most]);
		}
		last = list[i].algo;
		templates++;
	}
	CHECK(templates >= 4);
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
	T_RUN(every_template_compiles_with_programs);
	nvrtc_close(&rtc);
	return t_done();
}
