/* SPDX-License-Identifier: GPL-3.0-or-later */
/* NVIDIA's run-time compiler, where a toolkit left one.  secure_getenv() is glibc's. */
#define _GNU_SOURCE 1
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/gpu/cuda_api.h"
#include "src/gpu/dl.h"
#include "src/gpu/kernel_cache.h"
#include "src/hex.h"

static const struct dl_symbol symbols[] = {
#define FUNC(name, args)  {#name, offsetof(struct nvrtc, name), false},
#define MAYBE(name, args) {#name, offsetof(struct nvrtc, name), true},
#include "src/gpu/nvrtc.def"
};

static const char *const names[] = {"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2",
				    "libnvrtc.so", NULL};

static const struct dl_library library = {
	.what = "NVIDIA run-time compiler (NVRTC)",
	.env = "ADIT_NVRTC",
	.names = names,
	.symbols = symbols,
	.n_symbols = sizeof symbols / sizeof *symbols,
};

static int open_one(struct nvrtc *rtc, const char *file, struct err *err)
{
	struct nvrtc found = {0};
	int rc = dl_open_file(&library, file, &found.handle, &found, err);

	if (rc)
		return rc;
	if (found.nvrtcVersion(&found.major, &found.minor) != NVRTC_SUCCESS) {
		dl_close(found.handle);
		return err_set(err, ERR_NODEV, "%s: does not tell its version", file);
	}
	*rtc = found;
	return 0;
}

/* Keep *best the newest that the driver takes, else the oldest.  True when it is final. */
static int better(struct nvrtc *best, struct nvrtc *next, int driver_major)
{
	if (driver_major && next->major > driver_major && best->handle &&
	    best->major <= next->major) {
		nvrtc_close(next);
		return 0;
	}
	nvrtc_close(best);
	*best = *next;
	return !driver_major || next->major <= driver_major;
}

static const char *const dirs[] = {"", "/usr/local/cuda/lib64/", "/opt/cuda/lib64/",
				   "/usr/lib/cuda/lib64/", "/usr/lib/nvidia-cuda-toolkit/lib64/"};

static int search(struct nvrtc *best, const char *dir, int driver_major)
{
	struct nvrtc next;
	char file[512];
	int i;

	for (i = 0; names[i]; i++) {
		if (snprintf(file, sizeof file, "%s%s", dir, names[i]) >= (int)sizeof file)
			continue;
		if (!open_one(&next, file, NULL) && better(best, &next, driver_major))
			return 1;
	}
	return 0;
}

static int search_home(struct nvrtc *best, const char *variable, int driver_major)
{
	const char *home = secure_getenv(variable);
	char dir[480];

	if (!home || snprintf(dir, sizeof dir, "%s/lib64/", home) >= (int)sizeof dir)
		return 0;
	return search(best, dir, driver_major);
}

int nvrtc_open(struct nvrtc *rtc, int driver_version, struct err *err)
{
	const char *only = dl_override(&library);
	struct nvrtc best = {0};
	int major = driver_version / 1000;
	size_t i;

	if (only && !strcmp(only, "none"))
		return err_set(err, ERR_NODEV, "%s: turned off by ADIT_NVRTC", library.what);
	if (only)
		return open_one(rtc, only, err);
	for (i = 0; i < sizeof dirs / sizeof *dirs; i++)
		if (search(&best, dirs[i], major))
			break;
	if (i == sizeof dirs / sizeof *dirs && !search_home(&best, "CUDA_PATH", major))
		search_home(&best, "CUDA_HOME", major);
	if (!best.handle)
		return err_set(err, ERR_NODEV, "%s: not installed", library.what);
	*rtc = best;
	return 0;
}

void nvrtc_close(struct nvrtc *rtc)
{
	dl_close(rtc->handle);
	rtc->handle = NULL;
}

#define ARCHS_MAX 64

static int archs_of(const struct nvrtc *rtc, int archs[ARCHS_MAX])
{
	int n = 0;

	if (!rtc->nvrtcGetNumSupportedArchs || !rtc->nvrtcGetSupportedArchs)
		return 0;
	if (rtc->nvrtcGetNumSupportedArchs(&n) != NVRTC_SUCCESS || n < 1 || n > ARCHS_MAX)
		return 0;
	return rtc->nvrtcGetSupportedArchs(archs) == NVRTC_SUCCESS ? n : 0;
}

int nvrtc_knows(const struct nvrtc *rtc, uint32_t arch)
{
	int archs[ARCHS_MAX], n = archs_of(rtc, archs), i;

	for (i = 0; i < n; i++)
		if (archs[i] == (int)arch)
			return 1;
	return 0;
}

uint32_t nvrtc_oldest(const struct nvrtc *rtc)
{
	int archs[ARCHS_MAX], n = archs_of(rtc, archs), i;
	uint32_t oldest = n ? (uint32_t)archs[0] : 75;

	for (i = 1; i < n; i++)
		if ((uint32_t)archs[i] < oldest)
			oldest = (uint32_t)archs[i];
	return oldest;
}

#define OPTIONS_MAX 32

