/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between backend_opencl.c and opencl_info.c. */
#ifndef ADIT_GPU_OPENCL_H
#define ADIT_GPU_OPENCL_H

#include <CL/cl.h>

#include "src/gpu/backend.h"

/* All devices of all platforms, platform by platform; how many (0 without a driver). */
int opencl_list(cl_device_id *out, int max);

/* Facts about one; never fails: what the driver does not tell stays zero. */
void opencl_describe(cl_device_id id, uint32_t index, struct device_info *out);

/* "CL_OUT_OF_RESOURCES", or NULL for codes without a name here. */
const char *opencl_word(cl_int code);

#endif
