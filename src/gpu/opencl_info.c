/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which OpenCL devices exist and what their drivers tell about them. */
#include <CL/cl_ext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/gpu/opencl.h"
#include "src/str.h"

#define PLATFORMS_MAX 16
#define LANES_MAX     16

/* From the extensions' texts; older cl_ext.h files lack some of them. */
#define INFO_PCI_KHR      0x410F /* cl_khr_pci_bus_info */
#define INFO_UUID_KHR     0x106A /* cl_khr_device_uuid */
#define INFO_NV_BUS       0x4008 /* cl_nv_device_attribute_query */
#define INFO_NV_SLOT      0x4009
#define INFO_NV_DOMAIN    0x400A
#define INFO_AMD_TOPOLOGY 0x4037 /* cl_amd_device_attribute_query */
#define INFO_AMD_BOARD    0x4038
#define INFO_AMD_FREE_KIB 0x4039

struct amd_topology {
	cl_uint type; /* 1: PCIe */
	cl_char unused[17];
	cl_char bus, device, function;
};

/*
 * AMD's runtimes otherwise cap buffers well below the card's memory; they read
 * these once, when the library starts.  The user's own values win.
 */
static void prepare_environment(void)
{
	setenv("GPU_MAX_HEAP_SIZE", "100", 0);
	setenv("GPU_MAX_ALLOC_PERCENT", "100", 0);
	setenv("GPU_SINGLE_ALLOC_PERCENT", "100", 0);
}

int opencl_list(cl_device_id *out, int max)
{
	cl_platform_id platforms[PLATFORMS_MAX];
	cl_uint n_platforms = 0, i;
	int n = 0;

	prepare_environment();
	if (clGetPlatformIDs(PLATFORMS_MAX, platforms, &n_platforms) != CL_SUCCESS)
		return 0;
	if (n_platforms > PLATFORMS_MAX)
		n_platforms = PLATFORMS_MAX;
	for (i = 0; i < n_platforms && n < max; i++) {
		cl_uint got = 0;

		if (clGetDeviceIDs(platforms[i], CL_DEVICE_TYPE_ALL, (cl_uint)(max - n), out + n,
				   &got) != CL_SUCCESS)
			continue;
		n += got > (cl_uint)(max - n) ? max - n : (int)got;
	}
	return n;
}

static bool get(cl_device_id id, cl_device_info what, void *out, size_t size)
{
	size_t got = 0;

	return clGetDeviceInfo(id, what, size, out, &got) == CL_SUCCESS && got <= size;
}

static void get_text(cl_device_id id, cl_device_info what, char *out, size_t size)
{
	char text[256] = "";
	size_t len;

	if (clGetDeviceInfo(id, what, sizeof text - 1, text, NULL) != CL_SUCCESS)
		return;
	len = strnlen(text, sizeof text - 1);
	while (len && text[len - 1] == ' ')
		len--;
	str_printable(out, size, text + strspn(text, " "), len - strspn(text, " "));
}

static void get_pci(cl_device_id id, struct device_info *d)
{
	cl_uint khr[4], bus, slot, domain = 0;
	struct amd_topology amd = {0};

	if (get(id, INFO_PCI_KHR, khr, sizeof khr)) {
		snprintf(d->pci, sizeof d->pci, "%04x:%02x:%02x.%x", khr[0] & 0xffff, khr[1] & 0xff,
			 khr[2] & 0x1f, khr[3] & 7);
	} else if (get(id, INFO_NV_BUS, &bus, sizeof bus) &&
		   get(id, INFO_NV_SLOT, &slot, sizeof slot)) {
		get(id, INFO_NV_DOMAIN, &domain, sizeof domain);
		snprintf(d->pci, sizeof d->pci, "%04x:%02x:%02x.%x", domain & 0xffff, bus & 0xff,
			 slot >> 3 & 0x1f, slot & 7);
	} else if (get(id, INFO_AMD_TOPOLOGY, &amd, sizeof amd) && amd.type == 1) {
		snprintf(d->pci, sizeof d->pci, "0000:%02x:%02x.%x", (unsigned)amd.bus & 0xff,
			 (unsigned)amd.device & 0x1f, (unsigned)amd.function & 7);
	}
}

