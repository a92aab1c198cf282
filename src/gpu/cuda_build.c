/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From kernel source to a module on the card.  The ways, best first:
 *   1. a cubin embedded at build time for this card: no compiler, no disk;
 *   2. NVRTC, or what it made earlier, kept on disk;
 *   3. PTX text embedded at build time, compiled by the driver itself.
 * Each needs less than the one before; a rig with the driver alone has 1 and 3.
 *
 * For a kernel with a period's program:
 *   1. the program spliced into a template embedded as PTX, compiled by the driver, which keeps
 *      what it compiled in a cache of its own;
 *   2. NVRTC, as above, with the program in the source.
 *
 * All of it is done while another thread drives the device: what is shared (struct device's
 * functions, facts, cache_dir) never changes, a context may be current in any number of threads,
 * the driver's and NVRTC's calls are safe to make at once, and files of the cache replace each
 * other whole.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/gpu/cuda_device.h"
#include "src/gpu/embedded.h"
#include "src/gpu/kernel_cache.h"
#include "src/gpu/splice.h"

/* What all ways need. */
struct making {
	struct device *dev;
	const char *source, *options; /* the program, if any, is in the source */
	const char *body_ptx;         /* the program for a template, or NULL */
	uint8_t key[32];              /* of what may be embedded, template or not */
	char **log;
	struct program *prog;
};

#define JIT_LOG_BYTES 4096

/*
 * Errors 200 to 399 speak of the image (wrong card, too new for this driver, bad PTX):
 * another way may work.  All others speak of the device: stop.
 */
static int load_failed(const struct making *m, CUresult code, const char *words, struct err *err)
{
	const struct cuda *cu = &m->dev->cu;

	if (code < 200 || code > 399)
		return cuda_fail(cu, err, code, "cuModuleLoadDataEx");
	if (*words)
		return err_set(err, ERR_BUILD, "the driver's compiler (error %d): %.*s", code,
			       (int)strcspn(words, "\n"), words);
	return err_set(err, ERR_BUILD, "refused by the driver: %s (%d)", cuda_word(cu, code), code);
}

static int load(const struct making *m, const void *image, struct err *err)
{
	char *words = calloc(1, JIT_LOG_BYTES);
	CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
	void *values[] = {words, (void *)(uintptr_t)(JIT_LOG_BYTES - 1)};
	CUresult code;
	int rc = 0;

	if (!words)
		return err_set(err, ERR_NOMEM, "out of memory");
	code = m->dev->cu.cuModuleLoadDataEx(&m->prog->module, image, 2, options, values);
	if (code != CUDA_SUCCESS)
		rc = load_failed(m, code, words, err);
	if (rc == -ERR_BUILD && m->log && *words && !*m->log) {
		*m->log = words;
		return rc;
	}
	free(words);
	return rc;
}

