/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * NVIDIA cards through the driver API: one primary context, one stream, one more for pokes.  Every
 * wait sleeps (blocking-sync context and events), every copy goes through pinned memory so that
 * queueing it returns at once.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/gpu/cuda_device.h"
#include "src/str.h"

static int attribute(const struct cuda *cu, CUdevice id, CUdevice_attribute which)
{
	int value = 0;

	return cu->cuDeviceGetAttribute(&value, which, id) == CUDA_SUCCESS ? value : 0;
}

/* The form nvidia-smi prints, so that people can match the two. */
static void put_uuid(char *out, size_t size, const CUuuid *uuid)
{
	static const char dash_before[16] = {[4] = 1, [6] = 1, [8] = 1, [10] = 1};
	size_t at = 0;
	int i;

	at += (size_t)snprintf(out, size, "GPU-");
	for (i = 0; i < 16 && at < size; i++)
		at += (size_t)snprintf(out + at, size - at, "%s%02x", dash_before[i] ? "-" : "",
				       (unsigned)(unsigned char)uuid->bytes[i]);
}

/* "580.65.06 (CUDA 13.0)": the kernel module's version decides what kernels were built by. */
static void put_driver(char *out, size_t size, int version)
{
	char module[32] = "";
	FILE *file = fopen("/sys/module/nvidia/version", "re");

	if (file) {
		if (!fgets(module, sizeof module, file))
			module[0] = 0;
		fclose(file);
	}
	module[strcspn(module, "\n")] = 0;
	if (*module)
		snprintf(out, size, "%s (CUDA %d.%d)", module, version / 1000, version % 1000 / 10);
	else
		snprintf(out, size, "CUDA %d.%d", version / 1000, version % 1000 / 10);
}

static int describe(const struct cuda *cu, CUdevice id, uint32_t index, struct device_info *out,
		    struct err *err)
{
	char name[96] = "", *c;
	size_t total = 0;
	CUuuid uuid;
	CUresult code = cu->cuDeviceGetName(name, sizeof name - 1, id);

