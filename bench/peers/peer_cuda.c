/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Peers' kernels through NVIDIA's driver: sources by NVRTC, cubins, fatbins and PTX as they are.
 * Beside what our backend asks of the driver two functions are wanted, if a peer needs them.
 */
#define _GNU_SOURCE 1 /* memmem() */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peers/peers.h"
#include "src/gpu/cuda_api.h"
#include "src/gpu/dl.h"

#define ENTRY_MAX         512
#define SHARED_PLAIN      49152 /* bytes that any launch may have */
#define ATTRIBUTE_DYNAMIC 8     /* CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES */

struct more {
	CUresult (*global)(CUdeviceptr *out, size_t *bytes, CUmodule module, const char *name);
	CUresult (*attribute)(CUfunction function, CUfunction_attribute which, int value);
};

struct opened {
	struct cuda cu;
	struct nvrtc rtc;
	struct more more;
	CUstream stream;
	uint32_t arch;
};

static void must(const struct opened *o, CUresult code, const char *what)
{
	struct err err = {0};

	if (code == CUDA_SUCCESS)
		return;
	cuda_fail(&o->cu, &err, code, what);
	fprintf(stderr, "%s\n", err.text);
	exit(1);
}

/* What this tool needs beyond src/gpu/cuda.def. */
static void open_more(struct opened *o)
{
	static const char *const names[] = {"libcuda.so.1", "libcuda.so", NULL};
	static const struct dl_symbol symbols[] = {
		{"cuModuleGetGlobal_v2", offsetof(struct more, global), true},
		{"cuFuncSetAttribute", offsetof(struct more, attribute), true},
	};
	static const struct dl_library library = {.what = "NVIDIA driver library",
						  .env = "ADIT_LIBCUDA",
						  .names = names,
						  .symbols = symbols,
						  .n_symbols = 2};
	void *handle;

	(void)dl_open(&library, &handle, &o->more, NULL);
}

static void open_device(struct subject *s, unsigned index)
{
	static struct opened o;
	struct err err = {0};
	int major = 0, minor = 0;
	CUcontext context;
	CUdevice id;

	if (cuda_open(&o.cu, &err)) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	open_more(&o);
	must(&o, o.cu.cuDeviceGet(&id, (int)index), "cuDeviceGet");
	must(&o,
	     o.cu.cuDeviceGetAttribute(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, id),
	     "cuDeviceGetAttribute");
	must(&o,
	     o.cu.cuDeviceGetAttribute(&minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, id),
	     "cuDeviceGetAttribute");
	o.arch = (uint32_t)(10 * major + minor);
	must(&o, o.cu.cuDevicePrimaryCtxRetain(&context, id), "cuDevicePrimaryCtxRetain");
	must(&o, o.cu.cuCtxSetCurrent(context), "cuCtxSetCurrent");
	must(&o, o.cu.cuStreamCreate(&o.stream, CU_STREAM_NON_BLOCKING), "cuStreamCreate");
	s->device = &o;
}

static union room room(struct subject *s, size_t bytes)
{
	struct opened *o = s->device;
	union room out = {0};

	must(o, o->cu.cuMemAlloc_v2(&out.cuda, bytes), "cuMemAlloc");
	return out;
}

static void put(struct subject *s, union room to, size_t at, const void *from, size_t bytes)
{
	struct opened *o = s->device;

	must(o, o->cu.cuMemcpyHtoDAsync_v2(to.cuda + at, from, bytes, o->stream), "writing");
	must(o, o->cu.cuStreamSynchronize(o->stream), "writing");
}

static void get(struct subject *s, union room from, size_t at, void *to, size_t bytes)
{
	struct opened *o = s->device;

	must(o, o->cu.cuMemcpyDtoHAsync_v2(to, from.cuda + at, bytes, o->stream), "reading");
	must(o, o->cu.cuStreamSynchronize(o->stream), "reading");
}

/* ---- building ---- */

static bool ends_in(const char *path, const char *end)
{
	size_t n = strlen(path), m = strlen(end);

	return n >= m && !strcmp(path + n - m, end);
}

static bool is_image(const char *path)
{
	return ends_in(path, ".cubin") || ends_in(path, ".fatbin") || ends_in(path, ".ptx");
}

/* Source to a cubin for this card.  NULL: no, which has been said. */
static char *compile(struct opened *o, const struct peer *p, const char *text, size_t *len)
{
	char *image = NULL, *log = NULL;
	struct err err = {0};
	int rc = 0;

	if (!o->rtc.handle)
		rc = nvrtc_open(&o->rtc, o->cu.version, &err);
	if (!rc)
		rc = nvrtc_compile(&o->rtc, text, p->options, o->arch, 0, &image, len, &log, &err);
	if (rc)
		printf("%s: does not build: %s\n%.2000s\n", p->name, err.text, log ? log : "");
	free(log);
	return image;
}