static void get_uuid(cl_device_id id, char out[48])
{
	unsigned char u[16];
	size_t at = 0;
	int i;

	if (!get(id, INFO_UUID_KHR, u, sizeof u))
		return;
	for (i = 0; i < 16; i++)
		at += (size_t)snprintf(out + at, 48 - at, "%s%02x",
				       i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", u[i]);
}

static void get_driver(cl_device_id id, struct device_info *d)
{
	char driver[40] = "", platform[40] = "";
	cl_platform_id p;

	get_text(id, CL_DRIVER_VERSION, driver, sizeof driver);
	if (get(id, CL_DEVICE_PLATFORM, &p, sizeof p)) {
		char text[128] = "";

		if (clGetPlatformInfo(p, CL_PLATFORM_NAME, sizeof text - 1, text, NULL) ==
		    CL_SUCCESS)
			str_printable(platform, sizeof platform, text,
				      strnlen(text, sizeof text - 1));
	}
	snprintf(d->driver, sizeof d->driver, "%.34s %.28s", platform, driver);
}

static void get_memory(cl_device_id id, struct device_info *d)
{
	size_t free_kib[2] = {0, 0};
	cl_ulong v = 0;

	if (get(id, CL_DEVICE_GLOBAL_MEM_SIZE, &v, sizeof v))
		d->mem_total = d->mem_free = v;
	if (get(id, CL_DEVICE_MAX_MEM_ALLOC_SIZE, &v, sizeof v))
		d->mem_alloc = v;
	if (get(id, INFO_AMD_FREE_KIB, free_kib, sizeof free_kib) && free_kib[0] &&
	    (uint64_t)free_kib[0] < d->mem_total / 1024)
		d->mem_free = (uint64_t)free_kib[0] * 1024;
}

void opencl_describe(cl_device_id id, uint32_t index, struct device_info *d)
{
	cl_device_type type = 0;
	cl_ulong local = 0;
	cl_uint v = 0;
	size_t group = 0;

	memset(d, 0, sizeof *d);
	str_copy(d->backend, sizeof d->backend, "opencl");
	d->index = index;
	get_pci(id, d);
	get_uuid(id, d->uuid);
	get_text(id, INFO_AMD_BOARD, d->name, sizeof d->name);
	if (!d->name[0])
		get_text(id, CL_DEVICE_NAME, d->name, sizeof d->name);
	get_text(id, CL_DEVICE_VENDOR, d->vendor, sizeof d->vendor);
	get_driver(id, d);
	get_memory(id, d);
	if (get(id, CL_DEVICE_MAX_COMPUTE_UNITS, &v, sizeof v))
		d->units = v;
	if (get(id, CL_DEVICE_MAX_CLOCK_FREQUENCY, &v, sizeof v))
		d->clock_mhz = v;
	if (get(id, CL_DEVICE_MAX_WORK_GROUP_SIZE, &group, sizeof group))
		d->group_max = group > UINT32_MAX ? UINT32_MAX : (uint32_t)group;
	if (get(id, CL_DEVICE_LOCAL_MEM_SIZE, &local, sizeof local))
		d->local_max = local > UINT32_MAX ? UINT32_MAX : (uint32_t)local;
	get(id, CL_DEVICE_TYPE, &type, sizeof type);
	d->cpu = (type & CL_DEVICE_TYPE_CPU) != 0;
	d->lanes = 1;
	if (d->cpu && get(id, CL_DEVICE_NATIVE_VECTOR_WIDTH_INT, &v, sizeof v) && v > 1)
		d->lanes = v > LANES_MAX ? LANES_MAX : v;
}

const char *opencl_word(cl_int code)
{
	switch (code) {
#define WORD(name)                                                                                 \
 case name:                                                                                        \
  return #name;
		WORD(CL_DEVICE_NOT_FOUND)
		WORD(CL_DEVICE_NOT_AVAILABLE)
		WORD(CL_COMPILER_NOT_AVAILABLE)
		WORD(CL_MEM_OBJECT_ALLOCATION_FAILURE)
		WORD(CL_OUT_OF_RESOURCES)
		WORD(CL_OUT_OF_HOST_MEMORY)
		WORD(CL_BUILD_PROGRAM_FAILURE)
		WORD(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST)
		WORD(CL_INVALID_VALUE)
		WORD(CL_INVALID_DEVICE)
		WORD(CL_INVALID_CONTEXT)
		WORD(CL_INVALID_COMMAND_QUEUE)
		WORD(CL_INVALID_MEM_OBJECT)
		WORD(CL_INVALID_BUILD_OPTIONS)
		WORD(CL_INVALID_PROGRAM_EXECUTABLE)
		WORD(CL_INVALID_KERNEL_NAME)
		WORD(CL_INVALID_KERNEL_ARGS)
		WORD(CL_INVALID_WORK_GROUP_SIZE)
		WORD(CL_INVALID_GLOBAL_WORK_SIZE)
		WORD(CL_INVALID_BUFFER_SIZE)
#undef WORD
	default:
		return NULL;
	}
}
