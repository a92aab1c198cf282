/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A stand-in for NVIDIA's libcuda.so.1, so that the whole CUDA host path runs where there is
 * no card: it loads what NVRTC really made (or embedded code), finds the same kernel
 * compiled as host C, and fails on command.
 *
 *	FAKECUDA_DEVICES=N	cards (default 1)
 *	FAKECUDA_ARCH=90	compute capability
 *	FAKECUDA_DRIVER=13000	API version; decides which images it takes
 *	FAKECUDA_THREADS=1024	largest group
 *	FAKECUDA_SHARED=227	KiB of shared memory a group may have
 *	FAKECUDA_MEM=4096	MiB a card has
 *	FAKECUDA_PTX=1		kernels that come as PTX are run from it, by an interpreter, and not
 *				as host C (tests/ptx): what CUDA's compiler made of them is tested.
 *				Those with a period's program always are; texts of tests, which
 *				have no entry, never
 *	FAKECUDA_STRICT=1	abort on what a real driver lets pass but a miner must not do:
 *				waits that spin, things left behind when the context goes
 *	FAKECUDA_LATE_POKES=1	what is queued aside is done only when it has to be; 2: when the
 *				next grid runs
 *	FAKECUDA_FAULT=...	see fake_fault(): init=100 nodev retain=2 alloc@2=2 host=2 load=209
 *				write@1=700 read@1=700 launch@3=719 sync@2=702 hang@2 flip@3
 *				smudge@3 (flip: in what is found; smudge: in scratch)
 *
 * Work is queued and done only when somebody waits, as late as a real card might: code
 * that reuses memory too early is caught.  Errors from 700 on but 701 come at the next wait
 * and stay, like a real broken context.  One thread runs a grid item by item, or group by group
 * where the kernel has barriers.  Of several streams the first is what batches go through; what
 * the others get is done at once, in the middle of whatever runs.
 *
 * Calls may come from several threads: one lock is held in each but while a grid runs.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fake.h"
#include "kernels/platform.h"
#include "src/gpu/cuda_api.h"
#include "tests/ptx/ptx.h"

#define API              __attribute__((visibility("default")))
#define INVALID_VALUE    1
#define NOT_INITIALIZED  3
#define INVALID_DEVICE   101
#define INVALID_CONTEXT  201
#define INVALID_HANDLE   400
#define NOT_FOUND        500
#define NOT_READY        600
#define LAUNCH_RESOURCES 701
#define EVENT_BLOCKING   CU_EVENT_BLOCKING_SYNC
#define SHARED_UNASKED   (48 << 10)
#define SHARED_MOST      ((int)fake_number("FAKECUDA_SHARED", 227) << 10)

/* The exported functions are those of the table, and no others are wanted. */
#define FUNC(name, args)  API CUresult name args;
#define MAYBE(name, args) API CUresult name args;
#include "src/gpu/cuda.def"
API CUresult cuGetExportTable(const void **table, const void *id);

struct CUevent_st {
	unsigned flags;
	unsigned queued, passed; /* records asked for, records the queue has come past */
	double at_ms;
	CUstream stream; /* of its latest record */
};

struct CUmod_st {
	struct fake_image image;
	struct ptx_module *program; /* where it is run within host C */
	struct ptx_module *ptx;     /* what is run instead of host C */
};

#define PARAMS_MAX 9

struct CUfunc_st {
	const struct fake_kernel *kernel;
	const struct ptx_entry *entry; /* to be run instead */
	CUmodule module;
	int brought; /* shared memory its launches may bring */
	struct CUfunc_st *next;
};

/* Memory of the card, or pinned memory of the host. */
struct block {
	struct block *next;
	size_t bytes;
	bool host;
	char *at;
};

struct op {
	struct op *next;
	enum { OP_WRITE, OP_READ, OP_LAUNCH, OP_EVENT, OP_WAIT, OP_HANG } kind;
	char *dst;
	const char *src;
	size_t bytes;
	CUevent event;
	CUfunction function;
	unsigned blocks, threads, brought;
	bool flip, smudge;
	struct fake_args args;
	uint64_t params[PARAMS_MAX]; /* the same */
};

struct CUstream_st {
	struct CUstream_st *next;
	struct op *first, **last;
};

