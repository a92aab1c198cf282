/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * OpenCL 1.2 behind the backend contract: one context and one in-order queue a
 * device.  Waiting sleeps on an event callback, because clFinish and clWaitForEvents spin a
 * core in some drivers (NVIDIA's).
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "src/clock.h"
#include "src/gpu/opencl.h"
#include "src/str.h"

#define ENTRIES_MAX   16
#define STAGE_BYTES   8192 /* writes of one batch: a job and a zeroed counter, amply */
#define STAGES        (BACKEND_MARKS + 1)
#define POKES         64
#define CALLBACK_LATE 2 /* seconds after which a callback's coming is doubted */
#define LOG_MAX       (1u << 20)
#define SMALL_BYTES   4096 /* buffers that may be poked: results */
#define SMALL_ALIGN   4096 /* runtimes that can share memory want pages */

/* Source bytes of queued writes, free again when the mark after them was passed. */
struct stage {
	size_t used;
	bool busy;
	unsigned char bytes[STAGE_BYTES];
};

struct mark {
	struct device *dev;
	cl_event event;  /* of the last command before the mark */
	cl_event kernel; /* of the first launch since the mark before, or NULL */
	cl_event final;  /* of the last one; NULL when that is the first, too */
	unsigned stage;
	int64_t queued_us;
	bool done; /* the callback came; under the device's lock */
};

struct device {
	cl_device_id id;
	cl_context context;
	cl_command_queue queue;
	struct device_info info;
	cl_mem dummy;
	cl_event last, kernel, final; /* since the last mark */
	struct stage stages[STAGES];
	unsigned stage;
	struct mark marks[BACKEND_MARKS];
	cl_ulong ended_ns;    /* device clock at the mark waited for last */
	int64_t ended_us;     /* our clock then */
	cl_ulong computed_ns; /* device clock when its last launch ended; 0: unknown */
	int64_t queued_us;    /* our clock when that mark was made */
	uint32_t idle_us;
	bool deaf;  /* this driver's callbacks do not come */
	bool timed; /* the queue has profiling */
	bool ours;  /* it computes in memory that we give it */
	pthread_mutex_t lock;
	pthread_cond_t passed;
	pthread_mutex_t poke_lock; /* its own: drivers may call on_passed from a flush */
	cl_command_queue aside;    /* for pokes, which need not wait for batches; or NULL */
	cl_event poked;            /* the newest one since the last write; under poke_lock */
	cl_uint poke_words[POKES]; /* on their way */
	unsigned next_poke;        /* under poke_lock */
};

struct program {
	struct device *dev;
	cl_program program;
	struct {
		char name[64];
		cl_kernel kernel;
		size_t fixed; /* reqd_work_group_size, or 0 */
		size_t max, multiple;
	} entries[ENTRIES_MAX];
	unsigned n;
};

struct mem {
	struct device *dev;
	cl_mem buffer;
	uint64_t bytes;
	char *host; /* the buffer's very bytes, of small ones where the device is this CPU; or NULL
		     */
};

static int fail(struct device *dev, cl_int rc, const char *what, struct err *err)
{
	const char *word = opencl_word(rc);
	int code = rc == CL_MEM_OBJECT_ALLOCATION_FAILURE ? ERR_MEMORY : ERR_DEVICE;

	return err_set(err, code, "opencl:%u: %s: %s (%d)", dev->info.index, what,
		       word ? word : "OpenCL error", (int)rc);
}

/* --- devices ------------------------------------------------------------------ */

static int opencl_probe(struct device_info *out, int max, struct err *err)
{
	cl_device_id ids[DEVICES_MAX];
	int i, n;

	(void)err;
	n = opencl_list(ids, max < DEVICES_MAX ? max : DEVICES_MAX);
	for (i = 0; i < n; i++)
		opencl_describe(ids[i], (uint32_t)i, &out[i]);
	return n;
}

static void opencl_close(struct device *dev)
{
	if (!dev)
		return;
	if (dev->last)
		clReleaseEvent(dev->last);
	if (dev->kernel)
		clReleaseEvent(dev->kernel);
	if (dev->final)
		clReleaseEvent(dev->final);
	if (dev->dummy)
		clReleaseMemObject(dev->dummy);
	if (dev->poked)
		clReleaseEvent(dev->poked);
	if (dev->aside) {
		clFinish(dev->aside); /* our words may not go before they are copied */
		clReleaseCommandQueue(dev->aside);
	}
	if (dev->queue)
		clReleaseCommandQueue(dev->queue);
	if (dev->context)
		clReleaseContext(dev->context);
	pthread_cond_destroy(&dev->passed);
	pthread_mutex_destroy(&dev->poke_lock);
	pthread_mutex_destroy(&dev->lock);
	free(dev);
}

/*
 * A CPU's cores are all at the batch: what pokes past the queue would have to wait for it there.
 * Their results are therefore in our memory, where a poke is a store.
 */
static cl_mem small_buffer(struct device *dev, char **host, size_t bytes, cl_int *rc)
{
	size_t whole = (bytes + SMALL_ALIGN - 1) / SMALL_ALIGN * SMALL_ALIGN;
	cl_mem buffer;

	*host = aligned_alloc(SMALL_ALIGN, whole);
	if (!*host) {
		*rc = CL_OUT_OF_HOST_MEMORY;
		return NULL;
	}
	memset(*host, 0, whole);
	buffer = clCreateBuffer(dev->context, CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR, whole, *host,
				rc);
	if (!buffer) {
		free(*host);
		*host = NULL;
	}
	return buffer;
}

/* Whether a CPU device really works in our memory, and keeps no copy: seen in both directions. */
static bool shares_memory(struct device *dev)
{
	cl_uint there = 0x600d1dea, back = 0;
	volatile cl_uint *word;
	bool shares = false;
	char *host = NULL;
	cl_mem buffer;
	cl_int rc;

	if (!dev->info.cpu)
		return false;
	buffer = small_buffer(dev, &host, sizeof there, &rc);
	if (!buffer)
		return false;
	word = (volatile cl_uint *)(void *)host;
	if (!clEnqueueWriteBuffer(dev->queue, buffer, CL_TRUE, 0, sizeof there, &there, 0, NULL,
				  NULL) &&
	    *word == there) {
		*word = ~there;
		shares = !clEnqueueReadBuffer(dev->queue, buffer, CL_TRUE, 0, sizeof back, &back, 0,
					      NULL, NULL) &&
			 back == ~there;
	}
	clReleaseMemObject(buffer);
	free(host);
	return shares;
}

static int set_up(struct device *dev, struct err *err)
{
	cl_int rc;

	dev->context = clCreateContext(NULL, 1, &dev->id, NULL, NULL, &rc);
	if (!dev->context)
		return fail(dev, rc, "no context on this device", err);
	dev->queue = clCreateCommandQueue(dev->context, dev->id, CL_QUEUE_PROFILING_ENABLE, &rc);
	dev->timed = dev->queue != NULL;
	if (!dev->queue)
		dev->queue = clCreateCommandQueue(dev->context, dev->id, 0, &rc);
	if (!dev->queue)
		return fail(dev, rc, "no command queue on this device", err);
	dev->aside = clCreateCommandQueue(dev->context, dev->id, 0, &rc);
	/* Some drivers refuse NULL for a __global argument. */
	dev->dummy = clCreateBuffer(dev->context, CL_MEM_READ_WRITE, 256, NULL, &rc);
	if (!dev->dummy)
		return fail(dev, rc, "no memory on this device", err);
	dev->ours = shares_memory(dev);
	return 0;
}

static int opencl_open(uint32_t index, const char *cache_dir, struct device **out,
		       struct device_info *info, struct err *err)
{
	cl_device_id ids[DEVICES_MAX];
	int n = opencl_list(ids, DEVICES_MAX);
	pthread_condattr_t attr;
	struct device *dev;
	int rc;

	(void)cache_dir; /* OpenCL drivers keep kernels themselves */
	if (index >= (uint32_t)n)
		return err_set(err, ERR_NODEV,
			       "opencl:%u: there are %d OpenCL devices now (see 'adit devices')",
			       index, n);
	dev = calloc(1, sizeof *dev);
	if (!dev)
		return err_set(err, ERR_NOMEM, "no memory for a device");
	dev->id = ids[index];
	pthread_mutex_init(&dev->lock, NULL);
	pthread_mutex_init(&dev->poke_lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&dev->passed, &attr);
	pthread_condattr_destroy(&attr);
	opencl_describe(dev->id, index, &dev->info);
	rc = set_up(dev, err);
	if (rc) {
		opencl_close(dev);
		return rc;
	}
	*info = dev->info;
	*out = dev;
	return 0;
}

/* --- programs ----------------------------------------------------------------- */

static char *build_log(struct device *dev, cl_program program)
{
	size_t len = 0;
	char *log;

	if (clGetProgramBuildInfo(program, dev->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &len) ||
	    len > LOG_MAX)
		return NULL;
	log = calloc(1, len + 1);
	if (log && clGetProgramBuildInfo(program, dev->id, CL_PROGRAM_BUILD_LOG, len, log, NULL))
		log[0] = '\0';
	return log;
}

/* The first line that looks like an error, else the first line. */
static void first_error(char *out, size_t size, const char *log)
{
	const char *at = log, *best = NULL;

	while (*at && !best) {
		size_t len = strcspn(at, "\n");
		const char *word = strstr(at, "error");

		if (word && word < at + len)
			best = at;
		at += len + (at[len] == '\n');
	}
	if (!best)
		best = log + strspn(log, " \n");
	str_printable(out, size, best, strcspn(best, "\n"));
}

static int build_failed(struct device *dev, cl_program program, cl_int rc, char **log,
			struct err *err)
{
	char *text = build_log(dev, program);
	char line[200] = "";
	const char *word = opencl_word(rc);

	if (text)
		first_error(line, sizeof line, text);
	if (log)
		*log = text;
	else
		free(text);
	return err_set(err, ERR_BUILD, "opencl:%u: kernel does not build: %s (%d)%s%s",
		       dev->info.index, word ? word : "OpenCL error", (int)rc, line[0] ? ": " : "",
		       line);
}

static void opencl_discard(struct program *prog)
{
	unsigned i;

	if (!prog)
		return;
	for (i = 0; i < prog->n; i++)
		clReleaseKernel(prog->entries[i].kernel);
	if (prog->program)
		clReleaseProgram(prog->program);
	free(prog);
}

static cl_program make_program(struct device *dev, const struct code *code, cl_int *rc)
{
	const char *mark = code->body ? strstr(code->source, CODE_MARK) : NULL;
	const char *parts[] = {code->source, code->body, mark ? mark + strlen(CODE_MARK) : NULL};
	const size_t lengths[] = {mark ? (size_t)(mark - code->source) : 0, 0, 0};

	return clCreateProgramWithSource(dev->context, mark ? 3 : 1, parts, lengths, rc);
}

/*
 * May run in a second thread: it touches nothing of struct device that changes, and OpenCL's calls
 * are safe to make at once (all but clSetKernelArg for one kernel, which is made at launch).
 */
static int opencl_build(struct device *dev, const struct code *code, struct program **out,
			char **log, struct err *err)
{
	struct program *prog = calloc(1, sizeof *prog);
	char flags[256];
	cl_int rc;

	if (log)
		*log = NULL;
	if (!prog)
		return err_set(err, ERR_NOMEM, "no memory for a program");
	if (code->body && !strstr(code->source, CODE_MARK)) {
		free(prog);
		return err_set(err, ERR_BUILD, "this kernel has no place for a program");
	}
	prog->dev = dev;
	snprintf(flags, sizeof flags, "-cl-std=CL1.2 %s", code->options);
	prog->program = make_program(dev, code, &rc);
	if (!prog->program) {
		opencl_discard(prog);
		return fail(dev, rc, "no program", err);
	}
	rc = clBuildProgram(prog->program, 1, &dev->id, flags, NULL, NULL);
	if (rc) {
		rc = build_failed(dev, prog->program, rc, log, err);
		opencl_discard(prog);
		return rc;
	}
	*out = prog;
	return 0;
}

static int find_entry(struct program *prog, const char *name, unsigned *out, struct err *err)
{
	size_t fixed[3] = {0, 0, 0};
	cl_device_id id = prog->dev->id;
	cl_kernel kernel;
	unsigned i;
	cl_int rc;

	for (i = 0; i < prog->n; i++)
		if (!strcmp(prog->entries[i].name, name)) {
			*out = i;
			return 0;
		}
	if (prog->n == ENTRIES_MAX ||
	    !str_copy(prog->entries[i].name, sizeof prog->entries[i].name, name))
		return err_set(err, ERR_RANGE, "too many kernel entries or too long a name: %s",
			       name);
	kernel = clCreateKernel(prog->program, name, &rc);
	if (!kernel)
		return fail(prog->dev, rc, name, err);
	prog->entries[i].kernel = kernel;
	prog->entries[i].max = prog->dev->info.group_max;
	prog->entries[i].multiple = 1;
	clGetKernelWorkGroupInfo(kernel, id, CL_KERNEL_WORK_GROUP_SIZE, sizeof prog->entries[i].max,
				 &prog->entries[i].max, NULL);
	clGetKernelWorkGroupInfo(kernel, id, CL_KERNEL_PREFERRED_WORK_GROUP_SIZE_MULTIPLE,
				 sizeof prog->entries[i].multiple, &prog->entries[i].multiple,
				 NULL);
	clGetKernelWorkGroupInfo(kernel, id, CL_KERNEL_COMPILE_WORK_GROUP_SIZE, sizeof fixed, fixed,
				 NULL);
	prog->entries[i].fixed = fixed[0];
	prog->n++;
	*out = i;
	return 0;
}

/* --- memory ------------------------------------------------------------------- */

static void opencl_mem_free(struct mem *mem)
{
	if (!mem)
		return;
	if (mem->buffer)
		clReleaseMemObject(mem->buffer);
	free(mem->host);
	free(mem);
}

static int opencl_mem_left(struct device *dev, uint64_t *bytes, struct err *err)
{
	(void)err;
	*bytes = dev->info.mem_free;
	return 0;
}

static int no_room(struct device *dev, uint64_t bytes, cl_int rc, struct err *err)
{
	const char *word = opencl_word(rc);

	return err_set(err, ERR_MEMORY,
		       "opencl:%u: no room for a buffer of %llu MiB (largest %llu MiB, memory %llu "
		       "MiB): %s",
		       dev->info.index, (unsigned long long)(bytes >> 20),
		       (unsigned long long)(dev->info.mem_alloc >> 20),
		       (unsigned long long)(dev->info.mem_total >> 20), word ? word : "refused");
}

static int opencl_mem_new(struct device *dev, uint64_t bytes, struct mem **out, struct err *err)
{
	const cl_uint zero = 0;
	struct mem *mem;
	cl_int rc = CL_SUCCESS;

	/* Intel's runtime would take more and compute garbage. */
	if (!bytes || (dev->info.mem_alloc && bytes > dev->info.mem_alloc))
		return no_room(dev, bytes, CL_INVALID_BUFFER_SIZE, err);
	mem = calloc(1, sizeof *mem);
	if (!mem)
		return err_set(err, ERR_NOMEM, "no memory for a buffer");
	mem->dev = dev;
	mem->bytes = bytes;
	if (dev->ours && bytes <= SMALL_BYTES)
		mem->buffer = small_buffer(dev, &mem->host, (size_t)bytes, &rc);
	else
		mem->buffer =
			clCreateBuffer(dev->context, CL_MEM_READ_WRITE, (size_t)bytes, NULL, &rc);
	/* Drivers allocate at first use: use it now, while the failure is easy to name. */
	if (mem->buffer)
		rc = clEnqueueWriteBuffer(dev->queue, mem->buffer, CL_TRUE, 0,
					  bytes < sizeof zero ? (size_t)bytes : sizeof zero, &zero,
					  0, NULL, NULL);
	if (rc) {
		opencl_mem_free(mem);
		return no_room(dev, bytes, rc, err);
	}
	*out = mem;
	return 0;
}

/* The event of the newest command stands for everything queued so far. */
static void newest(struct device *dev, cl_event event)
{
	if (dev->last)
		clReleaseEvent(dev->last);
	dev->last = event;
}

/* What the next write has to wait for, or NULL: a poke for the batch before. */
static cl_event take_poked(struct device *dev)
{
	cl_event event;

	pthread_mutex_lock(&dev->poke_lock);
	event = dev->poked;
	dev->poked = NULL;
	pthread_mutex_unlock(&dev->poke_lock);
	return event;
}

static void opencl_poke(struct device *dev, struct mem *mem, uint64_t at, uint32_t value)
{
	cl_event event = NULL;
	cl_uint *word;

	if (mem->bytes < sizeof *word || at > mem->bytes - sizeof *word)
		return;
	if (mem->host && at % sizeof *word == 0) {
		__atomic_store_n((cl_uint *)(void *)(mem->host + at), value, __ATOMIC_RELEASE);
		return;
	}
	if (!dev->aside)
		return;
	pthread_mutex_lock(&dev->poke_lock);
	word = &dev->poke_words[dev->next_poke++ % POKES];
	*word = value;
	if (!clEnqueueWriteBuffer(dev->aside, mem->buffer, CL_FALSE, (size_t)at, sizeof *word, word,
				  0, NULL, &event)) {
		if (dev->poked)
			clReleaseEvent(dev->poked);
		dev->poked = event;
		clFlush(dev->aside);
	}
	pthread_mutex_unlock(&dev->poke_lock);
}

static int opencl_write(struct mem *mem, uint64_t at, const void *src, size_t len, struct err *err)
{
	struct device *dev = mem->dev;
	struct stage *stage = &dev->stages[dev->stage];
	cl_bool now = CL_TRUE;
	cl_event event, poked;
	cl_int rc;

	if (at > mem->bytes || len > mem->bytes - at)
		return err_set(err, ERR_RANGE, "write beyond the end of a buffer");
	if (len <= STAGE_BYTES - stage->used) {
		void *copy = stage->bytes + stage->used;

		memcpy(copy, src, len);
		stage->used += (len + 15) & ~(size_t)15;
		if (stage->used > STAGE_BYTES)
			stage->used = STAGE_BYTES;
		src = copy;
		now = CL_FALSE;
	}
	poked = take_poked(dev);
	rc = clEnqueueWriteBuffer(dev->queue, mem->buffer, now, (size_t)at, len, src, poked != NULL,
				  poked ? &poked : NULL, &event);
	if (poked)
		clReleaseEvent(poked);
	if (rc)
		return fail(dev, rc, "writing a buffer", err);
	newest(dev, event);
	return 0;
}

static int opencl_read(struct mem *mem, uint64_t at, void *dst, size_t len, struct err *err)
{
	struct device *dev = mem->dev;
	cl_event event;
	cl_int rc;

	if (at > mem->bytes || len > mem->bytes - at)
		return err_set(err, ERR_RANGE, "read beyond the end of a buffer");
	rc = clEnqueueReadBuffer(dev->queue, mem->buffer, CL_FALSE, (size_t)at, len, dst, 0, NULL,
				 &event);
	if (rc)
		return fail(dev, rc, "reading a buffer", err);
	newest(dev, event);
	return 0;
}

/* --- launching ---------------------------------------------------------------- */

/* Work-group size: what the caller wants, within what kernel and device allow. */
static size_t group_size(const struct program *prog, unsigned e, uint32_t wanted)
{
	size_t max = prog->entries[e].max, multiple = prog->entries[e].multiple;
	size_t size = wanted;

	if (prog->entries[e].fixed)
		return prog->entries[e].fixed;
	if (!max)
		max = 1;
	if (!size) /* few large groups for CPUs: each is a loop; two to eight waves on GPUs */
		size = prog->dev->info.cpu ? 16 : multiple >= 256 ? multiple : 256;
	if (size > max)
		size = max;
	if (!wanted && multiple > 1 && size > multiple)
		size -= size % multiple;
	return size;
}

static int set_args(struct device *dev, cl_kernel kernel, const struct launch *l, struct err *err)
{
	const struct mem *mems[4] = {l->job, l->results, l->scratch, l->dataset};
	const struct mem *const *more = (const struct mem *const *)l->more;
	cl_ulong first = l->first;
	cl_uint count = l->count, i;
	cl_int rc = CL_SUCCESS;

	for (i = 0; i < 4 && !rc; i++)
		rc = clSetKernelArg(kernel, i, sizeof(cl_mem),
				    mems[i] ? &mems[i]->buffer : &dev->dummy);
	if (!rc)
		rc = clSetKernelArg(kernel, 4, sizeof first, &first);
	if (!rc)
		rc = clSetKernelArg(kernel, 5, sizeof count, &count);
	for (i = 1; i < l->parts && i <= 3 && !rc; i++)
		rc = clSetKernelArg(kernel, 5 + i, sizeof(cl_mem),
				    more[i - 1] ? &more[i - 1]->buffer : &dev->dummy);
	return rc ? fail(dev, rc, "kernel arguments", err) : 0;
}

/* Keep the first and the last launch of a batch, for the clock. */
static void launched(struct device *dev, cl_event event)
{
	cl_event *at = dev->kernel ? &dev->final : &dev->kernel;

	if (*at)
		clReleaseEvent(*at);
	*at = clRetainEvent(event) ? NULL : event;
}

static int opencl_launch(struct program *prog, const struct launch *l, struct err *err)
{
	struct device *dev = prog->dev;
	size_t local, global;
	cl_event event;
	unsigned e = 0;
	cl_int rc;
	int bad;

	bad = find_entry(prog, l->entry, &e, err);
	if (!bad)
		bad = set_args(dev, prog->entries[e].kernel, l, err);
	if (bad)
		return bad;
	local = group_size(prog, e, l->local);
	global = (size_t)((l->items + local - 1) / local * local);
	rc = clEnqueueNDRangeKernel(dev->queue, prog->entries[e].kernel, 1, NULL, &global, &local,
				    0, NULL, &event);
	if (rc)
		return fail(dev, rc, l->entry, err);
	launched(dev, event);
	newest(dev, event);
	return 0;
}

/* --- marks -------------------------------------------------------------------- */

static void CL_CALLBACK on_passed(cl_event event, cl_int status, void *arg)
{
	struct mark *m = arg;

	(void)event;
	(void)status;
	pthread_mutex_lock(&m->dev->lock);
	m->done = true;
	pthread_cond_signal(&m->dev->passed);
	pthread_mutex_unlock(&m->dev->lock);
}

static unsigned free_stage(struct device *dev)
{
	unsigned i = 0;

	while (i < STAGES - 1 && dev->stages[i].busy)
		i++;
	dev->stages[i].used = 0;
	return i;
}

static int opencl_mark(struct device *dev, unsigned slot, struct err *err)
{
	struct mark *m = &dev->marks[slot];
	cl_int rc = CL_SUCCESS;

	if (!dev->last)
		rc = clEnqueueMarkerWithWaitList(dev->queue, 0, NULL, &dev->last);
	if (rc)
		return fail(dev, rc, "marking the queue", err);
	*m = (struct mark){.dev = dev,
			   .event = dev->last,
			   .kernel = dev->kernel,
			   .final = dev->final,
			   .stage = dev->stage,
			   .queued_us = clock_us()};
	dev->last = dev->kernel = dev->final = NULL;
	dev->stages[dev->stage].busy = true;
	dev->stage = free_stage(dev);
	if (!dev->deaf && clSetEventCallback(m->event, CL_COMPLETE, on_passed, m))
		dev->deaf = true;
	rc = clFlush(dev->queue);
	return rc ? fail(dev, rc, "flushing the queue", err) : 0;
}

/* True when the callback came within a while. */
static bool hear(struct device *dev, struct mark *m)
{
	struct timespec until;
	int rc = 0;
	bool done;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += CALLBACK_LATE;
	pthread_mutex_lock(&dev->lock);
	while (!m->done && !rc)
		rc = pthread_cond_timedwait(&dev->passed, &dev->lock, &until);
	done = m->done;
	pthread_mutex_unlock(&dev->lock);
	return done;
}

static uint32_t clamp_us(int64_t us)
{
	return us < 0 ? 0 : us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

/* Device time between the end of the mark before, or our first launch, and this mark. */
static uint32_t device_time(struct device *dev, const struct mark *m, int64_t wall_us)
{
	cl_ulong start = 0, end = 0;
	int64_t us;

	if (!dev->timed || !m->kernel ||
	    clGetEventProfilingInfo(m->kernel, CL_PROFILING_COMMAND_START, sizeof start, &start,
				    NULL) ||
	    clGetEventProfilingInfo(m->event, CL_PROFILING_COMMAND_END, sizeof end, &end, NULL))
		return clamp_us(wall_us);
	if (start < dev->ended_ns)
		start = dev->ended_ns;
	us = ((int64_t)end - (int64_t)start) / 1000;
	dev->ended_ns = end;
	/* Some drivers' clocks are fiction: believe ours when they disagree wildly. */
	return clamp_us(us <= 0 || us > wall_us + wall_us / 4 + 1000 ? wall_us : us);
}

static cl_ulong when(cl_event event, cl_profiling_info what)
{
	cl_ulong ns = 0;

	return !event || clGetEventProfilingInfo(event, what, sizeof ns, &ns, NULL) ? 0 : ns;
}

/* From the last launch before the mark waited for last to the first one before this mark. */
static uint32_t idle_time(struct device *dev, const struct mark *m, int64_t now_us)
{
	cl_ulong from = dev->computed_ns, start;
	int64_t us, most = now_us - dev->queued_us;

	if (!dev->timed)
		return BACKEND_UNKNOWN;
	start = when(m->kernel, CL_PROFILING_COMMAND_START);
	dev->computed_ns = when(m->final ? m->final : m->kernel, CL_PROFILING_COMMAND_END);
	dev->queued_us = m->queued_us;
	if (!from || !start || !dev->computed_ns)
		return BACKEND_UNKNOWN;
	us = start > from ? (int64_t)(start - from + 500) / 1000 : 0;
	/* Fiction again, or so long that it is no number any more. */
	return us > most + most / 4 + 1000 || us >= BACKEND_UNKNOWN ? BACKEND_UNKNOWN
								    : (uint32_t)us;
}

static uint32_t opencl_idle_us(struct device *dev)
{
	return dev->idle_us;
}

static int opencl_wait(struct device *dev, unsigned slot, uint32_t *took_us, struct err *err)
{
	struct mark *m = &dev->marks[slot];
	cl_int status = CL_COMPLETE, rc = CL_SUCCESS;
	int64_t now, since;

	if (dev->deaf || !hear(dev, m)) {
		rc = clWaitForEvents(1, &m->event);
		/* It was merely slow, or it will never come: the latter is worth remembering. */
		dev->deaf = dev->deaf || !hear(dev, m);
	}
	clGetEventInfo(m->event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, NULL);
	now = clock_us();
	since = m->queued_us > dev->ended_us ? m->queued_us : dev->ended_us;
	*took_us = device_time(dev, m, now - since);
	dev->idle_us = idle_time(dev, m, now);
	dev->ended_us = now;
	dev->stages[m->stage].busy = false;
	clReleaseEvent(m->event);
	if (m->kernel)
		clReleaseEvent(m->kernel);
	if (m->final)
		clReleaseEvent(m->final);
	m->event = m->kernel = m->final = NULL;
	if (rc || status < 0)
		return fail(dev, status < 0 ? status : rc, "the device failed during a batch", err);
	return 0;
}

static void opencl_tell(struct program *prog, const char *entry, char *out, size_t size)
{
	if (entry)
		snprintf(out, size, "%s: unknown", entry);
	else
		snprintf(out, size, "built by the OpenCL driver %s", prog->dev->info.driver);
}

const struct backend backend_opencl = {
	.name = "opencl",
	.library = "libOpenCL.so.1",
	.hint = "install the card's OpenCL driver (AMD: ROCm or Mesa rusticl; Intel: "
		"intel-opencl-icd; NVIDIA: its driver; CPU only: pocl-opencl-icd)",
	.probe = opencl_probe,
	.open = opencl_open,
	.close = opencl_close,
	.build = opencl_build,
	.mem_left = opencl_mem_left,
	.discard = opencl_discard,
	.mem_new = opencl_mem_new,
	.mem_free = opencl_mem_free,
	.write = opencl_write,
	.read = opencl_read,
	.launch = opencl_launch,
	.mark = opencl_mark,
	.wait = opencl_wait,
	.idle_us = opencl_idle_us,
	.poke = opencl_poke,
	.describe = opencl_tell,
};
