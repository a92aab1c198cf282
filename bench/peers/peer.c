/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One peer's kernel: its text, its arguments, its runs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algos/ref_sha256.h"
#include "bench/peers/peers.h"
#include "src/bytes.h"
#include "src/gpu/backend.h"

#define PLATFORMS_MAX 8

#define MUST(call)                                                                                 \
 do {                                                                                              \
  cl_int must_rc = (call);                                                                         \
  if (must_rc) {                                                                                   \
   fprintf(stderr, "%s: OpenCL error %d\n", #call, (int)must_rc);                                  \
   exit(1);                                                                                        \
  }                                                                                                \
 } while (0)

/* Device `index`, counted over all platforms as the backend counts. */
void peer_open(struct subject *s, unsigned index)
{
	cl_platform_id platform[PLATFORMS_MAX];
	cl_device_id device[DEVICES_MAX];
	cl_uint platforms = 0, n, i;
	cl_int rc;

	MUST(clGetPlatformIDs(PLATFORMS_MAX, platform, &platforms));
	for (i = 0; i < platforms && i < PLATFORMS_MAX && !s->device; i++) {
		n = 0;
		if (clGetDeviceIDs(platform[i], CL_DEVICE_TYPE_ALL, DEVICES_MAX, device, &n))
			continue;
		if (index < n)
			s->device = device[index];
		index -= n;
	}
	if (!s->device) {
		fprintf(stderr, "there is no such OpenCL device\n");
		exit(1);
	}
	s->context = clCreateContext(NULL, 1, &s->device, NULL, NULL, &rc);
	MUST(rc);
	s->queue = clCreateCommandQueue(s->context, s->device, 0, &rc);
	MUST(rc);
}

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	size_t room = 1u << 22, n;
	char *text = malloc(room);

	if (!f || !text) {
		perror(path);
		exit(1);
	}
	n = fread(text, 1, room - 1, f);
	fclose(f);
	text[n] = '\0';
	return text;
}

static cl_mem buffer(struct subject *s, size_t bytes)
{
	cl_int rc;
	cl_mem m = clCreateBuffer(s->context, CL_MEM_READ_WRITE, bytes, NULL, &rc);

	MUST(rc);
	return m;
}

static void put(struct subject *s, cl_mem m, size_t at, const void *from, size_t bytes)
{
	MUST(clEnqueueWriteBuffer(s->queue, m, CL_TRUE, at, bytes, from, 0, NULL, NULL));
}

/* Rows of 128 bytes: all of them, or every other one. */
static cl_mem give_rows(struct subject *s, uint64_t first, uint64_t step)
{
	uint64_t bytes = s->ep->facts.dataset_bytes, i, at = 0;
	cl_mem m = buffer(s, bytes / step + 128);

	if (step == 1)
		put(s, m, 0, s->rows, bytes);
	for (i = first; step > 1 && i < bytes / 128; i += step, at += 128)
		MUST(clEnqueueWriteBuffer(s->queue, m, CL_FALSE, at, 128, s->rows + i * 32, 0, NULL,
					  NULL));
	MUST(clFinish(s->queue));
	return m;
}

/* ---- arguments ---- */

struct giving {
	struct subject *s;
	struct peer *p;
	uint64_t first, target;
	cl_uint at; /* of the next argument */
};

static void give(struct giving *g, const void *value, size_t bytes)
{
	MUST(clSetKernelArg(g->p->kernel, g->at++, bytes, value));
}

static void give_u32(struct giving *g, uint64_t v)
{
	cl_uint word = (cl_uint)v;

	give(g, &word, sizeof word);
}

static void give_data(struct giving *g, bool swapped)
{
	uint8_t bytes[128] = {0};
	unsigned i;

	memcpy(bytes, g->s->work.header, g->s->work.header_len);
	for (i = 0; swapped && i < sizeof bytes; i += 4)
		le32_put(bytes + i, be32_get(bytes + i));
	put(g->s, g->p->data, 0, bytes, sizeof bytes);
	give(g, &g->p->data, sizeof(cl_mem));
}

/* Words 4 * half .. 4 * half + 3 of SHA-256's state after the header's first 64 bytes. */
static void give_midstate(struct giving *g, unsigned half)
{
	uint32_t state[8];

	ref_sha256_start(state);
	ref_sha256_block(state, g->s->work.header);
	give(g, state + 4 * half, 16);
}

