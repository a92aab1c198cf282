/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What tests of the CUDA backend on the fake driver share.  Each case runs in a process of its
 * own, since a driver's state cannot be reset.
 */
#ifndef ADIT_CUDA_RIG_H
#define ADIT_CUDA_RIG_H

#include <sys/wait.h>
#include <unistd.h>

#include "algos/algo.h"
#include "src/gpu/backend.h"
#include "src/gpu/cuda_api.h"
#include "src/gpu/embedded.h"
#include "kernels/team.cl.h"
#include "kernels/toy.cl.h"
#include "tests/fakecuda/team.h"
#include "tests/t.h"
#include "tests/tree.h"

#define TOY_OPTIONS "-DMULT=5"
#define TOY_WORD    1234u

static const struct backend *const b = &backend_cuda;

/* NVRTC and the driver keep things for the process's life; only our own leaks count. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libnvrtc\nleak:libcuda.so\n";
}

/*
 * PTX texts as embedgen would embed them, as far as the fake driver reads them: so most cases
 * need no NVRTC.  Takes the place of the empty table in the library.
 */
static char toy_ptx[1024], team_ptx[1024];
static struct embedded rows[2];
const struct embedded_table embedded_table = {.n = 2, .rows = rows, .compiler = "none"};

T_FN void embed(struct embedded *row, char *out, size_t size, const char *source,
		const char *options, const char *code)
{
	size_t at = 0, i;
	char text[128] = "adit-kernel:";

	embedded_key(row->key, source, options);
	for (i = 0; i < 32; i++)
		snprintf(text + 12 + 2 * i, 3, "%02x", row->key[i]);
	at += (size_t)snprintf(out, size,
			       "//\n.version 6.3\n.target sm_50\n.const .b8 adit_kernel[76] = {");
	for (i = 0; text[i]; i++)
		at += (size_t)snprintf(out + at, size - at, "%s%d", i ? ", " : "", text[i]);
	snprintf(out + at, size - at, "};\n%s", code);
	row->code = out;
	row->len = strlen(out);
}

T_FN void embed_tests(void)
{
	embed(&rows[0], toy_ptx, sizeof toy_ptx, kernel_toy, TOY_OPTIONS, "");
	embed(&rows[1], team_ptx, sizeof team_ptx, kernel_team, TEAM_OPTIONS CODE_TEMPLATE,
	      "{\n" CODE_PTX_MARK "\n}\n{\n\t" CODE_PTX_MARK " \n}\n");
}

/* Run body in a child; it must end by itself and every check in it hold. */
T_FN void alone(void (*body)(void))
{
	int status = -1;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		t.failed = 0;
		body();
		fflush(stdout);
		exit(t.failed ? 1 : t.skip ? T_SKIPPED : 0);
	}
	CHECK_INT(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == T_SKIPPED)
		t.skip = "no NVRTC on this machine";
	else
		CHECK_INT(status, 0);
}

T_FN void fault(const char *script)
{
	setenv("FAKECUDA_FAULT", script, 1);
}

static char cache_dir[300];

T_FN void empty_cache(void)
{
	tree_remove(cache_dir);
}

T_FN bool with_nvrtc(void)
{
	struct nvrtc rtc = {0};

	unsetenv("ADIT_NVRTC");
	if (nvrtc_open(&rtc, 0, NULL))
		return false;
	nvrtc_close(&rtc);
	return true;
}

/* Everything set up; false when the fake driver is not built. */
T_FN bool cuda_rig(void)
{
	const char *build = getenv("top_builddir");
	char fake[300];

	if (!build)
		build = ".";
	snprintf(fake, sizeof fake, "%s/tests/fakecuda/libcuda.so.1", build);
	snprintf(cache_dir, sizeof cache_dir, "%s/tests/cuda-cache-%ld", build, (long)getpid());
	if (access(fake, R_OK))
		return false;
	setenv("ADIT_LIBCUDA", fake, 1);
	setenv("ADIT_NVRTC", "none", 1);
	setenv("FAKECUDA_STRICT", "1", 1);
	embed_tests();
	return true;
}

#endif