static struct {
	bool started, strict;
	int flags[16]; /* of each card's primary context */
	int retained;
	CUresult broken; /* sticky */
	size_t used;
	unsigned events, modules, streams;
	struct block *blocks;
	struct CUfunc_st *functions;
	struct CUstream_st *queues; /* in the order of their making */
} fake;

static _Thread_local bool current;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static pthread_mutex_t *enter(void)
{
	pthread_mutex_lock(&mutex);
	return &mutex;
}

static void leave(pthread_mutex_t **held)
{
	pthread_mutex_unlock(*held);
}

/* Until the function ends. */
#define LOCKED pthread_mutex_t *held __attribute__((cleanup(leave), unused)) = enter()

static CUresult ready(void)
{
	if (!fake.started)
		return NOT_INITIALIZED;
	if (!current)
		return INVALID_CONTEXT;
	return fake.broken;
}

static void strictly(bool held, const char *what)
{
	if (held || !fake.strict)
		return;
	fprintf(stderr, "fakecuda: %s\n", what);
	abort();
}

static int devices(void)
{
	long n = fake_number("FAKECUDA_DEVICES", 1);

	return fake_fault("nodev") ? 0 : n < 0 ? 0 : n > 16 ? 16 : (int)n;
}

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static struct block *block_of(const char *at, size_t bytes, bool host)
{
	struct block *b;

	for (b = fake.blocks; b; b = b->next)
		if (b->host == host && at >= b->at && at + bytes <= b->at + b->bytes)
			return b;
	return NULL;
}

/* ---- starting, devices ---- */

CUresult cuInit(unsigned flags)
{
	LOCKED;
	int fault = fake_fault("init");

	if (flags || fault)
		return fault ? fault : INVALID_VALUE;
	fake.started = true;
	fake.strict = fake_number("FAKECUDA_STRICT", 0) != 0;
	return devices() ? CUDA_SUCCESS : CUDA_ERROR_NO_DEVICE;
}

CUresult cuDriverGetVersion(int *version)
{
	*version = (int)fake_number("FAKECUDA_DRIVER", 13000);
	return CUDA_SUCCESS;
}