/* Options as NVRTC wants them; text is cut up in place. */
static int split(char *text, const char *arch_option, const char **out)
{
	char *end;
	int n = 0;

	out[n++] = arch_option;
	out[n++] = "-default-device";
	if (strpbrk(text, "\"\\\n")) /* they go into a string, too */
		return -ERR_BUILD;
	for (text += strspn(text, " "); *text; text = end + strspn(end, " ")) {
		if (n == OPTIONS_MAX)
			return -ERR_BUILD;
		out[n++] = text;
		end = text + strcspn(text, " ");
		if (*end)
			*end++ = 0;
	}
	return n;
}

static char *log_of(const struct nvrtc *rtc, nvrtcProgram program)
{
	size_t len = 0;
	char *log;

	if (rtc->nvrtcGetProgramLogSize(program, &len) != NVRTC_SUCCESS || !len)
		return NULL;
	log = calloc(1, len + 1);
	if (log && rtc->nvrtcGetProgramLog(program, log) != NVRTC_SUCCESS)
		log[0] = 0;
	return log;
}

/* The first line that says "error", else the first line. */
static int complain(struct err *err, const char *log, int code)
{
	const char *line = log, *at = log ? strstr(log, "error") : NULL;

	if (!log || !*log)
		return err_set(err, ERR_BUILD, "NVRTC: error %d without a word", code);
	if (at)
		for (line = at; line > log && line[-1] != '\n'; line--)
			;
	return err_set(err, ERR_BUILD, "NVRTC: %.*s", (int)strcspn(line, "\n"), line);
}

static int fetch(const struct nvrtc *rtc, nvrtcProgram program, int ptx, char **out, size_t *len)
{
	size_t n = 0;
	char *code;
	nvrtcResult rc;

	rc = ptx ? rtc->nvrtcGetPTXSize(program, &n) : rtc->nvrtcGetCUBINSize(program, &n);
	if (rc != NVRTC_SUCCESS || !n)
		return -ERR_BUILD;
	code = calloc(1, n + 1);
	if (!code)
		return -ERR_NOMEM;
	rc = ptx ? rtc->nvrtcGetPTX(program, code) : rtc->nvrtcGetCUBIN(program, code);
	if (rc != NVRTC_SUCCESS) {
		free(code);
		return -ERR_BUILD;
	}
	*out = code;
	*len = ptx ? strlen(code) : n;
	return 0;
}

/*
 * The source with one line after it, by which code says what it was built from.  It costs some
 * bytes of constant memory, answers `strings` on a cubin, and lets the fake driver of the tests
 * choose the host code that matches.
 */
static char *signed_source(const char *source, const char *options)
{
	size_t size = strlen(source) + strlen(options) + 192;
	const char *const texts[] = {source, options};
	struct kernel_key key = kernel_key_of(texts, 2);
	char hex[2 * sizeof key.bytes + 1], *text = malloc(size);

	if (text)
		snprintf(text, size,
			 "%s\nextern \"C\" __constant__ const char adit_kernel[] = "
			 "\"adit-kernel:%s:%s\";\n",
			 source, hex_encode(hex, key.bytes, sizeof key.bytes), options);
	return text;
}

int nvrtc_compile(const struct nvrtc *rtc, const char *source, const char *options, uint32_t arch,
		  int ptx, char **out, size_t *len, char **log, struct err *err)
{
	const char *argv[OPTIONS_MAX];
	char arch_option[48], *text = strdup(options), *words = NULL;
	char *whole = signed_source(source, options);
	nvrtcProgram program = NULL;
	nvrtcResult code;
	int n, rc;

	snprintf(arch_option, sizeof arch_option, "--gpu-architecture=%s_%u",
		 ptx ? "compute" : "sm", (unsigned)arch);
	n = !text || !whole ? -ERR_NOMEM : split(text, arch_option, argv);
	if (n < 0) {
		rc = err_set(err, -n, "NVRTC: cannot pass the options: %.100s", options);
		goto out;
	}
	code = rtc->nvrtcCreateProgram(&program, whole, "kernel", 0, NULL, NULL);
	if (code != NVRTC_SUCCESS) {
		rc = err_set(err, ERR_BUILD, "NVRTC: cannot start, error %d", code);
		goto out;
	}
	code = rtc->nvrtcCompileProgram(program, n, argv);
	words = log_of(rtc, program);
	if (code != NVRTC_SUCCESS)
		rc = complain(err, words, code);
	else
		rc = fetch(rtc, program, ptx, out, len);
	if (rc && code == NVRTC_SUCCESS)
		err_set(err, -rc, "NVRTC: gives no code");
	if (log) {
		*log = words;
		words = NULL;
	}
out:
	if (program)
		rtc->nvrtcDestroyProgram(&program);
	free(words);
	free(whole);
	free(text);
	return rc;
}

/* Put value over the rest of the line that begins at, blank-filled.  False: no room. */
static int overwrite(char *at, const char *value)
{
	size_t room = strcspn(at, "\r\n"), len = strlen(value);

	if (len > room)
		return 0;
	memcpy(at, value, len);
	memset(at + len, ' ', room - len);
	return 1;
}

int ptx_lower(char *ptx)
{
	char *version = strstr(ptx, "\n.version "), *target = strstr(ptx, "\n.target ");

	/* PTX ISA 6.3 came with CUDA 10.0 (R410); sm_50 is the first Maxwell */
	if (!version || !target || !overwrite(version + 1, ".version 6.3") ||
	    !overwrite(target + 1, ".target sm_50"))
		return -ERR_PARSE;
	return 0;
}