/* name or name=value.  false: there is no such argument. */
static bool give_one(struct giving *g, const char *name, uint64_t value)
{
	struct subject *s = g->s;
	struct peer *p = g->p;

	if (!strcmp(name, "hits")) {
		give(g, &p->hits, sizeof(cl_mem));
	} else if (!strcmp(name, "data") || !strcmp(name, "swapped")) {
		give_data(g, *name == 's');
	} else if (!strcmp(name, "dataset")) {
		s->dataset = s->dataset ? s->dataset : give_rows(s, 0, 1);
		give(g, &s->dataset, sizeof(cl_mem));
	} else if (!strcmp(name, "even")) {
		s->even = s->even ? s->even : give_rows(s, 0, 2);
		give(g, &s->even, sizeof(cl_mem));
	} else if (!strcmp(name, "odd")) {
		s->odd = s->odd ? s->odd : give_rows(s, 1, 2);
		give(g, &s->odd, sizeof(cl_mem));
	} else if (!strcmp(name, "rows")) {
		give_u32(g, s->ep->facts.dataset_bytes / (value ? value : 128));
	} else if (!strcmp(name, "nonce")) {
		give(g, &g->first, 8);
	} else if (!strcmp(name, "nonce32")) {
		give_u32(g, g->first);
	} else if (!strcmp(name, "target")) {
		give(g, &g->target, 8);
	} else if (!strcmp(name, "target32")) {
		give_u32(g, g->target >> 32);
	} else if (!strcmp(name, "midstate0") || !strcmp(name, "midstate4")) {
		give_midstate(g, name[8] == '4');
	} else if (!strcmp(name, "pad")) {
		p->pad = p->pad ? p->pad : buffer(s, value);
		give(g, &p->pad, sizeof(cl_mem));
	} else if (!strcmp(name, "u32")) {
		give_u32(g, value);
	} else if (!strcmp(name, "u64")) {
		give(g, &value, 8);
	} else if (!strcmp(name, "offset")) {
		p->offset = true; /* no argument */
	} else if (!strcmp(name, "reversed")) {
		p->swap = true; /* no argument */
	} else {
		return false;
	}
	return true;
}

static void give_all(struct giving *g)
{
	char list[1024], *rest = list, *name;

	g->at = 0;
	snprintf(list, sizeof list, "%s", g->p->args);
	while ((name = strsep(&rest, ",")) != NULL) {
		char *value = strchr(name, '=');

		if (value)
			*value++ = '\0';
		if (!give_one(g, name, value ? strtoull(value, NULL, 0) : 0)) {
			fprintf(stderr, "%s: no such argument '%s': see README.md\n", g->p->name,
				name);
			exit(2);
		}
	}
}

/* ---- runs ---- */

int peer_build(struct subject *s, struct peer *p)
{
	char *text = read_file(p->file), log[4096] = "";
	const char *source = text;
	cl_int rc;

	p->program = clCreateProgramWithSource(s->context, 1, &source, NULL, &rc);
	MUST(rc);
	rc = clBuildProgram(p->program, 1, &s->device, p->options, NULL, NULL);
	free(text);
	if (rc) {
		clGetProgramBuildInfo(p->program, s->device, CL_PROGRAM_BUILD_LOG, sizeof log - 1,
				      log, NULL);
		printf("%s: does not build (%d): %.1000s\n", p->name, (int)rc, log);
		return -1;
	}
	p->kernel = clCreateKernel(p->program, p->entry, &rc);
	if (rc) {
		printf("%s: has no kernel '%s'\n", p->name, p->entry);
		return -1;
	}
	p->hits = buffer(s, HIT_WORDS * 4);
	p->data = buffer(s, 128);
	return 0;
}

uint32_t peer_run(struct subject *s, struct peer *p, uint64_t first, uint32_t count,
		  uint64_t target)
{
	static const uint32_t zero[HIT_WORDS];
	struct giving g = {.s = s, .p = p, .first = first, .target = target};
	size_t local = p->local, items = (count + p->nonces - 1) / p->nonces;
	size_t offset = first;
	uint32_t hits = 0;

	items = (items + local - 1) / local * local;
	give_all(&g);
	put(s, p->hits, 0, zero, sizeof zero);
	MUST(clEnqueueNDRangeKernel(s->queue, p->kernel, 1, p->offset ? &offset : NULL, &items,
				    &local, 0, NULL, NULL));
	if (p->count_word >= 0)
		MUST(clEnqueueReadBuffer(s->queue, p->hits, CL_TRUE, (size_t)p->count_word * 4, 4,
					 &hits, 0, NULL, NULL));
	MUST(clFinish(s->queue));
	return hits;
}