/* The next kernel's name in an image from at on, and what follows it; NULL when there is none. */
static const char *next_name(const char *at, const char *end, char out[ENTRY_MAX])
{
	const char *text = memmem(at, (size_t)(end - at), ".text.", 6);
	const char *entry = memmem(at, (size_t)(end - at), ".entry ", 7);
	size_t n = 0;

	if (!text && !entry)
		return NULL;
	at = !entry || (text && text < entry) ? text + 6 : entry + 7;
	while (at + n < end && at[n] > ' ' && at[n] != '(' && n < ENTRY_MAX - 1) {
		out[n] = at[n];
		n++;
	}
	out[n] = '\0';
	return at + n;
}

/* The entry by its own name, or the first that C++ made of it. */
static CUfunction find_entry(struct opened *o, const struct peer *p, CUmodule module,
			     const char *image, size_t len)
{
	const char *at = image;
	CUfunction function = NULL;
	char name[ENTRY_MAX];

	if (o->cu.cuModuleGetFunction(&function, module, p->entry) == CUDA_SUCCESS)
		return function;
	while ((at = next_name(at, image + len, name)) != NULL)
		if (strstr(name, p->entry) &&
		    o->cu.cuModuleGetFunction(&function, module, name) == CUDA_SUCCESS)
			return function;
	return NULL;
}

static int entry_of(struct opened *o, struct peer *p, CUmodule module, const char *image,
		    size_t len)
{
	char name[ENTRY_MAX], before[ENTRY_MAX] = "";
	const char *at = image;

	p->kernel = find_entry(o, p, module, image, len);
	if (!p->kernel) {
		printf("%s: has no kernel '%s' but", p->name, p->entry);
		while ((at = next_name(at, image + len, name)) != NULL) {
			printf("%s%s", strcmp(name, before) ? " " : "",
			       strcmp(name, before) ? name : "");
			memcpy(before, name, sizeof before);
		}
		printf("\n");
		return -1;
	}
	if (p->shared > SHARED_PLAIN && o->more.attribute)
		must(o, o->more.attribute(p->kernel, ATTRIBUTE_DYNAMIC, (int)p->shared),
		     "cuFuncSetAttribute");
	return 0;
}

static int build(struct subject *s, struct peer *p, const char *text, size_t len)
{
	struct opened *o = s->device;
	bool ready = is_image(p->file[0]);
	char *compiled = ready ? NULL : compile(o, p, text, &len);
	const char *image = ready ? text : compiled;
	CUmodule module = NULL;
	CUresult code;
	int rc = -1;

	if (!image)
		return -1;
	code = o->cu.cuModuleLoadDataEx(&module, image, 0, NULL, NULL);
	if (code == CUDA_SUCCESS)
		rc = entry_of(o, p, module, image, len);
	else
		printf("%s: the driver does not load it: %s\n", p->name, cuda_word(&o->cu, code));
	p->program = module;
	free(compiled);
	return rc;
}

/* ---- runs ---- */

static void set_constant(struct subject *s, struct peer *p, const struct given *value)
{
	struct opened *o = s->device;
	union room to = {0};
	size_t bytes = 0;

	if (!o->more.global) {
		fprintf(stderr, "this driver has no cuModuleGetGlobal\n");
		exit(1);
	}
	must(o, o->more.global(&to.cuda, &bytes, p->program, value->global), value->global);
	put(s, to, 0, value->bytes, value->len < bytes ? value->len : bytes);
}

static void run(struct subject *s, struct peer *p, uint64_t first, uint64_t items)
{
	struct opened *o = s->device;
	unsigned groups = (unsigned)(items / p->local), i, n = 0;
	void *args[GIVEN_MAX];

	(void)first;
	if (p->offset) {
		fprintf(stderr, "%s: 'offset' is OpenCL's\n", p->name);
		exit(2);
	}
	for (i = 0; i < p->n_given; i++)
		if (p->given[i].global[0])
			set_constant(s, p, &p->given[i]);
		else
			args[n++] = p->given[i].bytes;
	must(o,
	     o->cu.cuLaunchKernel(p->kernel, p->columns ? 1 : groups, p->columns ? groups : 1, 1,
				  p->local, 1, 1, p->shared, o->stream, args, NULL),
	     "cuLaunchKernel");
	must(o, o->cu.cuStreamSynchronize(o->stream), p->name);
}

const struct driver driver_cuda = {
	.name = "cuda",
	.open = open_device,
	.room = room,
	.put = put,
	.get = get,
	.build = build,
	.run = run,
};
