/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Peers' kernels through OpenCL. */
#include <stdio.h>
#include <stdlib.h>

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include "bench/peers/peers.h"

#define PLATFORMS_MAX 8

struct opened {
	cl_device_id device;
	cl_context context;
	cl_command_queue queue;
};

#define MUST(call)                                                                                 \
 do {                                                                                              \
  cl_int must_rc = (call);                                                                         \
  if (must_rc) {                                                                                   \
   fprintf(stderr, "%s: OpenCL error %d\n", #call, (int)must_rc);                                  \
   exit(1);                                                                                        \
  }                                                                                                \
 } while (0)

/* Device `index`, counted over all platforms as the backend counts. */
static void open_device(struct subject *s, unsigned index)
{
	static struct opened o;
	cl_platform_id platform[PLATFORMS_MAX];
	cl_device_id device[DEVICES_MAX];
	cl_uint platforms = 0, n, i;
	cl_int rc;

	MUST(clGetPlatformIDs(PLATFORMS_MAX, platform, &platforms));
	for (i = 0; i < platforms && i < PLATFORMS_MAX && !o.device; i++) {
		n = 0;
		if (clGetDeviceIDs(platform[i], CL_DEVICE_TYPE_ALL, DEVICES_MAX, device, &n))
			continue;
		if (index < n)
			o.device = device[index];
		index -= n;
	}
	if (!o.device) {
		fprintf(stderr, "there is no such OpenCL device\n");
		exit(1);
	}
	o.context = clCreateContext(NULL, 1, &o.device, NULL, NULL, &rc);
	MUST(rc);
	o.queue = clCreateCommandQueue(o.context, o.device, 0, &rc);
	MUST(rc);
	s->device = &o;
}

static union room room(struct subject *s, size_t bytes)
{
	struct opened *o = s->device;
	union room out = {0};
	cl_int rc;

	out.cl = clCreateBuffer(o->context, CL_MEM_READ_WRITE, bytes, NULL, &rc);
	MUST(rc);
	return out;
}

static void put(struct subject *s, union room to, size_t at, const void *from, size_t bytes)
{
	struct opened *o = s->device;

	MUST(clEnqueueWriteBuffer(o->queue, to.cl, CL_TRUE, at, bytes, from, 0, NULL, NULL));
}

static void get(struct subject *s, union room from, size_t at, void *to, size_t bytes)
{
	struct opened *o = s->device;

	MUST(clEnqueueReadBuffer(o->queue, from.cl, CL_TRUE, at, bytes, to, 0, NULL, NULL));
}

static int build(struct subject *s, struct peer *p, const char *text, size_t len)
{
	struct opened *o = s->device;
	char log[4096] = "";
	cl_int rc;

	p->program = clCreateProgramWithSource(o->context, 1, &text, &len, &rc);
	MUST(rc);
	rc = clBuildProgram(p->program, 1, &o->device, p->options, NULL, NULL);
	if (rc) {
		clGetProgramBuildInfo(p->program, o->device, CL_PROGRAM_BUILD_LOG, sizeof log - 1,
				      log, NULL);
		printf("%s: does not build (%d): %.500s\n", p->name, (int)rc, log);
		return -1;
	}
	p->kernel = clCreateKernel(p->program, p->entry, &rc);
	if (rc) {
		printf("%s: has no kernel '%s'\n", p->name, p->entry);
		return -1;
	}
	return 0;
}

static void run(struct subject *s, struct peer *p, uint64_t first, uint64_t items)
{
	struct opened *o = s->device;
	size_t global[2] = {items, 1}, local[2] = {p->local, 1}, offset[2] = {first, 0};
	cl_uint i;

	if (p->columns) {
		global[0] = p->local;
		global[1] = items / p->local;
	}
	for (i = 0; i < p->n_given; i++) {
		if (p->given[i].global[0]) {
			fprintf(stderr, "%s: constants (%s:) are CUDA's\n", p->name,
				p->given[i].global);
			exit(2);
		}
		MUST(clSetKernelArg(p->kernel, i, p->given[i].len, p->given[i].bytes));
	}
	MUST(clEnqueueNDRangeKernel(o->queue, p->kernel, p->columns ? 2 : 1,
				    p->offset ? offset : NULL, global, local, 0, NULL, NULL));
	MUST(clFinish(o->queue));
}

const struct driver driver_opencl = {
	.name = "opencl",
	.open = open_device,
	.room = room,
	.put = put,
	.get = get,
	.build = build,
	.run = run,
};