static const struct {
	int code;
	const char *name, *words;
} errors[] = {
	{0, "CUDA_SUCCESS", "no error"},
	{1, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
	{2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
	{100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
	{101, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
	{200, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
	{201, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
	{209, "CUDA_ERROR_NO_BINARY_FOR_GPU", "no kernel image is available for execution"},
	{218, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
	{222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION", "PTX compiled with an unsupported toolchain"},
	{500, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
	{700, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
	{701, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "too many resources requested for launch"},
	{702, "CUDA_ERROR_LAUNCH_TIMEOUT", "the launch timed out and was terminated"},
	{719, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
	{999, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

static int error_row(CUresult code)
{
	int i;

	for (i = 0; i < (int)(sizeof errors / sizeof *errors); i++)
		if (errors[i].code == code)
			return i;
	return -1;
}

CUresult cuGetErrorName(CUresult error, const char **text)
{
	int row = error_row(error);

	*text = row < 0 ? NULL : errors[row].name;
	return row < 0 ? INVALID_VALUE : CUDA_SUCCESS;
}

CUresult cuGetErrorString(CUresult error, const char **text)
{
	int row = error_row(error);

	*text = row < 0 ? NULL : errors[row].words;
	return row < 0 ? INVALID_VALUE : CUDA_SUCCESS;
}

CUresult cuDeviceGetCount(int *count)
{
	*count = devices();
	return fake.started ? CUDA_SUCCESS : NOT_INITIALIZED;
}

CUresult cuDeviceGet(CUdevice *device, int ordinal)
{
	if (!fake.started)
		return NOT_INITIALIZED;
	if (ordinal < 0 || ordinal >= devices())
		return INVALID_DEVICE;
	*device = ordinal;
	return CUDA_SUCCESS;
}

CUresult cuDeviceGetName(char *name, int len, CUdevice device)
{
	snprintf(name, (size_t)len, "Fake CUDA device %d", device);
	return CUDA_SUCCESS;
}

CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device)
{
	int arch = (int)fake_number("FAKECUDA_ARCH", 90);

	(void)device;
	switch (attribute) {
	case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
		*value = (int)fake_number("FAKECUDA_THREADS", 1024);
		return CUDA_SUCCESS;
	case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
		*value = SHARED_MOST;
		return CUDA_SUCCESS;
	case CU_DEVICE_ATTRIBUTE_CLOCK_RATE:
		*value = 1980000;
		return CUDA_SUCCESS;
	case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
		*value = 1;
		return CUDA_SUCCESS;
	case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
		*value = arch / 10;
		return CUDA_SUCCESS;
	case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
		*value = arch % 10;
		return CUDA_SUCCESS;
	}
	return INVALID_VALUE;
}

CUresult cuDeviceGetPCIBusId(char *id, int len, CUdevice device)
{
	snprintf(id, (size_t)len, "0000:%02X:00.0", 10 + device);
	return CUDA_SUCCESS;
}

CUresult cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device)
{
	int i;

	for (i = 0; i < 16; i++)
		uuid->bytes[i] = (char)(0xf0 + i);
	uuid->bytes[15] = (char)device;
	return CUDA_SUCCESS;
}

static size_t memory(void)
{
	return (size_t)fake_number("FAKECUDA_MEM", 4096) << 20;
}

CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device)
{
	(void)device;
	*bytes = memory();
	return CUDA_SUCCESS;
}

/* ---- contexts ---- */

CUresult cuDevicePrimaryCtxSetFlags_v2(CUdevice device, unsigned flags)
{
	fake.flags[device] = (int)flags;
	return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device)
{
	LOCKED;
	int fault = fake_fault("retain");

	if (fault)
		return fault;
	strictly(fake.flags[device] & CU_CTX_SCHED_BLOCKING_SYNC, "this context spins in waits");
	fake.retained++;
	*context = (CUcontext)&fake;
	return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device)
{
	LOCKED;
	struct CUfunc_st *f;

	(void)device;
	if (!fake.retained || --fake.retained)
		return CUDA_SUCCESS;
	strictly(!fake.blocks, "memory was left allocated");
	strictly(!fake.events && !fake.streams, "events or streams were left");
	strictly(!fake.modules, "modules were left loaded");
	while ((f = fake.functions)) {
		fake.functions = f->next;
		free(f);
	}
	fake.broken = CUDA_SUCCESS;
	current = false;
	return CUDA_SUCCESS;
}

__attribute__((destructor)) static void at_exit(void)
{
	strictly(!fake.retained, "the context was never released");
}

CUresult cuCtxSetCurrent(CUcontext context)
{
	LOCKED;
	current = context == (CUcontext)&fake;
	return fake.broken;
}

/* ---- the queue ---- */

static void flip(const struct op *op)
{
	struct abi_results *res = op->args.res;

	if (!res->count)
		res->nonce[res->count++] = op->args.first;
	res->nonce[0] ^= 4;
}

static void run_item(void *arg, uint64_t item)
{
	const struct op *op = arg;

	op->function->kernel->run(&op->args, item);
}

static int allocation(void *arg, uint64_t at, size_t bytes, uint64_t ends[2])
{
	LOCKED;
	struct block *b = block_of((const char *)(uintptr_t)at, bytes, false);

	(void)arg;
	if (!b)
		return -1;
	ends[0] = (uintptr_t)b->at;
	ends[1] = ends[0] + b->bytes;
	return 0;
}

static CUresult run_ptx(struct op *op)
{
	char why[300];
	const struct ptx_grid grid = {.blocks = op->blocks,
				      .threads = op->threads,
				      .args = op->params,
				      .n_args = PARAMS_MAX,
				      .dynamic_shared = op->brought,
				      .memory = allocation};

	if (ptx_run(op->function->entry, &grid, why, sizeof why)) {
		fprintf(stderr, "fakecuda: %s\n", why);
		return 719;
	}
	if (op->flip)
		flip(op);
	return CUDA_SUCCESS;
}

static CUresult run_grid(struct op *op)
{
	uint64_t item, items = (uint64_t)op->blocks * op->threads;
	bool groups = op->function->kernel->groups;

	if (op->function->entry)
		return run_ptx(op);
	fake_program_use(op->function->module->program);
	fake_brought(op->brought);
	for (item = 0; item < items; item += groups ? op->threads : 1)
		if (!groups)
			run_item(op, item);
		else if (fake_group(run_item, op, item, op->threads))
			return 719;
	if (op->flip)
		flip(op);
	if (op->smudge && op->args.scratch)
		op->args.scratch[0] ^= 1;
	return fake_program_failed() || fake_wanted_more() ? 700 : CUDA_SUCCESS;
}

static CUresult drain(CUstream stream, const struct CUevent_st *until);

static void drain_aside(void)
{
	CUstream stream;

	for (stream = fake.queues ? fake.queues->next : NULL; stream; stream = stream->next)
		drain(stream, NULL);
}

/* A poke is one word that a running kernel may be looking at. */
static void copy(char *dst, const char *src, size_t bytes)
{
	if (bytes == sizeof(uint32_t) && !((uintptr_t)dst % sizeof(uint32_t)))
		__atomic_store_n((uint32_t *)dst, *(const uint32_t *)src, __ATOMIC_RELAXED);
	else
		memcpy(dst, src, bytes);
}

static CUresult run_op(struct op *op)
{
	CUresult rc;

	switch (op->kind) {
	case OP_HANG:
		pthread_mutex_unlock(&mutex);
		for (;;)
			pause();
	case OP_WRITE:
	case OP_READ:
		copy(op->dst, op->src, op->bytes);
		break;
	case OP_LAUNCH:
		if (fake_number("FAKECUDA_LATE_POKES", 0) == 2)
			drain_aside();
		pthread_mutex_unlock(&mutex);
		rc = run_grid(op);
		pthread_mutex_lock(&mutex);
		return rc;
	case OP_EVENT:
		op->event->passed++;
		op->event->at_ms = now_ms();
		break;
	case OP_WAIT:
		return drain(op->event->stream, op->event);
	}
	return CUDA_SUCCESS;
}

/* Work off the queue until until has passed its latest record, or to its end. */
static CUresult drain(CUstream stream, const struct CUevent_st *until)
{
	struct op *op;
	CUresult rc = CUDA_SUCCESS;

	while (stream && (op = stream->first) && !(until && until->passed == until->queued)) {
		stream->first = op->next;
		if (!stream->first)
			stream->last = &stream->first;
		if (!fake.broken)
			rc = run_op(op);
		else if (op->kind == OP_EVENT)
			op->event->passed++;
		if (rc && !fake.broken)
			fake.broken = rc;
		free(op);
	}
	return fake.broken;
}

static CUresult drain_all(void)
{
	CUstream stream;

	for (stream = fake.queues; stream; stream = stream->next)
		drain(stream, NULL);
	return fake.broken;
}

static CUresult push(CUstream stream, const struct op *what)
{
	struct op *op = malloc(sizeof *op);

	if (!op)
		return CUDA_ERROR_OUT_OF_MEMORY;
	*op = *what;
	op->next = NULL;
	*stream->last = op;
	stream->last = &op->next;
	if (stream != fake.queues && !fake_number("FAKECUDA_LATE_POKES", 0))
		drain(stream, NULL);
	return CUDA_SUCCESS;
}

/* Errors of the device arrive late and stay; others are this call's own. */
static CUresult fault_now(const char *point)
{
	int fault = fake_fault(point);

	if (fault >= 700 && fault != LAUNCH_RESOURCES && fault != 999) {
		fake.broken = fault;
		return CUDA_SUCCESS;
	}
	return fault;
}

CUresult cuStreamCreate(CUstream *out, unsigned flags)
{
	LOCKED;
	CUresult rc = ready();
	CUstream stream = rc ? NULL : calloc(1, sizeof *stream), *last;

	(void)flags;
	if (!stream)
		return rc ? rc : CUDA_ERROR_OUT_OF_MEMORY;
	stream->last = &stream->first;
	for (last = &fake.queues; *last; last = &(*last)->next)
		;
	fake.streams++;
	*last = *out = stream;
	return CUDA_SUCCESS;
}

CUresult cuStreamDestroy_v2(CUstream stream)
{
	LOCKED;
	CUstream *at;

	drain(stream, NULL);
	for (at = &fake.queues; *at && *at != stream; at = &(*at)->next)
		;
	if (!*at)
		return INVALID_HANDLE;
	*at = stream->next;
	fake.streams--;
	free(stream);
	return fake.broken;
}

CUresult cuStreamSynchronize(CUstream stream)
{
	LOCKED;
	return drain(stream, NULL);
}

/* ---- events ---- */

CUresult cuEventCreate(CUevent *out, unsigned flags)
{
	LOCKED;
	CUresult rc = ready();
	int fault = fake_fault("event");
	CUevent event = rc || fault ? NULL : calloc(1, sizeof *event);

	if (!event)
		return rc ? rc : fault ? fault : CUDA_ERROR_OUT_OF_MEMORY;
	event->flags = flags;
	fake.events++;
	*out = event;
	return CUDA_SUCCESS;
}

CUresult cuEventDestroy_v2(CUevent event)
{
	LOCKED;
	if (event->passed != event->queued)
		drain(event->stream, event);
	fake.events--;
	free(event);
	return fake.broken;
}

CUresult cuEventRecord(CUevent event, CUstream stream)
{
	LOCKED;
	CUresult rc = ready();

	if (rc)
		return rc;
	strictly(event->passed == event->queued || event->stream == stream,
		 "an event is recorded in a second stream before it passed in the first");
	event->queued++;
	event->stream = stream;
	return push(stream, &(struct op){.kind = OP_EVENT, .event = event});
}

CUresult cuEventSynchronize(CUevent event)
{
	LOCKED;
	CUresult fault = fault_now("sync");

	strictly(event->flags & EVENT_BLOCKING, "waiting for this event spins");
	return fault ? fault : drain(event->stream, event);
}

CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned flags)
{
	LOCKED;
	CUresult rc = ready();

	if (rc || flags)
		return rc ? rc : INVALID_VALUE;
	return push(stream, &(struct op){.kind = OP_WAIT, .event = event});
}

CUresult cuEventElapsedTime(float *ms, CUevent start, CUevent end)
{
	LOCKED;
	if ((start->flags | end->flags) & CU_EVENT_DISABLE_TIMING)
		return INVALID_HANDLE;
	if (!start->passed || !end->passed || end->passed != end->queued)
		return NOT_READY;
	*ms = (float)(end->at_ms - start->at_ms);
	return fake.broken;
}

/* ---- memory ---- */

static CUresult allocate(char **out, size_t bytes, bool host)
{
	struct block *b;

	if (!bytes)
		return INVALID_VALUE;
	if (!host && bytes > memory() - fake.used)
		return CUDA_ERROR_OUT_OF_MEMORY;
	b = calloc(1, sizeof *b);
	if (b)
		b->at = malloc(bytes);
	if (!b || !b->at) {
		free(b);
		return CUDA_ERROR_OUT_OF_MEMORY;
	}
	/* contents are undefined: make that felt, where it costs little */
	memset(b->at, 0xa5, bytes < 65536 ? bytes : 65536);
	b->bytes = bytes;
	b->host = host;
	b->next = fake.blocks;
	fake.blocks = b;
	fake.used += host ? 0 : bytes;
	*out = b->at;
	return CUDA_SUCCESS;
}

static CUresult release(const char *at, bool host)
{
	struct block **b, *gone;

	drain_all();
	for (b = &fake.blocks; *b; b = &(*b)->next)
		if ((*b)->at == at && (*b)->host == host)
			break;
	if (!*b)
		return INVALID_VALUE;
	gone = *b;
	*b = gone->next;
	fake.used -= host ? 0 : gone->bytes;
	free(gone->at);
	free(gone);
	return fake.broken;
}

CUresult cuMemGetInfo_v2(size_t *available, size_t *total)
{
	LOCKED;
	CUresult rc = ready();

	*total = memory();
	*available = memory() - fake.used;
	return rc;
}

CUresult cuMemAlloc_v2(CUdeviceptr *out, size_t bytes)
{
	LOCKED;
	CUresult rc = ready();
	int fault = fake_fault("alloc");
	char *at;

	if (!rc)
		rc = fault ? fault : allocate(&at, bytes, false);
	if (!rc)
		*out = (CUdeviceptr)(uintptr_t)at;
	return rc;
}

CUresult cuMemFree_v2(CUdeviceptr mem)
{
	LOCKED;
	return release((const char *)(uintptr_t)mem, false);
}

CUresult cuMemHostAlloc(void **out, size_t bytes, unsigned flags)
{
	LOCKED;
	CUresult rc = ready();
	int fault = fake_fault("host");
	char *at;

	(void)flags;
	if (!rc)
		rc = fault ? fault : allocate(&at, bytes, true);
	if (!rc)
		*out = at;
	return rc;
}

CUresult cuMemFreeHost(void *mem)
{
	LOCKED;
	return release(mem, true);
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr dst, const void *src, size_t bytes, CUstream stream)
{
	LOCKED;
	CUresult rc = ready();
	struct op op = {
		.kind = OP_WRITE, .dst = (char *)(uintptr_t)dst, .src = src, .bytes = bytes};

	if (!rc)
		rc = fault_now("write");
	if (rc)
		return rc;
	if (!block_of(op.dst, bytes, false))
		return INVALID_VALUE;
	strictly(block_of(src, bytes, true) != NULL, "a write from memory that is not pinned");
	return push(stream, &op);
}

CUresult cuMemcpyDtoHAsync_v2(void *dst, CUdeviceptr src, size_t bytes, CUstream stream)
{
	LOCKED;
	CUresult rc = ready();
	struct op op = {.kind = OP_READ, .dst = dst, .src = (const char *)(uintptr_t)src};

	op.bytes = bytes;
	if (!rc)
		rc = fault_now("read");
	if (rc)
		return rc;
	if (!block_of(op.src, bytes, false))
		return INVALID_VALUE;
	rc = push(stream, &op);
	/* to memory that is not pinned the real call waits, too */
	return rc || block_of(dst, bytes, true) ? rc : drain(stream, NULL);
}

/* ---- modules ---- */

/* PTX ISA versions and toolkits go together: CUDA 11.y took 7.y, 12.y 8.y, 13.y 9.y. */
static CUresult acceptable(const struct fake_image *image)
{
	int driver = (int)fake_number("FAKECUDA_DRIVER", 13000);
	unsigned arch = (unsigned)fake_number("FAKECUDA_ARCH", 90);
	unsigned isa = (unsigned)(10 * (driver / 1000 - 4) + driver % 1000 / 10);

	if (image->is_ptx && image->isa > isa)
		return 222;
	if (image->is_ptx)
		return image->arch > arch ? 218 : CUDA_SUCCESS;
	if (image->isa >= 8 && driver < 13000)
		return 200;
	return image->arch > arch || image->arch / 10 != arch / 10 ? 209 : CUDA_SUCCESS;
}

/* The log goes where the caller's options say, as far as we know them. */
static void jit_log(const char *text, unsigned n, const CUjit_option *options, void **values)
{
	char *to = NULL;
	size_t size = 0;
	unsigned i;

	for (i = 0; i < n; i++) {
		if (options[i] == CU_JIT_ERROR_LOG_BUFFER)
			to = values[i];
		if (options[i] == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES)
			size = (size_t)(uintptr_t)values[i];
	}
	if (to && size)
		snprintf(to, size, "%s", text);
}

static CUresult read_ptx(struct ptx_module **out, const char *text)
{
	char why[300];

	if (!ptx_module_new(out, text, why, sizeof why))
		return CUDA_SUCCESS;
	fprintf(stderr, "fakecuda: PTX: %s\n", why);
	return 218;
}

CUresult cuModuleLoadDataEx(CUmodule *out, const void *image, unsigned n, CUjit_option *options,
			    void **values)
{
	LOCKED;
	CUresult rc = ready();
	int fault = fake_fault("load");
	CUmodule module = rc ? NULL : calloc(1, sizeof *module);

	if (!module)
		return rc ? rc : CUDA_ERROR_OUT_OF_MEMORY;
	rc = fault ? fault : fake_image_read(&module->image, image);
	if (!rc && module->image.is_ptx)
		rc = fake_program_read(&module->program, image);
	if (!rc && module->image.is_ptx && strstr(image, "\n.visible .entry ") &&
	    (module->program || fake_number("FAKECUDA_PTX", 0)))
		rc = read_ptx(&module->ptx, image);
	if (!rc)
		rc = acceptable(&module->image);
	if (rc == 218)
		jit_log("ptxas application ptx input, line 9; fatal   : fake complaint\n", n,
			options, values);
	if (rc) {
		ptx_module_free(module->ptx);
		ptx_module_free(module->program);
		free(module);
		return rc;
	}
	fake.modules++;
	*out = module;
	return CUDA_SUCCESS;
}

CUresult cuModuleUnload(CUmodule module)
{
	LOCKED;
	const struct op *op;

	for (op = fake.queues ? fake.queues->first : NULL; op; op = op->next)
		strictly(fake.broken || op->kind != OP_LAUNCH || op->function->module != module,
			 "a module is unloaded while work with it is queued");
	drain_all();
	fake.modules--;
	ptx_module_free(module->ptx);
	ptx_module_free(module->program);
	free(module);
	return fake.broken;
}

CUresult cuModuleGetFunction(CUfunction *out, CUmodule module, const char *name)
{
	LOCKED;
	const struct fake_kernel *k;
	CUfunction function;

	for (k = fake_kernels; k->key[0]; k++)
		if (!strcmp(k->key, module->image.key) && !strcmp(k->entry, name))
			break;
	if (!k->key[0])
		return NOT_FOUND;
	function = malloc(sizeof *function);
	if (!function)
		return CUDA_ERROR_OUT_OF_MEMORY;
	function->kernel = k;
	function->entry = module->ptx ? ptx_module_entry(module->ptx, name) : NULL;
	function->module = module;
	function->brought = SHARED_UNASKED;
	function->next = fake.functions;
	fake.functions = *out = function;
	return ready();
}

CUresult cuFuncGetAttribute(int *value, CUfunction_attribute attribute, CUfunction function)
{
	*value = attribute == CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK
			 ? (int)*function->kernel->threads
		 : attribute == CU_FUNC_ATTRIBUTE_NUM_REGS ? 40
							   : 0;
	return CUDA_SUCCESS;
}

CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute, int value)
{
	LOCKED;
	CUresult rc = ready();

	if (!rc)
		rc = fake_fault("shared");
	if (rc)
		return rc;
	if (attribute != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES || value < 0 ||
	    value > SHARED_MOST)
		return INVALID_VALUE;
	function->brought = value > SHARED_UNASKED ? value : SHARED_UNASKED;
	return CUDA_SUCCESS;
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, CUfunction function, int threads,
						     size_t shared_bytes)
{
	(void)function;
	(void)shared_bytes;
	*blocks = 1536 / threads;
	return CUDA_SUCCESS;
}

CUresult cuLaunchKernel(CUfunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
			unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared_bytes,
			CUstream stream, void **args, void **extra)
{
	LOCKED;
	CUresult rc = ready();
	struct op op = {.kind = OP_LAUNCH, .function = function, .blocks = grid_x};
	int i;

	if (rc)
		return rc;
	if (!grid_x || grid_y != 1 || grid_z != 1 || !block_x || block_x > 1024 || block_y != 1 ||
	    block_z != 1 || shared_bytes > (unsigned)function->brought || extra)
		return INVALID_VALUE;
	if (block_x > *function->kernel->threads)
		return LAUNCH_RESOURCES;
	op.threads = block_x;
	op.brought = shared_bytes;
	memcpy(&op.args.job, args[0], sizeof op.args.job);
	memcpy(&op.args.res, args[1], sizeof op.args.res);
	memcpy(&op.args.scratch, args[2], sizeof op.args.scratch);
	memcpy(&op.args.dataset, args[3], sizeof op.args.dataset);
	memcpy(&op.args.first, args[4], sizeof op.args.first);
	memcpy(&op.args.count, args[5], sizeof op.args.count);
	for (i = 0; i + 1 < function->kernel->parts; i++)
		memcpy(&op.args.more[i], args[6 + i], sizeof op.args.more[i]);
	for (i = 0; i < 5 + function->kernel->parts; i++)
		memcpy(&op.params[i], args[i], i == 5 ? sizeof op.args.count : sizeof op.params[i]);
	op.flip = fake_fault("flip") != 0;
	op.smudge = fake_fault("smudge") != 0;
	if (fake_fault("hang"))
		op.kind = OP_HANG;
	rc = fault_now("launch");
	return rc ? rc : push(stream, &op);
}

/* NVRTC looks for a loaded driver and asks it for private tables; there are none. */
CUresult cuGetExportTable(const void **table, const void *id)
{
	(void)id;
	*table = NULL;
	return NOT_FOUND;
}