static void say(const struct making *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(const struct making *m, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(m->prog->how, sizeof m->prog->how, fmt, ap);
	va_end(ap);
}

static int by_cubin(const struct making *m, struct err *err)
{
	const struct embedded *e = embedded_cubin(&embedded_table, m->key, m->dev->info.arch);
	int rc;

	if (!e)
		return err_set(err, ERR_BUILD, "none embedded for this card");
	rc = load(m, e->code, err);
	if (!rc)
		say(m, "embedded sm_%u code", (unsigned)e->arch);
	return rc;
}

static int by_ptx(const struct making *m, struct err *err)
{
	const struct embedded *e = embedded_ptx(&embedded_table, m->key);
	int rc;

	if (!e)
		return err_set(err, ERR_BUILD, "none for %s in this build",
			       *m->options ? m->options : "this kernel");
	rc = load(m, e->code, err);
	if (!rc)
		say(m, "embedded PTX, compiled by the driver");
	return rc;
}

static int by_splice(const struct making *m, struct err *err)
{
	const struct embedded *e = embedded_ptx(&embedded_table, m->key);
	char *text = NULL;
	int rc;

	if (!e || !m->body_ptx)
		return err_set(err, ERR_BUILD, "no template for %s in this build", m->options);
	rc = splice(e->code, m->body_ptx, &text, err);
	if (!rc)
		rc = load(m, text, err);
	if (!rc)
		say(m, "embedded PTX with the period's program, compiled by the driver");
	free(text);
	return rc;
}

/* A cubin when this driver and this compiler agree, else PTX for the driver to compile. */
static int wants_ptx(const struct making *m, const struct nvrtc *rtc)
{
	return rtc->major > m->dev->cu.version / 1000 || !nvrtc_knows(rtc, m->dev->info.arch);
}

static int compile(const struct making *m, const struct nvrtc *rtc, int ptx, char **code,
		   size_t *len, struct err *err)
{
	uint32_t arch = ptx ? nvrtc_oldest(rtc) : m->dev->info.arch;
	int rc;

	free(*m->log);
	*m->log = NULL;
	rc = nvrtc_compile(rtc, m->source, m->options, arch, ptx, code, len, m->log, err);
	if (!rc && ptx && ptx_lower(*code)) {
		free(*code);
		*code = NULL;
		return err_set(err, ERR_BUILD, "NVRTC: its PTX has an unknown form");
	}
	return rc;
}

static struct kernel_key disk_key(const struct making *m, const struct nvrtc *rtc, int ptx)
{
	const struct device_info *info = &m->dev->info;
	char target[64];
	const char *const texts[] = {m->source, m->options, info->name, info->driver, target};

	snprintf(target, sizeof target, "sm_%u NVRTC %d.%d %s", (unsigned)info->arch, rtc->major,
		 rtc->minor, ptx ? "PTX" : "cubin");
	return kernel_key_of(texts, sizeof texts / sizeof *texts);
}

static int with_nvrtc(const struct making *m, const struct nvrtc *rtc, struct err *err)
{
	int ptx = wants_ptx(m, rtc), rc;
	struct kernel_key key = disk_key(m, rtc, ptx);
	void *kept = NULL;
	char *code = NULL;
	size_t len = 0;

	if (!kernel_cache_load(m->dev->cache_dir, &key, &kept, &len) && !load(m, kept, NULL)) {
		say(m, "kernel cache (NVRTC %d.%d)", rtc->major, rtc->minor);
		free(kept);
		return 0;
	}
	free(kept);
	rc = compile(m, rtc, ptx, &code, &len, err);
	if (!rc)
		rc = load(m, code, err);
	if (!rc) {
		say(m, "NVRTC %d.%d%s", rtc->major, rtc->minor,
		    ptx ? ", PTX compiled by the driver" : "");
		(void)kernel_cache_store(m->dev->cache_dir, &key, code, len, KERNEL_CACHE_MAX,
					 NULL);
	}
	free(code);
	return rc;
}

static int by_nvrtc(const struct making *m, struct err *err)
{
	struct nvrtc rtc = {0};
	int rc = nvrtc_open(&rtc, m->dev->cu.version, err);

	if (rc)
		return err_set(err, ERR_BUILD, "not installed");
	rc = with_nvrtc(m, &rtc, err);
	nvrtc_close(&rtc);
	return rc;
}

/* Every way failed: name each reason and what helps. */
static int no_way(const struct making *m, const struct err *nvrtc, const struct err *embedded,
		  struct err *err)
{
	const struct device_info *info = &m->dev->info;

	if (!strncmp(nvrtc->text, "NVRTC: ", 7)) /* the kernel itself is wrong */
		return err_set(err, ERR_BUILD, "%s", nvrtc->text);
	/* the long part comes last, where it may be cut */
	return err_set(err, ERR_BUILD,
		       "no kernel for %.40s (sm_%u): install NVRTC (libnvrtc.so.%d of the CUDA "
		       "Toolkit) or use a release with embedded kernels (NVRTC: %.60s; embedded: "
		       "%s)",
		       info->name, (unsigned)info->arch,
		       info->arch < 75 ? 12 : m->dev->cu.version / 1000, nvrtc->text,
		       embedded->text);
}

/* With a period's program. */
static int make_period(const struct making *m, struct err *err)
{
	struct err splice = {0}, nvrtc = {0}, *last = &splice;
	int rc = by_splice(m, &splice);

	if (rc == -ERR_BUILD) {
		last = &nvrtc;
		rc = by_nvrtc(m, &nvrtc);
	}
	if (rc == -ERR_BUILD)
		return no_way(m, &nvrtc, &splice, err);
	return rc ? err_set(err, -rc, "%s", last->text) : 0;
}

static int make(const struct making *m, struct err *err)
{
	struct err cubin = {0}, nvrtc = {0}, ptx = {0}, *last = &cubin;
	int rc = by_cubin(m, &cubin);

	if (rc == -ERR_BUILD) {
		last = &nvrtc;
		rc = by_nvrtc(m, &nvrtc);
	}
	if (rc == -ERR_BUILD) {
		last = &ptx;
		rc = by_ptx(m, &ptx);
	}
	if (rc == -ERR_BUILD)
		return no_way(m, &nvrtc, &ptx, err);
	return rc ? err_set(err, -rc, "%s", last->text) : 0;
}

/* The source with the program in the place of its mark.  The caller frees it. */
static int with_body(const struct code *code, char **out, struct err *err)
{
	const char *mark = strstr(code->source, CODE_MARK);
	size_t size = strlen(code->source) + strlen(code->body) + 1;

	if (!mark)
		return err_set(err, ERR_BUILD, "this kernel has no place for a program");
	*out = malloc(size);
	if (!*out)
		return err_set(err, ERR_NOMEM, "out of memory");
	snprintf(*out, size, "%.*s%s%s", (int)(mark - code->source), code->source, code->body,
		 mark + strlen(CODE_MARK));
	return 0;
}

static int make_code(struct making *m, const struct code *code, struct err *err)
{
	char options[512], *whole = NULL;
	int rc;

	m->source = code->source;
	m->options = code->options;
	if (!code->body) {
		embedded_key(m->key, code->source, code->options);
		return make(m, err);
	}
	rc = with_body(code, &whole, err);
	if (rc)
		return rc;
	snprintf(options, sizeof options, "%s%s", code->options, CODE_TEMPLATE);
	embedded_key(m->key, code->source, options);
	m->source = whole;
	m->body_ptx = code->body_ptx;
	rc = make_period(m, err);
	free(whole);
	return rc;
}

int cuda_build(struct device *dev, const struct code *code, struct program **out, char **log,
	       struct err *err)
{
	char *words = NULL;
	struct making m = {.dev = dev, .log = &words};
	CUresult current = dev->cu.cuCtxSetCurrent(dev->context);
	int rc;

	if (current != CUDA_SUCCESS) /* each thread has to say so for itself */
		return cuda_fail(&dev->cu, err, current, "cuCtxSetCurrent");
	m.prog = calloc(1, sizeof *m.prog);
	if (!m.prog)
		return err_set(err, ERR_NOMEM, "out of memory");
	m.prog->dev = dev;
	rc = make_code(&m, code, err);
	if (rc && log) {
		*log = words;
		words = NULL;
	}
	free(words);
	if (rc)
		free(m.prog);
	else
		*out = m.prog;
	return rc;
}

void cuda_discard(struct program *prog)
{
	if (!prog)
		return;
	(void)prog->dev->cu.cuModuleUnload(prog->module);
	free(prog);
}

int cuda_entry(struct program *prog, const char *name, struct cuda_entry **out, struct err *err)
{
	const struct cuda *cu = &prog->dev->cu;
	struct cuda_entry *e;
	CUresult code;
	int threads = 0;
	unsigned i;

	for (i = 0; i < prog->n; i++)
		if (!strcmp(prog->entries[i].name, name)) {
			*out = &prog->entries[i];
			return 0;
		}
	if (prog->n == CUDA_ENTRIES || strlen(name) >= sizeof e->name)
		return err_set(err, ERR_BUILD, "kernel entry %s: more than %d entries", name,
			       CUDA_ENTRIES);
	e = &prog->entries[prog->n];
	code = cu->cuModuleGetFunction(&e->function, prog->module, name);
	if (code == CUDA_SUCCESS)
		code = cu->cuFuncGetAttribute(&threads, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK,
					      e->function);
	if (code != CUDA_SUCCESS) {
		cuda_fail(cu, err, code, "cuModuleGetFunction");
		err_prefix(err, "kernel entry %s", name);
		return -ERR_DEVICE;
	}
	memcpy(e->name, name, strlen(name) + 1);
	e->threads_max = threads > 0 ? (uint32_t)threads : 1;
	prog->n++;
	*out = e;
	return 0;
}

/* Beyond 48 KiB the driver wants to be asked first. */
int cuda_bring(struct program *prog, struct cuda_entry *e, uint32_t bytes, struct err *err)
{
	const struct cuda *cu = &prog->dev->cu;
	CUresult code;

	if (bytes == e->local_bytes)
		return 0;
	if (bytes > prog->dev->info.local_max)
		return err_set(err, ERR_RANGE,
			       "kernel %s: %u bytes of shared memory a group, this card has %u",
			       e->name, (unsigned)bytes, (unsigned)prog->dev->info.local_max);
	code = cu->cuFuncSetAttribute(e->function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
				      (int)bytes);
	if (code != CUDA_SUCCESS) {
		cuda_fail(cu, err, code, "cuFuncSetAttribute");
		err_prefix(err, "kernel %s: %u bytes of shared memory", e->name, (unsigned)bytes);
		return -ERR_DEVICE;
	}
	e->local_bytes = bytes;
	return 0;
}

static int attribute(const struct program *prog, CUfunction function, CUfunction_attribute which)
{
	int value = 0;

	return prog->dev->cu.cuFuncGetAttribute(&value, which, function) == CUDA_SUCCESS ? value
											 : -1;
}

void cuda_describe(struct program *prog, const char *entry, char *out, size_t size)
{
	const struct cuda *cu = &prog->dev->cu;
	struct cuda_entry *e;
	int blocks = 0, block = CUDA_BLOCK;

	if (!entry || cuda_entry(prog, entry, &e, NULL)) {
		snprintf(out, size, "%s", prog->how);
		return;
	}
	if (e->block)
		block = (int)e->block;
	if (block > (int)e->threads_max)
		block = (int)e->threads_max;
	if (cu->cuOccupancyMaxActiveBlocksPerMultiprocessor)
		(void)cu->cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, e->function, block,
								      e->local_bytes);
	snprintf(out, size,
		 "%s: %d registers, %d bytes local, %d bytes shared, %d blocks of %d resident",
		 entry, attribute(prog, e->function, CU_FUNC_ATTRIBUTE_NUM_REGS),
		 attribute(prog, e->function, CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES),
		 attribute(prog, e->function, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES) +
			 (int)e->local_bytes,
		 blocks, block);
}