	memset(out, 0, sizeof *out);
	if (code == CUDA_SUCCESS)
		code = cu->cuDeviceTotalMem_v2(&total, id);
	if (code != CUDA_SUCCESS)
		return cuda_fail(cu, err, code, "cuDeviceGetName");
	out->index = index;
	out->lanes = 1;
	str_copy(out->backend, sizeof out->backend, "cuda");
	str_copy(out->vendor, sizeof out->vendor, "NVIDIA");
	str_printable(out->name, sizeof out->name, name, strlen(name));
	put_driver(out->driver, sizeof out->driver, cu->version);
	if (cu->cuDeviceGetPCIBusId(out->pci, sizeof out->pci - 1, id) != CUDA_SUCCESS)
		out->pci[0] = 0;
	for (c = out->pci; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (cu->cuDeviceGetUuid_v2 && cu->cuDeviceGetUuid_v2(&uuid, id) == CUDA_SUCCESS)
		put_uuid(out->uuid, sizeof out->uuid, &uuid);
	out->mem_total = out->mem_free = out->mem_alloc = total;
	out->units = (uint32_t)attribute(cu, id, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
	out->clock_mhz = (uint32_t)attribute(cu, id, CU_DEVICE_ATTRIBUTE_CLOCK_RATE) / 1000;
	out->group_max = (uint32_t)attribute(cu, id, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
	out->local_max =
		(uint32_t)attribute(cu, id, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
	out->arch =
		(uint32_t)(10 * attribute(cu, id, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) +
			   attribute(cu, id, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR));
	return 0;
}

static int probe(struct device_info *out, int max, struct err *err)
{
	struct cuda cu;
	CUdevice id;
	CUresult code;
	int rc = cuda_open(&cu, err), count = 0, i;

	if (rc)
		return rc == -ERR_NODEV ? 0 : rc;
	code = cu.cuDeviceGetCount(&count);
	if (code != CUDA_SUCCESS)
		return cuda_fail(&cu, err, code, "cuDeviceGetCount");
	for (i = 0; i < count && i < max; i++) {
		code = cu.cuDeviceGet(&id, i);
		if (code != CUDA_SUCCESS)
			return cuda_fail(&cu, err, code, "cuDeviceGet");
		rc = describe(&cu, id, (uint32_t)i, &out[i], err);
		if (rc)
			return rc;
	}
	return count;
}

static int open_events(struct device *dev)
{
	const unsigned mark = CU_EVENT_BLOCKING_SYNC;
	const unsigned plain = CU_EVENT_BLOCKING_SYNC | CU_EVENT_DISABLE_TIMING;
	CUresult code = CUDA_SUCCESS;
	int i;

	for (i = 0; i < CUDA_SPANS && code == CUDA_SUCCESS; i++) {
		code = dev->cu.cuEventCreate(&dev->spans[i].start, mark);
		if (code == CUDA_SUCCESS)
			code = dev->cu.cuEventCreate(&dev->spans[i].end, mark);
		if (code == CUDA_SUCCESS)
			code = dev->cu.cuEventCreate(&dev->spans[i].first, mark);
		if (code == CUDA_SUCCESS)
			code = dev->cu.cuEventCreate(&dev->spans[i].last, mark);
	}
	for (i = 0; i < CUDA_WRITES && code == CUDA_SUCCESS; i++)
		code = dev->cu.cuEventCreate(&dev->writes[i].done, plain);
	return code;
}

static CUresult open_aside(struct device *dev)
{
	const unsigned plain = CU_EVENT_BLOCKING_SYNC | CU_EVENT_DISABLE_TIMING;
	CUresult code = dev->cu.cuStreamCreate(&dev->aside, CU_STREAM_NON_BLOCKING);

	if (code == CUDA_SUCCESS)
		code = dev->cu.cuEventCreate(&dev->poke_done, plain);
	if (code == CUDA_SUCCESS)
		code = dev->cu.cuMemHostAlloc((void **)&dev->poke_words,
					      CUDA_POKES * sizeof *dev->poke_words, 0);
	return code;
}

static int open_context(struct device *dev, struct err *err)
{
	const struct cuda *cu = &dev->cu;
	size_t available = 0, total = 0;
	CUresult code;

	/* refused when another part of the process made the context already; never for us */
	(void)cu->cuDevicePrimaryCtxSetFlags_v2(dev->id, CU_CTX_SCHED_BLOCKING_SYNC);
	code = cu->cuDevicePrimaryCtxRetain(&dev->context, dev->id);
	if (code != CUDA_SUCCESS)
		return cuda_fail(cu, err, code, "cuDevicePrimaryCtxRetain");
	code = cu->cuCtxSetCurrent(dev->context);
	if (code == CUDA_SUCCESS)
		code = cu->cuStreamCreate(&dev->stream, CU_STREAM_NON_BLOCKING);
	if (code == CUDA_SUCCESS)
		code = open_events(dev);
	if (code == CUDA_SUCCESS)
		code = cu->cuMemHostAlloc((void **)&dev->write_bytes,
					  CUDA_WRITES * CUDA_WRITE_BYTES, 0);
	if (code == CUDA_SUCCESS)
		code = cu->cuMemHostAlloc((void **)&dev->read_bytes, CUDA_READS * CUDA_READ_BYTES,
					  0);
	if (code == CUDA_SUCCESS)
		code = open_aside(dev);
	if (code == CUDA_SUCCESS)
		code = cu->cuMemGetInfo_v2(&available, &total);
	if (code != CUDA_SUCCESS)
		return cuda_fail(cu, err, code, "opening the device");
	dev->info.mem_free = dev->info.mem_alloc = available;
	return 0;
}

/* Whatever a failed open or a sick device left is released as far as the driver lets us. */
static void close_device(struct device *dev)
{
	const struct cuda *cu = &dev->cu;
	int i;

	for (i = 0; i < CUDA_SPANS; i++) {
		if (dev->spans[i].start)
			(void)cu->cuEventDestroy_v2(dev->spans[i].start);
		if (dev->spans[i].end)
			(void)cu->cuEventDestroy_v2(dev->spans[i].end);
		if (dev->spans[i].first)
			(void)cu->cuEventDestroy_v2(dev->spans[i].first);
		if (dev->spans[i].last)
			(void)cu->cuEventDestroy_v2(dev->spans[i].last);
	}
	for (i = 0; i < CUDA_WRITES; i++)
		if (dev->writes[i].done)
			(void)cu->cuEventDestroy_v2(dev->writes[i].done);
	if (dev->poke_done)
		(void)cu->cuEventDestroy_v2(dev->poke_done);
	if (dev->aside)
		(void)cu->cuStreamDestroy_v2(dev->aside);
	if (dev->stream)
		(void)cu->cuStreamDestroy_v2(dev->stream);
	if (dev->poke_words)
		(void)cu->cuMemFreeHost(dev->poke_words);
	if (dev->write_bytes)
		(void)cu->cuMemFreeHost(dev->write_bytes);
	if (dev->read_bytes)
		(void)cu->cuMemFreeHost(dev->read_bytes);
	if (dev->context)
		(void)cu->cuDevicePrimaryCtxRelease_v2(dev->id);
}

static void cuda_close(struct device *dev)
{
	if (!dev)
		return;
	if (dev->aside)
		(void)dev->cu.cuStreamSynchronize(dev->aside);
	if (dev->stream) /* nothing may still write into the memory about to be freed */
		(void)dev->cu.cuStreamSynchronize(dev->stream);
	close_device(dev);
	free(dev);
}

static int cuda_open_device(uint32_t index, const char *cache_dir, struct device **out,
			    struct device_info *info, struct err *err)
{
	struct device *dev = calloc(1, sizeof *dev);
	CUresult code;
	int rc;

	if (!dev)
		return err_set(err, ERR_NOMEM, "out of memory");
	rc = cuda_open(&dev->cu, err);
	if (rc)
		goto out;
	if (cache_dir && !str_copy(dev->cache_dir, sizeof dev->cache_dir, cache_dir))
		dev->cache_dir[0] = 0;
	code = dev->cu.cuDeviceGet(&dev->id, index < DEVICES_MAX ? (int)index : -1);
	if (code != CUDA_SUCCESS) {
		rc = cuda_fail(&dev->cu, err, code, "cuDeviceGet");
		err_prefix(err, "cuda:%u", (unsigned)index);
		goto out;
	}
	rc = describe(&dev->cu, dev->id, index, &dev->info, err);
	if (!rc)
		rc = open_context(dev, err);
	if (rc)
		close_device(dev);
out:
	if (rc) {
		free(dev);
		return rc;
	}
	*info = dev->info;
	*out = dev;
	return 0;
}

static int mem_new(struct device *dev, uint64_t bytes, struct mem **out, struct err *err)
{
	struct mem *mem = calloc(1, sizeof *mem);
	size_t available = 0, total = 0;
	CUresult code;
	int rc;

	if (!mem)
		return err_set(err, ERR_NOMEM, "out of memory");
	code = dev->cu.cuMemAlloc_v2(&mem->at, bytes);
	if (code == CUDA_SUCCESS) {
		mem->dev = dev;
		mem->bytes = bytes;
		*out = mem;
		return 0;
	}
	free(mem);
	rc = cuda_fail(&dev->cu, err, code, "cuMemAlloc");
	if (rc == -ERR_MEMORY && dev->cu.cuMemGetInfo_v2(&available, &total) == CUDA_SUCCESS)
		err_prefix(err, "%llu MiB asked for, %llu MiB of %llu MiB free",
			   (unsigned long long)(bytes >> 20), (unsigned long long)(available >> 20),
			   (unsigned long long)(total >> 20));
	return rc;
}

static int cuda_mem_left(struct device *dev, uint64_t *bytes, struct err *err)
{
	size_t available = 0, total = 0;
	CUresult code = dev->cu.cuMemGetInfo_v2(&available, &total);

	*bytes = available;
	return code == CUDA_SUCCESS ? 0 : cuda_fail(&dev->cu, err, code, "cuMemGetInfo");
}

static void mem_free(struct mem *mem)
{
	if (!mem)
		return;
	(void)mem->dev->cu.cuMemFree_v2(mem->at);
	free(mem);
}

/* The first thing queued after a mark starts the clock of its span. */
static CUresult start(struct device *dev)
{
	struct cuda_span *span = &dev->spans[dev->seq % CUDA_SPANS];
	CUresult code;

	if (dev->started)
		return CUDA_SUCCESS;
	code = dev->cu.cuEventRecord(span->start, dev->stream);
	dev->started = code == CUDA_SUCCESS;
	dev->running = span->launched = false;
	return code;
}

/* The first launch of a span: since when something is computed. */
static CUresult begin_launches(struct device *dev)
{
	struct cuda_span *span = &dev->spans[dev->seq % CUDA_SPANS];
	CUresult code = start(dev);

	if (code == CUDA_SUCCESS && !span->launched)
		code = dev->cu.cuEventRecord(span->first, dev->stream);
	return code;
}

/* What follows is no launch. */
static CUresult end_launches(struct device *dev)
{
	struct cuda_span *span = &dev->spans[dev->seq % CUDA_SPANS];
	CUresult code = start(dev);

	if (code != CUDA_SUCCESS || !dev->running)
		return code;
	code = dev->cu.cuEventRecord(span->last, dev->stream);
	dev->running = false;
	return code;
}

static int outside(const struct mem *mem, uint64_t at, size_t len, struct err *err)
{
	if (at <= mem->bytes && len <= mem->bytes - at)
		return 0;
	return err_set(err, ERR_RANGE, "%zu bytes at %llu of a buffer of %llu", len,
		       (unsigned long long)at, (unsigned long long)mem->bytes);
}

static CUresult write_part(struct device *dev, CUdeviceptr at, const void *src, size_t len)
{
	unsigned place = dev->next_write++ % CUDA_WRITES;
	struct cuda_write *w = &dev->writes[place];
	char *staged = dev->write_bytes + place * CUDA_WRITE_BYTES;
	CUresult code = CUDA_SUCCESS;

	if (w->used) /* copied long ago, as a rule */
		code = dev->cu.cuEventSynchronize(w->done);
	if (code != CUDA_SUCCESS)
		return code;
	memcpy(staged, src, len);
	code = dev->cu.cuMemcpyHtoDAsync_v2(at, staged, len, dev->stream);
	if (code == CUDA_SUCCESS)
		code = dev->cu.cuEventRecord(w->done, dev->stream);
	w->used = code == CUDA_SUCCESS;
	return code;
}

static int cuda_write(struct mem *mem, uint64_t at, const void *src, size_t len, struct err *err)
{
	struct device *dev = mem->dev;
	const char *from = src;
	int rc = outside(mem, at, len, err);
	CUresult code;

	if (rc)
		return rc;
	code = end_launches(dev);
	/* a poke for the batch before must not land in what is written for the next */
	if (code == CUDA_SUCCESS && atomic_exchange(&dev->poked, false))
		code = dev->cu.cuStreamWaitEvent(dev->stream, dev->poke_done, 0);
	while (len && code == CUDA_SUCCESS) {
		size_t part = len < CUDA_WRITE_BYTES ? len : CUDA_WRITE_BYTES;

		code = write_part(dev, mem->at + at, from, part);
		from += part;
		at += part;
		len -= part;
	}
	return code == CUDA_SUCCESS ? 0 : cuda_fail(&dev->cu, err, code, "cuMemcpyHtoDAsync");
}

static int cuda_read(struct mem *mem, uint64_t at, void *dst, size_t len, struct err *err)
{
	struct device *dev = mem->dev;
	unsigned place = dev->next_read % CUDA_READS;
	struct cuda_read *r = &dev->reads[place];
	void *to = dst;
	int rc = outside(mem, at, len, err);
	CUresult code;

	if (rc)
		return rc;
	/* too long, or too many before a wait: straight into dst, which may wait here */
	if (len <= CUDA_READ_BYTES && !r->used) {
		to = dev->read_bytes + place * CUDA_READ_BYTES;
		dev->next_read++;
		*r = (struct cuda_read){.dst = dst, .len = len, .seq = dev->seq, .used = true};
	}
	code = end_launches(dev);
	if (code == CUDA_SUCCESS)
		code = dev->cu.cuMemcpyDtoHAsync_v2(to, mem->at + at, len, dev->stream);
	if (code == CUDA_SUCCESS)
		return 0;
	if (to != dst)
		r->used = false;
	return cuda_fail(&dev->cu, err, code, "cuMemcpyDtoHAsync");
}

static int cuda_launch(struct program *prog, const struct launch *l, struct err *err)
{
	struct device *dev = prog->dev;
	CUdeviceptr job = l->job ? l->job->at : 0, results = l->results ? l->results->at : 0;
	CUdeviceptr scratch = l->scratch ? l->scratch->at : 0;
	CUdeviceptr dataset = l->dataset ? l->dataset->at : 0;
	unsigned long long first = l->first;
	unsigned count = l->count;
	CUdeviceptr more[3] = {0};
	/* the driver takes as many as the kernel has: those of a split dataset come last */
	void *args[] = {&job,   &results, &scratch, &dataset, &first,
			&count, &more[0], &more[1], &more[2]};
	uint32_t block = l->local ? l->local : CUDA_BLOCK;
	struct cuda_entry *e;
	uint64_t grid;
	CUresult code;
	uint32_t i;
	int rc = cuda_entry(prog, l->entry, &e, err);

	if (rc)
		return rc;
	for (i = 0; i + 1 < l->parts && i < 3; i++)
		more[i] = l->more[i] ? l->more[i]->at : 0;
	if (!l->local && block > e->threads_max)
		block = e->threads_max;
	grid = l->items / block + (l->items % block != 0);
	if (!grid || grid > INT32_MAX)
		return err_set(err, ERR_RANGE, "%s: %llu work-items in one launch", l->entry,
			       (unsigned long long)l->items);
	rc = cuda_bring(prog, e, l->local_bytes, err);
	if (rc)
		return rc;
	e->block = block;
	code = begin_launches(dev);
	if (code == CUDA_SUCCESS)
		code = dev->cu.cuLaunchKernel(e->function, (unsigned)grid, 1, 1, block, 1, 1,
					      l->local_bytes, dev->stream, args, NULL);
	if (code == CUDA_SUCCESS) {
		dev->running = dev->spans[dev->seq % CUDA_SPANS].launched = true;
		return 0;
	}
	rc = cuda_fail(&dev->cu, err, code, "cuLaunchKernel");
	err_prefix(err, "kernel %s", l->entry);
	return rc;
}

static int mark(struct device *dev, unsigned slot, struct err *err)
{
	CUresult code = end_launches(dev);

	if (code == CUDA_SUCCESS)
		code = dev->cu.cuEventRecord(dev->spans[dev->seq % CUDA_SPANS].end, dev->stream);
	if (code != CUDA_SUCCESS)
		return cuda_fail(&dev->cu, err, code, "cuEventRecord");
	dev->marks[slot % BACKEND_MARKS].seq = dev->seq++;
	dev->marks[slot % BACKEND_MARKS].set = true;
	dev->started = false;
	return 0;
}

static void deliver(struct device *dev, uint64_t seq)
{
	unsigned i;

	for (i = 0; i < CUDA_READS; i++) {
		struct cuda_read *r = &dev->reads[i];

		if (!r->used || r->seq > seq)
			continue;
		memcpy(r->dst, dev->read_bytes + i * CUDA_READ_BYTES, r->len);
		r->used = false;
	}
}

/* From the last launch of the span before this one to its first. */
static uint32_t idle_time(struct device *dev, uint64_t seq)
{
	const struct cuda_span *before = &dev->spans[(seq - 1) % CUDA_SPANS];
	const struct cuda_span *span = &dev->spans[seq % CUDA_SPANS];
	float ms = 0;

	if (!seq || dev->seq - seq > CUDA_SPANS - 2 || !before->launched || !span->launched ||
	    dev->cu.cuEventElapsedTime(&ms, before->last, span->first) != CUDA_SUCCESS)
		return BACKEND_UNKNOWN;
	if (!(ms < 4e6f))
		return BACKEND_UNKNOWN;
	return ms > 0 ? (uint32_t)(ms * 1000 + 0.5f) : 0;
}

static uint32_t cuda_idle_us(struct device *dev)
{
	return dev->idle_us;
}

static int wait(struct device *dev, unsigned slot, uint32_t *took_us, struct err *err)
{
	uint64_t seq = dev->marks[slot % BACKEND_MARKS].seq;
	struct cuda_span *span = &dev->spans[seq % CUDA_SPANS];
	float ms = 0;
	CUresult code;

	if (!dev->marks[slot % BACKEND_MARKS].set)
		return err_set(err, ERR_RANGE, "waiting for mark %u, which was never set", slot);
	code = dev->cu.cuEventSynchronize(span->end);
	if (code != CUDA_SUCCESS)
		return cuda_fail(&dev->cu, err, code, "waiting for the device");
	dev->marks[slot % BACKEND_MARKS].set = false;
	deliver(dev, seq);
	/* events of a span overtaken by the ring tell nothing about it */
	if (dev->seq - seq > CUDA_SPANS - 1 ||
	    dev->cu.cuEventElapsedTime(&ms, span->start, span->end) != CUDA_SUCCESS)
		ms = 0;
	*took_us = ms > 0 && ms < 4e6f ? (uint32_t)(ms * 1000) : 0;
	dev->idle_us = idle_time(dev, seq);
	return 0;
}

static void poke(struct device *dev, struct mem *mem, uint64_t at, uint32_t value)
{
	unsigned place = atomic_fetch_add(&dev->next_poke, 1) % CUDA_POKES;
	const struct cuda *cu = &dev->cu;

	if (outside(mem, at, sizeof value, NULL) || cu->cuCtxSetCurrent(dev->context))
		return;
	dev->poke_words[place] = value;
	if (cu->cuMemcpyHtoDAsync_v2(mem->at + at, &dev->poke_words[place], sizeof value,
				     dev->aside) == CUDA_SUCCESS &&
	    cu->cuEventRecord(dev->poke_done, dev->aside) == CUDA_SUCCESS)
		atomic_store(&dev->poked, true);
}

const struct backend backend_cuda = {
	.name = "cuda",
	.library = "libcuda.so.1",
	.hint = "the NVIDIA driver (Debian: nvidia-driver, Ubuntu: nvidia-driver-580)",
	.probe = probe,
	.open = cuda_open_device,
	.close = cuda_close,
	.build = cuda_build,
	.discard = cuda_discard,
	.mem_new = mem_new,
	.mem_left = cuda_mem_left,
	.mem_free = mem_free,
	.write = cuda_write,
	.read = cuda_read,
	.launch = cuda_launch,
	.mark = mark,
	.wait = wait,
	.idle_us = cuda_idle_us,
	.poke = poke,
	.describe = cuda_describe,
};
